//! What is recorded of a delivery: one row of the lake table `deliveries`. The same receipt is part of
//! the commit that added the rows, so a crash between the two is mended from the commit.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit,
};
use datafusion::arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::lake::{Lake, LakeError, LakeTable, Provenance, PublishMode};

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
    ]))
}

/// What the lake table `deliveries` says of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Number of the delivery.
    pub delivery_id: i32,
    /// Its table.
    pub table: String,
    /// Its file.
    pub file: String,
    /// By how many rows the table grew.
    pub n_rows: i64,
    /// Rows that went to the table of rejected rows.
    pub n_rejected: i64,
    /// The table's version that has its rows.
    pub lake_version: u64,
}

/// Every delivery in the lake table `deliveries`, oldest first.
///
/// # Errors
/// When the table cannot be read.
pub async fn recorded_deliveries(lake: &Lake) -> Result<Vec<Recorded>, LakeError> {
    let mut recorded = Vec::new();
    let Some(deliveries) = lake.table(DELIVERIES).await? else {
        return Ok(recorded);
    };
    let texts = ["table_name", "file", "mode"];
    let numbers = ["n_accepted", "n_removed", "n_rejected", "lake_version"];
    let columns = ["delivery_id"].into_iter().chain(texts).chain(numbers);
    let columns: Vec<String> = columns.map(str::to_owned).collect();
    for batch in deliveries.read(Some(&columns))? {
        let batch = batch?;
        let ids = batch.column(0).as_primitive::<Int32Type>();
        let [tables, files, modes] = [1, 2, 3].map(|at| batch.column(at).as_string::<i32>());
        let [accepted, removed, rejected, versions] =
            [4, 5, 6, 7].map(|at| batch.column(at).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let is_withdrawal = modes.value(row) == DeliveryMode::Withdraw.as_str();
            recorded.push(Recorded {
                delivery_id: ids.value(row),
                table: tables.value(row).to_owned(),
                file: files.value(row).to_owned(),
                n_rows: growth(is_withdrawal, accepted.value(row), removed.value(row)),
                n_rejected: rejected.value(row),
                lake_version: versions.value(row).unsigned_abs(),
            });
        }
    }
    recorded.sort_by_key(|delivery| delivery.delivery_id);
    Ok(recorded)
}

/// The delivery whose rows the newest version of raw table `table` added, as its commit says; without a version.
#[must_use]
pub fn delivery_of(table: &LakeTable) -> Option<Recorded> {
    let receipt = table.provenance.as_ref()?.receipt.clone()?;
    let receipt: Receipt = serde_json::from_value(receipt).ok()?;
    let is_withdrawal = receipt.mode == DeliveryMode::Withdraw;
    Some(Recorded {
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
    known: std::collections::HashSet<(String, String)>,
    last_id: i32,
}

impl Ledger {
    /// Reads the recorded deliveries.
    pub(super) async fn read(lake: &Lake) -> Result<Self, LakeError> {
        let mut ledger = Self::default();
        ledger.load(lake).await?;
        Ok(ledger)
    }

    /// Reads the recorded deliveries and adds receipts that a crash kept from being recorded. The
    /// caller holds the lake's lock.
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
            if let Some(receipt) = receipt
                && receipt.delivery_id > ledger.last_id
            {
                ledger.record(lake, &receipt, version).await?;
            }
        }
        Ok(ledger)
    }

    async fn load(&mut self, lake: &Lake) -> Result<(), LakeError> {
        let Some(deliveries) = lake.table(DELIVERIES).await? else {
            return Ok(());
        };
        let columns = ["delivery_id", "table_name", "sha256"].map(str::to_owned);
        for batch in deliveries.read(Some(&columns))? {
            let batch = batch?;
            let ids = batch.column(0).as_primitive::<Int32Type>();
            let (tables, hashes) = (
                batch.column(1).as_string::<i32>(),
                batch.column(2).as_string::<i32>(),
            );
            for row in 0..batch.num_rows() {
                self.last_id = self.last_id.max(ids.value(row));
                self.known
                    .insert((tables.value(row).to_owned(), hashes.value(row).to_owned()));
            }
        }
        Ok(())
    }

    pub(super) fn knows(&self, table: &str, sha256: &str) -> bool {
        self.known.contains(&(table.to_owned(), sha256.to_owned()))
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
        self.known
            .insert((receipt.table_name.clone(), receipt.sha256.clone()));
        self.last_id = self.last_id.max(receipt.delivery_id);
        Ok(())
    }
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
        ];
        debug_assert!(columns.iter().all(|column| column.len() == 1));
        RecordBatch::try_new(deliveries_schema(), columns)
            .expect("columns are built beside their schema")
    }
}
