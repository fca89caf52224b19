//! Help in Japanese.

use clap::CommandFactory as _;

use super::*;
use crate::cli::Cli;
use crate::words::japanese;

/// Every text of a command and of what is below it.
fn texts(command: &Command, found: &mut Vec<String>) {
    let own = [
        command.get_about(),
        command.get_long_about(),
        command.get_after_help(),
    ];
    found.extend(own.into_iter().flatten().map(ToString::to_string));
    for argument in command.get_arguments() {
        let helps = [argument.get_help(), argument.get_long_help()];
        found.extend(helps.into_iter().flatten().map(ToString::to_string));
        if argument.get_action().takes_values() {
            let values = argument.get_possible_values();
            let helps = values.iter().filter_map(PossibleValue::get_help);
            found.extend(helps.map(ToString::to_string));
        }
    }
    for command in command.get_subcommands() {
        texts(command, found);
    }
}

#[test]
fn every_text_of_the_help_has_a_translation() {
    let mut command = Cli::command();
    command.build();
    let mut found = Vec::new();
    texts(&command, &mut found);
    assert!(found.len() > 300, "{}", found.len());
    // The languages are named in themselves.
    found.retain(|text| !["日本語", "English"].contains(&text.as_str()));
    // A text of several lines, as the list of scenarios, is looked up line by line.
    let is_known = |text: &str| japanese().known(text.trim()).is_some();
    found.retain(|text| !text.lines().all(is_known));
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "no entry for:\n{}", found.join("\n"));
}

/// A command and all below it.
fn all(command: &mut Command, helps: &mut Vec<String>) {
    helps.push(command.render_help().to_string());
    helps.push(command.render_long_help().to_string());
    for command in command.get_subcommands_mut() {
        all(command, helps);
    }
}

#[test]
fn the_parser_adds_no_english() {
    let mut command = translated(Cli::command(), japanese());
    let mut helps = Vec::new();
    all(&mut command, &mut helps);
    assert!(helps.len() > 60);
    for help in helps {
        assert!(help.contains("使い方: korabo"), "{help}");
        for english in [
            "Usage:",
            "Options:",
            "Commands:",
            "Arguments:",
            "default:",
            "possible values",
            "Possible values",
            "Print ",
            "[OPTIONS]",
            "<COMMAND>",
        ] {
            assert!(!help.contains(english), "`{english}` in\n{help}");
        }
    }
}

#[test]
fn defaults_and_values_are_kept() {
    let mut command = translated(Cli::command(), japanese());
    let help = command.render_help().to_string();
    for text in [
        "[既定: text] [値: text, json]",
        "コマンド:\n  run ",
        "オプション:\n",
        "終了コード: 0 完了",
    ] {
        assert!(help.contains(text), "no `{text}` in\n{help}");
    }
    let help = command.render_long_help().to_string();
    assert!(help.contains("値:\n          - text: 人が読む文"), "{help}");
    // It parses as in English.
    let arguments = ["korabo", "--lang", "ja", "history", "-n", "3"];
    assert!(command.try_get_matches_from_mut(arguments).is_ok());
}
