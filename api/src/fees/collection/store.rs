//! Lines of deliveries in the database: sets of rows, never one by one.

use super::rules::{Accepted, Known, Line, Payer, Reason, Settled, Waiting};
use super::types::{CollectionLine, name};
use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::{Recorded, counted_on};
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tx::Tx;
use crate::metrics::MetricId;
use crate::policy::Action;
use crate::scalars::yuan;
use chrono::NaiveDate;
use entity::fees::waiting::WaitingReason;
use entity::fees::{collection, waiting};
use entity::id::{CollectionId, EnterpriseId, FederationId, WaitingCollectionId};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, FromQueryResult, QueryFilter, Select,
    Value,
};
use std::collections::HashSet;
use uuid::Uuid;

/// Lines that the scope reaches: of an enterprise, entered from a day to a day.
pub(super) fn collections(
    scope: &Scope,
    enterprise_id: Option<EnterpriseId>,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
) -> Select<collection::Entity> {
    use collection::Column;
    let mut rows = collection::Entity::within(scope);
    if let Some(enterprise_id) = enterprise_id {
        rows = rows.filter(Column::EnterpriseId.eq(enterprise_id));
    }
    if let Some(from) = from {
        rows = rows.filter(Column::EnteredOn.gte(from));
    }
    if let Some(to) = to {
        rows = rows.filter(Column::EnteredOn.lte(to));
    }
    rows
}

/// Lines that the scope reaches and that somebody has to look at.
pub(super) fn waiting(scope: &Scope, reason: Option<WaitingReason>) -> Select<waiting::Entity> {
    let rows = waiting::Entity::within(scope);
    match reason {
        Some(reason) => rows.filter(waiting::Column::Reason.eq(reason)),
        None => rows,
    }
}

impl Readable for collection::Entity {
    const READ: Action = Action::ReadCollections;
}

impl Readable for waiting::Entity {
    const READ: Action = Action::ReadCollections;
}

#[derive(FromQueryResult)]
struct PayerRow {
    id: EnterpriseId,
    uscc: String,
    federation_id: FederationId,
    path: String,
    county_id: FederationId,
    moved_on: Option<NaiveDate>,
}

#[derive(FromQueryResult)]
struct AcceptedRow {
    id: CollectionId,
    voucher_id: String,
    line_no: i32,
    digest: String,
    path: String,
    county_id: FederationId,
}

#[derive(FromQueryResult)]
struct WaitingRow {
    id: WaitingCollectionId,
    reason: WaitingReason,
    voucher_id: String,
    line_no: i32,
    digest: String,
    path: String,
}

/// What the district has of the payers and keys of a delivery.
///
/// The scope is applied to the rows found and not in SQL: with both conditions SQLite, knowing nothing of how rows are
/// spread, walks all rows of the county instead of looking up the codes.
pub(super) async fn known(
    tx: &Tx,
    scope: &Scope,
    lines: &[Result<Line, Vec<Reason>>],
) -> Result<Known, Error> {
    let lines = || lines.iter().flatten();
    let codes = distinct(lines().map(|line| line.uscc.as_str()));
    let vouchers = distinct(lines().map(|line| line.voucher_id.as_str()));
    let mut known = Known::default();
    let sql = "SELECT id, uscc, federation_id, path, county_id, moved_on FROM enterprise WHERE uscc IN ";
    for row in found::<PayerRow>(tx, sql, &codes).await? {
        if scope.holds(&row.path) {
            let place = Place {
                federation_id: row.federation_id,
                path: row.path,
                county_id: row.county_id,
            };
            let (id, moved_on) = (row.id, row.moved_on);
            known.payers.insert(row.uscc, Payer { id, place, moved_on });
        }
    }
    let sql = "SELECT id, voucher_id, line_no, digest, path, county_id FROM collection WHERE voucher_id IN ";
    for row in found::<AcceptedRow>(tx, sql, &vouchers).await? {
        if scope.holds(&row.path) {
            let same_key = known.accepted.entry((row.voucher_id, row.line_no)).or_default();
            same_key.push(Accepted {
                id: row.id,
                county_id: row.county_id,
                digest: row.digest,
            });
        }
    }
    let sql =
        "SELECT id, reason, voucher_id, line_no, digest, path FROM waiting_collection WHERE voucher_id IN ";
    for row in found::<WaitingRow>(tx, sql, &vouchers).await? {
        if scope.holds(&row.path) {
            let same_key = known.waiting.entry((row.voucher_id, row.line_no)).or_default();
            same_key.push(Waiting {
                id: row.id,
                digest: row.digest,
                was: Some(row.reason),
                now: Some(row.reason),
                index: 0,
            });
        }
    }
    Ok(known)
}

fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    texts.filter(|text| seen.insert(*text)).collect()
}

async fn found<R: FromQueryResult>(tx: &Tx, select: &str, keys: &[&str]) -> Result<Vec<R>, Error> {
    let mut rows = Vec::with_capacity(keys.len());
    for keys in keys.chunks(PARAMETERS_MAX) {
        let mut sql = Sql::new(select);
        sql.list(keys.iter().copied());
        rows.extend(R::find_by_statement(sql.on(tx.backend())).all(tx.db()).await?);
    }
    Ok(rows)
}

/// Writes what a delivery comes to.
pub(super) async fn write(
    tx: &Tx,
    raw: &[CollectionLine],
    lines: &[Result<Line, Vec<Reason>>],
    settled: &Settled,
) -> Result<(), Error> {
    insert(tx, lines, settled).await?;
    insert_waiting(tx, raw, lines, settled).await?;
    let changed = |waiting: &&Waiting| waiting.was.is_some() && waiting.was != waiting.now;
    let changed: Vec<&Waiting> = settled.waiting.iter().filter(changed).collect();
    let (turned, over): (Vec<&Waiting>, Vec<&Waiting>) =
        changed.into_iter().partition(|waiting| waiting.now.is_some());
    for turned in turned.chunks(PARAMETERS_MAX - 1) {
        let mut sql = Sql::new("UPDATE waiting_collection SET reason = ");
        sql.bind(WaitingReason::ChangedAfterImport.to_value());
        sql.push(" WHERE id IN ")
            .list(turned.iter().map(|waiting| waiting.id));
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    for over in over.chunks(PARAMETERS_MAX) {
        let mut sql = Sql::new("DELETE FROM waiting_collection WHERE id IN ");
        sql.list(over.iter().map(|waiting| waiting.id));
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}

async fn insert(tx: &Tx, lines: &[Result<Line, Vec<Reason>>], settled: &Settled) -> Result<(), Error> {
    const COLUMNS: usize = 25;
    let row = |(index, id, payer): &(usize, CollectionId, Payer)| -> Option<[Value; COLUMNS]> {
        let line = lines.get(*index)?.as_ref().ok()?;
        let warnings = settled.answers.get(*index)?.warnings.iter();
        let warnings: Vec<&str> = warnings.map(|warning| name(*warning)).collect();
        Some([
            payer.place.county_id.into(),
            (*id).into(),
            payer.id.into(),
            line.voucher_id.as_str().into(),
            line.line_no.into(),
            line.tax_registration_no.as_str().into(),
            line.item.to_value().into(),
            line.period.0.into(),
            line.period.1.into(),
            line.wages_fen.into(),
            line.rate_ppm.into(),
            line.payable_fen.into(),
            line.relief_fen.into(),
            line.paid_fen.into(),
            line.due_fen.into(),
            line.entered_on.into(),
            line.treasury_code.as_str().into(),
            line.tax_office.as_str().into(),
            line.reverses.as_deref().into(),
            warnings.join(" ").into(),
            line.digest.as_str().into(),
            tx.op().now().into(),
            payer.place.federation_id.into(),
            payer.place.path.as_str().into(),
            payer.moved_on.into(),
        ])
    };
    for chunk in settled.accepted.chunks(PARAMETERS_MAX / COLUMNS) {
        let mut sql = Sql::new(
            "INSERT INTO collection (county_id, id, enterprise_id, voucher_id, line_no, tax_registration_no, item, \
             period_from, period_to, wages_fen, rate_ppm, payable_fen, relief_fen, paid_fen, due_fen, entered_on, \
             treasury_code, tax_office, reverses_voucher_id, warnings, digest, received_at, federation_id, path, moved_on) VALUES ",
        );
        sql.rows(chunk.iter().filter_map(row));
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}

async fn insert_waiting(
    tx: &Tx,
    raw: &[CollectionLine],
    lines: &[Result<Line, Vec<Reason>>],
    settled: &Settled,
) -> Result<(), Error> {
    const COLUMNS: usize = 14;
    let mut rows: Vec<[Value; COLUMNS]> = Vec::new();
    for new in settled.waiting.iter().filter(|waiting| waiting.was.is_none()) {
        let (Some(reason), Some(Ok(line)), Some(raw)) = (new.now, lines.get(new.index), raw.get(new.index))
        else {
            continue;
        };
        rows.push([
            line.place.county_id.into(),
            new.id.into(),
            reason.to_value().into(),
            line.voucher_id.as_str().into(),
            line.line_no.into(),
            line.uscc.as_str().into(),
            line.payer_name.as_str().into(),
            line.due_fen.into(),
            line.entered_on.into(),
            serde_json::to_string(raw)?.into(),
            line.digest.as_str().into(),
            tx.op().now().into(),
            line.place.federation_id.into(),
            line.place.path.as_str().into(),
        ]);
    }
    for rows in rows.chunks(PARAMETERS_MAX / COLUMNS) {
        let mut sql = Sql::new(
            "INSERT INTO waiting_collection (county_id, id, reason, voucher_id, line_no, uscc, payer_name, due_fen, \
             entered_on, line, digest, received_at, federation_id, path) VALUES ",
        );
        sql.rows(rows.iter().cloned());
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}

/// What the ledger must hold of each accepted line, on the day on which the treasury entered it.
pub(crate) fn recorded() -> Recorded {
    let place = counted_on("enterprise_id", "entered_on");
    let part = |metric: &str, which: &str| {
        format!(
            "SELECT id AS source_id, {place} AS federation_id, entered_on AS day, '{metric}' AS metric, '' AS dimension, due_fen \
             AS amount FROM collection{which}"
        )
    };
    let parts = [
        part("fees_collected", ""),
        part("preparatory_fund_collected", " WHERE item = 'PREPARATORY_FUND'"),
    ];
    Recorded {
        metrics: &[MetricId::FEES_COLLECTED, MetricId::PREPARATORY_FUND_COLLECTED],
        table: "collection",
        tag: CollectionId::TAG,
        read: collection::Entity::READ,
        sql: parts.join(" UNION ALL "),
        has_qualifiers: false,
        has_days: true,
    }
}

#[derive(FromQueryResult)]
struct Body {
    id: Uuid,
    body: String,
}

/// What an event of a delivery says.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    accepted: i64,
    due_fen: i64,
}

#[derive(FromQueryResult)]
struct Totals {
    lines: i64,
    fen: i64,
}

/// Compares what all deliveries said they brought with the lines that are there; names the difference.
pub(crate) async fn check_deliveries(db: &DatabaseTransaction) -> Result<Result<String, String>, Error> {
    let backend = db.get_database_backend();
    let (mut deliveries, mut lines, mut fen, mut last) = (0_u64, 0, 0, Uuid::nil());
    loop {
        let mut sql = Sql::new("SELECT id, body FROM event WHERE kind = ");
        sql.bind(super::SUBMITTED)
            .push(" AND id > ")
            .bind(last)
            .push(" ORDER BY id LIMIT 1000");
        let bodies = Body::find_by_statement(sql.on(backend)).all(db).await?;
        let Some(end) = bodies.last() else { break };
        last = end.id;
        for body in bodies {
            let said: Said = serde_json::from_str(&body.body)?;
            deliveries += 1;
            lines += said.accepted;
            fen += said.due_fen;
        }
    }
    let sql = "SELECT COUNT(*) AS lines, CAST(COALESCE(SUM(due_fen), 0) AS BIGINT) AS fen FROM collection";
    let kept = Totals::find_by_statement(Sql::new(sql).on(backend))
        .one(db)
        .await?;
    let (kept_lines, kept_fen) = kept.map(|kept| (kept.lines, kept.fen)).unwrap_or_default();
    let said = format!(
        "{deliveries} deliveries with {lines} lines for {} yuan",
        yuan(fen)
    );
    Ok(if (kept_lines, kept_fen) == (lines, fen) {
        Ok(said)
    } else {
        Err(format!(
            "{said}, but {kept_lines} lines for {} yuan are kept",
            yuan(kept_fen)
        ))
    })
}
