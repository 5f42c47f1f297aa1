//! Role × operation × place: rows made from the schema, each asked by everybody about what there is everywhere.

use super::Caller;
use super::shape::{Naming, Shape, list, says, text, type_of};
use super::verdict::{Ask, HAPPENING, Mark, Proof, Target};
use serde_json::{Value, json};

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    Seeing,
    Following,
    Doing,
    Hearing,
}

/// An operation: all the ways to ask the same.
pub struct Row {
    pub area: Area,
    /// A type, a field of a type, or a field of Mutation or Subscription.
    pub title: String,
    /// Which kind of the thing, in brackets, and which kind of the input, where there are several.
    pub kind: String,
    pub variety: &'static str,
    /// What it is, in words.
    pub says: String,
    /// The type that is looked at or followed from, and the one that is led to.
    pub between: (String, String),
    asks: Vec<Ask>,
}

/// Inputs that the poor samples of the schema are not enough for, by operation; with a name where there are several.
/// `<role>` is the caller's, `<township>` that of the place, `<Session (over)>` a thing that is there.
const INPUTS: [(&str, &str, &str); 15] = [
    ("addClientCredential", "", r#"{"publicKey": ""}"#),
    ("attachFile", "", r#"{"recordId": "<StatisticalReturn>"}"#),
    ("discardReturn", "", r#"{"id": "<StatisticalReturn>"}"#),
    ("draftReturn", "", r#"{"title": ""}"#),
    ("elevate", "", r#"{"role": "<role>"}"#),
    ("endSession", "", r#"{"id": "<Session (over)>"}"#),
    ("exportFigures", "", r#"{"metrics": []}"#),
    ("fileSubjectRequest", "", r#"{"receivedOn": "2200-01-01"}"#),
    ("fulfilSubjectRequest", "", r#"{"correction": {}}"#),
    ("grantRole", "of a cadre", r#"{"role": "CADRE"}"#),
    (
        "grantRole",
        "of an administrator",
        r#"{"role": "SYSTEM_ADMINISTRATOR"}"#,
    ),
    (
        "issueAssessmentScheme",
        "",
        r#"{"id": "<AssessmentScheme (draft)>"}"#,
    ),
    ("publishAssessment", "", r#"{"id": "<AssessmentScheme (draft)>"}"#),
    ("refuseSubjectRequest", "", r#"{"reason": "STATUTORY_DUTY"}"#),
    (
        "submitCollections",
        "",
        r#"{"lines": [{"township": "<township>"}]}"#,
    ),
];

/// The type of the things on a page, or the type itself.
fn element<'a>(shape: &'a Shape, of: &'a str) -> &'a str {
    if shape.has(of, "nodes") {
        shape.gives(of, "nodes")
    } else {
        of
    }
}

/// What is asked of a type: its id, or else where it is.
fn light(shape: &Shape, of: &str) -> String {
    let inside = element(shape, of);
    match () {
        () if inside != of => format!(" {{ nodes{} }}", light(shape, inside)),
        () if shape.has(inside, "id") => " { id }".to_owned(),
        () if shape.has(inside, "federation") => " { federation { id } }".to_owned(),
        () => " { __typename }".to_owned(),
    }
}

/// Arguments that find what is there on a list that is too long to be read, or of another kind.
const ARGUMENTS: [(&str, &str); 4] = [
    ("Federation.auditTrail", r#"filter: {subjectId: "<Visit>"}"#),
    ("Federation.paceRules", "year: 2026"),
    ("Federation.members", "state: TRANSFERRING"),
    ("TradeUnion.members", "state: TRANSFERRING"),
];

/// All rows that the schema has, and the root fields that name nothing that has a place.
pub fn rows(shape: &Shape, target: &Target) -> (Vec<Row>, Vec<String>) {
    for name in INPUTS.iter().map(|(name, _, _)| name).chain(&HAPPENING) {
        shape.field("Mutation", name);
    }
    let namings = shape.namings().into_iter();
    let maker = Maker {
        shape,
        target,
        namings: namings.filter(|naming| naming.kind == "query").collect(),
    };
    let mut rows = maker.seeing();
    rows.extend(maker.following());
    let mut placeless = Vec::new();
    for (root, area) in [("Mutation", Area::Doing), ("Subscription", Area::Hearing)] {
        for field in shape.fields(root) {
            let found = maker.acting(area, field);
            if found.is_empty() {
                placeless.push(text(&field["name"]).to_owned());
            }
            rows.extend(found);
        }
    }
    for field in shape.fields("Query").iter().map(|field| text(&field["name"])) {
        let is_way = |ask: &Ask| ask.naming.fields[0] == field;
        let mut seeing = rows.iter().filter(|row| row.area == Area::Seeing);
        if !seeing.any(|row| row.asks.iter().any(is_way)) {
            placeless.push(field.to_owned());
            // What is below it may name something all the same.
            let is_below = |naming: &&Naming| naming.fields[0] == field && naming.fields.len() > 1;
            let below = maker.namings.iter().filter(is_below);
            placeless.extend(below.map(|naming| naming.fields.join(".")));
        }
    }
    (rows, placeless)
}

struct Maker<'a> {
    shape: &'a Shape,
    /// Any place: all have the same.
    target: &'a Target,
    /// Arguments of queries that name something.
    namings: Vec<Naming>,
}

impl Maker<'_> {
    /// The kinds of things of a type.
    fn kinds(&self, of: &str) -> Vec<String> {
        let all = self.target.things.ids.keys();
        let kinds: Vec<String> = all.filter(|kind| type_of(kind) == of).cloned().collect();
        assert!(
            !kinds.is_empty(),
            "enter a {of} in things.rs, so that the matrix can ask about it"
        );
        kinds
    }

    /// A thing by what names it.
    fn seeing(&self) -> Vec<Row> {
        let roots = self.namings.iter().filter(|naming| naming.fields.len() == 1);
        let mut rows = Vec::new();
        for of in self.shape.nodes() {
            for kind in self.kinds(of) {
                let ways = roots
                    .clone()
                    .filter(|naming| [of, "Node"].contains(&self.shape.gives("Query", &naming.fields[0])));
                let asks = ways.map(|naming| Ask {
                    naming: naming.clone(),
                    kind: kind.clone(),
                    input: "{}",
                    selection: " { id }".to_owned(),
                    proof: Proof::Thing(kind.clone()),
                });
                let mut row = Row {
                    area: Area::Seeing,
                    title: of.to_owned(),
                    kind: kind.replacen(of, "", 1),
                    variety: "",
                    says: says(self.shape.kind(of)),
                    between: (of.to_owned(), of.to_owned()),
                    asks: asks.collect(),
                };
                let mut ways: Vec<_> = row
                    .asks
                    .iter()
                    .map(|ask| format!("`{}`", ask.naming.fields[0]))
                    .collect();
                ways.dedup();
                row.says = format!("{} ({})", row.says, ways.join(", "));
                rows.push(row);
            }
        }
        rows
    }

    /// From a thing to others.
    fn following(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for of in self.shape.nodes() {
            for field in self.shape.fields(of) {
                let name = text(&field["name"]);
                let gives = self.shape.gives(of, name);
                let to = element(self.shape, gives);
                let is_thing = self.shape.has(to, "id");
                // What no argument names, is a part of the thing: whoever sees the one sees the other.
                let leads = self.target.things.ids.keys().any(|kind| type_of(kind) == to)
                    && (to != "Federation" || of == "Federation");
                if !leads && list(&field["args"]).is_empty() {
                    continue;
                }
                let proof = match () {
                    () if to == "Federation" && gives == to => Proof::Above,
                    () if to == "Federation" => Proof::Below,
                    // Files are parts of their record, and not every record has one.
                    () if to == "Attachment" => Proof::Answer,
                    () if is_thing => Proof::Thing(self.kinds(to).remove(0)),
                    () if ["RankedFederation", "ReturnProgress"].contains(&to) => Proof::Below,
                    () if light(self.shape, to).contains("federation") => {
                        Proof::Thing("Federation".to_owned())
                    }
                    () => Proof::Answer,
                };
                let title = format!("{of}.{name}");
                let chosen = ARGUMENTS.iter().find(|(path, _)| *path == title);
                let arguments = match chosen {
                    Some((_, chosen)) => format!("({chosen})"),
                    None => self.shape.arguments(of, name, &self.target.own(of)),
                };
                let asks = self.kinds(of).into_iter().map(|kind| Ask {
                    naming: Naming::of("query", &["node", "id"], "ID"),
                    proof: proof.clone(),
                    kind,
                    input: "{}",
                    selection: format!(
                        " {{ ... on {of} {{ {name}{arguments}{} }} }}",
                        light(self.shape, gives)
                    ),
                });
                rows.push(Row {
                    area: Area::Following,
                    title,
                    kind: String::new(),
                    variety: "",
                    says: says(field),
                    between: (of.to_owned(), to.to_owned()),
                    asks: asks.collect(),
                });
            }
        }
        rows
    }

    /// What a root field does, or tells; nothing if it names nothing that has a place.
    fn acting(&self, area: Area, field: &Value) -> Vec<Row> {
        let name = text(&field["name"]);
        let (kind, root) = match area {
            Area::Hearing => ("subscription", "Subscription"),
            _ => ("mutation", "Mutation"),
        };
        let naming = match area {
            // From the beginning, so that something comes at once.
            Area::Hearing => Naming::of(kind, &[name, "after"], "String"),
            _ => Naming::of(kind, &[name], ""),
        };
        let (selection, proof) = self.telling(area, self.shape.gives(root, name));
        let mut inputs: Vec<_> = INPUTS.iter().filter(|(of, _, _)| *of == name).collect();
        if inputs.is_empty() {
            inputs.push(&("", "", "{}"));
        }
        let mut rows = Vec::new();
        for (_, variety, input) in inputs {
            for kind in self.meant(&naming, input) {
                let proof = match &proof {
                    Some(of) if of == type_of(&kind) => Proof::Thing(kind.clone()),
                    Some(of) => Proof::Thing(of.clone()),
                    None => Proof::Answer,
                };
                rows.push(Row {
                    area,
                    title: name.to_owned(),
                    kind: kind.replacen(type_of(&kind), "", 1),
                    variety,
                    says: says(field),
                    between: (String::new(), String::new()),
                    asks: vec![Ask {
                        naming: naming.clone(),
                        kind,
                        input,
                        selection: selection.clone(),
                        proof,
                    }],
                });
            }
        }
        rows
    }

    /// What is asked of a payload, and the type whose id proves that it came.
    fn telling(&self, area: Area, gives: &str) -> (String, Option<String>) {
        if area == Area::Doing {
            let results = if self.shape.has(gives, "results") {
                "results { reasons { code } } "
            } else {
                ""
            };
            return (format!(" {{ {results}userErrors {{ code field }} }}"), None);
        }
        let things = self.shape.nodes();
        let mut fields = self.shape.fields(gives).iter().map(|field| text(&field["name"]));
        let thing = fields.find(|name| things.contains(&self.shape.gives(gives, name)));
        // A number is an answer by itself.
        if thing.is_none() && gives == "Figure" {
            return (" { value }".to_owned(), None);
        }
        let thing = thing.unwrap_or_else(|| panic!("say in matrix.rs what proves that a {gives} was heard"));
        (
            format!(" {{ {thing} {{ id }} }}"),
            Some(self.shape.gives(gives, thing).to_owned()),
        )
    }

    /// The kinds of things that an operation may mean; none if it names nothing of the place.
    fn meant(&self, naming: &Naming, input: &str) -> Vec<String> {
        let sent = |kind: &str| {
            let own = self.target.own(kind);
            self.shape.asked(naming, &json!("0"), &own, "").1.to_string()
        };
        let ids = &self.target.things.ids;
        let plain = sent("");
        let named: Vec<&String> = ids
            .iter()
            .filter(|(kind, id)| plain.contains(*id) || input.contains(&format!("<{kind}>")))
            .map(|(kind, _)| kind)
            .collect();
        let mut kinds = named.iter().map(|kind| self.kinds(type_of(kind)));
        if let Some(several) = kinds.find(|kinds| kinds.len() > 1) {
            return several;
        }
        let is_by_code = plain.contains(self.target.place.at) || input.contains("<township>");
        let by_code = is_by_code.then(|| "Federation".to_owned());
        let first = named.first().map(|kind| (*kind).clone());
        first.or(by_code).into_iter().collect()
    }
}

impl Row {
    /// What somebody is answered. A thing is seen by all ways or by none; what leads on from one kind of it is enough.
    pub async fn mark(&self, shape: &Shape, target: &Target, (caller, role): (&Caller, &str)) -> Mark {
        let mut marks = Vec::new();
        for ask in &self.asks {
            marks.push(ask.mark(shape, target, (caller, role)).await);
        }
        let seen = marks.iter().filter(|mark| **mark == Mark::Allowed).count();
        let is_alike = self.area == Area::Following || [0, marks.len()].contains(&seen);
        assert!(
            is_alike,
            "{role} sees {} by one way and not by another: {marks:?}",
            self.title
        );
        marks.into_iter().min().expect("a row has a way to ask")
    }
}
