//! `korabo retry`: the last run again, from where it failed.

use std::sync::Arc;

use clap::Args;

use super::Signal;
use super::args::GlobalArgs;
use super::failure::Failure;
use super::job::{self, Job};
use super::observed;
use super::printer::Printer;
use super::workspace::Workspace;
use crate::diagnostic::counted;
use crate::pipeline;

/// Arguments of `retry`.
#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// Exit with this code when there was nothing to do
    #[arg(long, value_name = "N", default_value_t = 0)]
    nothing_new_code: u8,
}

/// Retries. An error is why the run did not begin; one that began gives back its exit code, however it ended.
pub(super) async fn run(
    args: &RetryArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let workspace = Workspace::load(global)?;
    // While another run holds the lake, its notes are its own.
    if let Ok(_lock) = workspace.lake.lock() {
        observed::record_interrupted(&workspace, printer).await?;
    }
    let last = match pipeline::last_run(&workspace.lake).await? {
        None => {
            printer.note("no run yet; `korabo run` makes the first");
            return Ok(args.nothing_new_code);
        }
        Some(last) if last.is_ok() => {
            let run_id = last.run_id;
            printer.note(&format!("nothing to retry: run {run_id} did not fail"));
            return Ok(args.nothing_new_code);
        }
        Some(last) => last,
    };
    let dag = &workspace.project.dag;
    let mut selected = pipeline::with_dependents(dag, &last.unfinished());
    selected.retain(|name| {
        let was_selected = last.steps.iter().any(|(step, _)| step == name);
        was_selected && dag.query(name).is_some()
    });
    let tables = counted(selected.len() as u64, "table", "tables");
    printer.note(&format!("continues run {}: {tables}", last.run_id));
    let job = Job {
        selected,
        selection: None,
        takes_in: last.ended_before_steps(),
        selection_text: last.selection,
        full_refresh: last.full_refresh,
        retry_of: Some(last.run_id),
        nothing_new_code: args.nothing_new_code,
        unrecorded: Arc::default(),
        workspace,
    };
    job::carry_out(&job, global, printer, signal).await
}
