//! Protection against sums and differences, in the manner of GaussSuppression: cells are published in order of priority, each only
//! if no protected count then follows linearly.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::items::Item;
use crate::region::Region;
use crate::span::{Limit, Span};
use crate::state::State;

/// Steps of a search for small groups that follow from several cells.
const SEARCH_STEPS: usize = 20_000;

/// Withholds cells of a region until no item is the sum of known cells with any factors.
pub(crate) fn publish_in_order(state: &mut State<'_>, region: &Region, items: &[Item]) {
    let mut span = Span::new(region.atoms.len());
    for row in region.rows.iter().filter(|row| state.is_left(row.cell)) {
        if let Some(residual) = span.residual(span.indicator(&row.terms)) {
            span.insert(residual);
        }
    }
    // Residuals are divided by their first value: an item follows once a new one equals its own.
    let mut open: Vec<Vec<u64>> = items
        .iter()
        .filter_map(|item| span.residual(span.indicator(&region.places(&item.atoms))))
        .collect();
    for row in &region.rows {
        if !state.is_open(row.cell) {
            continue;
        }
        let Some(residual) = span.residual(span.indicator(&row.terms)) else {
            continue;
        };
        if open.contains(&residual) {
            state.withhold(row.cell);
            continue;
        }
        span.insert(residual);
        open = open
            .into_iter()
            .filter_map(|vector| span.residual(vector))
            .collect();
    }
}

/// Whether an item that has some width left is the sum of known cells with any factors.
pub(crate) fn gives_away(state: &State<'_>, region: &Region, items: &[Item]) -> bool {
    let mut span = Span::new(region.atoms.len());
    for row in region.rows.iter().filter(|row| state.is_known(row.cell)) {
        if let Some(residual) = span.residual(span.indicator(&row.terms)) {
            span.insert(residual);
        }
    }
    items.iter().filter(|item| item.need > 0).any(|item| {
        span.residual(span.indicator(&region.places(&item.atoms)))
            .is_none()
    })
}

/// A small group of persons that follows linearly from what is known in a region, other than those that are `old`.
pub(crate) fn small_combination(
    state: &State<'_>,
    region: &Region,
    old: &BTreeSet<Vec<u32>>,
) -> Option<Vec<u32>> {
    // Heavy columns first, as `Span::light_set` expects.
    let mut order: Vec<usize> = (0..region.atoms.len()).collect();
    order.sort_by_key(|place| Reverse(region.counts[*place]));
    let mut column_of = vec![0; order.len()];
    for (column, place) in order.iter().enumerate() {
        column_of[*place] = column;
    }
    let mut span = Span::new(order.len());
    for row in region.rows.iter().filter(|row| state.is_known(row.cell)) {
        let columns: Vec<usize> = row.terms.iter().map(|place| column_of[*place]).collect();
        if let Some(residual) = span.residual(span.indicator(&columns)) {
            span.insert(residual);
        }
    }
    let weights: Vec<u64> = order
        .iter()
        .map(|place| region.counts[*place] as u64)
        .collect();
    let atoms = |columns: &[usize]| {
        let mut atoms: Vec<u32> = columns
            .iter()
            .map(|column| region.atoms[order[*column]])
            .collect();
        atoms.sort_unstable();
        atoms
    };
    let is_new = |columns: &[usize]| !old.contains(&atoms(columns));
    let limit = Limit {
        weight: state.rules.min_count,
        steps: SEARCH_STEPS,
    };
    span.light_set(&weights, limit, &is_new)
        .map(|columns| atoms(&columns))
}
