//! `korabo checks` and the gate before queries: what is counted against what was planted, what does not apply, what is kept, what stops a
//! run, and that no value of the data is shown.

use std::fmt::Write as _;

use fs_err as fs;

use crate::support::{Project, rows_in, sample_project};

const PEOPLE: &str = r#"
description = "People"
description_ja = "人"
grain = "One row per person."
holder = "insurer"
key = ["person"]

[columns.person]
name_ja = "人"
description = "Number"
type = "string"
privacy = "pseudonym"
"#;

const VISITS: &str = r#"
description = "Visits"
description_ja = "来所"
grain = "One row per person and month."
holder = "insurer"
key = ["person", "month"]

[[references]]
columns = ["person"]
table = "people"
table_columns = ["person"]

[columns.person]
name_ja = "人"
description = "Number"
type = "string"
privacy = "pseudonym"

[columns.month]
name_ja = "月"
description = "Month"
type = "month"
privacy = "open"

[columns.term]
name_ja = "期"
description = "Term"
type = "i8"
codes = { 3 = "third", 4 = "fourth", 5 = "fifth" }
privacy = "open"

[columns.answer]
name_ja = "答"
description = "Answer"
type = "i8"
nullable = true
codes_by_term.3 = { 1 = "yes", 2 = "no" }
codes_by_term.5 = { 1 = "yes", 2 = "no", 3 = "never" }
privacy = "sensitive"

[columns.weight]
name_ja = "体重"
description = "Weight"
type = "f64"
nullable = true
unit = "kg"
min = 20
max = 250
privacy = "sensitive"

[columns.never]
name_ja = "空"
description = "Never delivered"
type = "i16"
nullable = true
privacy = "sensitive"
"#;

const CONFIG: &str = r#"
[project]
name = "checked"

[extracts]
path = "extracts"

[sources.people]
files = ["*/people*.csv"]

[sources.visits]
files = ["*/visits*.csv"]
max_reject_share = 0.5
"#;

fn project() -> Project {
    let project = Project::empty();
    project.write("korabo.toml", CONFIG);
    project.write("schemas/people.toml", PEOPLE);
    project.write("schemas/visits.toml", VISITS);
    project.write(
        "queries/clean_visits.sql",
        "-- One row per visit.\n\nselect person, month from visits\n",
    );
    let people: String = (0..400).map(|n| format!("p{n}\n")).collect();
    project.write("extracts/a/people.csv", format!("person\n{people}"));
    project
}

const HEADER: &str = "person,month,term,answer,weight\n";

/// 400 visits of a month, weights around `kilograms`; the first of them are of no known person.
fn visits(month: u32, kilograms: u32, n_unknown: u32) -> String {
    let mut text = HEADER.to_owned();
    for n in 0..400 {
        let name = if n < n_unknown { "x" } else { "p" };
        let answer = 1 + n % 2;
        let weight = kilograms + n * 7 % 30;
        let _ = writeln!(text, "{name}{n},{month},3,{answer},{weight}");
    }
    text
}

/// One delivery with faults: 3 weights out of range, 2 wrong answers of term 3, 4 answers of term 4, which did not ask; 10 weights missing.
fn faulty() -> String {
    let mut text = visits(202_401, 60, 8);
    for n in 0..20 {
        let (term, answer, weight) = match n {
            0..3 => (3, "1", "999.5"),
            3..5 => (3, "9", "60"),
            5..9 => (4, "1", "60"),
            9..19 => (3, "2", ""),
            _ => (4, "", "60"),
        };
        let _ = writeln!(text, "p{n},202312,{term},{answer},{weight}");
    }
    text
}

/// Status, numerator, denominator of the latest result of a check of the whole table.
fn result(project: &Project, check: &str) -> (String, Option<i64>, Option<i64>) {
    of_delivery(project, check, "is null")
}

fn of_delivery(
    project: &Project,
    check: &str,
    delivery: &str,
) -> (String, Option<i64>, Option<i64>) {
    let rows = project.rows(&format!(
        "select status, n_failed, n_checked from check_results where check_name = '{check}' \
         and delivery_id {delivery} order by evaluated_at desc limit 1"
    ));
    assert_eq!(rows.len(), 1, "{check}");
    let row = &rows[0];
    (
        row["status"].as_str().unwrap().to_owned(),
        row["n_failed"].as_i64(),
        row["n_checked"].as_i64(),
    )
}

fn measured(status: &str, n_failed: i64, n_checked: i64) -> (String, Option<i64>, Option<i64>) {
    (status.to_owned(), Some(n_failed), Some(n_checked))
}

#[test]
fn what_was_planted_is_counted() {
    let project = project();
    project.write("extracts/a/visits_1.csv", faulty());
    project
        .korabo(&["run"])
        .exits(0)
        .says(&["checks", "not applicable"])
        .hides(&["999.5", "x1,"]);
    let all = [
        ("visits.weight.range", measured("pass", 3, 404)),
        ("visits.weight.completeness", measured("pass", 10, 411)),
        (
            "visits.answer.code_for_term.term_3",
            measured("pass", 2, 412),
        ),
        ("visits.answer.code_for_term.term_4", measured("fail", 4, 5)),
        (
            "visits.answer.code_for_term.term_5",
            ("not_applicable".to_owned(), Some(0), Some(0)),
        ),
        (
            "visits.answer.completeness.term_3",
            measured("pass", 0, 410),
        ),
        (
            "visits.never.range",
            ("not_applicable".to_owned(), Some(0), Some(0)),
        ),
        (
            "visits.never.completeness",
            measured("not_applicable", 411, 411),
        ),
        ("visits.reference.people", measured("fail", 8, 411)),
        ("visits.person.null", measured("pass", 0, 411)),
        ("visits.duplicate_key", measured("pass", 0, 411)),
        ("visits.coverage", measured("pass", 0, 2)),
        ("people.duplicate_key", measured("pass", 0, 400)),
    ];
    for (check, expected) in all {
        assert_eq!(result(&project, check), expected, "{check}");
    }
    let ids = "select delivery_id from deliveries where table_name = 'visits'";
    let id = project.count(ids);
    let delivered = of_delivery(&project, "visits.reference.people", &format!("= {id}"));
    assert_eq!(delivered, measured("fail", 8, 411));
    let values_of_persons =
        "select count(*) from check_results where note like '%p1%' or description like '%999%'";
    assert_eq!(project.count(values_of_persons), 0);
}

#[test]
fn months_without_a_row_and_deliveries_that_shrink_or_shift_are_found() {
    let project = project();
    project.write("extracts/a/visits_1.csv", visits(202_311, 60, 0));
    project.write("extracts/a/visits_2.csv", visits(202_312, 60, 0));
    project.korabo(&["run"]).exits(0);
    assert_eq!(result(&project, "visits.coverage"), measured("pass", 0, 2));
    assert_eq!(result(&project, "visits.weight.drift").0, "pass");
    assert_eq!(result(&project, "visits.row_count").0, "pass");
    let shrunk: String = visits(202_403, 75, 0)
        .lines()
        .take(151)
        .map(|line| format!("{line}\n"))
        .collect();
    project.write("extracts/a/visits_3.csv", shrunk);
    project.write("extracts/b/visits_1.csv", visits(202_404, 90, 0));
    project.korabo(&["run"]).exits(0);
    assert_eq!(result(&project, "visits.coverage"), measured("fail", 2, 6));
    assert_eq!(result(&project, "visits.weight.drift").0, "fail");
    assert_eq!(result(&project, "visits.answer.drift.term_3").0, "pass");
    assert_eq!(
        result(&project, "visits.answer.drift.term_5").0,
        "not_applicable"
    );
    assert_eq!(result(&project, "visits.row_count").0, "fail");
    let first = "select count(*) from check_results where note = 'the sender''s first delivery' \
                 and check_name = 'visits.weight.drift' and delivery_id is not null";
    assert_eq!(project.count(first), 2, "one of each sender");
}

#[test]
fn a_shift_is_reported_once_and_measured() {
    let project = project();
    let watch = "\n[metrics]\nfile = \"korabo.prom\"\n\n[notify]\ncommand = [\"sh\", \"-c\", \"cat > told.json\"]\n\
                 [notify.thresholds]\nfailed_checks = 1\n";
    project.write("korabo.toml", format!("{CONFIG}{watch}"));
    let told = || fs::read_to_string(project.path().join("told.json")).ok();
    let metrics = || fs::read_to_string(project.path().join("korabo.prom")).unwrap();
    project.write("extracts/a/visits_1.csv", visits(202_401, 60, 0));
    project.korabo(&["run"]).exits(0);
    assert_eq!(told(), None);
    assert!(metrics().contains("status=\"fail\"} 0\n"));
    project.write("extracts/a/visits_2.csv", visits(202_402, 90, 40));
    project.korabo(&["run"]).exits(0);
    let notification: serde_json::Value = serde_json::from_str(&told().unwrap()).unwrap();
    assert_eq!(notification["thresholds"][0]["name"], "failed_checks");
    let failed = notification["failed_checks"].as_array().unwrap();
    let of = |check: &str| {
        let is_it = |text: &&serde_json::Value| text.as_str().unwrap().starts_with(check);
        failed.iter().filter(is_it).count()
    };
    assert_eq!(of("visits.reference.people: 5.00 % (40 of 800)"), 1);
    assert_eq!(of("visits.weight.drift"), 1, "{failed:?}");
    let text = notification["text"].as_str().unwrap();
    assert!(text.contains("check visits.weight.drift"), "{text}");
    assert!(metrics().contains("korabo_checks{project=\"checked\",status=\"fail\"} "));
    assert!(!metrics().contains("status=\"fail\"} 0\n"));
    // Nothing changed, so that the night after is quiet.
    fs::remove_file(project.path().join("told.json")).unwrap();
    project.korabo(&["run"]).exits(0);
    assert_eq!(told(), None);
    assert!(!metrics().contains("korabo_checks"));
}

#[test]
fn a_delivery_that_fails_alone_is_named() {
    let project = project();
    let watch = "\n[[checks]]\nname = \"visits.reference.people\"\nthreshold = 0.06\n\n[notify]\n\
                 command = [\"sh\", \"-c\", \"cat > told.json\"]\n\
                 [notify.thresholds]\nfailed_checks = 0\n";
    project.write("korabo.toml", format!("{CONFIG}{watch}"));
    project.write("extracts/a/visits_1.csv", visits(202_401, 60, 0));
    project.write("extracts/a/visits_2.csv", visits(202_402, 60, 40));
    project.korabo(&["run"]).exits(0);
    assert_eq!(
        result(&project, "visits.reference.people"),
        measured("pass", 40, 800)
    );
    let of_second = "select delivery_id from deliveries where file like '%visits_2%'";
    let id = project.count(of_second);
    let told = fs::read_to_string(project.path().join("told.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let named =
        format!("visits.reference.people (delivery {id}): 10.00 % (40 of 400), at most 6.00 %");
    assert_eq!(told["failed_checks"], serde_json::json!([named]));
}

#[test]
fn months_are_compared_with_the_same_months_of_the_year() {
    let project = project();
    // Heavier in winter, every year.
    for (file, month, kilograms) in [
        (1, 202_207, 60),
        (2, 202_212, 75),
        (3, 202_307, 60),
        (4, 202_312, 75),
    ] {
        project.write(
            &format!("extracts/a/visits_{file}.csv"),
            visits(month, kilograms, 0),
        );
    }
    project.korabo(&["run"]).exits(0);
    let sql = "select d.file, c.status from check_results c join deliveries d using (delivery_id) \
               where check_name = 'visits.weight.drift' order by file";
    let found = project.rows(sql);
    let statuses: Vec<&str> = found
        .iter()
        .map(|row| row["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["not_applicable", "fail", "pass", "pass"]);
}

#[test]
fn only_what_is_new_is_counted_and_old_results_stay() {
    let project = project();
    project.write("extracts/a/visits_1.csv", visits(202_401, 60, 0));
    project.korabo(&["run"]).exits(0);
    let version = project.versions()["check_results"];
    project.korabo(&["run"]).exits(0).hides(&["not applicable"]);
    project.korabo(&["checks"]).exits(0);
    assert_eq!(project.versions()["check_results"], version);
    project.write("extracts/a/visits_2.csv", visits(202_402, 60, 4));
    project.korabo(&["run"]).exits(0);
    let by_delivery = "select count(*) as n, count(distinct check_name) as checks, count(distinct delivery_id) as deliveries \
                       from check_results where table_name = 'visits' and delivery_id is not null";
    let row = &project.rows(by_delivery)[0];
    let number = |name: &str| row[name].as_i64().unwrap();
    assert_eq!(number("deliveries"), 2);
    assert_eq!(
        number("n"),
        2 * number("checks"),
        "each delivery is counted once"
    );
    let trend = "select run_id, n_failed, n_checked from check_results \
                 where check_name = 'visits.reference.people' and delivery_id is null order by run_id";
    let trend: Vec<_> = project
        .rows(trend)
        .iter()
        .map(|row| ["run_id", "n_failed", "n_checked"].map(|name| row[name].as_i64().unwrap()))
        .collect();
    assert_eq!(trend, [[1, 0, 400], [2, 4, 800]]);
    let people = "select count(*) from check_results where table_name = 'people' and run_id = 2";
    assert_eq!(project.count(people), 0, "people did not change");
}

#[test]
fn a_check_of_severity_error_stops_the_run_before_its_queries() {
    let project = project();
    project.write("extracts/a/visits_1.csv", visits(202_401, 60, 8));
    let strict = "\n[[checks]]\nname = \"visits.reference.*\"\nseverity = \"error\"\n";
    project.write("korabo.toml", format!("{CONFIG}{strict}"));
    let says = [
        "1 check of severity `error` failed",
        "visits.reference.people: 2.00 % (8 of 400)",
        "[[checks]]",
    ];
    project
        .korabo(&["run"])
        .exits(5)
        .says(&says[1..])
        .hides(&["x1"]);
    assert!(!project.versions().contains_key("clean_visits"));
    assert_eq!(
        project.count("select count(*) from runs where status = 'failed'"),
        1
    );
    // The table is fresh now, and still not good.
    let counted = project.versions()["check_results"];
    project.korabo(&["run"]).exits(5).says(&says[1..]);
    let shown = project.korabo(&["checks"]).exits(5).stdout;
    assert!(
        shown.contains(
            "fail           error visits.reference.people: 2.00 % (8 of 400), at most 1.00 %"
        ),
        "{shown}"
    );
    // Judged again by another threshold, without being counted again.
    project.write("korabo.toml", format!("{CONFIG}{strict}threshold = 0.02\n"));
    let shown = project.korabo(&["checks", "visits"]).exits(0).stdout;
    assert!(!shown.contains("reference"), "{shown}");
    project.korabo(&["run"]).exits(0);
    assert_eq!(project.versions()["check_results"], counted);
    assert!(project.versions().contains_key("clean_visits"));
}

#[test]
fn old_deliveries_are_told_by_their_age_alone() {
    let project = project();
    project.write("extracts/a/visits_1.csv", visits(202_401, 60, 0));
    project.korabo(&["run"]).exits(0);
    assert_eq!(result(&project, "visits.freshness").0, "pass");
    let log = project.path().join("lake/check_results/_delta_log");
    let n_before = fs::read_dir(&log).unwrap().count();
    let strict = "\n[[checks]]\nname = \"visits.freshness\"\nthreshold = 0\n";
    project.write("korabo.toml", format!("{CONFIG}{strict}"));
    project.korabo(&["checks"]).exits(0);
    assert_eq!(
        fs::read_dir(&log).unwrap().count(),
        n_before,
        "received today"
    );
}

#[test]
fn the_list_needs_no_data_and_names_all_checks() {
    let project = Project::standard();
    let listed = project.korabo(&["checks", "--list"]).exits(0).stdout;
    assert!(listed.lines().count() > 500);
    assert!(!project.path().join("lake").exists());
    let one = project
        .korabo(&["checks", "--list", "claims"])
        .exits(0)
        .stdout;
    assert!(one.lines().all(|line| line.starts_with("claims.")), "{one}");
    project
        .korabo(&["checks", "claim"])
        .exits(3)
        .says(&["did you mean `claims`?"]);
    let text = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    project.write(
        "korabo.toml",
        format!("{text}\n[[checks]]\nname = \"claims.yen.rang\"\nthreshold = 1\n"),
    );
    project.korabo(&["check"]).exits(3).says(&[
        "korabo.toml:",
        "claims.yen.rang",
        "did you mean `claims.yen.range`?",
    ]);
}

#[test]
fn every_rejected_row_of_the_sample_belongs_to_a_check() {
    let sql = "select table_name, sum(n_failed) as n from check_results where delivery_id is null and kind not in \
               ('completeness', 'reference', 'coverage') group by 1 having sum(n_failed) > 0 order by 1";
    let checked = rows_in(sample_project(), sql);
    let sql = "select table_name, sum(n_rejected) as n from deliveries group by 1 having sum(n_rejected) > 0 order by 1";
    assert_eq!(checked, rows_in(sample_project(), sql));
    let sql = "select count(*) as n from check_results where status = 'pass' and n_checked = 0";
    assert_eq!(
        rows_in(sample_project(), sql)[0]["n"],
        0,
        "nothing passes for want of rows"
    );
}
