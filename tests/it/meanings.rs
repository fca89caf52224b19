//! What columns mean: of every column in both languages, wherever tables are described, and taken over from table to table.

use std::collections::BTreeSet;
use std::io::Read as _;

use fs_err as fs;
use korabo::pipeline::Project as LoadedProject;
use korabo::vocabulary::ColumnEntry;

use crate::support::{Project, root, run_in, sample_project, small_world};

const CSV: [&str; 4] = ["sql", "--format", "csv", "-c"];

/// The answer to a statement in the small world, as CSV.
fn ask(lang: &str, statement: &str) -> String {
    let arguments = [&["--lang", lang][..], &CSV, &[statement]].concat();
    run_in(small_world(), &arguments).exits(0).stdout
}

#[track_caller]
fn assert_says(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "`{line}` in\n{text}");
    }
}

#[test]
fn every_column_that_the_sample_makes_has_a_meaning_in_both_languages() {
    // `check` names columns without one, and entries without a column.
    let outcome = Project::standard().korabo(&["check"]).exits(0);
    assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    let entries = ColumnEntry::load(root()).unwrap();
    assert!(entries.len() > 50, "{}", entries.len());
    for entry in entries.iter().chain(ColumnEntry::own()) {
        let (ja, en) = (&entry.meaning.ja, &entry.meaning.en);
        assert!(!ja.is_ascii(), "{}: `{ja}` is not Japanese", entry.at);
        assert!(en.is_ascii() && !en.is_empty(), "{}: `{en}`", entry.at);
        assert!(en.len() < 110, "{}: `{en}` is long", entry.at);
    }
}

#[test]
fn every_column_that_korabo_writes_itself_has_a_meaning() {
    let config = korabo::config::ProjectConfig::load(root()).unwrap();
    let project = LoadedProject::load(config).unwrap();
    let own = ColumnEntry::own();
    let mut columns = BTreeSet::new();
    for (table, schema) in project.own_tables() {
        let table = match table.starts_with("rejects_") {
            true => "rejects".to_owned(),
            false => table,
        };
        for field in schema.fields() {
            let in_table = ColumnEntry::find(own, Some(&table), field.name());
            let found = in_table.or_else(|| ColumnEntry::find(own, None, field.name()));
            assert!(found.is_some(), "{table}.{}", field.name());
            columns.insert((table.clone(), field.name().clone()));
        }
    }
    // Views of plans are queries: `check` of the sample, which has a plan of each kind, names columns without a meaning.
    for entry in own
        .iter()
        .filter(|entry| entry.table.as_deref() != Some("plans"))
    {
        let is_there = match &entry.table {
            Some(table) => columns.contains(&(table.clone(), entry.column.clone())),
            None => columns.iter().any(|(_, column)| *column == entry.column),
        };
        assert!(is_there, "{}: no table has such a column", entry.at);
    }
}

#[test]
fn describe_says_what_columns_mean_in_both_languages() {
    let panel = ask("en", "describe panel_person_year");
    assert!(panel.starts_with("column_name,data_type,is_nullable,meaning\n"));
    assert_says(
        &panel,
        &[
            // An entry, a contract's column with its unit, indicators.
            "Number of the natural person",
            "bmi,Float64,YES,Body mass index (kg/m2)\n",
            "exercise_habit,Boolean,YES,Whether they exercise regularly\n",
            "Health-care cost per year (yen)",
        ],
    );
    let panel = ask("ja", "describe panel_person_year");
    assert_says(
        &panel,
        &[
            "個人の識別番号",
            ",BMI（kg/m2）\n",
            "運動習慣のある人か",
            "年間医療費（円）",
        ],
    );
    // Views, raw tables, korabo's own tables, results of relations.
    let view = ask("en", "describe panel_activity");
    assert_says(
        &view,
        &[
            "Cohort: fiscal year of first exposure",
            "Whether the person has taken part by that fiscal year",
        ],
    );
    let raw = ask("en", "describe members");
    assert_says(
        &raw,
        &[
            "Sex as registered with the insurer",
            "Number of the delivery the row came in",
        ],
    );
    assert_says(&ask("ja", "describe members"), &["続柄", "納品番号"]);
    assert_says(&ask("en", "describe runs"), &["Number of the run"]);
    let effects = ask("en", "describe effect_summary");
    assert_says(
        &effects,
        &[
            "\"Estimate, in the unit of the outcome\"",
            "Field of the programs",
        ],
    );
    assert_says(
        &ask("ja", "describe evaluation_estimates_mind"),
        &["標準誤差", "推定値"],
    );
}

#[test]
fn a_query_s_columns_mean_what_they_take_over() {
    let query = "describe select p.sex as s, p.age + 1 as older, cast(p.bmi as varchar) as text, max(p.age) over () as oldest \
                 from panel_person_year as p";
    let described = ask("en", query);
    assert_says(
        &described,
        &[
            ",Sex as registered with the insurer\n",
            ",Body mass index (kg/m2)\n",
        ],
    );
    for computed in ["older,", "oldest,"] {
        let line = described.lines().find(|line| line.starts_with(computed));
        assert!(line.unwrap().ends_with(','), "{described}");
    }
    let call = "describe select \"at\", estimate from att(panel_activity, outcome => bmi, unit => person_id, \
                time => fiscal_year, cohort => cohort)";
    assert_says(
        &ask("en", call),
        &[
            "Estimate, in the unit of the outcome",
            "missing for the overall effect",
        ],
    );
}

#[test]
fn help_tells_of_tables() {
    let help = ask("en", "help link_persons");
    assert!(help.starts_with("part,name,required,text\n"), "{help}");
    assert_says(
        &help,
        &[
            "meaning,,,",
            "key,,,person_id\n",
            "column,sex,,Sex as registered with the insurer\n",
        ],
    );
    assert_says(
        &ask("ja", "HELP claims"),
        &["meaning,,,レセプト\n", "column,yen,,医療費（円）\n"],
    );
    assert_says(
        &ask("en", "help deliveries"),
        &["column,n_rows_in,,Rows received\n"],
    );
    let relation = ask("en", "help bacon");
    assert_says(&relation, &["result,weight,,Weight of the comparison"]);
    // Also of tables that were not built.
    let arguments = [&CSV[..], &["help summary_flow"]].concat();
    let unbuilt = Project::standard().korabo(&arguments).exits(0).stdout;
    assert_says(&unbuilt, &["column,n_persons,,人数"]);
}

/// A project of two queries without a lake.
fn two_queries() -> Project {
    let project = Project::empty();
    project.write("korabo.toml", "[project]\nname = \"two\"\n");
    project.write("schemas/.keep", "");
    project.write(
        "queries/summary_a.sql",
        "-- One row.\n-- sensitivity: aggregate\nselect 1 as n, 2 as m, 3 as x",
    );
    project.write(
        "queries/summary_b.sql",
        "-- One row.\n-- sensitivity: aggregate\n\
         select min(n) as n, min(m) as smallest, cast(m as varchar) as renamed, x + 1 as x from summary_a group by m, x",
    );
    project
}

#[test]
fn entries_stand_for_a_name_or_for_one_table_and_are_taken_over() {
    let project = two_queries();
    project.write(
        "columns.toml",
        "[n]\nja = \"数\"\nen = \"Count\"\n\n[summary_a.m]\nja = \"長さ\"\nen = \"Length (m)\"\n\n\
         [x]\nja = \"何か\"\nen = \"Something\"\n\n[summary_b.x]\nja = \"別の何か\"\nen = \"Another\"\n",
    );
    let help = |table: &str| {
        let statement = format!("help {table}");
        let arguments = [&["--lang", "en"][..], &CSV, &[statement.as_str()]].concat();
        let help = project.korabo(&arguments).exits(0).stdout;
        let columns = help.lines().filter(|line| line.starts_with("column"));
        columns.map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(
        help("summary_a"),
        [
            "column,n,,Count",
            "column,m,,Length (m)",
            "column,x,,Something"
        ]
    );
    // One value of several under another name is something else.
    assert_eq!(
        help("summary_b"),
        [
            "column,n,,Count",
            "column,smallest,,",
            "column,renamed,,Length (m)",
            "column,x,,Another",
        ]
    );
    project.korabo(&["check"]).exits(0).says(&[
        "warning: columns.toml: 1 column has no meaning: summary_b.smallest; add an entry for each name",
    ]);
}

#[test]
fn check_names_entries_that_no_table_has_and_refuses_wrong_ones() {
    let project = two_queries();
    // Without the file no meaning is asked for.
    let outcome = project.korabo(&["check"]).exits(0);
    assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    let texts = "ja = \"数\"\nen = \"Count\"\n";
    project.write(
        "columns.toml",
        format!("[smalest]\n{texts}\n[sumary_a.n]\n{texts}\n[summary_a.nn]\n{texts}"),
    );
    project.korabo(&["check"]).exits(0).says(&[
        "warning: columns.toml:1:2: no query makes a column `smalest`; did you mean `smallest`?",
        "warning: columns.toml:5:11: no query makes a table `sumary_a`; did you mean `summary_a`?",
        "warning: columns.toml:9:12: `summary_a` has no column `nn`",
    ]);
    // A run does not mind.
    project.write("sample_data/.keep", "");
    project.korabo(&["run"]).exits(0);
    project.write("columns.toml", "[n]\nja = \"数\"\nne = \"Count\"\n");
    project
        .korabo(&["check"])
        .exits(3)
        .says(&["columns.toml:3:1: unknown key `ne` in [n]"]);
}

#[test]
fn a_workbook_says_what_its_columns_mean() {
    let project = Project::built();
    let sql = "select age, age + 1 as older from panel_person_year limit 1";
    project.korabo(&["sql", "-o", "x.xlsx", "-c", sql]).exits(0);
    let file = fs::File::open(project.path().join("x.xlsx")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut notes = String::new();
    let mut part = archive.by_name("xl/comments1.xml").unwrap();
    part.read_to_string(&mut notes).unwrap();
    assert!(notes.contains("年齢（年度末時点、歳）"), "{notes}");
    assert_eq!(notes.matches("<comment ").count(), 1, "{notes}");
}

#[test]
fn the_site_says_what_columns_mean() {
    let folder = Project::empty();
    for (lang, text) in [
        ("ja", "突合率（0〜1）"),
        ("en", "Share of persons found on the other side, 0 to 1"),
    ] {
        let arguments = [
            "docs",
            "--lang",
            lang,
            "-o",
            folder.path().to_str().unwrap(),
        ];
        run_in(sample_project(), &arguments).exits(0);
        let page = fs::read_to_string(folder.path().join("tables/linkage_quality.html")).unwrap();
        assert!(page.contains(text), "{text}");
        let relations = fs::read_to_string(folder.path().join("relations.html")).unwrap();
        let column = match lang {
            "ja" => "同時信頼帯の下限",
            _ => "Lower end of the simultaneous confidence band",
        };
        assert!(relations.contains(column), "{column}");
    }
}
