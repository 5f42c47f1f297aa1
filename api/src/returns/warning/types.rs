//! Warnings as clients see them.

use super::rules::{Kind, Warning};
use crate::figures::types::Metric;
use async_graphql::{Enum, Object};

/// Why a number of a return should be looked at again.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "Kind")]
pub enum ReturnWarningCode {
    /// 分项之和大于总数: the parts on an axis certainly come to more than the whole.
    PartsExceedWhole,
    /// 有分项而无总数: without a line for the whole, the whole reads as nothing.
    WholeMissing,
    /// 不应大于: it certainly is more than what it is a part of, for example more paid than is due by the standard.
    MoreThanPossible,
}

/// What does not fit together in a return (逻辑校验): it never forbids anything.
pub struct ReturnWarning(pub Warning);

/// What does not fit together in a return (逻辑校验): it never forbids anything.
#[Object]
impl ReturnWarning {
    /// Why.
    async fn code(&self) -> ReturnWarningCode {
        self.0.kind.into()
    }

    /// Of which metric.
    async fn metric(&self) -> Metric {
        Metric(self.0.metric.entry())
    }

    /// The axis or the part, as in the lines; null for the whole.
    async fn dimension(&self) -> Option<&str> {
        Some(&*self.0.dimension).filter(|dimension| !dimension.is_empty())
    }

    /// In words, in the language of the request.
    async fn message(&self) -> String {
        self.0.text.said()
    }
}
