//! `sql`: where statements come from, where results go, what is refused, how errors point. Which rows
//! functions return is tested in `tests/slt`.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use fs_err as fs;

use crate::support::{Outcome, Project, program, run_in, run_with_input, small_world};

/// Runs statements on the small world, read only.
fn ask(arguments: &[&str]) -> Outcome {
    let arguments: Vec<&str> = ["sql"].iter().chain(arguments).copied().collect();
    run_in(small_world(), &arguments)
}

/// Runs statements where there is no project.
fn without_project(arguments: &[&str]) -> Outcome {
    let folder = Project::empty();
    let arguments: Vec<&str> = ["sql"].iter().chain(arguments).copied().collect();
    run_in(folder.path(), &arguments)
}

#[test]
fn statements_come_from_commands_files_and_standard_input() {
    let folder = Project::empty();
    folder.write(
        "two.sql",
        "-- a file; with a comment\nselect 3 as c;\n\nselect ';' as d;\n",
    );
    let csv = ["sql", "--format", "csv"];
    let commands = ["-c", "select 1 as a; select 2 as b", "-c", "select 3 as c"];
    let outcome = folder.korabo(&[&csv[..], &commands].concat()).exits(0);
    assert_eq!(outcome.stdout, "a\n1\nb\n2\nc\n3\n");
    let outcome = folder
        .korabo(&[&csv[..], &["-f", "two.sql"]].concat())
        .exits(0);
    assert_eq!(outcome.stdout, "c\n3\nd\n;\n");
    let input = "select 5 as e;\nselect 6 as f";
    for arguments in [csv.to_vec(), [&csv[..], &["-f", "-"]].concat()] {
        let outcome = run_with_input(folder.path(), &arguments, input).exits(0);
        assert_eq!(outcome.stdout, "e\n5\nf\n6\n");
    }
    folder
        .korabo(&["sql", "-f", "nowhere.sql"])
        .exits(3)
        .says(&["nowhere.sql"]);
}

#[test]
fn script_stops_at_its_first_failing_statement() {
    let outcome = without_project(&[
        "--format",
        "csv",
        "-c",
        "select 1 as a; select nope from (select 2 as b) as t; select 3 as c",
        "-c",
        "select 4 as d",
    ]);
    let outcome = outcome.exits(3).says(&["error:", "no column `nope`"]);
    assert_eq!(outcome.stdout, "a\n1\n");
}

#[test]
fn syntax_errors_say_where() {
    let outcome = without_project(&["-c", "select 1 as a,\n  , 2"])
        .exits(3)
        .says(&["error: line 2, column 3: ", "\n    , 2\n    ^\n"]);
    assert!(outcome.stdout.is_empty());
    assert!(
        !outcome.stderr.contains("ParserError("),
        "{}",
        outcome.stderr
    );
}

#[test]
fn formats_print_numbers_that_read_back_and_quote_what_needs_it() {
    let sql = "select 1 as a, 0.1e0 + 0.2e0 as b, 'あ,\"x' as c, cast(null as int) as d";
    let expected = [
        ("csv", "a,b,c,d\n1,0.30000000000000004,\"あ,\"\"x\",\n"),
        (
            "tsv",
            "a\tb\tc\td\n1\t0.30000000000000004\t\"あ,\"\"x\"\t\n",
        ),
        (
            "ndjson",
            "{\"a\":1,\"b\":0.30000000000000004,\"c\":\"あ,\\\"x\",\"d\":null}\n",
        ),
        (
            "json",
            "[\n{\"a\":1,\"b\":0.30000000000000004,\"c\":\"あ,\\\"x\",\"d\":null}\n]\n",
        ),
    ];
    for (format, text) in expected {
        assert_eq!(
            without_project(&["--format", format, "-c", sql])
                .exits(0)
                .stdout,
            text,
            "{format}"
        );
    }
    let table = without_project(&["-c", sql]).exits(0).stdout;
    assert!(
        table.contains(" a ") && table.contains("1 row\n"),
        "{table}"
    );
    let markdown = without_project(&["--format", "markdown", "-c", sql])
        .exits(0)
        .stdout;
    assert!(
        markdown.starts_with("| a | b | c | d |\n| ---"),
        "{markdown}"
    );
}

#[test]
fn result_without_rows_still_has_its_columns() {
    let sql = "select 1 as a, 'x' as b where false";
    assert_eq!(
        without_project(&["--format", "csv", "-c", sql])
            .exits(0)
            .stdout,
        "a,b\n"
    );
    let json = without_project(&["--format", "json", "-c", sql])
        .exits(0)
        .stdout;
    assert_eq!(
        serde_json::from_str::<Vec<serde_json::Value>>(&json)
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn files_are_written_by_suffix_and_read_by_name() {
    let folder = Project::empty();
    let sql =
        "select * from (values (1, 'a', 0.5), (2, null, 1e-9)) as t (id, word, x) order by id";
    let select = |file: &str| {
        let sql = format!("select id, word, x from '{file}' order by id");
        folder
            .korabo(&["sql", "--format", "csv", "-c", &sql])
            .exits(0)
            .stdout
    };
    let expected = "id,word,x\n1,a,0.5\n2,,0.000000001\n";
    for suffix in ["csv", "parquet", "ndjson"] {
        let file = format!("out.{suffix}");
        let outcome = folder.korabo(&["sql", "-o", &file, "-c", sql]).exits(0);
        assert!(outcome.stdout.is_empty());
        let name = if suffix == "ndjson" {
            "out.json"
        } else {
            &file
        };
        fs::rename(folder.path().join(&file), folder.path().join(name)).unwrap();
        let rows = select(name)
            .replace("1e-9", "0.000000001")
            .replace("1e-09", "0.000000001");
        assert_eq!(rows, expected, "{suffix}");
    }
    for suffix in ["tsv", "md", "txt", "arrow"] {
        folder
            .korabo(&["sql", "-o", &format!("out.{suffix}"), "-c", sql])
            .exits(0);
    }
    let arrow = fs::read(folder.path().join("out.arrow")).unwrap();
    assert!(arrow.starts_with(b"ARROW1"));
    folder
        .korabo(&["sql", "-o", "out.doc", "-c", sql])
        .exits(2)
        .says(&["out.doc", ".xlsx"]);
    let two = folder
        .korabo(&["sql", "-o", "two.csv", "-c", "select 1; select 2"])
        .exits(2);
    assert!(!two.stderr.is_empty() && !folder.path().join("two.csv").exists());
}

#[test]
fn failing_statement_leaves_the_old_output_file() {
    let folder = Project::empty();
    folder.write("out.csv", "old\n");
    let sql = "select 1 / (column1 - 1) as x from (values (2), (1)) as t";
    folder.korabo(&["sql", "-o", "out.csv", "-c", sql]).exits(3);
    assert_eq!(
        fs::read_to_string(folder.path().join("out.csv")).unwrap(),
        "old\n"
    );
}

#[test]
fn workbook_holds_numbers_as_numbers() {
    let folder = Project::empty();
    let sql = "select 12.5 as score, '事業所' as place";
    folder
        .korabo(&["sql", "-o", "out.xlsx", "-c", sql])
        .exits(0);
    let file = fs::File::open(folder.path().join("out.xlsx")).unwrap();
    let mut book = zip::ZipArchive::new(file).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        book.by_name(name)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    };
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<v>12.5</v>"), "{sheet}");
    assert!(part("xl/sharedStrings.xml").contains("事業所"));
}

#[test]
fn places_are_those_of_the_statement_as_it_is_written() {
    for (statement, shown) in [
        (
            "DESCRIBE /* 住民の数 */ nope",
            "\n  DESCRIBE /* 住民の数 */ nope\n                          ^^^^\n",
        ),
        (
            "EXPLAIN -- なぜ\nANALYZE SELECT nope FROM panel_person_year",
            "\n  ANALYZE SELECT nope FROM panel_person_year\n                 ^^^^\n",
        ),
        (
            "COPY nope TO 'x.csv'",
            "\n  COPY nope TO 'x.csv'\n       ^^^^\n",
        ),
        (
            "COPY (SELECT nope FROM panel_person_year) TO 'x.csv'",
            "\n  COPY (SELECT nope FROM panel_person_year) TO 'x.csv'\n               ^^^^\n",
        ),
    ] {
        ask(&["--allow-write", "-c", statement])
            .exits(3)
            .says(&[shown]);
    }
}

#[test]
fn unknown_tables_and_columns_get_the_nearest_name() {
    ask(&["-c", "select * from panel_persn_year"])
        .exits(3)
        .says(&[
            "no table `panel_persn_year`",
            "did you mean `panel_person_year`?",
        ]);
    ask(&["-c", "select fiscal_yeer from panel_person_year"])
        .exits(3)
        .says(&[
            "line 1, column 8",
            "no column `fiscal_yeer`",
            "did you mean `fiscal_year`?",
            "\n  select fiscal_yeer from panel_person_year\n         ^^^^^^^^^^^\n",
        ]);
    ask(&["-c", "select * from 'nowhere.parquet'"])
        .exits(3)
        .says(&["nowhere.parquet"]);
    without_project(&["-c", "select * from members"])
        .exits(3)
        .says(&["no table `members`"]);
}

/// The engine calls these its own bugs.
#[test]
fn types_that_do_not_fit_are_the_statements_fault() {
    for condition in [
        "x between true and ''",
        "x between 1 and interval '1 month'",
        "x between make_array(1) and 1",
        "x between {'a': 1} and 8",
        "s between timestamp '2024-01-01T00:00:00' and 2",
        "x between $low and true",
    ] {
        let from = "from (values (1, 'a')) as t(x, s)";
        let sql = format!("select count(*) {from} where {condition}");
        let said = without_project(&["--param", "low=a", "-c", &sql]);
        said.exits(3).says(&["coerce"]);
    }
}

#[test]
fn tables_can_be_listed_before_anything_is_built() {
    let project = Project::standard();
    let tables = project
        .korabo(&["sql", "--format", "csv", "-c", "show tables"])
        .exits(0)
        .stdout;
    assert!(tables.contains("table_name"), "{tables}");
    project.write("x.csv", "a,b\n1,2\n");
    let columns = project
        .korabo(&["sql", "--format", "csv", "-c", "describe 'x.csv'"])
        .exits(0);
    assert!(columns.stdout.contains("\na,"), "{}", columns.stdout);
}

#[test]
fn nothing_can_be_written_by_a_statement() {
    let project = Project::built();
    let before = project.versions();
    let statements = [
        "create table x as select 1 as a",
        "create view v as select 1 as a",
        "create external table e stored as csv location 'x.csv'",
        "drop table members",
        "insert into members select * from members",
        "delete from members",
        "update members set sex = 1",
        "copy (select 1 as a) to 'copied.csv'",
        "set datafusion.execution.batch_size = 1",
    ];
    for statement in statements {
        let outcome = project
            .korabo(&["sql", "-c", statement])
            .exits(3)
            .says(&["error:"]);
        assert!(outcome.stdout.is_empty(), "{statement}");
    }
    assert!(!project.path().join("copied.csv").exists());
    assert_eq!(project.versions(), before);
}

#[test]
fn reader_that_goes_away_is_no_failure() {
    let mut command = program(Path::new("/"));
    let sql = "select value, value * 2 as twice from generate_series(1, 3000000)";
    command
        .args(["sql", "--format", "csv", "-c", sql])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0_u8; 12];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"value,twice\n");
    let outcome = Outcome::from(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn parameters_are_bound_with_their_types() {
    let bound = [
        "--param",
        "n=2",
        "--param",
        "word=it's",
        "--param",
        "x=0.5",
        "--param",
        "yes=true",
    ];
    let sql = "select $n + 1 as n, $word as word, $x * 2 as x, not $yes as no";
    let arguments: Vec<&str> = ["--format", "csv", "-c", sql]
        .into_iter()
        .chain(bound)
        .collect();
    assert_eq!(
        without_project(&arguments).exits(0).stdout,
        "n,word,x,no\n3,it's,1.0,false\n"
    );
    let sql = "select $first_fiscal_year as y";
    assert_eq!(
        ask(&["--format", "csv", "-c", sql]).exits(0).stdout,
        "y\n2016\n"
    );
    let given = [
        "--format",
        "csv",
        "-c",
        sql,
        "--param",
        "first_fiscal_year=2020",
    ];
    assert_eq!(ask(&given).exits(0).stdout, "y\n2020\n");
    without_project(&["-c", "select $missing as m"])
        .exits(3)
        .says(&["missing"]);
    without_project(&["-c", "select 1", "--param", "n"])
        .exits(2)
        .says(&["NAME=VALUE"]);
}

const CALL: &str = "select * from att_gt(panel_activity,\n  outcome => exercise_habit, \
                    unit => person_id, time => fiscal_year, cohort => cohort)";

#[test]
fn relation_takes_a_table_or_a_query() {
    let from_table = ask(&["--format", "csv", "-c", CALL]).exits(0).stdout;
    let query = CALL.replace("(panel_activity", "((select * from panel_activity)");
    assert_eq!(
        ask(&["--format", "csv", "-c", &query]).exits(0).stdout,
        from_table
    );
    let head = "cohort,time,event_time,estimate,std_error,statistic,p_value,conf_low,conf_high,band_low,\
                band_high,n_treated,n_control,n_units,n_clusters,status\n";
    assert!(
        from_table.starts_with(head) && from_table.lines().count() > 10,
        "{from_table}"
    );
}

#[test]
fn wrong_relation_arguments_say_where_and_what_is_near() {
    let cases = [
        (
            "cohort =>",
            "cohrt =>",
            &["unknown argument `cohrt`", "did you mean `cohort`?"][..],
        ),
        (
            "=> exercise_habit",
            "=> exercise_habt",
            &[
                "line 2, column 3",
                "`outcome`: no column `exercise_habt`",
                "`exercise_habit`?",
            ],
        ),
        (", cohort => cohort", "", &["argument `cohort` is missing"]),
        (
            "=> cohort)",
            "=> cohort, control => 'none')",
            &["'not_yet_treated'", "'none'"],
        ),
        (
            "=> cohort)",
            "=> cohort, anticipation => 'x')",
            &["a whole number", "text"],
        ),
        (
            "=> cohort)",
            "=> cohort, time => age)",
            &["argument `time` is given twice"],
        ),
        ("outcome => ", "", &["write `name => value`"]),
        ("panel_activity,", "1,", &["the first argument must be"]),
    ];
    for (from, to, texts) in cases {
        let sql = CALL.replacen(from, to, 1);
        assert_ne!(sql, CALL);
        ask(&["-c", &sql])
            .exits(3)
            .says(&["`att_gt`"])
            .says(texts)
            .says(&["usage: att_gt("]);
    }
}

#[test]
fn formula_errors_exit_3_and_refusals_of_an_estimator_exit_7() {
    let ols = |formula: &str| {
        let sql = format!(
            "select * from ols((select * from (values (1, 2), (2, 4)) as t (y, x)), '{formula}')"
        );
        without_project(&["-c", &sql])
    };
    ols("y ~ ").exits(3).says(&["`ols`", "formula"]);
    ols("y ~ z").exits(3).says(&["`ols`", "`z`"]);
    ols("y ~ x + i(x, ").exits(3).says(&["`ols`"]);
    let wrong = "select * from ols((select 1.0 as y, 2.0 as x, -1 as w), 'y ~ x', weight => w)";
    without_project(&["-c", wrong])
        .exits(7)
        .says(&["`ols` refused its input"]);
}

#[test]
fn explain_shows_the_estimator_over_only_the_columns_it_needs() {
    let sql = format!("explain {}", CALL.replace("att_gt(", "event_study("));
    let plan = ask(&["--format", "json", "-c", &sql]).exits(0).stdout;
    assert!(
        plan.contains("relation event_study(outcome => exercise_habit"),
        "{plan}"
    );
    for (table, expected) in [
        (
            "panel_person_year",
            ["exercise_habit", "fiscal_year", "person_id"],
        ),
        ("panel_exposure", ["cohort", "field", "person_id"]),
    ] {
        let scan = plan.split(&format!("scan {table} (")).nth(1).unwrap();
        let columns = scan.split("): ").nth(1).unwrap();
        let mut columns: Vec<&str> = columns
            .split(['"', ';'])
            .next()
            .unwrap()
            .split(", ")
            .collect();
        columns.sort_unstable();
        assert_eq!(columns, expected, "{table}");
    }
}

#[test]
fn memory_limit_ends_a_statement_with_code_9() {
    let sql = "select count(*) as n from generate_series(1, 1000000) as a \
               inner join generate_series(1, 1000000) as b on a.value = b.value";
    without_project(&["--memory-limit", "2M", "-c", sql])
        .exits(9)
        .says(&["error:"]);
    let estimator = format!("{CALL};");
    ask(&["--memory-limit", "30K", "-c", &estimator]).exits(9);
    // What functions put together at their end is not reserved, and counts all the same.
    let gathered = "select cardinality(array_agg(value)) as n from generate_series(1, 12000000)";
    ask(&["--memory-limit", "100M", "-c", gathered])
        .exits(9)
        .says(&["held more memory than --memory-limit allows"]);
    ask(&["--memory-limit", "1G", "-c", gathered]).exits(0);
    ask(&["--memory-limit", "0", "-c", "select 1"])
        .exits(2)
        .says(&["a size must be above 0"]);
}

#[test]
fn rows_without_a_partner_are_found_whatever_side_they_are_on() {
    let anti = "select count(*) as n from link_outside_enrollment";
    let joined = "select count(*) as n from (select c.person_id, c.fiscal_year \
                  from link_member_spells as s right join link_checkups as c \
                  on s.person_id = c.person_id and s.enrolled_from <= c.checkup_date \
                  and coalesce(s.enrolled_to, date '2999-12-31') >= c.checkup_date \
                  where s.person_id is null)";
    let expected = ask(&["--format", "csv", "-c", anti]).exits(0).stdout;
    assert_ne!(expected, "n\n0\n");
    assert_eq!(
        ask(&["--format", "csv", "-c", joined]).exits(0).stdout,
        expected
    );
}

#[test]
fn a_view_over_a_table_that_was_never_built_tells_its_own_error_and_is_in_no_list() {
    let project = Project::empty();
    project.write("korabo.toml", "[project]\nname = \"bare\"\n");
    project.write("schemas/.keep", "");
    project.write("sample_data/.keep", "");
    for (view, table) in [("link_whole", "clean_a"), ("link_broken", "clean_never")] {
        let text = format!("-- One row.\n-- materialize: view\n\nselect 2 * n as n from {table}\n");
        project.write(&format!("queries/{view}.sql"), text);
        let text = "-- One row.\n\nselect 1 as n\n";
        project.write(&format!("queries/{table}.sql"), text);
    }
    project.korabo(&["run", "clean_a"]).exits(0);
    assert_eq!(project.text("csv", "select n from link_whole"), "n\n2\n");
    project
        .korabo(&["sql", "-c", "select 1;\n\nselect * from link_broken"])
        .exits(3)
        .says(&["clean_never"])
        // The place would be one in the statement.
        .hides(&["line 3"]);
    for list in [
        "show tables",
        "select table_name from information_schema.columns",
    ] {
        let shown = project.text("csv", list);
        assert!(
            shown.contains("clean_a") && shown.contains("link_whole"),
            "{shown}"
        );
        assert!(!shown.contains("link_broken"), "{shown}");
    }
    // Files are read beside tables.
    project.write("clean_a.csv", "n\n7\n");
    assert_eq!(
        project.text(
            "csv",
            "select n from 'clean_a.csv' union all select n from clean_a order by n"
        ),
        "n\n1\n7\n"
    );
}
