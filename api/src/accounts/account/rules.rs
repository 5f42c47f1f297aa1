//! Decisions about accounts.

use crate::kernel::error::{Faults, text};

/// A name that may be signed in with: 3 to 64 plain characters.
pub fn check_username(faults: &mut Faults, field: &'static str, username: &str) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    let plain = (3..=64).contains(&username.len()) && username.bytes().all(is_plain);
    let rule = text(
        "From 3 to 64 letters, digits, - _ . or @.",
        "3 至 64 个字母、数字或 - _ . @。",
    );
    faults.unless(plain, field, rule);
}

/// What others see: 1 to 64 characters.
pub fn check_name(faults: &mut Faults, field: &'static str, name: &str) {
    let shown = (1..=64).contains(&name.trim().chars().count());
    faults.unless(shown, field, text("From 1 to 64 characters.", "1 至 64 个字符。"));
}

/// Why an administrator does something: 2 to 500 characters.
pub fn check_reason(faults: &mut Faults, reason: &str) {
    let said = (2..=500).contains(&reason.trim().chars().count());
    faults.unless(
        said,
        "reason",
        text("From 2 to 500 characters.", "原因应为 2 至 500 个字符。"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_reasons_are_given() {
        for (username, name, reason, good) in [
            ("xiangxiang.office", "湘乡市总工会办公室", "岗位调动", true),
            ("ab", "x", "岗位调动", false),
            ("a b c", "x", "岗位调动", false),
            ("工会办公室", "x", "岗位调动", false),
            ("abc", " ", "岗位调动", false),
            ("abc", "x", " 调 ", false),
            ("abc", "x", "", false),
        ] {
            let mut faults = Faults::default();
            check_username(&mut faults, "username", username);
            check_name(&mut faults, "name", name);
            check_reason(&mut faults, reason);
            assert_eq!(faults.refuse().is_ok(), good, "{username} {name} {reason}");
        }
    }
}
