//! Decisions about the tree: where a division hangs, what a new list changes, which federation may hang under which.

use crate::kernel::error::{Text, text};
use crate::kernel::tree::{Node, Tree};
use chrono::NaiveDate;
use entity::id::FederationId;
use entity::org::federation::{Kind, Level};
use std::collections::{HashMap, HashSet};

/// A row of the list of administrative divisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// 12 digits.
    pub code: String,
    /// Rank.
    pub level: Level,
    /// Name.
    pub name: String,
}

/// Names that stand in as cities for no real one: districts directly under a municipality, counties directly under a
/// province. Their federations exist only to hold the tree together.
const STAND_INS: [&str; 4] = ["市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"];

/// Whether a division stands in for a real one.
pub fn is_stand_in(level: Level, name: &str) -> bool {
    level == Level::City && STAND_INS.contains(&name)
}

/// The full name of a federation: the division's name and 总工会, or the name it was founded with.
pub fn full_name(node: &Node) -> String {
    match node.kind {
        Kind::Territorial => format!("{}总工会", node.name),
        _ => node.name.to_string(),
    }
}

/// Reads a division code: 12 digits, full-width ones put right.
pub fn division_code(raw: &str) -> Result<String, Text> {
    let code: String = raw.trim().chars().map(half_width).collect();
    if code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(code)
    } else {
        Err(text(
            "A division code has 12 digits.",
            "行政区划代码应为 12 位数字。",
        ))
    }
}

/// Reads a level by the name that lists and the command line use.
pub fn level(name: &str) -> Result<Level, Text> {
    match name {
        "PROVINCE" => Ok(Level::Province),
        "CITY" => Ok(Level::City),
        "COUNTY" => Ok(Level::County),
        "TOWNSHIP" => Ok(Level::Township),
        _ => Err(text(
            "The level is PROVINCE, CITY, COUNTY or TOWNSHIP.",
            "层级应为 PROVINCE、CITY、COUNTY 或 TOWNSHIP。",
        )),
    }
}

/// A full-width character as the plain one.
pub fn half_width(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => u32::from(character)
            .checked_sub(0xfee0)
            .and_then(char::from_u32)
            .unwrap_or(character),
        '\u{3000}' => ' ',
        other => other,
    }
}

/// Digits of a code that name its division at a level; the rest are zeros (GB/T 2260 and its 12-digit extension).
fn digits(level: Level) -> usize {
    match level {
        Level::Province => 2,
        Level::City => 4,
        Level::County => 6,
        Level::Township => 9,
    }
}

/// The divisions that may be the superior, nearest first. A level that the list leaves out is passed over; the towns
/// of 东莞, 中山 and 儋州 carry the digits of their city, which the list has as a county too.
pub fn superiors(code: &str, level: Level) -> Vec<(Level, String)> {
    let levels = [Level::County, Level::City, Level::Province];
    let above = levels.into_iter().filter(|above| *above < level);
    above
        .map(|above| {
            (
                above,
                format!("{:0<12}", code.get(..digits(above)).unwrap_or_default()),
            )
        })
        .collect()
}

/// What a list changes in the tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Divisions that have no federation yet; superiors first.
    pub added: Vec<Division>,
    /// Federations whose division has another name now.
    pub renamed: Vec<(FederationId, String, bool)>,
    /// Federations whose division the list does not have any more.
    pub retired: Vec<FederationId>,
    /// Retired federations whose division the list has again.
    pub revived: Vec<FederationId>,
}

impl Changes {
    /// Whether the list says what the tree says.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.renamed.is_empty() && self.retired.is_empty() && self.revived.is_empty()
    }
}

/// Compares a list with the tree. A federation keeps the superior that it was founded under, whatever a newer list
/// adds in between: moving is another act than importing.
pub fn compare(tree: &Tree, mut list: Vec<Division>) -> Changes {
    list.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
    let mut changes = Changes::default();
    let mut listed = HashSet::new();
    for division in list {
        match tree.by_code(&division.code, Some(division.level)) {
            Some(node) => {
                listed.insert(node.id);
                if *node.name != *division.name {
                    let is_stand_in = is_stand_in(division.level, &division.name);
                    changes.renamed.push((node.id, division.name, is_stand_in));
                }
                if node.retired_on.is_some() {
                    changes.revived.push(node.id);
                }
            }
            None => changes.added.push(division),
        }
    }
    let gone = tree
        .nodes()
        .iter()
        .filter(|node| node.kind == Kind::Territorial && node.retired_on.is_none());
    changes.retired = gone
        .map(|node| node.id)
        .filter(|id| !listed.contains(id))
        .collect();
    changes
}

/// Whether a list may retire so many: one that leaves out more than a tenth of the federations is only a part of the
/// list, sent by mistake. In the real lists of two years less than a hundredth differ.
pub fn check_retirement(changes: &Changes, known: usize) -> Result<(), Text> {
    let retired = changes.retired.len();
    if retired > 10 && retired > known / 10 {
        let en = format!("The list leaves out {retired} of {known} federations: it is not the whole list.");
        Err(text(
            en,
            format!("列表缺少 {known} 个工会中的 {retired} 个，不是完整列表。"),
        ))
    } else {
        Ok(())
    }
}

/// Rows that cannot be read as a list: a second row with the same level and code, or one that nothing is above.
pub fn check_list(list: &[Division]) -> Result<(), (usize, Text)> {
    let mut seen = HashMap::new();
    for (index, division) in list.iter().enumerate() {
        if seen
            .insert((division.level, division.code.as_str()), index)
            .is_some()
        {
            return Err((
                index,
                text("The list has this level and code twice.", "同级代码重复。"),
            ));
        }
        if division
            .code
            .get(digits(division.level)..)
            .is_none_or(|rest| rest.bytes().any(|byte| byte != b'0'))
        {
            return Err((
                index,
                text("The code has digits below its level.", "代码与层级不符。"),
            ));
        }
    }
    for (index, division) in list.iter().enumerate() {
        let mut above = superiors(&division.code, division.level).into_iter();
        let has_superior = above.any(|(level, code)| seen.contains_key(&(level, code.as_str())));
        if division.level != Level::Province && !has_superior {
            return Err((
                index,
                text(
                    "The list has no division above this one.",
                    "列表中没有其上级区划。",
                ),
            ));
        }
    }
    Ok(())
}

/// A key of the tree's paths: four characters, in order of founding; 1,679,616 of them.
pub fn path_key(number: i64) -> Option<String> {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = usize::try_from(number)
        .ok()
        .filter(|number| *number < 36 * 36 * 36 * 36)?;
    let mut key = Vec::with_capacity(4);
    for _ in 0..4 {
        key.push(char::from(*DIGITS.get(rest % 36)?));
        rest /= 36;
    }
    Some(key.into_iter().rev().collect())
}

/// Whether a federation of a level may hang under one of another: strictly below, so a county never hangs under a
/// county and no cycle can be made. 工会法 第十一条.
pub fn may_hang(level: Level, parent: Level) -> Result<(), Text> {
    if level > parent {
        Ok(())
    } else {
        Err(text(
            "A federation hangs under one of a higher level.",
            "下级工会的层级必须低于上级工会。",
        ))
    }
}

/// Whether a period is one: it ends after it begins.
pub fn check_period(from: NaiveDate, to: Option<NaiveDate>) -> Result<(), Text> {
    if to.is_none_or(|to| to > from) {
        Ok(())
    } else {
        Err(text(
            "The end must be after the beginning.",
            "结束日期必须晚于开始日期。",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn division(code: &str, level: Level, name: &str) -> Division {
        Division {
            code: code.into(),
            level,
            name: name.into(),
        }
    }

    #[test]
    fn a_division_hangs_under_the_nearest_level_that_the_list_has() {
        for (code, level, expected) in [
            (
                "430381110000",
                Level::Township,
                ["430381000000", "430300000000", "430000000000"].as_slice(),
            ),
            (
                "441900003000",
                Level::Township,
                &["441900000000", "441900000000", "440000000000"],
            ),
            ("441900000000", Level::County, &["441900000000", "440000000000"]),
            (
                "350527000000",
                Level::Township,
                &["350527000000", "350500000000", "350000000000"],
            ),
            ("430000000000", Level::Province, &[]),
        ] {
            let codes: Vec<String> = superiors(code, level).into_iter().map(|(_, code)| code).collect();
            assert_eq!(codes, expected, "{code}");
        }
    }

    #[test]
    fn a_list_that_is_none_is_refused_with_its_row() {
        let province = division("430000000000", Level::Province, "湖南省");
        let county = division("430381000000", Level::County, "湘乡市");
        assert_eq!(check_list(&[province.clone(), county.clone()]), Ok(()));
        assert_eq!(
            check_list(&[province.clone(), county.clone(), county.clone()])
                .unwrap_err()
                .0,
            2
        );
        assert_eq!(check_list(&[county]).unwrap_err().0, 0);
        assert_eq!(
            check_list(&[province, division("430381000000", Level::City, "湘乡市")])
                .unwrap_err()
                .0,
            1
        );
    }

    #[test]
    fn keys_sort_in_order_of_founding_and_end_before_they_repeat() {
        assert_eq!(path_key(0).as_deref(), Some("0000"));
        assert_eq!(path_key(36 * 36 * 36 * 36 - 1).as_deref(), Some("zzzz"));
        assert_eq!(path_key(36 * 36 * 36 * 36), None);
        assert!(path_key(35) < path_key(36));
    }

    #[test]
    fn a_county_does_not_hang_under_a_county() {
        assert!(may_hang(Level::County, Level::City).is_ok());
        assert!(may_hang(Level::County, Level::Province).is_ok());
        assert!(may_hang(Level::County, Level::County).is_err());
        assert!(may_hang(Level::City, Level::Township).is_err());
    }
}
