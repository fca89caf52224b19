//! Shares of a whole, by the levels of one dimension.

use super::counts::{Count, as_number, marginal};
use super::rules::{DisclosureRules, Releasable, is_small};

/// `part` of `whole`, as counted; `part` must not exceed `whole`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartOfWhole {
    /// Units with the property.
    pub part: u64,
    /// All units.
    pub whole: u64,
}

/// A share after small-cell control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Units with the property.
    pub part: Count,
    /// All units.
    pub whole: Count,
    /// `part / whole` from 0 to 1; `None` where either is hidden or the whole is zero.
    pub share: Option<f64>,
}

/// Releases shares whose rows form one marginal (levels of one dimension).
///
/// A share is hidden when its part or the complement of its part is a small cell; when that hides
/// exactly one row, the row with the next smallest part is hidden with it.
#[must_use]
pub fn release_shares(rows: &[PartOfWhole], rules: DisclosureRules) -> Vec<Releasable<Share>> {
    let wholes: Vec<u64> = rows.iter().map(|row| row.whole).collect();
    let wholes = marginal(&wholes, rules);
    let mut is_hidden: Vec<bool> = rows
        .iter()
        .zip(&wholes)
        .map(|(row, whole)| {
            let rest = row.whole.saturating_sub(row.part);
            whole.shown().is_none() || is_small(row.part, rules) || is_small(rest, rules)
        })
        .collect();
    if is_hidden.iter().filter(|hidden| **hidden).count() == 1 {
        let next = (0..rows.len())
            .filter(|&idx| !is_hidden[idx] && rows[idx].part > 0)
            .min_by_key(|&idx| (rows[idx].part, idx));
        if let Some(idx) = next {
            is_hidden[idx] = true;
        }
    }
    let release = |(idx, row): (usize, &PartOfWhole)| {
        let part = match (is_hidden[idx], is_small(row.part, rules)) {
            (false, _) => Count::Shown(row.part),
            (true, true) => Count::Suppressed,
            (true, false) => Count::Withheld,
        };
        let share =
            (!is_hidden[idx] && row.whole > 0).then(|| as_number(row.part) / as_number(row.whole));
        Releasable::passed(Share {
            part,
            whole: wholes[idx],
            share,
        })
    };
    rows.iter().enumerate().map(release).collect()
}
