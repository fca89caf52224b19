//! What happens in a run, from its beginning to its end.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::check::{CheckCounts, CheckTally};
use super::delivery::DeliveryEvent;
use super::step::StepEvent;
use super::uuid::RunUuid;

/// Something that happened in a run. No event carries a cell of data.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// The run before this one was killed; it was written into the history as `interrupted`. Comes before
    /// [`RunEvent::RunStarted`].
    Recovered {
        /// The number of the killed run in `runs`.
        run_id: i64,
    },
    /// Something is wrong but does not stop the run; text without a value from data.
    Warning(String),
    /// The run has the lake's lock and begins.
    RunStarted(RunStart),
    /// A delivery began, was ingested or refused.
    Delivery(DeliveryEvent),
    /// Ingest ended having found files whose content the lake has already.
    KnownFiles {
        /// How many; at least 1.
        n_files: usize,
        /// Those with rejected rows that the contract of today may accept.
        n_outdated: usize,
    },
    /// Checks of the contracts were evaluated for tables that changed: all the checks there are, by status.
    ChecksEvaluated(CheckCounts),
    /// Checks of the contracts were counted; only when there was something new.
    Checks(CheckTally),
    /// A table's step began, ended, failed or was skipped, with the tests of its header.
    Step(StepEvent),
    /// Every selected table has ended, well or not.
    BuildEnded,
    /// A table left, or waits for a second person.
    TableReleased {
        /// Whether it left.
        has_left: bool,
        /// Its name.
        name: String,
        /// Its file.
        path: PathBuf,
        /// Its rows.
        n_rows: usize,
        /// Rows with numbers withheld.
        n_withheld: usize,
    },
    /// The report was rewritten.
    ReportWritten {
        /// Its file.
        path: PathBuf,
    },
    /// The work is over, however it ended. What is left is to record it.
    WorkEnded,
    /// The run ended; always the last event.
    RunEnded(RunEnd),
}

/// What is known when a run begins.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// Names the run among all runs of all projects.
    pub uuid: RunUuid,
    /// Its number in `runs`. A run that finds nothing to do is not recorded, and the next one has the same number.
    pub run_id: i64,
    /// The project's name.
    pub project: String,
    /// `run`, `retry` or `ingest`.
    pub command: &'static str,
    /// What was selected; `None` for everything.
    pub selection: Option<String>,
    /// When it was planned to begin, if a schedule started it.
    pub nominal_start: Option<DateTime<Utc>>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// In one word.
    pub outcome: RunOutcome,
    /// Exit code of the process.
    pub exit_code: u8,
    /// Seconds it took.
    pub elapsed: Duration,
    /// What could not be done, and why: one line per cause, no values from data. Empty when nothing failed.
    pub causes: Vec<String>,
    /// Tables that are stale now; `None` when they were not counted.
    pub n_stale: Option<u64>,
    /// Smallest match rate over all persons of a side in `linkage_quality`; `None` when it was not read or there is none.
    pub match_rate: Option<f64>,
}

/// How a run ended, in the words of `runs.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It succeeded.
    Ok,
    /// Something failed.
    Failed,
    /// A signal stopped it.
    Stopped,
}

impl RunOutcome {
    /// The word in `runs.status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}
