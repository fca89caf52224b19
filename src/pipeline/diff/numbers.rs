//! Rows of two versions of a table: of aggregate tables which numbers moved, of others only how many rows.

use std::collections::BTreeSet;

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, SchemaRef};

use super::estimates::{self, EstimateChange};
use super::values::{KeyedRows, LakeOrEngine, ROUNDING, is_rounding};
use crate::lake::LakeTable;
use crate::session::{Session, SessionError, causes};

/// How the rows of two versions of a table differ.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowsDiff {
    /// Rows with a new key; without a key, rows that occur more often than before.
    pub n_added: u64,
    /// Rows whose key is no longer there; without a key, rows that occur less often than before.
    pub n_removed: u64,
    /// Rows with the same key and another value; 0 without a key.
    pub n_changed: u64,
    /// Rows with the same key whose numbers differ beyond the ninth significant digit only; 0 without a key, where they count as
    /// removed and added.
    pub n_rounded: u64,
    /// Columns that only one of the versions has: removed ones, then new ones.
    pub columns: Vec<String>,
    /// Estimates that changed, in the order of their keys. Only of aggregate tables with a key and estimates.
    pub estimates: Option<Vec<EstimateChange>>,
    /// Values that changed, the largest change first. Only of aggregate tables with a key.
    pub moved: Vec<MovedValue>,
}

/// A value that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct MovedValue {
    /// The row's key.
    pub key: String,
    /// The column.
    pub column: String,
    /// The value before.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
    /// The value after minus the value before, of numbers.
    pub difference: Option<f64>,
    /// The same in standard errors of the value after, where the row has one for it.
    pub std_errors: Option<f64>,
}

/// Names under which the versions are known to the engine.
const BEFORE: &str = "diff before";
const AFTER: &str = "diff after";

/// Compares two versions; one that is not there has no rows. `Err` says why they cannot be compared.
pub(super) async fn compare(
    session: &Session,
    (before, after): (Option<&LakeTable>, Option<&LakeTable>),
    key: &[String],
    is_aggregate: bool,
) -> Result<RowsDiff, String> {
    let (before, after) = match (before, after) {
        (None, None) => return Ok(RowsDiff::default()),
        (Some(only), None) => {
            return Ok(RowsDiff {
                n_removed: only.n_rows().unwrap_or(0),
                ..RowsDiff::default()
            });
        }
        (None, Some(only)) => {
            return Ok(RowsDiff {
                n_added: only.n_rows().unwrap_or(0),
                ..RowsDiff::default()
            });
        }
        (Some(before), Some(after)) => (before, after),
    };
    let common = common_columns(&before.schema, &after.schema);
    let has_key = !key.is_empty() && key.iter().all(|column| common.contains(column));
    let mut diff = match (has_key, is_aggregate) {
        (true, true) => {
            compare_values(before, after, key, &common).map_err(|error| words(&error))?
        }
        _ => {
            // A key that a version lacks pairs no rows: whole rows are counted instead.
            let key = if has_key { key } else { &[] };
            let counted = count(session, (before, after), key, &common).await;
            counted.map_err(|error| words(&error))?
        }
    };
    let only = |these: &SchemaRef, others: &SchemaRef| {
        let names = these.fields().iter().map(|field| field.name().clone());
        let names = names.filter(|name| others.index_of(name).is_err());
        names.collect::<Vec<String>>()
    };
    diff.columns = only(&before.schema, &after.schema);
    diff.columns.extend(only(&after.schema, &before.schema));
    Ok(diff)
}

fn words(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error).join(": ")
}

fn common_columns(before: &SchemaRef, after: &SchemaRef) -> Vec<String> {
    let names = after.fields().iter().map(|field| field.name().clone());
    names.filter(|name| before.index_of(name).is_ok()).collect()
}

/// Counts rows with the engine, whatever their number.
async fn count(
    session: &Session,
    (before, after): (&LakeTable, &LakeTable),
    key: &[String],
    common: &[String],
) -> Result<RowsDiff, SessionError> {
    for (name, table) in [(BEFORE, before), (AFTER, after)] {
        session.register_table(LakeTable {
            name: name.to_owned(),
            ..table.clone()
        })?;
    }
    let sql = match key.is_empty() {
        true => count_of_rows(common),
        false => count_by_key(key, common, (&before.schema, &after.schema)),
    };
    let frame = session.plan(&sql, &[]).await?;
    let batches = frame.collect().await.map_err(SessionError::from)?;
    session.forget(BEFORE)?;
    session.forget(AFTER)?;
    let cell = |column: usize| {
        let batch = batches.iter().find(|batch| batch.num_rows() > 0);
        let values = batch.and_then(|batch| cast(batch.column(column), &DataType::Int64).ok());
        let value = values.map(|values| values.as_primitive::<Int64Type>().value(0));
        value
            .and_then(|value| u64::try_from(value).ok())
            .unwrap_or(0)
    };
    Ok(RowsDiff {
        n_added: cell(0),
        n_removed: cell(1),
        n_changed: cell(2),
        n_rounded: cell(3),
        ..RowsDiff::default()
    })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn count_by_key(key: &[String], common: &[String], versions: (&SchemaRef, &SchemaRef)) -> String {
    // The parentheses are needed: IS DISTINCT FROM takes everything after it as its right side.
    let pair = |name: &String, between: &str| {
        let name = quoted(name);
        format!("(b.{name} {between} a.{name})")
    };
    let is_inexact = |name: &str, schema: &SchemaRef| {
        let field = schema.field_with_name(name);
        field.is_ok_and(|field| field.data_type().is_floating())
    };
    let differs = |name: &String| pair(name, "IS DISTINCT FROM");
    let differs_beyond_rounding = |name: &String| {
        let differs = differs(name);
        if !is_inexact(name, versions.0) || !is_inexact(name, versions.1) {
            return differs;
        }
        let name = quoted(name);
        let size = format!("greatest(abs(a.{name}), abs(b.{name}))");
        // Zero and minus zero are distinct to the engine, and a size of zero has no rounding to compare with.
        let is_rounding = format!("abs(a.{name} - b.{name}) < {ROUNDING:e} * {size} OR {size} = 0");
        // Where a number is missing or infinite the comparison is not true: that is no rounding.
        format!("({differs} AND ({is_rounding}) IS NOT TRUE)")
    };
    let any = |condition: &dyn Fn(&String) -> String| {
        let values = common.iter().filter(|name| !key.contains(name));
        let conditions: Vec<String> = values.map(condition).collect();
        match conditions.is_empty() {
            true => "false".to_owned(),
            false => conditions.join(" OR "),
        }
    };
    let (changed, moved) = (any(&differs), any(&differs_beyond_rounding));
    let on: Vec<String> = key
        .iter()
        .map(|name| pair(name, "IS NOT DISTINCT FROM"))
        .collect();
    let on = on.join(" AND ");
    // Keys may be NULL, so a column that never is tells from which side a joined row comes.
    let side = |name: &str| format!("(SELECT *, true AS \"is here\" FROM {})", quoted(name));
    let in_both = "a.\"is here\" AND b.\"is here\"";
    format!(
        "SELECT count(*) FILTER (WHERE b.\"is here\" IS NULL), \
         count(*) FILTER (WHERE a.\"is here\" IS NULL), \
         count(*) FILTER (WHERE {in_both} AND ({moved})), \
         count(*) FILTER (WHERE {in_both} AND ({changed}) AND NOT ({moved})) \
         FROM {} AS b FULL JOIN {} AS a ON {on}",
        side(BEFORE),
        side(AFTER)
    )
}

fn count_of_rows(common: &[String]) -> String {
    let columns: Vec<String> = common.iter().map(|name| quoted(name)).collect();
    let columns = columns.join(", ");
    let (before, after) = (quoted(BEFORE), quoted(AFTER));
    format!(
        "SELECT coalesce(sum(CASE WHEN d > 0 THEN d END), 0), \
         coalesce(sum(CASE WHEN d < 0 THEN -d END), 0), 0, 0 FROM (SELECT sum(w) AS d FROM \
         (SELECT {columns}, 1 AS w FROM {after} UNION ALL SELECT {columns}, -1 AS w FROM {before}) \
         GROUP BY {columns})"
    )
}

/// Columns on the scale of the estimate, whose changes are expressed in standard errors.
const ON_THE_SCALE: [&str; 5] = ["estimate", "conf_low", "conf_high", "band_low", "band_high"];

/// Compares the rows of both versions in memory, value by value.
fn compare_values(
    before: &LakeTable,
    after: &LakeTable,
    key: &[String],
    common: &[String],
) -> Result<RowsDiff, LakeOrEngine> {
    let (old, new) = (KeyedRows::read(before, key)?, KeyedRows::read(after, key)?);
    let in_both: Vec<(&String, usize, usize)> = old
        .by_key
        .iter()
        .filter_map(|(name, row)| Some((name, *row, *new.by_key.get(name)?)))
        .collect();
    let errors = new.column("std_error")?;
    let error_of = |column: &str, row: usize| {
        let errors = errors.as_ref().filter(|_| ON_THE_SCALE.contains(&column))?;
        errors.number(row).filter(|error| *error > 0.0)
    };
    let mut moved = Vec::new();
    let mut rounded: BTreeSet<&str> = BTreeSet::new();
    for column in common.iter().filter(|name| !key.contains(name)) {
        let (Some(old_column), Some(new_column)) = (old.column(column)?, new.column(column)?)
        else {
            continue;
        };
        let is_inexact = old_column.is_inexact && new_column.is_inexact;
        for (name, before, after) in &in_both {
            if old_column.texts[*before] == new_column.texts[*after] {
                continue;
            }
            let numbers = old_column.number(*before).zip(new_column.number(*after));
            let error = error_of(column, *after);
            let scale = error.unwrap_or(0.0);
            if is_inexact && numbers.is_some_and(|(b, a)| is_rounding(b, a, scale)) {
                rounded.insert(name.as_str());
                continue;
            }
            let difference = numbers.map(|(before, after)| after - before);
            moved.push(MovedValue {
                key: (*name).clone(),
                column: column.clone(),
                before: old_column.texts[*before].clone(),
                after: new_column.texts[*after].clone(),
                difference,
                std_errors: difference
                    .zip(error)
                    .map(|(difference, error)| difference / error),
            });
        }
    }
    moved.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    let changed: BTreeSet<&str> = moved.iter().map(|moved| moved.key.as_str()).collect();
    Ok(RowsDiff {
        n_added: (new.by_key.len() - in_both.len()) as u64,
        n_removed: (old.by_key.len() - in_both.len()) as u64,
        n_changed: changed.len() as u64,
        // A row with a value that moved counts as changed, even if others were only rounded.
        n_rounded: rounded.difference(&changed).count() as u64,
        columns: Vec::new(),
        estimates: estimates::changes((&old, &new), &in_both)?,
        moved,
    })
}

/// The order of changed values: texts (a status) first, then changes in standard errors, then relative changes.
fn weight(moved: &MovedValue) -> f64 {
    // The limits 10 and 9 keep the two scales apart: every change in standard errors comes before every relative one.
    match (moved.difference, moved.std_errors) {
        (None, _) => f64::INFINITY,
        (_, Some(std_errors)) => 10.0 + std_errors.abs(),
        (Some(difference), None) => {
            let before = moved
                .before
                .as_deref()
                .and_then(|text| text.parse::<f64>().ok());
            let size = before.map_or(1.0, f64::abs).max(f64::MIN_POSITIVE);
            (difference.abs() / size).min(9.0)
        }
    }
}
