//! Runs the `.slt` files below `tests/slt` on the engine as `sql` uses it, each file with one and with four
//! partitions. Three additions: `{folder}` in a statement is a folder of the file's own, `{golden}` that of the golden numbers, and
//! `write NAME select …` writes a query's rows to `{folder}/NAME`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{Array as _, ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::dataframe::DataFrameWriteOptions;
use korabo::session::{Session, SessionError, SessionOptions};
use sqllogictest::harness::{Arguments, Failed, Trial};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner, strict_column_validator};
use tempfile::TempDir;

/// One file's session and folder.
struct Engine {
    session: Session,
    folder: TempDir,
}

/// What a user would read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        Self(error.describe())
    }
}

impl Engine {
    fn open(n_partitions: NonZeroUsize) -> Result<Self, Refusal> {
        let options = SessionOptions {
            threads: Some(n_partitions),
            ..SessionOptions::default()
        };
        let folder = tempfile::tempdir().map_err(|error| Refusal(error.to_string()))?;
        Ok(Self {
            session: Session::new(&options)?,
            folder,
        })
    }

    /// `write NAME select …`: writes the rows to a file of the folder.
    async fn write(&self, name: &str, sql: &str) -> Result<(), Refusal> {
        let frame = self.session.plan(sql, &[]).await?;
        let path = self.folder.path().join(name);
        let options = DataFrameWriteOptions::new().with_single_file_output(true);
        let written = frame
            .write_parquet(&path.to_string_lossy(), options, None)
            .await;
        written.map_err(SessionError::from)?;
        Ok(())
    }
}

#[async_trait::async_trait]
impl AsyncDB for Engine {
    type Error = Refusal;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Refusal> {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
        let sql = sql.replace("{folder}", &self.folder.path().to_string_lossy());
        let sql = sql.replace("{golden}", golden);
        let writing = sql
            .strip_prefix("write ")
            .and_then(|rest| rest.split_once(char::is_whitespace));
        if let Some((name, sql)) = writing {
            self.write(name, sql).await?;
            return Ok(DBOutput::StatementComplete(0));
        }
        let frame = self.session.plan(&sql, &[]).await?;
        let fields = frame.schema().fields().iter();
        let types = fields.map(|field| column_type(field.data_type())).collect();
        let batches = frame.collect().await.map_err(SessionError::from)?;
        let rows = batches.iter().flat_map(rows).collect();
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "korabo"
    }
}

fn column_type(data_type: &DataType) -> DefaultColumnType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DefaultColumnType::Text,
        DataType::Float32 | DataType::Float64 => DefaultColumnType::FloatingPoint,
        other if other.is_integer() => DefaultColumnType::Integer,
        _ => DefaultColumnType::Any,
    }
}

fn rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    (0..batch.num_rows())
        .map(|row| {
            batch
                .columns()
                .iter()
                .map(|column| cell(column, row))
                .collect()
        })
        .collect()
}

fn cell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(column, &options)
        .unwrap()
        .value(row)
        .to_string();
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text
    }
}

fn check(file: &Path, n_partitions: NonZeroUsize) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut runner = Runner::new(|| async move { Engine::open(n_partitions) });
    runner.with_column_validator(strict_column_validator);
    runtime.block_on(runner.run_file_async(file))?;
    Ok(())
}

/// Every `.slt` file below `folder`, sorted.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let mut trials = Vec::new();
    for file in files_below(&folder) {
        let name = file.strip_prefix(&folder).unwrap().with_extension("");
        for n_partitions in [1, 4].map(|n| NonZeroUsize::new(n).unwrap()) {
            let file = file.clone();
            let name = format!("{} on {n_partitions}", name.display());
            trials.push(Trial::test(name, move || check(&file, n_partitions)));
        }
    }
    assert!(!trials.is_empty(), "no .slt file was found");
    sqllogictest::harness::run(&Arguments::from_args(), trials).exit_if_failed();
}
