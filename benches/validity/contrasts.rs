//! Differences between effects that share clusters: of two levels, two outcomes, several estimators.

use korabo_estimators::difference::{
    ComparedEstimates, ComparedRow, Contrast, Differences, differences,
};
use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AttGtOptions, BasePeriod, Control, Method,
    aggregate_influence_outcomes,
};
use korabo_estimators::imputation::{
    ImputationColumns, ImputationOptions, imputation_influence_outcomes,
};
use korabo_estimators::inference::Inference;
use korabo_estimators::panel::{
    Layout, NEVER, OutcomeTable, Panel, PanelColumns, PanelOptions, unit_keys,
};
use korabo_estimators::sun_abraham::{SunAbrahamOptions, sun_abraham_influence_outcomes};
use korabo_estimators::{Estimate, EstimatorError, Status};

use crate::designs::{cohort, since};
use crate::estimator::{LEVEL, SEED};
use crate::judgement::{Check, Judgement, Reading, Standard, holds, share, whether};
use crate::random::Random;

pub(crate) fn judgements() -> Vec<Judgement> {
    vec![contrasts()]
}

const CLUSTERS: u32 = 200;
const LAST: i32 = 4;
const COHORTS: [(i32, f64); 2] = [(3, 0.3), (4, 0.3)];
/// The effect on all, and what it is more on the second of two levels.
const EFFECT: f64 = 0.3;
const MORE: f64 = 0.2;

/// Persons of two levels in the same clusters, with two outcomes.
struct Sample {
    levels: [PanelColumns; 2],
    second: Vec<f64>,
}

impl Sample {
    fn draw(random: &mut Random, more: f64) -> Self {
        let mut levels = [(); 2].map(|()| PanelColumns {
            cluster: Some(Vec::new()),
            ..PanelColumns::default()
        });
        let mut second = Vec::new();
        for code in 0..CLUSTERS {
            let cohort = cohort(random, &COHORTS);
            let shared: [f64; LAST as usize] = random.path(0.5);
            for person in 0..8 {
                let (level, own) = (person % 2, random.normal());
                let effect = EFFECT + if level == 1 { more } else { 0.0 };
                for time in 1..=LAST {
                    let effect = cohort.map_or(0.0, |cohort| since(cohort, time, effect));
                    let shock = 0.6 * shared[time as usize - 1];
                    let outcome = own + shock + effect + 0.8 * random.normal();
                    let columns = &mut levels[level];
                    columns.unit.push(i64::from(code) * 8 + person as i64);
                    columns.time.push(time);
                    columns.cohort.push(cohort.unwrap_or(NEVER));
                    columns.outcome.push(outcome);
                    columns.cluster.get_or_insert_default().push(code);
                    if level == 0 {
                        second.push(0.5 * own + shock + effect + 0.8 * random.normal());
                    }
                }
            }
        }
        Self { levels, second }
    }
}

type Compared = Result<ComparedEstimates, EstimatorError>;

/// The averages of `att` of the columns' own outcome and of others.
pub(crate) fn att(
    columns: &PanelColumns,
    others: &[Vec<f64>],
    kind: Aggregate,
) -> Result<Vec<ComparedEstimates>, EstimatorError> {
    let layout = Layout::Balanced;
    let (panel, tables): (Panel, Vec<OutcomeTable>) =
        Panel::with_outcomes(columns, others, PanelOptions { layout })?;
    let options = AttGtOptions {
        method: Method::DoublyRobust,
        control: Control::NotYetTreated,
        base_period: BasePeriod::Varying,
        anticipation: 0,
        level: LEVEL,
        seed: SEED,
        bootstrap: None,
        inference: Inference::Analytic,
    };
    let averages = AggregateOptions {
        kind,
        min_e: Some(0),
        max_e: None,
        balance_e: None,
        level: LEVEL,
        seed: SEED,
    };
    let keys = unit_keys(columns)?;
    let found = aggregate_influence_outcomes(&panel, &keys, &tables, &options, &averages)?;
    let compared = found.into_iter().map(|own| {
        let rows = std::iter::once(&own.result.overall).chain(&own.result.rows);
        ComparedEstimates {
            rows: compared_rows(rows.map(|row| (row.at, row.estimate)), kind),
            influence: own.influence,
            rounding: own.rounding,
        }
    });
    Ok(compared.collect())
}

fn imputation(columns: &PanelColumns) -> Compared {
    let options = ImputationOptions {
        window: Some((0, i32::MAX)),
        level: LEVEL,
        seed: SEED,
        inference: Inference::Analytic,
    };
    let columns = ImputationColumns {
        panel: columns.clone(),
        ..ImputationColumns::default()
    };
    let own = imputation_influence_outcomes(columns, &[], &options)?.swap_remove(0);
    let rows = own.result.rows.iter();
    Ok(ComparedEstimates {
        rows: compared_rows(
            rows.map(|row| (row.event_time, row.estimate)),
            Aggregate::Simple,
        ),
        influence: own.influence,
        rounding: own.rounding,
    })
}

fn interacted(columns: &PanelColumns) -> Compared {
    let options = SunAbrahamOptions {
        min_e: Some(0),
        max_e: None,
        level: LEVEL,
        seed: SEED,
        inference: Inference::Analytic,
    };
    let layout = Layout::Unbalanced;
    let panel = Panel::try_new(columns, PanelOptions { layout })?;
    let keys = unit_keys(columns)?;
    let own = sun_abraham_influence_outcomes(&panel, &keys, &[], &options)?.swap_remove(0);
    let rows = std::iter::once(&own.result.overall).chain(&own.result.event_times);
    Ok(ComparedEstimates {
        rows: compared_rows(
            rows.map(|row| (row.event_time, row.estimate)),
            Aggregate::Simple,
        ),
        influence: own.influence,
        rounding: own.rounding,
    })
}

/// The overall number, or those by event time.
fn compared_rows(
    rows: impl Iterator<Item = (Option<i32>, Estimate)>,
    kind: Aggregate,
) -> Vec<ComparedRow> {
    let is_simple = kind == Aggregate::Simple;
    rows.enumerate()
        .filter(|(_, (event_time, _))| event_time.is_none() == is_simple)
        .map(|(place, (event_time, estimate))| ComparedRow {
            event_time,
            estimate,
            place,
        })
        .collect()
}

/// The second part less the first.
fn compare(parts: [ComparedEstimates; 2]) -> Result<Differences, EstimatorError> {
    let contrast = Contrast {
        what: 1,
        against: 0,
        is_implied: false,
    };
    let parts = parts.map(Ok::<_, Status>);
    differences(&parts, &[contrast], LEVEL, SEED)
}

fn is_significant(found: &Differences) -> Reading {
    whether(found.joint.p_value < 1.0 - LEVEL)
}

/// Two levels of one sample.
fn levels(sample: &Sample, kind: Aggregate) -> Result<[ComparedEstimates; 2], EstimatorError> {
    let [first, second] = &sample.levels;
    let one = |columns| Ok::<_, EstimatorError>(att(columns, &[], kind)?.swap_remove(0));
    Ok([one(first)?, one(second)?])
}

fn contrasts() -> Judgement {
    let judge = |random: &mut Random| {
        let equal = Sample::draw(random, 0.0);
        let parts = levels(&equal, Aggregate::Simple)?;
        // As if the levels shared no cluster.
        let [a, b] = [0, 1].map(|k| parts[k].rows[0].estimate);
        let alone = (a.estimate - b.estimate).abs() / a.std_error.hypot(b.std_error);
        let simple = compare(parts)?;
        let dynamic = compare(levels(&equal, Aggregate::Dynamic)?)?;
        let in_band = dynamic
            .rows
            .iter()
            .all(|row| row.estimate.band_low <= 0.0 && 0.0 <= row.estimate.band_high);
        let outcomes = att(
            &equal.levels[0],
            std::slice::from_ref(&equal.second),
            Aggregate::Simple,
        )?;
        let [first, second] = [0, 1].map(|k| outcomes[k].clone());
        let imputed = imputation(&equal.levels[0])?;
        let estimators = compare([first.clone(), imputed.clone()])?;
        let regressions = compare([interacted(&equal.levels[0])?, imputed])?;
        let outcomes = compare([first, second])?;
        let other = compare(levels(&Sample::draw(random, MORE), Aggregate::Simple)?)?;
        let own = other.rows[0].estimate;
        Ok(vec![
            is_significant(&simple),
            is_significant(&dynamic),
            whether(in_band),
            is_significant(&outcomes),
            is_significant(&estimators),
            is_significant(&regressions),
            holds([own.conf_low, own.conf_high], MORE),
            is_significant(&other),
            whether(alone > 1.96),
        ])
    };
    Judgement {
        name: "contrasts",
        description: "200 clusters of 8 persons, half of them women, with shared shocks as in clusters and two outcomes; exposed in period 3 (30 %), 4 (30 %) or \
                      never. The effect is 0.3 on all and on both outcomes, or 0.5 on women.",
        checks: contrast_checks(),
        judge: Box::new(judge),
    }
}

/// What is read of [`contrasts`], in the order in which it is.
fn contrast_checks() -> Vec<Check> {
    let differs = "says that effects differ";
    vec![
        share("difference, levels", differs, Standard::Exactly(0.05)),
        share(
            "difference, levels, dynamic",
            "joint test says so",
            Standard::Exactly(0.05),
        ),
        share(
            "difference, levels, dynamic",
            "band holds both differences",
            Standard::Exactly(0.95),
        ),
        share("difference, outcomes", differs, Standard::Exactly(0.05)),
        share(
            "difference, att and did_imputation",
            differs,
            Standard::Exactly(0.05),
        ),
        share(
            "difference, sun_abraham and did_imputation",
            differs,
            Standard::Exactly(0.05),
        ),
        share(
            "difference, levels, effect 0.5 on women",
            "interval holds the difference",
            Standard::Exactly(0.95),
        ),
        share(
            "difference, levels, effect 0.5 on women",
            differs,
            Standard::Nothing,
        ),
        share("errors as of separate samples", differs, Standard::Nothing),
    ]
}
