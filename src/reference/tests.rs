//! Small published tables against hand calculations, and what is refused.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::mapping::Mapping;
use super::number::{age_band, number, sex_and_age};
use super::{Import, ReferenceError, import};
use crate::vocabulary::Vocabulary;

const WIDE: &str = r#"
[questions]
files = ["q*.csv"]
source = "Made, up"
measure = "counts"
layout = "wide"
fiscal_year = 2021
region = "都道府県名"
answer = "回答"
regions = { JP = "*", TOKYO = "東京都" }
indicators.current_smoker = { item = "q8.csv", answers = ["はい"] }
indicators.wants_to_change = { item = "q21.csv", answers = ["2", "3"] }
"#;

const LONG: &str = r#"
[means]
files = ["means.csv"]
source = "Made up"
measure = "means"
layout = "long"
fiscal_year = "year"
item = "item"
sex = "sex"
age = "age"
value = "mean"
regions = { JP = "*" }
indicators.bmi = { item = "BMI#*", unit = "kg/m2", first_fiscal_year = 2020 }
"#;

fn imported(mapping: &str, files: &[(&str, &str)]) -> Result<Import, ReferenceError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let vocabulary = Vocabulary::load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mapping = Mapping::parse(mapping, &vocabulary)?;
    import(&[folder.path().to_path_buf()], &mapping)
}

/// The values as `region indicator year sex age value`.
fn lines(import: &Import) -> Vec<String> {
    let line = |own: &super::ReferenceValue| {
        format!(
            "{} {} {} {} {} {}",
            own.region, own.indicator, own.fiscal_year, own.sex, own.age_band, own.value
        )
    };
    import.values.iter().map(line).collect()
}

#[track_caller]
fn assert_refused(mapping: &str, files: &[(&str, &str)], texts: &[&str]) {
    let message = imported(mapping, files).unwrap_err().to_string();
    for text in texts {
        assert!(message.contains(text), "`{text}` in `{message}`");
    }
}

const SMOKERS: &str = "\u{feff}都道府県名,回答,男40～44歳,男中計,女40～44歳\n\
     東京都,はい,30,30,5\n,いいえ,70,70,‐\n\
     大阪府,はい,10,10,‐\n,いいえ,90,90,15\n";

#[test]
fn shares_are_worked_out_for_one_region_and_for_all() {
    let import = imported(WIDE, &[("q8.csv", SMOKERS)]).unwrap();
    assert_eq!(
        lines(&import),
        [
            "JP current_smoker 2021 1 40-44 0.2",
            "JP current_smoker 2021 1 all 0.2",
            // A withheld count is zero in a sum: 5 of 5 + 15.
            "JP current_smoker 2021 2 40-44 0.25",
            "TOKYO current_smoker 2021 1 40-44 0.3",
            "TOKYO current_smoker 2021 1 all 0.3",
        ]
    );
    // Of Tokyo's women one count is withheld: there is no share.
    assert_eq!(import.n_withheld, 1);
    let csv = import.to_csv();
    assert!(csv.starts_with("region,indicator,fiscal_year,sex,age_band,value,unit,source\n"));
    assert!(
        csv.contains("TOKYO,current_smoker,2021,1,all,0.3,share,\"Made, up\"\n"),
        "{csv}"
    );
}

#[test]
fn several_answers_make_one_share() {
    let stages = "都道府県名,回答,女40-44\n東京都,1,50\n東京都,2,30\n東京都,3,20\n";
    let import = imported(WIDE, &[("q21.csv", stages)]).unwrap();
    assert_eq!(
        lines(&import),
        [
            "JP wants_to_change 2021 2 40-44 0.5",
            "TOKYO wants_to_change 2021 2 40-44 0.5"
        ]
    );
}

#[test]
fn means_are_taken_as_they_are_in_their_years() {
    let means = "year,item,sex,age,mean\n2019,BMI#1,M,40-44,20\n2020,BMI#1,M,40-44,24.5\n2020,BMI#1,F,all,…\n2020,LDL#1,M,40-44,120\n";
    let import = imported(LONG, &[("means.csv", means)]).unwrap();
    assert_eq!(lines(&import), ["JP bmi 2020 1 40-44 24.5"]);
    assert_eq!(import.values[0].unit, "kg/m2");
    assert_eq!(import.n_withheld, 1);
}

#[test]
fn errors_name_file_row_and_column() {
    let header = "year,item,sex,age,mean\n2020,BMI#1,M,40-44,24.5\n";
    let means = |row: &str| format!("{header}{row}\n");
    for (row, texts) in [
        (
            "2020,BMI#1,M,45-49,high",
            [
                "means.csv",
                "row 3, column `mean`",
                "`high` is not a number",
            ],
        ),
        (
            "2020,BMI#1,X,45-49,24",
            ["means.csv", "row 3, column `sex`", "`X` is not a sex"],
        ),
        (
            "2020,BMI#1,M,45 on,24",
            ["means.csv", "row 3, column `age`", "not an age band"],
        ),
        (
            "FY20,BMI#1,M,45-49,24",
            ["means.csv", "row 3, column `year`", "not a fiscal year"],
        ),
        (
            "2020,BMI#2,M,40-44,24",
            ["means.csv", "row 3, column `mean`", "stands in row 2 too"],
        ),
    ] {
        assert_refused(LONG, &[("means.csv", &means(row))], &texts);
    }
    let smokers = SMOKERS.replace("東京都", "東京");
    assert_refused(
        WIDE,
        &[("q8.csv", &smokers)],
        &["q8.csv", "no region `東京都`"],
    );
    let answers = SMOKERS.replace("はい", "yes");
    assert_refused(
        WIDE,
        &[("q8.csv", &answers)],
        &["`current_smoker` counts the answer `はい`", "yes"],
    );
    assert_refused(
        WIDE,
        &[("q8.csv", "都道府県名,回答,計\n東京都,はい,1\n")],
        &["no heading names a sex"],
    );
    assert_refused(
        LONG,
        &[("means.csv", "year,item,sex,ages,mean\n")],
        &["no column `age`", "`ages`"],
    );
    assert_refused(LONG, &[("other.csv", "x\n1\n")], &["no file to import"]);
    let twice = LONG.replace("[\"means.csv\"]", "[\"*.csv\"]");
    assert_refused(
        &twice,
        &[("a.csv", header), ("b.csv", header)],
        &["given twice", "a.csv", "b.csv", "FY2020, men, ages 40-44"],
    );
}

#[test]
fn a_mapping_that_cannot_be_meant_is_refused() {
    for (from, to, texts) in [
        (
            "indicators.bmi",
            "indicators.bmj",
            [
                "reference.toml:13:",
                "no indicator `bmj`; did you mean `bmi`",
            ],
        ),
        ("unit = \"kg/m2\", ", "", ["reference.toml", "`unit`"]),
        (
            "\"means\"\nlayout",
            "\"shares\"\nlayout",
            ["reference.toml:5:", "`shares`"],
        ),
        (
            "JP = \"*\"",
            "JP = \"全国\"",
            ["reference.toml:12:", "without a column `region`"],
        ),
        (
            "\"means\"\nlayout",
            "\"counts\"\nlayout",
            ["reference.toml", "`answer`"],
        ),
        ("BMI#*", "BMI[", ["reference.toml:13:", "no pattern"]),
    ] {
        let mapping = LONG.replace(from, to);
        assert_ne!(mapping, LONG, "{from}");
        assert_refused(&mapping, &[("means.csv", "year\n")], &texts);
    }
}

#[test]
fn a_named_file_of_no_kind_is_refused() {
    let vocabulary = Vocabulary::load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mapping = Mapping::parse(LONG, &vocabulary).unwrap();
    let refused = import(&[PathBuf::from("x/other.csv")], &mapping).unwrap_err();
    assert!(
        matches!(refused, ReferenceError::NoEntry { .. }),
        "{refused}"
    );
}

#[test]
fn numbers_sexes_and_ages_are_read_as_they_are_written() {
    assert_eq!(number("１，２３４.5"), Ok(Some(1234.5)));
    for withheld in ["", "-", "‐", "－", "…", "*"] {
        assert_eq!(number(withheld), Ok(None), "{withheld}");
    }
    assert_eq!(number("12人"), Err(()));
    assert_eq!(number("inf"), Err(()));
    assert_eq!(age_band("４０～４４歳"), Some("40-44".to_owned()));
    assert_eq!(age_band("中計"), Some("all".to_owned()));
    assert_eq!(age_band("44-40"), None);
    assert_eq!(sex_and_age("女 70～74歳"), Some((2, "70-74".to_owned())));
    assert_eq!(sex_and_age("都道府県名"), None);
    assert_eq!(sex_and_age(""), None);
}
