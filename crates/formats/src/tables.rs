//! Rows → Arrow batches with the columns of contracts, in their order.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Int8Type, Int16Type, Int32Type};
use arrow_array::{
    ArrayRef, ArrowNativeTypeOp as _, BooleanArray, Date32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, PrimitiveArray, RecordBatch, StringArray,
};
use arrow_schema::{ArrowError, Field, Schema};
use chrono::NaiveDate;

use crate::checkup::{Checkup, Guidance, ItemTable};
use crate::tokeniser::Token;
use crate::uke::{ClaimRow, ClaimRows};

/// Integer columns of the contract `checkups` and their widths in bits; every other column of values is a float.
const INTEGERS: [(&str, u8); 12] = [
    ("sbp_mmhg", 16),
    ("dbp_mmhg", 16),
    ("triglycerides_mgdl", 32),
    ("hdl_mgdl", 16),
    ("ldl_mgdl", 16),
    ("ast_ul", 16),
    ("alt_ul", 16),
    ("ggt_ul", 16),
    ("fasting_glucose_mgdl", 16),
    ("casual_glucose_mgdl", 16),
    ("outcome_points", 16),
    ("process_points", 16),
];

/// Columns of rows, under construction.
struct Columns<'r, R> {
    rows: &'r [R],
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<'r, R> Columns<'r, R> {
    fn of(rows: &'r [R]) -> Self {
        Self {
            rows,
            fields: Vec::new(),
            arrays: Vec::new(),
        }
    }

    fn add(mut self, name: &str, array: ArrayRef, is_nullable: bool) -> Self {
        self.fields
            .push(Field::new(name, array.data_type().clone(), is_nullable));
        self.arrays.push(array);
        self
    }

    fn text<S: AsRef<str>>(self, name: &str, value: impl Fn(&'r R) -> S) -> Self {
        let values = StringArray::from_iter_values(self.rows.iter().map(value));
        self.add(name, Arc::new(values), false)
    }

    fn flag(self, name: &str, value: impl Fn(&'r R) -> bool) -> Self {
        let values: Vec<bool> = self.rows.iter().map(value).collect();
        self.add(name, Arc::new(BooleanArray::from(values)), false)
    }

    /// Whole numbers. One that its column cannot hold, which no reader makes, becomes the largest.
    fn number<T, N>(self, name: &str, value: impl Fn(&'r R) -> N) -> Self
    where
        T: ArrowPrimitiveType,
        T::Native: TryFrom<N>,
    {
        let values = self.rows.iter().map(|row| {
            let number = T::Native::try_from(value(row));
            number.unwrap_or(T::Native::MAX_TOTAL_ORDER)
        });
        let values = PrimitiveArray::<T>::from_iter_values(values);
        self.add(name, Arc::new(values), false)
    }

    fn day(
        self,
        name: &str,
        value: impl Fn(&'r R) -> Option<NaiveDate>,
        is_nullable: bool,
    ) -> Self {
        let epoch = NaiveDate::default();
        let since = |day: NaiveDate| i32::try_from((day - epoch).num_days()).unwrap_or_default();
        let days: Date32Array = self.rows.iter().map(|row| value(row).map(since)).collect();
        self.add(name, Arc::new(days), is_nullable)
    }

    /// The columns of values named in `wanted`.
    fn values(
        mut self,
        table: &ItemTable,
        wanted: &[&str],
        values: impl Fn(&'r R) -> &'r [Option<f64>],
    ) -> Self {
        for name in wanted {
            let array = column(name, table, self.rows.iter().map(&values));
            self = self.add(name, array, true);
        }
        self
    }

    fn batch(self) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
    }
}

/// The table `claims`.
///
/// # Errors
/// Where there are no rows in one column and some in another, which does not happen.
pub fn claims(rows: &[ClaimRows]) -> Result<RecordBatch, ArrowError> {
    Columns::of(rows)
        .text("insurer_id", |row| &row.claim.insurer_id)
        .text("claim_id", |row| &row.claim.claim_id)
        .text("person_key", |row| &row.claim.person_key)
        .number::<Int32Type, _>("care_month", |row| row.claim.care_month)
        .number::<Int32Type, _>("billed_month", |row| row.claim.billed_month)
        .number::<Int8Type, _>("claim_kind", |row| row.claim.claim_kind)
        .flag("is_inpatient", |row| row.claim.is_inpatient)
        .number::<Int16Type, _>("care_days", |row| row.claim.care_days)
        .number::<Int32Type, _>("points", |row| row.claim.points)
        .number::<Int32Type, _>("yen", |row| row.claim.yen)
        .flag("is_returned", |row| row.claim.is_returned)
        .batch()
}

/// The table `claim_diagnoses`.
///
/// # Errors
/// As [`claims`].
pub fn claim_diagnoses(rows: &[ClaimRows]) -> Result<RecordBatch, ArrowError> {
    let parts = parts(rows, |row| &row.diagnoses);
    keys_of_parts(&parts)
        .text("icd10", |(_, part)| &part.icd10)
        .flag("is_suspected", |(_, part)| part.is_suspected)
        .flag("is_main", |(_, part)| part.is_main)
        .batch()
}

/// The table `claim_drugs`.
///
/// # Errors
/// As [`claims`].
pub fn claim_drugs(rows: &[ClaimRows]) -> Result<RecordBatch, ArrowError> {
    let parts = parts(rows, |row| &row.drugs);
    keys_of_parts(&parts)
        .text("drug_class", |(_, part)| &part.drug_class)
        .number::<Int16Type, _>("days_supplied", |(_, part)| part.days_supplied)
        .batch()
}

/// A part of a claim, and the claim.
type Part<'r, P> = (&'r ClaimRow, &'r P);

fn parts<P>(rows: &[ClaimRows], of: impl Fn(&ClaimRows) -> &Vec<P>) -> Vec<Part<'_, P>> {
    let parts = rows
        .iter()
        .flat_map(|row| of(row).iter().map(|part| (&row.claim, part)));
    parts.collect()
}

/// The columns by which parts belong to a claim.
fn keys_of_parts<'r, P>(parts: &'r [Part<'r, P>]) -> Columns<'r, Part<'r, P>> {
    Columns::of(parts)
        .text("insurer_id", |(claim, _)| &claim.insurer_id)
        .text("claim_id", |(claim, _)| &claim.claim_id)
        .number::<Int32Type, _>("billed_month", |(claim, _)| claim.billed_month)
}

/// The table `checkups` with the columns of values named in `wanted`, in their order. A wanted column that `table` does not have is missing
/// in every row.
///
/// # Errors
/// As [`claims`].
pub fn checkups(
    rows: &[(Token, Checkup)],
    table: &ItemTable,
    wanted: &[&str],
) -> Result<RecordBatch, ArrowError> {
    Columns::of(rows)
        .text("insurer_id", |(_, row)| &row.insurer_id)
        .text("person_key", |(person, _)| person.hex())
        .number::<Int16Type, _>("fiscal_year", |(_, row)| row.fiscal_year)
        .day("checkup_date", |(_, row)| Some(row.checkup_date), false)
        .number::<Int8Type, _>("term", |(_, row)| row.term)
        .number::<Int8Type, _>("record_kind", |(_, row)| row.record_kind)
        .values(table, wanted, |(_, row)| &row.values)
        .batch()
}

/// The table `guidance`: the columns of the contract, then category, day of the evaluation, number of supports and the columns of values
/// named in `wanted`. Rows without a level are left out, since the contract needs one: count them before.
///
/// # Errors
/// As [`claims`].
pub fn guidance(
    rows: &[(Token, Guidance)],
    table: &ItemTable,
    wanted: &[&str],
) -> Result<RecordBatch, ArrowError> {
    struct Row<'r> {
        person: &'r Token,
        guidance: &'r Guidance,
        level: i8,
    }
    let rows: Vec<Row<'_>> = rows
        .iter()
        .filter_map(|(person, guidance)| {
            let level = guidance.level_code?;
            matches!(level, 1 | 2).then_some(Row {
                person,
                guidance,
                level,
            })
        })
        .collect();
    Columns::of(&rows)
        .text("insurer_id", |row| &row.guidance.insurer_id)
        .text("person_key", |row| row.person.hex())
        .number::<Int16Type, _>("fiscal_year", |row| row.guidance.fiscal_year)
        .number::<Int8Type, _>("level_code", |row| row.level)
        .day(
            "first_interview_date",
            |row| row.guidance.first_interview_date,
            true,
        )
        .flag("is_completed", |row| row.guidance.is_completed)
        .number::<Int16Type, _>("category", |row| row.guidance.category)
        .day("evaluation_date", |row| row.guidance.evaluation_date, true)
        .number::<Int16Type, _>("n_supports", |row| row.guidance.n_supports)
        .values(table, wanted, |row| &row.guidance.values)
        .batch()
}

/// A column of values. Integers are rounded half up, as the format's rules demand.
fn column<'a>(
    name: &str,
    table: &ItemTable,
    rows: impl Iterator<Item = &'a [Option<f64>]>,
) -> ArrayRef {
    let index = table.index(name);
    let values = rows.map(|values| index.and_then(|index| values.get(index).copied().flatten()));
    let is_coded = index.is_some_and(|index| table.columns()[index].is_coded);
    let width = INTEGERS
        .iter()
        .find(|(integer, _)| *integer == name)
        .map(|(_, width)| *width);
    let rounded = |value: Option<f64>| value.map(|value| (value + 0.5).floor());
    match (is_coded, width) {
        // Casts saturate; ranges of items lie far within.
        (true, _) => Arc::new(
            values
                .map(|value| rounded(value).map(|value| value as i8))
                .collect::<Int8Array>(),
        ),
        (_, Some(16)) => Arc::new(
            values
                .map(|value| rounded(value).map(|value| value as i16))
                .collect::<Int16Array>(),
        ),
        (_, Some(_)) => Arc::new(
            values
                .map(|value| rounded(value).map(|value| value as i32))
                .collect::<Int32Array>(),
        ),
        (_, None) => Arc::new(values.collect::<Float64Array>()),
    }
}

#[cfg(test)]
mod tests;
