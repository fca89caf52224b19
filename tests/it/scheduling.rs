//! The examples of schedulers: their commands run, units are accepted by systemd, Python files compile.

use std::path::PathBuf;
use std::process::Command;

use fs_err as fs;

use crate::support::{Project, files_below, root, run_in, skipped};

/// The program and the project as the examples name them.
const PROGRAM: &str = "/usr/local/bin/korabo";
const PROJECT: &str = "/srv/korabo/kenpo";

fn example(name: &str) -> String {
    fs::read_to_string(root().join("docs/scheduling").join(name)).unwrap()
}

fn names(ending: &str) -> Vec<PathBuf> {
    let mut files = files_below(&root().join("docs/scheduling"));
    files.retain(|file| file.extension().is_some_and(|own| own == ending));
    assert!(!files.is_empty(), "no example ends in .{ending}");
    files
}

/// Runs the arguments behind the program's name on a built project.
fn run(line: &str, project: &Project) {
    let (_, arguments) = line.split_once(PROGRAM).unwrap();
    let folder = project.path().to_string_lossy();
    let arguments = arguments.replace(PROJECT, &folder);
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    run_in(root(), &arguments).exits(0);
}

#[test]
fn cron_lines_have_five_fields_a_user_and_a_command_that_runs() {
    let project = Project::built();
    let cron = example("korabo.cron");
    let lines: Vec<&str> = cron
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let fields: Vec<&str> = line.split_whitespace().take(7).collect();
        let minute: u8 = fields[0].parse().unwrap();
        let hour: u8 = fields[1].parse().unwrap();
        assert!(minute < 60 && hour < 24, "{line}");
        assert_eq!(fields[2..], ["*", "*", "*", "korabo", PROGRAM]);
        run(line, &project);
    }
}

#[test]
fn the_schedule_service_and_the_sections_shown_for_it_are_right() {
    let project = Project::built();
    let readme = example("README.md");
    let (_, sections) = readme.split_once("```toml\n").unwrap();
    let (sections, _) = sections.split_once("```").unwrap();
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    let sections = sections.replace("tag:slow", "summary_flow");
    project.write("korabo.toml", format!("{config}\n{sections}"));
    let service = example("korabo-schedule.service");
    let start = service.lines().find(|line| line.starts_with("ExecStart="));
    let line = format!("{} --next 1", start.unwrap());
    run(&line, &project);
    project.korabo(&["check"]).exits(0);
}

#[test]
fn the_service_runs_and_systemd_accepts_the_units() {
    let project = Project::built();
    let service = example("korabo-run.service");
    let start = service.lines().find(|line| line.starts_with("ExecStart="));
    run(start.unwrap(), &project);
    let folder = tempfile::tempdir().unwrap();
    for file in names("service").into_iter().chain(names("timer")) {
        let text = example(&file.to_string_lossy())
            .replace(PROGRAM, env!("CARGO_BIN_EXE_korabo"))
            .replace(PROJECT, "/")
            .replace("User=korabo", "User=root");
        fs::write(folder.path().join(&file), text).unwrap();
    }
    let mut verify = Command::new("systemd-analyze");
    verify
        .arg("verify")
        .arg("--man=no")
        .current_dir(folder.path());
    for unit in [
        "korabo-run.service",
        "korabo-run.timer",
        "korabo-serve.service",
        "korabo-schedule.service",
    ] {
        verify.arg(folder.path().join(unit));
    }
    let Ok(found) = verify.output() else {
        skipped("no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    let about_ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("korabo"))
        .collect();
    assert!(about_ours.is_empty(), "{about_ours:?}");
}

#[test]
fn python_examples_compile_and_name_commands_that_exist() {
    for file in names("py") {
        let path = root().join("docs/scheduling").join(&file);
        let compile = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
        let Ok(found) = Command::new("python3")
            .args(["-c", compile])
            .arg(&path)
            .output()
        else {
            skipped("no python3 here");
            return;
        };
        let said = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(found.status.success(), "{}: {said}", file.display());
    }
    let airflow = example("airflow_korabo.py");
    let project = Project::built();
    for (command, code) in [("check", 0), ("run --nothing-new-code 99", 99)] {
        assert!(airflow.contains(&format!("{{KORABO}} {command}")));
        let arguments: Vec<&str> = command.split_whitespace().collect();
        project.korabo(&arguments).exits(code);
    }
}
