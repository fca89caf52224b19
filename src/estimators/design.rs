//! From a formula and data to numbers: rows used, outcome, columns, partitions; in an order that does not depend on the
//! order of the input rows.

mod terms;

use rayon::prelude::*;

use crate::estimators::estimate::EstimatorError;
use crate::estimators::formula::{Atom, AtomKind, Formula};
use crate::estimators::least_squares::Singletons;
use crate::estimators::regression_data::{Column, Groups, RegressionData};

/// A named column of a design.
#[derive(Clone)]
pub(crate) struct DesignColumn {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
}

/// Everything a regression needs, row by row.
pub(crate) struct Design {
    pub(crate) outcome: Vec<f64>,
    /// Without the intercept.
    pub(crate) exogenous: Vec<DesignColumn>,
    pub(crate) endogenous: Vec<DesignColumn>,
    pub(crate) instruments: Vec<DesignColumn>,
    pub(crate) fixed_effects: Vec<Groups>,
    pub(crate) clusters: Vec<Groups>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) n_rows_in: u64,
    pub(crate) n_missing_rows: u64,
    pub(crate) n_zero_weight_rows: u64,
    pub(crate) n_singleton_rows: u64,
}

impl Design {
    /// Evaluates the formula on the complete rows.
    pub(crate) fn build(
        formula: &Formula,
        data: &RegressionData,
        cluster_columns: &[&str],
        singletons: Singletons,
    ) -> Result<Self, EstimatorError> {
        let used = used_columns(formula, data, cluster_columns)?;
        let n_rows_in = used.first().map_or(0, |(_, column)| column.len());
        check_lengths(&used, data, n_rows_in)?;
        let outcome = numeric(data, &formula.outcome)?;
        let (mut rows, n_zero) = complete_rows(formula, data, &used, &outcome)?;
        let n_missing_rows = n_rows_in - rows.len() - n_zero;
        let before = rows.len();
        let mut fixed_effects = groups_of_effects(formula, data, &rows)?;
        drop_singletons(&mut rows, &mut fixed_effects, singletons);
        if rows.is_empty() {
            let (n_rows, n_missing) = (n_rows_in as u64, n_missing_rows as u64);
            return Err(EstimatorError::NoRows { n_rows, n_missing });
        }
        let has_constant = formula.intercept || !fixed_effects.is_empty();
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row as usize]).collect();
        let clusters: Result<Vec<Groups>, EstimatorError> = cluster_columns
            .iter()
            .map(|name| Ok(data.column(name)?.groups(&rows)))
            .collect();
        let mut design = Self {
            outcome: pick(&outcome),
            exogenous: terms::expand(&formula.terms, has_constant, data, &rows)?,
            endogenous: terms::expand(&formula.endogenous, has_constant, data, &rows)?,
            instruments: terms::expand(&formula.instruments, has_constant, data, &rows)?,
            fixed_effects,
            clusters: clusters?,
            weights: data.weight.as_ref().map(|w| pick(w)),
            n_rows_in: n_rows_in as u64,
            n_missing_rows: n_missing_rows as u64,
            n_zero_weight_rows: n_zero as u64,
            n_singleton_rows: (before - rows.len()) as u64,
        };
        design.sort_rows();
        Ok(design)
    }

    /// Rows used.
    pub(crate) fn n_obs(&self) -> usize {
        self.outcome.len()
    }

    /// Sorts the rows by everything used, so that sums do not depend on the order of the input.
    fn sort_rows(&mut self) {
        let mut order: Vec<u32> = (0..self.n_obs() as u32).collect();
        let partitions = || self.fixed_effects.iter().chain(&self.clusters);
        let columns = || {
            self.exogenous
                .iter()
                .chain(&self.endogenous)
                .chain(&self.instruments)
        };
        order.par_sort_unstable_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            let mut result = std::cmp::Ordering::Equal;
            for groups in partitions() {
                result = result.then_with(|| groups.codes[a].cmp(&groups.codes[b]));
            }
            result = result.then_with(|| self.outcome[a].total_cmp(&self.outcome[b]));
            if let Some(weights) = &self.weights {
                result = result.then_with(|| weights[a].total_cmp(&weights[b]));
            }
            columns().fold(result, |result, column| {
                result.then_with(|| column.values[a].total_cmp(&column.values[b]))
            })
        });
        let pick = |values: &mut Vec<f64>| {
            *values = order.iter().map(|&row| values[row as usize]).collect();
        };
        pick(&mut self.outcome);
        self.weights.iter_mut().for_each(pick);
        for columns in [
            &mut self.exogenous,
            &mut self.endogenous,
            &mut self.instruments,
        ] {
            columns
                .iter_mut()
                .for_each(|column| pick(&mut column.values));
        }
        for groups in self.fixed_effects.iter_mut().chain(&mut self.clusters) {
            groups.codes = order
                .iter()
                .map(|&row| groups.codes[row as usize])
                .collect();
        }
    }
}

/// Columns of the formula and the clusters, with their names.
fn used_columns<'a>(
    formula: &Formula,
    data: &'a RegressionData,
    cluster_columns: &[&str],
) -> Result<Vec<(String, &'a Column)>, EstimatorError> {
    let names = formula.columns().into_iter().map(|column| column.name);
    let clusters = cluster_columns.iter().map(|&name| name.to_owned());
    names
        .chain(clusters)
        .map(|name| data.column(&name).map(|column| (name, column)))
        .collect()
}

fn check_lengths(
    used: &[(String, &Column)],
    data: &RegressionData,
    expected: usize,
) -> Result<(), EstimatorError> {
    let weight = data
        .weight
        .as_ref()
        .map(|weight| ("weight".to_owned(), weight.len()));
    let lengths = used
        .iter()
        .map(|(name, column)| (name.clone(), column.len()))
        .chain(weight);
    for (column, found) in lengths {
        if found != expected {
            return Err(EstimatorError::LengthMismatch {
                column,
                found,
                expected,
            });
        }
    }
    Ok(())
}

/// The rows with nothing missing and a weight, and how many complete rows have a weight of zero.
fn complete_rows(
    formula: &Formula,
    data: &RegressionData,
    used: &[(String, &Column)],
    outcome: &[f64],
) -> Result<(Vec<u32>, usize), EstimatorError> {
    let terms = || {
        formula
            .terms
            .iter()
            .chain(&formula.endogenous)
            .chain(&formula.instruments)
    };
    let mut transformed = Vec::new();
    for atom in terms().flat_map(|term| &term.atoms) {
        if matches!(atom.kind, AtomKind::Log | AtomKind::Exp) {
            transformed.push(numeric(data, atom)?);
        }
    }
    let weights = data.weight.as_deref();
    let negative = weights.map_or(0, |w| w.iter().filter(|&&value| value < 0.0).count());
    if negative > 0 {
        return Err(EstimatorError::NegativeWeight {
            n_rows: negative as u64,
        });
    }
    let complete = |row: usize| {
        outcome[row].is_finite()
            && used.iter().all(|(_, column)| !column.is_missing(row))
            && transformed.iter().all(|values| values[row].is_finite())
            && weights.is_none_or(|w| w[row].is_finite())
    };
    let (mut rows, mut n_zero) = (Vec::new(), 0);
    for row in 0..outcome.len() {
        if complete(row) {
            if weights.is_some_and(|w| w[row] == 0.0) {
                n_zero += 1;
            } else {
                rows.push(row as u32);
            }
        }
    }
    Ok((rows, n_zero))
}

/// The values of a numeric atom in all rows.
pub(crate) fn numeric(data: &RegressionData, atom: &Atom) -> Result<Vec<f64>, EstimatorError> {
    let Column::Numeric(values) = data.column(&atom.column)? else {
        let needed_for = match atom.kind {
            AtomKind::Log => "log()",
            AtomKind::Exp => "exp()",
            _ => "the outcome",
        };
        return Err(EstimatorError::NotNumeric {
            column: atom.column.clone(),
            needed_for,
        });
    };
    Ok(match atom.kind {
        AtomKind::Log => values.iter().map(|value| value.ln()).collect(),
        AtomKind::Exp => values.iter().map(|value| value.exp()).collect(),
        _ => values.clone(),
    })
}

fn groups_of_effects(
    formula: &Formula,
    data: &RegressionData,
    rows: &[u32],
) -> Result<Vec<Groups>, EstimatorError> {
    let mut effects = Vec::with_capacity(formula.fixed_effects.len());
    for effect in &formula.fixed_effects {
        let mut combined: Option<Groups> = None;
        for (name, _) in &effect.columns {
            let groups = data.column(name)?.groups(rows);
            combined =
                Some(combined.map_or_else(|| groups.clone(), |known| known.combine(&groups)));
        }
        effects.extend(combined);
    }
    Ok(effects)
}

/// Takes out rows that are alone in a level of a fixed effect.
fn drop_singletons(rows: &mut Vec<u32>, effects: &mut [Groups], rule: Singletons) {
    if rule == Singletons::Keep {
        return;
    }
    loop {
        let sizes: Vec<Vec<u32>> = effects.iter().map(Groups::sizes).collect();
        let alone = |row: usize| {
            effects
                .iter()
                .zip(&sizes)
                .any(|(groups, sizes)| sizes[groups.codes[row] as usize] == 1)
        };
        let kept: Vec<u32> = (0..rows.len() as u32)
            .filter(|&row| !alone(row as usize))
            .collect();
        if kept.len() == rows.len() {
            return;
        }
        *rows = kept.iter().map(|&row| rows[row as usize]).collect();
        effects
            .iter_mut()
            .for_each(|groups| *groups = groups.select(&kept));
        if rule == Singletons::DropOnce {
            return;
        }
    }
}
