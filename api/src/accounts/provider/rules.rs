//! Decisions about signing in by an identity provider.

use crate::kernel::error::{Error, Faults, conflict, invalid, text};
use chrono::TimeDelta;

/// How long a login that was begun may take.
pub const PENDING: TimeDelta = TimeDelta::minutes(10);
/// The longest subject, state or code, in bytes.
const SUBJECT_MAX: usize = 255;
const STATE_MAX: usize = 128;
const CODE_MAX: usize = 2_048;

/// The one answer to whatever does not fit: it tells nobody which accounts exist.
pub fn refused() -> Error {
    invalid(
        "code",
        text(
            "The login is wrong, used or too old, or no account is linked to it: begin again.",
            "登录信息有误、已使用或已过期，或未关联任何账号，请重新开始。",
        ),
    )
}

/// The operator has named no provider.
pub fn none_set_up() -> Error {
    let text = text("No identity provider is set up.", "未配置统一身份认证。");
    conflict("", text)
}

/// What a front end brings back may be what a provider gave.
pub fn may_be(state: &str, code: &str) -> bool {
    let plain = |text: &str, most| (1..=most).contains(&text.len()) && !text.contains('\0');
    plain(state, STATE_MAX) && plain(code, CODE_MAX)
}

/// A provider's name of somebody: 1 to 255 characters of one byte.
pub fn check_subject(faults: &mut Faults, subject: &str) {
    let plain =
        (1..=SUBJECT_MAX).contains(&subject.len()) && subject.bytes().all(|byte| byte.is_ascii_graphic());
    let rule = text(
        "From 1 to 255 letters, digits or marks.",
        "1 至 255 个字母、数字或符号。",
    );
    faults.unless(plain, "subject", rule);
}

/// Whether the ways in which somebody signed in at the provider (RFC 8176) are two factors: it says so, or names a
/// password and something that its holder has.
pub fn is_strong<'a>(ways: impl Iterator<Item = &'a str>) -> bool {
    let ways: Vec<&str> = ways.collect();
    let has = |any: &[&str]| any.iter().any(|way| ways.contains(way));
    has(&["mfa"]) || has(&["pwd", "pin"]) && has(&["otp", "hwk", "swk", "sc"])
}
