//! Differences in trends: what robust intervals promise when parallel trends do not hold, and what a pre-test sees of them.

use korabo_estimators::EstimatorError;
use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AttGtOptions, AttGtResult, BasePeriod, Control, Method,
    aggregate_with_covariance, att_gt,
};
use korabo_estimators::inference::Inference;
use korabo_estimators::panel::{Layout, NEVER, Panel, PanelColumns, PanelOptions};
use korabo_estimators::sensitivity::{
    Covariance, EventStudy, HonestDid, HonestOptions, PretrendOptions, PretrendPower, Restriction,
    Target, Test, honest_did, pretrend_power,
};

use crate::estimator::{LEVEL, SEED};
use crate::judgement::{Check, Judgement, Reading, Standard, holds, number, share, whether};
use crate::random::Random;

pub(crate) fn judgements() -> Vec<Judgement> {
    vec![line(), bend(), pretest()]
}

/// Persons in each of two arms.
const ARM: usize = 200;
/// Event times; the reference is −1.
const FIRST: i32 = -4;
const LAST: i32 = 2;
const REFERENCE: i32 = -1;
const EFFECT: f64 = 0.4;

/// Estimates of an event study, and what goes with them.
struct Sample {
    event_times: Vec<i32>,
    estimates: Vec<f64>,
    covariance: Covariance,
}

/// 200 persons exposed at event time 0 and 200 never, whose outcomes are standard normal in every period; `trend(event_time)` is added for
/// the exposed. By `att_gt` with the universal base period.
fn effects(random: &mut Random, trend: impl Fn(i32) -> f64) -> Result<AttGtResult, EstimatorError> {
    let mut columns = PanelColumns::default();
    for unit in 0..2 * ARM {
        let is_exposed = unit < ARM;
        let level = random.normal();
        for event_time in FIRST..=LAST {
            let own = if is_exposed { trend(event_time) } else { 0.0 };
            columns.unit.push(unit as i64);
            columns.time.push(event_time);
            columns.cohort.push(if is_exposed { 0 } else { NEVER });
            columns.outcome.push(level + random.normal() + own);
        }
    }
    let layout = Layout::Balanced;
    let options = AttGtOptions {
        method: Method::DoublyRobust,
        control: Control::NeverTreated,
        base_period: BasePeriod::Universal,
        anticipation: 0,
        level: LEVEL,
        seed: SEED,
        bootstrap: None,
        inference: Inference::Analytic,
    };
    att_gt(
        &Panel::try_new(&columns, PanelOptions { layout })?,
        &options,
    )
}

impl Sample {
    fn draw(random: &mut Random, trend: impl Fn(i32) -> f64) -> Result<Self, EstimatorError> {
        let averages = AggregateOptions {
            kind: Aggregate::Dynamic,
            min_e: None,
            max_e: None,
            balance_e: None,
            level: LEVEL,
            seed: SEED,
        };
        let effects = effects(random, trend)?;
        let (found, covariance) = aggregate_with_covariance(&effects, &averages)?;
        Ok(Self {
            event_times: found.rows.iter().filter_map(|row| row.at).collect(),
            estimates: found.rows.iter().map(|row| row.estimate.estimate).collect(),
            covariance,
        })
    }

    /// The same sample with an effect in every period from exposure on.
    fn study(&self, effect: f64) -> Result<EventStudy, EstimatorError> {
        let rows = self.event_times.iter().zip(&self.estimates);
        let estimates: Vec<f64> = rows
            .map(|(event_time, estimate)| estimate + if *event_time >= 0 { effect } else { 0.0 })
            .collect();
        EventStudy::try_new(&self.event_times, &estimates, &self.covariance, REFERENCE)
    }
}

fn options(restriction: Restriction, bounds: &[f64], target: Target) -> HonestOptions {
    HonestOptions {
        restriction,
        bounds: bounds.to_vec(),
        target,
        level: LEVEL,
        seed: SEED,
    }
}

/// Whether the robust intervals hold the effect, one reading for each bound.
fn readings(found: &HonestDid) -> impl Iterator<Item = Reading> + '_ {
    let intervals = found.intervals.iter();
    intervals.map(|own| holds([own.conf_low, own.conf_high], EFFECT))
}

const HYBRID: Restriction = Restriction::RelativeMagnitudes(Test::Hybrid);
const CONDITIONAL: Restriction = Restriction::RelativeMagnitudes(Test::Conditional);
const COVERS: &str = "interval holds the effect";

/// Trends differ by a straight line: as much from one period to the next after the reference as before it, so that M̄ = 1 is just true,
/// and so is M = 0.
fn line() -> Judgement {
    let slope = 0.2;
    let judge = move |random: &mut Random| {
        let trend = |event_time: i32| slope * f64::from(event_time - REFERENCE);
        let sample = Sample::draw(random, trend)?;
        let (with, without) = (sample.study(EFFECT)?, sample.study(0.0)?);
        let first = |study, restriction, bounds: &[f64]| {
            honest_did(study, &options(restriction, bounds, Target::First))
        };
        let hybrid = first(&with, HYBRID, &[1.0, 0.0])?;
        let mut all = vec![holds([hybrid.conf_low, hybrid.conf_high], EFFECT)];
        all.extend(readings(&hybrid));
        all.extend(readings(&first(&with, CONDITIONAL, &[1.0])?));
        all.extend(readings(&honest_did(
            &with,
            &options(HYBRID, &[1.0], Target::Mean),
        )?));
        let smooth = Restriction::SmoothnessFixedLength;
        all.extend(readings(&first(&with, smooth, &[0.0])?));
        let smooth = Restriction::Smoothness(Test::Hybrid);
        all.extend(readings(&first(&with, smooth, &[0.0])?));
        all.push(whether(first(&without, HYBRID, &[])?.breakdown > 1.0));
        all.push(whether(hybrid.breakdown > 1.0));
        Ok(all)
    };
    Judgement {
        name: "honest_line",
        description: "200 persons exposed and 200 not, three periods before the reference and three after it; effect 0.4. Trends differ by 0.2 per \
                      period, a straight line, or 1.4 standard errors of an effect: M̄ = 1 and M = 0 are just true.",
        checks: line_checks(),
        judge: Box::new(judge),
    }
}

/// What is read of [`line`], in the order in which it is.
fn line_checks() -> Vec<Check> {
    vec![
        share(
            "event_study",
            "interval under parallel trends holds the effect",
            Standard::FailsBelow(0.94),
        ),
        share(
            "honest_did, relative magnitudes, M̄ = 1",
            COVERS,
            Standard::AtLeast(0.95),
        ),
        share(
            "honest_did, relative magnitudes, M̄ = 0",
            COVERS,
            Standard::FailsBelow(0.94),
        ),
        share(
            "honest_did, the same, conditional, M̄ = 1",
            COVERS,
            Standard::AtLeast(0.95),
        ),
        share(
            "honest_did, the same, mean effect, M̄ = 1",
            COVERS,
            Standard::AtLeast(0.95),
        ),
        share(
            "honest_did, smoothness, fixed length, M = 0",
            COVERS,
            Standard::Exactly(0.95),
        ),
        share(
            "honest_did, smoothness, hybrid, M = 0",
            COVERS,
            Standard::AtLeast(0.95),
        ),
        share(
            "honest_did, breakdown value",
            "above M̄ = 1 without an effect",
            Standard::AtMost(0.05),
        ),
        share(
            "honest_did, breakdown value",
            "above M̄ = 1 with the effect",
            Standard::Nothing,
        ),
    ]
}

/// Second differences of trends are all of one sign and size: M is just true.
fn bend() -> Judgement {
    let m = 0.1;
    let judge = move |random: &mut Random| {
        let trend = |event_time: i32| 0.5 * m * f64::from((event_time - REFERENCE).pow(2));
        let sample = Sample::draw(random, trend)?;
        let (with, without) = (sample.study(EFFECT)?, sample.study(0.0)?);
        let found = |study, restriction, bounds: &[f64], target| {
            honest_did(study, &options(restriction, bounds, target))
        };
        let fixed = Restriction::SmoothnessFixedLength;
        let mut all: Vec<Reading> =
            readings(&found(&with, fixed, &[m, 0.0], Target::Mean)?).collect();
        let hybrid = Restriction::Smoothness(Test::Hybrid);
        all.extend(readings(&found(&with, hybrid, &[m], Target::Mean)?));
        let breakdown = found(&without, fixed, &[], Target::Mean)?.breakdown;
        all.push(whether(breakdown > m));
        Ok(all)
    };
    Judgement {
        name: "honest_bend",
        description: "As honest_line, but trends differ by 0.05·d² at d periods from the reference: every second difference is 0.1. The mean effect.",
        checks: vec![
            share(
                "honest_did, smoothness, fixed length, M = 0.1",
                COVERS,
                Standard::AtLeast(0.95),
            ),
            share(
                "honest_did, smoothness, fixed length, M = 0",
                COVERS,
                Standard::FailsBelow(0.94),
            ),
            share(
                "honest_did, smoothness, hybrid, M = 0.1",
                COVERS,
                Standard::AtLeast(0.95),
            ),
            share(
                "honest_did, breakdown value",
                "above M = 0.1 without an effect",
                Standard::AtMost(0.05),
            ),
        ],
        judge: Box::new(judge),
    }
}

/// Errors beyond which an estimate is significant.
const THRESHOLD: f64 = 1.96;

/// What theory says of the pre-test, from the covariance of the population.
fn theory() -> Result<PretrendPower, EstimatorError> {
    let event_times: Vec<i32> = (FIRST..=LAST).filter(|e| *e != REFERENCE).collect();
    let n = event_times.len();
    // Changes since the reference of two arms of unit variance.
    let shared = 2.0 / ARM as f64;
    let covariance = Covariance::from_fn(n, n, |a, b| if a == b { 2.0 * shared } else { shared });
    let study = EventStudy::try_new(&event_times, &vec![0.0; n], &covariance, REFERENCE)?;
    let options = PretrendOptions {
        threshold: THRESHOLD,
        powers: vec![0.5, 0.8],
        slopes: Vec::new(),
        seed: SEED,
    };
    pretrend_power(&study, &options)
}

fn pretest() -> Judgement {
    let found = theory().expect("the population's covariance is one");
    let trends = [0, 1].map(|k| (found.trends[k].slope, found.trends[k].biases[0].conditional));
    let judge = move |random: &mut Random| {
        let mut test = |slope: f64| {
            let found = effects(random, |e| slope * f64::from(e - REFERENCE))?;
            // One cohort, whose first exposure is period 0.
            let mut before = found.rows.iter().filter(|row| row.time < REFERENCE);
            let is_alarmed = before.any(|row| row.estimate.statistic.abs() > THRESHOLD);
            let first = found.rows.iter().find(|row| row.time == 0);
            let first = first.map_or(f64::NAN, |row| row.estimate.estimate);
            Ok::<_, EstimatorError>((is_alarmed, first))
        };
        let mut all = vec![whether(test(0.0)?.0)];
        for (slope, _) in trends {
            let (is_alarmed, first) = test(slope)?;
            all.push(whether(is_alarmed));
            all.push(match is_alarmed {
                true => Reading::NotAsked,
                false => Reading::Value(first),
            });
        }
        Ok(all)
    };
    let bias = "mean error of the first effect among those that pass";
    Judgement {
        name: "pretrends",
        description: "As honest_line without an effect, and with trends that differ by the slopes that `pretrend_power` finds from the covariance of the \
                      population for powers of 50 and 80 %. A pre-test sees an estimate before the reference beyond 1.96 errors.",
        checks: vec![
            share(
                "pretrend_power",
                "false alarm without a trend",
                Standard::Exactly(found.false_alarm),
            ),
            share("pretrend_power, power 50 %", "seen", Standard::Exactly(0.5)),
            number(
                "pretrend_power, power 50 %",
                bias,
                Standard::Exactly(trends[0].1),
            ),
            share("pretrend_power, power 80 %", "seen", Standard::Exactly(0.8)),
            number(
                "pretrend_power, power 80 %",
                bias,
                Standard::Exactly(trends[1].1),
            ),
        ],
        judge: Box::new(judge),
    }
}
