//! Rows of estimates, as a relation returns them or an `effect_*` table keeps them, after the rules that the
//! report follows.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;

use super::error::ReleaseError;
use super::released_rows::ReleasedRows;
use super::rules::{ReleaseRules, WithheldCounts};
use crate::disclosure::{Count, DisclosureRules, EstimateRow, STATUS_WITHHELD, release_estimate};

/// Counts of the shared result columns.
const COUNTS: [&str; 4] = ["n_treated", "n_control", "n_units", "n_clusters"];
/// Fewest degrees of freedom of a regression that may be shown: with fewer, the data could be worked out from it
/// (the rule of thumb of Brandt et al., Guidelines for the checking of output based on microdata research, 2010).
const MIN_DF: f64 = 10.0;

/// What was counted of the rows behind all estimates of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EstimateBasis {
    /// Whether fewer persons than the rules ask for stand behind one of them.
    pub(super) is_few: bool,
    /// Whether the rows are those of a table, whose labels are the project's.
    pub(super) is_of_table: bool,
    /// Coefficients that are not shown, at most: levels of fixed effects.
    pub(super) n_absorbed: u64,
}

/// Whether there is a rule for rows of this schema.
pub(super) fn has_rule(schema: &Schema) -> bool {
    is_estimates(schema) || is_regression(schema)
}

/// Whether rows of this schema are estimates with the shared result columns.
pub(super) fn is_estimates(schema: &Schema) -> bool {
    let has = |name: &str| schema.index_of(name).is_ok();
    has("estimate") && has("status") && COUNTS.iter().all(|name| has(name))
}

fn is_regression(schema: &Schema) -> bool {
    ["term", "estimate", "n_obs", "df", "status"]
        .iter()
        .all(|name| schema.index_of(name).is_ok())
}

/// The rows with withheld estimates NULL. `name` is the relation or table they come from.
pub(super) async fn protected(
    frame: DataFrame,
    name: &str,
    basis: EstimateBasis,
    rules: &ReleaseRules,
) -> Result<(LogicalPlan, WithheldCounts), ReleaseError> {
    let schema = frame.schema().clone();
    let has_estimates = is_estimates(schema.as_arrow());
    if !has_estimates && !is_regression(schema.as_arrow()) {
        return Err(ReleaseError::Relation {
            relation: name.to_owned(),
        });
    }
    let key = rules.roles.keys.get(name);
    let key = key.filter(|_| basis.is_of_table).map(Vec::as_slice);
    let mut withheld = WithheldCounts::default();
    let mut batches = Vec::new();
    // Why an estimator failed can tell of the rows.
    let computed = frame.collect().await;
    for batch in computed.map_err(|_| ReleaseError::NotComputed)? {
        let (batch, n_withheld) = match has_estimates {
            true => estimates(&batch, basis, key, rules.disclosure)?,
            false => coefficients(&batch, basis, rules.disclosure)?,
        };
        withheld.n_estimates += n_withheld;
        batches.push(batch);
    }
    Ok((ReleasedRows::plan(&schema, batches)?, withheld))
}

/// Withholds rows of a batch, and says how many.
fn estimates(
    batch: &RecordBatch,
    basis: EstimateBasis,
    key: Option<&[String]>,
    rules: DisclosureRules,
) -> Result<(ReleasedRows, u64), DataFusionError> {
    let estimate = column(batch, "estimate", &DataType::Float64)?;
    let status = column(batch, "status", &DataType::Utf8)?;
    let counts = COUNTS
        .iter()
        .map(|name| column(batch, name, &DataType::Int64))
        .collect::<Result<Vec<_>, _>>()?;
    let count_at = |position: usize, row: usize| {
        let array = counts[position].as_primitive::<Int64Type>();
        array.is_valid(row).then(|| array.value(row).unsigned_abs())
    };
    let released: Vec<_> = (0..batch.num_rows())
        .map(|row| {
            let numbers = estimate.as_primitive::<Float64Type>();
            let texts = status.as_string::<i32>();
            let row = EstimateRow {
                estimate: numbers.is_valid(row).then(|| numbers.value(row)),
                n_treated: count_at(0, row),
                n_control: count_at(1, row),
                n_units: count_at(2, row),
                n_clusters: count_at(3, row),
                status: texts.value(row).to_owned(),
                ..EstimateRow::default()
            };
            release_estimate(row, rules)
        })
        .collect();
    // Few behind all are few behind each, also where there is no estimate: a count would be that of the others.
    let is_withheld: Vec<bool> = released
        .iter()
        .map(|row| basis.is_few || row.value().status == STATUS_WITHHELD)
        .collect();
    let shown = |count: Option<Count>| {
        let n = count.filter(|_| !basis.is_few).and_then(Count::shown)?;
        i64::try_from(n).ok()
    };
    let replaced = |name: &str| -> Option<ArrayRef> {
        let rows = released.iter().map(crate::disclosure::Releasable::value);
        let counts = |get: fn(&crate::disclosure::ReleasedEstimate) -> Option<Count>| {
            Arc::new(
                rows.clone()
                    .map(|row| shown(get(row)))
                    .collect::<Int64Array>(),
            ) as ArrayRef
        };
        match name {
            "n_treated" => Some(counts(|row| row.n_treated)),
            "n_control" => Some(counts(|row| row.n_control)),
            "n_units" => Some(counts(|row| row.n_units)),
            "n_clusters" => Some(counts(|row| row.n_clusters)),
            "status" => {
                let texts = rows.map(|row| match basis.is_few {
                    true => STATUS_WITHHELD,
                    false => row.status.as_str(),
                });
                Some(Arc::new(StringArray::from_iter_values(texts)))
            }
            _ => None,
        }
    };
    // Names of small cells can be made of values: those of a statement's own cohorts and levels. A table's are the project's,
    // and whatever else it says in a row of few (a verdict, a reason) follows from them.
    let hides = |field: &Field| match key {
        Some(key) => !key.contains(field.name()),
        None => {
            let is_label = ["cohort", "time", "level"].contains(&field.name().as_str());
            is_number(field) || (is_label && !basis.is_of_table)
        }
    };
    with_columns(batch, &is_withheld, hides, replaced)
}

fn is_number(field: &Field) -> bool {
    field.data_type().is_floating() || field.name().starts_with("n_")
}

/// The same of a regression.
fn coefficients(
    batch: &RecordBatch,
    basis: EstimateBasis,
    rules: DisclosureRules,
) -> Result<(ReleasedRows, u64), DataFusionError> {
    let n_obs = column(batch, "n_obs", &DataType::Int64)?;
    let df = column(batch, "df", &DataType::Float64)?;
    let (n_obs, df) = (
        n_obs.as_primitive::<Int64Type>(),
        df.as_primitive::<Float64Type>(),
    );
    let is_withheld: Vec<bool> = (0..batch.num_rows())
        .map(|row| {
            // Degrees of freedom of clusters are their number, whatever the coefficients are.
            let n_coefficients = basis.n_absorbed + batch.num_rows() as u64;
            let n_least = rules.min_count.max(n_coefficients + MIN_DF as u64);
            let is_few = n_obs.is_valid(row) && n_obs.value(row).unsigned_abs() < n_least;
            basis.is_few || is_few || (df.is_valid(row) && df.value(row) < MIN_DF)
        })
        .collect();
    let status = column(batch, "status", &DataType::Utf8)?;
    let replaced = |name: &str| -> Option<ArrayRef> {
        if name != "status" {
            return None;
        }
        let texts = status.as_string::<i32>().iter().zip(&is_withheld);
        let texts = texts.map(|(text, withheld)| match withheld {
            true => Some(STATUS_WITHHELD),
            false => text,
        });
        Some(Arc::new(texts.collect::<StringArray>()))
    };
    let hides = |field: &Field| is_number(field) || (basis.is_few && field.name() == "term");
    with_columns(batch, &is_withheld, hides, replaced)
}

/// The batch with some columns replaced and, in withheld rows, the others NULL that `hides` names; and how many rows those are.
fn with_columns(
    batch: &RecordBatch,
    is_withheld: &[bool],
    hides: impl Fn(&Field) -> bool,
    replaced: impl Fn(&str) -> Option<ArrayRef>,
) -> Result<(ReleasedRows, u64), DataFusionError> {
    let schema = batch.schema();
    let mut columns = Vec::new();
    let mut hidden = Vec::new();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        let replaced = replaced(field.name());
        let is_hidden = replaced.is_none() && hides(field);
        hidden.push(is_hidden.then_some(is_withheld));
        columns.push(match replaced {
            Some(array) => cast(&array, field.data_type())?,
            None => Arc::clone(array),
        });
    }
    let fields = schema.fields().iter();
    let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let batch = RecordBatch::try_new(Arc::new(schema), columns)?;
    let n_withheld = is_withheld.iter().filter(|withheld| **withheld).count();
    Ok((
        ReleasedRows::of(&batch, |_| true, &hidden)?,
        n_withheld as u64,
    ))
}

fn column(
    batch: &RecordBatch,
    name: &str,
    data_type: &DataType,
) -> Result<ArrayRef, DataFusionError> {
    let array = batch
        .column_by_name(name)
        .ok_or_else(|| DataFusionError::Internal(format!("estimates have no column `{name}`")))?;
    Ok(cast(array, data_type)?)
}
