//! `-- test: freshness`: how old the newest value is on the day of the run, also of tables that are fresh; and what the header's `key`
//! and `not_null` leave in `test_results`. Days are counted back from now, so that no test depends on the date.

use std::path::Path;

use fs_err as fs;
use korabo::pipeline::Query;

use crate::support::{Outcome, Project, files_below};

const AGED: &str =
    "select 1 as id, cast(now() - interval '10 days' as date) as day union all select 2, null";

fn project(header: &str, select: &str) -> Project {
    let project = Project::empty();
    project.write("korabo.toml", "[project]\nname = \"aged\"\n");
    fs::create_dir(project.path().join("schemas")).unwrap();
    write(&project, header, select);
    project
}

fn write(project: &Project, header: &str, select: &str) -> String {
    let text = format!("-- One row.\n{header}\n{select}\n");
    project.write("queries/clean_aged.sql", &text);
    text
}

fn run(header: &str, select: &str) -> (Project, Outcome) {
    let project = project(header, select);
    let outcome = project.korabo(&["run"]);
    (project, outcome)
}

fn results(project: &Project) -> Vec<String> {
    let sql = "select test, status, n_rows_found, n_rows from test_results order by run_id, test";
    let rows = project.rows(sql);
    let text = |row: &serde_json::Map<String, serde_json::Value>| {
        format!(
            "{} {} {} {}",
            row["test"].as_str().unwrap(),
            row["status"].as_str().unwrap(),
            row["n_rows_found"],
            row["n_rows"]
        )
    };
    rows.iter().map(text).collect()
}

#[test]
fn the_newest_value_may_be_so_old_and_no_older() {
    let (project, outcome) = run("-- test: freshness day 10 days\n", AGED);
    outcome.exits(0);
    assert_eq!(results(&project), ["freshness day 10 days ok 10 2"]);
    let (project, outcome) = run("-- test: freshness day 9 days\n", AGED);
    outcome
        .exits(5)
        .says(&["freshness day 9 days", "10 days old", "not published"]);
    assert!(!project.versions().contains_key("clean_aged"));
    assert_eq!(results(&project), ["freshness day 9 days error 10 2"]);
}

#[test]
fn months_are_calendar_months() {
    let month = "select cast(date_part('year', now()) as int) * 100 + cast(date_part('month', now()) as int) - 200 as month";
    let (project, outcome) = run("-- test: freshness month 24 months\n", month);
    outcome.exits(0);
    assert_eq!(results(&project), ["freshness month 24 months ok 24 1"]);
    let (_, outcome) = run("-- test: freshness month 23 months\n", month);
    outcome.exits(5).says(&["24 months old"]);
}

#[test]
fn a_column_without_a_value_has_no_age_and_does_not_pass() {
    let (project, outcome) = run(
        "-- test: freshness day 9 days\n",
        "select cast(null as date) as day",
    );
    outcome.exits(0);
    assert_eq!(
        results(&project),
        ["freshness day 9 days not_applicable null 1"]
    );
}

#[test]
fn a_fresh_table_grows_old() {
    let (project, outcome) = run("-- test(warn): freshness day 9 days\n", AGED);
    outcome
        .exits(0)
        .says(&["warning: clean_aged", "10 days old"]);
    let outcome = project
        .korabo(&["run"])
        .exits(0)
        .says(&["warning: clean_aged", "10 days old"]);
    assert_eq!(outcome.summary("ok"), 0.0);
    assert_eq!(results(&project).len(), 2, "each run is counted");
}

#[test]
fn a_fresh_table_that_is_too_old_fails_the_run_and_what_needs_it_waits() {
    let before = "-- test: freshness day 10 days\n";
    let (project, outcome) = run(before, AGED);
    outcome.exits(0);
    let old = hash(&format!("-- One row.\n{before}\n{AGED}\n"));
    let new = hash(&write(&project, "-- test: freshness day 9 days\n", AGED));
    // As if ten days had passed: the table was built by the stricter query.
    let log = project.path().join("lake/clean_aged/_delta_log");
    let mut n_changed = 0;
    for file in files_below(&log) {
        let text = fs::read_to_string(log.join(&file)).unwrap_or_default();
        if text.contains(&old) {
            // Without its own hash, as commits of earlier versions are.
            let (before, sealed) = text.split_once("\"koraboSha256\":\"").unwrap();
            let (_, after) = sealed.split_once("\",").unwrap();
            let text = format!("{before}{after}").replace(&old, &new);
            fs::write(log.join(&file), text).unwrap();
            n_changed += 1;
        }
    }
    assert_eq!(n_changed, 1);
    project.write(
        "queries/clean_next.sql",
        "-- One row.\n\nselect id from clean_aged\n",
    );
    let outcome = project
        .korabo(&["run"])
        .exits(5)
        .says(&["freshness day 9 days", "not run"]);
    assert_eq!(outcome.summary("failed"), 2.0);
    assert_eq!(project.count("select count(*) from clean_aged"), 2);
    assert_eq!(
        results(&project).last().unwrap(),
        "freshness day 9 days error 10 2"
    );
}

fn hash(text: &str) -> String {
    Query::parse(Path::new("queries/clean_aged.sql"), text)
        .unwrap()
        .hash()
}

#[test]
fn what_is_no_freshness_is_found_by_check() {
    let cases = [
        ("freshness day", "freshness column 60 days"),
        ("freshness day 3 weeks", "freshness column 60 days"),
        ("freshness day -3 days", "freshness column 60 days"),
        ("freshness dey 3 days", "did you mean `day`?"),
        ("freshness name 3 days", "of a date or a month"),
    ];
    for (test, text) in cases {
        let select = "select cast(now() as date) as day, 'x' as name";
        let project = project(&format!("-- test: {test}\n"), select);
        project
            .korabo(&["check"])
            .exits(3)
            .says(&[text, "clean_aged.sql:2:"]);
    }
}

#[test]
fn key_and_not_null_of_the_header_are_written_down() {
    let rows = "select * from (values (1, 'ume'), (2, 'ume'), (2, null)) as t (id, name)";
    let (project, outcome) = run("-- key: id, name\n-- not_null: id\n", rows);
    outcome.exits(0);
    assert_eq!(
        results(&project),
        ["key id, name ok 0 3", "not_null id ok 0 3"]
    );
    write(&project, "-- key: id\n-- not_null: name\n", rows);
    project.korabo(&["run"]).exits(5).hides(&["ume"]);
    assert_eq!(results(&project)[2..], ["key id error 1 3"]);
    write(&project, "-- not_null: name\n", rows);
    project.korabo(&["run"]).exits(5);
    assert_eq!(results(&project)[3..], ["not_null name error 1 3"]);
}
