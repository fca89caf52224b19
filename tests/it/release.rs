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

/// The statement of which every number was behind the NULLs: means and counts of few by worksite.
const BEHIND: &str =
    "SELECT worksite_id AS w, count(*) AS n, avg(CAST(current_smoker AS int)) AS m,
        avg(weight_kg) AS kg, count(*) FILTER (WHERE current_smoker) AS s FROM panel_person_year
    WHERE fiscal_year = 2020 AND worksite_id > 0 AND current_smoker IS NOT NULL GROUP BY 1";

#[test]
fn no_byte_of_a_file_holds_what_stays_back() {
    let project = Project::sample();
    fs::create_dir(project.path().join("out")).unwrap();
    let all = project.rows(BEHIND);
    let outcome = project.korabo(&["sql", "--release", "--format", "json", "-c", BEHIND]);
    let shown: Vec<serde_json::Map<_, _>> = serde_json::from_str(&outcome.exits(0).stdout).unwrap();
    let key = |row: &serde_json::Map<String, serde_json::Value>| row["w"].as_u64().unwrap();
    let shown: BTreeMap<u64, _> = shown.iter().map(|row| (key(row), row)).collect();
    let mut hidden: Vec<[u8; 8]> = Vec::new();
    let mut there: Vec<[u8; 8]> = Vec::new();
    for row in &all {
        for column in ["m", "kg"] {
            let Some(value) = row[column].as_f64() else {
                continue;
            };
            // What is shown has twelve digits.
            let told = shown.get(&key(row)).and_then(|row| row[column].as_f64());
            match told {
                Some(told) => there.push(told.to_le_bytes()),
                None => hidden.push(value.to_le_bytes()),
            }
        }
    }
    // Means such as 0 and 1/2 are shown for other worksites, with all their digits.
    hidden.retain(|value| !there.contains(value));
    assert!(hidden.len() > 20 && !there.is_empty(), "{}", hidden.len());
    let copy = |target: &str| format!("COPY ({BEHIND}) TO 'out/{target}'");
    for arguments in [
        vec![
            "-o".to_owned(),
            "out/a.arrow".to_owned(),
            "-c".to_owned(),
            BEHIND.to_owned(),
        ],
        vec![
            "-o".to_owned(),
            "out/a.parquet".to_owned(),
            "-c".to_owned(),
            BEHIND.to_owned(),
        ],
        vec![
            "--allow-write=out".to_owned(),
            "-c".to_owned(),
            copy("b.arrow"),
        ],
        vec![
            "--allow-write=out".to_owned(),
            "-c".to_owned(),
            copy("b.parquet"),
        ],
    ] {
        let given = ["sql", "--release"]
            .into_iter()
            .chain(arguments.iter().map(String::as_str));
        project.korabo(&given.collect::<Vec<_>>()).exits(0);
    }
    for file in ["a.arrow", "b.arrow", "a.parquet", "b.parquet"] {
        let bytes = fs::read(project.path().join("out").join(file)).unwrap();
        let has = |value: &&[u8; 8]| bytes.windows(8).any(|window| window == *value);
        assert_eq!(hidden.iter().filter(has).count(), 0, "{file}");
        if file.ends_with("arrow") {
            // A mean may differ in its last digit between two runs.
            let n_there = there.iter().filter(has).count();
            assert!(n_there > there.len() / 2, "{file}: {n_there}");
        }
    }
}

#[test]
fn below_a_grouping_only_tables_are_read_and_only_persons_are_counted() {
    for (statement, says) in [
        (
            "SELECT count(*) FROM 'sample_data/insurer_01139997/members_2016-2024.parquet'",
            "",
        ),
        (
            "SELECT rule, count(*) FROM rejects_claims GROUP BY 1",
            "`rejects_claims`",
        ),
        (
            "SELECT icd10, count(*) FROM claim_diagnoses GROUP BY 1",
            "records without a person",
        ),
        (
            "SELECT drug_class, count(*) FROM clean_claim_drugs GROUP BY 1",
            "records without a person",
        ),
        (
            "SELECT count(*) FROM panel_person_year WHERE person_id <> 1",
            "`person_id`",
        ),
        (
            "SELECT count(*) FROM panel_person_year WHERE EXISTS (SELECT 1 FROM members)",
            "EXISTS",
        ),
        (
            "SELECT sex, approx_distinct(age) FROM panel_person_year GROUP BY 1",
            "`approx_distinct`",
        ),
        (
            "SELECT avg(e.estimate) FROM panel_person_year p JOIN effect_summary e ON p.sex = e.n_units",
            "`effect_summary`",
        ),
        (
            "SELECT x, count(*) FROM (SELECT person_id, rank() OVER (ORDER BY age) AS x FROM panel_person_year) GROUP BY 1",
            "OVER",
        ),
    ] {
        let outcome = released(statement);
        assert!(outcome.stdout.is_empty(), "{statement}: {}", outcome.stdout);
        if says.is_empty() {
            assert_ne!(outcome.code, Some(0), "{statement}");
        } else {
            outcome.exits(6).says(&["error:", says, "hint:"]);
        }
    }
}

#[test]
fn what_is_ordinarily_asked_is_answered() {
    for statement in [
        "SELECT substr(d.icd10, 1, 1) AS chapter, count(DISTINCT c.person_key) AS n FROM claim_diagnoses d
         JOIN claims c USING (insurer_id, claim_id, billed_month) GROUP BY 1",
        "SELECT w.industry_code, count(DISTINCT p.person_id) AS n FROM panel_person_year p
         JOIN link_worksites w ON p.worksite_id = w.worksite_id WHERE p.fiscal_year = 2020 GROUP BY 1",
        "SELECT a.sex, avg(a.weight_kg - b.weight_kg) AS change FROM panel_person_year a
         JOIN panel_person_year b ON a.person_id = b.person_id AND b.fiscal_year = a.fiscal_year - 1 GROUP BY 1",
        "SELECT sex, count(DISTINCT person_key) AS n FROM clean_members
         WHERE person_key IN (SELECT person_key FROM clean_claims WHERE is_inpatient) GROUP BY 1",
        "SELECT avg(yen) AS yen FROM (SELECT person_id, sum(yen_total) AS yen FROM panel_person_year GROUP BY person_id)",
        "SELECT sex, n, 1.0 * n / sum(n) OVER () AS share FROM (SELECT sex, count(*) AS n FROM panel_person_year GROUP BY sex)",
        "SELECT term, estimate FROM ols((SELECT person_id, sbp_mmhg, age, sex FROM panel_person_year), 'sbp_mmhg ~ age + sex')",
    ] {
        let outcome = released(statement).exits(0);
        let rows: Vec<serde_json::Map<_, _>> = serde_json::from_str(&outcome.stdout).unwrap();
        let has_numbers = rows.iter().any(|row| row.values().any(|value| value.is_number()));
        assert!(has_numbers, "{statement}:\n{}", outcome.stdout);
    }
}

/// Columns that a table of estimates keeps can be called as the counts by which estimates are released.
#[test]
fn relations_without_a_rule_release_nothing_whatever_their_columns_are_called() {
    let counts = "n_treated, n_control, n_units, n_clusters";
    let persons = "(SELECT sbp_mmhg AS b, 1.0 AS se, 0.5 AS p, sex, worksite_id, person_id % 2 AS drawn, 1000 AS n_treated,
        1000 AS n_control, 1000 AS n_units, 1000 AS n_clusters, sbp_mmhg AS estimate FROM panel_person_year)";
    let cells = "(SELECT avg(sbp_mmhg) AS b, 1.0 AS se FROM panel_person_year GROUP BY sex)";
    for call in [
        format!(
            "equivalence({persons}, estimate => b, std_error => se, margin => 1, keep => [{counts}])"
        ),
        format!("pool({persons}, estimate => b, std_error => se, keep => [{counts}])"),
        format!("adjust_p({persons}, p_value => p, keep => [estimate, {counts}])"),
        format!(
            "power({persons}, effect => b, clusters_treated => 9, clusters_control => 9, cluster_size => 9, icc => 0, sd => 1, \
                 keep => [estimate, n_treated, n_control, n_units])"
        ),
        format!(
            "westfall_young({persons}, outcomes => [b], treated => drawn, cluster => worksite_id)"
        ),
        format!("lee_bounds({persons}, outcome => b, treated => drawn)"),
        format!("variance_components({persons}, outcome => b, cluster => worksite_id)"),
        format!("levels({persons}, outcome => b, cluster => worksite_id)"),
        format!("equivalence({cells}, estimate => b, std_error => se, margin => 1)"),
    ] {
        let relation = call.split('(').next().unwrap();
        let outcome = released(&format!("SELECT * FROM {call}"));
        assert!(outcome.stdout.is_empty(), "{call}: {}", outcome.stdout);
        outcome
            .exits(6)
            .says(&[&format!("results of `{relation}` cannot be released")]);
    }
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
