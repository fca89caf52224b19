//! What is refused of the file, with its place and the nearest name.

use std::collections::BTreeSet;

use super::*;
use crate::report::forms::definition::{FACT_FILLS, FACTS, INDICATOR_FILLS, field_fills};

/// A form with one block.
fn form(block: &str) -> String {
    format!(
        "[a]\nsheet = \"a\"\ntitle = \"t\"\nsource = \"s\"\n[[a.blocks]]\nheading = \"b\"\n{block}\n"
    )
}

#[track_caller]
fn check_refused(text: &str, says: &[&str]) {
    let error = Forms::parse(text, &standard())
        .expect_err("an error")
        .to_string();
    for word in says {
        assert!(error.contains(word), "`{word}` is not in `{error}`");
    }
    assert!(error.starts_with("rules/forms.toml:"), "{error}");
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    for (block, says) in [
        (
            "rows = \"field\"\ncolumns = []",
            ["`field`", "did you mean `fields`?"],
        ),
        (
            "rows = \"fields\"\ncolumns = [{ heading = \"h\", fil = \"fields.name\" }]",
            ["unknown key `fil`", "did you mean `fill`?"],
        ),
        (
            "rows = \"fields\"\ncolumns = [{ heading = \"h\", fill = \"effect_summary.estimat\" }]",
            [
                "rules/forms.toml:8:",
                "did you mean `effect_summary.estimate`?",
            ],
        ),
        (
            "rows = \"indicators\"\nindicators = [\"exercise_habits\"]\ncolumns = []",
            ["`exercise_habits`", "did you mean `exercise_habit`?"],
        ),
        (
            "rows = \"facts\"\nfacts = { program = \"施策\" }\ncolumns = []",
            ["unknown key `program`", "did you mean `programs`?"],
        ),
        (
            "rows = \"fields\"\nindicators = []\ncolumns = []",
            ["unknown key `indicators`", "[a.blocks]"],
        ),
    ] {
        check_refused(&form(block), &says);
    }
}

#[test]
fn a_fill_of_other_rows_is_refused() {
    for (rows, fill) in [
        ("rows = \"indicators\"", "effect_summary.estimate"),
        ("rows = \"fields\"", "fact.value"),
        ("rows = \"facts\"\nfacts = {}", "indicators.name"),
    ] {
        let block = format!("{rows}\ncolumns = [{{ heading = \"h\", fill = \"{fill}\" }}]");
        check_refused(&form(&block), &[fill, "one of"]);
    }
}

#[test]
fn values_without_meaning_are_refused() {
    let column = |rest: &str| {
        form(&format!(
            "rows = \"fields\"\ncolumns = [{{ heading = \"h\"{rest} }}]"
        ))
    };
    check_refused(
        &form("rows = \"fields\"\ncolumns = []"),
        &["at least one column"],
    );
    check_refused(&column(", width = 0"), &["a width of 1 to 100"]);
    check_refused(&column(", year = 1"), &["baseline"]);
    check_refused(&column(", year = \"base\""), &["baseline"]);
    check_refused(
        &column(", fill = \"fields.name\", year = 0"),
        &["is of no year"],
    );
    let heading = "rows = \"fields\"\ncolumns = [{ heading = \"{year}\", fill = \"fields.name\" }]";
    check_refused(&form(heading), &["without {year}"]);
}

#[test]
fn sheets_need_a_name_of_their_own_that_excel_accepts() {
    let block = "rows = \"fields\"\ncolumns = [{ heading = \"h\" }]";
    let named = |name: &str| form(block).replace("sheet = \"a\"", &format!("sheet = {name:?}"));
    for name in ["", "a/b", "'a", "32 characters are one too many.."] {
        check_refused(&named(name), &["the name of a sheet"]);
    }
    let twice = format!(
        "{}{}",
        form(block),
        named("A")
            .replace("a.blocks", "b.blocks")
            .replace("[a]", "[b]")
    );
    check_refused(&twice, &["no other sheet has"]);
}

#[test]
fn the_shipped_forms_say_where_their_layout_was_seen() {
    let forms = shipped();
    for form in &forms.forms {
        assert!(form.source.contains("wic-net.com") || form.source.contains("見ていない"));
        let sheet = Sheet::of(form, &FormData::of(&results("better", 500)));
        let notes = sheet.notes.join("\n");
        assert!(notes.contains(&form.source) && notes.contains("公式の様式で確かめていない列"));
        assert_eq!(form.is_unverified, notes.contains("korabo の案"));
    }
}

#[test]
fn the_schema_lists_what_columns_may_be_filled_from() {
    let schema = include_str!("../../../../docs/json_schema/forms.json");
    let schema: serde_json::Value = serde_json::from_str(schema).expect("JSON");
    let block = &schema["additionalProperties"]["properties"]["blocks"]["items"]["properties"];
    let listed = &block["columns"]["items"]["properties"]["fill"]["enum"];
    let listed: BTreeSet<&str> = listed
        .as_array()
        .expect("names")
        .iter()
        .filter_map(|own| own.as_str())
        .collect();
    let fields = field_fills();
    let names = fields.iter().map(|(name, _)| *name);
    let names = names.chain(INDICATOR_FILLS.iter().map(|(name, _)| *name));
    let names = names.chain(FACT_FILLS.iter().map(|(name, _)| *name));
    assert_eq!(listed, names.collect());
    let facts = block["facts"]["properties"].as_object().expect("facts");
    let known: BTreeSet<&str> = FACTS.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(
        facts.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        known
    );
}
