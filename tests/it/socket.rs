//! GraphQL over a WebSocket: who may open one, and what it answers.

use crate::http::overflowing;
use crate::support::register::{record, register};
use crate::support::socket::{Said, Socket};
use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

const COUNTY: &str = "{ federation(code: \"430381000000\") { name } }";

const LOGOUT: &str = "mutation { logout { userErrors { code } } }";
const VISITS: &str =
    "subscription($id: ID!, $after: String) { visitRecorded(federationId: $id, after: $after) { cursor } }";

fn code(payload: &Value) -> &str {
    payload["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or("no code")
}

/// Somebody who watches the visits of 湘乡市, has seen one, and the enterprise where another one can be recorded.
async fn watching(app: &App) -> (Socket, Caller, String) {
    let cadre = app.person("CADRE", WANGCHUNMEN).await;
    let leader = app.person("LEADER", XIANGXIANG).await;
    let enterprise = register(&cadre, WANGCHUNMEN, 1).await;
    let mut socket = leader
        .subscribe(VISITS, json!({"id": app.gid(XIANGXIANG), "after": "0"}))
        .await;
    record(&cadre, &enterprise, 1, "2026-06-19T09:00:00+08:00").await;
    app.settle().await;
    socket.data().await;
    (socket, cadre, enterprise)
}

/// Another visit is recorded: how the watcher's subscription ends.
async fn ends_with(app: &App, (mut socket, cadre, enterprise): (Socket, Caller, String)) -> String {
    record(&cadre, &enterprise, 2, "2026-06-19T10:00:00+08:00").await;
    app.settle().await;
    let last = socket.next().await;
    assert!(last["data"].is_null(), "{last}");
    assert!(socket.is_over().await);
    code(&last).to_owned()
}

async fn write(app: &App, sql: &str) {
    let db = sea_orm::Database::connect(app.url()).await.unwrap();
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}

both! {
    async fn a_socket_acts_as_whoever_signed_in_on_it(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;

        let own = cadre.subscribe(COUNTY, json!({})).await.data().await;
        let beside = neighbour.subscribe(COUNTY, json!({})).await.data().await;
        let nobody = app.anonymous().subscribe(COUNTY, json!({})).await.next().await;

        assert_eq!(own["federation"]["name"], "湘乡市总工会");
        assert_eq!(beside["federation"], json!(null));
        assert_eq!(nobody["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }

    async fn a_socket_answers_several_operations_and_ends_each(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let (mut socket, _) = cadre.open_socket().await;

        socket.subscribe("a", "{ __typename }", json!({})).await;
        let answer = socket.data().await;
        let end = socket.hear().await;
        socket.subscribe("b", "{ nothing }", json!({})).await;
        let refused = socket.hear().await;

        assert_eq!(answer, json!({"__typename": "Query"}));
        assert_eq!(end, Said::Message(json!({"type": "complete", "id": "a"})));
        let Said::Message(refused) = refused else { panic!("{refused:?}") };
        assert_eq!(refused["id"], "b");
        assert!(refused.to_string().contains("GRAPHQL_VALIDATION_FAILED"), "{refused}");
    }

    async fn a_socket_with_a_bad_token_is_closed(app: App) {
        let stranger = Caller { token: Some("nonsense".to_owned()), ..app.anonymous() };

        let (_, said) = stranger.open_socket().await;

        assert!(matches!(said, Said::Closed(_)), "{said:?}");
    }

    async fn messages_on_a_socket_come_in_its_language(app: App) {
        let answer = app.anonymous().in_chinese().subscribe(COUNTY, json!({})).await.next().await;

        assert_eq!(answer["errors"][0]["message"], "请先登录。");
    }

    async fn a_document_that_would_overflow_the_stack_is_refused_and_the_next_is_answered(app: App) {
        for document in overflowing().into_iter().filter(|document| json!(document).to_string().len() < 60_000) {
            let (mut socket, _) = app.anonymous().open_socket().await;
            socket.subscribe("1", &document, json!({})).await;
            let Said::Message(refused) = socket.hear().await else { panic!("closed on {document:.40}") };
            assert!(refused.to_string().contains("BAD_REQUEST"), "{document:.40}: {refused}");
        }

        let next = app.anonymous().subscribe("{ __typename }", json!({})).await.data().await;

        assert_eq!(next, json!({"__typename": "Query"}));
    }

    async fn a_nul_character_is_refused_on_a_socket_too(app: App) {
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let mut socket = app.anonymous().subscribe(node, json!({"id": "a\u{0}"})).await;

        let Said::Message(refused) = socket.hear().await else { panic!("closed") };

        assert!(refused.to_string().contains("BAD_USER_INPUT"), "{refused}");
    }

    async fn signing_out_holds_for_a_socket_that_is_open(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let (mut socket, _) = cadre.open_socket().await;
        socket.subscribe("a", COUNTY, json!({})).await;
        let before = socket.data().await;
        assert!(socket.is_over().await);

        socket.subscribe("b", LOGOUT, json!({})).await;
        let signed_out = socket.data().await;
        assert!(socket.is_over().await);
        socket.subscribe("c", COUNTY, json!({})).await;
        let Said::Message(query) = socket.hear().await else { panic!("closed") };
        let is_error = query["type"] == "error";
        assert!(is_error || socket.is_over().await);
        socket.subscribe("d", VISITS, json!({"id": app.gid(XIANGXIANG)})).await;
        let Said::Message(subscription) = socket.hear().await else { panic!("closed") };

        assert_eq!(before["federation"]["name"], "湘乡市总工会");
        assert_eq!(signed_out["logout"]["userErrors"], json!([]));
        for refused in [query, subscription] {
            assert!(refused.to_string().contains("UNAUTHENTICATED"), "{refused}");
        }
    }

    async fn a_subscription_ends_with_its_session(app: App) {
        let watching = watching(&app).await;

        app.person("LEADER", XIANGXIANG).await.data(LOGOUT, json!({})).await;

        assert_eq!(ends_with(&app, watching).await, "UNAUTHENTICATED");
    }

    async fn a_subscription_ends_with_its_token(app: App) {
        let (socket, cadre, enterprise) = watching(&app).await;

        app.advance(TimeDelta::minutes(15));
        let username = format!("cadre.{}", app.federation(WANGCHUNMEN));
        let cadre = Caller { token: app.sign_in(&username).await.token, ..cadre };

        assert_eq!(ends_with(&app, (socket, cadre, enterprise)).await, "UNAUTHENTICATED");
    }

    async fn a_subscription_ends_with_its_account(app: App) {
        let watching = watching(&app).await;

        write(&app, "UPDATE account SET disabled_at = created_at WHERE username LIKE 'leader.%'").await;

        assert_eq!(ends_with(&app, watching).await, "UNAUTHENTICATED");
    }

    async fn a_subscription_begins_anew_when_the_grants_have_changed(app: App) {
        let watching = watching(&app).await;

        write(&app, "UPDATE role_grant SET valid_to = valid_from WHERE role = 'LEADER'").await;

        assert_eq!(ends_with(&app, watching).await, "GRANTS_CHANGED");
        let leader = app.person("LEADER", XIANGXIANG).await;
        let mut again = leader.subscribe(VISITS, json!({"id": app.gid(XIANGXIANG)})).await;
        assert_eq!(code(&again.next().await), "FORBIDDEN");
    }

    async fn a_cursor_beyond_the_newest_event_is_none(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        app.settle().await;

        for after in ["1000", "-1", "x", "9223372036854775807"] {
            let mut socket = cadre.subscribe(VISITS, json!({"id": app.gid(XIANGXIANG), "after": after})).await;
            let refused = socket.next().await;
            assert_eq!(refused["errors"][0]["extensions"], json!({"code": "INVALID", "field": "after"}), "{after}");
        }
    }
}
