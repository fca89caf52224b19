//! Presets, definitions and the rounding of statements.

mod bundle;

use std::path::Path;

use fs_err as fs;

use super::made::WITHHELD;
use super::small_table::{Column, SmallTable};
use super::statement::StatementRows;
use super::{PRESETS_FILE, Preset};
use crate::config::ProjectConfig;
use crate::disclosure::DisclosureRules;
use crate::release_ledger::Ledger;

fn config(text: &str) -> crate::config::ReleaseConfig {
    ProjectConfig::parse(Path::new("/p"), text).unwrap().release
}

/// The presets of the standard project, with `config` as its project file.
fn preset(text: &str) -> Result<Preset, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Preset::load(root, &config(text)).map_err(|error| error.to_string())
}

#[test]
fn presets_are_as_strict_as_the_project_asks_for() {
    let ndb = preset("").unwrap();
    assert_eq!(
        (ndb.min_count, ndb.round_to, ndb.hides_zeros),
        (10, 1, false)
    );
    assert_eq!(ndb.floors["employer"], 50);
    let rounded = preset("[release]\nround_to = 10\n").unwrap();
    assert_eq!(rounded.round_to, 10);
    let kaigo = preset("[release]\npreset = \"kaigo\"\nround_to = 5\n").unwrap();
    assert_eq!(kaigo.round_to, 10);
    let strict = DisclosureRules {
        min_count: 20,
        max_share: 0.3,
        few_values: 5,
    };
    let within = ndb.within(strict);
    assert_eq!(
        (within.min_count, within.width, within.max_share),
        (20, 20, 0.3)
    );
    let opensafely = preset("[release]\npreset = \"opensafely\"\n").unwrap();
    assert_eq!(opensafely.within(DisclosureRules::GUIDELINE).min_count, 10);
    let error = preset("[release]\npreset = \"ndp\"\n").unwrap_err();
    assert!(
        error.contains("no `ndp`") && error.contains("ndb"),
        "{error}"
    );
}

#[test]
fn counts_are_rounded_as_the_preset_says() {
    let rounded = |name: &str, n: u64| {
        let text = format!("[release]\npreset = \"{name}\"\n");
        preset(&text).unwrap().round(n)
    };
    assert_eq!(rounded("ndb", 13), 13);
    assert_eq!([12, 13, 15].map(|n| rounded("opensafely", n)), [10, 15, 15]);
    // ⌈x / 6⌉ · 6 − 3, and 0 stays 0.
    assert_eq!(
        [0, 1, 6, 7, 12].map(|n| rounded("midpoint6", n)),
        [0, 3, 3, 9, 9]
    );
}

#[test]
fn mistakes_in_presets_are_named_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    for (text, expected) in [
        ("[ndb]\nmin_count = 10\n", "source"),
        ("[ndb]\nsource = \"x\"\n", "min_count"),
        (
            "[ndb]\nsource = \"x\"\nmin_count = 10\nround_to = 0\n",
            "1 or more",
        ),
        (
            "[ndb]\nsource = \"x\"\nmin_count = 10\nmax_share = 1.2\n",
            "above 0 and up to 1",
        ),
        (
            "[ndb]\nsource = \"x\"\nmin_count = 10\nzeros = \"yes\"\n",
            "shown",
        ),
        (
            "[ndb]\nsource = \"x\"\nmin_count = 10\nfloor = 3\n",
            "floors",
        ),
        (
            "[ndb]\nsource = \"x\"\nmin_count = 10\n[ndb.floors]\nemployer = -1\n",
            "persons",
        ),
    ] {
        fs::write(folder.path().join(PRESETS_FILE), text).unwrap();
        let error = Preset::load(folder.path(), &config(""))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(error.contains("rules/release.toml:"), "{error}");
    }
}

fn table(rows: &[(&str, Option<f64>, Option<f64>, i64)]) -> SmallTable {
    SmallTable {
        names: ["name", "estimate", "std_error", "n_units"]
            .map(str::to_owned)
            .to_vec(),
        columns: vec![
            Column::Text(rows.iter().map(|row| Some(row.0.to_owned())).collect()),
            Column::Number(rows.iter().map(|row| row.1).collect()),
            Column::Number(rows.iter().map(|row| row.2).collect()),
            Column::Whole(rows.iter().map(|row| Some(row.3)).collect()),
        ],
    }
}

fn released(
    computed: SmallTable,
    shown: SmallTable,
    earlier: SmallTable,
    ledger: &Ledger,
) -> SmallTable {
    let key = ["name".to_owned()];
    let rows = StatementRows {
        name: "estimates",
        key: &key,
        computed,
        shown,
        earlier: &earlier,
    };
    let preset = preset("[release]\nround_to = 5\n").unwrap();
    rows.released(&preset, ledger).table
}

fn numbers(table: &SmallTable, name: &str) -> Vec<Option<f64>> {
    match table.column(name) {
        Some(Column::Number(values)) => values.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn estimates_leave_rounded_and_withheld_ones_say_so() {
    let computed = table(&[
        ("b", Some(0.123_456), Some(0.019), 1_234),
        ("a", Some(7.5), Some(2.0), 12),
    ]);
    let shown = table(&[
        ("b", Some(0.123_456), Some(0.019), 1_234),
        ("a", None, None, 12),
    ]);
    let table = released(computed, shown, SmallTable::default(), &Ledger::default());
    assert_eq!(numbers(&table, "estimate"), [None, Some(0.124)]);
    assert_eq!(
        table.column("n_units"),
        Some(&Column::Whole(vec![Some(10), Some(1_235)]))
    );
    let words = Column::Text(vec![Some("protected".to_owned()), None]);
    assert_eq!(table.column(WITHHELD), Some(&words));
}

#[test]
fn a_row_that_differs_by_few_persons_stays_as_it_was() {
    let mut ledger = Ledger::default();
    ledger.remember_counts("estimates", "\u{2}a", vec![100]);
    let before = table(&[("a", Some(0.5), Some(0.1), 100)]);
    for (n, expected) in [(100, 0.9), (109, 0.5), (91, 0.5), (110, 0.9), (90, 0.9)] {
        let now = table(&[("a", Some(0.9), Some(0.1), n)]);
        let table = released(now.clone(), now, before.clone(), &ledger);
        assert_eq!(numbers(&table, "estimate"), [Some(expected)], "{n}");
    }
    // What left before and is not there any more is hidden.
    let now = table(&[("a", Some(0.9), Some(0.1), 101)]);
    let table = released(now.clone(), now, SmallTable::default(), &ledger);
    assert_eq!(numbers(&table, "estimate"), [None]);
}

#[test]
fn keys_tell_missing_values_from_texts() {
    let key = ["name".to_owned()];
    let table = SmallTable {
        names: key.to_vec(),
        columns: vec![Column::Text(vec![
            None,
            Some(String::new()),
            Some("\u{1}".to_owned()),
        ])],
    };
    let keys: std::collections::BTreeSet<String> = (0..3).map(|row| table.key(&key, row)).collect();
    assert_eq!(keys.len(), 3);
}
