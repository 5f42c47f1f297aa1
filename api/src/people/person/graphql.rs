//! Operations on people.

use super::plain::Plain;
use super::service;
use super::types::{
    CorrectPerson, CorrectPersonPayload, Person, PersonField, PersonWarning, RegisterPerson,
    RegisterPersonPayload, RevealPerson, RevealPersonPayload, RevealedPerson,
};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::Date;
use async_graphql::{Context, Object};
use entity::id::PersonId;
use entity::people::person::Entity;

/// Entering, correcting and looking at people.
#[derive(Default)]
pub struct PersonMutation;

/// The person that was written.
pub(crate) async fn written(op: &Op, id: Result<PersonId, Error>) -> Result<Person, Error> {
    op.get::<Entity>(id?.0, "id").await.map(Person)
}

/// Entering, correcting and looking at people.
#[Object]
impl PersonMutation {
    /// Enters a person, with the first reason why the data may be kept and used.
    async fn register_person(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to enter.")] input: RegisterPerson,
    ) -> Result<RegisterPersonPayload, Error> {
        let op = Op::of(context);
        let (person, user_errors) = match written(op, service::register(op, &input).await).await {
            Ok(person) => (Some(person), Vec::new()),
            Err(error) => (None, error.refusals()?),
        };
        let is_odd = service::has_unknown_region(op, input.id_type.into(), &input.id_number.0);
        let warnings = (is_odd && person.is_some()).then_some(PersonWarning::UnknownRegion);
        Ok(RegisterPersonPayload {
            person,
            warnings: warnings.into_iter().collect(),
            user_errors,
        })
    }

    /// Corrects a person.
    async fn correct_person(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to correct.")] input: CorrectPerson,
    ) -> Result<CorrectPersonPayload, Error> {
        let op = Op::of(context);
        let id = match PersonId::parse(&input.id, "id") {
            Ok(id) => id,
            Err(error) => return CorrectPersonPayload::of(Err(error)),
        };
        let done = service::correct(op, id, &input).await;
        let is_conflict = matches!(done, Err(Error::Conflict(_)));
        let mut payload = CorrectPersonPayload::of(written(op, done).await)?;
        if is_conflict {
            payload.person = op.find::<Entity>(id.0).await?.map(Person);
        }
        Ok(payload)
    }

    /// Gives plain values of a person, for a purpose and a reason that are written down; at most 20 times a day and
    /// account, copies of a person's data included, unless the operator set another limit: then RATE_LIMITED.
    async fn reveal_person(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to give.")] input: RevealPerson,
    ) -> Result<RevealPersonPayload, Error> {
        let revealed = service::reveal(Op::of(context), &input).await;
        let asked = |field| input.fields.contains(&field);
        RevealPersonPayload::of(revealed.map(|plain| {
            let Plain {
                name,
                id_number,
                phone,
                birth_date,
            } = plain;
            RevealedPerson {
                name: Some(name).filter(|_| asked(PersonField::Name)),
                id_number: Some(id_number).filter(|_| asked(PersonField::IdNumber)),
                phone: phone.filter(|_| asked(PersonField::Phone)),
                birth_date: birth_date.filter(|_| asked(PersonField::BirthDate)).map(Date),
            }
        }))
    }
}
