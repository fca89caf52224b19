//! One aggregate as the rules see it: whose rows it counts, what it sums, and which sums it tells a reader.
//!
//! Conditions and numbers are given by their positions in `Questions`.

use std::collections::BTreeSet;

use super::lineage::Kind;

/// An aggregate that a statement asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct AskedAggregate {
    /// The condition that rows must meet to count; `None`: all rows of the group count.
    pub(super) condition: Option<usize>,
    /// The condition that its FILTER makes by itself.
    pub(super) filter: Option<usize>,
    /// Whether it counts rows or values.
    pub(super) is_count: bool,
    /// Whether it counts different persons.
    pub(super) is_of_persons: bool,
    /// The numbers that it sums in some way.
    pub(super) numbers: Vec<usize>,
    /// How the count of values enters the result.
    pub(super) scale: Scale,
    /// The set of numbers whose values are examined together, where it has several arguments.
    pub(super) together: Option<usize>,
    /// The sums that it tells, each with the columns that are summed: none for counts.
    pub(super) tells: Vec<(Columns, ToldSum)>,
}

/// How an aggregate depends on the count of its values: two aggregates that do so in different ways reveal the count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Scale {
    /// Not at all, but for `n` in place of `n - 1`.
    #[default]
    Mean,
    /// By `n` in a spread.
    Population,
    /// By `n - 1` in a spread.
    Sample,
    /// It grows with the count.
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

    /// Whether two aggregates of the same values reveal how many there are.
    pub(super) fn tells_with(self, other: Self) -> bool {
        let has_mean = [self, other].contains(&Self::Mean);
        self != other && (!has_mean || [self, other].contains(&Self::Sum))
    }
}

/// Names of columns. Columns of one name count as the same, whichever tables they come from.
pub(super) type Columns = BTreeSet<String>;

/// The columns that a kind is made of.
pub(super) fn columns(kind: &Kind) -> Columns {
    let roots = kind.roots().into_iter();
    roots.map(|root| root.column).collect()
}

/// The part of a group over which an aggregate tells a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToldSum {
    /// All rows of the group.
    All,
    /// The rows that meet a condition.
    Part(usize),
    /// The rows of each value of a number that has few: how many have which.
    Values(usize),
}

/// Stands for counts of different persons, which do not add up as rows do.
pub(super) fn persons() -> Columns {
    Columns::from(["(persons)".to_owned()])
}

/// Stands for rows, by the conditions under which anything is asked of them: a sum under one condition and another sum, or a
/// count, under another condition tell of the rows that meet only one of them, where the summed columns depend on each other.
pub(super) fn any_rows() -> Columns {
    Columns::from(["(rows)".to_owned()])
}
