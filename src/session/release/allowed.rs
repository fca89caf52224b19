//! Which expressions may stand below a grouping: those of one row that cannot fail.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, ExprSchemable as _, Operator, TryCast};
use datafusion::prelude::{Expr, cast, lit, nullif};

use super::attempt::{attempt, attempt_operation};
use super::error::ReleaseError;
use super::lineage::Rows;
use super::operators::{is_arithmetic, is_comparison, is_nothing};
use crate::functions::product_may_not_fit;

/// Functions of one number that keep it one number.
const OF_ONE_NUMBER: [&str; 12] = [
    "abs", "ln", "log", "log10", "log2", "sqrt", "cbrt", "round", "floor", "ceil", "trunc",
    "signum",
];
/// Other functions of one row that yield a value or NULL for every input.
const OF_ONE_ROW: [&str; 31] = [
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "nvl",
    "nvl2",
    "date_part",
    "date_trunc",
    "upper",
    "lower",
    "btrim",
    "ltrim",
    "rtrim",
    "trim",
    "substr",
    "substring",
    "left",
    "right",
    "character_length",
    "char_length",
    "length",
    "concat",
    "concat_ws",
    "starts_with",
    "ends_with",
    "strpos",
    "fiscal_year",
    "month_fiscal_year",
    "normalize_key",
    "isnan",
    "iszero",
];

/// Of these, those that the engine computes branch by branch, and that do not fail themselves.
pub(super) const BY_BRANCH: [&str; 6] = ["coalesce", "nullif", "greatest", "least", "nvl", "nvl2"];

/// The expression with what could fail on some value replaced by what is NULL there: an error would tell of the row.
///
/// # Errors
/// For what is not an expression of one row.
pub(super) fn safe(expression: &Expr, rows: &Rows) -> Result<Expr, ReleaseError> {
    refuse_others(expression)?;
    let schema = rows.schema();
    refuse_mixed_types(expression, schema)?;
    let safe = expression.clone().transform_up(|expression| {
        Ok(match expression {
            Expr::Cast(cast) => Transformed::yes(Expr::TryCast(TryCast {
                expr: cast.expr,
                field: cast.field,
            })),
            Expr::BinaryExpr(BinaryExpr { left, op, right })
                if matches!(op, Operator::Divide | Operator::Modulo) =>
            {
                let data_type = right.get_type(schema)?;
                // The least whole number has no opposite.
                let whole = left.get_type(schema)?;
                let least = whole.is_signed_integer().then(|| ScalarValue::min(&whole));
                let left = match least.flatten() {
                    Some(least) if !matches!(*left, Expr::Literal(..)) => {
                        Box::new(nullif(*left, lit(least)))
                    }
                    _ => left,
                };
                let right = match *right {
                    right if data_type.is_numeric() && !is_never_zero(&right) => {
                        let zero = ScalarValue::new_zero(&data_type)?;
                        nullif(right, lit(zero))
                    }
                    right => right,
                };
                Transformed::yes(operation(*left, op, right, schema)?)
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right })
                if matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply) =>
            {
                Transformed::yes(operation(*left, op, *right, schema)?)
            }
            Expr::ScalarFunction(ScalarFunction { func, args })
                if !BY_BRANCH.contains(&func.name()) =>
            {
                let func = Arc::new(attempt(&func));
                Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args }))
            }
            other => Transformed::no(other),
        })
    })?;
    // What lies above finds the column by its name.
    let name = expression.qualified_name();
    Ok(match safe.data {
        Expr::Alias(alias) => Expr::Alias(alias),
        other if other.qualified_name() == name => other,
        other => other.alias_qualified(name.0, name.1),
    })
}

/// An operation of two values, with NULL where it fails: decimals can be too long, and days out of range. Products of whole
/// numbers that may not fit are of doubles: what fails or is missing above a threshold tells who is above it.
fn operation(
    left: Expr,
    op: Operator,
    right: Expr,
    schema: &DFSchema,
) -> Result<Expr, DataFusionError> {
    let can_fail = |of: &Expr| {
        let data_type = of.get_type(schema)?;
        let is_plain = data_type.is_integer() || data_type.is_floating() || data_type.is_null();
        Ok::<_, DataFusionError>(!is_plain)
    };
    let can_fail = can_fail(&left)? || can_fail(&right)?;
    let (left, right) = match op {
        Operator::Multiply if product_may_not_fit(&left, &right, schema) => (
            cast(left, DataType::Float64),
            cast(right, DataType::Float64),
        ),
        _ => (left, right),
    };
    let (left, right) = (Box::new(left), Box::new(right));
    let expression = Expr::BinaryExpr(BinaryExpr { left, op, right });
    if !can_fail {
        return Ok(expression);
    }
    let data_type = expression.get_type(schema)?;
    Ok(match expression {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            attempt_operation(op, data_type).call(vec![*left, *right])
        }
        other => other,
    })
}

fn is_never_zero(divisor: &Expr) -> bool {
    matches!(divisor, Expr::Literal(value, _) if !value.is_null()) && !is_nothing(divisor)
}

fn refuse_others(expression: &Expr) -> Result<(), ReleaseError> {
    let mut found = None;
    expression.apply(|expression| {
        found = refused(expression);
        Ok(match found {
            Some(_) => TreeNodeRecursion::Stop,
            None => TreeNodeRecursion::Continue,
        })
    })?;
    found.map_or(Ok(()), Err)
}

/// Refuses texts in the place of other values: the engine would turn each into one, and fail on rows where it cannot.
fn refuse_mixed_types(expression: &Expr, schema: &DFSchema) -> Result<(), ReleaseError> {
    let mut is_mixed = false;
    expression.apply(|expression| {
        is_mixed = has_mixed_types(expression, schema)?;
        Ok(match is_mixed {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    })?;
    let what = "text beside numbers, days or yes and no".to_owned();
    match is_mixed {
        true => Err(ReleaseError::Expression { what }),
        false => Ok(()),
    }
}

/// Whether an expression takes texts for other values, or the other way round. A text in quotes that is compared is read once,
/// whatever the rows are.
fn has_mixed_types(expression: &Expr, schema: &DFSchema) -> Result<bool, DataFusionError> {
    let is_mixed = |values: Vec<&Expr>, is_compared: bool| {
        let (mut has_text, mut has_other) = (false, false);
        for value in values {
            let data_type = value.get_type(schema)?;
            let is_literal = matches!(value, Expr::Literal(..));
            match data_type.is_string() {
                true => has_text |= !(is_compared && is_literal),
                false => has_other |= !data_type.is_null(),
            }
        }
        Ok(has_text && has_other)
    };
    match expression {
        Expr::BinaryExpr(binary) if is_comparison(binary.op) => {
            is_mixed(vec![&binary.left, &binary.right], true)
        }
        Expr::Between(between) => is_mixed(vec![&between.expr, &between.low, &between.high], true),
        Expr::InList(list) => {
            let values = std::iter::once(list.expr.as_ref()).chain(&list.list);
            is_mixed(values.collect(), true)
        }
        Expr::Case(case) => {
            let (whens, thens): (Vec<&Expr>, Vec<&Expr>) = case
                .when_then_expr
                .iter()
                .map(|(when, then)| (when.as_ref(), then.as_ref()))
                .unzip();
            let other = case.else_expr.as_deref();
            let of = case.expr.as_deref();
            let compared = of.into_iter().chain(whens).collect();
            Ok(is_mixed(thens.into_iter().chain(other).collect(), false)?
                || of.is_some() && is_mixed(compared, true)?)
        }
        Expr::ScalarFunction(function) if BY_BRANCH.contains(&function.name()) => {
            is_mixed(function.args.iter().collect(), false)
        }
        _ => Ok(false),
    }
}

/// Why an expression by itself, whatever is in it, may not stand below a grouping.
pub(super) fn refused(expression: &Expr) -> Option<ReleaseError> {
    let what = match expression {
        Expr::Alias(_)
        | Expr::Column(_)
        | Expr::Literal(..)
        | Expr::Not(_)
        | Expr::IsNotNull(_)
        | Expr::IsNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Negative(_)
        | Expr::Between(_)
        | Expr::Case(_)
        | Expr::Cast(_)
        | Expr::TryCast(_)
        | Expr::InList(_) => return None,
        Expr::BinaryExpr(binary) if is_plain_operator(binary.op) => return None,
        Expr::BinaryExpr(binary) => binary.op.to_string(),
        Expr::Like(like) | Expr::SimilarTo(like) => match like.pattern.as_ref() {
            Expr::Literal(..) if matches!(expression, Expr::Like(_)) => return None,
            _ => "a pattern that is not a text in quotes".to_owned(),
        },
        Expr::ScalarFunction(function) => {
            let name = function.name();
            if OF_ONE_NUMBER.contains(&name) || OF_ONE_ROW.contains(&name) {
                return None;
            }
            name.to_owned()
        }
        Expr::Exists(_) => "EXISTS".to_owned(),
        Expr::InSubquery(_) | Expr::SetComparison(_) => "IN (SELECT …)".to_owned(),
        Expr::ScalarSubquery(_) => "a query in place of a value".to_owned(),
        Expr::OuterReferenceColumn(..) => {
            "a query that names columns of the one around it".to_owned()
        }
        Expr::WindowFunction(_) => "OVER (…)".to_owned(),
        Expr::AggregateFunction(_) => "an aggregate".to_owned(),
        _ => "this expression".to_owned(),
    };
    Some(ReleaseError::Expression { what })
}

fn is_plain_operator(operator: Operator) -> bool {
    is_comparison(operator) || is_arithmetic(operator)
}
