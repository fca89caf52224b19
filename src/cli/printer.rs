//! The only writer to the terminal: data on stdout, everything else on stderr.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use super::args::{GlobalArgs, LogFormat, ProgressBars, Switch};
use super::caret;
use super::failure::Failure;
use crate::diagnostic::FailureKind;

/// How to talk to whoever started the program.
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
}

impl Printer {
    pub(super) fn new(global: &GlobalArgs) -> Self {
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
        }
    }

    /// Something worth knowing.
    pub(super) fn note(&self, text: &str) {
        if !self.is_quiet {
            self.message("info", text);
        }
    }

    /// Something only the curious want.
    pub(super) fn detail(&self, text: &str) {
        if self.is_verbose {
            self.message("debug", text);
        }
    }

    /// The last line of `run`, for programs.
    pub(super) fn summary(&self, line: &str) {
        stderr(line);
    }

    /// A command that did not finish.
    pub(super) fn failure(&self, failure: &Failure) {
        if self.is_json {
            let mut line = serde_json::json!({
                "level": "error",
                "message": failure.message,
                "causes": failure.causes,
                "hints": failure.hints,
                "exit_code": failure.kind.exit_code(),
            });
            if let Some(place) = &failure.place {
                line["file"] = place.file.clone().into();
                line["line"] = place.line.into();
                line["column"] = place.column.into();
            }
            stderr(&line.to_string());
            return;
        }
        let (red, bold, end) = match self.stderr_color {
            true => ("\u{1b}[1;31m", "\u{1b}[1m", "\u{1b}[0m"),
            false => ("", "", ""),
        };
        let what = match failure.kind {
            FailureKind::Internal => "internal error",
            _ => "error",
        };
        stderr(&format!("{red}{what}:{end} {}", failure.message));
        if let Some(place) = &failure.place {
            let [text, carets] = caret::excerpt(&place.text, place.marked.clone(), excerpt_width());
            stderr(&format!("  {text}\n  {red}{carets}{end}"));
        }
        for cause in &failure.causes {
            stderr(&format!("  caused by: {cause}"));
        }
        for hint in &failure.hints {
            stderr(&format!("{bold}hint:{end} {hint}"));
        }
        if failure.kind == FailureKind::Internal {
            stderr(
                "hint: please report this with the command and the lines above; they hold no data",
            );
        }
    }

    fn message(&self, level: &str, text: &str) {
        if self.is_json {
            let line = serde_json::json!({ "level": level, "message": text });
            stderr(&line.to_string());
        } else {
            stderr(text);
        }
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

/// A line on stderr. There is nobody to tell when that fails.
fn stderr(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints what the argument parser says: help on stdout with code 0, errors on stderr with code 2.
pub(super) fn print_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
