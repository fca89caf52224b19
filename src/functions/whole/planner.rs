//! `a + b`, `a - b` and `a * b` of whole numbers, planned with 64 bits. The planner comes before anything else, so that every
//! schema made afterwards has the types of what is computed.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable as _, Operator, cast};
use datafusion::sql::sqlparser::ast::BinaryOperator;

#[derive(Debug)]
pub(super) struct WholeOperators;

impl ExprPlanner for WholeOperators {
    fn plan_binary_op(
        &self,
        mut raw: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        if matches!(
            raw.op,
            BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply
        ) && let Some(right) = whole(&raw.right, schema)
            && let Some(left) = whole(&raw.left, schema)
        {
            raw.left = wide(raw.left, &left);
            raw.right = wide(raw.right, &right);
        }
        Ok(PlannerResult::Original(raw))
    }
}

fn wide(expr: Expr, data_type: &DataType) -> Expr {
    match data_type {
        DataType::Int64 => expr,
        _ => cast(expr, DataType::Int64),
    }
}

/// The type of an expression of whole numbers; what was planned here has 64 bits.
fn whole(expr: &Expr, schema: &DFSchema) -> Option<DataType> {
    match expr {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Plus | Operator::Minus | Operator::Multiply,
            right,
        }) => {
            whole(right, schema)?;
            whole(left, schema)?;
            Some(DataType::Int64)
        }
        expr => expr.get_type(schema).ok().filter(DataType::is_integer),
    }
}
