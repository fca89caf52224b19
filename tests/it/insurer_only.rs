//! A project of which an insurer delivers members and checkups, and nothing else is delivered.

use fs_err as fs;

use crate::support::{Project, files_below};

/// The small world with these tables only; all other sources may be missing.
pub(crate) fn project(kept: &[&str]) -> Project {
    let project = Project::unbuilt();
    let extracts = project.path().join("sample_data");
    for file in files_below(&extracts) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !kept.iter().any(|kept| name.starts_with(kept)) {
            fs::remove_file(extracts.join(file)).unwrap();
        }
    }
    let config = project.path().join("korabo.toml");
    let text = fs::read_to_string(&config).unwrap();
    let mut sections = text.split("[sources.");
    let mut changed = sections.next().unwrap().to_owned();
    for section in sections {
        let (name, rest) = section.split_once("]\n").unwrap();
        changed.push_str(&format!("[sources.{name}]\n"));
        if !kept.contains(&name) && !rest.contains("optional = true") {
            changed.push_str("optional = true\n");
        }
        changed.push_str(rest);
    }
    fs::write(config, changed).unwrap();
    project
}

#[test]
fn a_run_ends_well_and_says_what_can_be_said() {
    let project = project(&["members", "checkups"]);
    project.korabo(&["run", "--lang", "en"]).exits(0);
    assert!(project.count("select count(*) from panel_person_year") > 1000);
    assert!(project.count("select count(bmi) from panel_person_year") > 100);
    // No person is exposed to anything, and every effect says so.
    let others = "select count(*) from effect_summary where estimate is not null";
    assert_eq!(project.count(others), 0);
    let balance = "select count(*) from effect_balance where status <> 'no_rows'";
    assert_eq!(project.count(balance), 0);
    let report = fs::read_to_string(project.path().join("reports/report.html")).unwrap();
    assert!(report.contains("Members") || report.contains("members"));
    assert!(report.contains("No effect of a program can be estimated"));
    assert!(!report.contains("No estimate") && !report.contains("Cannot tell"));
    // A board is told where the insured stand, and of no effect.
    let board = fs::read_to_string(project.path().join("reports/board.html")).unwrap();
    assert!(board.contains("no effect of programs is evaluated"));
    let n_charts = board.matches("class=\"chart levels\"").count();
    assert!(n_charts > 0, "{n_charts}");
    for absent in [
        "id=\"measures\"",
        "No estimate",
        "Cannot tell",
        "Not judged",
        "rated ",
    ] {
        assert!(!board.contains(absent), "`{absent}` is on the board's page");
    }
    assert!(!project.path().join("reports/employers").exists());
    project.korabo(&["check"]).exits(0);
    project.korabo(&["docs"]).exits(0);
}
