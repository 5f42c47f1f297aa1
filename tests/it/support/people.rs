//! People, entered as a cadre enters them. None of them can be anybody: they were born in the 1880s.

use super::Caller;
use api::people::id_number::check_character;
use serde_json::{Value, json};

pub const REGISTER_PERSON: &str = "mutation($input: RegisterPerson!) { registerPerson(input: $input) { \
    person { id name idType idNumber phone version federation { code } bases { purpose basis noticeVersion from to isInForce } } \
    warnings userErrors { code field message } } }";
pub const CORRECT_PERSON: &str = "mutation($input: CorrectPerson!) { correctPerson(input: $input) { \
    person { id name idType idNumber phone version } userErrors { code field message } } }";
pub const REVEAL: &str = "mutation($input: RevealPerson!) { revealPerson(input: $input) { \
    revealed { name idNumber phone } userErrors { code field message } } }";
pub const RECORD_CONSENT: &str = "mutation($input: RecordConsent!) { recordConsent(input: $input) { \
    person { bases { purpose basis from to isInForce } } userErrors { code field message } } }";
pub const WITHDRAW_CONSENT: &str = "mutation($input: WithdrawConsent!) { withdrawConsent(input: $input) { \
    person { bases { purpose basis from to isInForce } } userErrors { code field message } } }";

pub const REASON: &str = "本人到窗口办理困难帮扶，核对证件";

/// A resident's number, another for every number below 28,000: born in March 1886 in 湘乡, on the first while it is below
/// 1,000. Odd numbers are men's.
pub fn resident_id(number: u32) -> String {
    let first = format!("430381188603{:02}{:03}", 1 + number / 1_000, number % 1_000);
    let check = check_character(&first).unwrap();
    format!("{first}{check}")
}

/// What `registerPerson` takes, at the federation of a code.
pub fn person(caller: &Caller, code: &str, number: u32) -> Value {
    json!({
        "federationId": caller.app.gid(code), "name": format!("王{}明", ["小", "大", "晓", "志"][number as usize % 4]),
        "idType": "RESIDENT_ID", "idNumber": resident_id(number), "phone": format!("1380000{number:04}"),
        "basis": {"purpose": "MEMBERSHIP", "basis": "CONSENT", "noticeVersion": "2026-01"},
    })
}

/// Enters a person; the global id.
pub async fn register_person(caller: &Caller, code: &str, number: u32) -> String {
    let done = caller.done(REGISTER_PERSON, person(caller, code, number)).await;
    done["person"]["id"].as_str().unwrap().to_owned()
}

/// What `revealPerson` takes.
pub fn reveal(id: &str) -> Value {
    json!({"id": id, "fields": ["NAME", "ID_NUMBER", "PHONE"], "purpose": "MEMBERSHIP", "reason": REASON})
}
