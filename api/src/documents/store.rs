//! Registered documents in the database.

use super::rules::Listed;
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use sea_orm::{ConnectionTrait, FromQueryResult};

/// Documents read or written at a time.
pub(super) const BATCH: usize = 100;

/// A row of `registered_document`.
#[derive(FromQueryResult)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) text: String,
}

/// The text that is registered under an id, by whichever client.
pub(crate) async fn text(app: &App, id: &str) -> Result<Option<String>, Error> {
    let mut sql = Sql::new("SELECT id, client, text FROM registered_document WHERE id = ");
    sql.bind(id).push(" ORDER BY client LIMIT 1");
    let found = Registered::find_by_statement(sql.on(app.db.backend()))
        .one(app.db.reader())
        .await?;
    Ok(found.map(|found| found.text))
}

/// Registered documents in order, after one of them.
pub(crate) async fn after(app: &App, last: Option<&Registered>) -> Result<Vec<Registered>, Error> {
    let (id, client) = last.map_or(("", ""), |last| (&last.id, &last.client));
    let mut sql = Sql::new("SELECT id, client, text FROM registered_document WHERE (id, client) > (");
    sql.bind(id).push(", ").bind(client);
    sql.push(") ORDER BY id, client LIMIT ")
        .bind(i64::try_from(BATCH).unwrap_or(i64::MAX));
    Ok(Registered::find_by_statement(sql.on(app.db.backend()))
        .all(app.db.reader())
        .await?)
}

/// Registers documents; those of the client that are there already stay as they are. How many are new.
pub(super) async fn insert(tx: &Tx, client: &str, documents: &[Listed]) -> Result<u64, Error> {
    let mut new = 0;
    for documents in documents.chunks(BATCH) {
        let mut sql = Sql::new("INSERT INTO registered_document (id, client, text, registered_at) VALUES ");
        sql.rows(documents.iter().map(|document| {
            [
                document.id.as_str().into(),
                client.into(),
                document.text.as_str().into(),
                tx.op().now().into(),
            ]
        }));
        sql.push(" ON CONFLICT (id, client) DO NOTHING");
        new += tx.db().execute_raw(sql.on(tx.backend())).await?.rows_affected();
    }
    Ok(new)
}

/// An id of these under which another text is registered, by whichever client.
pub(super) async fn clash(tx: &Tx, documents: &[Listed]) -> Result<Option<String>, Error> {
    for documents in documents.chunks(BATCH) {
        let mut sql = Sql::new("SELECT id, client, text FROM registered_document WHERE id IN ");
        sql.list(documents.iter().map(|document| document.id.as_str()));
        let found = Registered::find_by_statement(sql.on(tx.backend()))
            .all(tx.db())
            .await?;
        let is_other = |found: &&Registered| {
            let mut same = documents.iter().filter(|document| document.id == found.id);
            same.any(|document| document.text != found.text)
        };
        if let Some(found) = found.iter().find(is_other) {
            return Ok(Some(found.id.clone()));
        }
    }
    Ok(None)
}

/// Ends the registration of a document; false if there was none.
pub(super) async fn delete(tx: &Tx, client: &str, id: &str) -> Result<bool, Error> {
    let mut sql = Sql::new("DELETE FROM registered_document WHERE id = ");
    sql.bind(id).push(" AND client = ").bind(client);
    let done = tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(done.rows_affected() > 0)
}
