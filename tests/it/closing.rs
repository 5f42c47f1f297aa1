//! When an open socket is closed, and with which code: what its caller may do ends, its client does not listen, or the
//! process or the database goes away.

use crate::socket::{COUNTY, LOGOUT, VISITS, watching};
use crate::support::door::with;
use crate::support::register::record;
use crate::support::socket::Said;
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::config::Live;
use chrono::TimeDelta;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

const ECHO: &str = "query($text: String!) { text(text: $text) }";

/// Limits under which nothing has to be waited for.
fn quick(live: &mut Live) {
    live.ping = Duration::from_millis(50);
    live.farewell = Duration::from_millis(100);
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
}
