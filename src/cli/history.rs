//! `korabo history`: past runs, newest first.

use std::sync::Arc;

use chrono::{DateTime, Local};
use clap::Args;
use datafusion::arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Schema, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::DataFusionError;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::sql::{self, Output};
use super::workspace;
use crate::config::ParameterValue;
use crate::lake::LakeTable;
use crate::observe;
use crate::pipeline;
use crate::session::SessionError;

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
        "SELECT run_id AS run, started_at AS started, status, \
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
    let workspace = workspace::load(global)?;
    let session = workspace
        .catalogue()
        .session(&workspace::session(global)?)?;
    if let Some(begun_at) = observe::begun_at(&workspace.lake) {
        let time = begun_at.with_timezone(&Local).format("%Y-%m-%d %H:%M");
        printer.note(&match workspace.lake.lock() {
            Ok(_) => format!("a run that began {time} was killed; the next run records it"),
            Err(_) => format!("a run that began {time} is in progress"),
        });
    }
    let Some(runs) = workspace.lake.table(pipeline::RUNS).await? else {
        printer.note("no run yet; `korabo run` makes the first");
        return Ok(0);
    };
    let question = question(&runs);
    let limit = (
        "n".to_owned(),
        ParameterValue::Integer(i64::from(args.limit)),
    );
    let frame = session.plan(&question, &[limit]).await?;
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await.map_err(SessionError::from)?;
    let runs = concat_batches(&schema, &batches).map_err(DataFusionError::from);
    let runs = runs.and_then(|runs| in_local_time(&runs));
    let frame = session.frame(runs.map_err(SessionError::from)?)?;
    sql::print(frame, &Output::default(), printer).await?;
    Ok(0)
}

/// The same runs with their beginning as the clock on the wall showed it.
fn in_local_time(runs: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    const STARTED: usize = 1;
    let started = cast(
        runs.column(STARTED),
        &DataType::Timestamp(TimeUnit::Microsecond, None),
    )?;
    let started = started.as_primitive::<TimestampMicrosecondType>().iter();
    let local = started.map(|time| {
        let time = DateTime::from_timestamp_micros(time?)?.with_timezone(&Local);
        Some(time.format("%Y-%m-%d %H:%M").to_string())
    });
    let local: ArrayRef = Arc::new(local.collect::<StringArray>());
    let mut fields: Vec<FieldRef> = runs.schema().fields().iter().cloned().collect();
    fields[STARTED] = Arc::new(Field::new("started", DataType::Utf8, true));
    let mut columns = runs.columns().to_vec();
    columns[STARTED] = local;
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}
