//! People: found by what they are, and kept for as long as their bases say.

use super::Snapshot;
use crate::kernel::error::Error;
use crate::kernel::keys::Keys;
use crate::kernel::sql::Sql;
use crate::kernel::vault::{Cell, Opener};
use crate::people::basis::rules::keep_until;
use crate::people::id_number::index_form;
use entity::people::{basis, person};
use entity::sealed::Sealed;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

const ID_NUMBER: &str = "person.id_number";
const PHONE: &str = "person.phone";

/// The next people, each with the bases.
async fn after(db: &Snapshot, id: Uuid) -> Result<Vec<(person::Model, Vec<basis::Model>)>, Error> {
    let backend = db.get_database_backend();
    let mut sql = Sql::new("SELECT * FROM person WHERE id > ");
    sql.bind(id).push(" ORDER BY id LIMIT 500");
    let people = person::Model::find_by_statement(sql.on(backend)).all(db).await?;
    let mut sql = Sql::new("SELECT * FROM processing_basis WHERE person_id IN ");
    sql.list(people.iter().map(|person| person.id));
    let mut bases = basis::Model::find_by_statement(sql.on(backend)).all(db).await?;
    let with_bases = |person: person::Model| {
        let own = bases
            .extract_if(.., |basis| basis.person_id == person.id)
            .collect();
        (person, own)
    };
    Ok(people.into_iter().map(with_bases).collect())
}

/// What is wrong with a person.
fn fault(
    opener: &Opener,
    person: &person::Model,
    bases: &[basis::Model],
) -> Result<Option<&'static str>, Error> {
    let row = person.id.0;
    let open = |column: &'static str, sealed: &Option<Sealed>| {
        let opened = sealed
            .as_ref()
            .map(|sealed| opener.open(Cell { column, row }, sealed));
        opened.transpose()
    };
    let number = open(ID_NUMBER, &person.id_number)?;
    let number_index = number.map(|number| opener.index(ID_NUMBER, &index_form(person.id_type, &number)));
    let phone_index = open(PHONE, &person.phone)?.map(|phone| opener.index(PHONE, &phone));
    let is_erased = person.erased_at.is_some();
    let kept = if is_erased { None } else { keep_until(bases) };
    Ok(if person.number_index != number_index.transpose()? {
        Some("is not found by the number of the document")
    } else if person.phone_index != phone_index.transpose()? {
        Some("is not found by the phone")
    } else if person.keep_until != kept {
        Some("is not kept for as long as the bases say")
    } else {
        None
    })
}

/// Makes each blind index anew, and the last day of keeping.
pub(super) async fn check(db: &Snapshot, keys: &Keys) -> Result<Result<String, String>, Error> {
    let opener = Opener::read(db, keys).await?;
    let (mut last, mut count) = (Uuid::nil(), 0);
    loop {
        let people = after(db, last).await?;
        let Some((newest, _)) = people.last() else { break };
        (last, count) = (newest.id.0, count + people.len());
        for (person, bases) in &people {
            let found = fault(&opener, person, bases).unwrap_or(Some("does not open"));
            if let Some(what) = found {
                return Ok(Err(format!("person {} {what}", person.id)));
            }
        }
    }
    Ok(Ok(format!("{count} people")))
}
