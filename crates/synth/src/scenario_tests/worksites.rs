//! Few exposed worksites, and good practice hidden in some of many.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use arrow::array::RecordBatch;
use serde_json::Value as Json;

use super::super::calibration::Question;
use super::super::effects::Field;
use super::super::employer_tables::{employer_key, worksite_key};
use super::super::options::{Scenario, TableSet};
use super::super::tests::{Folder, floats, integers, options, strings, tables};
use super::super::{SynthOptions, synth};
use super::differences::{comparisons, effect, slope};
use super::memory_world::{Employee, MemoryWorld, make, overall, says, weight};
use super::{SEEDS, assert_far, assert_near};

fn n_covered(made: &MemoryWorld, field: Field) -> usize {
    let sites = made.world.worksites.iter();
    sites
        .filter(|site| site.covers[field as usize].is_some())
        .count()
}

#[test]
fn six_of_forty_worksites_are_exposed_and_share_good_and_bad_years() {
    for seed in SEEDS {
        let made = make(Scenario::FewClusters, 40_000, seed, TableSet::Checkups);
        assert_eq!(made.world.worksites.len(), 40);
        assert_eq!(n_covered(&made, Field::Activity), 6);
        assert_eq!(n_covered(&made, Field::Mind), 2);
        let entry = made.expected("activity", "exercise_habit", "field");
        assert_eq!(entry["kind"], "effect");
        assert_eq!(entry["gates"][0]["gate"], "clusters");
        let mind = made.expected("mind", "presenteeism_loss", "field");
        assert_eq!(
            (&mind["kind"], &mind["gate"]),
            (&"blinded".into(), &"clusters".into())
        );
        let employees = made.employees(&[Field::Activity]);
        let habit = says(Question::Exercise30min);
        let found = effect(&made, &employees, &habit, 0..=6);
        assert_near(found, overall(entry), "exercise");
        // Among those never exposed, worksites differ from year to year far more than by chance.
        let ratio = variance_ratio(&made, &employees);
        assert!(ratio > 2.0, "worksites share their years: {ratio}");
    }
}

/// The variance of yearly changes of exercise between worksites, as a multiple of what chance gives;
/// a mean of all years, over people never exposed.
fn variance_ratio(made: &MemoryWorld, employees: &[Employee]) -> f64 {
    let habit = says(Question::Exercise30min);
    let mut years: BTreeMap<i16, BTreeMap<u32, Vec<f64>>> = BTreeMap::new();
    for employee in employees
        .iter()
        .filter(|employee| employee.cohort.is_none())
    {
        let checkups = made.checkups_of(employee.person).iter();
        let seen = checkups.filter_map(|(year, cells)| Some((*year, habit(cells)?)));
        let seen: BTreeMap<i16, f64> = seen.collect();
        for (year, now) in &seen {
            if let Some(before) = seen.get(&(year - 1)) {
                let of_year = years.entry(*year).or_default();
                of_year
                    .entry(employee.worksite)
                    .or_default()
                    .push(now - before);
            }
        }
    }
    let ratios = years.values().map(|worksites| {
        let all: Vec<f64> = worksites.values().flatten().copied().collect();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let center = mean(&all);
        let (mut between, mut within) = (0.0, 0.0);
        for changes in worksites.values() {
            let own = mean(changes);
            between += changes.len() as f64 * (own - center).powi(2);
            within += changes
                .iter()
                .map(|change| (change - own).powi(2))
                .sum::<f64>();
        }
        let n_worksites = worksites.len() as f64;
        between / (n_worksites - 1.0) / (within / (all.len() as f64 - n_worksites))
    });
    ratios.sum::<f64>() / years.len() as f64
}

#[test]
fn five_of_three_hundred_worksites_stand_out() {
    for seed in SEEDS {
        let made = make(Scenario::GoodPractice, 60_000, seed, TableSet::Checkups);
        assert_eq!(made.world.worksites.len(), 400);
        assert_eq!(n_covered(&made, Field::Activity), 300);
        let entry = made.expected("activity", "weight_kg", "good_practice");
        let named: HashSet<(String, String)> = entry["worksites"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let text = |key: &str| row[key].as_str().unwrap().to_owned();
                (text("employer_key"), text("worksite_key"))
            })
            .collect();
        assert_eq!(named.len(), 5);
        let is_named = |site: u32| {
            let employer = made.world.worksites[site as usize].employer;
            named.contains(&(employer_key(employer), worksite_key(&made.world, site)))
        };
        let employees = made.employees(&[Field::Activity]);
        let (outstanding, others): (Vec<Employee>, Vec<Employee>) = employees
            .into_iter()
            .partition(|employee| employee.cohort.is_some() && is_named(employee.worksite));
        let with_controls = |exposed: Vec<Employee>| {
            let controls = others.iter().filter(|employee| employee.cohort.is_none());
            let controls = controls.map(|employee| Employee { ..*employee });
            exposed.into_iter().chain(controls).collect::<Vec<_>>()
        };
        let found = effect(&made, &with_controls(outstanding), &weight, 0..=6);
        assert_near(
            found,
            entry["worksites"][0]["effect"].as_f64().unwrap(),
            "the five",
        );
        assert_far(found, -0.3, "the five");
        let found = effect(&made, &others, &weight, 0..=6);
        assert_near(
            found,
            entry["effect_elsewhere"].as_f64().unwrap(),
            "elsewhere",
        );
    }
}

#[test]
fn hours_and_cost_of_a_program_follow_from_its_sessions() {
    let folder = Folder::new("dose");
    let scenario = Scenario::Dose;
    let options = SynthOptions {
        scenario,
        ..options(&folder.0, 4_000, 1)
    };
    synth(&options, &|_| {}).unwrap();
    let worksite_of = by_employee(&folder.0);
    let mut sessions: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    for batch in tables(&folder.0, "employers", "participation") {
        let attended = integers(&batch, "sessions");
        for (row, key) in keys(&batch, "employee_key").into_iter().enumerate() {
            let (employer, _) = &key;
            let site = (employer.clone(), worksite_of[&key].clone());
            sessions
                .entry(site)
                .or_default()
                .push(attended[row].unwrap());
        }
    }
    let text = fs_err::read_to_string(folder.0.join("truth.json")).unwrap();
    let truth: Json = serde_json::from_str(&text).unwrap();
    let entries = truth["expected"].as_array().unwrap();
    let dose = entries
        .iter()
        .find(|entry| entry["estimand"] == "dose")
        .unwrap();
    assert_eq!(
        dose["per_staff_hour"].as_f64().unwrap() * 0.5,
        dose["per_session"]
    );
    let mut n_programs = 0;
    for batch in tables(&folder.0, "employers", "programs") {
        let (hours, cost) = (floats(&batch, "staff_hours"), integers(&batch, "cost_yen"));
        for (row, site) in keys(&batch, "worksite_key").into_iter().enumerate() {
            let attended = sessions.get(&site).map_or(&[][..], Vec::as_slice);
            let total: i64 = attended.iter().sum();
            assert_eq!(hours[row], Some(total as f64 * 0.5));
            assert_eq!(cost[row], Some(total * 3_000));
            let rows = dose["worksites"].as_array().unwrap();
            let is_site = |r: &&Json| r["employer_key"] == *site.0 && r["worksite_key"] == *site.1;
            let planned = rows.iter().find(is_site).unwrap()["sessions"]
                .as_f64()
                .unwrap();
            assert!(attended.iter().all(|n| *n as f64 == planned));
            n_programs += 1;
        }
    }
    assert!(n_programs > 20);
}

/// Employer and another key of every row.
fn keys(batch: &RecordBatch, name: &str) -> Vec<(String, String)> {
    let employers = strings(batch, "employer_key")
        .into_iter()
        .map(Option::unwrap);
    let others = strings(batch, name).into_iter().map(Option::unwrap);
    employers.zip(others).collect()
}

/// Worksite of every employee.
fn by_employee(folder: &Path) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for batch in tables(folder, "employers", "employees") {
        let sites = keys(&batch, "worksite_key");
        for (key, (_, site)) in keys(&batch, "employee_key").into_iter().zip(sites) {
            found.insert(key, site);
        }
    }
    found
}

#[test]
fn slope_on_a_dose_of_one_is_the_mean_difference() {
    let made = make(Scenario::FewClusters, 4_000, 1, TableSet::Checkups);
    let employees = made.employees(&[Field::Activity]);
    let all = comparisons(&made, &employees, &weight, 0..=6, &|_| 1.0);
    let twice = comparisons(&made, &employees, &weight, 0..=6, &|_| 2.0);
    assert!((slope(&all).size - 2.0 * slope(&twice).size).abs() < 1e-9);
}
