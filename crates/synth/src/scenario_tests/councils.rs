//! Councils of municipalities and a gradient over their stages.

use std::collections::HashMap;

use super::super::calibration::Question;
use super::super::options::{Scenario, TableSet};
use super::differences::Estimate;
use super::memory_world::{MemoryWorld, make, says};
use super::{SEEDS, assert_far, assert_near};

/// One answer of a resident.
struct Answer {
    place: u8,
    year: i16,
    says_yes: f64,
    stage: f64,
    last_stage: f64,
}

fn answers(made: &MemoryWorld, question: Question) -> Vec<Answer> {
    let mut answers = Vec::new();
    let value = says(question);
    for person in made.examined() {
        let Some(place) = made.first_job(person).and_then(|job| job.municipality) else {
            continue;
        };
        let council = &made.world.councils[usize::from(place)];
        for (year, cells) in made.checkups_of(person) {
            if let Some(says_yes) = value(cells) {
                answers.push(Answer {
                    place,
                    year: *year,
                    says_yes,
                    stage: f64::from(council.stage(*year)),
                    last_stage: f64::from(council.last_stage()),
                });
            }
        }
    }
    answers
}

/// The slope of answers on the stage; within municipalities and years, or within years only. Errors
/// by municipality.
fn gradient(answers: &[Answer], within: bool, stage: fn(&Answer) -> f64) -> Estimate {
    let mut y: Vec<f64> = answers.iter().map(|answer| answer.says_yes).collect();
    let mut x: Vec<f64> = answers.iter().map(stage).collect();
    let years: Vec<u16> = answers.iter().map(|a| a.year.cast_unsigned()).collect();
    let places: Vec<u16> = answers.iter().map(|a| u16::from(a.place)).collect();
    for values in [&mut y, &mut x] {
        for _ in 0..10 {
            take_means_out(values, &years);
            if within {
                take_means_out(values, &places);
            }
        }
    }
    let squares: f64 = x.iter().map(|x| x * x).sum();
    let size = x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>() / squares;
    let mut by_place: HashMap<u16, f64> = HashMap::new();
    for ((x, y), place) in x.iter().zip(&y).zip(&places) {
        *by_place.entry(*place).or_default() += x * (y - size * x) / squares;
    }
    let variance: f64 = by_place.values().map(|v| v * v).sum();
    Estimate {
        size,
        error: variance.sqrt(),
    }
}

fn take_means_out(values: &mut [f64], groups: &[u16]) {
    let mut sums = vec![(0.0, 0.0); 3_000];
    for (value, group) in values.iter().zip(groups) {
        let (sum, n) = &mut sums[usize::from(*group)];
        *sum += value;
        *n += 1.0;
    }
    for (value, group) in values.iter_mut().zip(groups) {
        let (sum, n) = sums[usize::from(*group)];
        *value -= sum / n;
    }
}

#[test]
fn exercise_rises_with_the_stage_and_smoking_does_not_follow_it() {
    for seed in SEEDS {
        let made = make(Scenario::Councils, 40_000, seed, TableSet::Checkups);
        let entry = made.expected("council", "exercise_habit", "stage");
        assert_eq!(entry["kind"], "effect");
        let rows = entry["by_stage"].as_array().unwrap();
        let of_stage = |stage: usize| rows[stage]["effect"].as_f64().unwrap();
        assert_eq!(of_stage(0), 0.0);
        assert!((of_stage(4) - 0.06).abs() < 1e-6);
        let found = gradient(&answers(&made, Question::Exercise30min), true, |a| a.stage);
        assert_near(found, of_stage(4) / 4.0, "exercise per stage");
        assert_far(found, 0.0, "exercise per stage");
        let smoking = answers(&made, Question::Smoking);
        assert_eq!(
            made.expected("council", "current_smoker", "stage")["kind"],
            "null"
        );
        let within = gradient(&smoking, true, |a| a.stage);
        assert_near(within, 0.0, "smoking per stage");
        // Municipalities that come far differ from the beginning.
        let between = gradient(&smoking, false, |a| a.last_stage);
        assert_near(between, -0.01, "smoking by last stage");
        assert_far(between, 0.0, "smoking by last stage");
    }
}
