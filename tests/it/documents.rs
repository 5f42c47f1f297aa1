//! Registered documents: lists of three build tools, requests by id, and callers that may send nothing else.

use crate::support::db::done;
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::config::Transport;
use api::documents::{rules, service};
use api::kernel::keys::sha256;
use api::policy::CallerClass;
use chrono::TimeDelta;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");
const NAME: &str = "query Name($code: DivisionCode!) { federation(code: $code) { name } } mutation Out { logout { userErrors { code } } }";

impl App {
    /// Registers documents as the operator does at the command line; their ids.
    pub async fn register(&self, client: &str, texts: &[&str]) -> Vec<String> {
        let list: Value = texts
            .iter()
            .map(|text| (sha256(text.as_bytes()), json!(text)))
            .collect();
        let listed = rules::read(&list.to_string()).unwrap_or_else(|text| panic!("{}", text.en));
        done(self.engine.documents.check(&listed));
        done(service::register(&self.operator(), client, &listed).await);
        texts.iter().map(|text| sha256(text.as_bytes())).collect()
    }
}

impl Caller {
    /// Sends the id of a document; the answer as it came.
    pub async fn post_id(&self, id: &str, variables: Value) -> crate::support::app::Answer {
        let body = json!({"documentId": id, "operationName": "Name", "variables": variables}).to_string();
        self.send("POST", "/graphql", &[JSON], body).await
    }
}

both! {
    async fn a_registered_document_is_asked_for_by_its_id(app: App) {
        let id = app.register("phone-1", &[NAME]).await.remove(0);
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let variables = json!({"code": XIANGXIANG});

        let bare = cadre.post_id(&id, variables.clone()).await;
        let prefixed = cadre.post_id(&format!("sha256:{id}"), variables.clone()).await;
        let got = cadre.send("GET", &format!("/graphql?documentId={id}&operationName=Name&variables=%7B%22code%22:%22{XIANGXIANG}%22%7D"), &[], "").await;
        let unknown = cadre.post_id("ffff", variables.clone()).await;
        let mutation = cadre.send("GET", &format!("/graphql?documentId={id}&operationName=Out"), &[], "").await;

        assert_eq!(bare.json()["data"]["federation"]["name"], "湘乡市总工会");
        assert_eq!(bare.json()["data"], prefixed.json()["data"]);
        assert_eq!(bare.json()["data"], got.json()["data"]);
        assert_eq!(bare.json()["extensions"]["cost"]["asked"], 1);
        assert_eq!((unknown.status.as_u16(), unknown.json()["errors"].as_array().unwrap().len()), (404, 1));
        assert_eq!(unknown.json()["errors"][0]["extensions"]["code"], "PERSISTED_DOCUMENT_NOT_FOUND");
        assert_eq!(mutation.status, 405);
    }

    async fn a_socket_and_an_event_stream_take_ids_too(app: App) {
        let watch = "subscription Watch($id: ID!) { visitRecorded(federationId: $id) { cursor } }";
        let ids = app.register("phone-1", &[NAME, watch]).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let variables = json!({"code": XIANGXIANG});
        let (mut socket, _) = cadre.open_socket().await;

        socket.send(json!({"id": "1", "type": "subscribe", "payload": {"documentId": ids[0], "operationName": "Name", "variables": variables}})).await;
        let name = socket.data().await;
        assert!(socket.is_over().await);
        socket.send(json!({"id": "2", "type": "subscribe", "payload": {"documentId": format!("sha256:{}", ids[1]), "variables": {"id": app.gid(SHAOSHAN)}}})).await;
        let outside = socket.refused().await;
        socket.send(json!({"id": "3", "type": "subscribe", "payload": {"documentId": "ffff"}})).await;
        let unknown = socket.refused().await;
        let body = json!({"documentId": ids[0], "operationName": "Name", "variables": variables}).to_string();
        let events = cadre.send("POST", "/graphql", &[JSON, ("accept", "text/event-stream")], body).await.text();

        assert_eq!(name["federation"]["name"], "湘乡市总工会");
        assert_eq!(outside, ["NOT_FOUND"]);
        assert_eq!(unknown, ["PERSISTED_DOCUMENT_NOT_FOUND"]);
        assert!(events.contains("event: next\ndata: {") && events.contains("湘乡市总工会"), "{events}");
    }

    async fn another_process_knows_what_was_registered_after_it_started(app: App) {
        let another = app.another().await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = app.register("phone-1", &[NAME]).await.remove(0);

        let answer = cadre.at(&another).post_id(&id, json!({"code": XIANGXIANG})).await;

        assert_eq!(answer.json()["data"]["federation"]["name"], "湘乡市总工会");
    }

    async fn a_class_of_callers_can_be_held_to_registered_documents(app: App) {
        let id = app.register("phone-1", &[NAME]).await.remove(0);
        let strict = app.reached(Transport {
            trusted_only: vec![CallerClass::Phone, CallerClass::TaxBureau],
            profile: api::config::Profile::Production,
            ..Transport::default()
        });
        let cadre = app.person("CADRE", XIANGXIANG).await.at(&strict);
        let tax = app.person("TAX_BUREAU", XIANGXIANG).await.at(&strict);
        let administrator = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await.at(&strict);
        let phone = [JSON, ("x-gonghui-client", "phone")];
        let text = json!({"query": "{ viewer { name } }"}).to_string();
        let by_id = json!({"documentId": id, "operationName": "Name", "variables": {"code": XIANGXIANG}}).to_string();

        for (caller, headers, body, status) in [
            (&cadre, &phone[..], &text, 403),
            (&cadre, &phone[..], &by_id, 200),
            (&cadre, &[JSON][..], &text, 200),
            (&tax, &[JSON][..], &text, 403),
            (&tax, &[JSON][..], &by_id, 200),
            (&administrator, &phone[..], &text, 200),
        ] {
            let answer = caller.send("POST", "/graphql", headers, body.clone()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text());
            if status == 403 {
                assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "PERSISTED_DOCUMENT_REQUIRED");
            }
        }
    }

    async fn what_a_registered_document_holds_is_not_limited(app: App) {
        let aliases: String = (0..600).map(|n| format!("a{n}: __typename ")).collect();
        let document = format!("query Name {{ {aliases} }}");
        let id = app.register("report", &[&document]).await.remove(0);
        let answer = app.anonymous().post_id(&id, json!({})).await;

        assert_eq!(app.anonymous().codes(&document, json!({})).await, ["BAD_REQUEST"]);
        assert_eq!(answer.json()["data"].as_object().unwrap().len(), 600);
    }

    async fn registering_again_changes_nothing_and_removing_ends_it(app: App) {
        let id = app.register("phone-1", &[NAME]).await.remove(0);
        let listed = rules::read(&json!({(id.as_str()): NAME}).to_string()).unwrap();
        let again = done(service::register(&app.operator(), "phone-1", &listed).await);
        let other = done(service::register(&app.operator(), "phone-2", &listed).await);
        let removed = done(service::remove(&app.operator(), "phone-1", &id).await);
        let gone = done(service::remove(&app.operator(), "phone-1", &id).await);
        let checked = done(app.engine.check_registered().await);

        assert_eq!((again, other, removed, gone, checked.count), (0, 1, true, false, 1));
        let status = async || app.anonymous().post_id(&id, json!({"code": XIANGXIANG})).await.status.as_u16();
        assert_eq!(status().await, 200);
        done(service::remove(&app.operator(), "phone-2", &id).await);
        // It is served on where it is kept, for a minute at the most.
        for (seconds, expected) in [(59, 200), (1, 404)] {
            app.advance(TimeDelta::seconds(seconds));
            assert_eq!(status().await, expected);
        }
    }

    async fn an_id_stands_for_one_text_whoever_registers_it(app: App) {
        let list = |text: &str| rules::read(&json!({"r1": text}).to_string()).unwrap();
        done(service::register(&app.operator(), "web", &list("{ __typename }")).await);
        for client in ["web", "other"] {
            let refused = service::register(&app.operator(), client, &list("{ x: __typename }")).await;
            assert_eq!(refused.unwrap_err().report(), "r1: Another text is registered under this id.");
        }
        assert_eq!(done(service::register(&app.operator(), "other", &list("{ __typename }")).await), 1);
    }

    async fn documents_that_do_not_fit_the_schema_are_named(app: App) {
        let listed = rules::read(&json!({"good": NAME, "bad": "{ nothing }", "worse": "{"}).to_string()).unwrap();
        let refused = app.engine.documents.check(&listed).unwrap_err().report();
        // As if the schema had changed after they were registered.
        done(service::register(&app.operator(), "phone-1", &listed).await);
        let checked = done(app.engine.check_registered().await);
        let asked = app.anonymous().post_id("bad", json!({})).await;

        assert_eq!(refused.lines().map(|line| line.split(':').next().unwrap()).collect::<Vec<_>>(), ["bad", "worse"], "{refused}");
        assert_eq!((checked.count, checked.unfit.len()), (3, 2));
        assert!(checked.unfit[0].starts_with("phone-1 bad: "), "{}", checked.unfit[0]);
        assert_eq!(asked.json()["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    }

    async fn a_client_with_automatic_persisted_queries_sends_its_text_once(app: App) {
        let hash = json!({"persistedQuery": {"version": 1, "sha256Hash": sha256(b"{ viewer { isMachine } }")}});
        let send = async |body: Value| app.send("POST", "/graphql", &[JSON], body.to_string()).await;

        let unknown = send(json!({"extensions": hash})).await;
        let told = send(json!({"extensions": hash, "query": "{ viewer { isMachine } }"})).await;
        let known = send(json!({"extensions": hash})).await;

        assert_eq!((unknown.status.as_u16(), &unknown.json()["errors"][0]["message"]), (200, &json!("PersistedQueryNotFound")));
        assert_eq!(unknown.json()["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(told.json()["data"], json!({"viewer": {"isMachine": false}}));
        assert_eq!(known.json()["data"], told.json()["data"]);
    }
}
