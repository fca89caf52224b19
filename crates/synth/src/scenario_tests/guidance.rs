//! Guidance at the thresholds: jumps of next year's values, and what a comparison of those guided with
//! the others shows.

use std::collections::{BTreeMap, HashMap};

use super::super::calibration::Question;
use super::super::checkup::{Cells, NULL, answer_column, column};
use super::super::options::{Scenario, TableSet};
use super::differences::Estimate;
use super::memory_world::{MemoryWorld, make};
use super::{SEEDS, assert_far, assert_near};

/// A checkup and the next year's of the same person.
struct Pair {
    person: u32,
    sex: i8,
    now: Cells,
    next: Cells,
}

fn pairs(made: &MemoryWorld) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for person in made.examined() {
        let Some(job) = made.first_job(person) else {
            continue;
        };
        let born = job.birth_year_month;
        for (year, now) in made.checkups_of(person) {
            let next = made
                .checkups_of(person)
                .iter()
                .find(|(y, _)| *y == year + 1);
            let age = i32::from(*year) + 1 - born / 100 - i32::from(born % 100 > 3);
            if let Some((_, next)) = next
                && age >= 40
            {
                pairs.push(Pair {
                    person,
                    sex: job.sex,
                    now: *now,
                    next: *next,
                });
            }
        }
    }
    pairs
}

/// Not on drugs, with at least one of the risks of blood pressure, lipids and glucose.
fn could_be_offered(cells: &Cells) -> bool {
    let drugs = [Question::BpDrug, Question::GlucoseDrug, Question::LipidDrug];
    let pressure = cells[column::SBP] >= 130 || cells[column::DBP] >= 85;
    let lipid = cells[column::TRIGLYCERIDES] >= 150 || cells[column::HDL] < 40;
    let glucose = cells[column::FASTING_GLUCOSE].max(cells[column::CASUAL_GLUCOSE]);
    let glucose = match glucose {
        NULL => cells[column::HBA1C] >= 56,
        measured => measured >= 100,
    };
    let is_treated = drugs.iter().any(|q| cells[answer_column(*q)] == 1);
    !is_treated && (pressure || lipid || glucose)
}

/// Waist above its threshold, cm; only below a BMI of 25, so that the waist alone decides.
fn beyond_waist(pair: &Pair) -> Option<f64> {
    let least = if pair.sex == 1 { 850 } else { 900 };
    let decides = pair.now[column::BMI] < 250 && could_be_offered(&pair.now);
    decides.then(|| f64::from(pair.now[column::WAIST] - least) / 10.0)
}

/// The jump at zero: a line on each side within a bandwidth, weights falling to its ends, errors by
/// person.
fn jump(rows: &[(u32, f64, f64)], bandwidth: f64) -> Estimate {
    let mut sides = Vec::new();
    for is_right in [false, true] {
        let side: Vec<_> = rows
            .iter()
            .filter(|(_, x, _)| (*x >= 0.0) == is_right && x.abs() < bandwidth)
            .map(|(person, x, y)| (*person, *x, *y, 1.0 - x.abs() / bandwidth))
            .collect();
        let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
            side.iter().map(|(_, x, y, w)| w * f(*x, *y)).sum()
        };
        let (s0, s1, s2) = (sum(&|_, _| 1.0), sum(&|x, _| x), sum(&|x, _| x * x));
        let (t0, t1) = (sum(&|_, y| y), sum(&|x, y| x * y));
        let det = s0 * s2 - s1 * s1;
        let (level, slope) = ((s2 * t0 - s1 * t1) / det, (s0 * t1 - s1 * t0) / det);
        let mut by_person: HashMap<u32, f64> = HashMap::new();
        for (person, x, y, w) in &side {
            let residual = y - level - slope * x;
            *by_person.entry(*person).or_default() += w * residual * (s2 - s1 * x) / det;
        }
        let variance: f64 = by_person.values().map(|v| v * v).sum();
        sides.push((level, variance));
    }
    Estimate {
        size: sides[1].0 - sides[0].0,
        error: (sides[1].1 + sides[0].1).sqrt(),
    }
}

#[test]
fn next_years_values_jump_at_the_waist_threshold() {
    let mut weights = Vec::new();
    for seed in SEEDS {
        let made = make(Scenario::Guidance, 60_000, seed, TableSet::Checkups);
        let pairs = pairs(&made);
        let rows = |at: usize| -> Vec<(u32, f64, f64)> {
            let row = |pair: &Pair| {
                let change = f64::from(pair.next[at] - pair.now[at]) / 10.0;
                Some((pair.person, beyond_waist(pair)?, change))
            };
            pairs.iter().filter_map(row).collect()
        };
        for (indicator, at) in [("weight_kg", column::WEIGHT), ("waist_cm", column::WAIST)] {
            let entry = made.expected("guidance", indicator, "offer");
            let truth = entry["at_waist_threshold"]["effect"].as_f64().unwrap();
            assert!((-0.7..-0.4).contains(&truth), "{truth}");
            let found = jump(&rows(at), 6.0);
            assert_near(found, truth, indicator);
            if at == column::WEIGHT {
                weights.push((found, truth));
            }
        }
    }
    // One world may be too noisy to tell; together they are not.
    let n = weights.len() as f64;
    let together = Estimate {
        size: weights.iter().map(|(found, _)| found.size).sum::<f64>() / n,
        error: weights
            .iter()
            .map(|(found, _)| found.error.powi(2))
            .sum::<f64>()
            .sqrt()
            / n,
    };
    let truth = weights.iter().map(|(_, truth)| truth).sum::<f64>() / n;
    assert_near(together, truth, "weight in all worlds");
    assert_far(together, 0.0, "weight in all worlds");
}

#[test]
fn guidance_is_offered_exactly_beyond_the_threshold() {
    let made = make(Scenario::Guidance, 20_000, 1, TableSet::Checkups);
    let mut n = [0, 0];
    for pair in pairs(&made) {
        if let Some(x) = beyond_waist(&pair) {
            let is_offered = matches!(pair.now[column::GUIDANCE_LEVEL], 1 | 2);
            assert_eq!(is_offered, x >= 0.0);
            n[usize::from(is_offered)] += 1;
        }
    }
    assert!(n[0] > 1_000 && n[1] > 200, "{n:?}");
}

#[test]
fn those_guided_lose_more_than_guidance_takes_off() {
    let made = make(Scenario::Guidance, 20_000, 1, TableSet::All);
    let mut guided: BTreeMap<(u32, i16), bool> = BTreeMap::new();
    for insurer in &made.rows.insurers {
        for row in insurer.periods.iter().flat_map(|period| &period.guidance) {
            let is_guided = row.first_interview.is_some();
            guided.insert((row.person, row.fiscal_year), is_guided);
        }
    }
    let mut changes = [Vec::new(), Vec::new()];
    let mut pressure = Vec::new();
    for ((person, year), is_guided) in &guided {
        let of_year = |year: i16| {
            let seen = made.checkups_of(*person).iter().find(|(y, _)| *y == year);
            seen.map(|(_, cells)| cells)
        };
        if let (Some(now), Some(next)) = (of_year(*year), of_year(year + 1)) {
            let change = |at: usize| f64::from(next[at] - now[at]);
            changes[usize::from(*is_guided)].push(change(column::WEIGHT) / 10.0);
            if !is_guided && now[column::SBP] >= 140 {
                pressure.push(change(column::SBP));
            }
        }
    }
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let variance = |x: &[f64]| {
        let center = mean(x);
        x.iter().map(|v| (v - center).powi(2)).sum::<f64>() / (x.len() as f64).powi(2)
    };
    let [unguided, guided] = &changes;
    let found = Estimate {
        size: mean(guided) - mean(unguided),
        error: (variance(guided) + variance(unguided)).sqrt(),
    };
    let truth = made.expected("guidance", "weight_kg", "uptake")["effect"]
        .as_f64()
        .unwrap();
    assert_eq!(truth, -1.5);
    assert!(found.size < truth - 4.0 * found.error, "{found:?}");
    assert!(
        mean(&pressure) < -3.0,
        "high pressure falls on its own: {}",
        mean(&pressure)
    );
    let share = guided.len() as f64 / (guided.len() + unguided.len()) as f64;
    assert!((share - 0.35).abs() < 0.08, "{share}");
    let goal = made.expected("guidance", "goal_2cm_2kg", "achieved_minus_expected");
    assert_eq!(goal["kind"], "effect");
    assert!(goal["achieved"].as_f64() > goal["by_luck"].as_f64());
    // As many percentage points by choosing it as those heavier than usual lose on their own.
    assert!(goal["naive_bias"].as_f64() > Some(0.03), "{goal}");
}
