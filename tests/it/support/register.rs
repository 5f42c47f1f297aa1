//! Enterprises, unions and visits, entered as a cadre enters them.

use super::Caller;
use serde_json::{Value, json};
use uuid::Uuid;

/// 月山镇, the township where the stories' enterprises are.
pub const YUESHAN: &str = "430381110000";

pub const REGISTER: &str = "mutation($input: RegisterEnterprise!) { registerEnterprise(input: $input) { \
    enterprise { id uscc name employees version township { code } } userErrors { code field message } } }";
pub const UPDATE: &str = "mutation($input: UpdateEnterprise!) { updateEnterprise(input: $input) { \
    enterprise { id employees version status } userErrors { code field message } } }";
pub const FOUND: &str = "mutation($input: FoundTradeUnion!) { foundTradeUnion(input: $input) { \
    tradeUnion { id name form superior { code } } userErrors { code field message } } }";
pub const COVER: &str = "mutation($input: CoverEnterprise!) { coverEnterprise(input: $input) { \
    coverage { id from to } userErrors { code field message } } }";
pub const END_COVERAGE: &str = "mutation($input: EndCoverage!) { endCoverage(input: $input) { \
    coverage { id from to } userErrors { code field message } } }";
pub const RECORD: &str = "mutation($input: RecordVisit!) { recordVisit(input: $input) { \
    visit { id uuid version purpose findings { severity description } } userErrors { code field message } } }";
pub const CORRECT: &str = "mutation($input: CorrectVisit!) { correctVisit(input: $input) { \
    visit { id version purpose notes findings { severity } } userErrors { code field message } } }";

pub const VOID: &str = "mutation($input: VoidVisit!) { voidVisit(input: $input) { \
    visit { id version voidedAt voidReason } userErrors { code field message } } }";

pub const DRAFT_SCHEME: &str = "mutation($input: DraftAssessmentScheme!) { draftAssessmentScheme(input: $input) { \
    assessmentScheme { id version state } userErrors { code field message } } }";
pub const ISSUE_SCHEME: &str = "mutation($input: IssueAssessmentScheme!) { issueAssessmentScheme(input: $input) { \
    assessmentScheme { id state assessedCount assessments(first: 100) { nodes { id version federation { code } } } } \
    userErrors { code field message } } }";
pub const ASSIGN_PATCH: &str = "mutation($input: AssignPatch!) { assignPatch(input: $input) { \
    patch { id responsible groupName purpose from to assignedBy } userErrors { code field message } } }";

pub const SET_GOAL: &str = "mutation($input: SetStaffGoal!) { setStaffGoal(input: $input) { \
    staffGoal { id responsible year task dueOn state setBy version } userErrors { code field message } } }";
pub const SIGN_GOAL: &str = "mutation($input: SignStaffGoal!) { signStaffGoal(input: $input) { \
    staffGoal { id state signedOn signers version } userErrors { code field message } } }";

pub const ATTACH: &str = "mutation($input: AttachFile!) { attachFile(input: $input) { attachment { \
    id name contentType sizeBytes sha256 path attachedBy } userErrors { code field message } } }";

/// A valid unified social credit code, another for every number.
pub fn uscc(number: u32) -> String {
    let start = format!("91430381MA{number:07}");
    let alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars();
    let mut codes = alphabet.map(|check| format!("{start}{check}"));
    codes
        .find(|code| api::org::uscc::check(code).is_ok())
        .expect("one check character fits")
}

/// What `registerEnterprise` takes, at the township of a code.
pub fn enterprise(caller: &Caller, township: &str, number: u32) -> Value {
    json!({
        "federationId": caller.app.gid(township), "uscc": uscc(number), "name": format!("湘中第{number}机械厂"),
        "ownership": "PRIVATE", "industry": "C34", "employees": 100 + number, "registeredOn": "2026-01-10",
    })
}

/// Enters an enterprise; its global id.
pub async fn register(caller: &Caller, township: &str, number: u32) -> String {
    let done = caller.done(REGISTER, enterprise(caller, township, number)).await;
    done["enterprise"]["id"].as_str().unwrap().to_owned()
}

/// What `foundTradeUnion` takes, at the township of a code.
pub fn trade_union(caller: &Caller, township: &str, form: &str, number: u32) -> Value {
    json!({
        "federationId": caller.app.gid(township), "name": format!("湘中第{number}工会委员会"), "form": form,
        "position": "TERRITORIAL", "hostKind": "PRIVATE", "workerGroup": "GENERAL", "foundedOn": "2026-02-01",
    })
}

/// Founds a union; its global id.
pub async fn found(caller: &Caller, township: &str, form: &str, number: u32) -> String {
    let done = caller
        .done(FOUND, trade_union(caller, township, form, number))
        .await;
    done["tradeUnion"]["id"].as_str().unwrap().to_owned()
}

/// Lets a union cover an enterprise; the coverage's global id.
pub async fn cover(caller: &Caller, union: &str, enterprise: &str, from: &str) -> String {
    let input = json!({"tradeUnionId": union, "enterpriseId": enterprise, "from": from});
    let done = caller.done(COVER, input).await;
    done["coverage"]["id"].as_str().unwrap().to_owned()
}

/// What `recordVisit` takes.
pub fn visit(enterprise: &str, number: u128, started_at: &str) -> Value {
    json!({
        "id": Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number).to_string(),
        "enterpriseId": enterprise, "purpose": "SAFETY", "startedAt": started_at, "notes": "消防通道畅通",
        "findings": [{"severity": "MINOR", "description": "灭火器过期", "dueOn": "2026-07-01"}],
    })
}

/// Records a visit; its global id.
pub async fn record(caller: &Caller, enterprise: &str, number: u128, started_at: &str) -> String {
    let done = caller.done(RECORD, visit(enterprise, number, started_at)).await;
    done["visit"]["id"].as_str().unwrap().to_owned()
}

/// What `draftAssessmentScheme` takes, for those of a level below a federation.
pub fn scheme(federation: &str, level: &str) -> Value {
    let item = |title: &str, points: &str| json!({"title": title, "points": points, "standard": format!("{title}按要求完成")});
    let with = |mut item: Value, more: Value| {
        let more = more.as_object().unwrap().clone();
        item.as_object_mut().unwrap().extend(more);
        item
    };
    let visits = json!({"metric": "visits", "dimension": "PURPOSE:SAFETY", "full": "2"});
    json!({
        "federationId": federation, "year": 2026, "title": "工会工作绩效考评办法", "level": level, "closesOn": "2026-06-25",
        "blocks": [
            {"title": "依法维权", "weight": 60, "items": [item("法律援助", "10"), with(item("安全走访", "10"), visits)]},
            {"title": "组织建设", "weight": 40, "items": [
                with(item("企业建档", "20"), json!({"metric": "enterprises", "full": "4"})),
                with(item("党建带工建", "20"), json!({"assessor": "县委组织部"})),
                with(item("经验推广", "5"), json!({"kind": "REWARD"})),
                with(item("逾期报送", "5"), json!({"kind": "PENALTY"})),
            ]},
        ],
    })
}

/// Figures of the federation of a code, by metric.
pub async fn figures(caller: &Caller, code: &str, metrics: &[&str], arguments: Value) -> Value {
    let query = "query($code: DivisionCode!, $metrics: [MetricCode!]!, $asOf: Date, $from: Date, $to: Date) { \
        federation(code: $code) { figures(metrics: $metrics, asOf: $asOf, from: $from, to: $to) { metric { code } value } } }";
    let mut variables = json!({"code": code, "metrics": metrics});
    for (name, value) in arguments.as_object().into_iter().flatten() {
        variables[name] = value.clone();
    }
    let data = caller.data(query, variables).await;
    let figures = data["federation"]["figures"].as_array().unwrap().iter();
    figures
        .map(|figure| {
            (
                figure["metric"]["code"].as_str().unwrap().to_owned(),
                figure["value"].clone(),
            )
        })
        .collect()
}

pub const IMPORT_ENTERPRISES: &str = "mutation($input: ImportEnterprises!) { importEnterprises(input: $input) { \
    job { id } userErrors { code field message } } }";
pub const IMPORT_COLLECTIONS: &str = "mutation($input: ImportCollections!) { importCollections(input: $input) { \
    job { id } userErrors { code field message } } }";

/// Brings a file up and asks for its import at the federation of a code; the job's global id.
pub async fn job(caller: &Caller, mutation: &str, code: &str, file: &str) -> String {
    let id = caller.upload(file).await;
    let input = json!({"uploadId": id, "federationId": caller.app.gid(code)});
    let done = caller.done(mutation, input).await;
    done["job"]["id"].as_str().unwrap().to_owned()
}
