//! `korabo retry`: the last run again, from where it failed.

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::job::{carry_out, observer, options};
use super::printer::Printer;
use super::watch::Signal;
use super::workspace;
use crate::diagnostic::counted;
use crate::job::{self, Retry};

/// Arguments of `retry`.
#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// Exit with this code when there was nothing to do
    #[arg(long, value_name = "N", default_value_t = 0)]
    nothing_new_code: u8,
}

/// Retries. An error is why the run did not begin; one that began returns its exit code, however it ended.
pub(super) async fn run(
    args: &RetryArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    let job = match job::retry(workspace, options(global), &observer(printer)).await? {
        Retry::NoRun => {
            printer.note("no run yet; `korabo run` makes the first");
            return Ok(args.nothing_new_code);
        }
        Retry::DidNotFail { run_id } => {
            printer.note(&format!("nothing to retry: run {run_id} did not fail"));
            return Ok(args.nothing_new_code);
        }
        Retry::Job { run_id, job } => {
            let tables = counted(job.selected.len() as u64, "table", "tables");
            printer.note(&format!("continues run {run_id}: {tables}"));
            job
        }
    };
    carry_out(&job, args.nothing_new_code, printer, signal).await
}
