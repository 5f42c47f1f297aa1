//! Decisions about goals of the staff.

use crate::kernel::error::{Error, Faults, conflict, text};
use crate::targets::target::rules::check_year;
use chrono::{Datelike, NaiveDate};
use entity::assessments::staff_goal::Model;

/// Who wants to change a goal.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// It is theirs.
    pub is_own: bool,
    /// They assign work at its federation.
    pub assigns: bool,
}

/// What is said of a goal as it is set.
pub fn check(faults: &mut Faults, task: &str, (year, due_on): (i32, NaiveDate), today: NaiveDate) {
    faults.take("year", check_year(year, today));
    let rule = text("From 2 to 200 characters.", "应为 2 至 200 个字符。");
    faults.unless((2..=200).contains(&task.chars().count()), "task", rule);
    let rule = text("A day of that year.", "应为该年度内的日期。");
    faults.unless(due_on.year() == year, "dueOn", rule);
}

/// What is said of a goal as it is reviewed: only the result has to be there.
pub fn check_review(faults: &mut Faults, result: &str, others: [(&'static str, Option<&str>); 2]) {
    let rule = text("From 2 to 500 characters.", "应为 2 至 500 个字符。");
    faults.unless((2..=500).contains(&result.chars().count()), "result", rule);
    for (field, said) in others {
        let rule = text("From 1 to 200 characters.", "应为 1 至 200 个字符。");
        let is_short = |said: &str| (1..=200).contains(&said.chars().count());
        faults.unless(said.is_none_or(is_short), field, rule);
    }
}

/// A goal is signed once: by who it is for, or for them.
pub fn may_sign(goal: &Model, standing: Standing, expected_version: i32) -> Result<(), Error> {
    if !standing.is_own && !standing.assigns {
        return Err(Error::Forbidden);
    }
    check_version(goal, expected_version)?;
    match goal.signed_on {
        None => Ok(()),
        Some(_) => Err(conflict("id", text("It is signed already.", "责任状已签订。"))),
    }
}

/// A goal is withdrawn where it was set, before it is signed: from then on it binds both sides.
pub fn may_withdraw(goal: &Model, standing: Standing, expected_version: i32) -> Result<(), Error> {
    if !standing.assigns {
        return Err(Error::Forbidden);
    }
    check_version(goal, expected_version)?;
    match goal.signed_on {
        None => Ok(()),
        Some(_) => Err(conflict(
            "id",
            text("Its letter is signed.", "责任状已签订，不能撤回。"),
        )),
    }
}

/// A goal is reviewed once, after it was signed, and by somebody else.
pub fn may_review(goal: &Model, standing: Standing, expected_version: i32) -> Result<(), Error> {
    if standing.is_own || !standing.assigns {
        return Err(Error::Forbidden);
    }
    check_version(goal, expected_version)?;
    match (goal.signed_on, goal.reviewed_on) {
        (None, _) => Err(conflict("id", text("It is not signed yet.", "责任状尚未签订。"))),
        (_, Some(_)) => Err(conflict("id", text("It was reviewed already.", "该目标已考核。"))),
        (Some(_), None) => Ok(()),
    }
}

fn check_version(goal: &Model, expected_version: i32) -> Result<(), Error> {
    if goal.version == expected_version {
        return Ok(());
    }
    let meanwhile = text("Somebody changed it meanwhile.", "该目标已被他人修改。");
    Err(conflict("expectedVersion", meanwhile))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::assessments::staff_goal::GoalReview;
    use entity::id::{AccountId, FederationId, StaffGoalId};
    use uuid::Uuid;

    const TODAY: &str = "2026-06-20";

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Signed from the second version on, reviewed from the third.
    fn goal(version: i32) -> Model {
        Model {
            id: StaffGoalId(Uuid::nil()),
            account_id: AccountId(Uuid::nil()),
            year: 2026,
            task: "新建工会 20 家".to_owned(),
            due_on: day("2026-11-30"),
            version,
            set_by: AccountId(Uuid::nil()),
            signed_on: (version > 1).then(|| day("2026-01-15")),
            signers: None,
            review: (version > 2).then_some(GoalReview::Met),
            result: None,
            remark: None,
            consequence: None,
            reviewed_by: None,
            reviewed_on: (version > 2).then(|| day(TODAY)),
            federation_id: FederationId(Uuid::nil()),
            path: String::new(),
            county_id: FederationId(Uuid::nil()),
        }
    }

    fn said(done: Result<(), Error>) -> &'static str {
        match done {
            Ok(()) => "done",
            Err(Error::Conflict(fault)) if fault.field == "id" => "conflict",
            Err(Error::Conflict(_)) => "version",
            Err(_) => "forbidden",
        }
    }

    #[test]
    fn a_goal_is_signed_then_reviewed_by_somebody_else() {
        for (is_own, assigns, version, signs, reviews) in [
            (true, false, 1, "done", "forbidden"),
            (true, true, 1, "done", "forbidden"),
            (false, true, 1, "done", "conflict"),
            (false, false, 1, "forbidden", "forbidden"),
            (true, true, 2, "conflict", "forbidden"),
            (false, true, 2, "conflict", "done"),
            (false, false, 2, "forbidden", "forbidden"),
            (false, true, 3, "conflict", "conflict"),
        ] {
            let standing = Standing { is_own, assigns };
            let goal = goal(version);
            let found = (
                said(may_sign(&goal, standing, version)),
                said(may_review(&goal, standing, version)),
            );
            assert_eq!(found, (signs, reviews), "{standing:?} {version}");
            let withdraws = match (assigns, version) {
                (false, _) => "forbidden",
                (true, 1) => "done",
                (true, _) => "conflict",
            };
            assert_eq!(
                said(may_withdraw(&goal, standing, version)),
                withdraws,
                "{standing:?} {version}"
            );
        }
        let others = Standing {
            is_own: false,
            assigns: true,
        };
        assert_eq!(said(may_sign(&goal(1), others, 2)), "version");
        assert_eq!(said(may_review(&goal(2), others, 1)), "version");
    }

    #[test]
    fn a_goal_is_due_in_its_year() {
        for (year, due_on, task, fine) in [
            (2026, "2026-12-31", "招聘", true),
            (2027, "2027-01-01", "招聘", true),
            (2026, "2027-01-01", "招聘", false),
            (2028, "2028-01-01", "招聘", false),
            (2026, "2026-12-31", "招", false),
        ] {
            let mut faults = Faults::default();
            check(&mut faults, task, (year, day(due_on)), day(TODAY));
            assert_eq!(faults.refuse().is_ok(), fine, "{year} {due_on} {task}");
        }
    }
}
