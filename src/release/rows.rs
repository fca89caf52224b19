//! Rows of persons of one period, as the engine returns them: what they are grouped by, and what is known of them.

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::definition::LevelsDefinition;

/// The level of rows in which the column is missing.
pub(super) const UNKNOWN: &str = "unknown";

/// The persons of one period, by rising person.
#[derive(Debug, Default)]
pub(super) struct PersonRows {
    /// Who.
    pub(super) persons: Vec<u32>,
    /// For every column of the groupings, each person's level.
    pub(super) dimensions: Vec<Dimension>,
    /// For every indicator, each person's value.
    pub(super) indicators: Vec<Values>,
}

/// A column that persons are grouped by.
#[derive(Debug, Default, Clone)]
pub(super) struct Dimension {
    /// Its levels, in the order of their text.
    pub(super) levels: Vec<String>,
    /// For every person, the place of the level.
    pub(super) codes: Vec<u32>,
}

/// What an indicator is for each person; missing where it is not known.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// Whether.
    YesNo(Vec<Option<bool>>),
    /// How much.
    Number(Vec<Option<f64>>),
}

impl Values {
    pub(super) fn is_known(&self, row: usize) -> bool {
        match self {
            Self::YesNo(values) => values[row].is_some(),
            Self::Number(values) => values[row].is_some(),
        }
    }
}

impl PersonRows {
    /// Reads the columns that `definition` and `indicators` name.
    ///
    /// # Errors
    /// Which column is not there or of a wrong type, or that a person has several rows; no value of a person.
    pub(super) fn read(
        batches: &[RecordBatch],
        definition: &LevelsDefinition,
        indicators: &[String],
    ) -> Result<Self, String> {
        let ids = column(batches, &definition.person, &DataType::Int64)?;
        let ids = ids
            .iter()
            .flat_map(|array| array.as_primitive::<Int64Type>());
        let ids: Vec<Option<u32>> = ids
            .map(|id| id.and_then(|id| u32::try_from(id).ok()))
            .collect();
        let known: Option<Vec<u32>> = ids.into_iter().collect();
        let Some(persons) = known else {
            return Err(format!(
                "`{}` must be korabo's own numbers of persons, without missing values",
                definition.person
            ));
        };
        let mut order: Vec<usize> = (0..persons.len()).collect();
        order.sort_unstable_by_key(|&row| persons[row]);
        if order
            .windows(2)
            .any(|two| persons[two[0]] == persons[two[1]])
        {
            return Err(format!(
                "`rows` must have one row per `{}` and `{}`",
                definition.person, definition.period
            ));
        }
        let dimensions = definition.dimensions().into_iter();
        let dimensions = dimensions.map(|name| dimension(batches, name, &order));
        let indicators = indicators.iter().map(|name| values(batches, name, &order));
        Ok(Self {
            dimensions: dimensions.collect::<Result<_, _>>()?,
            indicators: indicators.collect::<Result<_, _>>()?,
            persons: order.iter().map(|&row| persons[row]).collect(),
        })
    }
}

/// A column of all batches as `data_type`.
fn column(
    batches: &[RecordBatch],
    name: &str,
    data_type: &DataType,
) -> Result<Vec<ArrayRef>, String> {
    let of_batch = |batch: &RecordBatch| {
        let found = batch.column_by_name(name);
        let found = found.ok_or_else(|| format!("`rows` has no column `{name}`"))?;
        cast(found, data_type).map_err(|_| format!("column `{name}` of `rows` is not {data_type}"))
    };
    batches.iter().map(of_batch).collect()
}

fn dimension(batches: &[RecordBatch], name: &str, order: &[usize]) -> Result<Dimension, String> {
    let arrays = column(batches, name, &DataType::Utf8)?;
    let mut places: BTreeMap<String, u32> = BTreeMap::new();
    let mut rows: Vec<String> = Vec::with_capacity(order.len());
    for array in &arrays {
        for text in array.as_string::<i32>() {
            rows.push(text.unwrap_or(UNKNOWN).to_owned());
        }
    }
    for text in &rows {
        if !places.contains_key(text) {
            places.insert(text.clone(), 0);
        }
    }
    // The order of the texts is known only when all are there.
    for (place, code) in (0..).zip(places.values_mut()) {
        *code = place;
    }
    Ok(Dimension {
        codes: order.iter().map(|&row| places[&rows[row]]).collect(),
        levels: places.into_keys().collect(),
    })
}

fn values(batches: &[RecordBatch], name: &str, order: &[usize]) -> Result<Values, String> {
    let is_yes_no = batches.iter().all(|batch| {
        let found = batch.column_by_name(name);
        found.is_none_or(|found| *found.data_type() == DataType::Boolean)
    });
    if is_yes_no {
        let arrays = column(batches, name, &DataType::Boolean)?;
        let rows = arrays.iter().flat_map(|array| array.as_boolean().iter());
        let rows: Vec<Option<bool>> = rows.collect();
        return Ok(Values::YesNo(order.iter().map(|&row| rows[row]).collect()));
    }
    let arrays = column(batches, name, &DataType::Float64)?;
    let rows = arrays
        .iter()
        .flat_map(|array| array.as_primitive::<Float64Type>());
    let rows: Vec<Option<f64>> = rows
        .map(|value| value.filter(|value| value.is_finite()))
        .collect();
    Ok(Values::Number(order.iter().map(|&row| rows[row]).collect()))
}
