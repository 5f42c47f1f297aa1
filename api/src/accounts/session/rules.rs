//! How long sessions last.

use crate::config::Access;
use chrono::{DateTime, TimeDelta, Utc};
use entity::accounts::session::Kind;

/// How long an access token is good.
pub const ACCESS_TOKEN: TimeDelta = TimeDelta::minutes(15);
/// How long a session that is over is kept.
pub const SESSION_KEPT: TimeDelta = TimeDelta::days(30);
/// Sessions that an account is shown with: those used last.
pub const SHOWN: u32 = 50;

/// How long a session goes on without a refresh, and as a whole.
fn life(access: &Access, kind: Kind) -> (TimeDelta, TimeDelta) {
    match kind {
        Kind::Phone => (
            TimeDelta::days(access.phone_idle_days.into()),
            TimeDelta::days(access.phone_session_days.into()),
        ),
        Kind::Dashboard => (
            TimeDelta::minutes(access.idle_minutes.into()),
            TimeDelta::hours(access.session_hours.into()),
        ),
        // A machine signs in again.
        Kind::Machine => (ACCESS_TOKEN, ACCESS_TOKEN),
    }
}

/// Until when a session that is refreshed (or opened) now goes on without another refresh.
pub fn good_until(
    access: &Access,
    kind: Kind,
    opened: DateTime<Utc>,
    refreshed: DateTime<Utc>,
) -> DateTime<Utc> {
    let (idle, whole) = life(access, kind);
    (refreshed + idle).min(opened + whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_idle_and_at_the_latest_with_its_life() {
        let access = crate::config::Rules::default().access;
        let opened: DateTime<Utc> = "2026-06-20T02:00:00Z".parse().unwrap();
        let minutes = TimeDelta::minutes;
        for (kind, after, goes_on_for) in [
            (Kind::Dashboard, minutes(0), minutes(30)),
            (Kind::Dashboard, minutes(600), minutes(30)),
            (Kind::Dashboard, minutes(710), minutes(10)),
            (Kind::Dashboard, minutes(720), minutes(0)),
            (Kind::Phone, TimeDelta::days(80), TimeDelta::days(7)),
            (Kind::Phone, TimeDelta::days(88), TimeDelta::days(2)),
            (Kind::Machine, minutes(0), minutes(15)),
        ] {
            let until = good_until(&access, kind, opened, opened + after);
            assert_eq!(until - (opened + after), goes_on_for, "{kind:?} {after}");
        }
    }
}
