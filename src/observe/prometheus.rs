//! Metrics of the last run as a file that node_exporter's textfile collector reads: written beside its place and moved there,
//! so that no reader sees half of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::tally::Tally;
use crate::event::{
    CheckStatus, CheckTally, RunEnd, RunEvent, RunOutcome, RunStart, Severity, Sink, StepOutcome,
    StepStatus,
};

/// Writes the file at the end of a run.
pub struct MetricsFile {
    path: PathBuf,
    state: Mutex<MetricState>,
}

#[derive(Default)]
struct MetricState {
    run: Option<(DateTime<Utc>, RunStart)>,
    tally: Tally,
    problem: Option<String>,
}

const LAST_SUCCESS: &str = "korabo_last_success_timestamp_seconds";

impl MetricsFile {
    /// Metrics go to `path`.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            state: Mutex::default(),
        }
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs_err::create_dir_all(folder)?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        // The collector reads `*.prom` only.
        let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
        fs_err::write(&temporary, text)?;
        fs_err::rename(&temporary, &self.path).inspect_err(|_| {
            // The first error is the one to tell.
            drop(fs_err::remove_file(&temporary));
        })
    }
}

impl Sink for MetricsFile {
    fn observe(&self, at: DateTime<Utc>, event: &RunEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tally.take(event);
        match event {
            RunEvent::RunStarted(run) => state.run = Some((at, run.clone())),
            RunEvent::RunEnded(end) => {
                let Some((started_at, run)) = &state.run else {
                    return;
                };
                let last_success = match end.outcome {
                    RunOutcome::Ok => Some(seconds_of(at)),
                    _ => last_success(&self.path),
                };
                let ended = EndedRun {
                    run,
                    started_at: *started_at,
                    at,
                    end,
                    tally: &state.tally,
                    last_success,
                };
                let written = self.write(&ended.text());
                state.problem = written.err().map(|error| error.to_string());
            }
            _ => {}
        }
    }

    fn finish(&self) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let problem = state.problem.iter();
        problem
            .map(|problem| format!("metrics not written: {problem}"))
            .collect()
    }
}

/// The time of the last success that the file of an earlier run has.
fn last_success(path: &Path) -> Option<f64> {
    let text = fs_err::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(LAST_SUCCESS))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
fn seconds_of(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

struct EndedRun<'a> {
    run: &'a RunStart,
    started_at: DateTime<Utc>,
    at: DateTime<Utc>,
    end: &'a RunEnd,
    tally: &'a Tally,
    last_success: Option<f64>,
}

/// One metric: a name, what it says, and its values by labels.
struct Metric {
    name: &'static str,
    help: &'static str,
    values: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl EndedRun<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        let all = self.of_run().into_iter().chain(self.of_tables());
        for metric in all.filter(|metric| !metric.values.is_empty()) {
            let _ = writeln!(text, "# HELP {} {}", metric.name, metric.help);
            let _ = writeln!(text, "# TYPE {} gauge", metric.name);
            for (labels, value) in &metric.values {
                let _ = write!(
                    text,
                    "{}{{project=\"{}\"",
                    metric.name,
                    escaped(&self.run.project)
                );
                for (label, word) in labels {
                    let _ = write!(text, ",{label}=\"{}\"", escaped(word));
                }
                let _ = writeln!(text, "}} {value}");
            }
        }
        text
    }

    fn of_run(&self) -> Vec<Metric> {
        let one = |name, help, value: Option<f64>| Metric {
            name,
            help,
            values: value.map(|value| (Vec::new(), value)).into_iter().collect(),
        };
        let is_ok = self.end.outcome == RunOutcome::Ok;
        let version = ("version", env!("CARGO_PKG_VERSION").to_owned());
        let info = Metric {
            name: "korabo_info",
            help: "Version of korabo that ran last; always 1.",
            values: vec![(vec![version], 1.0)],
        };
        let start = Some(seconds_of(self.started_at));
        let end = Some(seconds_of(self.at));
        vec![
            info,
            one(
                "korabo_run_start_timestamp_seconds",
                "When the last run began.",
                start,
            ),
            one(
                "korabo_run_end_timestamp_seconds",
                "When the last run ended.",
                end,
            ),
            one(
                LAST_SUCCESS,
                "When the last run without a failure ended.",
                self.last_success,
            ),
            one(
                "korabo_run_success",
                "1 when the last run succeeded.",
                Some(f64::from(u8::from(is_ok))),
            ),
            one(
                "korabo_run_exit_code",
                "Exit code of the last run.",
                Some(f64::from(self.end.exit_code)),
            ),
            one(
                "korabo_run_duration_seconds",
                "How long the last run took.",
                Some(self.end.elapsed.as_secs_f64()),
            ),
            one(
                "korabo_stale_tables",
                "Tables that were stale after the last run.",
                self.end.n_stale.map(number),
            ),
            one(
                "korabo_match_rate_ratio",
                "Smallest match rate over all persons of a side.",
                self.end.match_rate,
            ),
        ]
    }

    fn of_tables(&self) -> Vec<Metric> {
        let table = |name: &str| ("table", name.to_owned());
        let built = |step: &&StepStatus| {
            matches!(
                step.outcome,
                StepOutcome::Built { .. } | StepOutcome::Failed
            )
        };
        let steps = || self.tally.steps.iter().filter(built);
        let rows = steps().filter_map(|step| match step.outcome {
            StepOutcome::Built { n_rows, .. } => Some((vec![table(&step.name)], number(n_rows))),
            _ => None,
        });
        let times = steps().map(|step| (vec![table(&step.name)], step.elapsed.as_secs_f64()));
        let delivered = self.tally.deliveries.iter().flat_map(|(name, tally)| {
            let of = |result: &str, n: u64| {
                (vec![table(name), ("result", result.to_owned())], number(n))
            };
            [
                of("accepted", tally.n_accepted),
                of("rejected", tally.n_rejected),
            ]
        });
        let refused = self.tally.deliveries.iter();
        let refused = refused.map(|(name, tally)| (vec![table(name)], tally.n_refused as f64));
        vec![
            Metric {
                name: "korabo_run_steps",
                help: "Steps of the last run, by how they ended.",
                values: self.outcomes(),
            },
            Metric {
                name: "korabo_step_duration_seconds",
                help: "How long a table took to build in the last run.",
                values: times.collect(),
            },
            Metric {
                name: "korabo_step_rows",
                help: "Rows written for a table in the last run.",
                values: rows.collect(),
            },
            Metric {
                name: "korabo_delivery_rows",
                help: "Rows delivered in the last run, accepted or rejected.",
                values: delivered.collect(),
            },
            Metric {
                name: "korabo_deliveries_refused",
                help: "Deliveries refused whole in the last run.",
                values: refused.collect(),
            },
            Metric {
                name: "korabo_tests_broken",
                help: "Tests that did not hold in the last run, by severity.",
                values: [Severity::Error, Severity::Warn]
                    .map(|it| self.broken(it))
                    .into(),
            },
            Metric {
                name: "korabo_checks",
                help: "Checks of the tables that changed in the last run, by status.",
                values: self.checks(),
            },
        ]
    }

    fn outcomes(&self) -> Vec<(Vec<(&'static str, String)>, f64)> {
        let words = ["built", "skipped", "failed", "blocked"];
        let counted = words.map(|word| {
            let n_steps = self.tally.n_steps(|outcome| outcome.as_str() == word);
            (vec![("outcome", word.to_owned())], n_steps as f64)
        });
        counted.into()
    }

    fn checks(&self) -> Vec<(Vec<(&'static str, String)>, f64)> {
        let Some(CheckTally { counts, .. }) = &self.tally.checks else {
            return Vec::new();
        };
        let value = |(status, n): (CheckStatus, u64)| {
            let status = status.as_str().to_owned();
            (vec![("status", status)], number(n))
        };
        counts.by_status().map(value).into()
    }

    fn broken(&self, severity: Severity) -> (Vec<(&'static str, String)>, f64) {
        let broken = self.tally.broken_tests();
        let n_tests = broken.filter(|(_, test)| test.severity == severity).count();
        (
            vec![("severity", severity.as_str().to_owned())],
            n_tests as f64,
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn number(n: u64) -> f64 {
    n as f64
}

/// A label's value in the text format.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
