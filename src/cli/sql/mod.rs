//! `korabo sql`: ad hoc SQL over the project's tables and over files. Statements come from `-c`, `-f`,
//! standard input or a prompt; results go to stdout or a file in any format.

mod cells;
mod commands;
mod completion;
mod copy;
mod editing;
mod format;
mod history;
mod japanese;
mod keywords;
mod memory;
mod output;
mod pager;
mod place;
mod repl;
mod result_writer;
mod runner;
mod scope;
mod script;
mod shell;
mod table;
mod tables;
mod text;
mod vertical;
mod waiting;
mod xlsx;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Args};

use copy::Writable;
pub use editing::Keystrokes;
pub(super) use format::Format;
pub(super) use memory::count_thread;
use output::format_of;
pub(super) use output::{Output, print};
use place::Origin;
use runner::Runner;
use script::Script;
use tables::PromptTables;

use super::args::GlobalArgs;
use super::as_of::AsOfArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::config::ParameterValue;
use crate::diagnostic::FailureKind;
use crate::session;

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
    let mut tables = PromptTables::open(config, global, args.release)?;
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

fn output(args: &SqlArgs) -> Result<Output, Failure> {
    let format = match (&args.format, &args.output) {
        (Some(format), _) => Some(*format),
        (None, Some(path)) => Some(format_of(path)?),
        (None, None) => None,
    };
    Ok(Output {
        format,
        path: args.output.clone(),
        ..Output::default()
    })
}
