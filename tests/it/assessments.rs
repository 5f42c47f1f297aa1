//! A county assesses its townships: by a scheme issued in advance, of themselves first, by figures, and with ranks at the end.

use crate::moves::{MOVE_FEDERATION, found_federation};
use crate::people::bodies;
use crate::support::register::{
    DRAFT_SCHEME, ISSUE_SCHEME, RECORD, REGISTER, YUESHAN, enterprise, record, register, scheme, visit,
};
use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// 泉塘镇, a township of the county.
const QUANTANG: &str = "430381109000";
/// Stands for the code of a park, which has none.
const PARK: &str = "PARK";
const ASSESS: &str = "mutation($input: AssessSelf!) { assessSelf(input: $input) { \
    assessment { version selfTotal submittedAt submittedBy } userErrors { code field message } } }";
const SCORE: &str = "mutation($input: ScoreAssessment!) { scoreAssessment(input: $input) { \
    assessment { version total } userErrors { code field message } } }";
const RETURN: &str = "mutation($input: ReturnAssessment!) { returnAssessment(input: $input) { \
    assessment { version submittedAt returnedFor total } userErrors { code field message } } }";
pub const PUBLISH: &str = "mutation($input: PublishAssessment!) { publishAssessment(input: $input) { \
    assessmentScheme { state assessments { nodes { rank total federation { code } } } } userErrors { code field message } } }";
const SEEN: &str = "query($id: ID!) { node(id: $id) { ... on Assessment { selfTotal total rank scheme { state assessedCount } \
    scores { item { number } figure figurePoints selfPoints selfRemark evidence { id } points remark } } } }";
const LISTED: &str = "query($code: DivisionCode, $year: Int) { federation(code: $code) { \
    assessmentSchemes(year: $year) { nodes { title } } assessments(year: $year) { nodes { federation { code } rank } } } }";

/// A scheme of the county for four townships, issued; with its id and theirs by code.
pub struct Issued {
    pub id: String,
    assessments: Vec<(String, String)>,
}

impl Issued {
    /// The assessment of the township of a code.
    pub fn of(&self, code: &str) -> &str {
        &self.assessments.iter().find(|(at, _)| at == code).unwrap().1
    }
}

async fn issue(cadre: &Caller) -> Issued {
    let whom = [YUESHAN, WANGCHUNMEN, XINXIANGLU, QUANTANG].map(|code| cadre.app.gid(code));
    issue_to(cadre, "工会工作绩效考评办法", &whom).await
}

/// The same for others, by their global ids.
async fn issue_to(cadre: &Caller, title: &str, whom: &[String]) -> Issued {
    let mut draft = scheme(&cadre.app.gid(XIANGXIANG), "TOWNSHIP");
    draft["title"] = json!(title);
    issue_draft(cadre, draft, whom).await
}

/// Drafts a scheme and issues it to townships, by their global ids.
pub async fn issue_draft(cadre: &Caller, draft: Value, whom: &[String]) -> Issued {
    let drafted = cadre.done(DRAFT_SCHEME, draft).await;
    let id = drafted["assessmentScheme"]["id"].as_str().unwrap().to_owned();
    let issued = cadre
        .done(
            ISSUE_SCHEME,
            json!({"id": id, "expectedVersion": 1, "federationIds": whom}),
        )
        .await;
    let rows = issued["assessmentScheme"]["assessments"]["nodes"]
        .as_array()
        .unwrap();
    let pair = |row: &Value| {
        (
            row["federation"]["code"].as_str().unwrap_or(PARK).to_owned(),
            row["id"].as_str().unwrap().to_owned(),
        )
    };
    let assessments = rows.iter().map(pair).collect();
    Issued { id, assessments }
}

/// Points by item.
pub fn points(given: &[(i32, &str)]) -> Value {
    given
        .iter()
        .map(|(item, points)| json!({"item": item, "points": points}))
        .collect()
}

pub async fn score(cadre: &Caller, id: &str, version: i32, given: &[(i32, &str)]) -> Value {
    let input = json!({"id": id, "expectedVersion": version, "scores": points(given)});
    cadre.done(SCORE, input).await["assessment"].take()
}

async fn seen(caller: &Caller, id: &str) -> Value {
    caller.data(SEEN, json!({"id": id})).await["node"].take()
}

/// The fields of the scores of an assessment, by item.
fn each(assessment: &Value, field: &str) -> Vec<Value> {
    assessment["scores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|score| score[field].clone())
        .collect()
}

/// Lets the closing day pass; whoever signs in again.
async fn close(app: &App) -> Caller {
    app.advance(TimeDelta::days(6));
    let username = format!("cadre.{}", app.federation(XIANGXIANG));
    app.sign_in(&username).await
}

both! {
    async fn a_county_assesses_its_townships(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let yueshan = app.person("CADRE", YUESHAN).await;
        let firm = register(&yueshan, YUESHAN, 1).await;
        register(&yueshan, YUESHAN, 2).await;
        let proof = record(&yueshan, &firm, 1, "2026-06-19T09:30:00+08:00").await;
        let mut other = visit(&firm, 2, "2026-06-18T09:30:00+08:00");
        other["purpose"] = json!("CARE");
        yueshan.done(RECORD, other).await;
        let issued = issue(&county).await;
        let own = issued.of(YUESHAN);

        // The figures give 1 of 2 visits and 2 of 4 enterprises.
        let given = json!([{"item": 1, "points": "8", "remark": "办理 3 件", "evidence": [proof]}, {"item": 4, "points": "15"}]);
        let draft = yueshan.done(ASSESS, json!({"id": own, "expectedVersion": 1, "scores": points(&[(1, "10")]), "isFinal": false})).await;
        assert_eq!(draft["assessment"]["submittedAt"], json!(null));
        let done = yueshan.done(ASSESS, json!({"id": own, "expectedVersion": 2, "scores": given, "isFinal": true})).await;
        assert_eq!(done["assessment"]["selfTotal"], json!("64.00"));
        assert_eq!(done["assessment"]["submittedAt"], json!("2026-06-20T02:00:00Z"));
        let again = json!({"id": own, "expectedVersion": 3, "scores": [], "isFinal": true});
        assert_eq!(yueshan.refused(ASSESS, again).await, ["CONFLICT id"]);

        assert_eq!(score(&county, own, 3, &[(1, "9"), (4, "18"), (5, "2")]).await["total"], json!("72.00"));
        for code in [WANGCHUNMEN, XINXIANGLU] {
            assert_eq!(score(&county, issued.of(code), 1, &[(1, "10"), (4, "20")]).await["total"], json!("50.00"));
        }
        score(&county, issued.of(QUANTANG), 1, &[(1, "0"), (4, "0"), (6, "5")]).await;
        let other = json!({"item": 2, "points": "5"});
        let input = |scores: Value| json!({"id": issued.of(QUANTANG), "expectedVersion": 2, "scores": [scores]});
        assert_eq!(county.refused(SCORE, input(other)).await, ["INVALID scores.0.remark"]);
        assert_eq!(county.refused(SCORE, input(json!({"item": 1, "points": "10.01"}))).await, ["INVALID scores.0.points"]);
        let remarked = json!({"item": 2, "points": "5", "remark": "走访记录在纸质台账"});
        county.done(SCORE, input(remarked)).await;
        assert_eq!(county.refused(PUBLISH, json!({"id": issued.id})).await, ["CONFLICT id"], "self-assessment goes on");

        let county = close(&app).await;
        let late = json!({"id": issued.of(WANGCHUNMEN), "expectedVersion": 2, "scores": [], "isFinal": true});
        assert_eq!(county.refused(ASSESS, late).await, ["CONFLICT id"]);
        let published = county.done(PUBLISH, json!({"id": issued.id})).await;

        let row = |code: &str, rank: i32, total: &str| json!({"rank": rank, "total": total, "federation": {"code": code}});
        assert_eq!(published["assessmentScheme"], json!({"state": "PUBLISHED", "assessments": {"nodes": [
            row(YUESHAN, 1, "72.00"), row(WANGCHUNMEN, 2, "50.00"), row(XINXIANGLU, 2, "50.00"), row(QUANTANG, 4, "15.00"),
        ]}}));
        assert_eq!(county.done(PUBLISH, json!({"id": issued.id})).await, published);
        assert_eq!(bodies(&app, "ASSESSMENTS_PUBLISHED").await.len(), 1);
        let input = json!({"id": own, "expectedVersion": 5, "scores": []});
        assert_eq!(county.refused(SCORE, input).await, ["CONFLICT id"]);

        // What is entered late moves the figures, and nothing that was published.
        record(&county, &firm, 3, "2026-06-19T15:30:00+08:00").await;
        let frozen = seen(&county, own).await;
        assert_eq!(frozen["total"], json!("72.00"));
        assert_eq!(frozen["selfTotal"], json!("64.00"));
        assert_eq!(each(&frozen, "figure"), [json!(null), json!("1"), json!("2"), json!(null), json!(null), json!(null)]);
        assert_eq!(each(&frozen, "points"), [json!("9.00"), json!("5.00"), json!("10.00"), json!("18.00"), json!("2.00"), json!(null)]);
        assert_eq!(frozen["scores"][0]["evidence"], json!([{"id": proof}]));
        app.settle().await;
        assert_eq!(crate::privacy_rights::first_break(&app).await, None);
    }

    async fn a_scheme_is_whole_and_never_changes_once_it_is_issued(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let good = scheme(&app.gid(XIANGXIANG), "TOWNSHIP");
        let with = |pointer: &str, value: Value| {
            let mut scheme = good.clone();
            match (scheme.pointer_mut(pointer), pointer.rsplit_once('/')) {
                (Some(at), _) => *at = value,
                (None, Some((above, field))) => scheme.pointer_mut(above).unwrap()[field] = value,
                (None, None) => panic!("no {pointer}"),
            }
            scheme
        };
        for (pointer, value, refused) in [
            ("/title", json!(" "), "INVALID title"),
            ("/closesOn", json!("2027-04-01"), "INVALID closesOn"),
            ("/closesOn", json!("2025-12-31"), "INVALID closesOn"),
            ("/figuresAsOf", json!("2026-06-26"), "INVALID figuresAsOf"),
            ("/figuresAsOf", json!("2025-12-31"), "INVALID figuresAsOf"),
            ("/blocks/0/weight", json!(61), "INVALID blocks"),
            ("/blocks/0/items/0/points", json!("0"), "INVALID blocks.0.items.0.points"),
            ("/blocks/0/items/0/points", json!("1.234"), "INVALID blocks.0.items.0.points"),
            ("/blocks/0/items/1/metric", json!("smiles"), "INVALID blocks.0.items.1.metric"),
            ("/blocks/0/items/1/metric", json!(null), "INVALID blocks.0.items.1.metric"),
            ("/blocks/0/items/1/dimension", json!("OWNERSHIP:PRIVATE"), "INVALID blocks.0.items.1.dimension"),
            ("/blocks/0/items/1/full", json!(null), "INVALID blocks.0.items.1.full"),
            ("/blocks/0/items/1/full", json!("0"), "INVALID blocks.0.items.1.full"),
            ("/blocks/0/items/1/measure", json!("COMPLETION"), "INVALID blocks.0.items.1.full"),
            ("/blocks/0/items/0/measure", json!("COMPLETION"), "INVALID blocks.0.items.0.metric"),
        ] {
            assert_eq!(county.refused(DRAFT_SCHEME, with(pointer, value)).await, [refused], "{pointer}");
        }
        let drafted = county.done(DRAFT_SCHEME, good.clone()).await;
        let id = drafted["assessmentScheme"]["id"].clone();
        assert_eq!(drafted["assessmentScheme"]["state"], json!("DRAFT"));
        assert_eq!(county.refused(DRAFT_SCHEME, good.clone()).await, ["CONFLICT title"]);
        let anew = |version: i32| {
            let mut scheme = with("/year", json!(2026));
            (scheme["id"], scheme["expectedVersion"]) = (id.clone(), json!(version));
            scheme
        };
        assert_eq!(county.refused(DRAFT_SCHEME, anew(2)).await, ["CONFLICT expectedVersion"]);
        assert_eq!(county.done(DRAFT_SCHEME, anew(1)).await["assessmentScheme"]["version"], json!(2));
        let issue = |version: i32, whom: Value| json!({"id": id, "expectedVersion": version, "federationIds": whom});
        assert_eq!(county.refused(ISSUE_SCHEME, issue(1, json!(null))).await, ["CONFLICT expectedVersion"]);
        for whom in [QINGXI, XIANGXIANG, XIANGTAN] {
            assert_eq!(county.refused(ISSUE_SCHEME, issue(2, json!([app.gid(whom)]))).await, ["NOT_FOUND federationIds"]);
        }

        let issued = county.done(ISSUE_SCHEME, issue(2, json!(null))).await;

        assert_eq!((&issued["assessmentScheme"]["state"], &issued["assessmentScheme"]["assessedCount"]), (&json!("ISSUED"), &json!(22)));
        assert_eq!(county.done(ISSUE_SCHEME, issue(2, json!(null))).await, issued);
        assert_eq!(bodies(&app, "ASSESSMENT_SCHEME_ISSUED").await.len(), 1);
        assert_eq!(county.refused(DRAFT_SCHEME, anew(2)).await, ["CONFLICT id"]);
    }

    async fn nobody_is_assessed_from_below_or_beside(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        for level in ["CITY", "COUNTY"] {
            let mut upwards = scheme(&app.gid(XIANGXIANG), level);
            upwards["title"] = json!(level);
            let id = county.done(DRAFT_SCHEME, upwards).await["assessmentScheme"]["id"].take();
            let issue = json!({"id": id, "expectedVersion": 1});
            assert_eq!(county.refused(ISSUE_SCHEME, issue).await, ["INVALID federationIds"]);
        }
        assert_eq!(county.refused(DRAFT_SCHEME, scheme(&app.gid(XIANGTAN), "COUNTY")).await, ["FORBIDDEN"]);
        assert_eq!(county.refused(DRAFT_SCHEME, scheme(&app.gid(SHAOSHAN), "TOWNSHIP")).await, ["NOT_FOUND federationId"]);
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        assert_eq!(auditor.refused(DRAFT_SCHEME, scheme(&app.gid(XIANGXIANG), "TOWNSHIP")).await, ["FORBIDDEN"]);
        let issued = issue(&county).await;
        let yueshan = app.person("CADRE", YUESHAN).await;
        let own = |id: &str| json!({"id": id, "expectedVersion": 1, "scores": points(&[(1, "10")])});
        assert_eq!(yueshan.refused(SCORE, own(issued.of(YUESHAN))).await, ["FORBIDDEN"]);
        assert_eq!(yueshan.refused(PUBLISH, json!({"id": issued.id})).await, ["FORBIDDEN"]);
        assert_eq!(yueshan.refused(SCORE, own(issued.of(WANGCHUNMEN))).await, ["NOT_FOUND id"]);
        let mut theirs = own(issued.of(WANGCHUNMEN));
        theirs["isFinal"] = json!(true);
        assert_eq!(yueshan.refused(ASSESS, theirs).await, ["NOT_FOUND id"]);
    }

    async fn whoever_is_assessed_sees_their_own_side_until_it_is_published(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let drafted = county.done(DRAFT_SCHEME, {
            let mut draft = scheme(&app.gid(XIANGXIANG), "TOWNSHIP");
            draft["title"] = json!("下一办法");
            draft
        }).await["assessmentScheme"]["id"].take();
        let issued = issue(&county).await;
        for code in [YUESHAN, WANGCHUNMEN, XINXIANGLU, QUANTANG] {
            score(&county, issued.of(code), 1, &[(1, "10"), (4, "20")]).await;
        }
        let yueshan = app.person("LEADER", YUESHAN).await;
        for code in [WANGCHUNMEN, SHAOSHAN] {
            app.person("LEADER", code).await;
        }
        let city = app.person("LEADER", XIANGTAN).await;
        let own = issued.of(YUESHAN);

        let before = seen(&yueshan, own).await;
        assert_eq!((&before["total"], &before["rank"], &before["selfTotal"]), (&json!(null), &json!(null), &json!("0.00")));
        assert_eq!(before["scheme"], json!({"state": "ISSUED", "assessedCount": 4}));
        assert_eq!(each(&before, "points"), vec![json!(null); 6]);
        assert_eq!(seen(&city, own).await["total"], json!("50.00"));
        for published in [false, true] {
            if published {
                let county = close(&app).await;
                county.done(PUBLISH, json!({"id": issued.id})).await;
            }
            let again = async |code: &str| app.sign_in(&format!("leader.{}", app.federation(code))).await;
            let [yueshan, neighbour, beside] = [again(YUESHAN).await, again(WANGCHUNMEN).await, again(SHAOSHAN).await];
            for other in [&neighbour, &beside] {
                assert_eq!(seen(other, own).await, json!(null), "published: {published}");
                assert_eq!(other.data(LISTED, json!({"code": YUESHAN})).await["federation"], json!(null));
            }
            for id in [json!(issued.id), drafted.clone()] {
                assert_eq!(seen(&beside, id.as_str().unwrap()).await, json!(null));
            }
            assert_eq!(seen(&yueshan, drafted.as_str().unwrap()).await, json!(null), "a draft is the issuer's");
            let rank = if published { json!(1) } else { json!(null) };
            let listed = yueshan.data(LISTED, json!({"code": YUESHAN, "year": 2026})).await;
            assert_eq!(listed["federation"], json!({
                "assessmentSchemes": {"nodes": [{"title": "工会工作绩效考评办法"}]},
                "assessments": {"nodes": [{"federation": {"code": YUESHAN}, "rank": rank}]},
            }));
            let full = "query($id: ID!) { node(id: $id) { ... on AssessmentScheme { assessments { totalCount nodes { federation { code } } } } } }";
            let shown = yueshan.data(full, json!({"id": issued.id})).await;
            assert_eq!(shown["node"]["assessments"], json!({"totalCount": 1, "nodes": [{"federation": {"code": YUESHAN}}]}));
        }
        let yueshan = app.sign_in(&format!("leader.{}", app.federation(YUESHAN))).await;
        let after = seen(&yueshan, own).await;
        assert_eq!((&after["total"], &after["rank"]), (&json!("50.00"), &json!(1)));
        assert_eq!(each(&after, "points")[0], json!("10.00"));
        let other_year = yueshan.data(LISTED, json!({"code": YUESHAN, "year": 2025})).await;
        assert_eq!(other_year["federation"], json!({"assessmentSchemes": {"nodes": []}, "assessments": {"nodes": []}}));
    }

    async fn a_figure_scores_what_it_counts_and_evidence_is_ones_own(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let yueshan = app.person("CADRE", YUESHAN).await;
        let theirs = register(&county, WANGCHUNMEN, 1).await;
        let issued = issue(&county).await;
        let id = issued.of(YUESHAN);
        let with = |score: Value| json!({"id": id, "expectedVersion": 1, "scores": [score], "isFinal": false});

        assert_eq!(yueshan.refused(ASSESS, with(json!({"item": 2, "points": "10"}))).await, ["INVALID scores.0.item"]);
        assert_eq!(yueshan.refused(ASSESS, with(json!({"item": 7, "points": "1"}))).await, ["INVALID scores.0.item"]);
        assert_eq!(yueshan.refused(ASSESS, with(json!({"item": 1, "points": "-1"}))).await, ["INVALID scores.0.points"]);
        for (caller, foreign) in [(&yueshan, theirs.as_str()), (&county, &theirs), (&county, "nothing")] {
            let score = json!({"item": 1, "points": "1", "evidence": [foreign]});
            assert_eq!(caller.refused(ASSESS, with(score)).await, ["INVALID scores.0.evidence"]);
        }
        for number in 2..9 {
            register(&yueshan, YUESHAN, number).await;
        }
        app.settle().await;
        let found = seen(&county, id).await;
        assert_eq!(each(&found, "figurePoints"), [json!(null), json!("0.00"), json!("20.00"), json!(null), json!(null), json!(null)]);
        assert_eq!(found["scores"][2]["figure"], json!("7"));
        let county = close(&app).await;
        assert_eq!(county.refused(PUBLISH, json!({"id": issued.id})).await, ["CONFLICT id"], "nobody is scored");
    }

    async fn what_was_handed_in_is_given_back_until_the_closing_day(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let yueshan = app.person("CADRE", YUESHAN).await;
        let issued = issue(&county).await;
        let own = issued.of(YUESHAN);
        let reason = "第一项自评缺少证明材料，请补充";
        let back = |version: i32| json!({"id": own, "expectedVersion": version, "reason": reason});
        assert_eq!(county.refused(RETURN, back(1)).await, ["CONFLICT id"], "it was not handed in");
        let given = |version: i32| json!({"id": own, "expectedVersion": version, "scores": points(&[(1, "10")]), "isFinal": true});
        yueshan.done(ASSESS, given(1)).await;
        score(&county, own, 2, &[(1, "8")]).await;

        for (role, code, answer) in [
            ("CADRE", YUESHAN, "FORBIDDEN"),
            ("AUDITOR", XIANGXIANG, "FORBIDDEN"),
            ("CADRE", WANGCHUNMEN, "NOT_FOUND id"),
            ("CADRE", SHAOSHAN, "NOT_FOUND id"),
        ] {
            assert_eq!(app.person(role, code).await.refused(RETURN, back(3)).await, [answer], "{role} {code}");
        }
        let mut short = back(3);
        short["reason"] = json!("补充");
        assert_eq!(county.refused(RETURN, short).await, ["INVALID reason"]);
        // Who comes too late sees what there is.
        let late = county.data(RETURN, json!({"input": back(2)})).await["returnAssessment"].take();
        assert_eq!((&late["userErrors"][0]["field"], &late["assessment"]["version"]), (&json!(["expectedVersion"]), &json!(3)));
        let mut keyed = back(3);
        keyed["idempotencyKey"] = json!("back");
        let done = county.done(RETURN, keyed.clone()).await;
        assert_eq!(done["assessment"], json!({"version": 4, "submittedAt": null, "returnedFor": reason, "total": "24.00"}), "the issuer's points stay");
        assert_eq!(county.done(RETURN, keyed).await, done);
        let told = "query($id: ID!) { node(id: $id) { ... on Assessment { returnedFor } } }";
        assert_eq!(yueshan.data(told, json!({"id": own})).await["node"]["returnedFor"], json!(reason));
        assert_eq!(bodies(&app, "ASSESSMENT_RETURNED").await[0]["reason"], json!(reason));

        yueshan.done(ASSESS, given(4)).await;
        assert_eq!(yueshan.data(told, json!({"id": own})).await["node"]["returnedFor"], json!(null));
        let county = close(&app).await;
        assert_eq!(county.refused(RETURN, back(5)).await, ["CONFLICT id"], "it is over");
    }

    async fn what_the_issuer_gives_stands_in_the_issuers_trail_alone(app: App) {
        const TRAIL: &str = "query($code: DivisionCode, $filter: AuditFilter) { federation(code: $code) { auditTrail(filter: $filter) { \
            nodes { kind details { name after } } } } }";
        let county = app.person("CADRE", XIANGXIANG).await;
        let yueshan = app.person("CADRE", YUESHAN).await;
        let issued = issue(&county).await;
        let own = issued.of(YUESHAN);
        let given = json!({"id": own, "expectedVersion": 1, "scores": points(&[(1, "8")]), "isFinal": true});
        yueshan.done(ASSESS, given).await;
        score(&county, own, 2, &[(1, "7.77"), (4, "20")]).await;
        app.settle().await;
        let trail = async |code: &str| {
            let auditor = app.person("AUDITOR", code).await;
            let filter = json!({"subjectId": own});
            auditor.data(TRAIL, json!({"code": code, "filter": filter})).await["federation"]["auditTrail"]["nodes"].take()
        };
        let kinds = |trail: &Value| -> Vec<Value> { trail.as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect() };

        let (theirs, above) = (trail(YUESHAN).await, trail(XIANGXIANG).await);

        assert_eq!(kinds(&theirs), ["ASSESSMENT_SELF_ASSESSED"]);
        assert_eq!(kinds(&above), ["ASSESSMENT_SCORED", "ASSESSMENT_SELF_ASSESSED"]);
        assert!(above.to_string().contains("777") && !theirs.to_string().contains("777"), "{above:#}");
    }

    async fn who_moves_away_is_still_assessed_by_what_they_did(app: App) {
        let (city, county) = (app.person("CADRE", XIANGTAN).await, app.person("CADRE", XIANGXIANG).await);
        let park = found_federation(&city, &app.gid(XIANGXIANG), "TOWNSHIP", "湘乡工业园工会").await;
        let issued = issue_to(&county, "园区考评办法", &[app.gid(YUESHAN), park.clone()]).await;
        let id = issued.of(PARK);
        for number in [1, 2] {
            let mut firm = enterprise(&county, YUESHAN, number);
            firm["federationId"] = json!(park);
            let firm = county.done(REGISTER, firm).await["enterprise"]["id"].take();
            if number == 1 {
                record(&county, firm.as_str().unwrap(), 1, "2026-06-19T09:30:00+08:00").await;
            }
        }
        city.done(MOVE_FEDERATION, json!({"id": park, "parentId": app.gid(SHAOSHAN), "on": "2026-06-20", "reason": "托管"})).await;

        // 10 and 5 of 20 points count 60, 10 and 20 of 40 count 40.
        assert_eq!(score(&county, id, 1, &[(1, "10"), (4, "20")]).await, json!({"version": 2, "total": "75.00"}));
        score(&county, issued.of(YUESHAN), 1, &[(1, "10"), (4, "0")]).await;
        let new = app.person("CADRE", SHAOSHAN).await;
        assert_eq!(seen(&new, id).await["total"], json!(null));
        let theirs = json!({"id": id, "expectedVersion": 2, "scores": points(&[(1, "1")])});
        assert_eq!(new.refused(SCORE, theirs.clone()).await, ["NOT_FOUND id"]);
        for (role, code) in [("CADRE", YUESHAN), ("CADRE", CHANGSHA)] {
            let stranger = app.person(role, code).await;
            assert_eq!(seen(&stranger, id).await, json!(null));
            assert_eq!(stranger.refused(SCORE, theirs.clone()).await, ["NOT_FOUND id"]);
        }
        let county = close(&app).await;
        let published = county.done(PUBLISH, json!({"id": issued.id})).await;

        assert_eq!(published["assessmentScheme"]["assessments"]["nodes"], json!([
            {"rank": 1, "total": "75.00", "federation": {"code": null}}, {"rank": 2, "total": "30.00", "federation": {"code": YUESHAN}},
        ]));
        let new = app.sign_in(&format!("cadre.{}", app.federation(SHAOSHAN))).await;
        let frozen = seen(&new, id).await;
        assert_eq!((&frozen["rank"], each(&frozen, "figure")[1..3].to_vec()), (&json!(1), vec![json!("1"), json!("2")]));
    }

    async fn publishing_costs_the_same_statements_for_one_and_for_four(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let schemes = [issue_to(&county, "单项考评办法", &[app.gid(YUESHAN)]).await, issue(&county).await];
        for (_, id) in schemes.iter().flat_map(|issued| &issued.assessments) {
            score(&county, id, 1, &[(1, "10"), (4, "20")]).await;
        }
        let county = close(&app).await;
        let mut costs = Vec::new();
        for issued in &schemes {
            let before = app.statements();
            county.done(PUBLISH, json!({"id": issued.id})).await;
            costs.push(app.statements() - before);
        }
        assert_eq!(costs[0], costs[1]);
    }

    async fn a_page_of_assessments_costs_the_same_statements_for_one_and_for_four(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let issued = issue(&county).await;
        // Each time one record more of both kinds, to prove two scores.
        let (mut proofs, mut number) = (Vec::new(), 0);
        for (index, code) in [YUESHAN, WANGCHUNMEN, XINXIANGLU, QUANTANG].into_iter().enumerate() {
            let (mut firms, mut visits) = (Vec::new(), Vec::new());
            for _ in 0..=index {
                number += 1;
                firms.push(register(&county, code, number).await);
                visits.push(record(&county, firms.last().unwrap(), number.into(), "2026-06-19T09:30:00+08:00").await);
            }
            let scores = json!([{"item": 1, "points": "1", "evidence": firms}, {"item": 4, "points": "1", "evidence": visits}]);
            let before = app.statements();
            county.done(ASSESS, json!({"id": issued.of(code), "expectedVersion": 1, "scores": scores, "isFinal": true})).await;
            proofs.push(app.statements() - before);
        }
        assert!(proofs.iter().all(|cost| *cost == proofs[0]), "{proofs:?}");
        app.settle().await;
        let page = "query($id: ID!, $first: Int) { node(id: $id) { ... on AssessmentScheme { assessments(first: $first) { nodes { \
            federation { name } rank total selfTotal submittedBy scheme { title } scores { points figure selfPoints evidence { id } item { title } } } } } } }";
        let mut costs = Vec::new();
        for first in [1, 4] {
            let before = app.statements();
            let data = county.data(page, json!({"id": issued.id, "first": first})).await;
            costs.push(app.statements() - before);
            let nodes = data["node"]["assessments"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), first);
            assert!(nodes.iter().all(|node| node["scores"][0]["evidence"][0]["id"].is_string() && node["scores"][3]["evidence"][0]["id"].is_string()));
        }
        // Who asks; the scheme; the page; the scheme of each; scores; figures; who handed it in; enterprises and visits that
        // prove it.
        assert_eq!(costs, [9, 9]);
    }
}
