//! Which tables must be built again, and why: exactly when an input's version, the query's text, a used
//! parameter or korabo's version changed.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::dag::Dag;
use super::error::PipelineError;
use super::header::Materialize;
use super::project::Project;
use super::query::Query;
use crate::lake::{Lake, LakeError, LakeTable, Provenance};

/// What `run` would do with one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// The query.
    pub name: String,
    /// Why it must be built; `None` when its table is up to date or it is a view.
    pub reason: Option<String>,
    /// Whether it is a view.
    pub is_view: bool,
}

/// What a run is to do, or [`plan`] to foresee.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Queries to bring up to date.
    pub selected: BTreeSet<String>,
    /// Whether their tables are built even if they are up to date.
    pub full_refresh: bool,
}

impl Work {
    /// All queries, as far as they are stale.
    #[must_use]
    pub fn everything(dag: &Dag) -> Self {
        Self {
            selected: dag
                .queries()
                .iter()
                .map(|query| query.name.clone())
                .collect(),
            full_refresh: false,
        }
    }

    /// Why the table of `query` is built, when `reason` says why it is stale.
    pub(super) fn reason(&self, query: &Query, reason: Option<String>) -> Option<String> {
        let is_forced = self.full_refresh && self.selected.contains(&query.name);
        reason.or_else(|| is_forced.then(|| "full refresh".to_owned()))
    }
}

/// Fingerprint of a table that will be built again; no version has it.
pub(super) const PENDING: &str = "pending";

/// What `run` would do with every selected query, in running order, once the tables `delivered` have new
/// rows; changes nothing.
///
/// # Errors
/// When the lake cannot be read.
pub async fn plan(
    project: &Project,
    lake: &Lake,
    work: &Work,
    delivered: &BTreeSet<String>,
) -> Result<Vec<PlannedStep>, PipelineError> {
    let selected = &work.selected;
    project.read_ahead(lake).await;
    let mut fingerprints = raw_fingerprints(project, lake).await?;
    for (table, fingerprint) in &mut fingerprints {
        // No version has this fingerprint, so whatever reads the table is stale.
        if delivered.contains(table) {
            PENDING.clone_into(fingerprint);
        }
    }
    let mut steps = Vec::new();
    for query in project.dag.queries() {
        let expected = expected_provenance(project, query, &fingerprints);
        let is_view = query.header.materialize == Materialize::View;
        let (fingerprint, reason) = if is_view {
            (view_fingerprint(&expected), None)
        } else {
            let table = lake.table(&query.name).await?;
            // Upkeep of files makes versions with the same rows; those make nothing stale.
            let version = table.as_ref().map(LakeTable::rows_version);
            let reason = match table {
                None => Some("not built yet".to_owned()),
                Some(table) => stale_reason(&table, &expected),
            };
            let reason = work.reason(query, reason);
            // A query that is not selected keeps its table, and what reads that sees the version of now.
            let is_current = reason.is_none() || !selected.contains(&query.name);
            match version {
                Some(version) if is_current => (version.to_string(), reason),
                _ => (PENDING.to_owned(), reason),
            }
        };
        fingerprints.insert(query.name.clone(), fingerprint);
        if selected.contains(&query.name) {
            steps.push(PlannedStep {
                name: query.name.clone(),
                reason,
                is_view,
            });
        }
    }
    Ok(steps)
}

/// Versions of the raw and own tables.
pub(super) async fn raw_fingerprints(
    project: &Project,
    lake: &Lake,
) -> Result<BTreeMap<String, String>, PipelineError> {
    let mut fingerprints = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for query in project.dag.queries() {
        names.extend(
            query
                .reads
                .iter()
                .filter(|t| project.dag.query(t).is_none())
                .cloned(),
        );
    }
    for name in names {
        let version = lake
            .table(&name)
            .await?
            .map(|table| table.rows_version().to_string());
        // A table that does not exist yet: its first delivery is then a change like any other.
        fingerprints.insert(name, version.unwrap_or_else(|| "none".to_owned()));
    }
    Ok(fingerprints)
}

/// The provenance the table of `query` has when it is up to date.
pub(super) fn expected_provenance(
    project: &Project,
    query: &Query,
    fingerprints: &BTreeMap<String, String>,
) -> Provenance {
    let parameters = project.parameters_of(query);
    Provenance {
        korabo_version: env!("CARGO_PKG_VERSION").to_owned(),
        query_hash: query.hash(),
        // The hash decides what is stale; the text is added when the table is published.
        query_text: None,
        parameters: parameters
            .iter()
            .map(|(k, v)| (k.clone(), v.to_string()))
            .collect(),
        inputs: query
            .reads
            .iter()
            .map(|table| {
                let fingerprint = fingerprints.get(table).cloned().unwrap_or_default();
                (table.clone(), fingerprint)
            })
            .collect(),
        receipt: None,
        same_rows_as: None,
        emptied: false,
    }
}

/// A view changes when its text, parameters or inputs do.
pub(super) fn view_fingerprint(provenance: &Provenance) -> String {
    // A view over a table that will be built has no fingerprint yet either.
    if provenance.inputs.values().any(|input| input == PENDING) {
        return PENDING.to_owned();
    }
    let text = serde_json::to_string(provenance).expect("plain maps and strings serialize");
    format!("view-{}", hex::encode(&Sha256::digest(text)[..8]))
}

/// Why `table` is not what `expected` describes.
pub(super) fn stale_reason(table: &LakeTable, expected: &Provenance) -> Option<String> {
    if let Err(LakeError::Damaged { file, problem, .. }) = table.check_sizes() {
        return Some(format!("`{file}` is damaged: {problem}"));
    }
    let Some(found) = &table.provenance else {
        return Some("written by another program".to_owned());
    };
    if found.emptied {
        return Some("persons were withdrawn".to_owned());
    }
    if found.query_hash != expected.query_hash {
        return Some("its query changed".to_owned());
    }
    if found.parameters != expected.parameters {
        return Some("a parameter changed".to_owned());
    }
    if found.korabo_version != expected.korabo_version {
        return Some(format!("built by korabo {}", found.korabo_version));
    }
    let changed: Vec<&str> = expected
        .inputs
        .iter()
        .filter(|(table, version)| found.inputs.get(*table) != Some(version))
        .map(|(table, _)| table.as_str())
        .collect();
    match changed.as_slice() {
        [] => None,
        [one] => Some(format!("`{one}` changed")),
        [first, rest @ ..] => Some(format!("`{first}` and {} more inputs changed", rest.len())),
    }
}
