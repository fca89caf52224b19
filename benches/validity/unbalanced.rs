//! Panels with holes, and cross-sections.

use korabo_estimators::panel::Layout;

use crate::design::{Analysis, Design, Promise};
use crate::designs::{
    COHORTS, DYNAMIC, LAST, Person, SIMPLE, by_regression, event_time, group_time, since,
};
use crate::estimator::{Row, Target};
use crate::population::Population;
use crate::random::Random;

const PERSONS: i64 = 1_500;
const EFFECT: f64 = 0.4;

pub(crate) fn designs() -> Vec<Design> {
    let figures = [SIMPLE, Target::EventBand];
    vec![
        gaps().and(by_regression(Promise::Nominal, &figures, |_| ())),
        attrition(),
        cross_sections(),
    ]
}

fn effect(cohort: i32, time: i32) -> f64 {
    since(cohort, time, EFFECT)
}

fn row(person: &Person, unit: i64, time: i32) -> Row {
    let effect = person.cohort.map_or(0.0, |cohort| effect(cohort, time));
    Row {
        unit,
        time,
        cohort: person.cohort,
        outcome: person.untreated(time) + person.response * effect,
        ..Row::default()
    }
}

fn with_layout(label: &'static str, layout: Layout) -> Analysis {
    Analysis::new(label, group_time(|options| options.layout = layout))
}

fn gaps() -> Design {
    let all = [
        SIMPLE,
        DYNAMIC,
        event_time(0),
        Target::EventBand,
        Target::Pretest,
    ];
    let simulate = |random: &mut Random| {
        let mut rows = Vec::new();
        for unit in 0..PERSONS {
            let person = Person::draw(random, &COHORTS);
            for time in 1..=LAST {
                if random.chance(0.85) {
                    rows.push(row(&person, unit, time));
                }
            }
        }
        rows
    };
    Design {
        name: "unbalanced",
        description: "1,500 persons in four periods, cohorts in periods 3 and 4 (30 % each), 40 % never exposed, otherwise \
                      as in staggered; effect 0.4. Each row is missing with probability 15 %, by chance alone.",
        population: Population::new(1..=LAST, &COHORTS, effect),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            with_layout("att_gt, 'pairs'", Layout::Pairs).with(Promise::Nominal, &all),
            with_layout("att_gt, 'keep'", Layout::Unbalanced).with(
                Promise::Nominal,
                &[SIMPLE, Target::CellBand, Target::Pretest],
            ),
            with_layout("att_gt, 'drop'", Layout::Balanced)
                .with(Promise::Nominal, &[SIMPLE, Target::Pretest]),
        ],
    }
}

fn attrition() -> Design {
    let simulate = |random: &mut Random| {
        let mut rows = Vec::new();
        for unit in 0..PERSONS {
            let person = Person::draw(random, &COHORTS);
            for time in 1..=LAST {
                let exit = match person.cohort {
                    Some(_) => 1.0 / (1.0 + (2.0 + person.frailty).exp()),
                    None => 0.05,
                };
                if time > 1 && random.chance(exit) {
                    break;
                }
                rows.push(row(&person, unit, time));
            }
        }
        rows
    };
    Design {
        name: "attrition",
        description: "As unbalanced, but persons leave for good, and among the exposed cohorts those with low levels \
                      leave sooner (probability per period 1/(1 + exp(2 + frailty)), others 5 %).",
        population: Population::new(1..=LAST, &COHORTS, effect),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            with_layout("att_gt, 'pairs'", Layout::Pairs).with(
                Promise::Nominal,
                &[SIMPLE, Target::CellBand, Target::Pretest],
            ),
            with_layout("att_gt, 'keep'", Layout::Unbalanced)
                .with(Promise::Fails, &[SIMPLE, Target::Pretest]),
        ],
    }
}

fn cross_sections() -> Design {
    let simulate = |random: &mut Random| {
        let mut rows = Vec::new();
        for unit in 0..500 * i64::from(LAST) {
            let person = Person::draw(random, &COHORTS);
            rows.push(row(&person, unit, 1 + (unit % i64::from(LAST)) as i32));
        }
        rows
    };
    Design {
        name: "cross_sections",
        description: "Four cross-sections of 500 different persons each, otherwise as unbalanced.",
        population: Population::new(1..=LAST, &COHORTS, effect),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            with_layout("att_gt, panel => false", Layout::CrossSections).with(
                Promise::Nominal,
                &[SIMPLE, Target::CellBand, Target::Pretest],
            ),
        ],
    }
}
