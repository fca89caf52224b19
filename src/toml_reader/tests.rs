//! Errors name file, line, column and the nearest key; values are read as written.

use std::path::Path;

use super::{Located, TomlDocument, TomlError};

const TEXT: &str = "\
name = \"a\"
# 日本語 comment
[limits]
threads = 2
share = 1
words = [\"x\", \"y\"]
on = true
";

fn read<T>(
    text: &str,
    read: impl FnOnce(super::TomlTable<'_>) -> Result<T, TomlError>,
) -> Result<T, String> {
    let document =
        TomlDocument::parse(Path::new("korabo.toml"), text).map_err(|e| e.to_string())?;
    read(document.root()).map_err(|error| error.to_string())
}

#[track_caller]
fn check_error<T: std::fmt::Debug>(
    text: &str,
    reading: impl FnOnce(super::TomlTable<'_>) -> Result<T, TomlError>,
    expected: &str,
) {
    assert_eq!(
        read(text, reading).expect_err("an error is expected"),
        expected
    );
}

#[test]
fn reads_values_of_every_type() {
    let values = read(TEXT, |root| {
        let limits = root.table("limits")?.expect("the table is there");
        limits.check_keys(&["threads", "share", "words", "on"])?;
        Ok((
            limits.required::<u8>("threads")?,
            limits.required::<f64>("share")?,
            limits.required::<Vec<String>>("words")?,
            limits.required::<bool>("on")?,
            limits.optional::<i64>("absent")?,
        ))
    });
    assert_eq!(
        values,
        Ok((2, 1.0, vec!["x".to_owned(), "y".to_owned()], true, None))
    );
}

#[test]
fn located_values_know_their_place() {
    let word = read(TEXT, |root| {
        root.table("limits")?
            .expect("the table is there")
            .required::<Vec<Located<String>>>("words")
    });
    assert_eq!(
        word.map(|words| words[1].at.to_string()),
        Ok("korabo.toml:6:15".to_owned())
    );
}

#[test]
fn items_keep_the_order_of_the_file() {
    let keys = read("b = 1\na = 2\nc = 3\n", |root| {
        Ok(root
            .items()
            .iter()
            .map(|item| item.last_key().to_owned())
            .collect::<Vec<_>>())
    });
    assert_eq!(
        keys,
        Ok(vec!["b".to_owned(), "a".to_owned(), "c".to_owned()])
    );
}

#[test]
fn unknown_key_names_the_nearest() {
    check_error(
        "name = \"a\"\nthread = 2\n",
        |root| root.check_keys(&["name", "threads"]),
        "korabo.toml:2:1: unknown key `thread` in the file; did you mean `threads`?",
    );
    check_error(
        TEXT,
        |root| {
            root.table("limits")?
                .expect("the table is there")
                .check_keys(&["threads"])
        },
        "korabo.toml:5:1: unknown key `share` in [limits]",
    );
}

#[test]
fn keys_with_dots_are_one_key() {
    check_error(
        "\"a.b\" = 1\n",
        |root| root.check_keys(&["c"]),
        "korabo.toml:1:1: unknown key `a.b` in the file",
    );
}

#[test]
fn wrong_values_say_what_was_expected_and_found() {
    check_error(
        "name = 3\n",
        |root| root.required::<String>("name"),
        "korabo.toml:1:8: `name` must be a string, found 3",
    );
    check_error(
        "[a]\nn = 300\n",
        |root| {
            root.table("a")?
                .expect("the table is there")
                .required::<u8>("n")
        },
        "korabo.toml:2:5: `a.n` must be a whole number from 0 to 255, found 300",
    );
    check_error(
        "n = nan\n",
        |root| root.required::<f64>("n"),
        "korabo.toml:1:5: `n` must be a finite number, found nan",
    );
    check_error(
        "x = \"read\"\n",
        |root| root.require("x")?.one_of(&[("red", 1), ("green", 2)]),
        "korabo.toml:1:5: `x` cannot be `read`; did you mean `red`? (one of: red, green)",
    );
}

#[test]
fn missing_key_and_syntax_errors_have_a_place() {
    check_error(
        "[a]\n[b]\n",
        |root| {
            root.table("b")?
                .expect("the table is there")
                .required::<String>("name")
        },
        "korabo.toml:2:2: [b] has no key `name`",
    );
    let twice = read("a = 1\na = 2\n", |_| Ok(())).expect_err("a key given twice");
    assert!(
        twice.starts_with("korabo.toml:2:1: ") && twice.contains("duplicate key"),
        "{twice}"
    );
}
