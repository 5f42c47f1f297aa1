//! Takes over the list of administrative divisions: every row becomes a federation. A second run changes nothing; a
//! newer list adds, renames and retires.
//!
//! The real list has oddities, each handled on purpose: four codes stand at two levels (东莞, 中山, 儋州 as city and
//! county, 金门 as county and township), so the key is level and code; a level may be missing, so a division hangs
//! under the nearest one above that exists; names such as 市辖区 stand in for no real city and are marked.

use super::Event;
use super::rules::{self, Changes, Division};
use super::store;
use crate::kernel::error::{Error, Text, invalid, text};
use crate::kernel::op::Op;
use std::io::Read;

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Rows of the list.
    pub rows: usize,
    /// New federations.
    pub added: usize,
    /// Those that have another name now.
    pub renamed: usize,
    /// Those that the list does not have any more.
    pub retired: usize,
    /// Those that the list has again.
    pub revived: usize,
}

/// Reads a list (CSV with the columns code, level, name) and takes it over, all or nothing.
pub async fn import(op: &Op, list: impl Read) -> Result<Imported, Error> {
    let list = read(list)?;
    let rows = list.len();
    if list.is_empty() {
        return Err(invalid("", text("The list is empty.", "列表为空。")));
    }
    let list = &list;
    op.write(|mut tx| async move {
        let changes = rules::compare(tx.tree(), list.clone());
        rules::check_retirement(&changes, tx.tree().len()).map_err(|text| invalid("", text))?;
        let Changes {
            added,
            renamed,
            retired,
            revived,
        } = &changes;
        let imported = Imported {
            rows,
            added: added.len(),
            renamed: renamed.len(),
            retired: retired.len(),
            revived: revived.len(),
        };
        if changes.is_empty() {
            return Ok(tx.unchanged(imported));
        }
        store::apply(&mut tx, &changes).await?;
        let event = Event::DivisionsImported {
            added: imported.added,
            renamed: imported.renamed,
            retired: imported.retired,
            revived: imported.revived,
        };
        tx.commit(event, imported).await
    })
    .await
}

fn read(list: impl Read) -> Result<Vec<Division>, Error> {
    let mut reader = csv::Reader::from_reader(list);
    // The first line is the header, so the first row is line 2.
    let at = |index: usize, column: &str, text: Text| {
        let place = format!("line {}.{column}", index + 2);
        invalid(place.trim_end_matches('.').to_owned(), text)
    };
    let unreadable = || {
        text(
            "Not a CSV list with the columns code, level, name.",
            "不是含 code、level、name 列的 CSV。",
        )
    };
    let headers = reader.headers().map_err(|_| invalid("", unreadable()))?;
    if headers.iter().collect::<Vec<_>>() != ["code", "level", "name"] {
        return Err(invalid("", unreadable()));
    }
    let mut divisions = Vec::new();
    for (index, row) in reader.into_records().enumerate() {
        let row = row.map_err(|_| at(index, "", unreadable()))?;
        let cell = |column| row.get(column).unwrap_or_default().trim();
        let code = rules::division_code(cell(0)).map_err(|text| at(index, "code", text))?;
        let level = rules::level(cell(1)).map_err(|text| at(index, "level", text))?;
        let name = cell(2).to_owned();
        if name.is_empty() {
            return Err(at(
                index,
                "name",
                text("A division has a name.", "区划名称不能为空。"),
            ));
        }
        divisions.push(Division { code, level, name });
    }
    rules::check_list(&divisions).map_err(|(index, text)| at(index, "code", text))?;
    Ok(divisions)
}
