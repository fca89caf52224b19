//! One evaluation made now, into memory: with other subgroups, or with what its gates would hide. The lake stays as it is.

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::error::PipelineError;
use super::header::Materialize;
use super::project::Project;
use super::query::{Query, Stage};
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
    made(project, lake, engine, |query| {
        query.evaluation() == Some(name)
    })
    .await
}

/// A session that has the persons and years of evaluation `name`, and none of its estimates.
///
/// # Errors
/// As [`estimate`].
pub async fn evaluation_panel(
    project: &Arc<Project>,
    lake: &Lake,
    engine: &Session,
    name: &str,
) -> Result<Session, PipelineError> {
    let is_of_panel =
        |query: &Query| query.evaluation() == Some(name) && query.stage == Stage::Panel;
    made(project, lake, engine, is_of_panel).await
}

/// A session with the rows of some queries made into memory, in running order.
async fn made(
    project: &Arc<Project>,
    lake: &Lake,
    engine: &Session,
    is_made: impl Fn(&Query) -> bool,
) -> Result<Session, PipelineError> {
    let catalogue = Catalogue::of_project(Arc::clone(project), Some(lake.pinned()));
    let session = catalogue.session(engine)?;
    let queries = project.dag.queries().iter();
    let tables = queries.filter(|query| query.header.materialize == Materialize::Table);
    for query in tables.filter(|query| is_made(query)) {
        let parameters = project.parameters_of(query);
        let frame = session.plan(&query.text, &parameters).await;
        let frame = frame.map_err(|source| query.not_planned(source))?;
        session.register_rows(&query.name, frame).await?;
    }
    Ok(session)
}
