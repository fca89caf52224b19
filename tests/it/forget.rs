//! `korabo forget`: of withdrawn persons nothing is left in any file of the lake, all others stay as they were, they do not come in
//! again, and a kill at any moment is repaired by the same command.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use fs_err as fs;
use serde_json::Value;

use crate::forget_project::{GONE, IN_CONFLICT, project, token};
use crate::support::{Project, copy_folder, files_below, program, run_in, send, wait_for};

const FORGET: [&str; 4] = ["forget", "--tokens", "tokens.csv", "--yes"];

/// The files below `folder` in which one of the keys, or the beginning of one, can be read.
fn holders(folder: &Path, keys: &[&str]) -> Vec<String> {
    let starts: Vec<String> = keys.iter().map(|key| key.repeat(8)).collect();
    let holds = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).to_lowercase();
        starts.iter().any(|start| text.contains(start))
    };
    let mut found = Vec::new();
    for file in files_below(folder) {
        let path = folder.join(&file);
        let mut is_holder = holds(&fs::read(&path).unwrap());
        if path.extension().is_some_and(|ending| ending == "parquet") {
            let reader = ParquetRecordBatchReaderBuilder::try_new(
                fs::File::open(&path).unwrap().into_file(),
            );
            let batches: Vec<RecordBatch> = reader
                .unwrap()
                .build()
                .unwrap()
                .map(Result::unwrap)
                .collect();
            is_holder |= holds(
                pretty_format_batches(&batches)
                    .unwrap()
                    .to_string()
                    .as_bytes(),
            );
        }
        if is_holder {
            found.push(file.display().to_string());
        }
    }
    found
}

/// The rows of all persons but the one who is withdrawn, with their numbers.
fn others(project: &Project) -> Vec<String> {
    let f3 = token("f3");
    let statements = [
        format!("select * from members where lower(person_key) <> '{f3}' order by person_key"),
        format!(
            "select * from employees where employee_key <> '{}' and coalesce(link_token, '') <> '{f3}' order by employee_key, spell",
            token("e3")
        ),
        format!(
            "select * from absences where employee_key <> '{}' order by employee_key",
            token("e3")
        ),
        format!("select * from link_person_ids where person_key <> '{f3}' order by person_key"),
        format!(
            "select * from link_household_ids where household_key <> '{}' order by 1",
            token("c3")
        ),
        "select * from panel_members where person_id <> 4 order by person_id".to_owned(),
        "select * from panel_absences where person_id <> 4 order by person_id".to_owned(),
        "select delivery_id, row_number, \"column\", rule from rejects_members order by 1, 2"
            .to_owned(),
    ];
    statements
        .iter()
        .map(|sql| project.text("csv", sql))
        .collect()
}

fn receipt(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap()
}

#[test]
fn nothing_of_the_person_is_left_and_the_receipt_says_what_was_there() {
    let project = project();
    let lake = project.path().join("lake");
    let number = format!(
        "select person_id from link_person_ids where person_key = '{}'",
        token("f3")
    );
    assert_eq!(project.count(&number), 4);
    for key in GONE {
        assert!(
            holders(&lake, &[key]).len() > 3,
            "the search finds nothing: {key}"
        );
    }
    let files = files_below(&lake);
    let rehearsal = project
        .korabo(&FORGET[..3])
        .exits(0)
        .says(&["nothing was changed; `--yes` withdraws them"]);
    assert_eq!(files_below(&lake), files);

    // A file that a killed run wrote and never published goes, too.
    let data = files.iter().find(|file| {
        file.starts_with("members") && file.extension().is_some_and(|e| e == "parquet")
    });
    fs::copy(
        lake.join(data.unwrap()),
        lake.join("members/part-left.parquet"),
    )
    .unwrap();
    let done = project
        .korabo(&FORGET)
        .exits(0)
        .says(&[
            "1 of 1 token found in the lake, 1 other key of the same persons",
            "members_2.csv",
            "1 key stands",
        ])
        .hides(&[token("f3")]);
    assert_eq!(holders(&lake, &GONE), Vec::<String>::new());
    let (rehearsed, done) = (receipt(&rehearsal.stdout), receipt(&done.stdout));
    let members = "n_asked n_found n_same_person n_conflicts asked_sha256 tables extracts";
    for member in members.split(' ') {
        assert_eq!(rehearsed[member], done[member], "{member}");
    }
    assert!(rehearsed["finished_at"].is_null() && done["finished_at"].is_string());
    let tables = done["tables"].as_array().unwrap().iter();
    let rows: BTreeMap<&str, i64> = tables
        .map(|own| {
            (
                own["table"].as_str().unwrap(),
                own["n_rows"].as_i64().unwrap(),
            )
        })
        .filter(|(table, _)| !table.starts_with("clean_") && !table.starts_with("panel_"))
        .filter(|(_, n_rows)| *n_rows > 0)
        .collect();
    let expected = [
        ("absences", 1),
        ("employees", 3),
        ("findings", 2),
        ("link_household_ids", 1),
        ("link_person_ids", 1),
        ("members", 1),
        ("rejects_findings", 1),
        ("rejects_members", 1),
        ("visits", 1),
    ];
    assert_eq!(rows, expected.into());
    let findings = "select visit_id, code from findings order by 1";
    assert_eq!(project.text("csv", findings), "visit_id,code\nv1,1\nv4,1\n");
}

#[test]
fn everything_of_others_stays() {
    let project = project();
    let before = others(&project);
    project.korabo(&FORGET).exits(0);
    // Until they are built again, tables of persons are not read; those of numbers are as they were.
    project
        .korabo(&["sql", "-c", "select count(*) from panel_members"])
        .exits(5)
        .says(&[
            "`panel_members` was emptied by `korabo forget`",
            "`korabo run` builds it again",
        ]);
    assert_eq!(
        project.count("select sum(n)::bigint as n from summary_insurers"),
        4
    );
    let owner = format!(
        "select link_token from employees where employee_key = '{}'",
        token(IN_CONFLICT)
    );
    assert_eq!(project.value(&owner), token("a2"));
    project.korabo(&["doctor"]).exits(0);
    project.korabo(&["run"]).exits(0).says(&["failed=0"]);
    assert_eq!(others(&project), before);
    assert_eq!(
        project.count("select sum(n)::bigint as n from summary_insurers"),
        3
    );
    project.korabo(&["doctor", "--verify"]).exits(0);
    project
        .korabo(&["run", "--nothing-new-code", "99"])
        .exits(99);
    let lake = project.path().join("lake");
    assert_eq!(holders(&lake, &GONE), Vec::<String>::new());
}

#[test]
fn earlier_versions_are_not_read_any_more_and_once_more_there_is_nothing_to_do() {
    let project = project();
    let lake = project.path().join("lake");
    project.korabo(&FORGET).exits(0);
    for table in [
        "members",
        "employees",
        "rejects_members",
        "clean_absences",
        "panel_members",
        "link_person_ids",
    ] {
        project
            .korabo(&[
                "sql",
                "--as-of",
                "run:1",
                "-c",
                &format!("select * from {table}"),
            ])
            .exits(3)
            .says(&["`korabo maintain` or `korabo forget`"]);
    }
    let files = files_below(&lake);
    let again = project
        .korabo(&FORGET)
        .exits(0)
        .says(&["the lake had nothing of them"]);
    assert_eq!(receipt(&again.stdout)["n_found"], 0);
    let changed = files_below(&lake);
    let changed = changed.iter().filter(|file| !files.contains(file));
    assert!(
        changed.clone().all(|file| file.starts_with("withdrawals")),
        "{:?}",
        changed.collect::<Vec<_>>()
    );
}

#[test]
fn the_person_does_not_come_in_again_and_the_number_is_not_given_again() {
    let project = project();
    let lake = project.path().join("lake");
    project.korabo(&FORGET).exits(0);
    let again = |file: &str| {
        let delivery = format!("members=extracts/{file}");
        project.korabo(&["ingest", "--again", &delivery]).exits(0)
    };
    // One row is accepted by nobody's fault, one is a rejected row of another person.
    again("members_2.csv").says(&["rows_in=3 accepted=0 rejected_rows=3"]);
    let rejects =
        "select row_number, rule, \"row\" = '{}' as is_blank from rejects_members order by 1";
    let expected = "row_number,rule,is_blank\n1,withdrawn,true\n2,withdrawn,true\n3,range,false\n";
    assert_eq!(project.text("csv", rejects), expected);
    // A new file, by another spelling of the key; withdrawn rows do not count as mistakes of the file.
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    project.write(
        "korabo.toml",
        config.replace("max_reject_share = 0.7", "max_reject_share = 0.0"),
    );
    let wide: String = token("f3")
        .chars()
        .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap())
        .collect();
    let rows = format!(
        "person_key,household_key,insurer_id,age\n{wide},{h},1,50\n{},{h},1,51\n",
        token("b6"),
        h = token("c4"),
    );
    project.write("extracts/members_3.csv", rows);
    project.write(
        "extracts/absences_2.csv",
        format!("employee_key,days\n{},9\n", token("e3")),
    );
    // Findings of a visit that the lake never had, and that comes in with them.
    let visits = format!(
        "visit_id,person_key\nv8,{}\nv9,{}\n",
        token("a1"),
        token("f3")
    );
    project.write("extracts/visits_2.csv", visits);
    project.write(
        "extracts/findings_2.csv",
        "visit_id,code\nv8,1\nv9,1\nv3,3\n",
    );
    project.korabo(&["run"]).exits(0);
    let findings = "select visit_id, code from findings order by 1";
    assert_eq!(
        project.text("csv", findings),
        "visit_id,code\nv1,1\nv4,1\nv8,1\n"
    );
    let number = format!(
        "select person_id from link_person_ids where person_key = '{}'",
        token("b6")
    );
    assert_eq!(project.count(&number), 5);
    assert_eq!(
        project.count("select count(*) as n from rejects_absences where rule = 'withdrawn'"),
        1
    );
    assert_eq!(holders(&lake, &GONE), Vec::<String>::new());
    project.korabo(&["doctor"]).exits(0);
}

#[test]
fn earlier_versions_are_enough_to_be_found() {
    let project = project();
    let lake = project.path().join("lake");
    project.write(
        "extracts/without_members.csv",
        format!("person_key\n{}\n", token("f3")),
    );
    project.write(
        "extracts/without_absences.csv",
        format!("employee_key\n{}\n", token("e3")),
    );
    let rows = ["1", "2"].map(|spell| format!("{},{spell}\n", token("e3")));
    project.write(
        "extracts/without_employees.csv",
        format!("employee_key,spell\n{}{},1\n", rows.concat(), token("e5")),
    );
    project.korabo(&["run"]).exits(0);
    assert_eq!(project.count("select count(*) as n from members"), 3);
    let done = project.korabo(&FORGET).exits(0);
    let done = receipt(&done.stdout);
    assert_eq!(
        (&done["n_found"], &done["n_same_person"]),
        (&1.into(), &1.into())
    );
    assert_eq!(holders(&lake, &GONE), Vec::<String>::new());
    project.korabo(&["run"]).exits(0);
    project.korabo(&["doctor"]).exits(0);
}

#[test]
fn wrong_files_are_refused_without_showing_what_is_in_them() {
    let project = project();
    let asked = |text: &str| {
        project.write("wrong.csv", text);
        project
            .korabo(&["forget", "--tokens", "wrong.csv", "--yes"])
            .exits(2)
    };
    let a = token("a1");
    asked(&format!("{a}\n{}\n", &a[1..]))
        .says(&["line 2: not a token"])
        .hides(&[&a[1..]]);
    asked(&format!("person_key,insurer_id\n{a},1\n")).says(&["has 2 columns"]);
    asked("person_key\n").says(&["has no token"]);
    project
        .korabo(&["forget", "--tokens", "nowhere.csv"])
        .exits(2);
    assert_eq!(project.count("select count(*) as n from members"), 4);
}

/// What is the same after every withdrawal, killed or not.
fn outcome(project: &Project) -> Vec<String> {
    let mut outcome = others(project);
    let statements = [
        "select table_name, mode, n_removed from deliveries order by table_name, delivery_id",
        "select withdrawal_id, n_asked, n_found, n_same_person, n_conflicts, table_name, n_rows, deliveries, finished_at is null as is_open from withdrawals where withdrawal_id = 1 order by table_name",
        "select key_sha256, kind from withdrawn_keys order by 1",
    ];
    outcome.extend(statements.iter().map(|sql| project.text("csv", sql)));
    outcome
}

#[test]
fn a_kill_at_every_step_is_repaired_by_the_same_command() {
    let built = project();
    let undisturbed = Project::empty();
    copy_folder(built.path(), undisturbed.path());
    run_in(undisturbed.path(), &FORGET).exits(0);
    undisturbed.korabo(&["run"]).exits(0);
    let expected = outcome(&undisturbed);
    let commit = |version: u64| format!("_delta_log/{version:020}.json");
    let versions = built.versions();
    let next = |table: &str| format!("{table}/{}", commit(versions[table] + 1));
    let checkpoint = |table: &str, n: u64| {
        format!(
            "{table}/_delta_log/{:020}.checkpoint.parquet",
            versions[table] + n
        )
    };
    let places = [
        "withdrawals".to_owned(),
        format!("withdrawals/{}", commit(0)),
        format!("withdrawn_keys/{}", commit(0)),
        next("clean_absences"),
        checkpoint("panel_members", 1),
        next("absences"),
        next("employees"),
        next("members"),
        next("rejects_members"),
        checkpoint("members", 1),
        checkpoint("rejects_members", 1),
        next("link_household_ids"),
        checkpoint("link_person_ids", 1),
        format!("withdrawals/{}", commit(1)),
    ];
    let mut n_killed = 0;
    for (idx, place) in places.iter().enumerate() {
        let project = Project::empty();
        copy_folder(built.path(), project.path());
        let mut child = program(project.path())
            .args(FORGET)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(&mut child, &project.path().join("lake").join(place));
        thread::sleep(Duration::from_millis(3 * (idx as u64 % 3)));
        send(&child, "KILL");
        n_killed += usize::from(child.wait().unwrap().code().is_none());
        if idx % 2 == 0 {
            // The lake is not blocked meanwhile.
            project.korabo(&["run"]).exits(0);
        }
        project.korabo(&FORGET).exits(0);
        let lake = project.path().join("lake");
        assert_eq!(
            holders(&lake, &GONE),
            Vec::<String>::new(),
            "killed at {place}"
        );
        project.korabo(&["run"]).exits(0);
        project.korabo(&["doctor"]).exits(0);
        assert_eq!(outcome(&project), expected, "killed at {place}");
    }
    assert!(n_killed > places.len() / 2, "{n_killed} were killed");
}
