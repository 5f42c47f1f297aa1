//! Grants as clients see them.

use super::store::{self, GrantsOf};
use crate::accounts::account::store::DisplayNames;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::org::federation::types::{Federation, federation};
use crate::policy::Role;
use crate::scalars::{Date, DateTime};
use async_graphql::{Context, ID, InputObject, Object};
use chrono::NaiveDate;
use entity::accounts::grant;
use entity::id::{AccountId, GrantId};

/// What an account that the caller sees holds or is to hold, oldest first.
pub async fn grants_of(op: &Op, id: AccountId) -> Result<Vec<Grant>, Error> {
    Ok(op.load::<GrantsOf>(id).await?.into_iter().map(Grant).collect())
}

/// The grant that was written, as it is now.
pub async fn written(op: &Op, id: Result<GrantId, Error>) -> Result<Grant, Error> {
    store::get(op, id?).await.map(Grant)
}

/// A row of `role_grant`, as clients see it.
pub struct Grant(pub grant::Model);

impl Grant {
    /// Whether its first day has come.
    pub fn has_begun(&self, today: NaiveDate) -> bool {
        self.0.valid_from <= today
    }
}

/// A role on a node of the tree (授权): it reaches the federation and all below it.
#[Object]
impl Grant {
    /// Global id; `endGrant` asks for it.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Which role.
    async fn role(&self) -> Option<Role> {
        Role::named(&self.0.role)
    }

    /// Where.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// First day.
    async fn from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// First day on which it no longer holds; null if no end is set.
    async fn to(&self) -> Option<Date> {
        self.0.valid_to.map(Date)
    }

    /// Of an elevation (临时提权) the instant at which it ends; null for any other grant.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.until.map(DateTime)
    }

    /// What others see of the account that gave it, or took the elevation; null for the operator.
    async fn given_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        Some(Op::of(context).load::<DisplayNames>(self.0.given_by?).await)
    }

    /// Why it was given; empty where the operator gave it.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
}

/// Gives a role.
#[derive(InputObject)]
pub struct GrantRole {
    /// To whom: not to oneself.
    pub account_id: ID,
    /// Which; machines and people have roles of their own.
    pub role: Role,
    /// Where: the federation and all below it.
    pub federation_id: ID,
    /// First day; today if nothing is said.
    pub from: Option<Date>,
    /// First day on which it no longer holds, at most 366 days away; as late as may be if nothing is said.
    pub to: Option<Date>,
    /// Why, 2 to 500 characters; it stands in the audit trail.
    pub reason: String,
}

/// Ends a grant or an elevation.
#[derive(InputObject)]
pub struct EndGrant {
    /// Which.
    pub id: ID,
    /// First day on which it no longer holds, and never later than it was; at once if nothing is said. None for an
    /// elevation.
    pub to: Option<Date>,
    /// Why, 2 to 500 characters; it stands in the audit trail.
    pub reason: String,
}

/// Takes one's own role at the superior for a few hours ("break the glass").
#[derive(InputObject)]
pub struct Elevate {
    /// LEADER or CADRE, whichever one holds.
    pub role: Role,
    /// Where: the superior of a federation where one holds the role.
    pub federation_id: ID,
    /// Why, 10 to 500 characters; it stands in the audit trail, and security administrators see it.
    pub reason: String,
}

crate::payload! {
    /// What `grantRole` did.
    GrantRolePayload { grant: Grant }
}

crate::payload! {
    /// What `endGrant` did.
    EndGrantPayload { grant: Grant }
}

crate::payload! {
    /// What `elevate` did.
    ElevatePayload { grant: Grant }
}
