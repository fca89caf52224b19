//! The rules of small-cell control, and the type of what has passed them.

/// How the names of tables that have left begin in the lake. Their rows are protected as they are; only `release` writes them.
pub const RELEASED_PREFIX: &str = "released_";

/// What may leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DisclosureRules {
    /// Smallest count of units that may be shown: 10 in the national guidelines.
    pub min_count: u64,
    /// Largest part of a sum that may be one unit's, from 0 to 1: with more, the sum says what the unit has.
    pub max_share: f64,
    /// A number with so few different values in a group is a count in disguise: its sums and spreads say how many units have
    /// each value.
    pub few_values: u64,
}

impl DisclosureRules {
    /// What the national guideline asks for at least, and our limits of dominance and of few values.
    pub const GUIDELINE: Self = Self {
        min_count: 10,
        max_share: 0.5,
        few_values: 5,
    };
}

/// A value that has passed the disclosure rules. Only `disclosure` can make one.
#[derive(Debug, Clone, PartialEq)]
pub struct Releasable<T>(T);

impl<T> Releasable<T> {
    /// Says that `value` has passed the rules: only the functions of this folder may.
    pub(super) fn passed(value: T) -> Self {
        Self(value)
    }

    /// The released value.
    #[must_use]
    pub fn value(&self) -> &T {
        &self.0
    }
}

pub(super) fn is_small(n: u64, rules: DisclosureRules) -> bool {
    n > 0 && n < rules.min_count
}
