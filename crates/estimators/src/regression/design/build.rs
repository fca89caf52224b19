//! From a formula and data to a design: rows used, outcome, columns, partitions; in an order that does not depend on the order
//! of the input rows.

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::regression::data::{Column, RegressionData, SortKey};
use crate::regression::design::block::{Block, Effect, check_columns, numeric};
use crate::regression::design::rows::{RowCounts, canonical_order, complete_rows, drop_singletons};
use crate::regression::design::terms;
use crate::regression::formula::syntax::{FixedEffect, Formula};
use crate::regression::groups::Groups;
use crate::regression::options::Singletons;

/// Everything a regression needs, row by row.
pub(crate) struct Design {
    pub(crate) outcome: Vec<f64>,
    /// Without the intercept.
    pub(crate) exogenous: Vec<Block>,
    pub(crate) endogenous: Vec<Block>,
    pub(crate) instruments: Vec<Block>,
    /// The one with the most levels first; its groups are contiguous.
    pub(crate) effects: Vec<Effect>,
    pub(crate) clusters: Vec<Groups>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) counts: RowCounts,
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
        check_lengths(&used, data)?;
        let mut counts = RowCounts::default();
        let mut kept = complete_rows(formula, data, &used, &mut counts)?;
        let mut groups = groups_of_effects(formula, data, &kept)?;
        // Before clusters and columns are made: rows that go must leave no levels behind.
        counts.n_singleton_rows = drop_singletons(&mut kept, &mut groups, singletons);
        counts.n_obs = kept.len() as u64;
        if kept.is_empty() {
            return Err(EstimatorError::NoRows {
                n_rows: counts.n_rows_in,
                n_missing: counts.n_missing_rows,
            });
        }
        let clusters: Result<Vec<Groups>, EstimatorError> = cluster_columns
            .par_iter()
            .map(|name| Ok(data.column(name)?.groups(&kept)))
            .collect();
        let mut clusters = clusters?;
        let mut effects = effects(formula, groups, &clusters);
        sort_rows(&mut kept, &mut effects, &mut clusters, &used, data);
        let has_constant = formula.intercept || !effects.is_empty();
        let expand = |terms| terms::expand(terms, has_constant, data, &kept);
        let pick = |values: &[f64]| kept.par_iter().map(|&row| values[row as usize]).collect();
        let design = Self {
            outcome: pick(&numeric(data, &formula.outcome)?),
            exogenous: expand(&formula.terms)?,
            endogenous: expand(&formula.endogenous)?,
            instruments: expand(&formula.instruments)?,
            effects,
            clusters,
            weights: data.weight.as_ref().map(|w| pick(w)),
            counts,
        };
        let blocks = [&design.exogenous, &design.endogenous, &design.instruments];
        let n_columns = blocks.into_iter().flatten().map(|b| b.names.len()).sum();
        check_columns(n_columns)?;
        Ok(design)
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

fn check_lengths(used: &[(String, &Column)], data: &RegressionData) -> Result<(), EstimatorError> {
    let expected = used.first().map_or(0, |(_, column)| column.len());
    // Rows and codes are `u32`, whose largest value stands for none.
    let limit = u64::from(u32::MAX - 1);
    if expected as u64 > limit {
        return Err(EstimatorError::TooMany {
            what: "rows",
            found: expected as u64,
            limit,
        });
    }
    let weight = data.weight.iter().map(|w| ("weight", w.len()));
    let columns = used.iter().map(|(name, c)| (name.as_str(), c.len()));
    for (column, found) in columns.chain(weight) {
        if found != expected {
            return Err(EstimatorError::LengthMismatch {
                column: column.to_owned(),
                found,
                expected,
            });
        }
    }
    Ok(())
}

fn groups_of_effects(
    formula: &Formula,
    data: &RegressionData,
    rows: &[u32],
) -> Result<Vec<Groups>, EstimatorError> {
    let groups = |effect: &FixedEffect| {
        let mut combined: Option<Groups> = None;
        for (name, _) in &effect.columns {
            let groups = data.column(name)?.groups(rows);
            combined = Some(match combined {
                None => groups,
                Some(known) => known.combine(&groups),
            });
        }
        Ok(combined)
    };
    let effects: Result<Vec<Option<Groups>>, EstimatorError> =
        formula.fixed_effects.par_iter().map(groups).collect();
    Ok(effects?.into_iter().flatten().collect())
}

/// The fixed effects, the one with the most levels first (of equals, the first written).
fn effects(formula: &Formula, groups: Vec<Groups>, clusters: &[Groups]) -> Vec<Effect> {
    let named = formula.fixed_effects.iter().zip(groups);
    let mut effects: Vec<Effect> = named
        .map(|(effect, groups)| Effect {
            name: effect.label(),
            nested_in: clusters
                .par_iter()
                .map(|outer| groups.nested_in(outer))
                .collect(),
            groups,
        })
        .collect();
    effects.sort_by_key(|effect| std::cmp::Reverse(effect.groups.n_groups));
    effects
}

/// Sorts the rows by everything used, so that sums do not depend on the order of the input.
fn sort_rows(
    rows: &mut Vec<u32>,
    effects: &mut [Effect],
    clusters: &mut [Groups],
    used: &[(String, &Column)],
    data: &RegressionData,
) {
    let columns = used.iter().map(|(_, column)| column.sort_key());
    let weights = data.weight.as_deref().map(SortKey::Numbers);
    let keys: Vec<SortKey<'_>> = columns.chain(weights).collect();
    let by_effects = effects.iter().map(|effect| &effect.groups);
    // A cluster around whole groups of the first effect orders nothing further.
    let is_implied = |cluster: usize| {
        effects
            .first()
            .is_some_and(|first| first.nested_in[cluster])
    };
    let by_clusters = clusters.iter().enumerate();
    let by_clusters = by_clusters.filter(|&(cluster, _)| !is_implied(cluster));
    let partitions: Vec<&Groups> = by_effects.chain(by_clusters.map(|(_, c)| c)).collect();
    let Some(order) = canonical_order(&partitions, rows, &keys) else {
        return;
    };
    *rows = order.par_iter().map(|&row| rows[row as usize]).collect();
    let groups = effects.iter_mut().map(|effect| &mut effect.groups);
    for groups in groups.chain(clusters) {
        groups.reorder(&order);
    }
}
