//! What is refused, what is left out and counted, and what cannot be estimated; worked out by hand where possible.

use super::properties::bits;
use super::{ALL, at, columns, window};
use crate::imputation::{ImputationColumns, ImputationOptions, did_imputation};
use crate::panel::{MISSING_CODE, NEVER};
use crate::regression::Column;
use crate::tests::golden::Data;
use crate::tests::properties::small;
use crate::{EstimatorError, Status};

/// Unit, period, cohort, outcome.
type Row = (i64, i32, Option<i32>, f64);

fn only(rows: &[Row]) -> ImputationColumns {
    ImputationColumns {
        panel: small(rows),
        ..ImputationColumns::default()
    }
}

/// Two units exposed in period 2 that change by 5 and 7, two never exposed that change by 1 and 3.
const TWO_BY_TWO: [Row; 8] = [
    (1, 1, Some(2), 10.0),
    (1, 2, Some(2), 15.0),
    (2, 1, Some(2), 12.0),
    (2, 2, Some(2), 19.0),
    (3, 1, None, 8.0),
    (3, 2, None, 9.0),
    (4, 1, None, 6.0),
    (4, 2, None, 9.0),
];

fn refusal(columns: ImputationColumns) -> EstimatorError {
    did_imputation(columns, &ALL).unwrap_err()
}

#[test]
fn two_periods_are_worked_out_by_hand() {
    let result = did_imputation(only(&TWO_BY_TWO), &ALL).unwrap();
    let [overall, event] = result.rows.as_slice() else {
        panic!("two rows")
    };
    for row in [overall, event] {
        // 6 − 2. Each of the four units contributes ±1/2: the exposed half their distance of 1 from the mean, the others
        // half the distance of their change from 2.
        assert!((row.estimate.estimate - 4.0).abs() < 1e-12, "{row:?}");
        assert!((row.estimate.std_error - 1.0).abs() < 1e-12, "{row:?}");
        assert_eq!((row.estimate.n_treated, row.estimate.n_control), (2, 2));
        assert_eq!(
            (row.estimate.n_units, row.estimate.status),
            (4, Status::TooFew)
        );
    }
    assert_eq!((overall.event_time, event.event_time), (None, Some(0)));
    assert_eq!(
        (result.sample.n_untreated_rows, result.sample.n_treated_rows),
        (6, 2)
    );
}

#[test]
fn bad_rows_are_refused_with_counts() {
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.time[1] = 1;
    assert_eq!(
        refusal(columns),
        EstimatorError::DuplicateRows { n_duplicates: 1 }
    );
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.cohort[5] = 2;
    assert_eq!(
        refusal(columns),
        EstimatorError::CohortVaries { n_units: 1 }
    );
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.cluster = Some(vec![0, 0, 1, 2, 3, 3, 4, 5]);
    assert_eq!(
        refusal(columns),
        EstimatorError::ClusterVaries { n_units: 2 }
    );
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.weight = Some(vec![1.0, 1.0, -1.0, 1.0, 1.0, -2.0, 1.0, 1.0]);
    assert_eq!(
        refusal(columns),
        EstimatorError::NegativeWeight { n_rows: 2 }
    );
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.weight = Some(vec![0.0; 8]);
    assert_eq!(refusal(columns), EstimatorError::ZeroWeights);
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.outcome.fill(f64::NAN);
    assert_eq!(
        refusal(columns),
        EstimatorError::NoRows {
            n_rows: 8,
            n_missing: 8
        }
    );
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.cohort.fill(NEVER);
    assert_eq!(refusal(columns), EstimatorError::NoCohort);
    let mut columns = only(&TWO_BY_TWO);
    columns.covariates = vec![("x".to_owned(), Column::Numeric(vec![1.0; 7]))];
    let expected = (7, 8);
    assert!(matches!(
        refusal(columns),
        EstimatorError::LengthMismatch { found, expected: all, .. } if (found, all) == expected
    ));
    assert_eq!(
        refusal(ImputationColumns::default()),
        EstimatorError::NoRows {
            n_rows: 0,
            n_missing: 0
        }
    );
}

#[test]
fn impossible_options_are_refused() {
    let run = |options| did_imputation(only(&TWO_BY_TWO), &options).unwrap_err();
    let option = |error| match error {
        EstimatorError::BadOption { option, .. } => option,
        _ => "another error",
    };
    assert_eq!(option(run(window(2, 1))), "window");
    assert_eq!(
        option(run(ImputationOptions { level: 1.0, ..ALL })),
        "level"
    );
    // The ends of the range are no overflow. With one period before, the indicator of −1 is the unit effect.
    let result = did_imputation(only(&TWO_BY_TWO), &window(i32::MIN, i32::MAX)).unwrap();
    assert_eq!(result.rows.len(), 3);
    assert_eq!(at(&result, Some(-1)).unwrap().status, Status::Collinear);
}

#[test]
fn what_is_missing_is_left_out_and_counted() {
    let data = Data::sim("s1_staggered");
    let spec =
        "outcome=cost;weight=w;cluster=worksite_id;unit_effect=worksite_id;covariates=sleep_hours";
    let mut holes = columns(&data, spec);
    holes.panel.outcome[0] = f64::NAN;
    holes.panel.outcome[1] = f64::INFINITY;
    holes.panel.weight.as_mut().unwrap()[2] = f64::NAN;
    holes.panel.cluster.as_mut().unwrap()[3] = MISSING_CODE;
    holes.unit_effect.as_mut().unwrap()[4] = MISSING_CODE;
    let (_, Column::Numeric(sleep)) = &mut holes.covariates[0] else {
        panic!("numbers")
    };
    sleep[5] = f64::NEG_INFINITY;
    holes.panel.weight.as_mut().unwrap()[6] = 0.0;
    let result = did_imputation(holes, &window(-2, 3)).unwrap();
    let sample = &result.sample;
    assert_eq!(sample.n_rows_in, 12_000);
    assert_eq!((sample.n_missing_rows, sample.n_zero_weight_rows), (6, 1));
    assert_eq!(sample.n_untreated_rows + sample.n_treated_rows, 12_000 - 7);
    let without = columns(&data.filter(|row| row > 6), spec);
    let expected = did_imputation(without, &window(-2, 3)).unwrap();
    assert_eq!(bits(&result), bits(&expected));
}

#[test]
fn rows_without_an_untreated_unit_or_period_are_left_out() {
    // Unit 1 is always treated; in period 3 no unit is untreated.
    let rows: Vec<Row> = (1..=12)
        .flat_map(|unit| {
            let cohort = if unit == 1 { 1 } else { 2 + (unit % 2) as i32 };
            (1..=3).map(move |time| {
                (
                    unit,
                    time,
                    Some(cohort),
                    (unit * 3 % 7) as f64 + f64::from(time),
                )
            })
        })
        .collect();
    let result = did_imputation(only(&rows), &ALL).unwrap();
    let event_times: Vec<_> = result.rows.iter().map(|row| row.event_time).collect();
    assert_eq!(event_times, [None, Some(0), Some(1), Some(2)]);
    // Left out: three rows of unit 1, and all others in period 3.
    assert_eq!(result.sample.n_rows_without_untreated, 3 + 11);
    assert_eq!((result.sample.n_units, result.sample.n_clusters), (11, 11));
    for event_time in [Some(1), Some(2)] {
        let row = at(&result, event_time).unwrap();
        assert_eq!(
            (row.status, row.n_treated, row.n_control),
            (Status::NotIdentified, 0, 0)
        );
        assert!(row.estimate.is_nan() && row.std_error.is_nan() && row.conf_low.is_nan());
    }
    // Exposed in period 2 are the six even units; the five odd ones are untreated then.
    let row = at(&result, Some(0)).unwrap();
    assert_eq!((row.n_treated, row.n_control), (6, 5));
    assert!(row.estimate.abs() < 1e-12);
}

#[test]
fn without_untreated_units_nothing_is_identified() {
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.cohort.fill(1);
    let result = did_imputation(columns, &window(-2, 2)).unwrap();
    assert_eq!(result.rows.len(), 3);
    assert!(
        result
            .rows
            .iter()
            .all(|row| row.estimate.status == Status::NotIdentified)
    );
    assert_eq!(
        (
            result.sample.n_rows_without_untreated,
            result.sample.n_units
        ),
        (8, 0)
    );
    assert_eq!(result.band, None);
}

#[test]
fn periods_that_nothing_links_are_not_compared() {
    // Untreated rows link periods 1 and 2, and 3 and 4; unit 1 is untreated in 1 and treated in 2 and 3.
    let rows = [
        (1, 1, Some(2), 1.0),
        (1, 2, Some(2), 4.0),
        (1, 3, Some(2), 9.0),
        (2, 1, None, 1.0),
        (2, 2, None, 2.0),
        (3, 3, None, 5.0),
        (3, 4, None, 5.0),
    ];
    let result = did_imputation(only(&rows), &ALL).unwrap();
    assert_eq!(
        (
            result.sample.n_rows_not_connected,
            result.sample.n_rows_without_untreated
        ),
        (1, 0)
    );
    assert_eq!(at(&result, Some(0)).unwrap().estimate, 2.0);
    assert_eq!(at(&result, Some(1)).unwrap().status, Status::NotIdentified);
    assert_eq!(at(&result, None).unwrap().estimate, 2.0);
}

#[test]
fn links_of_vanishing_weight_are_refused() {
    let link = |weight: f64| {
        let rows = [
            (1, 1, None, 1.0),
            (1, 2, None, 2.0),
            (2, 2, None, 2.0),
            (2, 3, None, 4.0),
            (3, 3, None, 5.0),
            (3, 4, None, 5.0),
            (4, 1, Some(4), 0.0),
            (4, 4, Some(4), 9.0),
        ];
        let mut columns = only(&rows);
        columns.panel.weight = Some(vec![1.0, 1.0, weight, weight, 1.0, 1.0, 1.0, 1.0]);
        did_imputation(columns, &ALL)
    };
    assert_eq!(link(1e-14).unwrap_err(), EstimatorError::VanishingLinks);
    // The path from period 1 to 4 is 1 + 2 + 0, so that 3 is predicted for unit 4.
    let row = at(&link(1e-3).unwrap(), Some(0)).unwrap();
    assert!((row.estimate - 6.0).abs() < 1e-9, "{row:?}");
}

#[test]
fn covariates_never_seen_untreated_are_not_extrapolated() {
    let data = Data::sim("s1_staggered");
    let plain = columns(&data, "outcome=cost");
    // A level that only treated rows of every seventh row have.
    let is_treated = |row: usize| plain.panel.time[row] >= plain.panel.cohort[row];
    let new: Vec<bool> = (0..plain.panel.unit.len())
        .map(|row| is_treated(row) && row % 7 == 0)
        .collect();
    let n_new = new.iter().filter(|&&is_new| is_new).count() as u64;
    let flag = |is_new: &bool| f64::from(u8::from(*is_new));
    let text = Column::Categorical {
        codes: new.iter().map(|&is_new| u32::from(is_new)).collect(),
        labels: vec!["known".to_owned(), "new".to_owned()],
    };
    let without = data.filter(|row| !new[row]);
    let expected = did_imputation(columns(&without, "outcome=cost"), &ALL).unwrap();
    for covariate in [text, Column::Numeric(new.iter().map(flag).collect())] {
        let mut with = plain.clone();
        with.covariates = vec![("place".to_owned(), covariate)];
        let result = did_imputation(with, &ALL).unwrap();
        assert_eq!(result.sample.n_rows_with_unseen_covariates, n_new);
        assert_eq!(result.sample.collinear, ["place"]);
        for (found, expected) in result.rows.iter().zip(&expected.rows) {
            let (a, b) = (found.estimate, expected.estimate);
            assert!((a.estimate - b.estimate).abs() < 1e-9 * b.estimate.abs());
            assert!((a.std_error - b.std_error).abs() < 1e-9 * b.std_error);
        }
    }
}

#[test]
fn leads_that_explain_each_other_have_no_coefficient() {
    // Every unit is exposed in the end: all leads together are a unit effect, and a line through them a trend.
    let data = Data::sim("s4_edges");
    let columns = columns(
        &data,
        "outcome=cost;filter=sample_no_never=1;cluster=worksite_id",
    );
    let result = did_imputation(columns.clone(), &window(-9, -1)).unwrap();
    assert_eq!(result.rows.len(), 1 + 7);
    assert!(
        result.rows[1..]
            .iter()
            .all(|row| row.estimate.status == Status::Collinear)
    );
    assert!(
        result.rows[1..]
            .iter()
            .all(|row| row.estimate.estimate.is_nan())
    );
    let some = did_imputation(columns, &window(-3, -1)).unwrap();
    assert!(
        some.rows[1..]
            .iter()
            .all(|row| row.estimate.std_error > 0.0)
    );
}

#[test]
fn one_cluster_has_an_estimate_without_error() {
    let data = Data::sim("s1_staggered");
    let mut columns = columns(&data, "outcome=cost;weight=w_tv");
    let expected = did_imputation(columns.clone(), &window(-2, 5)).unwrap();
    columns.panel.cluster = Some(vec![3; columns.panel.unit.len()]);
    let result = did_imputation(columns, &window(-2, 5)).unwrap();
    for (row, expected) in result.rows.iter().zip(&expected.rows) {
        assert!((row.estimate.estimate - expected.estimate.estimate).abs() < 1e-9);
        assert!(row.estimate.std_error.is_nan(), "{row:?}");
        assert_eq!(
            (row.estimate.status, row.estimate.n_clusters),
            (Status::NoVariance, 1)
        );
    }
    assert_eq!(result.band, None);
}

#[test]
fn few_clusters_behind_a_cohort_are_reported() {
    let data = Data::sim("s1_staggered");
    let mut all = columns(&data, "outcome=cost;cluster=worksite_id");
    // Enough clusters to begin with: four units each.
    all.panel.cluster = Some(
        all.panel
            .unit
            .iter()
            .map(|unit| (unit / 4) as u32)
            .collect(),
    );
    let statuses = |columns: &ImputationColumns| -> Vec<Status> {
        let result = did_imputation(columns.clone(), &window(-2, 4)).unwrap();
        result.rows.iter().map(|row| row.estimate.status).collect()
    };
    assert!(statuses(&all).iter().all(|&status| status == Status::Ok));
    // Each cohort in one cluster of its own: four clusters at event time 0, and nothing of the effects' own spread left.
    let mut torn = all.clone();
    let clusters = torn.panel.cluster.as_mut().unwrap();
    for (cluster, cohort) in clusters.iter_mut().zip(&torn.panel.cohort) {
        if *cohort != NEVER {
            *cluster = 1_000 + *cohort as u32;
        }
    }
    assert!(
        statuses(&torn)
            .iter()
            .all(|&status| status == Status::FewClusters)
    );
    // Only the cohort of 2018 in two clusters, the others as they are: it carries too much of the weight at event
    // time 4 (cohorts 2018 and 2019), but there are more than five clusters.
    let mut part = all.clone();
    let clusters = part.panel.cluster.as_mut().unwrap();
    for (cluster, cohort) in clusters.iter_mut().zip(&part.panel.cohort) {
        if *cohort == 2018 {
            *cluster = 1_000 + *cluster % 2;
        }
    }
    let result = did_imputation(part, &window(-2, 4)).unwrap();
    assert_eq!(at(&result, Some(4)).unwrap().status, Status::FewClusters);
    assert_eq!(at(&result, Some(-1)).unwrap().status, Status::Ok);
}

#[test]
fn more_levels_than_a_dense_system_holds_are_refused() {
    let data = Data::sim("s1_staggered");
    let mut columns = columns(&data, "outcome=cost");
    let n_rows = columns.panel.unit.len();
    let codes = (0..n_rows).map(|row| row as u32 % 1_200).collect();
    let labels = (0..1_200).map(|label| label.to_string()).collect();
    columns.covariates = vec![("place".to_owned(), Column::Categorical { codes, labels })];
    assert!(matches!(
        refusal(columns),
        EstimatorError::TooMany {
            found: 1_207,
            limit: 1_000,
            ..
        }
    ));
}

#[test]
fn distant_cohorts_do_not_overflow() {
    let mut columns = only(&TWO_BY_TWO);
    columns.panel.cohort[4..6].fill(i32::MAX - 1);
    let result = did_imputation(columns.clone(), &window(-2, 2)).unwrap();
    assert!((at(&result, Some(0)).unwrap().estimate - 4.0).abs() < 1e-12);
    columns.panel.cohort[4..6].fill(i32::MIN);
    assert!(matches!(refusal(columns), EstimatorError::TooMany { .. }));
}

#[test]
fn overflowing_outcomes_do_not_panic() {
    let mut columns = only(&TWO_BY_TWO);
    columns
        .panel
        .outcome
        .iter_mut()
        .for_each(|value| *value *= 1e307);
    let result = did_imputation(columns.clone(), &window(-2, 2));
    assert!(result.is_ok());
    columns.covariates = vec![(
        "x".to_owned(),
        Column::Numeric(vec![1e308, -1e308, 1e308, 0.0, 1.0, 1e308, 3.0, 1e300]),
    )];
    let _ = did_imputation(columns, &window(-2, 2));
}
