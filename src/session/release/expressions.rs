//! Which expressions may stand below a grouping: those of one row that cannot fail, and what they are made of.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::logical_expr::{BinaryExpr, Case, ExprSchemable as _, Operator, TryCast};
use datafusion::prelude::{Expr, lit, nullif};

use super::ReleaseError;
use super::lineage::{Kind, Root, Rows};

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

/// The expression with what could fail on some value replaced by what is NULL there: an error would tell of the row.
///
/// # Errors
/// For what is not an expression of one row.
pub(super) fn safe(expression: &Expr, rows: &Rows) -> Result<Expr, ReleaseError> {
    refuse_others(expression)?;
    let schema = rows.schema();
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
                let right = match *right {
                    right if data_type.is_numeric() && !is_never_zero(&right) => {
                        let zero = ScalarValue::new_zero(&data_type)?;
                        nullif(right, lit(zero))
                    }
                    right => right,
                };
                Transformed::yes(Expr::BinaryExpr(BinaryExpr {
                    left,
                    op,
                    right: Box::new(right),
                }))
            }
            other => Transformed::no(other),
        })
    })?;
    let name = expression.qualified_name();
    Ok(match safe.data {
        Expr::Alias(alias) => Expr::Alias(alias),
        other if other.qualified_name() == name => other,
        other => other.alias_qualified(name.0, name.1),
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
            Some(_) => datafusion::common::tree_node::TreeNodeRecursion::Stop,
            None => datafusion::common::tree_node::TreeNodeRecursion::Continue,
        })
    })?;
    found.map_or(Ok(()), Err)
}

/// Why an expression by itself, whatever is in it, may not stand below a grouping.
fn refused(expression: &Expr) -> Option<ReleaseError> {
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
    is_comparison(operator)
        || matches!(
            operator,
            Operator::Plus
                | Operator::Minus
                | Operator::Multiply
                | Operator::Divide
                | Operator::Modulo
                | Operator::StringConcat
        )
}

fn is_comparison(operator: Operator) -> bool {
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

/// What an expression is made of.
///
/// # Errors
/// When it computes with what tells one person from another, or is not an expression of one row.
pub(super) fn kind(expression: &Expr, rows: &Rows) -> Result<Kind, ReleaseError> {
    if let Some(error) = refused(expression) {
        return Err(error);
    }
    match expression {
        Expr::Alias(alias) => return kind(&alias.expr, rows),
        Expr::Column(column) => {
            return Ok(rows.kind_of(column).cloned().unwrap_or(Kind::Mixed));
        }
        Expr::Literal(..) => return Ok(Kind::Constant),
        // Whether there is a person or a household at all tells nobody apart.
        Expr::IsNull(of) | Expr::IsNotNull(of) if matches!(of.as_ref(), Expr::Column(_)) => {
            return Ok(Kind::Discrete(kind(of, rows)?.roots()));
        }
        _ => {}
    }
    let mut parts = Vec::new();
    let mut failed = None;
    expression.apply_children(|part| {
        match value_kind(part, rows) {
            Ok(kind) => parts.push(kind),
            Err(error) => failed = Some(error),
        }
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let roots = || {
        parts
            .iter()
            .flat_map(Kind::roots)
            .collect::<BTreeSet<Root>>()
    };
    if parts.iter().all(|part| *part == Kind::Constant) {
        return Ok(Kind::Constant);
    }
    Ok(match expression {
        Expr::BinaryExpr(binary) if is_comparison(binary.op) => Kind::Discrete(roots()),
        Expr::BinaryExpr(binary) => arithmetic(binary.op, &parts[0], &parts[1]),
        Expr::Negative(_) => arithmetic(Operator::Multiply, &parts[0], &Kind::Constant),
        Expr::Cast(cast) => as_type(&parts[0], cast.field.data_type(), &cast.expr, rows),
        Expr::TryCast(cast) => as_type(&parts[0], cast.field.data_type(), &cast.expr, rows),
        Expr::Case(case) => one_of(case, rows)?,
        Expr::ScalarFunction(function) => of_function(function.name(), &function.args, &parts),
        _ => Kind::Discrete(roots()),
    })
}

/// The kind of something that is computed with.
fn value_kind(expression: &Expr, rows: &Rows) -> Result<Kind, ReleaseError> {
    match kind(expression, rows)? {
        Kind::Person(column) => Err(ReleaseError::ComputedPerson { column }),
        Kind::Household(Root { column, .. }) => Err(ReleaseError::ComputedPerson { column }),
        kind => Ok(kind),
    }
}

fn arithmetic(operator: Operator, left: &Kind, right: &Kind) -> Kind {
    use Kind::{Constant, Discrete, Mixed, Number, Part, Plain, Several};
    let is_sum = matches!(operator, Operator::Plus | Operator::Minus);
    match (left, right) {
        (Discrete(a), Discrete(b)) => Discrete(a | b),
        (Discrete(a), Constant) | (Constant, Discrete(a)) => Discrete(a.clone()),
        (Plain(a) | Number(a), Constant) => Number(a.clone()),
        (Constant, Plain(a) | Number(a)) if operator != Operator::Modulo => Number(a.clone()),
        (Several(a), Constant) if operator != Operator::Modulo => Several(a.clone()),
        (Constant, Several(a)) if is_sum || operator == Operator::Multiply => Several(a.clone()),
        (Part(a), Constant) if matches!(operator, Operator::Multiply | Operator::Divide) => {
            Part(a.clone())
        }
        (Constant, Part(a)) if operator == Operator::Multiply => Part(a.clone()),
        // With factors, or one column twice, sums could be taken apart again or imitate a condition.
        (Plain(a) | Several(a), Plain(b) | Several(b)) if is_sum && a.is_disjoint(b) => {
            Several(a | b)
        }
        (Plain(a), Plain(b))
            if matches!(operator, Operator::Multiply | Operator::Divide) && a.is_disjoint(b) =>
        {
            Several(a | b)
        }
        _ => Mixed,
    }
}

fn as_type(kind: &Kind, target: &DataType, of: &Expr, rows: &Rows) -> Kind {
    let is_exact = match of.get_type(rows.schema()) {
        Ok(source) if source.is_integer() => target.is_numeric(),
        Ok(source) => source.is_floating() && target.is_floating(),
        Err(_) => false,
    };
    match kind {
        Kind::Plain(roots) if !is_exact => Kind::Number(roots.clone()),
        Kind::Several(_) | Kind::Part(_) if !is_exact && !target.is_floating() => Kind::Mixed,
        kind => kind.clone(),
    }
}

/// `CASE`: constants by conditions, or a number where a condition holds.
fn one_of(case: &Case, rows: &Rows) -> Result<Kind, ReleaseError> {
    let mut roots = BTreeSet::new();
    let conditions = case.when_then_expr.iter().map(|(when, _)| when);
    for condition in case.expr.iter().chain(conditions) {
        roots.extend(value_kind(condition, rows)?.roots());
    }
    let branches = case.when_then_expr.iter().map(|(_, then)| then);
    let branches: Vec<&Expr> = branches.chain(&case.else_expr).map(AsRef::as_ref).collect();
    let mut kinds = Vec::new();
    for branch in branches {
        match value_kind(branch, rows)? {
            Kind::Constant if is_nothing(branch) => {}
            kind => kinds.push(kind),
        }
    }
    let is_discrete = |kind: &Kind| matches!(kind, Kind::Constant | Kind::Discrete(_));
    if kinds.iter().all(is_discrete) {
        roots.extend(kinds.iter().flat_map(Kind::roots));
        return Ok(Kind::Discrete(roots));
    }
    Ok(match kinds.as_slice() {
        [Kind::Plain(roots) | Kind::Number(roots) | Kind::Part(roots)] => Kind::Part(roots.clone()),
        _ => Kind::Mixed,
    })
}

/// Whether an expression is the number zero or NULL.
fn is_nothing(expression: &Expr) -> bool {
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

fn of_function(name: &str, arguments: &[Expr], parts: &[Kind]) -> Kind {
    let all = || {
        parts
            .iter()
            .flat_map(Kind::roots)
            .collect::<BTreeSet<Root>>()
    };
    let is_discrete = |kind: &Kind| matches!(kind, Kind::Constant | Kind::Discrete(_));
    if parts.iter().all(is_discrete) {
        return Kind::Discrete(all());
    }
    let varying: Vec<&Kind> = parts
        .iter()
        .filter(|kind| **kind != Kind::Constant)
        .collect();
    let [only] = varying[..] else {
        return Kind::Mixed;
    };
    match (name, only) {
        ("coalesce" | "nvl", Kind::Plain(roots) | Kind::Number(roots) | Kind::Part(roots))
            if arguments.len() == 2 && is_nothing(&arguments[1]) =>
        {
            Kind::Part(roots.clone())
        }
        ("coalesce" | "nvl" | "nvl2", _) => Kind::Mixed,
        (_, Kind::Plain(roots) | Kind::Number(roots)) => Kind::Number(roots.clone()),
        _ => Kind::Mixed,
    }
}
