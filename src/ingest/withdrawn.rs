//! The rows of withdrawn persons leave a raw table, like those of a withdrawal that was delivered: with a receipt in the commit and in
//! `deliveries`. Rejected rows stay counted, and what was received of them goes.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};

use super::error::IngestError;
use super::receipt::{DeliveryMode, Ledger, Receipt, now_micros, signed};
use super::rejects::{NOTHING_KEPT, rejects_table};
use super::removal::{OutgoingRows, rewrite_without};
use crate::lake::{Lake, LakeError, LakeFile, Provenance, PublishMode};
use crate::withdrawals::{PersonColumns, WithdrawnKeys};

/// What `deliveries.file` says of a withdrawal by `korabo forget`.
pub const FORGOTTEN: &str = "korabo forget";

/// Removes the rows of withdrawn persons from the present versions of raw tables, and what was received of their rejected rows. Repeated,
/// it goes on where it was. The caller holds the lake's lock.
///
/// `tables` are raw tables with the columns that say whose their rows are; `asked_sha256` stands in the receipts where that of a file would.
///
/// # Errors
/// When the lake cannot be read or written; each table has then its rows with or without these persons.
pub async fn withdraw_persons(
    lake: &Lake,
    tables: &[(&str, PersonColumns)],
    withdrawn: &WithdrawnKeys,
    asked_sha256: &str,
) -> Result<(), IngestError> {
    let names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
    let mut ledger = Ledger::open(lake, &names).await?;
    for (name, columns) in tables {
        let persons = (withdrawn, columns);
        withdraw_rows(lake, name, (persons, asked_sha256), &mut ledger).await?;
        withdraw_rejects(lake, &rejects_table(name), persons).await?;
    }
    Ok(())
}

/// The withdrawn, and the columns of a table that say whose its rows are.
type Persons<'a> = (&'a WithdrawnKeys, &'a PersonColumns);

async fn withdraw_rows(
    lake: &Lake,
    name: &str,
    (persons, asked_sha256): (Persons<'_>, &str),
    ledger: &mut Ledger,
) -> Result<(), IngestError> {
    lake.remove_leftovers(name).await?;
    let Some(table) = lake.table(name).await? else {
        return Ok(());
    };
    let outgoing = OutgoingRows {
        persons: Some(persons),
        ..OutgoingRows::default()
    };
    let schema = Arc::clone(&table.schema);
    let mut writer = lake.writer(&table.name, schema, &table.partition_by)?;
    let removal = rewrite_without(&table, &outgoing, &mut writer).await?;
    if removal.n_rows == 0 {
        writer.abort().await?;
        return Ok(());
    }
    let receipt = Receipt {
        delivery_id: ledger.next_id(),
        table_name: table.name.clone(),
        file: FORGOTTEN.to_owned(),
        mode: DeliveryMode::Withdraw,
        sha256: asked_sha256.to_owned(),
        size_bytes: 0,
        n_rows_in: 0,
        n_accepted: 0,
        n_rejected: 0,
        n_removed: signed(removal.n_rows),
        received_at: now_micros(),
        replaces: None,
        contract_sha256: None,
    };
    let json = serde_json::to_value(&receipt).expect("a receipt is plain data");
    let goes = |file: &LakeFile| removal.files.contains(&file.path);
    let version = lake
        .publish(
            &table.name,
            writer.close().await?,
            PublishMode::ReplaceFiles(&goes),
            &Provenance::of_raw(Some(json)),
        )
        .await?;
    ledger.record(lake, &receipt, version).await?;
    Ok(())
}

/// Blanks the rejected rows of withdrawn persons.
async fn withdraw_rejects(lake: &Lake, name: &str, persons: Persons<'_>) -> Result<(), LakeError> {
    lake.remove_leftovers(name).await?;
    let Some(table) = lake.table(name).await? else {
        return Ok(());
    };
    let schema = Arc::clone(&table.schema);
    let mut writer = lake.writer(name, schema, &table.partition_by)?;
    let mut rewritten = HashSet::new();
    for file in &table.files {
        let one = table.with_files(|other| other.path == file.path);
        let batches: Vec<RecordBatch> = one.read(None)?.collect::<Result<_, _>>()?;
        let blanked: Vec<Option<RecordBatch>> = batches
            .iter()
            .map(|batch| blanked(batch, persons))
            .collect();
        if blanked.iter().all(Option::is_none) {
            continue;
        }
        for (batch, blanked) in batches.iter().zip(&blanked) {
            writer.write(blanked.as_ref().unwrap_or(batch)).await?;
        }
        rewritten.insert(file.path.clone());
    }
    if rewritten.is_empty() {
        return writer.abort().await;
    }
    let goes = |file: &LakeFile| rewritten.contains(&file.path);
    let mode = PublishMode::ReplaceFiles(&goes);
    let staged = writer.close().await?;
    lake.publish(name, staged, mode, &Provenance::of_raw(None))
        .await?;
    Ok(())
}

/// A batch of rejected rows without what was received of withdrawn persons; `None` when it has none of them.
fn blanked(batch: &RecordBatch, (withdrawn, columns): Persons<'_>) -> Option<RecordBatch> {
    let place = batch.schema().index_of("row").ok()?;
    let rows = batch.column(place).as_string_opt::<i32>()?;
    let is_withdrawn: Vec<bool> = rows
        .iter()
        .map(|row| row.is_some_and(|row| withdrawn.in_row(row, columns)))
        .collect();
    if !is_withdrawn.contains(&true) {
        return None;
    }
    let kept = rows.iter().zip(is_withdrawn);
    let kept: StringArray = kept
        .map(|(row, is_withdrawn)| match is_withdrawn {
            true => Some(NOTHING_KEPT),
            false => row,
        })
        .collect();
    let mut arrays: Vec<ArrayRef> = batch.columns().to_vec();
    arrays[place] = Arc::new(kept);
    RecordBatch::try_new(batch.schema(), arrays).ok()
}
