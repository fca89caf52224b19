//! `korabo run`: new extracts → lake → every stale table → report.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::progress::Progress;
use super::workspace::{self, Workspace};
use super::{ingest, report};
use crate::ingest::IngestSummary;
use crate::pipeline::{self, RunRecord, RunSummary, StepOutcome};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Tables to build: NAME, +NAME (with all it needs), NAME+ (with all that needs it) [default: all]
    #[arg(value_name = "SELECT")]
    select: Vec<String>,
    /// Folder with the extracts, instead of the project's
    #[arg(long, value_name = "DIR")]
    extracts: Option<PathBuf>,
    /// Exit with this code when there was nothing to do
    #[arg(long, value_name = "N", default_value_t = 0)]
    nothing_new_code: u8,
}

/// Counts for the machine-readable last line.
#[derive(Default)]
struct Totals {
    n_ok: usize,
    n_skipped: usize,
    n_failed: usize,
    n_rejected_rows: u64,
    n_deliveries: usize,
}

pub(super) async fn run(
    args: &RunArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let started = Instant::now();
    let mut config = workspace::config(global)?;
    if let Some(extracts) = &args.extracts {
        config.extracts = workspace::absolute(extracts)?;
    }
    let workspace = Workspace::of_config(config)?;
    let selected = workspace.project.dag.select(&args.select)?;
    let _lock = workspace.lake.lock()?;
    let progress = Progress::new(printer);
    let mut totals = Totals::default();
    let interrupted = SummaryOnDrop {
        printer,
        progress: &progress,
        started,
        is_armed: true,
    };
    let result = async {
        let ingested = ingest::take_in(&workspace, &[], &progress, printer).await?;
        totals.add_ingest(&ingested);
        let session = Workspace::session(global)?;
        let observer = Arc::clone(&progress);
        let summary = pipeline::build(
            Arc::clone(&workspace.project),
            &workspace.lake,
            &session,
            selected,
            Arc::new(move |event| observer.step(event)),
        )
        .await?;
        totals.add_steps(&summary);
        progress.clear();
        let first_error = record(&workspace, &totals, summary, started).await?;
        if let Some(error) = first_error {
            return Err(Failure::from(error));
        }
        if args.select.is_empty() {
            report::write_if_stale(&workspace, &session, global, printer).await?;
        }
        Ok(())
    }
    .await;
    progress.clear();
    interrupted.disarm();
    if result.is_err() {
        totals.n_failed = totals.n_failed.max(1);
    }
    if let Err(failure) = &result {
        printer.failure(failure);
    }
    printer.summary(&totals.line(started));
    match result {
        Err(failure) => Ok(failure.kind.exit_code()),
        Ok(()) if totals.n_ok == 0 && totals.n_deliveries == 0 => Ok(args.nothing_new_code),
        Ok(()) => Ok(0),
    }
}

/// Writes the run into the lake's history, when it did anything; gives back the first failure.
async fn record(
    workspace: &Workspace,
    totals: &Totals,
    summary: RunSummary,
    started: Instant,
) -> Result<Option<pipeline::PipelineError>, Failure> {
    if totals.n_ok + totals.n_failed + totals.n_deliveries == 0 {
        return Ok(None);
    }
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let status = if totals.n_failed > 0 { "failed" } else { "ok" };
    let run_id = workspace
        .lake
        .table(pipeline::RUNS)
        .await?
        .and_then(|runs| runs.n_rows());
    let elapsed = started.elapsed();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let started_at = now.saturating_sub(elapsed).as_micros();
    let run = RunRecord {
        run_id: i64::try_from(run_id.unwrap_or(0)).unwrap_or(i64::MAX - 1) + 1,
        started_at: i64::try_from(started_at).unwrap_or_default(),
        status: status.to_owned(),
        n_ok: number(totals.n_ok),
        n_skipped: number(totals.n_skipped),
        n_failed: number(totals.n_failed),
        n_deliveries: number(totals.n_deliveries),
        n_rejected_rows: i64::try_from(totals.n_rejected_rows).unwrap_or(i64::MAX),
        seconds: elapsed.as_secs_f64(),
    };
    pipeline::record_run(&workspace.lake, &run, &summary.steps).await?;
    Ok(summary.first_error)
}

impl Totals {
    fn add_ingest(&mut self, ingested: &IngestSummary) {
        self.n_deliveries = ingested.n_deliveries;
        self.n_rejected_rows = ingested.n_rejected;
    }

    fn add_steps(&mut self, summary: &RunSummary) {
        self.n_ok = summary.count(|outcome| matches!(outcome, StepOutcome::Built { .. }));
        self.n_skipped = summary.count(|outcome| *outcome == StepOutcome::Skipped);
        self.n_failed =
            summary.count(|outcome| matches!(outcome, StepOutcome::Failed | StepOutcome::Blocked));
    }

    fn line(&self, started: Instant) -> String {
        format!(
            "ok={} skipped={} rejected_rows={} failed={} seconds={:.1}",
            self.n_ok,
            self.n_skipped,
            self.n_rejected_rows,
            self.n_failed,
            started.elapsed().as_secs_f64()
        )
    }
}

/// Prints the summary line when a signal drops the run in the middle.
struct SummaryOnDrop<'a> {
    printer: &'a Printer,
    progress: &'a Progress,
    started: Instant,
    is_armed: bool,
}

impl SummaryOnDrop<'_> {
    fn disarm(mut self) {
        self.is_armed = false;
    }
}

impl Drop for SummaryOnDrop<'_> {
    fn drop(&mut self) {
        if self.is_armed {
            self.printer
                .note("stopped; what was published stays, `korabo run` continues");
            let done = self.progress.done();
            let totals = Totals {
                n_ok: done.n_built,
                n_skipped: done.n_skipped,
                n_failed: done.n_failed,
                n_rejected_rows: done.n_rejected_rows,
                n_deliveries: 0,
            };
            self.printer.summary(&totals.line(self.started));
        }
    }
}
