//! `-- test:` lines of query headers: what stops a table, what only warns, what is written down.

use fs_err as fs;

use crate::support::{Outcome, Project};

fn project() -> Project {
    let project = Project::empty();
    project.write(
        "korabo.toml",
        "[project]\nname = \"tested\"\n\n[parameters]\nlimit = 5\n",
    );
    fs::create_dir(project.path().join("schemas")).unwrap();
    query(&project, "clean_sides", "", "values (1), (2)", "side");
    project
}

fn query(project: &Project, name: &str, header: &str, values: &str, columns: &str) {
    let text = format!("-- One row.\n{header}\nselect * from ({values}) as t ({columns})\n");
    project.write(&format!("queries/{name}.sql"), text);
}

/// Runs a project whose table `link_tested` has three columns, the given test and the given rows.
fn run(header: &str, values: &str) -> (Project, Outcome) {
    let project = project();
    query(&project, "link_tested", header, values, "id, side, name");
    let outcome = project.korabo(&["run"]);
    (project, outcome)
}

/// Test, severity, status and rows of every result, oldest first.
fn results(project: &Project) -> Vec<String> {
    let sql = "select run_id, table_name, test, severity, status, n_rows_found from test_results order by 1, 3";
    let rows = project.rows(sql);
    rows.iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            assert_eq!(text("table_name"), "link_tested");
            let words = [text("test"), text("severity"), text("status")];
            format!(
                "{} {} {}",
                row["run_id"],
                words.join(" | "),
                row["n_rows_found"]
            )
        })
        .collect()
}

const GOOD: &str = "values (1, 1, 'ume'), (2, 2, 'matsu'), (3, null, 'take')";

/// A test and rows, of which so many break it.
const BROKEN: [(&str, &str, u64); 10] = [
    (
        "not_null side",
        "values (1, 1, 'ume'), (2, null, 'ume'), (3, null, 'ume')",
        2,
    ),
    (
        "not_null id, side",
        "values (1, 1, 'ume'), (null, 7, 'ume'), (3, null, 'ume')",
        2,
    ),
    (
        "unique id",
        "values (1, 1, 'ume'), (1, 2, 'ume'), (2, 1, 'ume'), (null, 1, 'ume'), (null, 1, 'ume')",
        2,
    ),
    (
        "unique id, side",
        "values (1, 1, 'ume'), (1, 1, 'ume'), (1, 1, 'ume'), (1, 2, 'ume')",
        3,
    ),
    (
        "accepted_values side in (1, 2, 9)",
        "values (1, 1, 'ume'), (2, 3, 'ume'), (3, null, 'ume')",
        1,
    ),
    (
        "accepted_values name in ('ume', 'matsu, take')",
        "values (1, 1, 'ume'), (2, 3, 'matsu')",
        1,
    ),
    (
        "accepted_values side in (-1, 2.5)",
        "values (1, -1, 'ume'), (2, 2, 'ume')",
        1,
    ),
    (
        "relationships side in clean_sides.side",
        "values (1, 1, 'ume'), (2, 3, 'ume'), (3, null, 'ume')",
        1,
    ),
    (
        "no_rows select id from link_tested where id > $limit",
        "values (5, 1, 'ume'), (6, 1, 'ume'), (7, 1, 'ume')",
        2,
    ),
    (
        "no_rows select side from clean_sides except select side from link_tested",
        "values (1, 1, 'ume')",
        1,
    ),
];

#[test]
fn a_broken_test_keeps_the_table_from_being_published() {
    for (test, values, n_rows) in BROKEN {
        let (project, outcome) = run(&format!("-- test: {test}\n"), values);
        let rows = format!("{n_rows} row");
        let outcome = outcome
            .exits(5)
            .says(&[test, &rows, "link_tested", "not published"]);
        assert_eq!(outcome.summary("failed"), 1.0);
        let quoted = test.contains('\'');
        if !quoted {
            outcome.hides(&["ume"]);
        }
        assert!(!project.versions().contains_key("link_tested"), "{test}");
        assert_eq!(
            results(&project),
            [format!("1 {test} | error | error {n_rows}")]
        );
    }
}

#[test]
fn a_broken_test_that_warns_is_counted_and_the_table_published() {
    for (test, values, n_rows) in BROKEN {
        let (project, outcome) = run(&format!("-- test(warn): {test}\n"), values);
        outcome.exits(0).says(&["warning: link_tested", test]);
        assert!(project.versions().contains_key("link_tested"));
        assert_eq!(
            results(&project),
            [format!("1 {test} | warn | warn {n_rows}")]
        );
        assert_eq!(project.count("select n_warned from runs"), 1);
    }
}

#[test]
fn tests_that_hold_are_written_down_too() {
    let tests = BROKEN.map(|(test, ..)| test);
    let holds = [
        "unique id",
        "accepted_values side in (1, 2, 9)",
        "relationships side in clean_sides.side",
    ];
    assert!(holds.iter().all(|test| tests.contains(test)));
    let header: String = holds
        .iter()
        .map(|test| format!("-- test: {test}\n"))
        .collect();
    let (project, outcome) = run(&header, GOOD);
    outcome.exits(0).hides(&["warning"]);
    let expected = [
        "1 accepted_values side in (1, 2, 9) | error | ok 0",
        "1 relationships side in clean_sides.side | error | ok 0",
        "1 unique id | error | ok 0",
    ];
    assert_eq!(results(&project), expected);
    project.korabo(&["run"]).exits(0);
    assert_eq!(
        results(&project),
        expected,
        "a fresh table is not tested again"
    );
}

#[test]
fn reasons_are_told_of_aggregates_and_of_nothing_else() {
    let header = "-- test: no_rows select name as reason from link_tested where side = 1\n";
    let rows = "values (1, 1, 'ume'), (2, 1, 'matsu'), (3, 1, 'matsu'), (4, 2, 'take')";
    let (_, outcome) = run(&format!("{header}-- sensitivity: aggregate\n"), rows);
    let said = outcome
        .exits(5)
        .says(&["caused by: matsu\n  caused by: ume\n"]);
    said.hides(&["take"]);
    let (_, outcome) = run(header, rows);
    outcome.exits(5).says(&["3 rows"]).hides(&["ume", "matsu"]);
    // Nor where persons are read beside aggregates, or below them.
    for sql in [
        "select t.name as reason from link_tested as t cross join clean_sides as s",
        "select name as reason from link_tested where side in (select side from clean_sides)",
    ] {
        let header = format!("-- test: no_rows {sql}\n-- sensitivity: aggregate\n");
        let (_, outcome) = run(&header, rows);
        outcome.exits(5).says(&["row"]).hides(&["ume", "matsu"]);
    }
    let many = (0..7).map(|n| format!("({n}, 1, 'reason {n}')"));
    let rows = format!("values {}", many.collect::<Vec<_>>().join(", "));
    let (_, outcome) = run(&format!("{header}-- sensitivity: aggregate\n"), &rows);
    outcome.exits(5).says(&["reason 4"]).hides(&["reason 5"]);
}

#[test]
fn change_of_rows_is_measured_against_the_published_version() {
    let header = "-- test: row_count_change 50%\n";
    let two = "values (1, 1, 'ume'), (2, 1, 'ume')";
    let (project, outcome) = run(header, two);
    outcome.exits(0);
    query(&project, "link_tested", header, GOOD, "id, side, name");
    project.korabo(&["run"]).exits(0);
    query(
        &project,
        "link_tested",
        header,
        "values (1, 1, 'ume')",
        "id, side, name",
    );
    let outcome = project.korabo(&["run"]).exits(5);
    outcome.says(&["row_count_change 50%", "2 rows more or fewer"]);
    assert_eq!(
        project.count("select count(*) from link_tested"),
        3,
        "the old version stays"
    );
    let expected = [
        "1 row_count_change 50% | error | not_applicable null",
        "2 row_count_change 50% | error | ok 1",
        "3 row_count_change 50% | error | error 2",
    ];
    assert_eq!(results(&project), expected);
}

#[test]
fn tests_that_cannot_be_are_found_by_check_and_name_the_line() {
    let cases = [
        ("-- test: not_nul id\n", "`not_null`"),
        ("-- test: not_null\n", "not_null column"),
        ("-- test(loud): not_null id\n", "`test(warn)`"),
        (
            "-- test: accepted_values side (1, 2)\n",
            "accepted_values column in",
        ),
        (
            "-- test: accepted_values side in (name)\n",
            "accepted_values column in",
        ),
        (
            "-- test: relationships side in clean_sides\n",
            "relationships column in",
        ),
        ("-- test: row_count_change much\n", "row_count_change 20%"),
        ("-- test: no_rows selekt 1\n", "not valid SQL"),
        (
            "-- test: no_rows select nothing from link_tested\n",
            "nothing",
        ),
        (
            "-- test: no_rows select 1; select 2\n",
            "exactly one SELECT",
        ),
        ("-- test: unique idd\n", "did you mean `id`?"),
        (
            "-- test: relationships side in clean_sides.sid\n",
            "did you mean `side`?",
        ),
        (
            "-- test: relationships side in clean_side.side\n",
            "did you mean `clean_sides`?",
        ),
        (
            "-- test: unique id\n-- materialize: view\n",
            "a view's rows",
        ),
    ];
    for (header, text) in cases {
        let project = project();
        query(&project, "link_tested", header, GOOD, "id, side, name");
        let outcome = project.korabo(&["check"]).exits(3).says(&[text]);
        outcome.says(&["link_tested.sql:2:"]);
    }
}

#[test]
fn tests_of_an_identity_see_the_numbers_given_before() {
    let project = project();
    let header =
        "-- identity: name -> id\n-- test: no_rows select 1 from link_tested having count(*) > 3\n";
    query(
        &project,
        "link_tested",
        header,
        "values ('ume'), ('matsu')",
        "name",
    );
    project.korabo(&["run"]).exits(0);
    query(
        &project,
        "link_tested",
        header,
        "values ('take'), ('sakura')",
        "name",
    );
    project.korabo(&["run"]).exits(5);
    assert_eq!(project.count("select count(*) from link_tested"), 2);
}
