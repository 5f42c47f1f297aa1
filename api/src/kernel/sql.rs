//! SQL as text with values beside it, which both databases read alike. For set-based work that no ORM expresses.

use sea_orm::{DbBackend, Statement, Value};
use std::fmt::Write;

/// Stands for a value while a statement is written; no SQL holds it.
const MARK: char = '\u{1}';

/// A statement being written.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// Begins with a text.
    pub fn new(text: &str) -> Self {
        Sql {
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    /// Adds a text; it never holds a value from outside.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value as a parameter.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push(MARK);
        self
    }

    /// Adds what another one says.
    pub fn append(&mut self, other: Sql) -> &mut Self {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// Adds `(v, v, …)`; an empty list becomes `(NULL)`, which nothing is in.
    pub fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.text.push('(');
        let mut any = false;
        for value in values {
            if any {
                self.text.push_str(", ");
            }
            any = true;
            self.bind(value);
        }
        self.text.push_str(if any { ")" } else { "NULL)" });
        self
    }

    /// Adds `(…), (…)` for rows of a VALUES clause.
    pub fn rows<R: IntoIterator<Item = Value>>(&mut self, rows: impl IntoIterator<Item = R>) -> &mut Self {
        for (index, row) in rows.into_iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.list(row);
        }
        self
    }

    /// The statement for a database.
    ///
    /// SQLite gets plain question marks: looking a numbered one up takes it longer the more there are.
    pub fn on(self, backend: DbBackend) -> Statement {
        let mut text = String::with_capacity(self.text.len() + 4 * self.values.len());
        for (index, part) in self.text.split(MARK).enumerate() {
            if index > 0 {
                let _ = match backend {
                    DbBackend::Sqlite => write!(text, "?"),
                    _ => write!(text, "${index}"),
                };
            }
            text.push_str(part);
        }
        Statement::from_sql_and_values(backend, text, self.values)
    }
}

/// Parameters of one multi-row statement. Both databases take more, but every text of a new length is planned and
/// kept anew, and longer ones are no faster.
pub const PARAMETERS_MAX: usize = 4_000;
