//! CSV for spreadsheets: UTF-8 with a byte order mark, and no cell that is taken for a formula.

use super::error::Error;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Tells spreadsheets that it is UTF-8.
pub const MARK: &str = "\u{feff}";

/// What makes a cell a formula, as the first character (OWASP, CSV Injection); the full-width ones do where the
/// spreadsheet speaks Chinese.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Digits that a spreadsheet keeps of a number.
pub(super) const DIGITS_MAX: usize = 15;

/// Digits that a spreadsheet shows of a number in a cell without a format: 430381000000 would be 4.30381E+11.
const DIGITS_SHOWN: usize = 11;

/// A cell of a table whose numbers are to be reckoned with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// A text, whatever it looks like.
    Text(String),
    /// A decimal number as it is written; a negative one is no formula.
    Number(String),
}

/// A cell that a spreadsheet takes for text: never for a formula, and never for a number of more digits than it shows, such
/// as a division code or an ID number.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    let is_cut = cell.len() > DIGITS_SHOWN && cell.bytes().all(|byte| byte.is_ascii_digit());
    if is_cut || cell.starts_with(FORMULA) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Rows as lines, every cell harmless.
pub fn lines<R, C>(rows: impl IntoIterator<Item = R>) -> Result<String, Error>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let cells = |row: R| row.into_iter().map(|cell| harmless(cell.as_ref()).into_owned());
    written(rows.into_iter().map(cells))
}

/// Rows of a table as lines: every text harmless, every number as it is.
pub fn table(rows: &[Vec<Cell>]) -> Result<String, Error> {
    let cell = |cell: &'_ Cell| match cell {
        Cell::Text(text) => harmless(text).into_owned(),
        Cell::Number(number) => number.clone(),
    };
    written(rows.iter().map(|row| row.iter().map(cell)))
}

fn written<R: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> Result<String, Error> {
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        csv.write_record(row).map_err(anyhow::Error::from)?;
    }
    let bytes = csv
        .into_inner()
        .map_err(|error| anyhow::anyhow!("{}", error.error()))?;
    Ok(String::from_utf8(bytes).map_err(anyhow::Error::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_a_number_that_is_cut_short() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+86", "'+86"),
            ("-85506.72", "'-85506.72"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\r=x", "'\r=x"),
            ("\n=x", "'\n=x"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠x", "'＠x"),
            ("毛田=1", "毛田=1"),
            ("13800000002", "13800000002"),
            ("430381000000", "'430381000000"),
            ("43038100000X", "43038100000X"),
            ("430381188603010019", "'430381188603010019"),
            ("43038118860301001X", "43038118860301001X"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell), expected);
        }
    }

    #[test]
    fn a_negative_number_is_a_number_and_a_text_that_looks_like_one_is_none() {
        let row = vec![
            Cell::Text("-1".to_owned()),
            Cell::Number("-85506.72".to_owned()),
            Cell::Text("=1+1".to_owned()),
        ];
        let lines = table(&[row]).map_err(|error| error.report()).unwrap();
        assert_eq!(lines, "'-1,-85506.72,'=1+1\r\n");
    }

    #[test]
    fn lines_are_quoted_and_harmless() {
        let lines = lines([vec!["a", "=b"], vec!["c, \"d\"", "\r-e", "f"]]);
        let lines = lines.map_err(|error| error.report()).unwrap();
        assert_eq!(lines, "a,'=b\r\n\"c, \"\"d\"\"\",\"'\r-e\",f\r\n");
    }
}
