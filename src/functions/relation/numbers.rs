//! Columns of numbers, periods and cohorts, from Arrow to the flat vectors that estimators take.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type};

use super::column_role::{is_numeric, quoted, value_type};
use super::relation_error::{ColumnName, LARGEST_PERIOD, RelationError};
use korabo_estimators::panel::NEVER;

/// Appends a numeric or boolean column; missing becomes NaN.
pub(super) fn push_numbers(
    name: &ColumnName,
    array: &ArrayRef,
    out: &mut Vec<f64>,
) -> Result<(), RelationError> {
    let wrong = || name.wrong_type("numeric or boolean", array.data_type());
    if !is_numeric(array.data_type()) {
        return Err(wrong());
    }
    let numbers = cast(array, &DataType::Float64).map_err(|_| wrong())?;
    let numbers = numbers.as_primitive::<Float64Type>();
    if numbers.null_count() == 0 {
        out.extend_from_slice(numbers.values());
    } else {
        out.extend(numbers.iter().map(|value| value.unwrap_or(f64::NAN)));
    }
    Ok(())
}

/// The periods or cohorts of an array as 32-bit numbers; `None` where one lies too far from zero.
fn narrow(name: &ColumnName, array: &ArrayRef) -> Result<Option<ArrayRef>, RelationError> {
    let narrow = match array.data_type() {
        DataType::Int32 => Arc::clone(array),
        other => {
            let wrong = || name.wrong_type("whole numbers", other);
            if !(value_type(other).is_integer() || other == &DataType::Null) {
                return Err(wrong());
            }
            // A failed conversion is a value that was not null and is now.
            let narrow = cast(array, &DataType::Int32).map_err(|_| wrong())?;
            if narrow.null_count() > array.logical_null_count() {
                return Ok(None);
            }
            narrow
        }
    };
    let periods = narrow.as_primitive::<Int32Type>();
    let is_near = |period: i32| (-LARGEST_PERIOD..=LARGEST_PERIOD).contains(&period);
    let all_near = if periods.null_count() == 0 {
        periods.values().iter().all(|&period| is_near(period))
    } else {
        periods.iter().flatten().all(is_near)
    };
    Ok(all_near.then_some(narrow))
}

fn push_narrow(narrow: &ArrayRef, missing: i32, out: &mut Vec<i32>) {
    let periods = narrow.as_primitive::<Int32Type>();
    if periods.null_count() == 0 {
        out.extend_from_slice(periods.values());
    } else {
        out.extend(periods.iter().map(|period| period.unwrap_or(missing)));
    }
}

/// Appends a column of cohorts; a missing one is never exposed.
pub(super) fn push_cohorts(
    name: &ColumnName,
    array: &ArrayRef,
    out: &mut Vec<i32>,
) -> Result<(), RelationError> {
    let Some(cohorts) = narrow(name, array)? else {
        return Err(RelationError::PeriodRange {
            relation: name.relation,
            column: name.column.clone(),
            what: "cohorts",
            hint: "NULL means never exposed, and cohorts are counted as the periods are".to_owned(),
        });
    };
    push_narrow(&cohorts, NEVER, out);
    Ok(())
}

/// Appends the periods of rows whose outcomes were appended before. A row without a period cannot be placed: its outcomes
/// become missing, and so it counts as a row with a missing value.
pub(super) fn push_times(
    name: &ColumnName,
    array: &ArrayRef,
    outcomes: &mut [Vec<f64>],
    out: &mut Vec<i32>,
) -> Result<(), RelationError> {
    let first = out.len();
    let Some(periods) = narrow(name, array)? else {
        let column = &name.column;
        return Err(RelationError::PeriodRange {
            relation: name.relation,
            column: column.clone(),
            what: "periods",
            hint: format!(
                "count them from the first, or in larger steps, as in `{} / 86400` for days from seconds",
                quoted(column)
            ),
        });
    };
    push_narrow(&periods, 0, out);
    if array.logical_null_count() == 0 {
        return Ok(());
    }
    for outcome in outcomes {
        for (value, row) in outcome[first..].iter_mut().zip(0..array.len()) {
            if array.is_null(row) {
                *value = f64::NAN;
            }
        }
    }
    Ok(())
}

/// Refuses cohorts at or below zero where all periods lie above it.
///
/// R's `did` and `didimputation` write the never exposed as 0, and surveys write what is missing as a number below zero. Here both
/// would pass for units exposed before the first period, which are left out: the comparison group would be gone, or part of it,
/// without a word. Where periods themselves reach zero (counted from an event, say) such cohorts are what they look like.
pub(super) fn refuse_cohorts_of_zero(
    name: &ColumnName,
    (time, cohort): (&[i32], &[i32]),
    outcomes: &[Vec<f64>],
) -> Result<(), RelationError> {
    // Rows without an outcome may lack their period too.
    let has_outcome = |row: usize| outcomes.iter().any(|outcome| outcome[row].is_finite());
    let complete = || {
        let rows = time.iter().zip(cohort).enumerate();
        rows.filter(|&(row, _)| has_outcome(row))
            .map(|(_, (&time, &cohort))| (time, cohort))
    };
    let n_rows = complete().filter(|&(_, cohort)| cohort <= 0).count() as u64;
    if n_rows == 0 || complete().any(|(time, _)| time <= 0) {
        return Ok(());
    }
    Err(RelationError::CohortOfZero {
        relation: name.relation,
        column: name.column.clone(),
        n_rows,
    })
}
