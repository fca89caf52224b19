//! Counts: one that stands alone, and the cells of one marginal, of which the total is known.

use super::rules::{DisclosureRules, Releasable, is_small};

/// A count after small-cell control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The count itself: zero, or at least `min_count`.
    Shown(u64),
    /// Between 1 and `min_count − 1`; shown as `<10`.
    Suppressed,
    /// Hidden only so that another cell cannot be worked out; this reveals nothing about its size.
    Withheld,
}

impl Count {
    /// The number, when it may be shown.
    #[must_use]
    pub fn shown(self) -> Option<u64> {
        match self {
            Self::Shown(n) => Some(n),
            Self::Suppressed | Self::Withheld => None,
        }
    }
}

/// Releases one count that stands alone (no total of it is shown beside other cells).
#[must_use]
pub fn release_count(n: u64, rules: DisclosureRules) -> Releasable<Count> {
    Releasable::passed(primary(n, rules))
}

/// Releases the cells of one marginal: cells whose total is, or could become, known.
///
/// Cells from 1 to `min_count − 1` are hidden. While exactly one cell is hidden, or all hidden
/// cells together are still fewer than `min_count`, the smallest remaining cell above zero is
/// withheld as well. Where the total would leave less than the whole range 1 … `min_count − 1` for
/// a single suppressed cell, it too is only `Withheld`, so that its label says nothing more.
#[must_use]
pub fn release_counts(counts: &[u64], rules: DisclosureRules) -> Vec<Releasable<Count>> {
    marginal(counts, rules)
        .into_iter()
        .map(Releasable::passed)
        .collect()
}

pub(super) fn primary(n: u64, rules: DisclosureRules) -> Count {
    if is_small(n, rules) {
        Count::Suppressed
    } else {
        Count::Shown(n)
    }
}

pub(super) fn marginal(counts: &[u64], rules: DisclosureRules) -> Vec<Count> {
    hide(counts, rules, |cells| {
        (0..counts.len())
            .filter(|&idx| counts[idx] > 0 && cells[idx].shown().is_some())
            .min_by_key(|&idx| (counts[idx], idx))
    })
}

/// Hides small cells, and with them as many others as protect them; `next` picks those.
pub(super) fn hide(
    counts: &[u64],
    rules: DisclosureRules,
    next: impl Fn(&[Count]) -> Option<usize>,
) -> Vec<Count> {
    let mut cells: Vec<Count> = counts.iter().map(|&n| primary(n, rules)).collect();
    let n_small = cells
        .iter()
        .filter(|cell| **cell == Count::Suppressed)
        .count();
    if n_small == 0 {
        return cells;
    }
    let hidden_sum = |cells: &[Count]| -> u64 {
        counts
            .iter()
            .zip(cells)
            .filter(|(_, cell)| cell.shown().is_none())
            .map(|(n, _)| n)
            .sum()
    };
    let mut n_withheld = 0;
    while n_small + n_withheld == 1 || hidden_sum(&cells) < rules.min_count {
        let Some(idx) = next(&cells) else { break };
        cells[idx] = Count::Withheld;
        n_withheld += 1;
    }
    // Each withheld cell is known to have `min_count` or more: the rest is all that the one small cell can have.
    let floor = rules.min_count.saturating_mul(as_count(n_withheld));
    let room = hidden_sum(&cells).saturating_sub(floor);
    if n_small == 1 && n_withheld > 0 && room + 1 < rules.min_count {
        for cell in &mut cells {
            if *cell == Count::Suppressed {
                *cell = Count::Withheld;
            }
        }
    }
    cells
}

fn as_count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of people are far below 2^53"
)]
pub(super) fn as_number(n: u64) -> f64 {
    n as f64
}
