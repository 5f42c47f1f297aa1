//! Operations on enterprises.

use super::types::{
    Enterprise, ImportEnterprises, ImportEnterprisesPayload, RegisterEnterprise, RegisterEnterprisePayload,
    UpdateEnterprise, UpdateEnterprisePayload,
};
use super::{import, service, store};
use crate::jobs::{self, types::Job};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::org::uscc;
use crate::scalars::Uscc;
use async_graphql::{Context, ID, Object};
use entity::id::EnterpriseId;
use entity::org::enterprise::Entity;

/// Reading enterprises.
#[derive(Default)]
pub struct EnterpriseQuery;

async fn find(op: &Op, id: Option<ID>, code: Option<Uscc>) -> Option<Result<Enterprise, Error>> {
    let found = match (id, code) {
        (Some(id), None) => op.find::<Entity>(EnterpriseId::parse(&id, "id").ok()?.0).await,
        (None, Some(code)) => {
            let code = uscc::normalise(&code.0);
            match uscc::check(&code) {
                Ok(()) => store::find_by_uscc(op, &code).await,
                Err(text) => Err(invalid("uscc", text)),
            }
        }
        _ => Err(invalid(
            "id",
            text("Give an id or a USCC.", "请提供 id 或 uscc 之一。"),
        )),
    };
    found.map(|found| found.map(Enterprise)).transpose()
}

/// Reading enterprises.
#[Object]
impl EnterpriseQuery {
    /// An enterprise by id or by code; null unless the caller may see it. Give exactly one of them.
    async fn enterprise(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global id.")] id: Option<ID>,
        #[graphql(desc = "Unified social credit code.")] uscc: Option<Uscc>,
    ) -> Option<Result<Enterprise, Error>> {
        find(Op::of(context), id, uscc).await
    }
}

/// Entering and changing enterprises.
#[derive(Default)]
pub struct EnterpriseMutation;

async fn written(op: &Op, id: Result<EnterpriseId, Error>) -> Result<Enterprise, Error> {
    op.get::<Entity>(id?.0, "id").await.map(Enterprise)
}

/// Entering and changing enterprises.
#[Object]
impl EnterpriseMutation {
    /// Enters an enterprise at a township.
    async fn register_enterprise(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to enter.")] input: RegisterEnterprise,
    ) -> Result<RegisterEnterprisePayload, Error> {
        let op = Op::of(context);
        RegisterEnterprisePayload::of(written(op, service::register(op, &input).await).await)
    }

    /// Imports a register of enterprises from a file as a job. Good rows are kept, each refused one stands in the
    /// job's error file; running a file again updates instead of doubling.
    async fn import_enterprises(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to import.")] input: ImportEnterprises,
    ) -> Result<ImportEnterprisesPayload, Error> {
        let op = Op::of(context);
        let job = match import::enqueue(op, &input).await {
            Ok(id) => jobs::store::load(op, id).await.map(Job),
            Err(error) => Err(error),
        };
        ImportEnterprisesPayload::of(job)
    }

    /// Changes an enterprise.
    async fn update_enterprise(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateEnterprise,
    ) -> Result<UpdateEnterprisePayload, Error> {
        let op = Op::of(context);
        let id = match EnterpriseId::parse(&input.id, "id") {
            Ok(id) => id,
            Err(error) => return UpdateEnterprisePayload::of(Err(error)),
        };
        let done = service::update(op, id, &input).await;
        let is_conflict = matches!(done, Err(Error::Conflict(_)));
        let mut payload = UpdateEnterprisePayload::of(written(op, done).await)?;
        if is_conflict {
            payload.enterprise = op.find::<Entity>(id.0).await?.map(Enterprise);
        }
        Ok(payload)
    }
}
