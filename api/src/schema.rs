//! The one schema: every domain's operations, merged by tier.

use crate::accounts::account::types::{Account, StaffMember};
use crate::accounts::graphql::{AccountMutation, AccountQuery};
use crate::assessments::assessment::graphql::AssessmentMutation;
use crate::assessments::assessment::types::Assessment;
use crate::assessments::goal::graphql::StaffGoalMutation;
use crate::assessments::goal::types::StaffGoal;
use crate::assessments::patch::graphql::PatchMutation;
use crate::assessments::patch::types::Patch;
use crate::assessments::scheme::graphql::AssessmentSchemeMutation;
use crate::assessments::scheme::types::AssessmentScheme;
use crate::attachments::graphql::AttachmentMutation;
use crate::audit::graphql::AuditMutation;
use crate::audit::types::AuditEntry;
use crate::fees::collection::graphql::CollectionMutation;
use crate::fees::collection::types::{Collection, WaitingCollection};
use crate::figure_export::graphql::FigureExportMutation;
use crate::figures::graphql::{FigureQuery, FigureSubscription};
use crate::figures::source::types::FigureSource;
use crate::jobs::graphql::{JobQuery, JobSubscription};
use crate::jobs::types::JobRefusal;
use crate::kernel::page::Connection;
use crate::members::card::graphql::CardMutation;
use crate::members::membership::graphql::MembershipMutation;
use crate::members::membership::types::Membership;
use crate::members::transfer::graphql::TransferMutation;
use crate::members::transfer::types::MemberTransfer;
use crate::node::NodeQuery;
use crate::org::enterprise::graphql::{EnterpriseMutation, EnterpriseQuery};
use crate::org::enterprise::types::Enterprise;
use crate::org::federation::graphql::{FederationMutation, FederationQuery};
use crate::org::federation::types::{Federation, FederationLink};
use crate::org::moves::graphql::MoveMutation;
use crate::org::trade_union::graphql::TradeUnionMutation;
use crate::org::trade_union::types::{Coverage, TradeUnion};
use crate::people::basis::graphql::BasisMutation;
use crate::people::person::graphql::PersonMutation;
use crate::people::person::types::Person;
use crate::privacy::export::graphql::ExportMutation;
use crate::privacy::export::types::Export;
use crate::privacy::request::graphql::SubjectRequestMutation;
use crate::privacy::request::types::SubjectRequest;
use crate::returns::report::graphql::ReturnMutation;
use crate::returns::report::types::{ReturnProgress, StatisticalReturn};
use crate::returns::snapshot::graphql::SnapshotMutation;
use crate::returns::snapshot::types::{FigureSnapshot, SnapshotLine};
use crate::targets::pace::graphql::PaceMutation;
use crate::targets::target::graphql::TargetMutation;
use crate::targets::target::types::Target;
use crate::visits::graphql::{VisitMutation, VisitSubscription};
use crate::visits::types::Visit;
use async_graphql::connection::Connection as RelayConnection;
use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions};

/// Reading operations.
#[derive(Default, MergedObject)]
pub struct Query(NodeQuery, AccountQuery, JobQuery, OrgQuery, FigureQuery);

/// Reading the registers.
#[derive(Default, MergedObject)]
pub struct OrgQuery(FederationQuery, EnterpriseQuery);

/// Writing operations: verbs of the business, one `input`, one payload.
#[derive(Default, MergedObject)]
pub struct Mutation(
    AccountMutation,
    OrgMutation,
    PeopleMutation,
    MembersMutation,
    WorkMutation,
    ReportMutation,
    SteeringMutation,
);

/// Writing the registers.
#[derive(Default, MergedObject)]
pub struct OrgMutation(
    FederationMutation,
    EnterpriseMutation,
    TradeUnionMutation,
    MoveMutation,
);

/// Writing what is known of people.
#[derive(Default, MergedObject)]
pub struct PeopleMutation(
    PersonMutation,
    BasisMutation,
    ExportMutation,
    SubjectRequestMutation,
);

/// Writing who is a member of which union.
#[derive(Default, MergedObject)]
pub struct MembersMutation(MembershipMutation, TransferMutation, CardMutation);

/// Writing what is done day by day, and taking the trail of all of it away.
#[derive(Default, MergedObject)]
pub struct WorkMutation(
    VisitMutation,
    CollectionMutation,
    AuditMutation,
    AssessmentsMutation,
    AttachmentMutation,
);

/// Writing how work is assessed, and who is responsible for what.
#[derive(Default, MergedObject)]
pub struct AssessmentsMutation(
    AssessmentSchemeMutation,
    AssessmentMutation,
    PatchMutation,
    StaffGoalMutation,
);

/// Writing what is asked of federations, and taking figures away.
#[derive(Default, MergedObject)]
pub struct SteeringMutation(TargetMutation, PaceMutation, FigureExportMutation);

/// Writing what is reported.
#[derive(Default, MergedObject)]
pub struct ReportMutation(ReturnMutation, SnapshotMutation);

/// What happens, as it happens. Each takes `after`, the last cursor that the caller has seen: what has happened since comes
/// first, so nothing is lost over a reconnect. The feed goes back 180 days; an older cursor is refused with RESYNC: read
/// everything anew, then subscribe without `after`. Where a caller was too slow for what happened, a message says so in its
/// extensions, `{"lagged": {"events": 1200}}`; it still leaves nothing out. When the caller's token or session ends, or
/// its grants change, its socket is closed with 4403 and its event stream just ends: connect again and go on with `after`.
#[derive(Default, MergedSubscription)]
pub struct Subscription(VisitSubscription, JobSubscription, FigureSubscription);

/// The schema.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds it. No extension: a single one, even idle, doubles the cost of execution.
pub fn build() -> Schema {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        // The engine gives its connection types no description.
        .override_output_type_description::<Connection<Federation>>("A page of federations (工会).")
        .override_output_type_description::<Connection<Account>>("A page of accounts (账号).")
        .override_output_type_description::<Connection<FederationLink>>("A page of extra edges (关系).")
        .override_output_type_description::<Connection<Enterprise>>("A page of enterprises (企业).")
        .override_output_type_description::<Connection<TradeUnion>>("A page of grassroots unions (基层工会).")
        .override_output_type_description::<Connection<Coverage>>("A page of coverages (覆盖).")
        .override_output_type_description::<Connection<StaffMember>>(
            "A page of people of an office (机关人员).",
        )
        .override_output_type_description::<Connection<Person>>("A page of people (人员).")
        .override_output_type_description::<Connection<Membership>>("A page of memberships (会籍).")
        .override_output_type_description::<Connection<MemberTransfer>>("A page of transfers (会籍转移).")
        .override_output_type_description::<Connection<Export>>("A page of exports (导出申请).")
        .override_output_type_description::<Connection<SubjectRequest>>(
            "A page of requests of people about their own data (个人信息权利请求).",
        )
        .override_output_type_description::<RelayConnection<String, FigureSource>>(
            "A page of the records behind a figure (数据来源).",
        )
        .override_output_type_description::<Connection<Visit>>("A page of field visits (走访).")
        .override_output_type_description::<Connection<Collection>>("A page of collected lines (征收明细).")
        .override_output_type_description::<Connection<WaitingCollection>>(
            "A page of waiting lines (待处理明细).",
        )
        .override_output_type_description::<Connection<JobRefusal>>("A page of refused rows (未通过的行).")
        .override_output_type_description::<Connection<StatisticalReturn>>("A page of returns (统计报表).")
        .override_output_type_description::<Connection<ReturnProgress>>(
            "A page of who has reported a period (填报进度).",
        )
        .override_output_type_description::<Connection<FigureSnapshot>>("A page of snapshots (数字快照).")
        .override_output_type_description::<Connection<SnapshotLine>>(
            "A page of figures as they stood (快照明细).",
        )
        .override_output_type_description::<Connection<Target>>("A page of targets (目标任务).")
        .override_output_type_description::<Connection<AuditEntry>>("A page of the audit trail (审计日志).")
        .override_output_type_description::<Connection<AssessmentScheme>>(
            "A page of assessment schemes (考评办法).",
        )
        .override_output_type_description::<Connection<Assessment>>("A page of assessments (考评).")
        .override_output_type_description::<Connection<Patch>>("A page of patches (挂点包干).")
        .override_output_type_description::<Connection<StaffGoal>>("A page of staff goals (年度工作目标).")
        .finish()
}

/// The contract as text, sorted, for `schema.graphql`.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    let text = build().sdl_with_options(options);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim())
}
