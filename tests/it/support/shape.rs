//! The schema as a walk: every argument that names something, with a document that sends it.

use super::App;
use super::register::uscc;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

const WALK: &str =
    "{ __schema { types { kind name description possibleTypes { name } enumValues { name description }
    fields { name description args { name defaultValue type { ...T } } type { ...T } }
    inputFields { name defaultValue type { ...T } } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// Scalars that name something.
const NAMING: [&str; 6] = ["ID", "UUID", "Upload", "DivisionCode", "Uscc", "IdNumber"];
/// How deep a selection goes below what an operation gives, as long as the document has no more words than that.
const DEPTHS: [u32; 3] = [3, 2, 1];
const WORDS_MAX: usize = 400;
/// Fields that a selection takes of one object at most: a document has its limits.
const FIELDS: usize = 24;

/// The schema as the service tells it.
pub struct Shape {
    types: HashMap<String, Value>,
    is_poor: bool,
}

/// An argument that names something, or a field of an input that does.
#[derive(Clone, Debug)]
pub struct Naming {
    /// `query`, `mutation` or `subscription`.
    pub kind: &'static str,
    /// Fields from the root to the one whose argument it is.
    pub fields: Vec<String>,
    /// The argument, and below it the fields of inputs.
    pub argument: Vec<String>,
    /// What kind of name it takes.
    pub scalar: String,
}

impl Naming {
    /// How a reader calls it: `Mutation.updateEnterprise(input.id)`.
    pub fn title(&self) -> String {
        format!(
            "{} {}({})",
            self.kind,
            self.fields.join("."),
            self.argument.join(".")
        )
    }

    /// A field of a root, and maybe an argument of it.
    pub fn of(kind: &'static str, path: &[&str], scalar: &str) -> Naming {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (field, argument) = path.split_at(1);
        Naming {
            kind,
            fields: owned(field),
            argument: owned(argument),
            scalar: scalar.to_owned(),
        }
    }

    fn root(&self) -> &'static str {
        match self.kind {
            "mutation" => "Mutation",
            "subscription" => "Subscription",
            _ => "Query",
        }
    }
}

/// What the caller itself may name, for arguments beside the one that is looked at.
pub struct Own {
    /// Global ids by type.
    pub ids: BTreeMap<String, String>,
    /// Division code of a county of theirs.
    pub code: String,
}

impl Own {
    /// Something of a type: what bears its name, or the first of those that say in brackets which they are.
    fn id(&self, of: &str) -> Option<&str> {
        let mut ids = self.ids.iter();
        ids.find(|(kind, _)| type_of(kind).eq_ignore_ascii_case(of))
            .map(|(_, id)| &**id)
    }
}

/// The type of a kind of things: `Job (enterprises)` are jobs too.
pub fn type_of(kind: &str) -> &str {
    kind.split(" (").next().unwrap_or_default()
}

/// A JSON list, or an empty one.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A JSON text, or an empty one.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The name at the bottom of a type, and whether it is a list.
fn unwrapped(of: &Value) -> (&str, bool) {
    match text(&of["kind"]) {
        "NON_NULL" => unwrapped(&of["ofType"]),
        "LIST" => (unwrapped(&of["ofType"]).0, true),
        _ => (text(&of["name"]), false),
    }
}

fn written(of: &Value) -> String {
    match text(&of["kind"]) {
        "NON_NULL" => format!("{}!", written(&of["ofType"])),
        "LIST" => format!("[{}]", written(&of["ofType"])),
        _ => text(&of["name"]).to_owned(),
    }
}

/// The first sentence of what a type or a field says of itself, on one line.
pub fn says(described: &Value) -> String {
    let text = text(&described["description"]).replace('\n', " ");
    let sentence = text.split(". ").next().unwrap_or_default();
    sentence.trim_end_matches('.').replace('|', "/")
}

fn in_brackets(arguments: &[String]) -> String {
    match arguments {
        [] => String::new(),
        some => format!("({})", some.join(", ")),
    }
}

fn is_required(argument: &Value) -> bool {
    argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null()
}

impl Shape {
    /// Asks the service for it.
    pub async fn of(app: &App) -> Shape {
        let schema = app.anonymous().data(WALK, json!({})).await;
        let types = list(&schema["__schema"]["types"]).iter().cloned();
        Shape {
            types: types.map(|kind| (text(&kind["name"]).to_owned(), kind)).collect(),
            is_poor: false,
        }
    }

    /// The same, with samples that a rule refuses: empty texts, days long gone, instants to come, the last of an enum.
    pub fn poor(self) -> Shape {
        Shape {
            is_poor: true,
            ..self
        }
    }

    /// A type.
    pub fn kind(&self, of: &str) -> &Value {
        &self.types[of]
    }

    /// The fields of a type; none if it has none.
    pub fn fields(&self, of: &str) -> &[Value] {
        self.types
            .get(of)
            .map(|kind| list(&kind["fields"]))
            .unwrap_or_default()
    }

    /// A field of a type.
    pub fn field(&self, of: &str, name: &str) -> &Value {
        let mut fields = self.fields(of).iter();
        fields
            .find(|field| field["name"] == name)
            .unwrap_or_else(|| panic!("no field {of}.{name}"))
    }

    /// Whether a type has a field.
    pub fn has(&self, of: &str, name: &str) -> bool {
        self.fields(of).iter().any(|field| field["name"] == name)
    }

    /// The type that a field gives, one by one.
    pub fn gives(&self, of: &str, name: &str) -> &str {
        unwrapped(&self.field(of, name)["type"]).0
    }

    /// The types that have a global id.
    pub fn nodes(&self) -> Vec<&str> {
        list(&self.types["Node"]["possibleTypes"])
            .iter()
            .map(|kind| text(&kind["name"]))
            .collect()
    }

    /// Every argument that names something.
    pub fn namings(&self) -> Vec<Naming> {
        let mut namings = Vec::new();
        for (kind, root) in [("mutation", "Mutation"), ("subscription", "Subscription")] {
            for field in self.fields(root) {
                self.of_field(kind, &[], field, &mut namings);
            }
        }
        // Below a query a type is looked at where it is first reached.
        let mut seen = HashSet::from(["Query".to_owned()]);
        let mut open = vec![("Query".to_owned(), Vec::new())];
        while let Some((of, path)) = open.pop() {
            for field in self.fields(&of) {
                self.of_field("query", &path, field, &mut namings);
                let (gives, _) = unwrapped(&field["type"]);
                let has_fields = !self.fields(gives).is_empty() && gives != "Node";
                if has_fields && path.len() < 4 && seen.insert(gives.to_owned()) {
                    let mut path = path.clone();
                    path.push(text(&field["name"]).to_owned());
                    open.insert(0, (gives.to_owned(), path));
                }
            }
        }
        namings
    }

    fn of_field(&self, kind: &'static str, path: &[String], field: &Value, namings: &mut Vec<Naming>) {
        let mut fields = path.to_vec();
        fields.push(text(&field["name"]).to_owned());
        for argument in list(&field["args"]) {
            let mut found = Vec::new();
            self.of_input(argument, &mut Vec::new(), &mut found);
            namings.extend(found.into_iter().map(|(argument, scalar)| Naming {
                kind,
                fields: fields.clone(),
                argument,
                scalar,
            }));
        }
    }

    fn of_input(&self, input: &Value, above: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
        let (of, _) = unwrapped(&input["type"]);
        above.push(text(&input["name"]).to_owned());
        if NAMING.contains(&of) {
            found.push((above.clone(), of.to_owned()));
        } else if above.len() < 5 {
            for field in list(&self.types[of]["inputFields"]) {
                self.of_input(field, above, found);
            }
        }
        above.pop();
    }

    /// The type at the end of a path of fields.
    pub fn given<'a>(&'a self, root: &'a str, path: &[impl AsRef<str>]) -> &'a str {
        let fields = path.iter();
        fields.fold(root, |of, name| self.gives(of, name.as_ref()))
    }

    /// A document and its variables that send the name of a thing of a type, and beside it what the caller owns.
    pub fn document(&self, naming: &Naming, (kind, sent): (&str, &Value), own: &Own) -> (String, Value) {
        let kind = type_of(kind);
        let selections =
            DEPTHS.map(|depth| self.selection(self.given(naming.root(), &naming.fields), depth, kind));
        let is_short = |text: &&String| text.split_whitespace().count() <= WORDS_MAX;
        let selection = selections.iter().find(is_short).unwrap_or(&selections[2]);
        self.asked(naming, sent, own, selection)
    }

    /// The same with a selection that is said.
    pub fn asked(&self, naming: &Naming, sent: &Value, own: &Own, selection: &str) -> (String, Value) {
        let (mut declared, mut variables) = (Vec::new(), Map::new());
        let (mut open, mut of) = (String::new(), naming.root());
        for (depth, name) in naming.fields.iter().enumerate() {
            let field = self.field(of, name);
            let is_last = depth + 1 == naming.fields.len();
            let gives = self.gives(of, name);
            let mut arguments = Vec::new();
            for argument in list(&field["args"]) {
                let argument_name = text(&argument["name"]);
                let on_path = is_last
                    && naming
                        .argument
                        .first()
                        .is_some_and(|first| first == argument_name);
                // Without either, these two find nothing.
                let leads = !is_last && ["code", "uscc"].contains(&argument_name) && of == "Query";
                if !(on_path || leads || is_required(argument)) {
                    continue;
                }
                let path = on_path.then(|| &naming.argument[1..]);
                let value = self.value(argument, (path, sent), own, gives);
                let variable = format!("v{}", declared.len());
                declared.push(format!("${variable}: {}", written(&argument["type"])));
                arguments.push(format!("{argument_name}: ${variable}"));
                variables.insert(variable, value);
            }
            open += &format!(" {{ {name}{}", in_brackets(&arguments));
            of = gives;
        }
        let (declared, closed) = (in_brackets(&declared), " }".repeat(naming.fields.len()));
        (
            format!("{}{declared}{open}{selection}{closed}", naming.kind),
            Value::Object(variables),
        )
    }

    /// The arguments that a field has to be given, written into the document.
    pub fn arguments(&self, of: &str, name: &str, own: &Own) -> String {
        let required = list(&self.field(of, name)["args"])
            .iter()
            .filter(|argument| is_required(argument));
        let written = required.map(|argument| {
            let value = self.value(argument, (None, &Value::Null), own, "");
            let is_enum = !list(&self.kind(unwrapped(&argument["type"]).0)["enumValues"]).is_empty();
            let value = if is_enum {
                text(&value).to_owned()
            } else {
                value.to_string()
            };
            format!("{}: {value}", text(&argument["name"]))
        });
        in_brackets(&written.collect::<Vec<_>>())
    }

    /// What an argument gets: what is sent where the path ends, samples and the caller's own beside it.
    fn value(
        &self,
        input: &Value,
        (path, sent): (Option<&[String]>, &Value),
        own: &Own,
        gives: &str,
    ) -> Value {
        let (_, is_list) = unwrapped(&input["type"]);
        let one = match path {
            Some([]) => sent.clone(),
            _ => self.sample(input, (path, sent), own, gives),
        };
        if is_list { json!([one]) } else { one }
    }

    fn sample(
        &self,
        input: &Value,
        (path, sent): (Option<&[String]>, &Value),
        own: &Own,
        gives: &str,
    ) -> Value {
        let (name, (of, _)) = (text(&input["name"]), unwrapped(&input["type"]));
        let kind = &self.types[of];
        let names = list(&kind["enumValues"]);
        if let Some(one) = if self.is_poor { names.last() } else { names.first() } {
            return one["name"].clone();
        }
        let fields = list(&kind["inputFields"]);
        if !fields.is_empty() {
            let mut object = Map::new();
            for field in fields {
                let name = text(&field["name"]);
                let below = path.filter(|path| path[0] == name).map(|path| &path[1..]);
                if below.is_some() || is_required(field) {
                    object.insert(name.to_owned(), self.value(field, (below, sent), own, gives));
                }
            }
            return Value::Object(object);
        }
        match of {
            "ID" => json!(self.own_id(name, own, gives)),
            "Int" if self.is_poor => json!(0),
            "Date" if self.is_poor => json!("1900-01-01"),
            "DateTime" if self.is_poor => json!("2200-01-01T00:00:00Z"),
            "String" | "Uscc" | "IdNumber" | "PersonName" | "PhoneNumber" if self.is_poor => json!(""),
            "Int" => json!(1),
            "Boolean" => json!(true),
            "Date" => json!("2026-06-01"),
            "DateTime" => json!("2026-06-01T00:00:00Z"),
            "Decimal" => json!("1"),
            "Money" => json!("1.00"),
            "DivisionCode" => json!(own.code),
            "Uscc" => json!(uscc(1)),
            "MetricCode" => json!("visits"),
            "RatioCode" => json!("coverage_rate"),
            "DimensionCode" => json!("PURPOSE"),
            "UUID" | "Upload" => json!("0190c3a0-0000-7000-8000-00000000fff0"),
            "IdNumber" => json!(super::people::resident_id(77)),
            "PersonName" => json!("王小明"),
            "PhoneNumber" => json!("13800000000"),
            "String" => json!("年度核对工作"),
            other => panic!("say in shape.rs what a {other} looks like"),
        }
    }

    /// The caller's own thing that a field is about: by its name, or for a plain `id` by what the operation gives back.
    fn own_id<'a>(&self, name: &str, own: &'a Own, gives: &str) -> &'a str {
        let given = || {
            let mut fields = self.fields(gives).iter();
            fields.find_map(|field| own.id(unwrapped(&field["type"]).0))
        };
        let said = || {
            let kinds = own.ids.keys().map(|kind| type_of(kind));
            let said = kinds
                .filter(|kind| gives.contains(kind))
                .max_by_key(|kind| kind.len());
            said.and_then(|kind| own.id(kind))
        };
        let found = match name {
            "id" => given().or_else(said),
            name => own.id(name.trim_end_matches("Id")),
        };
        found.or_else(|| own.id("Federation")).unwrap_or_default()
    }

    /// Everything of a type that needs no argument.
    fn selection(&self, of: &str, depth: u32, named: &str) -> String {
        let Some(kind) = self.types.get(of) else {
            return String::new();
        };
        if text(&kind["kind"]) == "INTERFACE" {
            // Fields of one name and other types cannot stand beside each other: only those of what is named.
            let may_be = list(&kind["possibleTypes"])
                .iter()
                .any(|kind| kind["name"] == named);
            return match may_be {
                true => format!(
                    " {{ __typename ... on {named}{} }}",
                    self.selection(named, depth, named)
                ),
                false => " { __typename }".to_owned(),
            };
        }
        if list(&kind["fields"]).is_empty() {
            return String::new();
        }
        let mut chosen = vec!["__typename".to_owned()];
        for field in list(&kind["fields"])
            .iter()
            .filter(|field| !list(&field["args"]).iter().any(is_required))
        {
            let (name, (gives, _)) = (text(&field["name"]), unwrapped(&field["type"]));
            let below = !self.fields(gives).is_empty();
            if chosen.len() > FIELDS || below && depth == 0 || ["edges", "pageInfo", "parent"].contains(&name)
            {
                continue;
            }
            let has_first = list(&field["args"])
                .iter()
                .any(|argument| argument["name"] == "first");
            let first = if has_first { "(first: 2)" } else { "" };
            // A page is no level of its own.
            let deeper = if gives.ends_with("Connection") {
                depth
            } else {
                depth.saturating_sub(1)
            };
            chosen.push(format!("{name}{first}{}", self.selection(gives, deeper, named)));
        }
        format!(" {{ {} }}", chosen.join(" "))
    }
}
