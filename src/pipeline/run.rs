//! Builds every stale table of a selection, independent steps side by side. A failed step stops what
//! depends on it and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::common::runtime::SpawnedTask;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::audit::{failures, test_age};
use super::catalogue::Catalogue;
use super::context::RunContext;
use super::error::PipelineError;
use super::header::Materialize;
use super::project::Project;
use super::query::Query;
use super::stale::{Work, expected_provenance, raw_fingerprints, stale_reason, view_fingerprint};
use super::step::{PublishedVersion, run_step};
use super::summary::RunSummary;
use crate::event::{StepEvent, StepOutcome, StepStatus, TestResult};
use crate::lake::{Lake, LakeTable, Provenance};
use crate::session::{Session, causes};

/// Steps that run side by side; each uses all of the engine's threads.
const STEPS_AT_ONCE: usize = 2;

/// A step that has ended.
struct FinishedStep {
    query: Query,
    reason: String,
    started: Instant,
    tests: Vec<TestResult>,
    result: Result<PublishedVersion, PipelineError>,
}

/// The state of a run: what is settled, what waits.
struct Builder {
    context: Arc<RunContext>,
    work: Work,
    /// Version or view fingerprint of every table settled so far.
    fingerprints: BTreeMap<String, String>,
    /// Queries whose tables cannot be read: with the table that is missing and was not selected, or `None` where a step
    /// failed.
    blocked: BTreeMap<String, Option<String>>,
    waiting: Vec<Query>,
    summary: RunSummary,
}

/// Builds what `work` asks for.
///
/// # Errors
/// Only when the lake cannot be read at all; failures of steps are in the summary.
pub async fn build(
    project: Arc<Project>,
    lake: &Lake,
    session: &Session,
    work: Work,
    observer: Arc<dyn Fn(StepEvent) + Send + Sync>,
) -> Result<RunSummary, PipelineError> {
    let catalogue = Catalogue::of_project(Arc::clone(&project), Some(lake.clone()));
    let context = Arc::new(RunContext {
        project: Arc::clone(&project),
        lake: lake.clone(),
        session: catalogue.session(session)?,
        observer,
        // One day for all steps, even if the run goes on past midnight.
        today: chrono::Utc::now().date_naive(),
        alone: Arc::default(),
    });
    project.read_ahead(lake).await;
    (context.observer)(StepEvent::Steps {
        n_steps: work.selected.len(),
    });
    let mut builder = Builder {
        fingerprints: raw_fingerprints(&project, lake).await?,
        waiting: project.dag.queries().to_vec(),
        context,
        work,
        blocked: BTreeMap::new(),
        summary: RunSummary::default(),
    };
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < STEPS_AT_ONCE {
            match builder.next_step().await? {
                Some(step) => running.push(step),
                None => break,
            }
        }
        match running.next().await {
            Some(finished) => builder.settle(finished).await?,
            None if builder.waiting.is_empty() => return Ok(builder.summary),
            None => {}
        }
    }
}

type RunningStep = futures::future::BoxFuture<'static, FinishedStep>;

impl Builder {
    /// Settles queries that need no work and returns the first that does, started; `None` when every
    /// remaining query waits for a running one.
    async fn next_step(&mut self) -> Result<Option<RunningStep>, PipelineError> {
        loop {
            let free = self.waiting.iter().position(|query| {
                let reads = query.reads.iter();
                reads.into_iter().all(|table| {
                    self.fingerprints.contains_key(table) || self.blocked.contains_key(table)
                })
            });
            let Some(free) = free else { return Ok(None) };
            let query = self.waiting.remove(free);
            if query
                .reads
                .iter()
                .any(|table| self.blocked.contains_key(table))
            {
                self.block(query);
                continue;
            }
            let project = Arc::clone(&self.context.project);
            let expected = expected_provenance(&project, &query, &self.fingerprints);
            if query.header.materialize == Materialize::View {
                self.make_view(&query, &expected).await?;
                continue;
            }
            let table = self.context.lake.table(&query.name).await?;
            let reason = match &table {
                None => Some("not built yet".to_owned()),
                Some(table) => stale_reason(table, &expected),
            };
            let reason = self.work.reason(&query, reason);
            let is_selected = self.work.selected.contains(&query.name);
            match (reason, table) {
                (Some(reason), _) if is_selected => {
                    return Ok(Some(self.start(query, reason, expected)));
                }
                (reason, Some(table)) => {
                    let reason = reason.unwrap_or_else(|| "up to date".to_owned());
                    self.settle_fresh(&query, table, is_selected.then_some(reason))
                        .await?;
                }
                (_, None) => {
                    self.blocked.insert(query.name.clone(), Some(query.name));
                }
            }
        }
    }

    /// Settles a table that stays as it is. Its rows do not change, but tests of their age may fail now.
    async fn settle_fresh(
        &mut self,
        query: &Query,
        table: LakeTable,
        reason: Option<String>,
    ) -> Result<(), PipelineError> {
        let started = Instant::now();
        let version = table.rows_version().to_string();
        let Some(reason) = reason else {
            self.fingerprints.insert(query.name.clone(), version);
            return Ok(());
        };
        let tests = test_age(&self.context, query, &table).await?;
        let mut reasons = Vec::new();
        let outcome = match failures(query, &tests) {
            Ok(()) => {
                self.fingerprints.insert(query.name.clone(), version);
                StepOutcome::Skipped
            }
            Err(error) => {
                reasons = causes(&error);
                self.blocked.insert(query.name.clone(), None);
                self.summary.first_error.get_or_insert(error);
                StepOutcome::Failed
            }
        };
        let elapsed = match tests.is_empty() {
            true => Duration::ZERO,
            false => started.elapsed(),
        };
        self.end(StepStatus {
            name: query.name.clone(),
            outcome,
            reason,
            elapsed,
            tests,
            causes: reasons,
        });
        Ok(())
    }

    /// Starts the step of `query` on a task of its own.
    fn start(&self, query: Query, reason: String, provenance: Provenance) -> RunningStep {
        let context = Arc::clone(&self.context);
        (context.observer)(StepEvent::StepStarted {
            name: query.name.clone(),
            reason: reason.clone(),
            inputs: provenance.inputs.clone(),
        });
        Box::pin(async move {
            let started = Instant::now();
            let task_query = query.clone();
            // On a task of its own a panic ends the step and not the run.
            let task = SpawnedTask::spawn(async move {
                let mut tests = Vec::new();
                let result = run_step(&context, &task_query, &provenance, &mut tests).await;
                (tests, result)
            });
            let (tests, result) = match task.join().await {
                Ok(ended) => ended,
                Err(error) => {
                    let error = datafusion::common::DataFusionError::External(Box::new(error));
                    let failed = PipelineError::Run {
                        query: query.name.clone(),
                        source: error.into(),
                    };
                    (Vec::new(), Err(failed))
                }
            };
            FinishedStep {
                query,
                reason,
                started,
                tests,
                result,
            }
        })
    }

    /// Records how a step ended, and what may be read now.
    async fn settle(&mut self, finished: FinishedStep) -> Result<(), PipelineError> {
        let FinishedStep {
            query,
            reason,
            started,
            tests,
            result,
        } = finished;
        let elapsed = started.elapsed();
        match result {
            Ok(published) => {
                // The session still has the version before: the next reader has to open the new one.
                self.context.session.forget(&query.name)?;
                self.fingerprints
                    .insert(query.name.clone(), published.version.to_string());
                let outcome = StepOutcome::Built {
                    version: published.version,
                    n_rows: published.n_rows,
                    n_bytes: published.n_bytes,
                };
                self.end(StepStatus {
                    name: query.name,
                    outcome,
                    reason,
                    elapsed,
                    tests,
                    causes: Vec::new(),
                });
            }
            Err(error) => {
                self.blocked.insert(query.name.clone(), None);
                self.end(StepStatus {
                    name: query.name,
                    outcome: StepOutcome::Failed,
                    reason,
                    elapsed,
                    tests,
                    causes: [causes(&error), error.reasons().to_vec()].concat(),
                });
                self.summary.first_error.get_or_insert(error);
            }
        }
        Ok(())
    }

    /// Opens a view, whose tables are settled.
    async fn make_view(
        &mut self,
        query: &Query,
        expected: &Provenance,
    ) -> Result<(), PipelineError> {
        // Opened here, so that a view that cannot be planned fails by its own name and not by that of a reader.
        let opened = self.context.session.table_schema(&query.name).await;
        opened.map_err(|source| query.not_planned(source))?;
        self.fingerprints
            .insert(query.name.clone(), view_fingerprint(expected));
        if self.work.selected.contains(&query.name) {
            self.finish(&query.name, StepOutcome::Skipped, "a view".to_owned());
        }
        Ok(())
    }

    /// Settles a query that reads a table that is missing or failed.
    fn block(&mut self, query: Query) {
        let mut blocked = query
            .reads
            .iter()
            .filter_map(|table| self.blocked.get(table));
        let missing = blocked.find_map(Clone::clone);
        if self.work.selected.contains(&query.name) {
            let reason = "something it needs is missing or failed".to_owned();
            self.finish(&query.name, StepOutcome::Blocked, reason);
            if let Some(needs) = &missing {
                let error = PipelineError::NeverBuilt {
                    query: query.name.clone(),
                    needs: needs.clone(),
                };
                self.summary.first_error.get_or_insert(error);
            }
        }
        self.blocked.insert(query.name, missing);
    }

    /// Ends a step that did no work.
    fn finish(&mut self, name: &str, outcome: StepOutcome, reason: String) {
        self.end(StepStatus {
            name: name.to_owned(),
            outcome,
            reason,
            elapsed: Duration::ZERO,
            tests: Vec::new(),
            causes: Vec::new(),
        });
    }

    fn end(&mut self, status: StepStatus) {
        (self.context.observer)(StepEvent::StepFinished(status.clone()));
        self.summary.steps.push(status);
    }
}
