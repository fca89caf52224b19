//! Statements of any length end with words: none exhausts a stack, wherever it is read from.

use crate::support::{Project, run_in, run_with_input};

/// What refuses a statement that is not even parsed.
const REFUSED: &str = "a statement has at most";

/// Statements that nest `n` times, each in a way of its own.
fn nested(n: usize) -> Vec<(&'static str, String)> {
    let chain = |term: &str, word: &str| vec![term; n].join(word);
    let ctes: Vec<String> = (1..=n)
        .map(|at| format!("t{at} as (select a from t{})", at - 1))
        .collect();
    let tables: Vec<String> = (0..n).map(|at| format!("v as j{at}")).collect();
    let v = "with v as (select 1 as a)";
    vec![
        (
            "and",
            format!("{v} select 1 from v where {}", chain("a > 0", " and ")),
        ),
        (
            "or",
            format!("{v} select 1 from v where {}", chain("a < 0", " or ")),
        ),
        ("plus", format!("{v} select {} from v", chain("a", " + "))),
        (
            "concat",
            format!("{v} select {} from v", chain("a::text", " || ")),
        ),
        (
            "like",
            format!("{v} select {} from v", chain("'a'", " like ")),
        ),
        (
            "brackets",
            format!("select {}1{}", "(".repeat(n), ")".repeat(n)),
        ),
        ("minus", format!("select {}1", "- ".repeat(n))),
        ("not", format!("select {}true", "not ".repeat(n))),
        ("casts", format!("select 1{}", "::bigint".repeat(n))),
        ("union", chain("select 1", " union all ")),
        ("joins", format!("{v} select 1 from {}", tables.join(", "))),
        (
            "ctes",
            format!(
                "with t0 as (select 1 as a), {} select * from t{n}",
                ctes.join(", ")
            ),
        ),
        (
            "subqueries",
            format!("select {}", chain("(select 1)", ", ")),
        ),
        ("explain", format!("{}select 1", "explain ".repeat(n))),
    ]
}

#[test]
fn sql_answers_or_refuses_statements_of_any_length() {
    let project = Project::empty();
    for (n, may_run) in [(300, true), (5_000, false), (50_000, false)] {
        for (what, statement) in nested(n) {
            project.write("long.sql", &statement);
            let outcome = run_in(
                project.path(),
                &["sql", "--timeout", "10", "-f", "long.sql"],
            );
            let refused = outcome.stderr.contains(REFUSED);
            assert!(
                // Planned, refused, or stopped when its time is up.
                matches!(outcome.code, Some(0 | 3 | 9)),
                "{n} {what}: {:?} {}",
                outcome.code,
                outcome.stderr.chars().take(300).collect::<String>()
            );
            assert!(may_run || refused, "{n} {what}: {}", outcome.stderr);
        }
    }
    let (_, chain) = nested(1_000).swap_remove(2);
    let outcome = run_with_input(project.path(), &["sql", "--timeout", "10"], &chain);
    assert!(
        matches!(outcome.code, Some(0 | 3 | 9)),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_hundred_terms_tables_and_steps_run() {
    let project = Project::empty();
    for (what, statement) in nested(100) {
        if ["and", "or", "plus", "concat", "joins", "ctes", "union"].contains(&what) {
            project.write("long.sql", &statement);
            run_in(project.path(), &["sql", "-f", "long.sql"]).exits(0);
        }
    }
}

#[test]
fn check_refuses_query_files_of_any_length() {
    for n in [50_000, 500_000] {
        let project = Project::unbuilt();
        let chain = vec!["person_id > 0"; n].join(" and ");
        project.write(
            "queries/summary_long.sql",
            format!("-- One row.\n-- key: n\nselect count(*) as n from panel_person_year where {chain}\n"),
        );
        let outcome = project.korabo(&["check"]).exits(3);
        assert!(
            outcome.stderr.contains("summary_long.sql"),
            "{}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains(REFUSED), "{}", outcome.stderr);
        project.write(
            "queries/summary_long.sql",
            format!(
                "-- One row.\n-- key: n\n-- test: no_rows select 1 from panel_person_year where {chain}\n\
                 select count(*) as n from panel_person_year\n"
            ),
        );
        project.korabo(&["check"]).exits(3);
    }
}

#[test]
fn what_a_short_statement_stands_for_is_counted() {
    let project = Project::empty();
    let steps: Vec<String> = (1..=24)
        .map(|at| {
            format!(
                "t{at} as (select a from t{0} union all select a from t{0})",
                at - 1
            )
        })
        .collect();
    let doubled = format!(
        "with t0 as (select 1 as a), {} select count(*) from t24",
        steps.join(", ")
    );
    for statement in [
        &doubled,
        &format!("explain {doubled}"),
        &format!("summarize {doubled}"),
    ] {
        let outcome = run_in(project.path(), &["sql", "-c", statement]).exits(3);
        assert!(outcome.stderr.contains("too large"), "{}", outcome.stderr);
    }
    let outcome = run_in(
        project.path(),
        &[
            "sql",
            "-c",
            "select max(length(lpad('x', 100000000000 + value, 'y'))) from generate_series(1, 3)",
        ],
    );
    assert!(outcome.exits(9).stderr.contains("`lpad` would make"));
    let panicking =
        "select max(length(repeat('x', 1000000 + value))) from generate_series(1, 100000)";
    run_in(
        project.path(),
        &["sql", "--memory-limit", "1G", "-c", panicking],
    )
    .exits(9);
}
