//! Conditions and numbers of one row, from which aggregates are made.

use datafusion::prelude::Expr;

use super::forms::Form;
use super::lineage::Kind;

/// A condition as its parts: a filter holds, and values are not missing.
#[derive(Debug, Clone, Default)]
pub(super) struct ConditionParts {
    pub(super) filter: Option<Expr>,
    pub(super) values: Vec<Expr>,
}

/// A number that is summed in some way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    /// As DOUBLE; NULL in rows where it does not count.
    pub(super) value: Expr,
    /// The number as it is computed, also in rows where it does not count.
    pub(super) of: Expr,
    /// The position of the condition under which it counts.
    pub(super) condition: Option<usize>,
    pub(super) kind: Kind,
    /// Which function of its columns it is; `None` for a column that is a part of another number.
    pub(super) form: Option<Form>,
}

impl Number {
    /// A number that is computed from other numbers.
    pub(super) fn of_others(value: Expr) -> Self {
        Self {
            of: value.clone(),
            value,
            condition: None,
            kind: Kind::Mixed,
            form: None,
        }
    }
}

/// A linear combination of numbers.
#[derive(Debug, Clone)]
pub(super) struct NumberCombination {
    pub(super) number: Number,
    /// Positions of the aggregates that it can be computed from.
    pub(super) aggregates: Vec<usize>,
    /// Whether it is another column of the rows; else it is zero for nearly all rows.
    pub(super) is_column: bool,
}
