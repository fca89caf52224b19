//! What rows of persons are and what each of their columns is made of: followed from the scans upwards, never by a
//! column's name alone.

use std::collections::BTreeSet;

use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::Expr;

/// A column of a table, and which of several scans of that table it comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Root {
    pub(super) table: String,
    pub(super) column: String,
    pub(super) scan: usize,
}

impl Root {
    /// Stands for what a statement makes of columns.
    pub(super) fn made() -> Self {
        Self {
            table: String::new(),
            column: "condition".to_owned(),
            scan: 0,
        }
    }

    /// Stands for the number of a person's rows.
    pub(super) fn rows() -> Self {
        Self {
            table: String::new(),
            column: "rows".to_owned(),
            scan: 0,
        }
    }
}

/// What a column or an expression of one row is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A column that tells one person from another, unchanged: its name in the table it comes from.
    Person(String),
    /// A column that tells one household from another, or a person that a row need not have, unchanged.
    Household(Root),
    /// A column of a table, unchanged, or a number of one person.
    Plain(BTreeSet<Root>),
    /// Computed from one such column.
    Number(BTreeSet<Root>),
    /// Sum, difference, product or ratio of several such columns, each of them once.
    Several(BTreeSet<Root>),
    /// A number where a condition holds, zero or missing elsewhere.
    Part(BTreeSet<Root>),
    /// A condition, or one of some constants by conditions.
    Discrete(BTreeSet<Root>),
    /// The same for every row.
    Constant,
    /// Anything else of one row: good for conditions and keys, not for numbers.
    Mixed,
}

impl Kind {
    /// The columns it is made of, as far as they are followed.
    pub(super) fn roots(&self) -> BTreeSet<Root> {
        match self {
            Self::Plain(roots)
            | Self::Number(roots)
            | Self::Several(roots)
            | Self::Part(roots)
            | Self::Discrete(roots) => roots.clone(),
            Self::Household(root) => BTreeSet::from([root.clone()]),
            Self::Person(_) | Self::Constant | Self::Mixed => BTreeSet::new(),
        }
    }

    /// The same columns of later scans of their tables.
    pub(super) fn of_scans_from(self, first: usize) -> Self {
        let later = |roots: BTreeSet<Root>| -> BTreeSet<Root> {
            let later = |root: Root| Root {
                scan: root.scan + first,
                ..root
            };
            roots.into_iter().map(later).collect()
        };
        match self {
            Self::Plain(roots) => Self::Plain(later(roots)),
            Self::Number(roots) => Self::Number(later(roots)),
            Self::Several(roots) => Self::Several(later(roots)),
            Self::Part(roots) => Self::Part(later(roots)),
            Self::Discrete(roots) => Self::Discrete(later(roots)),
            kind => kind,
        }
    }

    /// Of a column of an inner query: what several columns have been made of is no longer known there.
    pub(super) fn of_column(self) -> Self {
        match self {
            Self::Several(_) => Self::Mixed,
            kind => kind,
        }
    }
}

/// Whom a row belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowOwner {
    /// One person, whose column is among the columns (or was left out).
    Person,
    /// A record of a person that these columns of the table name, such as a claim.
    Record(String),
    /// No person: a worksite, a program, a municipality, a published figure.
    NoPerson,
}

/// Rows below a grouping: a plan that cannot fail on one row's values, and what its columns are.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub(super) plan: LogicalPlan,
    /// For every column of the plan.
    pub(super) kinds: Vec<Kind>,
    pub(super) owner: RowOwner,
}

impl Rows {
    pub(super) fn schema(&self) -> &DFSchema {
        self.plan.schema()
    }

    pub(super) fn kind_of(&self, column: &Column) -> Option<&Kind> {
        let idx = self.schema().maybe_index_of_column(column)?;
        self.kinds.get(idx)
    }

    /// The column by which persons are counted: the first of `names` that is there unchanged.
    pub(super) fn person(&self, names: &[&str]) -> Option<Expr> {
        names.iter().find_map(|name| {
            let is_it = |kind: &Kind| matches!(kind, Kind::Person(person) if person == name);
            let idx = self.kinds.iter().position(is_it)?;
            Some(Expr::Column(Column::from(
                self.schema().qualified_field(idx),
            )))
        })
    }

    pub(super) fn has_person(&self) -> bool {
        let is_person = |kind: &Kind| matches!(kind, Kind::Person(_));
        self.kinds.iter().any(is_person)
    }
}
