//! Staggered exposure of independent persons: constant, heterogeneous, absent and anticipated effects, and a broken
//! assumption.

use korabo_estimators::group_time::Control;

use crate::design::{Analysis, Design, Promise};
use crate::designs::{
    CALENDAR, DYNAMIC, GROUP, Person, SIMPLE, by_regression, event_time, group_time, in_two_stages,
    regression, since, term,
};
use crate::estimator::{Row, Target};
use crate::population::Population;
use crate::random::Random;

const PERSONS: i64 = 1_000;
/// The last of five periods.
const LAST: i32 = 5;
/// Cohorts with their probabilities; the others (40 %) are never exposed.
const COHORTS: [(i32, f64); 3] = [(3, 0.2), (4, 0.2), (5, 0.2)];

const TWFE: &str = "y ~ treated | unit + time";
const TWFE_EVENT_STUDY: &str = "y ~ i(event_time, -1) | unit + time";

pub(crate) fn designs() -> Vec<Design> {
    vec![
        constant(),
        null().and(by_regression(Promise::Nominal, &OVERALL_AND_BAND, |_| ())),
        heterogeneous()
            .and(by_regression(Promise::Nominal, &OVERALL_AND_BAND, |_| ()))
            .and([in_two_stages(&OVERALL_AND_BAND, |_| ())]),
        event_study().and(single_event_times()),
        anticipation(),
        diverging(),
    ]
}

const OVERALL_AND_BAND: [Target; 2] = [SIMPLE, Target::EventBand];

/// At event times 0 and 1 cohorts with very different effects are averaged. The errors of these two estimators take the
/// cohorts' shares as given, so that they promise nothing about the average over samples with other shares.
fn single_event_times() -> [Analysis; 2] {
    let one_effect = [event_time(-2), event_time(2)];
    let averaged = [event_time(0), event_time(1), Target::EventBand];
    by_regression(Promise::Nominal, &one_effect, |_| ())
        .map(|analysis| analysis.with(Promise::Nothing, &averaged))
}

/// 1,000 persons in five periods; `effect(cohort, time)` is a person's mean effect.
fn sample(random: &mut Random, effect: impl Fn(i32, i32) -> f64) -> Vec<Row> {
    let mut rows = Vec::with_capacity((PERSONS * i64::from(LAST)) as usize);
    for unit in 0..PERSONS {
        let person = Person::draw(random, &COHORTS);
        for time in 1..=LAST {
            let effect = person.cohort.map_or(0.0, |cohort| effect(cohort, time));
            rows.push(Row {
                unit,
                time,
                cohort: person.cohort,
                outcome: person.untreated(time) + person.response * effect,
                ..Row::default()
            });
        }
    }
    rows
}

fn constant() -> Design {
    let effect = |cohort, time| since(cohort, time, 0.3);
    Design {
        name: "staggered",
        description: "1,000 persons, five periods, cohorts in periods 3, 4 and 5 (20 % each), 40 % never exposed; \
                      effect 0.3 on average. Correlated noise, levels and variances differ by cohort.",
        population: Population::new(1..=LAST, &COHORTS, effect),
        coefficients: vec![("treated", 0.3)],
        simulate: Box::new(move |random| sample(random, effect)),
        analyses: vec![
            Analysis::new("att_gt, never treated", group_time(|_| ()))
                .with(
                    Promise::Nominal,
                    &[
                        SIMPLE,
                        DYNAMIC,
                        event_time(0),
                        event_time(2),
                        Target::EventBand,
                        Target::CellBand,
                        Target::Pretest,
                    ],
                )
                .with(Promise::Fails, &[Target::EventIntervals]),
            not_yet_treated().with(Promise::Nominal, &[SIMPLE, Target::Pretest]),
            Analysis::new(
                "ols, two-way fixed effects",
                regression(TWFE, "cluster(unit)"),
            )
            .with(Promise::Nominal, &[term("treated")]),
        ],
    }
}

fn not_yet_treated() -> Analysis {
    let estimator = group_time(|options| options.control = Control::NotYetTreated);
    Analysis::new("att_gt, not yet treated", estimator)
}

fn null() -> Design {
    Design {
        name: "null",
        description: "As staggered, without any effect: every rejection is false.",
        population: Population::new(1..=LAST, &COHORTS, |_, _| 0.0),
        coefficients: vec![("treated", 0.0)],
        simulate: Box::new(|random| sample(random, |_, _| 0.0)),
        analyses: vec![
            Analysis::new("att_gt, never treated", group_time(|_| ())).with(
                Promise::Nominal,
                &[
                    SIMPLE,
                    DYNAMIC,
                    event_time(0),
                    Target::EventBand,
                    Target::CellBand,
                    Target::Pretest,
                ],
            ),
            Analysis::new(
                "ols, two-way fixed effects",
                regression(TWFE, "cluster(unit)"),
            )
            .with(Promise::Nominal, &[term("treated")]),
        ],
    }
}

/// Early cohorts gain more, and ever more.
fn growing(cohort: i32, time: i32) -> f64 {
    let per_period = 0.1 * f64::from(6 - cohort);
    since(cohort, time, per_period * f64::from(time - cohort + 1))
}

fn heterogeneous() -> Design {
    let population = Population::new(1..=LAST, &COHORTS, growing);
    let simple = population.overall(korabo_estimators::group_time::Aggregate::Simple);
    Design {
        name: "heterogeneous",
        description: "As staggered, but the effect grows by 0.3, 0.2 and 0.1 per period in the three cohorts and \
                      differs between persons (standard deviation half the mean).",
        population,
        coefficients: vec![("treated", simple)],
        simulate: Box::new(|random| sample(random, growing)),
        analyses: vec![
            not_yet_treated().with(
                Promise::Nominal,
                &[SIMPLE, GROUP, DYNAMIC, CALENDAR, Target::EventBand],
            ),
            Analysis::new(
                "ols, two-way fixed effects",
                regression(TWFE, "cluster(unit)"),
            )
            .with(Promise::Fails, &[term("treated")]),
        ],
    }
}

/// Paths that differ between cohorts: rising, flat, none.
fn diverse(cohort: i32, time: i32) -> f64 {
    let after = f64::from(time - cohort);
    let effect = match cohort {
        3 => 0.5 + after,
        4 => 0.5,
        _ => 0.0,
    };
    since(cohort, time, effect)
}

fn event_study() -> Design {
    let population = Population::new(1..=LAST, &COHORTS, diverse);
    let at = |event_time| population.at_event_time(event_time);
    let coefficients = vec![
        ("event_time::-3", 0.0),
        ("event_time::-2", 0.0),
        ("event_time::0", at(0)),
        ("event_time::1", at(1)),
        ("event_time::2", at(2)),
    ];
    Design {
        name: "event_study",
        description: "As staggered, but the effect rises in the first cohort (0.5, 1.5, 2.5), stays at 0.5 in the \
                      second and is absent in the third. Event times are compared one by one.",
        population,
        coefficients,
        simulate: Box::new(|random| sample(random, diverse)),
        analyses: vec![
            not_yet_treated().with(
                Promise::Nominal,
                &[
                    event_time(-2),
                    event_time(0),
                    event_time(1),
                    event_time(2),
                    Target::EventBand,
                ],
            ),
            Analysis::new(
                "ols, two-way event study",
                regression(TWFE_EVENT_STUDY, "cluster(unit)"),
            )
            .with(
                Promise::Fails,
                &[
                    term("event_time::-3"),
                    term("event_time::-2"),
                    term("event_time::0"),
                ],
            )
            .with(
                Promise::Nothing,
                &[term("event_time::1"), term("event_time::2")],
            ),
        ],
    }
}

fn anticipation() -> Design {
    let effect = |cohort, time| match time - cohort {
        -1 => 0.2,
        _ => since(cohort, time, 0.5),
    };
    let anticipating = group_time(|options| options.anticipation = 1);
    Design {
        name: "anticipation",
        description: "As staggered, but persons react one period early (0.2, then 0.5).",
        population: Population::new(1..=LAST, &COHORTS, effect),
        coefficients: Vec::new(),
        simulate: Box::new(move |random| sample(random, effect)),
        analyses: vec![
            Analysis::new("att_gt, anticipation 1", anticipating)
                .with(Promise::Nominal, &[SIMPLE, Target::CellBand]),
            Analysis::new("att_gt, anticipation 0", group_time(|_| ()))
                .with(Promise::Fails, &[SIMPLE, Target::Pretest]),
        ],
    }
}

fn diverging() -> Design {
    Design {
        name: "diverging_trends",
        description: "As null, but the exposed would have gained 0.1 per period more anyway: parallel trends do not \
                      hold. The pre-test is there to notice.",
        population: Population::new(1..=LAST, &COHORTS, |_, _| 0.0),
        coefficients: Vec::new(),
        simulate: Box::new(|random| sample(random, |_, time| 0.1 * f64::from(time))),
        analyses: vec![
            Analysis::new("att_gt, never treated", group_time(|_| ()))
                .with(Promise::Fails, &[SIMPLE, Target::Pretest]),
        ],
    }
}
