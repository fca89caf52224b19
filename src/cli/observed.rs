//! A command that works on the lake, observed: its sinks, its beginning and its end.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::args::GlobalArgs;
use super::failure::Failure;
use super::job::Job;
use super::printer::Printer;
use super::progress::Progress;
use super::workspace::{self, Workspace};
use crate::config::{NotifyConfig, ProjectConfig};
use crate::diagnostic::FailureKind;
use crate::event::{Observer, RunEnd, RunEvent, RunOutcome, RunStart, RunUuid};
use crate::observe::{self, Interrupted, MetricsFile, Notifier, OpenLineage, Tally, UntoldRun};
#[cfg(feature = "otel")]
use crate::observe::{TraceParent, Traces};
use crate::pipeline::{self, Lineage, Work};
use crate::session::{Session, SessionOptions};

/// Environment variable with the time a scheduler planned the run for (RFC 3339).
pub(super) const NOMINAL_START: &str = "KORABO_NOMINAL_START";

/// The time a scheduler planned this run for. What is no time is as if nothing was said.
fn nominal_start() -> Option<DateTime<Utc>> {
    let text = std::env::var(NOMINAL_START).ok()?;
    Some(DateTime::parse_from_rfc3339(&text).ok()?.to_utc())
}

/// Tells the sinks of a project what one command does.
pub(super) struct Observed {
    pub(super) started: Instant,
    observer: Arc<Observer>,
    progress: Arc<Progress>,
    printer: Printer,
}

impl Observed {
    /// Begins; the caller holds the lake's lock.
    pub(super) async fn begin(
        workspace: &Workspace,
        command: &'static str,
        journal: Option<&Job>,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let started = Instant::now();
        record_interrupted(workspace, printer).await?;
        let last = pipeline::last_run(&workspace.lake).await?;
        let run_id = pipeline::LastRun::next_id(last.as_ref());
        let progress = Progress::new(printer);
        let mut observer = Observer::default();
        observer.add(Box::new(Arc::clone(&progress)));
        add_sinks(&mut observer, workspace, command).await?;
        let config = &workspace.project.config.observability;
        if config.traces.is_some() && !cfg!(feature = "otel") {
            printer
                .warning("[otel] has no effect: this korabo was built without the feature `otel`");
        }
        if let Some(job) = journal {
            observer.add(Box::new(job.journal()));
        }
        let project = workspace.project.config.name.clone();
        observer.tell(&RunEvent::RunStarted(RunStart {
            uuid: RunUuid::of_run(&project, Utc::now(), std::process::id()),
            run_id,
            project,
            command,
            selection: journal.and_then(|job| job.selection_text.clone()),
            nominal_start: nominal_start(),
        }));
        Ok(Self {
            started,
            observer: Arc::new(observer),
            progress,
            printer: printer.clone(),
        })
    }

    /// To be told what happens on the way.
    pub(super) fn observer(&self) -> Arc<Observer> {
        Arc::clone(&self.observer)
    }

    /// Tells the sinks what happened.
    pub(super) fn tell(&self, event: &RunEvent) {
        self.observer.tell(event);
    }

    /// Removes the bars.
    pub(super) fn clear(&self) {
        self.progress.clear();
    }

    /// What has happened so far.
    pub(super) fn tally(&self) -> Tally {
        self.progress.tally()
    }

    /// Ends. What a sink could not do is a warning.
    pub(super) fn end(&self, result: Result<u8, &Failure>, state: LakeAfter) {
        let causes = result.err().map_or_else(Vec::new, Failure::lines);
        self.observer.tell(&RunEvent::RunEnded(RunEnd {
            outcome: result.err().map_or(RunOutcome::Ok, outcome),
            exit_code: result.unwrap_or_else(|failure| failure.kind.exit_code()),
            elapsed: self.started.elapsed(),
            causes,
            n_stale: state.n_stale,
            match_rate: state.match_rate,
        }));
        for problem in self.observer.finish() {
            self.printer.warning(&problem);
        }
    }
}

/// The command that makes a run.
pub(super) fn command_of(retry_of: Option<i64>) -> &'static str {
    match retry_of {
        None => "run",
        Some(_) => "retry",
    }
}

/// Removes what a run that was killed left unfinished, writes it into the history, and tells of it; the caller holds the
/// lake's lock.
pub(super) async fn record_interrupted(
    workspace: &Workspace,
    printer: &Printer,
) -> Result<(), Failure> {
    let lake = &workspace.lake;
    lake.remove_unfinished()?;
    let Some(Interrupted { mut run, steps }) = observe::interrupted(lake) else {
        return Ok(());
    };
    let last = pipeline::last_run(lake).await?;
    run.run_id = pipeline::LastRun::next_id(last.as_ref());
    pipeline::record_run(lake, &run, &steps).await?;
    let message = "cannot remove the notes of a run that was killed";
    observe::forget_interrupted(lake)
        .map_err(|error| Failure::new(FailureKind::Step, message).because(&error))?;
    let run_id = run.run_id;
    printer.warning(&format!(
        "the last run was killed: it is run {run_id} in the history, `interrupted`"
    ));
    let config = &workspace.project.config;
    if let Some(notify) = &config.observability.notify {
        let command = command_of(run.retry_of);
        let notifier = notifier(notify, &config.folder);
        for problem in notifier.tell_of(UntoldRun::Killed(&run), &config.name, command) {
            printer.warning(&problem);
        }
    }
    Ok(())
}

/// What only the lake can tell after a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LakeAfter {
    n_stale: Option<u64>,
    match_rate: Option<f64>,
}

impl LakeAfter {
    /// Reads what the project's sinks need; what cannot be read is not told.
    pub(super) async fn read(workspace: &Workspace) -> Self {
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

async fn n_stale(workspace: &Workspace) -> Result<u64, Failure> {
    let work = Work::everything(&workspace.project.dag);
    let nothing = BTreeSet::new();
    let planned = pipeline::plan(&workspace.project, &workspace.lake, &work, &nothing).await?;
    Ok(planned.iter().filter(|step| step.reason.is_some()).count() as u64)
}

/// Adds the sinks that the project file asks for. `ingest` alone leaves the metrics of the last run as they are.
async fn add_sinks(
    observer: &mut Observer,
    workspace: &Workspace,
    command: &'static str,
) -> Result<(), Failure> {
    let project = &workspace.project;
    let config = &project.config.observability;
    if let Some(open_lineage) = &config.open_lineage {
        let session = Session::new(&SessionOptions::default())?;
        let lineage = Lineage::of(project, &session).await?;
        let api_key = variable(&open_lineage.api_key_env);
        let sink = OpenLineage::new(open_lineage, api_key, Arc::clone(project), lineage);
        observer.add(Box::new(sink));
    }
    if let (Some(path), true) = (&config.metrics, command != "ingest") {
        observer.add(Box::new(MetricsFile::new(path.clone())));
    }
    #[cfg(feature = "otel")]
    if let Some(traces) = &config.traces {
        // A scheduler that traces says which of its spans the run belongs to.
        let parent = std::env::var("TRACEPARENT").ok();
        let parent = parent.as_deref().and_then(TraceParent::parse);
        let sink = Traces::new(traces, variable(&traces.api_key_env), parent);
        observer.add(Box::new(sink));
    }
    if let Some(notify) = &config.notify {
        observer.add(Box::new(notifier(notify, &project.config.folder)));
    }
    Ok(())
}

fn notifier(config: &NotifyConfig, folder: &Path) -> Notifier {
    let url = config.url.clone().or_else(|| variable(&config.url_env));
    Notifier::new(config.clone(), folder.to_path_buf(), url)
}

fn variable(name: &Option<String>) -> Option<String> {
    std::env::var(name.as_ref()?).ok()
}

/// Ends a command that `failure` kept from beginning: says so, also to whom the project file names. Gives back the exit code.
pub(super) fn not_begun(
    failure: &Failure,
    command: &str,
    global: &GlobalArgs,
    printer: &Printer,
) -> u8 {
    printer.failure(failure);
    let exit_code = failure.kind.exit_code();
    if failure.kind == FailureKind::Locked && nominal_start().is_some() {
        // `korabo schedule` waits for the other run.
        return exit_code;
    }
    let folder = workspace::folder(global).ok();
    let told = folder.and_then(|folder| Some((ProjectConfig::notified(&folder)?, folder)));
    if let Some(((config, project), folder)) = told {
        let causes = &failure.lines();
        let run = UntoldRun::NotBegun { exit_code, causes };
        for problem in notifier(&config, &folder).tell_of(run, &project, command) {
            printer.warning(&problem);
        }
    }
    exit_code
}

/// How a run ended that `failure` ended.
pub(super) fn outcome(failure: &Failure) -> RunOutcome {
    match failure.kind {
        FailureKind::Interrupted | FailureKind::Terminated => RunOutcome::Stopped,
        _ => RunOutcome::Failed,
    }
}
