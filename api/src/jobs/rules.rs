//! How rows are counted, and how far a job is.

use crate::kernel::error::{Error, Text};
use crate::kernel::event::Delta;
use crate::kernel::rows::Broken;
use crate::policy::Action;
use chrono::{DateTime, Utc};
use entity::id::JobId;
use entity::jobs::job::{self, JobKind, JobState};
use std::borrow::Cow;
use std::collections::HashSet;

/// The most that is kept of a refused value, in characters.
const VALUE_MAX: usize = 200;

/// Why a row was refused; a row may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Number of the row in its file.
    pub row: i64,
    /// Column at fault; empty for the row as a whole.
    pub column: Cow<'static, str>,
    /// What stood there.
    pub value: String,
    /// Kind of refusal, for example `INVALID`.
    pub code: &'static str,
    /// Why.
    pub reason: Text,
}

impl From<Broken> for Refusal {
    fn from(broken: Broken) -> Self {
        Refusal {
            row: broken.number,
            column: broken.column.into(),
            value: broken.value,
            code: "INVALID",
            reason: broken.reason,
        }
    }
}

/// What became of the rows of a chunk. Each is accepted, unchanged, passed over or refused.
#[derive(Debug)]
pub struct Answer {
    /// What the domain calls it in the history, for example `ENTERPRISES_IMPORTED`.
    pub event: &'static str,
    /// Rows that made or changed something.
    pub accepted: i64,
    /// Rows that changed nothing because they were there already.
    pub unchanged: i64,
    /// Rows that are none of the business, such as a total row.
    pub passed_over: i64,
    /// Why the others were refused.
    pub refusals: Vec<Refusal>,
    /// What the importer sums up over all rows of the job, after these.
    pub running_sum: i64,
    /// Sums that the history tells beside the counts, by name, for example `dueFen`.
    pub sums: Vec<(&'static str, i64)>,
    /// What the rows add to the figures.
    pub deltas: Vec<Delta>,
}

/// How the rows of a chunk were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// All of them.
    pub rows: i64,
    /// Those that made or changed something.
    pub accepted: i64,
    /// Those that changed nothing.
    pub unchanged: i64,
    /// Those that were refused.
    pub refused: i64,
}

/// Counts a chunk; none if a row was left without an answer, or has two.
pub fn counts(rows: i64, answer: &Answer) -> Option<Counts> {
    let refused: HashSet<i64> = answer.refusals.iter().map(|refusal| refusal.row).collect();
    let counts = Counts {
        rows,
        accepted: answer.accepted,
        unchanged: answer.unchanged,
        refused: i64::try_from(refused.len()).ok()?,
    };
    let answered = counts.accepted + counts.unchanged + counts.refused + answer.passed_over;
    (answered == rows).then_some(counts)
}

/// What one must be allowed to do, beside reading jobs, to see a job of a kind: its refused rows hold what records of the
/// kind hold.
pub fn reads(kind: JobKind) -> Action {
    match kind {
        JobKind::EnterpriseImport => Action::ReadEnterprises,
        JobKind::CollectionImport => Action::ReadCollections,
        JobKind::PeopleExport => Action::ReadPeople,
        JobKind::AuditExport => Action::ReadAudit,
        JobKind::FigureExport => Action::ReadFigures,
        // They have no place, so nobody but the service reaches them.
        JobKind::Retention | JobKind::Reencryption => Action::ReadJobs,
    }
}

/// The name of the lease under which a job is worked on.
pub fn lease(id: JobId) -> String {
    format!("job:{id}")
}

/// Whether nothing more will happen to a job unless it is asked for again.
pub fn is_over(state: JobState) -> bool {
    matches!(state, JobState::Done | JobState::Failed)
}

/// How much of a job is done, in whole per cent; none until its rows are counted. 100 only when it is done.
pub fn percent(job: &job::Model) -> Option<i32> {
    if job.state == JobState::Done {
        return Some(100);
    }
    let hundredths = job.rows_done.saturating_mul(100);
    let percent = hundredths.checked_div(job.rows_total?).unwrap_or_default();
    i32::try_from(percent.clamp(0, 99)).ok()
}

/// Seconds until a job will be done, if it goes on as it went so far: 300 of 1,200 rows in 10 s leave 30 s.
/// None unless it runs and has answered some rows.
pub fn eta_seconds(job: &job::Model, now: DateTime<Utc>) -> Option<i32> {
    if job.state != JobState::Running {
        return None;
    }
    let elapsed = (now - job.started_at?).num_milliseconds().max(0);
    let left = job.rows_total?.saturating_sub(job.rows_done).max(0);
    let millis = elapsed.saturating_mul(left).checked_div(job.rows_done)?;
    i32::try_from(millis.saturating_add(999) / 1_000).ok()
}

/// Why a job stopped, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// Code of the error.
    pub code: String,
    /// Why.
    #[serde(flatten)]
    pub text: Text,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let (code, text) = error.outside();
        Failure {
            code: code.to_owned(),
            text,
        }
    }
}

/// The beginning of a refused value: the error file is for finding the row, not for keeping it.
pub fn shortened(value: &str) -> Cow<'_, str> {
    match value.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", value.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::error::text;
    use chrono::TimeDelta;
    use uuid::Uuid;

    fn running(done: i64, total: Option<i64>, started_at: DateTime<Utc>) -> job::Model {
        job::Model {
            id: Uuid::nil().into(),
            kind: JobKind::EnterpriseImport,
            state: JobState::Running,
            account_id: None,
            upload_id: None,
            subject_id: None,
            input: None,
            cursor: String::new(),
            rows_total: total,
            rows_done: done,
            rows_accepted: 0,
            rows_unchanged: 0,
            rows_refused: 0,
            running_sum: 0,
            failure: None,
            file_id: None,
            created_at: started_at,
            started_at: Some(started_at),
            finished_at: None,
            federation_id: None,
            path: String::new(),
            county_id: Uuid::nil().into(),
        }
    }

    #[test]
    fn progress_is_told_from_rows_and_time() {
        let start = DateTime::UNIX_EPOCH;
        for (done, total, seconds, percent_is, eta_is) in [
            (300, Some(1_200), 10, Some(25), Some(30)),
            (1, Some(1_000_000), 1, Some(0), Some(999_999)),
            (999, Some(1_000), 1, Some(99), Some(1)),
            (1_000, Some(1_000), 5, Some(99), Some(0)),
            (0, Some(1_000), 5, Some(0), None),
            (0, Some(0), 5, Some(0), None),
            (0, None, 5, None, None),
            (1, Some(i64::MAX), 1, Some(0), None),
        ] {
            let job = running(done, total, start);
            assert_eq!(percent(&job), percent_is, "{done} of {total:?}");
            assert_eq!(
                eta_seconds(&job, start + TimeDelta::seconds(seconds)),
                eta_is,
                "{done} of {total:?}"
            );
        }
        let done = job::Model {
            state: JobState::Done,
            ..running(0, Some(0), start)
        };
        assert_eq!((percent(&done), eta_seconds(&done, start)), (Some(100), None));
    }

    #[test]
    fn every_row_has_one_answer() {
        let refusal = |row| Refusal {
            row,
            column: "uscc".into(),
            value: String::new(),
            code: "INVALID",
            reason: text("x", "x"),
        };
        for (rows, refused, expected) in [
            (4, vec![7], Some(1)),
            (4, vec![7, 7], Some(1)),
            (5, vec![7, 8], Some(2)),
            (4, vec![7, 8], None),
            (4, vec![], None),
        ] {
            let answer = Answer {
                event: "X",
                accepted: 1,
                unchanged: 1,
                passed_over: 1,
                refusals: refused.into_iter().map(refusal).collect(),
                running_sum: 0,
                sums: Vec::new(),
                deltas: Vec::new(),
            };
            assert_eq!(counts(rows, &answer).map(|counts| counts.refused), expected);
        }
    }

    #[test]
    fn cells_are_short() {
        assert_eq!(shortened("工会"), "工会");
        assert_eq!(shortened(&"工".repeat(201)), "工".repeat(200) + "…");
    }

    #[test]
    fn a_failure_is_kept_in_both_languages() {
        let failure = Failure::from(&Error::Forbidden);
        let kept = serde_json::to_string(&failure).unwrap();
        assert!(kept.starts_with(r#"{"code":"FORBIDDEN","en":""#), "{kept}");
        assert_eq!(serde_json::from_str::<Failure>(&kept).unwrap(), failure);
    }
}
