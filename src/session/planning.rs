//! Planning of read-only statements: parsed, checked for their size, with names and parameters bound, types checked.

use std::collections::HashMap;

use datafusion::common::{DataFusionError, ParamValues, ScalarValue, TableReference};
use datafusion::execution::SessionState;
use datafusion::prelude::{DataFrame, SQLOptions};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;

use super::context::Session;
use super::error::SessionError;
use super::query::ParsedQuery;
use super::{evaluation_calls, expansion, measure, names, unplannable};
use crate::config::ParameterValue;
use crate::functions;

impl Session {
    /// Plans one read-only statement with bound parameters.
    ///
    /// # Errors
    /// When it does not parse or plan, or would write.
    pub async fn plan(
        &self,
        sql: &str,
        parameters: &[(String, ParameterValue)],
    ) -> Result<DataFrame, SessionError> {
        self.plan_query(ParsedQuery::parse(sql)?, parameters).await
    }

    /// Plans a parsed query with bound parameters.
    ///
    /// # Errors
    /// When it does not plan, or would write.
    pub async fn plan_query(
        &self,
        query: ParsedQuery,
        parameters: &[(String, ParameterValue)],
    ) -> Result<DataFrame, SessionError> {
        let frame = self.prepare_with(query, parameters).await?;
        let mut unbound = frame
            .logical_plan()
            .get_parameter_names()?
            .into_iter()
            .collect::<Vec<_>>();
        unbound.retain(|name| {
            let name = name.trim_start_matches('$');
            parameters.iter().all(|(given, _)| given != name)
        });
        unbound.sort();
        if let Some(name) = unbound.first() {
            let message =
                format!("parameter `{name}` has no value; give it with --param NAME=VALUE");
            return Err(DataFusionError::Plan(message).into());
        }
        if frame.logical_plan().get_parameter_names()?.is_empty() {
            return Ok(frame);
        }
        let values: HashMap<String, ScalarValue> = parameters
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), scalar(value)?)))
            .collect();
        let frame = frame.with_param_values(ParamValues::from(values))?;
        self.check_types(&frame)?;
        Ok(frame)
    }

    /// Whether the types of a planned query fit each other. The engine finds out when the query is run, and then
    /// calls some of what does not fit its own bug.
    fn check_types(&self, frame: &DataFrame) -> Result<(), SessionError> {
        let state = self.ctx.state();
        let (analyzer, plan) = (state.analyzer(), frame.logical_plan().clone());
        let analyzed = analyzer.execute_and_check(plan, state.config_options(), |_, _| {});
        analyzed.map_err(|error| self.with_near_names(fault_of_sql(error)))?;
        Ok(())
    }

    /// Plans a parsed query; its parameters stay open.
    ///
    /// # Errors
    /// When it does not plan, or would write.
    pub async fn prepare(&self, query: ParsedQuery) -> Result<DataFrame, SessionError> {
        self.prepare_with(query, &[]).await
    }

    /// The same with the lists of names among `parameters` in their places; other parameters stay open.
    async fn prepare_with(
        &self,
        query: ParsedQuery,
        parameters: &[(String, ParameterValue)],
    ) -> Result<DataFrame, SessionError> {
        let read_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let state = self.ctx.state();
        let refused = |error| self.with_near_names(fault_of_sql(error));
        let mut statement = query.into_syntax();
        let mut asked = &mut statement;
        while let Statement::Explain(explain) = asked {
            asked = &mut explain.statement;
        }
        if let Statement::Statement(asked) = asked {
            evaluation_calls::name_views(asked).map_err(refused)?;
            functions::name_inputs(asked);
            names::bind(asked, parameters);
        }
        let named = state
            .resolve_table_references(&statement)
            .map_err(refused)?;
        if named.iter().any(is_listing) {
            list_tables(&state).await?;
        }
        if let Some(asked) = asked_in(&statement) {
            let views = parts_of_views(&state, asked, &named).await;
            let views = views.map_err(refused)?;
            expansion::check(asked, views, self.most_parts)?;
        }
        let plan = state.statement_to_plan(statement).await.map_err(refused)?;
        read_only.verify_plan(&plan)?;
        unplannable::check(&plan)?;
        measure::check(&plan, self.most_parts)?;
        let frame = self.ctx.execute_logical_plan(plan).await?;
        if frame.logical_plan().get_parameter_names()?.is_empty() {
            self.check_types(&frame)?;
        }
        Ok(frame)
    }
}

/// The statement itself, without the `EXPLAIN`s before it.
fn asked_in(statement: &Statement) -> Option<&ast::Statement> {
    match statement {
        Statement::Explain(explain) => asked_in(&explain.statement),
        Statement::Statement(asked) => Some(asked),
        _ => None,
    }
}

/// Where the engine keeps its lists of tables and columns.
const INFORMATION_SCHEMA: &str = "information_schema";

/// Whether a table tells of all others.
fn is_listing(table: &TableReference) -> bool {
    table.schema() == Some(INFORMATION_SCHEMA)
}

/// Opens every table, so that those that cannot be opened are left out where tables are listed.
async fn list_tables(state: &SessionState) -> Result<(), DataFusionError> {
    let tables = state.schema_for_ref(TableReference::bare(""))?;
    for name in tables.table_names() {
        drop(tables.table(&name).await);
    }
    Ok(())
}

/// The size of each view among the tables that a statement names.
async fn parts_of_views(
    state: &SessionState,
    statement: &ast::Statement,
    named: &[TableReference],
) -> Result<HashMap<String, u64>, DataFusionError> {
    // The engine's list has files, too, which are not to be opened twice.
    let alone = expansion::names(statement);
    let mut views = HashMap::new();
    for table in named {
        let TableReference::Bare { table: name } = table else {
            continue;
        };
        if alone.contains(name.as_ref())
            && let Some(table) = state.schema_for_ref(table.clone())?.table(name).await?
            && let Some(plan) = table.get_logical_plan()
        {
            views.insert(name.to_string(), measure::parts(&plan)?);
        }
    }
    Ok(views)
}

/// While a statement is planned, an internal error of the engine is its way of refusing the statement.
fn fault_of_sql(error: DataFusionError) -> DataFusionError {
    match error.find_root() {
        DataFusionError::Internal(message) => {
            let message = message.lines().next().unwrap_or_default();
            DataFusionError::Plan(message.to_owned())
        }
        _ => error,
    }
}

/// A parameter as a value; lists of names are none, see [`names`].
pub(crate) fn scalar(value: &ParameterValue) -> Option<ScalarValue> {
    Some(match value {
        ParameterValue::Integer(value) => ScalarValue::Int64(Some(*value)),
        ParameterValue::Number(value) => ScalarValue::Float64(Some(*value)),
        ParameterValue::Text(value) => ScalarValue::Utf8(Some(value.clone())),
        ParameterValue::Boolean(value) => ScalarValue::Boolean(Some(*value)),
        ParameterValue::Names(_) | ParameterValue::Word(_) | ParameterValue::Written(_) => {
            return None;
        }
    })
}
