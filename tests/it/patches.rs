//! Who is responsible for which township.

use crate::support::Caller;
use crate::support::register::{ASSIGN_PATCH, YUESHAN, record, register};
use crate::support::tree::*;
use serde_json::{Value, json};

const END: &str = "mutation($input: EndPatch!) { endPatch(input: $input) { patch { id to } userErrors { code field message } } }";
const LISTED: &str = "query($code: DivisionCode, $withPast: Boolean! = false) { federation(code: $code) { \
    patches(withPast: $withPast) { nodes { purpose groupName federation { code } } } } }";
const OWN: &str = "{ viewer { patches { nodes { purpose } } } }";

both! {
    async fn a_leader_is_responsible_for_a_township_until_it_is_handed_over(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let colleague = cadre.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
        let patch = |purpose: &str, account: &Value| json!({"federationId": app.gid(YUESHAN), "accountId": account, "purpose": purpose, "from": "2026-01-01"});

        let done = leader.done(ASSIGN_PATCH, patch("包乡包镇", &json!(null))).await;
        let mut group = patch("联片督查", &colleague);
        group["groupName"] = json!("第一组");
        leader.done(ASSIGN_PATCH, group).await;

        let id = done["patch"]["id"].clone();
        assert_eq!(leader.refused(ASSIGN_PATCH, patch("再次", &json!(null))).await, ["CONFLICT accountId"]);
        assert_eq!(leader.refused(ASSIGN_PATCH, patch(" ", &colleague)).await, ["INVALID purpose"]);
        assert_eq!(leader.data(OWN, json!({})).await["viewer"]["patches"]["nodes"], json!([{"purpose": "包乡包镇"}]));
        assert_eq!(cadre.data(OWN, json!({})).await["viewer"]["patches"]["nodes"], json!([{"purpose": "联片督查"}]));
        let township = app.person("AUDITOR", YUESHAN).await;
        let listed = township.data(LISTED, json!({"code": YUESHAN})).await["federation"]["patches"]["nodes"].take();
        let at = |purpose: &str, group: Value| json!({"purpose": purpose, "groupName": group, "federation": {"code": YUESHAN}});
        assert_eq!(listed, json!([at("联片督查", json!("第一组")), at("包乡包镇", json!(null))]));

        assert_eq!(leader.refused(END, json!({"id": id, "to": "2026-01-01"})).await, ["CONFLICT to"]);
        let ended = leader.done(END, json!({"id": id, "to": "2026-06-20"})).await;
        assert_eq!(leader.done(END, json!({"id": id, "to": "2026-06-20"})).await, ended);
        assert_eq!(leader.refused(END, json!({"id": id, "to": "2026-06-21"})).await, ["CONFLICT to"]);

        assert_eq!(leader.data(OWN, json!({})).await["viewer"]["patches"]["nodes"], json!([]));
        for (with_past, count) in [(false, 1), (true, 2)] {
            let listed = cadre.data(LISTED, json!({"code": XIANGXIANG, "withPast": with_past})).await;
            assert_eq!(listed["federation"]["patches"]["nodes"].as_array().unwrap().len(), count);
        }
        let mut next = patch("继续包干", &json!(null));
        assert_eq!(leader.refused(ASSIGN_PATCH, next.clone()).await, ["CONFLICT accountId"], "it was responsible then");
        next["from"] = json!("2026-06-20");
        leader.done(ASSIGN_PATCH, next).await;
    }

    async fn a_patch_shows_the_visits_that_its_time_saw(app: App) {
        const VISITS: &str = "query($code: DivisionCode, $first: Int) { federation(code: $code) { patches(withPast: true) { nodes { \
            visits(first: $first) { totalCount nodes { startedAt } } } } } }";
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let other = app.person("CADRE", XIANGTAN).await;
        let (here, there) = (register(&cadre, YUESHAN, 1).await, register(&cadre, WANGCHUNMEN, 2).await);
        let at = |day: &str| format!("{day}T09:30:00+08:00");
        for (number, day) in (1..).zip(["2026-02-28", "2026-03-01", "2026-05-31", "2026-06-01"]) {
            record(&cadre, &here, number, &at(day)).await;
        }
        record(&cadre, &there, 11, &at("2026-04-01")).await;
        record(&other, &here, 12, &at("2026-04-01")).await;
        let patch = json!({"federationId": app.gid(YUESHAN), "purpose": "走访企业", "from": "2026-03-01", "to": "2026-06-01"});
        cadre.done(ASSIGN_PATCH, patch.clone()).await;

        let visits = async |caller: &Caller, first: i32| {
            let found = caller.data(VISITS, json!({"code": YUESHAN, "first": first})).await;
            found["federation"]["patches"]["nodes"].as_array().unwrap().iter().map(|patch| patch["visits"].clone()).collect::<Vec<_>>()
        };
        let seen = json!({"totalCount": 2, "nodes": [{"startedAt": "2026-05-31T01:30:00Z"}, {"startedAt": "2026-03-01T01:30:00Z"}]});
        assert_eq!(visits(&cadre, 20).await, [seen]);
        assert_eq!(visits(&app.person("LEADER", YUESHAN).await, 1).await[0]["nodes"], json!([{"startedAt": "2026-05-31T01:30:00Z"}]));
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        assert_eq!(auditor.codes(VISITS, json!({"code": YUESHAN})).await, ["FORBIDDEN"], "they see no visits");
        let neighbour = app.person("LEADER", SHAOSHAN).await;
        assert_eq!(neighbour.data(VISITS, json!({"code": YUESHAN})).await["federation"], json!(null));

        let before = app.statements();
        visits(&cadre, 20).await;
        let of_one = app.statements() - before;
        let mut theirs = patch;
        theirs["from"] = json!("2026-01-01");
        other.done(ASSIGN_PATCH, theirs).await;
        let before = app.statements();
        assert_eq!(visits(&cadre, 20).await.len(), 2);
        assert_eq!(app.statements() - before, of_one);
    }

    async fn a_neighbour_sees_and_assigns_nothing_of_it(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let neighbour = app.person("LEADER", SHAOSHAN).await;
        let input = |account: Value| json!({"federationId": app.gid(YUESHAN), "accountId": account, "purpose": "包乡包镇", "from": "2026-01-01"});
        let id = leader.done(ASSIGN_PATCH, input(json!(null))).await["patch"]["id"].take();
        let theirs = neighbour.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();

        assert_eq!(leader.refused(ASSIGN_PATCH, input(theirs)).await, ["NOT_FOUND accountId"]);
        assert_eq!(neighbour.refused(ASSIGN_PATCH, input(json!(null))).await, ["NOT_FOUND federationId"]);
        assert_eq!(neighbour.refused(END, json!({"id": id, "to": "2026-06-20"})).await, ["NOT_FOUND id"]);
        assert_eq!(neighbour.data("query($id: ID!) { node(id: $id) { id } }", json!({"id": id})).await["node"], json!(null));
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        assert_eq!(auditor.refused(END, json!({"id": id, "to": "2026-06-20"})).await, ["FORBIDDEN"]);
        assert_eq!(app.anonymous().data(OWN, json!({})).await["viewer"]["patches"]["nodes"], json!([]));
    }
}
