//! Which function of a column a number is. Several different functions of one column can be taken apart: from sums of `x` and
//! of `abs(x − 95)` follows what those above 95 have.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode as _;
use datafusion::logical_expr::{BinaryExpr, ExprSchemable as _, Operator};
use datafusion::prelude::Expr;

use super::lineage::{Kind, Rows};
use super::operators::is_nothing;

/// The function of columns that a number is, up to factors and constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Columns added up or taken from each other.
    Linear(BTreeSet<String>),
    /// Something else, as written.
    Other(String),
    /// The same with a constant at which it changes its slope or jumps: it says who is above.
    Kinked(String),
}

impl Form {
    /// Whether sums of both, shown together, are sums of the same columns and of nothing else.
    pub(super) fn can_stand_beside(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Linear(_), Self::Linear(_))) || self == other
    }
}

/// The form of a number.
pub(super) fn form(number: &Expr, rows: &Rows) -> Form {
    let other = || match is_kinked(number) {
        true => Form::Kinked(number.to_string()),
        false => Form::Other(number.to_string()),
    };
    match number {
        Expr::Alias(alias) => form(&alias.expr, rows),
        Expr::Negative(of) => form(of, rows),
        Expr::Cast(cast) if is_exact(&cast.expr, cast.field.data_type(), rows) => {
            form(&cast.expr, rows)
        }
        Expr::TryCast(cast) if is_exact(&cast.expr, cast.field.data_type(), rows) => {
            form(&cast.expr, rows)
        }
        Expr::Column(column) => match rows.kind_of(column) {
            Some(Kind::Plain(_)) => Form::Linear(BTreeSet::from([column.flat_name()])),
            _ => other(),
        },
        Expr::BinaryExpr(binary) => of_two(binary, rows).unwrap_or_else(other),
        Expr::ScalarFunction(function) => match (function.name(), function.args.as_slice()) {
            ("coalesce" | "nvl", [of, instead]) if is_nothing(instead) => form(of, rows),
            _ => other(),
        },
        Expr::Case(case) => {
            let branches = case.when_then_expr.iter().map(|(_, then)| then);
            let branches = branches.chain(&case.else_expr).map(AsRef::as_ref);
            let branches: Vec<&Expr> = branches.filter(|branch| !is_nothing(branch)).collect();
            match branches[..] {
                [branch] => form(branch, rows),
                _ => other(),
            }
        }
        _ => other(),
    }
}

/// Functions that change their slope or jump.
const KINKED: [&str; 8] = [
    "abs", "round", "floor", "ceil", "trunc", "signum", "greatest", "least",
];

/// Whether such a function is applied to something computed with a constant.
fn is_kinked(number: &Expr) -> bool {
    let of_call = |expression: &Expr| {
        Ok(match expression {
            Expr::ScalarFunction(function) => {
                let is_made = |argument: &Expr| !matches!(argument, Expr::Column(_));
                KINKED.contains(&function.name()) && function.args.iter().any(is_made)
            }
            _ => false,
        })
    };
    number.exists(of_call).unwrap_or(true)
}

fn of_two(binary: &BinaryExpr, rows: &Rows) -> Option<Form> {
    let BinaryExpr { left, op, right } = binary;
    let is_constant = |e: &Expr| matches!(e, Expr::Literal(..));
    match op {
        Operator::Plus | Operator::Minus | Operator::Multiply if is_constant(left) => {
            Some(form(right, rows))
        }
        Operator::Plus | Operator::Minus | Operator::Multiply if is_constant(right) => {
            Some(form(left, rows))
        }
        // Whole numbers are divided without a rest.
        Operator::Divide if is_constant(right) => {
            let data_type = binary_type(left, rows)?;
            data_type.is_floating().then(|| form(left, rows))
        }
        Operator::Plus | Operator::Minus => match (form(left, rows), form(right, rows)) {
            (Form::Linear(a), Form::Linear(b)) => Some(Form::Linear(&a | &b)),
            _ => None,
        },
        _ => None,
    }
}

fn binary_type(of: &Expr, rows: &Rows) -> Option<DataType> {
    of.get_type(rows.schema()).ok()
}

/// Whether a cast keeps every value.
fn is_exact(of: &Expr, target: &DataType, rows: &Rows) -> bool {
    let source = binary_type(of, rows);
    target.is_floating() || source.is_some_and(|kind| kind.is_integer() && target.is_integer())
}
