//! Runs the tests of a header against rows that are written but not yet published.

use super::data_test::{DataTest, Rule, Severity, TestResult};
use super::error::PipelineError;
use super::query::Query;
use super::step::{RunContext, run_error, store_error};
use crate::diagnostic::{counted, thousands};
use crate::lake::{LakeTable, StagedFiles};

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
    if query.header.identity.is_some() {
        let kept = published.iter().flat_map(|table| &table.files);
        table.files.extend(kept.cloned());
    }
    // Nothing else reads the table by its name until its step has ended.
    let session = &context.session;
    session.register_table(table.clone()).map_err(in_run)?;
    let tested = test_all(context, query, (&table, published.as_ref()), results).await;
    match published {
        Some(published) => session.register_table(published).map_err(in_run)?,
        None => session.forget(&query.name).map_err(in_run)?,
    }
    tested?;
    failures(query, results)
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
            _ => {
                let n_rows = count_broken(context, query, test).await?;
                (Some(n_rows), n_rows == 0)
            }
        };
        results.push(TestResult {
            test: test.text.clone(),
            severity: test.severity,
            n_rows_found,
            holds,
        });
    }
    Ok(())
}

/// How many rows more or fewer there are than published, and whether that is within `percent`.
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
        Rule::RowCountChange { .. } => Ok(0),
    };
    counted.map_err(|source| run_error(query, source))
}

fn failures(query: &Query, results: &[TestResult]) -> Result<(), PipelineError> {
    let broken = results
        .iter()
        .filter(|result| !result.holds && result.severity == Severity::Error);
    let tests: Vec<String> = broken.map(TestResult::describe).collect();
    match tests.is_empty() {
        true => Ok(()),
        false => Err(PipelineError::TestsFailed {
            query: query.name.clone(),
            tests: tests.join("; "),
        }),
    }
}

impl TestResult {
    /// What it found, in words: the test and a count.
    #[must_use]
    pub fn describe(&self) -> String {
        let n_rows = self.n_rows_found.unwrap_or(0);
        let test = &self.test;
        match test.starts_with("row_count_change") {
            true => format!("`{test}`: {} rows more or fewer", thousands(n_rows)),
            false => format!("`{test}`: {}", counted(n_rows, "row", "rows")),
        }
    }
}
