//! Members of grassroots unions, entered as a cadre enters them.

use super::Caller;
use super::people::register_person;
use serde_json::{Value, json};

/// A mutation that answers a membership.
pub fn change(name: &str, input: &str) -> String {
    format!(
        "mutation($input: {input}!) {{ {name}(input: $input) {{ membership {{ id version state beganOn leftOn cameBy sex \
         card {{ number state }} cards {{ number state issuedOn endedOn }} }} userErrors {{ code field message }} }} }}"
    )
}

/// A mutation that answers a transfer.
pub fn transfer(name: &str, input: &str) -> String {
    format!(
        "mutation($input: {input}!) {{ {name}(input: $input) {{ transfer {{ id version state effectiveOn escalatesOn mayDecide \
         personName idNumber oldUnionName newUnionName refusal }} userErrors {{ code field message }} }} }}"
    )
}

/// What `admitMember` takes.
pub fn member(person: &str, union: &str, on: &str) -> Value {
    json!({"personId": person, "tradeUnionId": union, "joinedOn": on})
}

/// Admits somebody who is registered; the membership's global id.
pub async fn admit(cadre: &Caller, person: &str, union: &str, on: &str) -> String {
    let admit = change("admitMember", "AdmitMember");
    let done = cadre.done(&admit, member(person, union, on)).await;
    done["membership"]["id"].as_str().unwrap().to_owned()
}

/// Registers somebody at the federation of a code and admits them; person and membership.
pub async fn join(
    cadre: &Caller,
    (code, union): (&str, &str),
    (number, on): (u32, &str),
) -> (String, String) {
    let person = register_person(cadre, code, number).await;
    let membership = admit(cadre, &person, union, on).await;
    (person, membership)
}

/// What most changes of a membership take.
pub fn step(id: &str, version: i64, on: &str) -> Value {
    json!({"id": id, "expectedVersion": version, "on": on})
}

/// What `transferMember` takes.
pub fn going(id: &str, version: i64, union: &str, on: &str) -> Value {
    json!({"membershipId": id, "expectedVersion": version, "tradeUnionId": union, "on": on})
}

/// Submits a transfer; its global id.
pub async fn submit(cadre: &Caller, input: Value) -> String {
    let done = cadre
        .done(&transfer("transferMember", "TransferMember"), input)
        .await;
    done["transfer"]["id"].as_str().unwrap().to_owned()
}

/// Accepts a transfer that nobody has touched.
pub async fn accept(cadre: &Caller, id: &str) -> Value {
    let input = json!({"id": id, "expectedVersion": 1});
    cadre
        .done(&transfer("acceptTransfer", "AcceptTransfer"), input)
        .await
}
