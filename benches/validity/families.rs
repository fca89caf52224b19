//! Many tests and many estimates at once: the probability of any false finding, and intervals of pooled estimates.

use korabo_estimators::EstimatorError;
use korabo_estimators::pooling::{Best, PoolColumns, PoolOptions, PoolWeights, pool};
use korabo_estimators::sensitivity::{
    Adjustment, TrialColumns, TrialOptions, TrialStatistic, WestfallYoung, adjust_p,
    adjust_p_primary_first, cluster_trial, two_group,
};

use crate::estimator::{LEVEL, SEED};
use crate::judgement::{Check, Judgement, Reading, Standard, number, share, whether};
use crate::random::Random;

pub(crate) fn judgements() -> Vec<Judgement> {
    vec![
        no_effects(),
        some_effects(),
        places("pool_normal", NORMAL, |random| random.normal()),
        places("pool_outliers", OUTLIERS, |random| {
            // Variance 1, and kurtosis 10.
            let size = 10.0_f64.sqrt();
            match random.uniform() {
                u if u < 0.05 => -size,
                u if u < 0.1 => size,
                _ => 0.0,
            }
        }),
    ]
}

const ALPHA: f64 = 1.0 - LEVEL;
const OUTCOMES: usize = 6;
const CLUSTERS: usize = 24;
const PERSONS: usize = 10;

/// 24 clusters, every second one treated, and six outcomes, each with a part that all of them share.
fn trial(random: &mut Random, effects: [f64; OUTCOMES]) -> TrialColumns {
    let mut columns = TrialColumns {
        outcomes: vec![Vec::new(); OUTCOMES],
        ..TrialColumns::default()
    };
    for cluster in 0..CLUSTERS {
        let treated = (cluster % 2) as f64;
        let of_cluster: [f64; OUTCOMES] = shared_part(random);
        for _ in 0..PERSONS {
            let own: [f64; OUTCOMES] = shared_part(random);
            let parts = of_cluster.iter().zip(own).zip(effects);
            for (outcome, ((of_cluster, own), effect)) in columns.outcomes.iter_mut().zip(parts) {
                outcome.push(0.1_f64.sqrt() * of_cluster + 0.9_f64.sqrt() * own + effect * treated);
            }
            columns.treated.push(treated);
            columns.cluster.push(cluster as i64);
        }
    }
    columns
}

/// Standard normal numbers with correlation ½.
fn shared_part(random: &mut Random) -> [f64; OUTCOMES] {
    let common = random.normal();
    [(); OUTCOMES].map(|()| 0.5_f64.sqrt() * (common + random.normal()))
}

/// The methods, with adjusted p-values of the outcomes by each: none, from p-values of t tests, and from assignments.
struct Adjusted {
    alone: Vec<f64>,
    by_p_value: Vec<Vec<f64>>,
    by_assignment: Vec<Vec<f64>>,
    primary_first: [Vec<f64>; 2],
}

const BY_P_VALUE: [Adjustment; 5] = [
    Adjustment::Holm,
    Adjustment::Hochberg,
    Adjustment::Bonferroni,
    Adjustment::BenjaminiHochberg,
    Adjustment::BenjaminiYekutieli,
];

const BY_ASSIGNMENT: [WestfallYoung; 3] = [
    WestfallYoung::StepDownMax,
    WestfallYoung::SingleStepMax,
    WestfallYoung::StepDownMinP,
];

/// The first two outcomes are primary where any are.
const PRIMARY: [bool; OUTCOMES] = [true, true, false, false, false, false];

impl Adjusted {
    fn of(columns: &TrialColumns) -> Result<Self, EstimatorError> {
        let outcomes = columns.outcomes.iter();
        let alone = outcomes.map(|outcome| {
            let own = two_group(outcome, &columns.treated, &columns.cluster, LEVEL)?;
            Ok(own.p_value)
        });
        let alone: Vec<f64> = alone.collect::<Result<_, EstimatorError>>()?;
        let by_assignment = |method, is_primary: &[bool]| {
            let options = TrialOptions {
                is_primary: is_primary.to_vec(),
                statistic: TrialStatistic::StudentT,
                method,
                permutations: 999,
                seed: SEED,
            };
            let found = cluster_trial(columns, &options)?;
            let p_values = found.outcomes.iter().map(|own| own.adjusted.p_value);
            Ok::<_, EstimatorError>(p_values.collect::<Vec<f64>>())
        };
        let holm = adjust_p_primary_first(&alone, &PRIMARY, Adjustment::Holm)?;
        let all = BY_ASSIGNMENT.map(|method| by_assignment(method, &[]));
        Ok(Self {
            by_p_value: BY_P_VALUE.map(|own| adjust_p(&alone, own)).to_vec(),
            by_assignment: all.into_iter().collect::<Result<_, _>>()?,
            primary_first: [
                holm.iter().map(|own| own.p_value).collect(),
                by_assignment(WestfallYoung::StepDownMax, &PRIMARY)?,
            ],
            alone,
        })
    }

    /// All p-values, in the order of the checks.
    fn all(&self) -> impl Iterator<Item = &Vec<f64>> {
        let first = std::iter::once(&self.alone).chain(&self.by_p_value);
        first.chain(&self.by_assignment).chain(&self.primary_first)
    }
}

/// Names of the methods, in the same order.
const METHODS: [&str; 11] = [
    "none",
    "adjust_p, holm",
    "adjust_p, hochberg",
    "adjust_p, bonferroni",
    "adjust_p, bh",
    "adjust_p, by",
    "westfall_young, step_down_max_t",
    "westfall_young, single_step_max_t",
    "westfall_young, step_down_min_p",
    "adjust_p, holm, two primary",
    "westfall_young, two primary",
];

/// Without any adjustment.
const NONE: usize = 0;
/// Those that bound the share of false findings.
const SHARES: [usize; 2] = [4, 5];
/// Those that use the joint law of statistics, and not only their ranks.
const EXACT: [usize; 2] = [6, 7];

fn is_found(p_value: f64) -> bool {
    p_value <= ALPHA
}

const ANY: &str = "any false finding";

fn no_effects() -> Judgement {
    let judge = |random: &mut Random| {
        let adjusted = Adjusted::of(&trial(random, [0.0; OUTCOMES]))?;
        let found = adjusted
            .all()
            .map(|p| whether(p.iter().any(|p| is_found(*p))));
        Ok(found.collect())
    };
    let check = |(k, method): (usize, &&'static str)| {
        let promise = match k {
            NONE => Standard::FailsAbove(0.06),
            k if EXACT.contains(&k) => Standard::Exactly(ALPHA),
            _ => Standard::AtMost(ALPHA),
        };
        share(method, ANY, promise)
    };
    Judgement {
        name: "no_effects",
        description: "A trial of 24 clusters of 10 persons, 12 of them treated; intraclass correlation 0.1, six outcomes with correlation 0.5, no effect on any. \
                      p-values are those of t tests by cluster; `westfall_young` draws 999 assignments.",
        checks: METHODS.iter().enumerate().map(check).collect(),
        judge: Box::new(judge),
    }
}

/// The last four have no effect, or one of the two primary outcomes and three others.
const EFFECTS: [f64; OUTCOMES] = [0.6, 0.0, 0.6, 0.0, 0.0, 0.0];

fn some_effects() -> Judgement {
    let judge = |random: &mut Random| {
        let adjusted = Adjusted::of(&trial(random, EFFECTS))?;
        let is_true = |k: usize| EFFECTS[k] != 0.0;
        let mut all = Vec::with_capacity(2 * METHODS.len());
        for (method, p_values) in adjusted.all().enumerate() {
            let found: Vec<usize> = (0..OUTCOMES).filter(|&k| is_found(p_values[k])).collect();
            let n_false = found.iter().filter(|k| !is_true(**k)).count() as f64;
            all.push(match SHARES.contains(&method) {
                true => Reading::Value(n_false / found.len().max(1) as f64),
                false => whether(n_false > 0.0),
            });
            all.push(Reading::Value((found.len() as f64 - n_false) / 2.0));
        }
        Ok(all)
    };
    let checks = |(k, method): (usize, &&'static str)| -> [Check; 2] {
        let (figure, promise) = match k {
            NONE => (ANY, Standard::FailsAbove(0.06)),
            k if SHARES.contains(&k) => ("share of false findings", Standard::AtMost(ALPHA)),
            _ => (ANY, Standard::AtMost(ALPHA)),
        };
        let power = share(method, "true effects found", Standard::Nothing);
        [share(method, figure, promise), power]
    };
    Judgement {
        name: "some_effects",
        description: "As no_effects, but with an effect of 0.6 on the first and the third outcome. The first two are primary where some are: no other outcome \
                      counts unless both are significant, of which one has no effect.",
        checks: METHODS.iter().enumerate().flat_map(checks).collect(),
        judge: Box::new(judge),
    }
}

const NORMAL: &str = "200 estimates, whose errors are 0.5 to 2 standard deviations of the true effects; these are normal.";
const OUTLIERS: &str = "As pool_normal, but nine of ten true effects are equal, and the others lie far off on either side (kurtosis 10).";

const POOLED: usize = 200;
/// Of these as many are ranked, and as many are best.
const RANKED: usize = 100;
const BEST: usize = 10;

/// Estimates of many places; `effect` draws from the law of true effects, of mean 0 and variance 1.
fn places(
    name: &'static str,
    description: &'static str,
    effect: fn(&mut Random) -> f64,
) -> Judgement {
    let is_normal = name == "pool_normal";
    let judge = move |random: &mut Random| {
        let mut columns = PoolColumns::default();
        let mut truths = Vec::with_capacity(POOLED);
        for _ in 0..POOLED {
            let (truth, error) = (effect(random), 0.5 * 4.0_f64.powf(random.uniform()));
            truths.push(truth);
            columns.estimates.push(truth + error * random.normal());
            columns.std_errors.push(error);
        }
        let options = PoolOptions {
            weights: PoolWeights::Precision,
            level: LEVEL,
            direction: Best::Highest,
            best: None,
        };
        let found = pool(&columns, &options)?;
        let pairs = || found.rows.iter().zip(&truths);
        let mean = |of: &dyn Fn(&korabo_estimators::pooling::PooledEstimate, f64) -> f64| {
            Reading::Value(pairs().map(|(row, truth)| of(row, *truth)).sum::<f64>() / POOLED as f64)
        };
        let yes = |holds: bool| f64::from(u8::from(holds));
        let mut all = vec![
            mean(&|row, truth| yes(row.conf_low <= truth && truth <= row.conf_high)),
            mean(&|row, truth| yes((row.pooled - truth).abs() <= row.normal_half_length)),
            mean(&|row, truth| (row.pooled - truth).powi(2)),
        ];
        let errors = columns.std_errors.iter().map(|error| error * error);
        all.push(Reading::Value(errors.sum::<f64>() / POOLED as f64));
        if is_normal {
            all.push(calibration(columns, &truths[..RANKED], options)?);
        }
        Ok(all)
    };
    let averaged = "intervals hold the effects, on average";
    let usual = match is_normal {
        true => Standard::Exactly(0.95),
        false => Standard::Nothing,
    };
    let mut checks = vec![
        share("pool", averaged, Standard::AtLeast(0.95)),
        share("the usual empirical Bayes interval", averaged, usual),
        number("pool", "mean squared error", Standard::Nothing),
        number(
            "estimates as they are",
            "mean squared error",
            Standard::Nothing,
        ),
    ];
    if is_normal {
        let figure = "the likeliest 10 of 100: promised less found among the best 10";
        checks.push(number("pool, among_best", figure, Standard::Exactly(0.0)));
    }
    Judgement {
        name,
        description,
        checks,
        judge: Box::new(judge),
    }
}

/// Pools the first 100 of the places. Of the ten with the highest probabilities to be among the best ten: the mean of these less the share
/// that is.
fn calibration(
    mut columns: PoolColumns,
    truths: &[f64],
    options: PoolOptions,
) -> Result<Reading, EstimatorError> {
    columns.estimates.truncate(RANKED);
    columns.std_errors.truncate(RANKED);
    let best = Some(BEST);
    let rows = pool(&columns, &PoolOptions { best, ..options })?.rows;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| rows[b].among_best.total_cmp(&rows[a].among_best));
    let mut sorted = truths.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let likeliest = &order[..BEST];
    let promised: f64 = likeliest.iter().map(|&row| rows[row].among_best).sum();
    let kept = likeliest
        .iter()
        .filter(|&&row| truths[row] >= sorted[BEST - 1]);
    let found = kept.count() as f64;
    Ok(Reading::Value((promised - found) / BEST as f64))
}
