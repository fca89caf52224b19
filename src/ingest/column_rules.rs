//! Rules over the values of one column: limits, code lists, digits, tokens. A column is first tested
//! as a whole (smallest and largest value); single rows are tested only when that fails.

use std::collections::HashSet;

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use datafusion::arrow::array::{ArrowNumericType, StringArray};
use datafusion::arrow::compute::{cast, max, min};
use datafusion::arrow::datatypes::{
    DataType, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};

use super::canonical::to_canonical;
use super::rejects::{Faults, Rule};
use super::text;
use super::validate_error::ValidateError;
use crate::contract::{ColumnContract, ColumnType};

/// Integer codes of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CodeSet {
    sorted: Vec<i64>,
    /// Whether the codes are all numbers from the first to the last: then a range test is enough.
    has_no_gaps: bool,
}

impl CodeSet {
    /// The set of codes written in a contract; texts that are no numbers were refused by its parser.
    pub(super) fn new<'a>(codes: impl Iterator<Item = &'a String>) -> Self {
        let mut sorted: Vec<i64> = codes.filter_map(|code| code.parse().ok()).collect();
        sorted.sort_unstable();
        let has_no_gaps = sorted.windows(2).all(|pair| pair[1] - pair[0] == 1);
        Self {
            sorted,
            has_no_gaps,
        }
    }

    pub(super) fn contains(&self, code: i64) -> bool {
        let (Some(first), Some(last)) = (self.sorted.first(), self.sorted.last()) else {
            return false;
        };
        (*first..=*last).contains(&code)
            && (self.has_no_gaps || self.sorted.binary_search(&code).is_ok())
    }

    /// Whether everything from `low` to `high` is a code.
    pub(super) fn covers(&self, low: i64, high: i64) -> bool {
        self.contains(low) && self.contains(high) && (self.has_no_gaps || low == high)
    }
}

/// The rules of one column, prepared.
#[derive(Debug)]
pub(super) struct ColumnRules {
    data_type: ColumnType,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Nothing,
    Integers {
        low: i64,
        high: i64,
        codes: Option<CodeSet>,
    },
    Numbers {
        low: f64,
        high: f64,
    },
    Texts {
        codes: Option<HashSet<String>>,
        digits: Option<usize>,
    },
    Tokens,
}

impl ColumnRules {
    pub(super) fn new(column: &ColumnContract) -> Self {
        let codes = &column.codes.always;
        let test = match column.data_type {
            ColumnType::Token => Test::Tokens,
            ColumnType::Boolean | ColumnType::Date => Test::Nothing,
            ColumnType::Float64 => Test::Numbers {
                low: column.min.unwrap_or(f64::NEG_INFINITY),
                high: column.max.unwrap_or(f64::INFINITY),
            },
            ColumnType::String => Test::Texts {
                codes: (!codes.is_empty()).then(|| codes.keys().cloned().collect()),
                digits: column.pattern_digits,
            },
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the contract's limits are whole"
            )]
            _ => Test::Integers {
                low: column.min.map_or(i64::MIN, |min| min as i64),
                high: column.max.map_or(i64::MAX, |max| max as i64),
                codes: (!codes.is_empty()).then(|| CodeSet::new(codes.keys())),
            },
        };
        Self {
            data_type: column.data_type,
            test,
        }
    }

    /// Reads a column as received and tests its values. Missing values are accepted:
    /// the caller knows whether they may be missing.
    pub(super) fn apply(&self, array: &ArrayRef) -> Result<(ArrayRef, Faults), ValidateError> {
        let DataType::Dictionary(_, value_type) = array.data_type() else {
            return self.apply_plain(array);
        };
        let dictionary = array.as_any_dictionary();
        // A dictionary much longer than the batch is cheaper to resolve than to test.
        if dictionary.values().len() > 2 * array.len() {
            let plain = cast(array, value_type).map_err(|_| ValidateError::kernel("resolving"))?;
            return self.apply_plain(&plain);
        }
        let (values, value_faults) = self.apply_plain(dictionary.values())?;
        let taken = datafusion::arrow::compute::take(&values, dictionary.keys(), None)
            .map_err(|_| ValidateError::kernel("resolving"))?;
        let mut faults = Faults::default();
        if !value_faults.rows.is_empty() {
            let mut rule_of = vec![None; values.len()];
            for (value, rule) in value_faults.rows {
                rule_of[value].get_or_insert(rule);
            }
            // A missing row has the number of the first value.
            let keys = dictionary.keys();
            for (row, value) in dictionary.normalized_keys().into_iter().enumerate() {
                if let Some(rule) = rule_of[value].filter(|_| keys.is_valid(row)) {
                    faults.push(row, rule);
                }
            }
        }
        Ok((taken, faults))
    }

    fn apply_plain(&self, array: &ArrayRef) -> Result<(ArrayRef, Faults), ValidateError> {
        let mut faults = Faults::default();
        let canonical = to_canonical(array, self.data_type, &mut faults)
            .map_err(|_| ValidateError::kernel("reading"))?;
        match &self.test {
            Test::Nothing => {}
            Test::Integers { low, high, codes } => {
                if codes.is_some() {
                    // A number too large for the type is first of all not a code.
                    for (_, rule) in &mut faults.rows {
                        *rule = if *rule == Rule::Range {
                            Rule::Code
                        } else {
                            *rule
                        };
                    }
                }
                let limits = (*low, *high);
                match self.data_type {
                    ColumnType::Int8 => {
                        test_integers::<Int8Type>(&canonical, limits, codes, &mut faults)
                    }
                    ColumnType::Int16 => {
                        test_integers::<Int16Type>(&canonical, limits, codes, &mut faults);
                    }
                    ColumnType::Int64 => {
                        test_integers::<Int64Type>(&canonical, limits, codes, &mut faults);
                    }
                    _ => test_integers::<Int32Type>(&canonical, limits, codes, &mut faults),
                }
            }
            Test::Numbers { low, high } => {
                test_numbers(canonical.as_primitive(), *low, *high, &mut faults)
            }
            Test::Texts { codes, digits } => {
                test_texts(canonical.as_string(), codes.as_ref(), *digits, &mut faults);
            }
            Test::Tokens => test_each(
                canonical.as_string(),
                Rule::Token,
                &mut faults,
                text::is_token,
            ),
        }
        Ok((canonical, faults))
    }
}

fn test_integers<T>(
    array: &ArrayRef,
    limits: (i64, i64),
    codes: &Option<CodeSet>,
    faults: &mut Faults,
) where
    T: ArrowNumericType,
    T::Native: Into<i64>,
{
    let array = array.as_primitive::<T>();
    let (Some(smallest), Some(largest)) = (min(array), max(array)) else {
        return;
    };
    let (smallest, largest) = (smallest.into(), largest.into());
    if smallest < limits.0 || largest > limits.1 {
        each_valid(array, |row, value| {
            if value.into() < limits.0 || value.into() > limits.1 {
                faults.push(row, Rule::Range);
            }
        });
    }
    if let Some(codes) = codes
        .as_ref()
        .filter(|codes| !codes.covers(smallest, largest))
    {
        each_valid(array, |row, value| {
            if !codes.contains(value.into()) {
                faults.push(row, Rule::Code);
            }
        });
    }
}

fn test_numbers(array: &PrimitiveArray<Float64Type>, low: f64, high: f64, faults: &mut Faults) {
    let inside = |value: Option<f64>| value.is_none_or(|value| value >= low && value <= high);
    if inside(min(array)) && inside(max(array)) {
        return;
    }
    each_valid(array, |row, value| {
        if !inside(Some(value)) {
            faults.push(row, Rule::Range);
        }
    });
}

fn test_texts(
    array: &StringArray,
    codes: Option<&HashSet<String>>,
    digits: Option<usize>,
    faults: &mut Faults,
) {
    if let Some(length) = digits {
        let fits = |text: &str| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        test_each(array, Rule::Digits, faults, fits);
    }
    if let Some(codes) = codes {
        test_each(array, Rule::Code, faults, |text| codes.contains(text));
    }
}

fn test_each(array: &StringArray, rule: Rule, faults: &mut Faults, fits: impl Fn(&str) -> bool) {
    for (row, text) in array.iter().enumerate() {
        if text.is_some_and(|text| !fits(text)) {
            faults.push(row, rule);
        }
    }
}

/// Calls `visit` for every value that is not NULL.
pub(super) fn each_valid<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    mut visit: impl FnMut(usize, T::Native),
) {
    for (row, value) in array.values().iter().enumerate() {
        if array.is_valid(row) {
            visit(row, *value);
        }
    }
}
