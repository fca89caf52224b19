//! `korabo history`: past runs, newest first.

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::sql::{self, Output};
use super::workspace::Workspace;
use crate::config::ParameterValue;
use crate::pipeline;

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Runs to show
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
}

pub(super) async fn run(
    args: &HistoryArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = Workspace::load(global)?;
    let session = Workspace::session(global)?;
    let Some(runs) = workspace.lake.table(pipeline::RUNS).await? else {
        printer.note("no run yet; `korabo run` makes the first");
        return Ok(0);
    };
    session.register_table(runs)?;
    let limit = (
        "n".to_owned(),
        ParameterValue::Integer(i64::from(args.limit)),
    );
    let frame = session
        .plan(
            "SELECT run_id, started_at, status, n_ok, n_skipped, n_failed, n_deliveries, \
             n_rejected_rows, round(seconds, 1) AS seconds FROM runs ORDER BY run_id DESC LIMIT $n",
            &[limit],
        )
        .await?;
    sql::print(frame, &Output::default(), printer).await?;
    Ok(0)
}
