//! How large a plan is and can become: columns of its nodes, and expressions that the optimizer copies, because a
//! filter that moves below a projection takes the projection's expressions along, and because `BETWEEN`, `coalesce`
//! and short lists are rewritten with their operand twice. Counted before anything is optimized.

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Case, InList};
use datafusion::logical_expr::{Aggregate, Expr, Join, LogicalPlan, Unnest};

use super::expansion::{TABLE, too_large};

/// As many columns of a node count as one part.
const COLUMNS: u64 = 8;
/// As many bytes of a literal count as one part.
const LITERAL: usize = 64;
/// Bytes that a part of a plan takes at most, with the copies an optimizer makes of it.
const PART_BYTES: usize = 2_048;
/// The longest list that is rewritten to comparisons.
const SHORT_LIST: usize = 3;
/// Functions that are rewritten with an argument twice.
const COPYING: [&str; 5] = ["coalesce", "nvl", "nvl2", "ifnull", "nullif"];

/// Refuses a plan of more than `most` parts.
pub(super) fn check(plan: &LogicalPlan, most: u64) -> Result<()> {
    if parts(plan)? > most {
        return Err(too_large(most));
    }
    Ok(())
}

/// The parts of a plan: see [`super::expansion::check`].
pub(super) fn parts(plan: &LogicalPlan) -> Result<u64> {
    let mut measure = Measure { parts: 0 };
    measure.plan(plan)?;
    Ok(measure.parts)
}

/// Bytes a plan of so many parts may take.
pub(super) fn bytes(parts: u64) -> usize {
    usize::try_from(parts)
        .unwrap_or(usize::MAX)
        .saturating_mul(PART_BYTES)
}

struct Measure {
    parts: u64,
}

/// For each column of a plan, the parts of the expression that can stand in its place.
type Columns = Vec<u64>;

impl Measure {
    fn add(&mut self, parts: u64) {
        self.parts = self.parts.saturating_add(parts);
    }

    fn plan(&mut self, plan: &LogicalPlan) -> Result<Columns> {
        let inputs = plan.inputs();
        let inputs = inputs.into_iter().map(|input| self.plan(input));
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let n_columns = plan.schema().fields().len();
        self.add(TABLE + n_columns as u64 / COLUMNS);
        self.expressions(plan)?;
        let columns = match plan {
            LogicalPlan::Projection(projection) => {
                let input = Input::of(projection.input.schema(), &inputs[0]);
                let sizes = projection.expr.iter().map(|expr| self.size(expr, &input));
                sizes.collect::<Result<_>>()?
            }
            LogicalPlan::Filter(filter) => {
                let input = Input::of(filter.input.schema(), &inputs[0]);
                let size = self.size(&filter.predicate, &input)?;
                self.add(size);
                inputs[0].clone()
            }
            LogicalPlan::Join(join) => self.join(join, &inputs, n_columns)?,
            LogicalPlan::Aggregate(aggregate) => {
                self.aggregate(aggregate, &inputs[0], n_columns)?
            }
            LogicalPlan::Window(window) => {
                let own = window.window_expr.iter().map(|_| 1);
                inputs[0].iter().copied().chain(own).collect()
            }
            LogicalPlan::Union(_) => (0..n_columns)
                .map(|idx| inputs.iter().filter_map(|input| input.get(idx)).max())
                .map(|size| size.copied().unwrap_or(1))
                .collect(),
            LogicalPlan::Unnest(unnest) => unnested(unnest, &inputs[0]),
            LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::Subquery(_)
            | LogicalPlan::Distinct(_) => inputs.into_iter().next().unwrap_or_default(),
            _ => Vec::new(),
        };
        Ok(fitted(columns, n_columns))
    }

    /// The expressions of a node by themselves, and the queries within them.
    fn expressions(&mut self, plan: &LogicalPlan) -> Result<()> {
        let nothing = Columns::new();
        plan.apply_expressions(|expr| {
            let alone = Input::of(plan.schema(), &nothing);
            let size = self.size(expr, &alone)?;
            self.add(size);
            Ok(TreeNodeRecursion::Continue)
        })?;
        plan.apply_subqueries(|subquery| {
            self.plan(subquery)?;
            Ok(TreeNodeRecursion::Jump)
        })?;
        Ok(())
    }

    fn join(&mut self, join: &Join, inputs: &[Columns], n_columns: usize) -> Result<Columns> {
        let (left, right) = (&inputs[0], &inputs[1]);
        let both: Columns = left.iter().chain(right).copied().collect();
        if let Some(filter) = &join.filter {
            let schema = join.left.schema().join(join.right.schema());
            let size = match &schema {
                Ok(schema) => self.size(filter, &Input::of(schema, &both))?,
                // Columns of both sides with one name: as if each were the largest.
                Err(_) => {
                    let largest = both.iter().copied().max().unwrap_or(1);
                    let own = self.size(filter, &Input::of(&DFSchema::empty(), &nothing()))?;
                    own.saturating_mul(largest)
                }
            };
            self.add(size);
        }
        Ok(match n_columns {
            n if n == right.len() && n != left.len() => right.clone(),
            _ => both,
        })
    }

    fn aggregate(
        &mut self,
        aggregate: &Aggregate,
        input: &Columns,
        n_columns: usize,
    ) -> Result<Columns> {
        let input = Input::of(aggregate.input.schema(), input);
        let groups = aggregate.group_expr.iter();
        let groups = groups.map(|expr| self.size(expr, &input));
        let mut columns: Columns = groups.collect::<Result<_>>()?;
        columns.resize(n_columns.max(columns.len()), 1);
        Ok(columns)
    }

    /// The parts of `expr` with what its columns stand for.
    fn size(&self, expr: &Expr, input: &Input<'_>) -> Result<u64> {
        let mut size = 1_u64;
        expr.apply_children(|child| {
            size = size.saturating_add(self.size(child, input)?);
            Ok(TreeNodeRecursion::Continue)
        })?;
        let copies = match expr {
            Expr::Column(column) => return Ok(input.size_of(column)),
            Expr::Literal(value, _) => return Ok(1 + (value.size() / LITERAL) as u64),
            Expr::Between(_) => 2,
            Expr::InList(InList { list, .. }) if list.len() <= SHORT_LIST => list.len() as u64,
            Expr::Case(Case {
                expr: Some(_),
                when_then_expr,
                ..
            }) => when_then_expr.len() as u64,
            Expr::ScalarFunction(call) if COPYING.contains(&call.name()) => 2,
            _ => 1,
        };
        Ok(size.saturating_mul(copies.max(1)))
    }
}

fn nothing() -> Columns {
    Columns::new()
}

/// A plan's columns by name.
struct Input<'a> {
    schema: &'a DFSchema,
    sizes: &'a Columns,
    /// Whether all columns stand for themselves.
    is_plain: bool,
}

impl<'a> Input<'a> {
    fn of(schema: &'a DFSchema, sizes: &'a Columns) -> Self {
        let is_plain = sizes.iter().all(|size| *size <= 1);
        Self {
            schema,
            sizes,
            is_plain,
        }
    }

    fn size_of(&self, column: &datafusion::common::Column) -> u64 {
        if self.is_plain {
            return 1;
        }
        let found = self.schema.maybe_index_of_column(column);
        let size = found.and_then(|idx| self.sizes.get(idx));
        size.copied().unwrap_or(1)
    }
}

fn unnested(unnest: &Unnest, input: &Columns) -> Columns {
    let inputs = unnest.dependency_indices.iter();
    inputs
        .map(|idx| input.get(*idx).copied().unwrap_or(1))
        .collect()
}

/// One size per column, also where the engine made a schema of another width.
fn fitted(mut columns: Columns, n_columns: usize) -> Columns {
    if columns.len() > n_columns {
        let largest = columns.iter().copied().max().unwrap_or(1);
        return vec![largest; n_columns];
    }
    columns.resize(n_columns, 1);
    columns
}

#[cfg(test)]
mod tests;
