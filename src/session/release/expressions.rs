//! What expressions of one row are made of.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{Case, ExprSchemable as _, Operator};
use datafusion::prelude::Expr;

use super::allowed::refused;
use super::error::ReleaseError;
use super::lineage::{Kind, Root, Rows};
use super::operators::{is_comparison, is_nothing};

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
        // Whether there is a person or a household at all tells no persons apart.
        Expr::IsNull(of) | Expr::IsNotNull(of) if matches!(of.as_ref(), Expr::Column(_)) => {
            return Ok(made(kind(of, rows)?.roots()));
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
        Ok(TreeNodeRecursion::Continue)
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
        Expr::BinaryExpr(binary) if is_comparison(binary.op) => made(roots()),
        Expr::BinaryExpr(binary) => arithmetic(binary.op, &parts[0], &parts[1]),
        Expr::Negative(_) => arithmetic(Operator::Multiply, &parts[0], &Kind::Constant),
        Expr::Cast(cast) => as_type(&parts[0], cast.field.data_type(), &cast.expr, rows),
        Expr::TryCast(cast) => as_type(&parts[0], cast.field.data_type(), &cast.expr, rows),
        Expr::Case(case) => one_of(case, rows)?,
        Expr::ScalarFunction(function) => of_function(function.name(), &function.args, &parts),
        _ => made(roots()),
    })
}

/// A condition that the statement makes, as opposed to a yes or no that a table holds.
fn made(mut roots: BTreeSet<Root>) -> Kind {
    roots.insert(Root::made());
    Kind::Discrete(roots)
}

/// The kind of something that is computed with.
pub(super) fn value_kind(expression: &Expr, rows: &Rows) -> Result<Kind, ReleaseError> {
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
            if matches!(operator, Operator::Multiply | Operator::Divide) && is_apart(a, b) =>
        {
            Several(a | b)
        }
        _ => Mixed,
    }
}

/// Whether two numbers are of different columns, also when a table is scanned twice.
fn is_apart(a: &BTreeSet<Root>, b: &BTreeSet<Root>) -> bool {
    let is_same = |a: &Root, b: &Root| a.table == b.table && a.column == b.column;
    !a.iter().any(|a| b.iter().any(|b| is_same(a, b)))
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
        return Ok(made(roots));
    }
    Ok(match kinds.as_slice() {
        [Kind::Plain(roots) | Kind::Number(roots) | Kind::Part(roots)] => Kind::Part(roots.clone()),
        _ => Kind::Mixed,
    })
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
        return made(all());
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
