//! A field and an indicator of a project's own: one entry each, and a plan that says what the field is judged by.

use fs_err as fs;

use crate::support::Project;

const FIELD: &str = "
[women_health]
name_ja = \"女性の健康\"
name_en = \"Women’s health\"
";

const PLAN_FILE: &str = "evaluations/women_health.toml";

/// The small world has too few worksites to pass every gate.
const PLAN: &str = "\
question_ja = \"女性の健康の施策で、座位時間は減ったか。\"
question_en = \"Do programs for women’s health make people sit less?\"
field = \"women_health\"
population = \"employees\"
primary = [\"sitting_hours\"]
secondary = [\"bmi\"]

[gates]
pre_trend = { blind_at = 1000, reason = \"a small world\" }
balance = { blind_at = 1000, reason = \"a small world\" }
clusters = { blind_at = 0, reason = \"a small world\" }
linkage = { blind_at = 1, reason = \"a small world\" }
attrition_bounds = { blind_at = -1000, reason = \"a small world\" }
co_exposure = { blind_at = 1, reason = \"a small world\" }
one_worksite = { blind_at = 1000, reason = \"a small world\" }
";

const INDICATOR: &str = "
[sitting_hours]
name_ja = \"1日の座位時間\"
name_en = \"sitting time per day\"
unit = \"h\"
better = \"lower\"
at_risk = \"sitting_hours > 6\"
sql = \"4 + bmi / 10 - case when exercise_habit then 1 else 0 end\"
";

fn append(project: &Project, file: &str, entry: &str) {
    let text = fs::read_to_string(project.path().join(file)).unwrap();
    project.write(file, text + entry);
}

/// Puts `to` in place of field `from` in what employers delivered.
fn rename_field(project: &Project, from: &str, to: &str) {
    let folder = project.path().join("sample_data");
    let mut n_files = 0;
    for holder in fs::read_dir(folder).unwrap() {
        let holder = holder.unwrap().path();
        let file = holder.join("programs.parquet");
        if file.is_file() {
            let renamed = format!(
                "select * replace (case when field = '{from}' then '{to}' else field end as field) from '{}'",
                file.display()
            );
            let target = holder.join("programs.csv");
            let target = target.to_str().unwrap();
            project
                .korabo(&["sql", "-o", target, "-c", &renamed])
                .exits(0);
            fs::remove_file(file).unwrap();
            n_files += 1;
        }
    }
    assert!(n_files > 0);
}

fn rows(project: &Project, sql: &str) -> String {
    let answer = project.korabo(&["sql", "--format", "csv", "-c", sql]);
    answer.exits(0).stdout
}

#[test]
fn a_field_and_an_indicator_take_one_entry_each() {
    let project = Project::unbuilt();
    append(&project, "fields.toml", FIELD);
    append(&project, "indicators.toml", INDICATOR);
    project.write(PLAN_FILE, PLAN);
    rename_field(&project, "oral", "women_health");
    project.korabo(&["run"]).exits(0);

    let effects = "select count(*) as n, count(estimate) > 0 as has_estimates from effect_summary \
                   where field = 'women_health' and indicator = 'sitting_hours'";
    assert_eq!(rows(&project, effects), "n,has_estimates\n4,true\n");
    let verdicts = "select count(*) as n, count(smallest_change) as n_changes, bool_or(verdict = 'not_judged') as is_hidden \
                    from evaluation_verdicts where evaluation = 'women_health'";
    assert_eq!(
        rows(&project, verdicts),
        "n,n_changes,is_hidden\n2,0,false\n"
    );
    let exposed =
        "select n_persons > 0 as has_exposed from summary_flow where step = 'exposed_women_health'";
    assert_eq!(rows(&project, exposed), "has_exposed\ntrue\n");
    let view = "select count(cohort) > 0 as a, bool_or(participated) as b from panel_women_health";
    assert_eq!(rows(&project, view), "a,b\ntrue,true\n");
    let balance = "select count(*) > 0 as n from effect_balance where field = 'women_health'";
    assert_eq!(rows(&project, balance), "n\ntrue\n");

    let report =
        |project: &Project| fs::read_to_string(project.path().join("reports/report.html")).unwrap();
    let page = report(&project);
    for text in ["女性の健康", "1日の座位時間", "、h）"] {
        assert!(page.contains(text), "{text}");
    }
    project.korabo(&["report", "--lang", "en"]).exits(0);
    let page = report(&project);
    for text in ["Women’s health", "Sitting time per day", ", h)"] {
        assert!(page.contains(text), "{text}");
    }

    // Another wording makes another report, and no table is built for it.
    let text = fs::read_to_string(project.path().join("fields.toml")).unwrap();
    project.write("fields.toml", text.replace("女性の健康", "女性特有の健康"));
    let outcome = project.korabo(&["run"]).exits(0);
    for stage in ["effect_", "evaluation_"] {
        assert!(!outcome.stdout.contains(stage), "{}", outcome.stdout);
    }
    assert!(report(&project).contains("女性特有の健康"));
}

#[test]
fn programs_of_a_field_without_an_entry_are_rejected() {
    let project = Project::unbuilt();
    rename_field(&project, "oral", "womens_health");
    let outcome = project.korabo(&["run"]).exits(4);
    outcome.says(&[
        "programs",
        "`field` breaks rule `code`: ",
        "expected: activity, alcohol, frailty",
    ]);
}

#[test]
fn what_an_entry_names_must_be_there() {
    let cases = [
        (
            "indicators.toml",
            INDICATOR.replace("bmi / 10", "bim / 10"),
            "`sql` of `sitting_hours` cannot be planned over the panel",
        ),
        (
            "indicators.toml",
            INDICATOR.replace("bmi / 10", "bmi / 10 -- rest\\n) from x, ("),
            "`sql` of `sitting_hours` cannot be planned over the panel",
        ),
        (
            "indicators.toml",
            INDICATOR.replace("sitting_hours > 6", "sitting > 6"),
            "`at_risk` of `sitting_hours` cannot be planned over the panel",
        ),
        (
            "indicators.toml",
            INDICATOR.replace("sql = \"4", "# sql = \"4"),
            "no indicator `sitting_hours`",
        ),
        (
            "indicators.toml",
            INDICATOR.replace("sitting_hours", "waist_to_height"),
            "ok",
        ),
        (
            "indicators.toml",
            format!(
                "{INDICATOR}\n[age]\nname_ja = \"x\"\nname_en = \"x\"\nunit = \"x\"\nsql = \"1\"\n"
            ),
            "the panel has a column `age` already",
        ),
    ];
    for (file, entry, message) in cases {
        let project = Project::unbuilt();
        append(&project, file, &entry);
        let outcome = project.korabo(&["check"]);
        match message {
            "ok" => drop(outcome.exits(0)),
            _ => drop(outcome.exits(3).says(&[file, message])),
        }
    }
}

#[test]
fn what_a_plan_names_must_be_there() {
    let cases = [
        (
            "sitting_hours",
            "sitting_hour",
            "evaluations/women_health.toml:5:12: no indicator `sitting_hour`: the panel has no such column",
        ),
        (
            "field = \"women_health\"",
            "field = \"woman_health\"",
            "evaluations/women_health.toml:3:9: there is no field `woman_health`; did you mean `women_health`?",
        ),
        (
            "\"employees\"",
            "\"employes\"",
            "evaluations/women_health.toml:4:14: there is no population",
        ),
        (
            "pre_trend =",
            "pretrend =",
            "evaluations/women_health.toml:9:1: there is no gate `pretrend`; did you mean `pre_trend`?",
        ),
    ];
    for (from, to, message) in cases {
        let project = Project::unbuilt();
        append(&project, "fields.toml", FIELD);
        append(&project, "indicators.toml", INDICATOR);
        project.write(PLAN_FILE, PLAN.replace(from, to));
        project.korabo(&["check"]).exits(3).says(&[message]);
    }
}

#[test]
fn what_is_wrong_in_sql_is_shown_where_it_was_written() {
    let lines = fs::read_to_string(crate::support::root().join("indicators.toml")).unwrap();
    // The entry's first line is empty; `sql` is its last.
    let line = lines.lines().count() + 8;
    let sql = |text: &str| INDICATOR.replace("4 + bmi / 10", text);
    let long = INDICATOR.replace(
        "\"4 + bmi / 10 - case when exercise_habit then 1 else 0 end\"",
        "\"\"\"\n4 +\n  bim / 10\"\"\"",
    );
    // `sql = "` takes seven columns.
    let cases = [
        (sql("4 + bim / 10"), line, 12, "no column `bim`"),
        (sql("4 + bmi / $days"), line, 19, "`$days` has no value"),
        (sql("4 + nosuch(bmi)"), line, 12, "no function `nosuch`"),
        (sql("4 + * bmi"), line, 12, "found: *"),
        (sql("sum(bmi)"), line, 0, "`sql` of `sitting_hours`"),
        (
            sql("(select 1 from claims)"),
            line,
            23,
            "only `clean_*` queries read",
        ),
        (sql("(select 1 from nosuch)"), line, 23, "no table `nosuch`"),
        (long, line + 2, 3, "no column `bim`"),
    ];
    for (entry, line, column, text) in cases {
        let project = Project::unbuilt();
        append(&project, "indicators.toml", &entry);
        let place = match column {
            0 => format!("indicators.toml:{line}:"),
            _ => format!("indicators.toml:{line}:{column}: "),
        };
        for command in ["check", "run"] {
            let outcome = project.korabo(&[command]).exits(3).says(&[&place, text]);
            assert!(!outcome.stderr.contains("at Line:"), "{}", outcome.stderr);
        }
    }
}

#[test]
fn a_query_of_its_own_takes_the_place_of_a_template() {
    let project = Project::unbuilt();
    for (name, parameter) in [
        ("evaluation_verdicts_mind", "primary"),
        ("panel_mind", "field"),
    ] {
        let file = format!("queries/{name}.sql");
        let query = format!(
            "-- One row.\n-- sensitivity: person\nselect 'own' as field, ${parameter} as a from panel_person_year"
        );
        project.write(&file, query);
        // It is no template, and has neither field nor plan.
        project
            .korabo(&["check"])
            .exits(3)
            .says(&[&format!("{file}:3"), &format!("`${parameter}`")]);
        fs::remove_file(project.path().join(file)).unwrap();
    }
    let query = "-- One row.\n-- part_of: evaluation_verdicts\n-- sensitivity: aggregate\nselect 'own' as evaluation";
    project.write("queries/evaluation_verdicts_mind.sql", query);
    let outcome = project
        .korabo(&["lineage", "evaluation_verdicts_mind"])
        .exits(0);
    assert!(
        outcome
            .stdout
            .starts_with("evaluation_verdicts_mind\n\nreads\n\nread by\n  evaluation_verdicts\n"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_template_s_file_is_named_after_what_it_is_for() {
    let cases = [
        (
            "panel_field",
            "panel_fields_all",
            "in a file with `field` in its name",
        ),
        (
            "evaluation_power_name",
            "evaluation_power_all",
            "in a file whose name ends in `_name`",
        ),
    ];
    for (template, name, expected) in cases {
        let project = Project::unbuilt();
        let text =
            fs::read_to_string(project.path().join(format!("queries/{template}.sql"))).unwrap();
        let before = &text[..text.find("-- for_each: ").unwrap()];
        let line = before.lines().count() + 1;
        project.write(&format!("queries/{name}.sql"), text.as_bytes());
        project.korabo(&["check"]).exits(3).says(&[
            &format!("queries/{name}.sql:{line}:1"),
            &format!("`for_each` must be {expected}"),
        ]);
    }
}
