//! Metabolic syndrome and level of guidance, case by case.

use super::*;
use crate::Sex;

/// A man of 50 with nothing wrong.
fn healthy() -> Subject {
    Subject {
        sex: Some(Sex::Male),
        age: Some(50),
        waist_cm: Some(84.9),
        bmi: Some(24.9),
        sbp_mmhg: Some(129.0),
        dbp_mmhg: Some(84.0),
        triglycerides_mgdl: Some(149.0),
        hdl_mgdl: Some(40.0),
        fasting_glucose_mgdl: Some(99.0),
        bp_drug: Some(false),
        glucose_drug: Some(false),
        lipid_drug: Some(false),
        smokes: Some(false),
        ..Subject::default()
    }
}

#[track_caller]
fn judged(subject: Subject, metabolic: i8, guidance: i8) {
    let rules = Thresholds::built_in().unwrap();
    let expected = Judgements {
        metabolic: Some(metabolic),
        guidance: Some(guidance),
    };
    assert_eq!(judge(&subject, &rules), expected);
}

fn large() -> Subject {
    Subject {
        waist_cm: Some(85.0),
        ..healthy()
    }
}

#[test]
fn risks_beside_a_large_waist_count() {
    judged(healthy(), 3, 3);
    judged(large(), 3, 3);
    judged(
        Subject {
            sbp_mmhg: Some(130.0),
            ..large()
        },
        2,
        2,
    );
    judged(
        Subject {
            dbp_mmhg: Some(85.0),
            ..large()
        },
        2,
        2,
    );
    judged(
        Subject {
            hdl_mgdl: Some(39.0),
            ..large()
        },
        2,
        2,
    );
    judged(
        Subject {
            triglycerides_mgdl: Some(150.0),
            ..large()
        },
        2,
        2,
    );
    judged(
        Subject {
            sbp_mmhg: Some(130.0),
            hdl_mgdl: Some(39.0),
            ..large()
        },
        1,
        1,
    );
}

#[test]
fn glucose_sex_and_visceral_fat_have_their_thresholds() {
    // 100 counts for guidance, 110 for the syndrome.
    judged(
        Subject {
            fasting_glucose_mgdl: Some(100.0),
            ..large()
        },
        3,
        2,
    );
    judged(
        Subject {
            fasting_glucose_mgdl: Some(110.0),
            ..large()
        },
        2,
        2,
    );
    judged(
        Subject {
            sex: Some(Sex::Female),
            sbp_mmhg: Some(130.0),
            ..large()
        },
        3,
        3,
    );
    judged(
        Subject {
            sex: Some(Sex::Female),
            waist_cm: Some(90.0),
            sbp_mmhg: Some(130.0),
            ..large()
        },
        2,
        2,
    );
    judged(
        Subject {
            visceral_fat_cm2: Some(99.9),
            sbp_mmhg: Some(130.0),
            ..large()
        },
        3,
        3,
    );
    judged(
        Subject {
            visceral_fat_cm2: Some(100.0),
            sbp_mmhg: Some(130.0),
            ..healthy()
        },
        2,
        2,
    );
}

#[test]
fn a_high_bmi_alone_leads_to_guidance_only() {
    let heavy = Subject {
        bmi: Some(25.0),
        ..healthy()
    };
    judged(heavy, 3, 3);
    judged(
        Subject {
            sbp_mmhg: Some(130.0),
            ..heavy
        },
        3,
        2,
    );
    judged(
        Subject {
            sbp_mmhg: Some(130.0),
            hdl_mgdl: Some(30.0),
            ..heavy
        },
        3,
        2,
    );
    judged(
        Subject {
            sbp_mmhg: Some(130.0),
            hdl_mgdl: Some(30.0),
            fasting_glucose_mgdl: Some(100.0),
            ..heavy
        },
        3,
        1,
    );
}

#[test]
fn smoking_counts_beside_another_risk() {
    judged(
        Subject {
            smokes: Some(true),
            ..large()
        },
        3,
        3,
    );
    judged(
        Subject {
            smokes: Some(true),
            sbp_mmhg: Some(130.0),
            ..large()
        },
        2,
        1,
    );
    judged(
        Subject {
            smokes: None,
            sbp_mmhg: Some(130.0),
            ..large()
        },
        2,
        4,
    );
}

#[test]
fn drugs_count_for_the_syndrome_and_exclude_from_guidance() {
    judged(
        Subject {
            bp_drug: Some(true),
            ..large()
        },
        2,
        3,
    );
    judged(
        Subject {
            bp_drug: Some(true),
            lipid_drug: Some(true),
            glucose_drug: Some(true),
            ..large()
        },
        1,
        3,
    );
    judged(
        Subject {
            bp_drug: None,
            sbp_mmhg: Some(130.0),
            ..large()
        },
        2,
        4,
    );
}

#[test]
fn from_65_support_is_motivational_and_others_have_none() {
    let risky = Subject {
        sbp_mmhg: Some(130.0),
        hdl_mgdl: Some(39.0),
        ..large()
    };
    judged(
        Subject {
            age: Some(64),
            ..risky
        },
        1,
        1,
    );
    judged(
        Subject {
            age: Some(65),
            ..risky
        },
        1,
        2,
    );
    judged(
        Subject {
            age: Some(74),
            ..risky
        },
        1,
        2,
    );
    let rules = Thresholds::built_in().unwrap();
    for age in [None, Some(39), Some(75)] {
        assert_eq!(judge(&Subject { age, ..risky }, &rules).guidance, None);
    }
}

#[test]
fn glucose_counts_before_hba1c() {
    let without = Subject {
        fasting_glucose_mgdl: None,
        ..large()
    };
    judged(
        Subject {
            hba1c_pct: Some(5.6),
            ..without
        },
        3,
        2,
    );
    judged(
        Subject {
            hba1c_pct: Some(6.0),
            ..without
        },
        2,
        2,
    );
    judged(
        Subject {
            hba1c_pct: Some(6.5),
            ..large()
        },
        3,
        3,
    );
    // Casual glucose counts as measured for the syndrome; for guidance HbA1c comes first.
    judged(
        Subject {
            casual_glucose_mgdl: Some(105.0),
            hba1c_pct: Some(6.0),
            ..without
        },
        3,
        2,
    );
    judged(
        Subject {
            casual_glucose_mgdl: Some(110.0),
            hba1c_pct: Some(5.5),
            ..without
        },
        2,
        3,
    );
    judged(
        Subject {
            casual_glucose_mgdl: Some(100.0),
            ..without
        },
        3,
        2,
    );
}

#[test]
fn casual_triglycerides_have_their_own_threshold() {
    let casual = |value| Subject {
        is_casual: true,
        triglycerides_mgdl: Some(value),
        ..large()
    };
    judged(casual(175.0), 2, 2);
    judged(casual(149.0), 3, 3);
    // Which threshold holds for the syndrome is not known.
    judged(casual(160.0), 4, 3);
    judged(
        Subject {
            hdl_mgdl: Some(30.0),
            ..casual(160.0)
        },
        2,
        2,
    );
}

#[test]
fn what_is_missing_matters_only_where_it_decides() {
    judged(
        Subject {
            sbp_mmhg: None,
            ..large()
        },
        4,
        4,
    );
    judged(
        Subject {
            sbp_mmhg: None,
            dbp_mmhg: Some(85.0),
            ..large()
        },
        2,
        2,
    );
    judged(
        Subject {
            waist_cm: None,
            ..healthy()
        },
        3,
        3,
    );
    judged(
        Subject {
            waist_cm: None,
            sbp_mmhg: Some(130.0),
            ..healthy()
        },
        4,
        4,
    );
    judged(
        Subject {
            sex: None,
            sbp_mmhg: Some(130.0),
            ..large()
        },
        4,
        4,
    );
    judged(
        Subject {
            hdl_mgdl: None,
            triglycerides_mgdl: Some(150.0),
            ..large()
        },
        2,
        2,
    );
    let two = Subject {
        sbp_mmhg: Some(130.0),
        hdl_mgdl: Some(30.0),
        fasting_glucose_mgdl: None,
        ..large()
    };
    judged(two, 1, 1);
    judged(
        Subject {
            bmi: None,
            ..healthy()
        },
        3,
        3,
    );
}
