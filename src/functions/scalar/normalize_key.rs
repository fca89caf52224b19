//! `normalize_key(text) -> text`: the comparable form of a pseudonymous key (`link::normalize_key`).

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::cast::as_string_array;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use crate::link::normalize_key;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct NormalizeKey {
    signature: Signature,
}

impl NormalizeKey {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::exact(vec![DataType::Utf8], Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for NormalizeKey {
    fn name(&self) -> &'static str {
        "normalize_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let keys = as_string_array(&arrays[0])?;
        let mut normalized = StringBuilder::with_capacity(keys.len(), keys.values().len());
        for key in keys {
            normalized.append_option(key.map(normalize_key));
        }
        Ok(ColumnarValue::Array(
            Arc::new(normalized.finish()) as ArrayRef
        ))
    }
}
