//! What the reader knows of a region, as equations: which atoms follow from them, and which are connected with others.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Model;
use crate::region::{Region, Slack};
use crate::state::State;

/// What is known of the region, each set of atoms once.
pub(crate) fn equations(
    model: &Model,
    state: &State<'_>,
    region: &Region,
) -> Vec<(Vec<usize>, Slack)> {
    let mut rows: BTreeMap<&[usize], Slack> = BTreeMap::new();
    for row in &region.rows {
        if let Some(slack) = region.slack(model, state, row) {
            // Cells with the same atoms in the region bound one sum; the tighter bounds hold.
            let known = rows.entry(&row.terms).or_insert(slack);
            known.low = known.low.max(slack.low);
            known.high = match (known.high, slack.high) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    rows.into_iter()
        .map(|(terms, slack)| (terms.to_vec(), slack))
        .collect()
}

/// Atoms that follow one after the other from a row in which they alone are left.
pub(crate) fn fixed(rows: &[(Vec<usize>, Slack)], n_atoms: usize) -> Vec<bool> {
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); n_atoms];
    let mut n_free: Vec<usize> = Vec::with_capacity(rows.len());
    for (idx, (terms, slack)) in rows.iter().enumerate() {
        // A row with room fixes none of its atoms, and never gets ready.
        let exact = slack.low == 0 && slack.high == Some(0);
        n_free.push(if exact { terms.len() } else { usize::MAX });
        terms.iter().for_each(|term| rows_of[*term].push(idx));
    }
    let mut is_fixed = vec![false; n_atoms];
    let mut ready: Vec<usize> = (0..rows.len()).filter(|row| n_free[*row] == 1).collect();
    while let Some(row) = ready.pop() {
        // Another row may have fixed the last one meanwhile.
        let Some(atom) = rows[row].0.iter().copied().find(|term| !is_fixed[*term]) else {
            continue;
        };
        is_fixed[atom] = true;
        for other in &rows_of[atom] {
            if n_free[*other] != usize::MAX {
                n_free[*other] -= 1;
                if n_free[*other] == 1 {
                    ready.push(*other);
                }
            }
        }
    }
    is_fixed
}

/// The places connected with some through rows, increasing.
pub(crate) fn reached(rows: &[(Vec<usize>, Slack)], from: &[usize], n_atoms: usize) -> Vec<usize> {
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); n_atoms];
    for (idx, (terms, _)) in rows.iter().enumerate() {
        terms.iter().for_each(|term| rows_of[*term].push(idx));
    }
    let mut seen: BTreeSet<usize> = from.iter().copied().collect();
    let mut used = vec![false; rows.len()];
    let mut waiting: Vec<usize> = from.to_vec();
    while let Some(place) = waiting.pop() {
        for row in &rows_of[place] {
            if !std::mem::replace(&mut used[*row], true) {
                waiting.extend(
                    rows[*row]
                        .0
                        .iter()
                        .copied()
                        .filter(|term| seen.insert(*term)),
                );
            }
        }
    }
    seen.into_iter().collect()
}
