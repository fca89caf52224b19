//! Levels: what a share or mean is in each group of one grouping, and numbers that so many units stand behind.

use super::counts::{Count, marginal};
use super::rules::{DisclosureRules, Releasable};
use super::shares::{PartOfWhole, release_shares};

/// What is known of one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelRow<T> {
    /// Units with the indicator; `None` where the table withholds it.
    pub n: Option<u64>,
    /// Of a share, the units that have the property.
    pub part: Option<u64>,
    /// What may be shown when the rules allow it; `None` where the table withholds it.
    pub numbers: Option<T>,
}

/// A level after small-cell control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level<T> {
    /// Units with the indicator.
    pub n: Count,
    /// The numbers; `None` where there are none or they are hidden.
    pub numbers: Option<T>,
}

/// Releases the groups of one grouping, which form a marginal. A mean goes with its count; a share also where those who have
/// the property, or those who have not, are a small cell, and with a single hidden share the next.
#[must_use]
pub fn release_levels<T: Clone>(
    rows: &[LevelRow<T>],
    rules: DisclosureRules,
) -> Vec<Releasable<Level<T>>> {
    let wholes: Vec<u64> = rows.iter().map(|row| row.n.unwrap_or(0)).collect();
    let counts = marginal(&wholes, rules);
    let parts = rows.iter().zip(&wholes).map(|(row, whole)| PartOfWhole {
        part: row.part.unwrap_or(0).min(*whole),
        whole: *whole,
    });
    let shares = release_shares(&parts.collect::<Vec<_>>(), rules);
    let release = |((row, count), share): ((&LevelRow<T>, Count), Releasable<_>)| {
        let share: &super::shares::Share = share.value();
        let is_known = match row.part {
            Some(_) => share.share.is_some(),
            None => matches!(count, Count::Shown(n) if n > 0),
        };
        Releasable::passed(Level {
            n: row.n.map_or(Count::Withheld, |_| count),
            numbers: row.numbers.clone().filter(|_| row.n.is_some() && is_known),
        })
    };
    rows.iter().zip(counts).zip(shares).map(release).collect()
}

/// Releases numbers that `n` units stand behind; nothing is left where they are too few, or not known.
#[must_use]
pub fn release_behind<T>(
    numbers: Option<T>,
    n: Option<u64>,
    rules: DisclosureRules,
) -> Releasable<Option<T>> {
    Releasable::passed(numbers.filter(|_| n.is_some_and(|n| n >= rules.min_count)))
}
