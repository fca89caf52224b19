//! A run: new extracts → checks → every stale table of a selection → report, written into the lake's history however it ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::checked::check_once;
use super::ending::{EndedJob, outcome};
use super::error::JobError;
use super::gate::gate;
use super::ingest::ingest_new;
use super::observers::Observers;
use super::options::JobOptions;
use super::record::{Intent, all_steps, record, record_at_once};
use super::release::release_all;
use super::report::write_if_stale;
use super::selection::{pending, selected_tables, tables_of};
use super::stop::{StopReason, until};
use super::totals::Totals;
use super::untold::command_of;
use super::workspace::Workspace;
use crate::event::{Observer, RunEvent, RunOutcome};
use crate::ingest::DeliverySelection;
use crate::observe::Journal;
use crate::pipeline::{self, Selection, Work};
use crate::session::Session;

/// What a run is to do.
pub struct Job {
    /// The project and its lake.
    pub workspace: Workspace,
    /// Limits, language and surroundings.
    pub options: JobOptions,
    /// Tables to bring up to date.
    pub selected: BTreeSet<String>,
    /// What `selected` was made of. It is asked again once the extracts are in, when it asks what is stale.
    pub selection: Option<Selection>,
    /// The selection as text, for the history; `None` for everything, which also writes the report.
    pub selection_text: Option<String>,
    /// Whether new extracts are ingested first.
    pub takes_in: bool,
    /// Whether selected tables are built even if they are up to date.
    pub full_refresh: bool,
    /// The number of the run that this one continues.
    pub retry_of: Option<i64>,
}

impl Job {
    /// A run of `selection`, with `selection_text` for the history.
    ///
    /// # Errors
    /// When the selection names what the project does not have, an extract is missing, or the lake cannot be read.
    pub async fn of_selection(
        workspace: Workspace,
        options: JobOptions,
        (selection, selection_text): (Selection, Option<String>),
        takes_in: bool,
        full_refresh: bool,
    ) -> Result<Self, JobError> {
        // Finding what is pending reads every extract, which ingest does again.
        let delivered = match selection.asks_stale() && takes_in {
            true => tables_of(&pending(&workspace).await?),
            false => BTreeSet::new(),
        };
        Ok(Self {
            selected: selected_tables(&selection, &workspace, &delivered).await?,
            selection: Some(selection),
            selection_text,
            takes_in,
            full_refresh,
            retry_of: None,
            options,
            workspace,
        })
    }

    fn intent(&self) -> Intent<'_> {
        Intent {
            selection: self.selection_text.as_deref(),
            full_refresh: self.full_refresh,
            retry_of: self.retry_of,
        }
    }

    /// Notes that outlive the process, in case it is killed; they stay for the next run when `unrecorded` is set in the end.
    fn journal(&self, unrecorded: &Arc<AtomicBool>) -> Journal {
        let run = self
            .intent()
            .record(&Totals::default(), RunOutcome::Ok, Instant::now());
        let lake = &self.workspace.lake;
        Journal::begin(lake, &run, &self.selected, Arc::clone(unrecorded))
    }
}

/// Runs `job`, telling `observer` and whom the project file names, until it ends or `stop` does.
///
/// # Errors
/// Why it did not begin, as when another job holds the lake. How it ended once it began is in the value.
pub async fn run(
    job: &Job,
    observer: Observer,
    stop: impl Future<Output = StopReason>,
) -> Result<EndedJob<()>, JobError> {
    let lake = &job.workspace.lake;
    let lock = lake.lock()?;
    let unrecorded = Arc::new(AtomicBool::new(false));
    let command = (command_of(job.retry_of), job.selection_text.as_deref());
    let journal = || Some(job.journal(&unrecorded));
    let observers =
        Observers::begin(&job.workspace, &job.options, observer, command, journal).await?;
    let worked = until(stop, work(job, &observers)).await;
    observers.tell(&RunEvent::WorkEnded);
    let tally = observers.tally();
    let mut totals = Totals::of(&tally);
    let outcome = outcome(worked.as_ref().err());
    if outcome == RunOutcome::Failed {
        totals.n_failed = totals.n_failed.max(1);
    }
    let entry = job.intent().record(&totals, outcome, observers.started());
    let steps = all_steps(tally, &job.selected, worked.is_err());
    let recorded = match outcome {
        RunOutcome::Stopped => record_at_once(lake.clone(), entry, steps),
        RunOutcome::Ok | RunOutcome::Failed => record(lake.clone(), entry, steps).await,
    };
    unrecorded.store(recorded.is_err(), Ordering::Relaxed);
    let result = match worked {
        Ok(()) => (recorded, None),
        Err(error) => (Err(error), recorded.err()),
    };
    Ok(EndedJob::of_run(
        result,
        totals,
        &job.workspace,
        observers,
        lock,
    ))
}

async fn work(job: &Job, observers: &Observers) -> Result<(), JobError> {
    let workspace = &job.workspace;
    check_once(workspace, &job.options).await?;
    match job.takes_in {
        true => drop(ingest_new(workspace, DeliverySelection::default(), observers).await?),
        false => pipeline::require_whole(&workspace.project, &workspace.lake).await?,
    }
    let selected = match &job.selection {
        Some(selection) if selection.asks_stale() => {
            selected_tables(selection, workspace, &BTreeSet::new()).await?
        }
        _ => job.selected.clone(),
    };
    let session = Session::new(&job.options.session)?;
    gate(workspace, &session, observers).await?;
    let observer = observers.observer();
    let summary = pipeline::build(
        Arc::clone(&workspace.project),
        &workspace.lake,
        &session,
        Work {
            selected,
            full_refresh: job.full_refresh,
        },
        Arc::new(move |event| observer.tell(&RunEvent::Step(event))),
    )
    .await?;
    observers.tell(&RunEvent::BuildEnded);
    if let Some(error) = summary.first_error {
        return Err(error.into());
    }
    if job.selection_text.is_none() {
        release_all(workspace, &session, observers).await?;
        let totals = Totals::of(&observers.tally());
        let entry = job
            .intent()
            .record(&totals, RunOutcome::Ok, observers.started());
        let written = write_if_stale(workspace, &session, &entry, job.options.lang).await?;
        for path in written {
            observers.tell(&RunEvent::ReportWritten { path });
        }
    }
    Ok(())
}
