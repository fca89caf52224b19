//! Notifications that a run failed, was stopped or crossed a threshold: a command that gets JSON on its standard input, an
//! address that gets it as a body, or both. What it says holds counts, names and blanked messages.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::post::{Address, post_one};
use super::tally::Tally;
use crate::config::{NotifyConfig, Thresholds};
use crate::event::{RunEnd, RunEvent, RunOutcome, RunStart, Sink, StepOutcome};
use crate::pipeline::RunRecord;

/// Failed checks that the text for people names.
const MOST_CHECKS_IN_TEXT: usize = 10;

/// Notifies at the end of a run, when there is a reason.
pub struct Notifier {
    config: NotifyConfig,
    folder: PathBuf,
    url: Option<String>,
    state: Mutex<NotificationState>,
}

#[derive(Default)]
struct NotificationState {
    run: Option<(DateTime<Utc>, RunStart)>,
    tally: Tally,
    notification: Option<Value>,
}

/// A run whose own process cannot tell how it ended.
#[derive(Debug, Clone, Copy)]
pub enum UntoldRun<'a> {
    /// It could not begin: another run is in progress, or the project cannot be read.
    NotBegun {
        /// Exit code of the process.
        exit_code: u8,
        /// Why: one line per cause.
        causes: &'a [String],
    },
    /// It was killed; a later run found what it left.
    Killed(&'a RunRecord),
}

/// A limit that a run did not keep.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CrossedThreshold {
    name: &'static str,
    table: Option<String>,
    limit: f64,
    value: f64,
}

impl Notifier {
    /// Notifies as `config` says: commands run in `folder`, and `url` is the address.
    #[must_use]
    pub fn new(config: NotifyConfig, folder: PathBuf, url: Option<String>) -> Self {
        Self {
            config,
            folder,
            url,
            state: Mutex::default(),
        }
    }

    fn reason(&self, end: &RunEnd, crossed: &[CrossedThreshold]) -> Option<&'static str> {
        match end.outcome {
            RunOutcome::Failed | RunOutcome::Stopped if self.config.on_failure => Some("failure"),
            _ if self.config.on_threshold && !crossed.is_empty() => Some("threshold"),
            RunOutcome::Ok if self.config.on_success => Some("success"),
            _ => None,
        }
    }

    /// Tells at once of a run of `project` whose own process could not. Returns what could not be done.
    #[must_use]
    pub fn tell_of(&self, run: UntoldRun<'_>, project: &str, command: &str) -> Vec<String> {
        if !self.config.on_failure {
            return Vec::new();
        }
        self.send(&Notification::of_untold(run, project, command).json())
    }

    fn send(&self, notification: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.config.command.is_empty()
            && let Err(problem) = self.run_command(&format!("{notification}\n"))
        {
            problems.push(format!("the command of [notify] {problem}"));
        }
        if let Some(url) = &self.url {
            let address = Address {
                url: url.clone(),
                api_key: None,
                timeout: self.config.timeout,
            };
            let body = match self.config.is_text_only {
                true => json!({ "text": notification["text"] }),
                false => notification.clone(),
            };
            if let Err(problem) = post_one(&address, body.to_string()) {
                problems.push(format!("the notification was not posted: {problem}"));
            }
        }
        problems
    }

    fn run_command(&self, input: &str) -> Result<(), String> {
        let Some((program, arguments)) = self.config.command.split_first() else {
            return Ok(());
        };
        // A program with a folder in its name lies in the project; others are searched for.
        let program = match Path::new(program).components().count() > 1 {
            true => self.folder.join(program),
            false => PathBuf::from(program),
        };
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("does not start: {error}"))?;
        if let Some(stdin) = child.stdin.take() {
            feed(stdin, input.to_owned());
        }
        wait(&mut child, self.config.timeout)
    }
}

/// Writes on a thread of its own: a command that does not read must not hold up the run. One that needs no input may close it.
fn feed(mut stdin: std::process::ChildStdin, input: String) {
    std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
}

fn wait(child: &mut Child, limit: Duration) -> Result<(), String> {
    const PAUSE: Duration = Duration::from_millis(20);
    let until = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) if Instant::now() < until => std::thread::sleep(PAUSE),
            Ok(None) => {
                // It ends either way; the time limit is what there is to tell.
                drop(child.kill());
                drop(child.wait());
                return Err(format!("was ended after {} s", limit.as_secs_f64()));
            }
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    }
}

impl Sink for Notifier {
    fn observe(&self, at: DateTime<Utc>, event: &RunEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tally.take(event);
        match event {
            RunEvent::RunStarted(run) => state.run = Some((at, run.clone())),
            RunEvent::RunEnded(end) => {
                let crossed = crossed(&self.config.thresholds, &state.tally, end);
                let Some(reason) = self.reason(end, &crossed) else {
                    return;
                };
                let Some((started_at, run)) = &state.run else {
                    return;
                };
                let notification = Notification {
                    reason,
                    project: &run.project,
                    command: run.command,
                    run_id: Some(run.run_id),
                    uuid: Some(run.uuid.as_str()),
                    started_at: *started_at,
                    seconds: end.elapsed.as_secs_f64(),
                    outcome: end.outcome.as_str(),
                    exit_code: Some(end.exit_code),
                    causes: &end.causes,
                    headline: headline(run.run_id, end),
                    tally: state.tally.clone(),
                    crossed: &crossed,
                };
                state.notification = Some(notification.json());
            }
            _ => {}
        }
    }

    fn finish(&self) -> Vec<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let notification = state.notification.take();
        notification.map_or_else(Vec::new, |notification| self.send(&notification))
    }
}

/// The thresholds that a run crossed.
pub(super) fn crossed(limits: &Thresholds, tally: &Tally, end: &RunEnd) -> Vec<CrossedThreshold> {
    let mut crossed = Vec::new();
    let mut check =
        |name, table: Option<&str>, limit: Option<f64>, value: Option<f64>, is_floor| {
            let (Some(limit), Some(value)) = (limit, value) else {
                return;
            };
            if (is_floor && value < limit) || (!is_floor && value > limit) {
                crossed.push(CrossedThreshold {
                    name,
                    table: table.map(str::to_owned),
                    limit,
                    value,
                });
            }
        };
    for (table, delivered) in &tally.deliveries {
        let share = delivered.rejected_share();
        check(
            "rejected_share",
            Some(table),
            limits.rejected_share,
            share,
            false,
        );
    }
    let n_warnings = tally
        .broken_tests()
        .filter(|(_, test)| test.is_warning())
        .count();
    let most = limits.test_warnings.map(number);
    check("test_warnings", None, most, Some(n_warnings as f64), false);
    let n_failed = tally.checks.as_ref().map(|it| number(it.counts.n_fail));
    let most = limits.failed_checks.map(number);
    check("failed_checks", None, most, n_failed, false);
    let seconds = end.elapsed.as_secs_f64();
    check(
        "run_seconds",
        None,
        limits.run_seconds,
        Some(seconds),
        false,
    );
    check("match_rate", None, limits.match_rate, end.match_rate, true);
    crossed
}

#[expect(clippy::cast_precision_loss, reason = "a count of tests or checks")]
fn number(n: u64) -> f64 {
    n as f64
}

fn headline(run_id: i64, end: &RunEnd) -> String {
    let ended = match end.outcome {
        RunOutcome::Ok => "ended well".to_owned(),
        RunOutcome::Failed => format!("failed with exit code {}", end.exit_code),
        RunOutcome::Stopped => format!("was stopped, exit code {}", end.exit_code),
    };
    format!(
        "run {run_id} {ended} after {:.1} s",
        end.elapsed.as_secs_f64()
    )
}

struct Notification<'a> {
    reason: &'static str,
    project: &'a str,
    command: &'a str,
    /// `None` when it did not begin; so is `uuid`, which is also lost when it was killed.
    run_id: Option<i64>,
    uuid: Option<&'a str>,
    started_at: DateTime<Utc>,
    seconds: f64,
    outcome: &'a str,
    /// `None` when it was killed.
    exit_code: Option<u8>,
    causes: &'a [String],
    /// How it ended, for people.
    headline: String,
    tally: Tally,
    crossed: &'a [CrossedThreshold],
}

impl<'a> Notification<'a> {
    fn of_untold(run: UntoldRun<'a>, project: &'a str, command: &'a str) -> Self {
        let untold = Self {
            reason: "failure",
            project,
            command,
            run_id: None,
            uuid: None,
            started_at: Utc::now(),
            seconds: 0.0,
            outcome: RunOutcome::Failed.as_str(),
            exit_code: None,
            causes: &[],
            headline: String::new(),
            tally: Tally::default(),
            crossed: &[],
        };
        match run {
            UntoldRun::NotBegun { exit_code, causes } => Self {
                exit_code: Some(exit_code),
                causes,
                headline: format!("`{command}` did not begin, exit code {exit_code}"),
                ..untold
            },
            UntoldRun::Killed(run) => Self {
                run_id: Some(run.run_id),
                started_at: DateTime::from_timestamp_micros(run.started_at).unwrap_or_default(),
                seconds: run.seconds,
                outcome: &run.status,
                headline: format!("run {} was killed after {:.1} s", run.run_id, run.seconds),
                ..untold
            },
        }
    }

    fn json(&self) -> Value {
        let failed = self.tally.steps.iter();
        let failed = failed.filter(|step| step.outcome == StepOutcome::Failed);
        let failed: Vec<Value> = failed
            .map(|step| json!({ "table": step.name, "causes": step.causes }))
            .collect();
        let crossed: Vec<Value> = self
            .crossed
            .iter()
            .map(|it| {
                json!({
                    "name": it.name, "table": it.table, "limit": it.limit, "value": it.value,
                })
            })
            .collect();
        let n_built = self
            .tally
            .n_steps(|outcome| matches!(outcome, StepOutcome::Built { .. }));
        json!({
            "reason": self.reason,
            "project": self.project,
            "command": self.command,
            "run_id": self.run_id,
            "run_uuid": self.uuid,
            "started_at": self.started_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "seconds": self.seconds,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "causes": self.causes,
            "n_built": n_built,
            "n_deliveries": self.tally.n_deliveries(),
            "n_rejected_rows": self.tally.n_rejected_rows(),
            "failed_steps": failed,
            "failed_checks": self.failed_checks(),
            "thresholds": crossed,
            "text": self.text(),
        })
    }

    fn failed_checks(&self) -> &[String] {
        let checks = self.tally.checks.as_ref();
        checks.map_or(&[], |checks| &checks.failed)
    }

    /// For people: what a mail or a chat shows.
    fn text(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.project, self.headline)];
        lines.extend(self.causes.iter().cloned());
        for it in self.crossed {
            let place = it.table.as_deref().map(|table| format!(" of {table}"));
            lines.push(format!(
                "threshold {}{}: {} (limit {})",
                it.name,
                place.unwrap_or_default(),
                it.value,
                it.limit
            ));
        }
        let failed = self.failed_checks();
        let shown = failed.iter().take(MOST_CHECKS_IN_TEXT);
        lines.extend(shown.map(|check| format!("check {check}")));
        if failed.len() > MOST_CHECKS_IN_TEXT {
            let n_more = failed.len() - MOST_CHECKS_IN_TEXT;
            lines.push(format!("and {n_more} more checks: `korabo checks`"));
        }
        lines.join("\n")
    }
}
