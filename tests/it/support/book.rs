//! What stands in a book for spreadsheets (XLSX), read by hand: a ZIP archive with a sheet of XML.

use flate2::read::DeflateDecoder;
use std::io::Read;

fn number(bytes: &[u8], at: usize, size: usize) -> usize {
    let digits = bytes[at..at + size].iter().rev();
    digits.fold(0, |number, digit| number << 8 | usize::from(*digit))
}

/// A file in an archive, found by its directory.
fn unzipped(zip: &[u8], wanted: &str) -> String {
    let end = zip.windows(4).rposition(|bytes| bytes == b"PK\x05\x06");
    let end = end.expect("an archive");
    let mut at = number(zip, end + 16, 4);
    for _ in 0..number(zip, end + 10, 2) {
        let length = |field: usize| number(zip, at + field, 2);
        let (method, size, name) = (length(10), number(zip, at + 20, 4), length(28));
        if zip[at + 46..at + 46 + name] == *wanted.as_bytes() {
            let start = number(zip, at + 42, 4);
            let start = start + 30 + number(zip, start + 26, 2) + number(zip, start + 28, 2);
            let (bytes, mut text) = (&zip[start..start + size], String::new());
            match method {
                0 => text = String::from_utf8(bytes.to_vec()).unwrap(),
                _ => drop(DeflateDecoder::new(bytes).read_to_string(&mut text).unwrap()),
            }
            return text;
        }
        at += 46 + name + length(30) + length(32);
    }
    panic!("there is no {wanted}")
}

/// What stands between two marks, and what comes after.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<(&'a str, &'a str)> {
    text.split_once(start)?.1.split_once(end)
}

/// A cell of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Empty,
    Text(String),
    Number(String),
}

fn cell(attributes: &str, inside: &str) -> Cell {
    if !attributes.contains("t=\"") {
        return Cell::Number(between(inside, "<v>", "</v>").unwrap().0.to_owned());
    }
    assert!(
        attributes.contains("t=\"inlineStr\"") && !inside.contains("<f>"),
        "{attributes} {inside}"
    );
    let text = between(inside, "<t>", "</t>").unwrap().0;
    Cell::Text(text.replace("&lt;", "<").replace("&amp;", "&"))
}

/// The rows of the only sheet, of at most 26 columns.
pub fn sheet(book: &[u8]) -> Vec<Vec<Cell>> {
    let xml = unzipped(book, "xl/worksheets/sheet1.xml");
    assert!(!xml.contains("<f>"), "no formula");
    let (mut rows, mut rest) = (Vec::new(), &*xml);
    while let Some((row, after)) = between(rest, "<row ", "</row>") {
        let (mut cells, mut of_row) = (Vec::new(), row);
        while let Some((attributes, after)) = between(of_row, "<c ", ">") {
            let (inside, after) = after.split_once("</c>").unwrap();
            let name = between(attributes, "r=\"", "\"").unwrap().0;
            let column = usize::from(name.as_bytes()[0] - b'A');
            cells.resize(column, Cell::Empty);
            cells.push(cell(attributes, inside));
            of_row = after;
        }
        rows.push(cells);
        rest = after;
    }
    rows
}
