//! The access matrix as a client reads it.

use super::matrix::{Area, Row};
use super::shape::{Shape, list, text};
use super::verdict::Mark;
use std::fmt::Write;

/// Where there is something to ask about, in the order of the marks of a cell; and whether it is in the caller's branch.
pub const PLACES: [(&str, &str, bool); 5] = [
    ("own 本级", "湘乡市, a county: where the caller's role is", true),
    ("child 下级", "月山镇, a township of this county", true),
    ("parent 上级", "湘潭市, the city above this county", false),
    ("neighbour 同级", "韶山市, another county of this city", false),
    ("other province 外省", "东城区 of 北京市", false),
];

/// Who asks: a role, or nobody who is signed in.
pub struct Role {
    /// In the schema; empty for nobody.
    pub name: String,
    pub zh: String,
    pub says: String,
}

/// A row with what everybody was answered: for each role a mark for each place.
pub struct Line {
    pub row: Row,
    pub cells: Vec<[Mark; 5]>,
}

impl Line {
    /// What it is called.
    pub fn title(&self) -> String {
        let Row {
            title, kind, variety, ..
        } = &self.row;
        format!("`{title}`{kind} {variety}").trim_end().to_owned()
    }

    /// For each role and place whether it is allowed; none where there is nothing of the kind.
    pub fn grid(&self) -> impl Iterator<Item = Option<bool>> {
        let marks = self.cells.iter().flatten();
        marks.map(|mark| (*mark != Mark::Absent).then_some(*mark == Mark::Allowed))
    }
}

/// The roles that the schema knows, and nobody.
pub fn roles(shape: &Shape) -> Vec<Role> {
    let known = list(&shape.kind("Role")["enumValues"]).iter().map(|role| {
        let described = text(&role["description"]).replace('\n', " ");
        let (zh, says) = described
            .split_once(": ")
            .expect("a role says its Chinese name, a colon, and what it does");
        Role {
            name: text(&role["name"]).to_owned(),
            zh: zh.to_owned(),
            says: says.to_owned(),
        }
    });
    let nobody = Role {
        name: String::new(),
        zh: "未登录".to_owned(),
        says: "nobody signed in.".to_owned(),
    };
    known.chain([nobody]).collect()
}

/// Kinds of a thing that are answered alike are one line.
pub fn merged(lines: Vec<Line>) -> Vec<Line> {
    let name = |line: &Line| (line.row.area, line.row.title.clone(), line.row.variety);
    let mut merged: Vec<Line> = Vec::new();
    let mut rest = lines.into_iter().peekable();
    while let Some(mut first) = rest.next() {
        let mut others = Vec::new();
        while let Some(other) = rest.next_if(|other| name(other) == name(&first)) {
            others.push(other);
        }
        if others.iter().all(|other| other.cells == first.cells) {
            first.row.kind.clear();
            others.clear();
        }
        merged.push(first);
        merged.extend(others);
    }
    merged
}

/// Columns that a text takes on a screen: characters of Chinese take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|character| if character >= '\u{2e80}' { 2 } else { 1 })
        .sum()
}

fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

const HEAD: &str = "\
# Who may do what, and where 权限矩阵

Made from the service as it runs, by trying: `UPDATE=1 cargo test -p tests -- access` writes it anew.

Everybody below has one role at one county, and tried every operation on what there is in five places. A line is an
operation, a column a role (read down it for what that role may do), and a cell has five marks, one for each place.
Of a person only masked values are shown; the plain ones come by `revealPerson`, by exports, and in the copy that a
person asks for.

";
const MARKS: [(Mark, &str); 4] = [
    (Mark::Allowed, "allowed 允许; a rule may still refuse an input"),
    (
        Mark::Refused,
        "refused 拒绝: the answer says that the role may not",
    ),
    (
        Mark::Hidden,
        "not there 不可见: the answer is that of something that does not exist, or a list without it",
    ),
    (Mark::Absent, "nothing of the kind is in this place 不适用"),
];
const AREAS: [(Area, &str); 4] = [
    (Area::Seeing, "Seeing a thing 查看"),
    (
        Area::Following,
        "What a thing leads to: lists, figures, and other things 清单、数据与关联",
    ),
    (Area::Doing, "Doing 办理"),
    (Area::Hearing, "Hearing of what happens 订阅"),
];

/// The table, and under headings the exceptions.
pub fn table(roles: &[Role], lines: &[Line], exceptions: &[(&str, Vec<String>)]) -> String {
    let mut text = HEAD.to_owned();
    for (number, (name, says, _)) in (1..).zip(PLACES) {
        let _ = writeln!(text, "{number}. {name}: {says}");
    }
    text.push_str("\n| Mark | Meaning |\n|---|---|\n");
    for (mark, says) in MARKS {
        let _ = writeln!(text, "| {} | {says} |", mark.sign());
    }
    text.push_str("\nSo `●●···` is: in one's own county and below it, and nowhere else.\n\n| Role | Name | |\n|---|---|---|\n");
    for Role { name, zh, says } in roles {
        let _ = writeln!(text, "| {zh} | {name} | {says} |");
    }
    for (area, heading) in AREAS {
        let _ = writeln!(text, "\n## {heading}\n");
        text.push_str(&part(roles, lines.iter().filter(|line| line.row.area == area)));
    }
    for (heading, exceptions) in exceptions {
        let _ = writeln!(text, "\n## {heading}\n");
        for exception in exceptions {
            let _ = writeln!(text, "- {exception}");
        }
    }
    text
}

/// The lines of an area.
fn part<'a>(roles: &[Role], lines: impl Iterator<Item = &'a Line>) -> String {
    let mut rows = vec![(
        String::new(),
        roles.iter().map(|role| role.zh.clone()).collect(),
        String::new(),
    )];
    rows.extend(lines.map(|line| {
        let drawn = |cell: &[Mark; 5]| cell.iter().map(|mark| mark.sign()).collect();
        let cells: Vec<String> = line.cells.iter().map(drawn).collect();
        (line.title(), cells, line.row.says.clone())
    }));
    let title_width = rows
        .iter()
        .map(|(title, _, _)| width(title))
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for (number, (title, cells, says)) in rows.iter().enumerate() {
        let cells = cells
            .iter()
            .zip(roles)
            .map(|(cell, role)| padded(cell, width(&role.zh).max(5)));
        let _ = writeln!(
            text,
            "| {} | {} | {says} |",
            padded(title, title_width),
            cells.collect::<Vec<_>>().join(" | ")
        );
        if number == 0 {
            let _ = writeln!(text, "|{}", "---|".repeat(roles.len() + 2));
        }
    }
    text
}
