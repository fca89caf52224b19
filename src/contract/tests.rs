//! Contracts: what is read, and the texts of all refusals with their places.

use std::path::Path;

use datafusion::arrow::datatypes::DataType;

use super::{ColumnType, RowRule, TableContract, identifying_word, load_dir};

const VALID: &str = r#"description = "Checkups"
description_ja = "健診"
grain = "One row per checkup."
holder = "insurer"
key = ["person_key", "day"]
partition_by = ["fy"]

[[references]]
columns = ["person_key"]
table = "members"
table_columns = ["person_key"]

[[row_rules]]
fiscal_year_of = ["fy", "day"]

[columns.person_key]
name_ja = "個人キー"
description = "Pseudonym"
type = "token"
privacy = "pseudonym"

[columns.fy]
name_ja = "年度"
description = "Fiscal year"
type = "i16"
min = 2008
max = 2100
privacy = "open"

[columns.day]
name_ja = "健診日"
description = "Day of the checkup"
type = "date"
privacy = "sensitive"

[columns.term]
name_ja = "期"
description = "Term"
type = "i8"
codes = { 3 = "third", 4 = "fourth" }
privacy = "open"

[columns.q_smoking]
name_ja = "喫煙"
description = "Q8"
type = "i8"
nullable = true
codes_by_term = { 3 = { 1 = "yes", 2 = "no" }, 4 = { 1 = "yes", 2 = "formerly", 3 = "no" } }
item_codes = ["9N736000000000011"]
privacy = "sensitive"
"#;

#[test]
fn reads_a_contract() {
    let contract = TableContract::parse("checkups", Path::new("schemas/checkups.toml"), VALID)
        .expect("the contract is right");
    let names: Vec<&str> = contract
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["person_key", "fy", "day", "term", "q_smoking"]);
    assert_eq!(contract.key, ["person_key", "day"]);
    assert_eq!(
        contract.row_rules,
        [RowRule::FiscalYearOf {
            fiscal_year: "fy".to_owned(),
            date: "day".to_owned()
        }]
    );
    let smoking = contract.column("q_smoking").expect("the column is there");
    assert_eq!(smoking.data_type, ColumnType::Int8);
    assert_eq!(smoking.codes.by_term[&4]["2"], "formerly");
    let lake = contract.lake_schema();
    assert_eq!(lake.field(2).data_type(), &DataType::Date32);
    assert_eq!(
        (lake.field(5).name().as_str(), lake.field(6).name().as_str()),
        ("delivery_id", "row_number")
    );
    assert!(lake.field(4).is_nullable() && !lake.field(0).is_nullable());
}

/// Replaces `from` by `to` in the valid contract; the text of the error must be `expected`.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert_eq!(
        VALID.matches(from).count(),
        1,
        "`{from}` must be there once"
    );
    let text = VALID.replace(from, to);
    let error = TableContract::parse("checkups", Path::new("checkups.toml"), &text)
        .expect_err("the contract is wrong");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn refuses_names_that_do_not_exist() {
    check(
        "[\"person_key\", \"day\"]",
        "[\"person_kye\", \"day\"]",
        "checkups.toml:5:8: `key` names column `person_kye`, which table `checkups` does not have; \
         did you mean `person_key`?",
    );
    check(
        "[\"person_key\", \"day\"]",
        "[\"day\", \"day\"]",
        "checkups.toml:5:15: `key` names column `day` twice",
    );
    check(
        "[\"person_key\", \"day\"]",
        "[]",
        "checkups.toml:5:7: `key` must name at least one column",
    );
    check(
        "partition_by = [\"fy\"]",
        "partition_by = [\"year\"]",
        "checkups.toml:6:17: `partition_by` names column `year`, which table `checkups` does not have",
    );
    check(
        "partition_by = [\"fy\"]",
        "partition_by = [\"fy\", \"person_key\"]",
        "checkups.toml:6:23: the table cannot be partitioned by `person_key`: only whole numbers, months, dates, booleans and \
         texts with `codes`",
    );
    check(
        "[\"fy\", \"day\"]",
        "[\"fy\", \"days\"]",
        "checkups.toml:14:25: `fiscal_year_of` names column `days`, which table `checkups` does not \
         have; did you mean `day`?",
    );
}

#[test]
fn refuses_unknown_and_missing_keys() {
    check(
        "nullable = true",
        "nulable = true",
        "checkups.toml:47:1: unknown key `nulable` in [columns.q_smoking]; did you mean `nullable`?",
    );
    check(
        "grain = \"One row per checkup.\"\n",
        "",
        "checkups.toml:1:1: the file has no key `grain`",
    );
    check(
        "type = \"date\"",
        "type = \"dat\"",
        "checkups.toml:33:8: `columns.day.type` cannot be `dat`; did you mean `date`? (one of: i8, \
         i16, i32, i64, f64, bool, date, month, string, token)",
    );
    check(
        "holder = \"insurer\"",
        "holder = \"hospital\"",
        "checkups.toml:4:10: `holder` cannot be `hospital` (one of: insurer, employer, municipality, \
         public)",
    );
    check(
        "[columns.fy]",
        "[columns.day]",
        "checkups.toml:30:10: duplicate key",
    );
}

#[test]
fn refuses_codes_and_limits_that_do_not_fit_the_type() {
    check(
        "{ 3 = \"third\", 4",
        "{ 3 = \"third\", 400",
        "checkups.toml:40:24: code `400` is not a value of type i8",
    );
    check(
        "min = 2008",
        "min = 2200",
        "checkups.toml:26:7: `min` = 2200 is above `max` = 2100",
    );
    check(
        "max = 2100",
        "max = 40000",
        "checkups.toml:27:7: `max` = 40000 is not a value of type i16",
    );
    check(
        "type = \"date\"",
        "type = \"date\"\nmin = 1",
        "checkups.toml:34:1: `min` does not apply to columns of type date",
    );
    check(
        "type = \"date\"",
        "type = \"date\"\npattern_digits = 8",
        "checkups.toml:34:1: `pattern_digits` does not apply to columns of type date",
    );
    check(
        "type = \"date\"",
        "type = \"date\"\ncodes = { 1 = \"a\" }",
        "checkups.toml:34:1: `codes` does not apply to columns of type date",
    );
    check(
        "codes = { 3 = \"third\", 4 = \"fourth\" }",
        "codes = {}",
        "checkups.toml:40:9: `columns.term.codes` has no codes",
    );
    check(
        "9N736000000000011",
        "9N73600",
        "checkups.toml:49:15: item code `9N73600` must have 17 letters and digits",
    );
}

#[test]
fn refuses_terms_and_rules_that_make_no_sense() {
    check(
        "[columns.term]",
        "[columns.period]",
        "checkups.toml:48:1: `codes_by_term` needs an integer column `term` in table `checkups`",
    );
    check(
        "{ 3 = { 1 = \"yes\"",
        "{ 2 = { 1 = \"yes\"",
        "checkups.toml:48:19: term 2 is not a code of column `term`",
    );
    check(
        "nullable = true",
        "codes = { 1 = \"yes\" }",
        "checkups.toml:48:1: `q_smoking` has both `codes` and `codes_by_term`; keep one",
    );
    check(
        "fiscal_year_of = [\"fy\", \"day\"]",
        "not_after = [\"fy\", \"day\"]",
        "checkups.toml:14:13: `not_after` cannot relate `fy` (i16) to `day` (date)",
    );
    check(
        "fiscal_year_of = [\"fy\", \"day\"]",
        "not_after = [\"fy\"]",
        "checkups.toml:14:13: a row rule is either `not_after` or `fiscal_year_of`, with two columns",
    );
    check(
        "table_columns = [\"person_key\"]",
        "table_columns = []",
        "checkups.toml:10:9: `columns` and `table_columns` of a reference must be of one length, at \
         least 1",
    );
}

#[test]
fn refuses_names_that_are_reserved_identifying_or_not_plain() {
    check(
        "[columns.day]",
        "[columns.delivery_id]",
        "checkups.toml:30:10: column `delivery_id` is added to every table by ingest and cannot be \
         delivered",
    );
    check(
        "[columns.day]",
        "[columns.birth_date]",
        "checkups.toml:30:10: column `birth_date` looks identifying (`birth_date`); only columns with \
         privacy = \"open\" may have such a name",
    );
    check(
        "[columns.day]",
        "[columns.day-1]",
        "checkups.toml:30:10: `day-1` cannot be a column: use letters, digits and `_`, a letter first",
    );
}

#[test]
fn recognises_identifying_names() {
    let identifying = [
        "name",
        "employee_name",
        "FullName",
        "homePhone",
        "NAME",
        "氏名",
        "カナ氏名",
        "ｶﾅ氏名",
        "kana",
        "住所",
        "home_address",
        "e-mail",
        "birth_date",
        "生年月日",
        "my_number",
        "個人番号",
        "記号",
        "保険証番号",
        "ＴＥＬ",
        "tel.",
    ];
    for column in identifying {
        assert!(identifying_word(column).is_some(), "{column}");
    }
    let harmless = [
        "birth_year_month",
        "insurer_id",
        "person_key",
        "municipality_code",
        "workplace_key",
        "q_stage_of_change",
        "hotel_nights",
        "nametag",
        "保険者番号",
        "腹囲",
        "claim_id",
    ];
    for column in harmless {
        assert_eq!(identifying_word(column), None, "{column}");
    }
}

#[test]
fn references_between_contracts_are_checked() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs_err::write(dir.path().join("checkups.toml"), VALID).expect("a written file");
    let error = load_dir(dir.path())
        .expect_err("table `members` has no contract")
        .to_string();
    assert!(
        error.ends_with("checkups.toml:10:9: no contract for table `members`"),
        "{error}"
    );
    let to_itself = VALID.replace("table = \"members\"", "table = \"checkups\"");
    fs_err::write(dir.path().join("checkups.toml"), to_itself).expect("a written file");
    assert_eq!(load_dir(dir.path()).expect("one contract").len(), 1);
    assert!(load_dir(&dir.path().join("absent")).is_err());
}

/// A withdrawal is held to the codes of its columns only where it says the term.
#[test]
fn codes_by_term_of_a_key_need_the_term_in_the_key() {
    let by_term = |key: &str| {
        let text = VALID.replace("key = [\"person_key\", \"day\"]", key);
        let contract = TableContract::parse("checkups", Path::new("checkups.toml"), &text);
        contract.expect("the contract is right").key_only()
    };
    let without = by_term("key = [\"person_key\", \"q_smoking\"]");
    let column = without.column("q_smoking").expect("it is in the key");
    assert!(column.codes.is_unrestricted());
    let with = by_term("key = [\"term\", \"q_smoking\"]");
    let column = with.column("q_smoking").expect("it is in the key");
    assert!(!column.codes.by_term.is_empty());
}
