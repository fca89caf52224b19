//! `korabo backup` and `korabo restore`: what comes back is what was there, at one moment, also during a run.

use std::path::Path;
use std::process::Stdio;

use fs_err as fs;

use crate::support::{
    Project, copy_folder, files_below, program, run_in, send, small_world, versions_in, wait_for,
};

const TABLES: [&str; 4] = [
    "deliveries",
    "panel_person_year",
    "evaluation_estimates_smoking",
    "effect_summary",
];

/// A part of the pipeline that goes from raw tables to an effect.
const SELECT: [&str; 2] = ["run", "+evaluation_estimates_smoking"];

/// A backup beside the project and folders to restore into.
struct BackupFolders {
    folder: tempfile::TempDir,
}

impl BackupFolders {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }
}

/// A project restored from `snapshot`, with the extracts put back.
fn restored(elsewhere: &BackupFolders, snapshot: &str) -> Project {
    let project = Project::empty();
    let target = project.path().to_string_lossy().into_owned();
    run_in(
        project.path(),
        &[
            "restore",
            &elsewhere.path("backup"),
            &target,
            "--snapshot",
            snapshot,
        ],
    )
    .exits(0);
    copy_folder(
        &small_world().join("sample_data"),
        &project.path().join("sample_data"),
    );
    project
}

#[test]
fn what_comes_back_is_what_was_there_and_has_nothing_to_do() {
    let project = Project::built();
    let elsewhere = BackupFolders::new();
    let first = project
        .korabo(&["backup", &elsewhere.path("backup")])
        .exits(0);
    let back = restored(&elsewhere, first.stdout.trim());
    assert_eq!(back.versions(), project.versions());
    assert_eq!(back.contents(&TABLES), project.contents(&TABLES));
    back.korabo(&["check"]).exits(0);
    back.korabo(&["doctor"]).exits(0);
    let status = back.korabo(&["status"]).exits(0);
    assert_eq!(status.stdout, project.korabo(&["status"]).exits(0).stdout);
    back.korabo(&["run", "--nothing-new-code", "99"]).exits(99);
    back.korabo(&["run", "--full-refresh", "evaluation_estimates_smoking"])
        .exits(0);
}

#[test]
fn the_next_snapshot_adds_only_what_is_new() {
    let project = Project::built();
    let elsewhere = BackupFolders::new();
    let folder = elsewhere.path("backup");
    let first = project.korabo(&["backup", &folder]).exits(0);
    let size = |folder: &str| -> u64 {
        let files = files_below(Path::new(folder)).into_iter();
        files
            .map(|file| fs::metadata(Path::new(folder).join(file)).unwrap().len())
            .sum()
    };
    let before = size(&folder);
    project
        .korabo(&["backup", &folder])
        .exits(0)
        .says(&["new: 0 files, 0 kB"]);
    project
        .korabo(&["run", "--full-refresh", "summary_flow"])
        .exits(0);
    let third = project.korabo(&["backup", &folder]).exits(0);
    assert!(
        size(&folder) < before + before / 3,
        "more than lists and one table was added"
    );
    let listed = project.korabo(&["backup", &folder, "--list"]).exits(0);
    assert_eq!(listed.stdout.lines().count(), 3);
    project
        .korabo(&["backup", &folder, "--verify"])
        .exits(0)
        .says(&["3 snapshots are whole"]);
    // Both states come back.
    let (old, new) = (
        restored(&elsewhere, first.stdout.trim()),
        restored(&elsewhere, third.stdout.trim()),
    );
    assert_eq!(new.versions(), project.versions());
    assert_eq!(
        old.versions()["summary_flow"] + 1,
        new.versions()["summary_flow"]
    );
    // And the old one can be forgotten.
    project
        .korabo(&["backup", &folder, "--keep", "1"])
        .exits(0)
        .says(&["3 snapshots forgotten"]);
    project
        .korabo(&["backup", &folder, "--verify"])
        .exits(0)
        .says(&["1 snapshot is whole"]);
    let gone = [
        "restore",
        &folder,
        &elsewhere.path("x"),
        "--snapshot",
        first.stdout.trim(),
    ];
    project
        .korabo(&gone)
        .exits(2)
        .says(&["holds no snapshot `2"]);
}

#[test]
fn a_backup_taken_while_a_run_publishes_is_a_state_that_a_run_completes() {
    let project = Project::unbuilt();
    let elsewhere = BackupFolders::new();
    let mut child = program(project.path())
        .args(SELECT)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The run stands still for two of the copies, so that there are copies of its middle however quick it is; it goes on
    // during the third.
    let places = [
        ("deliveries/_delta_log", true),
        ("claims/_delta_log", false),
        ("link_persons/_delta_log", true),
    ];
    let mut snapshots = Vec::new();
    for (place, is_held) in places {
        let is_running = wait_for(&mut child, &project.path().join("lake").join(place));
        if is_held {
            assert!(is_running, "the run ended before {place}");
            send(&child, "STOP");
        }
        let saved = project.korabo(&["backup", &elsewhere.path("backup")]);
        if is_held {
            send(&child, "CONT");
        }
        snapshots.push((saved.exits(0).stdout.trim().to_owned(), is_held));
    }
    assert!(child.wait().unwrap().success());
    let expected = project.contents(&TABLES[..3]);
    for (snapshot, is_held) in snapshots {
        let back = restored(&elsewhere, &snapshot);
        let n_before = versions_in(&back.path().join("lake")).len();
        assert!(
            !is_held || n_before < project.versions().len(),
            "nothing was left to do"
        );
        back.korabo(&SELECT).exits(0);
        assert_eq!(
            back.contents(&TABLES[..3]),
            expected,
            "snapshot with {n_before} tables"
        );
    }
}

#[test]
fn damage_is_found_and_nothing_half_restored_is_a_project() {
    let project = Project::built();
    let elsewhere = BackupFolders::new();
    let folder = elsewhere.path("backup");
    project.korabo(&["backup", &folder]).exits(0);
    let store = Path::new(&folder).join("files");
    let largest = files_below(&store)
        .into_iter()
        .max_by_key(|file| fs::metadata(store.join(file)).unwrap().len());
    let victim = store.join(largest.unwrap());
    let mut bytes = fs::read(&victim).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&victim, bytes).unwrap();
    project
        .korabo(&["backup", &folder, "--verify"])
        .exits(5)
        .says(&["1 of ", "files are damaged or missing, first `"]);
    let target = elsewhere.path("target");
    project
        .korabo(&["restore", &folder, &target])
        .exits(5)
        .says(&["damaged"]);
    assert!(!Path::new(&target).join("korabo.toml").exists());
    fs::remove_file(&victim).unwrap();
    project
        .korabo(&["backup", &folder, "--verify"])
        .exits(5)
        .says(&["damaged or missing"]);
    // The next snapshot saves the content again.
    project.korabo(&["backup", &folder]).exits(0);
    project.korabo(&["backup", &folder, "--verify"]).exits(0);
}

#[test]
fn nothing_is_written_over_and_no_file_leads_out() {
    let project = Project::built();
    let elsewhere = BackupFolders::new();
    let folder = elsewhere.path("backup");
    project
        .korabo(&["restore", &folder, &elsewhere.path("x")])
        .exits(2)
        .says(&["holds no snapshot"]);
    let saved = project.korabo(&["backup", &folder]).exits(0);
    let here = project.path().to_string_lossy().into_owned();
    project
        .korabo(&["restore", &folder, &here])
        .exits(2)
        .says(&["is not empty"]);
    let list = Path::new(&folder).join(format!("snapshots/{}.json", saved.stdout.trim()));
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replace("\"korabo.toml\"", "\"../korabo.toml\"")).unwrap();
    project
        .korabo(&["restore", &folder, &elsewhere.path("y")])
        .exits(5)
        .says(&["lies outside the project"]);
    fs::write(&list, "not json").unwrap();
    project
        .korabo(&["restore", &folder, &elsewhere.path("z")])
        .exits(5)
        .says(&["cannot be read"]);
}

#[test]
fn others_at_work_and_other_projects_are_refused() {
    let project = Project::built();
    let elsewhere = BackupFolders::new();
    let folder = elsewhere.path("backup");
    project.korabo(&["backup", &folder]).exits(0);
    {
        let lock = fs::File::create(project.path().join("lake/.files.lock")).unwrap();
        lock.file().lock().unwrap();
        let message = "a backup, a run on the past or upkeep of this lake is in progress";
        project
            .korabo(&["backup", &folder])
            .exits(8)
            .says(&[message]);
        project.korabo(&["maintain"]).exits(8).says(&[message]);
        project.korabo(&["run"]).exits(0);
    }
    {
        let lock = fs::File::create(Path::new(&folder).join(".lock")).unwrap();
        lock.file().lock().unwrap();
        project
            .korabo(&["backup", &folder])
            .exits(8)
            .says(&["another `korabo backup` writes to"]);
    }
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    project.write(
        "korabo.toml",
        config.replace("korabo sample", "another one"),
    );
    project
        .korabo(&["backup", &folder])
        .exits(2)
        .says(&["holds snapshots of the project `korabo sample`"]);
}

#[test]
fn a_lake_outside_the_project_is_saved_too_and_its_new_place_is_said() {
    let project = Project::built();
    let elsewhere = BackupFolders::new();
    let lake = elsewhere.path("lake");
    copy_folder(&project.path().join("lake"), Path::new(&lake));
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    project.write(
        "korabo.toml",
        config.replace("path = \"lake\"", &format!("path = \"{lake}\"")),
    );
    project
        .korabo(&["backup", &elsewhere.path("backup")])
        .exits(0);
    let target = elsewhere.path("target");
    let outcome = project
        .korabo(&["restore", &elsewhere.path("backup"), &target])
        .exits(0);
    outcome.says(&["change `path` under [lake] of korabo.toml"]);
    assert_eq!(
        versions_in(&Path::new(&target).join("lake")),
        versions_in(Path::new(&lake))
    );
}

#[test]
fn a_restore_that_was_killed_at_its_beginning_goes_on() {
    let project = crate::small_project::project("");
    project.korabo(&["run"]).exits(0);
    let elsewhere = BackupFolders::new();
    let snapshot = elsewhere.path("snapshot");
    project.korabo(&["backup", &snapshot]).exits(0);
    let target = elsewhere.path("target");
    let note = Path::new(&target).join(".korabo-restore");
    let restore = || project.korabo(&["restore", &snapshot, &target]);
    fs::create_dir(&target).unwrap();
    fs::write(&note, "").unwrap();
    // What lies beside it belongs to someone else.
    let other = Path::new(&target).join("other.txt");
    fs::write(&other, "").unwrap();
    restore().exits(2).says(&["is not empty"]);
    fs::remove_file(&other).unwrap();
    restore().exits(0);
    assert!(!note.exists());
    assert!(Path::new(&target).join("korabo.toml").exists());
}
