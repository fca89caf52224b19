//! The machine that `korabo schedule` runs on: the wall clock, one child process at a time, signals, the state file. A
//! run is a process of its own, so that running out of memory ends the run and nothing else.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::ValueEnum;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::job::NOMINAL_START;
use super::printer::Printer;
use super::watch::Signal;
use super::words;
use super::workspace;
use crate::diagnostic::FailureKind;
use crate::job::StopReason;
use crate::schedule::{Host, MachineEvent, Notice, RunEnding, Schedule, ScheduleTimes};

/// The clock is looked at this often, as it may be set and the machine may sleep.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A running child is looked at this often.
const SHORT_PAUSE: Duration = Duration::from_millis(100);
/// A run that was asked to stop and is still running after this is killed.
const TIME_TO_STOP: Duration = Duration::from_secs(60);

/// The process that serves the schedules.
pub(super) struct Daemon {
    program: PathBuf,
    /// The project and the global options, for every run.
    arguments: Vec<OsString>,
    state_file: PathBuf,
    printer: Printer,
    signals: mpsc::Receiver<StopReason>,
    /// Why it ends.
    reason: Option<StopReason>,
    child: Option<RunningChild>,
}

/// The running child.
struct RunningChild {
    child: Child,
    /// When it will have taken too long; `None` when there is no limit or that was reported.
    overtime_at: Option<Instant>,
    /// When it is killed, once it was asked to stop.
    killed_at: Option<Instant>,
}

impl Daemon {
    pub(super) fn new(
        global: &GlobalArgs,
        project: &Path,
        state_file: PathBuf,
        printer: &Printer,
        signal: Signal,
    ) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(FailureKind::Resources, "cannot find this program").because(&error)
        })?;
        let (sender, signals) = mpsc::channel();
        std::thread::spawn(move || {
            if let Ok(reason) = signal.blocking_recv() {
                // The loop may have ended first.
                drop(sender.send(reason));
            }
        });
        Ok(Self {
            program,
            arguments: arguments_of(global, project)?,
            state_file,
            printer: printer.clone(),
            signals,
            reason: None,
            child: None,
        })
    }

    /// Why the loop ended.
    pub(super) fn into_reason(self) -> Failure {
        self.reason.map_or_else(
            || Failure::new(FailureKind::Internal, "the schedules ended by themselves"),
            Failure::from,
        )
    }

    /// How the child ended, if it did.
    fn ended(&mut self) -> Option<RunEnding> {
        let status = self.child.as_mut()?.child.try_wait().ok()??;
        self.child = None;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Some(code.map_or(RunEnding::Killed, RunEnding::Code))
    }
}

impl RunningChild {
    /// Kills what was asked to stop and did not.
    fn kill_in_time(&mut self) {
        if take_past(&mut self.killed_at) {
            // It may have ended by itself in this moment.
            let _ = self.child.kill();
        }
    }
}

/// The same options for another process of this program, working on `project`.
fn arguments_of(global: &GlobalArgs, project: &Path) -> Result<Vec<OsString>, Failure> {
    let GlobalArgs {
        project: _,
        threads,
        memory_limit,
        temp_dir,
        quiet,
        verbose,
        log_format,
        progress,
        color,
        lang,
    } = global;
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: OsString| {
        arguments.push(OsString::from(name));
        arguments.push(value);
    };
    add("--project", project.as_os_str().to_owned());
    if let Some(threads) = threads {
        add("--threads", threads.to_string().into());
    }
    if let Some(bytes) = memory_limit {
        add("--memory-limit", bytes.to_string().into());
    }
    if let Some(folder) = temp_dir {
        add("--temp-dir", workspace::absolute(folder)?.into());
    }
    add("--log-format", word(log_format));
    add("--progress", word(progress));
    add("--color", word(color));
    // Where it is not given, messages follow the locale.
    let own: Vec<OsString> = std::env::args_os().collect();
    if words::asked(&own).is_some() {
        add("--lang", word(lang));
    }
    let flags = [(*quiet, "--quiet"), (*verbose, "--verbose")];
    let flags = flags.into_iter().filter(|(is_given, _)| *is_given);
    arguments.extend(flags.map(|(_, name)| OsString::from(name)));
    Ok(arguments)
}

/// A value as it is written on the command line.
fn word(value: &impl ValueEnum) -> OsString {
    let value = value.to_possible_value().expect("no value is left out");
    value.get_name().into()
}

/// Whether the time has come; then it is taken out, so that this is reported once.
fn take_past(time: &mut Option<Instant>) -> bool {
    time.take_if(|time| Instant::now() >= *time).is_some()
}

impl Host for Daemon {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn wait(&mut self, until: Option<DateTime<Utc>>) -> MachineEvent {
        loop {
            if let Some(ending) = self.ended() {
                return MachineEvent::Ended(ending);
            }
            if let Some(running) = &mut self.child {
                running.kill_in_time();
                if take_past(&mut running.overtime_at) {
                    return MachineEvent::Overtime;
                }
            }
            let left = until.map_or(LONGEST_PAUSE, |until| {
                (until - Utc::now()).to_std().unwrap_or_default()
            });
            if left.is_zero() {
                return MachineEvent::Tick;
            }
            let pause = match self.child {
                Some(_) => left.min(SHORT_PAUSE),
                None => left.min(LONGEST_PAUSE),
            };
            match self.signals.recv_timeout(pause) {
                Ok(reason) => {
                    self.reason = Some(reason);
                    return MachineEvent::Stop;
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The signal has come; what is left is to wait for the run's end.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(pause),
            }
        }
    }

    fn start(&mut self, schedule: &Schedule, due: DateTime<Utc>) -> Result<(), std::io::Error> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .args(schedule.arguments())
            .env(
                NOMINAL_START,
                due.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            )
            .stdin(Stdio::null())
            // Ctrl-C reaches this process only, which then stops the run.
            .process_group(0);
        let child = command.spawn()?;
        let limit = schedule.max_seconds.map(u64::from).map(Duration::from_secs);
        self.child = Some(RunningChild {
            child,
            overtime_at: limit.map(|limit| Instant::now() + limit),
            killed_at: None,
        });
        Ok(())
    }

    fn stop_run(&mut self) {
        let Some(running) = &mut self.child else {
            return;
        };
        running.killed_at = Some(Instant::now() + TIME_TO_STOP);
        let id = i32::try_from(running.child.id()).unwrap_or_default();
        if let Some(process) = rustix::process::Pid::from_raw(id) {
            // It may have ended by itself in this moment; it is not waited for before `ended` asks.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
    }

    fn save(&mut self, state: &ScheduleTimes) {
        if let Err(error) = state.write(&self.state_file) {
            let failure = Failure::from(error);
            self.printer
                .failure(&failure.hint("times may be missed or caught up wrongly after a restart"));
        }
    }

    fn say(&mut self, notice: &Notice) {
        self.printer.note(&notice.to_string());
    }

    fn complain(&mut self, error: &std::io::Error) {
        let message = format!("cannot start `{}`", self.program.display());
        self.printer
            .failure(&Failure::new(FailureKind::Resources, message).because(error));
    }
}
