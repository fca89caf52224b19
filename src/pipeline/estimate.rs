//! One evaluation made now, into memory: with other subgroups, or with what its gates would hide. The lake stays as it is.

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::error::PipelineError;
use super::header::Materialize;
use super::project::Project;
use super::query::Query;
use crate::lake::Lake;
use crate::session::Session;

/// A session of `engine` that has the tables of evaluation `name` as `project` says now, and the lake's others.
///
/// # Errors
/// When a query cannot be planned or run.
pub async fn estimate(
    project: &Arc<Project>,
    lake: &Lake,
    engine: &Session,
    name: &str,
) -> Result<Session, PipelineError> {
    let catalogue = Catalogue::of_project(Arc::clone(project), Some(lake.pinned()));
    let session = catalogue.session(engine)?;
    for query in tables_of(project, name) {
        let parameters = project.parameters_of(query);
        let frame = session.plan(&query.text, &parameters).await;
        let frame = frame.map_err(|source| query.not_planned(source))?;
        session.register_rows(&query.name, frame).await?;
    }
    Ok(session)
}

/// The queries whose tables evaluation `name` fills, in running order.
fn tables_of<'p>(project: &'p Project, name: &'p str) -> impl Iterator<Item = &'p Query> {
    let queries = project.dag.queries().iter();
    queries.filter(move |query| {
        query.evaluation() == Some(name) && query.header.materialize == Materialize::Table
    })
}
