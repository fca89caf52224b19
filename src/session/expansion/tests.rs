//! Statements by their size once expanded.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::*;

fn parsed(sql: &str) -> Statement {
    // More than the program's own parser reads, so that what it lets through is far from what is refused.
    let parser = Parser::new(&GenericDialect {}).with_recursion_limit(200);
    let mut statements = parser
        .try_with_sql(sql)
        .unwrap()
        .parse_statements()
        .unwrap();
    statements.swap_remove(0)
}

fn is_refused(sql: &str, most: u64) -> bool {
    check(&parsed(sql), HashMap::new(), most).is_err()
}

/// `n` CTEs, each of which reads the one before twice.
fn doublings(n: usize) -> String {
    let steps = (1..=n).map(|step| {
        let before = step - 1;
        format!("t{step} AS (SELECT a FROM t{before} UNION ALL SELECT a FROM T{before})")
    });
    let steps: Vec<String> = steps.collect();
    format!(
        "WITH t0 AS (SELECT 1 AS a), {} SELECT count(*) FROM t{n}",
        steps.join(", ")
    )
}

#[test]
fn a_cte_counts_as_often_as_it_is_used() {
    assert!(!is_refused(&doublings(8), 50_000));
    for n in [12, 24, 100] {
        assert!(is_refused(&doublings(n), 50_000), "{n}");
    }
    // A chain is as long as it is.
    let steps: Vec<String> = (1..=300)
        .map(|step| format!("t{step} AS (SELECT a FROM t{})", step - 1))
        .collect();
    let chain = format!(
        "WITH t0 AS (SELECT 1 AS a), {} SELECT a FROM t300",
        steps.join(", ")
    );
    assert!(!is_refused(&chain, 10_000));
    let nested =
        "WITH a AS (WITH b AS (SELECT 1 AS x) SELECT * FROM b, b AS c) SELECT * FROM a, a AS d";
    assert!(!is_refused(nested, 120) && is_refused(nested, 60));
}

#[test]
fn subqueries_everywhere_count() {
    for use_of in [
        "SELECT (SELECT count(*) FROM t11), (SELECT 1 FROM T11)",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM t11) AND NOT EXISTS (SELECT 1 FROM t11)",
        "SELECT 1 FROM t11 WHERE 1 IN (SELECT a FROM t11)",
        "SELECT * FROM (SELECT * FROM (SELECT * FROM t11) AS u, t11) AS v",
        "WITH u AS (SELECT * FROM t11) SELECT 1 FROM u, u AS w",
        "SELECT * FROM ols((SELECT * FROM t11 UNION SELECT * FROM t11), 'y ~ x')",
    ] {
        let ctes = doublings(11);
        let (ctes, _) = ctes.rsplit_once(" SELECT count").unwrap();
        let sql = match use_of.strip_prefix("WITH ") {
            Some(rest) => format!("{ctes}, {rest}"),
            None => format!("{ctes} {use_of}"),
        };
        // Once is not too much, twice is.
        assert!(is_refused(&sql, 80_000), "{use_of}");
        assert!(!is_refused(&doublings(11), 80_000));
    }
}

#[test]
fn views_count_what_they_are_made_of() {
    let views = |parts| HashMap::from([("v".to_owned(), parts)]);
    let statement = parsed("SELECT * FROM v, V AS w, \"v\" AS x");
    assert!(check(&statement, views(1_000), 4_000).is_ok());
    assert!(check(&statement, views(1_000), 2_900).is_err());
    assert!(check(&statement, views(u64::MAX), 1_000_000).is_err());
}

#[test]
fn grouping_sets_and_long_joins_count() {
    let columns = |n: usize| {
        let names: Vec<String> = (0..n).map(|idx| format!("c{idx}")).collect();
        names.join(", ")
    };
    let cube = |n| format!("SELECT 1 FROM t GROUP BY CUBE ({})", columns(n));
    assert!(!is_refused(&cube(5), 10_000) && is_refused(&cube(16), 100_000));
    assert!(!is_refused(&cube(9), u64::MAX) && is_refused(&cube(10), u64::MAX));
    assert!(is_refused(&cube(64), 1_000_000) && is_refused(&cube(100), 1_000_000));
    let both = format!(
        "SELECT 1 FROM t GROUP BY CUBE ({}), CUBE ({})",
        columns(8),
        columns(8)
    );
    assert!(is_refused(&both, 100_000));
    let join = |n: usize| format!("SELECT 1 FROM {}", vec!["t"; n].join(", "));
    assert!(!is_refused(&join(50), 5_000) && is_refused(&join(300), 40_000));
}

#[test]
fn calls_that_gather_rows_are_not_nested_deeply() {
    let nested = |(open, inner, close): (&str, &str, &str), n: usize| {
        format!("SELECT {}{inner}{} FROM t", open.repeat(n), close.repeat(n))
    };
    for call in [
        ("count(*) FILTER (WHERE ", "true", " > 0)"),
        ("count(*) OVER (ORDER BY ", "a", ")"),
        ("count(*) FILTER (WHERE ", "true", " > 0) OVER ()"),
        ("percentile_cont(0.5) WITHIN GROUP (ORDER BY ", "a", ")"),
        (
            "max(a) FILTER (WHERE ceil(abs(count(*) FILTER (WHERE ",
            "true",
            "))) > 0)",
        ),
        ("array_agg(a ORDER BY ", "a", ")"),
    ] {
        assert!(!is_refused(&nested(call, 1), 5_000), "{call:?}");
        for n in [4, 8] {
            let error = check(&parsed(&nested(call, n)), HashMap::new(), 5_000).unwrap_err();
            assert!(
                error.to_string().contains("more than 3 aggregate"),
                "{error}"
            );
        }
    }
    // Beside each other, and in queries of their own, there may be any number.
    let beside = vec!["sum(count(*) FILTER (WHERE a > 0)) OVER (ORDER BY b)"; 50].join(", ");
    assert!(!is_refused(
        &format!("SELECT {beside} FROM t GROUP BY b"),
        5_000
    ));
    let own = ("count(*) FILTER (WHERE (SELECT ", "true", "))");
    assert!(!is_refused(&nested(own, 8), 5_000));
}

#[test]
fn subqueries_of_expressions_are_not_nested_deeply() {
    let nested = |(open, close): (&str, &str), n: usize| {
        format!("SELECT {}1{} FROM t", open.repeat(n), close.repeat(n))
    };
    for form in [
        ("(SELECT ", ")"),
        ("EXISTS (SELECT ", ")"),
        ("a IN (SELECT ", ")"),
        ("a = ANY (SELECT ", ")"),
        ("(SELECT x.a FROM (SELECT ", " AS a) x)"),
        ("(WITH c AS (SELECT ", " AS a) SELECT a FROM c)"),
    ] {
        assert!(!is_refused(&nested(form, 12), 5_000), "{form:?}");
        for n in [13, 14] {
            let error = check(&parsed(&nested(form, n)), HashMap::new(), 5_000).unwrap_err();
            assert!(
                error.to_string().contains("more than 12 sub-queries"),
                "{error}"
            );
        }
    }
    let chain = |n: usize| {
        let step = |at: usize| format!("t{at} AS (SELECT (SELECT max(a) FROM t{}) AS a)", at - 1);
        let steps: Vec<String> = (1..=n).map(step).collect();
        format!(
            "WITH t0 AS (SELECT 1 AS a), {} SELECT a FROM t{n}",
            steps.join(", ")
        )
    };
    assert!(!is_refused(&chain(12), 50_000));
    assert!(is_refused(&chain(13), 50_000));
    // Tables within each other in FROM, and sub-queries beside each other, are no such thing.
    let tables = |n: usize| format!("{}SELECT 1{}", "SELECT * FROM (".repeat(n), ") x".repeat(n));
    assert!(!is_refused(&tables(20), 5_000));
    let beside = vec!["(SELECT max(a) FROM t)"; 50].join(", ");
    assert!(!is_refused(&format!("SELECT {beside}"), 5_000));
}
