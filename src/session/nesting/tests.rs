//! What counts in a statement and what does not.

use super::*;

#[test]
fn operators_brackets_and_tables_count_lists_and_texts_do_not() {
    for (statement, expected) in [
        ("SELECT a, b, c", 10),
        ("SELECT a.b FROM t", 10),
        ("SELECT a + b * -c", 10 + 3),
        ("SELECT '((((' , \"((\" -- ((((\n/* (( */", 10),
        (
            "SELECT f(a, b, c) FROM t WHERE x IN (1, 2, 3) and not y",
            10 + 2 + 2,
        ),
        ("SELECT a FROM t, u, v WHERE f(a, b), c", 30 + 1),
        (
            "SELECT a FROM (SELECT b, c FROM t), u ORDER BY a, b",
            30 + 1,
        ),
        ("FROM a JOIN b USING (x, y) JOIN c ON a.x = c.x", 20 + 2),
        ("SELECT 1 UNION ALL SELECT 2", 30),
        ("SELECT (SELECT 1), (SELECT 2)", 30 + 2),
        ("EXPLAIN EXPLAIN SELECT 1", 12),
        (")))", 0),
    ] {
        assert_eq!(count(statement), expected, "{statement}");
    }
}

#[test]
fn long_lists_are_parsed_and_deep_statements_are_not() {
    let list = format!(
        "SELECT * FROM t WHERE a IN ({})",
        vec!["1"; 100_000].join(",")
    );
    assert_eq!(check(&list, MOST), Ok(()));
    let tables = format!("SELECT * FROM {}", vec!["t"; 301].join(", "));
    assert!(check(&tables, MOST).is_err());
    assert!(check(&"(".repeat(MOST), MOST).is_ok());
    let refused = check(&"(".repeat(MOST + 1), MOST).unwrap_err();
    assert!(refused.to_string().contains("3001"), "{refused}");
}
