//! Which rows a regression uses, and in which order: an order that depends on their values, not on that of the input.

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::regression::data::{Column, RegressionData, SortKey};
use crate::regression::design::block::numeric;
use crate::regression::formula::syntax::{AtomKind, Formula};
use crate::regression::groups::{Groups, counting_sort};
use crate::regression::options::Singletons;

/// What became of the rows handed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows handed over.
    pub n_rows_in: u64,
    /// Rows left out for a missing value in a used column.
    pub n_missing_rows: u64,
    /// Rows left out because `log()`, `exp()` or a power of a present value is not finite.
    pub n_undefined_rows: u64,
    /// Rows left out for a weight of zero.
    pub n_zero_weight_rows: u64,
    /// Rows alone in a level of a fixed effect, found recursively unless one pass was asked for.
    pub n_singleton_rows: u64,
    /// Rows used.
    pub n_obs: u64,
}

/// The rows with nothing missing and a weight.
pub(super) fn complete_rows(
    formula: &Formula,
    data: &RegressionData,
    used: &[(String, &Column)],
    counts: &mut RowCounts,
) -> Result<Vec<u32>, EstimatorError> {
    let n_rows = used.first().map_or(0, |(_, column)| column.len());
    let weights = data.weight.as_deref();
    let negative = weights.map_or(0, |w| w.iter().filter(|&&value| value < 0.0).count());
    if negative > 0 {
        return Err(EstimatorError::NegativeWeight {
            n_rows: negative as u64,
        });
    }
    let mut is_complete = vec![true; n_rows];
    for (_, column) in used {
        column.mark_missing(&mut is_complete);
    }
    let kept = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
    if let Some(weights) = weights {
        for (flag, weight) in is_complete.iter_mut().zip(weights) {
            *flag &= weight.is_finite();
        }
    }
    // In this order every row that is left out counts once, for the first reason.
    let n_complete = kept(&is_complete);
    let transformed = formula.all_terms().flat_map(|term| &term.atoms);
    for atom in transformed.chain([&formula.outcome]) {
        if matches!(
            atom.kind,
            AtomKind::Log | AtomKind::Exp | AtomKind::Power(_)
        ) {
            for (flag, value) in is_complete.iter_mut().zip(&*numeric(data, atom)?) {
                *flag &= value.is_finite();
            }
        }
    }
    let n_defined = kept(&is_complete);
    if let Some(weights) = weights {
        for (flag, &weight) in is_complete.iter_mut().zip(weights) {
            *flag &= weight != 0.0;
        }
    }
    let rows: Vec<u32> = (0..n_rows as u32)
        .filter(|&row| is_complete[row as usize])
        .collect();
    counts.n_rows_in = n_rows as u64;
    counts.n_missing_rows = (n_rows - n_complete) as u64;
    counts.n_undefined_rows = (n_complete - n_defined) as u64;
    counts.n_zero_weight_rows = (n_defined - rows.len()) as u64;
    Ok(rows)
}

/// Takes out rows that are alone in a level of a fixed effect; with [`Singletons::Keep`] they are only counted.
pub(super) fn drop_singletons(
    rows: &mut Vec<u32>,
    effects: &mut [Groups],
    rule: Singletons,
) -> u64 {
    let before = rows.len();
    if rule == Singletons::Keep {
        if !any_singleton(effects) {
            return 0;
        }
        let (mut rows, mut effects) = (rows.clone(), effects.to_vec());
        return drop_singletons(&mut rows, &mut effects, Singletons::DropAll);
    }
    while any_singleton(effects) {
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
        *rows = kept.iter().map(|&row| rows[row as usize]).collect();
        effects
            .iter_mut()
            .for_each(|groups| *groups = groups.select(&kept));
        if rule == Singletons::DropOnce {
            break;
        }
    }
    (before - rows.len()) as u64
}

fn any_singleton(effects: &[Groups]) -> bool {
    effects.iter().any(|groups| groups.sizes().contains(&1))
}

/// Tie runs longer than this are sorted by pairs of key and row.
const LONG_RUN: usize = 1 << 16;

/// The order of the rows by the partitions, then by the keys of their input rows; `None` when they are in it.
pub(super) fn canonical_order(
    partitions: &[&Groups],
    rows: &[u32],
    keys: &[SortKey<'_>],
) -> Option<Vec<u32>> {
    let by_partition = |a: usize, b: usize| {
        let codes = partitions.iter().map(|g| g.codes[a].cmp(&g.codes[b]));
        codes.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    };
    let by_keys = |a: u32, b: u32| {
        let (a, b) = (rows[a as usize], rows[b as usize]);
        let mut compared = keys.iter().map(|key| key.of(a).cmp(&key.of(b)));
        compared
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    let in_order = (1..rows.len()).into_par_iter().all(|row| {
        let order = by_partition(row - 1, row);
        order.is_lt() || (order.is_eq() && by_keys(row as u32 - 1, row as u32).is_le())
    });
    if in_order {
        return None;
    }
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    // From the last to the first: the sorts are stable, so that the first partition decides.
    for groups in partitions.iter().rev() {
        order = counting_sort(&order, groups);
    }
    let mut starts: Vec<usize> = (1..order.len())
        .filter(|&at| by_partition(order[at - 1] as usize, order[at] as usize).is_lt())
        .collect();
    starts.push(order.len());
    let mut runs: Vec<&mut [u32]> = Vec::with_capacity(starts.len());
    let (mut rest, mut from) = (order.as_mut_slice(), 0);
    for end in starts {
        let (run, after) = rest.split_at_mut(end - from);
        if run.len() > 1 {
            runs.push(run);
        }
        (rest, from) = (after, end);
    }
    runs.par_iter_mut().for_each(|run| {
        if run.len() > LONG_RUN {
            sort_long(run, rows, &keys[0]);
        }
        // Rows that tie in every key are interchangeable; the sort need not be stable.
        run.sort_unstable_by(|&a, &b| by_keys(a, b));
    });
    Some(order)
}

/// Sorts by one key, fast; what is equal in it is left to the caller, who finds the rest nearly sorted.
fn sort_long(run: &mut [u32], rows: &[u32], key: &SortKey<'_>) {
    let keyed = |&place: &u32| (key.of(rows[place as usize]), place);
    let mut pairs: Vec<(i64, u32)> = run.par_iter().map(keyed).collect();
    pairs.par_sort_unstable();
    for (slot, (_, place)) in run.iter_mut().zip(pairs) {
        *slot = place;
    }
}
