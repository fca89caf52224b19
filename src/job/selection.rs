//! Which tables a job works on.

use std::collections::BTreeSet;

use super::error::JobError;
use super::workspace::Workspace;
use crate::ingest::{self, Delivery};
use crate::pipeline::{self, LakeState, Selection, Work};

/// Deliveries that the next run ingests.
///
/// # Errors
/// When an extract is missing or the lake cannot be read.
pub async fn pending(workspace: &Workspace) -> Result<Vec<Delivery>, JobError> {
    Ok({
        let project = &workspace.project;
        ingest::pending(&project.config, &project.contracts, &workspace.lake).await?
    })
}

/// Tables that get new rows from `deliveries`.
#[must_use]
pub fn tables_of(deliveries: &[Delivery]) -> BTreeSet<String> {
    let tables = deliveries.iter().map(|delivery| delivery.table.clone());
    let mut tables: BTreeSet<String> = tables.collect();
    if !tables.is_empty() {
        tables.insert(ingest::DELIVERIES.to_owned());
    }
    tables
}

/// The tables that `selection` takes, when new rows are to come into those of `delivered`.
///
/// # Errors
/// When the selection names what the project does not have, or the lake cannot be read.
pub async fn selected_tables(
    selection: &Selection,
    workspace: &Workspace,
    delivered: &BTreeSet<String>,
) -> Result<BTreeSet<String>, JobError> {
    let dag = &workspace.project.dag;
    let mut state = LakeState::default();
    if selection.asks_stale() {
        let work = Work::everything(dag);
        let planned = pipeline::plan(&workspace.project, &workspace.lake, &work, delivered).await?;
        let stale = planned.into_iter().filter(|step| step.reason.is_some());
        state.stale = stale.map(|step| step.name).collect();
    }
    if selection.asks_unfinished()
        && let Some(last) = pipeline::last_run(&workspace.lake).await?
    {
        state.unfinished = last.unfinished();
    }
    Ok(selection.names(dag, &state)?)
}
