//! What the units of a panel are known by outside of it: their clusters, or themselves.

use crate::error::EstimatorError;
use crate::panel::columns::{PanelColumns, complete_rows};

/// For each unit of the panel that is made of the columns, in its order: the code of its cluster, or without clusters its id. Not for
/// cross-sections, whose rows are units without a name.
///
/// # Errors
/// As [`Panel::try_new`](crate::panel::Panel::try_new), for negative weights.
pub fn unit_keys(columns: &PanelColumns) -> Result<Vec<i64>, EstimatorError> {
    let rows = complete_rows(columns)?;
    let cluster = |row: usize| columns.cluster.as_ref().map(|codes| i64::from(codes[row]));
    let mut units: Vec<(i32, i64, i64)> = Vec::new();
    for row in rows.indices() {
        let unit = columns.unit[row];
        units.push((columns.cohort[row], unit, cluster(row).unwrap_or(unit)));
    }
    // The order of a panel: by cohort, the never exposed last, then by id. A unit has one cohort and one cluster.
    units.sort_unstable();
    units.dedup();
    Ok(units.into_iter().map(|(_, _, key)| key).collect())
}
