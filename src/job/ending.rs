//! How a job ended, and telling so.

use std::collections::BTreeSet;
use std::time::Duration;

use super::diagnosis::Diagnosis;
use super::error::JobError;
use super::observers::Observers;
use super::stop::StopReason;
use super::totals::Totals;
use super::workspace::Workspace;
use crate::event::{RunEnd, RunEvent, RunOutcome};
use crate::lake::LakeLock;
use crate::pipeline::{self, PipelineError, Work};

/// A job that has ended. Its observers do not know yet: [`JobEnding::tell`] says so.
pub struct EndedJob<T> {
    /// What it did, or why it failed or was stopped.
    pub result: Result<T, JobError>,
    /// Why the run is not in the history either, when it failed or was stopped.
    pub unrecorded: Option<JobError>,
    /// What it did, in numbers.
    pub totals: Totals,
    /// What is left to do.
    pub ending: JobEnding,
}

/// The end of a job, with the lake's lock until it is dropped.
pub struct JobEnding {
    outcome: RunOutcome,
    causes: Vec<String>,
    observers: Observers,
    /// Where it is read what only the lake can tell.
    lake_to_read: Option<Workspace>,
    _lock: LakeLock,
}

impl<T> EndedJob<T> {
    /// The end of a run of `workspace`.
    pub(super) fn of_run(
        (result, unrecorded): (Result<T, JobError>, Option<JobError>),
        totals: Totals,
        workspace: &Workspace,
        observers: Observers,
        lock: LakeLock,
    ) -> Self {
        let mut ending = JobEnding::of(&result, observers, lock);
        // The threads may be busy with what was stopped.
        if !ending.is_stopped() {
            ending.lake_to_read = Some(workspace.clone());
        }
        Self {
            result,
            unrecorded,
            totals,
            ending,
        }
    }

    /// The end of ingest alone.
    pub(super) fn of_ingest(
        result: Result<T, JobError>,
        observers: Observers,
        lock: LakeLock,
    ) -> Self {
        Self {
            totals: Totals::of(&observers.tally()),
            ending: JobEnding::of(&result, observers, lock),
            result,
            unrecorded: None,
        }
    }
}

impl JobEnding {
    fn of<T>(result: &Result<T, JobError>, observers: Observers, lock: LakeLock) -> Self {
        let error = result.as_ref().err();
        Self {
            outcome: outcome(error),
            causes: error.map_or_else(Vec::new, |error| Diagnosis::from(error).lines()),
            observers,
            lake_to_read: None,
            _lock: lock,
        }
    }

    /// Whether a signal stopped the job.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.outcome == RunOutcome::Stopped
    }

    /// How long ago the job began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.observers.started().elapsed()
    }

    /// Tells the observers that the job ended, with the exit code of the process, and waits for them. Returns what they could not do,
    /// in words.
    #[must_use]
    pub async fn tell(&self, exit_code: u8) -> Vec<String> {
        let lake = match &self.lake_to_read {
            Some(workspace) => LakeAfter::read(workspace).await,
            None => LakeAfter::default(),
        };
        self.observers.tell(&RunEvent::RunEnded(RunEnd {
            outcome: self.outcome,
            exit_code,
            elapsed: self.elapsed(),
            causes: self.causes.clone(),
            n_stale: lake.n_stale,
            match_rate: lake.match_rate,
        }));
        self.observers.finish()
    }
}

/// How a job ended that `error` ended, or that came to its end.
pub(super) fn outcome(error: Option<&JobError>) -> RunOutcome {
    match error {
        None => RunOutcome::Ok,
        Some(JobError::Stopped(StopReason::Interrupt | StopReason::Terminate)) => {
            RunOutcome::Stopped
        }
        Some(_) => RunOutcome::Failed,
    }
}

/// What only the lake can tell after a run.
#[derive(Debug, Clone, Copy, Default)]
struct LakeAfter {
    n_stale: Option<u64>,
    match_rate: Option<f64>,
}

impl LakeAfter {
    /// Reads what the project's sinks need; what cannot be read is not reported.
    async fn read(workspace: &Workspace) -> Self {
        let config = &workspace.project.config.observability;
        let mut after = Self::default();
        if config.metrics.is_some() {
            after.n_stale = n_stale(workspace).await.ok();
        }
        let limit = config
            .notify
            .as_ref()
            .and_then(|notify| notify.thresholds.match_rate);
        if config.metrics.is_some() || limit.is_some() {
            after.match_rate = pipeline::match_rate(&workspace.lake)
                .await
                .unwrap_or_default();
        }
        after
    }
}

async fn n_stale(workspace: &Workspace) -> Result<u64, PipelineError> {
    let work = Work::everything(&workspace.project.dag);
    let nothing = BTreeSet::new();
    let planned = pipeline::plan(&workspace.project, &workspace.lake, &work, &nothing).await?;
    Ok(planned.iter().filter(|step| step.reason.is_some()).count() as u64)
}
