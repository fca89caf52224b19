//! What a check found, and whether that passes: the lake table `check_results`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit,
};
use datafusion::arrow::record_batch::RecordBatch;

use super::catalogue::{Check, CheckKind};
use super::drift::LARGE;
use crate::config::CheckSeverity;
use crate::event::{CheckCounts, CheckStatus as Status};
use crate::lake::{Lake, LakeError, Provenance, PublishMode};

/// Table of what checks found.
pub const CHECK_RESULTS: &str = "check_results";

/// What one check found in one delivery or in the whole table.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// The run; `None` for `korabo checks`.
    pub run_id: Option<i64>,
    /// When it was counted, microseconds since 1970 UTC.
    pub evaluated_at: i64,
    /// The check, as it was then.
    pub check: Check,
    /// The delivery; `None` for the whole table.
    pub delivery_id: Option<i64>,
    /// The folder that the delivery's file lay in.
    pub sender: Option<String>,
    /// Rows, fiscal years or months it applied to.
    pub n_checked: Option<u64>,
    /// Those that break it.
    pub n_failed: Option<u64>,
    /// What is compared with the threshold; `None` when the check could not be applied.
    pub measure: Option<f64>,
    /// Up to here the measure is noise.
    pub noise: Option<f64>,
    /// Why it could not be applied, or what it was compared with.
    pub note: Option<String>,
}

impl CheckCounts {
    /// Counts the checks of `results`.
    pub fn of<'r>(results: impl IntoIterator<Item = &'r CheckResult>) -> Self {
        let mut worst: BTreeMap<&str, Status> = BTreeMap::new();
        for result in results {
            let known = worst
                .entry(&result.check.name)
                .or_insert(Status::NotApplicable);
            *known = (*known).max(result.status());
        }
        let mut counts = Self::default();
        for status in worst.into_values() {
            *match status {
                Status::Pass => &mut counts.n_pass,
                Status::Warn => &mut counts.n_warn,
                Status::Fail => &mut counts.n_fail,
                Status::NotApplicable => &mut counts.n_not_applicable,
            } += 1;
        }
        counts
    }
}

/// What a measure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureUnit {
    /// Failed among checked, 0 to 1.
    Share,
    /// Relative change, 0.5 is half more or half less.
    Change,
    /// Days.
    Days,
    /// Population stability index.
    Psi,
}

impl MeasureUnit {
    /// The unit of a kind of check.
    #[must_use]
    pub fn of(kind: CheckKind) -> Self {
        match kind {
            CheckKind::RowCount => Self::Change,
            CheckKind::Freshness => Self::Days,
            CheckKind::Drift => Self::Psi,
            _ => Self::Share,
        }
    }

    /// The word in `check_results.unit`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Change => "change",
            Self::Days => "days",
            Self::Psi => "psi",
        }
    }
}

impl CheckResult {
    /// Whether it passes, by the threshold of its check.
    #[must_use]
    pub fn status(&self) -> Status {
        let Some(measure) = self.measure else {
            return Status::NotApplicable;
        };
        let Some(threshold) = self.check.threshold else {
            // Counted without a threshold; what holds nothing has not passed.
            return match measure < 1.0 {
                true => Status::Pass,
                false => Status::NotApplicable,
            };
        };
        let is_noise = self.noise.is_some_and(|noise| measure <= noise);
        match self.check.kind {
            CheckKind::Drift if is_noise || measure < threshold => Status::Pass,
            CheckKind::Drift if measure < LARGE * threshold => Status::Warn,
            CheckKind::Drift => Status::Fail,
            _ if measure <= threshold => Status::Pass,
            _ => Status::Fail,
        }
    }

    /// Whether it keeps queries from being built.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.status() == Status::Fail && self.check.severity == CheckSeverity::Error
    }
}

/// Schema of the lake table `check_results`.
#[must_use]
pub fn check_results_schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let whole = |name| Field::new(name, DataType::Int64, true);
    let number = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        whole("run_id"),
        Field::new(
            "evaluated_at",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
        text("check_name"),
        text("table_name"),
        text("column_name"),
        text("kind"),
        whole("term"),
        text("description"),
        whole("delivery_id"),
        text("sender"),
        whole("n_checked"),
        whole("n_failed"),
        number("measure"),
        text("unit"),
        number("noise"),
        number("threshold"),
        text("status"),
        text("severity"),
        text("note"),
    ]))
}

/// Appends results; `fingerprints` say of which state of every table the latest results are.
pub(super) async fn append(
    lake: &Lake,
    results: &[CheckResult],
    fingerprints: BTreeMap<String, String>,
) -> Result<(), LakeError> {
    let provenance = Provenance {
        inputs: fingerprints,
        ..Provenance::of_raw(None)
    };
    lake.write_batch(
        CHECK_RESULTS,
        &to_batch(results),
        PublishMode::Append,
        &provenance,
    )
    .await
}

fn to_batch(results: &[CheckResult]) -> RecordBatch {
    let text = |get: &dyn Fn(&CheckResult) -> Option<String>| -> ArrayRef {
        Arc::new(results.iter().map(get).collect::<StringArray>())
    };
    let whole = |get: &dyn Fn(&CheckResult) -> Option<i64>| -> ArrayRef {
        Arc::new(results.iter().map(get).collect::<Int64Array>())
    };
    let number = |get: &dyn Fn(&CheckResult) -> Option<f64>| -> ArrayRef {
        Arc::new(results.iter().map(get).collect::<Float64Array>())
    };
    let signed = |n: Option<u64>| n.and_then(|n| i64::try_from(n).ok());
    let times = results.iter().map(|result| result.evaluated_at);
    let times = TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        whole(&|result| result.run_id),
        Arc::new(times),
        text(&|result| Some(result.check.name.clone())),
        text(&|result| Some(result.check.table.clone())),
        text(&|result| result.check.column.clone()),
        text(&|result| Some(result.check.kind.word().to_owned())),
        whole(&|result| result.check.term),
        text(&|result| Some(result.check.description.clone())),
        whole(&|result| result.delivery_id),
        text(&|result| result.sender.clone()),
        whole(&|result| signed(result.n_checked)),
        whole(&|result| signed(result.n_failed)),
        number(&|result| result.measure),
        text(&|result| Some(MeasureUnit::of(result.check.kind).as_str().to_owned())),
        number(&|result| result.noise),
        number(&|result| result.check.threshold),
        text(&|result| Some(result.status().as_str().to_owned())),
        text(&|result| Some(result.check.severity.as_str().to_owned())),
        text(&|result| result.note.clone()),
    ];
    RecordBatch::try_new(check_results_schema(), columns)
        .expect("columns are built beside their schema")
}

/// The latest results of `checks`: of the whole tables, and of each sender's newest delivery. Judged by the thresholds in `checks`, whatever
/// they were when the results were counted.
///
/// # Errors
/// When the lake cannot be read.
pub(super) async fn latest(lake: &Lake, checks: &[Check]) -> Result<Vec<CheckResult>, LakeError> {
    let Some(table) = lake.table(CHECK_RESULTS).await? else {
        return Ok(Vec::new());
    };
    let by_name: BTreeMap<&str, usize> = checks
        .iter()
        .enumerate()
        .map(|(idx, check)| (check.name.as_str(), idx))
        .collect();
    let mut found: BTreeMap<(usize, Option<i64>), CheckResult> = BTreeMap::new();
    for batch in table.read(None)? {
        let batch = batch?;
        let cells = Cells::of(&batch);
        for row in 0..batch.num_rows() {
            let name = cells.text("check_name", row).unwrap_or_default();
            let Some(idx) = by_name.get(name.as_str()) else {
                continue;
            };
            let result = cells.result(row, &checks[*idx]);
            let key = (*idx, result.delivery_id);
            // Of results of one moment the one written last counts.
            match found.get(&key) {
                Some(known) if known.evaluated_at > result.evaluated_at => {}
                _ => {
                    found.insert(key, result);
                }
            }
        }
    }
    let mut newest: BTreeMap<(String, Option<String>), i64> = BTreeMap::new();
    for result in found.values() {
        if let Some(id) = result.delivery_id {
            let key = (result.check.table.clone(), result.sender.clone());
            let known = newest.entry(key).or_insert(id);
            *known = (*known).max(id);
        }
    }
    let newest: BTreeSet<(String, i64)> = newest
        .into_iter()
        .map(|((table, _), id)| (table, id))
        .collect();
    let is_current = |result: &CheckResult| {
        let id = result.delivery_id;
        id.is_none_or(|id| newest.contains(&(result.check.table.clone(), id)))
    };
    Ok(found.into_values().filter(is_current).collect())
}

/// Columns of a batch of `check_results`, by name.
struct Cells<'b> {
    batch: &'b RecordBatch,
    columns: BTreeMap<&'static str, ArrayRef>,
}

impl<'b> Cells<'b> {
    fn of(batch: &'b RecordBatch) -> Self {
        let kinds = [
            ("run_id", DataType::Int64),
            ("evaluated_at", DataType::Int64),
            ("check_name", DataType::Utf8),
            ("delivery_id", DataType::Int64),
            ("sender", DataType::Utf8),
            ("n_checked", DataType::Int64),
            ("n_failed", DataType::Int64),
            ("measure", DataType::Float64),
            ("noise", DataType::Float64),
            ("note", DataType::Utf8),
        ];
        let read = |(name, kind): (&'static str, DataType)| {
            let column = batch.column_by_name(name)?;
            Some((name, cast(column, &kind).ok()?))
        };
        Self {
            batch,
            columns: kinds.into_iter().filter_map(read).collect(),
        }
    }

    fn valid(&self, name: &str, row: usize) -> Option<&ArrayRef> {
        debug_assert!(row < self.batch.num_rows());
        self.columns.get(name).filter(|column| column.is_valid(row))
    }

    fn text(&self, name: &str, row: usize) -> Option<String> {
        self.valid(name, row)
            .map(|column| column.as_string::<i32>().value(row).to_owned())
    }

    fn whole(&self, name: &str, row: usize) -> Option<i64> {
        self.valid(name, row)
            .map(|column| column.as_primitive::<Int64Type>().value(row))
    }

    fn number(&self, name: &str, row: usize) -> Option<f64> {
        self.valid(name, row)
            .map(|column| column.as_primitive::<Float64Type>().value(row))
    }

    fn result(&self, row: usize, check: &Check) -> CheckResult {
        let count = |name| self.whole(name, row).and_then(|n| u64::try_from(n).ok());
        CheckResult {
            run_id: self.whole("run_id", row),
            evaluated_at: self.whole("evaluated_at", row).unwrap_or_default(),
            check: check.clone(),
            delivery_id: self.whole("delivery_id", row),
            sender: self.text("sender", row),
            n_checked: count("n_checked"),
            n_failed: count("n_failed"),
            measure: self.number("measure", row),
            noise: self.number("noise", row),
            note: self.text("note", row),
        }
    }
}
