//! Targets and pace rules, set as a cadre of the superior sets them.

use super::Caller;
use serde_json::{Value, json};

pub const ISSUE: &str = "mutation($input: IssueTargets!) { issueTargets(input: $input) { \
    targets { id amount federation { code } issuer { code } } warnings userErrors { code field message } } }";
pub const SIGN: &str = "mutation($input: SignTarget!) { signTarget(input: $input) { \
    target { id state signedOn signers version } userErrors { code field message } } }";
pub const AMEND: &str = "mutation($input: AmendTarget!) { amendTarget(input: $input) { \
    target { id amount amendedAmount version amendments { amount effectiveOn reason amendedBy } } warnings userErrors { code field message } } }";
pub const CLOSE: &str = "mutation($input: CloseTarget!) { closeTarget(input: $input) { \
    target { id state closedOn version } userErrors { code field message } } }";
pub const SET_PACE: &str = "mutation($input: SetPaceRule!) { setPaceRule(input: $input) { \
    paceRule { year metric { code } points { dueOn percent } version } userErrors { code field message } } }";

/// Why a target is amended.
pub const REASON: &str = "市总工会年中追加任务指标";

/// What `issueTargets` takes for 2026, from an issuer by its global id to federations by their codes.
pub fn targets(caller: &Caller, (issuer, metric): (&str, &str), shares: &[(&str, &str)]) -> Value {
    let share =
        |(code, amount): &(&str, &str)| json!({"federationId": caller.app.gid(code), "amount": amount});
    let shares: Vec<Value> = shares.iter().map(share).collect();
    json!({"issuerId": issuer, "metric": metric, "year": 2026, "targets": shares})
}

/// Issues them; their global ids.
pub async fn issue(caller: &Caller, what: (&str, &str), shares: &[(&str, &str)]) -> Vec<String> {
    let done = caller.done(ISSUE, targets(caller, what, shares)).await;
    let issued = done["targets"].as_array().unwrap().iter();
    issued
        .map(|target| target["id"].as_str().unwrap().to_owned())
        .collect()
}

/// What `setPaceRule` takes for 2026, at the federation of a code.
pub fn pace(
    caller: &Caller,
    (code, metric): (&str, Option<&str>),
    points: &[(&str, &str)],
    version: i32,
) -> Value {
    let point = |(day, percent): &(&str, &str)| json!({"dueOn": day, "percent": percent});
    let points: Vec<Value> = points.iter().map(point).collect();
    json!({"federationId": caller.app.gid(code), "year": 2026, "metric": metric, "points": points, "expectedVersion": version})
}

/// Sets a first rule.
pub async fn set_pace(caller: &Caller, place: (&str, Option<&str>), points: &[(&str, &str)]) {
    caller.done(SET_PACE, pace(caller, place, points, 0)).await;
}
