//! Which columns a column is made of, read from the logical plans of the queries: exact as far as values go. What only decides
//! which rows there are (filters, join keys, grouping, sorting) is no source of a value and kept apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::logical_expr::{Distinct, Expr, JoinType, LogicalPlan};

use super::column_use::{Uses as _, of_expressions, rows_decided_by};
use super::error::PipelineError;
use super::project::Project;
use crate::session::Session;

pub use super::column_use::ColumnUse;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableColumn {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// Columns and what they are used for.
pub type Sources = BTreeMap<TableColumn, BTreeSet<ColumnUse>>;

/// A column that a query returns.
#[derive(Debug, Clone)]
pub struct MadeColumn {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: String,
    /// What its values are made of.
    pub sources: Sources,
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

    /// The columns that a column is made of, nearest first: in each step those that the ones of the step before are made of.
    /// Columns of raw tables are the last. A column appears once, where it is nearest.
    pub fn steps(&self, column: &TableColumn) -> Vec<BTreeSet<TableColumn>> {
        followed(column, |column| self.sources(column))
    }

    /// The columns that are made of a column, nearest first, as [`Lineage::steps`] in the other direction.
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
    let columns = fields
        .zip(sources_of(plan))
        .map(|(field, sources)| MadeColumn {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            sources,
        });
    let mut rows = Sources::new();
    rows_decided_by(plan, &mut rows);
    MadeTable {
        schema: Arc::clone(plan.schema().inner()),
        columns: columns.collect(),
        rows,
    }
}

/// For each column of a plan the columns of tables that its values are made of.
pub(super) fn sources_of(plan: &LogicalPlan) -> Vec<Sources> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let source = |column: &String| TableColumn {
                table: scan.table_name.table().to_owned(),
                column: column.clone(),
            };
            let fields = scan.projected_schema.fields().iter();
            fields
                .map(|field| {
                    Sources::from([(source(field.name()), BTreeSet::from([ColumnUse::Identity]))])
                })
                .collect()
        }
        LogicalPlan::Projection(node) => of_expressions(&node.expr, &node.input),
        LogicalPlan::Aggregate(node) => {
            let own: Vec<Expr> = node
                .group_expr
                .iter()
                .chain(&node.aggr_expr)
                .cloned()
                .collect();
            fitting(plan, of_expressions(&own, &node.input))
        }
        LogicalPlan::Window(node) => {
            let mut sources = sources_of(&node.input);
            sources.extend(of_expressions(&node.window_expr, &node.input));
            sources
        }
        LogicalPlan::Distinct(Distinct::On(node)) => of_expressions(&node.select_expr, &node.input),
        LogicalPlan::Join(node) => {
            let (left, right) = (sources_of(&node.left), sources_of(&node.right));
            match node.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti => left,
                JoinType::RightSemi | JoinType::RightAnti => right,
                _ => fitting(plan, left.into_iter().chain(right).collect()),
            }
        }
        LogicalPlan::Union(node) => {
            let mut inputs = node.inputs.iter().map(|input| sources_of(input));
            let mut sources = inputs.next().unwrap_or_default();
            for input in inputs {
                for (own, other) in sources.iter_mut().zip(input) {
                    own.add_all(other);
                }
            }
            sources
        }
        LogicalPlan::Extension(node) => {
            let input: Vec<Sources> = node
                .node
                .inputs()
                .into_iter()
                .flat_map(sources_of)
                .collect();
            // The input of an estimator holds the columns it uses, and no others.
            let mut made = Sources::new();
            for column in input {
                made.add_all(column.used_for(ColumnUse::Aggregation));
            }
            vec![made; plan.schema().fields().len()]
        }
        _ => {
            let inputs = plan.inputs();
            let sources = inputs.into_iter().flat_map(sources_of).collect();
            fitting(plan, sources)
        }
    }
}

/// The sources if there is one per column; else every column is taken to be made of all of them.
fn fitting(plan: &LogicalPlan, sources: Vec<Sources>) -> Vec<Sources> {
    let n_columns = plan.schema().fields().len();
    if sources.len() == n_columns {
        return sources;
    }
    let mut all = Sources::new();
    for column in sources {
        all.add_all(column.used_for(ColumnUse::Transformation));
    }
    vec![all; n_columns]
}
