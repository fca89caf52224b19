//! `ingest --again`: a delivery whose rows the contract of today judges differently takes the place of what it was before.

use fs_err as fs;

use crate::small_project::{project, token};
use crate::support::Project;

const VISITS: &str = "SELECT person_key, visited_on, pressure, kind FROM visits ORDER BY 1, 2";

fn rows(project: &Project) -> String {
    project.text("csv", VISITS)
}

/// Raises the highest blood pressure, so that the one rejected row is accepted.
fn correct_the_contract(project: &Project) {
    let path = project.path().join("schemas/visits.toml");
    let contract = fs::read_to_string(&path).unwrap();
    assert!(contract.contains("max = 300.0"));
    fs::write(path, contract.replace("max = 300.0", "max = 1000.0")).unwrap();
}

/// What a project has that had the corrected contract from the beginning.
fn from_the_beginning(prepare: impl FnOnce(&Project)) -> String {
    let project = project("");
    correct_the_contract(&project);
    prepare(&project);
    project.korabo(&["run"]).exits(0);
    assert_eq!(
        project.count("SELECT count(*) AS n FROM deliveries WHERE n_rejected > 0"),
        0
    );
    rows(&project)
}

#[test]
fn a_corrected_contract_is_noticed_and_rejected_rows_come_in() {
    let project = project("");
    project.korabo(&["run"]).exits(0).hides(&["--again"]);
    assert_eq!(project.count("SELECT count(*) AS n FROM rejects_visits"), 1);
    project.korabo(&["run"]).exits(0).hides(&["--again"]);

    correct_the_contract(&project);
    for command in ["ingest", "run"] {
        project.korabo(&[command]).exits(0).says(&[
            "rejected rows of 1 delivery may be accepted by the contract of today: `korabo ingest --again`",
        ]);
    }
    assert_eq!(project.count("SELECT count(*) AS n FROM visits"), 3);
    project
        .korabo(&["ingest", "--again"])
        .exits(0)
        .says(&["deliveries=1 rows_in=4 accepted=4 rejected_rows=0"])
        .hides(&["may be accepted"]);
    assert_eq!(rows(&project), from_the_beginning(|_| ()));
    assert_eq!(project.count("SELECT count(*) AS n FROM rejects_visits"), 0);
    let receipts = "SELECT delivery_id, n_accepted, n_rejected, n_removed, replaces FROM deliveries ORDER BY 1";
    let expected = "delivery_id,n_accepted,n_rejected,n_removed,replaces\n1,3,1,0,\n2,4,0,3,1\n";
    assert_eq!(project.text("csv", receipts), expected);

    // What was built before is stale, nothing is lost, and nothing is left to do again.
    project.korabo(&["run"]).exits(0).says(&["failed=0"]);
    assert_eq!(
        project.count("SELECT sum(n)::bigint AS n FROM summary_visits"),
        2
    );
    assert_eq!(project.count("SELECT count(*) AS n FROM clean_visits"), 4);
    project.korabo(&["doctor"]).exits(0);
    project
        .korabo(&["ingest", "--again"])
        .exits(0)
        .says(&["deliveries=0"]);
}

#[test]
fn rows_of_other_deliveries_and_later_corrections_stay() {
    let project = project("");
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    let config = config.replace("files = [", "replace = [\"again*.csv\"]\nfiles = [");
    project.write("korabo.toml", config);
    project.korabo(&["run"]).exits(0);
    let (a, b) = (token('a'), token('b'));
    let header = "person_key,visited_on,pressure,kind,note\n";
    project.write(
        "extracts/visits_2.csv",
        format!("{header}{a},2023-05-01,110,1,\n"),
    );
    project.korabo(&["run"]).exits(0);
    // Corrects a row of the first delivery, and one that will only come in with it.
    let correction =
        format!("{header}{a},2023-04-01,120,2,\n{b},2023-07-01,99,1,\n{b},2023-08-01,999,1,\n");
    project.write("extracts/again.csv", &correction);
    project.korabo(&["run"]).exits(0);
    correct_the_contract(&project);

    // The correction is the last delivery and comes again; so does the first, and what was corrected stays so.
    project
        .korabo(&["ingest", "--again"])
        .exits(0)
        .says(&["deliveries=2"]);
    let expected = format!(
        "person_key,visited_on,pressure,kind\n{a},2023-04-01,120.0,2\n{a},2023-05-01,110.0,1\n{b},2023-05-01,133.6,2\n{b},2023-06-01,,1\n{b},2023-07-01,99.0,1\n{b},2023-08-01,999.0,1\n"
    );
    assert_eq!(rows(&project), expected);
    project.korabo(&["run"]).exits(0);
    project.korabo(&["doctor"]).exits(0);
}

#[test]
fn a_correction_is_not_repeated_over_later_deliveries() {
    let project = project("");
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    let config = config.replace("files = [", "replace = [\"again*.csv\"]\nfiles = [");
    project.write("korabo.toml", config);
    let header = "person_key,visited_on,pressure,kind,note\n";
    let row = |day: &str| format!("{},2023-0{day}-01,999,1,\n", token('a'));
    project.write(
        "extracts/again_1.csv",
        format!("{header}{}{},2023-04-01,130,2,\n", row("8"), token('a')),
    );
    project.korabo(&["run"]).exits(0);
    project.write(
        "extracts/visits_3.csv",
        format!("{header}{},2023-09-01,120,1,\n", token('a')),
    );
    project.korabo(&["run"]).exits(0);
    correct_the_contract(&project);
    let before = project.versions();
    project
        .korabo(&["ingest", "--again"])
        .exits(4)
        .says(&["`again_1.csv` cannot be ingested again: delivery 3 of `visits` came after it"]);
    assert_eq!(project.versions(), before);
    // Named, the first delivery comes in alone.
    let visits = project.path().join("extracts/visits.csv");
    let named = format!("visits={}", visits.display());
    project
        .korabo(&["ingest", "--again", &named])
        .exits(0)
        .says(&["deliveries=1"]);
    project
        .korabo(&["ingest", &named])
        .exits(0)
        .says(&["deliveries=0"]);
    project.korabo(&["doctor"]).exits(0);
}

#[test]
fn a_killed_repetition_is_finished_by_the_next_one() {
    let project = project("");
    project.korabo(&["run"]).exits(0);
    correct_the_contract(&project);
    let before = project.path().join("before");
    copy(&project.path().join("lake"), &before);
    project.korabo(&["ingest", "--again"]).exits(0);
    let finished = rows(&project);
    // As killed between any two of its commits: each table at its state before or after, in the order of the commits.
    let after = project.path().join("after");
    copy(&project.path().join("lake"), &after);
    for n_committed in 0..=2 {
        let lake = project.path().join("lake");
        fs::remove_dir_all(&lake).unwrap();
        copy(&before, &lake);
        for table in ["visits", "deliveries"].iter().take(n_committed) {
            fs::remove_dir_all(lake.join(table)).unwrap();
            copy(&after.join(table), &lake.join(table));
        }
        project.korabo(&["run"]).exits(0);
        project.korabo(&["ingest", "--again"]).exits(0);
        assert_eq!(rows(&project), finished, "{n_committed}");
        assert_eq!(
            project.count("SELECT count(*) AS n FROM rejects_visits"),
            0,
            "{n_committed}"
        );
        project.korabo(&["doctor"]).exits(0);
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A column that the contract gained later: missing in rows that are there, read from files that have it.
#[test]
fn a_column_added_to_the_contract_is_added_to_the_table() {
    let project = project("");
    project.korabo(&["run"]).exits(0);
    let contract = project.path().join("schemas/visits.toml");
    let text = fs::read_to_string(&contract).unwrap();
    let column = "\n[columns.minutes]\nname_ja = \"分\"\ndescription = \"How long\"\ntype = \"i32\"\nnullable = true\nprivacy = \"open\"\n";
    fs::write(&contract, text + column).unwrap();
    project.korabo(&["run"]).exits(0).says(&["failed=0"]);
    assert_eq!(
        project.text(
            "csv",
            "SELECT count(*) AS n, count(minutes) AS known FROM visits"
        ),
        "n,known\n3,0\n"
    );
    let a = token('a');
    project.write(
        "extracts/visits_2.csv",
        format!("person_key,visited_on,pressure,kind,note,minutes\n{a},2023-05-01,110,1,,25\n"),
    );
    project.korabo(&["run"]).exits(0).says(&["failed=0"]);
    assert_eq!(
        project.text("csv", "SELECT sum(minutes) AS m, count(*) AS n FROM visits"),
        "m,n\n25,4\n"
    );
    let again = project.korabo(&["run"]).exits(0);
    assert_eq!(again.summary("ok") as i64, 0);
    project.korabo(&["doctor"]).exits(0);
}
