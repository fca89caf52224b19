//! `korabo history`.

use chrono::{NaiveDateTime, TimeDelta};

use crate::support::{Project, program};

#[test]
fn runs_are_shown_in_local_time() {
    let project = Project::empty();
    project.write("korabo.toml", "[project]\nname = \"bare\"\n");
    project.write("schemas/.keep", "");
    project.write("sample_data/.keep", "");
    project.write(
        "queries/summary_one.sql",
        "-- One row.\n-- sensitivity: aggregate\nselect 1 as a",
    );
    project.korabo(&["run"]).exits(0);
    let started = |zone: &str| {
        let shown = program(project.path())
            .arg("history")
            .env("TZ", zone)
            .output()
            .unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let row = shown.lines().nth(2).unwrap().to_owned();
        let time = row.split('|').nth(1).unwrap().trim().to_owned();
        NaiveDateTime::parse_from_str(&time, "%Y-%m-%d %H:%M").unwrap()
    };
    assert_eq!(started("Asia/Tokyo") - started("UTC"), TimeDelta::hours(9));
    assert_eq!(
        started("UTC") - started("America/Lima"),
        TimeDelta::hours(5)
    );
}
