//! From Arrow columns to the flat vectors estimators take. Strings become codes in the order of their
//! labels, so that codes do not depend on the order in which rows arrive.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, Int64Array};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};

use super::RelationError;
use crate::estimators::panel::{Covariate, CovariateValues};

/// The code of a missing cluster or category, as the estimators know it.
pub(super) const MISSING_CODE: u32 = u32::MAX;

/// Names one column of one relation in errors.
#[derive(Debug, Clone)]
pub(super) struct ColumnName {
    pub(super) relation: &'static str,
    pub(super) column: String,
}

impl ColumnName {
    fn wrong_type(&self, expected: &'static str, found: &DataType) -> RelationError {
        RelationError::ColumnType {
            relation: self.relation,
            column: self.column.clone(),
            expected,
            found: found.to_string(),
        }
    }
}

/// Whether values of the type can serve as numbers.
pub(super) fn is_numeric(data_type: &DataType) -> bool {
    data_type.is_numeric() || matches!(data_type, DataType::Boolean | DataType::Null)
}

/// Appends a numeric or boolean column; missing becomes NaN.
pub(super) fn push_numbers(
    name: &ColumnName,
    array: &ArrayRef,
    out: &mut Vec<f64>,
) -> Result<(), RelationError> {
    let wrong = || name.wrong_type("numeric or boolean", array.data_type());
    if !is_numeric(array.data_type()) {
        return Err(wrong());
    }
    let numbers = cast(array, &DataType::Float64).map_err(|_| wrong())?;
    let numbers = numbers.as_primitive::<Float64Type>();
    if numbers.null_count() == 0 {
        out.extend_from_slice(numbers.values());
    } else {
        out.extend(numbers.iter().map(|value| value.unwrap_or(f64::NAN)));
    }
    Ok(())
}

fn integers(name: &ColumnName, array: &ArrayRef) -> Result<Int64Array, RelationError> {
    let wrong = || name.wrong_type("a whole number", array.data_type());
    if !(array.data_type().is_integer() || array.data_type() == &DataType::Null) {
        return Err(wrong());
    }
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let integers = cast_with_options(array, &DataType::Int64, &options).map_err(|_| wrong())?;
    Ok(integers.as_primitive::<Int64Type>().clone())
}

/// Appends a column of periods or cohorts; a missing one becomes `missing`.
pub(super) fn push_periods(
    name: &ColumnName,
    array: &ArrayRef,
    missing: i32,
    out: &mut Vec<i32>,
) -> Result<(), RelationError> {
    let wrong = || name.wrong_type("a 32-bit whole number", array.data_type());
    let narrow = match array.data_type() {
        DataType::Int32 => Arc::clone(array),
        _ => {
            let wide = integers(name, array)?;
            let narrow = cast(&wide, &DataType::Int32).map_err(|_| wrong())?;
            // A failed conversion is a value that was not null and is now.
            if narrow.null_count() > wide.null_count() {
                return Err(wrong());
            }
            narrow
        }
    };
    let periods = narrow.as_primitive::<Int32Type>();
    if periods.null_count() == 0 {
        out.extend_from_slice(periods.values());
    } else {
        out.extend(periods.iter().map(|period| period.unwrap_or(missing)));
    }
    Ok(())
}

/// Appends the periods of rows whose outcomes were appended before. A row without a period cannot be placed: its outcome
/// becomes missing, and so it counts as a row with a missing value.
pub(super) fn push_times(
    name: &ColumnName,
    array: &ArrayRef,
    outcome: &mut [f64],
    out: &mut Vec<i32>,
) -> Result<(), RelationError> {
    let first = out.len();
    push_periods(name, array, 0, out)?;
    for (value, row) in outcome[first..].iter_mut().zip(0..array.len()) {
        if array.is_null(row) {
            *value = f64::NAN;
        }
    }
    Ok(())
}

/// A column of labels (units, clusters, categories): whole numbers or text.
#[derive(Debug)]
pub(super) struct LabelColumn {
    name: ColumnName,
    integers: Vec<Option<i64>>,
    text: HashMap<Box<str>, i64>,
    is_text: bool,
    text_bytes: usize,
}

impl LabelColumn {
    pub(super) fn new(name: ColumnName) -> Self {
        Self {
            name,
            integers: Vec::new(),
            text: HashMap::new(),
            is_text: false,
            text_bytes: 0,
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) -> Result<(), RelationError> {
        let value_type = match array.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            other => other,
        };
        match value_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => self.push_text(array),
            DataType::Boolean => {
                let flags = cast(array, &DataType::Int64)
                    .map_err(|_| self.name.wrong_type("a label", array.data_type()))?;
                self.integers
                    .extend(flags.as_primitive::<Int64Type>().iter());
                Ok(())
            }
            _ => {
                let integers = integers(&self.name, array).map_err(|_| {
                    self.name
                        .wrong_type("whole numbers or text", array.data_type())
                })?;
                self.integers.extend(integers.iter());
                Ok(())
            }
        }
    }

    fn push_text(&mut self, array: &ArrayRef) -> Result<(), RelationError> {
        self.is_text = true;
        let labels = cast(array, &DataType::Utf8View).map_err(|_| {
            self.name
                .wrong_type("whole numbers or text", array.data_type())
        })?;
        for label in labels.as_string_view() {
            let code = label.map(|label| {
                if let Some(code) = self.text.get(label) {
                    return *code;
                }
                let code = i64::try_from(self.text.len()).expect("fewer labels than 2^63");
                self.text_bytes += label.len() + 40;
                self.text.insert(label.into(), code);
                code
            });
            self.integers.push(code);
        }
        Ok(())
    }

    pub(super) fn reserve(&mut self, n_rows: usize) {
        self.integers.reserve(n_rows);
    }

    pub(super) fn column_name(&self) -> &str {
        &self.name.column
    }

    pub(super) fn bytes(&self) -> usize {
        self.integers.len() * size_of::<Option<i64>>() + self.text_bytes
    }

    /// One number per row; text is numbered in the order of its labels.
    pub(super) fn into_integers(self) -> Vec<Option<i64>> {
        if !self.is_text {
            return self.integers;
        }
        let mut labels: Vec<(Box<str>, i64)> = self.text.into_iter().collect();
        labels.sort_unstable();
        let mut rank = vec![0_i64; labels.len()];
        for (position, (_, code)) in labels.iter().enumerate() {
            rank[usize::try_from(*code).expect("codes count from 0")] = position as i64;
        }
        let ranked = |code: i64| rank[usize::try_from(code).expect("codes count from 0")];
        self.integers
            .into_iter()
            .map(|code| code.map(ranked))
            .collect()
    }

    /// Dense codes and their labels, in the order of the labels.
    pub(super) fn into_codes(self) -> (Vec<u32>, Vec<String>) {
        let mut labels: Vec<Box<str>> = self.text.keys().cloned().collect();
        labels.sort_unstable();
        let is_text = self.is_text;
        let integers = self.into_integers();
        let mut distinct: Vec<i64> = integers.iter().flatten().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let code_of: HashMap<i64, u32> = distinct
            .iter()
            .zip(0_u32..)
            .map(|(value, code)| (*value, code))
            .collect();
        let codes = integers
            .iter()
            .map(|value| value.map_or(MISSING_CODE, |value| code_of[&value]))
            .collect();
        let names = if is_text {
            labels.into_iter().map(String::from).collect()
        } else {
            distinct.iter().map(ToString::to_string).collect()
        };
        (codes, names)
    }
}

/// A column that enters as numbers, or as categories where it holds text.
#[derive(Debug)]
pub(super) enum ValueColumn {
    Numbers(ColumnName, Vec<f64>),
    Labels(LabelColumn),
}

impl ValueColumn {
    pub(super) fn new(name: ColumnName, data_type: &DataType) -> Self {
        if is_numeric(data_type) {
            Self::Numbers(name, Vec::new())
        } else {
            Self::Labels(LabelColumn::new(name))
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) -> Result<(), RelationError> {
        match self {
            Self::Numbers(name, values) => push_numbers(name, array, values),
            Self::Labels(labels) => labels.push(array),
        }
    }

    pub(super) fn reserve(&mut self, n_rows: usize) {
        match self {
            Self::Numbers(_, values) => values.reserve(n_rows),
            Self::Labels(labels) => labels.reserve(n_rows),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Numbers(_, values) => values.len() * size_of::<f64>(),
            Self::Labels(labels) => labels.bytes(),
        }
    }

    pub(super) fn into_covariate(self) -> Covariate {
        match self {
            Self::Numbers(name, values) => Covariate {
                name: name.column,
                values: CovariateValues::Numbers(values),
            },
            Self::Labels(labels) => {
                let name = labels.column_name().to_owned();
                let (codes, labels) = labels.into_codes();
                Covariate {
                    name,
                    values: CovariateValues::Categories { codes, labels },
                }
            }
        }
    }
}
