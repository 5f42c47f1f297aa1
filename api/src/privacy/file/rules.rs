//! What a file may be read by, and what stands in one that is a table.

use crate::kernel::clock::day_of;
use crate::kernel::error::Error;
use crate::kernel::sheet;
use crate::policy::Action;
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::SealedFileId;
use entity::privacy::sealed_file::Holding;
use uuid::Uuid;

/// What one must be allowed to do where a file is from, to fetch it.
pub fn reads(holds: Holding) -> Action {
    match holds {
        Holding::People => Action::ReadPeople,
        Holding::AuditTrail => Action::ReadAudit,
        Holding::Figures => Action::ReadFigures,
    }
}

/// What a file is, by its name.
pub fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => "text/csv; charset=utf-8",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/json; charset=utf-8",
    }
}

/// Whether the pieces of a file hold bytes, as Base64.
pub fn is_binary(name: &str) -> bool {
    name.ends_with(".xlsx")
}

/// The cursor of a job whose file is whole.
pub const END: &str = "end";

/// How far a job is that writes a file: its cursor.
pub struct Position {
    /// The file.
    pub file_id: SealedFileId,
    /// How many pieces it has.
    pub pieces: i32,
    /// The last row, in the words of the job.
    pub after: String,
}

impl Position {
    /// Reads a cursor; none where nothing is written yet.
    pub fn read(cursor: &str) -> Option<Position> {
        let mut parts = cursor.split(' ');
        let file_id = Uuid::parse_str(parts.next()?).ok()?.into();
        let pieces = parts.next()?.parse().ok()?;
        let after = parts.next()?.to_owned();
        Some(Position {
            file_id,
            pieces,
            after,
        })
    }

    /// Writes a cursor.
    pub fn cursor(&self) -> String {
        format!("{} {} {}", self.file_id, self.pieces, self.after)
    }
}

/// The number under which something was asked for: what it is, the day, and the end of its id.
pub fn number(what: &str, asked_at: DateTime<Utc>, id: Uuid) -> String {
    let id = id.simple().to_string();
    let end = id.get(24..).unwrap_or_default();
    format!("{what}-{}-{end}", day_of(asked_at).format("%Y%m%d"))
}

/// What the head and every row hold: number, who, and the day on which it was allowed.
pub fn watermark(number: &str, display_name: &str, allowed_on: NaiveDate) -> String {
    format!("{number} {display_name} {allowed_on}")
}

/// Rows as lines of CSV that each end with the watermark. In front of the first ones, which `columns` tells, stand the
/// watermark and the names of the columns.
pub fn table(
    rows: impl IntoIterator<Item = Vec<String>>,
    watermark: &str,
    columns: Option<&[&str]>,
) -> Result<String, Error> {
    let marked = |row: Vec<String>| row.into_iter().chain([watermark.to_owned()]);
    let lines = sheet::lines(rows.into_iter().map(marked))?;
    let Some(columns) = columns else {
        return Ok(lines);
    };
    let names = [columns, &["watermark"]].concat();
    let head = sheet::lines([vec![watermark], names])?;
    Ok(format!("{}{head}{lines}", sheet::MARK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_and_the_head_hold_the_watermark_and_no_formula() {
        let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_dead_beef);
        let number = number("EXP", "2026-06-20T18:00:00Z".parse().unwrap(), id);
        let watermark = watermark(&number, "=办公室, \"一\"", "2026-06-22".parse().unwrap());
        let rows = || [["王小明", "-1"], ["=1+1", ""]].map(|row| row.map(str::to_owned).to_vec());
        let table = |columns| {
            table(rows(), &watermark, columns)
                .map_err(|error| error.report())
                .unwrap()
        };

        let mark = "\"EXP-20260621-deadbeef =办公室, \"\"一\"\" 2026-06-22\"";
        let lines = format!("王小明,'-1,{mark}\r\n'=1+1,,{mark}\r\n");
        assert_eq!(table(None), lines);
        assert_eq!(
            table(Some(&["name", "id_number"])),
            format!("\u{feff}{mark}\r\nname,id_number,watermark\r\n{lines}")
        );
    }
}
