//! Leaving out one cluster of group-time effects with covariates: from sums, anew, or to first order.

use super::{
    Dice, OPTIONS, assert_close, average, averages, check_left_out, filter, panel, uneven,
    with_covariate, world,
};
use crate::Status;
use crate::group_time::{Aggregate, AttGtOptions, LeftOut, Method, leave_one_out};
use crate::inference::Inference;
use crate::panel::{Covariate, CovariateValues, Layout, NEVER, PanelColumns};

/// Adds a covariate that changes from row to row and one of three categories, of which one is rare.
fn with_more_covariates(columns: PanelColumns) -> PanelColumns {
    let mut columns = with_covariate(columns);
    let mut dice = Dice::new(12);
    let numbers = columns.unit.iter().map(|_| 100.0 + dice.normal()).collect();
    let code = |unit: &i64| match unit % 11 {
        0 => 2,
        odd if odd % 2 == 1 => 1,
        _ => 0,
    };
    columns.covariates.push(Covariate {
        name: "z".to_owned(),
        values: CovariateValues::Numbers(numbers),
    });
    columns.covariates.push(Covariate {
        name: "kind".to_owned(),
        values: CovariateValues::Categories {
            codes: columns.unit.iter().map(code).collect(),
            labels: ["a", "b", "c"].map(str::to_owned).to_vec(),
        },
    });
    columns
}

/// From sums over clusters, or anew where one cluster leaves too little: the same.
#[test]
fn a_regression_without_a_cluster_is_that_of_the_others() {
    let regression = AttGtOptions {
        method: Method::OutcomeRegression,
        ..OPTIONS
    };
    for (layout, has_holes) in [(Layout::Balanced, false), (Layout::Pairs, true)] {
        for has_weights in [false, true] {
            let columns = uneven(has_holes, has_weights);
            for columns in [
                with_covariate(columns.clone()),
                with_more_covariates(columns),
            ] {
                for kind in [Aggregate::Simple, Aggregate::Dynamic] {
                    check_left_out(&columns, layout, &regression, kind);
                }
            }
        }
    }
}

#[test]
fn with_covariates_estimates_without_a_cluster_are_made_anew() {
    let mut dice = Dice::new(5);
    let clusters: Vec<(i32, usize)> = (0..8)
        .map(|g| (if g < 4 { 2 } else { NEVER }, 15 + g))
        .collect();
    let columns = with_covariate(world(&clusters, 4, &mut dice));
    let regression = AttGtOptions {
        method: Method::OutcomeRegression,
        ..OPTIONS
    };
    check_left_out(&columns, Layout::Balanced, &regression, Aggregate::Group);
    check_left_out(&columns, Layout::Balanced, &OPTIONS, Aggregate::Simple);
}

/// The errors of the jackknife are those of the estimates that `leave_one_out` shows.
fn check_spread(columns: &PanelColumns, options: &AttGtOptions, kind: Aggregate) {
    let own = panel(columns, Layout::Pairs).unwrap();
    let left_out = leave_one_out(&own, &[], options, &averages(kind)).unwrap();
    let jackknife = AttGtOptions {
        inference: Inference::Cr3,
        ..*options
    };
    let found = average(columns, Layout::Pairs, &jackknife, kind).unwrap();
    let n = left_out[0].len() as f64;
    let all = std::iter::once(&found.overall).chain(&found.rows);
    for (index, row) in all.enumerate() {
        if row.estimate.status == Status::BasePeriod {
            continue;
        }
        let changes = left_out[0].iter().map(|own| own.rows[index].change);
        let squares: f64 = changes.map(|change| change * change).sum();
        let expected = ((n - 1.0) / n * squares).sqrt();
        let what = format!("{:?} {kind:?} at {:?}", options.method, row.at);
        assert_close(row.estimate.std_error, expected, &what);
    }
}

/// 130 clusters with a covariate; one of them is a cohort of its own.
fn many_clusters() -> PanelColumns {
    let mut dice = Dice::new(23);
    let cohort = |g: usize| match g {
        0 => 4,
        g => [2, 3, NEVER, NEVER][g % 4],
    };
    let clusters: Vec<(i32, usize)> = (0..130).map(|g| (cohort(g), 3 + g % 5)).collect();
    with_covariate(world(&clusters, 6, &mut dice))
}

#[test]
fn with_covariates_the_jackknife_is_the_spread_of_estimates_without_a_cluster() {
    let of = |method| AttGtOptions { method, ..OPTIONS };
    let few: Vec<(i32, usize)> = (0..9).map(|g| ([2, 3, NEVER][g % 3], 15 + g)).collect();
    let few = with_covariate(world(&few, 5, &mut Dice::new(22)));
    // Without the cluster that is a cohort of its own there is nothing at some event times.
    let many = many_clusters();
    for method in [Method::OutcomeRegression, Method::DoublyRobust] {
        check_spread(&few, &of(method), Aggregate::Dynamic);
        check_spread(&many, &of(method), Aggregate::Simple);
    }
}

#[test]
fn of_many_clusters_what_sums_do_not_tell_is_taken_to_first_order() {
    let columns = many_clusters();
    let codes = columns.cluster.clone().unwrap();
    for kind in [Aggregate::Simple, Aggregate::Group] {
        let own = panel(&columns, Layout::Pairs).unwrap();
        let all = leave_one_out(&own, &[], &OPTIONS, &averages(kind)).unwrap();
        for LeftOut { cluster, rows, .. } in all[0].iter().step_by(13) {
            let rest = filter(&columns, |row| codes[row] != *cluster);
            let rest = average(&rest, Layout::Pairs, &OPTIONS, kind).unwrap();
            for row in rows {
                let mut exact = std::iter::once(&rest.overall).chain(&rest.rows);
                let Some(exact) = exact.find(|own| own.at == row.at) else {
                    assert_eq!((*cluster, row.at), (0, Some(4)));
                    assert_eq!(row.status, Status::NotIdentified);
                    continue;
                };
                let full = row.estimate - row.change;
                let (found, expected) = (row.change, exact.estimate.estimate - full);
                // Clusters are about a hundredth of all, and so is what first order leaves out.
                assert!(
                    (found - expected).abs() < 0.1 * expected.abs() + 5e-4,
                    "{found} {expected}"
                );
                assert_eq!(row.status, Status::NoVariance);
                assert!(row.std_error.is_nan());
            }
        }
    }
}
