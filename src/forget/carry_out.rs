//! Making the lake fit what is withdrawn. Every part can be repeated; a lake that was left in the middle works as any other.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::compute::filter_record_batch;

use super::error::ForgetError;
use super::scope::Scope;
use super::search::{Search, outgoing_numbers, shared_that_stay};
use crate::ingest::{self, rejects_table};
use crate::lake::{Lake, LakeError, LakeFile, LakeTable, Provenance, PublishMode};
use crate::pipeline::{Identity, Project};
use crate::withdrawals::{self, KeyHash, Withdrawal, WithdrawnKeys};

/// Withdraws what was searched for, and returns the withdrawal as it is recorded. The caller holds the lake's lock and that of its
/// files.
///
/// `now` tells the time in microseconds since 1970 UTC.
///
/// # Errors
/// When the lake cannot be read or written. Repeated, it goes on where it was.
pub async fn carry_out(
    project: &Project,
    lake: &Lake,
    search: Search,
    now: impl Fn() -> i64,
) -> Result<Withdrawal, ForgetError> {
    let scope = Scope::of(project, lake).await?;
    let (mut recorded, mut own) = (search.recorded, search.withdrawal);
    // What is found is recorded while it is there to be found, and before the keys decide.
    if recorded.iter().all(|other| other.id != own.id) {
        recorded.push(own.clone());
        withdrawals::save_withdrawals(lake, &recorded).await?;
    }
    withdrawals::add_keys(lake, own.id, &search.new_keys).await?;
    if search.has_work {
        empty_derived(lake, &scope).await?;
        let keys = &search.keys;
        ingest::withdraw_persons(lake, &scope.raw, keys, &own.asked_sha256).await?;
        for (name, _) in &scope.raw {
            lake.purge(name).await?;
            lake.purge(&rejects_table(name)).await?;
        }
        // Last, so that a repetition still finds whom it is about.
        withdraw_numbers(lake, &scope, keys).await?;
    }
    let finished_at = now();
    for other in recorded
        .iter_mut()
        .filter(|other| other.finished_at.is_none())
    {
        other.finished_at = Some(finished_at);
    }
    own.finished_at = Some(finished_at);
    withdrawals::save_withdrawals(lake, &recorded).await?;
    Ok(own)
}

/// Empties the tables that are made of persons.
async fn empty_derived(lake: &Lake, scope: &Scope<'_>) -> Result<(), LakeError> {
    for name in &scope.derived {
        let Some(table) = lake.table(name).await? else {
            continue;
        };
        let made = table.provenance.as_ref();
        if !made.is_some_and(|made| made.emptied) {
            lake.empty(&table).await?;
        }
        lake.purge(name).await?;
    }
    Ok(())
}

/// Removes the persons from the tables that give numbers.
async fn withdraw_numbers(
    lake: &Lake,
    scope: &Scope<'_>,
    keys: &WithdrawnKeys,
) -> Result<(), LakeError> {
    let kept = shared_that_stay(lake, scope, keys).await?;
    for (name, identity) in &scope.identities {
        lake.remove_leftovers(name).await?;
        let Some(table) = lake.table(name).await? else {
            continue;
        };
        if let Some(earlier) = Some(lake.earlier_files(&table)?)
            && !has_outgoing(&table, identity, (keys, &kept))?
            && !has_outgoing(&earlier, identity, (keys, &kept))?
        {
            continue;
        }
        rewrite_numbers(lake, &table, identity, (keys, &kept)).await?;
        lake.purge(name).await?;
    }
    Ok(())
}

fn has_outgoing(
    table: &LakeTable,
    identity: &Identity,
    keys: (&WithdrawnKeys, &HashSet<KeyHash>),
) -> Result<bool, LakeError> {
    for batch in table.read(Some(&identity.keys))? {
        if outgoing_numbers(&batch?, &identity.keys, keys).contains(&true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Publishes the table without the rows that go.
async fn rewrite_numbers(
    lake: &Lake,
    table: &LakeTable,
    identity: &Identity,
    keys: (&WithdrawnKeys, &HashSet<KeyHash>),
) -> Result<(), LakeError> {
    let schema = Arc::clone(&table.schema);
    let mut writer = lake.writer(&table.name, schema, &table.partition_by)?;
    let mut rewritten = HashSet::new();
    for file in &table.files {
        let one = table.with_files(|other| other.path == file.path);
        if !has_outgoing(&one, identity, keys)? {
            continue;
        }
        for batch in one.read(None)? {
            let batch = batch?;
            let stays = outgoing_numbers(&batch, &identity.keys, keys);
            let stays: BooleanArray = stays.into_iter().map(|goes| Some(!goes)).collect();
            let stays = filter_record_batch(&batch, &stays).expect("one flag per row");
            writer.write(&stays).await?;
        }
        rewritten.insert(file.path.clone());
    }
    if rewritten.is_empty() {
        return writer.abort().await;
    }
    let goes = |file: &LakeFile| rewritten.contains(&file.path);
    let provenance = Provenance {
        same_rows_as: None,
        ..table.provenance.clone().unwrap_or_default()
    };
    let mode = PublishMode::ReplaceFiles(&goes);
    let staged = writer.close().await?;
    lake.publish(&table.name, staged, mode, &provenance).await?;
    Ok(())
}
