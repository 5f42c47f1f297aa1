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

const WALK: &str = "{ __schema { types { kind name description interfaces { name }
    fields(includeDeprecated: true) { name description isDeprecated deprecationReason args { name description type { ...T } } type { ...T } }
    inputFields { name description type { ...T } } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// Lists of objects that are no pages: what bounds each. No new one without a bound that its description names.
const BOUNDED: [(&str, &str); 37] = [
    ("Account.credentials", "the 20 newest"),
    ("Account.grants", "at most 20, by rule, and an elevation"),
    ("Account.sessions", "the 50 used last"),
    ("Assessment.attachments", "at most 50, by rule"),
    ("Assessment.scores", "one for each item, at most 100"),
    ("AssessmentBlock.items", "at most 100 in a scheme, by rule"),
    ("AssessmentScheme.blocks", "at most 12, by rule"),
    ("AssessmentScore.evidence", "at most 10, by rule"),
    ("AuditEntry.details", "the particulars of one event"),
    ("CollectionResult.reasons", "one for each rule"),
    ("Federation.ancestors", "as many as there are levels"),
    ("Federation.figures", "one for each metric asked for, at most 50"),
    (
        "Federation.figureChanges",
        "one for each metric and part, as figures",
    ),
    (
        "Federation.figureSeries",
        "one for each metric asked for, at most 50, and part",
    ),
    (
        "Federation.ratios",
        "one for each ratio asked for, at most 50, and part",
    ),
    (
        "FigureSeries.points",
        "at most 400, and 2,000 in all parts of a metric, by rule",
    ),
    ("Federation.paceRules", "one a metric, and one for all"),
    ("Federation.ranking", "at most 100, by rule"),
    ("IssueTargetsPayload.targets", "at most 100, by rule"),
    ("Membership.cards", "at most 20, by rule"),
    ("Membership.changes", "at most 100, by rule"),
    ("PaceRule.points", "at most 53, by rule"),
    ("Person.bases", "at most 100, by rule"),
    ("Query.metrics", "the catalogue"),
    ("Query.nodes", "one for each id"),
    ("StatisticalReturn.attachments", "at most 50, by rule"),
    ("ReturnLine.earlier", "one for each correction"),
    ("StatisticalReturn.lines", "at most 200 at a time, by rule"),
    (
        "StatisticalReturn.warnings",
        "at most one for each metric and axis, or line",
    ),
    ("Query.ratios", "the catalogue"),
    (
        "Subscription.figuresChanged",
        "one for each metric asked for, at most 50",
    ),
    ("SubmitCollectionsPayload.results", "one for each line"),
    ("Target.amendments", "at most 50, by rule"),
    ("Viewer.grants", "what a person holds"),
    ("Viewer.sessions", "the 50 used last"),
    ("Viewer.viewerCan", "one for each action asked for, at most 50"),
    ("Visit.findings", "at most 50, by rule"),
];

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

/// Types that carry the words of others as they came, also where they are wrong.
const AS_DELIVERED: [&str; 2] = ["CollectionLineInput", "DeliveredCollectionLine"];
/// Ids that others gave.
const FOREIGN_IDS: [&str; 1] = ["voucherId"];
/// Parts of another node, which have an id so that an input can name them.
const PARTS: [&str; 5] = [
    "ClientCredential",
    "FederationLink",
    "Finding",
    "Grant",
    "Session",
];

/// The name of a type without its list and non-null marks, and whether a list is among them.
fn unwrapped(kind: &Value) -> (&str, bool) {
    let inner = &kind["ofType"];
    if inner.is_null() {
        return (kind["name"].as_str().unwrap(), false);
    }
    let (name, is_list) = unwrapped(inner);
    (name, is_list || kind["kind"] == "LIST")
}

fn is_camel(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_shouted(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What is wrong with the names and types of a field or an input.
fn faults_of_field(place: &str, name: &str, kind: &Value) -> Vec<String> {
    let (gives, is_list) = unwrapped(kind);
    let mut faults = Vec::new();
    let mut unless = |holds: bool, rule: &str| {
        if !holds {
            faults.push(format!("{place} ({gives}): {rule}"));
        }
    };
    unless(is_camel(name), "write it in camelCase");
    unless(
        !name.ends_with("Id")
            || is_list
            || FOREIGN_IDS.contains(&name)
            || ["ID", "UUID", "Upload"].contains(&gives),
        "what ends in Id is an ID, or the sender's own UUID",
    );
    unless(
        !name.ends_with("At") || gives == "DateTime",
        "what ends in At is an instant",
    );
    unless(
        !name.ends_with("On") || ["Date", "Boolean"].contains(&gives),
        "what ends in On is a day",
    );
    unless(
        gives != "Boolean"
            || ["is", "has", "may", "with"]
                .iter()
                .any(|verb| name.starts_with(verb)),
        "a yes or no begins with is, has or may",
    );
    unless(gives != "Float", "no float: a Decimal, Money or Int");
    faults
}

both! {
    async fn names_and_types_follow_the_rules_of_the_house(app: App) {
        let schema = app.anonymous().data(WALK, json!({})).await;
        let mut faults = Vec::new();
        for (name, kind) in ours(&schema) {
            if !is_pascal(name) {
                faults.push(format!("{name}: write it in PascalCase"));
            }
            for item in list(&kind["enumValues"]) {
                let item = item["name"].as_str().unwrap();
                if !is_shouted(item) {
                    faults.push(format!("{name}.{item}: write it in SCREAMING_SNAKE_CASE"));
                }
            }
            let arguments = list(&kind["fields"]).iter().flat_map(|field| list(&field["args"]));
            for item in list(&kind["fields"]).iter().chain(list(&kind["inputFields"])).chain(arguments) {
                // What Relay named is its.
                if ["hasNextPage", "hasPreviousPage"].contains(&item["name"].as_str().unwrap()) {
                    continue;
                }
                if AS_DELIVERED.contains(&name) {
                    continue;
                }
                let field = item["name"].as_str().unwrap();
                faults.extend(faults_of_field(&format!("{name}.{field}"), field, &item["type"]));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        let bad = json!({"kind": "SCALAR", "name": "Float"});
        assert_eq!(faults_of_field("X.paid_At", "paid_At", &bad).len(), 3, "the rules can find a fault");
    }

    async fn what_has_an_id_is_a_node_and_no_list_is_without_a_bound(app: App) {
        let schema = app.anonymous().data(WALK, json!({})).await;
        let types: std::collections::HashMap<&str, &Value> = ours(&schema).collect();
        let mut faults = Vec::new();
        for (name, kind) in ours(&schema).filter(|(_, kind)| kind["kind"] == "OBJECT") {
            let firm_id = |field: &&Value| field["name"] == "id" && field["type"]["kind"] == "NON_NULL" && unwrapped(&field["type"]).0 == "ID";
            let has_id = list(&kind["fields"]).iter().any(|field| firm_id(&field));
            let is_node = list(&kind["interfaces"]).iter().any(|interface| interface["name"] == "Node");
            if has_id != is_node && !PARTS.contains(&name) {
                faults.push(format!("{name}: what has an id is a Node"));
            }
            for field in list(&kind["fields"]) {
                let (gives, is_list) = unwrapped(&field["type"]);
                let is_object = types.get(gives).is_some_and(|kind| ["OBJECT", "INTERFACE", "UNION"].contains(&kind["kind"].as_str().unwrap()));
                let place = format!("{name}.{}", field["name"].as_str().unwrap());
                let is_bounded = name.ends_with("Connection") || gives == "UserError" || BOUNDED.iter().any(|(known, _)| *known == place);
                if is_list && is_object && !is_bounded {
                    faults.push(format!("{place}: give pages instead of a list"));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    async fn what_is_deprecated_says_why_and_until_when(app: App) {
        let schema = app.anonymous().data(WALK, json!({})).await;
        for (name, kind) in ours(&schema) {
            for item in list(&kind["fields"]).iter().chain(list(&kind["enumValues"])).filter(|item| item["isDeprecated"] == true) {
                let reason = item["deprecationReason"].as_str().unwrap_or_default();
                assert!(says_sunset(reason), "{name}.{}: \"{reason}\" names no day: end it with `sunset 2027-03-31`", item["name"]);
            }
        }
        assert!(says_sunset("Use `members`; sunset 2027-03-31"));
        assert!(!says_sunset("Old"));
    }

    async fn the_documents_of_the_tour_fit_the_schema_and_are_those_of_the_readme(app: App) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/documents");
        let mut shapes = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let read = app.engine.documents.read(&text);
            let document = read.unwrap_or_else(|refusal| panic!("{text}: {:?}", refusal.errors));
            shapes.extend(document.operations.iter().map(|operation| shape(&document, operation.name.as_deref())));
        }
        let mut toured = 0;
        for name in ["../README.md", "../README.zh-CN.md"] {
            let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
            for text in queries(&readme) {
                let read = app.engine.documents.read(&text);
                let document = read.unwrap_or_else(|refusal| panic!("{name}: {text}: {:?}", refusal.errors));
                let shape = shape(&document, document.operations[0].name.as_deref());
                let is_helper = ["login", "enterprise"].iter().any(|field| shape.starts_with(&format!("{{{field}")));
                assert!(is_helper || shapes.contains(&shape), "{name}: no document in api/documents asks for {shape}");
                toured += 1;
            }
        }
        assert!(toured >= 10, "both READMEs have their tour");
    }
}

/// The queries in the shell blocks of a README, as the service would get them.
fn queries(readme: &str) -> Vec<String> {
    let blocks = readme
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap());
    let queries = blocks.flat_map(|block| block.split("'{\"query\":").skip(1));
    let first = |text: &str| {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
        values
            .next()
            .unwrap()
            .unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    queries.map(first).collect()
}

/// What an operation asks for: names of fields only.
fn shape(document: &api::http::document::Document, operation: Option<&str>) -> String {
    use async_graphql::parser::types::{Selection, SelectionSet};
    fn of(set: &SelectionSet) -> String {
        let fields = set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => {
                format!("{}{}", field.node.name.node, of(&field.node.selection_set.node))
            }
            _ => String::new(),
        });
        let fields: Vec<_> = fields.collect();
        if fields.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", fields.join(" "))
        }
    }
    let mut operations = document.parsed.operations.iter();
    let (_, found) = operations
        .find(|(name, _)| name.map(|name| name.as_str()) == operation)
        .unwrap();
    of(&found.node.selection_set.node)
}

/// Whether a reason ends with the day after which the field may be gone.
fn says_sunset(reason: &str) -> bool {
    let day = reason.rsplit_once("sunset ").map(|(_, day)| day);
    day.is_some_and(|day| day.parse::<chrono::NaiveDate>().is_ok())
}
