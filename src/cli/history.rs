//! `korabo history`: past runs, newest first.

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::sql::{self, Output};
use super::workspace::Workspace;
use crate::config::ParameterValue;
use crate::lake::LakeTable;
use crate::observe;
use crate::pipeline;

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Runs to show
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
}

/// What matters most comes first; a row of a run without selection fits into 90 characters.
fn question(runs: &LakeTable) -> String {
    // A lake of an earlier version may not have all columns.
    let column = |name: &str, otherwise: &str| match runs.schema.index_of(name) {
        Ok(_) => name.to_owned(),
        Err(_) => otherwise.to_owned(),
    };
    let number = "CAST(NULL AS BIGINT)";
    let (warned, retry_of) = (column("n_warned", number), column("retry_of", number));
    let selection = column("selection", "CAST(NULL AS VARCHAR)");
    let full_refresh = column("full_refresh", "false");
    format!(
        "SELECT run_id AS run, to_char(started_at, '%Y-%m-%d %H:%M') AS started, status, \
         n_ok AS built, n_failed AS failed, {warned} AS warned,\
         n_rejected_rows AS rejected, round(seconds, 1) AS seconds, \
         trim(concat(CASE WHEN {retry_of} IS NULL THEN '' ELSE concat('retry of ', {retry_of}, ' ') END, \
         CASE WHEN {full_refresh} THEN '--full-refresh ' ELSE '' END, coalesce({selection}, ''))) \
         AS selection \
         FROM runs ORDER BY run_id DESC LIMIT $n"
    )
}

pub(super) async fn run(
    args: &HistoryArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = Workspace::load(global)?;
    let session = Workspace::session(global)?;
    if let Some(begun_at) = observe::begun_at(&workspace.lake) {
        let time = begun_at.format("%Y-%m-%d %H:%M UTC");
        printer.note(&match workspace.lake.lock() {
            Ok(_) => format!("a run that began {time} was killed; the next run records it"),
            Err(_) => format!("a run that began {time} goes on"),
        });
    }
    let Some(runs) = workspace.lake.table(pipeline::RUNS).await? else {
        printer.note("no run yet; `korabo run` makes the first");
        return Ok(0);
    };
    let question = question(&runs);
    session.register_table(runs)?;
    let limit = (
        "n".to_owned(),
        ParameterValue::Integer(i64::from(args.limit)),
    );
    let frame = session.plan(&question, &[limit]).await?;
    sql::print(frame, &Output::default(), printer).await?;
    Ok(0)
}
