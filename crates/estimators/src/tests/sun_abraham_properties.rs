//! What must hold for interaction-weighted event studies of any data, and what is refused.

use std::collections::BTreeSet;

use super::golden::{Data, close};
use super::group_time::columns;
use super::properties::{permute, shuffled, small};
use super::sun_abraham::{ALL, fit};
use crate::panel::{Layout, NEVER, Panel, PanelColumns, PanelOptions};
use crate::sun_abraham::{CohortEffect, SunAbrahamOptions, SunAbrahamResult, sun_abraham};
use crate::{EstimatorError, Status};

const SPECS: [(&str, &str); 4] = [
    ("s1_staggered", "outcome=cost"),
    (
        "s1_staggered",
        "outcome=cost;weight=w_tv;cluster=worksite_id",
    ),
    ("s2_unbalanced", "outcome=cost;weight=w_tv"),
    ("s4_edges", "outcome=cost;cluster=worksite_id"),
];

fn rows(result: &SunAbrahamResult) -> impl Iterator<Item = &CohortEffect> {
    let averages = [&result.overall].into_iter().chain(&result.event_times);
    averages.chain(&result.cohorts).chain(&result.cells)
}

/// Bit patterns of everything a result shows.
fn bits(result: &SunAbrahamResult) -> Vec<u64> {
    let numbers = rows(result).map(|row| row.estimate);
    numbers
        .flat_map(|e| [e.estimate, e.std_error, e.p_value, e.band_low])
        .map(f64::to_bits)
        .collect()
}

#[test]
fn row_order_cluster_codes_and_threads_do_not_change_a_bit() {
    for (name, spec) in SPECS {
        let columns = columns(&Data::sim(name), spec);
        let mut other = permute(&columns, &shuffled(columns.unit.len()));
        for code in other.cluster.iter_mut().flatten() {
            *code = 1_000 - *code;
        }
        let with = |columns: PanelColumns, threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| bits(&fit(columns)))
        };
        assert_eq!(with(columns, 1), with(other, 3), "{spec}");
    }
}

#[test]
fn many_units_in_several_blocks_do_not_depend_on_threads() {
    let data = columns(&Data::sim("s2_unbalanced"), "outcome=cost;weight=w");
    let mut many = data.clone();
    for copy in 1..40 {
        many.unit
            .extend(data.unit.iter().map(|unit| unit + copy * 100_000));
        many.time.extend_from_slice(&data.time);
        many.cohort.extend_from_slice(&data.cohort);
        let shift = |value: &f64| value * (1.0 + 0.01 * copy as f64);
        many.outcome.extend(data.outcome.iter().map(shift));
        let weights = many.weight.as_mut().unwrap();
        weights.extend_from_slice(data.weight.as_ref().unwrap());
    }
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| bits(&fit(many.clone())))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn labels_shifts_and_scales_do_not_matter() {
    for (name, spec) in SPECS {
        let columns = columns(&Data::sim(name), spec);
        let expected = fit(columns.clone());
        let mut other = columns;
        for unit in &mut other.unit {
            *unit = (*unit * 7_919) % 1_000_003 - 500_000;
        }
        for value in &mut other.outcome {
            *value = 1.0e5 + 3.0 * *value;
        }
        for weight in other.weight.iter_mut().flatten() {
            *weight *= 0.25;
        }
        let found = fit(other);
        for (a, b) in rows(&found).zip(rows(&expected)) {
            let (a, b) = (a.estimate, b.estimate);
            assert!(close(a.estimate, 3.0 * b.estimate, 1e-8), "{spec}");
            let same_error = a.std_error.is_nan() && b.std_error.is_nan();
            assert!(same_error || close(a.std_error, 3.0 * b.std_error, 1e-8));
        }
    }
}

#[test]
fn the_unit_is_the_default_cluster() {
    let data = Data::sim("s2_unbalanced");
    let alone = fit(columns(&data, "outcome=cost;weight=w"));
    let same = fit(columns(&data, "outcome=cost;weight=w;cluster=person_id"));
    assert_eq!(alone.sample.n_clusters, same.sample.n_clusters);
    for (a, b) in rows(&alone).zip(rows(&same)) {
        let same_error = a.estimate.std_error.is_nan() && b.estimate.std_error.is_nan();
        assert!(same_error || close(a.estimate.std_error, b.estimate.std_error, 1e-11));
    }
}

#[test]
fn rows_without_weight_count_and_change_nothing() {
    let spec = "outcome=cost;weight=w_tv;cluster=worksite_id";
    let data = columns(&Data::sim("s1_staggered"), spec);
    let worksites = data.cluster.clone().unwrap();
    let (mut zero, mut gone) = (data.clone(), data);
    // Also all rows of one worksite, which is no cluster then.
    let dropped = |row: usize| row % 7 == 3 || worksites[row] == 5;
    let n_rows = zero.unit.len();
    for row in (0..n_rows).filter(|&row| dropped(row)) {
        zero.weight.as_mut().unwrap()[row] = 0.0;
        gone.outcome[row] = if row % 2 == 0 {
            f64::NAN
        } else {
            f64::INFINITY
        };
    }
    let n_dropped = (0..n_rows).filter(|&row| dropped(row)).count() as u64;
    let (zero, gone) = (fit(zero), fit(gone));
    assert_eq!(
        (zero.n_zero_weight_rows, zero.sample.n_missing_rows),
        (n_dropped, 0)
    );
    assert_eq!(
        (gone.n_zero_weight_rows, gone.sample.n_missing_rows),
        (0, n_dropped)
    );
    assert_eq!(zero.n_obs, n_rows as u64 - n_dropped);
    assert_eq!(
        (zero.sample.n_units, zero.sample.n_clusters),
        (gone.sample.n_units, 59)
    );
    assert_eq!(bits(&zero), bits(&gone));
}

#[test]
fn units_exposed_throughout_change_nothing() {
    let mut columns = unlinked();
    let without = fit(columns.clone());
    // A period in which no other unit is seen does not count as one.
    for time in 1..=5 {
        columns.unit.push(100);
        columns.time.push(time);
        columns.cohort.push(1);
        columns.outcome.push(f64::from(time * time));
    }
    let with = fit(columns);
    assert_eq!(
        (with.sample.n_always_treated, with.n_obs),
        (1, without.n_obs)
    );
    assert_eq!(with.n_counted, without.n_counted);
    assert_eq!(bits(&with), bits(&without));
}

#[test]
fn treated_units_are_those_seen_in_the_cells() {
    let columns = columns(&Data::sim("s2_unbalanced"), "outcome=cost");
    let count = |is_in: &dyn Fn(i32) -> bool| {
        let rows = (0..columns.unit.len()).filter(|&row| {
            let label = Some(columns.cohort[row]).filter(|&label| label != NEVER);
            let at = label.map(|label| columns.time[row] - label);
            columns.outcome[row].is_finite() && at.is_some_and(is_in)
        });
        rows.map(|row| columns.unit[row])
            .collect::<BTreeSet<_>>()
            .len() as u64
    };
    let result = fit(columns.clone());
    assert_eq!(result.overall.estimate.n_treated, count(&|at| at >= 0));
    for row in &result.event_times {
        let at = row.event_time.unwrap();
        assert_eq!(row.estimate.n_treated, count(&|other| other == at));
    }
}

/// Cohort 3 with a gap in what its units share, never treated units throughout, periods 1 to 4.
fn unlinked() -> PanelColumns {
    let mut rows = Vec::new();
    for unit in 0..12_i64 {
        for time in 1..=4_i32 {
            let value = (unit * unit % 7) as f64 + f64::from(time * time) / (1.0 + unit as f64);
            let cohort = match unit {
                0..4 => Some(3),
                4..8 => Some(4),
                _ => None,
            };
            // Units 0 and 1 are seen before exposure, 2 and 3 after it.
            let is_seen = match unit {
                0 | 1 => time < 3,
                2 | 3 => time >= 3,
                _ => true,
            };
            if is_seen {
                rows.push((unit, time, cohort, value));
            }
        }
    }
    small(&rows)
}

#[test]
fn effects_without_a_link_to_the_reference_are_not_made_up() {
    let result = fit(unlinked());
    let status = |cohort: i32, at: i32| {
        let is_it = |row: &&CohortEffect| (row.cohort, row.event_time) == (Some(cohort), Some(at));
        let row = result.cells.iter().find(is_it).unwrap();
        (row.estimate.status, row.estimate.estimate.is_nan())
    };
    assert_eq!(status(3, 0), (Status::NotIdentified, true));
    assert_eq!(status(3, 1), (Status::NotIdentified, true));
    assert_eq!(status(3, -2), (Status::TooFew, false));
    assert_eq!(status(4, 0), (Status::TooFew, false));
    // The average over both cohorts leaves one out and says so; cohort 4 alone carries it.
    let overall = result.overall.estimate;
    assert_eq!(
        (overall.status, overall.n_treated),
        (Status::NotIdentified, 4)
    );
    let at_one = result
        .event_times
        .iter()
        .find(|row| row.event_time == Some(1))
        .unwrap();
    assert!(at_one.estimate.estimate.is_nan());
    assert_eq!(at_one.estimate.status, Status::NotIdentified);
    // Three free periods of two profiles, two of cohort 3, less three of the period effects, and four periods.
    assert_eq!(result.n_counted, 3 + 3 + 2 - 3 + 4);
}

#[test]
fn never_treated_identify_only_the_periods_they_link() {
    let mut columns = unlinked();
    // Never treated units seen in two periods each, never across the second and third one.
    for row in 0..columns.unit.len() {
        let is_before = columns.time[row] < 3;
        let is_even = columns.unit[row] % 2 == 0;
        if columns.cohort[row] == NEVER && is_before != is_even {
            columns.outcome[row] = f64::NAN;
        }
    }
    let result = fit(columns);
    let known = result
        .cells
        .iter()
        .filter(|cell| !cell.estimate.estimate.is_nan());
    let known: Vec<_> = known.map(|cell| (cell.cohort, cell.event_time)).collect();
    // From the first to the second period for cohort 3, from the third to the fourth for cohort 4.
    assert_eq!(known, [(Some(3), Some(-2)), (Some(4), Some(0))]);
    let overall = result.overall.estimate;
    assert_eq!(
        (overall.status, overall.n_treated),
        (Status::NotIdentified, 4)
    );
}

#[test]
fn cohorts_seen_only_after_exposure_are_left_out_and_counted() {
    let mut columns = unlinked();
    for row in 0..columns.unit.len() {
        if columns.cohort[row] == 3 && columns.time[row] < 3 {
            columns.outcome[row] = f64::NAN;
        }
    }
    let result = fit(columns);
    assert_eq!(
        (result.sample.n_always_treated, result.sample.n_units),
        (2, 8)
    );
    assert!(result.cells.iter().all(|cell| cell.cohort == Some(4)));
    assert_eq!(result.n_obs, 32);
}

#[test]
fn one_cluster_has_effects_without_errors() {
    let mut columns = unlinked();
    columns.cluster = Some(vec![5; columns.unit.len()]);
    let result = fit(columns);
    let zero = result
        .event_times
        .iter()
        .find(|row| row.event_time == Some(0))
        .unwrap();
    assert!(zero.estimate.estimate.is_finite() && zero.estimate.std_error.is_nan());
    assert!(zero.estimate.p_value.is_nan() && zero.estimate.conf_low.is_nan());
    assert!(zero.estimate.band_low.is_nan());
    assert_eq!(zero.estimate.n_clusters, 1);
}

#[test]
fn few_clusters_are_said_and_no_band_is_narrower_than_an_interval() {
    let spec = "outcome=cost;cluster=worksite_id";
    let columns = columns(&Data::sim("s6_few_clusters"), spec);
    let layout = Layout::Unbalanced;
    let panel = Panel::try_new(&columns, PanelOptions { layout }).unwrap();
    let one_row = SunAbrahamOptions {
        min_e: Some(0),
        max_e: Some(0),
        ..ALL
    };
    let result = sun_abraham(&panel, &one_row).unwrap();
    assert_eq!(result.df, 7.0);
    assert_eq!(result.overall.estimate.status, Status::FewClusters);
    // The normal quantile of one row is 1.96, that of t with seven degrees of freedom is wider.
    assert!(result.band.unwrap().critical_value < 1.97);
    let row = result.event_times[0].estimate;
    let used = (row.band_high - row.estimate) / row.std_error;
    assert!(close(used, 2.364_624_251_592_784, 1e-8));
}

#[test]
fn few_clusters_of_one_cohort_or_in_all_are_told_apart() {
    let spec = "outcome=cost;cluster=worksite_id";
    let mut columns = columns(&Data::sim("s4_edges"), spec);
    // Cohort 2020 lies in one worksite of many, all cohorts together in enough.
    let result = fit(columns.clone());
    let of_cohort = result
        .cohorts
        .iter()
        .find(|row| row.cohort == Some(2020))
        .unwrap();
    assert_eq!(of_cohort.estimate.status, Status::FewClusters);
    assert_eq!(result.overall.estimate.status, Status::Ok);
    // Every cohort in all of nine clusters.
    columns.cluster = Some(columns.unit.iter().map(|unit| (unit % 9) as u32).collect());
    assert_eq!(fit(columns).overall.estimate.status, Status::FewClusters);
}

#[test]
fn a_cohort_without_rows_after_exposure_says_so() {
    let mut columns = unlinked();
    for row in 0..columns.unit.len() {
        if columns.time[row] >= columns.cohort[row].min(9) {
            columns.outcome[row] = f64::NAN;
        }
    }
    let result = fit(columns);
    assert_eq!(result.overall.estimate.status, Status::NoPostPeriod);
    assert!(result.overall.estimate.estimate.is_nan());
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let refusal = |columns: PanelColumns, layout| {
        let panel = Panel::try_new(&columns, PanelOptions { layout }).unwrap();
        sun_abraham(&panel, &ALL).unwrap_err()
    };
    let layout = Layout::Unbalanced;
    let crossed = refusal(unlinked(), Layout::CrossSections);
    assert!(matches!(
        crossed,
        EstimatorError::BadOption {
            option: "panel",
            ..
        }
    ));
    let mut columns = unlinked();
    columns.cohort.fill(NEVER);
    assert_eq!(refusal(columns, layout), EstimatorError::NoCohort);
    let mut columns = unlinked();
    for cohort in columns.cohort.iter_mut().filter(|cohort| **cohort != NEVER) {
        *cohort = 1;
    }
    assert_eq!(refusal(columns, layout), EstimatorError::NoCohort);
    let two_rows = small(&[(1, 1, Some(2), 1.0), (2, 2, None, 2.0)]);
    let none_left = EstimatorError::NoDegreesOfFreedom {
        n_coefficients: 2,
        n_obs: 2,
    };
    assert_eq!(refusal(two_rows, layout), none_left);
    let mut columns = unlinked();
    columns.time[1] = 1;
    let twice = Panel::try_new(&columns, PanelOptions { layout }).unwrap_err();
    assert_eq!(twice, EstimatorError::DuplicateRows { n_duplicates: 1 });
}
