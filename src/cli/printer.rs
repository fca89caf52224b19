//! The only writer to the terminal: data on stdout, everything else on stderr.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use chrono::{SecondsFormat, Utc};
use clap::error::ErrorKind;
use console::Alignment;
use serde_json::{Map, Value, json};

use super::args::{GlobalArgs, LogFormat, ProgressBars, Switch};
use super::caret;
use super::failure::Failure;
use super::words::Words;
use crate::diagnostic::{FailureKind, is_contained};

/// How messages are written for the user of the program.
#[derive(Debug, Clone)]
pub(super) struct Printer {
    is_quiet: bool,
    is_verbose: bool,
    is_json: bool,
    /// Whether messages on stderr are coloured.
    stderr_color: bool,
    /// Whether data on stdout may be coloured.
    pub(super) stdout_color: bool,
    /// Whether progress bars are drawn.
    pub(super) shows_progress: bool,
    /// Language of what people read.
    pub(super) words: Words,
}

impl Printer {
    pub(super) fn new(global: &GlobalArgs, words: Words) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = |is_terminal: bool| match global.color {
            Switch::Auto => is_terminal && !no_color,
            Switch::Always => true,
            Switch::Never => false,
        };
        let shows_progress = match global.progress {
            ProgressBars::Auto => io::stderr().is_terminal(),
            ProgressBars::On => true,
            ProgressBars::Off => false,
        };
        let is_json = global.log_format == LogFormat::Json;
        Self {
            is_quiet: global.quiet,
            is_verbose: global.verbose,
            is_json,
            stderr_color: color(io::stderr().is_terminal()) && !is_json,
            stdout_color: color(io::stdout().is_terminal()),
            shows_progress: shows_progress && !global.quiet && !is_json,
            words,
        }
    }

    /// Something worth knowing.
    pub(super) fn note(&self, text: &str) {
        self.entry(&Entry::new(Level::Info, "note", text));
    }

    /// Something only the curious want.
    pub(super) fn detail(&self, text: &str) {
        self.entry(&Entry::new(Level::Debug, "note", text));
    }

    /// Something that is not as it should be, and did not stop the command.
    pub(super) fn warning(&self, text: &str) {
        self.entry(&Entry::new(Level::Warning, "warning", text));
    }

    /// One entry of the log: its text for people, all of it for programs.
    pub(super) fn entry(&self, entry: &Entry) {
        let is_shown = match entry.level {
            Level::Debug => self.is_verbose,
            Level::Info | Level::Warning => !self.is_quiet,
        };
        if !is_shown {
            return;
        }
        if self.is_json {
            return stderr(&entry.json().to_string());
        }
        let text = self.words.say(&entry.text);
        match entry.level {
            Level::Warning => stderr(&format!("{}: {text}", self.words.say("warning"))),
            Level::Debug | Level::Info => stderr(&text),
        }
    }

    /// The last line of `run`, for programs: words `name=number`.
    pub(super) fn summary(&self, line: &str) {
        if !self.is_json {
            return stderr(line);
        }
        let mut entry = Entry::new(Level::Info, "summary", line);
        for (name, number) in line.split(' ').filter_map(|word| word.split_once('=')) {
            let number: Value = serde_json::from_str(number).unwrap_or_else(|_| number.into());
            entry = entry.with(name, number);
        }
        stderr(&entry.json().to_string());
    }

    /// A command that did not finish.
    pub(super) fn failure(&self, failure: &Failure) {
        if self.is_json {
            return stderr(&failure_json(failure).to_string());
        }
        let (red, bold, end) = match self.stderr_color {
            true => ("\u{1b}[1;31m", "\u{1b}[1m", "\u{1b}[0m"),
            false => ("", "", ""),
        };
        let what = match failure.kind {
            FailureKind::Internal => "internal error",
            _ => "error",
        };
        let words = self.words;
        let (what, message) = (words.say(what), words.say(&failure.message));
        stderr(&format!("{red}{what}:{end} {message}"));
        if let Some(place) = &failure.place {
            let [text, carets] = caret::excerpt(&place.text, place.marked.clone(), excerpt_width());
            stderr(&format!("  {text}\n  {red}{carets}{end}"));
        }
        for cause in &failure.causes {
            stderr(&format!(
                "  {}: {}",
                words.say("caused by"),
                words.say(cause)
            ));
        }
        let report =
            "please report this with the command and the lines above; they hold no data".to_owned();
        let report = (failure.kind == FailureKind::Internal).then_some(&report);
        for hint in failure.hints.iter().chain(report) {
            stderr(&format!(
                "{bold}{}:{end} {}",
                words.say("hint"),
                words.say(hint)
            ));
        }
    }

    /// `text` in the user's language.
    pub(super) fn say(&self, text: &str) -> String {
        self.words.say(text)
    }

    /// A line of names above columns, in the user's language. Each name has the width of its column; columns of numbers end where it ends.
    pub(super) fn heading(&self, columns: &[(&str, usize, Alignment)]) -> String {
        let cells = columns.iter().map(|(name, width, alignment)| {
            console::pad_str(&self.words.say(name), *width, *alignment, None).into_owned()
        });
        let line = cells.collect::<Vec<_>>().join(" ");
        format!("{}\n", line.trim_end())
    }

    /// Writes lines for people to stdout, in their language.
    pub(super) fn text(&self, text: &str) -> Result<(), Failure> {
        let lines = text.split('\n').map(|line| self.words.say(line));
        self.data(lines.collect::<Vec<_>>().join("\n").as_bytes())
    }

    /// Writes data to stdout. A reader that went away is not a failure.
    pub(super) fn data(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(FailureKind::Resources, "cannot write to stdout").because(&error))
            }
            _ => Ok(()),
        }
    }
}

/// Cells for a line of a statement: as many as the terminal has, less the indentation.
fn excerpt_width() -> usize {
    let cells = match io::stderr().is_terminal() {
        true => usize::from(console::Term::stderr().size().1),
        false => 120,
    };
    cells.saturating_sub(3)
}

/// A line on stderr. A failure of that cannot be reported anywhere.
fn stderr(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// How much an entry of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Only with `-v`.
    Debug,
    Info,
    Warning,
}

/// One line of the log: the same thing as text and as fields. Holds no cell of data.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    level: Level,
    event: &'static str,
    text: String,
    fields: Map<String, Value>,
}

impl Entry {
    pub(super) fn new(level: Level, event: &'static str, text: impl Into<String>) -> Self {
        Self {
            level,
            event,
            text: text.into(),
            fields: Map::new(),
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    fn json(&self) -> Value {
        let level = match self.level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
        };
        log_line(level, self.event, self.text.trim_end(), self.fields.clone())
    }
}

fn log_line(level: &str, event: &str, message: &str, fields: Map<String, Value>) -> Value {
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut line = json!({ "time": time, "level": level, "event": event, "message": message });
    if let Some(members) = line.as_object_mut() {
        members.extend(fields);
    }
    line
}

fn failure_json(failure: &Failure) -> Value {
    let mut fields = json!({
        "causes": failure.causes,
        "hints": failure.hints,
        "exit_code": failure.kind.exit_code(),
    });
    if let Some(place) = &failure.place {
        fields["file"] = place.file.clone().into();
        fields["line"] = place.line.into();
        fields["column"] = place.column.into();
    }
    let fields = fields.as_object().cloned().unwrap_or_default();
    log_line("error", "error", &failure.message, fields)
}

/// The error whose text is the help.
const HELP_FOR_NOTHING: ErrorKind = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

/// Prints what the argument parser says: help on stdout with code 0, errors on stderr with code 2.
pub(super) fn print_usage(error: &clap::Error, arguments: &[OsString], words: Words) -> ExitCode {
    if error.use_stderr() && asks_json(arguments) {
        let text = error.to_string();
        let text = text.trim();
        let mut failure = Failure::new(
            FailureKind::Usage,
            text.strip_prefix("error: ")
                .unwrap_or(text)
                .lines()
                .next()
                .unwrap_or(text),
        );
        let rest = text
            .lines()
            .skip(1)
            .map(str::trim)
            .filter(|line| !line.is_empty());
        failure.hints.extend(rest.map(str::to_owned));
        stderr(&failure_json(&failure).to_string());
    } else if words.are_japanese() && error.use_stderr() && error.kind() != HELP_FOR_NOTHING {
        stderr(words.say(&error.to_string()).trim_end());
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Whether `--log-format json` is among arguments that may not parse.
pub(super) fn asks_json(arguments: &[OsString]) -> bool {
    let words = arguments.iter().map(|word| word.to_string_lossy());
    let words: Vec<_> = words.collect();
    let pairs = words.windows(2);
    let is_json =
        |pair: &[_]| matches!(pair, [name, value] if *name == "--log-format" && *value == "json");
    words.iter().any(|word| *word == "--log-format=json") || pairs.into_iter().any(is_json)
}

/// From now on says of a panic where it was, and not its text, which could quote a value.
pub(super) fn hide_panic_texts(printer: &Printer) {
    let printer = printer.clone();
    std::panic::set_hook(Box::new(move |panic| {
        if is_contained(panic) {
            return;
        }
        let place = panic.location().map_or_else(String::new, |at| {
            let file = at.file().rsplit('/').take(3).collect::<Vec<_>>();
            let file = file.into_iter().rev().collect::<Vec<_>>().join("/");
            format!(" at {file}:{}:{}", at.line(), at.column())
        });
        let message = format!("something that cannot happen happened{place}");
        printer.failure(&Failure::new(FailureKind::Internal, message));
    }));
}
