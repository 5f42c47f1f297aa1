//! The fields of a line, each read exactly, each fault noted.

use crate::fees::collection::types::CollectionReasonCode as Code;
use crate::kernel::error::{Text, text};
use crate::kernel::event::Place;
use crate::org::federation::rules::{division_code, half_width};
use crate::org::uscc;
use crate::scalars::{believed, fixed_point};
use chrono::NaiveDate;
use entity::fees::collection::Item;

/// The longest code or number, characters.
pub(super) const CODE_MAX: usize = 64;
/// The longest name, characters.
pub(super) const NAME_MAX: usize = 200;
/// No wages reach this many fen (100 billion yuan). They are compared and never summed up.
const WAGES_FEN_LIMIT: i64 = 10_000_000_000_000;
/// No other amount reaches this many fen (1 billion yuan). Figures are sums of `due` and fit an i64 up to 92 million lines
/// at the limit: 92 quadrillion yuan, some hundred times what the country earns in a year.
const FEE_FEN_LIMIT: i64 = 100_000_000_000;
/// Parts of one in a rate.
const PPM: i64 = 1_000_000;

/// Why a line is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which rule it breaks.
    pub code: Code,
    /// In which field, as the contract names it.
    pub field: &'static str,
    /// In words.
    pub text: Text,
}

/// Gathers the faults of a line.
#[derive(Default)]
pub(super) struct Reader(pub(super) Vec<Reason>);

impl Reader {
    fn fault<T>(&mut self, code: Code, field: &'static str, text: Text) -> Option<T> {
        self.0.push(Reason { code, field, text });
        None
    }

    pub(super) fn text_if_any(
        &mut self,
        field: &'static str,
        raw: &Option<String>,
        most: usize,
    ) -> Option<String> {
        let plain = plain(raw.as_deref().unwrap_or_default());
        if plain.chars().any(char::is_control) || plain.chars().count() > most {
            let message = text(
                format!("At most {most} characters, none of them a control character."),
                format!("最多 {most} 个字符，且不得含控制字符。"),
            );
            return self.fault(Code::BadText, field, message);
        }
        Some(plain).filter(|plain| !plain.is_empty())
    }

    pub(super) fn text(&mut self, field: &'static str, raw: &Option<String>, most: usize) -> Option<String> {
        let before = self.0.len();
        let found = self.text_if_any(field, raw, most);
        if found.is_none() && self.0.len() == before {
            return self.fault(
                Code::Missing,
                field,
                text("This field is needed.", "该项不能为空。"),
            );
        }
        found
    }

    pub(super) fn line_no(&mut self, raw: Option<i32>) -> Option<i32> {
        match raw {
            None => self.fault(
                Code::Missing,
                "lineNo",
                text("This field is needed.", "该项不能为空。"),
            ),
            Some(number) if number < 1 => {
                let message = text(
                    "Line numbers are whole and begin with 1.",
                    "明细序号应为从 1 起的整数。",
                );
                self.fault(Code::BadLineNo, "lineNo", message)
            }
            number => number,
        }
    }

    pub(super) fn uscc(&mut self, raw: &Option<String>) -> Option<String> {
        let code = uscc::normalise(&self.text("uscc", raw, CODE_MAX)?);
        match uscc::check(&code) {
            Ok(()) => Some(code),
            Err(text) => self.fault(Code::BadCheckDigit, "uscc", text),
        }
    }

    pub(super) fn item(&mut self, raw: &Option<String>) -> Option<Item> {
        match self.text("itemCode", raw, CODE_MAX)?.as_str() {
            "399001010" => Some(Item::UnionFee),
            "399001020" => Some(Item::PreparatoryFund),
            _ => {
                let message = text(
                    "The item is 399001010 (union fee) or 399001020 (preparatory fund).",
                    "征收品目应为 399001010（工会经费）或 399001020（工会筹备金）。",
                );
                self.fault(Code::UnknownItem, "itemCode", message)
            }
        }
    }

    pub(super) fn day(&mut self, field: &'static str, raw: &Option<String>) -> Option<NaiveDate> {
        let written = self.text(field, raw, CODE_MAX)?;
        let message = || text("Not a day (YYYY-MM-DD).", "不是有效日期（YYYY-MM-DD）。");
        day(&written).or_else(|| self.fault(Code::BadDate, field, message()))
    }

    pub(super) fn wages(&mut self, raw: &Option<String>) -> Option<i64> {
        let written = self.text("wages", raw, CODE_MAX)?;
        let message = || {
            text(
                "Not an amount in yuan with at most two decimals, below 100 billion.",
                "不是有效金额（元，最多两位小数，小于一千亿）。",
            )
        };
        let fen = fen(&written).filter(|fen| fen.abs() < WAGES_FEN_LIMIT);
        fen.or_else(|| self.fault(Code::BadAmount, "wages", message()))
    }

    pub(super) fn fee(&mut self, field: &'static str, raw: &Option<String>) -> Option<i64> {
        let written = self.text(field, raw, CODE_MAX)?;
        let message = || {
            text(
                "Not an amount in yuan with at most two decimals, below 1 billion.",
                "不是有效金额（元，最多两位小数，小于十亿）。",
            )
        };
        fee_fen(&written).or_else(|| self.fault(Code::BadAmount, field, message()))
    }

    pub(super) fn rate(&mut self, raw: &Option<String>) -> Option<i32> {
        let written = self.text("rate", raw, CODE_MAX)?;
        let ppm = fixed_point(&written, 6, false).filter(|ppm| (1..=PPM).contains(ppm));
        let message = || {
            text(
                "Not a rate above 0 and up to 1 with at most six decimals, for example 0.02.",
                "不是有效费率（大于 0 且不超过 1，最多六位小数，如 0.02）。",
            )
        };
        ppm.and_then(|ppm| i32::try_from(ppm).ok())
            .or_else(|| self.fault(Code::BadRate, "rate", message()))
    }

    pub(super) fn township(
        &mut self,
        raw: &Option<String>,
        place: impl FnOnce(&str) -> Result<Place, Code>,
    ) -> Option<(String, Place)> {
        let written = self.text("township", raw, CODE_MAX)?;
        let found = division_code(&written)
            .map_err(|_| Code::UnknownTownship)
            .and_then(|code| place(&code).map(|place| (code, place)));
        match found {
            Ok(found) => Some(found),
            Err(Code::OutOfDistrict) => {
                let message = text(
                    "The township belongs to another district.",
                    "该街道乡镇不属于本辖区。",
                );
                self.fault(Code::OutOfDistrict, "township", message)
            }
            Err(code) => {
                let message = text("No township has this code.", "没有该代码的街道乡镇。");
                self.fault(code, "township", message)
            }
        }
    }

    pub(super) fn check_period(&mut self, from: Option<NaiveDate>, to: Option<NaiveDate>) {
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            let message = text("The period ends before it begins.", "所属期止早于所属期起。");
            self.fault::<()>(Code::BadPeriod, "periodTo", message);
        }
    }

    /// 应补退 = 应纳 − 减免 − 已缴 (domain §1.2, DER): 136570.18 = 136570.18 − 0.00 − 0.00. A line that contradicts itself
    /// is refused and not only marked, because no one could say which of its amounts is the money that came.
    pub(super) fn check_sum(&mut self, amounts: [Option<i64>; 4]) {
        if let [Some(payable), Some(relief), Some(paid), Some(due)] = amounts
            && due != payable - relief - paid
        {
            let message = text(
                "due is not payable − relief − paid.",
                "实缴金额不等于应纳费额减减免费额减已缴费额。",
            );
            self.fault::<()>(Code::BadSum, "due", message);
        }
    }
}

/// An amount in yuan, as fen: exact.
pub fn fen(written: &str) -> Option<i64> {
    fixed_point(&plain(written), 2, false)
}

/// An amount of a line other than its wages, as fen: exact, and below the limit.
pub fn fee_fen(written: &str) -> Option<i64> {
    fen(written).filter(|fen| fen.abs() < FEE_FEN_LIMIT)
}

/// A text as it was meant: plain characters, nothing around it.
pub(super) fn plain(raw: &str) -> String {
    // Most texts need nothing done to them.
    if raw.is_ascii() {
        return raw.trim().to_owned();
    }
    raw.chars().map(half_width).collect::<String>().trim().to_owned()
}

/// A day written as 2025-04-03, 2025/4/3 or 20250403, from 1900 to 2200.
fn day(written: &str) -> Option<NaiveDate> {
    let is_compact = written.len() == 8 && written.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = if is_compact {
        vec![written.get(..4)?, written.get(4..6)?, written.get(6..)?]
    } else {
        let mark = if written.contains('/') { '/' } else { '-' };
        written.split(mark).collect()
    };
    let number = |part: &str, most: usize| -> Option<u32> {
        let is_number = part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    };
    match parts.as_slice() {
        [year, month, day] => {
            let year = i32::try_from(number(year, 4)?).ok()?;
            NaiveDate::from_ymd_opt(year, number(month, 2)?, number(day, 2)?).and_then(believed)
        }
        _ => None,
    }
}
