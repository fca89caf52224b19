//! What `korabo-formats` reads of native files is what the tables of the same world say, row for row and column for column.

mod checkups;
mod claims;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};
use encoding_rs::SHIFT_JIS;
use korabo_formats::normalise::parse_day;
use korabo_formats::{Identity, IdentityFields, PersonTokens, Tokeniser};

use crate::calendar::yyyymmdd;
use crate::tests::{Folder, files, options, strings, tables};
use crate::world::INSURERS;
use crate::{NativeFormat, SynthError, synth, synth_native};

const SECRET: &[u8] = b"9d2f61c7b0a84e53f1dd0c6a7e92b4583c";
const PERSONS: u64 = 1_200;

/// A world as tables and as native files.
struct Worlds {
    tables: Folder,
    native: Folder,
    tokeniser: Tokeniser,
}

impl Worlds {
    fn new() -> Self {
        let worlds = Self {
            tables: Folder::new("as-tables"),
            native: Folder::new("as-native"),
            tokeniser: Tokeniser::new(SECRET).unwrap(),
        };
        synth(&options(&worlds.tables.0, PERSONS, 2), &|_| ()).unwrap();
        let native = options(&worlds.native.0, PERSONS, 2);
        synth_native(&native, &NativeFormat::ALL, SECRET, &|_| ()).unwrap();
        worlds
    }

    /// The rows of a table of an insurer, all of its files one after the other.
    fn table(&self, insurer: &str, table: &str) -> Vec<RecordBatch> {
        tables(&self.tables.0, &format!("insurer_{insurer}"), table)
    }
}

/// Persons of the lists of members: keys of tables by tokens, and tokens by name by tokens of the card.
#[derive(Default)]
struct PersonsByToken {
    keys: HashMap<String, String>,
    by_card: HashMap<String, String>,
}

impl PersonsByToken {
    fn read(worlds: &Worlds) -> Self {
        let mut known = Self::default();
        for insurer in INSURERS {
            let keys = worlds.table(insurer, "members").into_iter();
            let keys = keys.flat_map(|batch| strings(&batch, "person_key"));
            let lines = list(
                &worlds.native.0,
                &format!("insurer_{insurer}/members_2016-2024.csv"),
            );
            for (line, key) in lines.iter().zip(keys) {
                let tokens = worlds.tokeniser.person(&identity(line));
                let name = tokens.by_name.unwrap().hex();
                let key = key.unwrap();
                let before = known.keys.insert(name.clone(), key.clone());
                assert!(
                    before.is_none_or(|before| before == key),
                    "two persons, one token"
                );
                known.by_card.insert(tokens.insured.unwrap().hex(), name);
            }
        }
        let mut keys: Vec<_> = known.keys.values().collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), known.keys.len(), "one person, two tokens");
        known
    }

    /// The token of a person: of DPC claims, which do not tell the name, by the card.
    fn token(&self, tokens: &PersonTokens) -> String {
        match tokens.by_name {
            Some(token) => token.hex(),
            None => self.by_card[&tokens.insured.unwrap().hex()].clone(),
        }
    }
}

/// The lines of a list, by header.
fn list(out: &Path, path: &str) -> Vec<HashMap<String, String>> {
    let bytes = fs_err::read(out.join(path)).unwrap();
    let (text, _, has_errors) = SHIFT_JIS.decode(&bytes);
    assert!(!has_errors);
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(fields.len(), header.len(), "{line}");
        let fields = header.iter().zip(fields);
        fields
            .map(|(name, field)| ((*name).to_owned(), field.to_owned()))
            .collect()
    };
    lines.map(row).collect()
}

fn identity(line: &HashMap<String, String>) -> Identity {
    Identity::new(&IdentityFields {
        insurer_number: &line["保険者番号"],
        symbol: &line["記号"],
        number: &line["番号"],
        branch: &line["枝番"],
        kana_name: &line["カナ氏名"],
        birth_date: &line["生年月日"],
        sex: if line["性別"] == "男" { "1" } else { "2" },
    })
}

/// A column as texts, dates as YYYYMMDD; empty where there is none.
fn texts(batch: &RecordBatch, name: &str) -> Vec<String> {
    let column = batch.column_by_name(name).unwrap();
    if column.data_type() == &DataType::Date32 {
        let days = column.as_primitive::<Date32Type>().iter();
        return days
            .map(|day| day.map_or(String::new(), |day| yyyymmdd(day).to_string()))
            .collect();
    }
    if column.data_type() == &DataType::Float64 {
        let values = column
            .as_primitive::<arrow::datatypes::Float64Type>()
            .iter();
        return values
            .map(|value| value.map_or(String::new(), |value| value.to_string()))
            .collect();
    }
    let text = cast(column, &DataType::Utf8).unwrap();
    let text = text.as_string::<i32>();
    text.iter()
        .map(|text| text.unwrap_or_default().to_owned())
        .collect()
}

/// The rows of tables as texts, in the order of `columns`.
fn rows(batches: &[RecordBatch], columns: &[&str]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<Vec<String>> = columns.iter().map(|name| texts(batch, name)).collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            columns
                .iter()
                .map(|column| column[row].clone())
                .collect::<Vec<_>>()
        }));
    }
    rows
}

/// Fails at the first row that differs.
fn assert_same(what: &str, mut found: Vec<Vec<String>>, mut expected: Vec<Vec<String>>) {
    found.sort();
    expected.sort();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
    assert!(!found.is_empty(), "{what}");
}

/// Each value of one side goes with one of the other.
fn assert_determines(what: &str, pairs: impl Iterator<Item = (String, String)>) {
    let mut seen = BTreeMap::new();
    for (from, to) in pairs {
        let known = seen.entry(from).or_insert_with(|| to.clone());
        assert_eq!(known, &to, "{what}");
    }
    assert!(seen.len() > 20, "{what}");
}

#[test]
fn native_files_are_the_tables() {
    let worlds = Worlds::new();
    let known = PersonsByToken::read(&worlds);
    lists_of_members_are_the_table(&worlds);
    cards_tell_households_and_workplaces(&worlds);
    links_of_employees_are_tokens_of_the_same_persons(&worlds, &known);
    checkups::archives_are_the_tables_but_for_what_is_refused(&worlds, &known);
    checkups::a_vendors_lists_are_the_table_with_all_its_defects(&worlds, &known);
    claims::claims_are_the_tables_but_for_doubles(&worlds, &known);
}

fn lists_of_members_are_the_table(worlds: &Worlds) {
    for insurer in INSURERS {
        let columns = [
            "insurer_id",
            "relationship",
            "sex",
            "birth_year_month",
            "municipality_code",
            "enrolled_from",
            "enrolled_to",
        ];
        let expected = rows(&worlds.table(insurer, "members"), &columns);
        let lines = list(
            &worlds.native.0,
            &format!("insurer_{insurer}/members_2016-2024.csv"),
        );
        let day = |text: &str| parse_day(text).map(|dated| dated.day).ok();
        let number = |day: Option<chrono::NaiveDate>| {
            day.map_or(String::new(), |day| day.format("%Y%m%d").to_string())
        };
        let found: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let identity = identity(line);
                let codes =
                    HashMap::from([("本人", "1"), ("配偶者", "2"), ("子", "3"), ("その他", "4")]);
                vec![
                    identity.insurer_number().unwrap().to_owned(),
                    codes[line["続柄"].as_str()].to_owned(),
                    identity.sex().unwrap().code().to_string(),
                    identity.birth_month().unwrap().number().to_string(),
                    line["市区町村コード"].clone(),
                    number(day(&line["資格取得日"])),
                    number(day(&line["資格喪失日"]).and_then(|day| day.pred_opt())),
                ]
            })
            .collect();
        assert_eq!(found, expected);
        let born_before = lines
            .iter()
            .all(|line| day(&line["生年月日"]) <= day(&line["資格取得日"]));
        assert!(born_before, "no person is enrolled before birth");
    }
}

fn cards_tell_households_and_workplaces(worlds: &Worlds) {
    let mut cards = Vec::new();
    for insurer in INSURERS {
        let expected = rows(
            &worlds.table(insurer, "members"),
            &["household_key", "workplace_key"],
        );
        let lines = list(
            &worlds.native.0,
            &format!("insurer_{insurer}/members_2016-2024.csv"),
        );
        let tokens = lines
            .iter()
            .map(|line| worlds.tokeniser.person(&identity(line)));
        let hex = |token: Option<korabo_formats::Token>| token.unwrap().hex();
        cards.extend(tokens.zip(expected).map(|(tokens, keys)| {
            (
                hex(tokens.household),
                hex(tokens.workplace),
                keys[0].clone(),
                keys[1].clone(),
            )
        }));
    }
    let households = cards
        .iter()
        .map(|(household, _, key, _)| (household.clone(), key.clone()));
    assert_determines("the household of a card", households);
    let workplaces = || {
        cards
            .iter()
            .map(|(_, workplace, _, key)| (workplace.clone(), key.clone()))
    };
    assert_determines("the workplace of a symbol", workplaces());
    assert_determines(
        "the symbol of a workplace",
        workplaces().map(|(one, other)| (other, one)),
    );
    // Tables that are not native have the tokens that are made of the cards.
    let by_key: HashMap<String, String> = workplaces().map(|(token, key)| (key, token)).collect();
    let mut n_matched = 0;
    for group in ["employers_01", "employers_02"] {
        let keys = |folder: &Folder| {
            let worksites = tables(&folder.0, group, "worksites").into_iter();
            worksites
                .flat_map(|batch| strings(&batch, "workplace_key"))
                .collect::<Vec<_>>()
        };
        for (key, token) in keys(&worlds.tables).into_iter().zip(keys(&worlds.native)) {
            if let Some(expected) = by_key.get(&key.unwrap()) {
                assert_eq!(&token.unwrap(), expected);
                n_matched += 1;
            }
        }
    }
    assert!(n_matched > 20, "{n_matched}");
}

fn links_of_employees_are_tokens_of_the_same_persons(worlds: &Worlds, known: &PersonsByToken) {
    let mut n_linked = 0;
    for group in ["employers_01", "employers_02"] {
        let links = |folder: &Folder| {
            let employees = tables(&folder.0, group, "employees").into_iter();
            employees
                .flat_map(|batch| strings(&batch, "link_token"))
                .collect::<Vec<_>>()
        };
        for (key, token) in links(&worlds.tables).into_iter().zip(links(&worlds.native)) {
            assert_eq!(key.is_some(), token.is_some());
            let (Some(key), Some(token)) = (key, token) else {
                continue;
            };
            // One employer writes in full width.
            let plain = |text: &str| korabo_formats::normalise::text(text);
            if let Some(expected) = known.keys.get(&plain(&token)) {
                assert_eq!(expected, &plain(&key));
                n_linked += 1;
            }
        }
    }
    assert!(n_linked > 300, "{n_linked}");
}

#[test]
fn the_same_seed_makes_the_same_native_bytes_at_any_number_of_threads() {
    let (one, other) = (Folder::new("native-one"), Folder::new("native-two"));
    for (folder, threads) in [(&one, 1), (&other, 3)] {
        let options = options(&folder.0, 400, threads);
        synth_native(&options, &NativeFormat::ALL, SECRET, &|_| ()).unwrap();
    }
    let contents = |folder: &Folder| {
        let files = files(&folder.0).into_iter();
        files
            .map(|(path, bytes)| (path.strip_prefix(&folder.0).unwrap().to_path_buf(), bytes))
            .collect::<Vec<_>>()
    };
    assert!(contents(&one) == contents(&other));
}

#[test]
fn tables_without_a_native_format_stay_tables() {
    let folder = Folder::new("native-claims-only");
    let options = options(&folder.0, 200, 1);
    let summary = synth_native(&options, &[NativeFormat::Uke], SECRET, &|_| ()).unwrap();
    let names: Vec<String> = files(&folder.0)
        .into_keys()
        .map(|path| path.strip_prefix(&folder.0).unwrap().display().to_string())
        .collect();
    let has = |part: &str| names.iter().any(|name| name.contains(part));
    assert!(has("RECEIPTC.UKE") && has("checkups_2024.parquet") && has("members_2016-2024.csv"));
    assert!(!has(".zip") && !has("claims_2024.parquet") && !has("members_2016-2024.parquet"));
    assert_eq!(summary.files, names.len() as u64);
}

#[test]
fn weak_secrets_and_unknown_formats_are_refused() {
    let folder = Folder::new("native-refused");
    let weak = synth_native(&options(&folder.0, 10, 1), &[], b"short", &|_| ());
    assert!(matches!(weak, Err(SynthError::Secret(_))));
    for format in NativeFormat::ALL {
        assert_eq!(format.name().parse::<NativeFormat>().unwrap(), format);
    }
    let unknown = "xls".parse::<NativeFormat>().unwrap_err().to_string();
    assert!(
        unknown.contains("`xls`")
            && NativeFormat::ALL
                .iter()
                .all(|format| unknown.contains(format.name()))
    );
}
