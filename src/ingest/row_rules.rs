//! Rules over several columns of one row: order of two values, fiscal year of a date, codes that
//! depend on the row's questionnaire term. A rule holds when a value it needs is missing or could not be
//! read (the row is then rejected for that, if at all).

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array, ArrayRef, ArrowNumericType, AsArray, Int64Array};
use datafusion::arrow::compute::kernels::cmp::gt;
use datafusion::arrow::compute::{cast, max, min};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type};

use super::column_rules::{CodeSet, each_valid};
use super::rejects::{Faults, Rule};
use super::text;
use super::validate_error::ValidateError;
use crate::contract::{RowRule, TERM, TableContract};

/// A rule over columns given by their places in the contract.
#[derive(Debug)]
pub(super) enum PreparedRule {
    NotAfter {
        first: usize,
        second: usize,
    },
    FiscalYearOf {
        fiscal_year: usize,
        date: usize,
    },
    CodesByTerm {
        term: usize,
        column: usize,
        codes: BTreeMap<i64, CodeSet>,
    },
}

impl PreparedRule {
    /// All rules of a contract over more than one column.
    pub(super) fn all(contract: &TableContract) -> Vec<Self> {
        let place = |name: &str| {
            let found = contract
                .columns
                .iter()
                .position(|column| column.name == name);
            found.expect("the contract's parser checked that the columns of a rule exist")
        };
        let mut rules: Vec<Self> = contract
            .row_rules
            .iter()
            .map(|rule| match rule {
                RowRule::NotAfter { first, second } => Self::NotAfter {
                    first: place(first),
                    second: place(second),
                },
                RowRule::FiscalYearOf { fiscal_year, date } => Self::FiscalYearOf {
                    fiscal_year: place(fiscal_year),
                    date: place(date),
                },
            })
            .collect();
        for (column, declared) in contract.columns.iter().enumerate() {
            if !declared.codes.by_term.is_empty() {
                let by_term = declared.codes.by_term.iter();
                let codes = by_term
                    .map(|(term, codes)| (*term, CodeSet::new(codes.keys())))
                    .collect();
                rules.push(Self::CodesByTerm {
                    term: place(TERM),
                    column,
                    codes,
                });
            }
        }
        rules
    }

    /// The column under which a broken rule is reported.
    pub(super) fn column(&self) -> usize {
        match self {
            Self::NotAfter { second, .. } => *second,
            Self::FiscalYearOf { fiscal_year, .. } => *fiscal_year,
            Self::CodesByTerm { column, .. } => *column,
        }
    }

    /// Tests the rule; `columns` are the contract's columns in their canonical types.
    pub(super) fn apply(&self, columns: &[ArrayRef]) -> Result<Faults, ValidateError> {
        let mut faults = Faults::default();
        match self {
            Self::NotAfter { first, second } => {
                not_after(&columns[*first], &columns[*second], &mut faults)?;
            }
            Self::FiscalYearOf { fiscal_year, date } => {
                let years = integers(&columns[*fiscal_year])?;
                let days = columns[*date].as_primitive::<Date32Type>();
                each_valid(&years, |row, year| {
                    if days.is_valid(row) && year != i64::from(text::fiscal_year(days.value(row))) {
                        faults.push(row, Rule::FiscalYear);
                    }
                });
            }
            Self::CodesByTerm {
                term,
                column,
                codes,
            } => {
                let (terms, values) = (integers(&columns[*term])?, integers(&columns[*column])?);
                codes_by_term(&terms, &values, codes, &mut faults);
            }
        }
        Ok(faults)
    }
}

fn not_after(
    first: &ArrayRef,
    second: &ArrayRef,
    faults: &mut Faults,
) -> Result<(), ValidateError> {
    // Both are days, both are months, or both are numbers.
    let common = match (first.data_type(), second.data_type()) {
        (one, other) if one == other => one.clone(),
        (DataType::Float64, _) | (_, DataType::Float64) => DataType::Float64,
        _ => DataType::Int64,
    };
    let comparing = |_| ValidateError::kernel("comparing");
    let first = cast(first, &common).map_err(comparing)?;
    let second = cast(second, &common).map_err(comparing)?;
    let is_after = gt(&first, &second).map_err(comparing)?;
    if is_after.has_true() {
        for (row, is_after) in is_after.iter().enumerate() {
            if is_after == Some(true) {
                faults.push(row, Rule::NotAfter);
            }
        }
    }
    Ok(())
}

fn codes_by_term(
    terms: &Int64Array,
    values: &Int64Array,
    codes: &BTreeMap<i64, CodeSet>,
    faults: &mut Faults,
) {
    // No answers: nothing to test. One term: its list decides about the smallest and largest answer.
    let Some((low, high)) = limits(values) else {
        return;
    };
    if let Some((term, last)) = limits(terms)
        && term == last
        && codes
            .get(&term)
            .is_some_and(|codes| codes.covers(low, high))
    {
        return;
    }
    let mut current = (i64::MIN, None);
    each_valid(values, |row, value| {
        if terms.is_null(row) {
            return;
        }
        let term = terms.value(row);
        if current.0 != term || current.1.is_none() {
            current = (term, codes.get(&term));
        }
        if !current.1.is_some_and(|codes| codes.contains(value)) {
            faults.push(row, Rule::CodeForTerm);
        }
    });
}

fn limits<T: ArrowNumericType>(
    array: &datafusion::arrow::array::PrimitiveArray<T>,
) -> Option<(T::Native, T::Native)> {
    Some((min(array)?, max(array)?))
}

fn integers(array: &ArrayRef) -> Result<Int64Array, ValidateError> {
    let cast = cast(array, &DataType::Int64).map_err(|_| ValidateError::kernel("comparing"))?;
    Ok(cast.as_primitive::<Int64Type>().clone())
}
