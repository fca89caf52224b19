//! What Tab offers where, and how quickly.

use std::cell::Cell;

use super::*;

fn columns_of(table: &str) -> Option<Vec<String>> {
    let names = match table {
        "panel" => vec!["person_id", "fiscal_year", "検査値", "Mixed Case", "habit"],
        "programs" => vec!["program_id", "person_id"],
        "'a.csv'" => vec!["from_file"],
        "(select 1 as one, 2 as two)" => vec!["one", "two"],
        "(select 1) AS \"u\" (x, y)" => vec!["x", "y"],
        "(with a as (select 1) SELECT * FROM \"a\")" => vec!["of_a"],
        "(with a as (select 1), b as (select * from a) SELECT * FROM \"b\")" => vec!["of_b"],
        "(with a as (select 1) SELECT * FROM (select * from a))" => vec!["of_query"],
        "att_gt(panel, outcome => habit)" => vec!["estimate", "status"],
        _ => return None,
    };
    Some(names.into_iter().map(str::to_owned).collect())
}

fn names() -> Names<'static> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Names::new(
        words(&["panel", "programs", "健診"]),
        words(&["sum", "substr"]),
        Box::new(columns_of),
    )
}

/// `|` in `text` is the cursor.
#[track_caller]
fn offered(text: &str) -> Vec<String> {
    let cursor = text.find('|').unwrap();
    names().candidates(&text.replacen('|', "", 1), cursor).1
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(offered(text), expected, "{text}");
}

#[test]
fn tables_follow_from_and_join() {
    check(
        "select * from p|",
        &["panel", "programs", "pretrend_power(", "power(", "pool("],
    );
    check("select * from \"po|", &[]);
    check("select * from \"pro|", &["\"programs\""]);
    check("select * from panel JOIN 健|", &["健診"]);
    check(
        "select * from panel as a, pr|",
        &["programs", "pretrend_power("],
    );
    check(
        "with mine as (select 1) select * from mi|",
        &["mine", "minimum_detectable_effect("],
    );
    check("summarize pr|", &["programs", "pretrend_power("]);
    check("select * from att_g|", &["att_gt(", "att_gt_diagnostics("]);
}

#[test]
fn columns_are_those_of_the_tables_named_before_and_after() {
    check("select per| from panel", &["person_id"]);
    check("select 検| from panel", &["検査値"]);
    check("select mix| from panel", &["\"Mixed Case\""]);
    check("select \"Mi| from panel", &[]);
    check(
        "select b.p| from panel as a join programs b on true",
        &["program_id", "person_id"],
    );
    check(
        "select programs.| from programs",
        &["program_id", "person_id"],
    );
    check(
        "select * from panel where | ;",
        &[
            "person_id",
            "fiscal_year",
            "検査値",
            "\"Mixed Case\"",
            "habit",
        ],
    );
    check("select from_| from 'a.csv'", &["from_file"]);
    check(
        "select program_id from programs; select person| from panel;",
        &["person_id"],
    );
    check("select nothing.x| from panel", &[]);
}

#[test]
fn columns_of_queries_follow_their_alias() {
    check(
        "select t.| from (select 1 as one, 2 as two) as t",
        &["one", "two"],
    );
    check(
        "select * from panel, (select 1 as one, 2 as two) t where t.t|",
        &["two"],
    );
    check("select u.| from (select 1) u (x, y)", &["x", "y"]);
    check(
        "select r.est| from att_gt(panel, outcome => habit) r",
        &["estimate"],
    );
    check("with a as (select 1) select a.| from a", &["of_a"]);
    check("with a as (select 1) select z.| from a as z", &["of_a"]);
    check(
        "with a as (select 1), b as (select * from a) select * from b where b.|",
        &["of_b"],
    );
    check(
        "with a as (select 1), b as (select a.| from a) select 1",
        &["of_a"],
    );
    check(
        "with a as (select 1) select q.| from (select * from a) q",
        &["of_query"],
    );
    check(
        "select tw| from (select 1 as one, 2 as two) as t",
        &["two", "two_stage("],
    );
    check("select t.| from (select 1 as one", &[]);
}

#[test]
fn functions_and_keywords_keep_the_case_typed() {
    check("sel|", &["select"]);
    check("SEL|", &["SELECT"]);
    check(
        "select s| from programs",
        &[
            "sum(",
            "substr(",
            "sun_abraham(",
            "sun_abraham_diagnostics(",
            "select",
            "semi",
            "sets",
            "show",
            "similar",
            "summarize",
        ],
    );
    check("help att_g|", &["att_gt", "att_gt_diagnostics"]);
    check("select |", &[]);
    check("select 1 -- sel|", &[]);
    check("select 12|", &[]);
}

#[test]
fn relations_take_their_arguments_and_values() {
    let call = "select * from att_gt(panel, outcome => habit, uni|";
    check(call, &["unit => "]);
    let free = offered("select * from att_gt(panel, | outcome => habit)");
    assert!(free.contains(&"cohort => ".to_owned()), "{free:?}");
    assert!(!free.contains(&"outcome => ".to_owned()), "{free:?}");
    check("select * from att_gt(panel, outcome => ha|", &["habit"]);
    check("select * from att_gt(pro|", &["programs"]);
    check(
        "select * from att_gt((select habit as mine from panel), outcome => mi|",
        &["\"Mixed Case\"", "mine"],
    );
    check("select * from att_gt(panel, covariates => |", &["["]);
    check(
        "select * from att_gt(panel, covariates => [habit, fis|",
        &["fiscal_year"],
    );
    let choice = functions::find_relation("att_gt")
        .unwrap()
        .arguments
        .iter()
        .find_map(|argument| match argument.kind {
            ArgumentKind::Choice(choices) => Some((argument.name, choices)),
            _ => None,
        });
    let (name, choices) = choice.unwrap();
    let quoted: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    assert_eq!(
        offered(&format!("select * from att_gt(panel, {name} => |")),
        quoted
    );
    assert_eq!(
        offered(&format!("select * from att_gt(panel, {name} => '|")),
        quoted
    );
}

#[test]
fn commands_complete_their_names_and_arguments() {
    check("\\ti|", &["\\timing"]);
    check(".ta|", &[".tables"]);
    check("\\d pr|", &["programs"]);
    check(".mode ver|", &["vertical"]);
    check("\\x o|", &["on", "off"]);
}

#[test]
fn files_are_offered_in_quotes() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("deliveries.csv"), "a\n1\n").unwrap();
    fs_err::create_dir(folder.path().join("deep")).unwrap();
    let start = format!("{}/de", folder.path().display());
    let expected = [
        format!("{}/deep/", folder.path().display()),
        format!("{}/deliveries.csv", folder.path().display()),
    ];
    assert_eq!(offered(&format!("select * from '{start}|")), expected);
    assert_eq!(offered(&format!("\\i {start}|")), expected);
    let text = format!("select * from '{start}");
    assert_eq!(
        names().candidates(&text, text.len()).0,
        "select * from '".len()
    );
}

#[test]
fn names_of_files_may_hold_blanks_quotes_and_japanese() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("健診 データ's");
    fs_err::create_dir(&below).unwrap();
    fs_err::write(below.join("令和 5年.csv"), "a\n1\n").unwrap();
    let start = folder.path().display().to_string();
    check(
        &format!("select * from '{start}/健|"),
        &[&format!("{start}/健診 データ''s/")],
    );
    check(
        &format!("select * from '{start}/健診 データ''s/令|"),
        &[&format!("{start}/健診 データ''s/令和 5年.csv")],
    );
    check(
        &format!("\\i {start}/健診 データ's/令|"),
        &[&format!("{start}/健診 データ's/令和 5年.csv")],
    );
}

#[test]
fn any_cursor_in_any_text_is_answered() {
    let names = names();
    let text = "select 'a|b', \"健\" from att_gt((select * from panel), outcome => [x, $p]; -- e\n.d \\x (])),";
    for cursor in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
        let (start, _) = names.candidates(text, cursor);
        assert!(start <= cursor, "{cursor}");
        names.candidates(&text[..cursor], cursor);
    }
}

#[test]
fn each_schema_is_read_once() {
    let n_lookups = Cell::new(0);
    let lookup = |table: &str| {
        n_lookups.set(n_lookups.get() + 1);
        table
            .starts_with("table_")
            .then(|| (0..100).map(|n| format!("column_{n}")).collect())
    };
    let tables: Vec<String> = (0..500).map(|n| format!("table_{n}")).collect();
    let from: Vec<&str> = tables.iter().map(String::as_str).collect();
    let functions = (0..300).map(|n| format!("function_{n}")).collect();
    let names = Names::new(tables.clone(), functions, Box::new(lookup));
    let line = format!("select column_9 from {}", from.join(", "));
    let cursor = "select column_9".len();
    assert_eq!(names.candidates(&line, cursor).1.len(), 11);
    assert_eq!(n_lookups.get(), 500);
    for _ in 0..3 {
        assert_eq!(names.candidates(&line, cursor).1.len(), 11);
    }
    assert_eq!(n_lookups.get(), 500);
}
