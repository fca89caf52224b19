//! Checks of all queries of a project: each is planned against the contracts and the queries before it, and reads no rows.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;

use super::catalogue::Catalogue;
use super::error::PipelineError;
use super::header_columns::{check_header_columns, check_tests};
use super::identity::schema_with_id;
use super::project::Project;
use super::query::Query;
use super::templates::{self, PANEL, PANEL_INDICATORS};
use crate::config::ParameterValue;
use crate::lake::storable_schema;
use crate::session::Session;

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
        let catalogue = Catalogue::of_project(Arc::new(self.clone()), None);
        let session = &catalogue.session(session)?;
        for query in self.dag.queries() {
            let frame = self.plan_query(session, query).await?;
            visit(query, frame.logical_plan());
            let mut schema = storable_schema(&query.name, frame.schema().as_arrow())?;
            if let Some(identity) = &query.header.identity {
                schema = schema_with_id(&schema, identity);
            }
            check_header_columns(query, &schema)?;
            session.register_empty(&query.name, Arc::clone(&schema))?;
            self.check_vocabulary(session, query, &schema).await?;
            check_tests(session, query, &self.parameters_of(query)).await?;
        }
        Ok(())
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
                let parameters = self.all_parameters();
                templates::check_indicators(session, vocabulary, schema, &parameters).await?;
            }
            PANEL_INDICATORS => {
                let parameters = self.all_parameters();
                templates::check_uses(session, vocabulary, schema, &parameters).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The parameters of the project file.
    fn all_parameters(&self) -> Vec<(String, ParameterValue)> {
        let given = self.config.parameters.iter();
        given
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}
