//! What the files may say.

use super::*;

const FIELDS: &str = r#"
[rest]
name_ja = "休養"
name_en = "Rest"

[activity]
name_ja = "運動"
name_en = "Activity"
"#;

const INDICATORS: &str = r#"
[steps]
name_ja = "歩数"
name_en = "steps a day"
unit = "steps"
better = "higher"
smallest_change = 500
terms = [3, 4]
at_risk = "steps < 8000"
source = "own"
sql = "step_sum / days"

[bmi]
name_ja = "BMI"
name_en = "BMI"
unit = "kg/m2"
"#;

fn load(fields: &str, indicators: &str) -> Result<Vocabulary, String> {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join(FIELDS_FILE), fields).unwrap();
    fs_err::write(folder.path().join(INDICATORS_FILE), indicators).unwrap();
    Vocabulary::load(folder.path()).map_err(|error| error.to_string())
}

#[test]
fn entries_keep_the_order_of_their_file() {
    let vocabulary = load(FIELDS, INDICATORS).unwrap();
    let names: Vec<&str> = vocabulary
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(names, ["rest", "activity"]);
    let rest = vocabulary.field("rest").unwrap();
    assert_eq!(rest.name_ja, "休養");
    let steps = vocabulary.indicator("steps").unwrap();
    assert_eq!(steps.unit, Unit::Other("steps".to_owned()));
    assert_eq!(steps.better, Better::Higher);
    assert_eq!(steps.smallest_change, Some(500.0));
    assert_eq!(steps.terms, [3, 4]);
    let bmi = vocabulary.indicator("bmi").unwrap();
    assert_eq!(
        (&bmi.unit, bmi.better),
        (&Unit::KilogramPerSquareMetre, Better::Neither)
    );
}

#[test]
fn files_that_are_not_there_have_no_entries() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        Vocabulary::load(folder.path()).unwrap(),
        Vocabulary::default()
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    let cases = [
        (
            "name_en = \"Rest\"",
            "name_en = \"Rest\"\nlabel = \"x\"",
            "fields.toml:5:1: unknown key `label` in [rest]",
        ),
        (
            "[rest]",
            "[Rest]",
            "fields.toml:2:2: `Rest` cannot be a name: lower-case letters, digits and `_`, a letter first",
        ),
        (
            "name_en = \"Rest\"",
            "name_en = \"Rest\"\noutcomes = [\"sleep_rest\"]",
            "fields.toml:5:1: unknown key `outcomes` in [rest]",
        ),
        (
            "name_ja = \"休養\"",
            "",
            "fields.toml:2:2: [rest] has no key `name_ja`",
        ),
    ];
    for (from, to, message) in cases {
        let error = load(&FIELDS.replace(from, to), INDICATORS).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
    let cases = [
        (
            "better = \"higher\"",
            "better = \"hihger\"",
            "indicators.toml:6:10: `steps.better` cannot be `hihger`; did you mean `higher`? (one of: higher, lower)",
        ),
        (
            "smallest_change = 500",
            "smallest_change = 0",
            "indicators.toml:7:19: `smallest_change` must be above 0",
        ),
        (
            "unit = \"steps\"",
            "",
            "indicators.toml:2:2: [steps] has no key `unit`",
        ),
    ];
    for (from, to, message) in cases {
        let error = load(FIELDS, &INDICATORS.replace(from, to)).unwrap_err();
        assert_eq!(error, message);
    }
}

#[test]
fn columns_are_named_alone_or_with_their_table() {
    let entries = |text: &str| column::parse(COLUMNS_FILE, text);
    let text = "[age]\nja = \"年齢\"\nen = \"Age\"\n\n[flow.age]\nja = \"齢\"\nen = \"Years\"\n\n\
                [flow.n]\nja = \"数\"\nen = \"Count\"\n\n[flow]\nja = \"流れ\"\nen = \"Flow\"\n";
    let found = entries(text).unwrap();
    let en = |table: Option<&str>, column: &str| {
        let meaning = ColumnEntry::find(&found, table, column);
        meaning.map(|meaning| meaning.en.as_str())
    };
    assert_eq!(found.len(), 4);
    assert_eq!(en(None, "age"), Some("Age"));
    assert_eq!(en(Some("flow"), "age"), Some("Years"));
    assert_eq!(en(Some("flow"), "n"), Some("Count"));
    assert_eq!(en(None, "flow"), Some("Flow"));
    assert_eq!(en(None, "n"), None);
    for (text, message) in [
        (
            "[age]\nja = \"年齢\"\n",
            "columns.toml:1:2: [age] has no key `en`",
        ),
        (
            "[flow.age]\nja = \"年齢\"\nen = \"Age\"\nunit = \"y\"\n",
            "columns.toml:4:1: unknown key `unit` in [flow.age]",
        ),
        (
            "[Age]\nja = \"年齢\"\nen = \"Age\"\n",
            "columns.toml:1:2: `Age` cannot be a name: lower-case letters, digits and `_`, a letter first",
        ),
        (
            "age = \"Age\"\n",
            "columns.toml:1:7: `age` must be a table, found the string `Age`",
        ),
    ] {
        let error = entries(text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn own_columns_can_be_read() {
    let text = include_str!("own_columns.toml");
    let found = column::parse("own_columns.toml", text).unwrap();
    assert_eq!(found, ColumnEntry::own());
}

#[test]
fn an_indicator_says_what_its_column_holds() {
    let vocabulary = load(FIELDS, INDICATORS).unwrap();
    let meaning = |name: &str, is_yes_no: bool| {
        let meaning = vocabulary.indicator(name).unwrap().meaning(is_yes_no);
        (meaning.ja, meaning.en)
    };
    let both = |ja: &str, en: &str| (ja.to_owned(), en.to_owned());
    // The name says the unit.
    assert_eq!(
        meaning("steps", false),
        both("歩数（steps）", "Steps a day")
    );
    assert_eq!(meaning("bmi", false), both("BMI（kg/m²）", "BMI (kg/m²)"));
    let share = "[smoker]\nname_ja = \"吸う人\"\nname_en = \"smoke\"\nunit = \"share\"\n";
    let vocabulary = load(FIELDS, share).unwrap();
    let smoker = vocabulary.indicator("smoker").unwrap();
    assert_eq!(smoker.meaning(true).en, "Whether they smoke");
    assert_eq!(smoker.meaning(true).ja, "吸う人か");
    assert_eq!(smoker.meaning(false).en, "Share who smoke");
}
