//! Where statements end.

use super::*;

#[track_caller]
fn check(sql: &str, expected: &[&str]) {
    let statements = split_statements(sql);
    let texts: Vec<&str> = statements.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, expected);
    for (offset, text) in &statements {
        assert_eq!(&sql[*offset..offset + text.len()], text);
    }
}

#[test]
fn semicolons_separate_and_the_last_one_may_be_missing() {
    check("select 1; select 2", &["select 1", "select 2"]);
    check("select 1;\n\n  ; ;", &["select 1"]);
    check("", &[]);
}

#[test]
fn quotations_hold_semicolons() {
    check(
        "select 'a;''b;'; select 2",
        &["select 'a;''b;'", "select 2"],
    );
    check(
        "select \"健;\"\"\", `x;` ; 2",
        &["select \"健;\"\"\", `x;`", "2"],
    );
    check(r"select 'a\'; select 2", &[r"select 'a\'", "select 2"]);
    check(r"select E'a\';b', e'';2", &[r"select E'a\';b', e''", "2"]);
    check(r"select name'a\';2", &[r"select name'a\'", "2"]);
}

#[test]
fn dollar_quotations_hold_semicolons_and_parameters_do_not() {
    check("select $$a;'b$$; 2", &["select $$a;'b$$", "2"]);
    check(
        "select $健$ ; $x$ ; $健$; 2",
        &["select $健$ ; $x$ ; $健$", "2"],
    );
    check(
        "select $cutoff; select $1;",
        &["select $cutoff", "select $1"],
    );
    check(
        "select a$b$c; select a$b$c",
        &["select a$b$c", "select a$b$c"],
    );
}

#[test]
fn comments_hold_semicolons_and_are_no_statements() {
    check(
        "select 1 -- a;b'\n; select 2",
        &["select 1 -- a;b'", "select 2"],
    );
    check(
        "/* a; /* b; */ c; */ select 1; 2",
        &["/* a; /* b; */ c; */ select 1", "2"],
    );
    check(
        "-- only;\n; /* nothing */ ; select 1 ; -- end",
        &["select 1"],
    );
    check("select '--'; 2", &["select '--'", "2"]);
}

#[test]
fn unclosed_marks_run_to_the_end() {
    for open in [
        "select 'a; b",
        "select \"a; b",
        "select $$a; b",
        "select 1 /* a; b",
    ] {
        check(open, &[open]);
        assert!(ends_inside(open), "{open}");
    }
    assert!(!ends_inside("select 1 -- a"));
    assert!(ends_inside("select 'a''"));
    assert!(!ends_inside("select 'a'''"));
}

#[test]
fn any_text_is_split_without_losing_code() {
    let parts = [
        "'", "\"", "$", "$a$", "--", "/*", "*/", ";", "\n", "健", "E", "\\", " ", "x1",
    ];
    let mut state = 3_usize;
    for _ in 0..5_000 {
        let mut sql = String::new();
        for _ in 0..12 {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            sql.push_str(parts[(state >> 8) % parts.len()]);
        }
        let mut end = 0;
        for (offset, text) in split_statements(&sql) {
            assert!(offset >= end && sql[offset..].starts_with(&text), "{sql:?}");
            assert_eq!(split_statements(&text), [(0, text.clone())], "{sql:?}");
            end = offset + text.len();
        }
    }
}
