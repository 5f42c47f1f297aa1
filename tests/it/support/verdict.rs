//! What an answer means for the access matrix.
//!
//! What can be looked for is allowed if the answer holds the thing that is there: an empty list, or one with other
//! things, is no permission. What would change something is sent with an input that a rule refuses: who hears of the
//! rule was allowed to try.

use super::Caller;
use super::shape::{Naming, Own, Shape, list, type_of};
use super::things::{Place, Things};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Allowed,
    Refused,
    Hidden,
    Absent,
}

impl Mark {
    /// How it is drawn.
    pub fn sign(self) -> char {
        match self {
            Mark::Allowed => '●',
            Mark::Refused => '✗',
            Mark::Hidden => '·',
            Mark::Absent => '–',
        }
    }
}

/// A place that is asked about, and what there is.
pub struct Target {
    pub place: Place,
    pub things: Things,
    /// The federation right above it.
    pub above: String,
    /// Some federations below it, of each level.
    pub below: Vec<String>,
}

/// What proves that somebody saw what is there.
#[derive(Clone)]
pub enum Proof {
    Thing(String),
    Above,
    Below,
    /// Any answer at all.
    Answer,
}

/// A way to ask.
pub struct Ask {
    pub naming: Naming,
    /// Which of the things of its type is meant.
    pub kind: String,
    /// JSON that is added to the input.
    pub input: &'static str,
    pub selection: String,
    pub proof: Proof,
}

/// Operations that no rule refuses to whoever may do them: they happen, and may happen again.
pub const HAPPENING: [&str; 3] = ["approveExport", "endSession", "submitCollections"];

impl Target {
    /// What is named in arguments; of a type with several kinds this one.
    pub fn own(&self, kind: &str) -> Own {
        let mut ids = self.things.ids.clone();
        if let Some(id) = ids.get(kind).cloned() {
            ids.insert(type_of(kind).to_owned(), id);
        }
        let code = self.place.at.to_owned();
        Own { ids, code }
    }

    /// A text with what stands for the caller's role, and for what there is, put in.
    fn filled(&self, text: &str, role: &str) -> String {
        let role = if role.is_empty() { "CADRE" } else { role };
        let text = text
            .replace("<role>", role)
            .replace("<township>", self.place.township);
        let ids = self.things.ids.iter();
        ids.fold(text, |text, (kind, id)| text.replace(&format!("<{kind}>"), id))
    }

    fn proofs(&self, proof: &Proof) -> Vec<&String> {
        match proof {
            Proof::Thing(kind) => vec![&self.things.ids[kind]],
            Proof::Above => vec![&self.above],
            Proof::Below => self.below.iter().collect(),
            Proof::Answer => Vec::new(),
        }
    }
}

impl Ask {
    /// What somebody is answered.
    pub async fn mark(&self, shape: &Shape, target: &Target, (caller, role): (&Caller, &str)) -> Mark {
        if matches!(self.proof, Proof::Below) && target.below.is_empty() {
            return Mark::Absent;
        }
        let sent = match self.naming.scalar.as_str() {
            "Uscc" => json!(target.things.uscc),
            "DivisionCode" => json!(target.place.at),
            "String" => json!("0"),
            _ => json!(target.things.ids.get(&self.kind)),
        };
        let (document, mut variables) =
            shape.asked(&self.naming, &sent, &target.own(&self.kind), &self.selection);
        let document = target.filled(&document, role);
        let input: Map<String, Value> = serde_json::from_str(&target.filled(self.input, role)).unwrap();
        for (name, value) in input {
            variables["v0"][name] = value;
        }
        let answer = match self.naming.kind {
            "subscription" => {
                let mut socket = caller.subscribe(&document, variables.clone()).await;
                let heard = tokio::time::timeout(Duration::from_secs(5), socket.answer()).await;
                heard.unwrap_or_else(|_| panic!("nothing comes of {document}"))
            }
            _ => caller.gql(&document, variables.clone()).await,
        };
        let told = || format!("{document}\n{variables:#}\n{answer:#}");
        let mark = match self.naming.kind {
            "mutation" => self.tried(&answer),
            _ => self.seen(target, &answer),
        };
        mark.unwrap_or_else(|why| panic!("{why}\n{}", told()))
    }

    fn seen(&self, target: &Target, answer: &Value) -> Result<Mark, String> {
        let (told, proofs) = (answer["data"].to_string(), target.proofs(&self.proof));
        if proofs.iter().any(|proof| told.contains(*proof)) {
            return Ok(Mark::Allowed);
        }
        match code(answer) {
            Some(code) => refused(code),
            None if proofs.is_empty() && !told.contains("null") => Ok(Mark::Allowed),
            None => Ok(Mark::Hidden),
        }
    }

    fn tried(&self, answer: &Value) -> Result<Mark, String> {
        if let Some(code) = code(answer) {
            return refused(code);
        }
        let name = &*self.naming.fields[0];
        let payload = &answer["data"][name];
        let out_of_district = json!({"code": "OUT_OF_DISTRICT"});
        if list(&payload["results"][0]["reasons"]).contains(&out_of_district) {
            return Ok(Mark::Refused);
        }
        let error = &payload["userErrors"][0];
        match error["code"].as_str() {
            // The file is the caller's own, and has no place.
            Some("NOT_FOUND") if error["field"] == json!(["uploadId"]) => Ok(Mark::Allowed),
            Some("INVALID" | "CONFLICT" | "GONE") => Ok(Mark::Allowed),
            Some(code) => refused(code),
            None if HAPPENING.contains(&name) => Ok(Mark::Allowed),
            None => Err(format!(
                "{name} happened: say in INPUTS of matrix.rs what a rule refuses"
            )),
        }
    }
}

fn code(answer: &Value) -> Option<&str> {
    answer["errors"][0]["extensions"]["code"].as_str()
}

fn refused(code: &str) -> Result<Mark, String> {
    match code {
        "FORBIDDEN" | "UNAUTHENTICATED" => Ok(Mark::Refused),
        "NOT_FOUND" => Ok(Mark::Hidden),
        other => Err(format!(
            "{other} says nothing about permission: ask in another way in matrix.rs"
        )),
    }
}
