//! Takes over a register of enterprises from a file (CSV or NDJSON), row by row.
//!
//! A row whose code is new enters an enterprise; a row whose code is known changes owner, industry and employees, so
//! running a file again updates instead of doubling. A row whose code is registered under another name or at another
//! township is refused: more often than not somebody mistyped the code, and overwriting would lose an enterprise.

use super::types::ImportEnterprises;
use super::{deltas, rules, store};
use crate::jobs::{self, Answer, Asked, Chunk, Importer, Refusal};
use crate::kernel::error::{Error, Text, text};
use crate::kernel::event::{Delta, net};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::rows::{Column, Row, optional, required};
use crate::kernel::tree::{Node, Tree};
use crate::kernel::tx::Tx;
use crate::org::federation::rules::division_code;
use crate::org::uscc;
use crate::policy::Action;
use crate::scalars;
use chrono::NaiveDate;
use entity::id::{EnterpriseId, JobId};
use entity::jobs::job::JobKind;
use entity::org::enterprise::{EnterpriseStatus, Model, Ownership};
use entity::org::federation::Level;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::HashMap;

/// The columns of a register.
const COLUMNS: [Column; 7] = [
    required("uscc", &["统一社会信用代码", "社会信用代码", "uscc"]),
    required("name", &["企业名称", "单位名称", "name"]),
    required(
        "township",
        &["街道乡镇代码", "乡镇代码", "township_code", "township"],
    ),
    required("ownership", &["经济类型", "ownership"]),
    required("industry", &["行业代码", "industry"]),
    required("employees", &["职工人数", "employees"]),
    optional("registeredOn", &["登记日期", "registered_on", "registeredOn"]),
];

/// The importer of registers of enterprises.
pub struct Register;

/// Asks for the import of a register at a federation.
pub(super) async fn enqueue(op: &Op, input: &ImportEnterprises) -> Result<JobId, Error> {
    let asked = Asked {
        upload_id: input.upload_id.0.into(),
        federation_id: Gid::parse(&input.federation_id, "federationId")?,
        idempotency_key: input.idempotency_key.clone(),
    };
    jobs::enqueue(op, &Register, &asked).await
}

impl Importer for Register {
    fn kind(&self) -> JobKind {
        JobKind::EnterpriseImport
    }

    fn action(&self) -> Action {
        Action::RegisterEnterprises
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn answer<'a>(&'a self, tx: &'a mut Tx, chunk: Chunk<'a>) -> BoxFuture<'a, Result<Answer, Error>> {
        answer(tx, chunk).boxed()
    }
}

/// What a row says.
struct Said<'a> {
    uscc: String,
    name: String,
    place: &'a Node,
    ownership: Ownership,
    industry: String,
    employees: i32,
    registered_on: NaiveDate,
}

fn ownership(raw: &str) -> Result<Ownership, Text> {
    match raw.to_ascii_lowercase().as_str() {
        "state" | "国有" | "国有企业" => Ok(Ownership::State),
        "collective" | "集体" | "集体企业" => Ok(Ownership::Collective),
        "private" | "私营" | "私营企业" | "民营" | "非公" => Ok(Ownership::Private),
        "foreign" | "外资" | "外商" | "外商投资" | "港澳台" => Ok(Ownership::Foreign),
        "public" | "事业" | "事业单位" | "机关" => Ok(Ownership::Public),
        "other" | "其他" | "个体" => Ok(Ownership::Other),
        _ => Err(text(
            "One of state, collective, private, foreign, public, other.",
            "应为国有、集体、私营、外商投资、事业单位或其他。",
        )),
    }
}

/// The lowest federation of a code that lies where the job may write.
fn place<'a>(tree: &'a Tree, at: &Node, raw: &str) -> Result<&'a Node, Text> {
    let code = division_code(raw)?;
    let levels = [Level::Township, Level::County, Level::City, Level::Province];
    let found = levels
        .into_iter()
        .find_map(|level| tree.by_code(&code, Some(level)));
    let outside = || {
        text(
            "No federation of this import's place has the code.",
            "导入范围内没有此代码的工会。",
        )
    };
    found.filter(|node| at.holds(&node.path)).ok_or_else(outside)
}

fn day(raw: &str, today: NaiveDate) -> Result<NaiveDate, Text> {
    if raw.is_empty() {
        return Ok(today);
    }
    let day = scalars::day(raw).filter(|day| *day <= today);
    day.ok_or_else(|| {
        text(
            "A day (YYYY-MM-DD) from 1900 on, not in the future.",
            "应为 1900 年以后、不晚于今天的日期（YYYY-MM-DD）。",
        )
    })
}

/// Notes refusals of one row.
struct Judge<'a> {
    row: &'a Row,
    refusals: Vec<Refusal>,
}

impl Judge<'_> {
    fn take<T>(&mut self, column: &'static str, value: impl FnOnce(&str) -> Result<T, Text>) -> Option<T> {
        let raw = self.row.cell(column);
        match value(raw) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.refuse(column, "INVALID", reason);
                None
            }
        }
    }

    fn refuse(&mut self, column: &'static str, code: &'static str, reason: Text) {
        let value = self.row.cell(column).to_owned();
        self.refusals.push(Refusal {
            row: self.row.number,
            column: column.into(),
            value,
            code,
            reason,
        });
    }
}

fn read<'a>(row: &Row, tree: &'a Tree, at: &Node, today: NaiveDate) -> Result<Said<'a>, Vec<Refusal>> {
    let mut judge = Judge {
        row,
        refusals: Vec::new(),
    };
    let uscc = judge.take("uscc", |raw| {
        let code = uscc::normalise(raw);
        uscc::check(&code).map(|()| code)
    });
    let name = judge.take("name", rules::name);
    let place = judge.take("township", |raw| place(tree, at, raw));
    let ownership = judge.take("ownership", ownership);
    let industry = judge.take("industry", rules::industry);
    let whole = || text("A whole number.", "应为整数。");
    let employees = judge.take("employees", |raw| {
        rules::employees(raw.parse().map_err(|_| whole())?)
    });
    let registered_on = judge.take("registeredOn", |raw| day(raw, today));
    match (uscc, name, place, ownership, industry, employees, registered_on) {
        (
            Some(uscc),
            Some(name),
            Some(place),
            Some(ownership),
            Some(industry),
            Some(employees),
            Some(registered_on),
        ) => Ok(Said {
            uscc,
            name,
            place,
            ownership,
            industry,
            employees,
            registered_on,
        }),
        _ => Err(judge.refusals),
    }
}

fn enter(op: &Op, said: Said<'_>) -> Model {
    Model {
        id: EnterpriseId(op.id()),
        federation_id: said.place.id,
        uscc: said.uscc,
        name: said.name,
        ownership: said.ownership,
        industry: said.industry,
        employees: said.employees,
        status: EnterpriseStatus::Active,
        latitude_e6: None,
        longitude_e6: None,
        registered_on: said.registered_on,
        changed_on: said.registered_on,
        version: 1,
        created_at: op.now(),
        updated_at: op.now(),
        moved_on: None,
        path: said.place.path.to_string(),
        county_id: said.place.county_id,
    }
}

/// Why a row may not change the enterprise that has its code.
fn clash(known: &Model, said: &Said<'_>, at: &Node) -> Option<(&'static str, Text)> {
    if !at.holds(&known.path) {
        Some((
            "uscc",
            text(
                "Registered outside this import's place.",
                "该代码已在导入范围外登记。",
            ),
        ))
    } else if known.federation_id != said.place.id {
        Some((
            "township",
            text("Registered at another township.", "该企业登记在其他乡镇。"),
        ))
    } else if known.name != said.name {
        let en = format!("Registered as {}; rename it with updateEnterprise.", known.name);
        let zh = format!("该代码已登记为“{}”；改名请用 updateEnterprise。", known.name);
        Some(("name", text(en, zh)))
    } else {
        None
    }
}

/// A chunk being answered.
struct Work {
    known: HashMap<String, Model>,
    entered: Vec<EnterpriseId>,
    changed: HashMap<EnterpriseId, Model>,
    answer: Answer,
}

impl Work {
    fn row(&mut self, op: &Op, row: &Row, said: Said<'_>, at: &Node) {
        let Some(known) = self.known.get(&said.uscc) else {
            let enterprise = enter(op, said);
            self.entered.push(enterprise.id);
            self.answer
                .deltas
                .extend(deltas(&enterprise, enterprise.registered_on, 1));
            self.known.insert(enterprise.uscc.clone(), enterprise);
            self.answer.accepted += 1;
            return;
        };
        if let Some((column, reason)) = clash(known, &said, at) {
            let mut judge = Judge {
                row,
                refusals: Vec::new(),
            };
            judge.refuse(column, "CONFLICT", reason);
            self.answer.refusals.extend(judge.refusals);
            return;
        }
        let mut after = known.clone();
        (after.ownership, after.industry, after.employees) = (said.ownership, said.industry, said.employees);
        if after == *known {
            self.answer.unchanged += 1;
            return;
        }
        after.version += 1;
        after.updated_at = op.now();
        if rules::counts_otherwise(known, &after) {
            after.changed_on = op.today();
        }
        let changes: Vec<Delta> =
            net(deltas(known, op.today(), -1)
                .into_iter()
                .chain(deltas(&after, op.today(), 1)));
        self.answer.deltas.extend(changes);
        self.answer.accepted += 1;
        if !self.entered.contains(&after.id) {
            self.changed.insert(after.id, after.clone());
        }
        self.known.insert(after.uscc.clone(), after);
    }
}

async fn answer(tx: &Tx, chunk: Chunk<'_>) -> Result<Answer, Error> {
    let (op, tree) = (tx.op().clone(), tx.tree().clone());
    let mut said = Vec::with_capacity(chunk.rows.len());
    let mut refusals = Vec::new();
    for row in chunk.rows {
        match read(row, &tree, chunk.place, op.today()) {
            Ok(read) => said.push((row, read)),
            Err(why) => refusals.extend(why),
        }
    }
    let codes = said.iter().map(|(_, said)| said.uscc.as_str());
    let known = store::find_many(tx, codes).await?;
    let mut work = Work {
        known: known
            .into_iter()
            .map(|enterprise| (enterprise.uscc.clone(), enterprise))
            .collect(),
        entered: Vec::new(),
        changed: HashMap::new(),
        answer: Answer {
            event: "ENTERPRISES_IMPORTED",
            accepted: 0,
            unchanged: 0,
            passed_over: 0,
            refusals,
            running_sum: 0,
            sums: Vec::new(),
            deltas: Vec::new(),
        },
    };
    for (row, said) in said {
        work.row(&op, row, said, chunk.place);
    }
    let entered: Vec<Model> = work
        .known
        .into_values()
        .filter(|enterprise| work.entered.contains(&enterprise.id))
        .collect();
    store::insert_many(tx, entered).await?;
    store::update_many(tx, work.changed.into_values().collect()).await?;
    Ok(work.answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_known_in_both_languages() {
        for (raw, expected) in [
            ("state", Some(Ownership::State)),
            ("Private", Some(Ownership::Private)),
            ("集体", Some(Ownership::Collective)),
            ("martian", None),
            ("", None),
        ] {
            assert_eq!(ownership(raw).ok(), expected, "{raw}");
        }
    }

    #[test]
    fn a_day_is_not_in_the_future() {
        let today: NaiveDate = "2026-06-20".parse().unwrap();
        assert_eq!(day("", today).ok(), Some(today));
        assert_eq!(day("2026-06-20", today).ok(), Some(today));
        assert!(day("2026-06-21", today).is_err());
        assert!(day("2026-02-30", today).is_err());
        assert!(day("-9999-01-01", today).is_err());
    }
}
