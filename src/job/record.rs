//! A run's entry in the lake's history, and its notes for the case that it is killed before.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::error::JobError;
use super::totals::Totals;
use crate::event::{RunOutcome, StepOutcome, StepStatus};
use crate::lake::Lake;
use crate::observe::Tally;
use crate::pipeline::{self, RunRecord};

/// How long a run that was stopped may take to write itself into the history.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What the history says of what a run was to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intent<'j> {
    /// What was selected; `None` for everything.
    pub(super) selection: Option<&'j str>,
    pub(super) full_refresh: bool,
    pub(super) retry_of: Option<i64>,
}

impl Intent<'_> {
    /// The entry of a run that began at `started` and has done `totals`, still without its number.
    pub(super) fn record(
        self,
        totals: &Totals,
        outcome: RunOutcome,
        started: Instant,
    ) -> RunRecord {
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
            n_ok: number(totals.n_ok),
            n_skipped: number(totals.n_skipped),
            n_failed: number(totals.n_failed),
            n_deliveries: number(totals.n_deliveries),
            n_rejected_rows: i64::try_from(totals.n_rejected_rows).unwrap_or(i64::MAX),
            seconds: elapsed.as_secs_f64(),
            n_warned: number(totals.n_warned),
            selection: self.selection.map(str::to_owned),
            full_refresh: self.full_refresh,
            retry_of: self.retry_of,
        }
    }
}

/// The steps that ended and, when the run ended before its end, those of `selected` it did not reach.
pub(super) fn all_steps(
    tally: Tally,
    selected: &BTreeSet<String>,
    is_cut_short: bool,
) -> Vec<StepStatus> {
    let mut steps = tally.steps;
    if !is_cut_short {
        return steps;
    }
    let ended: BTreeSet<String> = steps.iter().map(|step| step.name.clone()).collect();
    steps.extend(selected.difference(&ended).map(|name| StepStatus {
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
pub(super) async fn record(
    lake: Lake,
    mut run: RunRecord,
    steps: Vec<StepStatus>,
) -> Result<(), JobError> {
    let last = pipeline::last_run(&lake).await?;
    let Some(run_id) = run.id_after(last.as_ref()) else {
        return Ok(());
    };
    run.run_id = run_id;
    pipeline::record_run(&lake, &run, &steps).await?;
    Ok(())
}

/// The same, with threads of its own: the others may be busy with what was stopped.
pub(super) fn record_at_once(
    lake: Lake,
    run: RunRecord,
    steps: Vec<StepStatus>,
) -> Result<(), JobError> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let recorded = match runtime.enable_all().build() {
            Ok(runtime) => runtime.block_on(record(lake, run, steps)),
            Err(error) => Err(JobError::Thread(error)),
        };
        // The receiver is gone when the time is over.
        drop(sender.send(recorded));
    });
    receiver
        .recv_timeout(LAST_WORDS)
        .unwrap_or(Err(JobError::NoTime))
}
