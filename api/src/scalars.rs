//! Scalars of the contract. Codes that a rule judges (USCC, division) come in as they are, so that a wrong one is a
//! `userError` with its field and not a failed request.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, NaiveDate, SecondsFormat, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// Years that are believed; beyond them somebody mistyped, and not every database keeps what stands there.
const YEARS: RangeInclusive<i32> = 1900..=2200;

fn text_of(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(other),
    }
}

/// A day as it is, if its year is from 1900 to 2200.
pub fn believed(day: NaiveDate) -> Option<NaiveDate> {
    YEARS.contains(&day.year()).then_some(day)
}

/// A day written `YYYY-MM-DD`, from 1900 to 2200. Every day that comes in is read here.
pub fn day(text: &str) -> Option<NaiveDate> {
    // The parser also takes signs, longer years and days of one digit.
    let is_written_so = text.len() == 10
        && text.bytes().zip(b"dddd-dd-dd").all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            mark => byte == *mark,
        });
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    day.filter(|_| is_written_so).and_then(believed)
}

/// An instant written as RFC 3339 says, from 1900 to 2200, in whole microseconds. Every instant that comes in is read
/// here.
pub fn instant(text: &str) -> Option<chrono::DateTime<Utc>> {
    let instant = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    let instant = instant.with_timezone(&Utc).trunc_subsecs(6);
    YEARS.contains(&instant.year()).then_some(instant)
}

/// A day, `YYYY-MM-DD`, in China (Asia/Shanghai), from 1900 to 2200.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Date(pub NaiveDate);

/// A day, `YYYY-MM-DD`, in China (Asia/Shanghai), from 1900 to 2200.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/local-date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text_of(value).map_err(InputValueError::expected_type)?;
        let bad =
            || InputValueError::custom(format!("\"{text}\" is not a day (YYYY-MM-DD) from 1900 to 2200"));
        day(&text).map(Date).ok_or_else(bad)
    }

    fn is_valid(value: &Value) -> bool {
        // Judged before anything runs, a wrong one is refused with the name of its field.
        matches!(value, Value::String(text) if day(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An instant, RFC 3339 with its offset, from 1900 to 2200; whole microseconds are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// An instant, RFC 3339 with its offset, from 1900 to 2200; whole microseconds are kept.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/date-time")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text_of(value).map_err(InputValueError::expected_type)?;
        let bad = || {
            InputValueError::custom(format!(
                "\"{text}\" is not an RFC 3339 instant with an offset, from 1900 to 2200"
            ))
        };
        instant(&text).map(DateTime).ok_or_else(bad)
    }

    fn is_valid(value: &Value) -> bool {
        // Judged before anything runs, a wrong one is refused with the name of its field.
        matches!(value, Value::String(text) if instant(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// A file: the id (a UUID) under which the caller sent it to `/uploads/{id}`, or in a multipart request the file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Upload(pub Uuid);

/// A file: the id (a UUID) under which the caller sent it to `/uploads/{id}`, or in a multipart request the file itself.
#[Scalar(specified_by_url = "https://github.com/jaydenseric/graphql-multipart-request-spec")]
impl ScalarType for Upload {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text_of(value).map_err(InputValueError::expected_type)?;
        let bad = |_| InputValueError::custom(format!("\"{text}\" is not the id of an upload (a UUID)"));
        Uuid::parse_str(&text).map(Upload).map_err(bad)
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if Uuid::parse_str(text).is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name(pub String);

        $(#[$doc])*
        #[Scalar]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                text_of(value).map($name).map_err(InputValueError::expected_type)
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    )*};
}

texts! {
    /// An exact decimal number as text, for example `"131"` or `"8682551.01"`.
    Decimal
    /// Yuan as text with exactly two decimals, for example `"136570.18"`; negative for a refund.
    Money
    /// Code of a metric of the catalogue, for example `visits`.
    MetricCode
    /// An axis by which a metric is split, for example `OWNERSHIP`; two at a time are joined by a comma.
    DimensionCode
    /// Code of a ratio of the catalogue, for example `coverage_rate`.
    RatioCode
    /// Administrative division (行政区划代码): 12 digits, for example `430381000000`.
    DivisionCode
    /// Unified social credit code (统一社会信用代码, GB 32100-2015): 18 characters. Blanks around it, small letters and
    /// full-width characters are put right.
    Uscc
}

/// A text that is personal: what is wrong with one is said without repeating it, and no line of a log can hold it by
/// accident.
macro_rules! personal_texts {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Serialize)]
        pub struct $name(pub String);

        $(#[$doc])*
        #[Scalar]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                text_of(value).map($name).map_err(|_| InputValueError::custom("a text is expected"))
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    )*};
}

personal_texts! {
    /// Number of an identity document (证件号码); of a resident's (GB 11643-1999) 18 characters, or 15 of the old form. Blanks,
    /// small letters and full-width characters are put right. It only goes in: what comes out is a mask.
    IdNumber
    /// Name of a person (姓名), 2 to 50 letters. It only goes in: what comes out is a mask.
    PersonName
    /// Phone number of a person: a mobile number of 11 digits, or a landline with its area code; +86, blanks and dashes are
    /// put right. It only goes in: what comes out is a mask.
    PhoneNumber
}

impl Money {
    /// Writes fen as yuan.
    pub fn of_fen(fen: i64) -> Money {
        Money(yuan(fen))
    }
}

/// Fen as yuan with two decimals.
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

/// A point on the map in millionths of a degree, from degrees as decimal text: no float ever holds a coordinate.
pub fn micro_degrees(text: &str, limit: i32) -> Option<i32> {
    let value = fixed_point(text, 6, true)?;
    i32::try_from(value)
        .ok()
        .filter(|value| value.abs() <= limit * 1_000_000)
}

/// Millionths of a degree as degrees.
pub fn degrees(micro: i32) -> Decimal {
    let sign = if micro < 0 { "-" } else { "" };
    let micro = micro.unsigned_abs();
    Decimal(format!("{sign}{}.{:06}", micro / 1_000_000, micro % 1_000_000))
}

/// A digit of any script, also one that is written as a word of one character.
pub fn is_digit(c: char) -> bool {
    c.is_numeric() || "零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺".contains(c)
}

/// A decimal text as a whole number of units of `10^-places`. Finer digits are refused, or cut where `cuts` says so.
pub fn fixed_point(text: &str, places: usize, cuts: bool) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || !all_digits(whole)
        || !all_digits(fraction)
        || (digits.contains('.') && fraction.is_empty())
    {
        return None;
    }
    let (kept, finer) = fraction.split_at_checked(places).unwrap_or((fraction, ""));
    if !cuts && finer.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let value: i64 = format!("{whole}{kept:0<places$}").parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_written_plainly_and_believed() {
        for (text, is_day) in [
            ("2026-06-20", true),
            ("1900-01-01", true),
            ("2200-12-31", true),
            ("1899-12-31", false),
            ("2201-01-01", false),
            ("2026-02-30", false),
            ("2026-6-20", false),
            ("+99999-1-1", false),
            ("-9999-1-01", false),
            ("-9999-01-01", false),
            ("0000-01-01", false),
            ("20260620", false),
            (" 2026-6-20", false),
            ("2026/06/20", false),
            ("２０26-06-20", false),
            ("", false),
        ] {
            assert_eq!(day(text).is_some(), is_day, "{text}");
            assert_eq!(instant(&format!("{text}T12:00:00Z")).is_some(), is_day, "{text}");
        }
        assert!(instant("0000-01-01T00:00:00+08:00").is_none());
        assert!(instant("2026-06-20T12:00:00").is_none());
    }

    #[test]
    fn decimals_are_exact() {
        for (text, places, expected) in [
            ("136570.18", 2, Some(13_657_018)),
            ("-85506.72", 2, Some(-8_550_672)),
            ("7", 2, Some(700)),
            ("0.5", 2, Some(50)),
            ("1.230", 2, Some(123)),
            ("1.234", 2, None),
            ("1.", 2, None),
            (".5", 2, None),
            ("1e3", 2, None),
            ("", 2, None),
            ("--1", 2, None),
            ("99999999999999999999", 2, None),
            ("0.02", 6, Some(20_000)),
        ] {
            assert_eq!(fixed_point(text, places, false), expected, "{text}");
        }
        assert_eq!(yuan(-8_550_672), "-85506.72");
        assert_eq!(yuan(5), "0.05");
        assert_eq!(micro_degrees("27.7342191", 90), Some(27_734_219));
        assert_eq!(micro_degrees("91", 90), None);
        assert_eq!(degrees(-112_535_000).0, "-112.535000");
    }
}
