//! One of everything at a place, entered as those enter it who work there.

use super::register::{
    ASSIGN_PATCH, ATTACH, DRAFT_SCHEME, FOUND, IMPORT_COLLECTIONS, IMPORT_ENTERPRISES, ISSUE_SCHEME,
    REGISTER, SET_GOAL, cover, job, trade_union, uscc,
};
use super::{App, Caller};
use api::kernel::gid::Gid;
use sea_orm::ActiveEnum;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const FILE: &str = "mutation($input: FileSubjectRequest!) { fileSubjectRequest(input: $input) { \
    subjectRequest { id } userErrors { code field message } } }";
const EXPORT: &str = "mutation($input: RequestExport!) { requestExport(input: $input) { \
    export { id } userErrors { code field message } } }";

/// Where things are, by division codes.
#[derive(Clone, Copy)]
pub struct Place {
    /// The federation where they are.
    pub at: &'static str,
    /// Above it: those who enter them have their roles there.
    pub above: &'static str,
    /// A line of the tax bureau names a township: this one.
    pub township: &'static str,
    /// A word that stands in every text that is entered there.
    pub word: &'static str,
    /// Tells its numbers from those of other places.
    pub number: u32,
}

/// What there is at a place.
pub struct Things {
    /// Global ids by type; of parts too. Things of a type that are not alike say in brackets which they are.
    pub ids: BTreeMap<String, String>,
    /// The upload that its job reads.
    pub upload: String,
    /// The UUID of its visit.
    pub visit: String,
    /// The code of its enterprise.
    pub uscc: String,
    /// The number of its person.
    pub id_number: String,
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text in {value}"))
        .to_owned()
}

/// Enters one of everything.
pub async fn things(app: &App, place: Place) -> Things {
    let Place {
        at,
        above,
        word,
        number,
        ..
    } = place;
    let cadre = app.person("CADRE", above).await;
    let mut ids = BTreeMap::from([("Federation".to_owned(), app.gid(at))]);
    let mut keep = |kind: &str, id: String| drop(ids.insert(kind.to_owned(), id));

    let mut firm = super::register::enterprise(&cadre, at, number);
    firm["name"] = json!(format!("{word}第{number}机械厂"));
    let enterprise = text(&cadre.done(REGISTER, firm).await["enterprise"]["id"]);
    let mut union = trade_union(&cadre, at, "SINGLE", number);
    union["name"] = json!(format!("{word}第{number}工会委员会"));
    let union = text(&cadre.done(FOUND, union).await["tradeUnion"]["id"]);
    keep("Coverage", cover(&cadre, &union, &enterprise, "2026-03-01").await);
    let mut visit = super::register::visit(&enterprise, number.into(), "2026-06-19T09:30:00+08:00");
    visit["notes"] = json!(format!("{word}的走访记录"));
    visit["findings"][0]["description"] = json!(format!("{word}的隐患"));
    let visit_uuid = text(&visit["id"]);
    let recorded = cadre.done(super::register::RECORD, visit).await;
    keep("Visit", text(&recorded["visit"]["id"]));

    let link = "mutation($input: LinkFederations!) { linkFederations(input: $input) { federationLink { id } userErrors { code } } }";
    let input = json!({"federationId": app.gid(at), "superiorId": app.gid(above), "kind": "FEE", "from": "2026-01-01"});
    keep(
        "FederationLink",
        text(&cadre.done(link, input).await["federationLink"]["id"]),
    );
    let (collection, waiting) = collections(app, place).await;
    keep("Collection", collection);
    keep("WaitingCollection", waiting);
    let finance = app.person("FINANCE", above).await;
    keep(
        "Job (collections)",
        job(&finance, IMPORT_COLLECTIONS, at, "voucherId\n").await,
    );
    keep(
        "Job (enterprises)",
        job(&cadre, IMPORT_ENTERPRISES, at, "uscc\n").await,
    );
    let upload =
        uuid::Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + u128::from(number)).to_string();
    let sent = cadre
        .send("PUT", &format!("/uploads/{upload}"), &[], format!("{word},1\n"))
        .await;
    assert!(sent.status.is_success());

    let username = format!("{at}.office");
    app.add_account(&username, "CADRE", app.federation(at)).await;
    let office = app.sign_in(&username).await;
    let who = office
        .data("{ viewer { id sessions { id } grants { id } } }", json!({}))
        .await;
    keep("Account (person)", text(&who["viewer"]["id"]));
    keep("Grant", text(&who["viewer"]["grants"][0]["id"]));
    keep("Session", text(&who["viewer"]["sessions"][0]["id"]));
    let over = app.sign_in(&username).await;
    let sessions = over
        .data("{ viewer { sessions { id isCurrent } } }", json!({}))
        .await;
    let sessions = sessions["viewer"]["sessions"].as_array().unwrap();
    let current = sessions.iter().find(|session| session["isCurrent"] == true);
    keep("Session (over)", text(&current.unwrap()["id"]));
    over.data("mutation { logout { userErrors { code } } }", json!({}))
        .await;

    let client = format!("{at}.client");
    app.add_account(&client, "REPORTING", app.federation(at)).await;
    let client = app.sign_in_client(&client).await;
    let client = client
        .data("{ viewer { id account { credentials { id } } } }", json!({}))
        .await;
    keep("Account (machine)", text(&client["viewer"]["id"]));
    keep(
        "ClientCredential",
        text(&client["viewer"]["account"]["credentials"][0]["id"]),
    );

    let mut person = super::people::person(&cadre, at, number);
    person["name"] = json!(format!(
        "{}三",
        &word[..word.chars().next().map_or(0, char::len_utf8)]
    ));
    let person = text(&cadre.done(super::people::REGISTER_PERSON, person).await["person"]["id"]);
    let asked = json!({"personId": person, "kind": "COPY"});
    keep(
        "SubjectRequest",
        text(&office.done(FILE, asked).await["subjectRequest"]["id"]),
    );
    let (membership, transfer) = membership(&cadre, place, (&person, &union, &enterprise)).await;
    keep("Membership", membership);
    keep("MemberTransfer", transfer);
    keep("Person", person);
    let asked = json!({"federationId": app.gid(at), "kind": "PEOPLE", "purpose": "MEMBERSHIP", "reason": format!("{word}年度台账核对工作")});
    keep("Export", text(&cadre.done(EXPORT, asked).await["export"]["id"]));
    let report = super::returns::draft(
        &cadre,
        (at, "2026-01-01", "2026-06-20"),
        &[("publicity_banners", "", "158", "EXACT")],
    )
    .await;
    let file = cadre.upload(&format!("%PDF-1.7 {word}签字页")).await;
    let attach = json!({"recordId": report, "uploadId": file, "name": format!("{word}签字页.pdf")});
    keep(
        "Attachment",
        text(&cadre.done(ATTACH, attach).await["attachment"]["id"]),
    );
    // What was submitted keeps its files: nothing here is taken away by whoever tries.
    super::returns::step(&cadre, "submitReturn", (&report, 1), json!({})).await;
    keep("StatisticalReturn", report);
    keep(
        "FigureSnapshot",
        super::returns::freeze(&cadre, at, &["visits"]).await,
    );
    for (kind, id) in assessments(app, place, &office).await {
        keep(kind, id);
    }
    let issuer = app.process.tree().ancestors_of(app.federation(at)).next();
    let issuer = issuer.unwrap().gid().to_string();
    keep(
        "Target",
        super::targets::issue(&cadre, (&issuer, "visits"), &[(at, "12")])
            .await
            .remove(0),
    );
    super::targets::set_pace(&cadre, (at, None), &[("2026-12-31", "100")]).await;
    keep("Enterprise", enterprise);
    keep("TradeUnion", union);
    Things {
        ids,
        upload,
        visit: visit_uuid,
        uscc: uscc(number),
        id_number: super::people::resident_id(number),
    }
}

/// A member, and the transfer to another union that waits.
async fn membership(
    cadre: &Caller,
    place: Place,
    (person, union, enterprise): (&str, &str, &str),
) -> (String, String) {
    let mut another = trade_union(cadre, place.at, "JOINT", place.number + 300);
    another["name"] = json!(format!("{}第{}工会委员会", place.word, place.number + 300));
    let another = text(&cadre.done(FOUND, another).await["tradeUnion"]["id"]);
    let mut member = super::members::member(person, union, "2026-03-01");
    member["employerId"] = json!(enterprise);
    let admit = super::members::change("admitMember", "AdmitMember");
    let membership = text(&cadre.done(&admit, member).await["membership"]["id"]);
    let going = super::members::going(&membership, 1, &another, "2026-06-01");
    (membership, super::members::submit(cadre, going).await)
}

/// A scheme by which the place is assessed, the assessment, a draft of the place's own, a patch, and a goal of its office.
async fn assessments(app: &App, place: Place, office: &Caller) -> [(&'static str, String); 5] {
    let cadre = app.person("CADRE", place.above).await;
    let tree = app.process.tree();
    let node = tree.get(app.federation(place.at)).unwrap();
    let (level, parent) = (node.level.to_value(), node.parent_id.unwrap().gid().to_string());
    let mut scheme = super::register::scheme(&parent, &level);
    scheme["title"] = json!(format!("{}年度考评办法", place.word));
    let issued = text(&cadre.done(DRAFT_SCHEME, scheme.clone()).await["assessmentScheme"]["id"]);
    let issue = json!({"id": issued, "expectedVersion": 1, "federationIds": [app.gid(place.at)]});
    let done = cadre.done(ISSUE_SCHEME, issue).await;
    let assessment = text(&done["assessmentScheme"]["assessments"]["nodes"][0]["id"]);
    scheme["federationId"] = json!(app.gid(place.at));
    let draft = text(&office.done(DRAFT_SCHEME, scheme).await["assessmentScheme"]["id"]);
    let patch = json!({"federationId": app.gid(place.at), "purpose": format!("{}联系点", place.word), "from": "2026-01-01"});
    let patch = text(&cadre.done(ASSIGN_PATCH, patch).await["patch"]["id"]);
    let who = office.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
    let goal = json!({"federationId": app.gid(place.at), "accountId": who, "year": 2026, "task": format!("{}年度目标", place.word), "dueOn": "2026-12-31"});
    let goal = text(&cadre.done(SET_GOAL, goal).await["staffGoal"]["id"]);
    [
        ("AssessmentScheme (assessing)", issued),
        ("AssessmentScheme (draft)", draft),
        ("Assessment", assessment),
        ("Patch", patch),
        ("StaffGoal", goal),
    ]
}

/// A line that was accepted, and one that waits.
async fn collections(app: &App, place: Place) -> (String, String) {
    let bureau = app.person("TAX_BUREAU", place.above).await;
    let line = |code: u32| {
        let mut line = super::delivery::line(code);
        line["payerName"] = json!(format!("{}第{code}机械厂", place.word));
        line["township"] = json!(place.township);
        line
    };
    // Nobody knows the second payer.
    let (known, unknown) = (place.number, place.number + 500);
    let lines = [line(known), line(unknown)];
    bureau
        .done(super::delivery::SUBMIT, json!({"lines": lines}))
        .await;
    let query = "query($code: DivisionCode!) { federation(code: $code) { \
        collections { nodes { id voucherId } } waitingCollections { nodes { id uscc } } } }";
    let found = bureau.data(query, json!({"code": place.above})).await;
    let with = |list: &str, field: &str, value: String| {
        let nodes = found["federation"][list]["nodes"].as_array().unwrap();
        text(&nodes.iter().find(|node| node[field] == value).unwrap()["id"])
    };
    (
        with("collections", "voucherId", format!("voucher-{known}")),
        with("waitingCollections", "uscc", uscc(unknown)),
    )
}
