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
                "column_name,data_type,is_nullable\nid,Int64,YES\nname,Utf8,YES\nday,Date32,YES\n"
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
        .says(&["no relation or function `att_g`; did you mean `att_gt`?"]);
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
