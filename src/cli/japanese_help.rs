//! The help in Japanese: every text of the tree of commands is looked up, and what the parser would add in English (headings, defaults,
//! values) is put in its place.

use clap::builder::{PossibleValue, StyledStr};
use clap::{Arg, Command};

use crate::words::Phrasebook;

/// `command` with all its commands, its help in Japanese.
pub(super) fn translated(mut command: Command, phrasebook: &Phrasebook) -> Command {
    // The parser's own arguments (`--help`) and command (`help`) exist from here on.
    command.build();
    one(command, phrasebook)
}

fn one(mut command: Command, phrasebook: &Phrasebook) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    let say = |text: &StyledStr| StyledStr::from(phrasebook.say(&text.to_string()));
    let about = command.get_about().map(say);
    let long_about = command.get_long_about().map(say);
    let after = command.get_after_help().map(say);
    let template = template(&command);
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(about) = long_about {
        command = command.long_about(about);
    }
    if let Some(text) = after {
        command = command.after_help(text);
    }
    command
        .override_usage(placeholders(&usage))
        .help_template(template)
        .mut_args(|argument| with_values(argument, phrasebook))
        .mut_subcommands(|command| one(command, phrasebook))
}

/// A line of usage, its placeholders in Japanese.
fn placeholders(usage: &str) -> String {
    let words = [
        ("[OPTIONS]", "[オプション]"),
        ("<COMMAND>", "<コマンド>"),
        ("[COMMAND]", "[コマンド]"),
    ];
    words
        .iter()
        .fold(usage.to_owned(), |usage, (english, japanese)| {
            usage.replace(english, japanese)
        })
}

/// The parts of a help that `command` has, under headings in Japanese.
fn template(command: &Command) -> String {
    let shown = |argument: &&Arg| !argument.is_hide_set();
    let arguments = || command.get_arguments().filter(shown);
    let parts = [
        ("コマンド", "subcommands", command.has_subcommands()),
        ("引数", "positionals", arguments().any(Arg::is_positional)),
        (
            "オプション",
            "options",
            arguments().any(|argument| !argument.is_positional()),
        ),
    ];
    let header = command.get_styles().get_header();
    let mut text = format!("{{about-with-newline}}\n{header}使い方:{header:#} {{usage}}");
    for (title, tag, is_there) in parts {
        if is_there {
            text += &format!("\n\n{header}{title}:{header:#}\n{{{tag}}}");
        }
    }
    text + "{after-help}"
}

/// An argument with its help, default and values in Japanese.
fn with_values(argument: Arg, phrasebook: &Phrasebook) -> Arg {
    let say = |text: &StyledStr| phrasebook.say(&text.to_string());
    let help = argument.get_help().map(say).unwrap_or_default();
    let long_help = argument.get_long_help().map(say);
    let takes_values = argument.get_action().takes_values();
    let defaults = argument.get_default_values().iter();
    let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
    let default = match takes_values && !argument.is_hide_default_value_set() {
        true if !defaults.is_empty() => format!(" [既定: {}]", defaults.join(" ")),
        _ => String::new(),
    };
    let values = match takes_values && !argument.is_hide_possible_values_set() {
        true => argument.get_possible_values(),
        false => Vec::new(),
    };
    let values: Vec<&PossibleValue> = values.iter().filter(|value| !value.is_hide_set()).collect();
    let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
    let named = match names.is_empty() {
        true => String::new(),
        false => format!(" [値: {}]", names.join(", ")),
    };
    let is_explained = values.iter().any(|value| value.get_help().is_some());
    let long_help = match (long_help, is_explained) {
        (None, false) => None,
        (long, false) => long.map(|text| format!("{text}{default}{named}")),
        (long, true) => {
            let text = long.as_ref().unwrap_or(&help);
            Some(format!(
                "{text}{default}\n\n{}",
                explained(&values, phrasebook)
            ))
        }
    };
    let argument = argument
        .help(format!("{help}{default}{named}"))
        .hide_default_value(true)
        .hide_possible_values(true);
    match long_help {
        Some(text) => argument.long_help(text),
        None => argument,
    }
}

/// A line for each value.
fn explained(values: &[&PossibleValue], phrasebook: &Phrasebook) -> String {
    let lines = values.iter().map(|value| {
        let name = value.get_name();
        match value.get_help() {
            Some(help) => format!("- {name}: {}", phrasebook.say(&help.to_string())),
            None => format!("- {name}"),
        }
    });
    let lines: Vec<String> = lines.collect();
    format!("値:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests;
