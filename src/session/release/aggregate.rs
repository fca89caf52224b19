//! One aggregate as the rules see it: whose rows it counts, what it sums, and which sums a reader is told by it.

use std::collections::BTreeSet;

use super::lineage::Kind;

/// One aggregate.
#[derive(Debug, Clone, Default)]
pub(super) struct AskedAggregate {
    /// Whose rows count, among the conditions; `None`: all rows of the group.
    pub(super) condition: Option<usize>,
    /// The filter alone, among the conditions.
    pub(super) filter: Option<usize>,
    /// Whether it counts rows or values.
    pub(super) is_count: bool,
    /// Whether it counts different persons.
    pub(super) is_of_persons: bool,
    /// What it sums in some way, among the numbers.
    pub(super) numbers: Vec<usize>,
    /// How the number of values enters it.
    pub(super) scale: Scale,
    /// The same with their values together, among those.
    pub(super) together: Option<usize>,
    /// Conditions whose sums of anything it tells, by the columns that are summed: none for counts.
    pub(super) tells: Vec<(Columns, ToldSum)>,
}

/// How an aggregate depends on the number of values: two that do so in different ways tell it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Scale {
    /// Not at all, but for `n` in place of `n - 1`.
    #[default]
    Mean,
    /// By `n` in a spread.
    Population,
    /// By `n - 1` in a spread.
    Sample,
    /// It grows with the number.
    Sum,
}

impl Scale {
    pub(super) fn of(function: &str) -> Self {
        match function {
            "sum" | "regr_sxx" | "regr_syy" | "regr_sxy" => Self::Sum,
            "stddev" | "var" | "covar_samp" => Self::Sample,
            "stddev_pop" | "var_pop" | "covar_pop" => Self::Population,
            _ => Self::Mean,
        }
    }

    /// Whether two aggregates of the same values tell how many there are.
    pub(super) fn tells_with(self, other: Self) -> bool {
        let has_mean = [self, other].contains(&Self::Mean);
        self != other && (!has_mean || [self, other].contains(&Self::Sum))
    }
}

/// Names of columns: of one name are taken for the same, whichever tables they come from.
pub(super) type Columns = BTreeSet<String>;

/// The columns that a kind is made of.
pub(super) fn columns(kind: &Kind) -> Columns {
    let roots = kind.roots().into_iter();
    roots.map(|root| root.column).collect()
}

/// A sum that an aggregate tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToldSum {
    /// Over all rows of the group.
    All,
    /// Over those that meet a condition.
    Part(usize),
    /// Of the few values of a number: how many have which.
    Values(usize),
}

/// Stands for counts of different persons, which do not add up as rows do.
pub(super) fn persons() -> Columns {
    Columns::from(["(persons)".to_owned()])
}

/// Stands for rows, by the conditions under which anything is asked of them: a sum under one condition and another sum, or a
/// count, under another tell of the rows that meet one of them only, where what is summed hangs together.
pub(super) fn any_rows() -> Columns {
    Columns::from(["(rows)".to_owned()])
}
