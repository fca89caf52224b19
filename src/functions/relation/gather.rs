//! From Arrow columns to the flat vectors estimators take. Strings become codes in the order of their
//! labels, so that codes do not depend on the order in which rows arrive.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, Int64Array};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use rayon::prelude::*;

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
    if integers.null_count() > array.logical_null_count() {
        return Err(name.wrong_type("a whole number below 2^63", array.data_type()));
    }
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
    if array.logical_null_count() == 0 {
        return Ok(());
    }
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
    /// Whole numbers; anything where missing. Empty for text.
    integers: Vec<i64>,
    /// Whether the integer is missing; shorter than `integers` where the rest is there.
    missing: Vec<bool>,
    /// Text by first appearance, or [`MISSING_CODE`]. Empty for whole numbers.
    codes: Vec<u32>,
    text: HashMap<Box<str>, u32>,
    text_bytes: usize,
}

/// The labels behind dense codes, ascending.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LabelLevels {
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

impl LabelLevels {
    fn into_texts(self) -> Vec<String> {
        match self {
            Self::Integers(levels) => levels.iter().map(ToString::to_string).collect(),
            Self::Texts(levels) => levels,
        }
    }
}

impl LabelColumn {
    pub(super) fn new(name: ColumnName) -> Self {
        Self {
            name,
            integers: Vec::new(),
            missing: Vec::new(),
            codes: Vec::new(),
            text: HashMap::new(),
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
                self.push_integers(flags.as_primitive());
                Ok(())
            }
            _ => {
                let integers = integers(&self.name, array).map_err(|_| {
                    self.name
                        .wrong_type("whole numbers or text", array.data_type())
                })?;
                self.push_integers(&integers);
                Ok(())
            }
        }
    }

    fn push_integers(&mut self, array: &Int64Array) {
        if array.null_count() > 0 {
            self.missing.resize(self.integers.len(), false);
            self.missing
                .extend((0..array.len()).map(|row| array.is_null(row)));
        }
        self.integers.extend_from_slice(array.values());
    }

    fn push_text(&mut self, array: &ArrayRef) -> Result<(), RelationError> {
        let labels = cast(array, &DataType::Utf8View).map_err(|_| {
            self.name
                .wrong_type("whole numbers or text", array.data_type())
        })?;
        for label in labels.as_string_view() {
            let code = label.map_or(MISSING_CODE, |label| {
                if let Some(code) = self.text.get(label) {
                    return *code;
                }
                let code = u32::try_from(self.text.len()).expect("fewer labels than 2^32");
                self.text_bytes += label.len() + 40;
                self.text.insert(label.into(), code);
                code
            });
            self.codes.push(code);
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
        self.integers.len() * size_of::<i64>()
            + self.missing.len()
            + self.codes.len() * size_of::<u32>()
            + self.text_bytes
    }

    fn is_text(&self) -> bool {
        !self.codes.is_empty()
    }

    /// One number per row, for units: text is numbered in the order of its labels. A row without a unit cannot be placed: its
    /// outcome becomes missing, and so it counts as a row with a missing value.
    pub(super) fn into_ids(self, outcome: &mut [f64]) -> Vec<i64> {
        if self.is_text() {
            let codes = self.into_codes().0;
            for (value, _) in outcome
                .iter_mut()
                .zip(&codes)
                .filter(|(_, code)| **code == MISSING_CODE)
            {
                *value = f64::NAN;
            }
            return codes.into_iter().map(i64::from).collect();
        }
        for (value, _) in outcome
            .iter_mut()
            .zip(&self.missing)
            .filter(|(_, missing)| **missing)
        {
            *value = f64::NAN;
        }
        self.integers
    }

    /// Dense codes and their labels, in the order of the labels.
    pub(super) fn into_codes(self) -> (Vec<u32>, LabelLevels) {
        if self.is_text() {
            self.into_text_codes()
        } else {
            self.into_integer_codes()
        }
    }

    fn into_text_codes(mut self) -> (Vec<u32>, LabelLevels) {
        let mut labels: Vec<(Box<str>, u32)> = self.text.into_iter().collect();
        labels.sort_unstable();
        let mut rank = vec![0_u32; labels.len()];
        for ((_, code), position) in labels.iter().zip(0..) {
            rank[*code as usize] = position;
        }
        for code in self.codes.iter_mut().filter(|code| **code != MISSING_CODE) {
            *code = rank[*code as usize];
        }
        let labels = labels.into_iter().map(|(label, _)| String::from(label));
        (self.codes, LabelLevels::Texts(labels.collect()))
    }

    fn into_integer_codes(mut self) -> (Vec<u32>, LabelLevels) {
        if !self.missing.is_empty() {
            self.missing.resize(self.integers.len(), false);
        }
        let is_there = |row: usize| !self.missing.get(row).copied().unwrap_or(false);
        let there = || {
            let rows = self.integers.iter().enumerate();
            rows.filter(|&(row, _)| is_there(row))
                .map(|(_, &value)| value)
        };
        let (Some(low), Some(high)) = (there().min(), there().max()) else {
            let codes = vec![MISSING_CODE; self.integers.len()];
            return (codes, LabelLevels::Integers(Vec::new()));
        };
        let span = high.abs_diff(low);
        if span / 4 <= self.integers.len() as u64 + 256 {
            let mut table = vec![MISSING_CODE; usize::try_from(span).expect("a short table") + 1];
            let place = |value: i64| value.abs_diff(low) as usize;
            there().for_each(|value| table[place(value)] = 0);
            let mut levels = Vec::new();
            for (entry, value) in table.iter_mut().zip(low..=high) {
                if *entry != MISSING_CODE {
                    *entry = u32::try_from(levels.len()).expect("fewer labels than 2^32");
                    levels.push(value);
                }
            }
            let code = |(row, &value): (usize, &i64)| {
                if is_there(row) {
                    table[place(value)]
                } else {
                    MISSING_CODE
                }
            };
            let codes = self.integers.iter().enumerate().map(code).collect();
            return (codes, LabelLevels::Integers(levels));
        }
        // Panels repeat a unit in neighbouring rows: dropping repeats first makes the sort short.
        let mut levels: Vec<i64> = there().collect();
        levels.dedup();
        levels.par_sort_unstable();
        levels.dedup();
        let code = |(row, value): (usize, &i64)| match levels.binary_search(value) {
            Ok(place) if is_there(row) => place as u32,
            _ => MISSING_CODE,
        };
        let codes = self.integers.par_iter().enumerate().map(code).collect();
        (codes, LabelLevels::Integers(levels))
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
                let (codes, levels) = labels.into_codes();
                let labels = levels.into_texts();
                Covariate {
                    name,
                    values: CovariateValues::Categories { codes, labels },
                }
            }
        }
    }
}
