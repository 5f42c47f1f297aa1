//! A delivery as a file: CSV or NDJSON, the same lines and the same way as by call.
//!
//! A line that is not accepted and was not before stands in the error file, with the code of its status (UNKNOWN_PAYER,
//! CHANGED_AFTER_IMPORT) or one row for each reason why it is INVALID.
//!
//! # The total row
//! Some exports end with a row 合计. It is no line: its amount is compared with the sum of `due` of all rows above it, of
//! whatever became of them, because it tells what was sent and not what is new. If it fits it is passed over. If not, it
//! is refused as TOTAL_DIFFERS with both amounts, and the lines stay: each is right by itself, but rows were lost or
//! changed on the way, and the bureau has to send the file again, which doubles nothing. The sum goes with the job from
//! chunk to chunk: a total row costs nothing, wherever and however often one stands, and is the same after a crash.

use super::rules::{self, Answer as Answered};
use super::types::{CollectionLine, CollectionStatus, ImportCollections, name};
use super::{SUBMITTED, service};
use crate::jobs::{self, Answer, Asked, Chunk, Importer, Refusal};
use crate::kernel::error::{Error, Text, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::rows::{Column, Row, optional, required};
use crate::kernel::tx::Tx;
use crate::policy::Action;
use crate::scalars::yuan;
use entity::id::JobId;
use entity::jobs::job::JobKind;
use futures_util::future::BoxFuture;

/// The columns of the bureau's files, named as the fields of a line.
static COLUMNS: [Column; 19] = [
    required("voucherId", &["税票号码", "voucherId"]),
    required("lineNo", &["明细序号", "lineNo"]),
    required("taxRegistrationNo", &["登记序号", "taxRegistrationNo"]),
    required(
        "uscc",
        &["统一社会信用代码", "社会信用代码（纳税人识别号）", "uscc"],
    ),
    required("payerName", &["纳税人名称", "payerName"]),
    required("itemCode", &["征收品目代码", "征收品目", "itemCode"]),
    required("periodFrom", &["所属期起", "periodFrom"]),
    required("periodTo", &["所属期止", "periodTo"]),
    required("wages", &["工资总额", "wages"]),
    required("rate", &["费率", "rate"]),
    required("payable", &["应纳费额", "payable"]),
    required("relief", &["减免费额", "relief"]),
    required("paid", &["已缴费额", "paid"]),
    required("due", &["实缴金额", "due"]),
    required("enteredOn", &["入库日期", "enteredOn"]),
    required("treasuryCode", &["国库代码", "treasuryCode"]),
    required("taxOffice", &["税务机关代码", "税务机关", "taxOffice"]),
    required("township", &["街道乡镇代码", "街道乡镇", "township"]),
    optional("reverses", &["冲销税票号码", "reverses"]),
];

/// The importer of the tax bureau's files.
pub struct Delivery;

/// Asks for the import of a file for a district.
pub(super) async fn enqueue(op: &Op, input: &ImportCollections) -> Result<JobId, Error> {
    let asked = Asked {
        upload_id: input.upload_id.0.into(),
        federation_id: Gid::parse(&input.federation_id, "federationId")?,
        idempotency_key: input.idempotency_key.clone(),
    };
    jobs::enqueue(op, &Delivery, &asked).await
}

impl Importer for Delivery {
    fn kind(&self) -> JobKind {
        JobKind::CollectionImport
    }

    fn action(&self) -> Action {
        Action::SubmitCollections
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn answer<'a>(&'a self, tx: &'a mut Tx, chunk: Chunk<'a>) -> BoxFuture<'a, Result<Answer, Error>> {
        Box::pin(answer(tx, chunk))
    }
}

async fn answer(tx: &mut Tx, chunk: Chunk<'_>) -> Result<Answer, Error> {
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    let (mut refusals, mut passed_over) = (Vec::new(), 0);
    let mut running_sum = chunk.job.running_sum;
    for row in chunk.rows {
        let line = line(row);
        if rules::is_total_row(&line) {
            match check_total(row, running_sum) {
                Some(refusal) => refusals.push(refusal),
                None => passed_over += 1,
            }
        } else {
            let due = rules::fee_fen(row.cell("due")).unwrap_or_default();
            running_sum = running_sum.saturating_add(due);
            rows.push(row);
            lines.push(line);
        }
    }
    let has_below = !tx.tree().below(chunk.place).is_empty();
    let district = tx.scope(Action::SubmitCollections).within(chunk.place, has_below);
    let delivered = service::deliver(tx, &district, &lines).await?;
    for (row, answered) in rows.into_iter().zip(&delivered.answers) {
        refusals.extend(refused(row, answered));
    }
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Answer {
        event: SUBMITTED,
        accepted: number(delivered.counts.accepted),
        unchanged: number(delivered.counts.duplicate),
        passed_over,
        refusals,
        running_sum,
        sums: vec![("dueFen", delivered.counts.due_fen)],
        deltas: delivered.deltas,
    })
}

/// A row as a line. A line number that is none becomes 0, which no line has.
fn line(row: &Row) -> CollectionLine {
    let cell = |column| Some(row.cell(column)).filter(|cell| !cell.is_empty());
    let text = |column| cell(column).map(str::to_owned);
    CollectionLine {
        voucher_id: text("voucherId"),
        line_no: cell("lineNo").map(|number| number.parse().unwrap_or_default()),
        tax_registration_no: text("taxRegistrationNo"),
        uscc: text("uscc"),
        payer_name: text("payerName"),
        item_code: text("itemCode"),
        period_from: text("periodFrom"),
        period_to: text("periodTo"),
        wages: text("wages"),
        rate: text("rate"),
        payable: text("payable"),
        relief: text("relief"),
        paid: text("paid"),
        due: text("due"),
        entered_on: text("enteredOn"),
        treasury_code: text("treasuryCode"),
        tax_office: text("taxOffice"),
        township: text("township"),
        reverses: text("reverses"),
    }
}

/// Why a row stands in the error file; not at all if it is accepted or was before.
fn refused(row: &Row, answered: &Answered) -> Vec<Refusal> {
    let refusal = |column: &'static str, code, reason| Refusal {
        row: row.number,
        column: column.into(),
        value: row.cell(column).to_owned(),
        code,
        reason,
    };
    let one = |column, reason| vec![refusal(column, name(answered.status), reason)];
    match answered.status {
        CollectionStatus::Accepted | CollectionStatus::Duplicate => Vec::new(),
        CollectionStatus::UnknownPayer => one("uscc", unknown_payer()),
        CollectionStatus::ChangedAfterImport => one("voucherId", changed_after_import()),
        CollectionStatus::Invalid => {
            let reasons = answered.reasons.iter();
            reasons
                .map(|reason| refusal(reason.field, name(reason.code), reason.text.clone()))
                .collect()
        }
    }
}

fn unknown_payer() -> Text {
    text(
        "No enterprise of the district has this code; the line waits until it is registered and the line is sent again.",
        "本辖区没有该统一社会信用代码的企业；该明细已列入待处理，登记企业后请重新报送。",
    )
}

fn changed_after_import() -> Text {
    text(
        "Another line with this voucher and line number was accepted before and stays; this one waits to be looked at.",
        "该税票号码和明细序号已有入库明细且内容不同；原明细保留，本条已列入待处理。",
    )
}

/// Why a total row does not fit what the rows above it come to, if it does not.
fn check_total(total: &Row, sum: i64) -> Option<Refusal> {
    let stated = total.cell("due");
    if rules::fen(stated) == Some(sum) {
        return None;
    }
    let sum = yuan(sum);
    let reason = text(
        format!(
            "The rows above come to {sum}, not counting those whose amount is unreadable. Rows were lost or changed on \
             the way."
        ),
        format!("以上各行合计为 {sum}（金额无法识别的行不计）；传输中可能有缺行或改动。"),
    );
    Some(Refusal {
        row: total.number,
        column: "due".into(),
        value: stated.to_owned(),
        code: "TOTAL_DIFFERS",
        reason,
    })
}
