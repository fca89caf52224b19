//! `released_levels` → levels as counted, by grouping: what has left, protected and rounded. The rules of reports change nothing of it.

use std::collections::BTreeMap;

use super::rows::{Columns, LoadError, ResultTables};
use crate::disclosure::{DisclosureRules, LevelRow, release_levels};
use crate::report::results::{GroupLevels, YearLevel};

/// What is released together.
type Marginal = (String, String, i64);

/// A level of it, before small-cell control.
struct Cell {
    level: String,
    row: LevelRow<f64>,
}

pub(super) async fn group_levels(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<GroupLevels, LoadError> {
    let mut marginals: BTreeMap<Marginal, Vec<Cell>> = BTreeMap::new();
    let sql = "select indicator, coalesce(\"by\", 'all') as grouping, coalesce(level_of, 'all') as level_of, fiscal_year, \
               n_persons, n_with, value from {table} where coalesce(level_of, 'all') <> 'unknown' \
               order by indicator, grouping, level_of, fiscal_year";
    for columns in tables.columns("released_levels", sql).await? {
        gather(&columns, &mut marginals)?;
    }
    let mut found = GroupLevels::default();
    for ((by, indicator, year), cells) in marginals {
        let rows: Vec<LevelRow<f64>> = cells.iter().map(|cell| cell.row).collect();
        let groups = found.groups.entry(by).or_default();
        for (cell, level) in cells.into_iter().zip(release_levels(&rows, rules)) {
            let group = groups.entry(cell.level).or_default();
            let years = group.indicators.entry(indicator.clone()).or_default();
            years.push(YearLevel { year, level });
        }
    }
    Ok(found)
}

fn gather(
    columns: &Columns,
    marginals: &mut BTreeMap<Marginal, Vec<Cell>>,
) -> Result<(), LoadError> {
    let (indicators, by) = (columns.texts("indicator")?, columns.texts("grouping")?);
    let (levels, years) = (columns.texts("level_of")?, columns.integers("fiscal_year")?);
    let (n, with) = (columns.counts("n_persons")?, columns.counts("n_with")?);
    let values = columns.numbers("value")?;
    for (idx, level) in levels.into_iter().enumerate() {
        let Some(year) = years[idx] else { continue };
        let key = (by[idx].clone(), indicators[idx].clone(), year);
        let row = LevelRow {
            n: n[idx],
            part: with[idx],
            numbers: values[idx],
        };
        marginals.entry(key).or_default().push(Cell { level, row });
    }
    Ok(())
}
