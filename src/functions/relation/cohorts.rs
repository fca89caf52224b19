//! Cohorts that are a code rather than a period.

use super::RelationError;
use super::gather::ColumnName;

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
