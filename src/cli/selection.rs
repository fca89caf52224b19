//! `SELECT…` and `--exclude`: which tables a command works on.

use std::collections::BTreeSet;

use clap::Args;

use super::failure::Failure;
use super::workspace::Workspace;
use crate::ingest::{self, Delivery};
use crate::pipeline::{self, LakeState, Selection, Work};

/// Arguments that select tables.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// Tables: NAME, effect_*, tag:NAME, state:stale, result:error; +X (with all it needs), X+ (with all
    /// that needs it), 2+X, X+1 (so many steps); X,Y (both hold); several: any of them [default: all]
    #[arg(value_name = "SELECT")]
    select: Vec<String>,
    /// Not these (repeatable)
    #[arg(long, value_name = "SELECT")]
    exclude: Vec<String>,
}

impl SelectArgs {
    /// What the arguments mean.
    pub(super) fn parse(&self) -> Result<Selection, Failure> {
        Ok(Selection::parse(&self.select, &self.exclude)?)
    }

    /// The arguments as they were given; `None` when there are none.
    pub(super) fn text(&self) -> Option<String> {
        let mut words = self.select.clone();
        words.extend(self.exclude.iter().map(|word| format!("--exclude {word}")));
        (!words.is_empty()).then(|| words.join(" "))
    }
}

/// Deliveries that the next run takes in.
pub(super) async fn pending(workspace: &Workspace) -> Result<Vec<Delivery>, Failure> {
    Ok(ingest::pending(&workspace.project.config, &workspace.lake).await?)
}

/// Tables that get new rows from `deliveries`.
pub(super) fn delivered(deliveries: &[Delivery]) -> BTreeSet<String> {
    let tables = deliveries.iter().map(|delivery| delivery.table.clone());
    let mut tables: BTreeSet<String> = tables.collect();
    if !tables.is_empty() {
        tables.insert(ingest::DELIVERIES.to_owned());
    }
    tables
}

/// The tables that `selection` takes, with `delivered` to come.
pub(super) async fn names(
    selection: &Selection,
    workspace: &Workspace,
    delivered: &BTreeSet<String>,
) -> Result<BTreeSet<String>, Failure> {
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
