//! What a line says: every field read exactly, every fault named at once.

use super::fields::{CODE_MAX, NAME_MAX, Reader, Reason, plain};
use crate::fees::collection::types::{CollectionLine, CollectionReasonCode as Code};
use crate::kernel::event::Place;
use crate::kernel::keys::sha256;
use chrono::NaiveDate;
use entity::fees::collection::Item;

/// Parts of one in a rate.
const PPM: i128 = 1_000_000;

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
    let wages_fen = reader.wages(&raw.wages);
    let rate_ppm = reader.rate(&raw.rate);
    let payable_fen = reader.fee("payable", &raw.payable);
    let relief_fen = reader.fee("relief", &raw.relief);
    let paid_fen = reader.fee("paid", &raw.paid);
    let due_fen = reader.fee("due", &raw.due);
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
    let rounded = (exact.abs() + PPM / 2) / PPM * exact.signum();
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// 月山东瑞建筑工程有限公司 of the delivery of 湘乡.
    pub(in super::super) fn good() -> CollectionLine {
        let text = |text: &str| Some(text.to_owned());
        CollectionLine {
            voucher_id: text("bd174d06d109769b6ef4782c6559fbfe"),
            line_no: Some(1),
            tax_registration_no: text("00300635204661663058"),
            uscc: text("91430381P8D4E91498"),
            payer_name: text("月山东瑞建筑工程有限公司"),
            item_code: text("399001010"),
            period_from: text("2025-01-01"),
            period_to: text("2025-03-31"),
            wages: text("6828509.16"),
            rate: text("0.02"),
            payable: text("136570.18"),
            relief: text("0.00"),
            paid: text("0.00"),
            due: text("136570.18"),
            entered_on: text("2025-04-03"),
            treasury_code: text("1803810000"),
            tax_office: text("14303810000"),
            township: text("430381110000"),
            reverses: None,
        }
    }

    /// The good line with other fields, as a file or call would give them.
    fn with(fields: &[(&str, &str)]) -> CollectionLine {
        let mut json = serde_json::to_value(good()).unwrap();
        for (field, value) in fields {
            assert!(json.get(field).is_some(), "{field}");
            json[field] = match *field {
                "lineNo" => value.parse::<i32>().ok().into(),
                _ => (*value).into(),
            };
        }
        serde_json::from_value(json).unwrap()
    }

    fn place(code: &str) -> Result<Place, Code> {
        match code {
            "430381110000" => Ok(Place::everywhere()),
            "430382100000" => Err(Code::OutOfDistrict),
            _ => Err(Code::UnknownTownship),
        }
    }

    #[test]
    fn a_good_line_is_read_exactly() {
        let line = read(&good(), place).unwrap();
        let amounts = [
            line.wages_fen,
            line.payable_fen,
            line.relief_fen,
            line.paid_fen,
            line.due_fen,
        ];
        assert_eq!(amounts, [682_850_916, 13_657_018, 0, 0, 13_657_018]);
        assert_eq!((line.rate_ppm, line.item), (20_000, Item::UnionFee));
        assert_eq!(line.entered_on.to_string(), "2025-04-03");
    }

    #[test]
    fn each_fault_has_its_code_and_field() {
        use Code::*;
        let long = "x".repeat(65);
        for (field, value, code) in [
            ("voucherId", " ", Missing),
            ("voucherId", long.as_str(), BadText),
            ("voucherId", "a\0b", BadText),
            ("lineNo", "", Missing),
            ("lineNo", "0", BadLineNo),
            ("taxRegistrationNo", "", Missing),
            ("uscc", "", Missing),
            ("uscc", "91430381P8D4E91499", BadCheckDigit),
            ("uscc", "430381P8D4E91499", BadCheckDigit),
            ("payerName", "\u{3000}", Missing),
            ("itemCode", "399001030", UnknownItem),
            ("periodFrom", "2025-13-01", BadDate),
            ("periodFrom", "2025-04-01", BadPeriod),
            ("periodTo", "2025-02-29", BadDate),
            ("enteredOn", "03.04.2025", BadDate),
            ("enteredOn", "1899-04-03", BadDate),
            ("wages", "1e3", BadAmount),
            ("wages", "1.005", BadAmount),
            ("payable", "一百", BadAmount),
            ("relief", "", Missing),
            ("paid", "99999999999999999999", BadAmount),
            ("wages", "100000000000.00", BadAmount),
            ("payable", "1000000000.00", BadAmount),
            ("relief", "1000000000.00", BadAmount),
            ("paid", "-1000000000.00", BadAmount),
            ("due", "1000000000.00", BadAmount),
            ("due", "136570.19", BadSum),
            ("rate", "0", BadRate),
            ("rate", "2", BadRate),
            ("rate", "-0.02", BadRate),
            ("rate", "0.0200001", BadRate),
            ("treasuryCode", "", Missing),
            ("taxOffice", "", Missing),
            ("township", "43038111", UnknownTownship),
            ("township", "430381999000", UnknownTownship),
            ("township", "430382100000", OutOfDistrict),
            ("reverses", long.as_str(), BadText),
        ] {
            let reasons = read(&with(&[(field, value)]), place).unwrap_err();
            let told: Vec<_> = reasons.iter().map(|reason| (reason.code, reason.field)).collect();
            let at = if code == BadPeriod { "periodTo" } else { field };
            assert_eq!(told, [(code, at)], "{field} = {value:?}");
        }
    }

    #[test]
    fn all_faults_of_a_line_come_at_once() {
        let reasons = read(&CollectionLine::default(), place).unwrap_err();
        assert_eq!(reasons.len(), 18);
        assert!(reasons.iter().all(|reason| reason.code == Code::Missing));
        let line = with(&[
            ("township", "430382100000"),
            ("enteredOn", "x"),
            ("due", "1"),
            ("uscc", "1"),
        ]);
        let codes: Vec<_> = read(&line, place)
            .unwrap_err()
            .iter()
            .map(|reason| reason.code)
            .collect();
        let expected = [
            Code::BadCheckDigit,
            Code::BadDate,
            Code::OutOfDistrict,
            Code::BadSum,
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn how_a_line_is_written_does_not_make_it_another_one() {
        let digest = read(&good(), place).unwrap().digest;
        for fields in [
            &[("uscc", " ９1430381p8d4e91498\t")][..],
            &[
                ("wages", "6828509.160"),
                ("relief", "0"),
                ("paid", "-0.0"),
                ("rate", "0.020000"),
            ],
            &[("enteredOn", "2025/4/3"), ("periodFrom", "20250101")],
            &[
                ("payable", "１３６５７０．１８"),
                ("payerName", "月山东瑞建筑工程有限公司　"),
            ],
            &[("reverses", "4f5249525e4fc1988408c5c3bba959f6")],
        ] {
            assert_eq!(read(&with(fields), place).unwrap().digest, digest, "{fields:?}");
        }
        for fields in [
            &[("lineNo", "2")][..],
            &[("payerName", "月山东瑞建筑公司")],
            &[("itemCode", "399001020")],
            &[("relief", "0.01"), ("due", "136570.17")],
            &[("paid", "0.01"), ("due", "136570.17")],
            &[("enteredOn", "2025-04-04")],
        ] {
            assert_ne!(read(&with(fields), place).unwrap().digest, digest, "{fields:?}");
        }
    }

    #[test]
    fn a_rate_is_an_anomaly_beyond_one_fen() {
        // Wages × rate: 136570.1832 → 136570.18; 2.525 → 2.53 (half up); −2.525 → −2.53.
        for (wages, rate, payable, is_anomaly) in [
            ("6828509.16", "0.02", "136570.16", true),
            ("6828509.16", "0.02", "136570.17", false),
            ("6828509.16", "0.02", "136570.18", false),
            ("6828509.16", "0.02", "136570.19", false),
            ("6828509.16", "0.02", "136570.20", true),
            ("126.25", "0.02", "2.51", true),
            ("126.25", "0.02", "2.52", false),
            ("126.25", "0.02", "2.54", false),
            ("126.25", "0.02", "2.55", true),
            ("-126.25", "0.02", "-2.54", false),
            ("-126.25", "0.02", "-2.51", true),
            ("-4275336.00", "0.02", "-85506.72", false),
            ("223765.56", "0.02", "6712.97", true),
            ("1000.00", "0.008", "8.00", false),
            ("999999999.99", "1", "999999999.99", false),
            ("99999999999.99", "0.008", "799999999.98", true),
            ("99999999999.99", "0.008", "800000000.00", false),
        ] {
            let fields = [
                ("wages", wages),
                ("rate", rate),
                ("payable", payable),
                ("due", payable),
            ];
            let line = read(&with(&fields), place).unwrap();
            assert_eq!(is_rate_anomaly(&line), is_anomaly, "{wages} × {rate} = {payable}");
        }
    }

    #[test]
    fn a_total_row_is_no_line() {
        let total = |voucher: &str, payer: &str, line_no| CollectionLine {
            voucher_id: Some(voucher.into()),
            payer_name: Some(payer.into()),
            line_no,
            ..CollectionLine::default()
        };
        for (voucher, payer, line_no, expected) in [
            ("合计", "", None, true),
            ("", "总　计", None, true),
            ("合计：", "", None, true),
            ("Total", "", None, true),
            ("合计", "", Some(1), false),
            ("", "", None, false),
            ("x", "合计建筑有限公司", None, false),
        ] {
            assert_eq!(
                is_total_row(&total(voucher, payer, line_no)),
                expected,
                "{voucher}{payer}"
            );
        }
    }
}
