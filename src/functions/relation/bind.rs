//! From the arguments of a call in SQL to checked values, at plan time. Everything wrong with a call is found here, with its place
//! in the statement.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArgOperator, Ident, Spanned as _, UnaryOperator,
    Value,
};

use super::argument::{ArgumentDefinition, ArgumentKind};
use super::argument_error::{ArgumentError, ArgumentProblem, StatementPosition};
use super::bound_arguments::{ArgumentValue, BoundArguments};
use super::column_role::ColumnRole;
use super::definition::RelationDefinition;
use super::repeated::repeated_column;
use crate::diagnostic::did_you_mean;

/// Checks `arguments` of a call of `relation` that stands at `call` against the columns of `input`.
pub(super) fn bind(
    relation: &'static RelationDefinition,
    input: SchemaRef,
    call: StatementPosition,
    arguments: &[FunctionArg],
) -> Result<BoundArguments, ArgumentError> {
    let mut bound = BoundArguments::new(input);
    for (idx, argument) in arguments.iter().enumerate() {
        bind_one(&mut bound, relation, idx, argument)
            .map_err(|problem| relation.error(place(argument), problem))?;
    }
    check_together(&bound, relation)
        .map_err(|problem| relation.error(bound.place_of(&problem, call), problem))?;
    Ok(bound)
}

/// What only all arguments together tell: that none is missing, and that no column has two roles that exclude each other.
fn check_together(
    bound: &BoundArguments,
    relation: &'static RelationDefinition,
) -> Result<(), ArgumentProblem> {
    let required = relation
        .arguments
        .iter()
        .filter(|argument| argument.required);
    for definition in required {
        if !bound.has(definition.name) {
            return Err(ArgumentProblem::Missing {
                name: definition.name,
                hint: "",
            });
        }
    }
    repeated_column(bound).map_or(Ok(()), Err)
}

/// Adds the argument at `idx` behind the input.
fn bind_one(
    bound: &mut BoundArguments,
    relation: &'static RelationDefinition,
    idx: usize,
    argument: &FunctionArg,
) -> Result<(), ArgumentProblem> {
    let (name, value) = match argument {
        FunctionArg::Named {
            name,
            arg: FunctionArgExpr::Expr(value),
            operator: FunctionArgOperator::RightArrow,
        } => (name.value.to_lowercase(), value),
        FunctionArg::ExprNamed {
            name: Expr::Identifier(name),
            arg: FunctionArgExpr::Expr(value),
            operator: FunctionArgOperator::RightArrow,
        } => (name.value.to_lowercase(), value),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => match relation.positional {
            Some(name) if idx == 0 => (name.to_owned(), value),
            _ => return Err(ArgumentProblem::Positional),
        },
        _ => return Err(ArgumentProblem::Positional),
    };
    let Some(definition) = relation.arguments.iter().find(|d| d.name == name) else {
        let hint = did_you_mean(&name, relation.arguments.iter().map(|d| d.name));
        return Err(ArgumentProblem::Unknown { name, hint });
    };
    let value = typed(bound, definition, value)?;
    bound.insert(definition.name, place(argument), value)
}

/// The value of an argument in the type that its definition asks for.
fn typed(
    bound: &BoundArguments,
    definition: &'static ArgumentDefinition,
    expr: &Expr,
) -> Result<ArgumentValue, ArgumentProblem> {
    let name = definition.name;
    let wrong = || ArgumentProblem::Type {
        name,
        expected: definition.kind.to_string(),
        found: describe(expr),
    };
    match definition.kind {
        ArgumentKind::Column(role) => Ok(ArgumentValue::Columns(vec![column(
            bound, name, role, expr,
        )?])),
        ArgumentKind::Columns(role) => match expr {
            Expr::Array(array) => {
                let columns = array.elem.iter().map(|e| column(bound, name, role, e));
                Ok(ArgumentValue::Columns(columns.collect::<Result<_, _>>()?))
            }
            _ => Err(wrong()),
        },
        ArgumentKind::Amount(role) => match number(expr).map(|text| text.parse()) {
            Some(Ok(amount)) => Ok(ArgumentValue::Number(amount)),
            _ if names_column(expr) => Ok(ArgumentValue::Columns(vec![column(
                bound, name, role, expr,
            )?])),
            _ => Err(wrong()),
        },
        ArgumentKind::Words => match text(expr) {
            Some(words) => Ok(ArgumentValue::Text(words)),
            None if names_column(expr) => {
                let index = column(bound, name, ColumnRole::Label, expr)?;
                Ok(ArgumentValue::Columns(vec![index]))
            }
            None => Err(wrong()),
        },
        ArgumentKind::Text => text(expr).map(ArgumentValue::Text).ok_or_else(wrong),
        ArgumentKind::Choice(choices) => {
            let found = text(expr).ok_or_else(wrong)?;
            if choices.contains(&found.as_str()) {
                return Ok(ArgumentValue::Text(found));
            }
            let choices = choices.iter().map(|c| format!("'{c}'")).collect::<Vec<_>>();
            Err(ArgumentProblem::Choice {
                name,
                choices: choices.join(", "),
                found,
            })
        }
        ArgumentKind::Integer => number(expr)
            .and_then(|text| text.parse().ok())
            .map(ArgumentValue::Integer)
            .ok_or_else(wrong),
        ArgumentKind::Number => number(expr)
            .and_then(|text| text.parse().ok())
            .map(ArgumentValue::Number)
            .ok_or_else(wrong),
        ArgumentKind::Boolean => match expr {
            Expr::Value(value) => match value.value {
                Value::Boolean(flag) => Ok(ArgumentValue::Boolean(flag)),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        },
    }
}

fn names_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

/// The position of the input's column that `expr` names, if it can have the role.
fn column(
    bound: &BoundArguments,
    name: &'static str,
    role: ColumnRole,
    expr: &Expr,
) -> Result<usize, ArgumentProblem> {
    let ident = match expr {
        Expr::Identifier(ident) => ident,
        Expr::CompoundIdentifier(parts) if !parts.is_empty() => &parts[parts.len() - 1],
        _ => {
            return Err(ArgumentProblem::Type {
                name,
                expected: ArgumentKind::Column(role).to_string(),
                found: describe(expr),
            });
        }
    };
    let index = bound.find_column(name, &normalized(ident))?;
    bound.check_type(name, role, index)?;
    Ok(index)
}

fn place(argument: &FunctionArg) -> StatementPosition {
    StatementPosition::of(argument.span())
}

fn normalized(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => Some(text.clone()),
            _ => None,
        },
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => Some(format!("-{}", number(expr)?)),
        _ => None,
    }
}

fn describe(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => "a column name".to_owned(),
        Expr::Value(value) => match &value.value {
            Value::Number(_, _) => "a number".to_owned(),
            Value::Boolean(_) => "true or false".to_owned(),
            Value::Null => "NULL".to_owned(),
            Value::Placeholder(_) => "a parameter".to_owned(),
            _ => "text".to_owned(),
        },
        Expr::Array(_) => "a list".to_owned(),
        _ => "an expression".to_owned(),
    }
}
