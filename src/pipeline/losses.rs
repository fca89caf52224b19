//! Whether the lake still holds what its own records know of: the receipts of deliveries, the history of runs, and the versions
//! that tables were built from. A table at an earlier version than they say has lost rows, and nothing is built from the rest.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use datafusion::arrow::array::Array as _;

use super::error::PipelineError;
use super::history::{RUN_STEPS, RUNS, integers, text_at};
use super::project::Project;
use crate::diagnostic::thousands;
use crate::ingest::{self, RecordedDelivery};
use crate::lake::{Lake, LakeError, LakeTable};

/// How often the lake is read again while a run publishes and something seems lost.
const READINGS: usize = 20;

/// The witnesses of each table.
type Witnesses = BTreeMap<String, Vec<Witness>>;

/// A record that a table had a version.
struct Witness {
    version: u64,
    /// When the table had that version; `None` for a version that it must still have.
    at: Option<DateTime<Utc>>,
    /// The record, as text without values.
    text: String,
}

/// Every table that has lost rows or files, in the order of their names: raw tables, tables that assign numbers to persons, and
/// korabo's own. Of other tables, only those that lost versions: a table with missing files is rebuilt.
///
/// # Errors
/// When the lake cannot be read for another reason.
pub async fn losses(project: &Project, lake: &Lake) -> Result<Vec<LakeError>, PipelineError> {
    // In a past state of the lake, versions are missing on purpose.
    if lake.time().is_some() {
        return Ok(Vec::new());
    }
    let mut losses = losses_now(project, lake).await?;
    for _ in 0..READINGS {
        if losses.is_empty() {
            break;
        }
        // A run that publishes meanwhile may have recorded a receipt after its table was read here.
        let before = lake.versions_now().await?;
        losses = losses_now(project, lake).await?;
        if lake.versions_now().await? == before {
            break;
        }
    }
    Ok(losses)
}

/// What one reading of the tables finds.
async fn losses_now(project: &Project, lake: &Lake) -> Result<Vec<LakeError>, PipelineError> {
    let mut losses = Vec::new();
    let names = names(project);
    let mut tables: BTreeMap<&str, LakeTable> = BTreeMap::new();
    for name in &names {
        match lake.table(name).await {
            Ok(Some(table)) => {
                if !is_remade(project, name)
                    && let Err(damaged) = table.check_sizes()
                {
                    losses.push(damaged);
                }
                tables.insert(name, table);
            }
            Ok(None) => {}
            Err(damaged @ LakeError::Damaged { .. }) => losses.push(damaged),
            Err(error) => return Err(error.into()),
        }
    }
    if !losses.is_empty() {
        // What the damaged tables record of others cannot be read.
        return Ok(losses);
    }
    let deliveries = ingest::recorded_deliveries(lake).await?;
    let mut witnesses = delivery_witnesses(&deliveries, &tables);
    add_input_witnesses(&mut witnesses, (project, lake), &tables)?;
    add_step_witnesses(&mut witnesses, project, lake).await?;
    // A table that the project no longer has may have been removed on purpose.
    witnesses.retain(|name, _| names.contains(name));
    for (name, own) in witnesses {
        let table = tables.get(name.as_str());
        if let Some(lost) = lost_versions((project, lake), &name, table, &own)? {
            losses.push(lost);
        } else if let Some(table) = table
            && let Some(lost) = lost_rows(table, &deliveries)
        {
            losses.push(lost);
        }
    }
    for contract in &project.contracts {
        losses.extend(lost_rejects(&contract.name, &deliveries, &tables));
    }
    losses.extend(lost_receipts(&deliveries, &tables));
    losses.extend(lost_runs(lake).await?);
    Ok(losses)
}

/// Fails when a table has lost rows.
///
/// # Errors
/// [`LakeError::Lost`] or [`LakeError::Damaged`] of the first such table.
pub async fn require_whole(project: &Project, lake: &Lake) -> Result<(), PipelineError> {
    match losses(project, lake).await?.into_iter().next() {
        None => Ok(()),
        Some(lost) => Err(lost.into()),
    }
}

/// Every table that the project reads or makes.
fn names(project: &Project) -> BTreeSet<String> {
    let contracts = project.contracts.iter();
    let queries = project.dag.queries().iter();
    let own = project.own_tables().into_keys();
    contracts
        .map(|contract| contract.name.clone())
        .chain(queries.map(|query| query.name.clone()))
        .chain(own)
        .collect()
}

/// Whether a table can be built again with the same content: numbers are assigned to persons only once.
fn is_remade(project: &Project, name: &str) -> bool {
    let query = project.dag.query(name);
    query.is_some_and(|query| query.header.identity.is_none())
}

fn delivery_witnesses(
    deliveries: &[RecordedDelivery],
    tables: &BTreeMap<&str, LakeTable>,
) -> Witnesses {
    let mut witnesses = Witnesses::new();
    for name in tables.keys() {
        witnesses.entry((*name).to_owned()).or_default();
    }
    for delivery in deliveries {
        let rows = thousands(delivery.n_rows.unsigned_abs());
        let change = if delivery.n_rows < 0 { "fewer" } else { "more" };
        let witness = format!(
            "delivery {} (`{}`, {rows} rows {change}) is in version {}",
            delivery.delivery_id, delivery.file, delivery.lake_version
        );
        witnesses
            .entry(delivery.table.clone())
            .or_default()
            .push(Witness {
                version: delivery.lake_version,
                at: None,
                text: witness,
            });
    }
    witnesses
}

/// Adds the versions that tables were built from, as their provenance says.
fn add_input_witnesses(
    witnesses: &mut Witnesses,
    (project, lake): (&Project, &Lake),
    tables: &BTreeMap<&str, LakeTable>,
) -> Result<(), LakeError> {
    for query in project.dag.queries() {
        let Some(table) = tables.get(query.name.as_str()) else {
            continue;
        };
        let at = lake.published_at(&table.name, table.rows_version())?;
        for (input, version) in table.provenance.iter().flat_map(|made| &made.inputs) {
            // Neither a view nor a table that did not exist has a version.
            if let Ok(version) = version.parse::<u64>() {
                let text = format!("`{}` was built from version {version}", query.name);
                let of_table = witnesses.entry(input.clone()).or_default();
                of_table.push(Witness { version, at, text });
            }
        }
    }
    Ok(())
}

/// Adds the version of each table that the latest run to build it recorded.
async fn add_step_witnesses(
    witnesses: &mut Witnesses,
    project: &Project,
    lake: &Lake,
) -> Result<(), PipelineError> {
    let mut started: BTreeMap<i64, i64> = BTreeMap::new();
    let runs = lake.table(RUNS).await?;
    if let Some(runs) = runs {
        for batch in runs.read(None)? {
            let batch = batch?;
            let (ids, at) = (integers(&batch, "run_id"), integers(&batch, "started_at"));
            started.extend((0..batch.num_rows()).map(|row| (ids.value(row), at.value(row))));
        }
    }
    let Some(steps) = lake.table(RUN_STEPS).await? else {
        return Ok(());
    };
    let mut latest: BTreeMap<String, (i64, u64)> = BTreeMap::new();
    for batch in steps.read(None)? {
        let batch = batch?;
        let (ids, built) = (integers(&batch, "run_id"), integers(&batch, "lake_version"));
        for row in (0..batch.num_rows()).filter(|row| built.is_valid(*row)) {
            let step = (ids.value(row), built.value(row).unsigned_abs());
            let name = text_at(&batch, "table_name", row).unwrap_or_default();
            if project.dag.query(&name).is_some() {
                let newest = latest.entry(name).or_insert(step);
                *newest = (*newest).max(step);
            }
        }
    }
    for (name, (run_id, version)) in latest {
        let at = started.get(&run_id).copied();
        let at = at.and_then(DateTime::from_timestamp_micros);
        let text = format!("run {run_id} built version {version}");
        let of_table = witnesses.entry(name).or_default();
        of_table.push(Witness { version, at, text });
    }
    Ok(())
}

/// What of `witnesses` the table does not have. A table that is missing and can be built again was removed on purpose. So was
/// one that was rebuilt since then: its newest version is younger than the record of a higher one.
fn lost_versions(
    (project, lake): (&Project, &Lake),
    name: &str,
    table: Option<&LakeTable>,
    witnesses: &[Witness],
) -> Result<Option<LakeError>, LakeError> {
    let found = table.map(|table| table.version);
    let (at, found_at) = match found {
        Some(found) => (
            format!("it is at version {found}"),
            lake.published_at(name, found)?,
        ),
        None if is_remade(project, name) => return Ok(None),
        None => ("it is not there".to_owned(), None),
    };
    let is_lost = |witness: &&Witness| {
        let is_older = match (found_at, witness.at) {
            (Some(found_at), Some(at)) => found_at < at,
            _ => true,
        };
        found.is_none_or(|found| witness.version > found && is_older)
    };
    let missing = witnesses.iter().filter(is_lost);
    let missing: Vec<String> = missing.map(|witness| witness.text.clone()).collect();
    Ok((!missing.is_empty()).then(|| LakeError::Lost {
        table: name.to_owned(),
        losses: std::iter::once(at).chain(missing).collect(),
    }))
}

/// Whether a raw table has fewer rows than its deliveries brought.
fn lost_rows(table: &LakeTable, deliveries: &[RecordedDelivery]) -> Option<LakeError> {
    let own = || {
        deliveries
            .iter()
            .filter(|delivery| delivery.table == table.name)
    };
    let mut expected: i64 = own().map(|delivery| delivery.n_rows).sum();
    let newest = ingest::delivery_of(table)?;
    if own().all(|delivery| delivery.delivery_id != newest.delivery_id) {
        // The run was killed before it recorded the receipt; the next one does.
        expected += newest.n_rows;
    }
    let found = i64::try_from(table.n_rows()?).ok()?;
    (found < expected).then(|| LakeError::Lost {
        table: table.name.clone(),
        losses: vec![format!(
            "it has {} rows, its deliveries brought {}",
            thousands(found.unsigned_abs()),
            thousands(expected.unsigned_abs())
        )],
    })
}

/// Whether fewer rejected rows of raw table `name` are there than its deliveries had. They are written before the receipt.
fn lost_rejects(
    name: &str,
    deliveries: &[RecordedDelivery],
    tables: &BTreeMap<&str, LakeTable>,
) -> Option<LakeError> {
    let own = deliveries.iter().filter(|delivery| delivery.table == name);
    let expected: i64 = own.map(|delivery| delivery.n_rejected).sum();
    let rejects = ingest::rejects_table(name);
    let found = match tables.get(rejects.as_str()) {
        Some(table) => i64::try_from(table.n_rows()?).ok()?,
        None => 0,
    };
    (found < expected).then(|| LakeError::Lost {
        table: rejects,
        losses: vec![format!(
            "it has {} rows, {} were rejected from the deliveries of `{name}`",
            thousands(found.unsigned_abs()),
            thousands(expected.unsigned_abs())
        )],
    })
}

/// Whether receipts are missing that no killed run explains: one at most is written after its rows.
fn lost_receipts(
    deliveries: &[RecordedDelivery],
    tables: &BTreeMap<&str, LakeTable>,
) -> Option<LakeError> {
    let last = deliveries.last().map_or(0, |delivery| delivery.delivery_id);
    let newest = tables.values().filter_map(ingest::delivery_of);
    let newest = newest.max_by_key(|delivery| delivery.delivery_id)?;
    (newest.delivery_id > last + 1).then(|| LakeError::Lost {
        table: ingest::DELIVERIES.to_owned(),
        losses: vec![format!(
            "its last delivery is {last}, `{}` has rows of delivery {}",
            newest.table, newest.delivery_id
        )],
    })
}

/// Whether the history has steps of a run that it does not have.
async fn lost_runs(lake: &Lake) -> Result<Option<LakeError>, LakeError> {
    let (runs, steps) = (last_id(lake, RUNS).await?, last_id(lake, RUN_STEPS).await?);
    Ok((steps > runs).then(|| LakeError::Lost {
        table: RUNS.to_owned(),
        losses: vec![format!(
            "its last run is {runs}, `{RUN_STEPS}` has steps of run {steps}"
        )],
    }))
}

/// The highest number of a run in table `name`.
async fn last_id(lake: &Lake, name: &str) -> Result<i64, LakeError> {
    let mut last = 0;
    if let Some(table) = lake.table(name).await? {
        for batch in table.read(Some(&["run_id".to_owned()]))? {
            last = integers(&batch?, "run_id")
                .values()
                .iter()
                .copied()
                .fold(last, i64::max);
        }
    }
    Ok(last)
}
