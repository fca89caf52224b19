//! The pipeline's own history as lake tables: `runs`, one row per run, and `run_steps`, one row per step
//! of a run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;

use crate::event::{StepOutcome, StepStatus, TestResult};
use crate::lake::{Lake, LakeError};

/// Table of runs.
pub const RUNS: &str = "runs";
/// Table of steps of runs.
pub const RUN_STEPS: &str = "run_steps";
/// Table of what the tests of headers found.
pub const TEST_RESULTS: &str = "test_results";

/// One run.
#[derive(Debug, Clone, Default)]
pub struct RunRecord {
    /// Number of the run, from 1.
    pub run_id: i64,
    /// When it began, microseconds since 1970 UTC.
    pub started_at: i64,
    /// How it ended: `ok`, `failed`, `stopped`, `interrupted` (killed; found by the next run).
    pub status: String,
    /// Steps built.
    pub n_ok: i64,
    /// Steps skipped.
    pub n_skipped: i64,
    /// Steps failed or blocked.
    pub n_failed: i64,
    /// Deliveries ingested.
    pub n_deliveries: i64,
    /// Rows rejected by them.
    pub n_rejected_rows: i64,
    /// Seconds it took.
    pub seconds: f64,
    /// Tests of severity `warn` that do not hold.
    pub n_warned: i64,
    /// What was selected; `None` for everything.
    pub selection: Option<String>,
    /// Whether fresh tables were built too.
    pub full_refresh: bool,
    /// The run that this one continues.
    pub retry_of: Option<i64>,
}

/// The latest run in the lake's history.
#[derive(Debug, Clone, Default)]
pub struct LastRun {
    /// Its number.
    pub run_id: i64,
    /// When it began, as text.
    pub started_at: String,
    /// How it ended.
    pub status: String,
    /// What was selected; `None` for everything.
    pub selection: Option<String>,
    /// Whether fresh tables were built too.
    pub full_refresh: bool,
    /// Every table selected, and how its step ended (`run_steps.outcome`).
    pub steps: Vec<(String, String)>,
}

impl RunRecord {
    /// The run's number in the history when `last` is the newest run there. `None` for a run that is not recorded: it found
    /// nothing to do, and the last one ended well.
    #[must_use]
    pub fn id_after(&self, last: Option<&LastRun>) -> Option<i64> {
        let did_nothing = self.status == "ok" && self.n_ok + self.n_deliveries + self.n_warned == 0;
        let is_left_out = did_nothing && last.is_none_or(LastRun::is_ok);
        (!is_left_out).then(|| LastRun::next_id(last))
    }
}

impl LastRun {
    /// The number of the run that is written after `last`.
    #[must_use]
    pub fn next_id(last: Option<&Self>) -> i64 {
        last.map_or(0, |last| last.run_id) + 1
    }

    /// Whether it ended well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }

    /// Tables that failed or were not run.
    #[must_use]
    pub fn unfinished(&self) -> BTreeSet<String> {
        let words = [
            StepOutcome::Failed,
            StepOutcome::Blocked,
            StepOutcome::NotRun,
        ];
        let is_unfinished = |outcome: &str| words.iter().any(|word| word.as_str() == outcome);
        let steps = self.steps.iter();
        steps
            .filter(|(_, outcome)| is_unfinished(outcome))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Whether it ended before the first table: new extracts may not have been ingested.
    #[must_use]
    pub fn ended_before_steps(&self) -> bool {
        let not_run = StepOutcome::NotRun.as_str();
        self.steps.iter().all(|(_, outcome)| outcome == not_run)
    }
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
        Field::new("n_warned", DataType::Int64, true),
        Field::new("selection", DataType::Utf8, true),
        Field::new("full_refresh", DataType::Boolean, true),
        Field::new("retry_of", DataType::Int64, true),
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

pub(super) fn test_results_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("run_id", DataType::Int64, true),
        Field::new("table_name", DataType::Utf8, true),
        Field::new("test", DataType::Utf8, true),
        Field::new("severity", DataType::Utf8, true),
        Field::new("status", DataType::Utf8, true),
        Field::new("n_rows_found", DataType::Int64, true),
        Field::new("n_rows", DataType::Int64, true),
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
        one(run.n_warned),
        Arc::new(StringArray::from(vec![run.selection.as_deref()])),
        Arc::new(BooleanArray::from(vec![run.full_refresh])),
        Arc::new(Int64Array::from(vec![run.retry_of])),
    ];
    // The run first: steps without their run would look like a loss (`losses`).
    lake.append_columns(RUNS, runs_schema(), columns).await?;
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
    lake.append_columns(RUN_STEPS, run_steps_schema(), columns)
        .await?;
    record_tests(lake, run.run_id, steps).await
}

async fn record_tests(lake: &Lake, run_id: i64, steps: &[StepStatus]) -> Result<(), LakeError> {
    let results: Vec<(&str, &TestResult)> = steps
        .iter()
        .flat_map(|step| step.tests.iter().map(|test| (step.name.as_str(), test)))
        .collect();
    if results.is_empty() {
        return Ok(());
    }
    let words = |get: fn(&(&str, &TestResult)) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(results.iter().map(get)))
    };
    let n_rows = results
        .iter()
        .map(|(_, test)| test.n_rows_found.and_then(|n| i64::try_from(n).ok()));
    let n_tested = results
        .iter()
        .map(|(_, test)| test.n_rows.and_then(|n| i64::try_from(n).ok()));
    let columns = vec![
        Arc::new(Int64Array::from(vec![run_id; results.len()])) as ArrayRef,
        words(|(table, _)| (*table).to_owned()),
        words(|(_, test)| test.test.clone()),
        words(|(_, test)| test.severity.as_str().to_owned()),
        words(|(_, test)| test.status().to_owned()),
        Arc::new(n_rows.collect::<Int64Array>()),
        Arc::new(n_tested.collect::<Int64Array>()),
    ];
    lake.append_columns(TEST_RESULTS, test_results_schema(), columns)
        .await
}

/// The latest run, when there is one.
///
/// # Errors
/// When the lake cannot be read.
pub async fn last_run(lake: &Lake) -> Result<Option<LastRun>, LakeError> {
    let Some(runs) = lake.table(RUNS).await? else {
        return Ok(None);
    };
    let mut last: Option<LastRun> = None;
    for batch in runs.read(None)? {
        let batch = batch?;
        let ids = integers(&batch, "run_id");
        for row in 0..batch.num_rows() {
            let run_id = ids.value(row);
            if last.as_ref().is_none_or(|last| last.run_id < run_id) {
                last = Some(LastRun {
                    run_id,
                    started_at: text_at(&batch, "started_at", row).unwrap_or_default(),
                    status: text_at(&batch, "status", row).unwrap_or_default(),
                    selection: text_at(&batch, "selection", row),
                    full_refresh: text_at(&batch, "full_refresh", row).as_deref() == Some("true"),
                    steps: Vec::new(),
                });
            }
        }
    }
    let (Some(last), Some(steps)) = (&mut last, lake.table(RUN_STEPS).await?) else {
        return Ok(last);
    };
    for batch in steps.read(None)? {
        let batch = batch?;
        let ids = integers(&batch, "run_id");
        for row in (0..batch.num_rows()).filter(|row| ids.value(*row) == last.run_id) {
            let name = text_at(&batch, "table_name", row).unwrap_or_default();
            let outcome = text_at(&batch, "outcome", row).unwrap_or_default();
            last.steps.push((name, outcome));
        }
    }
    Ok(Some(last.clone()))
}

/// When run `run_id` ended; `None` when there is no such run.
///
/// # Errors
/// When the lake cannot be read.
pub async fn end_of_run(lake: &Lake, run_id: i64) -> Result<Option<DateTime<Utc>>, LakeError> {
    let Some(runs) = lake.table(RUNS).await? else {
        return Ok(None);
    };
    for batch in runs.read(None)? {
        let batch = batch?;
        let ids = integers(&batch, "run_id");
        let started = integers(&batch, "started_at");
        let Some(row) = (0..batch.num_rows()).find(|row| ids.value(*row) == run_id) else {
            continue;
        };
        let seconds = text_at(&batch, "seconds", row).and_then(|text| text.parse().ok());
        let lasted = Duration::try_from_secs_f64(seconds.unwrap_or(0.0)).unwrap_or_default();
        let started = DateTime::from_timestamp_micros(started.value(row));
        // Times of versions are in milliseconds.
        return Ok(started.map(|started| started + lasted + Duration::from_millis(1)));
    }
    Ok(None)
}

/// The smallest of the match rates over all persons of a side; `None` when `linkage_quality` has none or does not exist.
///
/// # Errors
/// When the lake cannot be read.
pub async fn match_rate(lake: &Lake) -> Result<Option<f64>, LakeError> {
    let Some(table) = lake.table("linkage_quality").await? else {
        return Ok(None);
    };
    let mut smallest: Option<f64> = None;
    for batch in table.read(None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let is_all = text_at(&batch, "dimension", row).as_deref() == Some("all");
            let rate = text_at(&batch, "match_rate", row).and_then(|rate| rate.parse().ok());
            if let (true, Some(rate)) = (is_all, rate) {
                smallest = Some(smallest.map_or(rate, |other: f64| other.min(rate)));
            }
        }
    }
    Ok(smallest)
}

/// Column `name` as whole numbers; zeros where it is not there, as in a lake of an earlier version.
pub(super) fn integers(batch: &RecordBatch, name: &str) -> Int64Array {
    let column = batch
        .column_by_name(name)
        .and_then(|column| cast(column, &DataType::Int64).ok());
    match column {
        Some(column) => column.as_primitive::<Int64Type>().clone(),
        None => Int64Array::from(vec![0; batch.num_rows()]),
    }
}

/// The text of one cell; `None` where it or its column is not there.
pub(super) fn text_at(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?;
    let column = column.as_string::<i32>();
    column.is_valid(row).then(|| column.value(row).to_owned())
}
