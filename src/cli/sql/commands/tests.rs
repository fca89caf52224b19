//! Which lines are commands and what they say.

use super::*;

#[test]
fn both_ways_of_writing_are_the_same_command() {
    let pairs = [
        ("\\dt", ".tables", Command::Tables),
        ("\\d", " \\d ; ", Command::Tables),
        (
            "\\d programs;",
            ".schema programs",
            Command::Describe("programs".to_owned()),
        ),
        ("\\timing", ".timer", Command::Timing(None)),
        ("\\timing on", ".timer ON", Command::Timing(Some(true))),
        (
            "\\i a b.sql",
            ".read 'a b.sql'",
            Command::Read(PathBuf::from("a b.sql")),
        ),
        (
            "\\o out.csv",
            ".output out.csv",
            Command::Output(Some(PathBuf::from("out.csv"))),
        ),
        ("\\o", ".output", Command::Output(None)),
        ("\\q", ".quit", Command::Quit),
        ("exit", "QUIT;", Command::Quit),
        ("\\?", ".help", Command::Help),
        (
            "\\df appr*",
            ".functions appr*",
            Command::Functions("appr*".to_owned()),
        ),
        ("\\dr", ".relations", Command::Relations),
        ("\\x off", ".vertical off", Command::Vertical(Some(false))),
        ("\\e", ".edit", Command::Edit),
        ("\\watch", ".watch 2", Command::Watch(2.0)),
        ("\\pset pager", ".pager", Command::Pager(None)),
        (
            "\\pset pager off",
            ".pager off",
            Command::Pager(Some(false)),
        ),
        ("\\mode box", ".mode BOX", Command::Mode(Some(Format::Box))),
    ];
    for (one, other, expected) in pairs {
        for line in [one, other] {
            assert!(is_command(line), "{line}");
            assert_eq!(parse(line), Ok(expected.clone()), "{line}");
        }
    }
}

#[test]
fn unknown_commands_and_arguments_say_what_is_near() {
    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(parse(line), Err(expected.to_owned()));
    }
    check("\\timng", "no command `\\timng`; did you mean `\\timing`?");
    check(".tabels", "no command `.tabels`; did you mean `.tables`?");
    check(
        ".mode boxx",
        "`.mode`: no format `boxx`; did you mean `box`?",
    );
    check(
        "\\x maybe",
        "`\\x`: takes `on`, `off` or nothing, found `maybe`",
    );
    check(
        "\\watch nan",
        "`\\watch`: takes seconds above 0 and up to a day, found `nan`",
    );
    check("\\i", "`\\i`: name the file to run: `\\i FILE`");
    check("\\q now", "`\\q`: takes nothing, found `now`");
}

#[test]
fn sql_is_no_command() {
    for line in ["select 1", "", ".5", "exits", "-- \\d"] {
        assert!(!is_command(line), "{line}");
    }
}

#[test]
fn help_lists_every_command_within_a_terminal() {
    let text = help(str::to_owned);
    for name in names() {
        assert!(text.contains(name), "{name}");
    }
    assert!(text.lines().all(|line| line.len() <= 110), "{text}");
}
