//! Where the rows of a query go: standard output, a pager, a file.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::DataFrame;
use futures::TryStreamExt as _;

use super::format::{Format, WriteError, WriteOptions};
use super::pager::{PagedOutput, Pager};
use super::result_writer::ResultWriter;
use super::waiting::Waiting;
use super::xlsx::MEANING;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::diagnostic::FailureKind;
use crate::output_file::OutputFile;
use crate::session::{self, SessionError};

/// Where a result goes and how.
#[derive(Debug, Default, Clone)]
pub(crate) struct Output {
    pub(super) format: Option<Format>,
    pub(super) path: Option<PathBuf>,
    /// Whether the file holds a result already, which the next one follows.
    pub(super) has_result: bool,
    /// What shows results that do not fit the terminal.
    pub(super) pager: Option<Pager>,
    /// What the columns mean, as far as it is known and shown.
    pub(super) meanings: Vec<Option<String>>,
}

impl Output {
    /// Whether what columns mean is shown beside their names.
    pub(super) fn shows_meanings(&self) -> bool {
        self.format == Some(Format::Xlsx)
    }

    /// To standard output in `format`.
    pub(crate) fn of(format: Format) -> Self {
        Self {
            format: Some(format),
            ..Self::default()
        }
    }

    /// Into the file `path` in `format`.
    pub(crate) fn in_file(path: PathBuf, format: Format) -> Self {
        Self {
            path: Some(path),
            ..Self::of(format)
        }
    }
}

/// The format that the name of the file `path` means.
pub(super) fn format_of(path: &Path) -> Result<Format, Failure> {
    Format::from_path(path).ok_or_else(|| {
        let message = format!("cannot tell a format from the name `{}`", path.display());
        Failure::new(FailureKind::Usage, message).hint(
            "end it in .csv .tsv .json .ndjson .md .html .parquet .arrow .xlsx or .txt, or add --format",
        )
    })
}

/// Runs a planned query and writes its rows as they come. Returns how many there were.
pub(crate) async fn print(
    frame: DataFrame,
    output: &Output,
    printer: &Printer,
) -> Result<u64, Failure> {
    let waiting = Waiting::start(printer);
    let _awaited = waiting.until_dropped();
    print_awaited(frame, output, printer, &waiting).await
}

/// As [`print`], while `waiting` shows how far it is.
pub(super) async fn print_awaited(
    frame: DataFrame,
    output: &Output,
    printer: &Printer,
    waiting: &Waiting,
) -> Result<u64, Failure> {
    match &output.path {
        Some(path) => {
            let format = output.format.unwrap_or(Format::Table);
            if output.has_result {
                return append(frame, path, format, waiting).await;
            }
            let mut file = OutputFile::create(path).map_err(|error| write_failure(&error))?;
            let options = WriteOptions {
                format,
                max_width: None,
                is_scrolled: false,
                null_text: None,
                color: false,
            };
            let n_rows = write_rows(frame, &mut file, options, output, waiting).await?;
            file.finish().map_err(|error| write_failure(&error))?;
            Ok(n_rows)
        }
        None => {
            let format = output.format.unwrap_or(Format::Table);
            let is_terminal = io::stdout().is_terminal();
            if format.is_binary() && is_terminal {
                return Err(
                    Failure::new(FailureKind::Usage, "this format is not for a terminal")
                        .hint("write it to a file with -o, or into a pipe"),
                );
            }
            let max_width = is_terminal.then(terminal_width);
            let options = WriteOptions {
                format,
                max_width,
                is_scrolled: output.pager.is_some(),
                null_text: None,
                color: printer.stdout_color,
            };
            match &output.pager {
                Some(pager) if is_terminal => {
                    let (rows, cells) = console::Term::stdout().size();
                    let window = (usize::from(rows), usize::from(cells));
                    let shown = waiting.clone();
                    let end = move || shown.end();
                    let out = PagedOutput::new(io::stdout(), pager.clone(), window, end);
                    write_rows(frame, out, options, output, waiting).await
                }
                _ => {
                    let out = AfterProgress {
                        out: io::stdout(),
                        waiting: waiting.clone(),
                    };
                    write_rows(frame, out, options, output, waiting).await
                }
            }
        }
    }
}

/// Writes a result below those a file of text holds already.
async fn append(
    frame: DataFrame,
    path: &Path,
    format: Format,
    waiting: &Waiting,
) -> Result<u64, Failure> {
    if format.is_binary() || format == Format::Json {
        let message = format!(
            "`{}` holds a result already, and such a file only one",
            path.display()
        );
        return Err(Failure::new(FailureKind::Usage, message).hint("`\\o FILE` names another"));
    }
    let file = fs_err::OpenOptions::new().append(true).open(path);
    let file = file.map_err(|error| write_failure(&error))?;
    let options = WriteOptions {
        format,
        max_width: None,
        is_scrolled: false,
        null_text: None,
        color: false,
    };
    write_rows(frame, file, options, &Output::default(), waiting).await
}

/// Standard output; the progress that is shown is taken away before the first byte.
struct AfterProgress<W: Write> {
    out: W,
    waiting: Waiting,
}

impl<W: Write> Write for AfterProgress<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.end();
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn terminal_width() -> usize {
    usize::from(console::Term::stdout().size().1)
}

async fn write_rows<W: Write + Send>(
    frame: DataFrame,
    out: W,
    options: WriteOptions,
    output: &Output,
    waiting: &Waiting,
) -> Result<u64, Failure> {
    let context = Arc::new(frame.task_ctx());
    let planned = frame.create_physical_plan().await;
    let plan = planned.map_err(SessionError::from)?;
    waiting.runs(&plan);
    let sorting = session::sorting_of(plan.as_ref());
    let mut stream = execute_stream(plan, context).map_err(SessionError::from)?;
    let result = async {
        let schema = with_meanings(stream.schema(), &output.meanings);
        let mut writer = ResultWriter::new(out, schema, options, &sorting)?;
        while let Some(batch) = stream.try_next().await.map_err(RowsError::Engine)? {
            writer.write(&batch)?;
        }
        Ok(writer.finish()?)
    }
    .await;
    match result {
        Ok(n_rows) => Ok(n_rows),
        Err(RowsError::Engine(error)) => Err(SessionError::from(error).into()),
        Err(RowsError::Write(error)) if error.is_broken_pipe() => Ok(0),
        Err(RowsError::Write(error)) => Err(write_failure(&error)),
    }
}

/// The columns with their meanings in their metadata.
fn with_meanings(schema: SchemaRef, meanings: &[Option<String>]) -> SchemaRef {
    if meanings.len() != schema.fields().len() {
        return schema;
    }
    let fields = schema.fields().iter().zip(meanings);
    let fields = fields.map(|(field, meaning)| {
        let mut metadata = field.metadata().clone();
        metadata.extend(meaning.clone().map(|text| (MEANING.to_owned(), text)));
        field.as_ref().clone().with_metadata(metadata)
    });
    let fields: Vec<Field> = fields.collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Either side of a stream of rows.
enum RowsError {
    Engine(datafusion::common::DataFusionError),
    Write(WriteError),
}

impl From<WriteError> for RowsError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

fn write_failure(error: &(dyn std::error::Error + 'static)) -> Failure {
    let failure = Failure::new(FailureKind::Resources, error.to_string());
    match error.source() {
        Some(source) => failure.because(source),
        None => failure,
    }
}
