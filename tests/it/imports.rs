//! Registers of enterprises from files.

use crate::support::register::{YUESHAN, figures, register, uscc};
use crate::support::tree::{QINGXI, SHAOSHAN, XIANGXIANG};
use crate::support::{App, Caller};
use serde_json::{Value, json};
use uuid::Uuid;

const IMPORT: &str = "mutation($input: ImportEnterprises!) { importEnterprises(input: $input) { \
    job { id state } userErrors { code field message } } }";
const JOB: &str = "query($id: ID!) { job(id: $id) { state percent progress { rowsTotal rowsDone rowsAccepted rowsUnchanged rowsRefused } \
    errorFile failure { code message } refusals { nodes { row column value code } } } }";
const HEADER: &str = "uscc,name,township_code,ownership,industry,employees\n";

/// Sends a file and imports it; the job as it ended.
async fn import(app: &App, caller: &Caller, number: u128, bytes: impl Into<axum::body::Body>) -> Value {
    let id = Uuid::from_u128(0x0190_0000_0000_7000_a000_0000_0000_0000 + number);
    let answer = caller.send("PUT", &format!("/uploads/{id}"), &[], bytes).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let done = caller
        .done(
            IMPORT,
            json!({"uploadId": id, "federationId": app.gid(XIANGXIANG)}),
        )
        .await;
    app.work().await;
    caller.data(JOB, json!({"id": done["job"]["id"]})).await["job"].clone()
}

async fn enterprises(caller: &Caller) -> Value {
    let query = "query($code: DivisionCode) { federation(code: $code) { enterprises { totalCount } } }";
    caller.data(query, json!({"code": XIANGXIANG})).await["federation"]["enterprises"]["totalCount"].clone()
}

both! {
    async fn a_real_register_is_taken_over_once_however_often_it_is_sent(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let file = include_str!("data/xiangxiang/enterprises.csv");

        let first = import(&app, &cadre, 1, file).await;
        let again = import(&app, &cadre, 2, format!("\u{feff}{file}")).await;

        assert_eq!((&first["state"], &first["progress"]["rowsAccepted"], &first["progress"]["rowsRefused"]), (&json!("DONE"), &json!(180), &json!(0)), "{first:#}");
        assert_eq!((&again["progress"]["rowsAccepted"], &again["progress"]["rowsUnchanged"]), (&json!(0), &json!(180)), "{again:#}");
        assert_eq!(enterprises(&cadre).await, json!(180));
        app.settle().await;
        assert_eq!(figures(&cadre, XIANGXIANG, &["enterprises"], json!({})).await, json!({"enterprises": "180"}));
    }

    async fn good_rows_are_kept_and_each_bad_one_is_answered(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        register(&neighbour, QINGXI, 9).await;
        let (one, two, nine) = (uscc(1), uscc(2), uscc(9));
        let file = format!(
            "统一社会信用代码,企业名称,乡镇代码,经济类型,行业代码,职工人数\n\
             {one},湘中机械厂,{YUESHAN},私营,C34,100\n\
             {one},另一家企业,{YUESHAN},私营,C34,100\n\
             {one},湘中机械厂,{YUESHAN},集体,C34,120\n\
             {two},=1+1,{QINGXI},私营,C34,100\n\
             91430381MA00000010,湘中纺织厂,{YUESHAN},martian,C3,-1\n\
             {nine},湘中第9机械厂,{YUESHAN},私营,C34,109\n\
             {two},少一列\n"
        );

        let job = import(&app, &cadre, 1, file).await;

        assert_eq!((&job["progress"]["rowsTotal"], &job["progress"]["rowsAccepted"], &job["progress"]["rowsRefused"]), (&json!(7), &json!(2), &json!(5)), "{job:#}");
        let refusals: Vec<String> = job["refusals"]["nodes"].as_array().unwrap().iter()
            .map(|refusal| format!("{} {} {}", refusal["row"], refusal["column"].as_str().unwrap(), refusal["code"].as_str().unwrap()))
            .collect();
        assert_eq!(refusals[..7], ["2 name CONFLICT", "4 township INVALID", "5 uscc INVALID", "5 ownership INVALID", "5 industry INVALID", "5 employees INVALID", "6 uscc CONFLICT"], "{refusals:?}");
        assert!(refusals[7].starts_with("7 "), "{refusals:?}");
        let file = cadre.send("GET", job["errorFile"].as_str().unwrap(), &[], "").await.text();
        assert!(file.contains("'=1+1") || !file.contains("=1+1"), "no cell of the error file is a formula: {file}");
        assert_eq!(neighbour.send("GET", job["errorFile"].as_str().unwrap(), &[], "").await.status, 404);
        app.settle().await;
        let counted = figures(&cadre, XIANGXIANG, &["enterprises", "employees"], json!({})).await;
        assert_eq!(counted, json!({"enterprises": "1", "employees": "120"}));
    }

    async fn a_day_beyond_belief_is_refused_and_the_others_stay(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let row = |number, day: &str| format!("{},湘中第{number}机械厂,{YUESHAN},private,C34,1,{day}\n", uscc(number));
        let header = HEADER.replace('\n', ",registered_on\n");
        let file = header + &row(1, "-9999-01-01") + &row(2, "2026-01-10") + &row(3, "+99999-1-1") + &row(4, "0000-01-01");

        let job = import(&app, &cadre, 1, file).await;

        assert_eq!((&job["state"], &job["progress"]["rowsAccepted"]), (&json!("DONE"), &json!(1)), "{job:#}");
        let refusals = job["refusals"]["nodes"].as_array().unwrap().iter();
        let rows: Vec<Value> = refusals.map(|refusal| json!([refusal["row"], refusal["column"], refusal["code"]])).collect();
        assert_eq!(json!(rows), json!([[1, "registeredOn", "INVALID"], [3, "registeredOn", "INVALID"], [4, "registeredOn", "INVALID"]]));
        assert_eq!(enterprises(&cadre).await, json!(1));
    }

    async fn a_register_in_pieces_is_the_same_register(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let rows: String = (1..=50).map(|number| format!("{},湘中第{number}机械厂,{YUESHAN},private,C34,1\n", uscc(number))).collect();
        let file = format!("{HEADER}{rows}bad,x\n");
        let id = Uuid::from_u128(0x0190_0000_0000_7000_e000_0000_0000_0000);
        let mut offset = 0;
        // The borders of the pieces lie within rows and within characters.
        for piece in file.as_bytes().chunks(1_001) {
            let is_last = offset + piece.len() == file.len();
            let headers = [("upload-offset", &*offset.to_string()), ("upload-complete", if is_last { "?1" } else { "?0" })];
            let answer = cadre.send("PUT", &format!("/uploads/{id}"), &headers, piece.to_vec()).await;
            assert_eq!(answer.status, if is_last { 201 } else { 204 }, "{}", answer.text());
            offset += piece.len();
        }

        let done = cadre.done(IMPORT, json!({"uploadId": id, "federationId": app.gid(XIANGXIANG)})).await;
        app.work().await;
        let in_pieces = cadre.data(JOB, json!({"id": done["job"]["id"]})).await["job"].clone();
        let at_once = import(&app, &cadre, 1, file).await;

        let told = |job: &Value| json!([job["state"], job["refusals"], job["progress"]["rowsTotal"]]);
        assert_eq!((&in_pieces["state"], &in_pieces["progress"]["rowsAccepted"]), (&json!("DONE"), &json!(50)), "{in_pieces:#}");
        assert_eq!(at_once["progress"]["rowsUnchanged"], json!(50), "{at_once:#}");
        assert_eq!(told(&at_once), told(&in_pieces));
    }

    async fn a_gb18030_file_is_recognised(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let text = format!("统一社会信用代码,企业名称,乡镇代码,经济类型,行业代码,职工人数\r\n{},湘中机械厂,{YUESHAN},国有,C34,100\r\n", uscc(1));
        let (bytes, _, _) = encoding_rs::GB18030.encode(&text);

        let job = import(&app, &cadre, 1, bytes.into_owned()).await;

        assert_eq!((&job["state"], &job["progress"]["rowsAccepted"]), (&json!("DONE"), &json!(1)), "{job:#}");
        let query = "query($uscc: Uscc) { enterprise(uscc: $uscc) { name ownership } }";
        let found = cadre.data(query, json!({"uscc": uscc(1)})).await;
        assert_eq!(found["enterprise"], json!({"name": "湘中机械厂", "ownership": "STATE"}));
    }

    async fn a_file_that_is_not_what_it_says_fails_with_a_reason_and_writes_nothing(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for (number, bytes) in [
            (1, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
            (2, [b"PK\x03\x04", &[0; 26][..], b"xl/workbook.xml"].concat()),
            (3, b"name,employees\nx,1\n".to_vec()),
        ] {
            let job = import(&app, &cadre, number, bytes).await;
            assert_eq!(job["state"], json!("FAILED"), "{number}: {job:#}");
            assert!(job["failure"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{job:#}");
        }
        assert_eq!(enterprises(&cadre).await, json!(0));
    }

    async fn a_job_goes_on_where_it_was_cut_off_and_doubles_nothing(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut file = HEADER.to_owned();
        for number in 0..2_500 {
            file += &format!("{},湘中第{number}机械厂,{YUESHAN},private,C34,1\n", uscc(number));
        }
        let id = Uuid::from_u128(0x0190_0000_0000_7000_b000_0000_0000_0000);
        cadre.send("PUT", &format!("/uploads/{id}"), &[], file).await;
        let done = cadre.done(IMPORT, json!({"uploadId": id, "federationId": app.gid(XIANGXIANG)})).await;
        let job = done["job"]["id"].clone();

        // A process works until its first chunk is in, and dies.
        let other = app.another().await;
        let work = tokio::spawn(async move { other.work().await });
        loop {
            let state = cadre.data(JOB, json!({"id": job})).await["job"]["progress"]["rowsDone"].as_i64().unwrap();
            if state > 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
        work.abort();
        let _ = work.await;
        // Its lease runs out.
        app.advance(chrono::TimeDelta::minutes(1));
        app.work().await;

        let ended = cadre.data(JOB, json!({"id": job})).await["job"].clone();
        assert_eq!((&ended["state"], &ended["progress"]["rowsDone"], &ended["progress"]["rowsAccepted"]), (&json!("DONE"), &json!(2500), &json!(2500)), "{ended:#}");
        assert_eq!(enterprises(&cadre).await, json!(2500));
        app.settle().await;
        assert_eq!(figures(&cadre, XIANGXIANG, &["enterprises"], json!({})).await, json!({"enterprises": "2500"}));
    }

    async fn a_listener_hears_a_job_to_its_end(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = Uuid::from_u128(0x0190_0000_0000_7000_c000_0000_0000_0000);
        cadre.send("PUT", &format!("/uploads/{id}"), &[], format!("{HEADER}{},湘中机械厂,{YUESHAN},private,C34,1\n", uscc(1))).await;
        let done = cadre.done(IMPORT, json!({"uploadId": id, "federationId": app.gid(XIANGXIANG)})).await;
        app.settle().await;

        let document = "subscription($id: ID!) { jobChanged(id: $id) { cursor job { state progress { rowsAccepted } } } }";
        let mut stream = cadre.subscribe(document, json!({"id": done["job"]["id"]})).await;
        assert_eq!(stream.next().await["data"]["jobChanged"]["job"]["state"], json!("QUEUED"));
        app.work().await;
        app.settle().await;
        let mut last = json!(null);
        while last["state"] != json!("DONE") {
            last = stream.next().await["data"]["jobChanged"]["job"].clone();
        }

        assert_eq!(last["progress"]["rowsAccepted"], json!(1));
        assert!(stream.is_over().await);
    }

    async fn nobody_imports_at_a_neighbours_or_with_a_strangers_file(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let id = Uuid::from_u128(0x0190_0000_0000_7000_d000_0000_0000_0000);
        neighbour.send("PUT", &format!("/uploads/{id}"), &[], HEADER).await;

        let input = json!({"uploadId": id, "federationId": app.gid(XIANGXIANG)});
        assert_eq!(neighbour.refused(IMPORT, input.clone()).await, ["NOT_FOUND federationId"]);
        assert_eq!(cadre.refused(IMPORT, input).await, ["NOT_FOUND uploadId"]);
    }
}
