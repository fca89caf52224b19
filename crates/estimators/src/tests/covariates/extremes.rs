//! Numerically hard data: nearly collinear covariates, values around a thousand million, covariates on another scale elsewhere,
//! exposure that covariates nearly determine.

use nalgebra::{Matrix3, Vector3};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Case, LAYOUTS, METHODS, Random, any_case, cases, check_same, numbers_mut};
use crate::Status;
use crate::group_time::{AttGtOptions, BasePeriod, Control, Method, att_gt};
use crate::inference::Inference;
use crate::panel::{Covariate, CovariateValues, Layout, NEVER, Panel, PanelColumns, PanelOptions};

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn nearly_collinear_covariates_cost_few_digits(case in any_case()) {
        let case = Case { is_discrete: false, ..case };
        let expected = case.columns();
        let mut columns = expected.clone();
        let fixed = numbers_mut(&mut columns, "fixed").clone();
        let own = numbers_mut(&mut columns, "varying").iter_mut();
        own.zip(fixed).for_each(|(value, fixed)| *value = fixed + 1e-6 * *value);
        check_same(&case.estimate(columns).unwrap(), &case.estimate(expected).unwrap(), 1.0, 1e-6)?;
    }

    #[test]
    fn large_covariates_cost_no_digits(case in any_case()) {
        let mut large = case.columns();
        numbers_mut(&mut large, "varying").iter_mut().for_each(|value| *value += 1e9);
        let mut centred = large.clone();
        numbers_mut(&mut centred, "varying").iter_mut().for_each(|value| *value -= 1e9);
        check_same(&case.estimate(large).unwrap(), &case.estimate(centred).unwrap(), 1.0, 1e-10)?;
    }

    #[test]
    fn large_values_cost_few_digits(case in any_case()) {
        let mut large = case.columns();
        large.outcome.iter_mut().for_each(|value| *value += 1e9);
        numbers_mut(&mut large, "varying").iter_mut().for_each(|value| *value += 1e9);
        let mut centred = large.clone();
        centred.outcome.iter_mut().for_each(|value| *value -= 1e9);
        numbers_mut(&mut centred, "varying").iter_mut().for_each(|value| *value -= 1e9);
        check_same(&case.estimate(large).unwrap(), &case.estimate(centred).unwrap(), 1.0, 1e-6)?;
    }

    /// What the covariates of units outside a comparison are does not matter to it.
    #[test]
    fn covariates_of_others_do_not_matter(case in any_case(), scale in select(vec![1e3, 1e6, 1e9])) {
        let case = Case { control: Control::NeverTreated, is_discrete: false, ..case };
        let columns = case.columns();
        let mut other = columns.clone();
        let values = numbers_mut(&mut other, "varying").iter_mut();
        for (value, cohort) in values.zip(&columns.cohort) {
            if *cohort == 4 {
                *value *= scale;
            }
        }
        let [found, expected] = [other, columns].map(|columns| {
            let mut result = case.estimate(columns).unwrap();
            result.rows.retain(|row| row.cohort == 3);
            result
        });
        check_same(&found, &expected, 1.0, 1e-6)?;
    }
}

proptest! {
    #![proptest_config(cases(24))]

    /// What is nearly collinear in a comparison need not be so elsewhere.
    #[test]
    fn covariates_nearly_collinear_in_one_comparison_are_kept(case in any_case()) {
        let case = Case { control: Control::NeverTreated, is_discrete: false, ..case };
        let columns = case.columns();
        let mut other = columns.clone();
        let fixed = numbers_mut(&mut other, "fixed").clone();
        let values = numbers_mut(&mut other, "varying").iter_mut();
        for ((value, fixed), cohort) in values.zip(fixed).zip(&columns.cohort) {
            if *cohort != 4 {
                *value = fixed + 1e-6 * *value;
            }
        }
        let [found, expected] = [other, columns].map(|columns| {
            let mut result = case.estimate(columns).unwrap();
            result.rows.retain(|row| row.cohort == 3);
            result
        });
        check_same(&found, &expected, 1.0, 1e-6)?;
    }
}

/// Many units around a thousand million, with effects of one on top of it; no noise, so that the effects are known.
#[test]
fn many_units_with_large_values_keep_their_digits() {
    const N_UNITS: usize = 1_000_000;
    let mut random = Random::new(3);
    let mut columns = PanelColumns::default();
    let mut x = Vec::with_capacity(2 * N_UNITS);
    for unit in 0..N_UNITS {
        let (own, base) = (random.uniform(), 1e9 + 1e3 * random.uniform());
        let is_exposed = unit % 3 == 0;
        for time in 1..=2 {
            columns.unit.push(unit as i64);
            columns.time.push(time);
            columns.cohort.push(if is_exposed { 2 } else { NEVER });
            let effect = f64::from(u8::from(is_exposed && time == 2));
            columns.outcome.push(base + effect + 0.3 * f64::from(time));
            x.push(own);
        }
    }
    for has_covariate in [false, true] {
        if has_covariate {
            columns.covariates.push(Covariate {
                name: "x".to_owned(),
                values: CovariateValues::Numbers(x.clone()),
            });
        }
        for layout in [Layout::Balanced, Layout::CrossSections] {
            let panel = Panel::try_new(&columns.clone(), PanelOptions { layout }).unwrap();
            for method in METHODS {
                let result = att_gt(&panel, &options(method)).unwrap();
                let gap = result.rows[0].estimate.estimate - 1.0;
                assert!(
                    gap.abs() < 1e-6,
                    "{layout:?} {method:?} {has_covariate}: {gap}"
                );
                if !has_covariate {
                    break;
                }
            }
        }
    }
}

fn options(method: Method) -> AttGtOptions {
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

/// Probabilities of a logit found with care: Newton steps halved until the likelihood rises. `None` without a maximum.
fn careful_logit(x: &[[f64; 3]], is_exposed: &[bool]) -> Option<Vec<f64>> {
    let index = |b: &Vector3<f64>, x: &[f64; 3]| b[0] * x[0] + b[1] * x[1] + b[2] * x[2];
    let loss = |b: &Vector3<f64>| -> f64 {
        let terms = x.iter().zip(is_exposed).map(|(x, is_exposed)| {
            let z = index(b, x) * if *is_exposed { -1.0 } else { 1.0 };
            z.max(0.0) + (-z.abs()).exp().ln_1p()
        });
        terms.sum()
    };
    let mut b = Vector3::zeros();
    for _ in 0..100 {
        let (mut gradient, mut hessian) = (Vector3::zeros(), Matrix3::zeros());
        for (x, is_exposed) in x.iter().zip(is_exposed) {
            let p = 1.0 / (1.0 + (-index(&b, x)).exp());
            let x = Vector3::new(x[0], x[1], x[2]);
            gradient += x * (f64::from(u8::from(*is_exposed)) - p);
            hessian += x * x.transpose() * p * (1.0 - p);
        }
        let mut step = hessian.try_inverse()? * gradient;
        while loss(&(b + step)) > loss(&b) + 1e-12 {
            step *= 0.5;
        }
        b += step;
        if step.amax() < 1e-10 {
            let probability = x.iter().map(|x| 1.0 / (1.0 + (-index(&b, x)).exp()));
            return Some(probability.collect());
        }
        if b.amax() > 1e4 {
            return None;
        }
    }
    None
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn overlap_is_judged_at_the_maximum_of_the_likelihood(
        seed in any::<u64>(),
        n_units in 30..200_usize,
        strength in 0.5..8.0_f64,
        shift in -4.0..4.0_f64,
        layout in select(&LAYOUTS[..]),
    ) {
        let mut random = Random::new(seed);
        let (mut x, mut is_exposed, mut columns) = (Vec::new(), Vec::new(), PanelColumns::default());
        for unit in 0..n_units {
            // One of them with a long tail, as costs have.
            let own = [1.0, random.normal(), (1.5 * random.normal()).exp()];
            let probability = 1.0 / (1.0 + (-strength * (own[1] + 0.1 * own[2]) - shift).exp());
            let exposed = random.uniform() < probability;
            for time in 1..=2 {
                columns.unit.push(unit as i64);
                columns.time.push(time);
                columns.cohort.push(if exposed { 2 } else { NEVER });
                columns.outcome.push(own[1] * f64::from(time) + random.normal());
                x.push(own);
                is_exposed.push(exposed);
            }
        }
        for place in [1, 2] {
            columns.covariates.push(Covariate {
                name: format!("x{place}"),
                values: CovariateValues::Numbers(x.iter().map(|own| own[place]).collect()),
            });
        }
        let n_exposed = is_exposed.iter().filter(|own| **own).count() / 2;
        prop_assume!(n_exposed >= 5 && n_units - n_exposed >= 5);
        let y = columns.outcome.clone();
        let panel = Panel::try_new(&columns, PanelOptions { layout }).unwrap();
        let found = att_gt(&panel, &options(Method::InverseProbability)).unwrap().rows[0].estimate;
        let largest = |probability: &Vec<f64>| probability.iter().copied().fold(0.0, f64::max);
        match careful_logit(&x, &is_exposed) {
            Some(probability) if largest(&probability) < 0.998 => {
                // Rows lie by unit and time, so that row and change have the same weight.
                let mut sums = [[0.0; 2]; 2];
                for row in 0..y.len() {
                    let p = probability[row];
                    let odds = if p < 0.995 { p / (1.0 - p) } else { 0.0 };
                    let weight = if is_exposed[row] { 1.0 } else { odds };
                    let side = usize::from(is_exposed[row]);
                    sums[side][0] += weight * y[row] * if row % 2 == 1 { 2.0 } else { -2.0 };
                    sums[side][1] += weight;
                }
                let expected = sums[1][0] / sums[1][1] - sums[0][0] / sums[0][1];
                prop_assert!(
                    (found.estimate - expected).abs() < 1e-7 * (1.0 + expected.abs()),
                    "{:?} {}", found, expected
                );
            }
            Some(probability) if largest(&probability) < 0.9999 => {}
            _ => prop_assert_eq!(found.status, Status::NoOverlap),
        }
    }
}
