//! Small files of one's own, read by mappings.

use std::path::Path;

use datafusion::arrow::array::{Array as _, AsArray as _};

use crate::contract::{self, TableContract};
use crate::mapping::{
    HeaderRules, MappedTable, MappingError, PersonKey, SourceMapping, TokenMaker,
};

fn contracts() -> Vec<TableContract> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    contract::load_dir(&root.join("schemas")).unwrap()
}

fn rules() -> HeaderRules {
    HeaderRules::load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn mapping(text: &str) -> Result<SourceMapping, MappingError> {
    SourceMapping::parse("own", Path::new("mappings/own.toml"), text, &contracts())
}

/// The values of `columns` in each row, `-` where one is missing.
fn rows(mapping_text: &str, file: &str, columns: &[&str]) -> Result<Vec<String>, MappingError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.csv");
    fs_err::write(&path, encoding_rs::SHIFT_JIS.encode(file).0).unwrap();
    let mapping = mapping(mapping_text)?;
    let contracts = contracts();
    let contract = contracts
        .iter()
        .find(|own| own.name == mapping.table)
        .unwrap();
    let tokeniser =
        korabo_formats::Tokeniser::new(b"9f1c27e4b85d0a3366e2c94d71fa08b5d3c6477e10ab92ef")
            .unwrap();
    let known = std::sync::Mutex::default();
    let maker = TokenMaker {
        known: &known,
        tokeniser: &tokeniser,
        key: PersonKey::WithoutBranch,
    };
    let tokens = (!mapping.identity.is_empty()).then_some(maker);
    let mut table = MappedTable::open(&path, (&mapping, contract, &rules()), tokens)?;
    let mut rows = Vec::new();
    while let Some(batch) = table.next_batch()? {
        for row in 0..batch.num_rows() {
            let cells = columns.iter().map(|name| {
                let column = batch.column_by_name(name);
                let column = column.unwrap_or_else(|| panic!("no column {name}"));
                let texts = column.as_string::<i32>();
                if texts.is_null(row) {
                    "-"
                } else {
                    texts.value(row)
                }
                .to_owned()
            });
            rows.push(cells.collect::<Vec<_>>().join(" "));
        }
    }
    Ok(rows)
}

/// Rules of which `[derived]` is `derived`.
fn rules_with(derived: &str) -> HeaderRules {
    let text = include_str!("../../../rules/headers.toml");
    let (others, _) = text.split_once("[derived.").unwrap();
    HeaderRules::parse(
        Path::new("rules/headers.toml"),
        &format!("{others}{derived}"),
    )
    .unwrap()
}

#[test]
fn wrong_sql_of_a_column_that_follows_from_others_is_refused_with_its_place() {
    let cases = [
        (
            "[derived.claims]\nbilled_month = \"care_month +\"\n",
            "the SQL of `billed_month` cannot be used",
        ),
        (
            "[derived.claims]\nbilled_month = \"care_mnth\"\n",
            "the SQL of `billed_month` cannot be used",
        ),
        (
            "[derived.claims]\nbilled_month = \"no_such_function(care_month)\"\n",
            "the SQL of `billed_month` cannot be used",
        ),
        (
            "[derived.claims]\nbiled_month = \"care_month\"\n",
            "contract `claims` has no column `biled_month`; did you mean `billed_month`?",
        ),
    ];
    for (derived, expected) in cases {
        let rules = rules_with(derived);
        let error = rules.check_derived(&contracts()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.starts_with("rules/headers.toml:"), "{error}");
        assert!(!error.starts_with("rules/headers.toml:1:"), "{error}");
    }
    // A table that this project does not have.
    let rules = rules_with("[derived.visits]\nday = \"nothing of it\"\n");
    rules.check_derived(&contracts()).unwrap();
}

const CHECKUPS: &str = "table = \"checkups\"\nfiles = [\"*.csv\"]\n[columns]\nperson_key = \"ID\"\ninsurer_id = { value = \"06130512\" }\ncheckup_date = \"受診日\"\n";

#[test]
fn dates_numbers_and_words_of_holders_are_those_of_the_contract() {
    let text = format!(
        "{CHECKUPS}height_cm = {{ from = \"身長\", scale = 100 }}\nsbp_mmhg = [\"血圧2\", \"血圧1\"]\nq_smoking = {{ from = \"*喫煙*\", codes = {{ \"吸う\" = \"1\", \"吸わない\" = \"2\" }} }}\nurine_sugar = \"尿糖\"\ntriglycerides_mgdl = \"TG\"\n"
    );
    let file = "ID,受診日,身長,血圧1,血圧2,8.喫煙（R04）,尿糖,TG\n\
        a,令和４年５月９日,1.725,１３２,未実施,吸う,－,\"1,234\"\n\
        b,R4.5.9,1.6,120,118mmHg,2:吸わない,＋,H\n\
        c,2022/05/09,,,,1,01,98\n\
        d,20220509,150 cm,測定不能,,たまに,2+,９８\n";
    let columns = [
        "checkup_date",
        "fiscal_year",
        "term",
        "height_cm",
        "sbp_mmhg",
        "q_smoking",
        "urine_sugar",
        "triglycerides_mgdl",
    ];
    let read = rows(&text, file, &columns).unwrap();
    assert_eq!(
        read,
        [
            "2022-05-09 2022 3 172.5 132 1 1 1234",
            "2022-05-09 2022 3 160 118 2 3 -",
            "2022-05-09 2022 3 - - 1 1 98",
            // What is no word stays for the contract to reject.
            "2022-05-09 2022 3 15000 - たまに 4 98",
        ]
    );
}

#[test]
fn sql_sees_headers_and_columns_and_its_failures_quote_no_value() {
    let with = |sql: &str| format!("{CHECKUPS}bmi = {{ sql = \"{sql}\" }}\nheight_cm = \"身長\"\n");
    let file = "ID,受診日,身長,体重\na,2022-05-09,160,64\nb,2022-05-09,160,secret\n";
    let sql = "TRY_CAST(体重 AS DOUBLE) / power(CAST(height_cm AS DOUBLE) / 100, 2)";
    let read = rows(&with(sql), file, &["bmi"]).unwrap();
    assert!(
        read[0].starts_with("24.99") || read[0].starts_with("25"),
        "{read:?}"
    );
    assert_eq!(read[1], "-");
    let failed = rows(&with("CAST(体重 AS DOUBLE)"), file, &["bmi"]).unwrap_err();
    assert!(matches!(failed, MappingError::ExpressionFails { .. }));
    assert!(
        failed.to_string().contains("mappings/own.toml:7:"),
        "{failed}"
    );
    assert!(!failed.to_string().contains("secret"), "{failed}");
    let unknown = rows(&with("体 * 2"), file, &["bmi"]).unwrap_err();
    assert!(
        matches!(unknown, MappingError::Expression { .. }),
        "{unknown}"
    );
}

#[test]
fn one_row_for_each_item_becomes_one_for_each_checkup() {
    let text = "table = \"checkups\"\nfiles = [\"*.csv\"]\n[long]\nitem = \"項目コード\"\nvalue = \"結果\"\n[columns]\nperson_key = \"ID\"\ncheckup_date = \"受診日\"\nsbp_mmhg = { item = [\"9A752000000000001\", \"9A751000000000001\"] }\n";
    let file = "ID,受診日,項目コード,項目名,結果\n\
        a,2022-05-09,9A751000000000001,一回目,140\n\
        b,2022-05-09,9N001000000000001,身長,160\n\
        a,2022-05-09,9A752000000000001,二回目,130\n\
        b,2022-05-09,9A751000000000001,一回目,120\n\
        a,2022-05-09,9N001000000000001,身長,170\n\
        a,2023-05-09,9N001000000000001,身長,171\n\
        a,2023-05-09,0X999000000000001,何か,1\n";
    let read = rows(
        text,
        file,
        &["person_key", "checkup_date", "height_cm", "sbp_mmhg"],
    )
    .unwrap();
    assert_eq!(
        read,
        [
            "a 2022-05-09 170 130",
            "b 2022-05-09 160 120",
            "a 2023-05-09 171 -"
        ]
    );
}

#[test]
fn tokens_are_the_same_whatever_the_width_and_missing_where_a_field_is() {
    let text = "table = \"members\"\nfiles = [\"*.csv\"]\n[identity]\ninsurer_number = { value = \"6130512\" }\nsymbol = \"記号\"\nnumber = \"番号\"\nbirth_date = \"生年月日\"\nsex = \"性別\"\n\
        [columns]\nsex = \"性別\"\nbirth_year_month = \"生年月日\"\nenrolled_from = \"取得\"\nenrolled_to = { from = \"喪失\", days = -1 }\nmunicipality_code = \"市区町村\"\n";
    let file = "記号,番号,生年月日,性別,取得,喪失,市区町村\n\
        １２,３４５,昭和44年10月28日,男,H28.4.1,2020-04-01,131016\n\
        12,0345,1969/10/28,1,2016-04-01,,1101\n\
        12,346,不明,女,2016-04-01,,13101\n";
    let columns = [
        "insurer_id",
        "birth_year_month",
        "sex",
        "enrolled_from",
        "enrolled_to",
        "municipality_code",
    ];
    let read = rows(text, file, &columns).unwrap();
    assert_eq!(
        read,
        [
            "06130512 196910 1 2016-04-01 2020-03-31 13101",
            "06130512 196910 1 2016-04-01 - 01101",
            "06130512 - 2 2016-04-01 - 13101",
        ]
    );
    let tokens = rows(
        text,
        file,
        &["person_key", "household_key", "workplace_key"],
    )
    .unwrap();
    assert_eq!(tokens[0], tokens[1]);
    assert_eq!(tokens[0].split(' ').next().unwrap().len(), 64);
    assert!(tokens[2].starts_with("- "), "{tokens:?}");
}

#[test]
fn wrong_mappings_name_the_place_and_the_nearest_name() {
    for (text, said) in [
        (
            "table = \"checkup\"\nfiles = []",
            "mappings/own.toml:1:9: no contract `checkup`; did you mean `checkups`?",
        ),
        ("table = \"checkups\"\nfiles = [\"[\"]", "2:10"),
        (
            "table = \"checkups\"\nfiles = []\n[columns]\nheigth_cm = \"身長\"",
            "4:1: contract `checkups` has no column `heigth_cm`; did you mean `height_cm`?",
        ),
        (
            "table = \"checkups\"\nfiles = []\n[columns]\nbmi = {}",
            "`columns.bmi` needs one of",
        ),
        (
            "table = \"checkups\"\nfiles = []\n[columns]\nbmi = { from = \"a\", sql = \"b\" }",
            "needs one of",
        ),
        (
            "table = \"checkups\"\nfiles = []\n[identity]\nnumbr = \"番号\"",
            "did you mean `number`?",
        ),
        (
            "table = \"checkups\"\nfiles = []\n[columns]\nbmi = { item = \"x\" }",
            "[long]",
        ),
        (
            "table = \"checkups\"\nfiles = []\nheader_row = 3\nfirst_row = 3",
            "a line after that of the header",
        ),
    ] {
        let error = mapping(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn a_header_that_is_not_there_is_named_with_the_nearest() {
    let text = format!("{CHECKUPS}height_cm = \"身長cm\"\n");
    let error = rows(&text, "ID,受診日,身長\na,2022-05-09,160\n", &[]).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("has no column `身長cm`, which `mappings/own.toml` needs for `height_cm`; did you mean `身長`?"), "{said}");
}
