//! People whom a program keeps away from checkups.

use std::collections::HashMap;

use super::super::calibration::Question;
use super::super::effects::Field;
use super::super::options::{Scenario, TableSet};
use super::differences::{Estimate, effect};
use super::made::{Made, make, overall, says, weight};
use super::{SEEDS, assert_far, assert_near};

/// The mean over event times, weighted by those examined, of the bias that the truth names.
fn bias(made: &Made, comparison: &str) -> f64 {
    let entry = made.expected("activity", "weight_kg", "field");
    let rows = entry["naive_bias"][comparison].as_array().unwrap();
    let number = |row: &serde_json::Value, key: &str| row[key].as_f64().unwrap();
    let n: f64 = rows.iter().map(|row| number(row, "n")).sum();
    let sum = rows.iter().map(|row| number(row, "n") * number(row, "bias"));
    sum.sum::<f64>() / n
}

#[test]
fn those_examined_show_more_than_the_effect_by_what_the_truth_says() {
    for seed in SEEDS {
        let made = make(Scenario::Dropout, 60_000, seed, TableSet::Checkups);
        let employees = made.employees(&[Field::Activity]);
        let entry = made.expected("activity", "weight_kg", "field");
        assert_eq!((&entry["kind"], &entry["gate"]), (&"blinded".into(), &"attrition".into()));
        let truth = overall(entry);
        assert!((truth + 0.2).abs() < 1e-9, "{truth}");
        let found = effect(&made, &employees, &weight, 0..=6);
        assert_near(found, truth + bias(&made, "within_persons"), "weight of those examined");
        assert_far(found, truth, "weight of those examined");
        assert!(bias(&made, "between_persons") < bias(&made, "within_persons"));
        let control = effect(&made, &employees, &says(Question::Exercise30min), 0..=6);
        assert_near(control, 0.0, "exercise has nothing to do with it");
        assert_near(effect(&made, &employees, &weight, -2..=-2), 0.0, "before the start");
    }
}

#[test]
fn exposed_people_come_less_often_by_what_the_truth_says() {
    for seed in SEEDS {
        let made = make(Scenario::Dropout, 60_000, seed, TableSet::Checkups);
        let truth = overall(made.expected("activity", "has_checkup", "field"));
        assert!(truth < -0.05, "{truth}");
        let found = share_coming(&made);
        assert_near(found, truth, "attendance");
        assert_far(found, 0.0, "attendance");
    }
}

/// The effect on having a checkup, among people enrolled from the first year to the last.
fn share_coming(made: &Made) -> Estimate {
    let employees = made.employees(&[Field::Activity]);
    let years = made.world.years.clone();
    let first = super::super::calendar::first_day(*years.start());
    // (cohort, event time) → changes of exposed and others.
    let mut cells: HashMap<(i16, i16), [Vec<f64>; 2]> = HashMap::new();
    let cohorts: Vec<i16> = (2018..=2021).collect();
    for employee in &employees {
        let job = made.first_job(employee.person).unwrap();
        let age = |year: i32| year - job.birth_year_month / 100;
        if job.from >= first || job.to.is_some() || age(2016) < 21 || age(2024) > 73 {
            continue;
        }
        let came: Vec<i16> = made.checkups_of(employee.person).iter().map(|c| c.0).collect();
        let share = |year: i16| f64::from(u8::from(came.contains(&year)));
        let own = employee.cohort.map_or(cohorts.clone(), |cohort| vec![cohort]);
        for cohort in own {
            for year in cohort..=*years.end() {
                let arm = usize::from(employee.cohort.is_none());
                let change = share(year) - share(cohort - 1);
                cells.entry((cohort, year - cohort)).or_default()[arm].push(change);
            }
        }
    }
    let n_exposed: usize = cells.values().map(|[exposed, _]| exposed.len()).sum();
    let (mut size, mut variance) = (0.0, 0.0);
    for [exposed, others] in cells.values() {
        let share = exposed.len() as f64 / n_exposed as f64;
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let error = |x: &[f64]| {
            let center = mean(x);
            let squares: f64 = x.iter().map(|v| (v - center).powi(2)).sum();
            squares / (x.len() as f64).powi(2)
        };
        size += share * (mean(exposed) - mean(others));
        // Comparisons share people: as if they were all the same ones.
        variance += share * (error(exposed) + error(others));
    }
    Estimate {
        size,
        error: variance.sqrt(),
    }
}
