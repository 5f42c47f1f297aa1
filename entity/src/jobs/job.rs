//! Long work: it survives a crash, because every chunk commits its progress with what it did.

use crate::id::{AccountId, FederationId, JobId, SealedFileId, UploadId};
use sea_orm::entity::prelude::*;

/// Where the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobState {
    /// waiting for a worker.
    Queued,
    /// being worked on.
    Running,
    /// all rows answered.
    Done,
    /// stopped: see `failure`.
    Failed,
}

/// What the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobKind {
    /// 企业导入.
    EnterpriseImport,
    /// 税务征收导入.
    CollectionImport,
    /// 人员信息导出.
    PeopleExport,
    /// 到期删除.
    Retention,
    /// 重新加密.
    Reencryption,
    /// 审计日志导出.
    AuditExport,
    /// 统计数字导出.
    FigureExport,
}

/// A row of `job`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// What.
    pub kind: JobKind,
    /// Where the work is.
    pub state: JobState,
    /// Who asked; none for the service's own work.
    pub account_id: Option<AccountId>,
    /// The file worked on; none for work without one.
    pub upload_id: Option<UploadId>,
    /// What work without a file is about.
    pub subject_id: Option<Uuid>,
    /// What work without a file was asked to do, as JSON, where that is more than its kind and place.
    pub input: Option<String>,
    /// Where work without a file goes on.
    pub cursor: String,
    /// Rows of the file, once known.
    pub rows_total: Option<i64>,
    /// Rows answered so far: where a restart goes on.
    pub rows_done: i64,
    /// Rows that made or changed something.
    pub rows_accepted: i64,
    /// Rows that changed nothing because they were there already.
    pub rows_unchanged: i64,
    /// Rows that were refused; each stands in the error file.
    pub rows_refused: i64,
    /// What the importer sums up over all rows answered so far, for a total row further down (fen).
    pub running_sum: i64,
    /// Why it stopped: code and message in English and Chinese as JSON.
    pub failure: Option<String>,
    /// The file that the work wrote, once it is whole.
    pub file_id: Option<SealedFileId>,
    /// Instant of asking.
    pub created_at: DateTimeUtc,
    /// Instant of the first row.
    pub started_at: Option<DateTimeUtc>,
    /// Instant of the last row.
    pub finished_at: Option<DateTimeUtc>,
    /// Where: all rows must lie below it; none for work that has no place.
    pub federation_id: Option<FederationId>,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
