//! What an office sets its own staff: set, signed for, reviewed.

use crate::people::bodies;
use crate::support::accounts::DISABLE;
use crate::support::register::{ASSIGN_PATCH, SET_GOAL, SIGN_GOAL, YUESHAN};
use crate::support::tree::*;
use crate::support::{App, Caller};
use serde_json::{Value, json};

const REVIEW: &str = "mutation($input: ReviewStaffGoal!) { reviewStaffGoal(input: $input) { staffGoal { id state review result remark \
    consequence reviewedBy reviewedOn version } userErrors { code field message } } }";
const LISTED: &str = "query($code: DivisionCode, $year: Int) { federation(code: $code) { \
    staffGoals(year: $year) { totalCount nodes { task responsible setBy reviewedBy } } } }";
const OWN: &str = "query($year: Int) { viewer { staffGoals(year: $year) { nodes { task } } } }";
const STAFF: &str = "query($code: DivisionCode, $first: Int, $after: String) { federation(code: $code) { staff(first: $first, after: $after) { \
    totalCount pageInfo { endCursor hasNextPage } nodes { accountId name } } } }";
const WITHDRAW: &str = "mutation($input: WithdrawStaffGoal!) { withdrawStaffGoal(input: $input) { withdrawnId userErrors { code field message } } }";
const NODE: &str = "query($id: ID!) { node(id: $id) { ... on StaffGoal { task federation { code } } } }";

async fn account(caller: &Caller) -> Value {
    caller.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take()
}

/// What `setStaffGoal` takes, for somebody of 湘乡市's office.
async fn goal(app: &App, who: &Caller, task: &str, due_on: &str) -> Value {
    let year: i32 = due_on[..4].parse().unwrap();
    json!({"federationId": app.gid(XIANGXIANG), "accountId": account(who).await, "year": year, "task": task, "dueOn": due_on})
}

/// A goal that was set; its global id.
async fn set(caller: &Caller, who: &Caller, task: &str, due_on: &str) -> Value {
    let input = goal(&caller.app, who, task, due_on).await;
    caller.done(SET_GOAL, input).await["staffGoal"]["id"].take()
}

fn letter(id: &Value, expected_version: i32) -> Value {
    json!({"id": id, "expectedVersion": expected_version, "signedOn": "2026-01-15", "signers": "主席、财务部部长"})
}

fn review(id: &Value, expected_version: i32) -> Value {
    json!({"id": id, "expectedVersion": expected_version, "review": "PARTLY_MET", "result": "完成 18 家", "remark": "  ", "consequence": "取消评优"})
}

/// The tasks on a list, in its order.
async fn tasks(caller: &Caller, asked: Value) -> Vec<String> {
    let query = if asked.get("code").is_some() { LISTED } else { OWN };
    let found = caller.data(query, asked).await;
    let nodes = ["federation", "viewer"].map(|of| found[of]["staffGoals"]["nodes"].clone());
    let nodes = nodes.iter().filter_map(Value::as_array).flatten();
    nodes
        .map(|goal| goal["task"].as_str().unwrap().to_owned())
        .collect()
}

both! {
    async fn a_goal_is_set_signed_for_and_reviewed(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let input = goal(&app, &finance, " 经费收缴到位 ", "2026-11-30").await;

        let goal = leader.done(SET_GOAL, input).await["staffGoal"].take();
        assert_eq!((&goal["task"], &goal["state"], &goal["version"]), (&json!("经费收缴到位"), &json!("SET"), &json!(1)));
        assert_eq!(goal["setBy"], json!(format!("leader.{}", app.federation(XIANGXIANG))));
        let id = &goal["id"];
        assert_eq!(leader.refused(REVIEW, review(id, 1)).await, ["CONFLICT id"], "it is not signed");

        let signed = finance.done(SIGN_GOAL, letter(id, 1)).await["staffGoal"].take();
        assert_eq!((&signed["state"], &signed["signers"]), (&json!("SIGNED"), &json!("主席、财务部部长")));
        assert_eq!(leader.refused(SIGN_GOAL, letter(id, 2)).await, ["CONFLICT id"], "once");
        assert_eq!(leader.refused(REVIEW, review(id, 1)).await, ["CONFLICT expectedVersion"]);

        assert_eq!(leader.refused(REVIEW, review(id, 2)).await, ["INVALID remark"]);
        let mut full = review(id, 2);
        full["remark"] = json!("两家移至明年");
        full["idempotencyKey"] = json!("review");
        let reviewed = leader.done(REVIEW, full.clone()).await;
        assert_eq!(leader.done(REVIEW, full).await, reviewed, "a repeated call");
        let expected = json!({"id": id, "state": "REVIEWED", "review": "PARTLY_MET", "result": "完成 18 家", "remark": "两家移至明年",
            "consequence": "取消评优", "reviewedBy": goal["setBy"], "reviewedOn": "2026-06-20", "version": 3});
        assert_eq!(reviewed["staffGoal"], expected);
        assert_eq!(leader.refused(REVIEW, review(id, 3)).await, ["CONFLICT id"], "once");

        app.settle().await;
        let trail = "query($code: DivisionCode!, $id: ID!) { federation(code: $code) { auditTrail(filter: {subjectId: $id}) { nodes { kind details { name after } } } } }";
        let told = auditor.data(trail, json!({"code": XIANGXIANG, "id": id})).await["federation"]["auditTrail"]["nodes"].take();
        let mut kinds: Vec<&str> = told.as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        kinds.retain(|kind| *kind != "REFUSED");
        kinds.sort_unstable();
        assert_eq!(kinds, ["STAFF_GOAL_REVIEWED", "STAFF_GOAL_SET", "STAFF_GOAL_SIGNED"]);
        assert!(!told.to_string().contains("取消评优"), "what is written about somebody stays in the goal");
    }

    async fn a_goal_that_makes_no_sense_is_refused(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let fine = goal(&app, &cadre, "新建工会二十家", "2026-11-30").await;
        let township = account(&app.person("CADRE", YUESHAN).await).await;
        let machine = account(&app.person("REPORTING", XIANGXIANG).await).await;

        for (field, value, expected) in [
            ("task", json!("新"), "INVALID task"),
            ("dueOn", json!("2027-01-01"), "INVALID dueOn"),
            ("year", json!(2028), "INVALID year"),
            ("accountId", township, "NOT_FOUND accountId"),
            ("accountId", machine, "NOT_FOUND accountId"),
        ] {
            let mut input = fine.clone();
            input[field] = value;
            assert_eq!(leader.refused(SET_GOAL, input).await[0], expected);
        }
        let id = leader.done(SET_GOAL, fine).await["staffGoal"]["id"].take();
        for (field, value) in [("signedOn", "2024-12-31"), ("signedOn", "2026-06-21"), ("signers", " ")] {
            let mut input = letter(&id, 1);
            input[field] = json!(value);
            assert_eq!(cadre.refused(SIGN_GOAL, input).await, [format!("INVALID {field}")]);
        }
    }

    async fn nobody_reviews_themself(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let id = set(&leader, &leader, "联系重点企业", "2026-12-31").await;
        leader.done(SIGN_GOAL, letter(&id, 1)).await;
        let theirs = set(&leader, &finance, "年度预算执行", "2026-12-31").await;
        cadre.done(SIGN_GOAL, letter(&theirs, 1)).await;

        let mut good = review(&id, 2);
        good["remark"] = json!(null);
        assert_eq!(leader.refused(REVIEW, good.clone()).await, ["FORBIDDEN"]);
        assert_eq!(finance.refused(REVIEW, review(&theirs, 2)).await, ["FORBIDDEN"]);
        cadre.done(REVIEW, good).await;
    }

    async fn a_list_holds_the_office_alone_and_the_caller_finds_their_own(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        set(&leader, &finance, "经费收缴到位", "2026-11-30").await;
        set(&leader, &leader, "联系重点企业", "2026-12-31").await;
        set(&leader, &finance, "编制预算", "2027-01-31").await;
        let town = app.person("CADRE", YUESHAN).await;
        let below = json!({"federationId": app.gid(YUESHAN), "accountId": account(&town).await, "year": 2026, "task": "组建村工会", "dueOn": "2026-10-31"});
        leader.done(SET_GOAL, below).await;

        assert_eq!(tasks(&leader, json!({"code": XIANGXIANG})).await, ["编制预算", "联系重点企业", "经费收缴到位"]);
        assert_eq!(tasks(&leader, json!({"code": XIANGXIANG, "year": 2026})).await, ["联系重点企业", "经费收缴到位"]);
        assert_eq!(tasks(&leader, json!({"code": YUESHAN})).await, ["组建村工会"]);
        assert_eq!(tasks(&finance, json!({"year": 2026})).await, ["经费收缴到位"]);
        assert_eq!(tasks(&finance, json!({})).await, ["编制预算", "经费收缴到位"]);
        assert_eq!(tasks(&town, json!({})).await, ["组建村工会"]);
        assert_eq!(tasks(&app.anonymous(), json!({})).await, [""; 0]);
        let before = app.statements();
        tasks(&leader, json!({"code": XIANGXIANG})).await;
        let of_three = app.statements() - before;
        for day in 1..=5 {
            set(&leader, &finance, "再一项", &format!("2026-09-0{day}")).await;
        }
        let before = app.statements();
        assert_eq!(tasks(&leader, json!({"code": XIANGXIANG})).await.len(), 8);
        assert_eq!(app.statements() - before, of_three);
    }

    async fn whoever_gives_work_finds_whom_to_give_it(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        app.person("REPORTING", XIANGXIANG).await;
        app.person("CADRE", YUESHAN).await;
        let gone = account(&app.person("FINANCE", XIANGXIANG).await).await;
        let administrator = app.person("SYSTEM_ADMINISTRATOR", XIANGTAN).await;
        administrator.done(DISABLE, json!({"accountId": gone, "reason": "调离本单位"})).await;
        let mut all = Vec::new();
        for (who, role) in [(&leader, "leader"), (&cadre, "cadre"), (&auditor, "auditor")] {
            all.push(json!({"accountId": account(who).await, "name": format!("{role}.{}", app.federation(XIANGXIANG))}));
        }
        let staff = async |caller: &Caller, asked: Value| caller.data(STAFF, asked).await["federation"]["staff"].take();

        let found = staff(&leader, json!({"code": XIANGXIANG})).await;
        assert_eq!((&found["totalCount"], &found["nodes"]), (&json!(3), &json!(all)), "its own people, none of below");
        let page = staff(&cadre, json!({"code": XIANGXIANG, "first": 2})).await;
        assert_eq!((&page["nodes"], &page["pageInfo"]["hasNextPage"]), (&json!(all[..2]), &json!(true)));
        let rest = staff(&cadre, json!({"code": XIANGXIANG, "first": 2, "after": page["pageInfo"]["endCursor"]})).await;
        assert_eq!(rest["nodes"], json!(all[2..]));
        assert_eq!(staff(&leader, json!({"code": YUESHAN})).await["totalCount"], json!(1));
        // What is found is what both inputs take.
        let goal = json!({"federationId": app.gid(XIANGXIANG), "accountId": all[2]["accountId"], "year": 2026, "task": "审计整改", "dueOn": "2026-12-31"});
        leader.done(SET_GOAL, goal).await;
        let patch = json!({"federationId": app.gid(YUESHAN), "accountId": all[1]["accountId"], "purpose": "联系企业", "from": "2026-01-01"});
        leader.done(ASSIGN_PATCH, patch).await;

        assert_eq!(auditor.codes(STAFF, json!({"code": XIANGXIANG})).await, ["FORBIDDEN"]);
        assert_eq!(cadre.codes(STAFF, json!({"code": XIANGTAN})).await, ["FORBIDDEN"]);
        let neighbour = app.person("LEADER", SHAOSHAN).await;
        assert_eq!(neighbour.data(STAFF, json!({"code": XIANGXIANG})).await["federation"], json!(null));
    }

    async fn what_was_set_wrongly_is_withdrawn_until_it_is_signed(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let id = set(&leader, &finance, "经费收缴到位", "2026-11-30").await;
        let kept = set(&leader, &finance, "编制年度预算", "2026-12-31").await;
        let withdrawal = |id: &Value, version: i32| json!({"id": id, "expectedVersion": version, "reason": "任务下达给了错误的责任人"});

        assert_eq!(app.person("LEADER", SHAOSHAN).await.refused(WITHDRAW, withdrawal(&id, 1)).await, ["NOT_FOUND id"]);
        assert_eq!(app.person("AUDITOR", XIANGXIANG).await.refused(WITHDRAW, withdrawal(&id, 1)).await, ["FORBIDDEN"]);
        assert_eq!(finance.refused(WITHDRAW, withdrawal(&id, 1)).await, ["FORBIDDEN"], "it is theirs");
        assert_eq!(leader.refused(WITHDRAW, withdrawal(&id, 2)).await, ["CONFLICT expectedVersion"]);
        let mut short = withdrawal(&id, 1);
        short["reason"] = json!("错误");
        assert_eq!(leader.refused(WITHDRAW, short).await, ["INVALID reason"]);
        let mut keyed = withdrawal(&id, 1);
        keyed["idempotencyKey"] = json!("withdraw");
        let done = leader.done(WITHDRAW, keyed.clone()).await;
        assert_eq!(done["withdrawnId"], id);
        assert_eq!(leader.done(WITHDRAW, keyed).await, done);
        assert_eq!(leader.refused(WITHDRAW, withdrawal(&id, 1)).await, ["NOT_FOUND id"]);
        assert_eq!(tasks(&finance, json!({})).await, ["编制年度预算"]);
        let told = bodies(&app, "STAFF_GOAL_WITHDRAWN").await;
        assert_eq!((told.len(), &told[0]["reason"], &told[0]["dueOn"]), (1, &json!("任务下达给了错误的责任人"), &json!("2026-11-30")));

        finance.done(SIGN_GOAL, letter(&kept, 1)).await;
        assert_eq!(leader.refused(WITHDRAW, withdrawal(&kept, 2)).await, ["CONFLICT id"]);
        // Who comes too late sees what there is.
        let late = leader.data(SIGN_GOAL, json!({"input": letter(&kept, 1)})).await["signStaffGoal"].take();
        assert_eq!((&late["userErrors"][0]["field"], &late["staffGoal"]["state"]), (&json!(["expectedVersion"]), &json!("SIGNED")));
    }

    async fn neighbours_and_others_of_the_office_see_nothing_of_it(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let neighbour = app.person("LEADER", SHAOSHAN).await;
        let id = set(&leader, &finance, "经费收缴到位", "2026-11-30").await;

        assert_eq!(finance.data(NODE, json!({"id": id})).await["node"]["federation"]["code"], XIANGXIANG);
        assert_eq!(app.person("AUDITOR", XIANGXIANG).await.data(NODE, json!({"id": id})).await["node"]["task"], "经费收缴到位");
        let colleague = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        for stranger in [&neighbour, &colleague, &app.person("LEADER", YUESHAN).await] {
            assert_eq!(stranger.data(NODE, json!({"id": id})).await["node"], json!(null));
            assert_eq!(stranger.refused(SIGN_GOAL, letter(&id, 1)).await, ["NOT_FOUND id"]);
            assert_eq!(stranger.refused(REVIEW, review(&id, 1)).await, ["NOT_FOUND id"]);
            assert_eq!(tasks(stranger, json!({})).await, [""; 0]);
        }
        assert_eq!(neighbour.refused(SET_GOAL, goal(&app, &finance, "越界", "2026-11-30").await).await, ["NOT_FOUND federationId"]);
        assert_eq!(finance.refused(SET_GOAL, goal(&app, &finance, "自定", "2026-11-30").await).await, ["FORBIDDEN"]);
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        assert_eq!(auditor.refused(SIGN_GOAL, letter(&id, 1)).await, ["FORBIDDEN"]);
        assert_eq!(app.anonymous().codes(SIGN_GOAL, json!({"input": letter(&id, 1)})).await, ["UNAUTHENTICATED"]);
    }
}
