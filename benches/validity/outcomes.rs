//! Outcomes that are not normal, and samples that are not the population: yes/no answers, costs, sampling weights.

use crate::design::{Analysis, Design, Promise};
use crate::designs::{COHORTS, LAST, Person, SIMPLE, cohort, group_time, since};
use crate::estimator::{Row, Target};
use crate::population::Population;
use crate::random::Random;

pub(crate) fn designs() -> Vec<Design> {
    vec![
        binary(),
        cost(&COST),
        cost(&COST_FEW_TREATED),
        sampling_weights(),
    ]
}

const FIGURES: [Target; 3] = [SIMPLE, Target::CellBand, Target::Pretest];

fn binary() -> Design {
    let effect =
        |cohort: i32, time: i32| since(cohort, time, 0.1 + 0.03 * f64::from(time - cohort));
    let simulate = move |random: &mut Random| {
        let mut rows = Vec::new();
        for unit in 0..1_500 {
            let cohort = cohort(random, &COHORTS);
            let level = match cohort {
                Some(cohort) => 0.02 * f64::from(cohort),
                None => 0.0,
            };
            let own = level + 0.1 + 0.3 * random.uniform();
            for time in 1..=LAST {
                let effect = cohort.map_or(0.0, |cohort| effect(cohort, time));
                let probability = own + 0.02 * f64::from(time) + effect;
                rows.push(Row {
                    unit,
                    time,
                    cohort,
                    outcome: f64::from(u8::from(random.chance(probability))),
                    ..Row::default()
                });
            }
        }
        rows
    };
    Design {
        name: "binary",
        description: "1,500 persons, yes/no outcome: the probability is the person's own (0.1 to 0.5), rises by 0.02 \
                      per period and by 0.10, then 0.13 after exposure. Cohorts and periods as in unbalanced.",
        population: Population::new(1..=LAST, &COHORTS, effect),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            Analysis::new("att_gt, never treated", group_time(|_| ()))
                .with(Promise::Nominal, &FIGURES),
        ],
    }
}

/// A cost design: sizes, and how skewed the persons' levels are.
struct Cost {
    name: &'static str,
    description: &'static str,
    persons: i64,
    cohorts: &'static [(i32, f64)],
    log_deviation: f64,
    promise: Promise,
}

const COST: Cost = Cost {
    name: "skewed_cost",
    description: "3,000 persons, yearly cost: zero with probability 20 %, else gamma (shape 1) around a log-normal \
                  level of the person (σ = 0.8), mean 100, rising by 3 per period; exposure lowers the mean by 10 %. \
                  Cohorts and periods as in unbalanced.",
    persons: 3_000,
    cohorts: &COHORTS,
    log_deviation: 0.8,
    promise: Promise::Nominal,
};

const COST_FEW_TREATED: Cost = Cost {
    name: "skewed_cost_few_treated",
    description: "As skewed_cost, but more skewed (σ = 1.5), 1,000 persons, of whom 1.5 % in each of two cohorts \
                  (periods 3 and 4).",
    persons: 1_000,
    cohorts: &[(3, 0.015), (4, 0.015)],
    log_deviation: 1.5,
    promise: Promise::Nothing,
};

/// Mean cost without exposure.
fn mean_cost(time: i32) -> f64 {
    100.0 + 3.0 * f64::from(time)
}

fn cost(design: &'static Cost) -> Design {
    let effect = |cohort, time| since(cohort, time, -0.1 * mean_cost(time));
    let simulate = |random: &mut Random| {
        let mut rows = Vec::new();
        for unit in 0..design.persons {
            let cohort = cohort(random, design.cohorts);
            let sigma = design.log_deviation;
            let level = (sigma * random.normal() - 0.5 * sigma * sigma).exp();
            for time in 1..=LAST {
                let is_exposed = cohort.is_some_and(|cohort| time >= cohort);
                let factor = if is_exposed { 0.9 } else { 1.0 };
                // 1.25 makes up for the zeros.
                let has_cost = random.chance(0.8);
                let amount = 1.25 * mean_cost(time) * factor * level * random.gamma(1.0);
                rows.push(Row {
                    unit,
                    time,
                    cohort,
                    outcome: if has_cost { amount } else { 0.0 },
                    ..Row::default()
                });
            }
        }
        rows
    };
    Design {
        name: design.name,
        description: design.description,
        population: Population::new(1..=LAST, design.cohorts, effect),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            Analysis::new("att_gt, never treated", group_time(|_| ()))
                .with(design.promise, &FIGURES),
        ],
    }
}

/// P(G = g) in the two strata, each half of the population.
const STRATA: [[(i32, f64); 2]; 2] = [[(3, 0.4), (4, 0.2)], [(3, 0.2), (4, 0.3)]];
/// Effects in the two strata.
const EFFECTS: [f64; 2] = [1.0, 0.2];
/// Share of the first stratum in the sample, oversampled second stratum.
const SAMPLED: [f64; 2] = [0.25, 0.75];

fn sampling_weights() -> Design {
    let shares = [0, 1].map(|which| 0.5 * (STRATA[0][which].1 + STRATA[1][which].1));
    let effect = |cohort: i32, time: i32| {
        let which = usize::from(cohort == 4);
        let in_stratum = |stratum: usize| 0.5 * STRATA[stratum][which].1;
        let sum = in_stratum(0) * EFFECTS[0] + in_stratum(1) * EFFECTS[1];
        since(cohort, time, sum / (in_stratum(0) + in_stratum(1)))
    };
    let simulate = |random: &mut Random| {
        let mut rows = Vec::new();
        for unit in 0..2_000 {
            let stratum = usize::from(random.chance(SAMPLED[1]));
            let person = Person::draw(random, &STRATA[stratum]);
            for time in 1..=LAST {
                let is_exposed = person.cohort.is_some_and(|cohort| time >= cohort);
                let effect = if is_exposed { EFFECTS[stratum] } else { 0.0 };
                rows.push(Row {
                    unit,
                    time,
                    cohort: person.cohort,
                    outcome: person.untreated(time) + person.response * effect,
                    weight: 0.5 / SAMPLED[stratum],
                    ..Row::default()
                });
            }
        }
        rows
    };
    Design {
        name: "sampling_weights",
        description: "2,000 persons sampled from two equally large strata, the second three times as often; the \
                      effect is 1.0 in the first and 0.2 in the second, exposure (periods 3 and 4) differs too. The \
                      estimand is the population's, weights are inverse sampling probabilities.",
        population: Population::new(1..=LAST, &[(3, shares[0]), (4, shares[1])], effect),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            Analysis::new(
                "att_gt, weighted",
                group_time(|options| options.is_weighted = true),
            )
            .with(Promise::Nominal, &FIGURES),
            Analysis::new("att_gt, weights ignored", group_time(|_| ()))
                .with(Promise::Fails, &[SIMPLE]),
        ],
    }
}
