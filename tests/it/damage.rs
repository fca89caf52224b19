//! Files of the lake that are not what was written: leftovers of a creation that was cut short are healed, everything else is
//! named, with an exit code, before anything is built from it.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::small_project::{project as small_project, token};
use crate::support::{Outcome, Project, files_below, root, skipped};

const COMMANDS_THAT_READ: [&[&str]; 5] = [
    &["status"],
    &["plan"],
    &["doctor"],
    &["history"],
    &["sql", "-c", "select 1"],
];

/// A small project with two deliveries and two runs.
fn built() -> Project {
    let project = small_project("");
    project.korabo(&["run"]).exits(0);
    let more = format!(
        "person_key,visited_on,pressure,kind,note\n{},2023-08-01,150,2,\n",
        token('c')
    );
    project.write("extracts/visits_2.csv", more);
    project.korabo(&["run"]).exits(0);
    project
}

fn log_of(project: &Project, table: &str) -> PathBuf {
    project.path().join("lake").join(table).join("_delta_log")
}

fn newest_commit(project: &Project, table: &str) -> PathBuf {
    let version = project.versions()[table];
    log_of(project, table).join(format!("{version:020}.json"))
}

fn data_files(project: &Project, table: &str) -> Vec<PathBuf> {
    let folder = project.path().join("lake").join(table);
    let files = files_below(&folder).into_iter();
    files
        .filter(|file| file.extension().is_some_and(|ending| ending == "parquet"))
        .map(|file| folder.join(file))
        .collect()
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

fn summary(project: &Project) -> String {
    project.text("csv", "select * from summary_visits order by year")
}

#[test]
fn what_a_creation_leaves_that_was_cut_short_is_no_table() {
    let expected = {
        let project = small_project("");
        project.korabo(&["run"]).exits(0);
        (summary(&project), project.versions())
    };
    let leftovers = [
        "visits/_delta_log/",
        "clean_visits/",
        "rejects_visits/_delta_log/00000000000000000000.json#4711",
        "deliveries/_delta_log/00000000000000000000.json",
        "runs/_delta_log/",
        "run_steps/_delta_log/00000000000000000000.json#1",
        "test_results/_delta_log/",
        "check_results/_delta_log/",
        "summary_visits/part-00000-2f1e0d3c-aaaa-4bbb-8ccc-0123456789ab-c000.zstd.parquet#1",
        "visits/part-00000-2f1e0d3c-aaaa-4bbb-8ccc-0123456789ab-c000.zstd.parquet",
    ];
    let began: [&[&str]; 4] = [
        &["run"],
        &["ingest"],
        &["maintain"],
        &["run", "--full-refresh"],
    ];
    for command in began {
        let project = small_project("");
        for leftover in leftovers {
            let path = project.path().join("lake").join(leftover);
            match leftover.ends_with('/') {
                true => fs::create_dir_all(path).unwrap(),
                false => drop(project.write(&format!("lake/{leftover}"), "")),
            }
        }
        for reads in COMMANDS_THAT_READ {
            project.korabo(reads).exits(0);
        }
        let saved = project.path().join(".saved").to_string_lossy().into_owned();
        project
            .korabo(&["backup", &saved])
            .exits(0)
            .says(&["0 tables"]);
        project.korabo(command).exits(0);
        project.korabo(&["run"]).exits(0);
        assert_eq!(summary(&project), expected.0, "after {command:?}");
        assert_eq!(project.versions(), expected.1, "after {command:?}");
        let files = files_below(&project.path().join("lake"));
        let unfinished = |file: &&PathBuf| file.to_string_lossy().contains('#');
        assert_eq!(files.iter().find(unfinished), None, "after {command:?}");
    }
}

/// Every command that works on what the lake holds.
fn everything_fails(project: &Project, texts: &[&str]) {
    let commands: [&[&str]; 10] = [
        &["run"],
        &["run", "--full-refresh"],
        &["run", "--dry-run"],
        &["ingest"],
        &["plan"],
        &["status"],
        &["maintain"],
        &["checks"],
        &["report", "-o", "r.html"],
        &["backup", ".saved"],
    ];
    for command in commands {
        let outcome: Outcome = project.korabo(command).exits(5);
        outcome.says(texts).says(&["korabo restore"]);
    }
    let doctor = project.korabo(&["doctor"]).exits(5);
    let found = texts.iter().all(|text| doctor.stdout.contains(text));
    assert!(found, "{}", doctor.stdout);
}

#[test]
fn a_lost_commit_of_a_raw_table_stops_everything_and_says_whose_rows_are_gone() {
    let project = built();
    fs::remove_file(newest_commit(&project, "visits")).unwrap();
    let lost = [
        "lake table `visits` has lost rows: it is at version 0",
        "delivery 2 (`visits_2.csv`, 1 rows more) is in version 1",
        "`clean_visits` was built from version 1",
    ];
    everything_fails(&project, &lost);
    project
        .korabo(&["diff", "1", "2"])
        .exits(0)
        .says(&["what differs may be what is missing: lake table `visits`"]);
    assert_eq!(project.count("select max(run_id) from run_steps"), 4);
}

#[test]
fn a_missing_commit_before_others_is_named() {
    let project = built();
    let commit = log_of(&project, "visits").join(format!("{:020}.json", 0));
    fs::remove_file(&commit).unwrap();
    let text = format!(
        "`_delta_log/{}` of lake table `visits` is damaged: it is missing",
        name(&commit)
    );
    everything_fails(&project, &[&text]);
    let status = project.korabo(&["status"]).exits(5);
    let rows: Vec<&str> = status
        .stdout
        .lines()
        .filter(|line| line.ends_with("damaged"))
        .collect();
    assert_eq!(rows.len(), 1, "{}", status.stdout);
    assert!(rows[0].starts_with("visits "), "{}", status.stdout);
    assert!(status.stdout.contains("clean_visits"), "{}", status.stdout);
}

#[test]
fn lost_rejected_rows_are_noticed() {
    let project = built();
    let mut rows = "person_key,visited_on,pressure,kind,note\n".to_owned();
    for day in ["2023-09-01", "2023-09-02", "2023-09-03", "soon", "later"] {
        rows += &format!("{},{day},150,2,\n", token('d'));
    }
    project.write("extracts/visits_3.csv", rows);
    project.korabo(&["run"]).exits(0);
    let folder = project.path().join("lake/rejects_visits");
    let saved = project.path().join("saved");
    for damage in ["the newest commit", "all"] {
        project.korabo(&["status"]).exits(0);
        match damage {
            "all" => fs::rename(&folder, &saved).unwrap(),
            _ => fs::rename(newest_commit(&project, "rejects_visits"), &saved).unwrap(),
        }
        everything_fails(
            &project,
            &[
                "lake table `rejects_visits` has lost rows: it has",
                "were rejected from the deliveries of `visits`",
            ],
        );
        if damage != "all" {
            let n = fs::read_dir(log_of(&project, "rejects_visits"))
                .unwrap()
                .count();
            let commit = log_of(&project, "rejects_visits").join(format!("{n:020}.json"));
            fs::rename(&saved, commit).unwrap();
        }
    }
}

#[test]
fn an_empty_or_changed_commit_is_named() {
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
    let damages: [Damage<'_>; 3] = [
        ("it is empty", &|file| fs::write(file, "").unwrap()),
        ("its content is not what was written", &|file| {
            let text = fs::read_to_string(file).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            fs::write(file, lines[..lines.len() - 1].join("\n")).unwrap();
        }),
        ("its content is not what was written", &|file| {
            let bytes = fs::read(file).unwrap();
            let at = bytes
                .windows(10)
                .position(|part| part == b"numRecords")
                .unwrap();
            flip(file, at + 14);
        }),
    ];
    for (problem, damage) in damages {
        let project = built();
        let commit = newest_commit(&project, "visits");
        damage(&commit);
        let text = format!(
            "`_delta_log/{}` of lake table `visits` is damaged: {problem}",
            name(&commit)
        );
        everything_fails(&project, &[&text]);
    }
}

#[test]
fn a_raw_table_that_is_gone_is_not_built_from_nothing() {
    let project = built();
    fs::remove_dir_all(project.path().join("lake/visits")).unwrap();
    everything_fails(
        &project,
        &["lake table `visits` has lost rows: it is not there"],
    );
}

#[test]
fn a_lost_version_of_a_made_table_is_not_taken_for_a_change() {
    let project = built();
    fs::remove_file(newest_commit(&project, "clean_visits")).unwrap();
    let lost = [
        "lake table `clean_visits` has lost rows: it is at version 0",
        "built version 1",
    ];
    everything_fails(&project, &lost);
    // As the hint says: removed, it is rebuilt, and so is what was made of it.
    let expected = {
        let whole = built();
        summary(&whole)
    };
    fs::remove_dir_all(project.path().join("lake/clean_visits")).unwrap();
    project.korabo(&["run"]).exits(0);
    project.korabo(&["doctor", "--verify"]).exits(0);
    assert_eq!(summary(&project), expected);
}

#[test]
fn a_flipped_bit_anywhere_in_a_data_file_is_never_built_from() {
    let project = built();
    let expected = summary(&project);
    project.korabo(&["doctor", "--verify"]).exits(0);
    let file = data_files(&project, "visits").remove(0);
    let n_bytes = fs::read(&file).unwrap().len();
    for at in (0..n_bytes).step_by(n_bytes / 12) {
        flip(&file, at);
        let text = format!("`{}` of lake table `visits` is damaged", name(&file));
        let run = project.korabo(&["run", "--full-refresh"]).exits(5);
        run.says(&[&text, "its content is not what was written"]);
        let doctor = project.korabo(&["doctor", "--verify"]).exits(5);
        assert!(doctor.stdout.contains(&name(&file)), "{}", doctor.stdout);
        project
            .korabo(&["backup", ".saved"])
            .exits(5)
            .says(&[&name(&file)]);
        flip(&file, at);
    }
    project.korabo(&["run", "--full-refresh"]).exits(0);
    assert_eq!(summary(&project), expected);
}

#[test]
fn a_correction_is_not_laundered_over_a_damaged_file() {
    let project = built();
    let file = data_files(&project, "visits").remove(0);
    let n_bytes = fs::read(&file).unwrap().len();
    flip(&file, n_bytes / 3);
    project.korabo(&["maintain"]).exits(5).says(&[&name(&file)]);
    let more = format!(
        "person_key,visited_on,pressure,kind,note\n{},2023-09-01,150,2,\n",
        token('c')
    );
    project.write("extracts/visits_3.csv", more);
    project.korabo(&["ingest"]).exits(5).says(&[&name(&file)]);
}

#[test]
fn a_cut_or_missing_file_is_named_everywhere_and_made_tables_are_rebuilt() {
    let project = built();
    let expected = summary(&project);
    let commit = fs::read_to_string(newest_commit(&project, "clean_visits")).unwrap();
    let added: Vec<&str> = commit
        .lines()
        .filter(|line| line.starts_with("{\"add\""))
        .collect();
    let is_live = |file: &PathBuf| added.iter().any(|line| line.contains(&name(file)));
    let made = data_files(&project, "clean_visits")
        .into_iter()
        .find(is_live)
        .unwrap();
    fs::write(&made, "PAR1").unwrap();
    let plan = project.korabo(&["plan"]).exits(0);
    assert!(
        plan.stdout
            .contains(&format!("`{}` is damaged", name(&made))),
        "{}",
        plan.stdout
    );
    project
        .korabo(&["sql", "-c", "select * from clean_visits"])
        .exits(5)
        .says(&[&name(&made), "it has 4 of"]);
    project.korabo(&["run"]).exits(0);
    assert_eq!(summary(&project), expected);

    let raw = data_files(&project, "visits").pop().unwrap();
    fs::remove_file(&raw).unwrap();
    everything_fails(&project, &[&name(&raw), "it is missing"]);
}

#[test]
fn a_snapshot_of_a_lake_that_was_damaged_is_not_restored() {
    let project = built();
    let saved = project.path().join(".saved");
    project.korabo(&["backup", ".saved"]).exits(0);
    // As if it had been taken of a file that was cut short: the store agrees with itself.
    let list = fs::read_dir(saved.join("snapshots"))
        .unwrap()
        .next()
        .unwrap();
    let list = list.unwrap().path();
    let mut snapshot: serde_json::Value =
        serde_json::from_slice(&fs::read(&list).unwrap()).unwrap();
    let raw = data_files(&project, "visits").remove(0);
    let below = raw.strip_prefix(project.path().join("lake")).unwrap();
    let other = snapshot["project_files"]["korabo.toml"].clone();
    snapshot["lake_files"][below.to_string_lossy().as_ref()] = other;
    fs::write(&list, snapshot.to_string()).unwrap();
    project
        .korabo(&["restore", ".saved", ".back"])
        .exits(5)
        .says(&[&name(&raw), "was damaged when snapshot"]);
    assert!(!project.path().join(".back/korabo.toml").exists());
}

#[test]
fn a_restore_that_was_cut_short_continues_and_overwrites_nothing() {
    let project = built();
    project.korabo(&["backup", ".saved"]).exits(0);
    let snapshots = project
        .korabo(&["backup", ".saved", "--list"])
        .exits(0)
        .stdout;
    let id = snapshots.split_whitespace().next().unwrap();
    project.write(".back/.korabo-restore", id);
    project.write(
        ".back/lake/visits/_delta_log/00000000000000000000.json",
        "{",
    );
    project.korabo(&["restore", ".saved", ".back"]).exits(0);
    let back = project.path().join(".back").to_string_lossy().into_owned();
    project
        .korabo(&["--project", &back, "doctor", "--verify"])
        .exits(4);
    assert!(!project.path().join(".back/.korabo-restore").exists());
    project
        .korabo(&["restore", ".saved", ".back"])
        .exits(2)
        .says(&["is not empty"]);
    project.write(".other/.korabo-restore", "another");
    project.korabo(&["restore", ".saved", ".other"]).exits(2);
}

#[test]
fn a_backup_writes_nothing_into_the_lake_and_needs_no_right_to() {
    let project = built();
    let lake = project.path().join("lake");
    let state = || -> Vec<_> {
        let files = files_below(&lake).into_iter();
        let with_times = files.map(|file| {
            let found = fs::metadata(lake.join(&file)).unwrap();
            (file, found.len(), found.modified().unwrap())
        });
        with_times.collect()
    };
    // Lakes of earlier versions have no such file.
    fs::remove_file(lake.join(".files.lock")).unwrap();
    let before = (state(), fs::metadata(&lake).unwrap().modified().unwrap());
    project.korabo(&["backup", ".saved"]).exits(0);
    let after = (state(), fs::metadata(&lake).unwrap().modified().unwrap());
    assert_eq!(before, after);
    project.korabo(&["run"]).exits(0);
    assert!(
        lake.join(".files.lock").is_file(),
        "no run prepared the lock"
    );
}

#[test]
fn results_of_tests_of_a_killed_run_are_recovered() {
    let project = small_project("");
    project.korabo(&["run"]).exits(0);
    let version = project.versions()["clean_visits"];
    // What is left when a run is killed between the commit of a table and its own note of it.
    let notes = format!(
        "{}\n{}\n{}\n",
        r#"{"started_at":1700000000000000,"selection":null,"full_refresh":false,"retry_of":null,"selected":["clean_visits","summary_visits"]}"#,
        format_args!(
            r#"{{"table":"clean_visits","publishing":{version},"rows":3,"tests":[{{"test":"accepted_values kind in (1)","warns":true,"found":2,"rows":3,"holds":false}}]}}"#
        ),
        r#"{"table":"summary_visits","publishing":99,"rows":3,"tests":[{"test":"key year","warns":false,"found":0,"rows":3,"holds":true}]}"#,
    );
    project.write("lake/.running", notes);
    project
        .korabo(&["run"])
        .exits(0)
        .says(&["the last run was killed: it is run 2"]);
    let results = project.text(
        "csv",
        "select table_name, test, status, n_rows_found from test_results where run_id = 2",
    );
    let expected = "clean_visits,accepted_values kind in (1),warn,2";
    assert_eq!(results.lines().nth(1), Some(expected), "{results}");
    assert_eq!(
        results.lines().count(),
        2,
        "a table that was not published: {results}"
    );
    let steps = project.text(
        "csv",
        "select table_name, outcome from run_steps where run_id = 2 order by 1",
    );
    assert!(
        steps.contains("clean_visits,built\nsummary_visits,not_run"),
        "{steps}"
    );
}

#[test]
fn kills_and_full_disks_at_random_are_healed() {
    let script = root().join("tests/attack/kills.py");
    let number = |name, default: &str| std::env::var_os(name).unwrap_or_else(|| default.into());
    let run = std::process::Command::new("python3")
        .arg(script)
        .args(["--binary", env!("CARGO_BIN_EXE_korabo")])
        .arg("--kills")
        .arg(number("KORABO_KILLS", "20"))
        .arg("--disks")
        .arg(number("KORABO_DISKS", "6"))
        .arg("--seed")
        .arg(number("KORABO_SEED", "7"))
        .output();
    let Ok(run) = run else {
        skipped("no python3 here");
        return;
    };
    let outcome: Outcome = run.into();
    assert!(
        outcome.stdout.contains("not_healed=0"),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    outcome.exits(0);
}
