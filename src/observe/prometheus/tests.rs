//! What the file holds, in the text format.

use std::time::Duration;

use super::*;
use crate::event::{DeliveryEvent, RunUuid};

fn start(at: DateTime<Utc>) -> RunStart {
    RunStart {
        uuid: RunUuid::of_run("p", at, 1),
        run_id: 3,
        project: "健保 \"A\"\\".to_owned(),
        command: "run",
        selection: None,
        nominal_start: None,
    }
}

fn end(outcome: RunOutcome, exit_code: u8) -> RunEnd {
    RunEnd {
        outcome,
        exit_code,
        elapsed: Duration::from_millis(1500),
        causes: Vec::new(),
        n_stale: Some(2),
        match_rate: None,
    }
}

fn run(path: &Path, at: i64, ended: RunEnd) -> String {
    let file = MetricsFile::new(path.to_path_buf());
    let at = DateTime::from_timestamp(at, 0).unwrap();
    file.observe(at, &RunEvent::RunStarted(start(at)));
    file.observe(
        at,
        &RunEvent::Delivery(DeliveryEvent::Finished {
            file: "a.csv".to_owned(),
            table: "claims".to_owned(),
            n_accepted: 40,
            n_rejected: 2,
            version: 0,
        }),
    );
    file.observe(at + Duration::from_millis(1500), &RunEvent::RunEnded(ended));
    assert!(file.finish().is_empty());
    fs_err::read_to_string(path).unwrap()
}

fn value<'t>(text: &'t str, name: &str) -> &'t str {
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.rsplit(' ').next()).unwrap_or("")
}

#[test]
fn a_failed_run_keeps_the_time_of_the_last_success() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics").join("korabo.prom");
    let first = run(&path, 1_000_000, end(RunOutcome::Ok, 0));
    assert_eq!(value(&first, "korabo_run_success"), "1");
    assert_eq!(value(&first, LAST_SUCCESS), "1000001.5");
    let second = run(&path, 2_000_000, end(RunOutcome::Failed, 5));
    assert_eq!(value(&second, "korabo_run_success"), "0");
    assert_eq!(value(&second, "korabo_run_exit_code"), "5");
    assert_eq!(
        value(&second, "korabo_run_end_timestamp_seconds"),
        "2000001.5"
    );
    assert_eq!(value(&second, LAST_SUCCESS), "1000001.5");
    assert_eq!(value(&second, "korabo_run_duration_seconds"), "1.5");
    assert_eq!(value(&second, "korabo_stale_tables"), "2");
    let left: Vec<_> = fs_err::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "the temporary file is gone");
}

#[test]
fn labels_are_escaped_and_each_metric_is_described_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("korabo.prom");
    let text = run(&path, 1_000_000, end(RunOutcome::Ok, 0));
    let labels = r#"{project="健保 \"A\"\\",table="claims",result="rejected"} 2"#;
    assert!(
        text.contains(&format!("korabo_delivery_rows{labels}\n")),
        "{text}"
    );
    let described: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("# TYPE "))
        .collect();
    let names: std::collections::BTreeSet<&&str> = described.iter().collect();
    assert_eq!(names.len(), described.len());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split('{').next().unwrap();
        assert!(
            described.contains(&format!("# TYPE {name} gauge").as_str()),
            "{line}"
        );
    }
    assert!(!text.contains("korabo_match_rate_ratio"), "not recorded");
}

#[test]
fn a_place_that_cannot_be_written_is_said_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs_err::write(&blocked, "").unwrap();
    let file = MetricsFile::new(blocked.join("korabo.prom"));
    let at = DateTime::from_timestamp(1, 0).unwrap();
    file.observe(at, &RunEvent::RunStarted(start(at)));
    file.observe(at, &RunEvent::RunEnded(end(RunOutcome::Ok, 0)));
    let said = file.finish();
    assert!(
        said.len() == 1 && said[0].starts_with("metrics not written"),
        "{said:?}"
    );
}
