//! What happens in a run, step by step, and how steps and runs end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::data_test::TestResult;
use super::error::PipelineError;

/// What happens during a run, for progress and logs. No event carries a cell of data.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins.
    Steps {
        /// Tables and views selected; each ends with a [`Event::StepFinished`].
        n_steps: usize,
    },
    /// A step began.
    StepStarted {
        /// The query.
        name: String,
        /// Why it is built.
        reason: String,
        /// What it reads: the version of every table, the fingerprint of every view.
        inputs: BTreeMap<String, String>,
    },
    /// A step has written more rows.
    StepRows {
        /// The query.
        name: String,
        /// Rows so far.
        n_rows: u64,
    },
    /// A step passed its tests and is about to be published.
    StepPublishing {
        /// The query.
        name: String,
        /// The version it is to have.
        version: u64,
        /// Rows written.
        n_rows: u64,
        /// What the tests of its header found.
        tests: Vec<TestResult>,
    },
    /// A step ended.
    StepFinished(StepStatus),
}

/// How one step ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StepStatus {
    /// The query.
    pub name: String,
    /// How it ended.
    pub outcome: StepOutcome,
    /// Why it was built, or not.
    pub reason: String,
    /// How long it took.
    pub elapsed: Duration,
    /// What the tests of its header found.
    pub tests: Vec<TestResult>,
    /// Why it failed, outermost first: one line per cause, no values from data.
    pub causes: Vec<String>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// Published.
    Built {
        /// Lake version.
        version: u64,
        /// Rows written.
        n_rows: u64,
        /// Bytes written.
        n_bytes: u64,
    },
    /// Up to date already, or a view.
    Skipped,
    /// Failed.
    Failed,
    /// Not run because a table it reads failed or is missing.
    Blocked,
    /// Not reached: the run ended first.
    NotRun,
}

impl StepOutcome {
    /// The word in `run_steps.outcome`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Built { .. } => "built",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::NotRun => "not_run",
        }
    }
}

/// What a run did.
#[derive(Debug, Default)]
pub struct RunSummary {
    /// Every selected step.
    pub steps: Vec<StepStatus>,
    /// The first failure.
    pub first_error: Option<PipelineError>,
}

impl RunSummary {
    /// Steps with an outcome for which `is` holds.
    pub fn count(&self, is: impl Fn(&StepOutcome) -> bool) -> usize {
        self.steps.iter().filter(|step| is(&step.outcome)).count()
    }
}
