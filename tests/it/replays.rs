//! Calls that are repeated: whatever takes an `idempotencyKey` gives the same object again.

use crate::moves::found_federation;
use crate::support::members::{admit, change, going, join, member, step, submit};
use crate::support::people::{person, register_person};
use crate::support::register::{
    ATTACH, DRAFT_SCHEME, ISSUE_SCHEME, SET_GOAL, SIGN_GOAL, YUESHAN, enterprise, found, record, register,
    scheme, trade_union,
};
use crate::support::tree::*;
use crate::support::{App, Caller};
use crate::support::{returns, targets};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// 泉塘镇, a township of the county.
const QUANTANG: &str = "430381109000";
const MUTATIONS: &str = "{ __schema { mutationType { fields { name args { type { ofType { name inputFields { name } } } } \
    type { name ofType { fields { name } } } } } } }";

/// The mutations that take a key: by name a document that asks for the id of what each gives.
async fn mutations(app: &App) -> BTreeMap<String, String> {
    let schema = app.anonymous().data(MUTATIONS, json!({})).await;
    let mut found = BTreeMap::new();
    for field in schema["__schema"]["mutationType"]["fields"].as_array().unwrap() {
        let input = &field["args"][0]["type"]["ofType"];
        let inputs = input["inputFields"].as_array().into_iter().flatten();
        if inputs.into_iter().any(|input| input["name"] == "idempotencyKey") {
            let (name, input) = (field["name"].as_str().unwrap(), input["name"].as_str().unwrap());
            let gives = field["type"]["ofType"]["fields"][0]["name"].as_str().unwrap();
            let id = if gives.ends_with("Id") { "" } else { " { id }" };
            let document = format!(
                "mutation($input: {input}!) {{ {name}(input: $input) {{ {gives}{id} userErrors {{ code field message }} }} }}"
            );
            found.insert(name.to_owned(), document);
        }
    }
    found
}

/// Something to send to each.
async fn inputs(cadre: &Caller, finance: &Caller) -> Vec<(&'static str, Value)> {
    let (county, township) = (cadre.app.gid(XIANGXIANG), cadre.app.gid(YUESHAN));
    let basis = json!({"purpose": "LEGAL_AID", "basis": "CONSENT", "noticeVersion": "1"});
    let firm = register(cadre, YUESHAN, 1).await;
    let union = found(cadre, YUESHAN, "SINGLE", 1).await;
    let another_firm = register(cadre, YUESHAN, 50).await;
    let another_union = found(cadre, YUESHAN, "JOINT", 50).await;
    let estate = found_federation(cadre, &county, "TOWNSHIP", "湘乡工业园工会").await;
    let visit = record(cadre, &firm, 1, "2026-06-19T09:30:00+08:00").await;
    let mistaken = record(cadre, &firm, 2, "2026-06-19T10:30:00+08:00").await;
    let known = register_person(cadre, YUESHAN, 1).await;
    let park = json!({"parentId": county, "level": "TOWNSHIP", "kind": "PARK", "name": "湘乡经开区工会"});
    let link = json!({"federationId": township, "superiorId": cadre.app.gid(XIANGTAN), "kind": "INDUSTRY_GUIDANCE", "from": "2026-01-01"});
    let (firms, lines) = (
        cadre.upload("uscc,name\n").await,
        finance.upload("voucherId\n").await,
    );
    let drafted = scheme(county.as_str(), "TOWNSHIP");
    let draft = cadre.done(DRAFT_SCHEME, drafted.clone()).await["assessmentScheme"]["id"].take();
    let issued = cadre
        .done(
            ISSUE_SCHEME,
            json!({"id": draft, "expectedVersion": 1, "federationIds": [township]}),
        )
        .await;
    let assessment = &issued["assessmentScheme"]["assessments"]["nodes"][0]["id"];
    let mut another = drafted;
    another["title"] = json!("另一考评办法");
    let targets = targets::issue(
        cadre,
        (&county, "visits"),
        &[
            (YUESHAN, "65"),
            (WANGCHUNMEN, "12"),
            (XINXIANGLU, "7"),
            (QUANTANG, "3"),
        ],
    )
    .await;
    let who = finance.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
    let goal = json!({"federationId": county, "accountId": who, "year": 2026, "task": "年度预算执行", "dueOn": "2026-12-31"});
    let letter = |id: &Value| json!({"id": id, "expectedVersion": 1, "signedOn": "2026-01-15", "signers": "主席、财务部部长"});
    let unsigned = cadre.done(SET_GOAL, goal.clone()).await["staffGoal"]["id"].take();
    let signed = cadre.done(SET_GOAL, goal.clone()).await["staffGoal"]["id"].take();
    let mistaken_goal = cadre.done(SET_GOAL, goal.clone()).await["staffGoal"]["id"].take();
    cadre.done(SIGN_GOAL, letter(&signed)).await;
    let quarter = returns::draft(cadre, (XIANGXIANG, "2026-01-01", "2026-03-31"), &[]).await;
    let file = json!({"recordId": quarter, "uploadId": cadre.upload("%PDF-1.7").await, "name": "签字页.pdf"});
    let attached = cadre.done(ATTACH, file).await["attachment"]["id"].take();
    let (party, mut members) = (found(cadre, YUESHAN, "SINGLE", 60).await, Vec::new());
    for number in 60..70 {
        members.push(join(cadre, (YUESHAN, &party), (number, "2026-03-01")).await.1);
    }
    let on = |id: &str| step(id, 1, "2026-06-01");
    let with = |mut input: Value, name: &str, value: &str| {
        input[name] = json!(value);
        input
    };
    let card = |id: &str, number: &str| json!({"membershipId": id, "number": number, "on": "2026-06-01"});
    let no_card = |id: &str| json!({"membershipId": id, "on": "2026-06-01"});
    let issue = change("issueCard", "IssueCard");
    for (member, number) in [(0, "HN0001"), (1, "HN0002"), (2, "HN0003")] {
        cadre.done(&issue, card(&members[member], number)).await;
    }
    let retained = with(on(&members[3]), "reason", "RETIRED");
    cadre
        .done(&change("retainMembership", "RetainMembership"), retained)
        .await;
    let accepted = submit(cadre, going(&members[4], 1, &union, "2026-06-01")).await;
    let refused = submit(cadre, going(&members[5], 1, &union, "2026-06-01")).await;
    let applies = json!({"personId": register_person(cadre, YUESHAN, 71).await, "tradeUnionId": party, "appliedOn": "2026-06-01"});
    let apply = change("applyForMembership", "ApplyForMembership");
    let applied = cadre.done(&apply, applies).await["membership"]["id"].take();
    let (new, newer) = (
        register_person(cadre, YUESHAN, 72).await,
        register_person(cadre, YUESHAN, 73).await,
    );
    let dead = admit(
        cadre,
        &register_person(cadre, YUESHAN, 74).await,
        &party,
        "2026-03-01",
    )
    .await;
    let mut inputs = vec![
        ("acceptTransfer", json!({"id": accepted, "expectedVersion": 1})),
        ("admitMember", member(&new, &party, "2026-06-01")),
        (
            "amendTarget",
            json!({"id": targets[0], "expectedVersion": 1, "amount": "70", "reason": "上级年中追加任务指标"}),
        ),
        (
            "applyForMembership",
            json!({"personId": newer, "tradeUnionId": party, "appliedOn": "2026-06-01"}),
        ),
        (
            "assessSelf",
            json!({"id": assessment, "expectedVersion": 1, "scores": [{"item": 1, "points": "8"}], "isFinal": true}),
        ),
        (
            "assignPatch",
            json!({"federationId": township, "purpose": "联系企业", "from": "2026-01-01"}),
        ),
        ("cancelCard", no_card(&members[0])),
        ("closeTarget", json!({"id": targets[1], "expectedVersion": 1})),
        (
            "correctPerson",
            json!({"id": known, "expectedVersion": 1, "name": "李四"}),
        ),
        (
            "correctVisit",
            json!({"id": visit, "expectedVersion": 1, "notes": "已整改"}),
        ),
        (
            "coverEnterprise",
            json!({"tradeUnionId": union, "enterpriseId": firm, "from": "2026-03-01"}),
        ),
        ("draftAssessmentScheme", another),
        (
            "draftReturn",
            json!({"federationId": county, "from": "2026-01-01", "to": "2026-06-20", "title": "半年报", "lines": []}),
        ),
        (
            "expelMember",
            with(on(&members[6]), "document", "湘工会〔2026〕7号"),
        ),
        (
            "exportAuditTrail",
            json!({"federationId": county, "reason": "年度个人信息保护审计"}),
        ),
        (
            "exportFigures",
            json!({"federationId": county, "metrics": ["visits"], "format": "CSV"}),
        ),
        ("fileSubjectRequest", json!({"personId": known, "kind": "COPY"})),
        ("foundFederation", park),
        ("foundTradeUnion", trade_union(cadre, YUESHAN, "SINGLE", 2)),
        (
            "freezeFigures",
            json!({"federationId": county, "title": "半年数字", "metrics": ["visits"]}),
        ),
        (
            "importCollections",
            json!({"uploadId": lines, "federationId": county}),
        ),
        (
            "importEnterprises",
            json!({"uploadId": firms, "federationId": county}),
        ),
        ("issueCard", card(&members[7], "HN0004")),
        (
            "issueTargets",
            json!({"issuerId": county, "metric": "findings", "year": 2026, "targets": [{"federationId": township, "amount": "9"}]}),
        ),
        ("linkFederations", link),
        (
            "moveEnterprise",
            json!({"id": another_firm, "federationId": cadre.app.gid(WANGCHUNMEN), "reason": "迁址", "expectedVersion": 1}),
        ),
        (
            "moveFederation",
            json!({"id": estate, "parentId": cadre.app.gid(SHAOSHAN), "reason": "托管"}),
        ),
        (
            "moveTradeUnion",
            json!({"id": another_union, "federationId": cadre.app.gid(WANGCHUNMEN), "reason": "整合", "expectedVersion": 1}),
        ),
        ("reactivateMembership", step(&members[3], 2, "2026-06-02")),
        ("recordConsent", json!({"personId": known, "basis": basis})),
        ("recordDeath", on(&dead)),
        (
            "refuseTransfer",
            json!({"id": refused, "expectedVersion": 1, "reason": "用人单位不在本地"}),
        ),
        ("registerEnterprise", enterprise(cadre, YUESHAN, 2)),
        ("registerPerson", person(cadre, YUESHAN, 2)),
        ("removeAttachment", json!({"id": attached})),
        (
            "rejectApplication",
            step(applied.as_str().unwrap(), 1, "2026-06-01"),
        ),
        ("replaceCard", card(&members[1], "HN0005")),
        ("reportCardLost", no_card(&members[2])),
        (
            "requestExport",
            json!({"federationId": township, "kind": "PEOPLE", "purpose": "MEMBERSHIP", "reason": "向上级工会报送会员名册，年度核对"}),
        ),
        ("retainMembership", with(on(&members[7]), "reason", "RETIRED")),
        (
            "returnAssessment",
            json!({"id": assessment, "expectedVersion": 2, "reason": "第一项自评缺少证明材料"}),
        ),
        (
            "reviewStaffGoal",
            json!({"id": signed, "expectedVersion": 2, "review": "MET", "result": "已完成"}),
        ),
        (
            "scoreAssessment",
            json!({"id": assessment, "expectedVersion": 3, "scores": [{"item": 1, "points": "9"}]}),
        ),
        ("setStaffGoal", goal),
        (
            "setTransferDeadline",
            json!({"federationId": township, "days": 7, "from": "2026-06-20"}),
        ),
        ("signStaffGoal", letter(&unsigned)),
        (
            "signTarget",
            json!({"id": targets[2], "expectedVersion": 1, "signedOn": "2026-01-15", "signers": "湘乡市总工会主席、新湘路街道工会主席"}),
        ),
        (
            "strikeOffMember",
            with(on(&members[8]), "lastActiveOn", "2025-11-01"),
        ),
        ("transferMember", going(&members[9], 1, &union, "2026-06-01")),
        (
            "updateEnterprise",
            json!({"id": firm, "expectedVersion": 1, "employees": 7}),
        ),
        (
            "voidVisit",
            json!({"id": mistaken, "expectedVersion": 1, "reason": "同一次走访重复录入了两次"}),
        ),
        (
            "withdrawStaffGoal",
            json!({"id": mistaken_goal, "expectedVersion": 1, "reason": "任务下达给了错误的责任人"}),
        ),
        (
            "withdrawTarget",
            json!({"id": targets[3], "expectedVersion": 1, "reason": "年初指标误下达至该单位"}),
        ),
        ("withdrawMember", on(&members[0])),
    ];
    inputs.sort_by_key(|(name, _)| *name);
    inputs
}

both! {
    async fn a_repeated_call_with_a_key_gives_the_same_object(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let city = app.person("CADRE", XIANGTAN).await;
        let mutations = mutations(&app).await;
        let inputs = inputs(&cadre, &finance).await;
        app.settle().await;
        let names: Vec<&str> = inputs.iter().map(|(name, _)| *name).collect();
        assert_eq!(mutations.keys().collect::<Vec<_>>(), names, "every mutation that takes a key has an input here");

        for (name, mut input) in inputs {
            let caller = match name {
                "importCollections" => &finance,
                "exportAuditTrail" => &auditor,
                "moveFederation" => &city,
                _ => &cadre,
            };
            input["idempotencyKey"] = json!(name);
            let first = caller.done(&mutations[name], input.clone()).await;
            let again = caller.done(&mutations[name], input).await;
            assert_eq!(first, again, "{name}");
        }
    }
}
