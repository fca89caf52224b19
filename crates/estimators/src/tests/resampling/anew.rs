//! The jackknife, the bootstrap and randomisation tests of imputation, two stages and `sun_abraham`, and randomisation tests with
//! covariates: against estimates made again by hand, and against group-time effects where these are the same numbers.

use super::{Dice, OPTIONS, average, averages, filter, panel, uneven, with_covariate, world};
use crate::group_time::{Aggregate, AttGtOptions, Method, randomise, randomise_averages};
use crate::imputation::{
    ImputationColumns, ImputationOptions, ImputationResult, did_imputation, randomise_imputation,
    randomise_two_stage, two_stage,
};
use crate::inference::{Inference, Randomisation, RandomisationTest, TestStatistic};
use crate::panel::{Layout, NEVER, PanelColumns};
use crate::sun_abraham::{SunAbrahamOptions, SunAbrahamResult, randomise_sun_abraham, sun_abraham};
use crate::{Estimate, EstimatorError, Status};

const BOOTSTRAP: Inference = Inference::Bootstrap { n_draws: 499 };

fn imputing(inference: Inference) -> ImputationOptions {
    ImputationOptions {
        window: Some((-3, 9)),
        level: 0.95,
        seed: 1,
        inference,
    }
}

/// One event time, so that no band has to be simulated; the overall row is of all.
fn overall_only(inference: Inference) -> ImputationOptions {
    ImputationOptions {
        window: Some((0, 0)),
        ..imputing(inference)
    }
}

fn interacting(inference: Inference) -> SunAbrahamOptions {
    SunAbrahamOptions {
        min_e: None,
        max_e: None,
        level: 0.95,
        seed: 1,
        inference,
    }
}

fn imputed(columns: &PanelColumns) -> ImputationColumns {
    ImputationColumns {
        panel: columns.clone(),
        ..ImputationColumns::default()
    }
}

type Imputed =
    fn(ImputationColumns, &ImputationOptions) -> Result<ImputationResult, EstimatorError>;

fn interacted(columns: &PanelColumns, options: &SunAbrahamOptions) -> SunAbrahamResult {
    sun_abraham(&panel(columns, Layout::Unbalanced).unwrap(), options).unwrap()
}

fn drawn(n_draws: u32) -> Randomisation {
    Randomisation {
        n_draws,
        seed: 1,
        strata: None,
        statistic: TestStatistic::Studentised,
    }
}

fn close(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * b.abs().max(1e-3)
}

/// Six clusters of two cohorts and the never exposed.
fn six() -> PanelColumns {
    let cohorts = [2, 2, 3, NEVER, NEVER, NEVER];
    let clusters: Vec<(i32, usize)> = (0..6).map(|g| (cohorts[g], 3 + g % 3)).collect();
    world(&clusters, 5, &mut Dice::new(4))
}

/// Share of the 60 assignments whose statistic is at least as large as the observed one.
fn by_hand(columns: &PanelColumns, t: impl Fn(&PanelColumns) -> f64) -> f64 {
    let codes = columns.cluster.clone().unwrap();
    let observed = t(columns).abs();
    let (mut n_all, mut n_beyond) = (0, 0);
    for place in 0..3_u32.pow(6) {
        let label = |g: u32| [2, 3, NEVER][(place / 3_u32.pow(g) % 3) as usize];
        let n_of = |cohort: i32| (0..6).filter(|&g| label(g) == cohort).count();
        if (n_of(2), n_of(3)) != (2, 1) {
            continue;
        }
        let mut other = columns.clone();
        for (cohort, code) in other.cohort.iter_mut().zip(&codes) {
            *cohort = label(*code);
        }
        n_all += 1;
        n_beyond += u32::from(t(&other).abs() >= observed * (1.0 - 1e-9));
    }
    assert_eq!(n_all, 60);
    f64::from(n_beyond) / 60.0
}

#[test]
fn tests_are_of_estimates_with_the_cohorts_handed_out_anew() {
    let columns = six();
    let options = overall_only(Inference::Analytic);
    let randomisation = drawn(100);
    let check = |tests: Vec<Vec<RandomisationTest>>, t: &dyn Fn(&PanelColumns) -> f64| {
        let found = tests[0][0];
        assert_eq!((found.n_assignments, found.is_exhaustive), (60, true));
        let expected = by_hand(&columns, t);
        assert!((found.p_value - expected).abs() < 1e-12, "{expected}");
    };
    let tests = randomise_imputation(&imputed(&columns), &[], &options, &randomisation);
    check(tests.unwrap(), &|columns| {
        let found = did_imputation(imputed(columns), &options).unwrap();
        found.rows[0].estimate.statistic
    });
    let tests = randomise_two_stage(&imputed(&columns), &[], &options, &randomisation);
    check(tests.unwrap(), &|columns| {
        let found = two_stage(imputed(columns), &options).unwrap();
        found.rows[0].estimate.statistic
    });
    let own = panel(&columns, Layout::Unbalanced).unwrap();
    let interacting = SunAbrahamOptions {
        min_e: Some(0),
        max_e: Some(0),
        ..interacting(Inference::Analytic)
    };
    let tests = randomise_sun_abraham(&own, &[], &interacting, &randomisation);
    check(tests.unwrap(), &|columns| {
        interacted(columns, &interacting).overall.estimate.statistic
    });
    for method in [Method::OutcomeRegression, Method::DoublyRobust] {
        let options = AttGtOptions { method, ..OPTIONS };
        let adjusted = with_covariate(columns.clone());
        let own = panel(&adjusted, Layout::Balanced).unwrap();
        let kind = averages(Aggregate::Simple);
        let tests = randomise_averages(&own, &[], &options, &kind, &randomisation).unwrap();
        let expected = by_hand(&adjusted, |columns| {
            let found = average(columns, Layout::Balanced, &options, Aggregate::Simple);
            found.unwrap().overall.estimate.statistic
        });
        assert!((tests[0][0].p_value - expected).abs() < 1e-12, "{method:?}");
        let rows = randomise(&own, &[], &options, &randomisation).unwrap();
        assert!(rows[0].iter().any(|test| test.p_value < 1.0));
    }
}

/// Two periods: the overall effect is a difference of mean changes in all of them.
#[test]
fn with_two_periods_all_say_the_same() {
    let clusters: Vec<(i32, usize)> = (0..9).map(|g| (if g < 4 { 1 } else { NEVER }, 4)).collect();
    let columns = world(&clusters, 2, &mut Dice::new(21));
    let own = panel(&columns, Layout::Balanced).unwrap();
    let options = |inference| AttGtOptions {
        inference,
        ..OPTIONS
    };
    for inference in [BOOTSTRAP, Inference::Cr3] {
        let expected = average(
            &columns,
            Layout::Balanced,
            &options(inference),
            Aggregate::Simple,
        )
        .unwrap();
        let expected = expected.overall.estimate;
        let check = |found: Estimate, what: &str| {
            for (a, b) in [
                (found.estimate, expected.estimate),
                (found.p_value, expected.p_value),
                (found.conf_low, expected.conf_low),
                (found.conf_high, expected.conf_high),
            ] {
                assert!(close(a, b), "{what}, {inference:?}: {a} and {b}");
            }
        };
        let all: [Imputed; 2] = [did_imputation, two_stage];
        for estimate in all {
            let found = estimate(imputed(&columns), &imputing(inference)).unwrap();
            check(found.rows[0].estimate, "imputation");
            assert!(found.rows[1..].iter().all(|row| {
                row.estimate.std_error.is_nan() || row.estimate.band_low <= row.estimate.conf_low
            }));
        }
        // Its errors have a small-sample factor, which draws of t do not.
        check(
            interacted(&columns, &interacting(inference))
                .overall
                .estimate,
            "sun_abraham",
        );
    }
    let kind = averages(Aggregate::Simple);
    let expected = randomise_averages(&own, &[], &OPTIONS, &kind, &drawn(999)).unwrap()[0][0];
    let analytic = imputing(Inference::Analytic);
    let columns = imputed(&columns);
    let found = [
        randomise_imputation(&columns, &[], &analytic, &drawn(999)).unwrap(),
        randomise_two_stage(&columns, &[], &analytic, &drawn(999)).unwrap(),
        randomise_sun_abraham(&own, &[], &interacting(Inference::Analytic), &drawn(999)).unwrap(),
    ];
    for found in found {
        assert_eq!(found[0][0], expected);
    }
}

#[test]
fn the_jackknife_of_two_stages_makes_both_again() {
    // The first clusters of `uneven` have two cohorts, holes and weights.
    let columns = uneven(true, true);
    let codes = columns.cluster.clone().unwrap();
    let found = two_stage(imputed(&columns), &imputing(Inference::Cr3)).unwrap();
    let mut clusters = codes.clone();
    clusters.sort_unstable();
    clusters.dedup();
    let without: Vec<ImputationResult> = clusters
        .iter()
        .map(|cluster| {
            let rest = filter(&columns, |row| codes[row] != *cluster);
            two_stage(imputed(&rest), &imputing(Inference::Analytic)).unwrap()
        })
        .collect();
    let n = clusters.len() as f64;
    let at = |result: &ImputationResult, at: Option<i32>| {
        let mut rows = result.rows.iter();
        rows.find(|row| row.event_time == at)
            .map_or(f64::NAN, |row| row.estimate.estimate)
    };
    for row in &found.rows {
        let changes = without
            .iter()
            .map(|own| at(own, row.event_time) - row.estimate.estimate);
        let squares: f64 = changes.map(|change| change * change).sum();
        let expected = ((n - 1.0) / n * squares).sqrt();
        assert!(
            close(row.estimate.std_error, expected),
            "{row:?}, {expected}"
        );
    }
    // After exposure the estimates are those of the imputation, and so are their laws.
    let other = did_imputation(imputed(&columns), &imputing(Inference::Cr3)).unwrap();
    for (own, other) in found.rows.iter().zip(&other.rows) {
        if own.event_time.is_none_or(|at| at >= 0) {
            assert!(
                close(own.estimate.p_value, other.estimate.p_value),
                "{own:?}"
            );
            assert_eq!(own.estimate.status, other.estimate.status);
        }
    }
}

/// Share of samples in which the interval of the overall effect holds the truth.
fn held(n_clusters: usize, n_exposed: usize, of: impl Fn(&PanelColumns) -> Estimate) -> f64 {
    const DRAWS: u64 = 300;
    let clusters: Vec<(i32, usize)> = (0..n_clusters)
        .map(|cluster| (if cluster < n_exposed { 1 } else { NEVER }, 5))
        .collect();
    let held = (0..DRAWS).filter(|draw| {
        let columns = world(&clusters, 3, &mut Dice::new(1_000 + draw));
        let found = of(&columns);
        found.conf_low <= 0.3 && 0.3 <= found.conf_high
    });
    held.count() as f64 / DRAWS as f64
}

/// With three exposed of 40 clusters analytic intervals of two stages hold about four fifths.
#[test]
fn few_clusters_are_held() {
    let two_stages = |inference: Inference| {
        held(40, 3, move |columns| {
            let found = two_stage(imputed(columns), &overall_only(inference)).unwrap();
            found.rows[0].estimate
        })
    };
    let (analytic, cr3) = (two_stages(Inference::Analytic), two_stages(Inference::Cr3));
    assert!(analytic < 0.9, "{analytic}");
    assert!((0.93..0.995).contains(&cr3), "{cr3}");
    let bootstrap = Inference::Bootstrap { n_draws: 199 };
    let imputation = |inference: Inference| {
        held(8, 4, move |columns| {
            let found = did_imputation(imputed(columns), &overall_only(inference)).unwrap();
            found.rows[0].estimate
        })
    };
    let (analytic, drawn) = (imputation(Inference::Analytic), imputation(bootstrap));
    assert!(analytic < 0.9 && drawn > 0.91, "{analytic}, {drawn}");
}

fn bits(estimates: impl Iterator<Item = Estimate>) -> Vec<u64> {
    let numbers = estimates.flat_map(|e| [e.std_error, e.p_value, e.conf_low, e.band_high]);
    numbers.map(f64::to_bits).collect()
}

#[test]
fn order_labels_and_threads_change_no_bit() {
    let columns = six();
    let mut other = super::super::properties::permute(
        &columns,
        &super::super::properties::shuffled(columns.unit.len()),
    );
    other
        .cluster
        .iter_mut()
        .flatten()
        .for_each(|code| *code = 20 - *code);
    let all = |columns: &PanelColumns, strata: Vec<u32>, n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads);
        let randomisation = Randomisation {
            strata: Some(strata),
            ..drawn(7)
        };
        pool.build().unwrap().install(|| {
            let mut found = Vec::new();
            for inference in [BOOTSTRAP, Inference::Cr3] {
                let estimates: [Imputed; 2] = [did_imputation, two_stage];
                for estimate in estimates {
                    let own = estimate(imputed(columns), &imputing(inference)).unwrap();
                    found.extend(bits(own.rows.iter().map(|row| row.estimate)));
                }
                let own = interacted(columns, &interacting(inference));
                found.extend(bits(own.event_times.iter().map(|row| row.estimate)));
            }
            let own = panel(columns, Layout::Unbalanced).unwrap();
            let adjusted = panel(&with_covariate(columns.clone()), Layout::Balanced).unwrap();
            let imputation = imputing(Inference::Analytic);
            let tests = [
                randomise_imputation(&imputed(columns), &[], &imputation, &randomisation),
                randomise_two_stage(&imputed(columns), &[], &imputation, &randomisation),
                randomise_sun_abraham(&own, &[], &interacting(Inference::Analytic), &randomisation),
                randomise(&adjusted, &[], &OPTIONS, &randomisation),
            ];
            (
                found,
                tests.map(Result::unwrap).map(|all| format!("{all:?}")),
            )
        })
    };
    let expected = all(&columns, vec![0, 1, 0, 1, 0, 1], 1);
    let strata = (0..21).map(|code| 5 + u32::from(code % 2 == 0));
    assert_eq!(all(&other, strata.collect(), 3), expected);
}

#[test]
fn awkward_input_is_refused_or_has_a_status() {
    let columns = six();
    let analytic = imputing(Inference::Analytic);
    let test = |columns: &PanelColumns, randomisation: &Randomisation| {
        randomise_imputation(&imputed(columns), &[], &analytic, randomisation)
    };
    let mixed = test(&uneven(false, false), &drawn(100));
    assert_eq!(
        mixed.unwrap_err(),
        EstimatorError::CohortVariesInCluster { n_clusters: 1 }
    );
    assert!(test(&columns, &drawn(0)).is_err());
    let mut strata = drawn(10);
    strata.strata = Some(vec![0; 3]);
    assert!(test(&columns, &strata).is_err());
    // More rows than can be read again.
    let many: Vec<(i32, usize)> = (0..60)
        .map(|g| (if g % 2 == 0 { 1 } else { NEVER }, 400))
        .collect();
    let many = world(&many, 2, &mut Dice::new(3));
    assert!(matches!(
        test(&many, &drawn(100_000)),
        Err(EstimatorError::TooMany { .. })
    ));
    let mut constant = columns.clone();
    constant.outcome.fill(2.0);
    let found = test(&constant, &drawn(10)).unwrap();
    assert!(found[0].iter().all(|test| test.p_value.is_nan()));
    for inference in [BOOTSTRAP, Inference::Cr3] {
        let found = two_stage(imputed(&constant), &imputing(inference)).unwrap();
        let overall = found.rows[0].estimate;
        assert_eq!(overall.status, Status::NoVariance);
        assert!(overall.conf_low.is_nan() && overall.p_value.is_nan());
    }
    let few = Inference::Bootstrap { n_draws: 99 };
    assert!(did_imputation(imputed(&columns), &imputing(few)).is_err());
    let own = panel(&columns, Layout::Unbalanced).unwrap();
    assert!(sun_abraham(&own, &interacting(few)).is_err());
    let mut one = columns.clone();
    one.cluster.iter_mut().flatten().for_each(|code| *code = 0);
    let found = did_imputation(imputed(&one), &imputing(BOOTSTRAP)).unwrap();
    assert_eq!(found.rows[0].estimate.status, Status::NoVariance);
    assert!(found.rows[0].estimate.conf_low.is_nan());
}

/// Clusters exposed before the first period keep their place: nothing is estimated from them.
#[test]
fn always_exposed_clusters_are_not_handed_out() {
    let columns = six();
    let always = world(&[(-2, 4)], 5, &mut Dice::new(8));
    let mut with = columns.clone();
    with.unit
        .extend(always.unit.iter().map(|unit| 1_000 + unit));
    with.time.extend(&always.time);
    with.cohort.extend(&always.cohort);
    with.outcome.extend(&always.outcome);
    with.cluster
        .as_mut()
        .unwrap()
        .extend(always.unit.iter().map(|_| 6));
    let options = imputing(Inference::Analytic);
    let test = |columns: &PanelColumns| {
        randomise_imputation(&imputed(columns), &[], &options, &drawn(100)).unwrap()
    };
    // The always exposed have event times of their own, without an effect.
    assert_eq!(test(&with)[0][0], test(&columns)[0][0]);
    let own = |columns: &PanelColumns| panel(columns, Layout::Unbalanced).unwrap();
    let options = interacting(Inference::Analytic);
    let test = |columns: &PanelColumns| {
        randomise_sun_abraham(&own(columns), &[], &options, &drawn(100)).unwrap()
    };
    // References have no p-value, and NaN is not equal to itself.
    assert_eq!(
        format!("{:?}", test(&with)),
        format!("{:?}", test(&columns))
    );
}
