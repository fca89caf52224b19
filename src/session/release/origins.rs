//! Where the columns that conditions ask about come from. A condition on one column of an inner query can be one on several columns
//! of a table: it is written out, down to the columns of scans, and of inner groupings.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, JoinType, Result};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Distinct, Join, LogicalPlan, Operator, when,
};
use datafusion::prelude::Expr;

/// A column that is not written out further.
#[derive(Debug)]
pub(super) struct Origin {
    /// The step that has it: a scan or an inner grouping; a join, for whether a row of its outer side is there.
    pub(super) plan: LogicalPlan,
    pub(super) column: Column,
    pub(super) data_type: DataType,
    /// What it is computed from, for a number of an inner grouping.
    pub(super) computed_from: Vec<Expr>,
    /// The address of the step.
    pub(super) step: usize,
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
        // A comparison of a column with a literal is seen only in this form.
        let searched = expression.clone().transform_up(searched)?;
        let written_out = searched.data.transform_down(|expression| {
            Ok(match &expression {
                Expr::Column(column) => {
                    let of = self.column(column, plan)?;
                    // What was put in its place is written out already.
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
            LogicalPlan::Join(join) => {
                let is_left = join.left.schema().has_column(column);
                let (side, is_outer) = match is_left {
                    true => (
                        &join.left,
                        matches!(join.join_type, JoinType::Right | JoinType::Full),
                    ),
                    false => (
                        &join.right,
                        matches!(join.join_type, JoinType::Left | JoinType::Full),
                    ),
                };
                let of = self.column(column, side)?;
                match is_outer {
                    true => self.where_there(of, plan, join, side),
                    false => Ok(of),
                }
            }
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

    /// A column of the outer side of a join: it is missing where the join's condition or a filter of that side does not hold. One
    /// column alone singles out no person.
    fn where_there(
        &mut self,
        of: Expr,
        plan: &LogicalPlan,
        join: &Join,
        side: &LogicalPlan,
    ) -> Result<Expr> {
        let mut conditions = Vec::new();
        for condition in join_conditions(join) {
            let written_out = condition.clone().transform_down(|expression| {
                Ok(match &expression {
                    Expr::Column(column) => {
                        let side = match join.left.schema().has_column(column) {
                            true => &join.left,
                            false => &join.right,
                        };
                        let of = self.column(column, side)?;
                        Transformed::new(of, true, TreeNodeRecursion::Jump)
                    }
                    _ => Transformed::no(expression),
                })
            })?;
            conditions.push(written_out.data);
        }
        conditions.extend(self.all_filters(side)?);
        let mut columns = BTreeSet::new();
        for condition in &conditions {
            self.add_columns(condition, &mut columns);
        }
        if columns.len() < 2 {
            return Ok(of);
        }
        let there = self.add(Origin {
            plan: plan.clone(),
            column: Column::new_unqualified(match std::ptr::eq(side, join.left.as_ref()) {
                true => "(left)",
                false => "(right)",
            }),
            data_type: DataType::Boolean,
            computed_from: conditions,
            step: std::ptr::from_ref(plan).addr(),
        });
        when(there, of).end()
    }

    /// As [`Self::filters`], and those of the queries that persons have to be among.
    fn all_filters(&mut self, plan: &LogicalPlan) -> Result<Vec<Expr>> {
        let mut all = self.filters(plan)?;
        let mut inner = Vec::new();
        for condition in &all {
            condition.apply(|part| {
                if let Expr::InSubquery(among) = part {
                    inner.push(Arc::clone(&among.subquery.subquery));
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        for plan in inner {
            all.extend(self.all_filters(&plan)?);
        }
        Ok(all)
    }

    /// The conditions of a plan's filters and joins, written out.
    ///
    /// # Errors
    /// Those of the engine.
    pub(super) fn filters(&mut self, plan: &LogicalPlan) -> Result<Vec<Expr>> {
        let mut filters = Vec::new();
        plan.apply(|node| {
            match node {
                LogicalPlan::Filter(filter) => {
                    for condition in split_conjunction(&filter.predicate) {
                        filters.push(self.written_out(condition, &filter.input)?);
                    }
                }
                LogicalPlan::Join(join) => {
                    for condition in join_conditions(join) {
                        filters.push(self.written_out(condition, node)?);
                    }
                }
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(filters)
    }

    /// The columns of scans that an expression is made of.
    fn add_columns(&self, expression: &Expr, columns: &mut BTreeSet<Column>) {
        for column in expression.column_refs() {
            match self.of(column) {
                Some((_, origin)) if !origin.computed_from.is_empty() => {
                    let inner = origin.computed_from.iter();
                    inner.for_each(|inner| self.add_columns(inner, columns));
                }
                _ => {
                    columns.insert(column.clone());
                }
            }
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
        let field = plan.schema().index_of_column(column)?;
        Ok(self.add(Origin {
            plan: plan.clone(),
            column: column.clone(),
            data_type: plan.schema().field(field).data_type().clone(),
            computed_from,
            // Two scans of one table are equal plans; only their addresses tell them apart.
            step: std::ptr::from_ref(plan).addr(),
        }))
    }

    /// The name of an origin, which is added if it is new.
    fn add(&mut self, origin: Origin) -> Expr {
        let is_same = |known: &Origin| known.step == origin.step && known.column == origin.column;
        let place = match self.all.iter().position(is_same) {
            Some(place) => place,
            None => {
                self.all.push(origin);
                self.all.len() - 1
            }
        };
        Expr::Column(Column::new_unqualified(name(place)))
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

/// What a join asks beside that columns of both sides are equal.
fn join_conditions(join: &Join) -> impl Iterator<Item = &Expr> {
    let conditions = join.filter.iter().flat_map(split_conjunction);
    conditions.filter(|condition| match condition {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Eq,
            right,
        }) => !matches!(
            (left.as_ref(), right.as_ref()),
            (Expr::Column(_), Expr::Column(_))
        ),
        _ => true,
    })
}

/// `CASE x WHEN 1 THEN …` as `CASE WHEN x = 1 THEN …`.
fn searched(expression: Expr) -> Result<Transformed<Expr>> {
    let Expr::Case(mut case) = expression else {
        return Ok(Transformed::no(expression));
    };
    let Some(of) = case.expr.take() else {
        return Ok(Transformed::no(Expr::Case(case)));
    };
    for (when, _) in &mut case.when_then_expr {
        **when = of.as_ref().clone().eq(when.as_ref().clone());
    }
    Ok(Transformed::yes(Expr::Case(case)))
}

fn name(place: usize) -> String {
    format!("column_{place}")
}
