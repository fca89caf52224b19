//! Views that queries are parts of: `-- part_of: effect_fields` in the headers of several tables makes the view `effect_fields` of all
//! their rows. A table is added to what reads the view by its own file; nothing lists the parts.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::PipelineError;
use super::header::Sensitivity;
use super::query::Query;

/// `queries` and the views that they are parts of.
///
/// # Errors
/// When a query has the name of such a view.
pub(super) fn with_views(mut queries: Vec<Query>) -> Result<Vec<Query>, PipelineError> {
    let mut views: BTreeMap<String, Vec<&Query>> = BTreeMap::new();
    for query in &queries {
        if let Some(view) = &query.header.part_of {
            views.entry(view.clone()).or_default().push(query);
        }
    }
    let taken = views
        .iter()
        .find(|(view, _)| queries.iter().any(|query| query.name == **view));
    if let Some((_, parts)) = taken {
        return Err(PipelineError::Header {
            at: parts[0].location_of_key("part_of"),
            key: "part_of".to_owned(),
            expected: "a name of its own: there is a query of that name",
        });
    }
    let made: Result<Vec<Query>, PipelineError> = views
        .iter()
        .map(|(view, parts)| view_of(view, parts))
        .collect();
    queries.extend(made?);
    Ok(queries)
}

fn view_of(name: &str, parts: &[&Query]) -> Result<Query, PipelineError> {
    let names: Vec<String> = parts.iter().map(|part| part.name.clone()).collect();
    let is_of_persons = parts
        .iter()
        .any(|part| part.header.sensitivity == Sensitivity::Person);
    let sensitivity = if is_of_persons { "person" } else { "aggregate" };
    let text = format!(
        "-- The rows of {}: every table whose query says that it is part of {name}.\n\
         -- materialize: view\n-- sensitivity: {sensitivity}\n\n{}",
        names.join(", "),
        rows_of(&names)
    );
    let mut view = Query::parse(&Path::new("queries").join(name), &text)?;
    view.parts = names;
    Ok(view)
}

/// All rows of some tables.
pub(super) fn rows_of(tables: &[String]) -> String {
    let rows: Vec<String> = tables
        .iter()
        .map(|table| format!("select * from {table}"))
        .collect();
    rows.join("\nunion all by name\n") + "\n"
}
