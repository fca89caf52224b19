//! What is recorded of a delivery: one row of the lake table `deliveries`. The same receipt is part of
//! the commit that added the rows, so a crash between the two is repaired from the commit.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit,
};
use datafusion::arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use super::rejects::{RejectedRows, is_of_delivery, rejects_table};
use crate::contract::DELIVERY_ID;
use crate::lake::{Lake, LakeError, LakeFile, LakeTable, Provenance, PublishMode};

/// The lake table of receipts.
pub const DELIVERIES: &str = "deliveries";

/// What a delivery does to its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// Adds rows with new keys.
    Append,
    /// Its rows take the place of rows with the same key.
    Replace,
    /// Its keys name rows that go.
    Withdraw,
}

impl DeliveryMode {
    /// The word in `deliveries.mode`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Replace => "replace",
            Self::Withdraw => "withdraw",
        }
    }

    /// The mode of a word in `deliveries.mode`.
    fn of(word: &str) -> Self {
        match word {
            "replace" => Self::Replace,
            "withdraw" => Self::Withdraw,
            _ => Self::Append,
        }
    }
}

/// One accepted delivery. `n_rows_in = n_accepted + n_rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Number of the delivery, from 1.
    pub delivery_id: i32,
    /// Its table.
    pub table_name: String,
    /// Its file, relative to the extracts folder.
    pub file: String,
    /// What it did.
    pub mode: DeliveryMode,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Size of the file.
    pub size_bytes: i64,
    /// Rows received.
    pub n_rows_in: i64,
    /// Rows accepted.
    pub n_accepted: i64,
    /// Rows rejected.
    pub n_rejected: i64,
    /// Rows of earlier deliveries that were replaced or withdrawn.
    pub n_removed: i64,
    /// When, microseconds since 1970 UTC.
    pub received_at: i64,
    /// The delivery of the same file that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<i32>,
    /// SHA-256 of the contract that the rows were checked against; missing where it was not recorded yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_sha256: Option<String>,
}

/// Schema of the lake table `deliveries`.
#[must_use]
pub fn deliveries_schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let number = |name| Field::new(name, DataType::Int64, true);
    Arc::new(Schema::new(vec![
        Field::new("delivery_id", DataType::Int32, true),
        text("table_name"),
        text("file"),
        text("mode"),
        text("sha256"),
        number("size_bytes"),
        number("n_rows_in"),
        number("n_accepted"),
        number("n_rejected"),
        number("n_removed"),
        number("lake_version"),
        Field::new(
            "received_at",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
        Field::new("replaces", DataType::Int32, true),
        text("contract_sha256"),
    ]))
}

/// What the lake table `deliveries` says of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDelivery {
    /// Number of the delivery.
    pub delivery_id: i32,
    /// Its table.
    pub table: String,
    /// Its file.
    pub file: String,
    /// By how many rows the table grew.
    pub n_rows: i64,
    /// Rows in the table of rejected rows; none of a delivery that another one took the place of.
    pub n_rejected: i64,
    /// The table's version that has its rows.
    pub lake_version: u64,
}

/// Every delivery in the lake table `deliveries`, oldest first.
///
/// # Errors
/// When the table cannot be read.
pub async fn recorded_deliveries(lake: &Lake) -> Result<Vec<RecordedDelivery>, LakeError> {
    let mut recorded = Vec::new();
    let mut replaced = HashSet::new();
    let Some(deliveries) = lake.table(DELIVERIES).await? else {
        return Ok(recorded);
    };
    let texts = ["table_name", "file", "mode"];
    let numbers = ["n_accepted", "n_removed", "n_rejected", "lake_version"];
    let columns = ["delivery_id"].into_iter().chain(texts).chain(numbers);
    let columns = with_later_columns(&deliveries, columns, &["replaces"]);
    for batch in deliveries.read(Some(&columns))? {
        let batch = batch?;
        let ids = batch.column(0).as_primitive::<Int32Type>();
        let [tables, files, modes] = [1, 2, 3].map(|at| batch.column(at).as_string::<i32>());
        let [accepted, removed, rejected, versions] =
            [4, 5, 6, 7].map(|at| batch.column(at).as_primitive::<Int64Type>());
        replaced.extend(replaced_by(&batch));
        for row in 0..batch.num_rows() {
            let is_withdrawal = modes.value(row) == DeliveryMode::Withdraw.as_str();
            recorded.push(RecordedDelivery {
                delivery_id: ids.value(row),
                table: tables.value(row).to_owned(),
                file: files.value(row).to_owned(),
                n_rows: growth(is_withdrawal, accepted.value(row), removed.value(row)),
                n_rejected: rejected.value(row),
                lake_version: versions.value(row).unsigned_abs(),
            });
        }
    }
    for delivery in &mut recorded {
        if replaced.contains(&delivery.delivery_id) {
            delivery.n_rejected = 0;
        }
    }
    recorded.sort_by_key(|delivery| delivery.delivery_id);
    Ok(recorded)
}

/// Columns of `deliveries` to read; `later` ones only where the version that wrote the table had them.
fn with_later_columns<'a>(
    deliveries: &LakeTable,
    columns: impl Iterator<Item = &'a str>,
    later: &[&'a str],
) -> Vec<String> {
    let is_there = |column: &&&str| deliveries.schema.column_with_name(column).is_some();
    let later = later.iter().filter(is_there).copied();
    columns.chain(later).map(str::to_owned).collect()
}

/// Deliveries that those of a batch took the place of.
fn replaced_by(batch: &RecordBatch) -> impl Iterator<Item = i32> {
    let replaces = batch.column_by_name("replaces");
    replaces
        .into_iter()
        .flat_map(|column| column.as_primitive::<Int32Type>().iter().flatten())
}

/// The delivery whose rows the newest version of raw table `table` added, as its commit says; without a version.
#[must_use]
pub fn delivery_of(table: &LakeTable) -> Option<RecordedDelivery> {
    let receipt = table.provenance.as_ref()?.receipt.clone()?;
    let receipt: Receipt = serde_json::from_value(receipt).ok()?;
    let is_withdrawal = receipt.mode == DeliveryMode::Withdraw;
    Some(RecordedDelivery {
        delivery_id: receipt.delivery_id,
        n_rows: growth(is_withdrawal, receipt.n_accepted, receipt.n_removed),
        n_rejected: receipt.n_rejected,
        table: receipt.table_name,
        file: receipt.file,
        lake_version: table.rows_version(),
    })
}

/// By how many rows a table grows: a withdrawal names keys, it brings no rows.
fn growth(is_withdrawal: bool, n_accepted: i64, n_removed: i64) -> i64 {
    match is_withdrawal {
        true => -n_removed,
        false => n_accepted - n_removed,
    }
}

/// Deliveries recorded so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The last delivery of each content, by table and SHA-256.
    known: HashMap<(String, String), KnownDelivery>,
    /// The last delivery of each table.
    last_of: HashMap<String, i32>,
    /// What the last delivery took the place of, with its table. Earlier ones are done with: each ingest begins by finishing the one
    /// before it.
    last_replaced: Option<(String, i32)>,
    last_id: i32,
}

/// What was recorded of a delivery when it was ingested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownDelivery {
    pub(super) delivery_id: i32,
    pub(super) mode: DeliveryMode,
    pub(super) n_rejected: i64,
    pub(super) contract_sha256: Option<String>,
}

impl Ledger {
    /// Reads the recorded deliveries.
    pub(super) async fn read(lake: &Lake) -> Result<Self, LakeError> {
        let mut ledger = Self::default();
        ledger.load(lake).await?;
        Ok(ledger)
    }

    /// Reads the recorded deliveries and does what a crash kept from being done: adds a receipt, removes the rejected
    /// rows of the delivery that the last one took the place of. The caller holds the lake's lock.
    pub(super) async fn open(lake: &Lake, tables: &[&str]) -> Result<Self, LakeError> {
        let mut ledger = Self::read(lake).await?;
        lake.remove_leftovers(DELIVERIES).await?;
        for table in tables {
            let Some(table) = lake.table(table).await? else {
                continue;
            };
            let version = table.rows_version();
            let receipt = table.provenance.and_then(|made| made.receipt);
            let receipt = receipt.and_then(|json| serde_json::from_value::<Receipt>(json).ok());
            // The commit with the rows is there, and its row in `deliveries` is not.
            if let Some(receipt) = receipt
                && receipt.delivery_id > ledger.last_id
            {
                ledger.record(lake, &receipt, version).await?;
            }
        }
        if let Some((table, delivery_id)) = &ledger.last_replaced {
            remove_rejects(lake, table, *delivery_id).await?;
        }
        Ok(ledger)
    }

    async fn load(&mut self, lake: &Lake) -> Result<(), LakeError> {
        let Some(deliveries) = lake.table(DELIVERIES).await? else {
            return Ok(());
        };
        let columns = ["delivery_id", "table_name", "sha256", "mode", "n_rejected"].into_iter();
        let columns = with_later_columns(&deliveries, columns, &["replaces", "contract_sha256"]);
        for batch in deliveries.read(Some(&columns))? {
            let batch = batch?;
            let ids = batch.column(0).as_primitive::<Int32Type>();
            let [tables, hashes, modes] = [1, 2, 3].map(|at| batch.column(at).as_string::<i32>());
            let rejected = batch.column(4).as_primitive::<Int64Type>();
            let replaces = batch.column_by_name("replaces");
            let replaces = replaces.map(|column| column.as_primitive::<Int32Type>());
            let contracts = batch.column_by_name("contract_sha256");
            let contracts = contracts.map(|column| column.as_string::<i32>());
            for row in 0..batch.num_rows() {
                let contract = contracts.filter(|contracts| contracts.is_valid(row));
                let delivery = KnownDelivery {
                    delivery_id: ids.value(row),
                    mode: DeliveryMode::of(modes.value(row)),
                    n_rejected: rejected.value(row),
                    contract_sha256: contract.map(|contracts| contracts.value(row).to_owned()),
                };
                let replaced = replaces.filter(|replaces| replaces.is_valid(row));
                let replaced = replaced.map(|replaces| replaces.value(row));
                self.add(tables.value(row), hashes.value(row), delivery, replaced);
            }
        }
        Ok(())
    }

    fn add(&mut self, table: &str, sha256: &str, delivery: KnownDelivery, replaced: Option<i32>) {
        let id = delivery.delivery_id;
        if id > self.last_id {
            self.last_id = id;
            self.last_replaced = replaced.map(|replaced| (table.to_owned(), replaced));
        }
        let last = self.last_of.entry(table.to_owned()).or_insert(id);
        *last = (*last).max(id);
        let known = self.known.entry((table.to_owned(), sha256.to_owned()));
        let known = known.or_insert_with(|| delivery.clone());
        if known.delivery_id < id {
            *known = delivery;
        }
    }

    /// The last delivery of a content.
    pub(super) fn known(&self, table: &str, sha256: &str) -> Option<&KnownDelivery> {
        self.known.get(&(table.to_owned(), sha256.to_owned()))
    }

    /// The last delivery of a table.
    pub(super) fn last_of(&self, table: &str) -> Option<i32> {
        self.last_of.get(table).copied()
    }

    pub(super) fn next_id(&self) -> i32 {
        self.last_id + 1
    }

    pub(super) async fn record(
        &mut self,
        lake: &Lake,
        receipt: &Receipt,
        lake_version: u64,
    ) -> Result<(), LakeError> {
        let batch = receipt.to_batch(i64::try_from(lake_version).unwrap_or(i64::MAX));
        let mut writer = lake.writer(DELIVERIES, deliveries_schema(), &[])?;
        writer.write(&batch).await?;
        let staged = writer.close().await?;
        let provenance = Provenance::of_raw(None);
        lake.publish(DELIVERIES, staged, PublishMode::Append, &provenance)
            .await?;
        let delivery = KnownDelivery {
            delivery_id: receipt.delivery_id,
            mode: receipt.mode,
            n_rejected: receipt.n_rejected,
            contract_sha256: receipt.contract_sha256.clone(),
        };
        let (table, sha256) = (&receipt.table_name, &receipt.sha256);
        self.add(table, sha256, delivery, receipt.replaces);
        Ok(())
    }
}

/// Removes the rejected rows of a delivery that another one took the place of.
pub(super) async fn remove_rejects(
    lake: &Lake,
    table: &str,
    delivery_id: i32,
) -> Result<(), LakeError> {
    let name = rejects_table(table);
    let Some(rejects) = lake.table(&name).await? else {
        return Ok(());
    };
    let is_of_it = |file: &LakeFile| is_of_delivery(file, delivery_id);
    // Publishing nothing would make a version all the same.
    if !rejects.files.iter().any(is_of_it) {
        return Ok(());
    }
    let nothing = lake.writer(&name, RejectedRows::schema(), &[DELIVERY_ID.to_owned()])?;
    let nothing = nothing.close().await?;
    let mode = PublishMode::ReplaceFiles(&is_of_it);
    lake.publish(&name, nothing, mode, &Provenance::of_raw(None))
        .await?;
    Ok(())
}

impl Receipt {
    fn to_batch(&self, lake_version: i64) -> RecordBatch {
        let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
        let number = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
        let received = TimestampMicrosecondArray::from(vec![self.received_at]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![self.delivery_id])),
            text(&self.table_name),
            text(&self.file),
            text(self.mode.as_str()),
            text(&self.sha256),
            number(self.size_bytes),
            number(self.n_rows_in),
            number(self.n_accepted),
            number(self.n_rejected),
            number(self.n_removed),
            number(lake_version),
            Arc::new(received.with_timezone("UTC")),
            Arc::new(Int32Array::from(vec![self.replaces])),
            Arc::new(StringArray::from(vec![self.contract_sha256.as_deref()])),
        ];
        debug_assert!(columns.iter().all(|column| column.len() == 1));
        RecordBatch::try_new(deliveries_schema(), columns)
            .expect("columns are built beside their schema")
    }
}

pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn now_micros() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}
