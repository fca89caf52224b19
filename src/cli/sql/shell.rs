//! The prompt: statements as `-c` runs them, and a few backslash commands. An error is shown and the
//! prompt goes on.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use super::repl::{ReplInput, ReplOptions, run_repl};
use super::tables::Tables;
use super::{Output, print};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::config::ParameterValue;
use crate::diagnostic::FailureKind;

const HELP: &str = "\
statements end with ;
  \\d          list tables          \\d NAME   columns of a table
  \\timing     show times on/off    \\?        this help
  \\q          leave (also Ctrl-D)
";

struct Shell<'a> {
    tables: Tables,
    parameters: Vec<(String, ParameterValue)>,
    output: &'a Output,
    printer: &'a Printer,
    shows_time: bool,
}

/// Reads and runs statements until the user leaves.
pub(super) async fn run(
    tables: Tables,
    parameters: Vec<(String, ParameterValue)>,
    output: &Output,
    printer: &Printer,
) -> Result<(), Failure> {
    let mut words = tables.names()?;
    words.extend(tables.session().function_names());
    let options = ReplOptions {
        history: history_file(),
        words,
    };
    let mut shell = Shell {
        tables,
        parameters,
        output,
        printer,
        shows_time: false,
    };
    let runtime = tokio::runtime::Handle::current();
    let result = tokio::task::block_in_place(|| {
        run_repl(options, &mut |input| {
            if let Err(failure) = runtime.block_on(shell.execute(input)) {
                printer.failure(&failure);
            }
            ControlFlow::Continue(())
        })
    });
    result.map_err(|error| Failure::new(FailureKind::Internal, "the prompt failed").because(&error))
}

/// Outside the project: the history may hold literals that should not travel with it.
fn history_file() -> Option<PathBuf> {
    let folder = match std::env::var_os("XDG_STATE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".local/state"),
    };
    let folder = folder.join("korabo");
    fs_err::create_dir_all(&folder).ok()?;
    Some(folder.join("sql_history"))
}

impl Shell<'_> {
    async fn execute(&mut self, input: ReplInput) -> Result<(), Failure> {
        match input {
            ReplInput::Statement(statement) => {
                let started = Instant::now();
                let frame = self.tables.plan(&statement, &self.parameters).await?;
                let query = print(frame, self.output, self.printer);
                tokio::select! {
                    result = query => { result?; }
                    _ = tokio::signal::ctrl_c() => self.printer.note("query stopped"),
                }
                if self.shows_time {
                    self.printer
                        .note(&format!("{:.3} s", started.elapsed().as_secs_f64()));
                }
                Ok(())
            }
            ReplInput::DescribeTables => {
                let names = self.tables.names()?;
                self.printer.data((names.join("\n") + "\n").as_bytes())
            }
            ReplInput::Describe(name) => self.describe(&name).await,
            ReplInput::ToggleTiming => {
                self.shows_time = !self.shows_time;
                self.printer.note(if self.shows_time {
                    "times on"
                } else {
                    "times off"
                });
                Ok(())
            }
            ReplInput::Help => self.printer.data(HELP.as_bytes()),
            ReplInput::UnknownCommand(command) => {
                let message = format!("no command `{command}`; \\? lists them");
                Err(Failure::new(FailureKind::Usage, message))
            }
        }
    }

    async fn describe(&self, name: &str) -> Result<(), Failure> {
        self.tables.open_table(name).await?;
        let schema = self
            .tables
            .session()
            .table_schema(name)
            .await
            .map_err(|_| {
                Failure::new(FailureKind::Project, format!("no table `{name}`"))
                    .hint("\\d lists them")
            })?;
        let mut text = String::new();
        for field in schema.fields() {
            let _ = writeln!(text, "{:<32} {}", field.name(), field.data_type());
        }
        self.printer.data(text.as_bytes())
    }
}
