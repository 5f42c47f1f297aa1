//! The federation tree: who sees which part of it, page by page, and how it is shaped by hand.

use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use serde_json::{Value, json};

const BY_CODE: &str = "query($code: DivisionCode, $level: FederationLevel) {
    federation(code: $code, level: $level) {
        id name level isStandIn retiredOn parent { name level } ancestors { name level }
        children(first: 100) { totalCount nodes { name level } }
    }
}";

async fn by_code(caller: &Caller, code: &str) -> Value {
    caller.data(BY_CODE, json!({"code": code})).await["federation"].take()
}

fn names(nodes: &Value) -> Vec<&str> {
    nodes
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["name"].as_str().unwrap())
        .collect()
}

both! {
    async fn a_county_sees_its_townships_but_not_its_neighbours(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;

        let own = by_code(&cadre, XIANGXIANG).await;
        let township = by_code(&cadre, WANGCHUNMEN).await;

        assert_eq!(own["name"], "湘乡市总工会");
        assert_eq!(own["children"]["totalCount"], 22);
        assert_eq!(names(&own["ancestors"]), ["湖南省总工会", "湘潭市总工会"]);
        assert_eq!(township["parent"]["name"], "湘乡市总工会");
        for neighbour in [SHAOSHAN, QINGXI, CHANGSHA, FURONG, GUANGDONG, BEIJING, "999999000000"] {
            assert_eq!(by_code(&cadre, neighbour).await, json!(null), "{neighbour}");
        }
    }

    async fn whoever_is_lower_knows_the_names_above_and_nothing_beside(app: App) {
        let cadre = app.person("CADRE", WANGCHUNMEN).await;

        let county = by_code(&cadre, XIANGXIANG).await;
        let city = by_code(&cadre, XIANGTAN).await;
        let query = "query($code: DivisionCode) { federation(code: $code) { descendants(level: TOWNSHIP) { totalCount nodes { name } } } }";
        let below = cadre.data(query, json!({"code": HUNAN})).await;

        assert_eq!(county["name"], "湘乡市总工会");
        assert_eq!(names(&county["children"]["nodes"]), ["望春门街道总工会"]);
        assert_eq!(county["children"]["totalCount"], 1);
        assert_eq!(names(&city["children"]["nodes"]), ["湘乡市总工会"]);
        assert_eq!(
            below["federation"]["descendants"],
            json!({"totalCount": 1, "nodes": [{"name": "望春门街道总工会"}]})
        );
        assert_eq!(by_code(&cadre, XINXIANGLU).await, json!(null));
    }

    async fn a_federation_is_found_by_exactly_one_name(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let query = "query($id: ID, $code: DivisionCode) { federation(id: $id, code: $code) { name } }";

        let by_id = cadre.data(query, json!({"id": app.gid(XIANGXIANG)})).await;
        let neighbour = cadre.data(query, json!({"id": app.gid(SHAOSHAN)})).await;
        let nonsense = cadre.data(query, json!({"id": "nonsense"})).await;
        let full_width = cadre.data(query, json!({"code": "４３０３８１００００００"})).await;

        assert_eq!(by_id["federation"]["name"], "湘乡市总工会");
        assert_eq!(neighbour["federation"], json!(null));
        assert_eq!(nonsense["federation"], json!(null));
        assert_eq!(full_width["federation"]["name"], "湘乡市总工会");
        for variables in [
            json!({}),
            json!({"id": app.gid(XIANGXIANG), "code": XIANGXIANG}),
            json!({"code": "4303"}),
            json!({"code": "43038100000x"}),
        ] {
            assert_eq!(cadre.codes(query, variables.clone()).await, ["INVALID"], "{variables}");
        }
    }

    async fn a_code_at_two_levels_names_the_higher_unless_the_level_is_said(app: App) {
        let guangdong = app.person("CADRE", GUANGDONG).await;
        let quanzhou = app.person("CADRE", QUANZHOU).await;
        let at = async |caller: &Caller, code: &str, level: &str| {
            caller.data(BY_CODE, json!({"code": code, "level": level})).await["federation"].take()
        };

        let city = by_code(&guangdong, DONGGUAN).await;
        let county = at(&guangdong, DONGGUAN, "COUNTY").await;
        let town = by_code(&guangdong, "441900003000").await;
        let jinmen = by_code(&quanzhou, JINMEN).await;
        let jinmen_below = at(&quanzhou, JINMEN, "TOWNSHIP").await;

        assert_eq!(city["level"], "CITY");
        assert_eq!(city["children"]["nodes"], json!([{"name": "东莞市总工会", "level": "COUNTY"}]));
        assert_eq!(county["parent"], json!({"name": "东莞市总工会", "level": "CITY"}));
        assert_eq!(town["parent"], json!({"name": "东莞市总工会", "level": "COUNTY"}));
        assert_eq!(jinmen["level"], "COUNTY");
        assert_eq!(jinmen_below["parent"], json!({"name": "金门县总工会", "level": "COUNTY"}));
        assert_eq!(at(&quanzhou, JINMEN, "CITY").await, json!(null));
    }

    async fn a_name_that_stands_for_no_city_is_marked(app: App) {
        let leader = app.person("LEADER", BEIJING).await;

        assert_eq!(by_code(&leader, BEIJING_DISTRICTS).await["isStandIn"], true);
        assert_eq!(by_code(&leader, BEIJING).await["isStandIn"], false);
        assert_eq!(by_code(&leader, "110101000000").await["parent"]["name"], "市辖区总工会");
    }

    async fn pages_go_forward_and_back_and_meet(app: App) {
        let leader = app.person("LEADER", HUNAN).await;
        let page = async |arguments: &str| {
            let query = format!(
                "{{ federation(code: \"{XIANGXIANG}\") {{ children({arguments}) {{ totalCount nodes {{ code }}
                    edges {{ cursor }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
            );
            leader.data(&query, json!({})).await["federation"]["children"].take()
        };

        let (mut forward, mut back) = (Vec::new(), Vec::new());
        let mut arguments = "first: 9".to_owned();
        loop {
            let page = page(&arguments).await;
            assert_eq!(page["totalCount"], 22);
            forward.extend(page["nodes"].as_array().unwrap().clone());
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            arguments = format!("first: 9, after: {}", page["pageInfo"]["endCursor"]);
        }
        let mut arguments = "last: 9".to_owned();
        loop {
            let page = page(&arguments).await;
            back.splice(0..0, page["nodes"].as_array().unwrap().clone());
            if page["pageInfo"]["hasPreviousPage"] == false {
                break;
            }
            arguments = format!("last: 9, before: {}", page["pageInfo"]["startCursor"]);
        }

        assert_eq!(forward.len(), 22);
        assert_eq!(forward, back);
        assert!(forward.is_sorted_by_key(|node| node["code"].as_str().unwrap().to_owned()));
        assert_eq!(page("first: 0").await["nodes"], json!([]));
        assert_eq!(page("first: null").await["nodes"].as_array().unwrap().len(), 20);
    }

    async fn descendants_of_a_level_are_paged_over_the_whole_subtree(app: App) {
        let leader = app.person("LEADER", XIANGTAN).await;
        let query = "query($after: String) { federation(code: \"430300000000\") {
            descendants(level: TOWNSHIP, first: 20, after: $after) { totalCount nodes { name } pageInfo { hasNextPage endCursor } } } }";

        let first = leader.data(query, json!({})).await["federation"]["descendants"].take();
        let after = &first["pageInfo"]["endCursor"];
        let second = leader.data(query, json!({"after": after})).await["federation"]["descendants"].take();

        assert_eq!(first["totalCount"], 26);
        assert_eq!(names(&second["nodes"]).len(), 6);
        assert_eq!(names(&second["nodes"])[5], "杨林乡总工会");
        assert_eq!(second["pageInfo"]["hasNextPage"], false);
    }

    async fn a_page_has_its_limits(app: App) {
        let leader = app.person("LEADER", HUNAN).await;
        for arguments in [
            "first: 101",
            "first: -1",
            "last: 101",
            "first: 1, last: 1",
            "after: \"nonsense\"",
            "before: \"\"",
        ] {
            let query = format!("{{ federation(code: \"{XIANGXIANG}\") {{ children({arguments}) {{ totalCount }} }} }}");
            assert_eq!(leader.codes(&query, json!({})).await, ["INVALID"], "{arguments}");
        }
        let foreign = json!(app.gid(QINGXI));
        let query = "query($after: String) { federation(code: \"430381000000\") { children(after: $after) { totalCount } } }";
        assert_eq!(leader.codes(query, json!({"after": foreign})).await, ["INVALID"]);
    }

    async fn the_tree_is_read_without_a_statement_a_row(app: App) {
        let leader = app.person("LEADER", HUNAN).await;
        let query = "{ federation(code: \"430000000000\") { children(first: 20) { totalCount nodes { name ancestors { name }
            children(first: 20) { totalCount nodes { name parent { name } children(first: 30) { totalCount nodes { name } } } } } } } }";

        let before = app.statements();
        leader.data(query, json!({})).await;

        // Who is asking; the tree itself answers from memory.
        assert_eq!(app.statements() - before, 1);
    }

    async fn nodes_come_back_in_their_order_with_null_for_the_unseen(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Federation { name } } }";
        let ids = [app.gid(WANGCHUNMEN), app.gid(SHAOSHAN), "nonsense".to_owned(), app.gid(HUNAN)];

        let nodes = cadre.data(query, json!({"ids": ids})).await["nodes"].take();
        let too_many = cadre.codes(query, json!({"ids": vec![app.gid(HUNAN); 101]})).await;

        assert_eq!(nodes[0], json!({"__typename": "Federation", "id": ids[0], "name": "望春门街道总工会"}));
        assert_eq!(nodes[1], json!(null));
        assert_eq!(nodes[2], json!(null));
        assert_eq!(nodes[3]["name"], "湖南省总工会");
        assert_eq!(too_many, ["INVALID"]);
    }
}

const FOUND: &str = "mutation($input: FoundFederation!) { foundFederation(input: $input) {
    federation { id name kind level code parent { name } } userErrors { code field message } } }";

fn park(app: &App, parent: &str) -> Value {
    json!({"parentId": app.gid(parent), "level": "TOWNSHIP", "kind": "PARK", "name": "湘乡经开区工会"})
}

fn with(mut input: Value, field: &str, value: impl Into<Value>) -> Value {
    input[field] = value.into();
    input
}

both! {
    async fn a_county_founds_a_park_federation_that_its_superiors_see(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGTAN).await;
        let neighbour = app.person("LEADER", SHAOSHAN).await;

        let payload = cadre.done(FOUND, park(&app, XIANGXIANG)).await;

        let id = payload["federation"]["id"].clone();
        assert_eq!(
            payload["federation"],
            json!({"id": id, "name": "湘乡经开区工会", "kind": "PARK", "level": "TOWNSHIP", "code": null,
                   "parent": {"name": "湘乡市总工会"}})
        );
        let query = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(leader.data(query, json!({"id": id})).await["node"]["id"], id);
        assert_eq!(neighbour.data(query, json!({"id": id})).await["node"], json!(null));
        assert_eq!(by_code(&cadre, XIANGXIANG).await["children"]["totalCount"], 23);
    }

    async fn founding_says_everything_that_is_wrong_at_once(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let version = app.process.tree().version;

        let input = json!({"parentId": app.gid(XIANGXIANG), "level": "COUNTY", "kind": "TERRITORIAL", "name": " 工 "});
        let refused = cadre.refused(FOUND, input).await;
        let long = cadre.refused(FOUND, with(park(&app, XIANGXIANG), "name", "工".repeat(101))).await;

        assert_eq!(refused, ["INVALID level", "INVALID name", "INVALID kind"]);
        assert_eq!(long, ["INVALID name"]);
        assert_eq!(app.process.tree().version, version);
    }

    async fn nobody_founds_where_they_may_not(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;

        let beside = county.refused(FOUND, park(&app, SHAOSHAN)).await;
        let nonsense = county.refused(FOUND, with(park(&app, XIANGXIANG), "parentId", "nonsense")).await;
        let above = county.refused(FOUND, park(&app, XIANGTAN)).await;
        let by_leader = leader.refused(FOUND, park(&app, XIANGXIANG)).await;
        let by_nobody = app.anonymous().codes(FOUND, json!({"input": park(&app, XIANGXIANG)})).await;

        assert_eq!(beside, ["NOT_FOUND parentId"]);
        assert_eq!(nonsense, ["NOT_FOUND parentId"]);
        assert_eq!(above, ["FORBIDDEN"]);
        assert_eq!(by_leader, ["FORBIDDEN"]);
        assert_eq!(by_nobody, ["UNAUTHENTICATED"]);
    }

    async fn a_key_makes_a_repeated_call_harmless(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let other = app.person("CADRE", XIANGTAN).await;
        let input = with(park(&app, XIANGXIANG), "idempotencyKey", "k1");

        let first = cadre.done(FOUND, input.clone()).await["federation"].take();
        let second = cadre.done(FOUND, input.clone()).await["federation"].take();
        let other_body = cadre.refused(FOUND, with(input.clone(), "name", "另一个工会")).await;
        let of_somebody_else = other.done(FOUND, input).await["federation"].take();
        let without_a_key = cadre.done(FOUND, park(&app, XIANGXIANG)).await["federation"].take();

        assert_eq!(first, second);
        assert_eq!(other_body, ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        assert_ne!(of_somebody_else["id"], first["id"]);
        assert_ne!(without_a_key["id"], first["id"]);
        assert_eq!(by_code(&cadre, XIANGXIANG).await["children"]["totalCount"], 25);
    }
}

const LINK: &str = "mutation($input: LinkFederations!) { linkFederations(input: $input) {
    federationLink { id kind from to federation { name } superior { name } } userErrors { code field message } } }";
const END: &str = "mutation($input: EndFederationLink!) { endFederationLink(input: $input) {
    federationLink { id to } userErrors { code field message } } }";
const LINKS: &str = "query($code: DivisionCode) { federation(code: $code) { links { nodes { id kind from to superior { name } } } } }";

fn guidance(app: &App) -> Value {
    json!({"federationId": app.gid(WANGCHUNMEN), "superiorId": app.gid(XIANGTAN), "kind": "INDUSTRY_GUIDANCE",
           "from": "2026-01-01"})
}

async fn links(caller: &Caller, code: &str) -> Value {
    caller.data(LINKS, json!({"code": code})).await["federation"]["links"]["nodes"].take()
}

both! {
    async fn an_extra_edge_is_drawn_ended_and_drawn_anew(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;

        let link = cadre.done(LINK, guidance(&app)).await["federationLink"].take();
        let overlapping = cadre.refused(LINK, with(guidance(&app), "from", "2026-03-01")).await;
        let earlier = cadre.done(LINK, with(with(guidance(&app), "from", "2025-01-01"), "to", "2026-01-01")).await;
        let of_another_kind = cadre.done(LINK, with(guidance(&app), "kind", "FEE")).await;
        let ended = cadre.done(END, json!({"id": link["id"], "to": "2026-06-01"})).await["federationLink"].take();
        let again = cadre.done(END, json!({"id": link["id"], "to": "2026-06-01"})).await["federationLink"].take();
        let anew = cadre.done(LINK, with(guidance(&app), "from", "2026-06-01")).await;

        assert_eq!(
            link,
            json!({"id": link["id"], "kind": "INDUSTRY_GUIDANCE", "from": "2026-01-01", "to": null,
                   "federation": {"name": "望春门街道总工会"}, "superior": {"name": "湘潭市总工会"}})
        );
        assert_eq!(overlapping, ["CONFLICT from"]);
        assert_eq!(ended["to"], "2026-06-01");
        assert_eq!(again, ended);
        let ids: Vec<_> = [&earlier, &of_another_kind, &anew].iter().map(|payload| &payload["federationLink"]["id"]).collect();
        let found = links(&cadre, WANGCHUNMEN).await;
        assert_eq!(found.as_array().unwrap().len(), 4);
        assert_eq!(&found[0]["id"], ids[2]);
        assert_eq!(&found[3]["id"], ids[0]);
    }

    async fn an_edge_that_makes_no_sense_is_refused(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let link = cadre.done(LINK, guidance(&app)).await["federationLink"]["id"].clone();

        let itself = with(with(guidance(&app), "superiorId", app.gid(WANGCHUNMEN)), "to", "2026-01-01");
        let both = cadre.refused(LINK, itself).await;
        let backwards = cadre.refused(END, json!({"id": link, "to": "2025-12-31"})).await;
        let no_day = cadre.post(END, json!({"input": {"id": link, "to": "2026-02-30"}})).await;

        assert_eq!(both, ["INVALID superiorId", "INVALID to"]);
        assert_eq!(backwards, ["INVALID to"]);
        assert!(no_day.text().contains("input.to"), "{}", no_day.text());
        assert_eq!(links(&cadre, WANGCHUNMEN).await[0]["to"], json!(null));
    }

    async fn nobody_links_what_is_not_theirs(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let link = cadre.done(LINK, guidance(&app)).await["federationLink"]["id"].clone();

        let from_beside = cadre.refused(LINK, with(guidance(&app), "federationId", app.gid(QINGXI))).await;
        let to_beside = cadre.refused(LINK, with(guidance(&app), "superiorId", app.gid(SHAOSHAN))).await;
        let from_above = cadre.refused(LINK, with(guidance(&app), "federationId", app.gid(XIANGTAN))).await;
        let by_leader = leader.refused(LINK, with(guidance(&app), "kind", "FEE")).await;
        let ended_beside = neighbour.refused(END, json!({"id": link, "to": "2026-06-01"})).await;
        let ended_by_leader = leader.refused(END, json!({"id": link, "to": "2026-06-01"})).await;

        assert_eq!(from_beside, ["NOT_FOUND federationId"]);
        assert_eq!(to_beside, ["NOT_FOUND superiorId"]);
        assert_eq!(from_above, ["FORBIDDEN"]);
        assert_eq!(by_leader, ["FORBIDDEN"]);
        assert_eq!(ended_beside, ["NOT_FOUND id"]);
        assert_eq!(ended_by_leader, ["FORBIDDEN"]);
        assert_eq!(links(&neighbour, SHAOSHAN).await, json!([]));
    }

    async fn an_edge_drawn_twice_with_one_key_is_one_edge(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let input = with(guidance(&app), "idempotencyKey", "k1");

        let first = cadre.done(LINK, input.clone()).await;
        let second = cadre.done(LINK, input.clone()).await;
        let other_body = cadre.refused(LINK, with(input, "kind", "FEE")).await;
        let other_operation = cadre.refused(FOUND, with(park(&app, XIANGXIANG), "idempotencyKey", "k1")).await;

        assert_eq!(first, second);
        assert_eq!(other_body, ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        assert_eq!(other_operation, ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
        assert_eq!(links(&cadre, WANGCHUNMEN).await.as_array().unwrap().len(), 1);
    }

    async fn another_process_follows_the_tree(app: App) {
        let other = app.another().await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = cadre.done(FOUND, park(&app, XIANGXIANG)).await["federation"]["id"].clone();
        let query = "query($id: ID!) { node(id: $id) { id } }";

        let before = cadre.at(&other).data(query, json!({"id": id})).await["node"].take();
        app.advance(TimeDelta::seconds(1));
        other.settle().await;
        let after = cadre.at(&other).data(query, json!({"id": id})).await["node"].take();

        assert_eq!(before, json!(null));
        assert_eq!(after["id"], id);
    }

    async fn another_process_writes_on_the_newest_tree_even_before_it_has_followed(app: App) {
        let other = app.another().await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let query = "mutation($input: FoundFederation!) { foundFederation(input: $input) {
            federation { id name } userErrors { code field } } }";
        let zone = with(park(&app, XIANGTAN), "level", "COUNTY");
        let city = app.person("CADRE", XIANGTAN).await;
        let parent = city.done(query, zone).await["federation"]["id"].clone();

        let below = json!({"parentId": parent, "level": "TOWNSHIP", "kind": "DIRECT", "name": "园区直属工会"});
        let founded = city.at(&other).done(query, below.clone()).await["federation"].take();
        let beside = cadre.at(&other).refused(query, below).await;

        assert_eq!(founded["name"], "园区直属工会");
        assert_eq!(beside, ["NOT_FOUND parentId"]);
    }

    async fn a_part_of_the_list_retires_nobody(app: App) {
        let list = crate::support::tree::LIST;
        let header = list.lines().next().unwrap().to_owned() + "\n";
        let few: String = list.lines().take(12).map(|line| line.to_owned() + "\n").collect();

        for (part, why) in [(header, "empty"), (few, "whole list")] {
            let refused = api::org::federation::import::import(&app.operator(), part.as_bytes()).await;
            assert!(refused.unwrap_err().report().contains(why), "{why}");
        }

        assert!(app.process.tree().nodes().iter().all(|node| node.retired_on.is_none()));
    }
}
