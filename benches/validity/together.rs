//! Several effects on the same clusters, tested together by draws of their influence functions.

use korabo_estimators::group_time::Aggregate;
use korabo_estimators::panel::{NEVER, PanelColumns};
use korabo_estimators::sensitivity::{JointOptions, WestfallYoung, joint_tests};
use korabo_estimators::{EstimatorError, Status};

use crate::contrasts::att;
use crate::designs::{cohort, since};
use crate::estimator::{LEVEL, SEED};
use crate::judgement::{Judgement, Reading, Standard, share, whether};
use crate::random::Random;

pub(crate) fn judgements() -> Vec<Judgement> {
    vec![together()]
}

const CLUSTERS: u32 = 150;
const OUTCOMES: usize = 5;
const LAST: i32 = 4;
const COHORTS: [(i32, f64); 2] = [(3, 0.3), (4, 0.3)];

/// Persons of one level with several outcomes.
struct Level {
    columns: PanelColumns,
    others: Vec<Vec<f64>>,
}

/// Two levels of persons in the same clusters; outcomes share parts of the shocks of clusters and persons. `effects` are those on the outcomes, the
/// same on both levels.
fn sample(random: &mut Random, effects: [f64; OUTCOMES]) -> [Level; 2] {
    let mut levels = [(); 2].map(|()| Level {
        columns: PanelColumns {
            cluster: Some(Vec::new()),
            ..PanelColumns::default()
        },
        others: vec![Vec::new(); OUTCOMES - 1],
    });
    for code in 0..CLUSTERS {
        let cohort = cohort(random, &COHORTS);
        let shared: [f64; LAST as usize] = random.path(0.5);
        for person in 0..6 {
            let own = random.normal();
            for time in 1..=LAST {
                let (shock, common) = (0.6 * shared[time as usize - 1], 0.5 * random.normal());
                let level = &mut levels[person % 2];
                let columns = &mut level.columns;
                columns.unit.push(i64::from(code) * 6 + person as i64);
                columns.time.push(time);
                columns.cohort.push(cohort.unwrap_or(NEVER));
                columns.cluster.get_or_insert_default().push(code);
                let outcomes = std::iter::once(&mut columns.outcome).chain(&mut level.others);
                for (outcome, effect) in outcomes.zip(effects) {
                    let effect = cohort.map_or(0.0, |cohort| since(cohort, time, effect));
                    outcome.push(own + shock + common + effect + 0.6 * random.normal());
                }
            }
        }
    }
    levels
}

/// Adjusted p-values of all outcomes by level; the first outcome is primary where asked for.
fn adjusted(
    levels: &[Level; 2],
    method: WestfallYoung,
    is_first_primary: bool,
) -> Result<Vec<f64>, EstimatorError> {
    let mut parts = Vec::new();
    for level in levels {
        let found = att(&level.columns, &level.others, Aggregate::Simple)?;
        parts.extend(found.into_iter().map(Ok::<_, Status>));
    }
    let is_primary: Vec<bool> = (0..parts.len())
        .map(|part| is_first_primary && part % OUTCOMES == 0)
        .collect();
    let options = JointOptions {
        method,
        n_draws: 999,
        seed: SEED,
    };
    let found = joint_tests(&parts, &is_primary, options)?;
    Ok(found.iter().map(|own| own.adjusted.p_value).collect())
}

/// On the second and the fourth outcome.
const EFFECTS: [f64; OUTCOMES] = [0.0, 0.3, 0.0, 0.3, 0.0];

fn together() -> Judgement {
    let judge = |random: &mut Random| {
        let is_found = |p: &f64| *p <= 1.0 - LEVEL;
        let (step_down, single) = (WestfallYoung::StepDownMax, WestfallYoung::SingleStepMax);
        let null = sample(random, [0.0; OUTCOMES]);
        let any = |method, is_primary| {
            let found = adjusted(&null, method, is_primary)?;
            Ok::<_, EstimatorError>(whether(found.iter().any(is_found)))
        };
        let mut all = vec![any(step_down, false)?, any(single, false)?];
        all.push(any(step_down, true)?);
        let found = adjusted(&sample(random, EFFECTS), step_down, false)?;
        let by_outcome = || found.iter().zip(EFFECTS.iter().cycle());
        all.push(whether(
            by_outcome().any(|(p, effect)| *effect == 0.0 && is_found(p)),
        ));
        let true_ones = by_outcome().filter(|(p, effect)| **effect != 0.0 && is_found(p));
        all.push(Reading::Value(true_ones.count() as f64 / 4.0));
        Ok(all)
    };
    let any = "any false finding";
    Judgement {
        name: "together",
        description: "150 clusters of 6 persons, three of each of two levels, with shared shocks as in clusters and five outcomes that share parts; exposed in period 3 (30 %), \
                      4 (30 %) or never. Ten effects of `att` are tested together from 999 draws: there are none, or 0.3 on two of the outcomes.",
        checks: vec![
            share(
                "joint_tests, step down, no effects",
                any,
                Standard::Exactly(0.05),
            ),
            share(
                "joint_tests, single step, no effects",
                any,
                Standard::Exactly(0.05),
            ),
            share(
                "joint_tests, one outcome primary, no effects",
                any,
                Standard::AtMost(0.05),
            ),
            share(
                "joint_tests, step down, some effects",
                any,
                Standard::AtMost(0.05),
            ),
            share(
                "joint_tests, step down, some effects",
                "true effects found",
                Standard::Nothing,
            ),
        ],
        judge: Box::new(judge),
    }
}
