//! Reading the golden numbers: parquet columns, rows of `expected.csv`, and the comparison with its tolerances.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::panel::{Covariate, CovariateValues, MISSING_CODE};
use arrow::array::{Array, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A data set: numbers with NaN for NULL, and text columns.
#[derive(Clone, Default)]
pub(crate) struct Data {
    pub(crate) numbers: BTreeMap<String, Vec<f64>>,
    pub(crate) texts: BTreeMap<String, Vec<Option<String>>>,
    pub(crate) n_rows: usize,
}

impl Data {
    pub(crate) fn sim(name: &str) -> Self {
        Self::read(&sim().join(format!("{name}.parquet")))
    }

    pub(crate) fn read(path: &Path) -> Self {
        let builder = ParquetRecordBatchReaderBuilder::try_new(
            fs_err::File::open(path).unwrap().into_parts().0,
        )
        .unwrap();
        let mut data = Self::default();
        for batch in builder.build().unwrap() {
            let batch = batch.unwrap();
            data.n_rows += batch.num_rows();
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                if !field.data_type().is_numeric() && field.data_type() != &DataType::Boolean {
                    let column = cast(column, &DataType::Utf8).unwrap();
                    let target = data.texts.entry(field.name().clone()).or_default();
                    let labels = column.as_string::<i32>().iter();
                    target.extend(labels.map(|label| label.map(str::to_owned)));
                    continue;
                }
                let column = cast(column, &DataType::Float64).unwrap();
                let values: &Float64Array = column.as_primitive();
                let target = data.numbers.entry(field.name().clone()).or_default();
                target.extend((0..values.len()).map(|row| {
                    if values.is_null(row) {
                        f64::NAN
                    } else {
                        values.value(row)
                    }
                }));
            }
        }
        data
    }

    pub(crate) fn column(&self, name: &str) -> Vec<f64> {
        self.numbers
            .get(name)
            .unwrap_or_else(|| panic!("no column {name}"))
            .clone()
    }

    /// A column as a covariate: numbers, or categories in the order of their labels.
    pub(crate) fn covariate(&self, name: &str) -> Covariate {
        let values = match self.texts.get(name) {
            None => CovariateValues::Numbers(self.column(name)),
            Some(values) => {
                let labels: BTreeSet<&String> = values.iter().flatten().collect();
                let labels: Vec<String> = labels.into_iter().cloned().collect();
                let code = |label: &String| labels.iter().position(|known| known == label).unwrap();
                let codes = values
                    .iter()
                    .map(|label| {
                        label
                            .as_ref()
                            .map_or(MISSING_CODE, |label| code(label) as u32)
                    })
                    .collect();
                CovariateValues::Categories { codes, labels }
            }
        };
        Covariate {
            name: name.to_owned(),
            values,
        }
    }

    pub(crate) fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.n_rows).filter(|&row| keep(row)).collect();
        let pick = |values: &Vec<f64>| rows.iter().map(|&row| values[row]).collect();
        let numbers = self
            .numbers
            .iter()
            .map(|(name, values)| (name.clone(), pick(values)))
            .collect();
        let pick =
            |values: &Vec<Option<String>>| rows.iter().map(|&row| values[row].clone()).collect();
        let texts = self
            .texts
            .iter()
            .map(|(name, values)| (name.clone(), pick(values)))
            .collect();
        Self {
            numbers,
            texts,
            n_rows: rows.len(),
        }
    }
}

/// One row of `expected.csv`.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) dataset: String,
    pub(crate) relation: String,
    pub(crate) spec: String,
    pub(crate) row: String,
    pub(crate) quantity: String,
    pub(crate) value: Option<f64>,
    pub(crate) check: Option<f64>,
    /// Digits in which value and check agree; 17 = all.
    pub(crate) agree_digits: Option<u32>,
}

impl Expected {
    pub(crate) fn label(&self) -> String {
        format!(
            "{} {} {} {} {}",
            self.dataset, self.relation, self.spec, self.row, self.quantity
        )
    }
}

pub(crate) fn sim() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/sim")
}

/// Golden numbers of inference methods; see `HOW.md` there.
pub(crate) fn inference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/inference")
}

/// The rows of one relation.
pub(crate) fn expected(relation: &str) -> Vec<Expected> {
    expected_in(&sim(), relation)
}

/// The same, of the numbers in `folder`.
pub(crate) fn expected_in(folder: &Path, relation: &str) -> Vec<Expected> {
    rows_of(&folder.join("expected.csv"), relation)
}

/// The rows of one relation in a file like `expected.csv`.
pub(crate) fn rows_of(file: &Path, relation: &str) -> Vec<Expected> {
    let text = fs_err::read_to_string(file).unwrap();
    let rows = text.lines().skip(1).map(fields).map(|f| Expected {
        dataset: f[0].clone(),
        relation: f[1].clone(),
        spec: f[2].clone(),
        row: f[3].clone(),
        quantity: f[4].clone(),
        value: f[5].parse().ok(),
        check: f[7].parse().ok(),
        agree_digits: f[9].parse().ok(),
    });
    rows.filter(|row| row.relation == relation).collect()
}

/// The fields of one csv line; quotes only around whole fields.
pub(crate) fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().unwrap().push(other),
        }
    }
    fields
}

/// The value of `key` in `a=1;b=2`.
pub(crate) fn key<'a>(spec: &'a str, key: &str) -> Option<&'a str> {
    spec.split(';')
        .find_map(|part| part.strip_prefix(key)?.strip_prefix('='))
}

/// Collects mismatches so that one run shows them all.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) n_compared: usize,
    failures: Vec<String>,
}

impl Report {
    /// Against both columns: 1e-10 relative to `check`, 1e-8 to `value` where the two agree; 1e-10 near zero.
    pub(crate) fn compare(&mut self, row: &Expected, found: f64) {
        self.n_compared += 1;
        let Some(check) = row.check.or(row.value) else {
            if !found.is_nan() {
                self.failures
                    .push(format!("{}: expected NA, found {found}", row.label()));
            }
            return;
        };
        if !close(found, check, 1e-10) {
            self.failures
                .push(format!("{}: check {check}, found {found}", row.label()));
        }
        if let Some(value) = row.value
            && row.agree_digits.is_some_and(|digits| digits >= 8)
            && !close(found, value, 1e-8)
        {
            self.failures
                .push(format!("{}: value {value}, found {found}", row.label()));
        }
    }

    /// Against `value` alone.
    pub(crate) fn compare_within(&mut self, row: &Expected, found: f64, tolerance: f64) {
        self.n_compared += 1;
        let expected = row.value.unwrap();
        let off = (found - expected).abs();
        if off.is_nan() || off > tolerance * expected.abs() {
            self.failures.push(format!(
                "{}: expected {expected}, found {found}",
                row.label()
            ));
        }
    }

    pub(crate) fn fail(&mut self, message: String) {
        self.failures.push(message);
    }

    #[track_caller]
    pub(crate) fn finish(self, at_least: usize) {
        let shown: Vec<_> = self.failures.iter().take(40).cloned().collect();
        assert!(
            self.failures.is_empty(),
            "{} of {} failed:\n{}",
            self.failures.len(),
            self.n_compared,
            shown.join("\n")
        );
        assert!(
            self.n_compared >= at_least,
            "only {} rows were compared",
            self.n_compared
        );
    }
}

pub(crate) fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= 1e-10_f64.max(tolerance * expected.abs())
}

/// Int64 view used where ids are needed.
pub(crate) fn as_ids(values: &[f64]) -> Vec<i64> {
    let ids: Int64Array = values
        .iter()
        .map(|&value| value as i64)
        .collect::<Vec<_>>()
        .into();
    ids.values().to_vec()
}
