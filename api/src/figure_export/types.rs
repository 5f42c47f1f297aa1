//! Files of figures as clients ask for them.

use super::rules;
use crate::figures::types::{NamedPeriod, When};
use crate::jobs::types::Job;
use crate::org::federation::types::FederationLevel;
use crate::scalars::{Date, DimensionCode, MetricCode, RatioCode};
use async_graphql::{Enum, ID, InputObject};
use serde::Serialize;

/// What a file of figures is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "rules::Format")]
pub enum FigureFileFormat {
    /// Text, UTF-8: a number is as `figures` gives it. A text that a spreadsheet would take for a formula, or for a number that
    /// it shows cut short (12 digits and more, such as a division code), stands behind an apostrophe.
    Csv,
    /// A book for spreadsheets (Office Open XML): a number can be reckoned with.
    Xlsx,
}

/// Asks for figures as a file.
#[derive(Debug, InputObject, Serialize)]
pub struct ExportFigures {
    /// Where.
    pub federation_id: ID,
    /// Every federation of this level below, at most 50,000; the federation itself and those directly below if nothing is
    /// said.
    pub level: Option<FederationLevel>,
    /// Codes of metrics, a column each, at most 50; at least one unless there are ratios.
    pub metrics: Vec<MetricCode>,
    /// Codes of ratios (率), at most 50, three columns each: numerator, denominator, and the share in per cent with two
    /// decimals, which is empty if the denominator is zero.
    pub ratios: Option<Vec<RatioCode>>,
    /// Day of a stock and last day of a flow; the day of asking if nothing is said.
    pub as_of: Option<Date>,
    /// First day of a flow; 1 January if nothing is said.
    pub from: Option<Date>,
    /// Last day, instead of asOf.
    pub to: Option<Date>,
    /// A period by name, instead of days.
    pub period: Option<NamedPeriod>,
    /// Split by this axis of all the metrics and ratios: a row a federation and part, at most 50,000.
    pub by: Option<DimensionCode>,
    /// What the file is.
    pub format: FigureFileFormat,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

impl ExportFigures {
    /// The days that are meant.
    pub(super) fn when(&self) -> When {
        When {
            as_of: self.as_of,
            from: self.from,
            to: self.to,
            period: self.period,
        }
    }
}

crate::payload! {
    /// What `exportFigures` did.
    ExportFiguresPayload { job: Job }
}
