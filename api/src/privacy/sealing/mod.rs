//! Sealing anew (重新加密): after `gonghui keys reencrypt` every sealed value is sealed by the newest data key, as a job.
//!
//! [`SEALED`] lists every sealed column: a domain that seals something adds a line.

pub mod jobs;
pub(crate) mod store;

/// A sealed column.
pub struct SealedColumn {
    /// Its table.
    pub table: &'static str,
    /// The column of the row's id.
    pub id: &'static str,
    /// The column itself.
    pub column: &'static str,
    /// What its cells are called: `table.column`.
    pub cell: &'static str,
}

macro_rules! sealed {
    ($($table:literal ($id:literal) $column:literal)*) => {
        &[$(SealedColumn { table: $table, id: $id, column: $column, cell: concat!($table, ".", $column) }),*]
    };
}

/// Every sealed column: table, (id), column.
pub const SEALED: &[SealedColumn] = sealed! {
    "person" ("id") "name"
    "person" ("id") "id_number"
    "person" ("id") "phone"
    "personal_file_piece" ("id") "content"
};
