//! Claims that run off: chain ladder from the delivered claims, deliveries by billed month, and an effect
//! in yen.

use std::collections::{BTreeMap, HashMap};

use super::super::calendar::first_day;
use super::super::effects::Field;
use super::super::options::{Scenario, TableSet};
use super::super::periods::Periods;
use super::super::tests::{Folder, files, options};
use super::super::{SynthOptions, synth};
use super::differences::{Estimate, comparisons_of, slope};
use super::memory_world::{Employee, MemoryWorld, make, overall};
use super::{SEEDS, assert_near};

const LAST_BILLED: i32 = 202_503;

fn months_between(from: i32, to: i32) -> i32 {
    (to / 100 - from / 100) * 12 + to % 100 - from % 100
}

/// Yen billed 0, 1, 2, … months after care, by month of care; as far as known.
fn triangle(made: &MemoryWorld) -> BTreeMap<i32, Vec<f64>> {
    let mut triangle: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for insurer in &made.rows.insurers {
        for row in insurer.billings.iter().flat_map(|billing| &billing.claims) {
            if row.is_returned {
                continue;
            }
            let known = months_between(row.care_month, LAST_BILLED) as usize + 1;
            let month = triangle
                .entry(row.care_month)
                .or_insert_with(|| vec![0.0; known]);
            month[months_between(row.care_month, row.billed_month) as usize] += f64::from(row.yen);
        }
    }
    for month in triangle.values_mut() {
        for lag in 1..month.len() {
            month[lag] += month[lag - 1];
        }
    }
    triangle
}

/// Completion after k months, for k up to 12: the product of one over the factors from k on.
fn chain_ladder(triangle: &BTreeMap<i32, Vec<f64>>) -> Vec<f64> {
    let mut completion = vec![1.0; 13];
    for lag in (1..12).rev() {
        let known = || triangle.values().filter(|month| month.len() > lag + 1);
        let before: f64 = known().map(|month| month[lag]).sum();
        let after: f64 = known().map(|month| month[lag + 1]).sum();
        completion[lag] = completion[lag + 1] * before / after;
    }
    completion
}

#[test]
fn chain_ladder_finds_the_completion_and_the_yen_of_recent_months() {
    for seed in SEEDS {
        let made = make(Scenario::Immature, 12_000, seed, TableSet::All);
        let triangle = triangle(&made);
        let found = chain_ladder(&triangle);
        let truth = &made.truth["completion"];
        assert_eq!(truth["billed_until"], LAST_BILLED);
        let mature: Vec<&Vec<f64>> = triangle.values().filter(|m| m.len() > 12).collect();
        // What is left after nine months is a handful of claims.
        for row in &truth["by_lag"].as_array().unwrap()[1..=9] {
            let lag = row["months_since_care"].as_u64().unwrap() as usize;
            let shares: Vec<f64> = mature.iter().map(|m| m[lag] / m[12]).collect();
            let n = shares.len() as f64;
            let mean = shares.iter().sum::<f64>() / n;
            let squares: f64 = shares.iter().map(|s| (s - mean).powi(2)).sum();
            let found = Estimate {
                size: found[lag],
                error: (squares / (n - 1.0) / n).sqrt() + 1e-9,
            };
            assert_near(
                found,
                row["completion"].as_f64().unwrap(),
                &format!("lag {lag}"),
            );
        }
        recent_months_can_be_completed(&made, &triangle, &found);
    }
}

#[track_caller]
fn recent_months_can_be_completed(
    made: &MemoryWorld,
    triangle: &BTreeMap<i32, Vec<f64>>,
    found: &[f64],
) {
    let rows = made.truth["completion"]["by_care_month"]
        .as_array()
        .unwrap();
    let (mut delivered, mut completed, mut really) = (0.0, 0.0, 0.0);
    for row in rows {
        let month = row["care_month"].as_i64().unwrap() as i32;
        let known = triangle
            .get(&month)
            .and_then(|m| m.last())
            .copied()
            .unwrap_or(0.0);
        assert_eq!(row["yen_delivered"].as_f64().unwrap(), known, "{month}");
        let age = months_between(month, LAST_BILLED);
        if (1..6).contains(&age) {
            delivered += known;
            completed += known / found[age as usize];
            really += row["yen"].as_f64().unwrap();
        }
        if age >= 12 {
            assert_eq!(row["yen"].as_f64().unwrap(), known, "{month} is complete");
        }
    }
    assert!(delivered < 0.9 * really, "{delivered} of {really}");
    // The yen of five months scatter by a few percent about their completion.
    assert!(
        (completed / really - 1.0).abs() < 0.05,
        "{completed} for {really}"
    );
}

#[test]
fn claims_come_in_deliveries_by_billed_month() {
    let folder = Folder::new("immature");
    let scenario = Scenario::Immature;
    let options = SynthOptions {
        scenario,
        ..options(&folder.0, 1_500, 1)
    };
    synth(&options, &|_| {}).unwrap();
    let names: Vec<String> = files(&folder.0)
        .keys()
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .filter(|name| name.starts_with("claims_"))
        .collect();
    let expected = [
        "2016-2022",
        "2023",
        "2024-06",
        "2024-09",
        "2024-12",
        "2025-03",
    ];
    let expected = expected.map(|name| format!("claims_{name}.parquet"));
    assert_eq!(
        names,
        [&expected[..], &expected[..]].concat(),
        "of two insurers"
    );

    let made = make(scenario, 3_000, 1, TableSet::All);
    let periods = Periods::new(&made.world.years, made.world.setting.billing);
    assert_eq!(periods.n_billings(), 6);
    let first_after = [0, 202_304, 202_404, 202_407, 202_410, 202_501];
    let last = [202_303, 202_403, 202_406, 202_409, 202_412, LAST_BILLED];
    let mut n_returned = 0;
    for insurer in &made.rows.insurers {
        for (at, billing) in insurer.billings.iter().enumerate() {
            assert!(!billing.claims.is_empty());
            for row in &billing.claims {
                assert!((first_after[at]..=last[at]).contains(&row.billed_month));
                n_returned += i32::from(row.is_returned);
            }
        }
    }
    assert!(n_returned > 100, "some are returned first: {n_returned}");
}

#[test]
fn care_costs_a_tenth_less_after_the_start() {
    let mut all = Vec::new();
    for seed in SEEDS {
        let made = make(Scenario::Immature, 20_000, seed, TableSet::All);
        let entry = made.expected("system", "yen_total", "field");
        assert_eq!(entry["kind"], "effect");
        assert_eq!(entry["gates"][0]["gate"], "run_out");
        let (found, level) = yen_effect(&made);
        assert_near(found, overall(entry), "yen");
        all.push((overall(entry), level));
    }
    for (truth, level) in all {
        let share = truth / level;
        assert!((-0.13..-0.07).contains(&share), "{truth} of {level}");
    }
}

/// The effect on yearly yen among people enrolled from the first year to the last, in years that are
/// complete; and the mean yen of those not exposed.
fn yen_effect(made: &MemoryWorld) -> (Estimate, f64) {
    let mut yen: HashMap<u32, BTreeMap<i16, f64>> = HashMap::new();
    for insurer in &made.rows.insurers {
        for row in insurer.billings.iter().flat_map(|billing| &billing.claims) {
            let year = row.care_month / 100 - i32::from(row.care_month % 100 < 4);
            if !row.is_returned && year <= 2023 {
                let of_person = yen.entry(row.person).or_insert_with(no_yen);
                *of_person.get_mut(&(year as i16)).unwrap() += f64::from(row.yen);
            }
        }
    }
    let mut employees = made.employees(&[Field::System]);
    employees.retain(|employee| {
        let job = made.first_job(employee.person).unwrap();
        job.from < first_day(2016) && job.to.is_none()
    });
    let seen = |employee: &Employee| yen.get(&employee.person).cloned().unwrap_or_else(no_yen);
    let found = slope(&comparisons_of(&employees, &seen, 0..=6, &|_| 1.0));
    let others = || {
        employees
            .iter()
            .filter(|employee| employee.cohort.is_none())
    };
    let total: f64 = others()
        .flat_map(|employee| seen(employee).into_values())
        .sum();
    (found, total / others().count() as f64 / 8.0)
}

/// Yen of someone who never needed care in the complete years.
fn no_yen() -> BTreeMap<i16, f64> {
    (2016..=2023).map(|year| (year, 0.0)).collect()
}
