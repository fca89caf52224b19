//! Who receives the events of a job: the sinks of the caller and those the project file asks for. Beside them everything is counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::error::JobError;
use super::options::JobOptions;
use super::untold::{notifier, recover};
use super::workspace::Workspace;
use crate::event::{Observer, RunEvent, RunStart, RunUuid, Sink};
use crate::observe::{Journal, MetricsFile, OpenLineage, Tally, TraceParent, Traces};
use crate::pipeline::{self, Lineage};
use crate::session::{Session, SessionOptions};

/// The observers of a job that has begun.
pub(super) struct Observers {
    started: Instant,
    observer: Arc<Observer>,
    tally: Arc<Mutex<Tally>>,
}

impl Observers {
    /// Begins the job of `command` by telling `observer`, and whom the project file names; the caller holds the lake's lock. A
    /// killed run is written into the history before `journal` begins its notes.
    pub(super) async fn begin(
        workspace: &Workspace,
        options: &JobOptions,
        mut observer: Observer,
        (command, selection): (&'static str, Option<&str>),
        journal: impl FnOnce() -> Option<Journal>,
    ) -> Result<Self, JobError> {
        let started = Instant::now();
        let tally: Arc<Mutex<Tally>> = Arc::default();
        observer.add(Box::new(Counter(Arc::clone(&tally))));
        recover(workspace, options, &observer).await?;
        let last = pipeline::last_run(&workspace.lake).await?;
        let run_id = pipeline::LastRun::next_id(last.as_ref());
        add_sinks(&mut observer, workspace, options, command).await?;
        if let Some(journal) = journal() {
            observer.add(Box::new(journal));
        }
        let project = workspace.project.config.name.clone();
        observer.tell(&RunEvent::RunStarted(RunStart {
            uuid: RunUuid::of_run(&project, Utc::now(), std::process::id()),
            run_id,
            project,
            command,
            selection: selection.map(str::to_owned),
            nominal_start: options.nominal_start,
        }));
        Ok(Self {
            started,
            observer: Arc::new(observer),
            tally,
        })
    }

    /// When the job began.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Receives what happens on the way.
    pub(super) fn observer(&self) -> Arc<Observer> {
        Arc::clone(&self.observer)
    }

    /// Tells what happened.
    pub(super) fn tell(&self, event: &RunEvent) {
        self.observer.tell(event);
    }

    /// What has happened so far.
    pub(super) fn tally(&self) -> Tally {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.clone()
    }

    /// Ends every sink; returns what they could not do.
    pub(super) fn finish(&self) -> Vec<String> {
        self.observer.finish()
    }
}

/// Counts what happens.
struct Counter(Arc<Mutex<Tally>>);

impl Sink for Counter {
    fn observe(&self, _at: DateTime<Utc>, event: &RunEvent) {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tally.take(event);
    }
}

/// Adds the sinks that the project file asks for. `ingest` alone leaves the metrics of the last run as they are.
async fn add_sinks(
    observer: &mut Observer,
    workspace: &Workspace,
    options: &JobOptions,
    command: &'static str,
) -> Result<(), JobError> {
    let project = &workspace.project;
    let config = &project.config.observability;
    if let Some(open_lineage) = &config.open_lineage {
        let session = Session::new(&SessionOptions::default())?;
        let lineage = Lineage::of(project, &session).await?;
        let api_key = options.named(open_lineage.api_key_env.as_ref());
        let sink = OpenLineage::new(open_lineage, api_key, Arc::clone(project), lineage);
        observer.add(Box::new(sink));
    }
    if let (Some(path), true) = (&config.metrics, command != "ingest") {
        observer.add(Box::new(MetricsFile::new(path.clone())));
    }
    if let Some(traces) = &config.traces {
        let api_key = options.named(traces.api_key_env.as_ref());
        let parent = options.trace_parent.as_deref();
        let sink = Traces::new(traces, api_key, parent.and_then(TraceParent::parse));
        observer.add(Box::new(sink));
    }
    if let Some(notify) = &config.notify {
        let notifier = notifier(notify, &project.config.folder, options);
        observer.add(Box::new(notifier));
    }
    Ok(())
}
