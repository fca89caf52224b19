//! Why a version of a table differs from another: read from what made each, and followed to where the change began.

use std::collections::{BTreeMap, BTreeSet};

use super::versions::VersionsAfter;
use crate::ingest::DELIVERIES;
use crate::lake::{Lake, LakeError, Provenance};
use crate::pipeline::header::Materialize;
use crate::pipeline::history::{integers, text_at};
use crate::pipeline::project::Project;

/// One reason why a version differs from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// It was built for the first time.
    First,
    /// Its query's text changed.
    Query {
        /// The text before, when it was recorded.
        before: Option<String>,
        /// The text after.
        after: Option<String>,
    },
    /// A parameter changed; `None` where the query did not have it.
    Parameter {
        /// Its name.
        name: String,
        /// Its value before.
        before: Option<String>,
        /// Its value after.
        after: Option<String>,
    },
    /// Another version of korabo built it.
    Korabo {
        /// The version before.
        before: String,
        /// The version after.
        after: String,
    },
    /// A table it reads changed.
    Input {
        /// The table.
        table: String,
        /// Its version or fingerprint before; empty when it was not read.
        before: String,
        /// Its version or fingerprint after.
        after: String,
        /// For raw tables: files of the deliveries in between.
        deliveries: Vec<String>,
    },
    /// None of its inputs changed; it was rebuilt because that was requested.
    Again,
    /// What made one of the versions is no longer recorded in the lake.
    Unknown,
}

/// A change that others inherited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCause {
    /// From the table where it began to the table that inherited it.
    pub path: Vec<String>,
    /// What changed there.
    pub cause: Cause,
}

/// How the versions in the lake were made, as their provenance says.
pub(super) struct VersionHistory<'a> {
    pub(super) built: VersionsAfter,
    project: &'a Project,
    lake: &'a Lake,
    /// Deliveries by table: version and file.
    deliveries: BTreeMap<String, Vec<(i64, String)>>,
    known: BTreeMap<String, Vec<Cause>>,
}

impl<'a> VersionHistory<'a> {
    pub(super) async fn read(
        project: &'a Project,
        lake: &'a Lake,
        built: VersionsAfter,
    ) -> Result<Self, LakeError> {
        let mut deliveries: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
        if let Some(table) = lake.table(DELIVERIES).await? {
            for batch in table.read(None)? {
                let batch = batch?;
                let versions = integers(&batch, "lake_version");
                for row in 0..batch.num_rows() {
                    let table = text_at(&batch, "table_name", row).unwrap_or_default();
                    let file = text_at(&batch, "file", row).unwrap_or_default();
                    deliveries
                        .entry(table)
                        .or_default()
                        .push((versions.value(row), file));
                }
            }
        }
        Ok(Self {
            built,
            project,
            lake,
            deliveries,
            known: BTreeMap::new(),
        })
    }

    /// Why the versions of `table` differ.
    pub(super) async fn causes(&mut self, table: &str) -> Result<Vec<Cause>, LakeError> {
        if let Some(causes) = self.known.get(table) {
            return Ok(causes.clone());
        }
        let causes = match self.built.of(table) {
            (before, after) if before == after => Vec::new(),
            (None, _) | (_, None) => vec![Cause::First],
            (Some(before), Some(after)) => {
                let before = self.provenance(table, before).await;
                let after = self.provenance(table, after).await;
                match (before, after) {
                    (Some(before), Some(after)) => self.compare(&before, &after),
                    _ => vec![Cause::Unknown],
                }
            }
        };
        self.known.insert(table.to_owned(), causes.clone());
        Ok(causes)
    }

    async fn provenance(&self, table: &str, version: u64) -> Option<Provenance> {
        let table = self.lake.table_at(table, version).await.ok()?;
        table.provenance
    }

    fn compare(&self, before: &Provenance, after: &Provenance) -> Vec<Cause> {
        let mut causes = Vec::new();
        if before.query_hash != after.query_hash {
            causes.push(Cause::Query {
                before: before.query_text.clone(),
                after: after.query_text.clone(),
            });
        }
        for (name, before, after) in differing(&before.parameters, &after.parameters) {
            causes.push(Cause::Parameter {
                name,
                before,
                after,
            });
        }
        if before.korabo_version != after.korabo_version {
            causes.push(Cause::Korabo {
                before: before.korabo_version.clone(),
                after: after.korabo_version.clone(),
            });
        }
        for (table, before, after) in differing(&before.inputs, &after.inputs) {
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            let deliveries = self.deliveries_between(&table, &before, &after);
            causes.push(Cause::Input {
                table,
                before,
                after,
                deliveries,
            });
        }
        if causes.is_empty() {
            causes.push(Cause::Again);
        }
        causes
    }

    fn deliveries_between(&self, table: &str, before: &str, after: &str) -> Vec<String> {
        let Ok(after) = after.parse::<i64>() else {
            return Vec::new();
        };
        let before = before.parse::<i64>().unwrap_or(-1);
        let deliveries = self.deliveries.get(table).into_iter().flatten();
        let mut between: Vec<&(i64, String)> = deliveries
            .filter(|(version, _)| before < *version && *version <= after)
            .collect();
        between.sort();
        between.into_iter().map(|(_, file)| file.clone()).collect()
    }

    /// Where the changes that `table` inherited began, each by the shortest way.
    pub(super) async fn roots(&mut self, table: &str) -> Result<Vec<RootCause>, LakeError> {
        let mut roots: Vec<RootCause> = Vec::new();
        let mut seen = BTreeSet::from([table.to_owned()]);
        let mut paths = vec![vec![table.to_owned()]];
        // Level by level, so that the first way that is found is the shortest.
        while !paths.is_empty() {
            let mut next = Vec::new();
            for path in paths {
                for (input, cause) in self.inherited(&path[0]).await? {
                    let path: Vec<String> = std::iter::once(input.clone())
                        .chain(path.iter().cloned())
                        .collect();
                    let is_raw = self.project.dag.query(&input).is_none();
                    if !seen.insert(input.clone()) {
                        continue;
                    }
                    if is_raw {
                        roots.push(RootCause { path, cause });
                        continue;
                    }
                    for cause in self.own_causes(&input).await? {
                        roots.push(RootCause {
                            path: path.clone(),
                            cause,
                        });
                    }
                    next.push(path);
                }
            }
            paths = next;
        }
        Ok(roots)
    }

    /// Changes that began at `table` itself.
    async fn own_causes(&mut self, table: &str) -> Result<Vec<Cause>, LakeError> {
        if self.is_view(table) {
            // No version of a view is kept: when nothing it reads changed, its query did, or a parameter.
            let inherits = !self.inherited(table).await?.is_empty();
            let text = Cause::Query {
                before: None,
                after: None,
            };
            return Ok(if inherits { Vec::new() } else { vec![text] });
        }
        let causes = self.causes(table).await?;
        let is_own = |cause: &Cause| !matches!(cause, Cause::Input { .. });
        Ok(causes.into_iter().filter(is_own).collect())
    }

    fn is_view(&self, table: &str) -> bool {
        let query = self.project.dag.query(table);
        query.is_some_and(|query| query.header.materialize == Materialize::View)
    }

    /// Changed tables that `table` reads, with what its provenance says about them.
    async fn inherited(&mut self, table: &str) -> Result<Vec<(String, Cause)>, LakeError> {
        if !self.is_view(table) {
            let causes = self.causes(table).await?;
            let inputs = causes.into_iter().filter_map(|cause| match &cause {
                Cause::Input { table, .. } => Some((table.clone(), cause)),
                _ => None,
            });
            return Ok(inputs.collect());
        }
        let reads = self
            .project
            .dag
            .query(table)
            .map(|query| query.reads.clone());
        let mut changed = Vec::new();
        for input in reads.unwrap_or_default() {
            let (before, after) = self.built.of(&input);
            let is_view = self.is_view(&input);
            // A view has no versions: whether it changed shows only below it.
            if before != after || is_view {
                let word =
                    |version: Option<u64>| version.map(|v| v.to_string()).unwrap_or_default();
                let cause = Cause::Input {
                    table: input.clone(),
                    before: word(before),
                    after: word(after),
                    deliveries: Vec::new(),
                };
                changed.push((input, cause));
            }
        }
        Ok(changed)
    }
}

/// Names whose values differ, with both values.
fn differing(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<(String, Option<String>, Option<String>)> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| {
            (
                name.clone(),
                before.get(name).cloned(),
                after.get(name).cloned(),
            )
        })
        .collect()
}
