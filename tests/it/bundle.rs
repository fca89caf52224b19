//! `korabo release --bundle`: estimates that a third party can compute again without the lake.

use std::collections::BTreeMap;

use fs_err as fs;
use serde_json::Value;

use crate::support::{Project, Rows, copy_folder, rows_in, run_in, sample_project};

fn project() -> Project {
    let project = Project::empty();
    copy_folder(sample_project(), project.path());
    project
}

fn number(row: &serde_json::Map<String, Value>, name: &str) -> f64 {
    row[name].as_f64().unwrap_or(f64::NAN)
}

/// The rows of each statement of a file, run in its folder and without a project.
fn computed_again(project: &Project) -> (Rows, BTreeMap<(String, String), f64>) {
    let folder = project.path().join("released/estimates.bundle");
    let elsewhere = tempfile::tempdir().unwrap();
    copy_folder(&folder, elsewhere.path());
    let arguments = ["sql", "--format", "ndjson", "-f", "recompute.sql"];
    let answer = run_in(elsewhere.path(), &arguments).exits(0).stdout;
    let rows: Rows = answer
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (breakdowns, estimates): (Rows, Rows) =
        rows.into_iter().partition(|row| row.get("bound").is_some());
    let breakdowns = breakdowns.iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let value = number(row, "breakdown");
        ((text("evaluation"), text("indicator")), value)
    });
    (estimates, breakdowns.collect())
}

#[test]
fn estimates_intervals_and_breakdown_values_are_computed_again_without_the_lake() {
    let project = project();
    project
        .korabo(&["release", "estimates", "--bundle"])
        .exits(0)
        .says(&["estimates.bundle", "clusters pooled"]);
    let (again, breakdowns) = computed_again(&project);
    let sql = "select evaluation, indicator, event_time, estimate, std_error from evaluation_estimates \
               where \"by\" is null and is_primary and ((estimator = 'callaway_santanna' and event_time is null) \
               or (estimator = 'event_study' and event_time >= 0))";
    let known = rows_in(project.path(), sql);
    let mut n_compared = 0;
    for row in &again {
        let is_same = |known: &&serde_json::Map<String, Value>| {
            ["evaluation", "indicator", "event_time"]
                .iter()
                .all(|name| known[*name] == row[*name])
        };
        let Some(known) = known.iter().find(is_same) else {
            continue;
        };
        let error = number(known, "std_error");
        let difference = (number(row, "estimate") - number(known, "estimate")).abs();
        assert!(difference < error / 20.0, "{row:?} {known:?}");
        let ratio = number(row, "std_error") / error;
        assert!((0.98..1.02).contains(&ratio), "{row:?} {known:?}");
        n_compared += 1;
    }
    assert!(n_compared >= 20, "{n_compared} of {}", again.len());
    // Every overall estimate that left is there, or listed as left out.
    let left_out = fs::read_to_string(
        project
            .path()
            .join("released/estimates.bundle/left_out.csv"),
    );
    let n_left_out = left_out.unwrap().lines().count().max(1) - 1;
    let released = rows_in(
        project.path(),
        "select count(*) as n from released_estimates where is_primary and estimator = 'callaway_santanna' \
         and \"by\" is null and event_time is null and estimate is not null",
    );
    let overall = again.iter().filter(|row| row["event_time"].is_null());
    assert_eq!(
        released[0]["n"].as_u64().unwrap() as usize,
        overall.count() + n_left_out
    );
    // The gate's own breakdown value of one of them.
    let ((evaluation, indicator), breakdown) = breakdowns.iter().next().unwrap();
    let sql = format!(
        "select breakdown from honest_did(panel_evaluation_{evaluation}, outcome => {indicator}, unit => person_id, \
         time => fiscal_year, cohort => cohort, cluster => cluster_id, control => 'not_yet_treated', \
         unbalanced => 'pairs', target => 'mean', bounds => '1') where bound is not null"
    );
    let gate = rows_in(project.path(), &sql);
    println!("{evaluation} {indicator}: {breakdown} {gate:?}");
}

#[test]
fn clusters_of_few_persons_are_in_no_file_of_a_bundle() {
    let project = project();
    project
        .korabo(&["release", "estimates", "--bundle"])
        .exits(0);
    let folder = project.path().join("released/estimates.bundle");
    let text = fs::read_to_string(folder.join("clusters.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("evaluation,indicator,event_time,cluster_number,n_persons,part")
    );
    for line in lines {
        let persons: u64 = line.split(',').nth(4).unwrap().parse().unwrap();
        assert!(persons >= 50 && persons.is_multiple_of(10), "{line}");
    }
    let text = fs::read_to_string(folder.join("pooled.csv")).unwrap();
    for line in text.lines().skip(1) {
        let n_clusters: u64 = line.split(',').nth(4).unwrap().parse().unwrap();
        assert!(n_clusters == 0 || n_clusters >= 10, "{line}");
    }
    // Asked again, it left before; and what is damaged is written once more.
    project
        .korabo(&["release", "estimates", "--bundle"])
        .exits(0)
        .says(&["as released before: estimates.bundle"]);
    fs::write(folder.join("pooled.csv"), "").unwrap();
    project
        .korabo(&["release", "estimates", "--bundle"])
        .exits(0);
    assert_eq!(fs::read_to_string(folder.join("pooled.csv")).unwrap(), text);
    project
        .korabo(&["release", "levels", "--bundle"])
        .exits(2)
        .says(&["nothing to bundle", "estimates"]);
}
