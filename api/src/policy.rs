//! Who may do what: the only file that names a role. A grant is (who, role, node of the tree, from, to); it reaches
//! the node and all below it.

use crate::kernel::bucket::Rate;
use async_graphql::resolver_utils::EnumType;

/// What an account may be at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
pub enum Role {
    /// 领导: reads everything in the subtree.
    Leader,
    /// 工作人员: records business.
    Cadre,
    /// 财务: works with money.
    Finance,
    /// 经审: reads money and its trail.
    Auditor,
    /// 系统管理员: runs the service and its accounts, sees no business.
    SystemAdministrator,
    /// 安全管理员: roles, sessions and second factors, sees no business.
    SecurityAdministrator,
    /// 审计管理员: reads the audit trail, sees no business.
    AuditAdministrator,
    /// 税务机关: delivers collections of its districts and reads their state, nothing else.
    TaxBureau,
    /// 报表: figures and registers without personal data.
    Reporting,
}

/// Who calls, as far as budgets and registered documents go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum CallerClass {
    /// Nobody signed in.
    Anonymous,
    /// A person who signed in on the app for field visits.
    Phone,
    /// Any other person.
    Dashboard,
    /// A machine client of the tax bureau.
    TaxBureau,
    /// A machine client that reads figures and registers.
    Reporting,
}

impl CallerClass {
    /// Its name in settings and metrics.
    pub fn name(self) -> &'static str {
        match self {
            CallerClass::Anonymous => "anonymous",
            CallerClass::Phone => "phone",
            CallerClass::Dashboard => "dashboard",
            CallerClass::TaxBureau => "tax-bureau",
            CallerClass::Reporting => "reporting",
        }
    }

    /// Who somebody is who acts by these roles; `is_phone` the front end said as it signed in.
    pub fn of(roles: &[Role], is_phone: bool) -> CallerClass {
        match roles {
            [] => CallerClass::Anonymous,
            roles if roles.contains(&Role::TaxBureau) => CallerClass::TaxBureau,
            roles if roles.contains(&Role::Reporting) => CallerClass::Reporting,
            _ if is_phone => CallerClass::Phone,
            _ => CallerClass::Dashboard,
        }
    }

    /// What it may spend: an object in an answer costs one point.
    pub fn budget(self) -> Rate {
        let (capacity, refill) = match self {
            CallerClass::Anonymous => (2_000, 50),
            CallerClass::Phone => (20_000, 500),
            CallerClass::Dashboard => (50_000, 1_000),
            CallerClass::TaxBureau => (100_000, 5_000),
            CallerClass::Reporting => (200_000, 5_000),
        };
        Rate {
            capacity,
            refill,
            every_seconds: 1,
        }
    }
}

/// What can be done. Code asks for exactly what it does and never for a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
pub enum Action {
    /// Know of the federations.
    ReadTree,
    /// Found a federation that no division list has, and link federations.
    ShapeTree,
    /// See enterprises.
    ReadEnterprises,
    /// Enter, change and import enterprises.
    RegisterEnterprises,
    /// See trade unions and what they cover.
    ReadTradeUnions,
    /// Found trade unions and say what they cover.
    FoundTradeUnions,
    /// See visits, with their notes and findings.
    ReadVisits,
    /// Record and correct visits.
    RecordVisits,
    /// See figures, also as they stood.
    ReadFigures,
    /// Keep figures as they stand.
    FreezeFigures,
    /// See what federations report for periods.
    ReadReturns,
    /// Report for periods, and correct it.
    FileReturns,
    /// Accept what those directly below report, send it back, lock and unlock it.
    AcceptReturns,
    /// See targets, how far they are reached, and pace rules.
    ReadTargets,
    /// Issue, sign, amend and close targets of those directly below, and set pace rules for all below.
    IssueTargets,
    /// Deliver collections.
    SubmitCollections,
    /// See collected lines and those that wait.
    ReadCollections,
    /// See jobs and their error files, where also what a job of the kind writes may be read.
    ReadJobs,
    /// See accounts, their roles and sessions.
    ReadAccounts,
    /// Invite people, disable and enable accounts, reset passwords.
    ManageAccounts,
    /// Give and end roles, end sessions, take away second factors.
    GrantRoles,
    /// See people, masked.
    ReadPeople,
    /// See members, what happened to them, their cards and transfers.
    ReadMembers,
    /// Admit members, change and transfer memberships, issue cards.
    AdmitMembers,
    /// Enter and correct people, and record why their data may be used.
    RegisterPeople,
    /// See the plain values of a person.
    RevealPeople,
    /// Ask for personal data in bulk.
    RequestExports,
    /// Allow or refuse what somebody else asked for in bulk.
    ApproveExports,
    /// File and answer what people ask for about their own data.
    HandleSubjectRequests,
    /// See assessment schemes, how one's federations are assessed, and patches.
    ReadAssessments,
    /// Draft and issue schemes, score those below and publish the scores.
    IssueAssessments,
    /// Assess one's own federation.
    AssessSelf,
    /// Say who is responsible for a federation.
    AssignPatches,
    /// Read the audit trail, and take it away as a file.
    ReadAudit,
}

impl Action {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Action> {
        Action::items().iter().map(|item| item.value)
    }

    /// Its name in the scope of a token: READ_TREE is `read_tree`.
    pub fn scope_name(self) -> String {
        let item = Action::items().iter().find(|item| item.value == self);
        item.map_or_else(String::new, |item| item.name.to_ascii_lowercase())
    }

    /// The action of a name in the scope of a token.
    pub fn in_scope(name: &str) -> Option<Action> {
        Action::all().find(|action| action.scope_name() == name)
    }
}

/// The roles that work only in a session with a second factor, if no setting says otherwise.
pub const OTP_ROLES: &str = "SYSTEM_ADMINISTRATOR,SECURITY_ADMINISTRATOR,AUDIT_ADMINISTRATOR";

impl Role {
    /// All roles, with the names that the database and the command line use.
    pub const ALL: [(Role, &str); 9] = [
        (Role::Leader, "LEADER"),
        (Role::Cadre, "CADRE"),
        (Role::Finance, "FINANCE"),
        (Role::Auditor, "AUDITOR"),
        (Role::SystemAdministrator, "SYSTEM_ADMINISTRATOR"),
        (Role::SecurityAdministrator, "SECURITY_ADMINISTRATOR"),
        (Role::AuditAdministrator, "AUDIT_ADMINISTRATOR"),
        (Role::TaxBureau, "TAX_BUREAU"),
        (Role::Reporting, "REPORTING"),
    ];

    /// The name of the role.
    pub fn name(self) -> &'static str {
        Role::ALL
            .iter()
            .find(|(role, _)| *role == self)
            .map_or("", |(_, name)| name)
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(role, _)| *role)
    }

    /// Whether it runs the service: such a caller may look at the schema and try documents in production too.
    pub fn runs_the_service(self) -> bool {
        self == Role::SystemAdministrator
    }

    /// Whether it is one of the three separated administrators (三员分立).
    pub fn is_administrator(self) -> bool {
        matches!(
            self,
            Role::SystemAdministrator | Role::SecurityAdministrator | Role::AuditAdministrator
        )
    }

    /// Whether one account may hold both at a time: an administrator is nothing else.
    pub fn may_stand_beside(self, other: Role) -> bool {
        self == other || !self.is_administrator() && !other.is_administrator()
    }

    /// Whether who holds it may take it at the superior for a short time ("break the glass").
    pub fn may_be_elevated(self) -> bool {
        matches!(self, Role::Leader | Role::Cadre)
    }

    /// Whether a machine client holds it.
    pub fn is_for_machines(self) -> bool {
        matches!(self, Role::TaxBureau | Role::Reporting)
    }

    /// The policy.
    pub fn may(self, action: Action) -> bool {
        let actions = match self {
            Role::Leader => LEADER,
            Role::Cadre => CADRE,
            Role::Finance => FINANCE,
            Role::Auditor => AUDITOR,
            Role::SystemAdministrator => SYSTEM_ADMINISTRATOR,
            Role::SecurityAdministrator => SECURITY_ADMINISTRATOR,
            Role::AuditAdministrator => AUDIT_ADMINISTRATOR,
            Role::TaxBureau => TAX_BUREAU,
            Role::Reporting => REPORTING,
        };
        actions.contains(&action)
    }
}

const LEADER: &[Action] = &[
    Action::ReadTree,
    Action::ReadEnterprises,
    Action::ReadTradeUnions,
    Action::ReadVisits,
    Action::ReadFigures,
    Action::FreezeFigures,
    Action::ReadReturns,
    Action::FileReturns,
    Action::AcceptReturns,
    Action::ReadTargets,
    Action::IssueTargets,
    Action::ReadCollections,
    Action::ReadJobs,
    Action::ReadPeople,
    Action::ReadMembers,
    Action::ApproveExports,
    Action::ReadAssessments,
    Action::IssueAssessments,
    Action::AssessSelf,
    Action::AssignPatches,
];

const CADRE: &[Action] = &[
    Action::ReadTree,
    Action::ShapeTree,
    Action::ReadEnterprises,
    Action::RegisterEnterprises,
    Action::ReadTradeUnions,
    Action::FoundTradeUnions,
    Action::ReadVisits,
    Action::RecordVisits,
    Action::ReadFigures,
    Action::FreezeFigures,
    Action::ReadReturns,
    Action::FileReturns,
    Action::AcceptReturns,
    Action::ReadTargets,
    Action::IssueTargets,
    Action::ReadJobs,
    Action::ReadPeople,
    Action::ReadMembers,
    Action::AdmitMembers,
    Action::RegisterPeople,
    Action::RevealPeople,
    Action::RequestExports,
    Action::HandleSubjectRequests,
    Action::ReadAssessments,
    Action::IssueAssessments,
    Action::AssessSelf,
    Action::AssignPatches,
];

const FINANCE: &[Action] = &[
    Action::ReadTree,
    Action::ReadEnterprises,
    Action::ReadTradeUnions,
    Action::ReadFigures,
    Action::ReadReturns,
    Action::ReadTargets,
    Action::ReadCollections,
    Action::SubmitCollections,
    Action::ReadJobs,
];

const AUDITOR: &[Action] = &[
    Action::ReadTree,
    Action::ReadEnterprises,
    Action::ReadTradeUnions,
    Action::ReadFigures,
    Action::ReadReturns,
    Action::ReadTargets,
    Action::ReadCollections,
    Action::ReadJobs,
    Action::ReadAssessments,
    Action::ReadAudit,
];

// None of the three can do another's work alone: a role is given by one, a password reset by another, and the third
// reads what both did.
const SYSTEM_ADMINISTRATOR: &[Action] = &[Action::ReadTree, Action::ReadAccounts, Action::ManageAccounts];

const SECURITY_ADMINISTRATOR: &[Action] = &[Action::ReadTree, Action::ReadAccounts, Action::GrantRoles];

const AUDIT_ADMINISTRATOR: &[Action] = &[
    Action::ReadTree,
    Action::ReadAccounts,
    Action::ReadJobs,
    Action::ReadAudit,
];

const TAX_BUREAU: &[Action] = &[
    Action::ReadTree,
    Action::SubmitCollections,
    Action::ReadCollections,
    Action::ReadJobs,
];

const REPORTING: &[Action] = &[
    Action::ReadTree,
    Action::ReadEnterprises,
    Action::ReadTradeUnions,
    Action::ReadFigures,
    Action::ReadReturns,
    Action::ReadTargets,
];
