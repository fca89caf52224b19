//! `normal_cdf(z) -> double` and `normal_quantile(p) -> double`: the standard normal distribution, to turn estimates and errors into
//! p-values and intervals of another level by hand.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::cast::as_float64_array;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use korabo_estimators::inference::{normal_cdf, normal_quantile};

/// A function of one number.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Normal {
    which: Which,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Which {
    /// P(Z ≤ z).
    Cdf,
    /// The z of P(Z ≤ z) = p; NULL where p is not between 0 and 1, or one of them.
    Quantile,
}

impl Normal {
    pub(super) fn cdf() -> Self {
        Self::new(Which::Cdf)
    }

    pub(super) fn quantile() -> Self {
        Self::new(Which::Quantile)
    }

    fn new(which: Which) -> Self {
        Self {
            which,
            signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Normal {
    fn name(&self) -> &'static str {
        match self.which {
            Which::Cdf => "normal_cdf",
            Which::Quantile => "normal_quantile",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let values = as_float64_array(&arrays[0])?.iter();
        let found: Float64Array = match self.which {
            Which::Cdf => values
                .map(|z| z.filter(|z| !z.is_nan()).map(normal_cdf))
                .collect(),
            Which::Quantile => values
                .map(|p| p.filter(|p| *p > 0.0 && *p < 1.0).map(normal_quantile))
                .collect(),
        };
        Ok(ColumnarValue::Array(Arc::new(found) as ArrayRef))
    }
}
