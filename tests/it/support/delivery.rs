//! Lines as the tax bureau delivers them.

use super::App;
use super::register::uscc;
use super::tree::XIANGXIANG;
use serde_json::{Value, json};

pub const SUBMIT: &str = "mutation($input: SubmitCollections!) { submitCollections(input: $input) { \
    results { index voucherId status reasons { code field } warnings } userErrors { code field message } } }";

/// A good line of the enterprise of a number, in 月山镇.
pub fn line(number: u32) -> Value {
    json!({
        "voucherId": format!("voucher-{number}"), "lineNo": 1, "taxRegistrationNo": "00300635204661663058",
        "uscc": uscc(number), "payerName": format!("湘中第{number}机械厂"), "itemCode": "399001010",
        "periodFrom": "2026-01-01", "periodTo": "2026-03-31", "wages": "100000.00", "rate": "0.02",
        "payable": "2000.00", "relief": "0.00", "paid": "0.00", "due": "2000.00", "enteredOn": "2026-04-03",
        "treasuryCode": "1803810000", "taxOffice": "14303810000", "township": "430381110000",
    })
}

/// Delivers lines as the bureau of 湘乡市; what each was answered.
pub async fn submit(app: &App, lines: &[Value]) -> Vec<Value> {
    let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;
    let done = bureau.done(SUBMIT, json!({"lines": lines})).await;
    done["results"].as_array().unwrap().clone()
}
