//! Where the columns that conditions ask about come from. A condition on one column of an inner query can be one on several columns
//! of a table: it is written out, down to the columns of scans, and of inner groupings.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, Result};
use datafusion::logical_expr::{Aggregate, Distinct, LogicalPlan};
use datafusion::prelude::Expr;

/// A column that is not written out further.
#[derive(Debug)]
pub(super) struct Origin {
    /// The step that has it: a scan or an inner grouping.
    pub(super) plan: LogicalPlan,
    pub(super) column: Column,
    pub(super) data_type: DataType,
    /// What it is computed from, for a number of an inner grouping.
    pub(super) computed_from: Vec<Expr>,
    /// The address of the step.
    step: usize,
}

/// The columns that expressions were written out to.
#[derive(Debug, Default)]
pub(super) struct Origins {
    pub(super) all: Vec<Origin>,
}

impl Origins {
    /// The expression over columns of `plan`, with names of origins in place of the columns.
    ///
    /// # Errors
    /// When a column is not one of the plan's.
    pub(super) fn written_out(&mut self, expression: &Expr, plan: &LogicalPlan) -> Result<Expr> {
        let written_out = expression.clone().transform_down(|expression| {
            Ok(match &expression {
                Expr::Column(column) => {
                    let of = self.column(column, plan)?;
                    Transformed::new(of, true, TreeNodeRecursion::Jump)
                }
                _ => Transformed::no(expression),
            })
        })?;
        Ok(written_out.data)
    }

    fn column(&mut self, column: &Column, plan: &LogicalPlan) -> Result<Expr> {
        match plan {
            LogicalPlan::Projection(projection) => {
                let place = projection.schema.index_of_column(column)?;
                let of = projection.expr[place].clone().unalias_nested().data;
                self.written_out(&of, &projection.input)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let place = alias.schema.index_of_column(column)?;
                let inner = Column::from(alias.input.schema().qualified_field(place));
                self.column(&inner, &alias.input)
            }
            LogicalPlan::Filter(filter) => self.column(column, &filter.input),
            LogicalPlan::Sort(sort) => self.column(column, &sort.input),
            LogicalPlan::Distinct(Distinct::All(input)) => self.column(column, input),
            LogicalPlan::Join(join) => match join.left.schema().has_column(column) {
                true => self.column(column, &join.left),
                false => self.column(column, &join.right),
            },
            LogicalPlan::Aggregate(aggregate) => {
                let place = aggregate.schema.index_of_column(column)?;
                match aggregate.group_expr.get(place) {
                    Some(key) => {
                        let key = key.clone().unalias_nested().data;
                        self.written_out(&key, &aggregate.input)
                    }
                    None => {
                        let computed_from = self.arguments(aggregate, place)?;
                        self.origin(column, plan, computed_from)
                    }
                }
            }
            _ => self.origin(column, plan, Vec::new()),
        }
    }

    /// Arguments and condition of an aggregate, written out.
    fn arguments(&mut self, aggregate: &Aggregate, place: usize) -> Result<Vec<Expr>> {
        let number = &aggregate.aggr_expr[place - aggregate.group_expr.len()];
        let Expr::AggregateFunction(function) = number.clone().unalias_nested().data else {
            return Err(DataFusionError::Internal(
                "an aggregate was expected".to_owned(),
            ));
        };
        let params = function.params;
        let filter = params.filter.map(|filter| *filter);
        let arguments = params.args.iter().chain(&filter);
        arguments
            .map(|argument| self.written_out(argument, &aggregate.input))
            .collect()
    }

    fn origin(
        &mut self,
        column: &Column,
        plan: &LogicalPlan,
        computed_from: Vec<Expr>,
    ) -> Result<Expr> {
        let step = std::ptr::from_ref(plan).addr();
        let is_known = |origin: &Origin| origin.step == step && origin.column == *column;
        let known = self.all.iter().position(is_known);
        let place = match known {
            Some(place) => place,
            None => {
                let field = plan.schema().index_of_column(column)?;
                self.all.push(Origin {
                    plan: plan.clone(),
                    column: column.clone(),
                    data_type: plan.schema().field(field).data_type().clone(),
                    computed_from,
                    step,
                });
                self.all.len() - 1
            }
        };
        Ok(Expr::Column(Column::new_unqualified(name(place))))
    }

    /// The origin of a name that [`Self::written_out`] put in place of a column.
    pub(super) fn of(&self, column: &Column) -> Option<(usize, &Origin)> {
        let place = (0..self.all.len()).find(|&place| column.name == name(place))?;
        Some((place, &self.all[place]))
    }

    /// The type of an origin.
    pub(super) fn data_type(&self, column: &Column) -> Option<&DataType> {
        self.of(column).map(|(_, origin)| &origin.data_type)
    }

    /// The origins as columns, and a yes or no for each of `leaves`.
    ///
    /// # Errors
    /// Those of the engine.
    pub(super) fn schema(&self, leaves: impl Iterator<Item = String>) -> Result<DFSchema> {
        let origins = self.all.iter().enumerate();
        let origins =
            origins.map(|(place, of)| Field::new(name(place), of.data_type.clone(), true));
        let leaves = leaves.map(|leaf| Field::new(leaf, DataType::Boolean, true));
        let fields = origins.chain(leaves).map(|field| (None, Arc::new(field)));
        DFSchema::new_with_metadata(fields.collect(), std::collections::HashMap::new())
    }
}

fn name(place: usize) -> String {
    format!("column_{place}")
}
