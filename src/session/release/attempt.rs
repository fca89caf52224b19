//! Functions that yield NULL for the rows on which they fail: an error would tell of the row that caused it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
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
        let data_type = args.return_field.data_type().clone();
        if let Ok(values) = self.function.invoke_with_args(args.clone()) {
            return Ok(values);
        }
        let is_array = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Array(_));
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
            match self.function.invoke_with_args(one) {
                Ok(value) => value.into_array(1),
                Err(_) => Ok(new_null_array(&data_type, 1)),
            }
        };
        let rows = (0..args.number_rows).map(row);
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let rows: Vec<_> = rows.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&rows)?))
    }
}
