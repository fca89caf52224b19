//! Arguments of relations: from SQL to typed values at plan time. Everything wrong with a call is found
//! here, with its place in the statement; execution never looks at SQL.

use std::collections::BTreeMap;
use std::fmt;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArgOperator, Ident, Spanned as _, UnaryOperator,
    Value,
};

use super::RelationDefinition;
use crate::diagnostic::did_you_mean;

/// A named argument a relation takes.
#[derive(Debug)]
pub struct ArgumentDefinition {
    /// Name before `=>`.
    pub name: &'static str,
    /// What it may be.
    pub kind: ArgumentKind,
    /// Whether a call must give it.
    pub required: bool,
    /// What it means, with the default.
    pub description: &'static str,
}

/// What an argument may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A column of the input.
    Column,
    /// A list of columns of the input: `[a, b]`.
    Columns,
    /// Text in quotes.
    Text,
    /// One of some words, in quotes.
    Choice(&'static [&'static str]),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// An argument's value after checking.
#[derive(Debug, Clone, PartialEq)]
enum ArgumentValue {
    Columns(Vec<usize>),
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
}

/// A call's checked arguments.
#[derive(Debug, Clone)]
pub struct BoundArguments {
    input: SchemaRef,
    values: BTreeMap<&'static str, ArgumentValue>,
}

/// A call that cannot be planned, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ArgumentError {
    /// The relation called.
    pub relation: &'static str,
    /// Line in the statement, from 1; 0 when unknown.
    pub line: u64,
    /// Column in the statement, from 1; 0 when unknown.
    pub column: u64,
    /// What is wrong.
    pub problem: ArgumentProblem,
    /// How it is called.
    pub usage: &'static str,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.relation)?;
        if self.line > 0 {
            write!(f, " at line {}, column {}", self.line, self.column)?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What can be wrong with a relation's arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ArgumentProblem {
    #[error("the first argument must be a table name or a query in parentheses")]
    NoInput,
    #[error("unknown argument `{name}`{hint}")]
    Unknown { name: String, hint: String },
    #[error("argument `{name}` is missing")]
    Missing { name: &'static str },
    #[error("argument `{name}` is given twice")]
    Twice { name: &'static str },
    #[error("argument `{name}` must be {expected}, found {found}")]
    Type {
        name: &'static str,
        expected: String,
        found: String,
    },
    #[error("argument `{name}`: no column `{column}` in the input{hint}")]
    NoColumn {
        name: &'static str,
        column: String,
        hint: String,
    },
    #[error("argument `{name}` must be one of {choices}, found '{found}'")]
    Choice {
        name: &'static str,
        choices: String,
        found: String,
    },
    #[error("positional arguments after the input are not taken here; write `name => value`")]
    Positional,
    #[error("formula: {message}")]
    Formula { message: String },
    #[error("`{name}`: {message}")]
    Invalid { name: &'static str, message: String },
}

impl BoundArguments {
    /// Checks `arguments` of a call of `relation` against the input's columns.
    pub(super) fn bind(
        relation: &'static RelationDefinition,
        input: SchemaRef,
        arguments: &[FunctionArg],
    ) -> Result<Self, ArgumentError> {
        let mut bound = Self {
            input,
            values: BTreeMap::new(),
        };
        for (idx, argument) in arguments.iter().enumerate() {
            let (line, column) = position(argument);
            bound
                .bind_one(relation, idx, argument)
                .map_err(|problem| relation.error(line, column, problem))?;
        }
        for definition in relation
            .arguments
            .iter()
            .filter(|definition| definition.required)
        {
            if !bound.values.contains_key(definition.name) {
                let problem = ArgumentProblem::Missing {
                    name: definition.name,
                };
                return Err(relation.error(0, 0, problem));
            }
        }
        Ok(bound)
    }

    fn bind_one(
        &mut self,
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
        let value = self.value(definition, value)?;
        match self.values.insert(definition.name, value) {
            None => Ok(()),
            Some(_) => Err(ArgumentProblem::Twice {
                name: definition.name,
            }),
        }
    }

    fn value(
        &self,
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
            ArgumentKind::Column => Ok(ArgumentValue::Columns(vec![self.column(name, expr)?])),
            ArgumentKind::Columns => match expr {
                Expr::Array(array) => {
                    let columns = array.elem.iter().map(|e| self.column(name, e));
                    Ok(ArgumentValue::Columns(columns.collect::<Result<_, _>>()?))
                }
                _ => Err(wrong()),
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

    fn column(&self, name: &'static str, expr: &Expr) -> Result<usize, ArgumentProblem> {
        let ident = match expr {
            Expr::Identifier(ident) => ident,
            Expr::CompoundIdentifier(parts) if !parts.is_empty() => &parts[parts.len() - 1],
            _ => {
                return Err(ArgumentProblem::Type {
                    name,
                    expected: ArgumentKind::Column.to_string(),
                    found: describe(expr),
                });
            }
        };
        self.find_column(name, &normalized(ident))
    }

    /// The position of input column `column`, named by argument `name`.
    pub(super) fn find_column(
        &self,
        name: &'static str,
        column: &str,
    ) -> Result<usize, ArgumentProblem> {
        self.input
            .index_of(column)
            .map_err(|_| ArgumentProblem::NoColumn {
                name,
                column: column.to_owned(),
                hint: did_you_mean(
                    column,
                    self.input.fields().iter().map(|f| f.name().as_str()),
                ),
            })
    }

    /// The input's columns.
    pub(super) fn input(&self) -> &SchemaRef {
        &self.input
    }

    /// Column argument `name`; `None` when it was not given.
    pub(super) fn optional_column(&self, name: &str) -> Option<usize> {
        self.columns(name).first().copied()
    }

    /// Required column argument `name`.
    pub(super) fn required_column(&self, name: &'static str) -> Result<usize, ArgumentProblem> {
        self.optional_column(name)
            .ok_or(ArgumentProblem::Missing { name })
    }

    /// Column-list argument `name`; empty when it was not given.
    pub(super) fn columns(&self, name: &str) -> &[usize] {
        match self.values.get(name) {
            Some(ArgumentValue::Columns(columns)) => columns,
            _ => &[],
        }
    }

    /// Text argument `name`, or `default`.
    pub(super) fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        match self.values.get(name) {
            Some(ArgumentValue::Text(text)) => text,
            _ => default,
        }
    }

    /// Whole-number argument `name`.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.values.get(name) {
            Some(ArgumentValue::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    /// Number argument `name`, or `default`.
    pub(super) fn number(&self, name: &str, default: f64) -> f64 {
        match self.values.get(name) {
            Some(ArgumentValue::Number(value)) => *value,
            _ => default,
        }
    }

    /// Boolean argument `name`, or `default`.
    pub(super) fn boolean(&self, name: &str, default: bool) -> bool {
        match self.values.get(name) {
            Some(ArgumentValue::Boolean(value)) => *value,
            _ => default,
        }
    }
}

impl RelationDefinition {
    pub(super) fn error(
        &'static self,
        line: u64,
        column: u64,
        problem: ArgumentProblem,
    ) -> ArgumentError {
        ArgumentError {
            relation: self.name,
            line,
            column,
            problem,
            usage: self.usage,
        }
    }
}

impl fmt::Display for ArgumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Column => "a column of the input",
            Self::Columns => "a list of columns like `[sex, age_band]`",
            Self::Text | Self::Choice(_) => "text in quotes",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
        })
    }
}

fn position(argument: &FunctionArg) -> (u64, u64) {
    let start = argument.span().start;
    (start.line, start.column)
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
