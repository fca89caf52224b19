//! Which statements are not SQL, and what they ask.

use super::*;

#[track_caller]
fn check(statement: &str, expected: Option<Inquiry<String>>) {
    let expected = expected.unwrap_or_else(|| Inquiry::Rows(statement.to_owned()));
    assert_eq!(Inquiry::of(statement), expected, "{statement}");
}

#[test]
fn inquiries_are_told_from_sql() {
    check("show  relations", Some(Inquiry::Relations));
    check("SHOW TABLES", None);
    check("show relations like 'a'", None);
    check("help", Some(Inquiry::Help(None)));
    check(
        "-- what?\nHELP att_gt",
        Some(Inquiry::Help(Some("att_gt".to_owned()))),
    );
    check(
        "help 'att_gt'",
        Some(Inquiry::Help(Some("att_gt".to_owned()))),
    );
    check("help sum()", Some(Inquiry::Help(Some("sum".to_owned()))));
    check("select help from t", None);
    check("\"help\"", None);
    check("summarize", None);
}

#[test]
fn what_is_summarized_keeps_its_place() {
    let query = |text: &str| Some(Inquiry::Summarize(text.to_owned()));
    check("SUMMARIZE t", query("FROM      t"));
    check("summarize 'a b.csv'", query("FROM      'a b.csv'"));
    check(
        "SUMMARIZE\nselect 1 as a",
        query("         \nselect 1 as a"),
    );
    check("SUMMARIZE (select 1) ", query("          (select 1) "));
    let query = |text: &str| Some(Inquiry::Describe(text.to_owned()));
    check("DESC t", query("FROM t"));
    check(
        "describe with a as (select 1) select * from a",
        query("         with a as (select 1) select * from a"),
    );
}

#[test]
fn explained_query_keeps_its_place_and_the_engine_its_own_forms() {
    let explain = |query: &str, is_run| {
        let query = query.to_owned();
        Some(Inquiry::Explain { query, is_run })
    };
    check("explain select 1", explain("        select 1", false));
    check(
        "EXPLAIN ANALYZE\nFROM t",
        explain("               \nFROM t", true),
    );
    check(
        "explain -- why\n(select 1)",
        explain("        -- why\n(select 1)", false),
    );
    for statement in [
        "explain verbose select 1",
        "explain analyze verbose select 1",
        "explain format tree select 1",
        "explain create table t as select 1",
        "explain",
    ] {
        check(statement, None);
    }
}
