//! What counts in a statement and what does not.

use super::*;

#[test]
fn operators_brackets_and_tables_count_lists_and_texts_do_not() {
    for (statement, expected) in [
        ("SELECT a, b, c", 0),
        ("SELECT a.b FROM t", 10),
        ("SELECT a + b * -c", 3),
        ("SELECT '((((' , \"((\" -- ((((\n/* (( */", 0),
        (
            "SELECT f(a, b, c) FROM t WHERE x IN (1, 2, 3) and not y",
            10 + 2 + 2,
        ),
        ("SELECT a FROM t, u, v WHERE f(a, b), c", 30 + 1),
        (
            "SELECT a FROM (SELECT b, c FROM t), u ORDER BY a, b",
            30 + 1,
        ),
        ("FROM a JOIN b USING (x, y) JOIN c ON a.x = c.x", 30 + 2),
        ("EXPLAIN EXPLAIN SELECT 1", 2),
        (")))", 0),
    ] {
        assert_eq!(count(statement), expected, "{statement}");
    }
}

#[test]
fn long_lists_are_answered_and_deep_statements_refused() {
    let list = format!(
        "SELECT * FROM t WHERE a IN ({})",
        vec!["1"; 100_000].join(",")
    );
    assert!(check(&list).is_ok());
    let tables = format!("SELECT * FROM {}", vec!["t"; 201].join(", "));
    assert!(check(&tables).is_err());
    assert!(check(&"-".repeat(10)).is_ok() && check(&"(".repeat(801)).is_err());
    assert!(check(&" ".repeat(LONGEST + 1)).is_err());
}
