//! Which aggregates of a grouping tell sums of the same columns, so that one can be subtracted from another.

use std::collections::BTreeSet;

use super::aggregate::{AskedAggregate, Columns, ToldSum, persons};

/// What several aggregates tell of sums over parts of a group.
#[derive(Debug, Clone)]
pub(super) struct System {
    columns: Columns,
    /// Positions of aggregates, each with a sum that it tells.
    pub(super) told: Vec<(usize, ToldSum)>,
}

impl System {
    /// Whether different persons are counted.
    pub(super) fn is_of_persons(&self) -> bool {
        self.columns == persons()
    }

    /// Whether the sum over the whole group is known: where rows or persons are counted, and where it is asked for.
    pub(super) fn has_whole(&self) -> bool {
        let is_of_counts = self.columns.is_empty() || self.is_of_persons();
        is_of_counts || self.told.iter().any(|(_, tell)| *tell == ToldSum::All)
    }

    /// The different conditions.
    pub(super) fn conditions(&self) -> Vec<usize> {
        let conditions = self.told.iter().filter_map(|(_, tell)| match tell {
            ToldSum::Part(condition) => Some(*condition),
            _ => None,
        });
        conditions.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The different numbers of few values.
    pub(super) fn values(&self) -> Vec<usize> {
        let values = self.told.iter().filter_map(|(_, tell)| match tell {
            ToldSum::Values(number) => Some(*number),
            _ => None,
        });
        values.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether it asks the same of the same rows, or persons, as another, so that the same conditions are met together.
    pub(super) fn asks_as(&self, other: &Self) -> bool {
        self.is_of_several() == other.is_of_several()
            && self.is_of_persons() == other.is_of_persons()
            && self.conditions() == other.conditions()
            && self.values() == other.values()
    }

    /// Whether anything could be worked out by subtracting one from another.
    pub(super) fn is_of_several(&self) -> bool {
        let n_parts = self.conditions().len() + self.values().len();
        n_parts + usize::from(self.has_whole()) > 1
    }
}

/// The aggregates grouped into systems that tell sums of the same columns: what one shows can be subtracted from what another
/// shows.
pub(super) fn systems(asked: &[AskedAggregate]) -> Vec<System> {
    let mut systems: Vec<System> = Vec::new();
    for (idx, asked) in asked.iter().enumerate() {
        for (columns, tell) in &asked.tells {
            let mut system = System {
                columns: columns.clone(),
                told: vec![(idx, *tell)],
            };
            let is_same = |other: &System| match columns.is_empty() {
                true => other.columns.is_empty(),
                false => !other.columns.is_disjoint(columns),
            };
            // The new system may link systems that had no column in common before: all that it meets become one.
            let (same, others): (Vec<_>, Vec<_>) = systems.into_iter().partition(is_same);
            for other in same {
                system.columns.extend(other.columns);
                system.told.extend(other.told);
            }
            systems = others;
            systems.push(system);
        }
    }
    systems
}
