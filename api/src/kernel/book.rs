//! XLSX for spreadsheets: a table of one sheet, written row by row in constant memory. A text is a text, never a formula.

use super::error::Error;
use super::sheet::{Cell, DIGITS_MAX};
use chrono::{DateTime, Utc};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use std::io::Write;

/// A book of one sheet.
pub struct Book {
    book: Workbook,
    row: u32,
    hundredths: Format,
}

fn broken(error: XlsxError) -> Error {
    anyhow::Error::from(error).into()
}

/// A number that a spreadsheet keeps to its last digit.
fn kept(number: &str) -> Option<f64> {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (digits <= DIGITS_MAX).then(|| number.parse().ok()).flatten()
}

impl Book {
    /// Begins one whose first rows stay in sight.
    pub fn new(title: &str, head: u32, made_at: DateTime<Utc>) -> Result<Book, Error> {
        let mut book = Workbook::new();
        let made_at = ExcelDateTime::from_timestamp(made_at.timestamp()).map_err(broken)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made_at));
        let sheet = book.add_worksheet_with_constant_memory().map_err(broken)?;
        sheet.set_name(title).map_err(broken)?;
        sheet.set_freeze_panes(head, 0).map_err(broken)?;
        Ok(Book {
            book,
            row: 0,
            hundredths: Format::new().set_num_format("0.00"),
        })
    }

    /// Adds a row. A number with decimals shows two; one of more digits than a spreadsheet keeps becomes a text.
    pub fn add(&mut self, cells: &[Cell]) -> Result<(), Error> {
        let sheet = self.book.worksheet_from_index(0).map_err(broken)?;
        for (column, cell) in (0_u16..).zip(cells) {
            let (text, number) = match cell {
                Cell::Text(text) => (text, None),
                Cell::Number(number) => (number, kept(number)),
            };
            let added = match number {
                None => sheet.write_string(self.row, column, text),
                Some(number) if text.contains('.') => {
                    sheet.write_number_with_format(self.row, column, number, &self.hundredths)
                }
                Some(number) => sheet.write_number(self.row, column, number),
            };
            added.map_err(broken)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Writes it out.
    pub fn write(mut self, out: impl Write + Send) -> Result<(), Error> {
        self.book.save_to_writer(out).map_err(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_to_its_last_digit_or_not_as_a_number() {
        for (number, expected) in [
            ("0", Some("0")),
            ("-12", Some("-12")),
            ("136570.18", Some("136570.18")),
            ("9999999999999.99", Some("9999999999999.99")),
            ("-9999999999999.99", Some("-9999999999999.99")),
            ("99999999999999.99", None),
            ("999999999999999", Some("999999999999999")),
            ("1000000000000000", None),
        ] {
            assert_eq!(kept(number).map(|kept| kept.to_string()).as_deref(), expected);
        }
    }
}
