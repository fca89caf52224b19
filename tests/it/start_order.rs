//! `korabo power NAME --design`: start orders.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;

use crate::support::{Outcome, Project, run_in, sample_project};

/// The answer to a start order of the plan on activity; 1,200 hours are enough for 30 worksites.
fn start_order(folder: &Path, more: &[&str]) -> Outcome {
    let asked = [
        "power",
        "activity",
        "--design",
        "--format",
        "csv",
        "--hours-per-year",
        "1200",
    ];
    run_in(folder, &[&asked[..], more].concat())
}

const FORTY_HOURS: [&str; 2] = ["--hours-per-worksite", "40"];

/// A worksite of a start order, as it is shown.
struct Start {
    n_persons: f64,
    year: String,
}

fn starts(csv: &str) -> Vec<Start> {
    let mut lines = csv.lines();
    let header = "worksite_id,employer_key,worksite_key,n_persons,baseline_level,start_year";
    assert_eq!(lines.next(), Some(header));
    let start = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        Start {
            n_persons: cells[3].parse().unwrap(),
            year: cells[5].to_owned(),
        }
    };
    lines.map(start).collect()
}

/// Sizes of the worksites that start in each year; those that wait are under "".
fn sizes_by_year(starts: &[Start]) -> BTreeMap<&str, Vec<f64>> {
    let mut years: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for start in starts {
        let sizes = years.entry(&start.year).or_default();
        sizes.push(start.n_persons);
    }
    years
}

#[test]
fn a_start_order_is_drawn_once_and_is_a_plan() {
    let project = Project::sample();
    let file = |suffix: &str| {
        let name = format!("evaluations/activity_rollout.{suffix}");
        project.path().join(name)
    };
    let remove = || {
        for suffix in ["toml", "csv", "lock"] {
            let _ = fs::remove_file(file(suffix));
        }
    };
    let plan = project.path().join("evaluations/activity.toml");
    let text = fs::read_to_string(&plan).unwrap();
    let with_comparison = "comparison = \"never_treated\"\nprimary = [";
    fs::write(&plan, text.replace("primary = [", with_comparison)).unwrap();

    let first = start_order(project.path(), &FORTY_HOURS).exits(0).says(&[
        "1200 hours per fiscal year are enough for 30 worksites, at 40 hours each",
        "2025: 30 worksites, 1200 hours",
        "2027: 30 worksites, 1200 hours",
        "not started by 2027",
        "exercise_habit: ",
        "`korabo lock activity_rollout`",
    ]);
    assert_eq!(fs::read_to_string(file("csv")).unwrap(), first.stdout);
    let written = fs::read_to_string(file("toml")).unwrap();
    for text in [
        "with seed 1,",
        "# 2026: 30 worksites, 1200 hours",
        "evaluations/activity_rollout.csv",
        "comparison = \"not_yet_treated\"",
        "question_ja = \"身体活動・運動の施策で、運動習慣のある従業員は増えたか。\"",
        "[targets.exercise_habit]",
    ] {
        assert!(written.contains(text), "`{text}` is not in\n{written}");
    }
    assert!(!written.contains("never_treated"), "{written}");
    project.korabo(&["check"]).exits(0);

    start_order(project.path(), &FORTY_HOURS).exits(2).says(&[
        "`evaluations/activity_rollout.toml` is there already",
        "delete evaluations/activity_rollout.toml, evaluations/activity_rollout.csv",
    ]);
    project
        .korabo(&["lock", "activity_rollout"])
        .exits(0)
        .says(&["fixed `activity_rollout`"]);
    remove();
    let again = start_order(project.path(), &FORTY_HOURS).exits(0);
    assert_eq!(again.stdout, first.stdout);
    remove();
    let other = start_order(
        project.path(),
        &[&FORTY_HOURS[..], &["--seed", "2"]].concat(),
    );
    assert_ne!(other.exits(0).stdout, first.stdout);
}

#[test]
fn steps_are_within_the_hours_and_alike() {
    let project = Project::sample();
    let first = start_order(project.path(), &FORTY_HOURS).exits(0);
    let starts = starts(&first.stdout);
    let years = sizes_by_year(&starts);
    let numbers: Vec<(&str, usize)> = years
        .iter()
        .map(|(year, sizes)| (*year, sizes.len()))
        .collect();
    let n_waiting = starts.len() - 90;
    assert_eq!(
        numbers,
        [("", n_waiting), ("2025", 30), ("2026", 30), ("2027", 30)]
    );
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let all: Vec<f64> = starts.iter().map(|start| start.n_persons).collect();
    let squares: Vec<f64> = all.iter().map(|n| (n - mean(&all)).powi(2)).collect();
    let deviation = mean(&squares).sqrt();
    let means: Vec<f64> = years.values().map(|sizes| mean(sizes)).collect();
    for (one, other) in means.iter().flat_map(|a| means.iter().map(move |b| (a, b))) {
        assert!((one - other).abs() < 0.5 * deviation, "{means:?}");
    }
}

/// The hours of a worksite are those of programs so far, 74 or 75; a condition leaves fewer worksites, all of which may start.
#[test]
fn a_start_order_is_of_the_worksites_that_are_asked_for() {
    let project = Project::sample();
    let asked = [
        "--worksites",
        "size_band >= 2 -- no small ones",
        "--years",
        "2",
        "--first-year",
        "2028",
    ];
    let answer = start_order(project.path(), &asked)
        .exits(0)
        .says(&["are enough for 16 worksites, at 74.5 hours each", "2028: "]);
    let starts = starts(&answer.stdout);
    let n_of = |year: &str| starts.iter().filter(|start| start.year == year).count();
    let n = usize::try_from(
        project.count("select count(*) from evaluation_candidates_activity where size_band >= 2"),
    );
    assert_eq!(n.unwrap(), starts.len());
    assert!(n_of("2028") > 1 && n_of("2028") <= 16 && n_of("2029") <= 16);
    let written = project.path().join("evaluations/activity_rollout.toml");
    let written = fs::read_to_string(written).unwrap();
    assert!(
        written.contains("# Of the worksites with: size_band >= 2 -- no small ones\n"),
        "{written}"
    );
}

#[test]
fn a_start_order_that_cannot_be_drawn_says_why() {
    let cases: [([&str; 2], i32, &[&str]); 7] = [
        (
            ["--worksites", "size_bnd >= 2"],
            3,
            &["`--worksites`", "did you mean `size_band`", "hint: "],
        ),
        (
            ["--worksites", "size_band >="],
            3,
            &["`--worksites` is no SQL condition"],
        ),
        (
            ["--worksites", "size_band"],
            3,
            &["`--worksites` is no SQL condition"],
        ),
        (["--worksites", "n_persons < 0"], 2, &["`--worksites`"]),
        (["--years", "0"], 2, &["--years", "1..=30"]),
        (
            ["--first-year", "2020"],
            2,
            &["no worksite can start in 2020", "2024"],
        ),
        (
            ["--hours-per-worksite", "1200.5"],
            2,
            &[
                "1200 hours",
                "not enough for one worksite, which takes 1200.5",
            ],
        ),
    ];
    for (more, code, says) in cases {
        start_order(sample_project(), &more).exits(code).says(says);
    }
    let bundle = ["power", "bundle", "--design", "--hours-per-year", "1200"];
    run_in(sample_project(), &bundle)
        .exits(2)
        .says(&["how many staff hours", "--hours-per-worksite"]);
    run_in(sample_project(), &["power", "activity", "--design"])
        .exits(2)
        .says(&["--hours-per-year"]);
    run_in(sample_project(), &["power", "activity", "--seed", "2"])
        .exits(2)
        .says(&["--design"]);
    let written = sample_project().join("evaluations/activity_rollout.toml");
    assert!(!written.exists());
}
