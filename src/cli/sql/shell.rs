//! The prompt: statements as `-c` runs them, and the commands. An error is shown and the prompt goes on.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::commands::{self, Command};
use super::completion::Names;
use super::editing::Editing;
use super::format::Format;
use super::repl::{Next, ReplInput, ReplOptions, run_repl, run_script};
use super::runner::{Interrupts, Runner};
use super::tables::Tables;
use super::{Output, format_of, history, print};
use crate::cli::failure::Failure;
use crate::diagnostic::FailureKind;

/// How deep files may run files.
const MAX_DEPTH: usize = 16;

struct Shell {
    runner: Runner,
    runtime: Handle,
    interrupts: Interrupts,
    output: Output,
    /// The format on the terminal, to go back to when results no longer go to a file.
    terminal_format: Option<Format>,
    /// The format to go back to when values no longer have a line each.
    before_vertical: Option<Format>,
    shows_time: bool,
    last_statement: Option<String>,
    /// Files being run, one within the other.
    depth: usize,
}

/// Reads and runs statements until the user leaves.
pub(super) fn run(runner: &Runner, output: &Output) -> Result<(), Failure> {
    let runtime = Handle::current();
    let tables = Arc::clone(&runner.tables);
    let functions = tables.session().functions().into_iter();
    let lookup_runtime = runtime.clone();
    let lookup_tables = Arc::clone(&tables);
    let lookup = move |table: &str| lookup_runtime.block_on(columns_of(&lookup_tables, table));
    let names = Names::new(
        tables.names()?,
        functions.map(|function| function.name).collect(),
        Box::new(lookup),
    );
    let options = ReplOptions {
        history: history::file_of(tables.folder()),
        redacts: tables.redacts_history(),
        editing: Editing {
            names,
            color: runner.printer.stdout_color,
        },
    };
    let mut shell = Shell {
        runner: runner.clone(),
        runtime,
        interrupts: Interrupts::listen(),
        output: output.clone(),
        terminal_format: output.format,
        before_vertical: None,
        shows_time: false,
        last_statement: None,
        depth: 0,
    };
    let result =
        tokio::task::block_in_place(|| run_repl(options, &mut |input| shell.execute(input)));
    result.map_err(|error| Failure::new(FailureKind::Internal, "the prompt failed").because(&error))
}

/// The columns of a table, view or file in quotes.
async fn columns_of(tables: &Tables, table: &str) -> Option<Vec<String>> {
    let name = match table.starts_with('\'') {
        true => table.to_owned(),
        false => quoted(table),
    };
    let statement = format!("SELECT * FROM {name}");
    let frame = tables.plan(&statement, &[]).await.ok()?;
    let fields = frame.schema().fields().iter();
    Some(fields.map(|field| field.name().clone()).collect())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Shell {
    /// Does what was asked; what goes wrong is shown, and ends a file that is being run.
    fn execute(&mut self, input: ReplInput) -> Next {
        let done = match input {
            ReplInput::Statement(statement) => {
                self.last_statement = Some(statement.clone());
                self.timed(&statement).map(|()| Next::Continue)
            }
            ReplInput::Command(command) => self.command(command),
            ReplInput::Wrong(message) => {
                Err(Failure::new(FailureKind::Usage, message).hint("\\? lists the commands"))
            }
        };
        match done {
            Ok(next) => next,
            Err(failure) if failure.kind == FailureKind::Interrupted => {
                self.runner.printer.note(&failure.message);
                self.after_failure()
            }
            Err(failure) => {
                self.runner.printer.failure(&failure);
                self.after_failure()
            }
        }
    }

    fn after_failure(&self) -> Next {
        match self.depth {
            0 => Next::Continue,
            _ => Next::Stop,
        }
    }

    fn timed(&mut self, statement: &str) -> Result<(), Failure> {
        let started = Instant::now();
        self.interrupts.forget();
        let run = self
            .runner
            .run(statement, &self.output, Some(&mut self.interrupts));
        self.runtime.block_on(run)?;
        if self.output.path.is_some() {
            self.output.has_result = true;
        }
        if self.shows_time {
            let seconds = started.elapsed().as_secs_f64();
            self.runner.printer.note(&format!("{seconds:.3} s"));
        }
        Ok(())
    }

    fn command(&mut self, command: Command) -> Result<Next, Failure> {
        match command {
            Command::Quit => return Ok(Next::Stop),
            Command::Help => self.runner.printer.data(commands::help().as_bytes())?,
            Command::Tables => {
                let frame = self.runner.tables.list()?;
                self.print(frame)?;
            }
            Command::Schema => {
                let frame = self.runtime.block_on(self.runner.tables.all_columns())?;
                self.print(frame)?;
            }
            Command::Describe(name) => self.timed(&format!("DESCRIBE {}", reference(&name)))?,
            Command::Relations => self.timed("SHOW RELATIONS")?,
            Command::Functions(pattern) => {
                let frame = self.runner.tables.session().functions_like(&pattern)?;
                self.print(frame)?;
            }
            Command::Read(file) => self.read(&file)?,
            Command::Output(path) => self.set_output(path)?,
            Command::Vertical(wanted) => self.set_vertical(wanted),
            Command::Timing(wanted) => {
                self.shows_time = wanted.unwrap_or(!self.shows_time);
                self.say(if self.shows_time {
                    "times on"
                } else {
                    "times off"
                });
            }
            Command::Mode(Some(format)) => {
                self.output.format = Some(format);
                self.before_vertical = None;
            }
            Command::Mode(None) => {
                let name = self.output.format.unwrap_or(Format::Table).name();
                self.say(&format!("format {name}"));
            }
            Command::Edit => {
                let text = edited(self.last_statement.as_deref().unwrap_or_default())?;
                return Ok(Next::Offer(text));
            }
            Command::Watch(seconds) => self.watch(Duration::from_secs_f64(seconds))?,
        }
        Ok(Next::Continue)
    }

    fn say(&self, text: &str) {
        self.runner.printer.note(text);
    }

    fn print(&mut self, frame: datafusion::prelude::DataFrame) -> Result<(), Failure> {
        let printed = print(frame, &self.output, &self.runner.printer);
        self.runtime.block_on(printed)?;
        if self.output.path.is_some() {
            self.output.has_result = true;
        }
        Ok(())
    }

    fn set_output(&mut self, path: Option<PathBuf>) -> Result<(), Failure> {
        let format = match &path {
            Some(path) => Some(format_of(path)?),
            None => self.terminal_format,
        };
        if self.output.path.is_none() {
            self.terminal_format = self.output.format;
        }
        if let Some(path) = &path {
            self.say(&format!(
                "results go to `{}`; \\o ends that",
                path.display()
            ));
        }
        let is_unchanged = path.is_none() && self.output.path.is_none();
        if !is_unchanged {
            self.output = Output {
                format,
                path,
                has_result: false,
            };
            self.before_vertical = None;
        }
        Ok(())
    }

    fn set_vertical(&mut self, wanted: Option<bool>) {
        let is_on = self.output.format == Some(Format::Vertical);
        let wanted = wanted.unwrap_or(!is_on);
        if wanted && !is_on {
            self.before_vertical = self.output.format.replace(Format::Vertical);
        } else if !wanted && is_on {
            self.output.format = self.before_vertical.take();
        }
        self.say(match wanted {
            true => "one line per value",
            false => "one line per row",
        });
    }

    /// Runs a file as if it were typed, up to the first failure.
    fn read(&mut self, file: &Path) -> Result<(), Failure> {
        if self.depth >= MAX_DEPTH {
            let message = format!("`{}` is run by files {MAX_DEPTH} deep", file.display());
            return Err(Failure::new(FailureKind::Usage, message).hint("does a file run itself?"));
        }
        let text = super::read_script(file)?;
        self.depth += 1;
        let result = run_script(&text, &mut |input| self.execute(input));
        self.depth -= 1;
        result.map_err(|error| {
            let message = format!("cannot run `{}`", file.display());
            Failure::new(FailureKind::Project, message).because(&error)
        })
    }

    fn watch(&mut self, pause: Duration) -> Result<(), Failure> {
        let Some(statement) = self.last_statement.clone() else {
            let message = "there is no statement to repeat yet";
            return Err(Failure::new(FailureKind::Usage, message));
        };
        loop {
            self.timed(&statement)?;
            if self.runtime.block_on(self.interrupts.within(pause)) {
                return Ok(());
            }
        }
    }
}

/// A table as typed, or a file in quotes, as SQL reads it.
fn reference(name: &str) -> String {
    let is_file = Path::new(name.trim_matches('\'')).is_file();
    match (is_file, name.starts_with(['\'', '"'])) {
        (_, true) => name.to_owned(),
        (true, false) => format!("'{}'", name.replace('\'', "''")),
        (false, false) => quoted(name),
    }
}

/// The text after the user changed it in an editor, without blanks around it.
fn edited(text: &str) -> Result<String, Failure> {
    let path = std::env::temp_dir().join(format!("korabo-{}.sql", std::process::id()));
    let failed = |error: std::io::Error| {
        Failure::new(FailureKind::Resources, "cannot edit the statement").because(&error)
    };
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    let result = file
        .write_all(format!("{text};\n").as_bytes())
        .map_err(failed)
        .and_then(|()| run_editor(&path))
        .and_then(|()| fs_err::read_to_string(&path).map_err(failed));
    fs_err::remove_file(&path).map_err(failed)?;
    Ok(result?.trim().to_owned())
}

fn run_editor(path: &Path) -> Result<(), Failure> {
    let named = |name| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.trim().is_empty())
    };
    let editor = named("VISUAL")
        .or_else(|| named("EDITOR"))
        .unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let failed = || {
        Failure::new(
            FailureKind::Usage,
            format!("the editor `{program}` did not work"),
        )
        .hint("set VISUAL or EDITOR to an editor")
    };
    let status = Process::new(program).args(words).arg(path).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(failed()),
        Err(error) => Err(failed().because(&error)),
    }
}
