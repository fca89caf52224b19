//! What operators yield, a value or a condition, and the constants that stand for no value.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::prelude::Expr;

/// Whether an operator computes a value of two.
pub(super) fn is_arithmetic(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Plus
            | Operator::Minus
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo
            | Operator::StringConcat
    )
}

/// Whether an operator yields a condition.
pub(super) fn is_comparison(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::And
            | Operator::Or
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// Whether an expression is the number zero or NULL.
pub(super) fn is_nothing(expression: &Expr) -> bool {
    match expression {
        Expr::Alias(alias) => is_nothing(&alias.expr),
        Expr::Cast(cast) => is_nothing(&cast.expr),
        Expr::Literal(value, _) => {
            let zero = ScalarValue::new_zero(&value.data_type());
            value.is_null() || zero.is_ok_and(|zero| zero == *value)
        }
        _ => false,
    }
}
