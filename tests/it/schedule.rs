//! `korabo schedule` as a process: it starts real runs, passes SIGTERM on, remembers times, and keeps others out. What it
//! decides in days of failures is simulated beside its code.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chrono::DateTime;
use fs_err as fs;

use crate::support::{Outcome, Project, program, send};

const EVERY_SECOND: &str = "[schedule.always]\ncron = \"* * * * * *\"\n";

/// A project of two tables with the sections `schedules`.
fn project(schedules: &str) -> Project {
    let project = Project::empty();
    project.write(
        "korabo.toml",
        format!("[project]\nname = \"small\"\n\n{schedules}"),
    );
    fs::create_dir(project.path().join("schemas")).unwrap();
    project.write("queries/clean_a.sql", "-- One row.\n\nselect 1 as x\n");
    project.write(
        "queries/link_b.sql",
        "-- One row.\n\nselect x from clean_a\n",
    );
    project
}

/// A running `korabo schedule`; what it says goes to a file, as runs it started may outlive it.
struct RunningSchedule {
    child: Child,
    log: PathBuf,
}

impl RunningSchedule {
    fn start(project: &Project, arguments: &[&str]) -> Self {
        let log = project.path().join("log.txt");
        let file = fs::File::create(&log).unwrap().into_parts().0;
        let child = program(project.path())
            .arg("schedule")
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until `is_so`.
    #[track_caller]
    fn wait_for(&mut self, is_so: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !is_so(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended:\n{}", self.said());
            let is_patient = started.elapsed() < Duration::from_secs(600);
            assert!(is_patient, "it never came:\n{}", self.said());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait_for_text(&mut self, text: &str) {
        self.wait_for(|served| served.said().contains(text));
    }

    fn wait_for_file(&mut self, file: &Path) {
        self.wait_for(|_| file.exists());
    }

    /// Sends a signal and waits for the end.
    fn end(mut self, signal: &str) -> Outcome {
        send(&self.child, signal);
        let status = self.child.wait().unwrap();
        Outcome {
            code: status.code(),
            stdout: String::new(),
            stderr: self.said(),
        }
    }
}

#[test]
fn a_run_is_started_in_time_and_sigterm_ends_the_wait_for_the_next() {
    let project = project(
        "[schedule.always]\ncron = \"*/2 * * * * *\"\nselect = [\"+link_b\"]\n\n[openlineage]\nfile = \"events\"\n",
    );
    let mut served = RunningSchedule::start(&project, &[]);
    served.wait_for_text("done");
    let outcome = served.end("TERM").exits(143);
    let events = fs::read_to_string(project.path().join("events")).unwrap();
    let nominal = events.split("\"nominalStartTime\":\"").nth(1).unwrap();
    let nominal = DateTime::parse_from_rfc3339(nominal.split('"').next().unwrap()).unwrap();
    assert_eq!(
        nominal.timestamp() % 2,
        0,
        "{nominal} is no time of the schedule"
    );
    outcome.says(&[
        "1 schedule;",
        "schedule always, ",
        ": starts\n",
        "stopped by SIGTERM",
    ]);
    assert_eq!(project.count("select count(*) from link_b"), 1);
    let sql = "select count(*) from runs where selection = '+link_b' and status = 'ok'";
    assert_eq!(project.count(sql), 1, "runs without work are not recorded");
    let state = fs::read_to_string(project.path().join("lake/.schedule.json")).unwrap();
    // The next run may have been in progress already.
    assert!(
        state.contains("\"always\"") && state.contains("\"handled\""),
        "{state}"
    );
}

#[test]
fn sigterm_is_passed_on_to_the_run_which_ends_cleanly_and_is_caught_up_later() {
    let project = Project::unbuilt();
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    project.write("korabo.toml", format!("{config}\n{EVERY_SECOND}"));
    let mut served = RunningSchedule::start(&project, &[]);
    served.wait_for_file(&project.path().join("lake/claims/_delta_log"));
    served
        .end("TERM")
        .exits(143)
        .says(&["stopped; what was published stays", "stopped by SIGTERM"]);
    assert_eq!(project.value("select status from runs"), "stopped");
    let state = fs::read_to_string(project.path().join("lake/.schedule.json")).unwrap();
    assert!(state.contains("\"open\""), "{state}");
    // At the next start it is caught up.
    let mut served = RunningSchedule::start(&project, &[]);
    served.wait_for_text("is caught up");
    served.wait_for_text(": starts\n");
    served.end("TERM").exits(143);
    let n_runs = project.count("select count(*) from runs");
    // Once a year from now on: what was cut short belongs to other times.
    let yearly = EVERY_SECOND.replace("* * * * * *", "0 0 1 1 *");
    project.write("korabo.toml", format!("{config}\n{yearly}"));
    let mut served = RunningSchedule::start(&project, &[]);
    served.wait_for_text("next: ");
    let outcome = served.end("INT").exits(130);
    assert!(!outcome.stderr.contains("starts\n"), "{}", outcome.stderr);
    assert_eq!(project.count("select count(*) from runs"), n_runs);
}

#[test]
fn a_run_that_takes_too_long_is_stopped_cleanly() {
    let limits = "max_seconds = 5\nretry_seconds = 3600\n";
    let project = project(&format!("{EVERY_SECOND}{limits}"));
    let endless = "-- One row.\nwith recursive n as (select 1 as i union all select i + 1 from n where i < 9000000)\n\
                   select count(*) as n from n cross join link_b\n";
    project.write("queries/summary_long.sql", endless);
    let mut served = RunningSchedule::start(&project, &[]);
    served.wait_for_text("takes longer than 5 seconds; is stopped");
    served.wait_for_text("failed (exit code 143); tried again in 3600 seconds");
    served.end("TERM").exits(143);
    assert_eq!(project.value("select status from runs"), "stopped");
}

#[test]
fn a_killed_process_leaves_nothing_that_hinders_the_next() {
    let project = project(EVERY_SECOND);
    let mut served = RunningSchedule::start(&project, &[]);
    served.wait_for_text("done");
    served.end("KILL");
    let mut served = RunningSchedule::start(&project, &[]);
    served.wait_for_text("done");
    served.end("TERM").exits(143);
}

#[test]
fn a_run_started_by_hand_is_waited_for() {
    let project = project(EVERY_SECOND);
    let lake = project.path().join("lake");
    fs::create_dir(&lake).unwrap();
    let lock = fs::File::create(lake.join(".lock")).unwrap();
    lock.file().lock().unwrap();
    let mut served = RunningSchedule::start(&project, &["-v"]);
    served.wait_for_text("another run holds the lake; asks every 60 seconds");
    served.end("TERM").exits(143);
}

#[test]
fn one_process_serves_a_project() {
    let project = project("[schedule.yearly]\ncron = \"0 0 1 1 *\"\n");
    let mut served = RunningSchedule::start(&project, &[]);
    served.wait_for_text("next: ");
    project
        .korabo(&["schedule"])
        .exits(8)
        .says(&["another `korabo schedule` serves this project"]);
    project.korabo(&["run"]).exits(0);
    served.end("TERM").exits(143);
}

#[test]
fn options_are_carried_over_and_logs_are_json_where_asked_for() {
    let project = project(EVERY_SECOND);
    let options = [
        "--log-format",
        "json",
        "--threads",
        "1",
        "--memory-limit",
        "1G",
    ];
    let mut served = RunningSchedule::start(&project, &options);
    served.wait_for_text("done");
    let outcome = served.end("TERM").exits(143);
    for line in outcome
        .stderr
        .lines()
        .filter(|line| !line.starts_with("ok="))
    {
        let parsed: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(parsed["level"].is_string(), "{line}");
    }
}

#[test]
fn the_next_times_are_listed_with_zone_offset_and_command() {
    let project = project(
        "[schedule.nightly]\ncron = \"30 2 * * *\"\nselect = [\"+link_b\"]\nexclude = [\"clean_a\"]\n\n\
         [schedule.weekly]\ncron = \"0 4 * * SUN\"\ntime_zone = \"Europe/Berlin\"\ncommand = \"maintain\"\n",
    );
    let outcome = project.korabo(&["schedule", "--next", "2"]).exits(0);
    assert_eq!(outcome.stderr, "");
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].starts_with("nightly  2"));
    assert!(
        lines[0].ends_with("T02:30:00+09:00  Asia/Tokyo  korabo run --exclude clean_a +link_b"),
        "{}",
        lines[0]
    );
    assert!(lines[2].starts_with("weekly   2"));
    assert!(
        lines[2].contains("T04:00:00+0") && lines[2].ends_with("  Europe/Berlin  korabo maintain"),
        "{}",
        lines[2]
    );
    let listed = project.korabo(&["schedule", "--next"]).exits(0);
    assert_eq!(listed.stdout.lines().count(), 10);
    let found = project.korabo(&["doctor"]);
    let line = found
        .stdout
        .lines()
        .find(|line| line[5..].starts_with("schedules"));
    assert!(
        line.unwrap()
            .starts_with("ok   schedules         nightly next 2"),
        "{line:?}"
    );
}

#[test]
fn what_is_wrong_in_a_schedule_is_named_with_its_place() {
    let cases = [
        ("", "korabo.toml has no section [schedule.NAME]"),
        (
            "[schedule.a]\nselect = []\n",
            "korabo.toml:4:11: [schedule.a] has no key `cron`",
        ),
        (
            "[schedule.a]\ncorn = \"0 0 * * *\"\n",
            "unknown key `corn` in [schedule.a]; did you mean `cron`?",
        ),
        (
            "[schedule.a]\ncron = \"0 0 * *\"\n",
            "korabo.toml:5:8: `schedule.a.cron` must be five fields",
        ),
        (
            "[schedule.a]\ncron = \"0 99 * * *\"\n",
            "must be a cron expression (",
        ),
        (
            "[schedule.a]\ncron = \"0 0 31 4 *\"\n",
            "a cron expression of a day that exists",
        ),
        (
            "[schedule.a]\ncron = \"0 0 * * *\"\ntime_zone = \"Asia/Tokio\"\n",
            "an IANA time zone like `Asia/Tokyo`; did you mean `Asia/Tokyo`?",
        ),
        (
            "[schedule.a]\ncron = \"0 0 * * *\"\ncatch_up = \"lates\"\n",
            "`schedule.a.catch_up` cannot be `lates`; did you mean `latest`?",
        ),
        (
            "[schedule.a]\ncron = \"0 0 * * *\"\nretries = -1\n",
            "a whole number from 0 to 100, found -1",
        ),
        (
            "[schedule.a]\ncron = \"0 0 * * *\"\ncommand = \"maintain\"\nexclude = [\"x\"]\n",
            "must be left out when `command` is `maintain`",
        ),
        (
            "[schedule.a]\ncron = \"0 0 * * *\"\nselect = [\"+link_bb\"]\n",
            "korabo.toml: [schedule.a]: ",
        ),
    ];
    for (schedules, text) in cases {
        let project = project(schedules);
        project.korabo(&["schedule"]).exits(3).says(&[text]);
        if !schedules.is_empty() {
            project.korabo(&["check"]).exits(3).says(&[text]);
        }
    }
}

#[test]
fn a_broken_memory_is_named_with_what_to_do() {
    let project = project(EVERY_SECOND);
    project.write("lake/.schedule.json", "not json");
    project.korabo(&["schedule"]).exits(3).says(&[
        "the saved times of the schedules cannot be read",
        "remove `.schedule.json`",
    ]);
}
