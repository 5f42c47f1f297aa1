//! GraphQL over a WebSocket: who may open one, and what it answers.

use crate::support::Caller;
use crate::support::socket::Said;
use crate::support::tree::*;
use serde_json::json;

const COUNTY: &str = "{ federation(code: \"430381000000\") { name } }";

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
}
