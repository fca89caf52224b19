//! Which columns a column is made of, read from the logical plans of the queries: exact as far as values go. Columns that only
//! decide which rows there are (filters, join keys, grouping, sorting) are not sources of values and are kept apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;

use super::column_use::{Sources, TableColumn};
use super::error::PipelineError;
use super::origins::{Origins, origins_of};
use super::project::Project;
use super::sources::{rows_decided_by, sources_of};
use crate::session::Session;

/// A column that a query returns.
#[derive(Debug, Clone)]
pub struct MadeColumn {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: String,
    /// What its values are made of.
    pub sources: Sources,
    /// What it takes over unchanged.
    pub(super) origins: Origins,
}

/// What a query returns.
#[derive(Debug, Clone)]
pub struct MadeTable {
    /// Columns and types as the query is written: without the number of an identity.
    pub schema: SchemaRef,
    /// Its columns, in order.
    pub columns: Vec<MadeColumn>,
    /// What decides which rows there are.
    pub rows: Sources,
}

/// The sources of every column that a query makes.
#[derive(Debug, Default)]
pub struct Lineage {
    tables: BTreeMap<String, MadeTable>,
}

impl Lineage {
    /// Plans all queries against the contracts and follows their columns. Reads no data.
    ///
    /// # Errors
    /// When a query does not plan.
    pub async fn of(project: &Project, session: &Session) -> Result<Self, PipelineError> {
        let mut tables = BTreeMap::new();
        project
            .plan_queries(session, &mut |query, plan| {
                tables.insert(query.name.clone(), made_by(plan));
            })
            .await?;
        Ok(Self { tables })
    }

    /// As [`Lineage::of`], of `tables` and the tables that they are made of. Whether the queries fit the rest of the project is not
    /// checked.
    ///
    /// # Errors
    /// When a query does not plan.
    pub(super) async fn of_tables(
        project: &Project,
        session: &Session,
        tables: &BTreeSet<String>,
    ) -> Result<Self, PipelineError> {
        let mut made = BTreeMap::new();
        project
            .plan_tables(session, tables, &mut |query, plan| {
                made.insert(query.name.clone(), made_by(plan));
            })
            .await?;
        Ok(Self { tables: made })
    }

    /// What the query of `table` returns; `None` for a table no query makes.
    #[must_use]
    pub fn table(&self, table: &str) -> Option<&MadeTable> {
        self.tables.get(table)
    }

    /// Columns of a table, sorted; empty for a table no query makes.
    pub fn columns(&self, table: &str) -> Vec<&str> {
        let columns = self.table(table).map(|made| made.columns.iter());
        let mut names: Vec<&str> = columns.map_or_else(Vec::new, |columns| {
            columns.map(|column| column.name.as_str()).collect()
        });
        names.sort_unstable();
        names
    }

    /// The columns that a column is made of directly.
    #[must_use]
    pub fn sources(&self, column: &TableColumn) -> BTreeSet<TableColumn> {
        let made = self.table(&column.table).map(|made| made.columns.iter());
        let made = made.and_then(|mut columns| columns.find(|made| made.name == column.column));
        made.map_or_else(BTreeSet::new, |made| made.sources.keys().cloned().collect())
    }

    /// The columns that a column is made of, step by step and nearest first; columns of raw tables come last. A column
    /// appears once, where it is nearest.
    pub fn steps(&self, column: &TableColumn) -> Vec<BTreeSet<TableColumn>> {
        followed(column, |column| self.sources(column))
    }

    /// The columns that are made of a column, step by step and nearest first: [`Lineage::steps`] in the other direction.
    #[must_use]
    pub fn users(&self, column: &TableColumn) -> Vec<BTreeSet<TableColumn>> {
        let mut readers: BTreeMap<&TableColumn, BTreeSet<TableColumn>> = BTreeMap::new();
        for (table, made) in &self.tables {
            for own in &made.columns {
                let reader = TableColumn {
                    table: table.clone(),
                    column: own.name.clone(),
                };
                for source in own.sources.keys() {
                    readers.entry(source).or_default().insert(reader.clone());
                }
            }
        }
        let readers_of = |column: &TableColumn| readers.get(column).cloned().unwrap_or_default();
        followed(column, readers_of)
    }
}

/// The columns that `next` leads to from a column, step by step; each once, where it is nearest.
fn followed(
    column: &TableColumn,
    next: impl Fn(&TableColumn) -> BTreeSet<TableColumn>,
) -> Vec<BTreeSet<TableColumn>> {
    let mut seen = BTreeSet::new();
    let mut steps = Vec::new();
    let mut current = next(column);
    while !current.is_empty() {
        seen.extend(current.iter().cloned());
        let further: BTreeSet<TableColumn> = current.iter().flat_map(&next).collect();
        steps.push(current);
        current = further.difference(&seen).cloned().collect();
    }
    steps
}

fn made_by(plan: &LogicalPlan) -> MadeTable {
    let fields = plan.schema().fields().iter();
    // The tables that a query reads are planned as tables, views among them.
    let origins = origins_of(plan, &|_| false);
    let columns =
        fields
            .zip(sources_of(plan).into_iter().zip(origins))
            .map(|(field, (sources, origins))| MadeColumn {
                name: field.name().clone(),
                data_type: field.data_type().to_string(),
                sources,
                origins,
            });
    let mut rows = Sources::new();
    rows_decided_by(plan, &mut rows);
    MadeTable {
        schema: Arc::clone(plan.schema().inner()),
        columns: columns.collect(),
        rows,
    }
}
