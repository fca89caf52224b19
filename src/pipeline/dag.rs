//! The order of queries, and which tables each may read. Pure: values in, values out.

use std::collections::{BTreeMap, BTreeSet};

use super::error::PipelineError;
use super::query::{Query, Stage};
use crate::diagnostic::did_you_mean;

/// All queries of a project in an order in which they can run.
#[derive(Debug, Clone)]
pub struct Dag {
    queries: Vec<Query>,
}

/// Tables that exist without a query: raw tables and korabo's own.
#[derive(Debug, Clone, Default)]
pub struct GivenTables {
    /// Raw tables: one per contract. Only `clean_*` queries read them.
    pub raw: BTreeSet<String>,
    /// `deliveries`, `rejects_*`, `runs`, `run_steps`: queries of every stage may read them.
    pub own: BTreeSet<String>,
}

impl Dag {
    /// Orders the queries and checks what each reads.
    ///
    /// # Errors
    /// For an unknown table, a table of a later stage, a raw table outside `clean_*`, or a cycle.
    pub fn try_new(queries: Vec<Query>, given: &GivenTables) -> Result<Self, PipelineError> {
        let stages: BTreeMap<&str, Stage> = queries
            .iter()
            .map(|query| (query.name.as_str(), query.stage))
            .collect();
        for query in &queries {
            for table in &query.reads {
                check_read(query, table, &stages, given)?;
            }
        }
        ordered(queries).map(|queries| Self { queries })
    }

    /// The queries, each after those it reads.
    #[must_use]
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// The query that makes `name`.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&Query> {
        self.queries.iter().find(|query| query.name == name)
    }
}

fn check_read(
    query: &Query,
    table: &str,
    stages: &BTreeMap<&str, Stage>,
    given: &GivenTables,
) -> Result<(), PipelineError> {
    let at = || query.location_of(table);
    if given.own.contains(table) {
        return Ok(());
    }
    if given.raw.contains(table) {
        if query.stage == Stage::Clean {
            return Ok(());
        }
        return Err(PipelineError::RawOutsideClean {
            at: at(),
            table: table.to_owned(),
        });
    }
    match stages.get(table) {
        Some(stage) if *stage <= query.stage => Ok(()),
        Some(_) => Err(PipelineError::LaterStage {
            at: at(),
            query: query.name.clone(),
            table: table.to_owned(),
        }),
        None => {
            let names = stages
                .keys()
                .copied()
                .chain(given.raw.iter().map(String::as_str))
                .chain(given.own.iter().map(String::as_str));
            let hint = did_you_mean(table, names);
            Err(PipelineError::UnknownTable {
                at: at(),
                table: table.to_owned(),
                hint,
            })
        }
    }
}

/// Kahn's algorithm, taking the alphabetically first free query, so that the order is always the same.
fn ordered(queries: Vec<Query>) -> Result<Vec<Query>, PipelineError> {
    let names: BTreeSet<String> = queries.iter().map(|query| query.name.clone()).collect();
    let mut waiting: BTreeMap<String, Query> = queries
        .into_iter()
        .map(|query| (query.name.clone(), query))
        .collect();
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let free = waiting
            .values()
            .filter(|query| {
                query
                    .reads
                    .iter()
                    .all(|table| done.contains(table) || !names.contains(table))
            })
            .min_by_key(|query| (query.stage, query.name.clone()))
            .map(|query| query.name.clone());
        let Some(free) = free else {
            return Err(cycle(&waiting));
        };
        if let Some(query) = waiting.remove(&free) {
            order.push(query);
        }
        done.insert(free);
    }
    Ok(order)
}

fn cycle(waiting: &BTreeMap<String, Query>) -> PipelineError {
    let mut path: Vec<String> = Vec::new();
    let mut at = waiting.keys().next().cloned().unwrap_or_default();
    // Every waiting query reads another that waits, so that the walk comes back to where it was.
    while !path.contains(&at) {
        path.push(at.clone());
        let next = waiting[&at]
            .reads
            .iter()
            .find(|table| waiting.contains_key(*table));
        match next {
            Some(next) => at.clone_from(next),
            None => break,
        }
    }
    let start = path.iter().position(|name| *name == at).unwrap_or(0);
    let mut path: Vec<String> = path.split_off(start);
    path.push(at);
    let reader = &waiting[&path[0]];
    PipelineError::Cycle {
        at: reader.location_of(&path[1]),
        path: path.join("` → `"),
    }
}
