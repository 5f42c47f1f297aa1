//! What a document may cost, what is refused before it costs anything, and how a budget is spent.

use crate::support::lab;
use crate::support::tree::*;
use api::http::contract::Contract;
use api::http::cost::{Unpriceable, plans};
use api::http::document::Documents;
use api::http::lexical::{self, Limits};
use async_graphql::{Schema, Variables};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

static LAB: LazyLock<String> =
    LazyLock::new(|| Schema::build(lab::Query, lab::Mutation, lab::Live).finish().sdl());
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::read(&LAB).unwrap());

/// What each operation of a document costs, the cheapest first.
fn prices(document: &str, variables: Value) -> Result<Vec<u64>, Unpriceable> {
    let parsed =
        async_graphql::parser::parse_query(document).unwrap_or_else(|error| panic!("{document}: {error}"));
    let variables = Variables::from_json(variables);
    let plans = plans(&parsed, &CONTRACT)?;
    let mut prices: Vec<_> = plans.iter().map(|plan| plan.price(&variables)).collect();
    prices.sort_unstable();
    Ok(prices)
}

fn price(document: &str, variables: Value) -> Result<u64, Unpriceable> {
    Ok(prices(document, variables)?[0])
}

#[test]
fn operations_share_their_fragments_and_not_their_defaults() {
    let document = "query A($n: Int = 5) { ...F } query B($n: Int = 7) { ...F } query C { fast } \
                    fragment F on Query { page(first: $n) { nodes { number } } }";

    assert_eq!(prices(document, json!({})), Ok(vec![0, 16, 18]));
    assert_eq!(prices(document, json!({"n": 2})), Ok(vec![0, 13, 13]));
}

#[test]
fn a_point_is_an_object_and_pages_and_mutations_cost_ten_more() {
    for (document, variables, expected) in [
        ("{ fast slow }", json!({}), 0),
        ("{ item { number } }", json!({}), 1),
        ("{ item { inner { inner { number } } } }", json!({}), 3),
        ("{ items { inner { number } } }", json!({}), 20),
        ("{ page { edges { cursor } } }", json!({}), 31),
        (
            "{ page(first: 3) { pageInfo { hasNextPage } edges { node { inner { number } } nodes: cursor } } }",
            json!({}),
            21,
        ),
        (
            "{ page(first: 3) { nodes { page(last: 2) { nodes { number } } } } }",
            json!({}),
            11 + 3 * (1 + 11 + 2),
        ),
        (
            "query($n: Int) { page(first: $n) { nodes { number } } }",
            json!({}),
            31,
        ),
        (
            "query($n: Int = 5) { page(first: $n) { nodes { number } } }",
            json!({}),
            16,
        ),
        (
            "query($n: Int = 5) { page(first: $n) { nodes { number } } }",
            json!({"n": 7}),
            18,
        ),
        (
            "query($n: Int) { page(first: $n) { nodes { number } } }",
            json!({"n": -1}),
            111,
        ),
        (
            "query($n: Int = 5) { page(first: $n) { nodes { number } } }",
            json!({"n": null}),
            31,
        ),
        (
            "query($n: Int) { page(first: $n) { nodes { number } } }",
            json!({"n": 1e9}),
            111,
        ),
        (
            "query($f: Int, $l: Int) { page(first: $f, last: $l) { nodes { number } } }",
            json!({"l": 2}),
            111,
        ),
        (
            "{ page(first: null, last: 4) { nodes { number } } }",
            json!({}),
            15,
        ),
        (
            "{ item { siblings(ids: [1, 2, 3]) { inner { number } } } }",
            json!({}),
            7,
        ),
        (
            "query($ids: [Int!]!) { item { siblings(ids: $ids) { number } } }",
            json!({"ids": [1, 2]}),
            3,
        ),
        (
            "query($ids: [Int!] = [1]) { item { siblings(ids: $ids) { number } } }",
            json!({}),
            2,
        ),
        (
            "{ numbered { number siblings(ids: [1, 2]) { number } } }",
            json!({}),
            3,
        ),
        ("{ numbered { ... on Item { inner { number } } } }", json!({}), 2),
        (
            "{ page(first: 2) { ...P } } fragment P on ItemConnection { nodes { ...I } edges { node { number } } } fragment I on Item { inner { number } }",
            json!({}),
            11 + 2 * (2 + 2),
        ),
        (
            "{ ...F ...F } fragment F on Query { item { number } }",
            json!({}),
            2,
        ),
        ("mutation { touch again: touch }", json!({}), 22),
        ("{ __schema { types { name } } }", json!({}), 500),
        ("{ __typename __type(name: \"Item\") { name } }", json!({}), 500),
    ] {
        assert_eq!(
            price(document, variables.clone()),
            Ok(expected),
            "{document} {variables}"
        );
    }
}

/// Fragments of which each spreads the next one twice.
fn doubling(count: usize) -> String {
    let fragments = (0..count).map(|n| {
        format!(
            "fragment f{n} on Query {{ ...f{m} a{n}: item {{ number }} ...f{m} }} ",
            m = n + 1
        )
    });
    format!(
        "{} fragment f{count} on Query {{ item {{ number }} }} {{ ...f0 }}",
        fragments.collect::<String>()
    )
}

/// Pages inside pages.
fn pages(depth: usize) -> String {
    format!(
        "{{ page(first: 100) {{ {} number {} }} }}",
        "nodes { page(first: 100) { ".repeat(depth - 1) + "nodes { ",
        "} ".repeat(2 * depth - 1)
    )
}

#[test]
fn sums_stop_at_the_largest_number_and_circles_have_no_price() {
    assert_eq!(price(&doubling(20), json!({})), Ok(3 * (1 << 20) / 3 * 2 - 1));
    assert_eq!(price(&pages(14), json!({})), Ok(u64::MAX));
    for (document, expected) in [
        ("{ ...F } fragment F on Query { ...F }", Unpriceable::Circle),
        (
            "{ fast } fragment F on Query { ...G } fragment G on Query { ... { ...F } }",
            Unpriceable::Circle,
        ),
        (&*doubling(40), Unpriceable::Deep),
        (
            &format!(
                "{{ item {{ {} number {} }} }}",
                "inner { ".repeat(33),
                "} ".repeat(33)
            ),
            Unpriceable::Deep,
        ),
        (
            "{ __schema { types { fields { type { fields { type { interfaces { name } } } } } } } }",
            Unpriceable::Introspection,
        ),
        (
            "{ __type(name: \"Item\") { ...T } } fragment T on __Type { fields { type { ...U } } } fragment U on __Type { inputFields { type { possibleTypes { name } } } }",
            Unpriceable::Introspection,
        ),
    ] {
        assert_eq!(price(document, json!({})), Err(expected), "{document:.80}");
    }
}

/// Pieces from which documents are made that are neither right nor harmless.
const PIECES: [&str; 28] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "...",
    "...F ",
    "@skip(if: $a) ",
    "fragment F on Item ",
    "query Q",
    "mutation",
    "$a: [[Int!]!]",
    "a:",
    "item ",
    "items ",
    "page(first: 100) ",
    "nodes ",
    "number ",
    "__schema ",
    "\"\"\"x\"\"\"",
    "\"y\"",
    "#z\n",
    "\"",
    "\\u0000",
    "💥",
    "-1.5e9 ",
    ", ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_document_made_of_any_pieces_is_too_much_for_the_guard_the_price_and_the_validation(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..120),
        times in 1_usize..40,
    ) {
        let document = pieces.concat().repeat(times);
        let _ = lexical::check(&document, &Limits::AD_HOC);
        static DOCUMENTS: LazyLock<Documents> = LazyLock::new(|| Documents::new(&LAB).unwrap_or_else(|error| panic!("{}", error.report())));
        let _ = DOCUMENTS.read(&document);
    }

    #[test]
    fn whatever_is_nested_a_larger_page_never_costs_less(depth in 1_usize..6, few in 0_u64..50, more in 0_u64..50) {
        let document = format!("query($n: Int) {{ page(first: $n) {{ {} nodes {{ number }} {} }} }}", "nodes { page(first: $n) {".repeat(depth), "} }".repeat(depth));
        let cost = |n: u64| price(&document, json!({"n": n})).unwrap();
        prop_assert!(cost(few + more) >= cost(few));
    }
}

both! {
    async fn what_would_expand_without_end_is_refused_before_it_does(app: App) {
        let lab = app.lab();
        let aliases: String = (0..101).map(|n| format!("a{n}: __typename ")).collect();
        let directives = format!("{{ fast {} }}", "@include(if: true) ".repeat(101));
        let thirty = pages(5);
        let queries: String = (0..100).map(|n| format!("query q{n} {{ ...f0 }} ")).collect();
        assert_eq!(lab.anonymous().post(&doubling(8), json!({})).await.status, 200);
        for (document, expected) in [
            (doubling(14), "BAD_REQUEST"),
            (doubling(30), "BAD_REQUEST"),
            // Each of them alone would do.
            (doubling(8).replace("{ ...f0 }", &queries), "BAD_REQUEST"),
            (format!("{{ {aliases} }}"), "BAD_REQUEST"),
            (directives, "BAD_REQUEST"),
            (thirty, "TOO_EXPENSIVE"),
            (format!("{{ fast {} }}", "# comment\n".repeat(3_000)), "BAD_REQUEST"),
            ("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }".to_owned(), "BAD_REQUEST"),
        ] {
            assert_eq!(lab.anonymous().codes(&document, json!({})).await, [expected], "{document:.80}");
        }
    }

    async fn an_answer_says_what_it_cost_and_what_is_left(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let document = "query($code: DivisionCode!) { federation(code: $code) { name children(first: 100) { nodes { name } } } }";
        let first = cadre.gql(document, json!({"code": XIANGXIANG})).await;
        let again = cadre.gql(document, json!({"code": XIANGXIANG})).await;

        let cost = &first["extensions"]["cost"];
        assert_eq!(cost["asked"], 1 + 11 + 100);
        let objects = 1 + 1 + 1 + 22;
        assert_eq!(cost["actual"], objects + cost["statements"].as_u64().unwrap());
        assert_eq!(cost["remaining"], 50_000 - cost["actual"].as_u64().unwrap());
        assert_eq!(again["extensions"]["cost"]["remaining"], 50_000 - 2 * cost["actual"].as_u64().unwrap());
    }

    async fn who_has_spent_a_budget_waits_until_it_fills_again(app: App) {
        let lab = app.lab();
        let anonymous = lab.anonymous();
        let dear = json!({"query": "{ items(n: 190) { inner { number } siblings(ids: [1, 2, 3, 4, 5]) { number } } }"}).to_string();
        let mut answers = Vec::new();
        for _ in 0..12 {
            let answer = anonymous.send("POST", "/graphql", &[("content-type", "application/json")], dear.clone()).await;
            answers.push(answer);
        }
        // Of 2,000 points each took 70, though it gave more.
        assert!(answers.iter().all(|answer| answer.status == 200));
        let look = json!({"query": "{ __schema { types { name } } }"}).to_string();
        let send = async || anonymous.send("POST", "/graphql", &[("content-type", "application/json")], look.clone()).await;
        let mut looks = Vec::new();
        for _ in 0..60 {
            looks.push(send().await);
        }
        let refused = looks.iter().find(|answer| answer.status == 429);
        let refused = refused.expect("a budget has an end");
        let seconds: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();

        assert_eq!(refused.json()["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        assert_eq!(refused.headers["content-type"], "application/json; charset=utf-8");
        assert!(refused.json().get("data").is_none());
        assert!((1..=10).contains(&seconds), "{seconds}");
        let neighbour = app.person("CADRE", XIANGXIANG).await.at(&lab);
        assert_eq!(neighbour.post("{ fast }", json!({})).await.status, 200);
        app.advance(TimeDelta::seconds(10));
        assert_eq!(send().await.status, 200);
    }

    async fn signing_in_may_fail_ten_times_a_minute_however_it_is_written(app: App) {
        let login = "login(input: {username: \"demo.one\", password: \"wrong\"}) { userErrors { code } }";
        let aliases: String = (0..12).map(|n| format!("a{n}: {login} ")).collect();
        let body = app.anonymous().gql(&format!("mutation {{ {aliases} }}"), json!({})).await;
        let other = "mutation { login(input: {username: \"demo.two\", password: \"wrong\"}) { userErrors { code } } }";

        assert_eq!(body["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{body}");
        assert_eq!(body["errors"][0]["path"], json!(["a10"]));
        assert_eq!(body["errors"][0]["extensions"]["retryAfter"], 6);
        assert_eq!(app.anonymous().data(other, json!({})).await["login"]["userErrors"][0]["code"], "INVALID");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let token = async || app.send("POST", "/oauth/token", &form, "grant_type=client_credentials&client_id=a.client&client_secret=wrong").await;
        for _ in 0..10 {
            assert_eq!(token().await.status, 401);
        }
        let refused = token().await;
        assert_eq!((refused.status.as_u16(), refused.headers["retry-after"].to_str().unwrap()), (429, "6"));
    }

    async fn who_signs_in_rightly_may_do_so_often(app: App) {
        app.person("CADRE", XIANGXIANG).await;
        let username = format!("cadre.{}", app.federation(XIANGXIANG));
        for _ in 0..15 {
            app.sign_in(&username).await;
        }
    }
}
