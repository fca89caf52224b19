//! From Arrow columns to the flat vectors estimators take. Strings become codes in the order of their
//! labels, so that codes do not depend on the order in which rows arrive.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, Int64Array};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, UInt64Type};
use rayon::prelude::*;

use super::RelationError;
use super::column_role::{is_numeric, is_text, is_whole, is_written, quoted, value_type};
use korabo_estimators::EstimatorError;
use korabo_estimators::panel::{Covariate, CovariateValues, NEVER};

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

    /// An estimator's refusal; that of a treatment other than yes and no names the column.
    pub(super) fn refused_treatment(&self, source: EstimatorError) -> RelationError {
        let relation = self.relation;
        match source {
            EstimatorError::NotBinary { n_rows, .. } => RelationError::NotYesNo {
                relation,
                argument: "treated",
                column: self.column.clone(),
                n_rows,
            },
            source => RelationError::Refused { relation, source },
        }
    }
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
    let wrong = || name.wrong_type("whole numbers", array.data_type());
    if !(is_whole(array.data_type()) || array.data_type() == &DataType::Null) {
        return Err(wrong());
    }
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let integers = cast_with_options(array, &DataType::Int64, &options).map_err(|_| wrong())?;
    if integers.null_count() > array.logical_null_count() {
        return Err(name.wrong_type("whole numbers below 2^63", array.data_type()));
    }
    Ok(integers.as_primitive::<Int64Type>().clone())
}

/// Periods and cohorts lie within this distance from zero, so that the time between two of them is a 32-bit number too.
pub(super) const LARGEST_PERIOD: i32 = 1_000_000_000;

/// The periods or cohorts of an array as 32-bit numbers; `None` where one lies too far from zero.
fn narrow(name: &ColumnName, array: &ArrayRef) -> Result<Option<ArrayRef>, RelationError> {
    let narrow = match array.data_type() {
        DataType::Int32 => Arc::clone(array),
        other => {
            let wrong = || name.wrong_type("whole numbers", other);
            if !(value_type(other).is_integer() || other == &DataType::Null) {
                return Err(wrong());
            }
            // A failed conversion is a value that was not null and is now.
            let narrow = cast(array, &DataType::Int32).map_err(|_| wrong())?;
            if narrow.null_count() > array.logical_null_count() {
                return Ok(None);
            }
            narrow
        }
    };
    let periods = narrow.as_primitive::<Int32Type>();
    let is_near = |period: i32| (-LARGEST_PERIOD..=LARGEST_PERIOD).contains(&period);
    let all_near = if periods.null_count() == 0 {
        periods.values().iter().all(|&period| is_near(period))
    } else {
        periods.iter().flatten().all(is_near)
    };
    Ok(all_near.then_some(narrow))
}

fn push_narrow(narrow: &ArrayRef, missing: i32, out: &mut Vec<i32>) {
    let periods = narrow.as_primitive::<Int32Type>();
    if periods.null_count() == 0 {
        out.extend_from_slice(periods.values());
    } else {
        out.extend(periods.iter().map(|period| period.unwrap_or(missing)));
    }
}

/// Appends a column of cohorts; a missing one is never exposed.
pub(super) fn push_cohorts(
    name: &ColumnName,
    array: &ArrayRef,
    out: &mut Vec<i32>,
) -> Result<(), RelationError> {
    let Some(cohorts) = narrow(name, array)? else {
        return Err(RelationError::PeriodRange {
            relation: name.relation,
            column: name.column.clone(),
            what: "cohorts",
            hint: "NULL means never exposed, and cohorts are counted as the periods are".to_owned(),
        });
    };
    push_narrow(&cohorts, NEVER, out);
    Ok(())
}

/// Appends the periods of rows whose outcomes were appended before. A row without a period cannot be placed: its outcomes
/// become missing, and so it counts as a row with a missing value.
pub(super) fn push_times(
    name: &ColumnName,
    array: &ArrayRef,
    outcomes: &mut [Vec<f64>],
    out: &mut Vec<i32>,
) -> Result<(), RelationError> {
    let first = out.len();
    let Some(periods) = narrow(name, array)? else {
        let column = &name.column;
        return Err(RelationError::PeriodRange {
            relation: name.relation,
            column: column.clone(),
            what: "periods",
            hint: format!(
                "count them from the first, or in larger steps, as in `{} / 86400` for days from seconds",
                quoted(column)
            ),
        });
    };
    push_narrow(&periods, 0, out);
    if array.logical_null_count() == 0 {
        return Ok(());
    }
    for outcome in outcomes {
        for (value, row) in outcome[first..].iter_mut().zip(0..array.len()) {
            if array.is_null(row) {
                *value = f64::NAN;
            }
        }
    }
    Ok(())
}

/// A column of labels (units, clusters, categories): whole numbers, text, or what is told apart by its text.
#[derive(Debug)]
pub(super) struct LabelColumn {
    name: ColumnName,
    /// Whole numbers; anything where missing. Empty for text.
    integers: Vec<i64>,
    /// The integers are unsigned ones less 2^63, which keeps their order.
    is_unsigned: bool,
    /// The integers are yes/no.
    is_yes_no: bool,
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
            is_unsigned: false,
            is_yes_no: false,
            missing: Vec::new(),
            codes: Vec::new(),
            text: HashMap::new(),
            text_bytes: 0,
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) -> Result<(), RelationError> {
        let data_type = array.data_type();
        let plain = value_type(data_type);
        if plain == &DataType::UInt64 {
            let unsigned = cast(array, &DataType::UInt64)
                .map_err(|_| self.name.wrong_type("whole numbers", data_type))?;
            let shifted = unsigned.as_primitive::<UInt64Type>();
            self.is_unsigned = true;
            self.push_integers(&shifted.unary(|value| shift(value).cast_signed()));
            return Ok(());
        }
        if is_text(plain) || (is_written(plain) && !is_whole(plain)) {
            return self.push_text(array);
        }
        if is_whole(plain) || plain == &DataType::Null {
            self.is_yes_no |= plain == &DataType::Boolean;
            let integers = integers(&self.name, array)?;
            self.push_integers(&integers);
            return Ok(());
        }
        Err(self.name.wrong_type("whole numbers or text", data_type))
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
        let wrong = || {
            self.name
                .wrong_type("whole numbers or text", array.data_type())
        };
        let is_text = is_text(array.data_type());
        let written = if is_text {
            Arc::clone(array)
        } else {
            cast(array, &DataType::Utf8).map_err(|_| wrong())?
        };
        let labels = cast(&written, &DataType::Utf8View).map_err(|_| wrong())?;
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
    /// outcomes become missing, and so it counts as a row with a missing value.
    pub(super) fn into_ids(self, outcomes: &mut [Vec<f64>]) -> Vec<i64> {
        let mut lose = |row: usize| {
            for outcome in &mut *outcomes {
                outcome[row] = f64::NAN;
            }
        };
        if self.is_text() {
            let codes = self.into_codes().0;
            let rows = codes.iter().enumerate();
            rows.filter(|(_, code)| **code == MISSING_CODE)
                .for_each(|(row, _)| lose(row));
            return codes.into_iter().map(i64::from).collect();
        }
        let rows = self.missing.iter().enumerate();
        rows.filter(|(_, missing)| **missing)
            .for_each(|(row, _)| lose(row));
        self.integers
    }

    /// Dense codes and their labels, in the order of the labels.
    pub(super) fn into_codes(self) -> (Vec<u32>, LabelLevels) {
        if self.is_text() {
            self.into_text_codes()
        } else if self.is_unsigned {
            let (codes, levels) = self.into_integer_codes();
            (codes, unsigned(levels))
        } else {
            let (codes, levels) = self.into_integer_codes();
            (codes, LabelLevels::Integers(levels))
        }
    }

    /// Dense codes and the words for them, in the order of the labels.
    pub(super) fn into_words(self) -> (Vec<u32>, Vec<String>) {
        let is_yes_no = self.is_yes_no;
        let (codes, labels) = self.into_codes();
        let words = labels
            .into_texts()
            .into_iter()
            .map(|label| match label.as_str() {
                "0" if is_yes_no => "false".to_owned(),
                "1" if is_yes_no => "true".to_owned(),
                _ => label,
            });
        (codes, words.collect())
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

    fn into_integer_codes(mut self) -> (Vec<u32>, Vec<i64>) {
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
            return (codes, Vec::new());
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
            return (codes, levels);
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
        (codes, levels)
    }
}

/// An unsigned number less 2^63 as the bits of a signed one, and back.
fn shift(bits: u64) -> u64 {
    bits ^ (1 << 63)
}

/// The unsigned numbers behind shifted ones; as text where one does not fit into a signed number.
fn unsigned(shifted: Vec<i64>) -> LabelLevels {
    let levels = shifted.into_iter();
    let levels: Vec<u64> = levels.map(|level| shift(level.cast_unsigned())).collect();
    let signed: Result<Vec<i64>, _> = levels.iter().map(|&level| i64::try_from(level)).collect();
    match signed {
        Ok(levels) => LabelLevels::Integers(levels),
        Err(_) => LabelLevels::Texts(levels.iter().map(ToString::to_string).collect()),
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
