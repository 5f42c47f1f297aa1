//! Registering documents, at the command line.

use super::rules::{self, Listed};
use super::{Event, store};
use crate::kernel::error::{Error, conflict, invalid, text};
use crate::kernel::op::Op;

fn client_name(client: &str) -> Result<(), Error> {
    if rules::is_client(client) {
        return Ok(());
    }
    let text = text(
        "A client is named by letters, digits, `.`, `_` and `-`.",
        "客户端名称只能包含字母、数字、点、下划线和连字符。",
    );
    Err(invalid("client", text))
}

/// Registers documents of a client; how many are new. Registering the same list again changes nothing.
///
/// # Errors
/// If the client has no name, or another text is registered under an id. Whether the documents fit the schema is for the caller to find out before.
pub async fn register(op: &Op, client: &str, documents: &[Listed]) -> Result<u64, Error> {
    client_name(client)?;
    op.write(|tx| async move {
        if let Some(id) = store::clash(&tx, documents).await? {
            let text = text(
                "Another text is registered under this id.",
                "该标识已登记了其他文本。",
            );
            return Err(conflict(id, text));
        }
        let new = store::insert(&tx, client, documents).await?;
        if new == 0 {
            return Ok(tx.unchanged(0));
        }
        let event = Event::Registered(op.id(), client.to_owned(), documents.len());
        tx.commit(event, new).await
    })
    .await
}

/// Ends the registration of a document; false if there was none.
///
/// # Errors
/// If the database does not answer.
pub async fn remove(op: &Op, client: &str, id: &str) -> Result<bool, Error> {
    let id = rules::id(id);
    op.write(|tx| async move {
        if !store::delete(&tx, client, id).await? {
            return Ok(tx.unchanged(false));
        }
        let event = Event::Removed(op.id(), client.to_owned(), id.to_owned());
        tx.commit(event, true).await
    })
    .await
}
