//! The catalogue of the standard contracts, and drift against numbers from numpy and scipy.

use std::collections::BTreeSet;
use std::path::Path;

use datafusion::common::HashMap;

use super::columns::period_column;
use super::drift::{noise, psi, shift};
use super::profile::{Histogram, class_of};
use super::{Check, CheckKind, ChecksError, catalogue};
use crate::config::{CheckSetting, ProjectConfig};
use crate::contract::{TableContract, load_dir};

fn contracts() -> Vec<TableContract> {
    load_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")).expect("contracts")
}

fn settings(text: &str) -> Vec<CheckSetting> {
    ProjectConfig::parse(Path::new("."), text)
        .expect("settings")
        .checks
}

fn checks(text: &str) -> Result<Vec<Check>, ChecksError> {
    catalogue(&contracts(), &settings(text))
}

#[test]
fn every_rule_of_every_column_is_a_check_with_a_name_of_its_own() {
    let checks = checks("").expect("no setting");
    assert!(checks.len() > 500, "{} checks", checks.len());
    let names: BTreeSet<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names.len(), checks.len());
    let expected = [
        "checkups.bmi.range",
        "checkups.bmi.type",
        "checkups.bmi.completeness",
        "checkups.bmi.drift",
        "checkups.checkup_date.null",
        "checkups.checkup_date.date",
        "checkups.person_key.token",
        "checkups.insurer_id.digits",
        "checkups.record_kind.code",
        "checkups.q_smoking.code_for_term.term_2",
        "checkups.q_smoking.completeness.term_4",
        "checkups.q_smoking.drift.term_4",
        "checkups.fiscal_year.fiscal_year",
        "checkups.duplicate_key",
        "checkups.reference.members",
        "checkups.coverage",
        "checkups.row_count",
        "checkups.freshness",
        "claims.billed_month.not_after",
        "participation.reference.programs",
        "participation.reference.employees",
    ];
    for name in expected {
        assert!(names.contains(name), "no check `{name}`");
    }
    for name in [
        "checkups.fiscal_year.drift",
        "checkups.person_key.drift",
        "checkups.term.drift",
        "claims.care_month.drift",
        "checkups.bmi.null",
        "checkups.q_smoking.drift",
        "members.coverage",
    ] {
        assert!(!names.contains(name), "`{name}` is no check");
    }
    let kinds: BTreeSet<&str> = checks.iter().map(|check| check.kind.word()).collect();
    assert_eq!(kinds.len(), 17, "{kinds:?}");
}

#[test]
fn years_and_months_are_found_in_contracts() {
    let contracts = contracts();
    let period = |table: &str| {
        let contract = contracts.iter().find(|contract| contract.name == table);
        period_column(contract.expect("a contract")).map(str::to_owned)
    };
    assert_eq!(period("checkups").as_deref(), Some("fiscal_year"));
    assert_eq!(period("claims").as_deref(), Some("care_month"));
    assert_eq!(period("claim_diagnoses").as_deref(), Some("billed_month"));
    assert_eq!(period("members"), None);
}

#[test]
fn settings_change_the_checks_they_name_and_the_last_one_wins() {
    let text = "[[checks]]\nname = \"checkups.*.range\"\nthreshold = 0.2\nseverity = \"error\"\n\
                [[checks]]\nname = \"checkups.bmi.range\"\nthreshold = 0.3\n\
                [[checks]]\nname = \"*.drift*\"\nseverity = \"off\"\n\
                [[checks]]\nname = \"checkups.bmi.drift\"\nseverity = \"error\"\n";
    let checks = checks(text).expect("they fit");
    let check = |name: &str| {
        checks
            .iter()
            .find(|check| check.name == name)
            .expect("a check")
    };
    let set = |name: &str| (check(name).threshold, check(name).severity.as_str());
    assert_eq!(set("checkups.hba1c_pct.range"), (Some(0.2), "error"));
    assert_eq!(set("checkups.bmi.range"), (Some(0.3), "error"));
    assert_eq!(set("checkups.bmi.type"), (Some(0.01), "warn"));
    let drift: Vec<&Check> = checks
        .iter()
        .filter(|check| check.kind == CheckKind::Drift)
        .collect();
    assert_eq!(drift.len(), 1);
    assert_eq!(set("checkups.bmi.drift").1, "error");
}

#[test]
fn a_setting_that_fits_nothing_is_an_error_with_its_place() {
    let error = checks("[[checks]]\nname = \"checkups.bmi.rang\"\nthreshold = 1\n");
    let text = error.expect_err("no such check").to_string();
    assert!(
        text.contains("korabo.toml:2:8") && text.contains("did you mean `checkups.bmi.range`"),
        "{text}"
    );
    for (text, part) in [
        ("name = \"x\"", "`threshold`, `severity` or both"),
        ("name = \"x\"\nthreshold = -1", "at least 0"),
        ("name = \"x\"\nseverity = \"eror\"", "did you mean `error`"),
        ("nam = \"x\"", "did you mean `name`"),
    ] {
        let config = ProjectConfig::parse(Path::new("."), &format!("[[checks]]\n{text}\n"));
        let error = config.expect_err("a wrong section");
        let error = format!(
            "{error}: {:?}",
            std::error::Error::source(&error).map(ToString::to_string)
        );
        assert!(error.contains(part), "{error}");
    }
}

fn histogram(values: &serde_json::Value, n_missing: &serde_json::Value) -> Histogram {
    let mut classes = HashMap::new();
    for value in values.as_array().expect("an array") {
        let class = class_of(value.as_f64().expect("a number"));
        *classes.entry(class).or_insert(0) += 1;
    }
    Histogram {
        classes,
        n_missing: n_missing.as_u64().expect("a count"),
    }
}

#[test]
fn drift_agrees_with_numpy_and_scipy() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/checks/psi.json");
    let text = fs_err::read_to_string(file).expect("reference numbers");
    let cases: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let cases = cases.as_array().expect("cases");
    assert_eq!(cases.len(), 10);
    for case in cases {
        let delivery = histogram(&case["delivery"], &case["missing"][0]);
        let reference = histogram(&case["reference"], &case["missing"][1]);
        let shift =
            shift(&delivery, &reference, case["is_code"] == true).expect("rows on both sides");
        let (expected, bound) = (case["psi"].as_f64(), case["noise"].as_f64());
        let (expected, bound) = (expected.expect("a number"), bound.expect("a number"));
        assert!(
            (shift.psi - expected).abs() <= 1e-10 * expected.max(1.0),
            "{}: {} {expected}",
            case["name"],
            shift.psi
        );
        assert!(
            (shift.noise / bound - 1.0).abs() < 0.031,
            "{}: {} {bound}",
            case["name"],
            shift.noise
        );
    }
}

#[test]
fn an_index_of_equal_shares_is_nothing_and_empty_sides_have_none() {
    assert!(psi(&[(10, 1000), (20, 2000)]) < 1e-3);
    assert!(psi(&[(100, 0), (0, 100)]) > 5.0, "empty classes count");
    assert_eq!(noise(1, 10, 10), 0.0);
    let some = histogram(&serde_json::json!([1, 2, 3]), &serde_json::json!(0));
    let none = histogram(&serde_json::json!([]), &serde_json::json!(5));
    assert_eq!(shift(&some, &Histogram::default(), false), None);
    assert_eq!(shift(&some, &none, false), None, "empty before");
    assert!(shift(&none, &some, false).is_some(), "empty now");
}

#[test]
fn classes_keep_the_order_of_numbers_and_whole_numbers_apart() {
    let numbers = [
        -1e9, -70.5, -70.0, -1.0, -0.001, 0.0, 0.001, 1.0, 1.5, 70.0, 8191.0, 8193.0, 1e9,
    ];
    let classes: Vec<i64> = numbers.iter().map(|number| class_of(*number)).collect();
    assert!(
        classes.windows(2).all(|pair| pair[0] < pair[1]),
        "{classes:?}"
    );
    assert_eq!(class_of(-0.0), class_of(0.0));
    let whole: BTreeSet<i64> = (-8191..8192).map(|n| class_of(f64::from(n))).collect();
    assert_eq!(whole.len(), 2 * 8191 + 1);
}
