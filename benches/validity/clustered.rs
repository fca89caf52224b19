//! Exposure assigned by cluster, with shocks that a cluster's persons share; many clusters and few.

use std::ops::RangeInclusive;

use crate::design::{Analysis, Design, Promise};
use crate::designs::{
    DYNAMIC, SIMPLE, by_regression, cohort, event_time, group_time, in_two_stages, regression,
    since, term,
};
use crate::estimator::{DEFAULT, Estimator, PanelChoices, Row, Target};
use crate::population::Population;
use crate::random::Random;
use korabo_estimators::inference::Inference;

const LAST: i32 = 4;
const EFFECT: f64 = 0.3;

pub(crate) fn designs() -> Vec<Design> {
    let figures = [SIMPLE, Target::EventBand];
    let change = |options: &mut PanelChoices| options.is_clustered = true;
    let mut designs = vec![
        many_clusters()
            .and(by_regression(Promise::Nominal, &figures, change))
            .and([in_two_stages(&figures, change)]),
    ];
    designs.extend(COUNTS.iter().map(cluster_count));
    designs
}

/// One cluster.
struct Cluster {
    code: u32,
    cohort: Option<i32>,
    n_persons: usize,
}

/// The rows of one cluster: a shared path and the persons' own.
fn add_cluster(
    rows: &mut Vec<Row>,
    random: &mut Random,
    cluster: &Cluster,
    periods: &RangeInclusive<i32>,
) {
    let level = random.normal();
    let shared: [f64; LAST as usize] = random.path(0.5);
    for _ in 0..cluster.n_persons {
        let unit = rows.last().map_or(0, |row| row.unit + 1);
        let own = random.normal();
        for time in periods.clone() {
            let effect = cluster
                .cohort
                .map_or(0.0, |cohort| since(cohort, time, EFFECT));
            let trend = 0.1 * f64::from(time);
            let shock = 0.6 * shared[time as usize - 1] + 0.8 * random.normal();
            rows.push(Row {
                unit,
                time,
                cohort: cluster.cohort,
                outcome: level + own + trend + effect + shock,
                effect,
                cluster: cluster.code,
                ..Row::default()
            });
        }
    }
}

fn by_cluster() -> Analysis {
    let estimator = group_time(|options| options.is_clustered = true);
    Analysis::new("att_gt, errors by cluster", estimator)
}

fn many_clusters() -> Design {
    let cohorts = [(3, 0.3), (4, 0.3)];
    let simulate = move |random: &mut Random| {
        let mut rows = Vec::new();
        for code in 0..250 {
            let cluster = Cluster {
                code,
                cohort: cohort(random, &cohorts),
                n_persons: 4 + 2 * random.pick(&[0.2; 5]),
            };
            add_cluster(&mut rows, random, &cluster, &(1..=LAST));
        }
        rows
    };
    Design {
        name: "clusters",
        description: "250 clusters of 4 to 12 persons, four periods; clusters are exposed in period 3 (30 %), 4 \
                      (30 %) or never; effect 0.3. Persons of a cluster share level and shocks (36 % of the variance \
                      within persons).",
        population: Population::new(1..=LAST, &cohorts, |g, t| since(g, t, EFFECT)),
        coefficients: Vec::new(),
        simulate: Box::new(simulate),
        analyses: vec![
            by_cluster().with(
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
            Analysis::new("att_gt, errors by person", group_time(|_| ()))
                .with(Promise::Fails, &[SIMPLE, Target::CellBand, Target::Pretest]),
        ],
    }
}

/// A design with a fixed number of clusters, some of them exposed.
struct Count {
    name: &'static str,
    description: &'static str,
    clusters: u32,
    exposed: u32,
    /// Of normal intervals, of those of t with G − 1 degrees of freedom, and of those with the jackknife's error.
    promises: [Promise; 3],
}

/// One period before exposure, two from it on.
const FEW_PERIODS: RangeInclusive<i32> = 2..=4;

const COUNTS: [Count; 6] = [
    Count {
        name: "few_clusters_8",
        description: "8 clusters of 20 persons, 4 of them exposed in the second of three periods; otherwise as clusters.",
        clusters: 8,
        exposed: 4,
        promises: [Promise::Warned, Promise::Warned, Promise::AtLeast],
    },
    Count {
        name: "few_exposed_clusters",
        description: "As few_clusters_8 with 40 clusters, 3 of them exposed.",
        clusters: 40,
        exposed: 3,
        promises: [Promise::Warned, Promise::Warned, Promise::Warned],
    },
    Count {
        name: "few_clusters_15",
        description: "As few_clusters_8 with 15 clusters, 7 of them exposed.",
        clusters: 15,
        exposed: 7,
        promises: [Promise::Warned, Promise::Nominal, Promise::AtLeast],
    },
    Count {
        name: "few_clusters_30",
        description: "As few_clusters_8 with 30 clusters, 15 of them exposed.",
        clusters: 30,
        exposed: 15,
        promises: [Promise::Warned, Promise::Nominal, Promise::AtLeast],
    },
    Count {
        name: "few_clusters_60",
        description: "As few_clusters_8 with 60 clusters, 30 of them exposed.",
        clusters: 60,
        exposed: 30,
        promises: [Promise::Nominal, Promise::Nominal, Promise::AtLeast],
    },
    Count {
        name: "clusters_120",
        description: "As few_clusters_8 with 120 clusters, 60 of them exposed.",
        clusters: 120,
        exposed: 60,
        promises: [Promise::Nominal, Promise::Nominal, Promise::AtLeast],
    },
];

fn cluster_count(count: &'static Count) -> Design {
    let simulate = |random: &mut Random| {
        let mut rows = Vec::new();
        for code in 0..count.clusters {
            let cluster = Cluster {
                code,
                cohort: (code < count.exposed).then_some(3),
                n_persons: 20,
            };
            add_cluster(&mut rows, random, &cluster, &FEW_PERIODS);
        }
        rows
    };
    let share = f64::from(count.exposed) / f64::from(count.clusters);
    let [normal, student, _] = count.promises;
    let [imputation, sun_abraham] = by_regression(normal, &[], |options| {
        options.is_clustered = true;
        options.leads = 0;
    });
    let figures = [SIMPLE, Target::EventBand];
    let twfe = regression(TWFE, "cluster(cluster)");
    let design = Design {
        name: count.name,
        description: count.description,
        population: Population::new(FEW_PERIODS, &[(3, share)], |g, t| since(g, t, EFFECT)),
        coefficients: vec![("treated", EFFECT)],
        simulate: Box::new(simulate),
        analyses: vec![
            by_cluster().with(normal, &[SIMPLE, Target::CellBand]),
            Analysis::new("ols, errors by cluster", twfe).with(student, &[term("treated")]),
            imputation.with(normal, &figures),
            sun_abraham.with(student, &figures),
        ],
    };
    if count.clusters > 40 {
        return design.and(for_few(count));
    }
    design.and(for_few(count)).and(resampled(count))
}

const TWFE: &str = "y ~ treated | unit + time";

/// What is promised however few the clusters.
fn for_few(count: &Count) -> Vec<Analysis> {
    let [imputation, sun_abraham] =
        by_regression(Promise::AtLeast, &[SIMPLE, Target::EventBand], |options| {
            options.is_clustered = true;
            options.leads = 0;
            options.inference = Inference::Cr3;
        });
    let group_time = group_time(|options| {
        options.is_clustered = true;
        options.inference = Inference::Cr3;
    });
    let [_, _, jackknife] = count.promises;
    let of_regression = |label, vcov, promise| {
        Analysis::new(label, regression(TWFE, vcov)).with(promise, &[term("treated")])
    };
    vec![
        Analysis::new("att_gt, cr3", group_time)
            .with(Promise::AtLeast, &[SIMPLE, Target::CellBand]),
        imputation.called("did_imputation, cr3"),
        sun_abraham.called("sun_abraham, cr3"),
        of_regression("ols, cr2", "cr2(cluster)", Promise::AtLeast),
        of_regression("ols, cr3", "cr3(cluster)", jackknife),
    ]
}

/// What draws again: the bootstraps and the randomisation test.
fn resampled(count: &Count) -> Vec<Analysis> {
    let mut options = DEFAULT;
    options.is_clustered = true;
    let randomisation = Estimator::Randomisation(options);
    options.inference = Inference::Bootstrap { n_draws: 999 };
    let [normal, student, _] = count.promises;
    let wild = Estimator::Regression {
        formula: TWFE,
        vcov: "cluster(cluster)",
        is_wild: true,
    };
    vec![
        Analysis::new("att_gt, bootstrap", Estimator::GroupTime(options)).with(normal, &[SIMPLE]),
        Analysis::new("ols, wild", wild).with(student, &[term("treated")]),
        Analysis::new("att_gt, permutations", randomisation)
            .with(Promise::AtLeast, &[Target::Randomisation]),
    ]
}
