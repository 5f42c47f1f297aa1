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
    /// What its cells are called, mostly `table.column`.
    pub cell: &'static str,
}

const fn sealed(
    (table, id): (&'static str, &'static str),
    column: &'static str,
    cell: &'static str,
) -> SealedColumn {
    SealedColumn {
        table,
        id,
        column,
        cell,
    }
}

/// Every sealed column: its table and the id of a row there, its name, what its cells are called.
pub const SEALED: [SealedColumn; 7] = [
    sealed(("person", "id"), "name", "person.name"),
    sealed(("person", "id"), "id_number", "person.id_number"),
    sealed(("person", "id"), "phone", "person.phone"),
    sealed(("person", "id"), "birth_date", "person.birth_date"),
    sealed(
        ("sealed_file_piece", "id"),
        "content",
        "sealed_file_piece.content",
    ),
    sealed(
        ("credential", "account_id"),
        "otp_secret",
        "credential.otp_secret",
    ),
    // It becomes the other one as it is.
    sealed(
        ("credential", "account_id"),
        "otp_pending",
        "credential.otp_secret",
    ),
];
