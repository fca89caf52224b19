//! What a query uses a column for: for the values of its result (as it is, changed, aggregated), for choosing between values,
//! or for deciding which rows there are.

use std::collections::{BTreeMap, BTreeSet};

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableColumn {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// Columns and what they are used for.
pub type Sources = BTreeMap<TableColumn, BTreeSet<ColumnUse>>;

/// What a column is used for. The first three make values; the others only influence them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnUse {
    /// Its values are taken as they are.
    Identity,
    /// Its values are computed with, row by row.
    Transformation,
    /// Its values are aggregated or estimated from.
    Aggregation,
    /// It chooses between values, in CASE.
    Conditional,
    /// It partitions or orders the rows of a window.
    Window,
    /// It is compared in a join.
    Join,
    /// Rows are grouped by it.
    GroupBy,
    /// Rows are filtered by it.
    Filter,
    /// Rows are sorted by it.
    Sort,
}

impl ColumnUse {
    /// Whether it makes values.
    #[must_use]
    pub fn is_direct(self) -> bool {
        self <= Self::Aggregation
    }

    /// The use of a column that is used for `self` in an expression whose result is used for `next`.
    pub(super) fn then(self, next: Self) -> Self {
        match (self.is_direct(), next.is_direct()) {
            (false, _) => self,
            (true, false) => next,
            (true, true) => self.max(next),
        }
    }
}

/// How sources are combined.
pub(super) trait CombineSources {
    /// Adds the columns and uses of `other`.
    fn add_all(&mut self, other: Sources);
    /// The uses, when the values themselves are used for `next`.
    fn used_for(&self, next: ColumnUse) -> Sources;
}

impl CombineSources for Sources {
    fn add_all(&mut self, other: Sources) {
        for (column, uses) in other {
            self.entry(column).or_default().extend(uses);
        }
    }

    fn used_for(&self, next: ColumnUse) -> Sources {
        let all = self.iter();
        all.map(|(column, uses)| {
            let uses: BTreeSet<ColumnUse> = uses.iter().map(|own| own.then(next)).collect();
            (column.clone(), uses)
        })
        .collect()
    }
}
