//! Names and spans are found in the statement as it was typed.

use super::*;
use crate::diagnostic::FailureKind;

#[track_caller]
fn found<'a>(statement: &'a str, place: &ErrorPlace) -> &'a str {
    &statement[find(statement, place).unwrap()]
}

#[test]
fn tables_are_found_where_tables_stand() {
    let table = |name: &str| ErrorPlace::Table(name.to_owned());
    let statement = "select membrs from 'a' -- membrs\n, Membrs";
    let range = find(statement, &table("membrs")).unwrap();
    assert_eq!(range.start, statement.rfind("Membrs").unwrap());
    assert_eq!(found("describe \"Té\"", &table("Té")), "\"Té\"");
    assert_eq!(found("from x.y, a . b.c", &table("a.b.c")), "a . b.c");
    assert_eq!(found("select * from 'x.csv'", &table("x.csv")), "'x.csv'");
    assert_eq!(find("select 1", &table("nope")), None);
}

#[test]
fn functions_are_called_and_columns_are_not() {
    let statement = "select 'nope', nope, nope(nope) from t";
    let function = find(statement, &ErrorPlace::Function("nope".to_owned())).unwrap();
    assert_eq!(function.start, 21);
    let column = find(statement, &ErrorPlace::Column("nope".to_owned())).unwrap();
    assert_eq!(column.start, 15);
}

#[test]
fn spans_count_characters_of_lines() {
    let span = |start, end| ErrorPlace::Span { start, end };
    let statement = "select 氏名,\n  氏めい from t";
    assert_eq!(found(statement, &span((2, 3), None)), "氏めい");
    assert_eq!(found(statement, &span((1, 8), Some((1, 10)))), "氏名");
    assert_eq!(find(statement, &span((9, 1), None)), None);
    let end = find(statement, &span((2, 99), None)).unwrap();
    assert_eq!(end, statement.len()..statement.len());
    assert_eq!(find("select 1 + ", &ErrorPlace::End), Some(10..10));
}

#[test]
fn place_counts_in_the_file() {
    let text = "select 1;\n\n-- more\nselect 氏,\r\n nope from t;";
    let start = text.find("select 氏").unwrap();
    let at = text.find("nope").unwrap() - start;
    let origin = Origin {
        file: Some("q.sql"),
        text,
        start,
        first_line: 1,
    };
    let mut failure = Failure::new(FailureKind::Project, "no column `nope`");
    failure.mark = Some(at..at + 4);
    let failure = origin.point(failure);
    assert_eq!(failure.message, "q.sql:5:2: no column `nope`");
    let place = failure.place.unwrap();
    assert_eq!((place.text.as_str(), place.marked), (" nope from t;", 1..5));
    let failure = origin.point(Failure::new(FailureKind::Resources, "no memory"));
    assert_eq!(failure.message, "q.sql:4: no memory");
}

#[test]
fn place_is_said_once() {
    let mut failure = Failure::new(FailureKind::Project, "`ols` at line 1, column 5: `x`: y");
    failure.mark = Some(4..5);
    let failure = Origin::alone("from ols(x)").point(failure);
    assert_eq!(failure.message, "line 1, column 5: `ols`: `x`: y");
}
