//! `effect_balance` → how alike the groups were, covariate by covariate through `disclosure`.

use super::order::rank;
use super::rows::{LoadError, ResultTables, Row};
use crate::disclosure::{BalanceNumbers, BalanceRow, DisclosureRules, release_balance};
use crate::report::page::{Balance, CovariateRow};

/// One covariate of one field and population: its rows are released together.
struct Covariate {
    field: String,
    population: String,
    name: String,
    is_adjusted: bool,
    levels: Vec<String>,
    cells: Vec<Option<BalanceRow>>,
}

pub(super) async fn balance(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<Balance>, LoadError> {
    let needed = ["field", "population", "is_adjusted", "covariate", "level"];
    if !tables.has_columns("effect_balance", &needed).await? {
        return Ok(Vec::new());
    }
    // The tables of the lake keep no order: adjusted covariates first, then by name, levels in order.
    let sql = "select * from {table} \
               order by field, population, is_adjusted desc, covariate, level";
    let rows = tables.rows("effect_balance", sql).await?;
    let mut covariates: Vec<Covariate> = Vec::new();
    for row in &rows {
        let (field, population, name) = (
            row.text("field")?,
            row.text("population")?,
            row.text("covariate")?,
        );
        let (level, cell) = (row.text("level")?, cell(row)?);
        match covariates.last_mut() {
            Some(last)
                if (&last.field, &last.population, &last.name) == (&field, &population, &name) =>
            {
                last.levels.push(level);
                last.cells.push(cell);
            }
            _ => covariates.push(Covariate {
                is_adjusted: row.integer("is_adjusted")? == Some(1),
                levels: vec![level],
                cells: vec![cell],
                field,
                population,
                name,
            }),
        }
    }
    let mut found: Vec<Balance> = Vec::new();
    for covariate in covariates {
        let is_same =
            |b: &Balance| b.field == covariate.field && b.population == covariate.population;
        if !found.last().is_some_and(is_same) {
            found.push(Balance {
                field: covariate.field.clone(),
                population: covariate.population.clone(),
                rows: Vec::new(),
            });
        }
        if let Some(last) = found.last_mut() {
            last.rows.extend(released(covariate, rules));
        }
    }
    found.sort_by_key(|balance| {
        rank(
            tables.vocabulary,
            &balance.field,
            "",
            &balance.population,
            false,
        )
    });
    Ok(found)
}

/// The numbers of a row; nothing where a group is empty.
fn cell(row: &Row) -> Result<Option<BalanceRow>, LoadError> {
    let means = row.number("mean_treated")?.zip(row.number("mean_control")?);
    let Some((mean_treated, mean_control)) = means else {
        return Ok(None);
    };
    let is_part = |mean: f64| (0.0..=1.0).contains(&mean);
    Ok(Some(BalanceRow {
        numbers: BalanceNumbers {
            mean_treated,
            mean_control,
            smd: row.number("smd")?,
        },
        is_share: is_part(mean_treated) && is_part(mean_control),
        n_treated: row.count("n_treated")?,
        n_control: row.count("n_control")?,
    }))
}

fn released(covariate: Covariate, rules: DisclosureRules) -> impl Iterator<Item = CovariateRow> {
    let cells: Vec<BalanceRow> = covariate.cells.iter().flatten().copied().collect();
    let is_share = cells.iter().any(|cell| cell.is_share);
    let names = covariate.levels.into_iter().zip(covariate.cells);
    let names = names.filter_map(|(level, cell)| cell.map(|_| level));
    let numbers = release_balance(&cells, rules);
    names
        .zip(numbers)
        .map(move |(level, numbers)| CovariateRow {
            covariate: covariate.name.clone(),
            level,
            is_adjusted: covariate.is_adjusted,
            is_share,
            numbers,
        })
}
