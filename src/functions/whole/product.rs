//! `a * b` of whole numbers as a function that refuses what does not fit. Its name is the operator's.

use std::sync::Arc;

use datafusion::arrow::compute::kernels::numeric::mul;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::utils::take_function_args;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{
    BinaryExpr, Cast, ColumnarValue, Expr, ExprSchemable as _, Operator, ReturnFieldArgs,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TryCast, Volatility,
};
use datafusion::physical_expr_common::datum::apply;

/// The name it has in plans.
pub(crate) const NAME: &str = "*";

/// Bits of a whole number without its sign.
const BITS: u32 = 63;

/// Puts the function where the operator could wrap around.
#[derive(Debug)]
pub(super) struct CheckProducts;

impl FunctionRewrite for CheckProducts {
    fn name(&self) -> &'static str {
        "check_products"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        _: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        let Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Multiply,
            right,
        }) = expr
        else {
            return Ok(Transformed::no(expr));
        };
        if product_may_not_fit(&left, &right, schema) {
            let product = Arc::new(ScalarUDF::new_from_impl(Product::new()));
            let call = ScalarFunction::new_udf(product, vec![*left, *right]);
            return Ok(Transformed::yes(Expr::ScalarFunction(call)));
        }
        let same = BinaryExpr::new(left, Operator::Multiply, right);
        Ok(Transformed::no(Expr::BinaryExpr(same)))
    }
}

/// Whether both are whole numbers and their product may be beyond 64 bits.
pub(crate) fn product_may_not_fit(left: &Expr, right: &Expr, schema: &DFSchema) -> bool {
    bits(left, schema) + bits(right, schema) > BITS
        && is_wide(right, schema)
        && is_wide(left, schema)
}

/// Bits, without the sign, that an expression's values may need as far as its form tells.
fn bits(expr: &Expr, schema: &DFSchema) -> u32 {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => {
            u64::BITS - value.unsigned_abs().leading_zeros()
        }
        Expr::Cast(Cast { expr, .. }) | Expr::TryCast(TryCast { expr, .. }) => {
            expr.get_type(schema).map_or(BITS, |of| bits_of(&of))
        }
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Plus | Operator::Minus,
            right,
        }) => bits(left, schema).max(bits(right, schema)) + 1,
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Multiply,
            right,
        }) => bits(left, schema) + bits(right, schema),
        _ => BITS,
    }
}

fn bits_of(data_type: &DataType) -> u32 {
    match data_type {
        DataType::Int8 => 7,
        DataType::UInt8 => 8,
        DataType::Int16 => 15,
        DataType::UInt16 => 16,
        DataType::Int32 => 31,
        DataType::UInt32 => 32,
        _ => BITS,
    }
}

fn is_wide(expr: &Expr, schema: &DFSchema) -> bool {
    match expr {
        Expr::ScalarFunction(call) if call.name() == NAME => true,
        expr => expr.get_type(schema).is_ok_and(|of| of == DataType::Int64),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Product {
    signature: Signature,
}

impl Product {
    fn new() -> Self {
        let both = vec![DataType::Int64, DataType::Int64];
        Self {
            signature: Signature::exact(both, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Product {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let is_nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(NAME, DataType::Int64, is_nullable)))
    }

    /// The operator's, so that columns keep their names.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names = args.iter().map(|arg| arg.schema_name().to_string());
        Ok(names.collect::<Vec<_>>().join(" * "))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = take_function_args(NAME, args.args)?;
        apply(&left, &right, mul).map_err(without_values)
    }
}

/// The engine's error quotes the numbers, which may be a person's.
fn without_values(error: DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::ArrowError(error, _)
            if matches!(*error, ArrowError::ArithmeticOverflow(_)) =>
        {
            too_large("product")
        }
        other => other,
    }
}

/// The error of a product or sum beyond 64 bits.
pub(super) fn too_large(what: &str) -> DataFusionError {
    DataFusionError::Execution(format!(
        "a {what} of whole numbers does not fit into `bigint`; make doubles of the numbers first, as in cast(x as double)"
    ))
}
