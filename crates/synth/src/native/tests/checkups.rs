//! Checkups and guidance: archives and a vendor's lists.

use std::collections::BTreeMap;

use korabo_formats::checkup::{
    ArchiveReader, Checkup, Found, Guidance, ItemTable, Tables, merge_guidance,
};
use korabo_formats::{Identity, Rule, Token, tables};

use super::{PersonsByToken, Worlds, assert_same, identity, list, rows};
use crate::checkup::COLUMNS;
use crate::world::INSURERS;

const KEYS: [&str; 6] = [
    "insurer_id",
    "person_key",
    "fiscal_year",
    "checkup_date",
    "term",
    "record_kind",
];

/// The columns of values.
fn values() -> Vec<&'static str> {
    COLUMNS[2..].iter().map(|(name, _)| *name).collect()
}

fn all_columns() -> Vec<&'static str> {
    KEYS.into_iter().chain(values()).collect()
}

/// Whether a reader leaves a value out: beyond its item's range, or no answer of the term.
fn is_left_out(items: &ItemTable, column: &str, term: &str, value: &str) -> bool {
    let Ok(value) = value.parse::<f64>() else {
        return false;
    };
    let index = items.index(column).unwrap();
    let (_, item) = items
        .items()
        .find(|(_, item)| item.column == Some(index) && item.order == 1)
        .unwrap();
    let term: usize = term.parse().unwrap();
    let is_beyond =
        item.low.is_some_and(|low| value < low) || item.high.is_some_and(|high| value > high);
    is_beyond || item.answers[term - 2].is_some_and(|last| value < 1.0 || value > f64::from(last))
}

/// What is read of all archives of a world.
#[derive(Default)]
struct Archives {
    checkups: Vec<(Token, Checkup)>,
    stages: Vec<(Token, Guidance)>,
    refused: BTreeMap<Rule, u64>,
}

impl Archives {
    fn read(worlds: &Worlds, items: &Tables) -> Self {
        let mut archives = Self::default();
        let by_name = |identity: &Identity| worlds.tokeniser.person(identity).by_name.unwrap();
        for (path, bytes) in crate::tests::files(&worlds.native.0) {
            if path.extension().is_none_or(|extension| extension != "zip") {
                continue;
            }
            let source = std::io::Cursor::new(bytes);
            let mut reader = ArchiveReader::open_zip(source, "archive", items).unwrap();
            while let Some(found) = reader.next_found() {
                match found {
                    Found::Checkup(row, identity) => {
                        archives.checkups.push((by_name(&identity), row));
                    }
                    Found::Guidance(row, identity) => {
                        archives.stages.push((by_name(&identity), row));
                    }
                }
            }
            assert_eq!(reader.summary().is_complete(), Some(true));
            for (rule, n) in reader.rejects().counts() {
                *archives.refused.entry(*rule).or_default() += n;
            }
        }
        archives
    }

    fn n_refused(&self, rules: &[Rule]) -> u64 {
        rules.iter().filter_map(|rule| self.refused.get(rule)).sum()
    }
}

/// Checkups of the tables without what readers refuse, the number of values left out and that of days that do not exist.
fn readable(worlds: &Worlds, items: &ItemTable) -> (Vec<Vec<String>>, [u64; 2]) {
    let (mut readable, mut n_values, mut n_days) = (Vec::new(), 0, 0);
    for insurer in INSURERS {
        for mut row in rows(&worlds.table(insurer, "checkups"), &all_columns()) {
            if row[3].ends_with("0231") {
                n_days += 1;
                continue;
            }
            for (column, at) in values().into_iter().zip(KEYS.len()..) {
                if is_left_out(items, column, &row[4], &row[at]) {
                    row[at].clear();
                    n_values += 1;
                }
            }
            readable.push(row);
        }
    }
    (readable, [n_values, n_days])
}

pub(super) fn archives_are_the_tables_but_for_what_is_refused(
    worlds: &Worlds,
    known: &PersonsByToken,
) {
    let items = Tables::built_in().unwrap();
    let archives = Archives::read(worlds, &items);
    let of_tables = |batch| {
        let mut found = batch;
        for row in &mut found {
            let row: &mut Vec<String> = row;
            row[1] = known.keys[&row[1]].clone();
        }
        found
    };
    let batch = tables::checkups(&archives.checkups, &items.checkups, &values()).unwrap();
    let (expected, [n_values, n_days]) = readable(worlds, &items.checkups);
    assert_same(
        "checkups",
        of_tables(rows(&[batch], &all_columns())),
        expected,
    );
    assert!(n_days > 0 && n_values > 10, "{n_days} {n_values}");
    assert_eq!(archives.n_refused(&[Rule::DateForm]), n_days);
    let of_values = [Rule::Range, Rule::Code, Rule::CodeForTerm];
    assert_eq!(archives.n_refused(&of_values), n_values);
    assert_eq!(archives.n_refused(Rule::ALL), n_days + n_values);

    // Of offers that were not taken up there are no documents.
    let stages = merge_guidance(archives.stages);
    let batch = tables::guidance(&stages, &items.guidance, &[]).unwrap();
    let columns = [
        "insurer_id",
        "person_key",
        "fiscal_year",
        "level_code",
        "first_interview_date",
        "is_completed",
    ];
    let found = of_tables(rows(&[batch], &columns));
    let insurers = INSURERS.iter();
    let offers: Vec<_> = insurers
        .flat_map(|insurer| rows(&worlds.table(insurer, "guidance"), &columns))
        .collect();
    let n_offers = offers.len();
    let expected: Vec<_> = offers
        .into_iter()
        .filter(|row| !row[4].is_empty())
        .collect();
    assert!(expected.len() < n_offers);
    assert_same("guidance", found, expected);
}

pub(super) fn a_vendors_lists_are_the_table_with_all_its_defects(
    worlds: &Worlds,
    known: &PersonsByToken,
) {
    for insurer in INSURERS {
        let mut found = Vec::new();
        for period in ["2016-2022", "2023", "2024"] {
            let lines = list(
                &worlds.native.0,
                &format!("vendor/insurer_{insurer}/checkups_{period}.csv"),
            );
            for line in lines {
                let person = known.token(&worlds.tokeniser.person(&identity(&line)));
                let mut row = vec![
                    line["保険者番号"].clone(),
                    known.keys[&person].clone(),
                    line["受診日"].replace('/', ""),
                ];
                row.extend(
                    super::super::lists::checkup_header()
                        .split(',')
                        .skip(8)
                        .map(|name| line[name].clone()),
                );
                found.push(row);
            }
        }
        let mut columns = vec!["insurer_id", "person_key", "checkup_date"];
        columns.extend(COLUMNS.iter().map(|(name, _)| *name));
        let batches = worlds.table(insurer, "checkups");
        let expected = rows(&batches, &columns);
        assert_eq!(found, expected);
        let items = ItemTable::checkups().unwrap();
        let has_defect = |row: &Vec<String>| {
            let cells = COLUMNS[2..].iter().zip(&row[5..]);
            let mut wrong =
                cells.filter(|((name, _), cell)| is_left_out(&items, name, &row[3], cell));
            wrong.next().is_some()
        };
        assert!(found.iter().any(has_defect), "defects are carried");
    }
}
