//! Flows of persons: how many are left after each step, and how many each step loses.

use super::counts::{Count, hide, primary};
use super::rules::{DisclosureRules, Releasable, is_small};

/// The counts of one step of a flow of persons after small-cell control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowCounts {
    /// Units left after this step.
    pub remaining: Count,
    /// Units lost between the step before and this one; `None` at the first step.
    pub excluded: Option<Count>,
}

/// Releases a flow in which each step keeps a part of the step before.
///
/// The losses and the last step are the cells of one marginal whose total is the first step; a small
/// loss is hidden together with the cell beside it. A step between is shown only when all hidden cells lie on one side of it, because then it tells nothing
/// that the shown cells do not tell.
#[must_use]
pub fn release_flow(remaining: &[u64], rules: DisclosureRules) -> Vec<Releasable<FlowCounts>> {
    let Some((&first, &last)) = remaining.first().zip(remaining.last()) else {
        return Vec::new();
    };
    let losses = remaining
        .windows(2)
        .map(|pair| pair[0].saturating_sub(pair[1]));
    let counts: Vec<u64> = losses.chain([last]).collect();
    let cells = hide(&counts, rules, |cells| {
        // A neighbour of the hidden cell, so that as few steps as possible lie between the two.
        let hidden = cells.iter().position(|cell| cell.shown().is_none())?;
        (0..counts.len())
            .filter(|&idx| counts[idx] > 0 && cells[idx].shown().is_some())
            .min_by_key(|&idx| (idx.abs_diff(hidden), idx < hidden))
    });
    let is_open = |cells: &[Count]| cells.iter().all(|cell| cell.shown().is_some());
    let release = |(step, &n): (usize, &u64)| {
        let excluded = step.checked_sub(1).map(|idx| cells[idx]);
        let remaining = match primary(n, rules) {
            Count::Shown(n) if is_open(&cells[..step]) || is_open(&cells[step..]) => {
                Count::Shown(n)
            }
            Count::Shown(_) | Count::Withheld => Count::Withheld,
            Count::Suppressed => Count::Suppressed,
        };
        // After a small first step all others are small as well, and none can be subtracted.
        let is_first_small = is_small(first, rules);
        let remaining = if step == 0 || is_first_small {
            primary(n, rules)
        } else {
            remaining
        };
        Releasable::passed(FlowCounts {
            remaining,
            excluded,
        })
    };
    remaining.iter().enumerate().map(release).collect()
}
