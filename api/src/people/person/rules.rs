//! What a name, a phone and a reason may be, and what is shown of what is personal.

use crate::kernel::error::{Faults, Text, text};
use crate::org::federation::rules::half_width;
use crate::people::id_number::can_be_born_on;
use crate::scalars::is_digit;
use chrono::NaiveDate;
use entity::people::person::Sex;
use std::str::Chars;

/// Characters of a name: 2 to 50 (domain practice of the real-name register).
const NAME: std::ops::RangeInclusive<usize> = 2..=50;
/// Characters of a reason.
const REASON: std::ops::RangeInclusive<usize> = 10..=200;
/// So many digits in a row may be a phone, a card or an identity document.
const DIGITS_MAX: usize = 6;
/// More digits in all may be one of these taken apart; two dates have 14.
const DIGITS_IN_ALL_MAX: usize = 14;

/// A name, trimmed, with the middle dot of GB 18030 (U+00B7).
pub fn name(raw: &str) -> Result<String, Text> {
    let dotted = |c| match c {
        '•' | '・' | '‧' | '∙' | '⋅' | '．' => '·',
        other => half_width(other),
    };
    let name: String = raw.trim().chars().map(dotted).collect();
    let good = |c: char| c.is_alphabetic() || [' ', '·', '-', '\'', '.'].contains(&c);
    if NAME.contains(&name.chars().count()) && name.chars().all(good) {
        Ok(name)
    } else {
        Err(text(
            "From 2 to 50 letters; between them blanks, dashes and middle dots.",
            "姓名应为 2 至 50 个字，可含间隔号。",
        ))
    }
}

/// A mobile or landline number of the mainland, digits only.
pub fn phone(raw: &str) -> Result<String, Text> {
    let plain = raw.chars().map(half_width);
    let plain: String = plain.filter(|c| !c.is_whitespace() && *c != '-').collect();
    let plain = ["+86", "0086"]
        .iter()
        .find_map(|code| plain.strip_prefix(code))
        .unwrap_or(&plain);
    let is_mobile = plain.len() == 11
        && plain.starts_with('1')
        && !["10", "11", "12"].iter().any(|start| plain.starts_with(start));
    let is_landline = (10..=12).contains(&plain.len()) && plain.starts_with('0') && !plain.starts_with("00");
    if (is_mobile || is_landline) && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(plain.to_owned())
    } else {
        Err(text(
            "A mobile number of 11 digits, or a landline with its area code.",
            "应为 11 位手机号，或带区号的固定电话。",
        ))
    }
}

/// Day of birth and sex, as far as they are known.
pub type Born = (Option<NaiveDate>, Option<Sex>);

/// Day of birth and sex: what the number tells, else what somebody said. Who says other than the number is refused.
pub fn born(
    faults: &mut Faults,
    field: &str,
    (told, said): (Option<(NaiveDate, Sex)>, Born),
    today: NaiveDate,
) -> Born {
    let (day, sex) = said;
    match told {
        Some((told_day, told_sex)) => {
            let other = || text("The number says otherwise.", "与证件号码不符。");
            faults.unless(
                day.is_none_or(|day| day == told_day),
                format!("{field}birthDate"),
                other(),
            );
            faults.unless(
                sex.is_none_or(|sex| sex == told_sex),
                format!("{field}sex"),
                other(),
            );
            (Some(told_day), Some(told_sex))
        }
        None => {
            let wrong = text("From 1850 to today.", "出生日期应在 1850 年至今天之间。");
            faults.unless(
                day.is_none_or(|day| can_be_born_on(day, today)),
                format!("{field}birthDate"),
                wrong,
            );
            (day, sex)
        }
    }
}

/// Why somebody looks at what is personal: it stands in the audit trail, so it holds no number of anybody. A name in it
/// is masked ([`unnamed`]) and never refused: a refusal would tell whoever tries names which one is right.
pub fn reason(raw: &str) -> Result<String, Text> {
    let reason = raw.trim().to_owned();
    if !REASON.contains(&reason.chars().count()) {
        return Err(text("From 10 to 200 characters.", "理由应为 10 至 200 个字符。"));
    }
    if reason.chars().any(char::is_control) {
        return Err(text("On one line.", "理由应为一行文字。"));
    }
    let digits = reason.chars().map(half_width).filter(|c| is_digit(*c)).count();
    if longest_run(&reason) > DIGITS_MAX || digits > DIGITS_IN_ALL_MAX {
        return Err(text(
            "No numbers of documents, phones or cards: at most 6 digits in a row, and 14 in all.",
            "理由中不得出现证件、电话或银行卡号码（连续数字不得超过 6 位，合计不得超过 14 位）。",
        ));
    }
    Ok(reason)
}

/// Digits of any script in a row; what people put between them does not end a row.
fn longest_run(reason: &str) -> usize {
    let (mut run, mut longest) = (0, 0);
    for c in reason.chars().map(half_width) {
        if is_digit(c) {
            run += 1;
            longest = longest.max(run);
        } else if !c.is_whitespace() && !['-', '.', '·', '_', '*', '/', ','].contains(&c) {
            run = 0;
        }
    }
    longest
}

/// A reason with a person's name masked wherever it stands; what is put between its letters does not hide it.
pub fn unnamed(reason: &str, name: &str) -> String {
    let (mut kept, mut rest) = (String::new(), reason.chars());
    while let Some(c) = rest.clone().next() {
        // A name without letters names nobody.
        let moves = |left: &Chars<'_>| left.as_str().len() < rest.as_str().len();
        match behind(rest.clone(), name).filter(|left| c.is_alphabetic() && moves(left)) {
            Some(left) => {
                kept.push_str(&masked_name(name));
                rest = left;
            }
            None => kept.extend(rest.next()),
        }
    }
    kept
}

/// What follows a name at the beginning of a text; none if it does not begin with it.
fn behind<'a>(mut text: Chars<'a>, name: &str) -> Option<Chars<'a>> {
    for letter in name.chars().filter(|c| c.is_alphabetic()) {
        let next = text.find(|c| c.is_alphabetic())?;
        if !next.to_lowercase().eq(letter.to_lowercase()) {
            return None;
        }
    }
    Some(text)
}

fn masked(plain: &str, shown: (usize, usize)) -> String {
    let count = plain.chars().count();
    let (first, last) = shown;
    let mask = |(at, c): (usize, char)| if at < first || at + last >= count { c } else { '*' };
    plain.chars().enumerate().map(mask).collect()
}

/// 王*明 of 王小明, 王* of 王明.
pub fn masked_name(name: &str) -> String {
    let last = usize::from(name.chars().count() > 2);
    masked(name, (1, last))
}

/// `1101**********002X` of a number of 18; of shorter ones a quarter at either end.
pub fn masked_number(number: &str) -> String {
    let shown = (number.chars().count() / 4).min(4);
    masked(number, (shown, shown))
}

/// `138****0000`.
pub fn masked_phone(phone: &str) -> String {
    masked(phone, (3, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_what_tells_people_apart_and_no_more() {
        for (name, mask) in [
            ("王小明", "王*明"),
            ("王明", "王*"),
            ("欧阳小明", "欧**明"),
            ("阿卜杜拉·买买提", "阿******提"),
        ] {
            assert_eq!(masked_name(name), mask);
        }
        for (number, mask) in [
            ("11010519491231002X", "1101**********002X"),
            ("E12345678", "E1*****78"),
            ("JUN-1", "J***1"),
        ] {
            assert_eq!(masked_number(number), mask);
        }
        assert_eq!(masked_phone("13800000000"), "138****0000");
        assert_eq!(masked_phone("073152001234"), "073*****1234");
    }

    #[test]
    fn names_and_phones_have_one_form() {
        for (raw, expected) in [
            (" 王小明 ", Some("王小明")),
            ("迪丽热巴•迪力木拉提", Some("迪丽热巴·迪力木拉提")),
            ("John Smith", Some("John Smith")),
            ("王", None),
            ("王小明1", None),
            ("=王小明", None),
            ("", None),
        ] {
            assert_eq!(name(raw).ok().as_deref(), expected, "{raw}");
        }
        for (raw, expected) in [
            ("13800000000", Some("13800000000")),
            ("+86 138-0000-0000", Some("13800000000")),
            ("１３８０００００００0", Some("13800000000")),
            ("0731-52001234", Some("073152001234")),
            ("12800000000", None),
            ("1380000000", None),
            ("138000000000", None),
            ("1380000000x", None),
        ] {
            assert_eq!(phone(raw).ok().as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn a_reason_holds_no_number_of_anybody() {
        for (raw, good) in [
            ("本人到窗口办理困难帮扶，核对证件", true),
            ("2026 年 6 月困难帮扶复核，第 123456 号", true),
            ("太短", false),
            ("核对号码 1234567 是否本人", false),
            ("核对号码 138-0000-0000 是否本人", false),
            ("核对号码 １２３４５６７ 是否本人", false),
            ("核对号码 1.2.3.4.5.6.7 是否本人", false),
            ("2026年6月20日至2026年6月30日困难帮扶", true),
            ("430381 年 188103 月 010108 核对证件", false),
            ("核对 4a3b0c3d8e1f1g8h8i1j0k3l0m1n0o1p0q8", false),
            ("核对 肆叁零叁捌壹壹捌捌壹零叁零壹零壹零捌", false),
            ("核对 四三〇三八一一八八一〇三〇一〇一〇八", false),
            ("核对证件\n核对证件核对证件", false),
        ] {
            assert_eq!(reason(raw).is_ok(), good, "{raw}");
        }
        assert!(reason(&"核".repeat(201)).is_err());
    }

    #[test]
    fn a_name_in_a_reason_is_masked_however_it_is_written() {
        for (raw, name, kept) in [
            (
                "为 王 小-明 办理，王小明，王小红",
                "王小明",
                "为 王*明 办理，王*明，王小红",
            ),
            ("王王小明王", "王小明", "王王*明王"),
            (
                "for john smith at the counter",
                "John Smith",
                "for J********h at the counter",
            ),
            ("为本人办理困难帮扶", "王小明", "为本人办理困难帮扶"),
            ("为本人 -- 办理困难帮扶", "--", "为本人 -- 办理困难帮扶"),
        ] {
            assert_eq!(unnamed(raw, name), kept);
        }
    }
}
