//! `fiscal_year(date) -> smallint`: the Japanese fiscal year (April to March) of a day.

use std::sync::Arc;

use chrono::Datelike as _;
use datafusion::arrow::array::{ArrayRef, Int16Array};
use datafusion::arrow::datatypes::{DataType, Date32Type};
use datafusion::common::Result;
use datafusion::common::cast::as_date32_array;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct FiscalYear {
    signature: Signature,
}

impl FiscalYear {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::exact(vec![DataType::Date32], Volatility::Immutable),
        }
    }
}

/// Year of `days` since 1970 in the calendar that begins on 1 April.
fn fiscal_year_of(days: i32) -> Option<i16> {
    let date = Date32Type::to_naive_date_opt(days)?;
    i16::try_from(date.year() - i32::from(date.month() < 4)).ok()
}

impl ScalarUDFImpl for FiscalYear {
    fn name(&self) -> &'static str {
        "fiscal_year"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int16)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let dates = as_date32_array(&arrays[0])?;
        let years: Int16Array = dates
            .iter()
            .map(|days| days.and_then(fiscal_year_of))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(years) as ArrayRef))
    }
}
