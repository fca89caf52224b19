//! `korabo diff`: what it shows after data, a query, a parameter changed; what it leaves out of tables about persons.

use fs_err as fs;

use crate::small_project::{project as small_project, token};
use crate::support::Project;

/// Two runs: the second after `change`.
fn changed(change: impl Fn(&Project)) -> Project {
    let project = small_project("[parameters]\nlimit = 0\n");
    project.korabo(&["run"]).exits(0);
    change(&project);
    project.korabo(&["run"]).exits(0);
    project
}

fn edit(project: &Project, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(project.path().join(file)).unwrap();
    assert!(text.contains(from), "{from}");
    project.write(file, text.replace(from, to));
}

fn diff(project: &Project, arguments: &[&str]) -> String {
    project
        .korabo(&[&["diff"], arguments].concat())
        .exits(0)
        .stdout
}

/// The part of the text about `table`.
fn part<'t>(text: &'t str, table: &str) -> &'t str {
    let parts = text.split("\n\n");
    let mut parts = parts.filter(|part| part.starts_with(&format!("{table}  version")));
    let part = parts.next();
    assert!(part.is_some(), "nothing of {table} in:\n{text}");
    part.unwrap()
}

#[test]
fn new_data_is_followed_to_the_numbers_it_moved() {
    let project = changed(|project| {
        let more = format!(
            "person_key,visited_on,pressure,kind,note\n{},2023-08-01,150,2,\n{},2024-08-01,150,2,\n",
            token('c'),
            token('c')
        );
        project.write("extracts/visits_2.csv", more);
    });
    let text = diff(&project, &["1", "2"]);
    let cleaned = part(&text, "clean_visits");
    assert!(
        cleaned.contains("  why   `visits` has 1 delivery more: visits_2.csv\n"),
        "{text}"
    );
    assert!(cleaned.contains("  rows  2 added"), "{text}");
    assert!(
        !text.contains(&token('c')) && !text.contains("150"),
        "{text}"
    );
    let summary = part(&text, "summary_visits");
    let from = "  from  visits → clean_visits → link_visits → summary_visits: `visits` has 1 delivery more";
    assert!(summary.contains("why   `link_visits` changed"), "{text}");
    assert!(
        summary.contains(from) || summary.contains("from  visits"),
        "{text}"
    );
    assert!(summary.contains("  rows  1 changed, 1 added\n"), "{text}");
    assert!(summary.contains("  2023  n: 2 → 3  (+1.000000)"), "{text}");
    assert!(
        summary.contains("  2023  mean_pressure: 127.5 → 135.0  (+7.500000)"),
        "{text}"
    );
    assert!(diff(&project, &["last", "last"]).contains("no table differs"));
    assert_eq!(
        diff(&project, &["last~1"]),
        text,
        "the later run is the last"
    );
}

/// Versions of a table that was removed count from 0 again: the latest run's counts, not the largest.
#[test]
fn a_table_built_again_after_it_was_removed_is_compared_with_its_new_versions() {
    let project = changed(|project| {
        let query = "queries/summary_visits.sql";
        edit(project, query, "avg(pressure)", "max(pressure)");
        project.korabo(&["run"]).exits(0);
        edit(project, query, "max(pressure)", "min(pressure)");
        project.korabo(&["run"]).exits(0);
        fs::remove_dir_all(project.path().join("lake/summary_visits")).unwrap();
        project.korabo(&["run"]).exits(0);
        edit(project, query, "min(pressure)", "median(pressure)");
    });
    let text = diff(&project, &["last~1"]);
    let summary = part(&text, "summary_visits");
    assert!(summary.contains("version 0 → 1"), "{text}");
    assert!(summary.contains("median(pressure)"), "{text}");
}

#[test]
fn a_changed_query_shows_its_lines() {
    let project = changed(|project| {
        edit(
            project,
            "queries/summary_visits.sql",
            "avg(pressure)",
            "max(pressure)",
        );
    });
    let text = diff(&project, &["1", "2"]);
    let summary = part(&text, "summary_visits");
    assert!(summary.contains("  why   its query changed\n"), "{text}");
    assert!(
        summary.contains("-select fiscal_year(visited_on) as year, count(*) as n, avg(pressure)"),
        "{text}"
    );
    assert!(
        summary.contains("+select fiscal_year(visited_on) as year, count(*) as n, max(pressure)"),
        "{text}"
    );
    assert!(summary.contains("mean_pressure: 127.5 → 134.0"), "{text}");
    assert!(!text.contains("clean_visits  version"), "{text}");
}

#[test]
fn a_changed_parameter_is_followed_downwards() {
    let project = small_project("[parameters]\nlimit = 0\n");
    edit(
        &project,
        "queries/clean_visits.sql",
        "from visits",
        "from visits where pressure > $limit",
    );
    project.korabo(&["run"]).exits(0);
    edit(&project, "korabo.toml", "limit = 0", "limit = 130");
    project.korabo(&["run"]).exits(0);
    let text = diff(&project, &["1", "2"]);
    assert!(
        part(&text, "clean_visits").contains("  why   parameter `limit`: 0 → 130\n"),
        "{text}"
    );
    assert!(
        part(&text, "clean_visits").contains("  rows  1 removed"),
        "{text}"
    );
    let summary = part(&text, "summary_visits");
    let from = "  from  clean_visits → link_visits → summary_visits: parameter `limit`: 0 → 130 in `clean_visits`\n";
    assert!(summary.contains(from), "{text}");
}

#[test]
fn a_table_rebuilt_without_a_cause_says_so() {
    let project = small_project("");
    project.korabo(&["run"]).exits(0);
    project
        .korabo(&["run", "--full-refresh", "clean_visits"])
        .exits(0);
    let text = diff(&project, &["1", "2"]);
    let cleaned = part(&text, "clean_visits");
    assert!(
        cleaned.contains("none of its inputs changed; it was rebuilt"),
        "{text}"
    );
    assert!(cleaned.contains("  rows  the same"), "{text}");
}

#[test]
fn formats_hold_one_row_per_cause_and_value() {
    let project = changed(|project| {
        edit(
            project,
            "queries/summary_visits.sql",
            "avg(pressure)",
            "max(pressure)",
        );
    });
    let rows = diff(
        &project,
        &["1", "2", "--format", "csv", "--table", "summary_visits"],
    );
    let mut lines = rows.lines();
    let header = "table_name,what,detail,column_name,before,after,difference,std_errors";
    assert_eq!(lines.next(), Some(header));
    assert!(rows.contains("summary_visits,version,,,0,1,,\n"), "{rows}");
    assert!(
        rows.contains("summary_visits,rows_changed,,,,1,,\n"),
        "{rows}"
    );
    assert!(
        rows.contains("summary_visits,value,2023,mean_pressure,127.5,134.0,6.5,\n"),
        "{rows}"
    );
    let few = diff(&project, &["1", "2", "--limit", "0"]);
    assert!(few.contains("… and 1 more"), "{few}");
}

const EFFECT: &str = "-- One row per indicator.
-- key: indicator
-- sensitivity: aggregate
select 'steps' as indicator, 2.5 as estimate, 0.5 as std_error, 0.7 as conf_low, 4.3 as conf_high, 'ok' as status
union all
select 'sleep', 3.25, 0.5, 2.25, 4.25, 'ok'
union all
select 'mood', 2.501, 0.5, 1.5, 3.5, 'ok'
";

#[test]
fn changed_estimates_lead_as_the_report_rounds_them() {
    let project = small_project("");
    project.write("queries/effect_one.sql", EFFECT);
    project.korabo(&["run"]).exits(0);
    let changed = EFFECT
        .replace("2.5 as estimate", "1.5 as estimate")
        .replace("0.7 as conf_low", "-0.3 as conf_low")
        .replace("4.25, 'ok'", "4.25, 'few_clusters'")
        .replace("2.501", "2.502");
    project.write("queries/effect_one.sql", changed);
    project.korabo(&["run"]).exits(0);
    let text = diff(&project, &["1", "2"]);
    let lead = "
2 estimates changed
  effect_one  steps
    +2.50 (+0.700 … +4.30) → +1.50 (−0.300 … +4.30)
    the interval now includes 0
  effect_one  sleep
    +3.25 (+2.25 … +4.25) → +3.25 (+2.25 … +4.25)
    status ok → few_clusters
  1 estimate changed by less than the report shows

1 table was built anew
  effect_one  rows: 3 changed

effect_one  version 0 → 1
";
    assert!(text.contains(lead), "{text}");
    let rows = diff(&project, &["1", "2", "--format", "csv"]);
    let lines: Vec<&str> = rows.lines().skip(1).take(5).collect();
    let expected = [
        "effect_one,estimate,steps,estimate,2.5,1.5,-1.0,-2.0",
        "effect_one,interval,steps,,excludes 0,includes 0,,",
        "effect_one,estimate,sleep,estimate,3.25,3.25,0.0,0.0",
        "effect_one,status,sleep,status,ok,few_clusters,,",
        "effect_one,version,,,0,1,,",
    ];
    assert_eq!(lines, expected, "{rows}");
}

#[test]
fn differences_at_the_twelfth_digit_are_counted_and_not_shown() {
    let project = changed(|project| {
        edit(
            project,
            "queries/clean_visits.sql",
            "round(pressure)",
            "round(pressure) * 1.0000000000001",
        );
    });
    let text = diff(&project, &["1", "2"]);
    // Of four visits one is rejected and one has no pressure; two have one, and so does the one year of the summary.
    assert!(
        text.contains("  3 rows differ only beyond the ninth digit of a number\n"),
        "{text}"
    );
    for table in ["clean_visits", "summary_visits"] {
        assert!(part(&text, table).contains("  rows  the same"), "{text}");
    }
    assert!(!text.contains("mean_pressure:"), "{text}");
}

#[test]
fn a_version_that_is_gone_is_named() {
    let project = changed(|project| {
        edit(
            project,
            "queries/summary_visits.sql",
            "avg(pressure)",
            "max(pressure)",
        );
    });
    let folder = project.path().join("lake/summary_visits");
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
        {
            fs::remove_file(path).unwrap();
        }
    }
    let text = diff(&project, &["1", "2"]);
    assert!(
        text.contains("  rows  version 0 of `summary_visits` is no longer in the lake\n"),
        "{text}"
    );
    assert!(text.contains("its query changed"), "{text}");
}

#[test]
fn runs_that_are_not_there_are_errors() {
    let project = small_project("");
    project.korabo(&["run"]).exits(0);
    project
        .korabo(&["diff", "1", "9"])
        .exits(2)
        .says(&["there is no run `9`", "runs 1 to 1"]);
    project
        .korabo(&["diff", "first", "1"])
        .exits(2)
        .says(&["`first` is not a run"]);
    project
        .korabo(&["diff", "1", "1", "--table", "sumary_visits"])
        .exits(3)
        .says(&["did you mean `summary_visits`"]);
}
