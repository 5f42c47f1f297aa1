//! Decisions about passwords (GB/T 22239-2019, 8.1.4.1: complexity and periodic change).

use super::super::proof::rules::SECRET_MAX;
use crate::kernel::error::{Error, Fault, Text, text};
use chrono::{DateTime, TimeDelta, Utc};

/// How long an invitation is good.
pub const INVITATION: TimeDelta = TimeDelta::days(7);
/// So many of the last passwords may not come again.
pub const REMEMBERED: u32 = 5;
/// A password of so many characters may be of one kind.
const LONG: usize = 16;
/// A shorter one holds so many kinds.
const KINDS: usize = 3;

/// Whether a password may be set for a user name.
pub fn check(shortest: u32, username: &str, password: &str) -> Result<(), Text> {
    let length = password.chars().count();
    let is_any = |kind: fn(char) -> bool| usize::from(password.chars().any(kind));
    let kinds = is_any(|c| c.is_lowercase())
        + is_any(|c| c.is_uppercase())
        + is_any(|c| c.is_numeric())
        + is_any(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric());
    let long_enough = usize::try_from(shortest).is_ok_and(|shortest| length >= shortest);
    let holds_name = password.to_lowercase().contains(&username.to_lowercase());
    if long_enough && length <= SECRET_MAX && (length >= LONG || kinds >= KINDS) && !holds_name {
        return Ok(());
    }
    Err(text(
        format!(
            "From {shortest} to {SECRET_MAX} characters, without the user name; with fewer than {LONG} of them, \
             {KINDS} kinds of: small letters, capitals, digits, others."
        ),
        format!(
            "密码应为 {shortest} 至 {SECRET_MAX} 个字符且不含用户名；不足 {LONG} 个字符时须含小写字母、大写字母、\
             数字、其他字符中的 {KINDS} 类。"
        ),
    ))
}

/// One of the last passwords came again.
pub fn came_again() -> Text {
    text(
        format!("Not one of the last {REMEMBERED} passwords."),
        format!("不能与最近 {REMEMBERED} 次使用的密码相同。"),
    )
}

/// Machines sign in otherwise.
pub fn machine() -> Text {
    text("A machine has no password.", "机器账号没有密码。")
}

/// Whether a password is so old that it has to be changed; with 0 days none ever is.
pub fn is_too_old(set_at: Option<DateTime<Utc>>, days: u32, now: DateTime<Utc>) -> bool {
    let kept = TimeDelta::days(i64::from(days));
    days > 0 && set_at.is_some_and(|set_at| set_at + kept <= now)
}

/// The password was right, but it is too old.
pub fn too_old(days: u32) -> Error {
    Error::Gone(Fault {
        field: "password".into(),
        text: text(
            format!(
                "The password is older than {days} days: set a new one with `changePassword`, then sign in."
            ),
            format!("密码已超过 {days} 天，请先用 changePassword 修改密码再登录。"),
        ),
    })
}

/// Whether an administrator may give out a code for a new password: with it and nothing else nobody gets at roles that
/// need a second factor, so who holds such roles has one.
pub fn may_reset(has_otp: bool, holds_guarded_role: bool) -> Result<(), Text> {
    if has_otp || !holds_guarded_role {
        return Ok(());
    }
    Err(text(
        "It holds a role that needs a second factor and has none: let a security administrator end the role first.",
        "该账号持有须双因素鉴别的角色但尚未启用动态口令：请先由安全管理员终止该角色。",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_or_of_three_kinds() {
        for (username, password, good) in [
            ("office", "correct horse battery staple", true),
            ("office", "0123456789abcdef0123", true),
            ("office", "Xiangxiang8", true),
            ("office", "湘乡市总工会Ab8", false),
            ("office", "湘乡市总工会办Abc8", true),
            ("office", "xiangxiang8", false),
            ("office", "xiangxiang 8", true),
            ("office", "Xiang 8", false),
            ("office", "aaaaaaaaaaaaaaa", false),
            ("office", "My.Office.2026", false),
            ("office", "", false),
        ] {
            assert_eq!(check(10, username, password).is_ok(), good, "{password}");
        }
        assert!(check(12, "office", "Xiangxiang8").is_err());
        assert!(check(10, "office", &"x".repeat(SECRET_MAX + 1)).is_err());
    }

    #[test]
    fn passwords_grow_old_unless_the_setting_says_never() {
        let now: DateTime<Utc> = "2026-06-20T02:00:00Z".parse().unwrap();
        for (days_ago, days, too_old) in [(89, 90, false), (90, 90, true), (9_000, 0, false)] {
            let set_at = Some(now - TimeDelta::days(days_ago));
            assert_eq!(is_too_old(set_at, days, now), too_old, "{days_ago} {days}");
        }
        assert!(!is_too_old(None, 90, now));
    }

    #[test]
    fn a_code_alone_opens_no_guarded_role() {
        for (has_otp, holds_guarded_role, good) in [
            (false, false, true),
            (true, false, true),
            (true, true, true),
            (false, true, false),
        ] {
            assert_eq!(may_reset(has_otp, holds_guarded_role).is_ok(), good);
        }
    }
}
