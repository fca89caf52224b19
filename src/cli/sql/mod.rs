//! `korabo sql`: ad hoc SQL over the project's tables and over files. Statements come from `-c`, `-f`,
//! standard input or a prompt; results go to stdout or a file in any format.

mod cells;
mod commands;
mod completion;
mod copy;
mod editing;
mod format;
mod history;
mod memory;
mod pager;
mod place;
mod repl;
mod runner;
mod scope;
mod shell;
mod table;
mod tables;
mod text;
mod vertical;
mod waiting;
mod xlsx;

use std::io::{self, IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Args};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::DataFrame;
use futures::TryStreamExt as _;

use copy::Writable;
pub use editing::Keystrokes;
pub(super) use format::Format;
use format::{ResultWriter, WriteError, WriteOptions};
pub(super) use memory::count_thread;
use pager::{PagedOutput, Pager};
use place::Origin;
use runner::Runner;
use statements::split_statements;
use tables::Tables;
use waiting::Waiting;

use super::args::GlobalArgs;
use super::as_of::AsOfArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::config::ParameterValue;
use crate::diagnostic::FailureKind;
use crate::output_file::OutputFile;
use crate::regular_file::{self, NotRegular};
use crate::session::{self, SessionError, statements};

/// Arguments of `sql`.
#[derive(Debug, Args)]
pub(super) struct SqlArgs {
    /// Statement to run; may be repeated
    #[arg(short = 'c', long = "command", value_name = "SQL", action = ArgAction::Append)]
    commands: Vec<String>,
    /// File of statements to run; - is standard input; may be repeated
    #[arg(short = 'f', long = "file", value_name = "FILE", action = ArgAction::Append)]
    files: Vec<PathBuf>,
    /// Format of results [default: from the suffix of -o, else table]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the result to a file; the suffix says the format
    #[arg(short = 'o', long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Value of a parameter: NAME=VALUE; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", action = ArgAction::Append, value_parser = parse_parameter)]
    parameters: Vec<(String, ParameterValue)>,
    /// The longest a statement may take; then exit code 9
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    timeout: Option<Duration>,
    /// Lets COPY … TO write files below a folder
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = ".", action = ArgAction::Append)]
    allow_write: Vec<PathBuf>,
    /// Only what may leave: grouped results and estimates, without small cells
    // Today's files say what a table holds; an earlier version of it may have held persons.
    #[arg(long, conflicts_with = "as_of")]
    release: bool,
    #[command(flatten)]
    as_of: AsOfArgs,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "write seconds above 0, like 30 or 0.5".to_owned();
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(limit) if !limit.is_zero() => Ok(limit),
        _ => Err(wrong()),
    }
}

fn parse_parameter(text: &str) -> Result<(String, ParameterValue), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((
            name.trim_start_matches('$').to_owned(),
            ParameterValue::from_text(value),
        )),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// Where a result goes and how.
#[derive(Debug, Default, Clone)]
pub(super) struct Output {
    format: Option<Format>,
    path: Option<PathBuf>,
    /// Whether the file holds a result already, which the next one follows.
    has_result: bool,
    /// What shows results that do not fit the terminal.
    pager: Option<Pager>,
}

impl Output {
    /// To standard output in `format`.
    pub(super) fn of(format: Format) -> Self {
        Self {
            format: Some(format),
            ..Self::default()
        }
    }
}

pub(super) async fn run(
    args: &SqlArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let output = output(args)?;
    let config = workspace::optional_config(global)?;
    let kept = config
        .iter()
        .flat_map(|config| [config.lake.clone(), config.extracts.clone()]);
    let writable = Writable::new(&args.allow_write, kept.collect())?;
    let mut tables = Tables::open(config, global, args.release)?;
    tables.go_to(&args.as_of, printer).await?;
    let mut parameters = tables.parameters();
    parameters.retain(|(name, _)| args.parameters.iter().all(|(given, _)| given != name));
    parameters.extend(args.parameters.iter().cloned());
    let runner = Runner {
        tables: Arc::new(tables),
        parameters,
        timeout: args.timeout,
        memory_limit: global.memory_limit.or_else(session::default_memory_limit),
        writable,
        printer: printer.clone(),
    };
    let mut scripts: Vec<Script> = args
        .commands
        .iter()
        .map(|text| Script::typed(text))
        .collect();
    for file in &args.files {
        scripts.push(Script::read(file)?);
    }
    if scripts.is_empty() {
        if io::stdin().is_terminal() {
            printer
                .note("a statement ends with `;`; `\\?` lists the commands, `\\q` or Ctrl-D ends");
            shell::run(&runner, &output)?;
            return Ok(0);
        }
        scripts.push(Script::read(Path::new("-"))?);
    }
    let statements: Vec<(Origin<'_>, String)> =
        scripts.iter().flat_map(Script::statements).collect();
    if output.path.is_some() && statements.len() != 1 {
        let message = format!(
            "-o takes the result of one statement, found {}",
            statements.len()
        );
        return Err(Failure::new(FailureKind::Usage, message));
    }
    for (origin, statement) in &statements {
        if commands::is_command(statement) {
            let message = "commands like `\\d` or `.tables` work at the prompt only";
            return Err(Failure::new(FailureKind::Usage, message)
                .hint("statements do the same: SHOW TABLES, DESCRIBE table, HELP"));
        }
        let run = runner.run(statement.as_str(), &output, None).await;
        run.map_err(|failure| origin.point(failure))?;
    }
    Ok(0)
}

/// Text with statements.
struct Script {
    /// Its name, when it is a file.
    file: Option<String>,
    text: String,
}

impl Script {
    fn typed(text: &str) -> Self {
        Self {
            file: None,
            text: text.to_owned(),
        }
    }

    fn read(file: &Path) -> Result<Self, Failure> {
        let is_file = file != Path::new("-");
        Ok(Self {
            file: is_file.then(|| file.display().to_string()),
            text: read_script(file)?,
        })
    }

    fn statements(&self) -> impl Iterator<Item = (Origin<'_>, String)> {
        let statements = split_statements(&self.text).into_iter();
        statements.map(|(start, statement)| {
            let origin = Origin {
                file: self.file.as_deref(),
                text: &self.text,
                start,
                first_line: 1,
            };
            (origin, statement)
        })
    }
}

fn output(args: &SqlArgs) -> Result<Output, Failure> {
    let format = match (&args.format, &args.output) {
        (Some(format), _) => Some(*format),
        (None, Some(path)) => Some(format_of(path)?),
        (None, None) => None,
    };
    Ok(Output {
        format,
        path: args.output.clone(),
        has_result: false,
        pager: None,
    })
}

fn format_of(path: &Path) -> Result<Format, Failure> {
    Format::from_path(path).ok_or_else(|| {
        let message = format!("cannot tell a format from the name `{}`", path.display());
        Failure::new(FailureKind::Usage, message).hint(
            "end it in .csv .tsv .json .ndjson .md .html .parquet .arrow .xlsx or .txt, or add --format",
        )
    })
}

fn read_script(file: &Path) -> Result<String, Failure> {
    let read = |error: io::Error| {
        let message = format!("cannot read SQL from `{}`", file.display());
        Failure::new(FailureKind::Project, message).because(&error)
    };
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(read)?;
        return Ok(text);
    }
    regular_file::read_to_string(file).map_err(|error| {
        let is_other = error
            .get_ref()
            .is_some_and(|cause| cause.is::<NotRegular>());
        let failure = read(error);
        match is_other {
            true => failure.hint("`-f -` reads standard input"),
            false => failure,
        }
    })
}

/// Runs a planned query and writes its rows as they come. Returns how many there were.
pub(super) async fn print(
    frame: DataFrame,
    output: &Output,
    printer: &Printer,
) -> Result<u64, Failure> {
    let waiting = Waiting::start(printer);
    let _awaited = waiting.until_dropped();
    print_awaited(frame, output, printer, &waiting).await
}

/// As [`print`], for somebody who is shown how far it is.
async fn print_awaited(
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
            let n_rows = write_rows(frame, &mut file, options, waiting).await?;
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
                    write_rows(frame, out, options, waiting).await
                }
                _ => {
                    let out = Shown {
                        out: io::stdout(),
                        waiting: waiting.clone(),
                    };
                    write_rows(frame, out, options, waiting).await
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
    write_rows(frame, file, options, waiting).await
}

/// Standard output, before which what shows that somebody waits is taken away.
struct Shown<W: Write> {
    out: W,
    waiting: Waiting,
}

impl<W: Write> Write for Shown<W> {
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
    waiting: &Waiting,
) -> Result<u64, Failure> {
    let context = Arc::new(frame.task_ctx());
    let planned = frame.create_physical_plan().await;
    let plan = planned.map_err(SessionError::from)?;
    waiting.runs(&plan);
    let sorting = session::sorting_of(plan.as_ref());
    let mut stream = execute_stream(plan, context).map_err(SessionError::from)?;
    let result = async {
        let mut writer = ResultWriter::new(out, stream.schema(), options, &sorting)?;
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
