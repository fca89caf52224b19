//! `indicator_levels` → levels of everybody insured, year by year, and of municipalities.

use std::collections::BTreeMap;

use super::rows::{Columns, LoadError, ResultTables};
use crate::disclosure::{DisclosureRules, Interval, Level, LevelRow, Releasable, release_levels};
use crate::report::results::{PlaceTrend, StandardisedLevel, Trend, TrendPoint};
use crate::vocabulary::Unit;

/// Of the groupings of everybody insured, those that pages show; the ages that figures are published for come first.
const SQL: &str = "select indicator, coalesce(\"by\", '') as grouping, coalesce(level_of, '') as level_of, fiscal_year, n_persons, \
                   value, standardised, std_error, conf_low, conf_high, national, tokyo, series from {table} \
                   where population = 'members' and (\"by\" is null or \"by\" in ('ages', 'municipality_code')) \
                   order by indicator, grouping, level_of, fiscal_year";

/// Points by indicator, grouping and level.
type Found = BTreeMap<(String, String, String), Vec<TrendPoint>>;

/// Levels by year.
pub(super) struct Trends {
    pub(super) trends: Vec<Trend>,
    pub(super) wholes: Vec<Trend>,
    pub(super) places: Vec<PlaceTrend>,
}

pub(super) async fn trends(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Trends, LoadError> {
    let mut found = Found::new();
    for columns in tables.columns("indicator_levels", SQL).await? {
        gather(&columns, tables, rules, &mut found)?;
    }
    let mut trends: BTreeMap<String, Trend> = BTreeMap::new();
    let (mut places, mut wholes) = (Vec::new(), Vec::new());
    for ((indicator, by, level), points) in found {
        let trend = Trend { indicator, points };
        match by.as_str() {
            "municipality_code" => places.push(PlaceTrend { code: level, trend }),
            "ages" => drop(trends.insert(trend.indicator.clone(), trend)),
            _ => wholes.push(trend),
        }
    }
    // A project whose ages have all published figures has these in the whole, and no rows of ages within it.
    for whole in &wholes {
        let absent = trends.entry(whole.indicator.clone());
        absent.or_insert_with(|| whole.clone());
    }
    let place = |trend: &Trend| {
        let mut all = tables.vocabulary.indicators.iter();
        all.position(|known| known.name == trend.indicator)
    };
    let mut trends: Vec<Trend> = trends.into_values().collect();
    trends.sort_by_key(|trend| place(trend).unwrap_or(usize::MAX));
    Ok(Trends {
        trends,
        wholes,
        places,
    })
}

fn gather(
    columns: &Columns,
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
    found: &mut Found,
) -> Result<(), LoadError> {
    let (indicators, by) = (columns.texts("indicator")?, columns.texts("grouping")?);
    let (levels, years) = (columns.texts("level_of")?, columns.integers("fiscal_year")?);
    let (n, values) = (columns.counts("n_persons")?, columns.numbers("value")?);
    let (standardised, errors) = (
        columns.numbers("standardised")?,
        columns.numbers("std_error")?,
    );
    let (low, high) = (columns.numbers("conf_low")?, columns.numbers("conf_high")?);
    let (national, tokyo) = (columns.numbers("national")?, columns.numbers("tokyo")?);
    let series = columns.integers("series")?;
    for (idx, indicator) in indicators.into_iter().enumerate() {
        let Some(year) = years[idx] else { continue };
        let range = low[idx].zip(high[idx]);
        let numbers = standardised[idx].map(|value| StandardisedLevel {
            value,
            std_error: errors[idx].filter(|error| *error > 0.0),
            interval: range.map(|(low, high)| Interval { low, high }),
        });
        let row = LevelRow {
            n: n[idx],
            part: part(tables, &indicator, values[idx], n[idx]),
            numbers,
        };
        let Some(level) = released(row, rules) else {
            continue;
        };
        let key = (indicator, by[idx].clone(), levels[idx].clone());
        found.entry(key).or_default().push(TrendPoint {
            year,
            series: series[idx].unwrap_or(0),
            level,
            national: national[idx],
            tokyo: tokyo[idx],
        });
    }
    Ok(())
}

/// Each year stands alone: its total is not shown beside parts of it.
fn released<T: Clone>(row: LevelRow<T>, rules: DisclosureRules) -> Option<Releasable<Level<T>>> {
    release_levels(&[row], rules).into_iter().next()
}

/// Of a share, how many persons have it.
fn part(
    tables: &ResultTables<'_>,
    indicator: &str,
    value: Option<f64>,
    n: Option<u64>,
) -> Option<u64> {
    let known = tables.vocabulary.indicator(indicator)?;
    let (value, n) = (value?, n?);
    (known.unit == Unit::Share).then(|| rounded(value, n))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a count is neither negative nor large"
)]
fn rounded(share: f64, n: u64) -> u64 {
    (share * n as f64).round() as u64
}
