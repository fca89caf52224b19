//! What happens to the steps of a run: one per query, with the tests of its header.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::diagnostic::{counted, thousands};

/// What happens during a run, for progress and logs. No event carries a cell of data.
#[derive(Debug, Clone)]
pub enum StepEvent {
    /// The run begins.
    Steps {
        /// Tables and views selected; each ends with a [`StepEvent::StepFinished`].
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
    /// Rows that a step has written so far.
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
    /// Seconds it took.
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
    /// Not run because something it needs failed.
    Blocked,
    /// Not reached: the run ended before.
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

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The test as it stands in the header.
    pub test: String,
    /// What follows when it does not hold.
    pub severity: Severity,
    /// Rows that break it, of `freshness` the age in its unit, of `key` repeated keys; `None` when it could not be applied.
    pub n_rows_found: Option<u64>,
    /// Rows that were tested.
    pub n_rows: Option<u64>,
    /// Whether it holds.
    pub holds: bool,
}

impl TestResult {
    /// The word in `test_results.status`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match (self.n_rows_found, self.holds, self.severity) {
            (None, ..) => "not_applicable",
            (Some(_), true, _) => "ok",
            (Some(_), false, severity) => severity.as_str(),
        }
    }

    /// Whether it is to be mentioned, but does not keep the table from being published.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        !self.holds && self.severity == Severity::Warn
    }

    /// What it found, as text: the test and a count.
    #[must_use]
    pub fn describe(&self) -> String {
        let n_rows = self.n_rows_found.unwrap_or(0);
        let test = &self.test;
        let unit = match test.contains("month") {
            true => " months",
            false => " days",
        };
        match test.starts_with("row_count_change") {
            true => format!("`{test}`: {} rows more or fewer", thousands(n_rows)),
            false if test.starts_with("freshness") => {
                format!(
                    "`{test}`: the newest value is {} old",
                    thousands(n_rows) + unit
                )
            }
            false => format!("`{test}`: {}", counted(n_rows, "row", "rows")),
        }
    }
}

/// What follows when a test does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The table is not published.
    Error,
    /// The table is published and the run says so.
    Warn,
}

impl Severity {
    /// The word in `test_results.severity`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
        }
    }
}
