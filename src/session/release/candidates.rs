//! Values of a column that are worth trying.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DataFusionError, ScalarValue};
use datafusion::prelude::{Expr, lit};

/// Values of a column that comparisons with literals tell apart, each with the region of values that it stands for.
pub(super) struct Candidates<'a> {
    column: &'a Column,
    data_type: &'a DataType,
    found: Vec<(ScalarValue, Option<Expr>)>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(column: &'a Column, data_type: &'a DataType) -> Self {
        Self {
            column,
            data_type,
            found: Vec::new(),
        }
    }

    /// The values, NULL among them; where rows need not have any of a region, there is none.
    ///
    /// # Errors
    /// For types without a NULL.
    pub(super) fn of<'b>(
        mut self,
        literals: impl Iterator<Item = &'b ScalarValue>,
        with_null: bool,
    ) -> Result<Vec<(ScalarValue, Option<Expr>)>, DataFusionError> {
        let column = || Expr::Column(self.column.clone());
        let null = ScalarValue::try_from(self.data_type)?;
        let is_null = (!with_null).then(|| column().is_null());
        let literals = literals.filter_map(|literal| literal.cast_to(self.data_type).ok());
        let literals: Vec<ScalarValue> = literals.filter(|literal| !literal.is_null()).collect();
        match self.data_type {
            DataType::Boolean => {
                for value in [true, false] {
                    let value = ScalarValue::from(value);
                    let region = column().eq(lit(value.clone()));
                    self.add(value, Some(region));
                }
            }
            other if number_type(other).is_numeric() => self.add_numbers(&literals),
            _ => {
                let known = literals.iter().cloned().map(lit).collect();
                let others = column().in_list(known, true);
                for literal in &literals {
                    let region = column().eq(lit(literal.clone()));
                    self.add(literal.clone(), Some(region));
                }
                // A text that equals no literal stands for all the others.
                let other = ScalarValue::from("\u{1}").cast_to(self.data_type);
                if let Ok(other) = other {
                    self.add(other, (!literals.is_empty()).then_some(others));
                }
            }
        }
        self.found.push((null, is_null));
        Ok(self.found)
    }

    fn add_numbers(&mut self, literals: &[ScalarValue]) {
        let column = || Expr::Column(self.column.clone());
        let mut numbers: Vec<(f64, ScalarValue)> = Vec::new();
        for literal in literals {
            if let Some(number) = as_number(literal, self.data_type)
                && !numbers.iter().any(|(known, _)| *known == number)
            {
                numbers.push((number, literal.clone()));
            }
        }
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut all = Vec::new();
        // Below the least literal and above the greatest, so that every comparison is tried on both sides of it.
        if let (Some((least, first)), Some((most, last))) = (numbers.first(), numbers.last()) {
            all.push((least - 1.0, Some(column().lt(lit(first.clone())))));
            all.push((most + 1.0, Some(column().gt(lit(last.clone())))));
        }
        for pair in numbers.windows(2) {
            let above = column().gt(lit(pair[0].1.clone()));
            let region = above.and(column().lt(lit(pair[1].1.clone())));
            // Comparisons with these literals cannot tell values between two of them apart: one stands for all.
            all.push(((pair[0].0 + pair[1].0) / 2.0, Some(region)));
        }
        for (number, literal) in &numbers {
            all.push((*number, Some(column().eq(lit(literal.clone())))));
        }
        if numbers.is_empty() {
            all.extend([(0.0, None), (1.0, None)]);
        }
        for (number, region) in all {
            let number = ScalarValue::from(number).cast_to(&number_type(self.data_type));
            if let Ok(value) = number.and_then(|number| number.cast_to(self.data_type)) {
                self.add(value, region);
            }
        }
    }

    fn add(&mut self, value: ScalarValue, region: Option<Expr>) {
        let is_known = |(known, _): &(ScalarValue, _)| *known == value;
        match self.found.iter_mut().find(|found| is_known(found)) {
            Some((_, known)) => {
                // One value can stand for two regions; it is there if either has rows, and without a region it may
                // always be.
                *known = known
                    .take()
                    .zip(region)
                    .map(|(known, region)| known.or(region));
            }
            None => self.found.push((value, region)),
        }
    }
}

/// Days and times are compared like their numbers.
pub(super) fn number_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Date32 | DataType::Time32(_) => DataType::Int32,
        DataType::Date64
        | DataType::Timestamp(..)
        | DataType::Time64(_)
        | DataType::Duration(_) => DataType::Int64,
        other => other.clone(),
    }
}

fn as_number(value: &ScalarValue, data_type: &DataType) -> Option<f64> {
    let number = value.cast_to(&number_type(data_type));
    let number = number.and_then(|number| number.cast_to(&DataType::Float64));
    match number {
        Ok(ScalarValue::Float64(number)) => number,
        _ => None,
    }
}
