//! What stands in an export, and whether it may be decided.

use crate::jobs::rules::harmless;
use crate::kernel::clock::day_of;
use crate::kernel::error::{Error, conflict, text};
use crate::people::person::plain::Plain;
use entity::privacy::export::{ExportState, Model};

/// The columns, as the head names them.
pub const COLUMNS: [&str; 7] = [
    "id_type",
    "name",
    "id_number",
    "phone",
    "federation",
    "registered_on",
    "watermark",
];

/// The number of the approval: the day it was asked for, and the end of its id.
pub fn number(export: &Model) -> String {
    let id = export.id.0.simple().to_string();
    let end = id.get(24..).unwrap_or_default();
    format!("EXP-{}-{end}", day_of(export.requested_at).format("%Y%m%d"))
}

/// What every row and the head hold: number, who, and the day of the approval.
pub fn watermark(export: &Model, display_name: &str) -> String {
    let day = export
        .decided_at
        .map(|at| day_of(at).to_string())
        .unwrap_or_default();
    format!("{} {display_name} {day}", number(export))
}

/// A row of an export.
pub struct Row {
    /// Name of the document.
    pub id_type: String,
    /// What is personal.
    pub plain: Plain,
    /// Name of the federation.
    pub federation: String,
    /// First day on the register.
    pub registered_on: String,
}

/// Rows as lines of CSV, none of them a formula; with the head in front for the first ones.
pub fn lines(rows: &[Row], watermark: &str, has_head: bool) -> Result<String, Error> {
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    let mut write = |cells: &[&str]| {
        let cells = cells.iter().map(|cell| harmless(cell).into_owned());
        csv.write_record(cells).map_err(anyhow::Error::from)
    };
    if has_head {
        write(&[watermark])?;
        write(&COLUMNS)?;
    }
    for row in rows {
        let Plain {
            name,
            id_number,
            phone,
        } = &row.plain;
        let phone = phone.as_deref().unwrap_or_default();
        write(&[
            &row.id_type,
            name,
            id_number,
            phone,
            &row.federation,
            &row.registered_on,
            watermark,
        ])?;
    }
    let bytes = csv
        .into_inner()
        .map_err(|error| anyhow::anyhow!("{}", error.error()))?;
    let text = String::from_utf8(bytes).map_err(anyhow::Error::from)?;
    // The byte order mark tells spreadsheets that it is UTF-8.
    Ok(if has_head { format!("\u{feff}{text}") } else { text })
}

/// An export is decided once.
pub fn check_open(export: &Model) -> Result<(), Error> {
    match export.state {
        ExportState::Requested => Ok(()),
        ExportState::Refused | ExportState::Approved | ExportState::Ready | ExportState::Failed => Err(
            conflict("id", text("It was decided already.", "该导出申请已有审批结果。")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::people::basis::Purpose;
    use entity::privacy::export::ExportKind;
    use uuid::Uuid;

    #[test]
    fn every_row_and_the_head_hold_the_watermark_and_no_formula() {
        let export = Model {
            id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_dead_beef).into(),
            kind: ExportKind::People,
            state: ExportState::Approved,
            purpose: Purpose::Membership,
            reason: String::new(),
            requested_by: Uuid::nil().into(),
            requested_at: "2026-06-20T18:00:00Z".parse().unwrap(),
            decided_by: None,
            decided_at: Some("2026-06-21T18:00:00Z".parse().unwrap()),
            refusal: None,
            failure: None,
            file_id: None,
            federation_id: Uuid::nil().into(),
            path: String::new(),
            county_id: Uuid::nil().into(),
        };
        let watermark = watermark(&export, "=办公室, \"一\"");
        let plain = Plain {
            name: "王小明".into(),
            id_number: "-1".into(),
            phone: None,
        };
        let row = Row {
            id_type: "OTHER".into(),
            plain,
            federation: "=1+1".into(),
            registered_on: "2026-06-01".into(),
        };

        let lines = lines(&[row], &watermark, true)
            .map_err(|error| error.report())
            .unwrap();

        let mark = "\"EXP-20260621-deadbeef =办公室, \"\"一\"\" 2026-06-22\"";
        let expected = format!(
            "\u{feff}{mark}\r\nid_type,name,id_number,phone,federation,registered_on,watermark\r\n\
             OTHER,王小明,'-1,,'=1+1,2026-06-01,{mark}\r\n"
        );
        assert_eq!(lines, expected);
        assert!(check_open(&export).is_err());
        assert!(
            check_open(&Model {
                state: ExportState::Requested,
                ..export
            })
            .is_ok()
        );
    }
}
