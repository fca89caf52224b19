//! What can be handed to whom asked for a withdrawal: counts and hashes, no key.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

use super::error::ForgetError;
use crate::ingest::{self, FORGOTTEN};
use crate::lake::Lake;
use crate::withdrawals::Withdrawal;

/// What the lake cannot take back, as the receipt says it.
const NOT_REACHED: [&str; 4] = [
    "backups of the lake that were made before: forget the snapshots, or restore one only to repeat this withdrawal on it",
    "lakes that runs on the past (--as-of) wrote into other folders, and copies that others made",
    "the extracts themselves, which are their holder's: replace those named under extracts; their rows do not come in again",
    "what has left already: released tables, reports and exported results; they hold no keys",
];

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForgetReceipt {
    /// Number of the withdrawal; it is not recorded before it is carried out.
    pub withdrawal_id: i64,
    /// Version of korabo.
    pub korabo_version: &'static str,
    /// When it was asked for, UTC.
    pub asked_at: String,
    /// When the last file was gone, UTC; missing in a rehearsal.
    pub finished_at: Option<String>,
    /// SHA-256 of the normalised tokens, sorted, each with a line break.
    pub asked_sha256: String,
    /// Tokens asked for.
    pub n_asked: i64,
    /// Of these, tokens that the lake had.
    pub n_found: i64,
    /// Other keys of the same persons.
    pub n_same_person: i64,
    /// Keys that stay since other persons have them, too.
    pub n_conflicts: i64,
    /// What was found, by table.
    pub tables: Vec<ReceiptTable>,
    /// The deliveries that brought them.
    pub extracts: Vec<ReceiptExtract>,
    /// Tables of other programs in the lake's folder, which were not looked into.
    pub tables_not_searched: Vec<String>,
    /// What the withdrawal does not reach.
    pub not_reached: Vec<&'static str>,
}

/// What a receipt says of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptTable {
    /// The table.
    pub table: String,
    /// Rows that went.
    pub n_rows: i64,
    /// Versions that went.
    pub n_versions: i64,
}

/// What a receipt says of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptExtract {
    /// Its number.
    pub delivery_id: i32,
    /// Its table.
    pub table: String,
    /// Its file.
    pub file: String,
}

/// The receipt of a withdrawal, or of its rehearsal.
///
/// # Errors
/// When the lake cannot be read.
pub async fn receipt(
    lake: &Lake,
    withdrawal: &Withdrawal,
    others: &[String],
) -> Result<ForgetReceipt, ForgetError> {
    let of_tables = withdrawal.tables.iter();
    let ids: BTreeSet<i32> = of_tables
        .flat_map(|table| table.deliveries.clone())
        .collect();
    let deliveries = ingest::recorded_deliveries(lake).await?.into_iter();
    let deliveries = deliveries.filter(|delivery| ids.contains(&delivery.delivery_id));
    let extracts = deliveries.filter(|delivery| delivery.file != FORGOTTEN);
    let time = |micros: i64| {
        let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
        time.to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    let tables = withdrawal.tables.iter().map(|table| ReceiptTable {
        table: table.name.clone(),
        n_rows: table.n_rows,
        n_versions: table.n_versions,
    });
    Ok(ForgetReceipt {
        withdrawal_id: withdrawal.id,
        korabo_version: env!("CARGO_PKG_VERSION"),
        asked_at: time(withdrawal.asked_at),
        finished_at: withdrawal.finished_at.map(time),
        asked_sha256: withdrawal.asked_sha256.clone(),
        n_asked: withdrawal.n_asked,
        n_found: withdrawal.n_found,
        n_same_person: withdrawal.n_same_person,
        n_conflicts: withdrawal.n_conflicts,
        tables: tables.collect(),
        extracts: extracts
            .map(|delivery| ReceiptExtract {
                delivery_id: delivery.delivery_id,
                table: delivery.table,
                file: delivery.file,
            })
            .collect(),
        tables_not_searched: others.to_vec(),
        not_reached: NOT_REACHED.to_vec(),
    })
}
