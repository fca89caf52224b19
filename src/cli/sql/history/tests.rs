//! Where the history lies and what it forgets.

use super::*;

#[test]
fn each_project_has_its_own_file_outside_its_folder() {
    let state = Path::new("/state");
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = below(state, Some(one.path()));
    assert!(file.starts_with("/state/korabo"), "{file:?}");
    assert_eq!(file, below(state, Some(&one.path().join("."))));
    assert_ne!(file, below(state, Some(other.path())));
    assert_eq!(below(state, None), Path::new("/state/korabo/sql_history"));
    let name = file
        .parent()
        .unwrap()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap();
    assert_eq!(name.len(), NAME_DIGITS);
    assert!(name.chars().all(|c| c.is_ascii_hexdigit()));
}

#[test]
fn literals_and_comments_are_left_out() {
    #[track_caller]
    fn check(statement: &str, expected: &str) {
        assert_eq!(redacted(statement), expected);
    }
    check(
        "select * from t where id = 'A''1' and n > -1.5e-3;",
        "select * from t where id = ? and n > -?;",
    );
    check(
        "select a1, \"b 2\", $p, $$x$$ -- person 7",
        "select a1, \"b 2\", $p, ?",
    );
    check("select E'a\\'b' /* 9 */, 0x1F, 健診", "select ?  , ?, 健診");
    check(
        "select date '2024-01-01'\n  from t",
        "select date ?\n  from t",
    );
    check("select 'not closed 42", "select ?");
}
