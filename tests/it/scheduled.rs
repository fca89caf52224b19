//! What scheduled runs need: selecting tables, dry runs, rebuilding, and continuing after a failure.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use fs_err as fs;
use korabo::lake::{Lake, Provenance, PublishMode};

use crate::support::{Outcome, Project, copy_contracts};

/// A chain of four tables with one beside it, and a source that must be there.
///
/// ```text
/// clean_a → link_b → panel_c → effect_d
///              └───→ summary_e
/// ```
fn chain() -> Project {
    let project = Project::empty();
    project.write("korabo.toml", "[project]\nname = \"chain\"\n");
    fs::create_dir(project.path().join("schemas")).unwrap();
    query(
        &project,
        "clean_a",
        "-- tags: nightly, sources\n",
        "select 1 as x",
    );
    query(&project, "link_b", "", "select x from clean_a");
    query(
        &project,
        "panel_c",
        "-- tags: nightly\n",
        "select x from link_b",
    );
    query(&project, "effect_d", "", "select x from panel_c");
    query(&project, "summary_e", "", "select x from link_b");
    project
}

fn query(project: &Project, name: &str, header: &str, sql: &str) {
    let text = format!("-- One row.\n{header}\n{sql}\n");
    project.write(&format!("queries/{name}.sql"), text);
}

/// Tables that `plan` or `run --dry-run` would build.
fn planned(outcome: &Outcome) -> BTreeSet<String> {
    let lines = outcome.stdout.lines();
    lines
        .filter_map(|line| line.strip_prefix("build ")?.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn set(names: &str) -> BTreeSet<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

/// `table outcome` of every step of the latest run.
fn last_steps(project: &Project) -> BTreeSet<String> {
    let sql =
        "select table_name, outcome from run_steps where run_id = (select max(run_id) from runs)";
    let rows = project.rows(sql);
    rows.iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            format!("{}={}", text("table_name"), text("outcome"))
        })
        .collect()
}

/// `status retry_of` of every run, in order.
fn runs(project: &Project) -> Vec<String> {
    let rows = project.rows("select status, retry_of, full_refresh from runs order by run_id");
    rows.iter()
        .map(|row| format!("{} {}", row["status"].as_str().unwrap(), row["retry_of"]))
        .collect()
}

#[test]
fn selectors_pick_tables_by_name_pattern_tag_and_distance() {
    let project = chain();
    let cases = [
        (&["link_b"][..], "link_b"),
        (&["+panel_c"], "clean_a link_b panel_c"),
        (&["link_b+"], "link_b panel_c effect_d summary_e"),
        (&["link_b+1"], "link_b panel_c summary_e"),
        (&["1+effect_d"], "panel_c effect_d"),
        (&["2+effect_d"], "link_b panel_c effect_d"),
        (&["1+link_b+1"], "clean_a link_b panel_c summary_e"),
        (&["tag:nightly"], "clean_a panel_c"),
        (&["tag:nightly+1"], "clean_a link_b panel_c effect_d"),
        (&["*_?"], "clean_a link_b panel_c effect_d summary_e"),
        (&["effect_*", "summary_*"], "effect_d summary_e"),
        (&["effect_* summary_*"], "effect_d summary_e"),
        (&["tag:nightly,clean_*"], "clean_a"),
        (&["tag:nightly,tag:sources", "effect_d"], "clean_a effect_d"),
        (&["--exclude", "link_b+"], "clean_a"),
        (
            &["--exclude", "tag:nightly", "--exclude", "summary_*"],
            "link_b effect_d",
        ),
        (
            &["link_b+", "--exclude", "effect_*,panel_*"],
            "link_b panel_c effect_d summary_e",
        ),
        (&["link_b,panel_c"], ""),
    ];
    for (select, expected) in cases {
        let plan = [&["plan"], select].concat();
        let outcome = project.korabo(&plan).exits(0);
        assert_eq!(planned(&outcome), set(expected), "{select:?}");
        let rehearsal = [&["run", "--dry-run"], select].concat();
        let outcome = project.korabo(&rehearsal).exits(0);
        assert_eq!(planned(&outcome), set(expected), "{select:?}");
    }
    assert!(project.versions().is_empty(), "a rehearsal wrote something");
}

#[test]
fn selectors_that_are_none_name_the_nearest() {
    let project = chain();
    let cases = [
        ("link_bb", "did you mean `link_b`?"),
        ("+panl_c", "did you mean `panel_c`?"),
        ("efect_*", "did you mean `effect_d`?"),
        ("tag:nightli", "did you mean `nightly`?"),
        ("tags:nightly", "did you mean `tag`?"),
        ("state:stalle", "did you mean `stale`?"),
        ("result:eror", "did you mean `error`?"),
        ("link_b,", "a name is missing"),
        ("link_b+many", "not a number of steps"),
        ("+", "a name is missing"),
    ];
    for (selector, text) in cases {
        for command in ["plan", "run"] {
            project.korabo(&[command, selector]).exits(3).says(&[text]);
            let excluded = [command, "--exclude", selector];
            project.korabo(&excluded).exits(3).says(&[text]);
        }
    }
    query(
        &project,
        "panel_c",
        "-- tags: two words\n",
        "select x from link_b",
    );
    project
        .korabo(&["check"])
        .exits(3)
        .says(&["panel_c.sql:2", "`tags`"]);
}

#[test]
fn stale_tables_and_those_of_a_failed_run_can_be_selected() {
    let project = chain();
    project.korabo(&["run"]).exits(0);
    let outcome = project.korabo(&["plan", "state:stale"]).exits(0);
    assert_eq!(planned(&outcome), set(""));
    query(
        &project,
        "panel_c",
        "-- tags: nightly\n",
        "select x + 1 as x from link_b",
    );
    let outcome = project.korabo(&["plan", "state:stale"]).exits(0);
    assert_eq!(planned(&outcome), set("panel_c effect_d"));
    project.korabo(&["run", "tag:nightly,state:stale"]).exits(0);
    assert_eq!(last_steps(&project), set("panel_c=built"));
    query(
        &project,
        "link_b",
        "-- key: x\n",
        "select x from clean_a union all select x from clean_a",
    );
    project.korabo(&["run"]).exits(5);
    let outcome = project.korabo(&["plan", "result:error"]).exits(0);
    assert_eq!(planned(&outcome), set("link_b panel_c effect_d summary_e"));
    let outcome = project.korabo(&["plan", "result:error,link_*"]).exits(0);
    assert_eq!(planned(&outcome), set("link_b"));
}

#[test]
fn full_refresh_builds_fresh_tables_and_a_rehearsal_changes_nothing() {
    let project = chain();
    project.korabo(&["run"]).exits(0);
    let before = project.versions();
    let outcome = project
        .korabo(&["run", "--full-refresh", "--dry-run", "link_b+1"])
        .exits(0);
    assert_eq!(planned(&outcome), set("link_b panel_c summary_e"));
    assert!(
        outcome.stdout.contains("full refresh"),
        "{}",
        outcome.stdout
    );
    project
        .korabo(&["run", "--dry-run", "--nothing-new-code", "99"])
        .exits(99);
    assert_eq!(project.versions(), before, "the history changed too");
    let outcome = project
        .korabo(&["run", "--full-refresh", "link_b"])
        .exits(0);
    assert_eq!(outcome.summary("ok"), 1.0);
    assert_eq!(project.versions()["link_b"], before["link_b"] + 1);
    assert_eq!(project.versions()["panel_c"], before["panel_c"]);
    let sql = "select selection from runs where full_refresh";
    assert_eq!(project.value(sql), "link_b");
}

#[test]
fn retry_goes_on_where_the_last_run_failed_as_often_as_needed() {
    let project = chain();
    project.korabo(&["retry"]).exits(0).says(&["no run yet"]);
    query(&project, "panel_c", "", "select x / 0 as x from link_b");
    query(&project, "summary_e", "", "select x / 0 as x from link_b");
    project.korabo(&["run"]).exits(1);
    project
        .korabo(&["retry"])
        .exits(1)
        .says(&["continues run 1: 3 tables"]);
    let left = set("panel_c=failed effect_d=blocked summary_e=failed");
    assert_eq!(last_steps(&project), left);
    query(&project, "panel_c", "", "select x from link_b");
    project.korabo(&["retry"]).exits(1);
    let left = set("panel_c=built effect_d=built summary_e=failed");
    assert_eq!(last_steps(&project), left);
    query(&project, "summary_e", "", "select x from link_b");
    project
        .korabo(&["retry"])
        .exits(0)
        .says(&["continues run 3: 1 table"]);
    assert_eq!(last_steps(&project), set("summary_e=built"));
    project
        .korabo(&["retry"])
        .exits(0)
        .says(&["run 4 did not fail"]);
    let expected = ["failed null", "failed 1", "failed 2", "ok 3"];
    assert_eq!(runs(&project), expected);
}

#[test]
fn retry_keeps_the_selection() {
    let project = chain();
    project.korabo(&["run"]).exits(0);
    query(&project, "link_b", "", "select x / 0 as x from clean_a");
    project.korabo(&["run", "link_b", "panel_c"]).exits(1);
    query(&project, "link_b", "", "select x + 1 as x from clean_a");
    project.korabo(&["retry"]).exits(0);
    assert_eq!(last_steps(&project), set("link_b=built panel_c=built"));
}

#[test]
fn a_run_without_work_after_a_failed_one_ends_the_failure() {
    let project = chain();
    project.korabo(&["run"]).exits(0);
    query(&project, "summary_e", "", "select x / 0 as x from link_b");
    project.korabo(&["run"]).exits(1);
    query(&project, "summary_e", "", "select x from link_b");
    project.korabo(&["run"]).exits(0);
    project.korabo(&["retry"]).exits(0).says(&["did not fail"]);
    project.korabo(&["run"]).exits(0);
    assert_eq!(runs(&project), ["ok null", "failed null", "ok null"]);
}

#[test]
fn a_run_that_ends_in_ingest_is_in_the_history_and_retry_takes_the_extract_in() {
    let project = chain();
    let config = "[project]\nname = \"chain\"\n\n[extracts]\npath = \"extracts\"\n\n\
                  [sources.municipalities]\nfiles = [\"*.csv\"]\n";
    project.write("korabo.toml", config);
    copy_contracts(project.path());
    let sql = "select municipality_code as x from municipalities";
    query(&project, "clean_a", "", sql);
    project.korabo(&["run"]).exits(4);
    assert_eq!(runs(&project), ["failed null"]);
    let steps = "clean_a=not_run link_b=not_run panel_c=not_run effect_d=not_run summary_e=not_run";
    assert_eq!(last_steps(&project), set(steps));
    project.korabo(&["retry"]).exits(4);
    let extract = "municipality_code,fiscal_year,name,area,has_council,council_stage,joint_projects\n\
                   13101,2023,Chiyoda,chuo-area,true,3,2\n";
    project.write("extracts/one.csv", extract);
    let outcome = project.korabo(&["retry"]).exits(0);
    assert_eq!(outcome.summary("ok"), 5.0);
    assert_eq!(runs(&project), ["failed null", "failed 1", "ok 2"]);
}

/// Writes the table of runs as it was before it held what was selected.
fn write_earlier_history(project: &Project) {
    let names = "n_ok n_skipped n_failed n_deliveries n_rejected_rows";
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = vec![
        Field::new("run_id", DataType::Int64, true),
        Field::new("started_at", utc, true),
        Field::new("korabo_version", DataType::Utf8, true),
        Field::new("status", DataType::Utf8, true),
    ];
    fields.extend(
        names
            .split(' ')
            .map(|name| Field::new(name, DataType::Int64, true)),
    );
    fields.push(Field::new("seconds", DataType::Float64, true));
    let schema = Arc::new(Schema::new(fields));
    let started = TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC");
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![7])),
        Arc::new(started),
        Arc::new(StringArray::from(vec!["0.0.9"])),
        Arc::new(StringArray::from(vec!["failed"])),
    ];
    columns.extend((0..5).map(|_| Arc::new(Int64Array::from(vec![0])) as ArrayRef));
    columns.push(Arc::new(Float64Array::from(vec![1.5])));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let lake = Lake::open(&project.path().join("lake")).unwrap();
    let write = async {
        let mut writer = lake.writer("runs", schema, &[]).unwrap();
        writer.write(&batch).await.unwrap();
        let staged = writer.close().await.unwrap();
        let provenance = Provenance::of_raw(None);
        let published = lake.publish("runs", staged, PublishMode::Append, &provenance);
        published.await.unwrap();
    };
    tokio::runtime::Runtime::new().unwrap().block_on(write);
}

#[test]
fn history_of_an_earlier_version_is_continued() {
    let project = chain();
    write_earlier_history(&project);
    project.korabo(&["history"]).exits(0);
    project.korabo(&["run", "clean_a"]).exits(0);
    let rows = project.rows("select run_id, status, selection from runs order by run_id");
    let selections: Vec<_> = rows.iter().map(|row| row["selection"].as_str()).collect();
    assert_eq!(selections, [None, Some("clean_a")]);
    assert_eq!(rows[1]["run_id"], 8);
    project.korabo(&["history"]).exits(0);
}

#[test]
fn a_table_that_needs_one_never_built_fails_the_run_and_names_it() {
    let project = chain();
    let says = "`panel_c` was not run: `clean_a` was never built";
    project
        .korabo(&["run", "panel_c"])
        .exits(1)
        .says(&[says, "korabo run +panel_c"]);
    assert_eq!(project.value("select status from runs"), "failed");
    project.korabo(&["run", "+panel_c"]).exits(0);
    project.korabo(&["run"]).exits(0);
}
