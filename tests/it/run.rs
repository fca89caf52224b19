//! `run`: what is built again and what is not, what fails and with which code, what stays published.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use fs_err as fs;
use korabo::config::ProjectConfig;
use korabo::pipeline::Project as LoadedProject;

use crate::small_project;
use crate::support::Project;

/// Tables that the latest run built.
fn built_last(project: &Project) -> BTreeSet<String> {
    let sql = "select table_name from run_steps where outcome = 'built' \
               and run_id = (select max(run_id) from runs) order by 1";
    let rows = project.rows(sql);
    rows.iter()
        .map(|row| row["table_name"].as_str().unwrap().to_owned())
        .collect()
}

fn loaded(project: &Project) -> LoadedProject {
    let config = ProjectConfig::load(project.path()).unwrap();
    LoadedProject::load(config).unwrap()
}

/// Text of every query without its comments: also of those that templates, evaluation plans and indicators make.
fn queries(project: &Project) -> BTreeMap<String, String> {
    let without_comments = |text: &str| {
        let code = text.lines().map(|line| line.split("--").next().unwrap());
        code.collect::<Vec<_>>().join("\n")
    };
    let project = loaded(project);
    let queries = project.dag.queries().iter();
    queries
        .map(|query| (query.name.clone(), without_comments(&query.text)))
        .collect()
}

/// Queries that mention one of `words` or, directly or not, a query that does.
fn dependents(project: &Project, words: &[&str]) -> BTreeSet<String> {
    let queries = queries(project);
    let mut wanted: BTreeSet<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for (name, code) in &queries {
            let is_word = |c: char| !(c.is_alphanumeric() || c == '_' || c == '$');
            if code.split(is_word).any(|word| wanted.contains(word)) {
                found.insert(name.clone());
            }
        }
        wanted.extend(found.iter().cloned());
        if found.len() == before {
            return found;
        }
    }
}

/// Names in lines like `build   effect_summary   its query changed`.
fn planned(project: &Project, select: &[&str]) -> BTreeMap<String, String> {
    let arguments: Vec<&str> = ["plan"].iter().chain(select).copied().collect();
    let outcome = project.korabo(&arguments).exits(0);
    let lines = outcome
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("build "));
    lines
        .map(|line| {
            let (name, reason) = line.trim().split_once(' ').unwrap();
            (name.to_owned(), reason.trim().to_owned())
        })
        .collect()
}

#[test]
fn second_run_builds_nothing_and_changes_no_version() {
    let project = Project::built();
    let before = project.versions();
    assert!(before.len() > 50, "{} tables", before.len());
    let outcome = project.korabo(&["run"]).exits(0);
    assert_eq!(outcome.summary("ok"), 0.0);
    assert_eq!(outcome.summary("failed"), 0.0);
    assert!(outcome.summary("skipped") > 40.0);
    assert_eq!(project.versions(), before);
}

#[test]
fn scheduler_can_tell_an_empty_run() {
    let project = Project::built();
    project
        .korabo(&["run", "--nothing-new-code", "99"])
        .exits(99);
}

#[test]
fn plan_changes_nothing() {
    let project = Project::unbuilt();
    let before = planned(&project, &[]);
    assert!(before.len() > 40);
    assert!(!project.path().join("lake/members").exists());
    assert!(!project.path().join("reports").exists());
    assert_eq!(planned(&project, &[]), before);
}

#[test]
fn new_checkups_rebuild_only_what_depends_on_them() {
    let project = Project::built();
    let extract = "sample_data/insurer_06139992/checkups_2024.parquet";
    let sql = format!(
        "select * replace (cast(checkup_date + interval '1 day' as date) as checkup_date) \
         from '{extract}' where extract(month from checkup_date) between 5 and 9 limit 5"
    );
    let new = "sample_data/insurer_06139992/checkups_2024-late.parquet";
    project.korabo(&["sql", "-o", new, "-c", &sql]).exits(0);
    let outcome = project.korabo(&["run"]).exits(0);
    let built = built_last(&project);
    assert_eq!(outcome.summary("ok"), built.len() as f64);
    let allowed = dependents(&project, &["checkups"]);
    let extra: Vec<&String> = built.difference(&allowed).collect();
    assert!(extra.is_empty(), "built without a reason: {extra:?}");
    for needed in [
        "link_checkup_records",
        "panel_person_year",
        "effect_summary",
        "summary_flow",
    ] {
        assert!(built.contains(needed), "{needed} was not built");
    }
    assert!(!built.contains("link_person_ids") && !built.contains("panel_claims"));
}

#[test]
fn same_content_under_another_name_changes_nothing() {
    let project = Project::built();
    let folder = project.path().join("sample_data/insurer_01139997");
    fs::copy(
        folder.join("members_2016-2024.parquet"),
        folder.join("members_again.parquet"),
    )
    .unwrap();
    let before = project.versions();
    let outcome = project.korabo(&["run"]).exits(0);
    assert_eq!(outcome.summary("ok"), 0.0);
    assert_eq!(project.versions(), before);
}

#[test]
fn changed_query_is_built_again_with_what_reads_it() {
    let project = Project::built();
    let name = "link_outside_enrollment";
    let text = fs::read_to_string(project.path().join(format!("queries/{name}.sql"))).unwrap();
    project.write(
        &format!("queries/{name}.sql"),
        format!("{text}\n-- Another comment.\n"),
    );
    let plan = planned(&project, &[]);
    assert_eq!(plan[name], "its query changed");
    let names: BTreeSet<String> = plan.into_keys().collect();
    assert_eq!(
        names,
        dependents(&project, &[name])
            .into_iter()
            .chain([name.to_owned()])
            .collect()
    );
    project.korabo(&["run"]).exits(0);
    assert_eq!(built_last(&project), names);
}

#[test]
fn changed_parameter_makes_its_users_stale() {
    let project = Project::built();
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    assert!(config.contains("min_age = 20"));
    project.write(
        "korabo.toml",
        config.replace("min_age = 20", "min_age = 21"),
    );
    let plan: BTreeSet<String> = planned(&project, &[]).into_keys().collect();
    let users = dependents(&project, &["$min_age"]);
    let unplanned: BTreeSet<String> = users.difference(&plan).cloned().collect();
    assert!(
        plan.is_subset(&users) && plan.contains("effect_summary"),
        "{plan:?}"
    );
    let loaded = loaded(&project);
    let is_view = |name: &&String| {
        let text = &loaded.dag.query(name).unwrap().text;
        text.contains("-- materialize: view\n")
    };
    let views: BTreeSet<String> = users.iter().filter(is_view).cloned().collect();
    assert_eq!(unplanned, views, "only views need no building");
    let expected = [
        "panel_employees",
        "panel_spouses",
        "panel_balance_smoking",
        "evaluation_estimates",
        "effect_estimates",
    ];
    assert!(
        expected.iter().all(|view| views.contains(*view)),
        "{views:?}"
    );
}

#[test]
fn selectors_pick_a_query_with_what_it_needs_or_what_needs_it() {
    let project = Project::unbuilt();
    let names = |select: &str| planned(&project, &[select]).into_keys().collect::<Vec<_>>();
    assert_eq!(names("link_person_ids"), ["link_person_ids"]);
    let needed = names("+link_persons");
    assert!(
        needed.contains(&"link_person_ids".to_owned()) && needed.len() > 2,
        "{needed:?}"
    );
    assert!(!needed.contains(&"panel_person_year".to_owned()));
    let dependents = names("panel_baseline+");
    assert_eq!(dependents, ["effect_balance", "panel_baseline"]);
    let tables = [
        "checks",
        "diagnostics",
        "estimates",
        "places",
        "ratings",
        "verdicts",
    ];
    let mut of_plan = tables
        .map(|table| format!("evaluation_{table}_rest"))
        .to_vec();
    of_plan.push("panel_evaluation_rest".to_owned());
    assert_eq!(names("evaluation:rest"), of_plan);
    project
        .korabo(&["run", "panel_chekups"])
        .exits(3)
        .says(&["no query `panel_chekups`", "did you mean `panel_checkups`?"]);
    project.korabo(&["run", "evaluation:rset"]).exits(3).says(&[
        "no evaluation plan is called `rset`",
        "did you mean `rest`?",
    ]);
}

#[test]
fn broken_join_cardinality_stops_the_query_with_the_number_of_keys() {
    let project = Project::built();
    project.write(
        "queries/summary_join.sql",
        "-- One row.\n-- join: many_to_one link_checkup_records on (person_id)\n\n\
         select count(*) as n from link_persons as p \
         inner join link_checkup_records as c on p.person_id = c.person_id\n",
    );
    let n_keys = project.count(
        "select count(*) as n from (select person_id from link_checkup_records \
         group by person_id having count(*) > 1)",
    );
    assert!(n_keys > 0);
    let problem = format!("{n_keys} keys occur there more than once");
    let outcome = project.korabo(&["run", "summary_join"]).exits(5).says(&[
        "`summary_join` was not run",
        "`link_checkup_records` on (person_id)",
        &problem,
    ]);
    assert_eq!(outcome.summary("failed"), 1.0);
    assert!(!project.versions().contains_key("summary_join"));
}

#[test]
fn duplicate_keys_keep_the_old_version_published() {
    let project = Project::built();
    let header = "-- One row per group.\n-- key: id\n\n";
    let write = |values: &str| {
        let select = format!("select column1 as id from (values {values}) as t");
        project.write("queries/summary_keys.sql", format!("{header}{select}\n"));
    };
    write("(1), (2)");
    project.korabo(&["run", "summary_keys"]).exits(0);
    let version = project.versions()["summary_keys"];
    write("(7), (7), (8), (8), (9)");
    project.korabo(&["run", "summary_keys"]).exits(5).says(&[
        "`summary_keys` was not published",
        "2 of `id` occur more than once",
    ]);
    assert_eq!(project.versions()["summary_keys"], version);
    assert_eq!(
        project.text("csv", "select id from summary_keys order by id"),
        "id\n1\n2\n"
    );
    write("(7), (8)");
    project.korabo(&["run", "summary_keys"]).exits(0);
    assert_eq!(project.versions()["summary_keys"], version + 1);
    assert_eq!(
        project.text("csv", "select id from summary_keys order by id"),
        "id\n7\n8\n"
    );
}

#[test]
fn missing_values_keep_a_table_unpublished() {
    let project = Project::built();
    project.write(
        "queries/summary_nulls.sql",
        "-- One row per group.\n-- not_null: id\n\nselect * from (values (1), (null)) as t (id)\n",
    );
    project.korabo(&["run", "summary_nulls"]).exits(5).says(&[
        "`summary_nulls` was not published",
        "`id` is missing in 1 rows",
    ]);
    assert!(!project.versions().contains_key("summary_nulls"));
}

#[test]
fn wrong_sql_is_reported_with_place_and_nearest_name() {
    let project = Project::built();
    let cases = [
        (
            "select fiscal_yaer from panel_person_year",
            [
                "queries/summary_typo.sql:3:8",
                "no column `fiscal_yaer`",
                "did you mean `fiscal_year`?",
            ],
        ),
        (
            "select\n    fiscal_year\nfrom panel_person_yeer",
            [
                "queries/summary_typo.sql:5:6",
                "no table `panel_person_yeer`",
                "`panel_person_year`?",
            ],
        ),
        (
            "select fiscal_year,, 1 from panel_person_year",
            ["queries/summary_typo.sql:3:20", "not valid SQL", "found: ,"],
        ),
    ];
    for (sql, texts) in cases {
        project.write(
            "queries/summary_typo.sql",
            format!("-- One row.\n\n{sql}\n"),
        );
        for command in [&["run", "summary_typo"][..], &["check"]] {
            let outcome = project.korabo(command).exits(3).says(&texts);
            assert!(
                !outcome.stderr.contains("ParserError("),
                "{}",
                outcome.stderr
            );
        }
    }
}

#[test]
fn failed_query_stops_only_what_needs_it() {
    let project = Project::built();
    let text = fs::read_to_string(project.path().join("queries/link_checkup_counts.sql")).unwrap();
    project.write(
        "queries/link_checkup_counts.sql",
        text.replace("key: person_id, fiscal_year", "key: n_records"),
    );
    project.write(
        "queries/summary_one.sql",
        "-- One row.\n\nselect 1 as one\n",
    );
    let before = project.versions();
    project
        .korabo(&["run", "link_checkup_counts+", "summary_one"])
        .exits(5);
    let after = project.versions();
    assert_eq!(after["link_checkup_counts"], before["link_checkup_counts"]);
    assert_eq!(after["panel_person_year"], before["panel_person_year"]);
    assert!(
        after.contains_key("summary_one"),
        "an independent query is built"
    );
    let sql = "select outcome, count(*) as n from run_steps where run_id = (select max(run_id) from runs) \
               group by outcome order by outcome";
    let outcomes = project.rows(sql);
    let words: Vec<&str> = outcomes
        .iter()
        .map(|row| row["outcome"].as_str().unwrap())
        .collect();
    assert!(
        words.starts_with(&["blocked", "built", "failed"]),
        "{words:?}"
    );
}

#[test]
fn second_writer_is_refused_at_once() {
    let project = Project::built();
    let before = project.versions();
    let path = project.path().join("lake/.lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap();
    lock.lock().unwrap();
    for command in ["run", "ingest"] {
        project.korabo(&[command]).exits(8).says(&["another"]);
    }
    project
        .korabo(&["sql", "-c", "select count(*) from members"])
        .exits(0);
    assert_eq!(project.versions(), before);
    lock.unlock().unwrap();
    project.korabo(&["run"]).exits(0);
}

#[test]
fn a_mistake_in_the_last_query_is_found_before_anything_is_taken_in() {
    let project = small_project::project("");
    let summary = project.path().join("queries/summary_visits.sql");
    let right = fs::read_to_string(&summary).unwrap();
    fs::write(&summary, right.replace("avg(pressure)", "avg(presure)")).unwrap();
    project.korabo(&["run"]).exits(3).says(&[
        "summary_visits.sql:",
        "presure",
        "did you mean `pressure`?",
    ]);
    assert!(!project.versions().contains_key("visits"));
    assert!(!project.versions().contains_key("clean_visits"));

    fs::write(&summary, &right).unwrap();
    project.korabo(&["run"]).exits(0).says(&["failed=0"]);
    // A project that was right is checked again once it has changed: queries, contracts, parameters.
    fs::write(&summary, right.replace("avg(pressure)", "avg(presure)")).unwrap();
    let versions = project.versions();
    project.korabo(&["run"]).exits(3).says(&["presure"]);
    fs::write(&summary, &right).unwrap();
    let contract = project.path().join("schemas/visits.toml");
    let text = fs::read_to_string(&contract).unwrap();
    fs::write(
        &contract,
        text.replace("[columns.pressure]", "[columns.tension]"),
    )
    .unwrap();
    project.korabo(&["run"]).exits(3).says(&["pressure"]);
    let without_runs = |mut versions: BTreeMap<String, u64>| {
        versions.retain(|table, _| !table.starts_with("run"));
        versions
    };
    assert_eq!(without_runs(project.versions()), without_runs(versions));
}

#[test]
fn a_run_of_selected_tables_checks_the_whole_project_once() {
    let project = small_project::project("");
    let summary = project.path().join("queries/summary_visits.sql");
    let right = fs::read_to_string(&summary).unwrap();
    let wrong = right.replace("avg(pressure)", "avg(presure)");
    fs::write(&summary, &wrong).unwrap();
    let texts = ["summary_visits.sql:", "did you mean `pressure`?"];
    for command in [&["run", "clean_visits"][..], &["retry"]] {
        project.korabo(command).exits(3).says(&texts);
        assert!(!project.versions().contains_key("visits"), "{command:?}");
    }
    fs::write(&summary, &right).unwrap();
    project.korabo(&["retry"]).exits(0);
    assert!(project.versions().contains_key("clean_visits"));
    assert!(!project.versions().contains_key("summary_visits"));

    // The mark of the last check is written for a changed project only.
    let mark = project.path().join("lake/.checked");
    let time_of = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let before = time_of(&mark);
    project.korabo(&["run", "clean_visits"]).exits(0);
    assert_eq!(time_of(&mark), before);
    fs::write(&summary, &wrong).unwrap();
    project
        .korabo(&["run", "clean_visits"])
        .exits(3)
        .says(&texts);
}
