//! Plans and checks of the queries of a project: each is planned against the contracts and the queries before it, and reads no rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;

use super::catalogue::Catalogue;
use super::error::PipelineError;
use super::header_columns::{check_header_columns, check_tests};
use super::identity::schema_with_id;
use super::project::Project;
use super::query::Query;
use super::templates::{self, PANEL, PANEL_INDICATORS};
use crate::lake::storable_schema;
use crate::session::{Session, SessionError};

impl Project {
    /// Plans every query against the contracts, without reading rows.
    ///
    /// # Errors
    /// For the first query that does not plan or whose header names a column it does not return.
    pub async fn check_queries(&self, session: &Session) -> Result<(), PipelineError> {
        self.plan_queries(session, &mut |_, _| ()).await
    }

    /// Plans every query against the contracts and hands each plan to `visit`, in the order in which they run.
    ///
    /// # Errors
    /// As [`Project::check_queries`].
    pub(super) async fn plan_queries(
        &self,
        session: &Session,
        visit: &mut (dyn FnMut(&Query, &LogicalPlan) + Send),
    ) -> Result<(), PipelineError> {
        let session = &self.session_without_rows(session)?;
        for query in self.dag.queries() {
            let frame = self.plan_query(session, query).await?;
            visit(query, frame.logical_plan());
            let schema = made_schema(query, &frame)?;
            check_header_columns(query, &schema)?;
            session.register_empty(&query.name, Arc::clone(&schema))?;
            self.check_vocabulary(session, query, &schema).await?;
            check_tests(session, query, &self.parameters_of(query)).await?;
        }
        Ok(())
    }

    /// Plans the queries that `tables` are made by, step by step, without the checks of [`Project::check_queries`].
    ///
    /// # Errors
    /// For the first query that does not plan.
    pub(super) async fn plan_tables(
        &self,
        session: &Session,
        tables: &BTreeSet<String>,
        visit: &mut (dyn FnMut(&Query, &LogicalPlan) + Send),
    ) -> Result<(), PipelineError> {
        let mut needed: BTreeSet<&str> = tables.iter().map(String::as_str).collect();
        for query in self.dag.queries().iter().rev() {
            if needed.contains(query.name.as_str()) {
                needed.extend(query.reads.iter().map(String::as_str));
            }
        }
        let session = &self.session_without_rows(session)?;
        let queries = self.dag.queries().iter();
        for query in queries.filter(|query| needed.contains(query.name.as_str())) {
            let frame = self.plan_query(session, query).await?;
            visit(query, frame.logical_plan());
            session.register_empty(&query.name, made_schema(query, &frame)?)?;
        }
        Ok(())
    }

    /// A session of the same engine with all tables and views of the project, none of which has rows.
    ///
    /// # Errors
    /// For the first query that does not plan.
    pub async fn planned_session(&self, engine: &Session) -> Result<Session, PipelineError> {
        let session = self.session_without_rows(engine)?;
        for query in self.dag.queries() {
            let frame = self.plan_query(&session, query).await?;
            session.register_empty(&query.name, made_schema(query, &frame)?)?;
        }
        Ok(session)
    }

    /// A session of the same engine with the tables that exist without a query, all of them empty.
    fn session_without_rows(&self, engine: &Session) -> Result<Session, SessionError> {
        Catalogue::of_project(Arc::new(self.clone()), None).session(engine)
    }

    /// Checks fields and indicators where `query` makes the table that they are about.
    async fn check_vocabulary(
        &self,
        session: &Session,
        query: &Query,
        schema: &SchemaRef,
    ) -> Result<(), PipelineError> {
        let vocabulary = &self.vocabulary;
        match query.name.as_str() {
            PANEL => {
                let parameters = self.config.parameter_values();
                templates::check_indicators(session, vocabulary, schema, &parameters).await?;
            }
            PANEL_INDICATORS => {
                let parameters = self.config.parameter_values();
                let plans = &self.evaluations;
                templates::check_uses(session, vocabulary, plans, schema, &parameters).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The columns of the table that `query`, planned as `frame`, makes.
fn made_schema(query: &Query, frame: &DataFrame) -> Result<SchemaRef, PipelineError> {
    let schema = storable_schema(&query.name, frame.schema().as_arrow())?;
    Ok(match &query.header.identity {
        Some(identity) => schema_with_id(&schema, identity),
        None => schema,
    })
}
