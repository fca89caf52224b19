//! `--as-of`: questions to the lake as it was, reports of it, and runs on it in a folder of their own.

use fs_err as fs;

use crate::support::{Outcome, Project, copy_contracts, rows_in};

const HEAD: &str =
    "municipality_code,fiscal_year,name,area,has_council,council_stage,joint_projects\n";

/// A project that took in one extract in run 1 and another in run 2, and got a table more in run 2.
fn grown() -> Project {
    let project = Project::empty();
    let config = "[project]\nname = \"small\"\n\n[extracts]\npath = \"extracts\"\n\n\
                  [sources.municipalities]\nfiles = [\"*.csv\"]\n";
    project.write("korabo.toml", config);
    copy_contracts(project.path());
    project.write(
        "queries/clean_a.sql",
        "-- One row per place.\n\nselect municipality_code as x from municipalities\n",
    );
    project.write(
        "extracts/one.csv",
        format!("{HEAD}13101,2023,Chiyoda,chuo-area,true,3,2\n"),
    );
    project.korabo(&["run"]).exits(0);
    project.write(
        "extracts/two.csv",
        format!("{HEAD}13102,2023,Chuo,chuo-area,true,3,2\n"),
    );
    project.write(
        "queries/link_b.sql",
        "-- One row per place.\n\nselect x from clean_a\n",
    );
    project.korabo(&["run"]).exits(0);
    project
}

fn asked(project: &Project, as_of: &str, sql: &str) -> Outcome {
    project.korabo(&["sql", "--as-of", as_of, "--format", "csv", "-c", sql])
}

#[test]
fn questions_are_answered_as_of_a_run_or_a_time() {
    let project = grown();
    let sql = "select count(*) as n from clean_a";
    assert_eq!(asked(&project, "run:1", sql).exits(0).stdout, "n\n1\n");
    assert_eq!(asked(&project, "run:2", sql).exits(0).stdout, "n\n2\n");
    // A raw table, and a table of korabo's own.
    let places = "select count(*) as n from municipalities";
    assert_eq!(asked(&project, "run:1", places).exits(0).stdout, "n\n1\n");
    assert_eq!(
        asked(&project, "run:1", "select count(*) as n from deliveries")
            .exits(0)
            .stdout,
        "n\n1\n"
    );
    let started = project.value("select cast(started_at as varchar) from runs where run_id = 2");
    let before = started.as_str().unwrap().replace(' ', "T");
    assert_eq!(asked(&project, &before, sql).exits(0).stdout, "n\n1\n");
    for late in [
        "2999-12-31",
        "2999-12-31 23:59",
        "2999-12-31T23:59:59+09:00",
    ] {
        assert_eq!(asked(&project, late, sql).exits(0).stdout, "n\n2\n");
    }
}

#[test]
fn a_table_that_was_not_there_yet_is_unknown_and_says_so() {
    let project = grown();
    asked(&project, "run:1", "select * from link_b")
        .exits(3)
        .says(&["there was no table `link_b` yet at 2"]);
    asked(&project, "run:1", "select * from link_c")
        .exits(3)
        .says(&["no table `link_c`"]);
    asked(&project, "2001-01-01", "select * from municipalities")
        .exits(3)
        .says(&["there was no table `municipalities` yet at 2001-01-01T23:59:59"]);
    let shown = asked(&project, "run:1", "show tables").exits(0).stdout;
    assert!(
        shown.contains("clean_a") && !shown.contains("link_b"),
        "{shown}"
    );
    asked(&project, "run:9", "select 1")
        .exits(3)
        .says(&["there is no run 9", "korabo history"]);
    let release = ["sql", "--release", "--as-of", "run:1", "-c", "select 1"];
    project
        .korabo(&release)
        .exits(2)
        .says(&["cannot be used with"]);
    for wrong in ["yesterday", "run:x", "2026-13-01"] {
        asked(&project, wrong, "select 1")
            .exits(2)
            .says(&["--as-of"]);
    }
}

#[test]
fn a_run_on_the_past_is_a_project_of_its_own() {
    let project = grown();
    let before = project.versions();
    let into = project.path().join("then");
    let folder = into.to_string_lossy().into_owned();
    project
        .korabo(&["run", "--as-of", "run:1"])
        .exits(2)
        .says(&["--as-of needs --into DIR"]);
    // Today's queries over the rows of that time; what is up to date stays as it was built.
    let query = "-- One row per place.\n\nselect x, 'new' as made from clean_a\n";
    project.write("queries/link_b.sql", query);
    let rehearsal = ["run", "--as-of", "run:1", "--dry-run"];
    let rehearsed = project.korabo(&rehearsal).exits(0).stdout;
    assert!(rehearsed.starts_with("build   link_b "), "{rehearsed}");
    assert_eq!(rehearsed.lines().count(), 1, "{rehearsed}");
    let run = ["run", "--as-of", "run:1", "--into", folder.as_str()];
    let outcome = project
        .korabo(&run)
        .exits(0)
        .says(&["the project's own lake stays as it is"]);
    assert_eq!(
        (outcome.summary("ok"), outcome.summary("skipped")),
        (1.0, 1.0)
    );
    assert_eq!(project.versions(), before);
    let made = rows_in(&into, "select x, made from link_b");
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["made"], "new");
    assert_eq!(rows_in(&into, "select * from municipalities").len(), 1);
    project.korabo(&run).exits(2).says(&["is not empty"]);
    // Files are shared, and upkeep of one lake takes nothing from the other.
    project.korabo(&["run"]).exits(0);
    project.korabo(&["maintain", "--keep-days", "0"]).exits(0);
    assert_eq!(rows_in(&into, "select x, made from link_b"), made);
    assert_eq!(
        project.count("select count(*) from link_b where made = 'new'"),
        2
    );
    // The selection holds there too.
    let other = project.path().join("other").to_string_lossy().into_owned();
    let run = [
        "run",
        "clean_a",
        "--full-refresh",
        "--as-of",
        "2999-01-01",
        "--into",
        &other,
    ];
    assert_eq!(project.korabo(&run).exits(0).summary("ok"), 1.0);
}

#[test]
fn what_upkeep_removed_is_named_with_the_retention() {
    let project = grown();
    project.korabo(&["maintain", "--keep-days", "0"]).exits(0);
    let sql = "select count(*) as n from clean_a";
    let texts = [
        "what lake table `clean_a` was at 2",
        "was removed by `korabo maintain`",
        "keep_days",
    ];
    asked(&project, "run:1", sql).exits(3).says(&texts);
    let into = project.path().join("then").to_string_lossy().into_owned();
    project
        .korabo(&["run", "--as-of", "run:1", "--into", &into])
        .exits(3)
        .says(&["was removed by `korabo maintain`"]);
}

#[test]
fn a_report_of_the_past_says_so_and_is_not_the_projects() {
    let project = Project::built();
    let own = fs::read(project.path().join("reports/report.html")).unwrap();
    project
        .korabo(&["report", "--as-of", "run:1"])
        .exits(2)
        .says(&["--as-of needs -o"]);
    project
        .korabo(&[
            "report",
            "--as-of",
            "run:1",
            "-o",
            "then.html",
            "--lang",
            "en",
        ])
        .exits(0);
    let then = fs::read_to_string(project.path().join("then.html")).unwrap();
    assert!(then.contains("(as of 2"));
    assert_eq!(
        fs::read(project.path().join("reports/report.html")).unwrap(),
        own
    );
}
