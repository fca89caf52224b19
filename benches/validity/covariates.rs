//! Trends that depend on a covariate, with models of the outcome and of the exposure that are right or wrong.

use korabo_estimators::group_time::Method;

use crate::design::{Analysis, Design, Promise};
use crate::designs::{SIMPLE, event_time, group_time, since};
use crate::estimator::{Row, Target};
use crate::population::Population;
use crate::random::Random;

use Promise::{Fails, Nominal};

pub(crate) fn designs() -> Vec<Design> {
    let mut designs = vec![covariate_trends()];
    designs.extend(MODELS.iter().map(wrong_models));
    designs
}

/// The covariate takes these values with equal probability: −2.0, −1.8, …, 2.0.
const N_VALUES: usize = 21;

fn covariate(index: usize) -> f64 {
    -2.0 + 0.2 * index as f64
}

/// P(G = g) of the cohorts and of the never exposed, given the covariate: a multinomial logit.
fn assignment(x: f64) -> [f64; 3] {
    let odds = [(-0.6 + 0.6 * x).exp(), (-0.6 - 0.4 * x).exp(), 1.0];
    let sum: f64 = odds.iter().sum();
    odds.map(|odds| odds / sum)
}

/// The share of a cohort, given its probability at each x, and the mean of `value` within it.
fn within_cohort(probability: impl Fn(f64) -> f64, value: impl Fn(f64) -> f64) -> [f64; 2] {
    let (mut share, mut sum) = (0.0, 0.0);
    for x in (0..N_VALUES).map(covariate) {
        let weight = probability(x) / N_VALUES as f64;
        share += weight;
        sum += weight * value(x);
    }
    [share, sum / share]
}

fn analysis(label: &'static str, method: Method, promise: Promise, targets: &[Target]) -> Analysis {
    let estimator = group_time(|options| options.adjustment = Some(method));
    Analysis::new(label, estimator).with(promise, targets)
}

fn covariate_trends() -> Design {
    const LAST: i32 = 4;
    let gain = |x: f64| 0.4 + 0.2 * x;
    let cohorts = [0, 1].map(|which| within_cohort(|x| assignment(x)[which], gain));
    let simulate = move |random: &mut Random| {
        let mut rows = Vec::new();
        for unit in 0..1_500 {
            let x = covariate(random.pick(&[1.0 / N_VALUES as f64; N_VALUES]));
            let cohort = [Some(3), Some(4), None][random.pick(&assignment(x))];
            let level = 0.5 * x + random.normal();
            let noise: [f64; LAST as usize] = random.path(0.5);
            for time in 1..=LAST {
                let trend = (0.1 + 0.25 * x) * f64::from(time);
                let effect = cohort.map_or(0.0, |cohort| since(cohort, time, gain(x)));
                rows.push(Row {
                    unit,
                    time,
                    cohort,
                    x,
                    outcome: level + trend + effect + noise[time as usize - 1],
                    ..Row::default()
                });
            }
        }
        rows
    };
    let brief = [SIMPLE, Target::Pretest];
    let full = [
        SIMPLE,
        event_time(0),
        Target::EventBand,
        Target::CellBand,
        Target::Pretest,
    ];
    Design {
        name: "covariate_trends",
        description: "1,500 persons, four periods. The trend depends on a covariate x (0.1 + 0.25x per period), and so \
                      do exposure in period 3, 4 or never (multinomial logit) and the effect (0.4 + 0.2x).",
        population: Population::new(
            1..=LAST,
            &[(3, cohorts[0][0]), (4, cohorts[1][0])],
            |cohort, time| since(cohort, time, cohorts[usize::from(cohort == 4)][1]),
        ),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            analysis("att_gt, dr", Method::DoublyRobust, Nominal, &full),
            analysis("att_gt, ipw", Method::InverseProbability, Nominal, &brief),
            analysis("att_gt, reg", Method::OutcomeRegression, Nominal, &brief),
            Analysis::new("att_gt, covariate ignored", group_time(|_| ())).with(Fails, &brief),
        ],
    }
}

/// Two periods, exposure in the second; the estimators assume a logit and a trend that are linear in x.
struct Models {
    name: &'static str,
    description: &'static str,
    /// The c of the logit of exposure −0.5 + 0.8x + c(x² − 1.25).
    logit_curvature: f64,
    /// Coefficients of x and x² in the trend.
    trend: [f64; 2],
    /// Of dr, ipw and reg.
    promises: [Promise; 3],
}

const MODELS: [Models; 3] = [
    Models {
        name: "wrong_propensity",
        description: "1,500 persons, two periods, effect 0.5. The trend is linear in x; the logit of exposure is not \
                      (−1.5 + 0.8x + 0.8x²), though dr and ipw take it to be.",
        logit_curvature: 0.8,
        trend: [1.0, 0.0],
        promises: [Nominal, Fails, Nominal],
    },
    Models {
        name: "wrong_outcome",
        description: "As wrong_propensity, but the logit of exposure is linear (−0.5 + 0.8x) and the trend is not \
                      (0.5x²), though dr and reg take it to be.",
        logit_curvature: 0.0,
        trend: [0.0, 0.5],
        promises: [Nominal, Nominal, Fails],
    },
    Models {
        name: "wrong_both",
        description: "As wrong_propensity with the trend of wrong_outcome: both models are wrong.",
        logit_curvature: 0.8,
        trend: [0.0, 0.5],
        promises: [Fails, Fails, Fails],
    },
];

fn wrong_models(models: &'static Models) -> Design {
    let logit = |x: f64| {
        let curvature = models.logit_curvature;
        -0.5 + 0.8 * x + curvature * (x * x - 1.25)
    };
    let probability = move |x: f64| 1.0 / (1.0 + (-logit(x)).exp());
    let simulate = move |random: &mut Random| {
        let mut rows = Vec::new();
        for unit in 0..1_500 {
            let x = covariate(random.pick(&[1.0 / N_VALUES as f64; N_VALUES]));
            let cohort = random.chance(probability(x)).then_some(2);
            let level = 0.5 * x + random.normal();
            for time in 1..=2 {
                let after = f64::from(time - 1);
                let trend = after * (models.trend[0] * x + models.trend[1] * x * x);
                let effect = cohort.map_or(0.0, |cohort| since(cohort, time, 0.5));
                rows.push(Row {
                    unit,
                    time,
                    cohort,
                    x,
                    outcome: level + trend + effect + random.normal(),
                    ..Row::default()
                });
            }
        }
        rows
    };
    let [share, _] = within_cohort(probability, |_| 1.0);
    let [dr, ipw, reg] = models.promises;
    Design {
        name: models.name,
        description: models.description,
        population: Population::new(1..=2, &[(2, share)], |g, t| since(g, t, 0.5)),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            analysis("att_gt, dr", Method::DoublyRobust, dr, &[SIMPLE]),
            analysis("att_gt, ipw", Method::InverseProbability, ipw, &[SIMPLE]),
            analysis("att_gt, reg", Method::OutcomeRegression, reg, &[SIMPLE]),
        ],
    }
}
