//! `korabo sql --release`: what leaves through SQL; and `COPY` where it is allowed.

use std::collections::BTreeMap;

use fs_err as fs;

use crate::support::{Outcome, Project, number, rows_in, run_in, small_world};

fn released(statement: &str) -> Outcome {
    let arguments = ["sql", "--release", "--format", "json", "-c", statement];
    run_in(small_world(), &arguments)
}

/// Persons by two columns, as text → number.
fn by_group(rows: &[serde_json::Map<String, serde_json::Value>]) -> BTreeMap<String, u64> {
    let key = |row: &serde_json::Map<_, serde_json::Value>| format!("{} {}", row["a"], row["b"]);
    rows.iter()
        .map(|row| (key(row), row["persons"].as_u64().unwrap()))
        .collect()
}

#[test]
fn small_groups_stay_back_and_the_others_are_as_they_are() {
    let statement = "SELECT municipality_code AS a, sex AS b, count(DISTINCT person_id) AS persons
        FROM panel_person_year GROUP BY 1, 2";
    let outcome = released(statement).exits(0).says(&["groups are left out"]);
    let rows: Vec<_> = serde_json::from_str(&outcome.stdout).unwrap();
    let shown = by_group(&rows);
    let all = by_group(&rows_in(small_world(), statement));
    assert!(all.values().any(|n| *n < 10), "the world has small groups");
    assert!(!shown.is_empty() && shown.len() < all.len());
    for (group, n) in &shown {
        assert!(*n >= 10 && all[group] == *n, "{group}");
    }
    // No line of the table has a single hidden group that its total would give away.
    for half in [0, 1] {
        let part = |group: &str| group.split(' ').nth(half).unwrap().to_owned();
        let mut hidden: BTreeMap<String, u64> = BTreeMap::new();
        for group in all.keys().filter(|group| !shown.contains_key(*group)) {
            *hidden.entry(part(group)).or_default() += 1;
        }
        for (line, n_hidden) in hidden {
            let n = all.keys().filter(|group| part(group) == line).count() as u64;
            assert!(n_hidden > 1 || n == 1, "{line}");
        }
    }
}

#[test]
fn rows_of_persons_are_refused_with_code_6_and_nothing_is_printed() {
    for (statement, says) in [
        (
            "SELECT * FROM panel_person_year",
            "rows of `panel_person_year`",
        ),
        ("SELECT person_key FROM members", "rows of `members`"),
        ("SUMMARIZE panel_person_year", "SUMMARIZE"),
        (
            "SELECT sex, max(yen_total) FROM panel_person_year GROUP BY sex",
            "`max`",
        ),
        ("SELECT n_persons FROM summary_flow", "only the report"),
        ("SELECT count(*) FROM 'korabo.toml.csv'", ""),
    ] {
        let outcome = released(statement);
        assert!(outcome.stdout.is_empty(), "{statement}: {}", outcome.stdout);
        if says.is_empty() {
            assert_ne!(outcome.code, Some(0));
        } else {
            outcome.exits(6).says(&["error:", says, "hint:"]);
        }
    }
}

#[test]
fn files_and_tables_without_a_contract_are_refused() {
    let project = Project::built();
    project.write("people.csv", "id,yen\n1,5\n2,6\n");
    project
        .korabo(&[
            "sql",
            "--release",
            "-c",
            "SELECT avg(yen) FROM 'people.csv'",
        ])
        .exits(6);
    let folder = Project::empty();
    run_in(folder.path(), &["sql", "--release", "-c", "SELECT 1"])
        .exits(2)
        .says(&["--release needs a project"]);
}

#[test]
fn estimates_leave_as_the_report_shows_them() {
    let statement = "SELECT indicator, estimator, estimate, n_treated FROM effect_summary
        ORDER BY field, indicator, population, estimator";
    let outcome = released(statement).exits(0);
    let rows: Vec<serde_json::Map<_, _>> = serde_json::from_str(&outcome.stdout).unwrap();
    let all = rows_in(small_world(), statement);
    assert_eq!(rows.len(), all.len());
    let mut n_withheld = 0;
    for (row, plain) in rows.iter().zip(&all) {
        let n_treated = number(&plain["n_treated"]);
        let is_small = n_treated > 0.0 && n_treated < 10.0;
        n_withheld += u64::from(is_small && row["estimate"].is_null());
        assert!(!is_small || row["estimate"].is_null(), "{plain:?}");
        assert!(!is_small || row["n_treated"].is_null(), "{plain:?}");
    }
    let statement = "SELECT count(*) AS n FROM effect_summary WHERE status = 'withheld'";
    let outcome = released(statement).exits(0);
    let rows: Vec<serde_json::Map<_, _>> = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(number(&rows[0]["n"]) >= n_withheld as f64);
}

#[test]
fn copy_writes_below_the_allowed_folder_only() {
    let project = Project::built();
    fs::create_dir(project.path().join("out")).unwrap();
    let copy =
        "COPY (SELECT sex, count(*) AS n FROM clean_members GROUP BY sex) TO 'out/sex.parquet'";
    project
        .korabo(&["sql", "-c", copy])
        .exits(3)
        .says(&["COPY writes a file", "--allow-write"]);
    project
        .korabo(&[
            "sql",
            "--allow-write=out",
            "-c",
            copy,
            "-c",
            "COPY clean_members TO 'out/m.csv'",
        ])
        .exits(0)
        .says(&["2 rows written", "out/sex.parquet"]);
    let sum = project.count("SELECT sum(n) FROM 'out/sex.parquet'");
    assert_eq!(sum, project.count("SELECT count(*) FROM clean_members"));
    assert_eq!(sum, project.count("SELECT count(*) FROM 'out/m.csv'"));
    for target in [
        "elsewhere.csv",
        "lake/x.csv",
        "sample_data/x.csv",
        "out/../x.csv",
    ] {
        let statement = format!("COPY (SELECT 1 AS a) TO '{target}'");
        project
            .korabo(&["sql", "--allow-write=out", "-c", &statement])
            .exits(3)
            .says(&["cannot write"]);
        assert!(!project.path().join(target).exists());
    }
    for folder in ["lake", "sample_data"] {
        let statement = format!("COPY (SELECT 1 AS a) TO '{folder}/x.csv'");
        project
            .korabo(&["sql", "--allow-write", "-c", &statement])
            .exits(3)
            .says(&["never written by a statement"]);
    }
}

#[test]
fn copy_leaves_no_half_file_and_follows_the_rules_of_release() {
    let project = Project::built();
    let failing = "COPY (SELECT arrow_cast(person_key, 'Int8') FROM clean_members) TO 'x.csv'";
    let outcome = project.korabo(&["sql", "--allow-write", "-c", failing]);
    assert_ne!(outcome.code, Some(0));
    assert!(!project.path().join("x.csv").exists());
    let rows = "COPY (SELECT * FROM clean_members) TO 'x.csv'";
    project
        .korabo(&["sql", "--allow-write", "--release", "-c", rows])
        .exits(6);
    assert!(!project.path().join("x.csv").exists());
}
