//! Conditions and numbers of one row, of which aggregates are made.

use datafusion::prelude::Expr;

use super::forms::Form;
use super::lineage::Kind;

/// A condition: a filter holds, and values are there.
#[derive(Debug, Clone, Default)]
pub(super) struct ConditionParts {
    pub(super) filter: Option<Expr>,
    pub(super) values: Vec<Expr>,
}

/// A number that is summed in some way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub(super) value: Expr,
    /// The same, whether it counts or not.
    pub(super) of: Expr,
    /// When it counts, among the conditions.
    pub(super) condition: Option<usize>,
    pub(super) kind: Kind,
    /// Which function of its columns it is; `None` for a column that is a part of another number.
    pub(super) form: Option<Form>,
}

impl Number {
    /// Computed from other numbers.
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

/// A combination of numbers.
#[derive(Debug, Clone)]
pub(super) struct NumberCombination {
    pub(super) number: Number,
    /// The aggregates it can be computed from.
    pub(super) aggregates: Vec<usize>,
    /// Whether it is a column of its own; else nothing is left, for nearly all.
    pub(super) is_column: bool,
}
