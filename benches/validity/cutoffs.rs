//! Regression discontinuity: effects at a cutoff of a running variable.

use crate::design::{Analysis, Design, Promise};
use crate::designs::{no_cohorts, term};
use crate::estimator::{Estimator, Row};
use crate::random::Random;

pub(crate) fn designs() -> Vec<Design> {
    vec![sharp(), clustered(), fuzzy()]
}

/// Effect at the cutoff.
const EFFECT: f64 = 0.4;

/// The outcome without treatment bends, and differently on either side: its slope is 0.8 on the left, 1.2 on the right.
fn untreated(x: f64) -> f64 {
    let bend = if x < 0.0 {
        0.8 * x + 1.5 * x * x + x.powi(3)
    } else {
        1.2 * x - 2.0 * x * x + x.powi(3)
    };
    1.0 + bend
}

/// A person somewhere in (−1, 1), in steps of 0.001.
fn person(random: &mut Random) -> Row {
    let x = ((2.0 * random.uniform() - 1.0) * 1_000.0).round() / 1_000.0;
    Row {
        x,
        outcome: untreated(x) + 0.5 * random.normal(),
        ..Row::default()
    }
}

/// The local lines are biased by the bend, which is what the robust interval is for.
fn with(label: &'static str, is_fuzzy: bool, is_clustered: bool) -> Analysis {
    let estimator = Estimator::Cutoff {
        is_fuzzy,
        is_clustered,
    };
    Analysis::new(label, estimator)
        .with(Promise::Nominal, &[term("robust")])
        .with(Promise::Nothing, &[term("conventional")])
}

fn truth() -> Vec<(&'static str, f64)> {
    vec![("robust", EFFECT), ("conventional", EFFECT)]
}

fn sharp() -> Design {
    let simulate = |random: &mut Random| {
        let row = |_| {
            let mut row = person(random);
            row.outcome += if row.x >= 0.0 { EFFECT } else { 0.0 };
            row
        };
        (0..2_000).map(row).collect()
    };
    Design {
        name: "cutoff",
        description: "2,000 persons along a running variable from −1 to 1 in steps of 0.001; effect 0.4 from 0 on. The outcome \
                      bends, and differently on either side.",
        population: no_cohorts(),
        coefficients: truth(),
        simulate: Box::new(simulate),
        analyses: vec![with("rd", false, false)],
    }
}

fn clustered() -> Design {
    let simulate = |random: &mut Random| {
        let mut rows = Vec::new();
        for cluster in 0..200 {
            let shared = 0.4 * random.normal();
            for _ in 0..10 {
                let mut row = person(random);
                row.outcome += shared + if row.x >= 0.0 { EFFECT } else { 0.0 };
                row.cluster = cluster;
                rows.push(row);
            }
        }
        rows
    };
    Design {
        name: "clustered_cutoff",
        description: "As cutoff, in 200 clusters of 10 persons who share a shock.",
        population: no_cohorts(),
        coefficients: truth(),
        simulate: Box::new(simulate),
        analyses: vec![with("rd, errors by cluster", false, true)],
    }
}

fn fuzzy() -> Design {
    let simulate = |random: &mut Random| {
        let row = |_| {
            let mut row = person(random);
            let probability = if row.x >= 0.0 { 0.8 } else { 0.2 };
            row.exposure = f64::from(u8::from(random.chance(probability)));
            row.outcome += EFFECT * row.exposure;
            row
        };
        (0..4_000).map(row).collect()
    };
    Design {
        name: "fuzzy_cutoff",
        description: "As cutoff with 4,000 persons, of whom 80 % are treated from 0 on, and 20 % before.",
        population: no_cohorts(),
        coefficients: truth(),
        simulate: Box::new(simulate),
        analyses: vec![with("rd, fuzzy", true, false)],
    }
}
