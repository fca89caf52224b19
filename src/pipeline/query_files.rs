//! The files of `queries/`: all of them, or the one that a name stands for.

use std::path::Path;

use super::error::PipelineError;
use super::query::{Query, Stage};
use super::{parts, plans, templates};
use crate::evaluation::Evaluations;
use crate::regular_file;
use crate::vocabulary::Vocabulary;

/// Every query of the project in folder `project`, those of templates and views of parts included, in no order.
pub(super) fn load_queries(
    project: &Path,
    vocabulary: &Vocabulary,
    evaluations: &Evaluations,
) -> Result<Vec<Query>, PipelineError> {
    let folder = project.join("queries");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs_err::read_dir(&folder).map_err(PipelineError::Unreadable)? {
        let path = entry.map_err(PipelineError::Unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    files.sort();
    let queries: Result<Vec<Query>, PipelineError> =
        files.iter().map(|path| read_query(path)).collect();
    let queries = templates::expand(queries?, vocabulary)?;
    parts::with_views(plans::expand(queries, evaluations, vocabulary)?)
}

fn read_query(path: &Path) -> Result<Query, PipelineError> {
    let text =
        regular_file::read_to_string(path).map_err(|source| PipelineError::UnreadableQuery {
            file: path.display().to_string(),
            source,
        })?;
    let name = path.file_name().unwrap_or_default();
    Query::parse(&Path::new("queries").join(name), &text)
}

/// The query that makes table or view `name` of the project in `folder`, without reading the others; `None` when there is none.
///
/// # Errors
/// With file, line and column of what is wrong in it.
pub(super) fn query_named(folder: &Path, name: &str) -> Result<Option<Query>, PipelineError> {
    // Names come from statements and must not lead out of the folder.
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let path = folder.join("queries").join(format!("{name}.sql"));
    if !name.chars().all(is_word) || Stage::of(name).is_none() {
        return Ok(None);
    }
    if path.is_file() {
        return read_query(&path).map(Some);
    }
    // Queries of a field, and views that others are parts of, have no file of their own.
    let vocabulary = Vocabulary::load(folder)?;
    let evaluations = Evaluations::load(folder, &vocabulary)?;
    let queries = load_queries(folder, &vocabulary, &evaluations)?;
    Ok(queries.into_iter().find(|query| query.name == name))
}
