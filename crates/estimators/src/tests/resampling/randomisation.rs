//! Randomisation tests against the golden numbers and against what is known of them.

use super::{Dice, OPTIONS, averages, filter, panel, uneven, world};
use crate::EstimatorError;
use crate::group_time::{Aggregate, AttGtOptions, BasePeriod, randomise, randomise_averages};
use crate::inference::{Randomisation, RandomisationTest, TestStatistic, strata_of_clusters};
use crate::panel::{Layout, MISSING_CODE, NEVER, PanelColumns};
use crate::sensitivity::two_group_randomisation;
use crate::tests::golden::{Data, expected_in, inference, key};

fn drawn(n_draws: u32) -> Randomisation {
    Randomisation {
        n_draws,
        seed: 1,
        strata: None,
        statistic: TestStatistic::Studentised,
    }
}

/// The overall test of the mean effect.
fn overall(
    columns: &PanelColumns,
    randomisation: &Randomisation,
) -> Result<RandomisationTest, EstimatorError> {
    let own = panel(columns, Layout::Pairs)?;
    let kind = averages(Aggregate::Simple);
    Ok(randomise_averages(&own, &[], &OPTIONS, &kind, randomisation)?[0][0])
}

#[test]
fn p_values_of_all_assignments_match_the_reference() {
    let data = Data::read(&inference().join("data/crt1.parquet"));
    let sites: Vec<i64> = data.column("site_id").iter().map(|&id| id as i64).collect();
    let treated = data.column("treated");
    let mut n_compared = 0;
    for row in expected_in(&inference(), "randomisation") {
        let outcome = data.column(key(&row.row, "outcome").unwrap());
        let statistic = match key(&row.spec, "statistic").unwrap() {
            "abs_t_CR1" => TestStatistic::Studentised,
            "abs_difference_in_means" => TestStatistic::Estimate,
            other => panic!("unknown statistic {other}"),
        };
        let randomisation = Randomisation {
            statistic,
            ..drawn(1_000)
        };
        let test = two_group_randomisation(&outcome, &treated, &sites, &randomisation).unwrap();
        assert_eq!((test.n_assignments, test.is_exhaustive), (924, true));
        // The same as an effect between a period in which all are zero and one with the outcome.
        let n = outcome.len();
        let twice = |own: &dyn Fn(usize) -> i64| (0..2 * n).map(|row| own(row % n)).collect();
        let panel_columns = PanelColumns {
            unit: twice(&|row| row as i64),
            time: (0..2 * n).map(|row| i32::from(row >= n)).collect(),
            cohort: (0..2 * n)
                .map(|row| if treated[row % n] == 1.0 { 1 } else { NEVER })
                .collect(),
            outcome: (0..2 * n)
                .map(|row| if row < n { 0.0 } else { outcome[row - n] })
                .collect(),
            cluster: Some((0..2 * n).map(|row| sites[row % n] as u32).collect()),
            ..PanelColumns::default()
        };
        let effect = overall(&panel_columns, &randomisation).unwrap();
        for found in [test, effect] {
            let found = match row.quantity.as_str() {
                "p_value" => found.p_value,
                "p_value_strict" => found.p_value_strict,
                other => panic!("unknown quantity {other}"),
            };
            assert!(
                (found - row.value.unwrap()).abs() < 1e-12,
                "{}: {found}",
                row.label()
            );
        }
        n_compared += 1;
    }
    assert_eq!(n_compared, 16);
}

/// Nine clusters of two cohorts and the never exposed.
fn nine() -> PanelColumns {
    let cohorts = [2, 2, 3, 3, 3, NEVER, NEVER, NEVER, NEVER];
    let clusters: Vec<(i32, usize)> = (0..9).map(|g| (cohorts[g], 3 + g % 4)).collect();
    world(&clusters, 5, &mut Dice::new(4))
}

#[test]
fn statistics_are_those_of_estimates_with_the_cohorts_handed_out_anew() {
    // 9!/(2! 3! 4!) assignments; the rows of each are estimated from.
    let columns = nine();
    let codes = columns.cluster.clone().unwrap();
    let clusters: Vec<i32> = (0..9)
        .map(|g| columns.cohort[codes.iter().position(|&code| code == g).unwrap()])
        .collect();
    let t = |columns: &PanelColumns| {
        let found = super::average(columns, Layout::Pairs, &OPTIONS, Aggregate::Simple).unwrap();
        found.overall.estimate.statistic.abs()
    };
    let (mut n_all, mut n_beyond) = (0, 0);
    let observed = t(&columns);
    for place in 0..3_u32.pow(9) {
        let labels: Vec<i32> = (0..9)
            .map(|g| [2, 3, NEVER][(place / 3_u32.pow(g) % 3) as usize])
            .collect();
        let n_of = |cohort: i32| labels.iter().filter(|label| **label == cohort).count();
        if (n_of(2), n_of(3)) != (2, 3) {
            continue;
        }
        let mut other = columns.clone();
        for (cohort, code) in other.cohort.iter_mut().zip(&codes) {
            *cohort = labels[*code as usize];
        }
        n_all += 1;
        n_beyond += u32::from(t(&other) >= observed * (1.0 - 1e-9));
    }
    assert_eq!(clusters.len(), 9);
    let found = overall(&columns, &drawn(2_000)).unwrap();
    assert_eq!((n_all, found.n_assignments), (1_260, 1_260));
    assert!((found.p_value - f64::from(n_beyond) / 1_260.0).abs() < 1e-12);
}

#[test]
fn random_assignments_estimate_the_share_of_all() {
    let columns = nine();
    let all = overall(&columns, &drawn(2_000)).unwrap();
    let some = overall(&columns, &drawn(1_000)).unwrap();
    assert!(!some.is_exhaustive);
    assert_eq!(some.n_assignments, 1_001);
    assert!((some.p_value - all.p_value).abs() < 0.05);
    assert_eq!(some, overall(&columns, &drawn(1_000)).unwrap());
    let other = Randomisation {
        seed: 2,
        ..drawn(1_000)
    };
    assert!((overall(&columns, &other).unwrap().p_value - all.p_value).abs() < 0.05);
}

#[test]
fn labels_threads_and_order_do_not_matter() {
    let columns = nine();
    let own = panel(&columns, Layout::Balanced).unwrap();
    let strata = Some(vec![0, 0, 1, 1, 1, 0, 0, 1, 1]);
    let randomisation = Randomisation {
        strata,
        ..drawn(30)
    };
    let options = AttGtOptions {
        base_period: BasePeriod::Varying,
        ..OPTIONS
    };
    let expected = randomise(&own, &[], &options, &randomisation).unwrap();
    assert!(expected[0].iter().any(|test| test.p_value < 1.0));
    let mut other = super::super::properties::permute(
        &columns,
        &super::super::properties::shuffled(columns.unit.len()),
    );
    other
        .cluster
        .iter_mut()
        .flatten()
        .for_each(|code| *code = 20 - *code);
    let strata = (0..21).map(|code| 7 - u32::from([20, 19, 15, 14].contains(&code)));
    let renamed = Randomisation {
        strata: Some(strata.collect()),
        ..randomisation.clone()
    };
    let own = panel(&other, Layout::Balanced).unwrap();
    for n_threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .build()
            .unwrap();
        let found = pool.install(|| randomise(&own, &[], &options, &renamed).unwrap());
        assert_eq!(found, expected);
    }
}

#[test]
fn strata_limit_the_assignments() {
    let columns = nine();
    let strata = Randomisation {
        strata: Some(vec![0, 0, 1, 1, 1, 0, 0, 1, 1]),
        ..drawn(1_000)
    };
    // 4!/(2! 2!) and 5!/(3! 2!)
    assert_eq!(overall(&columns, &strata).unwrap().n_assignments, 60);
    let alone = Randomisation {
        strata: Some((0..9).collect()),
        ..drawn(1_000)
    };
    let found = overall(&columns, &alone).unwrap();
    assert_eq!((found.p_value, found.n_assignments), (1.0, 1));
    let short = Randomisation {
        strata: Some(vec![0; 3]),
        ..drawn(1_000)
    };
    assert!(matches!(
        overall(&columns, &short),
        Err(EstimatorError::BadOption { .. })
    ));
    let clusters = [0, 0, 2, 2, MISSING_CODE, 1];
    let of = |strata: [u32; 6]| strata_of_clusters(&clusters, &strata);
    assert_eq!(
        of([4, 4, 9, 9, 1, MISSING_CODE]),
        Ok(vec![4, MISSING_CODE, 9])
    );
    assert_eq!(
        of([4, 5, 9, 9, 1, 1]),
        Err(EstimatorError::StrataVary { n_clusters: 1 })
    );
}

#[test]
fn awkward_input_is_refused_or_without_a_p_value() {
    let mixed = overall(&uneven(false, false), &drawn(100));
    assert_eq!(
        mixed,
        Err(EstimatorError::CohortVariesInCluster { n_clusters: 1 })
    );
    let columns = nine();
    assert!(overall(&columns, &drawn(0)).is_err());
    let mut constant = columns.clone();
    constant.outcome.fill(2.0);
    assert!(overall(&constant, &drawn(100)).unwrap().p_value.is_nan());
    let mut one = columns.clone();
    one.cluster.iter_mut().flatten().for_each(|code| *code = 0);
    assert!(matches!(
        overall(&one, &drawn(100)),
        Err(EstimatorError::CohortVariesInCluster { .. })
    ));
    // Always exposed units beside others in a cluster vary as well.
    let codes = columns.cluster.clone().unwrap();
    let mut early = columns.clone();
    for (row, &code) in codes.iter().enumerate() {
        if code == 8 && early.unit[row] == early.unit[early.unit.len() - 1] {
            early.cohort[row] = -3;
        }
    }
    assert_eq!(
        overall(&early, &drawn(100)),
        Err(EstimatorError::CohortVariesInCluster { n_clusters: 1 })
    );
    let treated = filter(&columns, |row| columns.cohort[row] == 2);
    assert!(overall(&treated, &drawn(100)).is_err());
}

#[test]
fn true_hypotheses_are_rejected_as_often_as_they_may_be() {
    // Six clusters, two of them exposed: 15 assignments, so that p ≤ 1/15 happens in one of 15 samples.
    let cohorts = [1, 1, NEVER, NEVER, NEVER, NEVER];
    let clusters = cohorts.map(|cohort| (cohort, 3));
    let mut n_least = 0;
    for draw in 0..600 {
        let mut columns = world(&clusters, 2, &mut Dice::new(draw));
        for row in 0..columns.unit.len() {
            if columns.time[row] >= columns.cohort[row] {
                columns.outcome[row] -= 0.3;
            }
        }
        let found = overall(&columns, &drawn(100)).unwrap();
        n_least += u32::from(found.p_value < 1.5 / 15.0);
    }
    // 40 expected, give or take six.
    assert!((22..=58).contains(&n_least), "{n_least}");
}
