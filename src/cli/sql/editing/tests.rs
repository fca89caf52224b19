//! When Enter runs a statement, and its colours.

use super::*;

#[test]
fn enter_goes_on_until_the_semicolon() {
    let finished = [
        "",
        "select 1;",
        "\\d",
        ".tables",
        "exit",
        "-- note",
        "select ';\n';",
        "select 1; -- and",
    ];
    let open = [
        "select 1",
        "select ';",
        "select 1; select 2",
        "/* a;",
        "select 1; /* b",
    ];
    for text in finished {
        assert!(is_finished(text), "{text}");
    }
    for text in open {
        assert!(!is_finished(text), "{text}");
    }
}

#[test]
fn what_is_left_open_is_named_with_its_line() {
    for (typed, expected) in [
        ("select 'abc", None),
        ("select 'abc\ndef;", Some("' of line 1 is still open")),
        ("select 1,\n \"a\nb;\n", Some("\" of line 2 is still open")),
        ("/* it's\n select 1;", Some("/* of line 1 is still open")),
        ("select $$a\n;", Some("$$ of line 1 is still open")),
        ("select 'a\nb'\n", None),
        ("select 健診,\n'健\n", Some("' of line 2 is still open")),
    ] {
        assert_eq!(left_open(typed).as_deref(), expected, "{typed}");
    }
}

#[test]
fn a_statement_that_goes_on_says_so_below() {
    for (typed, expected) in [
        ("select 1", None),
        ("select 1\n", Some("\n   ...> ; ends the statement")),
        ("select 1\nfrom t", Some("\n   ...> ; ends the statement")),
        ("select 1\nfrom t;", None),
        ("select 1; select\n", Some("\n   ...> ; ends the statement")),
        ("select 'a\n;", Some("\n   ...> ' of line 1 is still open")),
        ("select\n'a", Some("\n   ...> ; ends the statement")),
        ("-- a note\n", None),
        ("\n", None),
    ] {
        assert_eq!(goes_on(typed).as_deref(), expected, "{typed}");
    }
}

#[test]
fn colours_change_no_character() {
    let line = "SELECT a, 'x\ny', 1.5e-3, $p, \"from\" FROM t -- 健診";
    let text = colored(line);
    let mut plain = String::new();
    let mut parts = text.split('\u{1b}');
    plain.push_str(parts.next().unwrap());
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(plain, line);
    for expected in [
        "\u{1b}[1;34mSELECT\u{1b}[0m a",
        "\u{1b}[32m'x\u{1b}[0m\n\u{1b}[32my'\u{1b}[0m",
        "\u{1b}[36m1.5e-3\u{1b}[0m",
        "\u{1b}[35m$p\u{1b}[0m",
        " \"from\" ",
        "\u{1b}[2m-- 健診\u{1b}[0m",
    ] {
        assert!(text.contains(expected), "{expected:?} in {text:?}");
    }
}
