//! Functions that yield NULL for the rows on which they fail: an error would tell of the row that caused it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::compute::kernels::numeric::{add, div, mul, rem, sub};
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

/// A function of one row that cannot fail.
#[derive(Debug, PartialEq, Eq)]
struct Attempt {
    function: Arc<ScalarUDF>,
}

impl Hash for Attempt {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.hash(state);
    }
}

/// The same function, with NULL where it fails.
pub(super) fn attempt(function: &Arc<ScalarUDF>) -> ScalarUDF {
    ScalarUDF::new_from_impl(Attempt {
        function: Arc::clone(function),
    })
}

impl ScalarUDFImpl for Attempt {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.function.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.function.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = self.function.return_field_from_args(args)?;
        Ok(Arc::new(field.as_ref().clone().with_nullable(true)))
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.function.inner().coerce_types(arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        row_by_row(args, |args| self.function.invoke_with_args(args))
    }
}

/// An arithmetic operation with NULL where it fails.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Operation {
    operator: Operator,
    data_type: DataType,
    signature: Signature,
}

/// `left operator right`, of `data_type`, as a function that yields NULL where it fails.
pub(super) fn attempt_operation(operator: Operator, data_type: DataType) -> ScalarUDF {
    ScalarUDF::new_from_impl(Operation {
        operator,
        data_type,
        signature: Signature::any(2, Volatility::Immutable),
    })
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &'static str {
        match self.operator {
            Operator::Plus => "add",
            Operator::Minus => "subtract",
            Operator::Multiply => "multiply",
            Operator::Divide => "divide",
            _ => "modulo",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.data_type.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        row_by_row(args, |args| {
            let arrays = ColumnarValue::values_to_arrays(&args.args)?;
            let [left, right] = &arrays[..] else {
                return exec_err!("an operation has two sides");
            };
            let types = (left.data_type(), right.data_type());
            let types = BinaryTypeCoercer::new(types.0, &self.operator, types.1);
            let types = types.get_input_types()?;
            let (left, right) = (cast(left, &types.0)?, cast(right, &types.1)?);
            let values = match self.operator {
                Operator::Plus => add(&left, &right),
                Operator::Minus => sub(&left, &right),
                Operator::Multiply => mul(&left, &right),
                Operator::Divide => div(&left, &right),
                _ => rem(&left, &right),
            };
            Ok(ColumnarValue::Array(cast(&values?, &self.data_type)?))
        })
    }
}

/// What `call` makes of all rows; where that fails, of each row by itself, with NULL for those on which it fails.
fn row_by_row(
    args: ScalarFunctionArgs,
    call: impl Fn(ScalarFunctionArgs) -> Result<ColumnarValue>,
) -> Result<ColumnarValue> {
    let data_type = args.return_field.data_type().clone();
    // Most batches have no failing row: the slow way is taken only after an error.
    if let Ok(values) = call(args.clone()) {
        return Ok(values);
    }
    let is_array = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Array(_));
    // Constants only: what fails for one row fails for all.
    if !args.args.iter().any(is_array) {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from(&data_type)?));
    }
    let row = |row: usize| -> Result<ArrayRef> {
        let mut one = args.clone();
        one.number_rows = 1;
        for arg in &mut one.args {
            if let ColumnarValue::Array(array) = arg {
                *array = array.slice(row, 1);
            }
        }
        match call(one) {
            Ok(value) => value.into_array(1),
            Err(_) => Ok(new_null_array(&data_type, 1)),
        }
    };
    let rows = (0..args.number_rows).map(row);
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = rows.iter().map(AsRef::as_ref).collect();
    Ok(ColumnarValue::Array(concat(&rows)?))
}
