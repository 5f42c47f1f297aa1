//! One record of a row file: a CSV row or an object of NDJSON, with the names that a domain has for its columns.

use super::error::{Text, text};
use super::rows::Column;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Texts by the name of their column.
pub(super) type Cells = Vec<(&'static str, String)>;

fn known(columns: &'static [Column], title: &str) -> Option<&'static str> {
    let goes_by = |column: &&Column| {
        column
            .aliases
            .iter()
            .any(|alias| title.eq_ignore_ascii_case(alias))
    };
    columns.iter().find(goes_by).map(|column| column.name)
}

/// Finds the columns in a header; says which lack and which stand there twice.
pub(super) fn header(
    columns: &'static [Column],
    titles: &[String],
) -> Result<Vec<Option<&'static str>>, Text> {
    let found: Vec<_> = titles.iter().map(|title| known(columns, title)).collect();
    let times = |column: &Column| found.iter().filter(|name| **name == Some(column.name)).count();
    let lacking = columns
        .iter()
        .filter(|column| column.is_required && times(column) == 0);
    let doubled = columns.iter().filter(|column| times(column) > 1);
    let (lacking, doubled): (Vec<_>, Vec<_>) = (lacking.collect(), doubled.collect());
    let en = |columns: &[&Column]| {
        columns
            .iter()
            .map(|column| column.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let zh = |columns: &[&Column]| {
        let names = columns
            .iter()
            .map(|column| *column.aliases.first().unwrap_or(&column.name));
        names.collect::<Vec<_>>().join("、")
    };
    match (lacking.is_empty(), doubled.is_empty()) {
        (true, true) => Ok(found),
        (false, _) => Err(text(
            format!("Columns are missing in the header: {}.", en(&lacking)),
            format!("表头缺少列：{}。", zh(&lacking)),
        )),
        (true, false) => Err(text(
            format!("Columns stand twice in the header: {}.", en(&doubled)),
            format!("表头中的列重复：{}。", zh(&doubled)),
        )),
    }
}

/// A CSV row while its lines come in.
#[derive(Default)]
pub(super) struct Csv {
    /// The cells so far, trimmed.
    pub(super) cells: Vec<String>,
    cell: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Plain,
    Quoted,
    /// Behind a quotation mark inside a quoted cell: the end of it, or the first of two.
    Closed,
}

impl Csv {
    /// Whether a quoted cell is open.
    pub(super) fn is_quoted(&self) -> bool {
        self.state == State::Quoted
    }

    /// Takes a line in; true if the row ends with it.
    pub(super) fn take(&mut self, line: &[u8]) -> bool {
        for byte in line {
            self.state = match (self.state, *byte) {
                (State::Start, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Closed,
                (State::Start | State::Plain | State::Closed, b',') => self.end_cell(),
                (State::Quoted, byte) => self.push(byte, State::Quoted),
                (State::Closed, b'"') => self.push(b'"', State::Quoted),
                (_, byte) => self.push(byte, State::Plain),
            };
        }
        if self.is_quoted() {
            self.cell.push(b'\n');
            return false;
        }
        self.end_cell();
        true
    }

    fn push(&mut self, byte: u8, state: State) -> State {
        self.cell.push(byte);
        state
    }

    fn end_cell(&mut self) -> State {
        self.cells
            .push(String::from_utf8_lossy(&self.cell).trim().to_owned());
        self.cell.clear();
        State::Start
    }
}

/// The fields of a JSON object as they are written; a map would hide a name that comes twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Reads a line of NDJSON; else the column at fault and why. Numbers stay as they are written.
pub(super) fn object(columns: &'static [Column], line: &[u8]) -> Result<Cells, (&'static str, Text)> {
    let no_json = || text("The line is no JSON object.", "该行不是 JSON 对象。");
    let fields: Fields<'_> = serde_json::from_slice(line).map_err(|_| ("", no_json()))?;
    let mut cells = Cells::new();
    for (title, value) in fields.0 {
        let Some(name) = known(columns, title.trim()) else {
            continue;
        };
        if cells.iter().any(|(earlier, _)| *earlier == name) {
            return Err((name, text("The column stands there twice.", "该列重复。")));
        }
        let written = value.get();
        let cell = match written.as_bytes().first() {
            Some(b'"') => serde_json::from_str(written).map_err(|_| (name, no_json()))?,
            Some(b'n') => String::new(),
            Some(b'{' | b'[') => {
                return Err((name, text("A text or a number is wanted.", "应为文本或数字。")));
            }
            _ => written.to_owned(),
        };
        // No database keeps a NUL in a text.
        if cell.contains('\0') {
            return Err((name, text("The text holds a NUL.", "文本含有 NUL 字符。")));
        }
        cells.push((name, cell.trim().to_owned()));
    }
    Ok(cells)
}
