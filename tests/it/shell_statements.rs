//! `sql` beyond SQL: statements about the data and the language, formats for reading, the time limit.

use fs_err as fs;

use crate::support::{Outcome, Project, run_in, run_with_input, small_world};

const CHECKUPS: &str =
    "id,name,day,x,ok\n1,健診,2024-01-01,1.5,true\n2,,2024-02-01,,false\n3,c,2024-03-05,9.5,true\n";

fn with_file(arguments: &[&str]) -> Outcome {
    let folder = Project::empty();
    folder.write("a.csv", CHECKUPS);
    let arguments: Vec<&str> = ["sql"].iter().chain(arguments).copied().collect();
    run_in(folder.path(), &arguments)
}

#[test]
fn summary_has_a_row_per_column() {
    let expected = "column_name,column_type,min,max,approx_unique,avg,std,q25,q50,q75,count,null_percentage\n\
                    id,Int64,1,3,3,2.0,1.0,1.25,2,2.75,3,0.0\n\
                    name,Utf8,c,健診,2,,,,,,3,33.33\n";
    let csv = ["--format", "csv", "-c"];
    let outcome = with_file(&[&csv[..], &["SUMMARIZE select id, name from 'a.csv'"]].concat());
    assert_eq!(outcome.exits(0).stdout, expected);
    let outcome = with_file(&[&csv[..], &["summarize 'a.csv'"]].concat()).exits(0);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(
        lines[3].starts_with("day,Date32,2024-01-01,2024-03-05,3,,,2024-01-"),
        "{}",
        lines[3]
    );
    assert!(
        lines[4].starts_with("x,Float64,1.5,9.5,2,5.5,"),
        "{}",
        lines[4]
    );
    assert!(
        lines[5].starts_with("ok,Boolean,false,true,2,,,,,,3,0.0"),
        "{}",
        lines[5]
    );
    assert_eq!(lines.len(), 6);
}

#[test]
fn summary_of_nothing_and_of_odd_types_has_its_rows() {
    let sql = "summarize select a.id, b.id, [1] as l, null as n, arrow_cast('x', 'Dictionary(Int32, Utf8)') as d \
               from 'a.csv' a join 'a.csv' b on a.id = b.id where a.id > $least";
    for (least, n_rows, shown) in [("0", 3, "x"), ("9", 0, "")] {
        let least = format!("least={least}");
        let outcome = with_file(&["--format", "csv", "--param", &least, "-c", sql]).exits(0);
        let lines: Vec<&str> = outcome.stdout.lines().collect();
        assert_eq!(lines.len(), 6, "{}", outcome.stdout);
        assert!(
            lines[1..]
                .iter()
                .all(|line| line.contains(&format!(",{n_rows},"))),
            "{}",
            outcome.stdout
        );
        let texts: Vec<&str> = lines[5].split(',').rev().take(11).collect();
        assert_eq!(texts[9], shown, "{}", lines[5]);
    }
}

#[test]
fn tables_and_queries_are_described() {
    let csv = ["--format", "csv", "-c"];
    for sql in ["describe 'a.csv'", "DESC select * from 'a.csv'"] {
        let outcome = with_file(&[&csv[..], &[sql]].concat()).exits(0);
        assert!(
            outcome.stdout.starts_with(
                "column_name,data_type,is_nullable,meaning\nid,Int64,YES,\nname,Utf8,YES,\nday,Date32,YES,\n"
            ),
            "{}",
            outcome.stdout
        );
    }
    let outcome = run_in(small_world(), &["sql", "-c", "describe panel_person_yaer"]);
    outcome.exits(3).says(&["panel_person_year"]);
    let outcome = run_in(small_world(), &["sql", "-c", "summarize panel_person_yaer"]);
    outcome
        .exits(3)
        .says(&["no table `panel_person_yaer`; did you mean `panel_person_year`?"]);
    with_file(&["-c", "summarize\n select nope from 'a.csv'"])
        .exits(3)
        .says(&["line 2, column 9: no column `nope`"]);
}

#[test]
fn relations_are_listed_and_explained_wherever_statements_come_from() {
    let folder = Project::empty();
    folder.write("ask.sql", "SHOW RELATIONS; HELP att_gt;");
    let tsv = ["sql", "--format", "tsv"];
    let from_file = folder
        .korabo(&[&tsv[..], &["-f", "ask.sql"]].concat())
        .exits(0)
        .stdout;
    let from_input = run_with_input(folder.path(), &tsv, "show relations;\nhelp att_gt")
        .exits(0)
        .stdout;
    assert_eq!(from_file, from_input);
    for relation in korabo::functions::RELATIONS {
        assert!(
            from_file.contains(relation.description),
            "{}",
            relation.name
        );
    }
    let relation = korabo::functions::RELATIONS
        .iter()
        .find(|relation| relation.name == "att_gt")
        .unwrap();
    for argument in relation.arguments {
        let required = if argument.required { "yes" } else { "no" };
        assert!(
            from_file.contains(&format!("argument\t{}\t{required}\t", argument.name)),
            "{}",
            argument.name
        );
        assert!(
            from_file.contains(argument.description),
            "{}",
            argument.name
        );
    }
    assert!(from_file.contains(relation.example));
    let topics = folder
        .korabo(&[&tsv[..], &["-c", "help"]].concat())
        .exits(0)
        .stdout;
    assert!(
        topics.contains("SUMMARIZE table") && topics.contains("HELP att_gt"),
        "{topics}"
    );
    folder.korabo(&["sql", "-c", "help sum"]).exits(0);
    folder
        .korabo(&["sql", "-c", "help att_g"])
        .exits(3)
        .says(&["no relation, function or table `att_g`; did you mean `att_gt`?"]);
}

#[test]
fn formats_for_reading_keep_null_apart_from_nothing() {
    let sql = "select '' as empty, null as \"無\", '<b>' as tag";
    let ask = |format: &str| with_file(&["--format", format, "-c", sql]).exits(0).stdout;
    let framed = "┌───────┬──────┬─────┐\n│ empty │ 無   │ tag │\n├───────┼──────┼─────┤\n│       │ NULL │ <b> │\n└───────┴──────┴─────┘\n1 row\n";
    assert_eq!(ask("box"), framed);
    assert_eq!(
        ask("vertical"),
        "-[ row 1 ]-\nempty |\n無    | NULL\ntag   | <b>\n1 row\n"
    );
    let html = ask("html");
    assert_eq!(html.matches("<table").count(), 1);
    assert!(
        html.contains("<td></td><td class=\"null\">NULL</td><td>&lt;b&gt;</td>"),
        "{html}"
    );
    let folder = Project::empty();
    folder
        .korabo(&["sql", "-o", "page.html", "-c", sql])
        .exits(0);
    assert_eq!(
        fs::read_to_string(folder.path().join("page.html")).unwrap(),
        html
    );
}

#[test]
fn time_limit_ends_a_statement_with_code_9_and_leaves_no_file() {
    let folder = Project::empty();
    let endless = "select count(*) as n from range(1, 2000000000) a, range(1, 2000000000) b where a.value % 7 = b.value % 5";
    let arguments = ["sql", "--timeout", "0.5", "-o", "n.csv", "-c", endless];
    folder
        .korabo(&arguments)
        .exits(9)
        .says(&["longer than 0.5 s", "hint: --timeout"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let csv = [
        "sql",
        "--timeout",
        "30",
        "--format",
        "csv",
        "-c",
        "select 1 as a",
    ];
    assert_eq!(folder.korabo(&csv).exits(0).stdout, "a\n1\n");
    for wrong in ["0", "-1", "nan", "soon", "1e300"] {
        let argument = format!("--timeout={wrong}");
        folder
            .korabo(&["sql", &argument, "-c", "select 1"])
            .exits(2);
    }
}

#[test]
fn commands_of_the_prompt_are_refused_in_scripts() {
    let folder = Project::empty();
    for command in ["\\d", ".tables"] {
        folder
            .korabo(&["sql", "-c", command])
            .exits(2)
            .says(&["work at the prompt only", "SHOW TABLES"]);
    }
}

#[test]
fn errors_show_the_place_in_the_statement() {
    let check = |sql: &str, message: &str, line: &str, carets: &str| {
        let shown = format!("error: {message}\n  {line}\n  {carets}\n");
        with_file(&["-c", sql]).exits(3).says(&[&shown]);
    };
    check(
        "select '健診', t.nmae from 'a.csv' as t",
        "line 1, column 14: no column `nmae` in `t`; did you mean `name`?",
        "select '健診', t.nmae from 'a.csv' as t",
        "               ^^^^^^",
    );
    check(
        "select 1\nfrom memberz",
        "line 2, column 6: no table `memberz`",
        "from memberz",
        "     ^^^^^^^",
    );
    check(
        "select dat_trunc('day', day) from 'a.csv'",
        "line 1, column 8: no function `dat_trunc`; did you mean `date_trunc`?",
        "select dat_trunc('day', day) from 'a.csv'",
        "       ^^^^^^^^^",
    );
    check(
        "select * from att_g('a.csv')",
        "line 1, column 15: no relation `att_g`; did you mean `att_gt`?",
        "select * from att_g('a.csv')",
        "              ^^^^^",
    );
    check(
        "select ta.id from 'a.csv' as tab",
        "line 1, column 8: no table or alias `ta` here, for `ta.id`; did you mean `tab`?",
        "select ta.id from 'a.csv' as tab",
        "       ^^^^^",
    );
    check(
        "select * from att_gt((select * from 'a.csv'), outcom => x)",
        "line 1, column 47: `att_gt`: unknown argument `outcom`; did you mean `outcome`?",
        "select * from att_gt((select * from 'a.csv'), outcom => x)",
        "                                              ^^^^^^",
    );
    check(
        "select $least, id from 'a.csv'",
        "line 1, column 8: parameter `$least` has no value; give it with --param NAME=VALUE",
        "select $least, id from 'a.csv'",
        "       ^^^^^^",
    );
    check(
        "explain analyze select nope from 'a.csv'",
        "line 1, column 24: no column `nope`; did you mean `name`?",
        "explain analyze select nope from 'a.csv'",
        "                       ^^^^",
    );
    check(
        "select 'open",
        "line 1, column 8: Unterminated string literal",
        "select 'open",
        "       ^^^^^",
    );
}

#[test]
fn errors_of_a_file_have_its_name_and_lines() {
    let folder = Project::empty();
    folder.write("a.csv", CHECKUPS);
    folder.write(
        "two.sql",
        "select 1;\n\n-- 健診\nselect id,\n  nope from 'a.csv';\n",
    );
    let run = |arguments: &[&str]| folder.korabo(&[&["sql"], arguments].concat());
    run(&["-f", "two.sql"]).exits(3).says(&[
        "error: two.sql:5:3: no column `nope`",
        "\n    nope from 'a.csv';\n    ^^^^\n",
    ]);
    let outcome = run_in(
        folder.path(),
        &["--log-format", "json", "sql", "-f", "two.sql"],
    )
    .exits(3);
    let line: serde_json::Value =
        serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&line["file"], &line["line"], &line["column"]),
        (&"two.sql".into(), &5.into(), &3.into())
    );
    assert!(!outcome.stderr.contains("^^^^"), "{}", outcome.stderr);
    folder.write(
        "zero.sql",
        "select 1;\n\nselect id / (id - id) from 'a.csv';\n",
    );
    run(&["-f", "zero.sql"])
        .exits(3)
        .says(&["error: zero.sql:3: "]);
    run(&["-c", "select 1; select 2;\nselect nope from 'a.csv'"])
        .exits(3)
        .says(&["error: line 2, column 8: no column `nope`"]);
}

#[test]
fn tables_may_stand_before_or_without_select() {
    let csv = |sql: &str| with_file(&["--format", "csv", "-c", sql]).exits(0).stdout;
    assert_eq!(csv("from 'a.csv'"), csv("select * from 'a.csv'"));
    assert_eq!(
        csv("FROM 'a.csv' WHERE id > 2 ORDER BY id"),
        "id,name,day,x,ok\n3,c,2024-03-05,9.5,true\n"
    );
    assert_eq!(csv("from 'a.csv' select id limit 1"), "id\n1\n");
    assert_eq!(csv("describe from 'a.csv'"), csv("describe 'a.csv'"));
}

#[test]
fn plans_are_trees_in_every_format() {
    let sql = "select name, count(*) as n from 'a.csv' where x > 1 group by name";
    let explained = with_file(&["--format", "csv", "-c", &format!("explain {sql}")]).exits(0);
    assert!(
        explained.stdout.starts_with("estimated_rows,plan\n"),
        "{}",
        explained.stdout
    );
    let explained = with_file(&[
        "--format",
        "ndjson",
        "-c",
        &format!("explain analyze {sql}"),
    ]);
    let rows: Vec<serde_json::Value> = explained
        .exits(0)
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let step = |text: &str| {
        let is_it = |row: &&serde_json::Value| row["plan"].as_str().unwrap().contains(text);
        rows.iter().find(is_it).unwrap()["rows"].as_u64().unwrap()
    };
    assert_eq!(step("aggregate by name: count(*)"), 2);
    assert_eq!(step("filter x > 1"), 2);
    assert_eq!(step("scan 'a.csv' (1 file): name, x"), 3);
    assert_eq!(rows.last().unwrap()["plan"], "total");
    let verbose = with_file(&["-c", &format!("explain verbose {sql}")]).exits(0);
    assert!(
        verbose.stdout.contains("DataSourceExec"),
        "{}",
        verbose.stdout
    );
}

#[test]
fn parquet_keeps_types_and_says_how_it_is_sorted() {
    use datafusion::parquet::file::reader::{FileReader as _, SerializedFileReader};

    let folder = Project::empty();
    folder.write("a.csv", CHECKUPS);
    let sql = "select [1] as l, arrow_cast(name, 'Dictionary(Int32, Utf8)') as d, day, 1 as one, \
               cast(x as decimal(10, 2)) as m, arrow_cast(day, 'Timestamp(Microsecond, None)') as at, id \
               from 'a.csv'";
    let write = |file: &str, order: &str| {
        let sql = format!("{sql} {order}");
        folder.korabo(&["sql", "-o", file, "-c", &sql]).exits(0);
        let opened = std::fs::File::open(folder.path().join(file)).unwrap();
        let reader = SerializedFileReader::new(opened).unwrap();
        let group = reader.metadata().row_group(0);
        let sorting = group.sorting_columns().cloned().unwrap_or_default();
        sorting
            .iter()
            .map(|column| {
                let name = group
                    .column(column.column_idx as usize)
                    .column_path()
                    .string();
                (name, column.descending, column.nulls_first)
            })
            .collect::<Vec<_>>()
    };
    let sorted = write("sorted.parquet", "order by day desc, id");
    assert_eq!(
        sorted,
        [
            ("day".to_owned(), true, true),
            ("id".to_owned(), false, false)
        ]
    );
    assert_eq!(write("unsorted.parquet", ""), []);
    let types = folder.text("csv", "describe 'sorted.parquet'");
    for line in [
        "\"Dictionary(Int32, Utf8)\"",
        "day,Date32,YES,",
        "one,Int64,NO,",
        "\"Decimal128(10, 2)\"",
        "at,Timestamp(µs),YES,",
    ] {
        assert!(types.contains(line), "`{line}` in\n{types}");
    }
}
