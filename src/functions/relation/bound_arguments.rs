//! A call's arguments after checking: typed values with their places in the statement. Execution never looks at SQL.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::SchemaRef;

use super::argument_error::{ArgumentProblem, StatementPosition};
use super::column_role::ColumnRole;
use crate::diagnostic::did_you_mean;

/// An argument's value after checking.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ArgumentValue {
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
    places: BTreeMap<&'static str, StatementPosition>,
}

impl BoundArguments {
    /// No arguments yet, for a call over `input`.
    pub(super) fn new(input: SchemaRef) -> Self {
        Self {
            input,
            values: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }

    /// Adds argument `name`, which stands at `place`; one that is there already is refused.
    pub(super) fn insert(
        &mut self,
        name: &'static str,
        place: StatementPosition,
        value: ArgumentValue,
    ) -> Result<(), ArgumentProblem> {
        self.places.insert(name, place);
        match self.values.insert(name, value) {
            None => Ok(()),
            Some(_) => Err(ArgumentProblem::Twice { name }),
        }
    }

    /// Whether argument `name` was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Where a problem is: at the argument it is about, where that was given, else at the call.
    pub(super) fn place_of(
        &self,
        problem: &ArgumentProblem,
        call: StatementPosition,
    ) -> StatementPosition {
        let argument = problem.argument().and_then(|name| self.places.get(name));
        argument.copied().unwrap_or(call)
    }

    /// The column arguments that were given, in the order of the statement.
    pub(super) fn column_arguments(&self) -> Vec<(&'static str, &[usize])> {
        let mut given: Vec<(StatementPosition, (&'static str, &[usize]))> = Vec::new();
        for (name, value) in &self.values {
            if let (ArgumentValue::Columns(columns), Some(place)) = (value, self.places.get(name)) {
                given.push((*place, (*name, columns)));
            }
        }
        given.sort_unstable();
        given.into_iter().map(|(_, named)| named).collect()
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

    /// The number given for argument `name`, where it is one.
    pub(super) fn given_number(&self, name: &str) -> Option<f64> {
        match self.values.get(name) {
            Some(ArgumentValue::Number(value)) => Some(*value),
            _ => None,
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
