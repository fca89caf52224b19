//! Commands of the prompt: `\d`, `\timing`, … in the way of psql and `.tables`, `.timer`, … in the way of
//! DuckDB. Here they are read; `shell` does what they say.

use std::path::PathBuf;

use clap::ValueEnum as _;

use super::format::Format;
use crate::diagnostic::did_you_mean;

/// Seconds between two runs of `\watch`.
const WATCH_SECONDS: f64 = 2.0;

/// What a line at the prompt asks for, when it is not SQL.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    /// Leave.
    Quit,
    /// Say what there is.
    Help,
    /// The tables.
    Tables,
    /// The columns of a table.
    Describe(String),
    /// The columns of every table.
    Schema,
    /// Functions whose name contains the pattern.
    Functions(String),
    /// The relations.
    Relations,
    /// Run the statements of a file.
    Read(PathBuf),
    /// Results go to a file, or back to the terminal.
    Output(Option<PathBuf>),
    /// One line per value: on, off, or the other way.
    Vertical(Option<bool>),
    /// Times of statements: on, off, or the other way.
    Timing(Option<bool>),
    /// Change the last statement in an editor.
    Edit,
    /// Repeat the last statement every so many seconds.
    Watch(f64),
    /// The format of results; `None` asks which it is.
    Mode(Option<Format>),
    /// Long results go through a pager: on, off, or the other way.
    Pager(Option<bool>),
}

/// What Tab offers behind a command.
#[derive(Clone, Copy)]
pub(super) enum CommandArgument {
    Table,
    File,
    Function,
    Word(fn() -> Vec<String>),
}

struct Definition {
    /// The name in the help, then other names.
    names: &'static [&'static str],
    usage: &'static str,
    text: &'static str,
    argument: Option<CommandArgument>,
    read: fn(&str) -> Result<Command, String>,
}

const COMMANDS: [Definition; 16] = [
    Definition {
        names: &["\\d", ".describe"],
        usage: "[NAME]",
        text: "columns of a table; without NAME the tables",
        argument: Some(CommandArgument::Table),
        read: |name| Ok(some(name).map_or(Command::Tables, Command::Describe)),
    },
    Definition {
        names: &["\\dt", ".tables"],
        usage: "",
        text: "the tables",
        argument: None,
        read: |rest| without_argument(rest, Command::Tables),
    },
    Definition {
        names: &["\\df", ".functions"],
        usage: "[PATTERN]",
        text: "functions whose name contains PATTERN",
        argument: Some(CommandArgument::Function),
        read: |pattern| Ok(Command::Functions(pattern.to_owned())),
    },
    Definition {
        names: &["\\dr", ".relations"],
        usage: "",
        text: "the relations (estimators); `HELP name` says more",
        argument: None,
        read: |rest| without_argument(rest, Command::Relations),
    },
    Definition {
        names: &[".schema", "\\schema"],
        usage: "[NAME]",
        text: "columns of a table; without NAME of every table",
        argument: Some(CommandArgument::Table),
        read: |name| Ok(some(name).map_or(Command::Schema, Command::Describe)),
    },
    Definition {
        names: &["\\i", ".read"],
        usage: "FILE",
        text: "run the statements of a file",
        argument: Some(CommandArgument::File),
        read: |file| {
            let file = some(file).ok_or("name the file to run: `\\i FILE`")?;
            Ok(Command::Read(PathBuf::from(unquoted(&file))))
        },
    },
    Definition {
        names: &["\\o", ".output"],
        usage: "[FILE]",
        text: "results go to a file (its suffix says the format), until \\o",
        argument: Some(CommandArgument::File),
        read: |file| {
            Ok(Command::Output(
                some(file).map(|file| PathBuf::from(unquoted(&file))),
            ))
        },
    },
    Definition {
        names: &[".mode", "\\mode"],
        usage: "[FORMAT]",
        text: "format of results: table box vertical csv tsv json ndjson markdown html",
        argument: Some(CommandArgument::Word(format_names)),
        read: mode,
    },
    Definition {
        names: &["\\x", ".vertical"],
        usage: "[on|off]",
        text: "one line per value",
        argument: Some(CommandArgument::Word(switch_words)),
        read: |rest| switch(rest).map(Command::Vertical),
    },
    Definition {
        names: &["\\timing", ".timer"],
        usage: "[on|off]",
        text: "show how long statements take",
        argument: Some(CommandArgument::Word(switch_words)),
        read: |rest| switch(rest).map(Command::Timing),
    },
    Definition {
        names: &["\\pset", ".pager"],
        usage: "pager [on|off]",
        text: "show results that do not fit the window in a pager",
        argument: Some(CommandArgument::Word(switch_words)),
        read: pager,
    },
    Definition {
        names: &["\\e", ".edit"],
        usage: "",
        text: "edit the last statement in $VISUAL or $EDITOR",
        argument: None,
        read: |rest| without_argument(rest, Command::Edit),
    },
    Definition {
        names: &["\\watch", ".watch"],
        usage: "[SECONDS]",
        text: "repeat the last statement until Ctrl-C",
        argument: None,
        read: watch,
    },
    Definition {
        names: &["\\?", ".help", "\\h"],
        usage: "",
        text: "this list; the statement HELP explains the language",
        argument: None,
        read: |rest| without_argument(rest, Command::Help),
    },
    Definition {
        names: &["\\q", ".quit"],
        usage: "",
        text: "leave (also Ctrl-D)",
        argument: None,
        read: |rest| without_argument(rest, Command::Quit),
    },
    Definition {
        names: &[".exit"],
        usage: "",
        text: "leave",
        argument: None,
        read: |rest| without_argument(rest, Command::Quit),
    },
];

/// Whether a line is a command rather than SQL.
pub(super) fn is_command(line: &str) -> bool {
    let line = line.trim();
    let plain = line.trim_end_matches(';').trim_end();
    let is_dotted = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic());
    line.starts_with('\\')
        || line.strip_prefix('.').is_some_and(is_dotted)
        || plain.eq_ignore_ascii_case("exit")
        || plain.eq_ignore_ascii_case("quit")
}

/// The command a line is.
///
/// # Errors
/// With what is wrong, when the command does not exist or its argument is not one it takes.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim().trim_end_matches(';').trim_end();
    if line.eq_ignore_ascii_case("exit") || line.eq_ignore_ascii_case("quit") {
        return Ok(Command::Quit);
    }
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let known = COMMANDS
        .iter()
        .find(|command| command.names.contains(&name));
    match known {
        Some(command) => {
            (command.read)(argument.trim()).map_err(|wrong| format!("`{name}`: {wrong}"))
        }
        None => {
            let near = did_you_mean(name, names());
            Err(format!("no command `{name}`{near}"))
        }
    }
}

/// Every name of every command.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS
        .iter()
        .flat_map(|command| command.names.iter().copied())
}

/// What the command called `name` takes.
pub(super) fn argument_of(name: &str) -> Option<CommandArgument> {
    let known = COMMANDS
        .iter()
        .find(|command| command.names.contains(&name));
    known.and_then(|command| command.argument)
}

/// What `\?` shows, its texts as `say` says them.
pub(super) fn help(say: impl Fn(&str) -> String) -> String {
    let mut text = say("statements end with ; and may span lines");
    text.push('\n');
    for command in &COMMANDS {
        let call = format!("{} {}", command.names[0], command.usage);
        let other = command.names[1..].join(" ");
        text.push_str(&format!("  {call:<21}{other:<12} {}\n", say(command.text)));
    }
    text
}

fn some(argument: &str) -> Option<String> {
    (!argument.is_empty()).then(|| argument.to_owned())
}

fn unquoted(argument: &str) -> &str {
    let inner = argument
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    inner.unwrap_or(argument)
}

fn without_argument(rest: &str, command: Command) -> Result<Command, String> {
    match rest {
        "" => Ok(command),
        _ => Err(format!("takes nothing, found `{rest}`")),
    }
}

fn switch(word: &str) -> Result<Option<bool>, String> {
    match word.to_lowercase().as_str() {
        "" => Ok(None),
        "on" => Ok(Some(true)),
        "off" => Ok(Some(false)),
        _ => Err(format!("takes `on`, `off` or nothing, found `{word}`")),
    }
}

/// `on` and `off` behind `.pager`, `pager on` and `pager off` behind `\pset`.
fn pager(rest: &str) -> Result<Command, String> {
    let word = match rest.split_once(char::is_whitespace) {
        Some(("pager", word)) => word.trim(),
        _ if rest == "pager" => "",
        _ => rest,
    };
    switch(word).map(Command::Pager)
}

fn watch(seconds: &str) -> Result<Command, String> {
    if seconds.is_empty() {
        return Ok(Command::Watch(WATCH_SECONDS));
    }
    match seconds.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(Command::Watch(seconds)),
        _ => Err(format!(
            "takes seconds above 0 and up to a day, found `{seconds}`"
        )),
    }
}

fn mode(name: &str) -> Result<Command, String> {
    if name.is_empty() {
        return Ok(Command::Mode(None));
    }
    Format::from_str(name, true)
        .map(|format| Command::Mode(Some(format)))
        .map_err(|_| {
            let names = format_names();
            let near = did_you_mean(name, names.iter().map(String::as_str));
            format!("no format `{name}`{near}")
        })
}

fn format_names() -> Vec<String> {
    let values = Format::value_variants().iter();
    values
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect()
}

fn switch_words() -> Vec<String> {
    ["on", "off"].map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests;
