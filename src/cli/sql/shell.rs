//! The prompt: statements as `-c` runs them, and the commands. An error is shown and the prompt goes on.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rustix::termios::OptionalActions;
use tokio::runtime::Handle;

use super::commands::{self, Command};
use super::completion::Names;
use super::editing::Editing;
use super::format::Format;
use super::history;
use super::output::{Output, format_of};
use super::pager::Pager;
use super::place::Origin;
use super::repl::{Next, ReplInput, ReplOptions, run_repl, run_script};
use super::runner::{GRACE, Interrupts, Request, Runner};
use super::script::read_script;
use crate::cli::failure::Failure;
use crate::diagnostic::FailureKind;
use crate::session::THREAD_STACK;

/// How deep files may run files.
const MAX_DEPTH: usize = 16;

struct Shell {
    runner: Runner,
    runtime: Handle,
    interrupts: Interrupts,
    output: Output,
    /// The pager to go back to when it is switched on again.
    pager: Option<Pager>,
    /// The format on the terminal, to go back to when results no longer go to a file.
    terminal_format: Option<Format>,
    /// The format to go back to when values no longer have a line each.
    before_vertical: Option<Format>,
    shows_time: bool,
    last_statement: Option<String>,
    /// Files being run, one within the other.
    files: Vec<String>,
    state: Arc<ShellState>,
}

/// What the prompt's thread and the one that waits for SIGTERM share.
#[derive(Default)]
struct ShellState {
    /// A statement or a command runs.
    is_busy: AtomicBool,
    /// No further statement is to run.
    is_leaving: AtomicBool,
}

/// How the prompt ended.
enum End {
    /// By itself.
    Left(Result<(), Failure>),
    /// By SIGTERM.
    Terminated,
}

/// Reads and runs statements until the user leaves or SIGTERM comes. The prompt waits for keys on a thread
/// of its own, so that a signal need not wait for them.
pub(super) fn run(runner: &Runner, output: &Output) -> Result<(), Failure> {
    let modes = rustix::termios::tcgetattr(io::stdin()).ok();
    let (sender, ends) = channel();
    let terminated = sender.clone();
    let state = Arc::new(ShellState::default());
    let leaving = Arc::clone(&state);
    let interrupts = Interrupts::listen(move || {
        leaving.is_leaving.store(true, Ordering::SeqCst);
        // Who does not wait any more has left already.
        let _ = terminated.send(End::Terminated);
    });
    let shell = Shell::new(runner, output, interrupts, Arc::clone(&state));
    // Columns for completion are planned on it.
    let prompt = std::thread::Builder::new().stack_size(THREAD_STACK);
    let prompt = prompt.spawn(move || {
        let _ = sender.send(End::Left(shell.prompt()));
    });
    prompt.map_err(|error| {
        Failure::new(FailureKind::Internal, "cannot start the prompt").because(&error)
    })?;
    tokio::task::block_in_place(|| match ends.recv() {
        Ok(End::Left(result)) => result,
        Ok(End::Terminated) => {
            if state.is_busy.load(Ordering::SeqCst) {
                // The statement is stopped by the same signal, and puts its things away.
                drop(ends.recv_timeout(GRACE));
            }
            if let Some(modes) = modes {
                restore_terminal(&modes);
            }
            Err(Failure::new(FailureKind::Terminated, "stopped by SIGTERM"))
        }
        Err(error) => Err(Failure::new(FailureKind::Internal, "the prompt ended").because(&error)),
    })
}

/// The terminal as it was before the prompt.
fn restore_terminal(modes: &rustix::termios::Termios) {
    // Nothing more can be done about a terminal that is gone.
    let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, modes);
    let mut out = io::stdout().lock();
    let _ = out.write_all(b"\x1b[?2004l\r\n").and_then(|()| out.flush());
}

/// The columns of a table, view, file in quotes, or query in parentheses.
async fn columns_of(runner: &Runner, table: &str) -> Option<Vec<String>> {
    let name = match table.starts_with('\'') || table.contains('(') {
        true => table.to_owned(),
        false => quoted(table),
    };
    let statement = format!("SELECT * FROM {name}");
    let planned = runner.tables.plan(&statement, &runner.parameters).await;
    let frame = planned.ok()?;
    let fields = frame.schema().fields().iter();
    Some(fields.map(|field| field.name().clone()).collect())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Shell {
    fn new(
        runner: &Runner,
        output: &Output,
        interrupts: Interrupts,
        state: Arc<ShellState>,
    ) -> Self {
        let pager = Pager::from_environment();
        Self {
            runner: runner.clone(),
            runtime: Handle::current(),
            interrupts,
            output: Output {
                pager: pager.clone(),
                ..output.clone()
            },
            pager,
            terminal_format: output.format,
            before_vertical: None,
            shows_time: false,
            last_statement: None,
            files: Vec::new(),
            state,
        }
    }

    fn prompt(mut self) -> Result<(), Failure> {
        let tables = Arc::clone(&self.runner.tables);
        let functions = tables.session().functions().into_iter();
        let (runtime, runner) = (self.runtime.clone(), self.runner.clone());
        let lookup = move |table: &str| runtime.block_on(columns_of(&runner, table));
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
                color: self.runner.printer.stdout_color,
            },
        };
        let state = Arc::clone(&self.state);
        let result = run_repl(options, &mut |input, line| {
            state.is_busy.store(true, Ordering::SeqCst);
            let next = self.execute(input, line);
            state.is_busy.store(false, Ordering::SeqCst);
            match state.is_leaving.load(Ordering::SeqCst) {
                true => Next::Stop,
                false => next,
            }
        });
        result.map_err(|error| {
            Failure::new(FailureKind::Internal, "the prompt failed").because(&error)
        })
    }

    /// Does what was asked; what goes wrong is shown, and ends a file that is being run.
    fn execute(&mut self, input: ReplInput, line: usize) -> Next {
        let done = match input {
            ReplInput::Statement(statement) => {
                let done = self.timed(statement.as_str());
                let pointed = done.map_err(|failure| self.origin(&statement, line).point(failure));
                self.last_statement = Some(statement);
                pointed.map(|()| Next::Continue)
            }
            ReplInput::Command(command) => self.command(command),
            ReplInput::Wrong(message) => {
                Err(Failure::new(FailureKind::Usage, message).hint("\\? lists the commands"))
            }
        };
        match done {
            Ok(next) => next,
            Err(_) if self.state.is_leaving.load(Ordering::SeqCst) => Next::Stop,
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

    fn origin<'a>(&'a self, statement: &'a str, line: usize) -> Origin<'a> {
        match self.files.last() {
            Some(file) => Origin {
                file: Some(file),
                first_line: line,
                ..Origin::alone(statement)
            },
            None => Origin::alone(statement),
        }
    }

    fn after_failure(&self) -> Next {
        match self.files.is_empty() {
            true => Next::Continue,
            false => Next::Stop,
        }
    }

    fn timed(&mut self, asked: impl Into<Request>) -> Result<(), Failure> {
        let started = Instant::now();
        self.interrupts.forget();
        let run = self
            .runner
            .run(asked, &self.output, Some(&mut self.interrupts));
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
            Command::Help => {
                let words = self.runner.printer.words;
                let text = commands::help(|text| words.say(text));
                self.runner.printer.data(text.as_bytes())?;
            }
            Command::Tables => self.timed(Request::Tables)?,
            Command::Schema => self.timed(Request::Columns)?,
            Command::Describe(name) => {
                self.timed(format!("DESCRIBE {}", reference(&name)).as_str())?;
            }
            Command::Relations => self.timed("SHOW RELATIONS")?,
            Command::Functions(pattern) => self.timed(Request::Functions(pattern))?,
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
            Command::Pager(wanted) => self.set_pager(wanted)?,
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

    fn set_pager(&mut self, wanted: Option<bool>) -> Result<(), Failure> {
        let wanted = wanted.unwrap_or(self.output.pager.is_none());
        if wanted && self.pager.is_none() {
            let message = "`$KORABO_PAGER` or `$PAGER` says that there is no pager";
            return Err(Failure::new(FailureKind::Usage, message));
        }
        self.output.pager = self.pager.clone().filter(|_| wanted);
        self.say(if wanted { "pager on" } else { "pager off" });
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
                pager: self.output.pager.take(),
                ..Output::default()
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
        if self.files.len() >= MAX_DEPTH {
            let message = format!("`{}` is run by files {MAX_DEPTH} deep", file.display());
            return Err(Failure::new(FailureKind::Usage, message).hint("does a file run itself?"));
        }
        let text = read_script(file)?;
        self.files.push(file.display().to_string());
        let result = run_script(&text, &mut |input, line| self.execute(input, line));
        self.files.pop();
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
        // What is repeated must not wait for the user to leave a pager.
        let pager = self.output.pager.take();
        let result = loop {
            let done = self.timed(statement.as_str());
            if done.is_err() || self.runtime.block_on(self.interrupts.within(pause)) {
                break done;
            }
        };
        self.output.pager = pager;
        result
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
    let failed = |error: io::Error| {
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
