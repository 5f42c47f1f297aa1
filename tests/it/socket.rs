//! GraphQL over a WebSocket: who may open one, what it answers, and with which code it is closed.

use crate::http::overflowing;
use crate::support::door::{Door, with};
use crate::support::register::{YUESHAN, record, register, visit};
use crate::support::socket::{Said, Socket, ack};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::config::{Live, Transport};
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;

const COUNTY: &str = "{ federation(code: \"430381000000\") { name } }";
const TYPENAME: &str = "{ __typename }";
const LOGOUT: &str = "mutation { logout { userErrors { code } } }";
const VISITS: &str = "subscription($id: ID!) { visitRecorded(federationId: $id) { cursor } }";
const RECORD: &str =
    "mutation($input: RecordVisit!) { recordVisit(input: $input) { visit { version } userErrors { code } } }";
const ECHO: &str = "query($text: String!) { text(text: $text) }";

/// Limits under which nothing has to be waited for.
fn quick(live: &mut Live) {
    live.ping = Duration::from_millis(50);
    live.farewell = Duration::from_millis(100);
}

fn init() -> Message {
    Message::text(json!({"type": "connection_init"}).to_string())
}

fn subscribe(id: &str, query: &str, variables: Value) -> Message {
    let payload = json!({"query": query, "variables": variables});
    Message::text(json!({"type": "subscribe", "id": id, "payload": payload}).to_string())
}

/// Somebody who watches the visits of 湘乡市 and has seen one, and the enterprise where another one can be recorded.
async fn watching(app: &App, door: Door) -> (Socket, Caller, String) {
    let cadre = app.person("CADRE", WANGCHUNMEN).await;
    let leader = app.person("LEADER", XIANGXIANG).await;
    let enterprise = register(&cadre, WANGCHUNMEN, 1).await;
    let variables = json!({"id": app.gid(XIANGXIANG), "after": "0"});
    let mut socket = leader.subscribe_at(door, VISITS, variables).await;
    record(&cadre, &enterprise, 1, "2026-06-19T09:00:00+08:00").await;
    app.settle().await;
    socket.data().await;
    (socket, cadre, enterprise)
}

async fn sign_out(app: &App) {
    app.person("LEADER", XIANGXIANG)
        .await
        .data(LOGOUT, json!({}))
        .await;
}

/// What a leader may do ends: with which codes their sockets are closed, and after how many messages: one on which
/// nothing happens, and one to which another visit would have to be told.
async fn end_by(app: &App, end: impl AsyncFnOnce()) -> [(u16, usize); 2] {
    let (quick, slow) = (app.reached(with(quick)).listen().await, app.listen().await);
    let (mut busy, cadre, enterprise) = watching(app, slow).await;
    let leader = app.person("LEADER", XIANGXIANG).await;
    let mut idle = leader
        .subscribe_at(quick, VISITS, json!({"id": app.gid(XIANGXIANG)}))
        .await;
    end().await;
    let idle = idle.closed().await;
    // Their token may have ended with the leader's.
    let token = app
        .sign_in(&format!("cadre.{}", app.federation(WANGCHUNMEN)))
        .await
        .token;
    let cadre = Caller { token, ..cadre };
    record(&cadre, &enterprise, 2, "2026-06-19T10:00:00+08:00").await;
    app.settle().await;
    [idle, busy.closed().await]
}

both! {
    async fn what_breaks_the_protocol_closes_the_socket_with_its_code(app: App) {
        let door = app.listen().await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let payload = json!({"authorization": format!("Bearer {}", leader.token.unwrap())});
        let init = || Message::text(json!({"type": "connection_init", "payload": payload}).to_string());
        let query = || subscribe("1", TYPENAME, json!({}));
        let live = |id: &str| subscribe(id, VISITS, json!({"id": app.gid(XIANGXIANG)}));
        let text = |text: &str| Message::text(text.to_owned());
        let cases = [
            (4400, vec![init(), text("not json")]),
            (4400, vec![init(), text("[]")]),
            (4400, vec![init(), text("{\"type\":\"nonsense\"}")]),
            (4400, vec![init(), text("{\"type\":\"subscribe\",\"id\":\"1\"}")]),
            (4400, vec![init(), text("{\"type\":\"subscribe\",\"payload\":{\"query\":\"{ a }\"}}")]),
            (4400, vec![text("{\"type\":\"connection_init\",\"payload\":1}")]),
            (4400, vec![text(&"[".repeat(10_000))]),
            (4400, vec![Message::binary("{\"type\":\"connection_init\"}")]),
            (4400, vec![init(), Message::binary(vec![0; 10])]),
            (4401, vec![query()]),
            (4401, vec![text("{\"type\":\"ping\"}"), live("1"), init()]),
            (4409, vec![init(), live("1"), live("2"), live("1")]),
            (4409, vec![init(), live(&"忙".repeat(100)), live(&"忙".repeat(100))]),
            (4429, vec![init(), init()]),
            (4429, vec![init(), live("1"), init()]),
        ];
        for (code, messages) in cases {
            let mut socket = door.socket().await;
            for message in messages.clone() {
                socket.send_as_it_is(message).await;
            }
            assert_eq!(socket.closed().await.0, code, "{messages:.100?}");
        }
    }

    async fn a_message_that_is_too_long_is_not_read(app: App) {
        let door = app.listen().await;
        let (mut socket, _) = app.anonymous().open_socket_at(door).await;

        // A frame's head: text, masked, of 64 KiB and one byte.
        socket.send_bytes(&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]).await;

        assert_eq!(socket.closed().await, (4400, 0));
    }

    async fn only_the_current_protocol_is_spoken(app: App) {
        let door = app.listen().await;

        let mut none = door.open(&[]).await.unwrap();
        let mut with_another = door.open(&[("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")]).await.unwrap();
        with_another.send_as_it_is(init()).await;

        assert_eq!(none.closed().await, (4406, 0));
        assert_eq!(with_another.hear().await, ack());
    }

    async fn who_does_not_say_who_they_are_is_closed_with_4408(app: App) {
        let door = app.reached(with(|live| live.init = Duration::from_millis(200))).listen().await;
        let mut socket = door.socket().await;

        socket.send(json!({"type": "ping"})).await;

        assert_eq!(socket.message().await, json!({"type": "pong"}));
        assert_eq!(socket.closed().await, (4408, 0));
    }

    async fn an_authorization_that_is_not_good_closes_the_socket_with_4403(app: App) {
        let door = app.listen().await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let token = leader.token.clone().unwrap();
        let good = format!("Bearer {token}");
        let mut refused = vec![json!(null), json!(""), json!(7), json!({}), json!([good]), json!("nonsense"), json!("Bearer nonsense"),
            json!(token), json!(format!("Basic {token}")), json!(format!("Bearer {token}x"))];
        let say = async |payload: Value| {
            let mut socket = door.socket().await;
            socket.send(json!({"type": "connection_init", "payload": payload})).await;
            socket.hear().await
        };

        let accepted = [json!({"authorization": good}), json!({"Authorization": good}), json!({"authorization": format!("bearer {token}")}), json!({})];
        for payload in accepted {
            assert_eq!(say(payload.clone()).await, ack(), "{payload}");
        }
        sign_out(&app).await;
        refused.push(json!(good));
        for authorization in refused {
            for name in ["authorization", "Authorization"] {
                assert_eq!(say(json!({name: authorization})).await, Said::Closed(4403), "{authorization}");
            }
        }
    }

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

    async fn a_query_and_a_mutation_are_answered_once_and_then_complete(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let (mut socket, _) = cadre.open_socket().await;
        let input = visit(&enterprise, 1, "2026-06-19T09:00:00+08:00");

        for (id, document, variables, data) in [
            ("a", TYPENAME, json!({}), json!({"__typename": "Query"})),
            ("b", RECORD, json!({"input": input}), json!({"recordVisit": {"visit": {"version": 1}, "userErrors": []}})),
        ] {
            socket.subscribe(id, document, variables).await;
            let answer = socket.message().await;
            assert_eq!((&answer["type"], &answer["id"], &answer["payload"]["data"]), (&json!("next"), &json!(id), &data));
            assert_eq!(socket.message().await, json!({"type": "complete", "id": id}));
        }
    }

    async fn what_no_field_was_run_for_is_an_error_and_the_socket_goes_on(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let (mut socket, _) = cadre.open_socket().await;

        for (document, code) in [
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription {", "GRAPHQL_PARSE_FAILED"),
            ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ] {
            socket.subscribe("1", document, json!({})).await;
            assert_eq!(socket.refused().await, [code], "{document}");
        }
        // Nothing came after the errors, and the id is free.
        socket.subscribe("1", TYPENAME, json!({})).await;
        assert_eq!(socket.data().await, json!({"__typename": "Query"}));
    }

    async fn a_subscription_that_is_refused_is_an_error_and_not_complete(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let (mut socket, _) = cadre.open_socket().await;

        for (variables, code) in [
            (json!({"id": app.gid(SHAOSHAN)}), "NOT_FOUND"),
            (json!({"id": app.gid(XIANGXIANG), "after": "x"}), "INVALID"),
        ] {
            socket.subscribe("1", VISITS, variables).await;
            assert_eq!(socket.refused().await, [code]);
        }
        socket.send(json!({"type": "ping"})).await;
        assert_eq!(socket.message().await, json!({"type": "pong"}));
    }

    async fn a_ping_is_answered_with_what_it_brought(app: App) {
        let door = app.listen().await;
        let mut socket = door.socket().await;
        let payload = json!({"n": 1, "工会": [null]});

        socket.send(json!({"type": "ping", "payload": payload})).await;
        assert_eq!(socket.message().await, json!({"type": "pong", "payload": payload}));
        socket.send_as_it_is(init()).await;
        assert_eq!(socket.hear().await, ack());
        for message in [json!({"type": "ping", "payload": payload}), json!({"type": "pong"}), json!({"type": "ping"})] {
            socket.send(message).await;
        }

        assert_eq!(socket.message().await, json!({"type": "pong", "payload": payload}));
        assert_eq!(socket.message().await, json!({"type": "pong"}));
    }

    async fn what_the_client_completes_says_nothing_more_and_its_id_is_free(app: App) {
        let (mut socket, cadre, enterprise) = watching(&app, app.listen().await).await;

        socket.send(json!({"type": "complete", "id": "1"})).await;
        socket.send(json!({"type": "complete", "id": "never begun"})).await;
        socket.send(json!({"type": "ping"})).await;
        assert_eq!(socket.message().await, json!({"type": "pong"}));
        record(&cadre, &enterprise, 2, "2026-06-19T10:00:00+08:00").await;
        app.settle().await;
        socket.subscribe("1", TYPENAME, json!({})).await;

        assert_eq!(socket.data().await, json!({"__typename": "Query"}));
        assert!(socket.is_over().await);
    }

    async fn one_operation_too_many_is_refused_and_the_others_go_on(app: App) {
        let door = app.reached(with(|live| live.operations = 1)).listen().await;
        let (mut socket, cadre, enterprise) = watching(&app, door).await;

        socket.subscribe("2", TYPENAME, json!({})).await;
        assert_eq!(socket.refused().await, ["RATE_LIMITED"]);
        record(&cadre, &enterprise, 2, "2026-06-19T10:00:00+08:00").await;
        app.settle().await;

        socket.data().await;
        socket.send(json!({"type": "complete", "id": "1"})).await;
        socket.subscribe("2", TYPENAME, json!({})).await;
        assert_eq!(socket.data().await, json!({"__typename": "Query"}));
    }

    async fn messages_on_a_socket_come_in_its_language(app: App) {
        let answer = app.anonymous().in_chinese().subscribe(COUNTY, json!({})).await.next().await;

        assert_eq!(answer["errors"][0]["message"], "请先登录。");
    }

    async fn a_document_that_would_overflow_the_stack_is_refused_and_the_next_is_answered(app: App) {
        let (mut socket, _) = app.anonymous().open_socket().await;
        for document in overflowing().into_iter().filter(|document| json!(document).to_string().len() < 60_000) {
            socket.subscribe("1", &document, json!({})).await;
            assert_eq!(socket.refused().await, ["BAD_REQUEST"], "{document:.40}");
        }

        socket.subscribe("1", TYPENAME, json!({})).await;

        assert_eq!(socket.data().await, json!({"__typename": "Query"}));
    }

    async fn a_nul_character_is_refused_on_a_socket_too(app: App) {
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let mut socket = app.anonymous().subscribe(node, json!({"id": "a\u{0}"})).await;

        assert_eq!(socket.refused().await, ["BAD_USER_INPUT"]);
    }

    async fn signing_out_holds_for_a_socket_that_is_open(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        for (document, variables) in [(COUNTY, json!({})), (VISITS, json!({"id": app.gid(XIANGXIANG)}))] {
            let leader = app.sign_in(&format!("leader.{}", app.federation(XIANGXIANG))).await;
            let (mut socket, _) = leader.open_socket().await;
            socket.subscribe("a", COUNTY, json!({})).await;
            assert_eq!(socket.data().await["federation"]["name"], "湘乡市总工会");
            assert!(socket.is_over().await);

            socket.subscribe("b", LOGOUT, json!({})).await;
            assert_eq!(socket.data().await["logout"]["userErrors"], json!([]));
            assert!(socket.is_over().await);
            socket.subscribe("c", document, variables).await;

            assert_eq!(socket.closed().await, (4403, 0));
        }
        assert_eq!(leader.subscribe(COUNTY, json!({})).await.data().await["federation"]["name"], "湘乡市总工会");
    }

    async fn the_end_of_a_token_closes_its_socket_with_4403(app: App) {
        assert_eq!(end_by(&app, async || app.advance(TimeDelta::minutes(15))).await, [(4403, 0); 2]);
    }

    async fn the_end_of_a_session_closes_its_socket_with_4403(app: App) {
        assert_eq!(end_by(&app, async || sign_out(&app).await).await, [(4403, 0); 2]);
    }

    async fn the_end_of_an_account_closes_its_socket_with_4403(app: App) {
        let disable = "UPDATE account SET disabled_at = created_at WHERE username LIKE 'leader.%'";
        assert_eq!(end_by(&app, async || app.write(disable).await).await, [(4403, 0); 2]);
    }

    async fn other_grants_close_the_socket_with_4403_and_hold_for_the_next(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let end_grant = "UPDATE role_grant SET valid_to = valid_from WHERE role = 'LEADER'";
        assert_eq!(end_by(&app, async || app.write(end_grant).await).await, [(4403, 0); 2]);

        let mut again = leader.subscribe(VISITS, json!({"id": app.gid(XIANGXIANG)})).await;

        assert_eq!(again.refused().await, ["FORBIDDEN"]);
    }

    async fn a_socket_whose_caller_goes_on_is_pinged_and_stays_open(app: App) {
        let door = app.reached(with(quick)).listen().await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let (mut socket, _) = leader.open_socket_at(door).await;

        for _ in 0..5 {
            socket.is_pinged().await;
        }
        socket.subscribe("1", COUNTY, json!({})).await;

        assert_eq!(socket.data().await["federation"]["name"], "湘乡市总工会");
    }

    async fn a_peer_that_does_not_answer_pings_is_dropped(app: App) {
        let door = app.reached(with(quick)).listen().await;
        let (socket, _) = app.anonymous().open_socket_at(door).await;

        let mut bytes = Vec::new();
        socket.into_connection().read_to_end(&mut bytes).await.unwrap();

        // Two pings, nothing else.
        assert_eq!(bytes, [0x89, 0, 0x89, 0]);
    }

    async fn a_client_that_does_not_read_is_closed_with_1013(app: App) {
        let lab = app.lab_reached(with(|live| live.patience = Duration::from_millis(200)));
        let (mut socket, _) = lab.anonymous().open_socket_at(lab.listen().await).await;

        for id in ["a", "b", "c"] {
            socket.subscribe(id, ECHO, json!({"text": "x".repeat(50_000)})).await;
        }
        // What is said does not fit between the two ends.
        socket.has_something_to_hear().await;
        tokio::time::sleep(Duration::from_secs(1)).await;

        let (code, messages) = socket.closed().await;
        assert_eq!(code, 1013);
        assert!(messages < 6, "{messages}");
    }

    async fn a_client_that_reads_slowly_but_steadily_gets_everything(app: App) {
        let lab = app.lab_reached(with(|live| live.queue = 1));
        let (mut socket, _) = lab.anonymous().open_socket_at(lab.listen().await).await;

        for id in 0..20 {
            socket.subscribe(&id.to_string(), ECHO, json!({"text": "x".repeat(10_000)})).await;
        }
        let mut completed = 0;
        while completed < 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            completed += usize::from(socket.message().await["type"] == "complete");
        }
    }

    async fn a_panic_ends_its_operation_and_nothing_else(app: App) {
        let (mut socket, _) = app.lab().anonymous().open_socket().await;
        socket.subscribe("other", "subscription { count(to: 1) }", json!({})).await;
        assert_eq!(socket.data().await, json!({"count": 0}));
        assert!(socket.is_over().await);

        for document in ["{ panics }", "subscription { panicsAfter(good: 0) }"] {
            socket.subscribe("1", document, json!({})).await;
            let refused = socket.message().await;
            assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("1")));
            assert_eq!(refused["payload"][0]["extensions"]["code"], "INTERNAL");
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
        socket.subscribe("2", "subscription { panicsAfter(good: 2) }", json!({})).await;
        assert_eq!([socket.data().await, socket.data().await], [json!({"panicsAfter": 0}), json!({"panicsAfter": 1})]);
        assert_eq!(socket.refused().await, ["INTERNAL"]);
        socket.subscribe("1", TYPENAME, json!({})).await;
        assert_eq!(socket.data().await, json!({"__typename": "Query"}));
    }

    async fn at_the_end_of_the_process_sockets_are_closed_with_1012_one_after_the_other(app: App) {
        let door = app.reached(with(|live| live.spread = Duration::from_millis(400))).listen().await;
        let (first, ..) = watching(&app, door).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let mut sockets = vec![first];
        for _ in 0..20 {
            sockets.push(leader.subscribe_at(door, VISITS, json!({"id": app.gid(XIANGXIANG)})).await);
        }

        app.process.drain.begin();
        let start = Instant::now();
        let closing = sockets.into_iter().map(|mut socket| async move { (socket.closed().await, start.elapsed()) });
        let closed = futures_util::future::join_all(closing).await;

        assert!(closed.iter().all(|(closed, _)| *closed == (1012, 0)), "{closed:?}");
        let times = closed.iter().map(|(_, time)| *time);
        let spread = times.clone().max().unwrap() - times.min().unwrap();
        assert!(spread > Duration::from_millis(100), "{spread:?}");
    }

    async fn a_database_that_does_not_answer_closes_the_socket_with_1013(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let door = app.reached(with(|live| live.ping = Duration::from_millis(50))).listen().await;
        let (mut idle, _) = leader.open_socket_at(door).await;
        let (mut busy, _) = leader.open_socket_at(door).await;

        app.process.db.clone().close().await.map_err(|error| error.report()).unwrap();
        busy.subscribe("1", VISITS, json!({"id": app.gid(XIANGXIANG)})).await;
        let (_, new) = leader.open_socket_at(door).await;

        assert_eq!((busy.closed().await, new), ((1013, 0), Said::Closed(1013)));
        // Who asks for nothing is left alone.
        idle.is_pinged().await;
        idle.is_pinged().await;
    }

    async fn a_page_of_another_site_opens_no_socket(app: App) {
        let listed = Transport { cors_origins: vec!["https://app.example.cn".to_owned()], ..Transport::default() };
        let (guarded, open) = (app.reached(listed).listen().await, app.listen().await);
        let own = format!("http://{}", guarded.address());

        for (door, origin, is_open) in [
            (guarded, "https://app.example.cn", true),
            (guarded, &own, true),
            (guarded, "https://evil.example", false),
            (open, "https://evil.example", true),
        ] {
            let opened = door.open(&[("origin", origin), ("sec-websocket-protocol", "graphql-transport-ws")]).await;
            assert_eq!(opened.err(), (!is_open).then_some(StatusCode::FORBIDDEN), "{origin}");
        }
    }

    async fn a_thousand_sockets_of_one_process_each_get_an_event(app: App) {
        let cadre = app.person("CADRE", WANGCHUNMEN).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let enterprise = register(&cadre, WANGCHUNMEN, 1).await;
        let connect = app.listen_within();
        let variables = json!({"id": app.gid(XIANGXIANG), "after": "0"});
        let mut sockets = Vec::new();
        for _ in 0..1_000 {
            let mut socket = leader.open_socket_over(connect()).await;
            socket.subscribe("1", VISITS, variables.clone()).await;
            sockets.push(socket);
        }

        record(&cadre, &enterprise, 1, "2026-06-19T09:00:00+08:00").await;
        app.settle().await;

        let mut cursors = HashSet::new();
        for mut socket in sockets {
            cursors.insert(socket.data().await["visitRecorded"]["cursor"].to_string());
        }
        assert_eq!(cursors.len(), 1);
    }
}
