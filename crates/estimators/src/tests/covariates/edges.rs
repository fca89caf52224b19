//! Comparisons at the edge: probabilities of treatment near one, covariates without information, tiny groups, few clusters.

use proptest::prelude::*;
use proptest::sample::select;

use super::{
    Case, LAYOUTS, METHODS, Random, any_case, cases, categories_mut, check_same, numbers_mut,
};
use crate::group_time::{
    AttGtOptions, AttGtResult, BasePeriod, Control, GroupTime, Method, att_gt,
};
use crate::imputation::{ImputationColumns, ImputationOptions, did_imputation};
use crate::inference::Inference;
use crate::panel::{
    Covariate, CovariateValues, Layout, MISSING_CODE, NEVER, Panel, PanelColumns, PanelOptions,
};
use crate::{EstimatorError, Status, TOO_FEW_UNITS};

/// Two periods, exposure in the second.
#[derive(Clone, Copy)]
struct Unit {
    is_exposed: bool,
    x: f64,
    change: f64,
}

/// The unit's number and its rows; `extra` adds a never exposed unit seen only in the first period, so that rows are compared
/// with rows where the layout keeps it.
fn two_periods(units: &[Unit], extra: bool) -> PanelColumns {
    let mut columns = PanelColumns::default();
    let mut x = Vec::new();
    let mut add = |number: usize, unit: &Unit, time: i32| {
        columns.unit.push(number as i64);
        columns.time.push(time);
        columns.cohort.push(if unit.is_exposed { 2 } else { NEVER });
        columns
            .outcome
            .push(if time == 2 { unit.change } else { 0.0 });
        x.push(unit.x);
    };
    for (number, unit) in units.iter().enumerate() {
        add(number, unit, 1);
        add(number, unit, 2);
    }
    if extra {
        let unit = Unit {
            is_exposed: false,
            x: 0.0,
            change: 0.0,
        };
        add(units.len(), &unit, 1);
    }
    columns.covariates.push(Covariate {
        name: "x".to_owned(),
        values: CovariateValues::Numbers(x),
    });
    columns
}

pub(super) fn options(method: Method) -> AttGtOptions {
    AttGtOptions {
        method,
        control: Control::NeverTreated,
        base_period: BasePeriod::Varying,
        anticipation: 0,
        level: 0.95,
        seed: 1,
        bootstrap: None,
        inference: Inference::Analytic,
    }
}

fn estimate(
    columns: PanelColumns,
    layout: Layout,
    method: Method,
) -> Result<AttGtResult, EstimatorError> {
    let panel = Panel::try_new(&columns, PanelOptions { layout })?;
    att_gt(&panel, &options(method))
}

fn only_row(columns: PanelColumns, layout: Layout, method: Method) -> GroupTime {
    let result = estimate(columns, layout, method).unwrap();
    assert_eq!(result.rows.len(), 1);
    result.rows[0].clone()
}

/// Exposed units change by 5 + x on average, the others by 2 (x = 0) and 4 (x = 1).
fn groups(n_exposed: [usize; 2], n_never: [usize; 2]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (place, x) in [0.0, 1.0].into_iter().enumerate() {
        let noise = |index: usize| if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        units.extend((0..n_exposed[place]).map(|index| Unit {
            is_exposed: true,
            x,
            change: 5.0 + x + noise(index),
        }));
        units.extend((0..n_never[place]).map(|index| Unit {
            is_exposed: false,
            x,
            change: 2.0 + 2.0 * x + if x == 0.0 { noise(index) } else { 0.0 },
        }));
    }
    units
}

#[test]
fn comparison_units_almost_surely_exposed_are_left_out_and_counted() {
    // At x = 1 the probability is 400/401: above the limit of comparison units, below that of the comparison.
    let units = groups([100, 400], [100, 1]);
    for layout in LAYOUTS {
        for method in METHODS {
            let has_extra = layout == Layout::Unbalanced;
            let row = only_row(two_periods(&units, has_extra), layout, method);
            let (n_never, n_trimmed) = match layout {
                Layout::CrossSections => (202, 2),
                Layout::Unbalanced => (102, 1),
                _ => (101, 1),
            };
            // At x = 0: 5 − 2; at x = 1: 6 − 4, or no controls.
            let (expected, n_control, status) = match method {
                Method::OutcomeRegression => (2.2, n_never, Status::Ok),
                Method::DoublyRobust => (2.2, n_never - n_trimmed, Status::Trimmed),
                Method::InverseProbability => (5.8 - 2.0, n_never - n_trimmed, Status::Trimmed),
            };
            let found = row.estimate;
            assert!(
                (found.estimate - expected).abs() < 1e-9,
                "{layout:?} {method:?} {found:?}"
            );
            assert!(found.std_error > 0.0);
            assert_eq!(
                (found.n_control, found.status),
                (n_control, status),
                "{layout:?} {method:?}"
            );
        }
    }
}

#[test]
fn units_exposed_with_certainty_mean_no_overlap() {
    let units = groups([100, 2_000], [100, 1]);
    for layout in LAYOUTS {
        let columns = two_periods(&units, layout == Layout::Unbalanced);
        for method in [Method::DoublyRobust, Method::InverseProbability] {
            let row = only_row(columns.clone(), layout, method).estimate;
            assert_eq!(row.status, Status::NoOverlap, "{layout:?} {method:?}");
            assert!(row.estimate.is_nan() && row.std_error.is_nan());
        }
        let row = only_row(columns, layout, Method::OutcomeRegression).estimate;
        assert_eq!(row.status, Status::Ok, "{layout:?}");
    }
}

/// Their probability of exposure is zero in the limit; the comparison does without them. On rows, doubly robust estimates have
/// regressions among the exposed too, who have only one value here.
#[test]
fn a_category_that_only_controls_have_is_no_obstacle() {
    let units = groups([100, 0], [100, 50]);
    for layout in LAYOUTS {
        let columns = two_periods(&units, layout == Layout::Unbalanced);
        for method in METHODS {
            let row = only_row(columns.clone(), layout, method).estimate;
            let is_by_rows = matches!(layout, Layout::Unbalanced | Layout::CrossSections);
            if is_by_rows && method == Method::DoublyRobust {
                assert_eq!(row.status, Status::Singular);
                continue;
            }
            assert_eq!(row.status, Status::Ok, "{layout:?} {method:?}");
            assert!((row.estimate - 3.0).abs() < 1e-8, "{layout:?} {method:?}");
        }
    }
}

/// Also where units that share covariates are summed first.
#[test]
fn units_without_weight_say_nothing_about_overlap() {
    let units = groups([100, 2_000], [100, 1]);
    for layout in LAYOUTS {
        let mut columns = two_periods(&units, layout == Layout::Unbalanced);
        let mut n_weighted = 0;
        let weight = columns.unit.iter().map(|unit| {
            let unit = units.get(*unit as usize);
            let is_many = unit.is_some_and(|unit| unit.is_exposed && unit.x == 1.0);
            n_weighted += usize::from(is_many);
            if is_many && n_weighted > 40 { 0.0 } else { 1.0 }
        });
        columns.weight = Some(weight.collect());
        let mut noisy = columns.clone();
        let x = numbers_mut(&mut noisy, "x").iter_mut();
        // Row by row for rows, unit by unit for units.
        x.zip(1..)
            .for_each(|(x, row)| *x += 1e-12 * f64::from(row / 2));
        for columns in [columns, noisy] {
            let row = only_row(columns, layout, Method::DoublyRobust).estimate;
            assert_eq!(row.status, Status::Ok, "{layout:?}");
            assert!((row.estimate - (100.0 * 3.0 + 20.0 * 2.0) / 120.0).abs() < 1e-8);
        }
    }
}

#[test]
fn a_covariate_constant_among_comparison_units_is_said() {
    let units = groups([20, 20], [30, 0]);
    for layout in LAYOUTS {
        for method in METHODS {
            let columns = two_periods(&units, layout == Layout::Unbalanced);
            let row = only_row(columns, layout, method).estimate;
            let expected = match method {
                Method::InverseProbability => Status::NoOverlap,
                _ => Status::Singular,
            };
            assert_eq!(row.status, expected, "{layout:?} {method:?}");
            assert!(row.estimate.is_nan());
        }
    }
}

#[test]
fn covariates_that_say_nothing_new_are_refused_by_name() {
    let case = |layout| Case {
        seed: 7,
        n_units: 60,
        layout,
        method: Method::DoublyRobust,
        control: Control::NeverTreated,
        base_period: BasePeriod::Varying,
        is_weighted: false,
        is_clustered: false,
        is_discrete: false,
    };
    for layout in LAYOUTS {
        let columns = case(layout).columns();
        let refused = |change: &dyn Fn(&mut PanelColumns)| {
            let mut columns = columns.clone();
            change(&mut columns);
            let panel = Panel::try_new(&columns, PanelOptions { layout });
            match panel.map(|panel| panel.n_units) {
                Err(EstimatorError::DependentCovariate { column }) => column,
                other => panic!("{layout:?}: {other:?}"),
            }
        };
        let constant = refused(&|columns| numbers_mut(columns, "varying").fill(1e9 + 0.1));
        assert_eq!(constant, "varying");
        let zero = refused(&|columns| numbers_mut(columns, "fixed").fill(0.0));
        assert_eq!(zero, "fixed");
        let combination = refused(&|columns| {
            let fixed = numbers_mut(columns, "fixed").clone();
            let CovariateValues::Categories { codes, .. } = columns.covariates[1].values.clone()
            else {
                panic!("no categories");
            };
            let own = numbers_mut(columns, "varying").iter_mut();
            for ((value, fixed), code) in own.zip(fixed).zip(codes) {
                *value = 3.0 * fixed - 2.0 * f64::from(u8::from(code == 2)) + 1.0;
            }
        });
        assert_eq!(combination, "varying");
        // A category that is another one in other words.
        let repeated = refused(&|columns| {
            let mut again = columns.covariates[1].clone();
            again.name = "again".to_owned();
            columns.covariates.push(again);
        });
        assert_eq!(repeated, "again = b");
        // A category that is the only one, beside others and alone.
        let single = refused(&|columns| categories_mut(columns).fill(1));
        assert_eq!(single, "label");
        let alone = refused(&|columns| {
            columns.covariates.drain(..1);
            columns.covariates.truncate(1);
            categories_mut(columns).fill(1);
        });
        assert_eq!(alone, "label");
    }
}

#[test]
fn one_cluster_has_effects_without_errors() {
    for layout in LAYOUTS {
        for method in METHODS {
            for scale in [1.0, 1e9] {
                let case = Case {
                    seed: 11,
                    n_units: 90,
                    layout,
                    method,
                    control: Control::NeverTreated,
                    base_period: BasePeriod::Varying,
                    is_weighted: true,
                    is_clustered: true,
                    is_discrete: false,
                };
                let mut columns = case.columns();
                // Rows of a small cohort need not have every label, without which rows of theirs have no regression.
                columns.covariates.remove(1);
                columns.cluster.iter_mut().for_each(|codes| codes.fill(3));
                columns.outcome.iter_mut().for_each(|y| *y *= scale);
                for row in case.estimate(columns).unwrap().with_band().rows {
                    let row = row.estimate;
                    assert!(row.std_error.is_nan() && row.band_low.is_nan(), "{row:?}");
                    assert!(row.estimate.is_finite(), "{layout:?} {method:?} {row:?}");
                    assert_eq!((row.status, row.n_clusters), (Status::NoVariance, 1));
                }
            }
        }
    }
}

#[test]
fn a_cohort_in_one_cluster_is_marked() {
    for layout in LAYOUTS {
        let case = Case {
            seed: 13,
            n_units: 600,
            layout,
            method: Method::DoublyRobust,
            control: Control::NeverTreated,
            base_period: BasePeriod::Varying,
            is_weighted: false,
            is_clustered: true,
            is_discrete: false,
        };
        let mut columns = case.columns();
        let cohort = columns.cohort.clone();
        let codes = columns.cluster.iter_mut().flatten();
        for (code, cohort) in codes.zip(cohort) {
            if cohort == 3 {
                *code = 1_000;
            }
        }
        for row in case.estimate(columns).unwrap().rows {
            let expected = if row.cohort == 3 {
                Status::FewClusters
            } else {
                Status::Ok
            };
            assert_eq!(row.estimate.status, expected, "{layout:?}");
        }
    }
}

#[test]
fn cohorts_of_one_to_four_units_are_marked() {
    for (n_exposed, layout) in (1..=4).flat_map(|n| LAYOUTS.map(|layout| (n, layout))) {
        let mut units = groups([2, 2], [30, 30]);
        let mut n_seen = 0;
        units.retain(|unit| {
            n_seen += usize::from(unit.is_exposed);
            !unit.is_exposed || n_seen <= n_exposed
        });
        for method in METHODS {
            let has_extra = layout == Layout::Unbalanced;
            let row = only_row(two_periods(&units, has_extra), layout, method);
            let found = row.estimate;
            let compares_rows = matches!(layout, Layout::Unbalanced | Layout::CrossSections);
            if n_exposed <= 2 && compares_rows && method == Method::DoublyRobust {
                // All of them at x = 0: there is no regression of the exposed on x.
                assert_eq!(found.status, Status::Singular, "{layout:?}");
                continue;
            }
            // Counted in units, but for cross-sections the units are rows.
            if layout == Layout::CrossSections && 2 * n_exposed >= TOO_FEW_UNITS {
                assert_eq!(found.status, Status::Ok, "{method:?}");
            } else {
                assert_eq!(found.status, Status::TooFew, "{layout:?} {method:?}");
            }
            // Changes of 5 ± 1 and 6 ± 1 against 2 at x = 0 and 4 at x = 1, where the first two units are at x = 0.
            let expected = [
                4.0,
                3.0,
                (3.0 + 3.0 + 3.0) / 3.0,
                (3.0 + 3.0 + 2.0 + 2.0) / 4.0,
            ];
            let gap = found.estimate - expected[n_exposed - 1];
            // The unit seen once is at x = 0, which shifts the weights there.
            let is_shifted = layout == Layout::Unbalanced && method == Method::InverseProbability;
            let allowed = if is_shifted { 0.02 } else { 1e-8 };
            assert!(
                gap.abs() < allowed,
                "{layout:?} {method:?} {n_exposed}: {gap}"
            );
        }
    }
}

/// None of them would be left, and the last cohort would stand in.
#[test]
fn clusters_that_leave_out_all_of_the_never_exposed_are_refused() {
    let units = groups([10, 10], [30, 30]);
    for layout in LAYOUTS {
        let mut columns = two_periods(&units, layout == Layout::Unbalanced);
        let cohorts = columns.cohort.clone();
        let code = |(&unit, &cohort): (&i64, &i32)| match cohort {
            NEVER => MISSING_CODE,
            _ => unit as u32 / 2,
        };
        columns.cluster = Some(columns.unit.iter().zip(&cohorts).map(code).collect());
        let n_rows = cohorts.iter().filter(|cohort| **cohort == NEVER).count() as u64;
        let refused = estimate(columns.clone(), layout, Method::DoublyRobust).err();
        let expected = EstimatorError::NeverWithoutCluster { n_rows };
        assert_eq!(refused, Some(expected.clone()), "{layout:?}");
        let imputed = did_imputation(
            ImputationColumns {
                panel: columns.clone(),
                covariates: Vec::new(),
                unit_effect: None,
            },
            &ImputationOptions {
                window: None,
                level: 0.95,
                seed: 1,
                inference: Inference::Analytic,
            },
        );
        assert_eq!(imputed.err(), Some(expected));
        // Some of them have one: the others are left out and counted.
        let last = cohorts.len() - 1;
        let known = columns.cluster.as_mut().unwrap();
        known[last] = 500;
        known[last - 1] = 500;
        let panel = Panel::try_new(&columns, PanelOptions { layout }).unwrap();
        assert!(panel.n_missing_rows() > 100, "{layout:?}");
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn outcomes_in_tiny_or_huge_units_keep_their_errors(
        case in any_case(),
        scale in select(vec![1e-30, 1e-12, 1e-9, 1e12]),
        is_drawn in any::<bool>(),
    ) {
        let columns = case.columns();
        let mut other = columns.clone();
        other.outcome.iter_mut().for_each(|value| *value *= scale);
        let options = AttGtOptions { bootstrap: is_drawn.then_some(200), ..case.options() };
        let [found, expected] = [other, columns].map(|columns| {
            let layout = case.layout;
            att_gt(&Panel::try_new(&columns, PanelOptions { layout }).unwrap(), &options).unwrap()
        });
        check_same(&found, &expected, scale, 1e-6)?;
        let bands = |result: AttGtResult| {
            let rows = result.with_band().rows;
            rows.iter().map(|row| (row.estimate.band_high - row.estimate.estimate) / row.estimate.std_error).collect::<Vec<f64>>()
        };
        let pairs = bands(found).into_iter().zip(bands(expected));
        for (found, expected) in pairs {
            prop_assert!(found.is_nan() && expected.is_nan() || (found / expected - 1.0).abs() < 1e-3);
        }
    }
}

proptest! {
    #![proptest_config(cases(192))]

    /// Whatever comes in: a number with what to think of it, or none with the reason.
    #[test]
    fn tiny_panels_give_numbers_or_reasons(
        case in any_case(),
        n_units in 1..14_usize,
        n_covariates in 1..4_usize,
        has_zeros in any::<bool>(),
    ) {
        let case = Case { n_units, ..case };
        let mut columns = case.columns();
        columns.covariates.truncate(n_covariates);
        let mut random = Random::new(case.seed ^ 6);
        if has_zeros {
            let weights = columns.weight.iter_mut().flatten();
            weights.for_each(|weight| *weight *= (2.0 * random.uniform()).floor());
        }
        let Ok(result) = case.estimate(columns) else {
            return Ok(());
        };
        for row in result.with_band().rows {
            let found = row.estimate;
            let is_without = matches!(
                found.status,
                Status::NoTreated | Status::NoControls | Status::Singular | Status::NoOverlap
            );
            prop_assert_eq!(found.estimate.is_nan(), is_without, "{:?}", found);
            prop_assert!(!found.estimate.is_infinite() && !found.std_error.is_infinite());
            prop_assert!(found.std_error.is_nan() || found.std_error > 0.0);
            // A status about an error needs an error.
            let says_error = matches!(
                found.status,
                Status::Ok | Status::FewClusters | Status::TooFew | Status::Trimmed
            );
            prop_assert_eq!(says_error, found.std_error.is_finite(), "{:?}", found);
        }
    }
}
