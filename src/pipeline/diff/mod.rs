//! What differs between the lake after one run and after another: versions of tables, why they changed, which numbers moved.

mod cause;
mod estimates;
mod numbers;
mod values;
mod versions;

use super::error::PipelineError;
use super::header::{Materialize, Sensitivity};
use super::history::{RUNS, integers, text_at};
use super::project::Project;
use crate::lake::{Lake, LakeError};
use crate::session::Session;
use cause::VersionHistory;
use versions::{VersionsAfter, version_of, versions_after};

pub use cause::{Cause, RootCause};
pub use estimates::{EstimateChange, EstimateState};
pub use numbers::{MovedValue, RowsDiff};

/// A run of the lake's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// Its number.
    pub run_id: i64,
    /// When it began, as text.
    pub started_at: String,
    /// How it ended.
    pub status: String,
}

/// What differs between the lake after two runs.
#[derive(Debug)]
pub struct RunDiff {
    /// Tables with different versions, in the order in which they are built.
    pub tables: Vec<TableDiff>,
}

/// What differs between two versions of a table.
#[derive(Debug)]
pub struct TableDiff {
    /// The table.
    pub name: String,
    /// Its version after the first run; `None` when there was none.
    pub before: Option<u64>,
    /// Its version after the second run.
    pub after: Option<u64>,
    /// Why it was rebuilt.
    pub causes: Vec<Cause>,
    /// Where the changes that it inherited began.
    pub roots: Vec<RootCause>,
    /// How its rows differ; `Err` says why they cannot be compared.
    pub rows: Result<RowsDiff, String>,
}

/// Every run in the history, oldest first.
///
/// # Errors
/// When the lake cannot be read.
pub async fn past_runs(lake: &Lake) -> Result<Vec<PastRun>, LakeError> {
    let mut runs = Vec::new();
    let Some(table) = lake.table(RUNS).await? else {
        return Ok(runs);
    };
    for batch in table.read(None)? {
        let batch = batch?;
        let ids = integers(&batch, "run_id");
        runs.extend((0..batch.num_rows()).map(|row| PastRun {
            run_id: ids.value(row),
            started_at: text_at(&batch, "started_at", row).unwrap_or_default(),
            status: text_at(&batch, "status", row).unwrap_or_default(),
        }));
    }
    runs.sort_by_key(|run| run.run_id);
    Ok(runs)
}

/// Compares the lake after `before` with the lake after `after`; only `table`, when one is named.
///
/// # Errors
/// When the lake cannot be read. A version that was removed is not an error: its [`TableDiff::rows`] say so.
pub async fn diff(
    (project, lake, session): (&Project, &Lake, &Session),
    (before, after): (i64, i64),
    table: Option<&str>,
) -> Result<RunDiff, PipelineError> {
    let built = VersionsAfter {
        before: versions_after(lake, before).await?,
        after: versions_after(lake, after).await?,
    };
    let mut history = VersionHistory::read(project, lake, built).await?;
    let mut tables = Vec::new();
    for query in project.dag.queries() {
        let name = query.name.as_str();
        let (before, after) = history.built.of(name);
        let is_wanted = table.is_none_or(|wanted| wanted == name);
        if before == after || query.header.materialize == Materialize::View || !is_wanted {
            continue;
        }
        let is_aggregate = query.header.sensitivity == Sensitivity::Aggregate;
        let versions = (
            version_of(lake, name, before).await,
            version_of(lake, name, after).await,
        );
        let rows = match versions {
            (Ok(before), Ok(after)) => {
                let versions = (before.as_ref(), after.as_ref());
                numbers::compare(session, versions, &query.header.key, is_aggregate).await
            }
            (Err(gone), _) | (_, Err(gone)) => Err(gone),
        };
        tables.push(TableDiff {
            name: name.to_owned(),
            before,
            after,
            causes: history.causes(name).await?,
            roots: history.roots(name).await?,
            rows,
        });
    }
    Ok(RunDiff { tables })
}
