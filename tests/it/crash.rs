//! Runs that end in the middle: by a signal, by `kill -9`, by a full disk. Afterwards `run` continues and
//! ends with what an undisturbed run gives.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use fs_err as fs;

use crate::support::{Outcome, Project, files_below, program, send, skipped, wait_for};

/// The part of the pipeline that the repeated kills rebuild: it goes from raw tables to an effect.
const SELECT: [&str; 2] = ["run", "+evaluation_estimates_smoking"];

fn start(project: &Project, arguments: &[&str]) -> Child {
    let mut command = program(project.path());
    command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn end(child: Child) -> Outcome {
    child.wait_with_output().unwrap().into()
}

/// The tables of an undisturbed run.
fn undisturbed(tables: &[&str]) -> BTreeMap<String, String> {
    Project::built().contents(tables)
}

#[track_caller]
fn assert_same(project: &Project, tables: &[&str]) {
    let expected = undisturbed(tables);
    for (table, text) in project.contents(tables) {
        assert!(text.lines().count() > 10, "`{table}` is nearly empty");
        assert!(
            text == expected[&table],
            "`{table}` is not what an undisturbed run gives"
        );
    }
}

/// No data file lies about that no version of its table names.
#[track_caller]
fn assert_no_leftovers(project: &Project) {
    let lake = project.path().join("lake");
    for table in fs::read_dir(&lake)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if !table.is_dir() {
            continue;
        }
        let files = files_below(&table);
        let is_commit = |file: &&std::path::PathBuf| file.extension().is_some_and(|e| e == "json");
        let commits = files.iter().filter(is_commit);
        let log: String = commits
            .map(|file| fs::read_to_string(table.join(file)).unwrap())
            .collect();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "parquet"))
        {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            assert!(
                log.contains(&name),
                "{} holds a file of no version",
                table.display()
            );
        }
    }
}

/// Sends `signal` as soon as table `at` has a folder, then completes the run.
fn interrupt(signal: &str, at: &str, code: i32) {
    let project = Project::unbuilt();
    let mut child = start(&project, &["run"]);
    assert!(
        wait_for(&mut child, &project.path().join("lake").join(at)),
        "the run ended too early"
    );
    send(&child, signal);
    let outcome = end(child).exits(code).says(&["stopped"]);
    let unfinished = "select count(*) from run_steps where outcome = 'not_run'";
    assert_eq!(project.value("select status from runs"), "stopped");
    assert!(project.count(unfinished) > 0);
    project
        .korabo(&["retry"])
        .exits(0)
        .says(&["continues run 1"]);
    assert_same(
        &project,
        &["deliveries", "panel_person_year", "effect_summary"],
    );
    assert_no_leftovers(&project);
    assert_eq!(
        outcome.summary("failed"),
        0.0,
        "the summary is the last line"
    );
}

#[test]
fn sigterm_during_ingest_stops_with_143_and_the_next_run_completes() {
    interrupt("TERM", "claims", 143);
}

#[test]
fn sigint_during_the_build_stops_with_130_and_the_next_run_completes() {
    interrupt("INT", "panel_person_year", 130);
}

/// One more run arrives at what an undisturbed one does, and leaves no stray file.
fn assert_next_run_completes(project: &Project) {
    project.korabo(&SELECT).exits(0);
    assert_same(
        project,
        &[
            "deliveries",
            "panel_person_year",
            "evaluation_estimates_smoking",
        ],
    );
    assert_no_leftovers(project);
}

#[test]
fn kill_at_every_stage_loses_nothing() {
    let project = Project::unbuilt();
    let places = [
        "checkups",
        "rejects_checkups",
        "claims/_delta_log/00000000000000000001.json",
        "deliveries/_delta_log/00000000000000000020.json",
        "worksites",
        "link_person_ids",
        "link_persons/_delta_log/00000000000000000000.json",
        "panel_claims",
        "panel_person_year",
        "panel_person_year/_delta_log/00000000000000000000.json",
        "evaluation_estimates_smoking",
    ];
    let mut n_killed = 0;
    for place in places {
        let mut child = start(&project, &SELECT);
        if wait_for(&mut child, &project.path().join("lake").join(place)) {
            send(&child, "KILL");
            n_killed += 1;
        }
        let outcome = end(child);
        assert!(
            outcome.code.is_none_or(|code| code == 0),
            "{}",
            outcome.stderr
        );
    }
    assert!(n_killed >= 8, "only {n_killed} runs were killed");
    assert_next_run_completes(&project);
}

#[test]
fn kill_after_ever_longer_times_loses_nothing() {
    let project = Project::unbuilt();
    let mut patience = Duration::from_millis(60);
    let mut n_killed = 0;
    loop {
        let mut child = start(&project, &SELECT);
        thread::sleep(patience);
        let is_running = child.try_wait().unwrap().is_none();
        if is_running {
            send(&child, "KILL");
            n_killed += 1;
        }
        let outcome = end(child);
        if !is_running {
            outcome.exits(0);
            break;
        }
        patience = patience.mul_f64(1.35);
    }
    assert!(n_killed >= 4, "only {n_killed} runs were killed");
    assert_next_run_completes(&project);
}

#[test]
fn full_disk_under_output_exits_9() {
    let folder = Project::empty();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = program(folder.path());
    command.args([
        "sql",
        "--format",
        "csv",
        "-c",
        "select * from generate_series(1, 100000)",
    ]);
    let outcome: Outcome = command.stdout(full).output().unwrap().into();
    outcome.exits(9).says(&["No space left on device"]);
}

#[test]
fn full_disk_under_the_lake_exits_9_and_the_next_run_completes() {
    let project = Project::unbuilt();
    let lake = project.path().join("lake");
    fs::create_dir(&lake).unwrap();
    let mount = |arguments: &[&str]| {
        let status = Command::new("mount")
            .args(arguments)
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    let target = lake.to_string_lossy().into_owned();
    if !mount(&["-t", "tmpfs", "-o", "size=700k", "tmpfs", &target]) {
        skipped("no tmpfs can be mounted here");
        return;
    }
    let full = project.korabo(&SELECT);
    let is_grown = mount(&["-o", "remount,size=500m", &target]);
    let rest = project.korabo(&SELECT);
    let same = (rest.code == Some(0)).then(|| {
        project.contents(&[
            "deliveries",
            "panel_person_year",
            "evaluation_estimates_smoking",
        ])
    });
    assert!(
        Command::new("umount")
            .arg(&target)
            .status()
            .unwrap()
            .success()
    );
    full.exits(9).says(&["No space left on device"]);
    assert!(is_grown);
    rest.exits(0);
    assert_eq!(
        same,
        Some(undisturbed(&[
            "deliveries",
            "panel_person_year",
            "evaluation_estimates_smoking"
        ]))
    );
}
