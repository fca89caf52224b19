//! The strongest check of the standard errors: an estimate is a function of the units' weights, and ψ is its derivative.
//!
//! Each unit's weight is moved up and down a little and everything is estimated again; nothing of the formulas of the influence
//! functions enters.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;

use super::{Case, LAYOUTS, any_case, cases};
use crate::Estimate;
use crate::group_time::{Aggregate, AggregateOptions, AttGtResult, aggregate};
use crate::panel::{Layout, PanelColumns};

const KINDS: [Aggregate; 4] = [
    Aggregate::Simple,
    Aggregate::Group,
    Aggregate::Dynamic,
    Aggregate::Calendar,
];

/// Relative change of a weight.
const STEP: f64 = 1e-4;

/// The comparisons, or averages over them.
fn estimates(result: &AttGtResult, kind: Option<Aggregate>) -> Vec<Estimate> {
    let Some(kind) = kind else {
        return result.rows.iter().map(|row| row.estimate).collect();
    };
    let options = AggregateOptions {
        kind,
        min_e: None,
        max_e: None,
        balance_e: None,
        level: 0.95,
        seed: 1,
    };
    let averages = aggregate(result, &options).unwrap();
    let overall = std::iter::once(averages.overall.estimate);
    overall
        .chain(averages.rows.iter().map(|row| row.estimate))
        .collect()
}

/// Compares every standard error with the root of the sum of squared derivatives, summed within clusters first.
fn check(case: &Case, kind: Option<Aggregate>) -> TestCaseResult {
    let mut columns = case.columns();
    let n_rows = columns.unit.len();
    let base = columns
        .weight
        .get_or_insert_with(|| vec![1.0; n_rows])
        .clone();
    // With cross-sections every row is a unit.
    let unit_of = |row: usize| match case.layout {
        Layout::CrossSections => row,
        _ => columns.unit[row] as usize,
    };
    let n_units = (0..n_rows).map(unit_of).max().unwrap() + 1;
    let mut cluster_of: Vec<usize> = (0..n_units).collect();
    for row in 0..n_rows {
        if let Some(codes) = &columns.cluster {
            cluster_of[unit_of(row)] = codes[row] as usize;
        }
    }
    let expected = estimates(&case.estimate(columns.clone()).unwrap(), kind);
    let moved = |unit: usize, factor: f64| {
        let weight = base.iter().enumerate();
        let weight = weight.map(|(row, w)| if unit_of(row) == unit { w * factor } else { *w });
        let columns = PanelColumns {
            weight: Some(weight.collect()),
            ..columns.clone()
        };
        estimates(&case.estimate(columns).unwrap(), kind)
    };
    let mut derivatives = vec![vec![0.0; n_units]; expected.len()];
    for (unit, &cluster) in cluster_of.iter().enumerate() {
        let (up, down) = (moved(unit, 1.0 + STEP), moved(unit, 1.0 - STEP));
        for (index, sums) in derivatives.iter_mut().enumerate() {
            sums[cluster] += (up[index].estimate - down[index].estimate) / (2.0 * STEP);
        }
    }
    let mut n_compared = 0;
    for (estimate, sums) in expected.iter().zip(derivatives) {
        if estimate.std_error.is_finite() {
            n_compared += 1;
            let error = sums.iter().map(|sum| sum * sum).sum::<f64>().sqrt();
            let ratio = estimate.std_error / error;
            prop_assert!(
                (ratio - 1.0).abs() < 1e-5,
                "{} {:?} {:?}",
                ratio,
                estimate,
                case
            );
        }
    }
    prop_assert!(n_compared > 0, "{:?}", case);
    Ok(())
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn errors_are_what_moving_the_weights_gives(case in any_case(), n_units in 50..60_usize) {
        check(&Case { n_units, ..case }, None)?;
    }
}

proptest! {
    #![proptest_config(cases(6))]

    #[test]
    fn so_are_errors_of_averages(
        case in any_case(),
        layout in select(&LAYOUTS[..3]),
        kind in select(&KINDS[..]),
    ) {
        check(&Case { n_units: 50, layout, ..case }, Some(kind))?;
    }
}
