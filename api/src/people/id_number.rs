//! Numbers of identity documents. A resident's (居民身份证号, GB 11643-1999) is `RRRRRR YYYYMMDD SSS C`; the numbers of the
//! residence permits of people from Hong Kong, Macao and Taiwan (81, 82, 83) and, since 2023, of foreign permanent
//! residents (9) are built alike.
//!
//! No message repeats a number: what is wrong with it must not carry it into a log.

use crate::kernel::error::{Text, text};
use crate::org::federation::rules::half_width;
use chrono::{Datelike, NaiveDate};
use entity::people::person::{IdType, Sex};
use sea_orm::ActiveEnum;

/// 2^(17-i) modulo 11 (GB 11643-1999 §4.2).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check character of each remainder.
const CHECKS: &str = "10X98765432";
/// Nobody was born before.
const FIRST_YEAR: i32 = 1850;

/// All documents.
pub const DOCUMENTS: [IdType; 5] = [
    IdType::ResidentId,
    IdType::Passport,
    IdType::HkMacaoTaiwanResident,
    IdType::ForeignPermanentResident,
    IdType::Other,
];

/// The check character behind the first 17 digits.
pub fn check_character(first: &str) -> Option<char> {
    let sum = first.chars().zip(WEIGHTS).try_fold(0, |sum, (digit, weight)| {
        digit.to_digit(10).map(|digit| sum + digit * weight)
    })?;
    let remainder = usize::try_from(sum % 11).ok()?;
    CHECKS.chars().nth(remainder).filter(|_| first.len() == 17)
}

/// Puts right what typing and copying do: blanks, small letters, full-width characters.
fn plain(raw: &str) -> String {
    let characters = raw.chars().map(half_width).filter(|c| !c.is_whitespace());
    characters.map(|c| c.to_ascii_uppercase()).collect()
}

/// The normal form of a number, or why it is none. A number of 15 digits becomes one of 18.
pub fn normalise(id_type: IdType, raw: &str, today: NaiveDate) -> Result<String, Text> {
    let number = plain(raw);
    match id_type {
        IdType::ResidentId => {
            let number = lengthened(number);
            if number.starts_with(['8', '9']) {
                return Err(text(
                    "A number that begins with 8 or 9 is that of a residence permit.",
                    "8 或 9 开头的号码属于居住证件，请选择相应证件类型。",
                ));
            }
            eighteen(number, today)
        }
        IdType::HkMacaoTaiwanResident => {
            let begins_so = ["81", "82", "83"].iter().any(|start| number.starts_with(start));
            if begins_so {
                eighteen(number, today)
            } else {
                Err(text(
                    "The number of this permit begins with 81, 82 or 83.",
                    "港澳台居民居住证号码应以 81、82 或 83 开头。",
                ))
            }
        }
        IdType::ForeignPermanentResident if number.starts_with('9') => eighteen(number, today),
        IdType::ForeignPermanentResident => {
            let is_old = number.len() == 15
                && number.bytes().zip(0..).all(|(byte, at)| match at {
                    0..3 => byte.is_ascii_uppercase(),
                    _ => byte.is_ascii_digit(),
                });
            is_old.then_some(number).ok_or_else(|| {
                text(
                    "18 digits beginning with 9, or three letters and 12 digits.",
                    "应为 9 开头的 18 位号码，或三位字母加 12 位数字。",
                )
            })
        }
        IdType::Passport => written(number, 5..=20, false),
        IdType::Other => written(number, 4..=30, true),
    }
}

/// A number of the first generation (15 digits) with its century and check character.
fn lengthened(number: String) -> String {
    let is_old = number.len() == 15 && number.bytes().all(|byte| byte.is_ascii_digit());
    let parts = number.get(..6).zip(number.get(6..)).filter(|_| is_old);
    let longer = parts.and_then(|(region, rest)| {
        let first = format!("{region}19{rest}");
        check_character(&first).map(|check| format!("{first}{check}"))
    });
    longer.unwrap_or(number)
}

fn eighteen(number: String, today: NaiveDate) -> Result<String, Text> {
    let Some((first, check)) = number.split_at_checked(17).filter(|_| number.len() == 18) else {
        return Err(text(
            "18 characters, or 15 digits of the old form.",
            "应为 18 位，或旧式 15 位数字。",
        ));
    };
    let expected = check_character(first).ok_or_else(|| {
        text(
            "Digits, and at the end a digit or X.",
            "应为数字，末位可为数字或 X。",
        )
    })?;
    let born = number.get(6..14).and_then(date);
    if !born.is_some_and(|day| can_be_born_on(day, today)) {
        return Err(text(
            "It holds no day of birth from 1850 to today.",
            "号码中的出生日期无效。",
        ));
    }
    if check.chars().eq([expected]) {
        Ok(number)
    } else {
        Err(text("The check character does not fit.", "校验位不正确。"))
    }
}

fn date(digits: &str) -> Option<NaiveDate> {
    let number = |from, to| digits.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(number(0, 4)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)
}

fn written(
    number: String,
    lengths: std::ops::RangeInclusive<usize>,
    has_dashes: bool,
) -> Result<String, Text> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || has_dashes && byte == b'-';
    if lengths.contains(&number.len()) && number.bytes().all(good) {
        Ok(number)
    } else {
        let (least, most) = lengths.into_inner();
        Err(text(
            format!("From {least} to {most} letters and digits."),
            format!("应为 {least} 至 {most} 位字母和数字。"),
        ))
    }
}

/// The county (GB/T 2260, 6 digits) that a resident's number names; many of these are abolished by now.
pub fn region(id_type: IdType, number: &str) -> Option<&str> {
    match id_type {
        IdType::ResidentId => number.get(..6),
        _ => None,
    }
}

/// Day of birth and sex that a number in its normal form tells (GB 11643-1999 §4.1.2, §4.1.3); none of other documents.
pub fn told(id_type: IdType, number: &str) -> Option<(NaiveDate, Sex)> {
    let is_eighteen = number.len() == 18 && !matches!(id_type, IdType::Passport | IdType::Other);
    let sequence = number.get(16..17).filter(|_| is_eighteen)?;
    let sex = match sequence.parse::<u32>().ok()? % 2 {
        1 => Sex::Male,
        _ => Sex::Female,
    };
    Some((date(number.get(6..14)?)?, sex))
}

/// Whether somebody can have been born on a day.
pub fn can_be_born_on(day: NaiveDate, today: NaiveDate) -> bool {
    day.year() >= FIRST_YEAR && day <= today
}

/// What its blind index is made of: the document and the number.
pub fn index_form(id_type: IdType, number: &str) -> String {
    format!("{} {number}", id_type.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 6, 20).unwrap()
    }

    #[test]
    fn numbers_of_each_document_have_one_normal_form() {
        use IdType::*;
        for (id_type, raw, expected) in [
            (ResidentId, "11010519491231002X", "11010519491231002X"),
            (ResidentId, " 110105 19491231 002x ", "11010519491231002X"),
            (
                ResidentId,
                "１１０１０５１９４９１２３１００２ｘ",
                "11010519491231002X",
            ),
            (ResidentId, "440524188001010014", "440524188001010014"),
            (ResidentId, "110101200002290018", "110101200002290018"),
            // The first generation: 1949-12-31, sequence 002.
            (ResidentId, "110105491231002", "11010519491231002X"),
            (HkMacaoTaiwanResident, "810000199001010019", "810000199001010019"),
            (ForeignPermanentResident, "chn110123456789", "CHN110123456789"),
            (Passport, "e12345678", "E12345678"),
            (Other, "军字-1234", ""),
            (Other, "jun-1234", "JUN-1234"),
        ] {
            let found = normalise(id_type, raw, today()).unwrap_or_default();
            assert_eq!(found, expected, "{raw}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_without_repeating_it() {
        use IdType::*;
        for (id_type, raw, part) in [
            (ResidentId, "", "18 characters"),
            (ResidentId, "1101051949123100", "18 characters"),
            (ResidentId, "11010519491231002XX", "18 characters"),
            (ResidentId, "110105194912310021", "check character"),
            (ResidentId, "11010519491331002X", "day of birth"),
            (ResidentId, "110101190002290019", "day of birth"),
            (ResidentId, "110105184912310028", "day of birth"),
            (ResidentId, "110105202606210027", "day of birth"),
            (ResidentId, "1101O519491231002X", "Digits"),
            (
                ResidentId,
                "１１０１０５１９４９１２３１００２ＸＸ",
                "18 characters",
            ),
            (ResidentId, "810000199001010019", "residence permit"),
            (HkMacaoTaiwanResident, "11010519491231002X", "81, 82 or 83"),
            (ForeignPermanentResident, "CH1110123456789", "three letters"),
            (Passport, "E123", "5 to 20"),
            (Passport, "护照12345678", "5 to 20"),
        ] {
            let reason = normalise(id_type, raw, today()).unwrap_err();
            assert!(reason.en.contains(part), "{raw}: {}", reason.en);
            assert!(raw.is_empty() || !reason.en.contains(raw) && !reason.zh.contains(raw));
        }
    }

    #[test]
    fn any_single_wrong_digit_is_found() {
        let number = "11010519491231002X";
        for at in 0..17 {
            for digit in b'0'..=b'9' {
                let mut bytes = number.as_bytes().to_vec();
                if bytes[at] == digit {
                    continue;
                }
                bytes[at] = digit;
                let other = String::from_utf8(bytes).unwrap();
                assert!(normalise(IdType::ResidentId, &other, today()).is_err(), "{other}");
            }
        }
    }

    #[test]
    fn a_number_tells_day_of_birth_and_sex() {
        use IdType::*;
        for (id_type, number, expected) in [
            (
                ResidentId,
                "11010519491231002X",
                Some(("1949-12-31", Sex::Female)),
            ),
            (ResidentId, "440524188001010014", Some(("1880-01-01", Sex::Male))),
            (ResidentId, "110101200002290018", Some(("2000-02-29", Sex::Male))),
            (
                HkMacaoTaiwanResident,
                "810000199001010019",
                Some(("1990-01-01", Sex::Male)),
            ),
            (ForeignPermanentResident, "CHN110123456789", None),
            (Passport, "E12345678", None),
            (Other, "11010519491231002X", None),
        ] {
            let expected = expected.map(|(day, sex)| (day.parse::<NaiveDate>().unwrap(), sex));
            assert_eq!(told(id_type, number), expected, "{number}");
        }
    }

    #[test]
    fn documents_of_the_same_number_are_two() {
        let forms = [IdType::Passport, IdType::Other].map(|id_type| index_form(id_type, "E12345678"));
        assert_ne!(forms[0], forms[1]);
        assert_eq!(region(IdType::ResidentId, "11010519491231002X"), Some("110105"));
        assert_eq!(region(IdType::Passport, "E12345678"), None);
    }
}
