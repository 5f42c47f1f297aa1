//! What stands in an export, and whether it may be decided.

use crate::kernel::clock::day_of;
use crate::kernel::error::{Error, conflict, text};
use crate::people::person::plain::Plain;
use crate::privacy::file::rules as files;
use entity::privacy::export::{ExportState, Model};

/// The columns, as the head names them.
const COLUMNS: [&str; 6] = [
    "id_type",
    "name",
    "id_number",
    "phone",
    "federation",
    "registered_on",
];

/// The number of the approval.
pub fn number(export: &Model) -> String {
    files::number("EXP", export.requested_at, export.id.0)
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

/// Rows as lines of the file, with the head in front of the first ones.
pub fn lines(rows: Vec<Row>, export: &Model, display_name: &str, has_head: bool) -> Result<String, Error> {
    let allowed_on = day_of(export.decided_at.unwrap_or(export.requested_at));
    let watermark = files::watermark(&number(export), display_name, allowed_on);
    let row = |row: Row| {
        let Plain {
            name,
            id_number,
            phone,
            ..
        } = row.plain;
        let phone = phone.unwrap_or_default();
        vec![
            row.id_type,
            name,
            id_number,
            phone,
            row.federation,
            row.registered_on,
        ]
    };
    files::table(
        rows.into_iter().map(row),
        &watermark,
        has_head.then_some(&COLUMNS),
    )
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
    fn an_export_is_decided_once() {
        for (state, is_open) in [
            (ExportState::Requested, true),
            (ExportState::Approved, false),
            (ExportState::Refused, false),
            (ExportState::Ready, false),
            (ExportState::Failed, false),
        ] {
            let export = Model {
                id: Uuid::nil().into(),
                kind: ExportKind::People,
                state,
                purpose: Purpose::Membership,
                reason: String::new(),
                requested_by: Uuid::nil().into(),
                requested_at: "2026-06-20T18:00:00Z".parse().unwrap(),
                decided_by: None,
                decided_at: None,
                refusal: None,
                failure: None,
                file_id: None,
                federation_id: Uuid::nil().into(),
                path: String::new(),
                county_id: Uuid::nil().into(),
            };
            assert_eq!(check_open(&export).is_ok(), is_open, "{state:?}");
        }
    }
}
