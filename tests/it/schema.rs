//! The contract: `schema.graphql` is what the code says, and everything in it is described.

use serde_json::{Value, json};
use std::path::Path;

#[test]
fn the_committed_schema_is_what_the_code_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema.graphql");
    let said = api::schema::sdl();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &said).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let first = committed
        .lines()
        .zip(said.lines())
        .position(|(old, new)| old != new);
    assert!(
        committed == said,
        "schema.graphql is not what the code says, first at line {}: run `UPDATE=1 cargo test -p tests schema` and \
         read the difference as a front-end developer would",
        first.unwrap_or_default() + 1,
    );
}

const WALK: &str = "{ __schema { types { kind name description
    fields(includeDeprecated: true) { name description args { name description } type { ...T } }
    inputFields { name description } enumValues(includeDeprecated: true) { name description } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Types of ours: not those of introspection, nor those that every GraphQL service has.
fn ours(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let types = list(&schema["__schema"]["types"])
        .iter()
        .map(|kind| (kind["name"].as_str().unwrap(), kind));
    types.filter(|(name, _)| {
        !name.starts_with("__") && !["String", "Int", "Float", "Boolean", "ID"].contains(name)
    })
}

both! {
    async fn everything_in_the_schema_is_described(app: App) {
        let schema = app.anonymous().data(WALK, json!({})).await;

        let mut bare = Vec::new();
        let mut check = |place: String, item: &Value| {
            if item["description"].as_str().unwrap_or_default().trim().is_empty() {
                bare.push(place);
            }
        };
        for (name, kind) in ours(&schema) {
            check(name.to_owned(), kind);
            for field in list(&kind["fields"]) {
                let place = format!("{name}.{}", field["name"].as_str().unwrap());
                check(place.clone(), field);
                for argument in list(&field["args"]) {
                    check(format!("{place}({}:)", argument["name"].as_str().unwrap()), argument);
                }
            }
            for item in list(&kind["inputFields"]).iter().chain(list(&kind["enumValues"])) {
                check(format!("{name}.{}", item["name"].as_str().unwrap()), item);
            }
        }

        assert!(bare.is_empty(), "give each a doc comment or `#[graphql(desc = …)]`:\n{}", bare.join("\n"));
    }

    async fn mutations_take_one_input_and_answer_with_user_errors(app: App) {
        let schema = app.anonymous().data(WALK, json!({})).await;
        let types: std::collections::HashMap<&str, &Value> = ours(&schema).collect();

        for field in list(&types["Mutation"]["fields"]) {
            let name = field["name"].as_str().unwrap();
            let arguments: Vec<_> = list(&field["args"]).iter().map(|argument| argument["name"].as_str().unwrap()).collect();
            assert!(arguments.is_empty() || arguments == ["input"], "{name} takes {arguments:?}: take one `input`");
            let payload = types[field["type"]["ofType"]["name"].as_str().unwrap()];
            let has_errors = list(&payload["fields"]).iter().any(|field| field["name"] == "userErrors");
            assert!(has_errors, "{name}: its payload says in `userErrors` why nothing was done");
        }
    }

    async fn every_connection_is_paged_by_the_same_four_arguments(app: App) {
        let schema = app.anonymous().data(WALK, json!({})).await;

        for (name, kind) in ours(&schema) {
            for field in list(&kind["fields"]) {
                let returned = &field["type"]["ofType"]["name"];
                if !returned.as_str().unwrap_or_default().ends_with("Connection") {
                    continue;
                }
                let arguments: Vec<_> = list(&field["args"]).iter().map(|argument| argument["name"].as_str().unwrap()).collect();
                for wanted in ["first", "after", "last", "before"] {
                    assert!(arguments.contains(&wanted), "{name}.{} takes no `{wanted}`", field["name"]);
                }
            }
        }
    }
}
