//! Trials of clusters and of persons: whether an effect is small, bounds where outcomes are missing, and power.

use korabo_estimators::EstimatorError;
use korabo_estimators::sensitivity::{
    Calendar, ClusteredDesign, Correlation, EquivalenceOptions, LeeGroups, PowerLaw, RolloutDesign,
    Trim, equivalence, grouped_lee_bounds, lee_bounds, minimum_detectable_effect, power,
    smallest_effect, two_group,
};

use crate::estimator::{LEVEL, Quantity, Row, Target};
use crate::judgement::{Judgement, Reading, Standard, holds, number, share, whether};
use crate::random::Random;
use crate::regression_call::regression;

pub(crate) fn judgements() -> Vec<Judgement> {
    vec![
        margins(),
        dropout(),
        clustered_dropout(),
        power_of_clusters(),
        power_of_rollout(),
    ]
}

/// A trial of clusters: variance 1, of which `icc` is shared by a cluster; every second cluster is treated.
#[derive(Default)]
struct Trial {
    outcome: Vec<f64>,
    treated: Vec<f64>,
    cluster: Vec<i64>,
}

impl Trial {
    fn draw(random: &mut Random, sizes: &[usize], icc: f64, effect: f64) -> Self {
        let mut trial = Self::default();
        for (cluster, size) in sizes.iter().enumerate() {
            let is_treated = cluster % 2 == 1;
            let shared = icc.sqrt() * random.normal();
            for _ in 0..*size {
                let own = (1.0 - icc).sqrt() * random.normal();
                let effect = if is_treated { effect } else { 0.0 };
                trial.outcome.push(shared + own + effect);
                trial.treated.push(f64::from(u8::from(is_treated)));
                trial.cluster.push(cluster as i64);
            }
        }
        trial
    }

    fn estimate(&self) -> Result<korabo_estimators::Estimate, EstimatorError> {
        two_group(&self.outcome, &self.treated, &self.cluster, LEVEL)
    }
}

const ALPHA: f64 = 1.0 - LEVEL;

fn margins() -> Judgement {
    let (wide, narrow) = (0.4, 0.1);
    let judge = move |random: &mut Random| {
        let mut test = |effect: f64, margin: f64| {
            let own = Trial::draw(random, &[10; 40], 0.1, effect).estimate()?;
            let options = EquivalenceOptions {
                low: -margin,
                high: margin,
                level: LEVEL,
                df: Some(38.0),
            };
            equivalence(own.estimate, own.std_error, &options)
        };
        let (upper, lower) = (test(wide, wide)?, test(-wide, wide)?);
        let (small, none) = (test(narrow, narrow)?, test(0.0, wide)?);
        Ok(vec![
            whether(upper.p_value < ALPHA),
            whether(lower.p_value < ALPHA),
            holds([upper.conf_low, upper.conf_high], wide),
            whether(small.p_value < ALPHA),
            whether(none.p_value < ALPHA),
        ])
    };
    let claims = "called equivalent";
    Judgement {
        name: "margins",
        description: "20 clusters of 10 persons with a program and 20 without, intraclass correlation 0.1: the error of the difference is 0.14. Its true \
                      value lies just on a margin.",
        checks: vec![
            share(
                "equivalence, margins ±0.4, effect 0.4",
                claims,
                Standard::Exactly(ALPHA),
            ),
            share(
                "equivalence, margins ±0.4, effect −0.4",
                claims,
                Standard::Exactly(ALPHA),
            ),
            share(
                "equivalence, margins ±0.4, effect 0.4",
                "90 % interval holds the effect",
                Standard::Exactly(0.9),
            ),
            share(
                "equivalence, margins ±0.1, effect 0.1",
                claims,
                Standard::AtMost(ALPHA),
            ),
            share(
                "equivalence, margins ±0.4, no effect",
                claims,
                Standard::Nothing,
            ),
        ],
        judge: Box::new(judge),
    }
}

/// Effect on those who are seen whatever the treatment.
const EFFECT: f64 = 0.3;

/// Who is seen: with the treatment at the rate `treated`, without it at the rate `control`.
struct Seen {
    treated: f64,
    control: f64,
}

impl Seen {
    /// The outcome of one person, NaN where it is not seen. Those seen because of the treatment have the lowest outcomes among the
    /// treated, or are any of them.
    fn outcome(&self, random: &mut Random, z: f64, is_treated: bool, are_lowest: bool) -> f64 {
        let share = 1.0 - self.control / self.treated;
        let is_reached = random.chance(self.treated);
        let luck = random.uniform();
        let is_marginal = match are_lowest {
            true => korabo_estimators::inference::normal_cdf(z) < share,
            false => luck < share,
        };
        match (is_reached, is_treated) {
            (true, true) => z + EFFECT,
            (true, false) if !is_marginal => z,
            _ => f64::NAN,
        }
    }
}

fn dropout() -> Judgement {
    let seen = Seen {
        treated: 0.9,
        control: 0.75,
    };
    let judge = move |random: &mut Random| {
        let mut sample = |are_lowest| {
            let treated: Vec<f64> = (0..1_000).map(|row| f64::from(row % 2)).collect();
            let outcome: Vec<f64> = treated
                .iter()
                .map(|&treated| {
                    let z = random.normal();
                    seen.outcome(random, z, treated == 1.0, are_lowest)
                })
                .collect();
            let cluster: Vec<i64> = (0..1_000).collect();
            let naive = two_group(&outcome, &treated, &cluster, LEVEL)?;
            let bounds = lee_bounds(&outcome, &treated, Trim::Fractional, LEVEL)?;
            Ok::<_, EstimatorError>((naive, bounds))
        };
        let (naive, worst) = sample(true)?;
        let (_, any) = sample(false)?;
        Ok(vec![
            holds([naive.conf_low, naive.conf_high], EFFECT),
            holds([worst.conf_low, worst.conf_high], EFFECT),
            Reading::Value(worst.upper - EFFECT),
            holds([any.conf_low, any.conf_high], EFFECT),
            whether(any.lower <= EFFECT && EFFECT <= any.upper),
        ])
    };
    Judgement {
        name: "dropout",
        description: "500 persons treated and 500 not; the outcome is seen for 90 and 75 %, and the effect is 0.3 on those seen either way. Those seen \
                      because of the treatment are the lowest sixth of the treated, so that the upper bound is the truth; or any of them.",
        checks: vec![
            share(
                "difference of means, lowest",
                "interval holds the effect",
                Standard::FailsBelow(0.94),
            ),
            share(
                "lee_bounds, lowest",
                "interval holds the effect",
                Standard::Exactly(0.95),
            ),
            number(
                "lee_bounds, lowest",
                "upper bound less the effect",
                Standard::Exactly(0.0),
            ),
            share(
                "lee_bounds, any",
                "interval holds the effect",
                Standard::AtLeast(0.95),
            ),
            share(
                "lee_bounds, any",
                "bounds hold the effect",
                Standard::Nothing,
            ),
        ],
        judge: Box::new(judge),
    }
}

fn clustered_dropout() -> Judgement {
    let strata = [
        Seen {
            treated: 0.95,
            control: 0.7,
        },
        Seen {
            treated: 0.9,
            control: 0.8,
        },
    ];
    let judge = move |random: &mut Random| {
        let (mut outcome, mut treated) = (Vec::new(), Vec::new());
        let (mut cluster, mut stratum) = (Vec::new(), Vec::new());
        for code in 0..100_i64 {
            let shared = 0.4 * random.normal();
            for person in 0..12 {
                let z = shared + 0.84_f64.sqrt() * random.normal();
                let own = person % 2;
                outcome.push(strata[own].outcome(random, z, code % 2 == 1, true));
                treated.push(f64::from(u8::from(code % 2 == 1)));
                cluster.push(code);
                stratum.push(own as u32);
            }
        }
        let bounds = |cluster| {
            let stratum = Some(stratum.as_slice());
            let groups = LeeGroups { stratum, cluster };
            grouped_lee_bounds(&outcome, &treated, groups, Trim::Fractional, LEVEL)
        };
        let (by_cluster, by_person) = (bounds(Some(cluster.as_slice()))?, bounds(None)?);
        Ok(vec![
            holds([by_cluster.conf_low, by_cluster.conf_high], EFFECT),
            Reading::Value(by_cluster.upper - EFFECT),
            holds([by_person.conf_low, by_person.conf_high], EFFECT),
        ])
    };
    Judgement {
        name: "clustered_dropout",
        description: "As dropout with the lowest, in 100 clusters of 12 persons, half of them treated, who share a shock (16 % of the variance). Seen are 95 \
                      and 70 % in one half of each cluster, 90 and 80 % in the other.",
        checks: vec![
            share(
                "lee_bounds, strata, by cluster",
                "interval holds the effect",
                Standard::Exactly(0.95),
            ),
            number(
                "lee_bounds, strata, by cluster",
                "upper bound less the effect",
                Standard::Exactly(0.0),
            ),
            share(
                "lee_bounds, strata, by person",
                "interval holds the effect",
                Standard::FailsBelow(0.94),
            ),
        ],
        judge: Box::new(judge),
    }
}

/// Power that is asked for.
const POWER: f64 = 0.8;
const ICC: f64 = 0.05;

fn power_of_clusters() -> Judgement {
    let sizes = |unequal: bool| -> Vec<usize> {
        // By pairs of clusters, so that both arms have the same sizes.
        let size = |pair: usize| if unequal { 3 + 6 * (pair % 5) } else { 15 };
        (0..40).map(|cluster| size(cluster / 2)).collect()
    };
    let design = |unequal: bool| ClusteredDesign {
        clusters_treated: 20,
        clusters_control: 20,
        cluster_size: 15.0,
        // Of 3, 9, 15, 21, 27.
        cv_cluster_size: if unequal { 72.0_f64.sqrt() / 15.0 } else { 0.0 },
        icc: ICC,
        sd: 1.0,
    };
    let law = PowerLaw::NoncentralT;
    let smallest = |unequal| {
        minimum_detectable_effect(&design(unequal), POWER, LEVEL, law).expect("the design exists")
    };
    let (equal, unequal) = (smallest(false), smallest(true));
    let half = power(&design(false), 0.5 * equal, LEVEL, law).expect("the design exists");
    let judge = move |random: &mut Random| {
        let mut estimate = |unequal: bool, effect: f64| {
            Trial::draw(random, &sizes(unequal), ICC, effect).estimate()
        };
        let by_cluster = |own: korabo_estimators::Estimate| whether(own.p_value < ALPHA);
        let own = estimate(false, equal)?;
        // With clusters of one size the t test of their means has the same statistic but for G/(G − 1) in place of G/(G − 2).
        let half_length = (39.0_f64 / 38.0).sqrt() * (own.conf_high - own.estimate);
        Ok(vec![
            whether(own.estimate.abs() > half_length),
            by_cluster(own),
            by_cluster(estimate(false, 0.5 * equal)?),
            by_cluster(estimate(true, unequal)?),
            by_cluster(estimate(false, 0.0)?),
        ])
    };
    Judgement {
        name: "power_clusters",
        description: "20 clusters with a program and 20 without, intraclass correlation 0.05, 15 persons in each, or 3 to 27 (mean 15). The effect is the smallest \
                      one that is found with 80 %, or half of it. Tests are the t test of the clusters' means, or that of `ols` with errors by cluster and t(38).",
        checks: vec![
            share(
                "minimum_detectable_effect, t test of means",
                "found",
                Standard::Exactly(POWER),
            ),
            share(
                "minimum_detectable_effect, errors by cluster",
                "found",
                Standard::Exactly(POWER),
            ),
            share("power, half of it", "found", Standard::Exactly(half)),
            share(
                "minimum_detectable_effect, unequal clusters",
                "found",
                Standard::Exactly(POWER),
            ),
            share("two_group, no effect", "found", Standard::Exactly(ALPHA)),
        ],
        judge: Box::new(judge),
    }
}

const STARTS: [u32; 5] = [0, 6, 6, 6, 6];
const TREATED: Quantity = Quantity::Term("treated");

/// Correlation between periods of what a cluster shares.
const AUTOCORRELATION: f64 = 0.7;

fn power_of_rollout() -> Judgement {
    let design = RolloutDesign {
        calendar: Calendar {
            starts: STARTS.to_vec(),
            never: 0,
        },
        cluster_size: 10.0,
        cv_cluster_size: 0.0,
        icc: ICC,
        sd: 1.0,
        cluster_autocorrelation: AUTOCORRELATION,
        individual_autocorrelation: 0.0,
        correlation: Correlation::Constant,
    };
    let precision = design.precision().expect("the calendar exists");
    let precision = precision.expect("its steps differ");
    let effect = smallest_effect(precision, POWER, LEVEL, PowerLaw::NoncentralT);
    let effect = effect.expect("80 % is possible");
    let judge = move |random: &mut Random| {
        let mut is_found = |effect: f64| {
            let rows = rollout(random, effect);
            let call = ("y ~ treated | cluster + time", "cr2(cluster)");
            let found = regression(&rows, call, false, &[Target::One(TREATED)])?;
            let own = &found.intervals[0];
            let [low, high] = own.interval;
            Ok::<_, EstimatorError>((whether(low > 0.0 || high < 0.0), own.estimate))
        };
        let (seen, _) = is_found(effect)?;
        let (false_alarm, estimate) = is_found(0.0)?;
        let scaled = (estimate / precision.std_error).powi(2);
        Ok(vec![seen, false_alarm, Reading::Value(scaled)])
    };
    Judgement {
        name: "power_rollout",
        description: "24 clusters of 10 persons per period, other persons each time, of which six start in each of periods 2 to 5; intraclass correlation 0.05, \
                      correlation of a cluster's shocks 0.7. The test is that of `ols` with effects of clusters and periods and cr2 errors.",
        checks: vec![
            share(
                "minimum_detectable_effect, calendar",
                "found",
                Standard::Exactly(POWER),
            ),
            share("ols, cr2, no effect", "found", Standard::Exactly(ALPHA)),
            number(
                "minimum_detectable_effect, calendar",
                "variance of estimates over that foretold",
                Standard::Exactly(1.0),
            ),
        ],
        judge: Box::new(judge),
    }
}

fn rollout(random: &mut Random, effect: f64) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut cluster = 0;
    for (start, n) in (1..).zip(STARTS) {
        for _ in 0..n {
            let level = AUTOCORRELATION.sqrt() * random.normal();
            for time in 1..=STARTS.len() as i32 {
                let own = (1.0 - AUTOCORRELATION).sqrt() * random.normal();
                let shared = ICC.sqrt() * (level + own);
                let effect = if time >= start { effect } else { 0.0 };
                for _ in 0..10 {
                    rows.push(Row {
                        unit: rows.len() as i64,
                        time,
                        cohort: Some(start),
                        outcome: shared + (1.0 - ICC).sqrt() * random.normal() + effect,
                        cluster,
                        ..Row::default()
                    });
                }
            }
            cluster += 1;
        }
    }
    rows
}
