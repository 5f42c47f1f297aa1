//! Decisions about attachments.

use crate::kernel::error::{Text, text};
use crate::policy::Action;
use entity::attachments::attachment::Holder;
use entity::returns::statistical_return::ReturnState;

/// The most files of a record.
pub const FILES_MAX: usize = 50;

/// What may still be done with the files of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Openness {
    /// Files may be attached.
    pub takes: bool,
    /// They may be removed.
    pub gives_up: bool,
}

impl Openness {
    /// Of an assessment, whose self-assessment is still being written, or not.
    pub fn of_assessment(is_open: bool) -> Openness {
        Openness {
            takes: is_open,
            gives_up: is_open,
        }
    }

    /// Of a return: what the superior has, or had accepted, is not taken away.
    pub fn of_return(state: ReturnState) -> Openness {
        Openness {
            takes: state != ReturnState::Locked,
            gives_up: matches!(state, ReturnState::Draft | ReturnState::SentBack),
        }
    }
}

/// What one must be allowed to do to attach and remove them.
pub fn writes(holder: Holder) -> Action {
    match holder {
        Holder::Assessment => Action::AssessSelf,
        Holder::StatisticalReturn => Action::FileReturns,
    }
}

/// What a file is called: 1 to 120 characters, without what would make it a path or break a header.
pub fn name(raw: &str) -> Result<String, Text> {
    let name = raw.trim();
    let is_odd =
        |c: char| c.is_control() || matches!(c, '/' | '\\' | '"' | '<' | '>' | '|' | ':' | '*' | '?');
    if !(1..=120).contains(&name.chars().count()) {
        Err(text("From 1 to 120 characters.", "长度应为 1 至 120 个字符。"))
    } else if name.chars().any(is_odd) || name.starts_with('.') {
        Err(text(
            "A name of a file: no slash, quote, colon or other sign that a system of files forbids, no dot in front.",
            "应为文件名：不能含斜杠、引号、冒号等文件系统禁用的符号，不能以点开头。",
        ))
    } else {
        Ok(name.to_owned())
    }
}

/// How the header of an answer names a file (RFC 6266, RFC 8187): what is not ASCII is written in per cent.
pub fn disposition(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if name.bytes().all(is_plain) {
        return format!("attachment; filename=\"{name}\"");
    }
    let mut encoded = String::new();
    for byte in name.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_a_file() {
        for (raw, is_right) in [
            ("责任状.pdf", true),
            (" 照片 1.jpg ", true),
            ("", false),
            ("../../etc/passwd", false),
            ("a\r\nset-cookie: b", false),
            (".htaccess", false),
            ("a\"b.pdf", false),
        ] {
            assert_eq!(name(raw).is_ok(), is_right, "{raw}");
        }
        assert!(name(&"长".repeat(121)).is_err());
    }

    #[test]
    fn what_was_submitted_is_kept_and_what_is_locked_takes_nothing() {
        for (state, takes, gives_up) in [
            (ReturnState::Draft, true, true),
            (ReturnState::Submitted, true, false),
            (ReturnState::SentBack, true, true),
            (ReturnState::Accepted, true, false),
            (ReturnState::Locked, false, false),
        ] {
            assert_eq!(
                Openness::of_return(state),
                Openness { takes, gives_up },
                "{state:?}"
            );
        }
    }

    #[test]
    fn a_header_holds_any_name() {
        assert_eq!(
            disposition("errors-1.csv"),
            "attachment; filename=\"errors-1.csv\""
        );
        assert_eq!(
            disposition("责任 a.pdf"),
            "attachment; filename*=UTF-8''%E8%B4%A3%E4%BB%BB%20a.pdf"
        );
    }
}
