//! Least squares and instruments: unequal variances, an offer that not all take up, an offer made to clusters.

use crate::design::{Analysis, Design, Promise};
use crate::designs::{no_cohorts, regression, term};
use crate::estimator::Row;
use crate::random::Random;

pub(crate) fn designs() -> Vec<Design> {
    vec![unequal_variances(), offer(), clustered_offer()]
}

fn unequal_variances() -> Design {
    let simulate = |random: &mut Random| {
        let persons = 0..600;
        let row = |unit| {
            let x = 2.0 * random.uniform() - 1.0;
            let noise = (0.2 + 2.0 * x * x) * random.normal();
            Row {
                unit,
                x,
                outcome: 1.0 + 0.5 * x + noise,
                ..Row::default()
            }
        };
        persons.map(row).collect()
    };
    let with = |label, vcov, promise| {
        Analysis::new(label, regression("y ~ x", vcov)).with(promise, &[term("x")])
    };
    Design {
        name: "unequal_variances",
        description: "600 persons, y = 1 + 0.5x + noise whose standard deviation is 0.2 + 2x².",
        population: no_cohorts(),
        coefficients: vec![("x", 0.5)],
        simulate: Box::new(simulate),
        analyses: vec![
            with("ols, hc1", "hc1", Promise::Nominal),
            with("ols, hc3", "hc3", Promise::Nominal),
            with("ols, iid", "iid", Promise::Fails),
        ],
    }
}

/// Half are compliers, 20 % always take part, 30 % never do.
const TAKE_UP: [f64; 3] = [0.5, 0.2, 0.3];

/// Outcome and exposure of a person, given the offer: compliers gain 1.0, those who always take part 2.0 and start
/// lower.
fn respond(random: &mut Random, instrument: f64) -> Row {
    let (exposure, gain, level) = match random.pick(&TAKE_UP) {
        0 => (instrument, 1.0, 0.0),
        1 => (1.0, 2.0, -1.0),
        _ => (0.0, 0.0, 1.0),
    };
    let noise = (1.0 + exposure) * random.normal();
    Row {
        exposure,
        instrument,
        outcome: level + gain * exposure + noise,
        ..Row::default()
    }
}

const TWO_STAGES: &str = "y ~ 1 | exposure ~ instrument";

fn offer() -> Design {
    let simulate = |random: &mut Random| {
        let persons = 0..1_000;
        let row = |_| {
            let instrument = f64::from(u8::from(random.chance(0.5)));
            respond(random, instrument)
        };
        persons.map(row).collect()
    };
    Design {
        name: "instrument",
        description: "1,000 persons, half of them offered a program at random; half comply (effect 1.0), 20 % take \
                      part anyway (effect 2.0, worse off before), 30 % never. Noise doubles with participation. The \
                      estimand is the compliers' effect.",
        population: no_cohorts(),
        coefficients: vec![("exposure", 1.0)],
        simulate: Box::new(simulate),
        analyses: vec![
            Analysis::new("ols with instrument, hc1", regression(TWO_STAGES, "hc1"))
                .with(Promise::Nominal, &[term("exposure")]),
            Analysis::new(
                "ols without instrument, hc1",
                regression("y ~ exposure", "hc1"),
            )
            .with(Promise::Fails, &[term("exposure")]),
        ],
    }
}

fn clustered_offer() -> Design {
    let simulate = |random: &mut Random| {
        let mut rows = Vec::new();
        for cluster in 0..150 {
            let instrument = f64::from(u8::from(random.chance(0.5)));
            let shared = random.normal();
            for _ in 0..10 {
                let mut row = respond(random, instrument);
                row.outcome += shared;
                row.cluster = cluster;
                rows.push(row);
            }
        }
        rows
    };
    let with = |label, vcov, promise| {
        Analysis::new(label, regression(TWO_STAGES, vcov)).with(promise, &[term("exposure")])
    };
    Design {
        name: "clustered_instrument",
        description: "As instrument, but the offer goes to 150 clusters of 10 persons, who share a shock.",
        population: no_cohorts(),
        coefficients: vec![("exposure", 1.0)],
        simulate: Box::new(simulate),
        analyses: vec![
            with(
                "ols with instrument, by cluster",
                "cluster(cluster)",
                Promise::Nominal,
            ),
            with("ols with instrument, hc1", "hc1", Promise::Fails),
        ],
    }
}
