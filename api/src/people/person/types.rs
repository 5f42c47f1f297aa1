//! People as clients see them: masked.

use super::{plain, rules, service, store};
use crate::kernel::error::{Error, UserError};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::members::membership::types::MembershipsOfPerson;
use crate::org::federation::types::{Federation, federation};
use crate::people::basis::store::BasesOf;
use crate::people::basis::types::{ProcessingBasis, ProcessingBasisInput, ProcessingPurpose};
use crate::policy::Action;
use crate::scalars::{Date, DateTime, IdNumber, PersonName, PhoneNumber};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::people::person::{self, Column};
use serde::Serialize;

/// What kind of identity document (证件类型).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "person::IdType")]
pub enum IdType {
    /// 居民身份证: resident, 18 characters (GB 11643-1999).
    ResidentId,
    /// 护照: passport, 5 to 20 letters and digits.
    Passport,
    /// 港澳台居民居住证: residence permit of people from Hong Kong, Macao and Taiwan, 18 digits from 81, 82 or 83.
    HkMacaoTaiwanResident,
    /// 外国人永久居留身份证: foreign permanent resident, 18 digits from 9, or three letters and 12 digits.
    ForeignPermanentResident,
    /// 其他: another document, 4 to 30 letters, digits and dashes.
    Other,
}

/// Sex as documents say it (性别, GB/T 2261.1).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "person::Sex")]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
    /// 未知: nobody has said.
    Unknown,
}

/// The eight groups of new forms of employment (新就业形态八大群体).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "person::EmploymentGroup")]
pub enum EmploymentGroup {
    /// 不属于八大群体.
    None,
    /// 货车司机.
    TruckDriver,
    /// 快递员.
    Courier,
    /// 护工护理员.
    NursingWorker,
    /// 家政服务员.
    DomesticWorker,
    /// 商场信息员.
    MallInformant,
    /// 网约送餐员.
    DeliveryRider,
    /// 房产中介员.
    EstateAgent,
    /// 保安员.
    SecurityGuard,
}

/// Something of a person that is shown masked.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum PersonField {
    /// 姓名.
    Name,
    /// 证件号码.
    IdNumber,
    /// 电话.
    Phone,
    /// 出生日期.
    BirthDate,
}

impl PersonField {
    /// Its name in the trail.
    pub(super) fn name(self) -> &'static str {
        match self {
            PersonField::Name => "NAME",
            PersonField::IdNumber => "ID_NUMBER",
            PersonField::Phone => "PHONE",
            PersonField::BirthDate => "BIRTH_DATE",
        }
    }
}

/// What is odd about a person that was registered all the same.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum PersonWarning {
    /// No county of the division list has the number's first six digits: it was abolished, or mistyped.
    UnknownRegion,
}

/// Whose data is looked for.
pub struct PersonFilter {
    /// Who has this number.
    pub id_number: Option<IdNumber>,
    /// Who has this phone.
    pub phone: Option<PhoneNumber>,
}

/// A page of the people of a federation and all below it.
pub async fn people_of(
    context: &Context<'_>,
    at: &Federation,
    filter: PersonFilter,
    page: Page,
) -> Result<Connection<Person>, Error> {
    let op = Op::of(context);
    let scope = op.scope_within(Action::ReadPeople, &at.0)?;
    let wanted = service::wanted(
        op,
        &at.0,
        filter.id_number.as_ref().map(|number| &*number.0),
        filter.phone.as_ref().map(|phone| &*phone.0),
    )
    .await?;
    let listing = Listing {
        rows: store::rows(&scope, wanted),
        sort: Sort::instant("REGISTERED", Column::RegisteredAt).descending(true),
        page,
    };
    page::load(context, listing, Person).await
}

/// A row of `person`, as clients see it.
pub struct Person(pub person::Model);

impl Person {
    fn shown(
        &self,
        context: &Context<'_>,
        open: plain::Opening,
        mask: fn(&str) -> String,
    ) -> Option<Result<String, Error>> {
        let opened = open(&Op::of(context).app().vault, &self.0).transpose()?;
        Some(opened.map(|plain| mask(&plain)))
    }
}

/// Somebody of whom a federation holds data (人员). What is personal is masked; `revealPerson` gives the plain values.
#[Object]
impl Person {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Name, masked: 王*明; null once erased.
    async fn name(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        self.shown(context, plain::name, rules::masked_name)
    }

    /// Which document the number is on.
    async fn id_type(&self) -> IdType {
        self.0.id_type.into()
    }

    /// Number of the document, masked: `1101**********002X`; null once erased.
    async fn id_number(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        self.shown(context, plain::id_number, rules::masked_number)
    }

    /// Phone, masked: `138****0000`; null if nobody has said, and once erased.
    async fn phone(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        self.shown(context, plain::phone, rules::masked_phone)
    }

    /// Sex: of documents with a number of 18 digits what the number tells; null if nobody has said, and once erased.
    async fn sex(&self) -> Option<Sex> {
        self.0.sex.map(Sex::from)
    }

    /// A migrant worker (农民工).
    async fn is_migrant_worker(&self) -> bool {
        self.0.is_migrant_worker
    }

    /// Group of new employment.
    async fn employment_group(&self) -> EmploymentGroup {
        self.0.employment_group.into()
    }

    #[graphql(flatten)]
    async fn in_unions(&self) -> MembershipsOfPerson<'_> {
        MembershipsOfPerson(self)
    }

    /// The federation that holds the data.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// Why the data may be kept and used, in the order of recording; at most 100.
    async fn bases(&self, context: &Context<'_>) -> Result<Vec<ProcessingBasis>, Error> {
        let bases = Op::of(context).load::<BasesOf>(self.0.id).await?;
        Ok(bases.into_iter().map(ProcessingBasis).collect())
    }

    /// Counts corrections; `correctPerson` asks for it.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Instant of entry.
    async fn registered_at(&self) -> DateTime {
        DateTime(self.0.registered_at)
    }

    /// Instant of the last change.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// Instant at which all that is personal was taken away; null while it is there.
    async fn erased_at(&self) -> Option<DateTime> {
        self.0.erased_at.map(DateTime)
    }
}

/// Enters a person.
#[derive(InputObject, Serialize)]
pub struct RegisterPerson {
    /// Which federation holds the data.
    pub federation_id: ID,
    /// Name.
    pub name: PersonName,
    /// Which document the number is on.
    pub id_type: IdType,
    /// Number of the document; nobody else in the country has it.
    pub id_number: IdNumber,
    /// Phone.
    pub phone: Option<PhoneNumber>,
    /// Day of birth, of documents whose number does not tell it.
    pub birth_date: Option<Date>,
    /// Sex, of documents whose number does not tell it.
    pub sex: Option<Sex>,
    /// A migrant worker (农民工).
    #[graphql(default)]
    pub is_migrant_worker: bool,
    /// Group of new employment; none if nothing is said.
    pub employment_group: Option<EmploymentGroup>,
    /// Why the data may be kept and used.
    pub basis: ProcessingBasisInput,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Corrects a person; what is left out stays.
#[derive(InputObject, Serialize)]
pub struct CorrectPerson {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    #[graphql(flatten)]
    #[serde(flatten)]
    #[expect(missing_docs, reason = "the fields of the other one")]
    pub correction: PersonCorrection,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// What is right instead; what is left out stays.
#[derive(Clone, Default, InputObject, Serialize)]
pub struct PersonCorrection {
    /// Name.
    pub name: Option<PersonName>,
    /// Which document the number is on; goes with `idNumber`.
    pub id_type: Option<IdType>,
    /// Number of the document.
    pub id_number: Option<IdNumber>,
    /// Phone; an empty one takes it away.
    pub phone: Option<PhoneNumber>,
    /// Day of birth, of documents whose number does not tell it.
    pub birth_date: Option<Date>,
    /// Sex, of documents whose number does not tell it. The figures of members say it from the beginning.
    pub sex: Option<Sex>,
    /// A migrant worker (农民工). The figures of members say it from the beginning.
    pub is_migrant_worker: Option<bool>,
    /// Group of new employment. The figures of members say it from the beginning.
    pub employment_group: Option<EmploymentGroup>,
}

/// Asks for plain values of a person.
#[derive(InputObject)]
pub struct RevealPerson {
    /// Whose.
    pub id: ID,
    /// Which, each once.
    pub fields: Vec<PersonField>,
    /// What for; a basis for it must be in force.
    pub purpose: ProcessingPurpose,
    /// Why, 10 to 200 characters. It is written down, with the person's name masked: at most 6 digits in a row.
    pub reason: String,
}

/// Plain values of a person, given once; do not keep them.
#[derive(SimpleObject)]
pub struct RevealedPerson {
    /// Name, if it was asked for.
    pub name: Option<String>,
    /// Number of the document, if it was asked for.
    pub id_number: Option<String>,
    /// Phone, if it was asked for and is known.
    pub phone: Option<String>,
    /// Day of birth, if it was asked for and is known.
    pub birth_date: Option<Date>,
}

/// What `registerPerson` did.
#[derive(SimpleObject)]
pub struct RegisterPersonPayload {
    /// The person as registered; null if the call was refused.
    pub person: Option<Person>,
    /// What is odd about it.
    pub warnings: Vec<PersonWarning>,
    /// Why nothing was changed; empty when it was done. CONFLICT means that the document is registered somewhere; where is
    /// not told, and after 20 of them in an hour the answer is RATE_LIMITED.
    pub user_errors: Vec<UserError>,
}

crate::payload! {
    /// What `correctPerson` did. After a CONFLICT it holds the person as it is now.
    CorrectPersonPayload { person: Person }
}

crate::payload! {
    /// What `revealPerson` gave.
    RevealPersonPayload { revealed: RevealedPerson }
}
