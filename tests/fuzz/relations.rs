//! Relations over small tables of hostile data: missing, infinite, huge, empty, one row, constant, repeated. What is estimated does
//! not depend on the order of rows.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, Float64Array, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{cast, take_record_batch};
use datafusion::arrow::datatypes::DataType;

use crate::calls::relation_call;
use crate::mutate::mutate_tokens;
use crate::random::Random;
use crate::tables::{COLUMNS, Engine, refused};
use crate::target::{CANARY_NUMBER, CANARY_TEXT, CANARY_WHOLE, Input, Target, went_through};

/// The target.
pub(crate) struct Relations {
    engine: Engine,
}

impl Relations {
    pub(crate) fn new() -> Self {
        Self {
            engine: Engine::empty(),
        }
    }

    fn estimates(&self, rows: RecordBatch, statement: &str) -> Result<Option<RecordBatch>, String> {
        let session = &self.engine.session;
        let frame = session
            .frame(rows)
            .map_err(|error| format!("no table: {}", error.describe()))?;
        session
            .register_view("t", frame)
            .map_err(|error| format!("no table: {}", error.describe()))?;
        match self.engine.runtime.block_on(session.plan(statement, &[])) {
            Ok(frame) => self.engine.run(frame),
            Err(error) => refused(&error).map(|()| None),
        }
    }
}

impl Target for Relations {
    fn input(&mut self, random: &mut Random) -> Input {
        let seed = random.next();
        random.be_tame(60);
        let mut call = relation_call(random, Some("t"));
        if random.mischief(25) {
            call = mutate_tokens(&call, &COLUMNS.map(str::to_owned), random);
        }
        let text = format!("select * from {call}");
        let about = describe(&table(seed));
        Input {
            seed,
            about,
            body: text.into_bytes(),
        }
    }

    fn check(&mut self, input: &Input) -> Result<(), String> {
        let statement = input.text();
        let rows = table(input.seed);
        let first = self.estimates(rows.clone(), &statement)?;
        let order: UInt32Array = (0..u32::try_from(rows.num_rows()).unwrap()).rev().collect();
        let second = self.estimates(take_record_batch(&rows, &order).unwrap(), &statement)?;
        match (first, second) {
            (Some(first), Some(second)) => same(&first, &second).and_then(|()| went_through()),
            _ => Ok(()),
        }
    }
}

/// Whether two answers have as many rows, and the same where they are whole numbers or text.
fn same(first: &RecordBatch, second: &RecordBatch) -> Result<(), String> {
    if first.num_rows() != second.num_rows() {
        return Err(format!(
            "{} rows, in another order {}",
            first.num_rows(),
            second.num_rows()
        ));
    }
    for ((left, right), field) in first
        .columns()
        .iter()
        .zip(second.columns())
        .zip(first.schema().fields())
    {
        if left.data_type() != &DataType::Float64 && left.as_ref() != right.as_ref() {
            return Err(format!("`{}` depends on the order of rows", field.name()));
        }
    }
    Ok(())
}

fn describe(rows: &RecordBatch) -> String {
    let mut text = format!("table t of {} rows:", rows.num_rows());
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        text.push_str(&format!(
            " {} {} ({} NULL),",
            field.name(),
            field.data_type(),
            column.null_count()
        ));
    }
    text
}

/// How the values of one column are made.
#[derive(Clone, Copy)]
enum Shape {
    Plain(usize),
    Constant,
    Wild,
    Missing,
}

/// The table of a case.
fn table(seed: u64) -> RecordBatch {
    let mut random = Random::of_case("table", seed, 0);
    random.be_tame(60);
    let n_rows = *random.pick(&[0, 1, 2, 3, 8, 24, 60, 60, 120]);
    let n_years = *random.pick(&[1, 2, 3, 4, 4, 6]);
    let is_staggered = random.chance(50);
    let columns = COLUMNS.iter().map(|name| {
        let column: Vec<Option<f64>> = match *name {
            "person_id" => (0..n_rows)
                .map(|row| Some((row / n_years) as f64))
                .collect(),
            "fiscal_year" => (0..n_rows)
                .map(|row| Some((2018 + row % n_years) as f64))
                .collect(),
            "cohort" => {
                let starts: Vec<Option<f64>> = (0..n_rows)
                    .map(|_| {
                        (random.below(3) > 0).then(|| (2017 + random.below(n_years + 3)) as f64)
                    })
                    .collect();
                (0..n_rows).map(|row| starts[row / n_years]).collect()
            }
            "treated" => {
                let starts = 2018 + n_years / 2;
                let is_treated = |row: usize| {
                    (row / n_years) % 2 == 1 && (!is_staggered || 2018 + row % n_years >= starts)
                };
                (0..n_rows)
                    .map(|row| Some(f64::from(u8::from(is_treated(row)))))
                    .collect()
            }
            _ => {
                let shape = match random.below(10) {
                    n if random.is_tame() => Shape::Plain([2, 3, 12, 80, 1000][n % 5]),
                    0 => Shape::Constant,
                    1 => Shape::Missing,
                    2 | 3 => Shape::Wild,
                    n => Shape::Plain([2, 3, 12, 80, 1000, 100_000][n - 4]),
                };
                (0..n_rows).map(|_| number(shape, &mut random)).collect()
            }
        };
        let spoilt = column.into_iter().map(|value| {
            if random.mischief(1) {
                wild(&mut random)
            } else {
                value
            }
        });
        let column: ArrayRef = Arc::new(Float64Array::from(spoilt.collect::<Vec<_>>()));
        (*name, typed(name, &column, &mut random), true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn number(shape: Shape, random: &mut Random) -> Option<f64> {
    match shape {
        Shape::Plain(n) => Some(random.below(n) as f64 + random.below(4) as f64 / 4.0),
        Shape::Constant => Some(7.0),
        Shape::Wild => wild(random),
        Shape::Missing => None,
    }
}

fn wild(random: &mut Random) -> Option<f64> {
    *random.pick(&[
        None,
        Some(f64::NAN),
        Some(f64::INFINITY),
        Some(f64::NEG_INFINITY),
        Some(f64::MAX),
        Some(f64::MIN),
        Some(5e-324),
        Some(0.0),
        Some(-0.0),
        Some(1e150),
        Some(-1e-150),
        Some(1.0),
        Some(2019.0),
        Some(CANARY_NUMBER),
        Some(CANARY_WHOLE as f64),
        Some(9_007_199_254_740_993.0),
    ])
}

/// The column in a type that its name suggests, or in another one.
fn typed(name: &str, column: &ArrayRef, random: &mut Random) -> ArrayRef {
    let usual = match name {
        "pressure" | "weight" => DataType::Float64,
        "note" => DataType::Utf8,
        "is_smoker" => DataType::Boolean,
        "visited_on" => DataType::Date32,
        "kind" => DataType::Int8,
        _ => DataType::Int64,
    };
    let other = [
        DataType::Int64,
        DataType::UInt64,
        DataType::Int8,
        DataType::Float32,
        DataType::Utf8,
        DataType::Boolean,
        DataType::Date32,
        DataType::Decimal128(20, 3),
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        DataType::LargeUtf8,
        DataType::Utf8View,
    ];
    let kind = if random.mischief(8) {
        random.pick(&other).clone()
    } else {
        usual
    };
    let through = match kind {
        DataType::Date32 => {
            cast(column, &DataType::Int32).and_then(|days| cast(&days, &DataType::Date32))
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            let words: datafusion::arrow::array::StringArray = column
                .as_any()
                .downcast_ref::<Float64Array>()
                .unwrap()
                .iter()
                .map(|value| value.map(|value| format!("{CANARY_TEXT}{value}")))
                .collect();
            cast(&words, &kind)
        }
        _ => cast(column, &kind),
    };
    through.unwrap_or_else(|_| Arc::clone(column))
}
