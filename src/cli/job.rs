//! One run from the lock to the line of summary: written into the lake's history however it ends.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::args::GlobalArgs;
use super::failure::Failure;
use super::observed::{self, LakeAfter, Observed};
use super::printer::Printer;
use super::workspace::Workspace;
use super::{Signal, checks, ingest, report, selection, until_signal};
use crate::diagnostic::FailureKind;
use crate::event::{RunEvent, RunOutcome, StepOutcome, StepStatus};
use crate::lake::Lake;
use crate::observe::{Journal, Tally};
use crate::pipeline::{self, RunRecord, Selection, Work};

/// How long a run that was stopped may take to write itself into the history.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What a run is to do.
pub(super) struct Job {
    pub(super) workspace: Workspace,
    /// Tables to bring up to date.
    pub(super) selected: BTreeSet<String>,
    /// Asked again after the extracts are in, when it asks what is stale.
    pub(super) selection: Option<Selection>,
    /// For the history; `None` for everything, which also writes the report.
    pub(super) selection_text: Option<String>,
    /// Whether it takes in new extracts first.
    pub(super) takes_in: bool,
    pub(super) full_refresh: bool,
    pub(super) retry_of: Option<i64>,
    pub(super) nothing_new_code: u8,
    /// Set when the run could not be written into the history: its notes stay for the next one.
    pub(super) unrecorded: Arc<AtomicBool>,
}

/// Does the job and gives back the exit code.
pub(super) async fn carry_out(
    job: &Job,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let _lock = job.workspace.lake.lock()?;
    let observed = job.observed(printer).await?;
    let started = observed.started;
    let worked = until_signal(work(job, &observed, global, printer), signal).await;
    observed.clear();
    let done = observed.tally();
    let mut totals = Totals::of(&done);
    let outcome = worked
        .as_ref()
        .err()
        .map_or(RunOutcome::Ok, observed::outcome);
    let is_stopped = outcome == RunOutcome::Stopped;
    if worked.is_err() && !is_stopped {
        totals.n_failed = totals.n_failed.max(1);
    }
    let run = totals.record(job, outcome, started);
    let steps = all_steps(job, done, worked.is_err());
    let recorded = match is_stopped {
        false => record(job.workspace.lake.clone(), run, steps).await,
        true => record_at_once(job.workspace.lake.clone(), run, steps),
    };
    job.unrecorded.store(recorded.is_err(), Ordering::Relaxed);
    let result = match (worked, recorded) {
        (Ok(()), recorded) => recorded,
        (Err(failure), Ok(())) => Err(failure),
        (Err(failure), Err(unwritten)) => {
            let what = format!("the run is not in the history: {}", unwritten.message);
            Err(failure.hint(what))
        }
    };
    if let Err(failure) = &result {
        printer.failure(failure);
    }
    if is_stopped {
        printer.note("stopped; what was published stays, `korabo retry` or `korabo run` continues");
    }
    let code = match &result {
        Err(failure) => Err(failure),
        Ok(()) if totals.n_ok == 0 && totals.n_deliveries == 0 => Ok(job.nothing_new_code),
        Ok(()) => Ok(0),
    };
    // The threads may be busy with what was stopped.
    let after = match is_stopped {
        true => LakeAfter::default(),
        false => LakeAfter::read(&job.workspace).await,
    };
    observed.end(code, after);
    printer.summary(&totals.line(started));
    Ok(code.unwrap_or_else(|failure| failure.kind.exit_code()))
}

impl Job {
    async fn observed(&self, printer: &Printer) -> Result<Observed, Failure> {
        let command = observed::command_of(self.retry_of);
        Observed::begin(&self.workspace, command, Some(self), printer).await
    }

    /// Notes that outlive the process, in case it is killed.
    pub(super) fn journal(&self) -> Journal {
        let run = Totals::default().record(self, RunOutcome::Ok, Instant::now());
        let unrecorded = Arc::clone(&self.unrecorded);
        Journal::begin(&self.workspace.lake, &run, &self.selected, unrecorded)
    }
}

async fn work(
    job: &Job,
    observed: &Observed,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let workspace = &job.workspace;
    match job.takes_in {
        true => drop(ingest::take_in(workspace, &[], observed, printer).await?),
        false => pipeline::require_whole(&workspace.project, &workspace.lake).await?,
    }
    let selected = match &job.selection {
        Some(selection) if selection.asks_stale() => {
            selection::names(selection, workspace, &BTreeSet::new()).await?
        }
        _ => job.selected.clone(),
    };
    let session = Workspace::session(global)?;
    checks::gate(workspace, &session, observed, printer).await?;
    let observer = observed.observer();
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
    observed.clear();
    if let Some(error) = summary.first_error {
        return Err(Failure::from(error));
    }
    if job.selection_text.is_none() {
        let totals = Totals::of(&observed.tally());
        let run = totals.record(job, RunOutcome::Ok, observed.started);
        report::write_if_stale(workspace, &session, &run, global, printer).await?;
    }
    Ok(())
}

/// The steps that ended and, when the run ended before its end, those it did not reach.
fn all_steps(job: &Job, done: Tally, is_cut: bool) -> Vec<StepStatus> {
    let mut steps = done.steps;
    if !is_cut {
        return steps;
    }
    let ended: BTreeSet<String> = steps.iter().map(|step| step.name.clone()).collect();
    steps.extend(job.selected.difference(&ended).map(|name| StepStatus {
        name: name.clone(),
        outcome: StepOutcome::NotRun,
        reason: "the run ended before".to_owned(),
        elapsed: Duration::ZERO,
        tests: Vec::new(),
        causes: Vec::new(),
    }));
    steps
}

/// Writes the run into the lake's history, when it did anything or the last one did not end well.
async fn record(lake: Lake, mut run: RunRecord, steps: Vec<StepStatus>) -> Result<(), Failure> {
    let last = pipeline::last_run(&lake).await?;
    let Some(run_id) = run.id_after(last.as_ref()) else {
        return Ok(());
    };
    run.run_id = run_id;
    pipeline::record_run(&lake, &run, &steps).await?;
    Ok(())
}

/// The same, with threads of its own: the others may be busy with what was stopped.
fn record_at_once(lake: Lake, run: RunRecord, steps: Vec<StepStatus>) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let recorded = match runtime.enable_all().build() {
            Ok(runtime) => runtime.block_on(record(lake, run, steps)),
            Err(error) => {
                Err(Failure::new(FailureKind::Internal, "cannot start a thread").because(&error))
            }
        };
        // Nobody is left to tell when the time is over.
        drop(sender.send(recorded));
    });
    receiver.recv_timeout(LAST_WORDS).unwrap_or_else(|_| {
        let message = "there was no time to write it";
        Err(Failure::new(FailureKind::Resources, message))
    })
}

/// Counts for the machine-readable last line and the history.
#[derive(Default)]
struct Totals {
    n_ok: usize,
    n_skipped: usize,
    n_failed: usize,
    n_warned: usize,
    n_rejected_rows: u64,
    n_deliveries: usize,
}

impl Totals {
    fn of(done: &Tally) -> Self {
        Self {
            n_ok: done.n_steps(|outcome| matches!(outcome, StepOutcome::Built { .. })),
            n_skipped: done.n_steps(|outcome| *outcome == StepOutcome::Skipped),
            n_failed: done
                .n_steps(|outcome| matches!(outcome, StepOutcome::Failed | StepOutcome::Blocked)),
            n_warned: done
                .broken_tests()
                .filter(|(_, test)| test.is_warning())
                .count(),
            n_rejected_rows: done.n_rejected_rows(),
            n_deliveries: done.n_deliveries(),
        }
    }

    fn record(&self, job: &Job, outcome: RunOutcome, started: Instant) -> RunRecord {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let elapsed = started.elapsed();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let started_at = now.saturating_sub(elapsed).as_micros();
        RunRecord {
            run_id: 0,
            started_at: i64::try_from(started_at).unwrap_or_default(),
            status: outcome.as_str().to_owned(),
            n_ok: number(self.n_ok),
            n_skipped: number(self.n_skipped),
            n_failed: number(self.n_failed),
            n_deliveries: number(self.n_deliveries),
            n_rejected_rows: i64::try_from(self.n_rejected_rows).unwrap_or(i64::MAX),
            seconds: elapsed.as_secs_f64(),
            n_warned: number(self.n_warned),
            selection: job.selection_text.clone(),
            full_refresh: job.full_refresh,
            retry_of: job.retry_of,
        }
    }

    fn line(&self, started: Instant) -> String {
        format!(
            "ok={} skipped={} rejected_rows={} failed={} seconds={:.1}",
            self.n_ok,
            self.n_skipped,
            self.n_rejected_rows,
            self.n_failed,
            started.elapsed().as_secs_f64()
        )
    }
}
