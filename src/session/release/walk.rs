//! The way from a plan's root down to where its numbers are made: groups, estimates, aggregate tables. What
//! lies above only computes with protected numbers, what lies below is never shown.

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, TableScan};
use datafusion::prelude::{DataFrame, Expr};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::below::reads_rows;
use super::error::ReleaseError;
use super::grouping_outline::GroupingOutline;
use super::rules::{ReleaseRules, WithheldCounts};
use super::{estimates, groups, relations, scans};

/// The way through one statement, with what it withheld and met so far.
pub(super) struct Walk<'a> {
    state: &'a SessionState,
    rules: &'a ReleaseRules,
    withheld: WithheldCounts,
    /// Of the groupings so far.
    outlines: Vec<GroupingOutline>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(state: &'a SessionState, rules: &'a ReleaseRules) -> Self {
        Self {
            state,
            rules,
            withheld: WithheldCounts::default(),
            outlines: Vec::new(),
        }
    }

    pub(super) fn withheld(&self) -> WithheldCounts {
        self.withheld
    }

    /// The plan with protected rows in place of where its numbers are made.
    pub(super) fn guarded<'b>(
        &'b mut self,
        plan: &'b LogicalPlan,
    ) -> BoxFuture<'b, Result<LogicalPlan, ReleaseError>> {
        async move {
            match plan {
                LogicalPlan::Aggregate(aggregate)
                    if reads_rows(&aggregate.input, self.rules)
                        && holds_persons(plan, self.rules)? =>
                {
                    self.stands_beside(GroupingOutline::of(aggregate, self.rules)?)?;
                    let (plan, withheld) =
                        groups::protected(self.state, aggregate, self.rules).await?;
                    self.add(withheld);
                    Ok(plan)
                }
                LogicalPlan::Extension(extension) => {
                    for input in extension.node.inputs() {
                        self.stands_beside(GroupingOutline::of_relation(input, self.rules)?)?;
                    }
                    let (plan, withheld) =
                        relations::protected(self.state, extension, self.rules).await?;
                    self.add(withheld);
                    Ok(plan)
                }
                LogicalPlan::TableScan(scan) => self.table(scan, plan).await,
                _ => self.above(plan).await,
            }
        }
        .boxed()
    }

    /// Adds the outline of what is protected next.
    ///
    /// # Errors
    /// When it tells something together with what was before.
    fn stands_beside(&mut self, next: GroupingOutline) -> Result<(), ReleaseError> {
        let mut outlines = self.outlines.iter();
        if !outlines.all(|other| next.can_stand_beside(other)) {
            return Err(ReleaseError::OtherRows);
        }
        self.outlines.push(next);
        Ok(())
    }

    fn add(&mut self, more: WithheldCounts) {
        self.withheld.n_groups += more.n_groups;
        self.withheld.n_groups_in_all += more.n_groups_in_all;
        self.withheld.is_unknown |= more.is_unknown;
        self.withheld.n_cells += more.n_cells;
        self.withheld.n_estimates += more.n_estimates;
    }

    async fn table(
        &mut self,
        scan: &TableScan,
        plan: &LogicalPlan,
    ) -> Result<LogicalPlan, ReleaseError> {
        if scan.table_name.schema() == Some("information_schema") {
            return Ok(plan.clone());
        }
        let table = scans::table(scan, self.rules)?;
        if self.rules.person_tables.contains(table) {
            return Err(ReleaseError::Rows {
                table: table.to_owned(),
            });
        }
        if scans::is_released(table, self.rules) {
            return Ok(plan.clone());
        }
        let schema = scan.source.schema();
        if estimates::is_estimates(&schema) {
            let rows = DataFrame::new(self.state.clone(), plan.clone());
            let basis = estimates::EstimateBasis {
                is_of_table: true,
                ..estimates::EstimateBasis::default()
            };
            let (plan, withheld) = estimates::protected(rows, table, basis, self.rules).await?;
            self.add(withheld);
            return Ok(plan);
        }
        match scans::is_free(&schema) {
            false => Err(ReleaseError::OtherCounts {
                table: table.to_owned(),
            }),
            true => Ok(plan.clone()),
        }
    }

    /// A node that computes with what its inputs yield.
    async fn above(&mut self, plan: &LogicalPlan) -> Result<LogicalPlan, ReleaseError> {
        let what = match plan {
            LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::Union(_)
            | LogicalPlan::EmptyRelation(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Values(_)
            | LogicalPlan::DescribeTable(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Unnest(_) => None,
            LogicalPlan::Analyze(_) => Some("EXPLAIN ANALYZE shows numbers of rows: it"),
            LogicalPlan::RecursiveQuery(_) => Some("a recursive query outside of the groups"),
            _ => Some("this statement"),
        };
        if let Some(what) = what {
            return Err(ReleaseError::Unchecked { what });
        }
        // A subquery reads rows by a way that this walk never takes.
        let expressions = plan.expressions();
        if expressions.iter().any(has_subquery) {
            let what = "a subquery beside grouped results";
            return Err(ReleaseError::Unchecked { what });
        }
        let mut inputs = Vec::new();
        for input in plan.inputs() {
            inputs.push(self.guarded(input).await?);
        }
        Ok(plan.with_new_exprs(expressions, inputs)?)
    }
}

fn has_subquery(expression: &Expr) -> bool {
    let is_subquery = |e: &Expr| {
        Ok(matches!(
            e,
            Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::ScalarSubquery(_)
                | Expr::SetComparison(_)
        ))
    };
    // An expression that cannot be searched counts as one that has a subquery.
    expression.exists(is_subquery).unwrap_or(true)
}

/// Whether anything but aggregate tables lies below.
fn holds_persons(plan: &LogicalPlan, rules: &ReleaseRules) -> Result<bool, ReleaseError> {
    let mut holds = false;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let is_known = scan.table_name.schema() == Some("information_schema")
                || rules.aggregate_tables.contains(scan.table_name.table())
                || scans::is_released(scan.table_name.table(), rules);
            holds |= !is_known;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(holds)
}
