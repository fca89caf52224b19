//! The interactive prompt: reads lines, collects them into statements, recognises the backslash
//! commands, completes names, keeps the history. Running a statement and printing its result are the
//! caller's; where statements end is in `statements`.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::statements::{ends_inside, pieces};

/// The prompt before a statement.
const PROMPT: &str = "korabo> ";
/// The prompt within a statement.
const CONTINUATION: &str = "   ...> ";
/// Entries the history keeps.
const HISTORY_ENTRIES: usize = 2_000;

/// What a session at the prompt starts with.
#[derive(Debug)]
pub(crate) struct ReplOptions {
    /// The file that keeps statements between sessions; `None` keeps them for this session only.
    pub(crate) history: Option<PathBuf>,
    /// Names that Tab completes: tables, columns, functions, keywords.
    pub(crate) words: Vec<String>,
}

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplInput {
    /// A statement, without its `;`.
    Statement(String),
    /// `\d` or `\dt`: list the tables.
    DescribeTables,
    /// `\d NAME`: the columns of one table.
    Describe(String),
    /// `\timing`: start or stop showing how long statements take.
    ToggleTiming,
    /// `\?`: say what there is.
    Help,
    /// A backslash command that does not exist, as typed.
    UnknownCommand(String),
}

/// Why the prompt stopped working.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplError {
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
/// `execute` breaks. Ctrl-C at the prompt discards what was typed.
///
/// # Errors
/// When the terminal or the history file fails.
pub(crate) fn run_repl(
    options: ReplOptions,
    execute: &mut dyn FnMut(ReplInput) -> ControlFlow<()>,
) -> Result<(), ReplError> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(HISTORY_ENTRIES)
        .and_then(|builder| builder.history_ignore_dups(true))
        .map_err(|source| ReplError::Terminal { source })?
        .build();
    let mut editor: Editor<WordCompleter, FileHistory> =
        Editor::with_config(config).map_err(|source| ReplError::Terminal { source })?;
    editor.set_helper(Some(WordCompleter::new(options.words)));
    if let Some(path) = &options.history {
        load_history(&mut editor, path)?;
    }
    let mut terminal = Terminal { editor };
    let outcome = drive(&mut terminal, execute);
    if let Some(path) = options.history {
        let saved = terminal.editor.append_history(&path);
        saved.map_err(|source| ReplError::WriteHistory { path, source })?;
    }
    outcome
}

fn load_history(
    editor: &mut Editor<WordCompleter, FileHistory>,
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

/// Where lines come from: a terminal, or a script in tests.
trait LineSource {
    fn read_line(&mut self, prompt: &str) -> Result<Line, ReplError>;
    fn remember(&mut self, entry: &str) -> Result<(), ReplError>;
}

struct Terminal {
    editor: Editor<WordCompleter, FileHistory>,
}

impl LineSource for Terminal {
    fn read_line(&mut self, prompt: &str) -> Result<Line, ReplError> {
        match self.editor.readline(prompt) {
            Ok(text) => Ok(Line::Text(text)),
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(source) => Err(ReplError::Read { source }),
        }
    }

    fn remember(&mut self, entry: &str) -> Result<(), ReplError> {
        let added = self.editor.add_history_entry(entry);
        added.map(drop).map_err(|source| ReplError::Read { source })
    }
}

fn drive(
    source: &mut dyn LineSource,
    execute: &mut dyn FnMut(ReplInput) -> ControlFlow<()>,
) -> Result<(), ReplError> {
    let mut typed = String::new();
    loop {
        let prompt = if typed.is_empty() {
            PROMPT
        } else {
            CONTINUATION
        };
        let line = match source.read_line(prompt)? {
            Line::Text(line) => line,
            Line::Interrupted => {
                typed.clear();
                continue;
            }
            Line::End => return Ok(()),
        };
        if typed.is_empty()
            && let Some(command) = command(&line)
        {
            source.remember(line.trim())?;
            match command {
                Command::Quit => return Ok(()),
                Command::Input(input) => {
                    if execute(input).is_break() {
                        return Ok(());
                    }
                }
            }
            continue;
        }
        typed.push_str(&line);
        typed.push('\n');
        if run_finished(&mut typed, source, execute)?.is_break() {
            return Ok(());
        }
    }
}

/// Runs the statements that are finished and leaves the unfinished rest in `typed`.
fn run_finished(
    typed: &mut String,
    source: &mut dyn LineSource,
    execute: &mut dyn FnMut(ReplInput) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, ReplError> {
    let cut = pieces(typed);
    let statements: Vec<String> = cut
        .finished
        .iter()
        .map(|piece| typed[piece.start..piece.end].to_owned())
        .collect();
    match cut.rest {
        Some(rest) => {
            typed.drain(..rest.start);
        }
        // A comment that is still open goes on in the next line.
        None if ends_inside(typed) => {
            let end = cut.finished.last().map_or(0, |piece| piece.end);
            typed.drain(..end);
            let lead = typed.len() - typed.trim_start_matches([';', ' ', '\t', '\n']).len();
            typed.drain(..lead);
        }
        None => typed.clear(),
    }
    for statement in statements {
        source.remember(&format!("{statement};"))?;
        if execute(ReplInput::Statement(statement)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

#[derive(Debug, PartialEq, Eq)]
enum Command {
    Quit,
    Input(ReplInput),
}

/// The command a line is, if it is one rather than SQL.
fn command(line: &str) -> Option<Command> {
    let line = line.trim().trim_end_matches(';').trim_end();
    if line.eq_ignore_ascii_case("exit") || line.eq_ignore_ascii_case("quit") {
        return Some(Command::Quit);
    }
    if !line.starts_with('\\') {
        return None;
    }
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let argument = argument.trim();
    let input = match (name, argument.is_empty()) {
        ("\\q", true) => return Some(Command::Quit),
        ("\\?", true) => ReplInput::Help,
        ("\\d" | "\\dt", true) => ReplInput::DescribeTables,
        ("\\d", false) => ReplInput::Describe(argument.to_owned()),
        ("\\timing", true) => ReplInput::ToggleTiming,
        _ => ReplInput::UnknownCommand(line.to_owned()),
    };
    Some(Command::Input(input))
}

/// Completes the word before the cursor from a fixed list.
struct WordCompleter {
    /// Sorted, without doubles.
    words: Vec<String>,
}

impl WordCompleter {
    fn new(mut words: Vec<String>) -> Self {
        words.extend(["\\q", "\\?", "\\d", "\\dt", "\\timing"].map(String::from));
        words.sort_unstable();
        words.dedup();
        Self { words }
    }

    /// Where the word at the cursor begins, and what it may become. Case is ignored; a keyword typed
    /// in lower case stays in lower case.
    fn candidates(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = &line[..cursor];
        let is_part = |character: char| {
            character.is_alphanumeric() || matches!(character, '_' | '.' | '\\' | '?')
        };
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, character)| is_part(*character))
            .last()
            .map_or(cursor, |(position, _)| position);
        let typed = before[start..].to_lowercase();
        if typed.is_empty() {
            return (cursor, Vec::new());
        }
        let is_lower = before[start..] == typed;
        let matching = self
            .words
            .iter()
            .filter(|word| word.to_lowercase().starts_with(&typed));
        let cased = matching.map(|word| {
            let is_keyword = word.chars().all(|character| !character.is_lowercase());
            if is_lower && is_keyword {
                word.to_lowercase()
            } else {
                word.clone()
            }
        });
        (start, cased.collect())
    }
}

impl Completer for WordCompleter {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _ctx: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(line, pos))
    }
}

impl Hinter for WordCompleter {
    type Hint = String;
}

impl Highlighter for WordCompleter {}

impl Validator for WordCompleter {}

impl Helper for WordCompleter {}

#[cfg(test)]
mod tests;
