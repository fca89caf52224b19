//! Which columns a column is made of, read from the logical plans of the queries: exact as far as values go. What only decides
//! which rows there are (filters, join keys, sorting) is no source of a value and not listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{Distinct, Expr, JoinType, LogicalPlan};

use super::error::PipelineError;
use super::project::Project;
use crate::functions;
use crate::session::Session;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableColumn {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

type Sources = BTreeSet<TableColumn>;

/// The sources of every column that a query makes.
#[derive(Debug, Default)]
pub struct Lineage {
    direct: BTreeMap<TableColumn, Sources>,
    schemas: BTreeMap<String, SchemaRef>,
}

impl Lineage {
    /// Plans all queries against the contracts and follows their columns. Reads no data.
    ///
    /// # Errors
    /// When a query does not plan.
    pub async fn of(project: &Project, session: &Session) -> Result<Self, PipelineError> {
        let mut direct = BTreeMap::new();
        let mut schemas = BTreeMap::new();
        project
            .plan_queries(session, &mut |query, plan| {
                schemas.insert(query.name.clone(), Arc::clone(plan.schema().inner()));
                for (field, sources) in plan.schema().fields().iter().zip(sources_of(plan)) {
                    let column = TableColumn {
                        table: query.name.clone(),
                        column: field.name().clone(),
                    };
                    direct.insert(column, sources);
                }
            })
            .await?;
        Ok(Self { direct, schemas })
    }

    /// Columns and types of the query that makes a table, as it is written: without the number of an identity.
    #[must_use]
    pub fn schema(&self, table: &str) -> Option<&SchemaRef> {
        self.schemas.get(table)
    }

    /// The columns that a column is made of directly.
    #[must_use]
    pub fn sources(&self, column: &TableColumn) -> Option<&BTreeSet<TableColumn>> {
        self.direct.get(column)
    }

    /// Columns of a table, sorted; empty for a table no query makes.
    pub fn columns(&self, table: &str) -> Vec<&str> {
        let own = self.direct.keys().filter(|column| column.table == table);
        own.map(|column| column.column.as_str()).collect()
    }

    /// The columns that a column is made of, nearest first: in each step those that the ones of the step before are made of.
    /// Columns of raw tables are the last. A column appears once, where it is nearest.
    pub fn steps(&self, column: &TableColumn) -> Vec<Sources> {
        let mut seen = Sources::new();
        let mut steps = Vec::new();
        let mut current: Sources = self.direct.get(column).cloned().unwrap_or_default();
        while !current.is_empty() {
            let next = current
                .iter()
                .filter_map(|source| self.direct.get(source))
                .flatten()
                .cloned()
                .collect::<Sources>();
            seen.extend(current.iter().cloned());
            steps.push(current);
            current = next.difference(&seen).cloned().collect();
        }
        steps
    }
}

/// For each column of a plan the columns of tables that its values are made of.
fn sources_of(plan: &LogicalPlan) -> Vec<Sources> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let source = |column: &String| TableColumn {
                table: scan.table_name.table().to_owned(),
                column: column.clone(),
            };
            let fields = scan.projected_schema.fields().iter();
            fields
                .map(|field| Sources::from([source(field.name())]))
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
                    own.extend(other);
                }
            }
            sources
        }
        LogicalPlan::Extension(node) => {
            let input = node.node.inputs().into_iter().flat_map(sources_of);
            let used = functions::columns_used(node.node.as_ref());
            let used: Sources = match used {
                Some(used) => {
                    let input: Vec<Sources> = input.collect();
                    used.into_iter()
                        .filter_map(|k| input.get(k))
                        .flatten()
                        .cloned()
                        .collect()
                }
                None => input.flatten().collect(),
            };
            vec![used; plan.schema().fields().len()]
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
    let all: Sources = sources.into_iter().flatten().collect();
    vec![all; n_columns]
}

fn of_expressions(expressions: &[Expr], input: &LogicalPlan) -> Vec<Sources> {
    let sources = sources_of(input);
    let of = |expression| of_expression(expression, input.schema(), &sources);
    expressions.iter().map(of).collect()
}

fn of_expression(expression: &Expr, schema: &DFSchema, input: &[Sources]) -> Sources {
    let mut found = Sources::new();
    let walked = expression.apply(|part| {
        match part {
            Expr::Column(column) => {
                if let Some(index) = schema.maybe_index_of_column(column) {
                    found.extend(input[index].iter().cloned());
                }
            }
            Expr::ScalarSubquery(subquery) => {
                found.extend(sources_of(&subquery.subquery).into_iter().flatten());
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok(), "the closure returns no error");
    found
}
