//! Reading ends in time, and reads as before.

use std::sync::atomic::Ordering;

use datafusion::sql::parser::DFParser;
use datafusion::sql::sqlparser::dialect::GenericDialect;

use super::{ANY_TEXT, BoundedDialect, PER_BYTE};
use crate::session::from_first::parse_statement;

/// What is put around an expression, many times: before and after it.
const AROUND: [(&str, &str); 24] = [
    ("cast(", " as int)"),
    ("try_cast(", " as int)"),
    ("safe_cast(", " as int)"),
    ("substring(", " from 1)"),
    ("substr(", ", 1)"),
    ("trim(both ' ' from ", ")"),
    ("ceil(", " to day)"),
    ("floor(", ")"),
    ("not (", ")"),
    ("not ", ""),
    ("array[", "]"),
    ("convert(", ", int)"),
    ("position('a' in ", ")"),
    ("overlay(", " placing 'a' from 1)"),
    ("extract(year from ", ")"),
    ("exists (select ", ")"),
    ("case when ", " then 1 end"),
    ("interval ", ""),
    ("struct(", ")"),
    ("map {1: ", "}"),
    ("count(*) filter (where ", ")"),
    ("date(", ")"),
    ("(", ")"),
    ("coalesce(", ", 1)"),
];

/// A mistake within many words ends like a mistake: the work is in proportion to the text.
#[test]
fn a_mistake_deep_inside_ends() {
    for (before, after) in AROUND {
        for inside in ["1", "1 1", "select"] {
            for n in [30, 48] {
                let text = format!("select {}{inside}{}", before.repeat(n), after.repeat(n));
                let dialect = BoundedDialect::of(&text);
                let _ = DFParser::parse_sql_with_dialect(&text, &dialect);
                let n_begun = dialect.n_begun.load(Ordering::Relaxed);
                // Once it is over, every level may try once more.
                let most = ANY_TEXT + PER_BYTE * text.len();
                assert!(n_begun <= most + 1_000, "{before}{inside} x {n}: {n_begun}");
            }
        }
    }
}

#[test]
fn what_is_too_deep_is_said_in_words() {
    for (before, after) in [("cast(", " as int)"), ("(", ")")] {
        for lead in ["select ", "from (select 1) as t select "] {
            let text = format!("{lead}{}1{}", before.repeat(60), after.repeat(60));
            let error = parse_statement(&text).unwrap_err();
            assert!(
                error.message().contains("nested too deeply"),
                "{}",
                error.message()
            );
        }
    }
}

/// Everything else reads as before.
#[test]
fn statements_read_as_in_the_generic_dialect() {
    for text in [
        "from t",
        "from t select a, b",
        "select * exclude (a) from t",
        "select * except (a) replace (b as c) from t",
        "select a from t group by all qualify row_number() over (partition by a order by b) = 1",
        "select {'a': 1}, map {1: 2}, [1, 2], array[1], struct(1 as a), interval '1 day', date '2020-01-01'",
        "select a, from t",
        "select cast(a as int), a::int, try_cast(a as int), extract(year from b), trim(both ' ' from c)",
        "select count(*) filter (where a > 1), array_agg(a order by b) from t group by grouping sets ((a), ())",
        "with a as (select 1), b as (select 2) select * from a cross join b limit 1 offset 2",
        "select * from att((select * from t), outcome => a, covariates => [b, c], level => 0.9) as x",
        "explain analyze select 1",
        "copy (select 1) to 'a.csv' stored as csv",
        "select 'a' || b, a // b, a << 1, x'00', U&'\\00e4', $name, ?",
        "select /* a /* nested */ comment */ 1 -- end",
        "values (1, 2), (3, 4)",
        "select * from (values (1)) as t (a) pivot (sum(a) for b in (1))",
        "select a b c",
        "select * from t where a like 'b' escape '\\'",
        "prepare q as select $1",
        "show tables",
        "describe t",
        "create external table t stored as csv location 'a'",
        "set a.b = 1",
    ] {
        let read = |result: Result<_, datafusion::common::DataFusionError>| match result {
            Ok(statements) => format!("{statements:?}"),
            Err(error) => error.to_string(),
        };
        let generic = read(DFParser::parse_sql_with_dialect(text, &GenericDialect {}));
        let bounded = read(DFParser::parse_sql_with_dialect(
            text,
            &BoundedDialect::of(text),
        ));
        assert_eq!(bounded, generic, "{text}");
    }
}

/// Long lists and many columns are not too much.
#[test]
fn long_texts_are_read() {
    let list: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
    let text = format!("select a from t where a in ({})", list.join(","));
    assert!(DFParser::parse_sql_with_dialect(&text, &BoundedDialect::of(&text)).is_ok());
    let columns: Vec<String> = (0..5_000)
        .map(|n| format!("cast(-(a) as int)c{n}"))
        .collect();
    let text = format!("select {} from t", columns.join(","));
    assert!(DFParser::parse_sql_with_dialect(&text, &BoundedDialect::of(&text)).is_ok());
}
