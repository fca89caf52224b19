//! `month_fiscal_year(yyyymm) -> smallint`: the fiscal year (April to March) of a month.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int16Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::cast::as_int64_array;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct MonthFiscalYear {
    signature: Signature,
}

impl MonthFiscalYear {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::exact(vec![DataType::Int64], Volatility::Immutable),
        }
    }
}

/// Fiscal year of a month written YYYYMM; `None` when the month is not 1–12.
fn fiscal_year_of(month: i64) -> Option<i16> {
    let (year, month) = (month / 100, month % 100);
    if !(1..=12).contains(&month) {
        return None;
    }
    i16::try_from(year - i64::from(month < 4)).ok()
}

impl ScalarUDFImpl for MonthFiscalYear {
    fn name(&self) -> &'static str {
        "month_fiscal_year"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int16)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let months = as_int64_array(&arrays[0])?;
        let years: Int16Array = months.iter().map(|m| m.and_then(fiscal_year_of)).collect();
        Ok(ColumnarValue::Array(Arc::new(years) as ArrayRef))
    }
}
