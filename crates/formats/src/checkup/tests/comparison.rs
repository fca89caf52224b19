//! Judgements of files compared with those worked out, conversion of HbA1c, tables of thresholds.

use super::*;

#[test]
fn the_files_judgements_are_compared() {
    let results = |metabolic: &str| {
        [
            pq("9N016160100000001", "91", "cm"),
            pq("9A755000000000001", "131", "mm[Hg]"),
            pq("9A765000000000001", "70", "mm[Hg]"),
            coded("9N141000000000011", "2"),
            pq("3F015000002327101", "100", "mg/dL"),
            pq("3F070000002327101", "50", "mg/dL"),
            pq("3D010000001926101", "90", "mg/dL"),
            pq("9N011000000000001", "26", "kg/m2"),
            coded("9N701000000000011", "2"),
            coded("9N706000000000011", "2"),
            coded("9N711000000000011", "2"),
            coded("9N736000000000011", "3"),
            coded("9N501000000000011", metabolic),
        ]
        .concat()
    };
    let checkup = read("20240611", &results("2")).checkup.unwrap();
    assert_eq!(
        checkup.judged,
        Judgements {
            metabolic: Some(2),
            guidance: Some(2)
        }
    );
    assert_eq!(
        (checkup.metabolic_agrees, checkup.guidance_agrees),
        (Some(true), None)
    );
    assert_eq!(
        read("20240611", &results("3"))
            .checkup
            .unwrap()
            .metabolic_agrees,
        Some(false)
    );
    // The insurer learnt that a drug is taken.
    let reconfirmed =
        results("2") + &coded("9N702167200000049", "1") + &coded("9N506000000000011", "3");
    let checkup = read("20240611", &reconfirmed).checkup.unwrap();
    assert_eq!(
        (checkup.judged.guidance, checkup.guidance_agrees),
        (Some(3), Some(true))
    );
    // Casual blood in the third term, whose items did not tell both kinds apart: 150 holds.
    let casual = results("2").replace("\"100\"", "\"160\"").replace(
        "code=\"2\"/></c:observation></c:entry><c:entry><c:observation classCode",
        "code=\"3\"/></c:observation></c:entry><c:entry><c:observation classCode",
    );
    assert_eq!(
        read("20230611", &casual).checkup.unwrap().judged.metabolic,
        Some(1)
    );
    assert_eq!(
        read("20240611", &casual).checkup.unwrap().judged.metabolic,
        Some(4)
    );
}

#[test]
fn ngsp_is_rounded_half_up() {
    // 1.02 × JDS + 0.25.
    for (jds, ngsp) in [
        (4.6, 4.9),
        (5.0, 5.4),
        (5.2, 5.6),
        (6.1, 6.5),
        (6.5, 6.9),
        (10.0, 10.5),
        (12.5, 13.0),
    ] {
        assert_eq!(ngsp_of_jds(jds), ngsp, "{jds}");
    }
}

#[test]
fn broken_thresholds_are_refused() {
    let text = include_str!("../../../data/thresholds.csv");
    let refusal = |text: &str| {
        Thresholds::parse(text, "t.csv")
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(refusal(text), None);
    assert_eq!(
        refusal(&text.replace("bmi,25", "bmi,x")),
        Some("`t.csv` line 6: a value is a number".into())
    );
    assert!(
        refusal(&text.replace("bmi,25\n", ""))
            .is_some_and(|message| message.ends_with("see the file that comes with the program"))
    );
}
