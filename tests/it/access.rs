//! Who may do what where: role × operation × place, as a table that a client can read.
//!
//! Every operation aims at one township of 湘乡市. A mutation is sent with an input that a rule refuses: INVALID or
//! CONFLICT means that the caller was allowed to try. `UPDATE=1` writes the table anew.

use crate::support::App;
use crate::support::matrix::{Operation, column, table};
use crate::support::register::{IMPORT_ENTERPRISES, YUESHAN, job};
use crate::support::things::{Place, things as one_of_each};
use crate::support::tree::{GUANGDONG, HUNAN, SHAOSHAN, WANGCHUNMEN, XIANGTAN, XIANGXIANG};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// Who asks: a name, a role, a place.
const CALLERS: [(&str, &str, &str); 17] = [
    ("cadre of the township", "CADRE", YUESHAN),
    ("cadre of the township beside", "CADRE", WANGCHUNMEN),
    ("cadre of the county", "CADRE", XIANGXIANG),
    ("cadre of the county beside", "CADRE", SHAOSHAN),
    ("cadre of the city", "CADRE", XIANGTAN),
    ("leader of the province", "LEADER", HUNAN),
    ("leader of another province", "LEADER", GUANGDONG),
    ("finance of the county", "FINANCE", XIANGXIANG),
    ("auditor of the county", "AUDITOR", XIANGXIANG),
    (
        "system administrator of the province",
        "SYSTEM_ADMINISTRATOR",
        HUNAN,
    ),
    (
        "security administrator of the province",
        "SECURITY_ADMINISTRATOR",
        HUNAN,
    ),
    (
        "audit administrator of the province",
        "AUDIT_ADMINISTRATOR",
        HUNAN,
    ),
    (
        "system administrator of the county beside",
        "SYSTEM_ADMINISTRATOR",
        SHAOSHAN,
    ),
    (
        "security administrator of the county beside",
        "SECURITY_ADMINISTRATOR",
        SHAOSHAN,
    ),
    ("tax bureau of the county", "TAX_BUREAU", XIANGXIANG),
    ("tax bureau of the county beside", "TAX_BUREAU", SHAOSHAN),
    ("reporting client of the province", "REPORTING", HUNAN),
];

/// What there is to ask about, and what only this table asks about.
struct Things {
    ids: HashMap<String, String>,
    county: String,
    enterprise_job: String,
}

impl Things {
    fn id(&self, kind: &str) -> &str {
        &self.ids[kind]
    }
}

fn of_federation(name: &'static str, selection: &str) -> Operation {
    let document = format!("query($code: DivisionCode) {{ federation(code: $code) {{ {selection} }} }}");
    (name, document, json!({"code": YUESHAN}))
}

fn mutation(name: &'static str, kind: &str, input: Value) -> Operation {
    let document =
        format!("mutation($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code field }} }} }}");
    (name, document, json!({"input": input}))
}

fn queries(things: &Things) -> Vec<Operation> {
    let node = |name, id: &str| {
        (
            name,
            "query($id: ID!) { node(id: $id) { id } }".to_owned(),
            json!({"id": id}),
        )
    };
    let job = |name, id: &str| {
        let document = "query($id: ID!) { job(id: $id) { refusals { pageInfo { hasNextPage } } } }";
        (name, document.to_owned(), json!({"id": id}))
    };
    vec![
        ("viewer", "{ viewer { id } }".to_owned(), json!({})),
        ("metrics", "{ metrics { code } }".to_owned(), json!({})),
        of_federation("federation", "name"),
        of_federation("federation.children", "children { totalCount }"),
        of_federation(
            "federation.descendants",
            "descendants(level: TOWNSHIP) { totalCount }",
        ),
        of_federation("federation.links", "links { totalCount }"),
        of_federation("federation.enterprises", "enterprises { nodes { id } }"),
        of_federation("federation.tradeUnions", "tradeUnions { nodes { id } }"),
        of_federation("federation.visits", "visits { nodes { id } }"),
        of_federation("federation.people", "people { nodes { name } }"),
        of_federation("federation.exports", "exports { nodes { id } }"),
        of_federation("federation.subjectRequests", "subjectRequests { nodes { id } }"),
        of_federation("federation.collections", "collections { nodes { id } }"),
        of_federation(
            "federation.waitingCollections",
            "waitingCollections { nodes { id } }",
        ),
        of_federation("federation.accounts", "accounts { nodes { id } }"),
        of_federation("federation.figures", "figures(metrics: [\"visits\"]) { value }"),
        of_federation("federation.auditTrail", "auditTrail { nodes { kind } }"),
        (
            "enterprise",
            "query($id: ID) { enterprise(id: $id) { id } }".to_owned(),
            json!({"id": things.id("Enterprise")}),
        ),
        job("job (enterprises)", &things.enterprise_job),
        job("job (collections)", things.id("Job")),
        node("node (enterprise)", things.id("Enterprise")),
        node("node (trade union)", things.id("TradeUnion")),
        node("node (coverage)", things.id("Coverage")),
        node("node (visit)", things.id("Visit")),
        node("node (account)", things.id("Account")),
        node("node (person)", things.id("Person")),
        node("node (export)", things.id("Export")),
        node("node (subject request)", things.id("SubjectRequest")),
        node("node (job, enterprises)", &things.enterprise_job),
        node("node (job, collections)", things.id("Job")),
        (
            "nodes",
            "query($ids: [ID!]!) { nodes(ids: $ids) { id } }".to_owned(),
            json!({"ids": [things.id("Visit")]}),
        ),
    ]
}

fn mutations(things: &Things) -> Vec<Operation> {
    let [
        federation,
        enterprise,
        trade_union,
        coverage,
        visit,
        link,
        account,
        grant,
        session,
        person,
        export,
        request,
        client,
        credential,
    ] = [
        "Federation",
        "Enterprise",
        "TradeUnion",
        "Coverage",
        "Visit",
        "FederationLink",
        "Account",
        "Grant",
        "Session",
        "Person",
        "Export",
        "SubjectRequest",
        "Client",
        "ClientCredential",
    ]
    .map(|kind| things.id(kind));
    let basis = json!({"purpose": "AID", "basis": "CONSENT", "noticeVersion": "1"});
    let upload = "0190c3a0-0000-7000-8000-00000000ffff";
    vec![
        mutation(
            "foundFederation",
            "FoundFederation",
            json!({"parentId": federation, "level": "CITY", "kind": "PARK", "name": "园区工会"}),
        ),
        mutation(
            "linkFederations",
            "LinkFederations",
            json!({"federationId": federation, "superiorId": federation, "kind": "FEE", "from": "2026-01-01"}),
        ),
        mutation(
            "endFederationLink",
            "EndFederationLink",
            json!({"id": link, "to": "2020-01-01"}),
        ),
        mutation(
            "registerEnterprise",
            "RegisterEnterprise",
            json!({"federationId": federation, "uscc": "x", "name": "x", "ownership": "STATE", "industry": "C34", "employees": 1}),
        ),
        mutation(
            "updateEnterprise",
            "UpdateEnterprise",
            json!({"id": enterprise, "expectedVersion": 0}),
        ),
        mutation(
            "importEnterprises",
            "ImportEnterprises",
            json!({"uploadId": upload, "federationId": federation}),
        ),
        mutation(
            "foundTradeUnion",
            "FoundTradeUnion",
            json!({"federationId": federation, "name": "x", "form": "SINGLE", "position": "TERRITORIAL", "hostKind": "PRIVATE", "workerGroup": "GENERAL", "foundedOn": "2026-01-01"}),
        ),
        mutation(
            "coverEnterprise",
            "CoverEnterprise",
            json!({"tradeUnionId": trade_union, "enterpriseId": enterprise, "from": "2000-01-01"}),
        ),
        mutation(
            "endCoverage",
            "EndCoverage",
            json!({"id": coverage, "to": "2000-01-01"}),
        ),
        mutation(
            "recordVisit",
            "RecordVisit",
            json!({"id": upload, "enterpriseId": enterprise, "purpose": "CARE", "startedAt": "2036-01-01T00:00:00Z"}),
        ),
        mutation(
            "correctVisit",
            "CorrectVisit",
            json!({"id": visit, "expectedVersion": 0}),
        ),
        mutation(
            "registerPerson",
            "RegisterPerson",
            json!({"federationId": federation, "name": "x", "idType": "PASSPORT", "idNumber": "x", "basis": basis}),
        ),
        mutation(
            "correctPerson",
            "CorrectPerson",
            json!({"id": person, "expectedVersion": 0}),
        ),
        mutation(
            "revealPerson",
            "RevealPerson",
            json!({"id": person, "fields": [], "purpose": "MEMBERSHIP", "reason": "x"}),
        ),
        mutation(
            "recordConsent",
            "RecordConsent",
            json!({"personId": person, "basis": basis}),
        ),
        mutation(
            "withdrawConsent",
            "WithdrawConsent",
            json!({"personId": person, "purpose": "AID"}),
        ),
        mutation(
            "requestExport",
            "RequestExport",
            json!({"federationId": federation, "kind": "PEOPLE", "purpose": "MEMBERSHIP", "reason": "x"}),
        ),
        mutation("approveExport", "ApproveExport", json!({"id": export})),
        mutation(
            "refuseExport",
            "RefuseExport",
            json!({"id": export, "reason": "x"}),
        ),
        mutation(
            "fileSubjectRequest",
            "FileSubjectRequest",
            json!({"personId": person, "kind": "COPY", "receivedOn": "2200-01-01"}),
        ),
        mutation(
            "fulfilSubjectRequest",
            "FulfilSubjectRequest",
            json!({"id": request}),
        ),
        mutation(
            "refuseSubjectRequest",
            "RefuseSubjectRequest",
            json!({"id": request, "reason": "STATUTORY_DUTY"}),
        ),
        (
            "submitCollections",
            "mutation($input: SubmitCollections!) { submitCollections(input: $input) { \
                results { reasons { code } } userErrors { code field } } }"
                .to_owned(),
            json!({"input": {"lines": [{"township": YUESHAN}]}}),
        ),
        mutation(
            "importCollections",
            "ImportCollections",
            json!({"uploadId": upload, "federationId": federation}),
        ),
        mutation(
            "inviteAccount",
            "InviteAccount",
            json!({"federationId": federation, "username": "x", "name": "x"}),
        ),
        mutation(
            "registerClient",
            "RegisterClient",
            json!({"federationId": federation, "username": "x", "name": "x"}),
        ),
        mutation(
            "addClientCredential",
            "AddClientCredential",
            json!({"accountId": client, "publicKey": "x"}),
        ),
        mutation(
            "revokeClientCredential",
            "RevokeClientCredential",
            json!({"id": credential, "reason": ""}),
        ),
        mutation(
            "bindProvider",
            "BindProvider",
            json!({"accountId": account, "subject": "", "reason": ""}),
        ),
        mutation(
            "disableAccount",
            "DisableAccount",
            json!({"accountId": account, "reason": ""}),
        ),
        mutation(
            "enableAccount",
            "EnableAccount",
            json!({"accountId": account, "reason": ""}),
        ),
        mutation(
            "resetPassword",
            "ResetPassword",
            json!({"accountId": account, "reason": ""}),
        ),
        mutation(
            "resetOtp",
            "ResetOtp",
            json!({"accountId": account, "reason": ""}),
        ),
        mutation(
            "grantRole",
            "GrantRole",
            json!({"accountId": account, "role": "CADRE", "federationId": federation, "reason": ""}),
        ),
        mutation("endGrant", "EndGrant", json!({"id": grant, "reason": ""})),
        mutation("endSession", "EndSession", json!({"id": session})),
        mutation(
            "elevate",
            "Elevate",
            json!({"role": "CADRE", "federationId": things.county, "reason": ""}),
        ),
    ]
}

/// Each gives something at once: a visit that was recorded, the job as it is.
fn subscriptions(things: &Things) -> Vec<Operation> {
    let visits = "subscription($id: ID!) { visitRecorded(federationId: $id, after: \"0\") { cursor } }";
    let jobs = "subscription($id: ID!) { jobChanged(id: $id) { cursor } }";
    vec![
        (
            "visitRecorded",
            visits.to_owned(),
            json!({"id": things.id("Federation")}),
        ),
        (
            "jobChanged (enterprises)",
            jobs.to_owned(),
            json!({"id": things.enterprise_job}),
        ),
        (
            "jobChanged (collections)",
            jobs.to_owned(),
            json!({"id": things.id("Job")}),
        ),
    ]
}

/// Operations that are about the caller and have no place.
const PLACELESS: [&str; 10] = [
    "beginProviderLogin",
    "loginWithProvider",
    "linkProvider",
    "login",
    "logout",
    "refreshSession",
    "acceptInvitation",
    "changePassword",
    "enrollOtp",
    "confirmOtp",
];

async fn things(app: &App) -> Things {
    let place = Place {
        county: XIANGXIANG,
        township: YUESHAN,
        word: "湘中",
        number: 1,
    };
    let things = one_of_each(app, place).await;
    let cadre = app.person("CADRE", XIANGXIANG).await;
    Things {
        ids: things.ids,
        county: app.gid(XIANGXIANG),
        enterprise_job: job(&cadre, IMPORT_ENTERPRISES, YUESHAN, "uscc\n").await,
    }
}

/// Every Query, Mutation and Subscription field stands in the table.
async fn unlisted(app: &App, operations: &[Operation]) -> BTreeSet<String> {
    let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } subscriptionType { fields { name } } } }";
    let schema = app.anonymous().data(query, json!({})).await;
    let fields = ["queryType", "mutationType", "subscriptionType"]
        .into_iter()
        .flat_map(|kind| {
            schema["__schema"][kind]["fields"]
                .as_array()
                .unwrap()
                .iter()
                .map(|field| field["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        });
    let known = |name: &String| {
        PLACELESS.contains(&name.as_str())
            || operations
                .iter()
                .any(|(listed, _, _)| listed == name || listed.starts_with(&format!("{name} (")))
    };
    fields.filter(|name| !known(name)).collect()
}

both! {
    async fn the_matrix_is_what_it_was(app: App) {
        let things = things(&app).await;
        let operations: Vec<Operation> = [queries(&things), mutations(&things), subscriptions(&things)].concat();
        app.settle().await;
        assert_eq!(unlisted(&app, &operations).await, BTreeSet::new(), "give each operation a line in access.rs");
        let mut columns = Vec::new();
        for (name, role, code) in CALLERS {
            let caller = app.person(role, code).await;
            columns.push((name.to_owned(), column(&caller, &operations).await));
        }
        columns.push(("nobody signed in".to_owned(), column(&app.anonymous(), &operations).await));
        let found = table(&operations, &columns);

        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/snapshots/access_matrix.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(found == kept, "the access matrix changed: look at it with UPDATE=1 and git diff\n{found}");
    }
}
