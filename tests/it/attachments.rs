//! Files of records: attached by whoever may write the record, fetched by whoever may see it, gone when they are removed.

use crate::moves::{MOVE_FEDERATION, found_federation};
use crate::support::Caller;
use crate::support::register::{ATTACH, DRAFT_SCHEME, ISSUE_SCHEME, YUESHAN, scheme};
use crate::support::returns::{draft, step};
use crate::support::tree::*;
use axum::http::StatusCode;
use serde_json::{Value, json};

const REMOVE: &str = "mutation($input: RemoveAttachment!) { removeAttachment(input: $input) { removedId userErrors { code field message } } }";
const ASSESS: &str = "mutation($input: AssessSelf!) { assessSelf(input: $input) { assessment { version } userErrors { code field message } } }";
const RETURN: &str = "mutation($input: ReturnAssessment!) { returnAssessment(input: $input) { assessment { version } userErrors { code field message } } }";
const SEEN: &str = "query($id: ID!) { node(id: $id) { ... on Assessment { attachments { id name } \
    scores { evidence { ... on Attachment { id name } } } } ... on Attachment { name } } }";

/// A PDF as far as its first bytes go.
const PDF: &str = "%PDF-1.7\n%scan of a signed letter\n";

/// The assessment of 月山镇 by its county.
async fn assessment(county: &Caller) -> String {
    assessment_of(county, &county.app.gid(YUESHAN)).await
}

/// The same of another township, by its global id.
async fn assessment_of(county: &Caller, township: &str) -> String {
    let drafted = county
        .done(
            DRAFT_SCHEME,
            scheme(county.app.gid(XIANGXIANG).as_str(), "TOWNSHIP"),
        )
        .await;
    let input =
        json!({"id": drafted["assessmentScheme"]["id"], "expectedVersion": 1, "federationIds": [township]});
    let issued = county.done(ISSUE_SCHEME, input).await;
    let id = &issued["assessmentScheme"]["assessments"]["nodes"][0]["id"];
    id.as_str().unwrap().to_owned()
}

async fn attach(caller: &Caller, record: &str, name: &str) -> Value {
    let input = json!({"recordId": record, "uploadId": caller.upload(PDF).await, "name": name});
    caller.done(ATTACH, input).await["attachment"].take()
}

fn path(attachment: &Value) -> &str {
    attachment["path"].as_str().unwrap()
}

async fn status(caller: &Caller, path: &str) -> StatusCode {
    caller.send("GET", path, &[], "").await.status
}

both! {
    async fn evidence_is_attached_named_by_a_score_and_read_by_the_issuer(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let township = app.person("CADRE", YUESHAN).await;
        let id = assessment(&county).await;

        let file = attach(&township, &id, " 责任状 1.pdf ").await;
        let score = json!([{"item": 1, "points": "8", "evidence": [file["id"]]}]);
        township.done(ASSESS, json!({"id": id, "expectedVersion": 1, "scores": score, "isFinal": true})).await;

        assert_eq!((&file["name"], &file["contentType"], &file["sizeBytes"]), (&json!("责任状 1.pdf"), &json!("application/pdf"), &json!(PDF.len())));
        let seen = county.data(SEEN, json!({"id": id})).await["node"].take();
        let own = json!({"id": file["id"], "name": "责任状 1.pdf"});
        assert_eq!(seen["attachments"], json!([own]));
        assert_eq!(seen["scores"][0]["evidence"], json!([own]));
        let fetched = county.send("GET", path(&file), &[], "").await;
        assert_eq!((fetched.status, fetched.text()), (StatusCode::OK, PDF.to_owned()));
        let header = |name: &str| fetched.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/pdf");
        assert_eq!(header("content-disposition"), "attachment; filename*=UTF-8''%E8%B4%A3%E4%BB%BB%E7%8A%B6%201.pdf");
        assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff".into(), "no-store".into()));
    }

    async fn whoever_does_not_see_the_record_has_no_file(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let township = app.person("CADRE", YUESHAN).await;
        let id = assessment(&county).await;
        let file = attach(&township, &id, "照片.pdf").await;

        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let beside = app.person("CADRE", WANGCHUNMEN).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        for caller in [&neighbour, &beside, &finance] {
            assert_eq!(status(caller, path(&file)).await, StatusCode::NOT_FOUND);
            assert_eq!(caller.data(SEEN, json!({"id": file["id"]})).await["node"], Value::Null);
            let input = json!({"recordId": id, "uploadId": caller.upload(PDF).await, "name": "a.pdf"});
            assert_eq!(caller.refused(ATTACH, input).await, ["NOT_FOUND recordId"]);
            assert_eq!(caller.refused(REMOVE, json!({"id": file["id"]})).await, ["NOT_FOUND id"]);
        }
        assert_eq!(status(&app.anonymous(), path(&file)).await, StatusCode::UNAUTHORIZED);
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        assert_eq!(status(&auditor, path(&file)).await, StatusCode::OK, "who reads assessments reads their files");
        assert_eq!(auditor.refused(REMOVE, json!({"id": file["id"]})).await, ["FORBIDDEN"]);
    }

    async fn bad_input_is_named_and_a_file_belongs_to_one_record(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let id = assessment(&county).await;
        let report = draft(&county, (XIANGXIANG, "2026-01-01", "2026-06-20"), &[]).await;
        let own = county.upload(PDF).await;
        let input = |record: &str, upload: &str, name: &str| json!({"recordId": record, "uploadId": upload, "name": name});
        for (given, expected) in [
            (input(&id, &own, ""), "INVALID name"),
            (input(&id, &own, "../a.pdf"), "INVALID name"),
            (input(&app.gid(YUESHAN), &own, "a.pdf"), "NOT_FOUND recordId"),
            (input("nonsense", &own, "a.pdf"), "NOT_FOUND recordId"),
            (input(&id, "0197c3a0-0000-7000-8000-000000000001", "a.pdf"), "NOT_FOUND uploadId"),
        ] {
            assert_eq!(county.refused(ATTACH, given).await, [expected]);
        }
        let others = app.person("CADRE", XIANGTAN).await;
        let theirs = others.upload(PDF).await;
        assert_eq!(county.refused(ATTACH, input(&id, &theirs, "a.pdf")).await, ["NOT_FOUND uploadId"]);

        let first = county.done(ATTACH, input(&report, &own, "签字页.pdf")).await;
        let again = county.done(ATTACH, input(&report, &own, "签字页.pdf")).await;
        assert_eq!(first, again);
        assert_eq!(county.refused(ATTACH, input(&id, &own, "签字页.pdf")).await, ["CONFLICT uploadId"]);
    }

    async fn what_is_removed_goes_with_its_bytes_unless_the_record_is_closed(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let township = app.person("CADRE", YUESHAN).await;
        let id = assessment(&county).await;
        let (wrong, right) = (attach(&township, &id, "错.pdf").await, attach(&township, &id, "对.pdf").await);
        assert_eq!(app.objects().len(), 2);

        let remove = json!({"id": wrong["id"], "idempotencyKey": "remove-1"});
        let first = township.done(REMOVE, remove.clone()).await;
        assert_eq!(first["removedId"], wrong["id"]);
        assert_eq!(township.done(REMOVE, remove).await, first);
        assert_eq!(status(&township, path(&wrong)).await, StatusCode::NOT_FOUND);
        api::worker::clean(&app.process).await.map_err(|error| error.report()).unwrap();
        assert_eq!(app.objects().len(), 1);
        assert_eq!(status(&township, path(&right)).await, StatusCode::OK);

        township.done(ASSESS, json!({"id": id, "expectedVersion": 1, "scores": [], "isFinal": true})).await;
        let late = json!({"recordId": id, "uploadId": township.upload(PDF).await, "name": "迟.pdf"});
        let decided = async |township: &Caller| {
            assert_eq!(township.refused(REMOVE, json!({"id": right["id"]})).await, ["CONFLICT id"]);
            assert_eq!(township.refused(ATTACH, late.clone()).await, ["CONFLICT recordId"]);
        };
        decided(&township).await;
        // Given back, it is written anew, with its evidence.
        county.done(RETURN, json!({"id": id, "expectedVersion": 2, "reason": "第一项缺少证明材料，请补充"})).await;
        let more = township.done(ATTACH, late.clone()).await["attachment"]["id"].take();
        township.done(REMOVE, json!({"id": more})).await;
        // Who never hands in cannot either, once it is over.
        app.advance(chrono::TimeDelta::days(6));
        decided(&app.sign_in(&format!("cadre.{}", app.federation(YUESHAN))).await).await;
    }

    async fn a_return_keeps_what_it_was_submitted_with_and_takes_nothing_once_it_is_locked(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let superior = app.person("LEADER", XIANGTAN).await;
        let id = draft(&county, (XIANGXIANG, "2026-01-01", "2026-06-20"), &[("publicity_banners", "", "158", "EXACT")]).await;
        let mut files = vec![attach(&county, &id, "草稿.pdf").await, attach(&county, &id, "签字页.pdf").await];
        county.done(REMOVE, json!({"id": files.remove(0)["id"]})).await;
        step(&county, "submitReturn", (&id, 1), json!({})).await;
        let remove = |file: &Value| json!({"id": file["id"]});
        assert_eq!(county.refused(REMOVE, remove(&files[0])).await, ["CONFLICT id"], "submitted");
        step(&superior, "sendBackReturn", (&id, 2), json!({"reason": "缺少签字页"})).await;
        county.done(REMOVE, remove(&files.remove(0))).await;
        files.push(attach(&county, &id, "新签字页.pdf").await);
        step(&county, "submitReturn", (&id, 3), json!({})).await;
        step(&superior, "acceptReturn", (&id, 4), json!({})).await;
        files.push(attach(&county, &id, "补充说明.pdf").await);
        step(&superior, "lockReturn", (&id, 5), json!({})).await;
        for file in &files {
            assert_eq!(county.refused(REMOVE, remove(file)).await, ["CONFLICT id"], "locked");
        }
        let late = json!({"recordId": id, "uploadId": county.upload(PDF).await, "name": "迟.pdf"});
        assert_eq!(county.refused(ATTACH, late).await, ["CONFLICT recordId"]);
    }

    async fn the_issuer_reads_the_files_of_whoever_moved_away(app: App) {
        let (city, county) = (app.person("CADRE", XIANGTAN).await, app.person("CADRE", XIANGXIANG).await);
        let park = found_federation(&city, &app.gid(XIANGXIANG), "TOWNSHIP", "湘乡工业园工会").await;
        let id = assessment_of(&county, &park).await;
        let file = attach(&county, &id, "责任状.pdf").await;
        city.done(MOVE_FEDERATION, json!({"id": park, "parentId": app.gid(SHAOSHAN), "on": "2026-06-20", "reason": "托管"})).await;

        let new = app.person("CADRE", SHAOSHAN).await;
        for (caller, sees) in [(&county, true), (&new, true), (&app.person("CADRE", YUESHAN).await, false), (&app.person("CADRE", CHANGSHA).await, false)] {
            let seen = caller.data(SEEN, json!({"id": id})).await["node"].take();
            assert_eq!(seen["attachments"][0]["id"] == file["id"], sees);
            let expected = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(status(caller, path(&file)).await, expected);
            assert_eq!(caller.data(SEEN, json!({"id": file["id"]})).await["node"].is_null(), !sees);
        }
    }
}
