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
use super::argument_error::{ArgumentError, ArgumentProblem, Place};
use super::column_role::ColumnRole;
use super::repeated::repeated_column;
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

impl ArgumentDefinition {
    /// The same argument, for another relation.
    pub(super) const fn copy(&self) -> Self {
        Self {
            name: self.name,
            kind: self.kind,
            required: self.required,
            description: self.description,
        }
    }
}

/// What an argument may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A column of the input.
    Column(ColumnRole),
    /// A list of columns of the input: `[a, b]`.
    Columns(ColumnRole),
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
    places: BTreeMap<&'static str, Place>,
}

impl BoundArguments {
    /// Checks `arguments` of a call of `relation` that stands at `call` against the input's columns.
    pub(super) fn bind(
        relation: &'static RelationDefinition,
        input: SchemaRef,
        call: Place,
        arguments: &[FunctionArg],
    ) -> Result<Self, ArgumentError> {
        let mut bound = Self {
            input,
            values: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        for (idx, argument) in arguments.iter().enumerate() {
            bound
                .bind_one(relation, idx, argument)
                .map_err(|problem| relation.error(place(argument), problem))?;
        }
        bound
            .check_together(relation)
            .map_err(|problem| bound.error(relation, call, problem))?;
        Ok(bound)
    }

    /// What only all arguments together tell: that none is missing, and that no column has two roles that exclude each other.
    fn check_together(&self, relation: &'static RelationDefinition) -> Result<(), ArgumentProblem> {
        let required = relation
            .arguments
            .iter()
            .filter(|argument| argument.required);
        for definition in required {
            if !self.values.contains_key(definition.name) {
                return Err(ArgumentProblem::Missing {
                    name: definition.name,
                    hint: "",
                });
            }
        }
        repeated_column(self).map_or(Ok(()), Err)
    }

    /// The error at the argument it is about, where that was given, else at the call.
    pub(super) fn error(
        &self,
        relation: &'static RelationDefinition,
        call: Place,
        problem: ArgumentProblem,
    ) -> ArgumentError {
        let argument = problem.argument().and_then(|name| self.places.get(name));
        relation.error(argument.copied().unwrap_or(call), problem)
    }

    /// The column arguments that were given, in the order of the statement.
    pub(super) fn column_arguments(&self) -> Vec<(&'static str, &[usize])> {
        let mut given: Vec<(Place, (&'static str, &[usize]))> = Vec::new();
        for (name, value) in &self.values {
            if let (ArgumentValue::Columns(columns), Some(place)) = (value, self.places.get(name)) {
                given.push((*place, (*name, columns)));
            }
        }
        given.sort_unstable();
        given.into_iter().map(|(_, named)| named).collect()
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
        self.places.insert(definition.name, place(argument));
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
            ArgumentKind::Column(role) => {
                Ok(ArgumentValue::Columns(vec![self.column(name, role, expr)?]))
            }
            ArgumentKind::Columns(role) => match expr {
                Expr::Array(array) => {
                    let columns = array.elem.iter().map(|e| self.column(name, role, e));
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

    fn column(
        &self,
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
        let index = self.find_column(name, &normalized(ident))?;
        self.check_type(name, role, index)?;
        Ok(index)
    }

    /// Refuses the column at `index`, named by argument `name`, where its type does not suit its role.
    pub(super) fn check_type(
        &self,
        name: &'static str,
        role: ColumnRole,
        index: usize,
    ) -> Result<(), ArgumentProblem> {
        let field = self.input.field(index);
        if role.accepts(field.data_type()) {
            return Ok(());
        }
        Err(ArgumentProblem::ColumnType {
            name,
            column: field.name().clone(),
            expected: role.expected(),
            found: field.data_type().to_string(),
            hint: role.hint(field.name(), field.data_type()),
        })
    }

    /// The position of input column `column`, named by argument `name`.
    pub(super) fn find_column(
        &self,
        name: &'static str,
        column: &str,
    ) -> Result<usize, ArgumentProblem> {
        let fields = self.input.fields();
        let index = self
            .input
            .index_of(column)
            .map_err(|_| ArgumentProblem::NoColumn {
                name,
                column: column.to_owned(),
                hint: did_you_mean(column, fields.iter().map(|f| f.name().as_str())),
            })?;
        let n_columns = fields.iter().filter(|f| f.name() == column).count();
        if n_columns > 1 {
            return Err(ArgumentProblem::Ambiguous {
                name,
                column: column.to_owned(),
                n_columns,
            });
        }
        Ok(index)
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
            .ok_or(ArgumentProblem::Missing { name, hint: "" })
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

impl fmt::Display for ArgumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Column(_) => "a column of the input",
            Self::Columns(_) => "a list of columns like `[sex, age_band]`",
            Self::Text | Self::Choice(_) => "text in quotes",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
        })
    }
}

fn place(argument: &FunctionArg) -> Place {
    Place::of(argument.span())
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
