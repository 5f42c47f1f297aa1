//! Long work on files that came in, with an importer that stands for a domain's.

use crate::support::app::Answer;
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::accounts::token;
use api::http::engine::Via;
use api::http::params::Params;
use api::http::session::{self, Peer};
use api::jobs::runner;
use api::jobs::{self, Asked, Chunk, Importer, Refusal};
use api::kernel::error::{Error, Language, text};
use api::kernel::event::{Delta, Place};
use api::kernel::gid::Gid;
use api::kernel::ledger::Qualifier;
use api::kernel::op::Op;
use api::kernel::rows::{Column, optional, required};
use api::kernel::tx::Tx;
use api::metrics::MetricId;
use api::policy::Action;
use axum::body::Body;
use chrono::TimeDelta;
use entity::id::{JobId, UploadId};
use entity::jobs::job::JobKind;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;
use uuid::Uuid;

const JOB: &str = "query($id: ID!) { job(id: $id) { kind state percent etaSeconds errorFile finishedAt \
    federation { name } failure { code message } \
    progress { rowsTotal rowsDone rowsAccepted rowsUnchanged rowsRefused } } }";

static COLUMNS: [Column; 2] = [
    required("name", &["企业名称", "name"]),
    optional("note", &["备注", "note"]),
];

/// Counts each row as a visit; after so many chunks it never answers again, like a process that dies.
struct Tally {
    dies_after: usize,
    /// How often each chunk takes too long before it is done.
    slow: usize,
    chunks: AtomicUsize,
}

fn tally(dies_after: usize) -> Tally {
    Tally {
        dies_after,
        slow: 0,
        chunks: AtomicUsize::new(0),
    }
}

impl Importer for Tally {
    fn kind(&self) -> JobKind {
        JobKind::EnterpriseImport
    }

    fn action(&self) -> Action {
        Action::RegisterEnterprises
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn answer<'a>(&'a self, tx: &'a mut Tx, chunk: Chunk<'a>) -> BoxFuture<'a, Result<jobs::Answer, Error>> {
        Box::pin(async move {
            let chunks = self.chunks.fetch_add(1, Ordering::Relaxed);
            if chunks >= self.dies_after {
                std::future::pending::<()>().await;
            }
            if chunks % (self.slow + 1) < self.slow {
                return Err(Error::Timeout { first: None });
            }
            let mut answer = jobs::Answer {
                event: "TALLIED",
                accepted: 0,
                unchanged: 0,
                passed_over: 0,
                refusals: Vec::new(),
                running_sum: 0,
                sums: Vec::new(),
                deltas: Vec::new(),
            };
            for row in chunk.rows {
                let refusal = |column: &'static str| Refusal {
                    row: row.number,
                    column: column.into(),
                    value: row.cell(column).to_owned(),
                    code: "INVALID",
                    reason: text("Not wanted.", "不需要。"),
                };
                match row.cell("name") {
                    "合计" => answer.passed_over += 1,
                    "seen" => answer.unchanged += 1,
                    "bad" => answer.refusals.extend([refusal("name"), refusal("note")]),
                    _ => {
                        answer.accepted += 1;
                        answer.deltas.push(Delta {
                            metric: MetricId::VISITS,
                            dimension: String::new(),
                            place: Place::from(&**chunk.place),
                            day: tx.op().today(),
                            amount: 1,
                            source_id: tx.op().id(),
                            qualifier: Qualifier::Exact,
                            moved: None,
                        });
                    }
                }
            }
            Ok(answer)
        })
    }
}

async fn put(caller: &Caller, id: &str, bytes: impl Into<Body>) -> Answer {
    caller.send("PUT", &format!("/uploads/{id}"), &[], bytes).await
}

fn code(answer: &Answer) -> String {
    let code = answer.json()["errors"][0]["extensions"]["code"]
        .as_str()
        .map(str::to_owned);
    format!("{} {}", answer.status.as_u16(), code.unwrap_or_default())
}

async fn op_of(caller: &Caller) -> Op {
    let process = &caller.app.process;
    let actor = session::actor_of(process, caller.token.as_ref().unwrap()).await;
    Op::new(
        process,
        actor.unwrap_or_else(|error| panic!("{}", error.report())),
    )
}

/// Asks for the work on an upload at Xiangxiang.
async fn ask(caller: &Caller, upload_id: Uuid) -> Result<JobId, String> {
    let asked = Asked {
        upload_id: UploadId(upload_id),
        federation_id: caller.app.federation(XIANGXIANG),
        idempotency_key: None,
    };
    let queued = jobs::enqueue(&op_of(caller).await, &tally(0), &asked).await;
    queued.map_err(|error| format!("{error:?}"))
}

/// Sends a file as the cadre of Xiangxiang and asks for the work on it.
async fn queue(app: &App, file: &str) -> (Caller, JobId) {
    let cadre = app.person("CADRE", XIANGXIANG).await;
    let id = op_of(&cadre).await.id();
    let sent = put(&cadre, &id.to_string(), file.to_owned()).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let id = ask(&cadre, id).await.unwrap();
    (cadre, id)
}

async fn run(app: &App, importer: &Tally) {
    let (_never, stop) = watch::channel(false);
    let ran = runner::run_open(&app.process, runner::Work::Rows(importer), &stop).await;
    ran.unwrap_or_else(|error| panic!("{}", error.report()));
    app.settle().await;
}

async fn see(caller: &Caller, id: JobId) -> Value {
    caller.data(JOB, json!({"id": id.gid().as_str()})).await["job"].take()
}

async fn count(app: &App, sql: &str) -> i64 {
    let db = &app.process.db;
    let row = db
        .reader()
        .query_one_raw(Statement::from_string(db.backend(), sql))
        .await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Watches a job as a front end does; what comes, as `state percent`.
async fn watch_job(caller: &Caller, id: JobId) -> BoxStream<'static, String> {
    let engine = &caller.app.engine;
    let claims = token::read(&engine.app, caller.token.as_ref().unwrap());
    let peer = Peer {
        claims: Some(claims.unwrap_or_else(|error| panic!("{}", error.report()))),
        language: Language::English,
        address: None,
    };
    let query = "subscription($id: ID!) { jobChanged(id: $id) { cursor job { state percent } } }";
    let params = Params::asking(query, json!({"id": id.gid().as_str()}));
    let begun = engine.begin(&peer, params, Via::Stream).await;
    let answers = begun
        .unwrap_or_else(|refusal| panic!("{:?}", refusal.errors))
        .responses;
    let told = answers.map(|answer| match &answer.errors[..] {
        [] => {
            let job = &answer.data.into_json().unwrap()["jobChanged"]["job"];
            format!("{} {}", job["state"].as_str().unwrap(), job["percent"])
        }
        [error, ..] => error.message.clone(),
    });
    told.boxed()
}

both! {
    async fn every_row_is_answered_and_refused_ones_come_back_in_a_file(app: App) {
        let file = "备注,name\r\n,甲\r\n=1+1,bad\r\n,seen\r\n只有一格\r\n\r\n,乙\r\n,合计\r\n";
        let (cadre, id) = queue(&app, file).await;
        let queued = see(&cadre, id).await;

        run(&app, &tally(9)).await;

        assert_eq!((&queued["state"], &queued["percent"]), (&json!("QUEUED"), &json!(null)));
        let job = see(&cadre, id).await;
        let path = format!("/files/{}", id.gid().as_str());
        assert_eq!(job["federation"]["name"], "湘乡市总工会");
        assert_eq!((&job["state"], &job["percent"], &job["errorFile"]), (&json!("DONE"), &json!(100), &json!(path)));
        let progress = json!({"rowsTotal": 6, "rowsDone": 6, "rowsAccepted": 2, "rowsUnchanged": 1, "rowsRefused": 2});
        assert_eq!(job["progress"], progress);
        let sent = cadre.in_chinese().send("GET", &path, &[], "").await;
        assert_eq!(
            sent.text(),
            "\u{feff}row,column,value,code,reason\r\n2,name,bad,INVALID,不需要。\r\n2,note,'=1+1,INVALID,不需要。\r\n\
             4,,只有一格,INVALID,该行有 1 个单元格，表头有 2 个。\r\n"
        );
        let query = "query($id: ID!, $after: String, $last: Int) { job(id: $id) {
            start: refusals(first: 2, after: $after) { totalCount pageInfo { endCursor hasNextPage } nodes { row column } }
            end: refusals(last: $last) { nodes { row column value code reason } } } }";
        let page = cadre.data(query, json!({"id": id.gid().as_str(), "last": 1})).await;
        let start = &page["job"]["start"];
        assert_eq!(start["totalCount"], 3);
        assert_eq!(start["nodes"], json!([{"row": 2, "column": "name"}, {"row": 2, "column": "note"}]));
        let reason = "The row has 1 cells, the header 2.";
        let last = json!([{"row": 4, "column": "", "value": "只有一格", "code": "INVALID", "reason": reason}]);
        assert_eq!(page["job"]["end"]["nodes"], last);
        let after = &start["pageInfo"]["endCursor"];
        let page = cadre.data(query, json!({"id": id.gid().as_str(), "after": after, "last": 1})).await;
        assert_eq!(page["job"]["start"]["nodes"], json!([{"row": 4, "column": ""}]));
        assert_eq!(page["job"]["start"]["pageInfo"]["hasNextPage"], false);
    }

    async fn any_number_of_lists_of_refused_rows_is_read(app: App) {
        let (cadre, id) = queue(&app, "name,note\nbad,x\n").await;
        run(&app, &tally(9)).await;
        let lists: String = (0..7).map(|list| format!("l{list}: nodes(ids: $ids) {{ ... on Job {{ refusals(first: 1) {{ nodes {{ column }} }} }} }} ")).collect();
        let ids = vec![id.gid().to_string(); 100];

        let data = cadre.data(&format!("query($ids: [ID!]!) {{ {lists} }}"), json!({"ids": ids})).await;

        let lists = data.as_object().unwrap().values().flat_map(|list| list.as_array().unwrap());
        let found: Vec<&Value> = lists.map(|job| &job["refusals"]["nodes"][0]["column"]).collect();
        assert_eq!(found.len(), 700);
        assert!(found.iter().all(|column| *column == "name"));
    }

    async fn a_neighbour_sees_neither_job_nor_file(app: App) {
        let (cadre, id) = queue(&app, "name,note\nbad,x\n").await;
        run(&app, &tally(9)).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let city = app.person("LEADER", XIANGTAN).await;
        let reporting = app.person("REPORTING", XIANGXIANG).await;
        let node = "query($id: ID!) { node(id: $id) { __typename id } }";
        let variables = json!({"id": id.gid().as_str()});
        let path = format!("/files/{}", id.0);

        assert_eq!(city.data(node, variables.clone()).await["node"]["__typename"], "Job");
        assert_eq!(city.send("GET", &path, &[], "").await.status, 200);
        assert_eq!(see(&neighbour, id).await, json!(null));
        assert_eq!(neighbour.data(node, variables.clone()).await["node"], json!(null));
        assert_eq!(code(&neighbour.send("GET", &path, &[], "").await), "404 NOT_FOUND");
        assert_eq!(code(&reporting.send("GET", &path, &[], "").await), "404 NOT_FOUND");
        assert_eq!(code(&app.anonymous().send("GET", &path, &[], "").await), "401 UNAUTHENTICATED");
        assert_eq!(code(&cadre.send("GET", "/files/nonsense", &[], "").await), "404 NOT_FOUND");
        assert_eq!(watch_job(&neighbour, id).await.collect::<Vec<_>>().await, ["Not found."]);
    }

    async fn work_is_asked_for_once_and_only_by_the_sender(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let city = app.person("CADRE", XIANGTAN).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let id = op_of(&cadre).await.id();
        put(&cadre, &id.to_string(), "name\n甲\n").await;

        let (first, second) = tokio::join!(ask(&cadre, id), ask(&cadre, id));

        assert_eq!(first.clone().unwrap(), second.unwrap());
        assert!(ask(&leader, id).await.unwrap_err().contains("Forbidden"));
        assert!(ask(&city, id).await.unwrap_err().contains("uploadId"));
        assert!(ask(&neighbour, id).await.unwrap_err().contains("federationId"));
        assert_eq!(count(&app, "SELECT COUNT(*) FROM job").await, 1);
    }

    async fn a_process_that_dies_loses_and_doubles_nothing(app: App) {
        let rows: String = (1..=2_500).map(|number| format!("企业{number}\n")).collect();
        let (cadre, id) = queue(&app, &format!("name\n{rows}bad\n")).await;
        let dying = tally(1);
        let mut dies = Box::pin(run(&app, &dying));
        while dying.chunks.load(Ordering::Relaxed) < 2 {
            assert!(futures_util::poll!(&mut dies).is_pending());
            tokio::task::yield_now().await;
        }
        drop(dies);
        let half = see(&cadre, id).await;
        let other = app.another().await;

        // The lease is the dead process's until it runs out.
        run(&other, &tally(9)).await;
        let still = see(&cadre, id).await;
        app.advance(TimeDelta::seconds(16));
        let running = see(&cadre, id).await;
        run(&other, &tally(9)).await;

        assert_eq!((&half["state"], &half["percent"]), (&json!("RUNNING"), &json!(39)));
        assert_eq!(half["progress"], still["progress"]);
        assert!(running["etaSeconds"].as_i64().unwrap() > 0, "{running:#}");
        let job = see(&cadre, id).await;
        assert_eq!((&job["state"], &job["progress"]["rowsAccepted"]), (&json!("DONE"), &json!(2_500)));
        assert_eq!(job["progress"]["rowsRefused"], 1);
        assert_eq!(count(&app, "SELECT CAST(SUM(amount) AS BIGINT) FROM figure_entry").await, 2_500);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM event WHERE kind = 'TALLIED'").await, 3);
    }

    async fn a_job_that_cannot_go_on_says_why_and_may_be_asked_for_again(app: App) {
        let (cadre, id) = queue(&app, "公司\n甲\n").await;
        run(&app, &tally(9)).await;
        let refused = see(&cadre, id).await;
        let refused_in_chinese = see(&cadre.in_chinese(), id).await;
        let (_, second) = queue(&app, "name\n甲\n").await;
        let db = &app.process.db;
        let begin = |day: &str| Statement::from_string(db.backend(), format!("UPDATE role_grant SET valid_from = '{day}'"));
        db.reader().execute_raw(begin("2999-01-01")).await.unwrap();
        run(&app, &tally(9)).await;
        db.reader().execute_raw(begin("2000-01-01")).await.unwrap();
        let ended = see(&cadre, second).await;

        let upload = upload_of(&app, second).await;
        let again = ask(&cadre, upload).await.unwrap();
        run(&app, &tally(9)).await;

        assert_eq!(refused["state"], "FAILED");
        let missing = json!({"code": "INVALID", "message": "Columns are missing in the header: name."});
        assert_eq!(refused["failure"], missing);
        assert_eq!(refused_in_chinese["failure"]["message"], "表头缺少列：企业名称。");
        assert_eq!((&ended["state"], &ended["failure"]["code"]), (&json!("FAILED"), &json!("GONE")));
        assert_eq!(again, second);
        let job = see(&cadre, second).await;
        assert_eq!((&job["state"], &job["failure"]), (&json!("DONE"), &json!(null)));
    }

    async fn what_takes_too_long_is_tried_again_as_long_as_it_gets_further(app: App) {
        let rows: String = (1..=2_500).map(|number| format!("企业{number}\n")).collect();
        for (slow, expected) in [(2, json!("DONE")), (3, json!("FAILED"))] {
            let (cadre, id) = queue(&app, &format!("name\n{rows}")).await;

            run(&app, &Tally { slow, ..tally(99) }).await;

            let job = see(&cadre, id).await;
            assert_eq!(job["state"], expected, "{job:#}");
            assert_eq!(job["failure"]["code"], if slow == 3 { json!("TIMEOUT") } else { json!(null) });
        }
        assert_eq!(count(&app, "SELECT CAST(SUM(amount) AS BIGINT) FROM figure_entry").await, 2_500);
    }

    async fn a_job_is_watched_until_it_is_over(app: App) {
        let rows = "甲\n".repeat(1_500);
        let (cadre, id) = queue(&app, &format!("name\n{rows}")).await;
        let mut changes = watch_job(&cadre, id).await;
        let first = changes.next().await.unwrap();
        let working = app.clone();
        let work = tokio::spawn(async move { run(&working, &tally(9)).await });

        let rest: Vec<String> = changes.collect().await;
        work.await.unwrap();
        let late: Vec<String> = watch_job(&cadre, id).await.collect().await;

        assert_eq!(first, "QUEUED null");
        assert_eq!(rest.last().unwrap(), "DONE 100");
        assert_eq!(late, ["DONE 100"]);
    }

    async fn a_lane_wakes_for_what_is_asked_and_ends_when_told(app: App) {
        let (stop, stopped) = watch::channel(false);
        let importer = tally(9);
        let lane = runner::lane(Arc::clone(&app.process), runner::Work::Rows(&importer), stopped);
        let story = async {
            let (cadre, id) = queue(&app, "name\n甲\n").await;
            app.settle().await;
            let changes = watch_job(&cadre, id).await;
            let settling = async {
                while see(&cadre, id).await["state"] != "DONE" {
                    tokio::task::yield_now().await;
                }
                app.settle().await;
            };
            let (told, ()) = tokio::join!(changes.collect::<Vec<_>>(), settling);
            stop.send(true).unwrap();
            told
        };

        let ((), told) = tokio::join!(lane, story);

        assert_eq!(told.last().unwrap(), "DONE 100");
    }
}

async fn upload_of(app: &App, id: JobId) -> Uuid {
    let db = &app.process.db;
    let sql = match db.backend() {
        sea_orm::DbBackend::Sqlite => "SELECT upload_id FROM job WHERE id = ?",
        _ => "SELECT upload_id FROM job WHERE id = $1",
    };
    let statement = Statement::from_sql_and_values(db.backend(), sql, [id.into()]);
    let row = db.reader().query_one_raw(statement).await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}
