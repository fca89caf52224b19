//! Adjusted p-values and tests of several outcomes of a trial against the golden numbers (`tests/golden/inference`), and against what is known
//! of them.

use super::golden::{close, key};
use super::sensitivity::{Trial, compare};
use super::simulated::Random;
use crate::sensitivity::{
    Adjustment, ClusterTrial, TrialColumns, TrialOptions, TrialStatistic, WestfallYoung, adjust_p,
    adjust_p_primary_first, cluster_trial, westfall_young,
};
use crate::{EstimatorError, Status};

#[test]
fn adjusted_p_values_match_the_reference() {
    let trial = Trial::read();
    let outcomes = ["y1", "y2", "y3", "y4"];
    let p_values: Vec<f64> = outcomes
        .iter()
        .map(|outcome| trial.difference(outcome, &trial.treated).p_value)
        .collect();
    compare("multiplicity", 1e-9, 12, |row| {
        let adjustment = match key(&row.spec, "method").unwrap() {
            "holm" => Adjustment::Holm,
            "bonferroni" => Adjustment::Bonferroni,
            "benjamini_hochberg" => Adjustment::BenjaminiHochberg,
            _ => return None,
        };
        let place = outcomes
            .iter()
            .position(|o| Some(*o) == key(&row.row, "outcome"));
        Some(adjust_p(&p_values, adjustment)[place.unwrap()])
    });
}

/// All ways to treat 6 of 12 sites, as masks.
fn assignments() -> impl Iterator<Item = u32> {
    (0_u32..1 << 12).filter(|mask| mask.count_ones() == 6)
}

#[test]
fn joint_p_values_match_the_reference() {
    let trial = Trial::read();
    let outcomes = ["y1", "y2", "y3", "y4"];
    let statistics = |treated: &[f64], is_t: bool| -> Vec<f64> {
        let each = outcomes.iter().map(|outcome| {
            let found = trial.difference(outcome, treated);
            if is_t {
                found.statistic
            } else {
                found.estimate
            }
        });
        each.collect()
    };
    for (name, is_t) in [("abs_t_CR1", true), ("abs_difference_in_means", false)] {
        let observed = statistics(&trial.treated, is_t);
        let draws: Vec<Vec<f64>> = assignments()
            .map(|mask| {
                let sites = trial.sites.iter();
                let treated: Vec<f64> = sites
                    .map(|site| f64::from(mask >> (site - 1) & 1))
                    .collect();
                statistics(&treated, is_t)
            })
            .collect();
        assert_eq!(draws.len(), 924);
        let adjusted = |method| westfall_young(&observed, &draws, method).unwrap();
        compare("multiplicity", 1e-12, 12, |row| {
            if key(&row.spec, "statistic") != Some(name) {
                return None;
            }
            let method = match key(&row.spec, "method").unwrap() {
                "westfall_young_stepdown_maxT" => WestfallYoung::StepDownMax,
                "westfall_young_singlestep_maxT" => WestfallYoung::SingleStepMax,
                "westfall_young_stepdown_minP" => WestfallYoung::StepDownMinP,
                other => panic!("unknown method {other}"),
            };
            let place = outcomes
                .iter()
                .position(|o| Some(*o) == key(&row.row, "outcome"));
            Some(adjusted(method)[place.unwrap()])
        });
    }
}

#[test]
fn adjustments_are_what_their_definitions_say() {
    let p_values = [0.01, f64::NAN, 0.04, 0.03];
    let of = |adjustment| {
        let found = adjust_p(&p_values, adjustment);
        assert!(found[1].is_nan());
        [found[0], found[2], found[3]]
    };
    let same = |found: [f64; 3], expected: [f64; 3]| {
        found
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-15)
    };
    assert!(same(of(Adjustment::Holm), [0.03, 0.06, 0.06]));
    assert!(same(of(Adjustment::Hochberg), [0.03, 0.04, 0.04]));
    assert!(same(of(Adjustment::Bonferroni), [0.03, 0.12, 0.09]));
    assert!(same(of(Adjustment::BenjaminiHochberg), [0.03, 0.04, 0.04]));
    // 1 + 1/2 + 1/3 times as much.
    let dependent = of(Adjustment::BenjaminiYekutieli);
    assert!(same(dependent, [0.055, 0.22 / 3.0, 0.22 / 3.0]));
    assert!(adjust_p(&[], Adjustment::Holm).is_empty());
    assert_eq!(adjust_p(&[0.9], Adjustment::Bonferroni), [0.9]);
}

#[test]
fn draws_must_be_complete() {
    let one = |draws: &[Vec<f64>]| westfall_young(&[1.0, 2.0], draws, WestfallYoung::StepDownMax);
    assert!(matches!(one(&[]), Err(EstimatorError::BadOption { .. })));
    assert!(matches!(
        one(&[vec![1.0]]),
        Err(EstimatorError::LengthMismatch { .. })
    ));
    let missing = vec![1.0, f64::NAN];
    assert!(matches!(
        one(&[missing]),
        Err(EstimatorError::BadOption { .. })
    ));
    // The second is reached by one draw of four, the first by three, of which the second draw is through the second.
    let draws = [
        vec![0.0, -3.0],
        vec![1.0, 0.0],
        vec![-1.5, 1.0],
        vec![0.0, 0.5],
    ];
    let found = one(&draws).unwrap();
    assert_eq!(found, [0.5, 0.25]);
}

const OUTCOMES: [&str; 4] = ["y1", "y2", "y3", "y4"];

const OPTIONS: TrialOptions = TrialOptions {
    is_primary: Vec::new(),
    statistic: TrialStatistic::StudentT,
    method: WestfallYoung::StepDownMax,
    permutations: 1_000,
    seed: 1,
};

fn trial_columns() -> TrialColumns {
    let trial = Trial::read();
    TrialColumns {
        outcomes: OUTCOMES.map(|outcome| trial.data.column(outcome)).to_vec(),
        treated: trial.treated,
        cluster: trial.sites,
        stratum: None,
    }
}

#[test]
fn trials_match_the_reference() {
    let columns = trial_columns();
    for (name, statistic) in [
        ("abs_t_CR1", TrialStatistic::StudentT),
        ("abs_difference_in_means", TrialStatistic::Difference),
    ] {
        let of = |method| {
            let options = TrialOptions {
                statistic,
                method,
                ..OPTIONS
            };
            cluster_trial(&columns, &options).unwrap()
        };
        let found = of(WestfallYoung::StepDownMax);
        assert!(found.is_exact && found.n_permutations == 924);
        compare("multiplicity", 1e-12, 12, |row| {
            if key(&row.spec, "statistic") != Some(name) {
                return None;
            }
            let found = match key(&row.spec, "method").unwrap() {
                "westfall_young_stepdown_maxT" => of(WestfallYoung::StepDownMax),
                "westfall_young_singlestep_maxT" => of(WestfallYoung::SingleStepMax),
                _ => of(WestfallYoung::StepDownMinP),
            };
            let place = OUTCOMES
                .iter()
                .position(|o| Some(*o) == key(&row.row, "outcome"));
            Some(found.outcomes[place.unwrap()].adjusted.p_value)
        });
    }
    // Estimates are those of the comparison of two groups.
    let (trial, found) = (Trial::read(), cluster_trial(&columns, &OPTIONS).unwrap());
    for (outcome, found) in OUTCOMES.iter().zip(&found.outcomes) {
        let expected = trial.difference(outcome, &trial.treated);
        assert!(close(found.difference, expected.estimate, 1e-10));
        assert!(close(found.std_error, expected.std_error, 1e-10));
        assert_eq!(found.counts.n_units, expected.n_units);
        assert_eq!(found.counts.n_clusters, 12);
    }
}

#[test]
fn drawn_assignments_come_near_all_of_them_and_depend_on_the_seed_alone() {
    let columns = trial_columns();
    let exact = cluster_trial(&columns, &OPTIONS).unwrap();
    let drawn = |seed, permutations| {
        let options = TrialOptions {
            permutations,
            seed,
            ..OPTIONS
        };
        cluster_trial(&columns, &options).unwrap()
    };
    let some = drawn(3, 900);
    assert!(!some.is_exact && some.n_permutations == 901);
    for (some, exact) in some.outcomes.iter().zip(&exact.outcomes) {
        // Three standard errors of 900 draws.
        assert!((some.adjusted.p_value - exact.adjusted.p_value).abs() < 0.05);
    }
    assert_eq!(some, drawn(3, 900));
    assert_ne!(some, drawn(4, 900));
    let mut turned = trial_columns();
    turned
        .outcomes
        .iter_mut()
        .for_each(|outcome| outcome.reverse());
    turned.treated.reverse();
    turned.cluster.reverse();
    let options = TrialOptions {
        permutations: 900,
        seed: 3,
        ..OPTIONS
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let found = pool.install(|| cluster_trial(&turned, &options)).unwrap();
    assert_eq!(found, some);
}

#[test]
fn primary_outcomes_are_adjusted_first_and_open_the_gate() {
    let columns = trial_columns();
    let of = |is_primary: [bool; 4]| {
        let options = TrialOptions {
            is_primary: is_primary.to_vec(),
            ..OPTIONS
        };
        let found = cluster_trial(&columns, &options).unwrap().outcomes;
        found
            .iter()
            .map(|own| own.adjusted.p_value)
            .collect::<Vec<f64>>()
    };
    let together = of([false; 4]);
    assert_eq!(together, of([true; 4]));
    let alone: Vec<f64> = cluster_trial(&columns, &OPTIONS)
        .unwrap()
        .outcomes
        .iter()
        .map(|own| own.p_value)
        .collect();
    let first = of([true, false, false, false]);
    assert_eq!(first[0], alone[0]);
    assert!(first[1..].iter().all(|p| *p >= alone[0]));
    assert!(first[0] <= together[0]);
}

/// Two of four clusters, in strata of two each: of four ways one other reaches the largest difference, its mirror.
#[test]
fn strata_limit_what_could_have_been() {
    let columns = TrialColumns {
        outcomes: vec![vec![5.0, 1.0, 9.0, 2.0], vec![1.0, 1.0, 1.0, f64::NAN]],
        treated: vec![1.0, 0.0, 1.0, 0.0],
        cluster: vec![1, 2, 3, 4],
        stratum: Some(vec![1, 1, 2, 2]),
    };
    let options = TrialOptions {
        statistic: TrialStatistic::Difference,
        ..OPTIONS
    };
    let found = cluster_trial(&columns, &options).unwrap();
    assert_eq!((found.n_permutations, found.is_exact), (4, true));
    assert_eq!(
        (found.outcomes[0].difference, found.outcomes[0].p_value),
        (5.5, 0.5)
    );
    let without = TrialColumns {
        stratum: None,
        ..columns.clone()
    };
    let found = cluster_trial(&without, &options).unwrap();
    assert_eq!(
        (found.n_permutations, found.outcomes[0].p_value),
        (6, 1.0 / 3.0)
    );
    // Three clusters have the other outcome, always 1: its t does not exist and is no test.
    let found = cluster_trial(&columns, &OPTIONS).unwrap();
    let constant = &found.outcomes[1];
    assert_eq!(
        (constant.status, constant.counts.n_clusters),
        (Status::NoVariance, 3)
    );
    assert!(constant.p_value.is_nan() && constant.adjusted.p_value.is_nan());
    assert_eq!(found.outcomes[0].adjusted.n_tests, 1);
    let options = TrialOptions {
        is_primary: vec![false, true],
        ..OPTIONS
    };
    let found = cluster_trial(&columns, &options).unwrap();
    assert_eq!(found.outcomes[0].status, Status::Missing);
}

#[test]
fn trials_that_cannot_be_tested_are_refused_or_have_a_status() {
    let nan = f64::NAN;
    let of = |outcome: &[f64], treated: &[f64], cluster: &[i64]| {
        let columns = TrialColumns {
            outcomes: vec![outcome.to_vec()],
            treated: treated.to_vec(),
            cluster: cluster.to_vec(),
            stratum: None,
        };
        cluster_trial(&columns, &OPTIONS)
    };
    let status = |found: Result<ClusterTrial, EstimatorError>| found.unwrap().outcomes[0].status;
    assert_eq!(status(of(&[], &[], &[])), Status::NoRows);
    assert_eq!(
        status(of(&[nan, nan], &[1.0, 0.0], &[1, 2])),
        Status::NoRows
    );
    assert_eq!(
        status(of(&[1.0, 2.0], &[1.0, 1.0], &[1, 2])),
        Status::NoControls
    );
    assert_eq!(
        status(of(&[1.0, 2.0], &[0.0, nan], &[1, 2])),
        Status::NoTreated
    );
    assert_eq!(
        status(of(&[1.0, 2.0], &[1.0, 0.0], &[1, 2])),
        Status::NoVariance
    );
    let refusal = of(&[1.0, 2.0, 3.0], &[1.0, 0.0, 0.0], &[1, 1, 2]).unwrap_err();
    assert_eq!(refusal, EstimatorError::AssignmentVaries { n_clusters: 1 });
    assert!(of(&[1.0], &[0.3], &[1]).is_err());
    assert!(of(&[1.0], &[0.0], &[]).is_err());
    for permutations in [0, 1_000_001] {
        let options = TrialOptions {
            permutations,
            ..OPTIONS
        };
        assert!(cluster_trial(&trial_columns(), &options).is_err());
    }
    let options = TrialOptions {
        is_primary: vec![true],
        ..OPTIONS
    };
    assert!(cluster_trial(&trial_columns(), &options).is_err());
}

/// Without effects, at most 5 % of trials find any outcome, though ten are tested that move together.
#[test]
fn false_findings_are_as_rare_as_promised() {
    let mut random = Random::new(5);
    let (n_trials, mut n_found, mut n_unadjusted) = (400, 0, 0);
    for _ in 0..n_trials {
        let shared = random.normals(20);
        let outcomes: Vec<Vec<f64>> = (0..10)
            .map(|_| shared.iter().map(|own| own + random.normal()).collect())
            .collect();
        let columns = TrialColumns {
            outcomes,
            treated: (0..20).map(|unit| f64::from(unit % 2)).collect(),
            cluster: (0..20).collect(),
            stratum: None,
        };
        let options = TrialOptions {
            permutations: 199,
            ..OPTIONS
        };
        let found = cluster_trial(&columns, &options).unwrap().outcomes;
        n_found += u32::from(found.iter().any(|own| own.adjusted.p_value <= 0.05));
        n_unadjusted += u32::from(found.iter().any(|own| own.p_value <= 0.05));
    }
    // 20 are expected of 400, 4.4 the standard deviation.
    assert!((7..34).contains(&n_found), "{n_found}");
    assert!(n_unadjusted > 60, "{n_unadjusted}");
}

#[test]
fn tests_after_primary_ones_wait_for_them() {
    let of = |p: &[f64], is_primary: &[bool]| {
        let found = adjust_p_primary_first(p, is_primary, Adjustment::Holm).unwrap();
        let p = found.iter().map(|own| own.p_value).collect::<Vec<f64>>();
        (p, found.iter().map(|own| own.n_tests).collect::<Vec<u64>>())
    };
    let (p, n) = of(&[0.01, 0.03, 0.001, 0.5], &[true, true, false, false]);
    assert_eq!((p, n), (vec![0.02, 0.03, 0.03, 0.5], vec![2; 4]));
    let (p, n) = of(&[0.01, 0.03, 0.001], &[false; 3]);
    assert_eq!((p, n), (vec![0.02, 0.03, 0.003], vec![3; 3]));
    let found =
        adjust_p_primary_first(&[f64::NAN, 0.01], &[true, false], Adjustment::Holm).unwrap();
    assert!(
        found
            .iter()
            .all(|own| own.p_value.is_nan() && own.status == Status::Missing)
    );
    let found =
        adjust_p_primary_first(&[0.01, f64::NAN], &[true, false], Adjustment::Holm).unwrap();
    assert_eq!((found[0].p_value, found[1].status), (0.01, Status::Missing));
    assert_eq!(
        adjust_p_primary_first(&[], &[], Adjustment::Holm),
        Ok(vec![])
    );
    for wrong in [-0.1, 1.1, f64::INFINITY] {
        let refusal = adjust_p_primary_first(&[wrong, 0.2], &[false; 2], Adjustment::Holm);
        assert_eq!(refusal, Err(EstimatorError::NotAProbability { n_rows: 1 }));
    }
    assert!(adjust_p_primary_first(&[0.1], &[], Adjustment::Holm).is_err());
}
