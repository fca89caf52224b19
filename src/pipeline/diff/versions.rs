//! Versions of tables after each of two runs.

use std::collections::BTreeMap;

use datafusion::arrow::array::Array as _;

use crate::lake::{Lake, LakeError, LakeTable};
use crate::pipeline::history::{RUN_STEPS, integers, text_at};

/// Versions of tables after each of two runs.
pub(super) struct VersionsAfter {
    pub(super) before: BTreeMap<String, u64>,
    pub(super) after: BTreeMap<String, u64>,
}

impl VersionsAfter {
    /// The versions of `table`; `None` where it was not built yet.
    pub(super) fn of(&self, table: &str) -> (Option<u64>, Option<u64>) {
        let version = |versions: &BTreeMap<String, u64>| versions.get(table).copied();
        (version(&self.before), version(&self.after))
    }
}

/// The version every built table had after run `run_id`.
pub(super) async fn versions_after(
    lake: &Lake,
    run_id: i64,
) -> Result<BTreeMap<String, u64>, LakeError> {
    // A table that was removed and built again counts its versions from 0: that of the latest run counts, not the largest.
    let mut latest: BTreeMap<String, (i64, u64)> = BTreeMap::new();
    let Some(steps) = lake.table(RUN_STEPS).await? else {
        return Ok(BTreeMap::new());
    };
    for batch in steps.read(None)? {
        let batch = batch?;
        let (ids, built) = (integers(&batch, "run_id"), integers(&batch, "lake_version"));
        for row in (0..batch.num_rows()).filter(|row| ids.value(*row) <= run_id) {
            let version = u64::try_from(built.value(row));
            let (Some(table), Ok(version)) = (text_at(&batch, "table_name", row), version) else {
                continue;
            };
            // Steps that built nothing have no version.
            if built.is_valid(row) {
                let built = (ids.value(row), version);
                let known = latest.entry(table).or_insert(built);
                *known = built.max(*known);
            }
        }
    }
    let versions = latest.into_iter();
    Ok(versions
        .map(|(table, (_, version))| (table, version))
        .collect())
}

/// A version with its files, or why it cannot be read.
pub(super) async fn version_of(
    lake: &Lake,
    table: &str,
    version: Option<u64>,
) -> Result<Option<LakeTable>, String> {
    let Some(version) = version else {
        return Ok(None);
    };
    let gone = || format!("version {version} of `{table}` is no longer in the lake");
    let found = lake.table_at(table, version).await.map_err(|_| gone())?;
    let is_whole = found
        .files
        .iter()
        .all(|file| found.file_path(file).is_file());
    match is_whole {
        true => Ok(Some(found)),
        false => Err(gone()),
    }
}
