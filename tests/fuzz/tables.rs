//! A lake with small tables of hostile data, and the answering of statements over it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int8Array, Int64Array, RecordBatch,
    StringArray,
};
use datafusion::arrow::compute::concat_batches;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::DataFrame;
use futures::TryStreamExt as _;
use korabo::lake::{Lake, Provenance, PublishMode};
use korabo::session::{ErrorClass, Session, SessionError, SessionOptions, causes};
use tempfile::TempDir;

use crate::random::Random;
use crate::target::{CANARY_DAY, CANARY_NUMBER, CANARY_TEXT, CANARY_WHOLE, no_canary};

/// How long a statement may run; then it is stopped, which is no failure.
const AT_WORK: Duration = Duration::from_secs(2);

/// Rows that are read of an answer.
pub(crate) const MAX_ROWS: usize = 20_000;

/// The tables: name and how many rows.
pub(crate) const TABLES: [(&str, usize); 6] = [
    ("visits", 120),
    ("panel_person_year", 400),
    ("empty_visits", 0),
    ("one_visit", 1),
    ("same_visits", 40),
    ("summary_visits", 12),
];

/// Columns of every table.
pub(crate) const COLUMNS: [&str; 12] = [
    "person_id",
    "fiscal_year",
    "age",
    "kind",
    "treated",
    "cohort",
    "worksite_id",
    "pressure",
    "weight",
    "note",
    "visited_on",
    "is_smoker",
];

/// A session over the tables, and what it runs on.
pub(crate) struct Engine {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) session: Session,
    pub(crate) folder: TempDir,
}

impl Engine {
    /// A session over tables of a lake of its own.
    pub(crate) fn with_tables() -> Self {
        let engine = Self::empty();
        engine.runtime.block_on(async {
            let lake = Lake::open(&engine.folder.path().join("lake")).unwrap();
            let mut random = Random::of_case("tables", 0, 0);
            for (name, n_rows) in TABLES {
                let batch = rows(name, n_rows, &mut random);
                let mut writer = lake.writer(name, batch.schema(), &[]).unwrap();
                writer.write(&batch).await.unwrap();
                let staged = writer.close().await.unwrap();
                lake.publish(name, staged, PublishMode::Append, &Provenance::of_raw(None))
                    .await
                    .unwrap();
                engine
                    .session
                    .register_table(lake.table(name).await.unwrap().unwrap())
                    .unwrap();
            }
        });
        engine
    }

    /// A session without tables.
    pub(crate) fn empty() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        Self {
            runtime,
            session: session(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Runs a planned statement and holds its rows to what was planned.
    pub(crate) fn run(&self, frame: DataFrame) -> Result<Option<RecordBatch>, String> {
        let planned = Arc::new(frame.schema().as_arrow().clone());
        let context = frame.task_ctx();
        let read = async {
            let plan = frame.create_physical_plan().await?;
            let mut stream = execute_stream(plan, Arc::new(context))?;
            let (mut batches, mut n_rows) = (Vec::new(), 0);
            while let Some(batch) = stream.try_next().await? {
                n_rows += batch.num_rows();
                batches.push(batch);
                if n_rows > MAX_ROWS {
                    break;
                }
            }
            Ok::<_, datafusion::common::DataFusionError>(batches)
        };
        let result = self
            .runtime
            .block_on(async { tokio::time::timeout(AT_WORK, read).await });
        let batches = match result {
            Err(_) => return Ok(None),
            Ok(Err(error)) => return refused(&SessionError::from(error)).map(|()| None),
            Ok(Ok(batches)) => batches,
        };
        for batch in &batches {
            let is_as_planned = batch.num_columns() == planned.fields().len()
                && batch
                    .schema()
                    .fields()
                    .iter()
                    .zip(planned.fields())
                    .all(|(is, planned)| is.data_type() == planned.data_type());
            if !is_as_planned {
                return Err(format!(
                    "planned with columns {:?}, returned with {:?}",
                    names(&planned),
                    names(&batch.schema())
                ));
            }
        }
        let schema = batches.first().map_or(planned, RecordBatch::schema);
        Ok(concat_batches(&schema, &batches).ok())
    }
}

fn names(schema: &datafusion::arrow::datatypes::Schema) -> Vec<String> {
    schema
        .fields()
        .iter()
        .map(|field| format!("{} {}", field.name(), field.data_type()))
        .collect()
}

/// A session with the limits of a small machine.
pub(crate) fn session() -> Session {
    let options = SessionOptions {
        threads: NonZeroUsize::new(2),
        memory_limit: Some(512 << 20),
        temp_dir: None,
    };
    Session::new(&options).unwrap()
}

/// Whether an error of the engine is one that a user may see.
pub(crate) fn refused(error: &SessionError) -> Result<(), String> {
    let said = causes(error).join("\n");
    no_canary(&said)?;
    match error.class() {
        ErrorClass::Internal => Err(format!("it is called a bug: {said}")),
        _ if said.trim().is_empty() => Err("an error without a word".to_owned()),
        _ => Ok(()),
    }
}

#[expect(clippy::too_many_lines, reason = "a list of what there can be")]
fn rows(table: &str, n_rows: usize, random: &mut Random) -> RecordBatch {
    let is_constant = table == "same_visits";
    let mut pick = |n: usize| {
        if is_constant {
            1
        } else {
            i64::try_from(random.below(n)).unwrap_or(0)
        }
    };
    let mut whole =
        |n: usize, low: i64| -> Vec<i64> { (0..n_rows).map(|_| low + pick(n)).collect() };
    let persons: Vec<i64> = match is_constant {
        true => vec![1; n_rows],
        false => (0..n_rows)
            .map(|row| i64::try_from(row / 4).unwrap_or(0))
            .collect(),
    };
    let years: Vec<i64> = (0..n_rows)
        .map(|row| 2018 + i64::try_from(row % 4).unwrap_or(0))
        .collect();
    let (ages, kinds, cohorts, worksites) =
        (whole(80, 0), whole(3, 1), whole(5, 2018), whole(12, 0));
    let codes: Vec<i8> = kinds
        .iter()
        .map(|kind| i8::try_from(*kind).unwrap_or(0))
        .collect();
    let mut ages = ages;
    let pressures = hostile_numbers(n_rows, is_constant, random);
    let weights: Vec<f64> = (0..n_rows).map(|row| (row % 7) as f64).collect();
    // The rows of a summary may leave.
    let is_personal = !table.starts_with("summary");
    let notes: Vec<Option<String>> = (0..n_rows)
        .map(|row| match row % 9 {
            0 => None,
            1 => Some(String::new()),
            2 => Some("健診 '\"\\%_".to_owned()),
            _ if is_personal => Some(format!("{CANARY_TEXT}_{row}")),
            _ => Some("group".to_owned()),
        })
        .collect();
    let day = NaiveDate::parse_from_str(CANARY_DAY, "%Y-%m-%d").unwrap();
    let days = i32::try_from((day - NaiveDate::default()).num_days()).unwrap();
    let visited: Vec<Option<i32>> = (0..n_rows)
        .map(|row| (row % 5 > 0).then_some(days))
        .collect();
    let smokes: Vec<Option<bool>> = (0..n_rows)
        .map(|row| (row % 6 > 0).then_some(row % 2 == 0))
        .collect();
    if let Some(age) = ages.get_mut(3) {
        *age = CANARY_WHOLE;
    }
    let treated: Vec<i64> = persons.iter().map(|person| person % 2).collect();
    let columns: [ArrayRef; 12] = [
        Arc::new(Int64Array::from(persons)),
        Arc::new(Int64Array::from(years)),
        Arc::new(Int64Array::from(ages)),
        Arc::new(Int8Array::from(codes)),
        Arc::new(Int64Array::from(treated)),
        Arc::new(Int64Array::from(
            cohorts
                .iter()
                .map(|cohort| (*cohort > 2018).then_some(*cohort))
                .collect::<Vec<_>>(),
        )),
        Arc::new(Int64Array::from(worksites)),
        Arc::new(Float64Array::from(pressures)),
        Arc::new(Float64Array::from(weights)),
        Arc::new(StringArray::from(notes)),
        Arc::new(Date32Array::from(visited)),
        Arc::new(BooleanArray::from(smokes)),
    ];
    RecordBatch::try_from_iter_with_nullable(
        COLUMNS
            .into_iter()
            .zip(columns)
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap()
}

fn hostile_numbers(n_rows: usize, is_constant: bool, random: &mut Random) -> Vec<Option<f64>> {
    let numbers = (0..n_rows).map(|row| match row % 17 {
        _ if is_constant => Some(120.0),
        3 => None,
        5 => Some(f64::NAN),
        7 => Some(f64::INFINITY),
        9 => Some(f64::MAX),
        11 => Some(5e-324),
        13 => Some(CANARY_NUMBER),
        _ => Some(80.0 + random.below(100) as f64),
    });
    numbers.collect()
}
