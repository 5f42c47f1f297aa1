//! Targets that were issued wrongly, and how exactly it is known what was reached of the others.

use crate::people::bodies;
use crate::support::Caller;
use crate::support::register::{YUESHAN, found};
use crate::support::returns::report;
use crate::support::targets::*;
use crate::support::tree::*;
use serde_json::{Value, json};

const WITHDRAW: &str = "mutation($input: WithdrawTarget!) { withdrawTarget(input: $input) { withdrawnId userErrors { code field message } } }";
const LIST: &str = "query($code: DivisionCode) { federation(code: $code) { targets { nodes { amount state decomposition { childrenCount childrenSum difference } } } } }";
const RANKING: &str = "query($code: DivisionCode, $metric: MetricCode!, $level: FederationLevel!, $by: RankingBy!) { federation(code: $code) { \
    ranking(metric: $metric, level: $level, by: $by) { federation { code } value qualifier percent } } }";
const NODE: &str = "query($id: ID!) { node(id: $id) { ... on Target { amendments { amount } progress { actual qualifier pace } } } }";

fn withdrawal(id: &str, expected_version: i32) -> Value {
    json!({"id": id, "expectedVersion": expected_version, "reason": "年初指标误下达至该单位"})
}

async fn listed(caller: &Caller, code: &str) -> Value {
    caller.data(LIST, json!({"code": code})).await["federation"]["targets"]["nodes"].take()
}

async fn ranking(caller: &Caller, (code, metric, level, by): (&str, &str, &str, &str)) -> Value {
    let asked = json!({"code": code, "metric": metric, "level": level, "by": by});
    caller.data(RANKING, asked).await["federation"]["ranking"].take()
}

both! {
    async fn what_was_issued_wrongly_counts_nowhere_and_stays_in_the_trail(app: App) {
        let (city, county) = (app.person("CADRE", XIANGTAN).await, app.person("CADRE", XIANGXIANG).await);
        issue(&city, (&app.gid(XIANGTAN), "visits"), &[(XIANGXIANG, "30")]).await;
        let ids = issue(&county, (&app.gid(XIANGXIANG), "visits"), &[(YUESHAN, "3"), (WANGCHUNMEN, "20")]).await;
        let wrong = &ids[1];
        county.done(AMEND, json!({"id": wrong, "expectedVersion": 1, "amount": "25", "reason": REASON})).await;

        for (role, code, answer) in [
            ("CADRE", WANGCHUNMEN, "FORBIDDEN"),
            ("FINANCE", XIANGXIANG, "FORBIDDEN"),
            ("CADRE", YUESHAN, "NOT_FOUND id"),
            ("CADRE", SHAOSHAN, "NOT_FOUND id"),
        ] {
            assert_eq!(app.person(role, code).await.refused(WITHDRAW, withdrawal(wrong, 2)).await, [answer], "{role} {code}");
        }
        assert_eq!(county.refused(WITHDRAW, withdrawal(wrong, 1)).await, ["CONFLICT expectedVersion"]);
        let mut short = withdrawal(wrong, 2);
        short["reason"] = json!("误下达");
        assert_eq!(county.refused(WITHDRAW, short).await, ["INVALID reason"]);
        let mut keyed = withdrawal(wrong, 2);
        keyed["idempotencyKey"] = json!("withdraw");
        let done = county.done(WITHDRAW, keyed.clone()).await;
        assert_eq!(done["withdrawnId"], json!(wrong));
        assert_eq!(county.done(WITHDRAW, keyed).await, done);
        assert_eq!(county.refused(WITHDRAW, withdrawal(wrong, 2)).await, ["NOT_FOUND id"]);

        assert_eq!(county.data(NODE, json!({"id": wrong})).await["node"], json!(null));
        assert_eq!(listed(&county, WANGCHUNMEN).await, json!([]));
        assert_eq!(listed(&county, XIANGXIANG).await[0]["decomposition"], json!({"childrenCount": 1, "childrenSum": "3", "difference": "-27"}));
        let ranked = ranking(&county, (XIANGXIANG, "visits", "TOWNSHIP", "COMPLETION")).await;
        assert_eq!(ranked, json!([{"federation": {"code": YUESHAN}, "value": "0", "qualifier": "EXACT", "percent": "0.00"}]));
        assert_eq!(bodies(&app, "TARGET_WITHDRAWN").await, [json!({
            "metric": "visits", "dimension": "", "year": 2026, "amount": 20, "reason": "年初指标误下达至该单位",
            "amendments": [{"amount": 25, "effectiveOn": "2026-06-20", "reason": REASON}],
        })]);
        issue(&county, (&app.gid(XIANGXIANG), "visits"), &[(WANGCHUNMEN, "2")]).await;
    }

    async fn what_was_closed_before_counts_again(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        found(&app.person("CADRE", XIANGXIANG).await, YUESHAN, "SINGLE", 1).await;
        let top = app.gid(XIANGTAN);
        let first = issue(&city, (&top, "trade_unions"), &[(XIANGXIANG, "65")]).await.remove(0);
        city.done(CLOSE, json!({"id": first, "expectedVersion": 1})).await;
        let second = issue(&city, (&top, "trade_unions"), &[(XIANGXIANG, "10")]).await.remove(0);
        let percent = async || ranking(&city, (XIANGTAN, "trade_unions", "COUNTY", "COMPLETION")).await[0]["percent"].take();
        assert_eq!(percent().await, json!("10.00"));

        city.done(WITHDRAW, withdrawal(&second, 1)).await;

        assert_eq!(percent().await, json!("1.54"));
        assert_eq!(listed(&city, XIANGXIANG).await[0]["state"], json!("CLOSED"));
        assert_eq!(city.refused(WITHDRAW, withdrawal(&first, 2)).await, ["CONFLICT id"], "what is closed stays as it is");
    }

    async fn what_both_signed_is_not_withdrawn(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        let id = issue(&city, (&app.gid(XIANGTAN), "visits"), &[(XIANGXIANG, "30")]).await.remove(0);
        city.done(SIGN, json!({"id": id, "expectedVersion": 1, "signedOn": "2026-01-15", "signers": "市总主席、湘乡市总主席"})).await;

        assert_eq!(city.refused(WITHDRAW, withdrawal(&id, 2)).await, ["CONFLICT id"]);
        assert_eq!(listed(&city, XIANGXIANG).await[0]["state"], json!("SIGNED"));
    }

    async fn at_least_five_hundred_of_five_hundred_is_fulfilled_and_at_least(app: App) {
        let (city, county) = (app.person("CADRE", XIANGTAN).await, app.person("CADRE", XIANGXIANG).await);
        let half = (XIANGXIANG, "2026-01-01", "2026-06-20");
        report(&county, &city, half, &[("publicity_banners", "", "500", "AT_LEAST")]).await;
        let id = issue(&city, (&app.gid(XIANGTAN), "publicity_banners"), &[(XIANGXIANG, "500")]).await.remove(0);

        let now = county.data(NODE, json!({"id": id})).await["node"]["progress"].take();
        assert_eq!(now, json!({"actual": "500", "qualifier": "AT_LEAST", "pace": "FULFILLED"}));
        for (by, percent) in [("COMPLETION", json!("100.00")), ("VALUE", json!(null))] {
            let ranked = ranking(&city, (XIANGTAN, "publicity_banners", "COUNTY", by)).await;
            assert_eq!(ranked[0], json!({"federation": {"code": XIANGXIANG}, "value": "500", "qualifier": "AT_LEAST", "percent": percent}));
        }
    }
}
