//! Claims, their diagnoses and drugs, and masters.

use std::collections::{BTreeSet, HashMap};

use korabo_formats::uke::{
    ClaimReader, ClaimRows, Encoding, Masters, ReadOptions, RowMaker, resolve_versions,
};
use korabo_formats::{Token, tables};

use super::{PersonsByToken, Worlds, assert_same, rows};
use crate::native::claims::institution;
use crate::rows::ClaimRow;
use crate::world::INSURERS;

const CLAIMS: [&str; 11] = [
    "insurer_id",
    "claim_id",
    "person_key",
    "care_month",
    "billed_month",
    "claim_kind",
    "is_inpatient",
    "care_days",
    "points",
    "yen",
    "is_returned",
];

/// Reads all files of claims of a world, of bills first.
fn read(
    worlds: &Worlds,
    tokens: &HashMap<String, Token>,
    known: &PersonsByToken,
) -> Vec<ClaimRows> {
    let mut masters = Masters::default();
    let master = |name: &str| fs_err::read(worlds.native.0.join("masters").join(name)).unwrap();
    masters
        .read_diseases(master("diseases.txt").as_slice(), "diseases")
        .unwrap();
    masters
        .read_drugs(master("drugs.txt").as_slice(), "drugs")
        .unwrap();
    let mut maker = RowMaker::new(&worlds.tokeniser, &masters);
    let mut found = Vec::new();
    for are_returned in [false, true] {
        for (path, bytes) in crate::tests::files(&worlds.native.0) {
            let is_file = path.extension().is_some_and(|extension| extension == "UKE");
            if !is_file || path.starts_with(worlds.native.0.join("returned")) != are_returned {
                continue;
            }
            let options = ReadOptions {
                file: path.display().to_string(),
                encoding: Encoding::Cp932,
            };
            let mut reader = ClaimReader::new(bytes.as_slice(), options);
            while let Some(read) = reader.next_claim().unwrap() {
                let flags = read.claim.flags;
                assert!(
                    !flags.points_differ && !flags.insurer_check_fails && !flags.has_open_group
                );
                let person = known.token(&worlds.tokeniser.person(&read.identity));
                let person = tokens[&person];
                found.push(match are_returned {
                    true => maker.returned(&read.claim, person),
                    false => maker.billed(&read.claim, person),
                });
            }
            assert_eq!(
                reader.rejects().total(),
                0,
                "{:?}",
                reader.rejects().first().first()
            );
            let summary = reader.summary();
            assert!(summary.is_complete);
            assert_eq!(summary.declared_points, Some(summary.points));
        }
    }
    let unknown = maker.unknown();
    assert!(unknown.diseases.is_empty() && unknown.drugs.is_empty() && unknown.n_uncoded == 0);
    found
}

/// Tokens by name of all members.
fn tokens(worlds: &Worlds) -> HashMap<String, Token> {
    let mut tokens = HashMap::new();
    for insurer in INSURERS {
        for line in super::list(
            &worlds.native.0,
            &format!("insurer_{insurer}/members_2016-2024.csv"),
        ) {
            let token = worlds
                .tokeniser
                .person(&super::identity(&line))
                .by_name
                .unwrap();
            tokens.insert(token.hex(), token);
        }
    }
    tokens
}

/// The id that a claim of the tables has in native files.
fn native_id(worlds: &Worlds, person: &str, row: &[String]) -> String {
    let number: u64 = row[1].parse().unwrap();
    let kind: i8 = row[5].parse().unwrap();
    let claim = ClaimRow {
        person: 0,
        claim: number,
        care_month: 0,
        billed_month: 0,
        kind,
        is_inpatient: false,
        care_days: 0,
        points: 0,
        yen: 0,
        is_returned: false,
    };
    let institution = institution(number / 1024, &claim);
    let kind = if kind == 2 { "1" } else { &row[5] };
    let inpatient = if row[6] == "true" { "1" } else { "2" };
    let fields = [
        row[0].as_str(),
        &institution,
        &row[3],
        kind,
        inpatient,
        person,
    ];
    worlds.tokeniser.token("claim", &fields).hex()[..32].to_owned()
}

/// Claims of the tables, each version once, under the ids that native files give them; and these ids.
fn expected(
    worlds: &Worlds,
    known: &PersonsByToken,
) -> (Vec<Vec<String>>, HashMap<String, String>) {
    let by_key: HashMap<&String, &String> =
        known.keys.iter().map(|(token, key)| (key, token)).collect();
    let (mut expected, mut ids, mut n_doubles) = (Vec::new(), HashMap::new(), 0);
    for insurer in INSURERS {
        let mut seen = BTreeSet::new();
        for mut row in rows(&worlds.table(insurer, "claims"), &CLAIMS) {
            if !seen.insert((row[1].clone(), row[4].clone())) {
                n_doubles += 1;
                continue;
            }
            let person = by_key[&row[2]].clone();
            let id = native_id(worlds, &person, &row);
            let before = ids.insert(row[1].clone(), id.clone());
            assert!(before.is_none_or(|before| before == id));
            (row[1], row[2]) = (id, person);
            expected.push(row);
        }
    }
    assert!(n_doubles > 10, "{n_doubles}");
    let different: BTreeSet<&String> = ids.values().collect();
    assert_eq!(
        different.len(),
        ids.len(),
        "each claim has an id of its own"
    );
    (expected, ids)
}

pub(super) fn claims_are_the_tables_but_for_doubles(worlds: &Worlds, known: &PersonsByToken) {
    let found = read(worlds, &tokens(worlds), known);
    let (expected, ids) = expected(worlds, known);
    let has = |at: usize, value: &str| expected.iter().any(|row| row[at] == value);
    assert!(has(10, "true"), "a claim was returned");
    assert!(["1", "2", "3", "4"].iter().all(|kind| has(5, kind)));
    let versions = resolve_versions(found.iter().map(|row| row.claim.clone()).collect());
    let claims: Vec<ClaimRows> = versions
        .into_iter()
        .map(|claim| ClaimRows {
            claim,
            diagnoses: Vec::new(),
            drugs: Vec::new(),
        })
        .collect();
    let batch = tables::claims(&claims).unwrap();
    assert_same("claims", rows(&[batch], &CLAIMS), expected);
    // Returned claims come in their file of bills and once more.
    let billed: Vec<ClaimRows> = found
        .iter()
        .filter(|row| !row.claim.is_returned)
        .cloned()
        .collect();
    let diagnoses = tables::claim_diagnoses(&billed).unwrap();
    let columns = [
        "insurer_id",
        "claim_id",
        "billed_month",
        "icd10",
        "is_suspected",
        "is_main",
    ];
    assert_parts(
        worlds,
        "claim_diagnoses",
        &columns,
        rows(&[diagnoses], &columns),
        &ids,
    );
    let drugs = tables::claim_drugs(&billed).unwrap();
    let columns = [
        "insurer_id",
        "claim_id",
        "billed_month",
        "drug_class",
        "days_supplied",
    ];
    assert_parts(
        worlds,
        "claim_drugs",
        &columns,
        rows(&[drugs], &columns),
        &ids,
    );
}

fn assert_parts(
    worlds: &Worlds,
    table: &str,
    columns: &[&str],
    found: Vec<Vec<String>>,
    ids: &HashMap<String, String>,
) {
    let mut expected = Vec::new();
    for insurer in INSURERS {
        expected.extend(rows(&worlds.table(insurer, table), columns));
    }
    for row in &mut expected {
        row[1] = ids[&row[1]].clone();
    }
    assert_same(table, found, expected);
}
