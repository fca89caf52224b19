//! A run's own notes in the lake's folder, there from its beginning to its end: when the process is killed they stay, and the
//! next run learns from them what the history does not say.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::fs::{FallocateFlags, fallocate};
use serde_json::{Value, json};

use crate::event::{
    DeliveryEvent, RunEvent, Severity, Sink, StepEvent, StepOutcome, StepStatus, TestResult,
};
use crate::lake::Lake;
use crate::pipeline::RunRecord;

const FILE: &str = ".running";
/// Bytes kept free for the notes.
const RESERVED: u64 = 64 << 10;

/// Keeps the notes of a run; the caller holds the lake's lock.
pub struct Journal {
    path: PathBuf,
    file: Mutex<Option<File>>,
    problem: Mutex<Option<String>>,
    unrecorded: Arc<AtomicBool>,
}

/// What is known of a run that did not come to its end.
#[derive(Debug)]
pub struct InterruptedRun {
    /// As it goes into the history, without its number.
    pub run: RunRecord,
    /// Its steps: those that ended, and those it did not reach.
    pub steps: Vec<StepStatus>,
}

impl Journal {
    /// Begins the notes of `run`, which is to build `selected`. They stay at its end when `unrecorded` is set by then.
    #[must_use]
    pub fn begin(
        lake: &Lake,
        run: &RunRecord,
        selected: &BTreeSet<String>,
        unrecorded: Arc<AtomicBool>,
    ) -> Self {
        let path = lake.root().join(FILE);
        let journal = Self {
            unrecorded,
            file: Mutex::new(None),
            problem: Mutex::new(None),
            path,
        };
        match fs_err::File::create(&journal.path) {
            Ok(file) => {
                // Where the disk gets full, there is room for what is to be noted.
                let _unsupported = fallocate(file.file(), FallocateFlags::KEEP_SIZE, 0, RESERVED);
                let mut own = journal.file.lock().unwrap_or_else(PoisonError::into_inner);
                *own = Some(file.into_parts().0);
            }
            Err(error) => journal.keep_problem(&error),
        }
        journal.note(&json!({
            "started_at": run.started_at,
            "selection": run.selection,
            "full_refresh": run.full_refresh,
            "retry_of": run.retry_of,
            "selected": selected,
        }));
        journal
    }

    fn note(&self, line: &Value) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = file.as_mut() else { return };
        if let Err(error) = open.write_all(format!("{line}\n").as_bytes()) {
            *file = None;
            self.keep_problem(&error);
        }
    }

    fn keep_problem(&self, error: &std::io::Error) {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        problem.get_or_insert(error.to_string());
    }
}

impl Sink for Journal {
    fn observe(&self, _at: DateTime<Utc>, event: &RunEvent) {
        match event {
            RunEvent::Step(StepEvent::StepPublishing {
                name,
                version,
                n_rows,
                tests,
            }) => self.note(&json!({
                "table": name,
                "publishing": version,
                "rows": n_rows,
                "tests": tests_as_json(tests),
            })),
            RunEvent::Step(StepEvent::StepFinished(status)) => {
                let (version, n_rows) = match status.outcome {
                    StepOutcome::Built {
                        version, n_rows, ..
                    } => (Some(version), Some(n_rows)),
                    _ => (None, None),
                };
                self.note(&json!({
                    "table": status.name,
                    "outcome": status.outcome.as_str(),
                    "reason": status.reason,
                    "version": version,
                    "rows": n_rows,
                    "seconds": status.elapsed.as_secs_f64(),
                    "tests": tests_as_json(&status.tests),
                }));
            }
            RunEvent::Delivery(DeliveryEvent::Finished { n_rejected, .. }) => {
                self.note(&json!({ "rejected_rows": n_rejected }));
            }
            _ => {}
        }
    }

    fn finish(&self) -> Vec<String> {
        if !self.unrecorded.load(Ordering::Relaxed)
            && let Err(error) = fs_err::remove_file(&self.path)
        {
            self.keep_problem(&error);
        }
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let problem = problem.iter();
        problem
            .map(|problem| format!("the run's own notes: {problem}"))
            .collect()
    }
}

/// When the run began whose notes lie in the lake: it is in progress, or it was killed.
#[must_use]
pub fn begun_at(lake: &Lake) -> Option<DateTime<Utc>> {
    let text = fs_err::read_to_string(lake.root().join(FILE)).ok()?;
    let begun: Value = serde_json::from_str(text.lines().next()?).ok()?;
    DateTime::from_timestamp_micros(begun["started_at"].as_i64()?)
}

/// The run that was killed, if the last one was; the caller holds the lake's lock.
#[must_use]
pub fn interrupted(lake: &Lake) -> Option<InterruptedRun> {
    let path = lake.root().join(FILE);
    let text = fs_err::read_to_string(&path).ok()?;
    // The last line may be cut off.
    let mut lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let begun = lines.next()?;
    let started_at = begun["started_at"].as_i64()?;
    let mut run = RunRecord {
        started_at,
        status: "interrupted".to_owned(),
        seconds: seconds_until_last_note(&path, started_at),
        selection: begun["selection"].as_str().map(str::to_owned),
        full_refresh: begun["full_refresh"].as_bool().unwrap_or(false),
        retry_of: begun["retry_of"].as_i64(),
        ..RunRecord::default()
    };
    let mut steps: Vec<StepStatus> = Vec::new();
    let mut publishing = Vec::new();
    for line in lines {
        match step(&line) {
            Some(step) => steps.push(step),
            None if line["publishing"].is_u64() => publishing.push(line),
            None => {
                run.n_deliveries += 1;
                run.n_rejected_rows += line["rejected_rows"].as_i64().unwrap_or(0);
            }
        }
    }
    for line in publishing {
        // Killed between its commit and its note.
        let is_noted = |step: &StepStatus| line["table"] == *step.name;
        if !steps.iter().any(is_noted) {
            steps.extend(published(lake, &line));
        }
    }
    let count = |words: &[&str]| {
        let found = steps
            .iter()
            .filter(|step| words.contains(&step.outcome.as_str()));
        i64::try_from(found.count()).unwrap_or(i64::MAX)
    };
    run.n_ok = count(&["built"]);
    run.n_skipped = count(&["skipped"]);
    run.n_failed = count(&["failed", "blocked"]);
    let warned = steps.iter().flat_map(|step| &step.tests);
    run.n_warned = i64::try_from(warned.filter(|test| test.is_warning()).count()).unwrap_or(0);
    let ended: BTreeSet<String> = steps.iter().map(|step| step.name.clone()).collect();
    let selected = begun["selected"].as_array().into_iter().flatten();
    let left = selected
        .filter_map(Value::as_str)
        .filter(|name| !ended.contains(*name));
    steps.extend(left.map(|name| StepStatus {
        name: name.to_owned(),
        outcome: StepOutcome::NotRun,
        reason: "the run was killed before".to_owned(),
        elapsed: Duration::ZERO,
        tests: Vec::new(),
        causes: Vec::new(),
    }));
    Some(InterruptedRun { run, steps })
}

/// Removes the notes of a run that was killed, when it is in the history.
///
/// # Errors
/// When the file cannot be removed.
pub fn forget_interrupted(lake: &Lake) -> std::io::Result<()> {
    fs_err::remove_file(lake.root().join(FILE))
}

fn step(line: &Value) -> Option<StepStatus> {
    let outcome = match line["outcome"].as_str()? {
        "built" => StepOutcome::Built {
            version: line["version"].as_u64()?,
            n_rows: line["rows"].as_u64()?,
            n_bytes: 0,
        },
        "skipped" => StepOutcome::Skipped,
        "failed" => StepOutcome::Failed,
        "blocked" => StepOutcome::Blocked,
        _ => StepOutcome::NotRun,
    };
    let seconds = line["seconds"].as_f64().unwrap_or(0.0);
    Some(StepStatus {
        name: line["table"].as_str()?.to_owned(),
        outcome,
        reason: line["reason"].as_str().unwrap_or_default().to_owned(),
        elapsed: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        tests: tests_of(line),
        causes: Vec::new(),
    })
}

/// A step that was about to be published, if it was.
fn published(lake: &Lake, line: &Value) -> Option<StepStatus> {
    let (name, version) = (line["table"].as_str()?, line["publishing"].as_u64()?);
    lake.has_commit(name, version).then(|| StepStatus {
        name: name.to_owned(),
        outcome: StepOutcome::Built {
            version,
            n_rows: line["rows"].as_u64().unwrap_or(0),
            n_bytes: 0,
        },
        reason: "published before the run was killed".to_owned(),
        elapsed: Duration::ZERO,
        tests: tests_of(line),
        causes: Vec::new(),
    })
}

fn tests_as_json(tests: &[TestResult]) -> Value {
    let each = tests.iter().map(|test| {
        json!({
            "test": test.test,
            "warns": test.severity == Severity::Warn,
            "found": test.n_rows_found,
            "rows": test.n_rows,
            "holds": test.holds,
        })
    });
    each.collect()
}

/// What the tests of a step's header found, as its note says.
fn tests_of(line: &Value) -> Vec<TestResult> {
    let tests = line["tests"].as_array().into_iter().flatten();
    let tests = tests.filter_map(|test| {
        Some(TestResult {
            test: test["test"].as_str()?.to_owned(),
            severity: match test["warns"].as_bool()? {
                true => Severity::Warn,
                false => Severity::Error,
            },
            n_rows_found: test["found"].as_u64(),
            n_rows: test["rows"].as_u64(),
            holds: test["holds"].as_bool()?,
        })
    });
    tests.collect()
}

/// How long the run is known to have gone on.
fn seconds_until_last_note(path: &Path, started_at: i64) -> f64 {
    let written = fs_err::metadata(path).and_then(|file| file.modified()).ok();
    let begun = DateTime::from_timestamp_micros(started_at);
    let (Some(written), Some(begun)) = (written, begun) else {
        return 0.0;
    };
    let elapsed = DateTime::<Utc>::from(written) - begun;
    elapsed.to_std().unwrap_or_default().as_secs_f64()
}
