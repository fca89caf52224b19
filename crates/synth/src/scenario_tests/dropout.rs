//! People whom a program keeps away from checkups.

use std::collections::BTreeMap;

use super::super::calendar::first_day;
use super::super::calibration::Question;
use super::super::effects::Field;
use super::super::options::{Scenario, TableSet};
use super::differences::{Estimate, comparisons_of, effect, slope};
use super::memory_world::{Employee, MemoryWorld, make, overall, says, weight};
use super::{SEEDS, assert_far, assert_near};

/// The mean over event times, weighted by those examined, of the bias that the truth names.
fn bias(made: &MemoryWorld, comparison: &str) -> f64 {
    let entry = made.expected("activity", "weight_kg", "field");
    let rows = entry["naive_bias"][comparison].as_array().unwrap();
    let number = |row: &serde_json::Value, key: &str| row[key].as_f64().unwrap();
    let n: f64 = rows.iter().map(|row| number(row, "n")).sum();
    let sum = rows
        .iter()
        .map(|row| number(row, "n") * number(row, "bias"));
    sum.sum::<f64>() / n
}

#[test]
fn those_examined_show_more_than_the_effect_by_what_the_truth_says() {
    for seed in SEEDS {
        let made = make(Scenario::Dropout, 40_000, seed, TableSet::Checkups);
        let employees = made.employees(&[Field::Activity]);
        let entry = made.expected("activity", "weight_kg", "field");
        assert_eq!(
            (&entry["kind"], &entry["gate"]),
            (&"blinded".into(), &"attrition".into())
        );
        let truth = overall(entry);
        assert!((truth + 0.2).abs() < 1e-9, "{truth}");
        let found = effect(&made, &employees, &weight, 0..=6);
        assert_near(
            found,
            truth + bias(&made, "within_persons"),
            "weight of those examined",
        );
        assert_far(found, truth, "weight of those examined");
        assert!(bias(&made, "between_persons") < bias(&made, "within_persons"));
        let control = effect(&made, &employees, &says(Question::Exercise30min), 0..=6);
        assert_near(control, 0.0, "exercise has nothing to do with it");
        assert_near(
            effect(&made, &employees, &weight, -2..=-2),
            0.0,
            "before the start",
        );
        exposed_people_come_less_often(&made);
    }
}

#[track_caller]
fn exposed_people_come_less_often(made: &MemoryWorld) {
    let truth = overall(made.expected("activity", "has_checkup", "field"));
    assert!(truth < -0.05, "{truth}");
    let found = share_coming(made);
    assert_near(found, truth, "attendance");
    assert_far(found, 0.0, "attendance");
}

/// The effect on having a checkup, among people enrolled and of an age to come from the first year to
/// the last.
fn share_coming(made: &MemoryWorld) -> Estimate {
    let mut employees = made.employees(&[Field::Activity]);
    employees.retain(|employee| {
        let job = made.first_job(employee.person).unwrap();
        let born = job.birth_year_month / 100;
        job.from < first_day(2016) && job.to.is_none() && (2024 - 73..2016 - 20).contains(&born)
    });
    let came = |employee: &Employee| {
        let mut came: BTreeMap<i16, f64> = (2016..=2024).map(|year| (year, 0.0)).collect();
        let checkups = made.checkups_of(employee.person).iter();
        came.extend(checkups.map(|(year, _)| (*year, 1.0)));
        came
    };
    slope(&comparisons_of(&employees, &came, 0..=6, &|_| 1.0))
}
