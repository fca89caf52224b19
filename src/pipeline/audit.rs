//! Runs the tests of a header against rows that are written but not yet published.

use chrono::{Datelike as _, Months, NaiveDate};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::col;

use super::context::{RunContext, run_error, store_error};
use super::data_test::{AgeUnit, DataTest, Rule};
use super::error::PipelineError;
use super::header::Sensitivity;
use super::history::text_at;
use super::query::Query;
use crate::event::{Severity, TestResult};
use crate::lake::{LakeTable, StagedFiles};
use crate::session::{Newest, SessionError};

/// The column in which rows that break a test say why.
const REASON: &str = "reason";

/// Reasons that are told of one test.
const MOST_REASONS: usize = 5;

/// Tests the staged rows of `query`; what each test found goes into `results`.
///
/// # Errors
/// When a test of severity `error` does not hold, or a test cannot be run.
pub(super) async fn run_tests(
    context: &RunContext,
    query: &Query,
    staged: &StagedFiles,
    results: &mut Vec<TestResult>,
) -> Result<(), PipelineError> {
    if query.header.tests.is_empty() {
        return Ok(());
    }
    let in_run = |source| run_error(query, source);
    let lake = &context.lake;
    let published = lake.table(&query.name).await;
    let published = published.map_err(|source| store_error(query, source))?;
    let mut table = staged.as_table(lake, &query.name, &query.name);
    // Numbers are only added: the published rows are tested with the new ones.
    if query.header.identity.is_some() {
        let kept = published.iter().flat_map(|table| &table.files);
        table.files.extend(kept.cloned());
    }
    // Nothing else reads the table by its name until its step has ended.
    let session = &context.session;
    session.register_table(table.clone()).map_err(in_run)?;
    let tested = match test_all(context, query, (&table, published.as_ref()), results).await {
        Ok(()) => reasons(context, query, results).await,
        Err(error) => Err(error),
    };
    session.forget(&query.name).map_err(in_run)?;
    let reasons = tested?;
    failures(query, results).map_err(|error| error.with_reasons(reasons))
}

async fn test_all(
    context: &RunContext,
    query: &Query,
    (table, published): (&LakeTable, Option<&LakeTable>),
    results: &mut Vec<TestResult>,
) -> Result<(), PipelineError> {
    for test in &query.header.tests {
        let (n_rows_found, holds) = match &test.rule {
            Rule::RowCountChange { percent } => row_count_change(table, published, *percent),
            Rule::Freshness {
                column,
                at_most,
                unit,
            } => freshness(context, query, column, (*at_most, *unit)).await?,
            _ => {
                let n_rows = count_broken(context, query, test).await?;
                (Some(n_rows), n_rows == 0)
            }
        };
        results.push(TestResult {
            test: test.text.clone(),
            severity: test.severity,
            n_rows_found,
            n_rows: table.n_rows(),
            holds,
        });
    }
    Ok(())
}

/// Runs the tests that time alone can break on the published rows of a fresh table, which `context.session` knows.
pub(super) async fn test_age(
    context: &RunContext,
    query: &Query,
    published: &LakeTable,
) -> Result<Vec<TestResult>, PipelineError> {
    let mut results = Vec::new();
    for test in &query.header.tests {
        if let Rule::Freshness {
            column,
            at_most,
            unit,
        } = &test.rule
        {
            let (n_rows_found, holds) =
                freshness(context, query, column, (*at_most, *unit)).await?;
            results.push(TestResult {
                test: test.text.clone(),
                severity: test.severity,
                n_rows_found,
                n_rows: published.n_rows(),
                holds,
            });
        }
    }
    Ok(results)
}

/// How old the newest value of `column` is, and whether that is at most `at_most`. An empty column has no age.
async fn freshness(
    context: &RunContext,
    query: &Query,
    column: &str,
    (at_most, unit): (u64, AgeUnit),
) -> Result<(Option<u64>, bool), PipelineError> {
    let newest = context.session.newest(&query.name, column).await;
    let newest = newest.map_err(|source| run_error(query, source))?;
    let age = newest.and_then(|newest| age(newest, context.today, unit));
    Ok((age, age.is_none_or(|age| age <= at_most)))
}

/// How old a value is on day `today`; 0 for days and months in the future, `None` for a number that is not a month.
fn age(newest: Newest, today: NaiveDate, unit: AgeUnit) -> Option<u64> {
    let months = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    let (day, month) = match newest {
        Newest::Day(day) => (day, months(day)),
        Newest::Month(yyyymm) => {
            let number = u32::try_from(yyyymm).ok()?;
            let year = i32::try_from(number / 100).ok()?;
            let first = NaiveDate::from_ymd_opt(year, number % 100, 1)?;
            // A month is as old as its last day.
            let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
            (last, months(first))
        }
    };
    let age = match unit {
        AgeUnit::Days => (today - day).num_days(),
        AgeUnit::Months => months(today) - month,
    };
    Some(age.max(0).unsigned_abs())
}

/// By how many rows the table differs from the published version, and whether that is within `percent`.
fn row_count_change(
    table: &LakeTable,
    published: Option<&LakeTable>,
    percent: f64,
) -> (Option<u64>, bool) {
    let before = published.and_then(LakeTable::n_rows).unwrap_or(0);
    let Some(now) = table.n_rows().filter(|_| before > 0) else {
        return (None, true);
    };
    let n_rows = now.abs_diff(before);
    (
        Some(n_rows),
        n_rows as f64 * 100.0 <= percent * before as f64,
    )
}

/// Rows that break `test`.
async fn count_broken(
    context: &RunContext,
    query: &Query,
    test: &DataTest,
) -> Result<u64, PipelineError> {
    let (session, name) = (&context.session, query.name.as_str());
    let counted = match &test.rule {
        Rule::NotNull(columns) => session.count_rows_missing(name, columns).await,
        Rule::Unique(columns) => session.count_rows_repeated(name, columns).await,
        Rule::AcceptedValues { column, values } => {
            session.count_rows_not_in(name, column, values).await
        }
        Rule::Relationships {
            column,
            table,
            other,
        } => {
            let target = (table.as_str(), other.as_str());
            session.count_rows_unmatched(name, column, target).await
        }
        Rule::NoRows { sql } => {
            let parameters = context.project.parameters_of(query);
            match session.plan(sql, &parameters).await {
                Ok(frame) => frame.count().await.map(|n| n as u64).map_err(Into::into),
                Err(error) => Err(error),
            }
        }
        Rule::RowCountChange { .. } | Rule::Freshness { .. } => Ok(0),
    };
    counted.map_err(|source| run_error(query, source))
}

/// What the rows that break tests of severity `error` say of themselves in a column `reason`: of tests that read tables of
/// aggregates only, so that no person is told of.
async fn reasons(
    context: &RunContext,
    query: &Query,
    results: &[TestResult],
) -> Result<Vec<String>, PipelineError> {
    let in_run = |source| run_error(query, source);
    let parameters = context.project.parameters_of(query);
    let mut reasons = Vec::new();
    let tests = query.header.tests.iter();
    for (test, result) in tests.zip(results_of_tests(query, results)) {
        let Rule::NoRows { sql } = &test.rule else {
            continue;
        };
        if result.holds || result.severity == Severity::Warn {
            continue;
        }
        let frame = context.session.plan(sql, &parameters).await;
        let frame = frame.map_err(in_run)?;
        let has_reason = frame.schema().has_column_with_unqualified_name(REASON);
        if has_reason && reads_aggregates(context, frame.logical_plan()).map_err(in_run)? {
            reasons.extend(first_reasons(frame).await.map_err(in_run)?);
        }
    }
    Ok(reasons)
}

/// The results of the header's tests, which come after those of its keys.
fn results_of_tests<'r>(query: &Query, results: &'r [TestResult]) -> &'r [TestResult] {
    &results[results.len().saturating_sub(query.header.tests.len())..]
}

/// Whether every table that `plan` scans has rows of aggregates.
fn reads_aggregates(context: &RunContext, plan: &LogicalPlan) -> Result<bool, SessionError> {
    let mut is_aggregate = true;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let query = context.project.dag.query(scan.table_name.table());
            let sensitivity = query.map(|query| query.header.sensitivity);
            is_aggregate &= sensitivity == Some(Sensitivity::Aggregate);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(is_aggregate)
}

/// The first reasons in alphabetical order.
async fn first_reasons(frame: DataFrame) -> Result<Vec<String>, SessionError> {
    let reason = col(REASON);
    let frame = frame.select(vec![reason.clone()])?.distinct()?;
    let frame = frame.sort(vec![reason.sort(true, false)])?;
    let batches = frame.limit(0, Some(MOST_REASONS))?.collect().await?;
    let rows = batches.iter().flat_map(|batch| {
        let rows = 0..batch.num_rows();
        rows.filter_map(|row| text_at(batch, REASON, row))
    });
    Ok(rows.collect())
}

/// Fails when a test of severity `error` does not hold.
pub(super) fn failures(query: &Query, results: &[TestResult]) -> Result<(), PipelineError> {
    let broken = results
        .iter()
        .filter(|result| !result.holds && result.severity == Severity::Error);
    let tests: Vec<String> = broken.map(TestResult::describe).collect();
    match tests.is_empty() {
        true => Ok(()),
        false => Err(PipelineError::TestsFailed {
            query: query.name.clone(),
            tests: tests.join("; "),
            reasons: Vec::new(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn ages_are_counted_from_the_day_of_the_run() {
        let today = day("2026-04-10");
        let cases = [
            (Newest::Day(day("2026-04-10")), AgeUnit::Days, Some(0)),
            (Newest::Day(day("2026-03-31")), AgeUnit::Days, Some(10)),
            (Newest::Day(day("2026-03-31")), AgeUnit::Months, Some(1)),
            (Newest::Day(day("2027-01-01")), AgeUnit::Days, Some(0)),
            (Newest::Month(202_512), AgeUnit::Months, Some(4)),
            (Newest::Month(202_603), AgeUnit::Days, Some(10)),
            (Newest::Month(202_604), AgeUnit::Days, Some(0)),
            (Newest::Month(202_613), AgeUnit::Months, None),
            (Newest::Month(-1), AgeUnit::Months, None),
        ];
        for (newest, unit, expected) in cases {
            assert_eq!(age(newest, today, unit), expected, "{newest:?} {unit:?}");
        }
    }
}
