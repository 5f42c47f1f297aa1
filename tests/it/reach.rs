//! Who reaches what: on random trees, with random grants and rows, every way to ask gives what a naive walk up the tree
//! gives: `node`, the SQL predicate of lists, and `viewerCan`.

use crate::support::register::{REGISTER, YUESHAN, record, register, uscc};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::kernel::gid::Gid;
use api::policy::{Action, Role};
use entity::id::{AccountId, FederationId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value as Bound};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// What may be asked of an enterprise.
const ACTIONS: [(Action, &str); 4] = [
    (Action::ReadEnterprises, "READ_ENTERPRISES"),
    (Action::RegisterEnterprises, "REGISTER_ENTERPRISES"),
    (Action::RecordVisits, "RECORD_VISITS"),
    (Action::ReadCollections, "READ_COLLECTIONS"),
];
const ROLES: [Role; 5] = [
    Role::Leader,
    Role::Cadre,
    Role::Finance,
    Role::Auditor,
    Role::SystemAdministrator,
];
const LEVELS: [&str; 4] = ["PROVINCE", "CITY", "COUNTY", "TOWNSHIP"];

/// A grant as a test makes it: role, place, first day and end relative to today.
type Granted = (usize, usize, i64, Option<i64>);

/// A world: each federation has an earlier one above it; each enterprise stands at one; each person has some grants.
#[derive(Debug)]
struct World {
    federations: Vec<(usize, bool)>,
    enterprises: Vec<usize>,
    people: Vec<Vec<Granted>>,
}

fn worlds() -> impl Strategy<Value = World> {
    let grant = (
        0..ROLES.len(),
        any::<prop::sample::Index>(),
        -2..2_i64,
        prop::option::of(-1..3_i64),
    );
    let grants = prop::collection::vec(grant, 0..4);
    (
        prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 8..16),
        prop::collection::vec(any::<prop::sample::Index>(), 12..24),
        prop::collection::vec(grants, 3..5),
    )
        .prop_map(|(federations, enterprises, people)| {
            let count = federations.len() + 1;
            World {
                federations: federations
                    .iter()
                    .enumerate()
                    .map(|(n, (above, deep))| (above.index(n + 1), *deep))
                    .collect(),
                enterprises: enterprises.iter().map(|at| at.index(count)).collect(),
                people: people
                    .into_iter()
                    .map(|grants| {
                        let grant =
                            |(role, at, from, days): (usize, prop::sample::Index, i64, Option<i64>)| {
                                (role, at.index(count), from, days.map(|days| from + days.max(0)))
                            };
                        grants.into_iter().map(grant).collect()
                    })
                    .collect(),
            }
        })
}

/// A world that is there: federations with the one above each, enterprises with the place of each.
struct Built {
    federations: Vec<String>,
    above: Vec<Option<usize>>,
    enterprises: Vec<(String, usize)>,
}

impl Built {
    /// Whether a grant at one federation reaches another: by walking up from it.
    fn reaches(&self, at: usize, place: usize) -> bool {
        std::iter::successors(Some(place), |place| self.above[*place]).any(|place| place == at)
    }

    fn may(&self, grants: &[Granted], action: Action, place: usize) -> bool {
        grants.iter().any(|(role, at, from, to)| {
            let in_force = *from <= 0 && to.is_none_or(|to| to > 0);
            in_force && ROLES[*role].may(action) && self.reaches(*at, place)
        })
    }
}

async fn build(app: &App, builder: &Caller, world: &World, number: u32) -> Built {
    const FOUND: &str = "mutation($input: FoundFederation!) { foundFederation(input: $input) { federation { id } userErrors { code field message } } }";
    let mut built = Built {
        federations: vec![app.gid(XIANGTAN)],
        above: vec![None],
        enterprises: Vec::new(),
    };
    // XIANGTAN is a city.
    let mut levels = vec![1];
    for (n, (wanted, deep)) in world.federations.iter().enumerate() {
        // Nothing stands below a township.
        let above = if levels[*wanted] == 3 { 0 } else { *wanted };
        let level = if *deep { 3 } else { levels[above] + 1 };
        let input = json!({"parentId": built.federations[above], "level": LEVELS[level], "kind": "PARK", "name": format!("第{number}园区{n}工会")});
        let founded = builder.done(FOUND, input).await;
        built
            .federations
            .push(founded["federation"]["id"].as_str().unwrap().to_owned());
        built.above.push(Some(above));
        levels.push(level);
    }
    for (n, place) in world.enterprises.iter().enumerate() {
        let n = number * 100 + u32::try_from(n).unwrap();
        let input = json!({
            "federationId": built.federations[*place], "uscc": uscc(n), "name": format!("第{n}厂"), "ownership": "PRIVATE",
            "industry": "C34", "employees": 1, "registeredOn": "2026-01-10",
        });
        let done = builder.done(REGISTER, input).await;
        built
            .enterprises
            .push((done["enterprise"]["id"].as_str().unwrap().to_owned(), *place));
    }
    built
}

#[derive(FromQueryResult)]
struct Known {
    id: AccountId,
}

/// Somebody with these grants and no other, signed in.
async fn person(app: &App, username: &str, grants: &[Granted], built: &Built) -> Caller {
    app.add_account(username, "CADRE", app.federation(XIANGTAN)).await;
    let db = &app.process.db;
    let run = async |sql: &str, values: Vec<Bound>| {
        let numbered = (1..=values.len()).rev().fold(sql.to_owned(), |sql, n| {
            sql.replace(
                &format!("${n}"),
                &match db.backend() {
                    sea_orm::DbBackend::Postgres => format!("${n}"),
                    _ => format!("?{n}"),
                },
            )
        });
        let statement = Statement::from_sql_and_values(db.backend(), numbered, values);
        db.reader().execute_raw(statement).await.unwrap();
    };
    let sql = format!("SELECT id FROM account WHERE username = '{username}'");
    let account = Known::find_by_statement(Statement::from_string(db.backend(), sql))
        .one(db.reader())
        .await;
    let id = account.unwrap().unwrap().id;
    run("DELETE FROM role_grant WHERE account_id = $1", vec![id.into()]).await;
    let today = app.operator().today();
    for (role, at, from, to) in grants {
        let place = FederationId::parse(&built.federations[*at].as_str().into(), "id");
        let place = place.unwrap_or_else(|error| panic!("{}", error.report()));
        let day = |days: i64| today + chrono::TimeDelta::days(days);
        let values: Vec<Bound> = vec![
            Uuid::now_v7().into(),
            id.into(),
            ROLES[*role].name().into(),
            place.into(),
            day(*from).into(),
            to.map(day).into(),
        ];
        run("INSERT INTO role_grant (id, account_id, role, federation_id, valid_from, valid_to) VALUES ($1, $2, $3, $4, $5, $6)", values).await;
    }
    app.sign_in(username).await
}

async fn check(caller: &Caller, grants: &[Granted], built: &Built) {
    let ids: Vec<&str> = built.enterprises.iter().map(|(id, _)| id.as_str()).collect();
    let nodes = caller
        .data(
            "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            json!({"ids": ids}),
        )
        .await;
    for ((id, place), node) in built.enterprises.iter().zip(nodes["nodes"].as_array().unwrap()) {
        let is_seen = built.may(grants, Action::ReadEnterprises, *place);
        assert_eq!(!node.is_null(), is_seen, "{id} at {place} for {grants:?}");
        let query = "query($id: ID!, $actions: [Action!]!) { viewer { viewerCan(id: $id, actions: $actions) { action isAllowed reason } } }";
        let variables = json!({"id": id, "actions": ACTIONS.map(|(_, name)| name)});
        if !is_seen {
            assert_eq!(caller.codes(query, variables).await, ["NOT_FOUND"]);
            continue;
        }
        let answer = caller.data(query, variables).await;
        for ((action, name), permission) in ACTIONS
            .iter()
            .zip(answer["viewer"]["viewerCan"].as_array().unwrap())
        {
            let may = built.may(grants, *action, *place);
            assert_eq!(permission["action"], json!(name));
            assert_eq!(
                permission["isAllowed"],
                json!(may),
                "{name} at {place} for {grants:?}"
            );
            let has_role = grants.iter().any(|(role, _, from, to)| {
                *from <= 0 && to.is_none_or(|to| to > 0) && ROLES[*role].may(*action)
            });
            let reason = match (may, has_role) {
                (true, _) => "GRANTED",
                (false, true) => "ELSEWHERE",
                (false, false) => "NO_ROLE",
            };
            assert_eq!(permission["reason"], json!(reason));
        }
    }
    for (place, id) in built.federations.iter().enumerate() {
        let query = "query($id: ID!) { federation(id: $id) { enterprises { totalCount } } }";
        let answer = caller.gql(query, json!({"id": id})).await;
        let seen = built
            .enterprises
            .iter()
            .filter(|(_, at)| built.reaches(place, *at) && built.may(grants, Action::ReadEnterprises, *at));
        // Where nothing may be asked there is no list, and nothing is in it.
        let total = answer["data"]["federation"]["enterprises"]["totalCount"]
            .as_u64()
            .unwrap_or_default();
        assert_eq!(
            total,
            u64::try_from(seen.count()).unwrap(),
            "enterprises of {place} for {grants:?}: {answer}"
        );
    }
}

both! {
    async fn every_way_to_ask_gives_what_a_naive_walk_gives(app: App) {
        let builder = app.person("CADRE", XIANGTAN).await;
        let mut runner = TestRunner::deterministic();
        for number in 1..=3 {
            let world = worlds().new_tree(&mut runner).unwrap().current();
            let built = build(&app, &builder, &world, number).await;
            for (n, grants) in world.people.iter().enumerate() {
                let caller = person(&app, &format!("world{number}.person{n}"), grants, &built).await;
                check(&caller, grants, &built).await;
            }
        }
    }

    async fn a_front_end_asks_before_it_shows_a_button(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let leader = app.person("LEADER", HUNAN).await;
        let firm = register(&cadre, YUESHAN, 1).await;
        let visit = record(&cadre, &firm, 1, "2026-06-19T09:30:00+08:00").await;
        let ask = "query($id: ID!) { viewer { viewerCan(id: $id, actions: [RECORD_VISITS, READ_VISITS]) { action isAllowed reason } } }";
        let said = |answer: Value| -> HashMap<String, String> {
            let permissions = answer["viewer"]["viewerCan"].as_array().unwrap().clone();
            permissions.iter().map(|permission| (permission["action"].as_str().unwrap().to_owned(), permission["reason"].as_str().unwrap().to_owned())).collect()
        };

        let own = said(cadre.data(ask, json!({"id": visit})).await);
        let above = said(leader.data(ask, json!({"id": visit})).await);
        let beside = neighbour.codes(ask, json!({"id": visit})).await;
        let place = said(neighbour.data(ask, json!({"id": app.gid(XIANGTAN)})).await);
        let nobody = app.anonymous().codes(ask, json!({"id": visit})).await;

        assert_eq!((own["RECORD_VISITS"].as_str(), own["READ_VISITS"].as_str()), ("GRANTED", "GRANTED"));
        assert_eq!((above["RECORD_VISITS"].as_str(), above["READ_VISITS"].as_str()), ("NO_ROLE", "GRANTED"));
        assert_eq!(beside, ["NOT_FOUND"]);
        // The city is known by name to those below it, and that is all.
        assert_eq!((place["RECORD_VISITS"].as_str(), place["READ_VISITS"].as_str()), ("ELSEWHERE", "ELSEWHERE"));
        assert_eq!(nobody, ["UNAUTHENTICATED"]);
    }
}
