//! Jobs as clients see them.

use super::rules::{self, Failure};
use super::store::{self, Refused, RefusedKey, RefusedPages};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{Connection, Page, Total};
use crate::org::federation::types::{Federation, federation};
use crate::privacy::file::types::{SealedFile, file};
use crate::scalars::DateTime;
use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use entity::jobs::job;

/// What the work is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "job::JobKind")]
pub enum JobKind {
    /// 企业导入: enterprises from a file.
    EnterpriseImport,
    /// 税务征收导入: collections from a file of the tax bureau.
    CollectionImport,
    /// 人员信息导出: people into a file, after approval.
    PeopleExport,
    /// 到期删除: what may be kept no longer is erased; the service's own work.
    Retention,
    /// 重新加密: what is sealed is sealed by the newest key; the service's own work.
    Reencryption,
    /// 审计日志导出: entries of the audit trail into a file.
    AuditExport,
    /// 统计数字导出: figures of federations into a file.
    FigureExport,
}

/// Where the work is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "job::JobState")]
pub enum JobState {
    /// 排队中: waits for its turn.
    Queued,
    /// 处理中: goes on, if need be in another process.
    Running,
    /// 已完成: every row is answered; refused ones stand in the error file.
    Done,
    /// 已失败: stopped, see `failure`; what was answered stays. Asking again lets it go on.
    Failed,
}

/// A row of `job`, as clients see it.
pub struct Job(pub job::Model);

/// Long work (作业), most of it on a file: it goes on after a crash, and answers every row once.
#[Object]
impl Job {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// What the work is.
    async fn kind(&self) -> JobKind {
        self.0.kind.into()
    }

    /// Where the work is.
    async fn state(&self) -> JobState {
        self.0.state.into()
    }

    /// Where: all that it touches must lie below it.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        let federation_id = self.0.federation_id.ok_or(Error::NotFound("federation".into()))?;
        federation(Op::of(context), federation_id)
    }

    /// How the rows were answered so far.
    async fn progress(&self) -> JobProgress {
        JobProgress {
            rows_total: self.0.rows_total,
            rows_done: self.0.rows_done,
            rows_accepted: self.0.rows_accepted,
            rows_unchanged: self.0.rows_unchanged,
            rows_refused: self.0.rows_refused,
        }
    }

    /// How much is done, in whole per cent; null until the rows are counted, 100 only when all is done.
    async fn percent(&self) -> Option<i32> {
        rules::percent(&self.0)
    }

    /// Seconds until it will be done, if it goes on as it went so far; null unless it runs and some rows are answered.
    async fn eta_seconds(&self, context: &Context<'_>) -> Option<i32> {
        rules::eta_seconds(&self.0, Op::of(context).now())
    }

    /// Path of the error file (CSV: row, column, value, code, reason), to be fetched with the same token; null if
    /// nothing was refused so far.
    async fn error_file(&self) -> Option<String> {
        (self.0.rows_refused > 0).then(|| format!("/files/{}", self.0.id.gid().as_str()))
    }

    /// The file that the work wrote, for the account that asked; null until it is whole, and once it is gone.
    async fn file(&self, context: &Context<'_>) -> Option<Result<SealedFile, Error>> {
        file(Op::of(context), self.0.file_id).await
    }

    /// Why it stopped; null unless it is FAILED.
    async fn failure(&self) -> Option<Result<JobFailure, Error>> {
        self.0.failure.as_deref().map(JobFailure::read)
    }

    /// Instant of asking.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Instant of the beginning; null while it has not begun.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime)
    }

    /// Instant of the end; null until then.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }

    /// Refused rows in the order of the file; a row stands there once for each reason.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn refusals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<JobRefusal>, Error> {
        let page = Page::new(first, after, last, before)?;
        let key = (self.0.id, page.bounds(parse_cursor)?);
        let rows = Op::of(context).load::<RefusedPages>(key).await?;
        let items = rows.into_iter().map(|row| {
            let (number, ordinal) = row.key();
            (format!("{number}.{ordinal}"), JobRefusal::from(row))
        });
        let total = Total::Asked(Box::new(store::all_refused(self.0.id)));
        Ok(page.finish(items.collect(), total))
    }
}

fn parse_cursor(cursor: &str) -> Option<RefusedKey> {
    let (number, ordinal) = cursor.split_once('.')?;
    Some((number.parse().ok()?, ordinal.parse().ok()?))
}

/// How the rows of a file were answered so far.
#[derive(SimpleObject)]
pub struct JobProgress {
    /// Rows of the file; null until they are counted.
    pub rows_total: Option<i64>,
    /// Rows answered.
    pub rows_done: i64,
    /// Rows that made or changed something.
    pub rows_accepted: i64,
    /// Rows that changed nothing because they were there already.
    pub rows_unchanged: i64,
    /// Rows that were refused.
    pub rows_refused: i64,
}

/// Why a job stopped.
#[derive(SimpleObject)]
pub struct JobFailure {
    /// Code, for example `INVALID` for a file that is not what it says.
    pub code: String,
    /// Why, in the language of `Accept-Language` (zh-CN or en).
    pub message: String,
}

impl JobFailure {
    /// What the database keeps of one.
    pub(crate) fn read(kept: &str) -> Result<JobFailure, Error> {
        let failure: Failure = serde_json::from_str(kept)?;
        Ok(JobFailure {
            message: failure.text.said(),
            code: failure.code,
        })
    }
}

/// A refused row, or one of several reasons for it.
#[derive(SimpleObject)]
pub struct JobRefusal {
    /// 1 for the first row after the header; in a spreadsheet it stands one lower.
    pub row: i64,
    /// Column at fault; empty for the row as a whole.
    pub column: String,
    /// What stood there, at most its first 200 characters.
    pub value: String,
    /// Kind of refusal, for example `INVALID`.
    pub code: String,
    /// Why, in the language of `Accept-Language` (zh-CN or en).
    pub reason: String,
}

impl From<Refused> for JobRefusal {
    fn from(refused: Refused) -> Self {
        JobRefusal {
            row: refused.row_no,
            reason: refused.reason().said(),
            column: refused.column_name,
            value: refused.value,
            code: refused.code,
        }
    }
}

/// A job as it is after a change.
#[derive(SimpleObject)]
pub struct JobChange {
    /// The job as it is now.
    pub job: Job,
    /// Given as `after`, it goes on behind this change.
    pub cursor: String,
}
