//! The interactive prompt: reads what is typed, tells commands from statements, keeps the history. Running
//! a statement and printing its result are the caller's; where statements end is in `statements`, what
//! happens while the user types in `editing`.

use std::io;
use std::path::{Path, PathBuf};

use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History as _};
use rustyline::{CompletionType, Config, Editor};

use super::commands::{self, Command};
use super::editing::{CONTINUATION, Editing};
use crate::observe::redacted;
use crate::session::statements::{ends_inside, pieces};

/// The prompt before a statement.
const PROMPT: &str = "korabo> ";
/// Entries the history keeps.
const HISTORY_ENTRIES: usize = 2_000;

/// What the prompt starts with.
pub(super) struct ReplOptions<'a> {
    /// The file that keeps statements; `None` keeps them until the program ends.
    pub(super) history: Option<PathBuf>,
    /// Whether the file keeps statements without their literals.
    pub(super) redacts: bool,
    /// Completion and colours.
    pub(super) editing: Editing<'a>,
}

/// What the user asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReplInput {
    /// A statement, without its `;`.
    Statement(String),
    /// A command that is not `\q`.
    Command(Command),
    /// A command that does not exist or cannot be read, with what is wrong.
    Wrong(String),
}

/// What to do after an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Read on.
    Continue,
    /// Read no more.
    Stop,
    /// Read on, with this text to begin with.
    Offer(String),
}

/// Does what an input asks; the number is the line it begins in, from 1.
pub(super) type Execute<'a> = dyn FnMut(ReplInput, usize) -> Next + 'a;

/// Why the prompt stopped working.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplError {
    /// The terminal could not be set up.
    #[error("cannot use this terminal for a prompt")]
    Terminal {
        /// What the line editor said.
        #[source]
        source: ReadlineError,
    },
    /// Reading a line failed.
    #[error("cannot read from the prompt")]
    Read {
        /// What the line editor said.
        #[source]
        source: ReadlineError,
    },
    /// The history file exists but cannot be read.
    #[error("cannot read the history `{}`", path.display())]
    ReadHistory {
        /// The history file.
        path: PathBuf,
        /// What the line editor said.
        #[source]
        source: ReadlineError,
    },
    /// The history file cannot be written.
    #[error("cannot write the history `{}`", path.display())]
    WriteHistory {
        /// The history file.
        path: PathBuf,
        /// What the line editor said.
        #[source]
        source: ReadlineError,
    },
}

/// Reads and hands over one input after the other, until Ctrl-D, `\q`, `exit`, `quit`, or until
/// `execute` stops. Ctrl-C at the prompt discards what was typed.
///
/// # Errors
/// When the terminal or the history file fails.
pub(super) fn run_repl(
    options: ReplOptions<'_>,
    execute: &mut Execute<'_>,
) -> Result<(), ReplError> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(HISTORY_ENTRIES)
        .and_then(|builder| builder.history_ignore_dups(true))
        .map_err(|source| ReplError::Terminal { source })?
        .build();
    let kept = FileHistory::with_config(&config);
    let mut editor: Editor<Editing<'_>, FileHistory> =
        Editor::with_config(config).map_err(|source| ReplError::Terminal { source })?;
    editor.set_helper(Some(options.editing));
    // Once it has a printer the editor also waits for signals that other threads get: that the window has
    // another size. Where there is no terminal there is none.
    drop(editor.create_external_printer());
    if let Some(path) = &options.history {
        load_history(&mut editor, path)?;
    }
    let mut terminal = Terminal {
        editor,
        kept,
        file: options.history,
        redacts: options.redacts,
    };
    drive(&mut terminal, execute)
}

fn load_history(
    editor: &mut Editor<Editing<'_>, FileHistory>,
    path: &Path,
) -> Result<(), ReplError> {
    match editor.load_history(path) {
        Err(ReadlineError::Io(source)) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(ReplError::ReadHistory {
            path: path.to_path_buf(),
            source,
        }),
        Ok(()) => Ok(()),
    }
}

/// What came from the keyboard.
enum Line {
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D.
    End,
}

/// Where lines come from: a terminal, a file, or a script in tests.
trait LineSource {
    /// The next line or lines; `offered` stands there to begin with.
    fn read_line(&mut self, prompt: &str, offered: &str) -> Result<Line, ReplError>;
    fn remember(&mut self, entry: &str) -> Result<(), ReplError>;
}

struct Terminal<'a> {
    editor: Editor<Editing<'a>, FileHistory>,
    /// What the file gets; the arrow keys go through the editor's own history, with all literals.
    kept: FileHistory,
    file: Option<PathBuf>,
    redacts: bool,
}

impl LineSource for Terminal<'_> {
    fn read_line(&mut self, prompt: &str, offered: &str) -> Result<Line, ReplError> {
        match self.editor.readline_with_initial(prompt, (offered, "")) {
            Ok(text) => Ok(Line::Text(text)),
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(source) => Err(ReplError::Read { source }),
        }
    }

    /// Entries reach the file at once: nothing is lost when the terminal is closed.
    fn remember(&mut self, entry: &str) -> Result<(), ReplError> {
        let added = self.editor.add_history_entry(entry);
        added.map_err(|source| ReplError::Read { source })?;
        let Some(path) = &self.file else {
            return Ok(());
        };
        let kept = match self.redacts && !commands::is_command(entry) {
            true => redacted(entry),
            false => entry.to_owned(),
        };
        let added = self.kept.add_owned(kept);
        let written = added.and_then(|_| self.kept.append(path));
        written.map_err(|source| ReplError::WriteHistory {
            path: path.clone(),
            source,
        })
    }
}

/// The lines of a script, which may hold commands as well.
struct Script<'a> {
    lines: std::str::Lines<'a>,
}

impl LineSource for Script<'_> {
    fn read_line(&mut self, _prompt: &str, _offered: &str) -> Result<Line, ReplError> {
        let line = self.lines.next();
        Ok(line.map_or(Line::End, |line| Line::Text(line.to_owned())))
    }

    fn remember(&mut self, _entry: &str) -> Result<(), ReplError> {
        Ok(())
    }
}

/// Hands over the inputs of a script; its last statement needs no `;`.
///
/// # Errors
/// Never for the script itself.
pub(super) fn run_script(script: &str, execute: &mut Execute<'_>) -> Result<(), ReplError> {
    let text = format!("{}\n;", script.trim_end());
    drive(
        &mut Script {
            lines: text.lines(),
        },
        execute,
    )
}

fn drive(source: &mut dyn LineSource, execute: &mut Execute<'_>) -> Result<(), ReplError> {
    let mut typed = PendingInput {
        text: String::new(),
        line: 1,
    };
    let mut offered = String::new();
    loop {
        let prompt = if typed.text.is_empty() {
            PROMPT
        } else {
            CONTINUATION
        };
        let line = match source.read_line(prompt, &std::mem::take(&mut offered))? {
            Line::Text(line) => line,
            Line::Interrupted => {
                typed.text.clear();
                continue;
            }
            Line::End => return Ok(()),
        };
        let next = if typed.text.is_empty() && commands::is_command(&line) {
            source.remember(line.trim())?;
            let input = match commands::parse(&line) {
                Ok(Command::Quit) => return Ok(()),
                Ok(command) => ReplInput::Command(command),
                Err(wrong) => ReplInput::Wrong(wrong),
            };
            let began = typed.line;
            typed.line += 1;
            execute(input, began)
        } else {
            typed.text.push_str(&line);
            typed.text.push('\n');
            run_finished(&mut typed, source, execute)?
        };
        match next {
            Next::Continue => {}
            Next::Stop => return Ok(()),
            Next::Offer(text) => offered = text,
        }
    }
}

/// What is typed and not run yet.
struct PendingInput {
    text: String,
    /// The number of its first line.
    line: usize,
}

impl PendingInput {
    fn line_at(&self, byte: usize) -> usize {
        self.line + self.text[..byte].matches('\n').count()
    }

    /// Leaves out the text before `byte`.
    fn cut(&mut self, byte: usize) {
        self.line = self.line_at(byte);
        self.text.drain(..byte);
    }
}

/// Runs the statements that are finished and leaves the unfinished rest in `typed`.
fn run_finished(
    typed: &mut PendingInput,
    source: &mut dyn LineSource,
    execute: &mut Execute<'_>,
) -> Result<Next, ReplError> {
    let cut = pieces(&typed.text);
    let statements: Vec<(usize, String)> = cut
        .finished
        .iter()
        .map(|piece| {
            let text = typed.text[piece.start..piece.end].to_owned();
            (typed.line_at(piece.start), text)
        })
        .collect();
    let is_inside = ends_inside(&typed.text);
    if cut.rest.is_none() && !statements.is_empty() && !is_inside {
        source.remember(typed.text.trim())?;
    } else {
        for (_, statement) in &statements {
            source.remember(&format!("{statement};"))?;
        }
    }
    match cut.rest {
        Some(rest) => typed.cut(rest.start),
        // A comment that is still open goes on in the next line.
        None if is_inside => {
            typed.cut(cut.finished.last().map_or(0, |piece| piece.end));
            let rest = typed.text.trim_start_matches([';', ' ', '\t', '\n']);
            typed.cut(typed.text.len() - rest.len());
        }
        None => typed.cut(typed.text.len()),
    }
    for (line, statement) in statements {
        let next = execute(ReplInput::Statement(statement), line);
        if next != Next::Continue {
            return Ok(next);
        }
    }
    Ok(Next::Continue)
}

#[cfg(test)]
mod tests;
