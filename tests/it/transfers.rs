//! Members on the way to another union: submitted on one side, accepted on the other, or by the superior of both.

use crate::moves::MOVE_TRADE_UNION;
use crate::support::Caller;
use crate::support::members::{accept, change, going, join, step, submit, transfer};
use crate::support::register::{YUESHAN, figures, found};
use crate::support::tree::*;
use crate::verify::first_break;
use chrono::TimeDelta;
use serde_json::{Value, json};

const WAITING: &str = "query($code: DivisionCode, $late: Boolean) { federation(code: $code) { transferDays \
    transfersWaiting(isEscalated: $late) { nodes { id mayDecide personName oldUnionName membership { id } } } } }";
const DEADLINE: &str = "mutation($input: SetTransferDeadline!) { setTransferDeadline(input: $input) { federation { transferDays } userErrors { code field message } } }";

async fn waiting(caller: &Caller, code: &str, late: Option<bool>) -> Vec<Value> {
    let found = caller.data(WAITING, json!({"code": code, "late": late})).await;
    found["federation"]["transfersWaiting"]["nodes"]
        .as_array()
        .unwrap()
        .clone()
}

/// Members and net growth at a place on a day.
async fn counted(caller: &Caller, code: &str, day: &str) -> (String, String) {
    let found = figures(
        caller,
        code,
        &["members", "members_net_added"],
        json!({"from": "2026-01-01", "to": day}),
    )
    .await;
    let text = |metric: &str| found[metric].as_str().unwrap().to_owned();
    (text("members"), text("members_net_added"))
}

fn pair(members: &str, net: &str) -> (String, String) {
    (members.to_owned(), net.to_owned())
}

both! {
    async fn a_member_goes_over_on_a_day_with_their_data_and_nothing_is_added_above(app: App) {
        let out = app.person("CADRE", XIANGXIANG).await;
        let into = app.person("CADRE", SHAOSHAN).await;
        let city = app.person("LEADER", XIANGTAN).await;
        let (from, to) = (found(&out, YUESHAN, "SINGLE", 1).await, found(&into, QINGXI, "SINGLE", 2).await);
        let (somebody, membership) = join(&out, (YUESHAN, &from), (1, "2026-02-01")).await;
        out.done(&change("issueCard", "IssueCard"), json!({"membershipId": membership, "number": "HN0001", "on": "2026-02-01"})).await;

        let id = submit(&out, going(&membership, 1, &to, "2026-05-01")).await;
        assert_eq!(waiting(&out, XIANGXIANG, None).await, [] as [Value; 0]);
        let seen = waiting(&into, SHAOSHAN, None).await;
        let expected = json!({"id": id, "mayDecide": true, "personName": "王*明", "oldUnionName": "湘中第1工会委员会", "membership": null});
        assert_eq!(seen, [expected]);
        assert_eq!(counted(&city, XIANGXIANG, "2026-06-20").await, pair("1", "1"), "a member until the other side accepts");
        let accepted = accept(&into, &id).await;

        assert_eq!((&accepted["transfer"]["state"], &accepted["transfer"]["mayDecide"]), (&json!("ACCEPTED"), &json!(false)));
        for (code, day, expected) in [
            (XIANGXIANG, "2026-04-30", pair("1", "1")),
            (XIANGXIANG, "2026-05-01", pair("0", "0")),
            (SHAOSHAN, "2026-04-30", pair("0", "0")),
            (SHAOSHAN, "2026-05-01", pair("1", "1")),
            (XIANGTAN, "2026-04-30", pair("1", "1")),
            (XIANGTAN, "2026-05-01", pair("1", "1")),
        ] {
            assert_eq!(counted(&city, code, day).await, expected, "{code} {day}");
        }
        let recruited = figures(&city, SHAOSHAN, &["members_recruited"], json!({"from": "2026-01-01", "to": "2026-06-20"})).await;
        assert_eq!(recruited["members_recruited"], "0", "nobody was recruited");
        let person = "query($id: ID!) { node(id: $id) { ... on Person { memberships { nodes { state cameBy } } } } }";
        let followed = into.data(person, json!({"id": somebody})).await["node"]["memberships"]["nodes"].take();
        assert_eq!(followed, json!([{"state": "ACTIVE", "cameBy": "TRANSFER"}]), "the data goes along");
        assert_eq!(out.data(person, json!({"id": somebody})).await["node"], Value::Null);
        let left = "query($id: ID!) { node(id: $id) { ... on Membership { state leftOn person { name } cards { state } } } }";
        let left = out.data(left, json!({"id": membership})).await["node"].take();
        assert_eq!(left, json!({"state": "TRANSFERRED", "leftOn": "2026-05-01", "person": null, "cards": [{"state": "CANCELLED"}]}));
        assert_eq!(into.refused(&transfer("acceptTransfer", "AcceptTransfer"), json!({"id": id, "expectedVersion": 2})).await, ["CONFLICT id"]);
        assert_eq!(first_break(&app).await, None);
    }

    async fn what_is_wrong_with_a_transfer_is_named(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let into = app.person("CADRE", SHAOSHAN).await;
        let (from, to) = (found(&cadre, YUESHAN, "SINGLE", 1).await, found(&into, QINGXI, "SINGLE", 2).await);
        let (_, membership) = join(&cadre, (YUESHAN, &from), (1, "2026-03-01")).await;
        let go = transfer("transferMember", "TransferMember");
        for (who, input, expected) in [
            (&cadre, going(&membership, 1, &from, "2026-05-01"), "INVALID tradeUnionId"),
            (&cadre, going(&membership, 2, &to, "2026-05-01"), "CONFLICT expectedVersion"),
            (&cadre, going(&membership, 1, &to, "2026-02-28"), "INVALID on"),
            (&cadre, going(&membership, 1, &to, "2026-06-21"), "INVALID on"),
            (&cadre, going(&membership, 1, &membership, "2026-05-01"), "NOT_FOUND tradeUnionId"),
            (&into, going(&membership, 1, &to, "2026-05-01"), "NOT_FOUND membershipId"),
        ] {
            assert_eq!(who.refused(&go, input.clone()).await, [expected], "{input}");
        }
        let leader = app.person("LEADER", XIANGXIANG).await;
        assert_eq!(leader.refused(&go, going(&membership, 1, &to, "2026-05-01")).await, ["FORBIDDEN"]);
        let sent = json!({"input": going(&membership, 1, &to, "2026-05-01")});
        let (one, other) = tokio::join!(cadre.data(&go, sent.clone()), cadre.data(&go, sent));
        let codes: Vec<&Value> = [&one, &other].iter().map(|answer| &answer["transferMember"]["userErrors"][0]["code"]).collect();
        assert!(codes.contains(&&json!("CONFLICT")) && codes.contains(&&Value::Null), "two at once: {codes:?}");
        assert_eq!(cadre.refused(&go, going(&membership, 2, &to, "2026-05-01")).await, ["CONFLICT membershipId"]);
        let withdraw = change("withdrawMember", "ChangeMembership");
        assert_eq!(cadre.refused(&withdraw, step(&membership, 2, "2026-06-01")).await, ["CONFLICT id"]);

        let id = waiting(&into, SHAOSHAN, None).await[0]["id"].as_str().unwrap().to_owned();
        let refuse = transfer("refuseTransfer", "RefuseTransfer");
        assert_eq!(into.refused(&refuse, json!({"id": id, "expectedVersion": 1, "reason": " "})).await, ["INVALID reason"]);
        assert_eq!(cadre.refused(&refuse, json!({"id": id, "expectedVersion": 1, "reason": "越权"})).await, ["NOT_FOUND id"]);
        let refused = into.done(&refuse, json!({"id": id, "expectedVersion": 1, "reason": "用人单位不在本地"})).await;
        assert_eq!((&refused["transfer"]["state"], &refused["transfer"]["refusal"]), (&json!("REFUSED"), &json!("用人单位不在本地")));
        cadre.done(&withdraw, step(&membership, 3, "2026-06-01")).await;
    }

    async fn what_waits_too_long_goes_up_to_the_superior_of_both(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let (out, into) = (app.person("CADRE", YUESHAN).await, app.person("CADRE", WANGCHUNMEN).await);
        let (from, to) = (found(&out, YUESHAN, "SINGLE", 1).await, found(&into, WANGCHUNMEN, "SINGLE", 2).await);
        let accepting = transfer("acceptTransfer", "AcceptTransfer");
        assert_eq!(county.refused(DEADLINE, json!({"federationId": app.gid(XIANGXIANG), "days": 0, "from": "2026-06-19"})).await, ["INVALID days", "INVALID from"]);
        assert_eq!(into.refused(DEADLINE, json!({"federationId": app.gid(XIANGXIANG), "days": 7, "from": "2026-06-20"})).await, ["FORBIDDEN"]);
        let days = async |code: &str| county.data(WAITING, json!({"code": code})).await["federation"]["transferDays"].clone();
        assert_eq!(days(WANGCHUNMEN).await, 30);
        county.done(DEADLINE, json!({"federationId": app.gid(XIANGXIANG), "days": 7, "from": "2026-06-20"})).await;
        county.done(DEADLINE, json!({"federationId": app.gid(YUESHAN), "days": 90, "from": "2026-06-20"})).await;
        assert_eq!((days(WANGCHUNMEN).await, days(YUESHAN).await), (json!(7), json!(90)), "the nearest says it");
        let (_, membership) = join(&out, (YUESHAN, &from), (1, "2026-03-01")).await;
        let id = submit(&out, going(&membership, 1, &to, "2026-05-01")).await;

        let asked = json!({"id": id, "expectedVersion": 1});
        assert_eq!(county.refused(&accepting, asked.clone()).await, ["FORBIDDEN"]);
        assert_eq!(out.refused(&accepting, asked).await, ["NOT_FOUND id"]);
        assert_eq!(waiting(&county, XIANGXIANG, Some(true)).await, [] as [Value; 0]);
        app.settle().await;
        app.advance(TimeDelta::days(7));
        let county = app.sign_in(&format!("cadre.{}", app.federation(XIANGXIANG))).await;
        let late = waiting(&county, XIANGXIANG, Some(true)).await;
        assert_eq!((&late[0]["id"], &late[0]["mayDecide"]), (&json!(id), &json!(true)));
        accept(&county, &id).await;
        assert_eq!(counted(&county, WANGCHUNMEN, "2026-06-20").await, pair("1", "1"));
        assert_eq!(first_break(&app).await, None);
    }

    async fn members_move_with_their_union_and_who_dies_goes_nowhere(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        let (out, into) = (app.person("CADRE", XIANGXIANG).await, app.person("CADRE", SHAOSHAN).await);
        let (union, other) = (found(&out, YUESHAN, "SINGLE", 1).await, found(&out, WANGCHUNMEN, "SINGLE", 2).await);
        let (somebody, membership) = join(&out, (YUESHAN, &union), (1, "2026-03-01")).await;
        let (_, second) = join(&out, (YUESHAN, &union), (2, "2026-03-01")).await;
        let (_, third) = join(&out, (WANGCHUNMEN, &other), (3, "2026-03-01")).await;
        submit(&out, going(&third, 1, &union, "2026-04-01")).await;
        let go = json!({"id": union, "federationId": app.gid(QINGXI), "on": "2026-05-01", "reason": "整合", "expectedVersion": 1});
        city.done(MOVE_TRADE_UNION, go).await;

        let seen = "query($id: ID!) { node(id: $id) { ... on Membership { person { id } federation { code } } } }";
        assert_eq!(out.data(seen, json!({"id": membership})).await["node"], Value::Null);
        assert_eq!(into.data(seen, json!({"id": membership})).await["node"], json!({"person": {"id": somebody}, "federation": {"code": QINGXI}}));
        assert_eq!(waiting(&into, SHAOSHAN, None).await.len(), 1, "the transfer follows the union");
        // A late entry dated before the move counts at the old place, and is carried over.
        into.done(&change("withdrawMember", "ChangeMembership"), step(&second, 1, "2026-04-15")).await;
        for (code, day, expected) in [
            (XIANGXIANG, "2026-04-14", pair("3", "3")),
            (XIANGXIANG, "2026-04-30", pair("2", "2")),
            (XIANGXIANG, "2026-05-01", pair("1", "2")),
            (SHAOSHAN, "2026-04-30", pair("0", "0")),
            (SHAOSHAN, "2026-05-01", pair("1", "0")),
            (XIANGTAN, "2026-06-20", pair("2", "2")),
        ] {
            assert_eq!(counted(&city, code, day).await, expected, "{code} {day}");
        }
        out.done(&change("recordDeath", "ChangeMembership"), step(&third, 2, "2026-05-10")).await;
        assert_eq!(waiting(&into, SHAOSHAN, None).await, [] as [Value; 0]);
        assert_eq!(first_break(&app).await, None);
        app.settle().await;
        assert_eq!(first_break(&app).await, None);
    }
}
