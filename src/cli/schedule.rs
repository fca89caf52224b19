//! `korabo schedule`: starts runs at the times that `korabo.toml` gives, for sites without a scheduler of their own. What
//! is decided when is `crate::schedule`'s business; `daemon` starts and stops the processes.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;

use super::args::GlobalArgs;
use super::daemon::Daemon;
use super::failure::Failure;
use super::printer::Printer;
use super::watch::Signal;
use super::workspace;
use crate::config::PROJECT_FILE;
use crate::diagnostic::{FailureKind, counted};
use crate::lake::Lake;
use crate::pipeline::{LakeState, Project, Selection};
use crate::schedule::{Schedule, ScheduleTimes, ScheduledCommand, StateError, serve};

/// Arguments of `schedule`.
#[derive(Debug, Args)]
pub(super) struct ScheduleArgs {
    /// Print the next N times of every schedule and what would start; start nothing
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "5")]
    next: Option<u16>,
}

/// Where the times that were dealt with are remembered.
const STATE_FILE: &str = ".schedule.json";

pub(super) async fn run(
    args: &ScheduleArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: Signal,
) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    check(&workspace.project)?;
    let config = &workspace.project.config;
    if config.schedules.is_empty() {
        let message = format!("{PROJECT_FILE} has no section [schedule.NAME]");
        return Err(Failure::new(FailureKind::Project, message)
            .hint("add one with `cron = \"30 2 * * *\"`; docs/scheduling has an example"));
    }
    if let Some(n_times) = args.next {
        let text = listing(&config.schedules, Utc::now(), n_times);
        printer.data(text.as_bytes())?;
        return Ok(0);
    }
    let _lock = workspace.lake.lock_schedule()?;
    let file = workspace.lake.root().join(STATE_FILE);
    let state = ScheduleTimes::read(&file)?;
    let mut daemon = Daemon::new(global, &config.folder, file, printer, signal)?;
    let n_schedules = counted(config.schedules.len() as u64, "schedule", "schedules");
    printer.note(&format!("{n_schedules}; SIGTERM or Ctrl-C ends this"));
    for line in listing(&config.schedules, Utc::now(), 1).lines() {
        printer.note(&format!("next: {line}"));
    }
    serve(config.schedules.clone(), state, &mut daemon);
    Err(daemon.into_reason())
}

/// Checks that what the schedules select is there.
pub(super) fn check(project: &Project) -> Result<(), Failure> {
    for schedule in &project.config.schedules {
        if schedule.command != ScheduledCommand::Run {
            continue;
        }
        let selected = Selection::parse(&schedule.select, &schedule.exclude)
            .and_then(|selection| selection.names(&project.dag, &LakeState::default()));
        if let Err(error) = selected {
            let mut failure = Failure::from(error);
            let name = &schedule.name;
            failure.message = format!("{PROJECT_FILE}: [schedule.{name}]: {}", failure.message);
            return Err(failure);
        }
    }
    Ok(())
}

/// What `doctor` says about the schedules.
pub(super) fn summary(
    schedules: &[Schedule],
    lake: &Lake,
    now: DateTime<Utc>,
) -> Result<String, Failure> {
    let state = ScheduleTimes::read(&lake.root().join(STATE_FILE))?;
    let parts = schedules.iter().map(|schedule| {
        let show = |time: DateTime<Utc>| {
            let local = schedule.times.local(time);
            local.to_rfc3339_opts(SecondsFormat::Secs, false)
        };
        let next = schedule
            .times
            .next_after(now)
            .map_or_else(|| "never".to_owned(), show);
        let known = state.handled(&schedule.name).map(show);
        let known = known.map_or_else(
            || "not served yet".to_owned(),
            |time| format!("times handled up to {time}"),
        );
        format!("{} next {next}, {known}", schedule.name)
    });
    Ok(parts.collect::<Vec<_>>().join("; "))
}

/// One line per time: schedule, time with offset, zone, when it starts, and what.
fn listing(schedules: &[Schedule], now: DateTime<Utc>, n_times: u16) -> String {
    let widest = schedules.iter().map(|schedule| schedule.name.len()).max();
    let width = widest.unwrap_or(0);
    let mut text = String::new();
    for schedule in schedules {
        let mut due = now;
        for _ in 0..n_times {
            let Some(next) = schedule.times.next_after(due) else {
                break;
            };
            due = next;
            let show = |time: DateTime<Utc>| {
                let local = schedule.times.local(time);
                local.to_rfc3339_opts(SecondsFormat::Secs, false)
            };
            let starts = schedule.starts_at(due);
            let put_off = match starts == due {
                true => String::new(),
                false => format!("  starts {}", show(starts)),
            };
            let _ = writeln!(
                text,
                "{:<width$}  {}  {}{put_off}  korabo {}",
                schedule.name,
                show(due),
                schedule.times.zone().name(),
                schedule.arguments().join(" "),
            );
        }
    }
    text
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let kind = match &error {
            StateError::File(_) => FailureKind::Resources,
            StateError::Broken(_) => FailureKind::Project,
        };
        let mut failure = Self::new(kind, error.to_string());
        if let Some(source) = std::error::Error::source(&error) {
            failure = failure.because(source);
        }
        match error {
            StateError::Broken(_) => failure.hint(format!(
                "remove `{STATE_FILE}` from the lake's folder: schedules then start afresh, and no missed time is caught up"
            )),
            StateError::File(_) => failure,
        }
    }
}
