//! What ingest wrote down about a table: its deliveries, and how many rows broke which rule.

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array as _, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::HashMap;
use unicode_normalization::UnicodeNormalization as _;

use crate::contract::TERM;
use crate::ingest::{self, Rule};
use crate::lake::{Lake, LakeError};

/// A delivery of the table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SenderDelivery {
    pub(super) delivery_id: i64,
    /// The folder that its file lay in.
    pub(super) sender: String,
    /// Whether it adds rows; corrections are not compared with other deliveries.
    pub(super) adds: bool,
    /// Microseconds since 1970 UTC.
    pub(super) received_at: i64,
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Whole days since the newest of the deliveries.
pub(super) fn age(deliveries: &[SenderDelivery], now: i64) -> Option<f64> {
    let newest = deliveries
        .iter()
        .map(|delivered| delivered.received_at)
        .max()?;
    Some(((now - newest).max(0) / MICROS_PER_DAY) as f64)
}

/// Deliveries by table, in their order.
pub(super) async fn deliveries(
    lake: &Lake,
) -> Result<BTreeMap<String, Vec<SenderDelivery>>, LakeError> {
    let mut found: BTreeMap<String, Vec<SenderDelivery>> = BTreeMap::new();
    let Some(table) = lake.table(ingest::DELIVERIES).await? else {
        return Ok(found);
    };
    let columns = ["delivery_id", "table_name", "file", "mode", "received_at"].map(str::to_owned);
    for batch in table.read(Some(&columns))? {
        let batch = batch?;
        let whole = |k: usize| cast(batch.column(k), &DataType::Int64);
        let text = |k: usize| cast(batch.column(k), &DataType::Utf8);
        let (Ok(ids), Ok(tables), Ok(files), Ok(modes), Ok(times)) =
            (whole(0), text(1), text(2), text(3), whole(4))
        else {
            continue;
        };
        for row in 0..batch.num_rows() {
            let word = |column: &datafusion::arrow::array::ArrayRef| {
                column.as_string::<i32>().value(row).to_owned()
            };
            let file = word(&files);
            let delivered = SenderDelivery {
                delivery_id: ids.as_primitive::<Int64Type>().value(row),
                sender: file
                    .rsplit_once('/')
                    .map_or("", |(folder, _)| folder)
                    .to_owned(),
                adds: word(&modes) == ingest::DeliveryMode::Append.as_str(),
                received_at: times.as_primitive::<Int64Type>().value(row),
            };
            found.entry(word(&tables)).or_default().push(delivered);
        }
    }
    for deliveries in found.values_mut() {
        deliveries.sort_by_key(|delivered| delivered.delivery_id);
    }
    Ok(found)
}

/// Why a row was rejected. Of `duplicate_key` the column is left out, of other rules than `code_for_term` the term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Reason {
    pub(super) delivery_id: i64,
    pub(super) rule: String,
    pub(super) column: Option<String>,
    pub(super) term: Option<i64>,
}

/// Rejected rows of `table` by reason.
pub(super) async fn rejects(lake: &Lake, table: &str) -> Result<HashMap<Reason, u64>, LakeError> {
    let mut counts = HashMap::new();
    let Some(rejects) = lake.table(&ingest::rejects_table(table)).await? else {
        return Ok(counts);
    };
    let columns = ["delivery_id", "column", "rule", "row"].map(str::to_owned);
    for batch in rejects.read(Some(&columns))? {
        let batch = batch?;
        let Ok(ids) = cast(batch.column(0), &DataType::Int64) else {
            continue;
        };
        let text = |k: usize| batch.column(k).as_string_opt::<i32>();
        let (Some(names), Some(rules), Some(rows)) = (text(1), text(2), text(3)) else {
            continue;
        };
        for row in 0..batch.num_rows() {
            let rule = rules.value(row);
            let is_key = rule == Rule::DuplicateKey.name();
            let asks_term = rule == Rule::CodeForTerm.name() && rows.is_valid(row);
            let reason = Reason {
                delivery_id: ids.as_primitive::<Int64Type>().value(row),
                rule: rule.to_owned(),
                column: (!is_key).then(|| names.value(row).to_owned()),
                term: asks_term.then(|| term_of(rows.value(row))).flatten(),
            };
            *counts.entry(reason).or_insert(0) += 1;
        }
    }
    Ok(counts)
}

/// The questionnaire term of a rejected row as it was received.
fn term_of(row: &str) -> Option<i64> {
    let row: serde_json::Value = serde_json::from_str(row).ok()?;
    let number = match row.get(TERM)? {
        serde_json::Value::Number(number) => number.as_f64()?,
        serde_json::Value::String(text) => {
            // As received, digits may be full-width.
            text.nfkc().collect::<String>().trim().parse::<f64>().ok()?
        }
        _ => return None,
    };
    (1..=99)
        .find(|term| f64::from(*term) == number)
        .map(i64::from)
}
