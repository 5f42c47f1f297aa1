//! A number of a return. One that was accepted never changes; what takes its place stands beside it.

use crate::id::{AccountId, ReturnLineId, StatisticalReturnId};
use sea_orm::entity::prelude::*;

/// Whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LineState {
    /// 待审核.
    Pending,
    /// 有效.
    InForce,
    /// 已更正.
    Superseded,
}

/// A row of `return_line`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_line")]
pub struct Model {
    /// UUIDv7: the later one takes the place of the earlier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReturnLineId,
    /// Of which return.
    pub return_id: StatisticalReturnId,
    /// Code of the metric.
    pub metric: String,
    /// Empty for the whole, `AXIS:VALUE` for a part.
    pub dimension: String,
    /// In the unit of the metric, money in fen; none takes back what was reported.
    pub value: Option<i64>,
    /// How exact: the ledger's mark.
    pub qualifier: String,
    /// Free text.
    pub note: String,
    /// Whether it counts.
    pub state: LineState,
    /// Why it takes the place of another one.
    pub reason: Option<String>,
    /// Who entered it.
    pub entered_by: AccountId,
    /// When.
    pub entered_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
