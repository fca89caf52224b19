//! The pipeline's own history as lake tables: `runs`, one row per run, and `run_steps`, one row per step
//! of a run.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;

use super::run::{StepOutcome, StepStatus};
use crate::lake::{Lake, LakeError, Provenance, PublishMode};

/// Table of runs.
pub const RUNS: &str = "runs";
/// Table of steps of runs.
pub const RUN_STEPS: &str = "run_steps";

/// One run.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Number of the run, from 1.
    pub run_id: i64,
    /// When it began, microseconds since 1970 UTC.
    pub started_at: i64,
    /// How it ended: `ok`, `failed`, `interrupted`.
    pub status: String,
    /// Steps built.
    pub n_ok: i64,
    /// Steps skipped.
    pub n_skipped: i64,
    /// Steps failed or blocked.
    pub n_failed: i64,
    /// Deliveries taken in.
    pub n_deliveries: i64,
    /// Rows rejected by them.
    pub n_rejected_rows: i64,
    /// Seconds it took.
    pub seconds: f64,
}

pub(super) fn runs_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("run_id", DataType::Int64, true),
        Field::new("started_at", timestamp(), true),
        Field::new("korabo_version", DataType::Utf8, true),
        Field::new("status", DataType::Utf8, true),
        Field::new("n_ok", DataType::Int64, true),
        Field::new("n_skipped", DataType::Int64, true),
        Field::new("n_failed", DataType::Int64, true),
        Field::new("n_deliveries", DataType::Int64, true),
        Field::new("n_rejected_rows", DataType::Int64, true),
        Field::new("seconds", DataType::Float64, true),
    ]))
}

pub(super) fn run_steps_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("run_id", DataType::Int64, true),
        Field::new("table_name", DataType::Utf8, true),
        Field::new("outcome", DataType::Utf8, true),
        Field::new("reason", DataType::Utf8, true),
        Field::new("lake_version", DataType::Int64, true),
        Field::new("n_rows", DataType::Int64, true),
        Field::new("seconds", DataType::Float64, true),
    ]))
}

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Appends a run and its steps to the lake's history.
///
/// # Errors
/// When the lake cannot be written.
pub async fn record_run(
    lake: &Lake,
    run: &RunRecord,
    steps: &[StepStatus],
) -> Result<(), LakeError> {
    let one = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![value])) };
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
    let started = TimestampMicrosecondArray::from(vec![run.started_at]).with_timezone("UTC");
    let columns = vec![
        one(run.run_id),
        Arc::new(started) as ArrayRef,
        text(env!("CARGO_PKG_VERSION")),
        text(&run.status),
        one(run.n_ok),
        one(run.n_skipped),
        one(run.n_failed),
        one(run.n_deliveries),
        one(run.n_rejected_rows),
        Arc::new(Float64Array::from(vec![run.seconds])),
    ];
    append(lake, RUNS, runs_schema(), columns).await?;
    if steps.is_empty() {
        return Ok(());
    }
    let number = |get: fn(&StepOutcome) -> Option<i64>| -> ArrayRef {
        let values = steps.iter().map(|step| get(&step.outcome));
        Arc::new(values.collect::<Int64Array>())
    };
    let words = |get: fn(&StepStatus) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(steps.iter().map(get)))
    };
    let columns = vec![
        Arc::new(Int64Array::from(vec![run.run_id; steps.len()])) as ArrayRef,
        words(|step| &step.name),
        words(|step| step.outcome.as_str()),
        words(|step| &step.reason),
        number(|outcome| match outcome {
            StepOutcome::Built { version, .. } => i64::try_from(*version).ok(),
            _ => None,
        }),
        number(|outcome| match outcome {
            StepOutcome::Built { n_rows, .. } => i64::try_from(*n_rows).ok(),
            _ => None,
        }),
        Arc::new(Float64Array::from_iter_values(
            steps.iter().map(|step| step.elapsed.as_secs_f64()),
        )),
    ];
    append(lake, RUN_STEPS, run_steps_schema(), columns).await
}

async fn append(
    lake: &Lake,
    table: &str,
    schema: SchemaRef,
    columns: Vec<ArrayRef>,
) -> Result<(), LakeError> {
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
        .expect("columns are built beside their schema");
    lake.remove_leftovers(table).await?;
    let mut writer = lake.writer(table, schema, &[])?;
    writer.write(&batch).await?;
    let staged = writer.close().await?;
    lake.publish(
        table,
        staged,
        PublishMode::Append,
        &Provenance::of_raw(None),
    )
    .await?;
    Ok(())
}

impl StepOutcome {
    /// The word in `run_steps.outcome`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Built { .. } => "built",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
        }
    }
}
