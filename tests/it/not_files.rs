//! Named pipes, sockets, devices, folders and files of the system in the place of files: refused at once, by name, never waited for.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fs_err as fs;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::{Project, copy_contracts, program};

const CONFIG: &str = "[project]\nname = \"pipes\"\n[extracts]\npath = \"extracts\"\n\
                      [sources.municipalities]\nfiles = [\"*\"]\n";

/// What is no regular file: its name and what the message calls it.
const OTHERS: [(&str, &str); 6] = [
    ("pipe.csv", "it is a named pipe"),
    ("link.csv", "it is a named pipe"),
    ("socket.csv", "it is a socket"),
    ("folder.csv", "it is a folder"),
    ("zero.csv", "it is a device"),
    ("environ.csv", "it is made up by the system"),
];

/// Makes `name`, one of [`OTHERS`], in `folder`. A socket stays as long as the returned value.
fn make(folder: &Path, name: &str) -> Option<UnixListener> {
    let path = folder.join(name);
    let pipe =
        |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    match name {
        "pipe.csv" => pipe(&path),
        "link.csv" => {
            let target = folder.parent().unwrap().join("target");
            pipe(&target);
            symlink(target, path).unwrap();
        }
        "socket.csv" => return Some(UnixListener::bind(path).unwrap()),
        "folder.csv" => fs::create_dir(path).unwrap(),
        "zero.csv" => symlink("/dev/zero", path).unwrap(),
        _ => symlink("/proc/self/environ", path).unwrap(),
    }
    None
}

fn project() -> Project {
    let project = Project::empty();
    project.write("korabo.toml", CONFIG);
    copy_contracts(project.path());
    for folder in ["extracts", "queries", "aside"] {
        fs::create_dir(project.path().join(folder)).unwrap();
    }
    project
}

/// Runs korabo, which must end by itself, soon; returns what it printed.
#[track_caller]
fn soon(project: &Project, arguments: &[&str], code: i32) -> String {
    let mut command = program(project.path());
    let output = project.path().join("aside/said");
    command.args(arguments).stdin(Stdio::null());
    command
        .stdout(Stdio::null())
        .stderr(fs::File::create(&output).unwrap().into_file());
    let mut child = command.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            unreachable!("{arguments:?} waits");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let said = fs::read_to_string(output).unwrap();
    assert_eq!(status.code(), Some(code), "{arguments:?}: {said}");
    said
}

#[test]
fn extracts_that_are_no_files_are_refused() {
    for (name, what) in OTHERS {
        let project = project();
        let _socket = make(&project.path().join("aside"), name);
        let named = format!("municipalities=aside/{name}");
        let said = soon(&project, &["ingest", &named], 4);
        assert!(said.contains(what) && said.contains(name), "{name}: {said}");
    }
}

#[test]
fn sources_that_match_other_things_than_files_are_refused() {
    for (name, what) in OTHERS
        .into_iter()
        .filter(|(name, _)| *name != "environ.csv")
    {
        let project = project();
        let _socket = make(&project.path().join("extracts"), name);
        // A pattern may lead over folders.
        fs::create_dir(project.path().join("extracts/2024")).unwrap();
        let said = soon(&project, &["ingest"], 4);
        assert!(said.contains(what) && said.contains(name), "{name}: {said}");
    }
}

#[test]
fn statements_read_no_pipes_and_no_devices() {
    for (name, what) in OTHERS.into_iter().filter(|(name, _)| *name != "folder.csv") {
        let project = project();
        let _socket = make(&project.path().join("aside"), name);
        let path = project.path().join("aside").join(name);
        let sql = format!("select count(*) from '{}'", path.display());
        let said = soon(&project, &["sql", "-c", &sql], 3);
        assert!(said.contains(what), "{name}: {said}");
    }
}

#[test]
fn scripts_contracts_queries_and_targets_are_regular_files() {
    let project = project();
    let path = |name: &str| project.path().join(name);
    let _pipe = make(&path("aside"), "pipe.csv");
    let pipe = path("aside/pipe.csv").display().to_string();
    let said = soon(&project, &["sql", "-f", &pipe], 3);
    assert!(
        said.contains("it is a named pipe") && said.contains("`-f -`"),
        "{said}"
    );
    let copy = format!("copy (select 1) to '{pipe}'");
    let said = soon(&project, &["sql", "--allow-write=aside", "-c", &copy], 3);
    assert!(said.contains("it is a named pipe"), "{said}");
    let make_pipe = |name: &str| {
        mknodat(CWD, path(name), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let said = soon(&project, &["check"], 3);
        assert!(said.contains("it is a named pipe"), "{name}: {said}");
        fs::remove_file(path(name)).unwrap();
    };
    make_pipe("schemas/visits.toml");
    make_pipe("queries/clean_visits.sql");
    fs::remove_file(path("korabo.toml")).unwrap();
    make_pipe("korabo.toml");
}
