//! Decisions about accounts.

use crate::kernel::bucket::Rate;
use crate::kernel::error::{Faults, Text, text};
use chrono::TimeDelta;

/// How long an access token is good.
pub const ACCESS_TOKEN: TimeDelta = TimeDelta::minutes(15);
/// How long a refresh token is good.
pub const REFRESH_TOKEN: TimeDelta = TimeDelta::days(7);

/// How long a session that is over is kept.
pub const SESSION_KEPT: TimeDelta = TimeDelta::days(30);
/// The longest password or client secret, in characters: hashing takes longer the longer it is.
pub const SECRET_MAX: usize = 128;

/// How often signing in may fail for one account.
pub const ACCOUNT_ATTEMPTS: Rate = Rate {
    capacity: 10,
    refill: 10,
    every_seconds: 60,
};
/// How often signing in may fail from one address: a whole office may stand behind one.
pub const ADDRESS_ATTEMPTS: Rate = Rate {
    capacity: 100,
    refill: 1,
    every_seconds: 1,
};

/// The one answer to a wrong name and to a wrong password: it tells nobody which accounts exist.
pub fn wrong_credentials() -> Text {
    text("Wrong user name or password.", "用户名或密码错误。")
}

/// Whether an account may be made with this name, shown name and secret.
pub fn check_account(username: &str, display_name: &str, secret: &str) -> Faults {
    let mut faults = Faults::default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    let plain = (3..=64).contains(&username.len()) && username.bytes().all(is_plain);
    let rule = text(
        "From 3 to 64 letters, digits, - _ . or @.",
        "3 至 64 个字母、数字或 - _ . @。",
    );
    faults.unless(plain, "username", rule);
    let shown = (1..=64).contains(&display_name.chars().count());
    faults.unless(
        shown,
        "displayName",
        text("From 1 to 64 characters.", "1 至 64 个字符。"),
    );
    let long = (8..=SECRET_MAX).contains(&secret.chars().count());
    faults.unless(
        long,
        "password",
        text("From 8 to 128 characters.", "密码长度应为 8 至 128 个字符。"),
    );
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_secrets_long() {
        for (username, display_name, secret, good) in [
            ("xiangxiang.office", "湘乡市总工会办公室", "correct horse", true),
            ("ab", "x", "correct horse", false),
            ("a b c", "x", "correct horse", false),
            ("abc", "", "correct horse", false),
            ("abc", "x", "short", false),
        ] {
            assert_eq!(
                check_account(username, display_name, secret).refuse().is_ok(),
                good,
                "{username}"
            );
        }
    }
}
