//! Masters, rows and versions.

use super::*;

fn masters() -> Masters {
    let row = |letter: &str, fields: &[(usize, &str)], n: usize| {
        let mut row = vec!["\"\"".to_owned(); n];
        row[1] = format!("\"{letter}\"");
        row[5] = "\"架空, 名\"".into();
        for (at, value) in fields {
            row[*at] = format!("\"{value}\"");
        }
        row.join(",")
    };
    let disease = |code, icd10_old, icd10| row("B", &[(2, code), (13, icd10_old), (15, icd10)], 39);
    let diseases = [
        disease("2500013", "E14", "E149"),
        disease("8833421", "I10", ""),
        disease("2500015", "", "E11"),
        row("B", &[(2, "7000001"), (3, "2500015")], 39),
        row("Z", &[(2, "8002")], 39),
        "no row".into(),
    ];
    let drug = |code, list: &str| row("Y", &[(2, code), (31, list)], 35);
    let drugs = [
        drug("610000001", "2144001F1024"),
        drug("620000002", "2149039F1031"),
        drug("660000003", "2649729S1039"),
    ];
    let mut masters = Masters::default();
    masters
        .read_diseases(cp932(&diseases.join("\r\n")).as_slice(), "b_20240601.txt")
        .unwrap();
    masters
        .read_drugs(cp932(&drugs.join("\r\n")).as_slice(), "y_ALL20240601.csv")
        .unwrap();
    masters
}

#[test]
fn masters_turn_codes_into_icd10_and_classes() {
    let masters = masters();
    let icd10 = |code| masters.icd10(code).map(|icd10| icd10.as_str().to_owned());
    assert_eq!(icd10(2_500_013).as_deref(), Some("E149"));
    assert_eq!(
        icd10(8_833_421).as_deref(),
        Some("I10"),
        "the 2013 version where there is one, else the earlier"
    );
    assert_eq!(
        icd10(7_000_001).as_deref(),
        Some("E11"),
        "a code that was given up follows its successor"
    );
    assert_eq!(
        (icd10(8_002), masters.drug_class(610_000_001)),
        (None, Some(214))
    );
    let counts: Vec<_> = masters
        .versions()
        .iter()
        .map(|v| (v.file.as_str(), v.n_rows, v.n_unusable, v.n_foreign))
        .collect();
    assert_eq!(
        counts,
        [("b_20240601.txt", 3, 1, 2), ("y_ALL20240601.csv", 3, 0, 0)]
    );
    let error = Masters::default()
        .read_drugs(b"\"0\",\"B\"".as_slice(), "b.txt")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`b.txt` has no row of a drug master: its rows have \"Y\" in the second field"
    );
}

#[test]
fn rows_collapse_codes_and_count_unknown_ones() {
    let (tokeniser, masters) = (tokeniser(), masters());
    let mut maker = RowMaker::new(&tokeniser, &masters);
    let (mut claim, _) = one(MEDICAL);
    claim.diagnoses.push(diagnosis(2_500_013, true, false));
    claim.diagnoses.push(diagnosis(1_234_567, false, false));
    claim.drugs.push(Drug {
        code: 699_999_999,
        days: 7,
    });
    let rows = maker.billed(&claim, person());
    let expected = ClaimRow {
        insurer_id: "00138057".into(),
        claim_id: rows.claim.claim_id.clone(),
        person_key: person().hex(),
        care_month: 202_404,
        billed_month: 202_405,
        claim_kind: 1,
        is_inpatient: false,
        care_days: 3,
        points: 1_234,
        yen: 13_720,
        is_returned: false,
    };
    assert_eq!((&rows.claim, rows.claim.claim_id.len()), (&expected, 32));
    let diagnoses: Vec<_> = rows
        .diagnoses
        .iter()
        .map(|d| (d.icd10.as_str(), d.is_suspected, d.is_main))
        .collect();
    assert_eq!(diagnoses, [("E149", false, true), ("I10", true, false)]);
    // 610000001 was given for 28 and for 14 days; 620000002, of the same class, for 28.
    let drugs: Vec<_> = rows
        .drugs
        .iter()
        .map(|d| (d.drug_class.as_str(), d.days_supplied))
        .collect();
    assert_eq!(drugs, [("214", 42), ("264", 0)]);
    let unknown = maker.unknown();
    assert_eq!((unknown.n_uncoded, unknown.n_more), (1, 0));
    assert_eq!(
        unknown.diseases.iter().collect::<Vec<_>>(),
        [(&1_234_567, &1)]
    );
    assert_eq!(
        unknown.drugs.iter().collect::<Vec<_>>(),
        [(&699_999_999, &1)]
    );
}

#[test]
fn a_claim_that_comes_back_keeps_its_id_and_the_last_version_is_valid() {
    let (tokeniser, masters) = (tokeniser(), Masters::default());
    let mut maker = RowMaker::new(&tokeniser, &masters);
    let (first, _) = one(MEDICAL);
    let again = Claim {
        billed_month: month(2024, 8),
        points: 1_200,
        ..first.clone()
    };
    let other = Claim {
        care_month: month(2024, 3),
        ..first.clone()
    };
    let billed = [&first, &again, &other].map(|claim| maker.billed(claim, person()).claim);
    assert_eq!(billed[0].claim_id, billed[1].claim_id);
    assert_ne!(billed[0].claim_id, billed[2].claim_id);
    let stranger = maker
        .billed(&first, tokeniser.token("test", &["other"]))
        .claim;
    assert_ne!(billed[0].claim_id, stranger.claim_id);
    let twin = maker.billed(&first, person()).claim;
    assert_eq!(twin.claim_id, format!("{}-2", billed[0].claim_id));

    let returned = |rows: Vec<ClaimRow>| -> Vec<(u32, i32, bool)> {
        resolve_versions(rows)
            .iter()
            .map(|row| (row.billed_month, row.points, row.is_returned))
            .collect()
    };
    let both = vec![billed[1].clone(), billed[0].clone()];
    assert_eq!(
        returned(both),
        [(202_405, 1_234, true), (202_408, 1_200, false)]
    );
    // Only returned so far: the file of returned claims has the version that was billed.
    let mut maker = RowMaker::new(&tokeniser, &masters);
    let rows = vec![
        maker.returned(&first, person()).claim,
        maker.billed(&first, person()).claim,
    ];
    assert_eq!(returned(rows), [(202_405, 1_234, true)]);
}
