//! One evaluation made now, into memory: with other subgroups, or with what its gates would hide. The lake stays as it is.

use std::fmt::Write as _;
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::error::PipelineError;
use super::header::Materialize;
use super::project::Project;
use super::query::Query;
use crate::config::ParameterValue;
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

/// The estimates of evaluation `name` as one statement that can be run by hand: what its views and tables are made by, one
/// after the other, with the plan's values in place of parameters. `None` where there is no such evaluation.
#[must_use]
pub fn statement(project: &Project, name: &str) -> Option<String> {
    let made = format!("evaluation_estimates_{name}");
    project.dag.query(&made)?;
    let mut needed = vec![made.clone()];
    let suffix = format!("_{name}");
    for query in project.dag.queries().iter().rev() {
        if needed.contains(&query.name) {
            let own = query.reads.iter().filter(|table| table.ends_with(&suffix));
            needed.extend(own.cloned());
        }
    }
    let queries = project.dag.queries().iter();
    let queries = queries.filter(|query| needed.contains(&query.name));
    let mut text = String::new();
    for (place, query) in queries.clone().enumerate() {
        let opening = if place == 0 { "with" } else { "," };
        let _ = write!(
            text,
            "{opening}\n{} as (\n{}\n)",
            query.name,
            written_out(project, query)
        );
    }
    let _ = write!(text, "\n\nselect * from {made};\n");
    Some(text)
}

/// The text of a query without its header, with the values of its parameters in their places.
fn written_out(project: &Project, query: &Query) -> String {
    let is_header = |line: &&str| line.starts_with("--") || line.trim().is_empty();
    let lines: Vec<&str> = query.text.lines().skip_while(is_header).collect();
    let mut text = lines.join("\n");
    let mut parameters = project.parameters_of(query);
    // The longest name first: `$by` is also the beginning of others.
    parameters.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in parameters {
        let value = match value {
            ParameterValue::Text(text) => format!("'{}'", text.replace('\'', "''")),
            other => other.to_string(),
        };
        text = text.replace(&format!("${name}"), &value);
    }
    text.trim_end().to_owned()
}
