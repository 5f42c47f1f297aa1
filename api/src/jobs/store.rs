//! Jobs and their refused rows in the database.

use super::rules::{Counts, Failure, Refusal, reads, shortened};
use crate::kernel::app::App;
use crate::kernel::error::{Error, Text, text};
use crate::kernel::loader::Batch;
use crate::kernel::op::{Actor, Op};
use crate::kernel::page::{Bounds, PARTS_MAX};
use crate::kernel::scope::Within;
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::telemetry::metrics::JobsWaiting;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::{DateTime, Utc};
use entity::id::{AccountId, FederationId, JobId, SealedFileId, UploadId};
use entity::jobs::job::{self, JobKind, JobState};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, FromQueryResult, QueryFilter, QueryOrder, Value};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Known {
    id: JobId,
    state: JobState,
}

/// The job of a kind on an upload at a federation, if it was asked for before.
pub(super) async fn find_asked(
    tx: &Tx,
    kind: JobKind,
    upload_id: UploadId,
    federation_id: FederationId,
) -> Result<Option<(JobId, JobState)>, Error> {
    let mut sql = Sql::new("SELECT id, state FROM job WHERE upload_id = ");
    sql.bind(upload_id).push(" AND kind = ").bind(kind.to_value());
    sql.push(" AND federation_id = ").bind(federation_id);
    let found = Known::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?;
    Ok(found.map(|job| (job.id, job.state)))
}

async fn changes_one(tx: &Tx, sql: Sql) -> Result<bool, Error> {
    Ok(tx.db().execute_raw(sql.on(tx.backend())).await?.rows_affected() == 1)
}

/// Lets a failed job go on.
pub(super) async fn queue_again(tx: &Tx, id: JobId) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE job SET state = 'QUEUED', failure = NULL, finished_at = NULL WHERE id = ");
    sql.bind(id);
    changes_one(tx, sql).await.map(drop)
}

/// Begins a queued job.
pub(super) async fn start(tx: &Tx, id: JobId, rows_total: i64) -> Result<bool, Error> {
    let mut sql = Sql::new("UPDATE job SET state = 'RUNNING', rows_total = ");
    sql.bind(rows_total).push(", started_at = COALESCE(started_at, ");
    sql.bind(tx.op().now()).push(") WHERE state = 'QUEUED' AND id = ");
    sql.bind(id);
    changes_one(tx, sql).await
}

/// Whether a job is running and stands where the caller believes it does.
pub(super) async fn stands(tx: &Tx, job: &job::Model) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT id FROM job WHERE state = 'RUNNING' AND id = ");
    sql.bind(job.id).push(" AND rows_done = ").bind(job.rows_done);
    sql.push(" AND cursor = ").bind(&*job.cursor);
    Ok(tx.db().query_one_raw(sql.on(tx.backend())).await?.is_some())
}

/// Moves a job without a file on by a step.
pub(super) async fn step(tx: &Tx, id: JobId, (rows, cursor): (i64, &str)) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE job SET rows_done = rows_done + ");
    sql.bind(rows)
        .push(", rows_accepted = rows_accepted + ")
        .bind(rows);
    sql.push(", cursor = ").bind(cursor).push(" WHERE id = ").bind(id);
    changes_one(tx, sql).await.map(drop)
}

/// Gives a job the file that it has written.
pub(super) async fn set_file(tx: &Tx, id: JobId, file_id: SealedFileId) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE job SET file_id = ");
    sql.bind(file_id).push(" WHERE id = ").bind(id);
    changes_one(tx, sql).await.map(drop)
}

/// The service's own job of a kind that is not over, if there is one.
pub(super) async fn find_own(tx: &Tx, kind: JobKind) -> Result<Option<JobId>, Error> {
    let mut sql = Sql::new(
        "SELECT id FROM job WHERE account_id IS NULL AND state IN ('QUEUED', 'RUNNING') AND kind = ",
    );
    sql.bind(kind.to_value());
    let found = Open::find_by_statement(sql.on(tx.backend())).one(tx.db()).await?;
    Ok(found.map(|job| job.id))
}

/// The newest of the service's own jobs of a kind.
pub(crate) async fn newest_own(op: &Op, kind: JobKind) -> Result<Option<job::Model>, Error> {
    let own = job::Entity::within(&op.scope(Action::ReadJobs)?).filter(job::Column::AccountId.is_null());
    let own = own
        .filter(job::Column::Kind.eq(kind))
        .order_by_desc(job::Column::Id);
    Ok(own.one(op.app().db.reader()).await?)
}

/// Moves a job on by a chunk, with the running sum after it, and writes its refused rows.
pub(super) async fn progress(
    tx: &mut Tx,
    job: &job::Model,
    counts: &Counts,
    (refusals, running_sum): (&[Refusal], i64),
) -> Result<(), Error> {
    const COLUMNS: usize = 8;
    let mut sql = Sql::new("UPDATE job SET rows_done = rows_done + ");
    sql.bind(counts.rows).push(", rows_accepted = rows_accepted + ");
    sql.bind(counts.accepted)
        .push(", rows_unchanged = rows_unchanged + ");
    sql.bind(counts.unchanged)
        .push(", rows_refused = rows_refused + ");
    sql.bind(counts.refused)
        .push(", running_sum = ")
        .bind(running_sum);
    sql.push(" WHERE id = ").bind(job.id);
    changes_one(tx, sql).await?;
    let mut refusals: Vec<&Refusal> = refusals.iter().collect();
    refusals.sort_by_key(|refusal| refusal.row);
    let mut rows: Vec<[Value; COLUMNS]> = Vec::with_capacity(refusals.len());
    for of_row in refusals.chunk_by(|one, other| one.row == other.row) {
        rows.extend((0..).zip(of_row).map(|(ordinal, refusal): (i32, _)| {
            [
                job.id.into(),
                refusal.row.into(),
                ordinal.into(),
                (&*refusal.column).into(),
                (&*shortened(&refusal.value)).into(),
                refusal.code.into(),
                (&*refusal.reason.en).into(),
                (&*refusal.reason.zh).into(),
            ]
        }));
    }
    for rows in rows.chunks(PARAMETERS_MAX / COLUMNS) {
        let mut sql = Sql::new(
            "INSERT INTO job_refusal (job_id, row_no, ordinal, column_name, value, code, reason_en, reason_zh) \
             VALUES ",
        );
        sql.rows(rows.iter().cloned());
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}

/// Ends a running job that stands where the caller believes it does.
pub(super) async fn finish(tx: &Tx, job: &job::Model) -> Result<bool, Error> {
    let mut sql = Sql::new("UPDATE job SET state = 'DONE', finished_at = ");
    sql.bind(tx.op().now());
    sql.push(" WHERE state = 'RUNNING' AND id = ").bind(job.id);
    sql.push(" AND rows_done = ").bind(job.rows_done);
    changes_one(tx, sql).await
}

/// Stops a job that is not over.
pub(super) async fn fail(tx: &Tx, id: JobId, failure: &Failure) -> Result<bool, Error> {
    let mut sql = Sql::new("UPDATE job SET state = 'FAILED', failure = ");
    sql.bind(serde_json::to_string(failure)?).push(", finished_at = ");
    sql.bind(tx.op().now());
    sql.push(" WHERE state IN ('QUEUED', 'RUNNING') AND id = ")
        .bind(id);
    changes_one(tx, sql).await
}

/// The rows of an account's work without a file, asked for since an instant.
pub(super) async fn rows_done_for(
    tx: &Tx,
    kind: JobKind,
    account_id: AccountId,
    since: DateTime<Utc>,
) -> Result<i64, Error> {
    let mut sql =
        Sql::new("SELECT CAST(COALESCE(SUM(rows_done), 0) AS BIGINT) AS rows FROM job WHERE account_id = ");
    sql.bind(account_id)
        .push(" AND subject_id IS NOT NULL AND kind = ");
    sql.bind(kind.to_value()).push(" AND created_at > ").bind(since);
    let row = tx.db().query_one_raw(sql.on(tx.backend())).await?;
    let rows = row.map(|row| row.try_get("", "rows")).transpose()?;
    Ok(rows.unwrap_or_default())
}

/// When an account asked for the n-th job of a kind before now, if that was after an instant. Ids tell the instant (UUIDv7),
/// so only the jobs since then are looked at.
pub(super) async fn asked_at(
    tx: &Tx,
    kind: JobKind,
    (account_id, since): (AccountId, DateTime<Utc>),
    nth: u64,
) -> Result<Option<DateTime<Utc>>, Error> {
    let millis = u64::try_from(since.timestamp_millis()).unwrap_or_default();
    let mut sql = Sql::new("SELECT created_at FROM job WHERE id > ");
    sql.bind(JobId(Uuid::from_u64_pair(millis << 16, 0)));
    sql.push(" AND created_at > ").bind(since);
    sql.push(" AND account_id = ").bind(account_id);
    sql.push(" AND kind = ").bind(kind.to_value());
    sql.push(" ORDER BY id DESC LIMIT ").bind(nth);
    let rows = tx.db().query_all_raw(sql.on(tx.backend())).await?;
    let last = usize::try_from(nth)
        .ok()
        .and_then(|nth| rows.get(nth.checked_sub(1)?));
    Ok(last.map(|row| row.try_get("", "created_at")).transpose()?)
}

#[derive(FromQueryResult)]
struct Open {
    id: JobId,
}

/// Jobs of a kind that are not over, in the order of asking; at most 100. The states are spelled out: only so do both
/// databases see that the partial index holds them all.
pub(super) async fn open_jobs(app: &App, kind: JobKind) -> Result<Vec<JobId>, Error> {
    let mut sql = Sql::new("SELECT id FROM job WHERE state IN ('QUEUED', 'RUNNING') AND kind = ");
    sql.bind(kind.to_value()).push(" ORDER BY id LIMIT 100");
    let rows = Open::find_by_statement(sql.on(app.db.backend()));
    let rows = rows.all(app.db.reader()).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Those of some jobs that the caller may see: where it reads jobs, and those that it asked for itself. What a kind of job
/// asks for stands in no `Readable`, which knows one action a table: so no other loader gives a job.
async fn seen(op: &Op, ids: &[JobId]) -> Result<Vec<job::Model>, Error> {
    if matches!(op.actor(), Actor::Anonymous) {
        return Err(Error::Unauthenticated);
    }
    let own = match op.account_id() {
        Some(id) => job::Column::AccountId.eq(id),
        None => false.into(),
    };
    let rows = job::Entity::within_or(&op.reach(Action::ReadJobs), own);
    let rows = rows.filter(job::Column::Id.is_in(ids.iter().copied()));
    let mut jobs = rows.all(op.app().db.reader()).await?;
    jobs.retain(|job| {
        let scope = op.scope(reads(job.kind));
        scope.is_ok_and(|scope| scope.holds(&job.path))
    });
    Ok(jobs)
}

/// The loader of jobs; none where the caller may not see one.
struct Jobs;

impl Batch for Jobs {
    type Key = JobId;
    type Value = Option<job::Model>;

    async fn load(op: Op, keys: Vec<JobId>) -> Result<Vec<Option<job::Model>>, Error> {
        let mut asked = keys.clone();
        asked.sort();
        asked.dedup();
        let jobs = match seen(&op, &asked).await {
            Err(Error::Forbidden) => Vec::new(),
            jobs => jobs?,
        };
        let jobs: HashMap<JobId, job::Model> = jobs.into_iter().map(|job| (job.id, job)).collect();
        Ok(keys.iter().map(|id| jobs.get(id).cloned()).collect())
    }
}

/// A job, for a resolver; NotFound if the caller may not see it.
pub(crate) async fn load(op: &Op, id: JobId) -> Result<job::Model, Error> {
    op.load::<Jobs>(id).await?.ok_or(Error::NotFound("id".into()))
}

/// A job, for work outside the resolvers, where no loader runs; NotFound if the caller may not see it.
pub(crate) async fn get(op: &Op, id: JobId) -> Result<job::Model, Error> {
    let job = seen(op, &[id]).await?.pop();
    job.ok_or(Error::NotFound("id".into()))
}

/// A refused row, or one of several reasons for it.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Refused {
    pub(crate) row_no: i64,
    pub(crate) ordinal: i32,
    pub(crate) column_name: String,
    pub(crate) value: String,
    pub(crate) code: String,
    reason_en: String,
    reason_zh: String,
}

impl Refused {
    /// Its place in the list.
    pub(crate) fn key(&self) -> RefusedKey {
        (self.row_no, self.ordinal)
    }

    /// Why.
    pub(crate) fn reason(&self) -> Text {
        text(self.reason_en.clone(), self.reason_zh.clone())
    }
}

/// Where a refused row stands in its list.
pub(crate) type RefusedKey = (i64, i32);

const REFUSED: &str =
    "row_no, ordinal, column_name, value, code, reason_en, reason_zh FROM job_refusal WHERE job_id = ";

/// The next refused rows of a job, which the caller has proved to see; at most 1,000.
pub(crate) async fn refused_after(
    app: &App,
    job: &job::Model,
    (row, ordinal): RefusedKey,
) -> Result<Vec<Refused>, Error> {
    let mut sql = Sql::new("SELECT ");
    sql.push(REFUSED).bind(job.id).push(" AND (row_no, ordinal) > (");
    sql.bind(row).push(", ").bind(ordinal);
    sql.push(") ORDER BY row_no, ordinal LIMIT 1000");
    Ok(Refused::find_by_statement(sql.on(app.db.backend()))
        .all(app.db.reader())
        .await?)
}

#[derive(FromQueryResult)]
struct Waiting {
    kind: JobKind,
    state: JobState,
    count: i64,
    oldest: chrono::DateTime<chrono::Utc>,
}

/// The jobs that are not over, by kind and state.
pub async fn waiting(app: &App) -> Result<Vec<JobsWaiting>, Error> {
    let sql = Sql::new(
        "SELECT kind, state, COUNT(*) AS count, MIN(created_at) AS oldest FROM job \
         WHERE state IN ('QUEUED', 'RUNNING') GROUP BY kind, state",
    );
    let rows = Waiting::find_by_statement(sql.on(app.db.backend()));
    let rows = rows.all(app.db.reader()).await?.into_iter();
    let waiting = rows.map(|row| JobsWaiting {
        kind: row.kind.to_value(),
        state: row.state.to_value(),
        count: row.count,
        oldest_seconds: (app.clock.now() - row.oldest).num_seconds(),
    });
    Ok(waiting.collect())
}

/// The loader of pages of refused rows: all that a level of an operation asks for are one statement. Whoever asks has
/// proved to see the job.
pub(super) struct RefusedPages;

#[derive(FromQueryResult)]
struct Slotted {
    slot: i32,
    #[sea_orm(nested)]
    refused: Refused,
}

impl Batch for RefusedPages {
    type Key = (JobId, Bounds<RefusedKey>);
    type Value = Vec<Refused>;

    async fn load(op: Op, keys: Vec<Self::Key>) -> Result<Vec<Self::Value>, Error> {
        let db = &op.app().db;
        let mut answers: Vec<Vec<Refused>> = keys.iter().map(|_| Vec::new()).collect();
        for (keys, answers) in keys.chunks(PARTS_MAX).zip(answers.chunks_mut(PARTS_MAX)) {
            let rows = Slotted::find_by_statement(pages(keys).on(db.backend()));
            for row in rows.all(db.reader()).await? {
                let slot = usize::try_from(row.slot).unwrap_or(usize::MAX);
                if let Some(answer) = answers.get_mut(slot) {
                    answer.push(row.refused);
                }
            }
        }
        for (answer, (_, bounds)) in answers.iter_mut().zip(&keys) {
            answer.sort_by_key(Refused::key);
            if bounds.from_end {
                answer.reverse();
            }
        }
        Ok(answers)
    }
}

fn pages(keys: &[(JobId, Bounds<RefusedKey>)]) -> Sql {
    let mut sql = Sql::new("");
    for (slot, (id, bounds)) in (0_i32..).zip(keys) {
        sql.push(if slot == 0 {
            "SELECT * FROM (SELECT "
        } else {
            " UNION ALL SELECT * FROM (SELECT "
        });
        sql.bind(slot).push(" AS slot, ").push(REFUSED).bind(*id);
        for (key, sign) in [(bounds.after, " > ("), (bounds.before, " < (")] {
            if let Some((row, ordinal)) = key {
                sql.push(" AND (row_no, ordinal)").push(sign);
                sql.bind(row).push(", ").bind(ordinal).push(")");
            }
        }
        let order = if bounds.from_end {
            " ORDER BY row_no DESC, ordinal DESC LIMIT "
        } else {
            " ORDER BY row_no, ordinal LIMIT "
        };
        sql.push(order)
            .bind(bounds.fetched)
            .push(&format!(") AS page_{slot}"));
    }
    sql
}

/// All refused rows of a job, for counting them.
pub(super) fn all_refused(id: JobId) -> SelectStatement {
    let mut all = Query::select();
    all.column(Alias::new("row_no")).from(Alias::new("job_refusal"));
    all.and_where(Expr::col(Alias::new("job_id")).eq(id));
    all
}
