//! What is personal of a person, and how it gets into the sealed columns and out of them.

use crate::kernel::error::Error;
use crate::kernel::vault::{Cell, Vault};
use crate::people::id_number;
use chrono::NaiveDate;
use entity::id::PersonId;
use entity::people::person::{IdType, Model};
use entity::sealed::Sealed;

/// The plain values. It has no `Debug`: nothing can print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// Name.
    pub name: String,
    /// Number of the document, normal form.
    pub id_number: String,
    /// Phone, digits only.
    pub phone: Option<String>,
    /// Day of birth, if the number tells it or somebody has said it.
    pub birth_date: Option<NaiveDate>,
}

const NAME: &str = "person.name";
const ID_NUMBER: &str = "person.id_number";
const PHONE: &str = "person.phone";
const BIRTH_DATE: &str = "person.birth_date";

fn cell(column: &'static str, id: PersonId) -> Cell {
    Cell { column, row: id.0 }
}

/// The blind index of a document's number in its normal form.
pub fn number_index(vault: &Vault, id_type: IdType, number: &str) -> Result<String, Error> {
    vault.index(ID_NUMBER, &id_number::index_form(id_type, number))
}

/// The blind index of a phone in its normal form.
pub fn phone_index(vault: &Vault, phone: &str) -> Result<String, Error> {
    vault.index(PHONE, phone)
}

impl Plain {
    /// Seals the values into a row, with their blind indexes.
    pub fn seal_into(&self, vault: &Vault, person: &mut Model) -> Result<(), Error> {
        let id = person.id;
        let phone = self.phone.as_deref();
        person.name = Some(vault.seal(cell(NAME, id), &self.name)?);
        person.id_number = Some(vault.seal(cell(ID_NUMBER, id), &self.id_number)?);
        person.phone = phone
            .map(|phone| vault.seal(cell(PHONE, id), phone))
            .transpose()?;
        let said = self
            .birth_date
            .filter(|_| id_number::told(person.id_type, &self.id_number).is_none());
        person.birth_date = said
            .map(|day| vault.seal(cell(BIRTH_DATE, id), &day.to_string()))
            .transpose()?;
        person.number_index = Some(number_index(vault, person.id_type, &self.id_number)?);
        person.phone_index = phone.map(|phone| phone_index(vault, phone)).transpose()?;
        Ok(())
    }

    /// Opens the values of a row; none once it is erased.
    pub fn open(vault: &Vault, person: &Model) -> Result<Option<Plain>, Error> {
        let (Some(name), Some(id_number)) = (name(vault, person)?, id_number(vault, person)?) else {
            return Ok(None);
        };
        let told = id_number::told(person.id_type, &id_number).map(|(day, _)| day);
        let said = open(vault, cell(BIRTH_DATE, person.id), person.birth_date.as_ref())?;
        Ok(Some(Plain {
            name,
            phone: phone(vault, person)?,
            birth_date: told.or(said.and_then(|day| day.parse().ok())),
            id_number,
        }))
    }
}

fn open(vault: &Vault, cell: Cell, sealed: Option<&Sealed>) -> Result<Option<String>, Error> {
    sealed.map(|sealed| vault.open(cell, sealed)).transpose()
}

/// How one of the values is opened.
pub type Opening = fn(&Vault, &Model) -> Result<Option<String>, Error>;

/// Opens the name.
pub fn name(vault: &Vault, person: &Model) -> Result<Option<String>, Error> {
    open(vault, cell(NAME, person.id), person.name.as_ref())
}

/// Opens the number.
pub fn id_number(vault: &Vault, person: &Model) -> Result<Option<String>, Error> {
    open(vault, cell(ID_NUMBER, person.id), person.id_number.as_ref())
}

/// Opens the phone.
pub fn phone(vault: &Vault, person: &Model) -> Result<Option<String>, Error> {
    open(vault, cell(PHONE, person.id), person.phone.as_ref())
}
