//! `korabo maintain`: fewer files, the same rows, nothing stale; files go after their time and not before; a kill in the
//! middle loses nothing.

use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use fs_err as fs;

use crate::support::{Project, files_below, program, run_in, send};

const TABLES: [&str; 4] = [
    "deliveries",
    "panel_person_year",
    "evaluation_estimates_smoking",
    "effect_summary",
];

fn data_files(table: &Path) -> usize {
    let files = files_below(table);
    let is_data = |file: &&std::path::PathBuf| {
        file.extension().is_some_and(|ending| ending == "parquet")
            && !file.starts_with("_delta_log")
    };
    files.iter().filter(is_data).count()
}

/// The cells of the line about `table`.
fn cells(stdout: &str, table: &str) -> Vec<String> {
    let lines = stdout
        .lines()
        .map(|line| line.split_whitespace().map(str::to_owned));
    let mut lines = lines.map(Iterator::collect::<Vec<String>>);
    lines.find(|cells| cells[0] == table).unwrap()
}

#[test]
fn small_files_become_few_and_nothing_becomes_stale() {
    let project = Project::built();
    let (contents, versions) = (project.contents(&TABLES), project.versions());
    let rehearsal = project.korabo(&["maintain", "--dry-run"]).exits(0);
    assert_eq!(project.versions(), versions, "a rehearsal wrote something");
    let outcome = project
        .korabo(&["maintain"])
        .exits(0)
        .says(&["files fewer; freed 0.00 MB; earlier versions stay for 30 days"]);
    let (claims, planned) = (
        cells(&outcome.stdout, "deliveries"),
        cells(&rehearsal.stdout, "deliveries"),
    );
    assert!(claims[1].parse::<u64>().unwrap() > 10, "{claims:?}");
    assert_eq!(claims[2], "1");
    assert_eq!(claims[1..3], planned[1..3]);
    assert_eq!(project.contents(&TABLES), contents);
    assert!(project.versions()["deliveries"] > versions["deliveries"]);
    // Nothing has to be built, ingested or reported again.
    let report = fs::read(project.path().join("reports/report.html")).unwrap();
    project
        .korabo(&["run", "--dry-run", "--nothing-new-code", "99"])
        .exits(99);
    let run = project
        .korabo(&["run", "--nothing-new-code", "99"])
        .exits(99);
    assert_eq!(run.summary("ok"), 0.0);
    assert_eq!(
        fs::read(project.path().join("reports/report.html")).unwrap(),
        report
    );
    // And nothing is left to join.
    let versions = project.versions();
    project.korabo(&["maintain"]).exits(0);
    assert_eq!(project.versions(), versions);
    // New work is noticed as before.
    let query = project.path().join("queries/summary_flow.sql");
    let text = fs::read_to_string(&query).unwrap();
    fs::write(&query, format!("{text}\n-- changed\n")).unwrap();
    assert!(project.korabo(&["run"]).exits(0).summary("ok") >= 1.0);
    project
        .korabo(&["run", "--nothing-new-code", "99"])
        .exits(99);
}

#[test]
fn files_of_superseded_versions_go_after_their_time() {
    let project = Project::built();
    project.korabo(&["maintain"]).exits(0);
    let deliveries = project.path().join("lake/deliveries");
    let n_files = data_files(&deliveries);
    assert!(n_files > 10);
    project
        .korabo(&["sql", "--as-of", "run:1", "-c", "select * from deliveries"])
        .exits(0);
    let rehearsal = project
        .korabo(&["maintain", "--keep-days", "0", "--dry-run"])
        .exits(0);
    assert_eq!(data_files(&deliveries), n_files);
    let contents = project.contents(&TABLES);
    let outcome = project.korabo(&["maintain", "--keep-days", "0"]).exits(0);
    assert_eq!(
        cells(&outcome.stdout, "deliveries")[5],
        cells(&rehearsal.stdout, "deliveries")[5]
    );
    assert_eq!(data_files(&deliveries), 1);
    assert_eq!(project.contents(&TABLES), contents);
    project
        .korabo(&["run", "--nothing-new-code", "99"])
        .exits(99);
    let message = [
        "was removed by `korabo maintain`",
        "`keep_days` under [maintain]",
    ];
    project
        .korabo(&["sql", "--as-of", "run:1", "-c", "select * from deliveries"])
        .exits(3)
        .says(&message);
}

#[test]
fn what_killed_runs_left_is_swept() {
    let project = Project::built();
    let strays = [
        "panel_claims/part-00000-stray.parquet",
        "rejects_claims/sub=1/stray.parquet",
    ];
    for stray in strays {
        project.write(&format!("lake/{stray}"), "half a file");
    }
    fs::remove_dir_all(
        project
            .path()
            .join("lake/evaluation_estimates_smoking/_delta_log"),
    )
    .unwrap();
    project.write("lake/elsewhere/mine.parquet", "not a table of this project");
    project
        .korabo(&["maintain", "no_such_table"])
        .exits(3)
        .says(&["no table `no_such_table` in the lake"]);
    project
        .korabo(&["maintain", "panel_claim"])
        .exits(3)
        .says(&["did you mean `panel_claims`?"]);
    project.korabo(&["maintain", "panel_claims"]).exits(0);
    assert!(!project.path().join("lake").join(strays[0]).exists());
    assert!(project.path().join("lake").join(strays[1]).exists());
    project.korabo(&["maintain"]).exits(0);
    assert!(!project.path().join("lake").join(strays[1]).exists());
    assert_eq!(
        data_files(&project.path().join("lake/evaluation_estimates_smoking")),
        0
    );
    assert!(project.path().join("lake/elsewhere/mine.parquet").exists());
}

#[test]
fn upkeep_waits_for_no_run() {
    let project = Project::built();
    let lock = fs::OpenOptions::new()
        .write(true)
        .open(project.path().join("lake/.lock"))
        .unwrap();
    lock.file().lock().unwrap();
    project
        .korabo(&["maintain"])
        .exits(8)
        .says(&["another run holds the lake"]);
}

#[test]
fn kill_during_upkeep_loses_nothing() {
    let project = Project::built();
    let contents = project.contents(&TABLES);
    let (mut patience, mut n_killed) = (Duration::from_millis(20), 0);
    loop {
        let mut child = program(project.path())
            .args(["maintain", "--keep-days", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(patience);
        if child
            .try_wait()
            .unwrap()
            .is_some_and(|status| status.success())
        {
            break;
        }
        send(&child, "KILL");
        child.wait().unwrap();
        n_killed += 1;
        patience = patience.mul_f64(1.3);
    }
    assert!(n_killed >= 3, "only {n_killed} were killed");
    project.korabo(&["maintain", "--keep-days", "0"]).exits(0);
    assert_eq!(project.contents(&TABLES), contents);
    project
        .korabo(&["run", "--nothing-new-code", "99"])
        .exits(99);
}

#[test]
fn a_long_log_gets_a_checkpoint_and_stays_readable() {
    let project = Project::empty();
    project.write("korabo.toml", "[project]\nname = \"small\"\n");
    fs::create_dir(project.path().join("schemas")).unwrap();
    project.write("queries/clean_a.sql", "-- One row.\n\nselect 1 as x\n");
    for _ in 0..22 {
        project.korabo(&["run", "--full-refresh"]).exits(0);
    }
    project.korabo(&["maintain"]).exits(0);
    let log = project.path().join("lake/runs/_delta_log");
    let checkpoints = files_below(&log).into_iter();
    let n = checkpoints
        .filter(|file| file.to_string_lossy().contains(".checkpoint"))
        .count();
    assert_eq!(n, 1);
    assert_eq!(project.count("select count(*) from runs"), 22);
    let sql = [
        "sql",
        "--as-of",
        "run:5",
        "--format",
        "csv",
        "-c",
        "select max(run_id) from runs",
    ];
    assert!(project.korabo(&sql).exits(0).stdout.contains('4'));
    // With nothing to be kept, what came before the checkpoint may go; the present stays.
    project.korabo(&["run", "--full-refresh"]).exits(0);
    project.korabo(&["maintain", "--keep-days", "0"]).exits(0);
    assert_eq!(project.count("select count(*) from runs"), 23);
    project.korabo(&["run", "--full-refresh"]).exits(0);
    assert_eq!(project.count("select max(run_id) from runs"), 24);
}

#[test]
fn the_project_says_how_long_versions_stay() {
    let project = Project::built();
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    project.write(
        "korabo.toml",
        format!("{config}\n[maintain]\nkeep_days = 7\n"),
    );
    project
        .korabo(&["maintain", "--dry-run"])
        .exits(0)
        .says(&["earlier versions stay for 7 days"]);
    project.write(
        "korabo.toml",
        format!("{config}\n[maintain]\nkeep_day = 7\n"),
    );
    project
        .korabo(&["check"])
        .exits(3)
        .says(&["unknown key `keep_day` in [maintain]; did you mean `keep_days`?"]);
}

#[test]
fn partitions_and_folders_may_have_any_name() {
    let outer = Project::empty();
    let folder = outer.path().join("健保 50% #1");
    fs::create_dir_all(folder.join("queries")).unwrap();
    fs::create_dir_all(folder.join("schemas")).unwrap();
    fs::write(folder.join("korabo.toml"), "[project]\nname = \"健保\"\n").unwrap();
    let query = "-- One row per number.\n-- partition_by: place\n\n\
        select n, case n % 3 when 0 then '東京 / 新宿' when 1 then 'a=b%' else 'x' end as place\n\
        from (values (1), (2), (3), (4), (5), (6), (7)) as t(n)\n";
    fs::write(folder.join("queries/summary_places.sql"), query).unwrap();
    let run = |arguments: &[&str]| run_in(&folder, arguments).exits(0);
    let check = || {
        let sql = "select place, count(*) as n, sum(n) as total from summary_places where n > 1 group by 1 order by 3";
        let answer = run(&["sql", "--format", "csv", "-c", sql]).stdout;
        assert_eq!(answer, "place,n,total\nx,2,7\n東京 / 新宿,2,9\na=b%,2,11\n");
        let sql = "select n from summary_places where place = '東京 / 新宿' order by n";
        let answer = run(&["sql", "--format", "csv", "-c", sql]).stdout;
        assert_eq!(answer, "n\n3\n6\n");
    };
    run(&["run"]);
    check();
    run(&["run", "--full-refresh"]);
    check();
    run(&["maintain", "--keep-days", "0"]);
    check();
    let backup = outer.path().join("保存").to_string_lossy().into_owned();
    run(&["backup", &backup]);
    run(&["backup", &backup, "--verify"]);
}
