//! Views that tables are parts of.

use crate::support::Project;

const PART: &str = "-- One row.\n-- key: a\n-- part_of: summary_all\n-- sensitivity: aggregate\n";

/// A project without contracts and extracts.
fn bare() -> Project {
    let project = Project::empty();
    project.write("korabo.toml", "[project]\nname = \"bare\"\n");
    project.write("schemas/.keep", "");
    project.write("sample_data/.keep", "");
    project
}

#[test]
fn a_table_joins_a_view_by_its_own_file() {
    let project = bare();
    project.write(
        "queries/summary_one.sql",
        format!("{PART}select 1 as a, 'x' as b"),
    );
    project.write(
        "queries/summary_total.sql",
        "-- One row.\nselect count(*) as n, sum(a) as total from summary_all",
    );
    let total = |project: &Project| {
        project.korabo(&["run"]).exits(0);
        let answer = [
            "sql",
            "--format",
            "csv",
            "-c",
            "select n, total from summary_total",
        ];
        project.korabo(&answer).exits(0).stdout
    };
    assert_eq!(total(&project), "n,total\n1,1\n");
    // Columns go by name; one that a part does not have is missing there.
    project.write(
        "queries/summary_two.sql",
        format!("{PART}select 'y' as c, 41 as a"),
    );
    assert_eq!(total(&project), "n,total\n2,42\n");
    let view = project.korabo(&[
        "sql",
        "--format",
        "csv",
        "-c",
        "select * from summary_all order by a",
    ]);
    assert_eq!(view.exits(0).stdout, "a,b,c\n1,x,\n41,,y\n");
    let plan = project
        .korabo(&["run", "--dry-run", "--full-refresh", "summary_one+"])
        .exits(0)
        .stdout;
    assert!(
        plan.contains("summary_total"),
        "what reads the view depends on its parts: {plan}"
    );
    project.korabo(&["lineage", "summary_total.total"]).exits(0);
    fs_err::remove_file(project.path().join("queries/summary_two.sql")).unwrap();
    assert_eq!(total(&project), "n,total\n1,1\n");
}

#[test]
fn what_cannot_be_a_view_of_parts_is_refused() {
    let project = bare();
    project.write("queries/summary_all.sql", "-- One row.\nselect 1 as a");
    project.write("queries/summary_one.sql", format!("{PART}select 1 as a"));
    let taken = project.korabo(&["check"]).exits(3);
    taken.says(&[
        "queries/summary_one.sql:3:1",
        "`part_of`",
        "there is a query of that name",
    ]);
    fs_err::remove_file(project.path().join("queries/summary_all.sql")).unwrap();
    for (view, problem) in [
        ("everything", "belongs to no stage"),
        ("summary all", "the name of a view"),
        ("link_all", "later stage"),
    ] {
        project.write(
            "queries/summary_one.sql",
            format!("-- One row.\n-- part_of: {view}\nselect 1 as a"),
        );
        project.korabo(&["check"]).exits(3).says(&[problem]);
    }
}
