//! What a line says: every field read exactly, every fault named at once.

use crate::fees::collection::types::{CollectionLine, CollectionReasonCode as Code};
use crate::kernel::error::{Text, text};
use crate::kernel::event::Place;
use crate::kernel::keys::sha256;
use crate::org::federation::rules::{division_code, half_width};
use crate::org::uscc;
use crate::scalars::fixed_point;
use chrono::NaiveDate;
use entity::fees::collection::Item;

/// The longest code or number, characters.
const CODE_MAX: usize = 64;
/// The longest name, characters.
const NAME_MAX: usize = 200;
/// No amount reaches this many fen (100 billion yuan), so that no sum of lines overflows.
const AMOUNT_FEN_LIMIT: i64 = 10_000_000_000_000;
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

/// A line that breaks no rule, normalised.
#[derive(Clone, Debug)]
pub struct Line {
    /// Tax voucher.
    pub voucher_id: String,
    /// Line within the voucher.
    pub line_no: i32,
    /// Tax registration.
    pub tax_registration_no: String,
    /// Code of the payer.
    pub uscc: String,
    /// Name of the payer.
    pub payer_name: String,
    /// What was collected.
    pub item: Item,
    /// First and last day of the period.
    pub period: (NaiveDate, NaiveDate),
    /// Total wages, fen.
    pub wages_fen: i64,
    /// Rate in millionths.
    pub rate_ppm: i32,
    /// Payable before relief, fen.
    pub payable_fen: i64,
    /// Relief, fen.
    pub relief_fen: i64,
    /// Paid before, fen.
    pub paid_fen: i64,
    /// Collected, fen.
    pub due_fen: i64,
    /// Day on which the treasury entered it.
    pub entered_on: NaiveDate,
    /// Treasury.
    pub treasury_code: String,
    /// Tax office.
    pub tax_office: String,
    /// Code of the township that it names.
    pub township: String,
    /// That township.
    pub place: Place,
    /// Voucher that it takes back.
    pub reverses: Option<String>,
    /// Tells the same line from another one under its key.
    pub digest: String,
}

/// Reads a line; `place` finds the township of a code, or says why the line may not name it.
pub fn read(
    raw: &CollectionLine,
    place: impl FnOnce(&str) -> Result<Place, Code>,
) -> Result<Line, Vec<Reason>> {
    let mut reader = Reader::default();
    let voucher_id = reader.text("voucherId", &raw.voucher_id, CODE_MAX);
    let line_no = reader.line_no(raw.line_no);
    let tax_registration_no = reader.text("taxRegistrationNo", &raw.tax_registration_no, CODE_MAX);
    let uscc = reader.uscc(&raw.uscc);
    let payer_name = reader.text("payerName", &raw.payer_name, NAME_MAX);
    let item = reader.item(&raw.item_code);
    let from = reader.day("periodFrom", &raw.period_from);
    let to = reader.day("periodTo", &raw.period_to);
    let wages_fen = reader.amount("wages", &raw.wages);
    let rate_ppm = reader.rate(&raw.rate);
    let payable_fen = reader.amount("payable", &raw.payable);
    let relief_fen = reader.amount("relief", &raw.relief);
    let paid_fen = reader.amount("paid", &raw.paid);
    let due_fen = reader.amount("due", &raw.due);
    let entered_on = reader.day("enteredOn", &raw.entered_on);
    let treasury_code = reader.text("treasuryCode", &raw.treasury_code, CODE_MAX);
    let tax_office = reader.text("taxOffice", &raw.tax_office, CODE_MAX);
    let township = reader.township(&raw.township, place);
    let reverses = reader.text_if_any("reverses", &raw.reverses, CODE_MAX);
    let line = (|| {
        let (township, place) = township?;
        let mut line = Line {
            voucher_id: voucher_id?,
            line_no: line_no?,
            tax_registration_no: tax_registration_no?,
            uscc: uscc?,
            payer_name: payer_name?,
            item: item?,
            period: (from?, to?),
            wages_fen: wages_fen?,
            rate_ppm: rate_ppm?,
            payable_fen: payable_fen?,
            relief_fen: relief_fen?,
            paid_fen: paid_fen?,
            due_fen: due_fen?,
            entered_on: entered_on?,
            treasury_code: treasury_code?,
            tax_office: tax_office?,
            township,
            place,
            reverses,
            digest: String::new(),
        };
        line.digest = digest(&line);
        Some(line)
    })();
    reader.check_period(from, to);
    reader.check_sum([payable_fen, relief_fen, paid_fen, due_fen]);
    match line {
        Some(line) if reader.0.is_empty() => Ok(line),
        _ => Err(reader.0),
    }
}

/// Gathers the faults of a line.
#[derive(Default)]
struct Reader(Vec<Reason>);

impl Reader {
    fn fault<T>(&mut self, code: Code, field: &'static str, text: Text) -> Option<T> {
        self.0.push(Reason { code, field, text });
        None
    }

    fn text_if_any(&mut self, field: &'static str, raw: &Option<String>, most: usize) -> Option<String> {
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

    fn text(&mut self, field: &'static str, raw: &Option<String>, most: usize) -> Option<String> {
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

    fn line_no(&mut self, raw: Option<i32>) -> Option<i32> {
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

    fn uscc(&mut self, raw: &Option<String>) -> Option<String> {
        let code = uscc::normalise(&self.text("uscc", raw, CODE_MAX)?);
        match uscc::check(&code) {
            Ok(()) => Some(code),
            Err(text) => self.fault(Code::BadCheckDigit, "uscc", text),
        }
    }

    fn item(&mut self, raw: &Option<String>) -> Option<Item> {
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

    fn day(&mut self, field: &'static str, raw: &Option<String>) -> Option<NaiveDate> {
        let written = self.text(field, raw, CODE_MAX)?;
        let message = || text("Not a day (YYYY-MM-DD).", "不是有效日期（YYYY-MM-DD）。");
        day(&written).or_else(|| self.fault(Code::BadDate, field, message()))
    }

    fn amount(&mut self, field: &'static str, raw: &Option<String>) -> Option<i64> {
        let written = self.text(field, raw, CODE_MAX)?;
        let fen = fixed_point(&written, 2, false).filter(|fen| fen.abs() < AMOUNT_FEN_LIMIT);
        let message = || {
            text(
                "Not an amount in yuan with at most two decimals, below 100 billion.",
                "不是有效金额（元，最多两位小数，小于一千亿）。",
            )
        };
        fen.or_else(|| self.fault(Code::BadAmount, field, message()))
    }

    fn rate(&mut self, raw: &Option<String>) -> Option<i32> {
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

    fn township(
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

    fn check_period(&mut self, from: Option<NaiveDate>, to: Option<NaiveDate>) {
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            let message = text("The period ends before it begins.", "所属期止早于所属期起。");
            self.fault::<()>(Code::BadPeriod, "periodTo", message);
        }
    }

    /// 应补退 = 应纳 − 减免 − 已缴 (domain §1.2, DER): 136570.18 = 136570.18 − 0.00 − 0.00. A line that contradicts itself
    /// is refused and not only marked, because no one could say which of its amounts is the money that came.
    fn check_sum(&mut self, amounts: [Option<i64>; 4]) {
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

/// A text as it was meant: plain characters, nothing around it.
fn plain(raw: &str) -> String {
    // Most texts need nothing done to them.
    if raw.is_ascii() {
        return raw.trim().to_owned();
    }
    raw.chars().map(half_width).collect::<String>().trim().to_owned()
}

/// A day written as 2025-04-03, 2025/4/3 or 20250403.
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
            let year = number(year, 4).filter(|year| (1990..=2100).contains(year))?;
            NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(month, 2)?, number(day, 2)?)
        }
        _ => None,
    }
}

/// SHA-256 of what the line says. `reverses` stays out of it: only one of the bureau's three formats has it, and the same
/// line in another format is still the same line.
fn digest(line: &Line) -> String {
    let amounts = [
        line.wages_fen,
        line.payable_fen,
        line.relief_fen,
        line.paid_fen,
        line.due_fen,
    ];
    let amounts = amounts.map(|fen| fen.to_string()).join("\n");
    sha256(
        format!(
            "{}\n{}\n{}\n{}\n{}\n{:?}\n{}\n{}\n{amounts}\n{}\n{}\n{}\n{}\n{}",
            line.voucher_id,
            line.line_no,
            line.tax_registration_no,
            line.uscc,
            line.payer_name,
            line.item,
            line.period.0,
            line.period.1,
            line.rate_ppm,
            line.entered_on,
            line.treasury_code,
            line.tax_office,
            line.township,
        )
        .as_bytes(),
    )
}

/// Whether payable is off wages × rate, rounded half up at the fen (away from zero for a refund), by more than one fen
/// (domain §1.2, DER): 6828509.16 × 0.02 = 136570.1832, so 136570.17 to 136570.19 are right.
pub fn is_rate_anomaly(line: &Line) -> bool {
    let exact = i128::from(line.wages_fen) * i128::from(line.rate_ppm);
    let rounded = (exact.abs() + i128::from(PPM / 2)) / i128::from(PPM) * exact.signum();
    (i128::from(line.payable_fen) - rounded).abs() > 1
}

/// Whether a row of a file is the total that some exports end with (合计): it has no line number, and its first words say
/// so.
pub fn is_total_row(raw: &CollectionLine) -> bool {
    let says_total = |cell: &Option<String>| {
        let cell: String = plain(cell.as_deref().unwrap_or_default());
        let cell: String = cell
            .chars()
            .filter(|character| !character.is_whitespace())
            .collect();
        matches!(cell.as_str(), "合计" | "总计" | "合计金额" | "合计:" | "总计:")
            || cell.eq_ignore_ascii_case("total")
    };
    raw.line_no.is_none()
        && [
            &raw.voucher_id,
            &raw.payer_name,
            &raw.uscc,
            &raw.tax_registration_no,
        ]
        .into_iter()
        .any(says_total)
}
