//! Covariates that only comparison units have: their probability of exposure is zero in the limit, so that estimates and errors are
//! those without these units. The logit must get there however many they are.

use super::Random;
use super::edges::options;
use crate::group_time::{Method, att_gt};
use crate::panel::{Covariate, CovariateValues, Layout, NEVER, Panel, PanelColumns, PanelOptions};
use crate::{Estimate, Status};

/// A unit in two periods, exposed in the second or never.
struct Unit {
    is_exposed: bool,
    /// Zero for the exposed and those like them.
    apart: f64,
    z: f64,
    change: f64,
}

/// How many units there are.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    exposed: usize,
    alike: usize,
    /// Comparison units in each category that no exposed unit is in.
    apart: &'static [usize],
}

/// Units whose covariate `z` takes ten values, so that they are summed by it, or a value each.
fn units(sizes: Sizes, is_shared: bool) -> Vec<Unit> {
    let mut random = Random::new(23);
    let mut add = |is_exposed: bool, apart: usize| {
        let (uniform, level) = (random.uniform(), f64::from(u8::from(is_exposed)));
        let z = if is_shared {
            (10.0 * uniform).floor() / 10.0
        } else {
            uniform
        };
        // The exposed more often have a large one.
        let z = if is_exposed { z.max(0.2) } else { z };
        Unit {
            is_exposed,
            apart: apart as f64,
            z,
            change: level + 2.0 * z + 50.0 * apart as f64 * random.normal() + random.normal(),
        }
    };
    let mut units: Vec<Unit> = (0..sizes.exposed).map(|_| add(true, 0)).collect();
    units.extend((0..sizes.alike).map(|_| add(false, 0)));
    for (place, &n_units) in sizes.apart.iter().enumerate() {
        units.extend((0..n_units).map(|_| add(false, place + 1)));
    }
    units
}

/// The category of `apart`, then `z`.
fn columns(units: &[&Unit], has_categories: bool, has_z: bool) -> PanelColumns {
    let mut columns = PanelColumns::default();
    let (mut codes, mut z) = (Vec::new(), Vec::new());
    for (number, unit) in units.iter().enumerate() {
        for time in 1..=2 {
            columns.unit.push(number as i64);
            columns.time.push(time);
            columns.cohort.push(if unit.is_exposed { 2 } else { NEVER });
            columns
                .outcome
                .push(if time == 2 { unit.change } else { 0.0 });
            codes.push(unit.apart as u32);
            z.push(unit.z);
        }
    }
    let labels = ["a", "b", "c"].map(str::to_owned).to_vec();
    let category = CovariateValues::Categories { codes, labels };
    let values = [
        (has_categories, category),
        (has_z, CovariateValues::Numbers(z)),
    ];
    for (values, name) in values.into_iter().zip(["category", "z"]) {
        if values.0 {
            columns.covariates.push(Covariate {
                name: name.to_owned(),
                values: values.1,
            });
        }
    }
    columns
}

fn estimate(columns: PanelColumns, layout: Layout, method: Method) -> Estimate {
    let panel = Panel::try_new(&columns, PanelOptions { layout }).unwrap();
    att_gt(&panel, &options(method)).unwrap().rows[0].estimate
}

#[track_caller]
fn check_equal(found: &Estimate, expected: &Estimate, tolerance: f64, label: &str) {
    assert_eq!(found.status, expected.status, "{label}");
    let size = expected.estimate.abs().max(expected.std_error);
    for (found, expected) in [
        (found.estimate, expected.estimate),
        (found.std_error, expected.std_error),
    ] {
        let gap = ((found - expected) / size).abs();
        assert!(gap < tolerance, "{label}: {found}, not {expected}");
    }
}

#[test]
fn comparison_units_in_categories_of_their_own_count_nothing_however_many_they_are() {
    const SIZES: [Sizes; 6] = [
        Sizes {
            exposed: 20,
            alike: 300_000,
            apart: &[200_000],
        },
        Sizes {
            exposed: 20,
            alike: 2_000,
            apart: &[200_000, 1],
        },
        Sizes {
            exposed: 20,
            alike: 2_000,
            apart: &[3_000, 20],
        },
        Sizes {
            exposed: 2_000,
            alike: 2_000,
            apart: &[1],
        },
        Sizes {
            exposed: 2_000,
            alike: 500,
            apart: &[1, 1],
        },
        Sizes {
            exposed: 5,
            alike: 100,
            apart: &[50_000, 7],
        },
    ];
    for (sizes, is_shared) in SIZES
        .into_iter()
        .flat_map(|sizes| [(sizes, false), (sizes, true)])
    {
        let units = units(sizes, is_shared);
        let all: Vec<&Unit> = units.iter().collect();
        let alike: Vec<&Unit> = units.iter().filter(|unit| unit.apart == 0.0).collect();
        for layout in [Layout::Balanced, Layout::CrossSections] {
            let label = format!("{sizes:?} {is_shared} {layout:?}");
            let weighting = Method::InverseProbability;
            let found = estimate(columns(&all, true, true), layout, weighting);
            let expected = estimate(columns(&alike, false, true), layout, weighting);
            check_equal(&found, &expected, 1e-11, &label);
            if layout == Layout::Balanced {
                // Categories alone: the difference of means in the one they share.
                let found = estimate(columns(&all, true, false), layout, Method::DoublyRobust);
                let expected =
                    estimate(columns(&alike, false, false), layout, Method::DoublyRobust);
                check_equal(&found, &expected, 1e-11, &label);
            }
        }
    }
}

/// The nearer they are to the exposed, the slower their probabilities vanish.
#[test]
fn comparison_units_at_any_distance_from_the_exposed_count_nothing() {
    let sizes = Sizes {
        exposed: 30,
        alike: 400,
        apart: &[1_000],
    };
    let mut units = units(sizes, false);
    let mut distance = 0.0;
    for unit in units.iter_mut().filter(|unit| unit.apart > 0.0) {
        distance += 0.001;
        unit.apart = distance;
    }
    let all: Vec<&Unit> = units.iter().collect();
    let mut own = columns(&all, false, true);
    let apart = all.iter().flat_map(|unit| [unit.apart; 2]);
    own.covariates.push(Covariate {
        name: "apart".to_owned(),
        values: CovariateValues::Numbers(apart.collect()),
    });
    let alike: Vec<&Unit> = units.iter().filter(|unit| unit.apart == 0.0).collect();
    for layout in [Layout::Balanced, Layout::CrossSections] {
        let found = estimate(own.clone(), layout, Method::InverseProbability);
        let expected = columns(&alike, false, true);
        let expected = estimate(expected, layout, Method::InverseProbability);
        assert_eq!(expected.status, Status::Ok);
        check_equal(&found, &expected, 1e-10, &format!("{layout:?}"));
    }
}

/// A few exposed among a million rows, without separation: Newton's method carried on until nothing changes.
#[test]
fn few_exposed_among_many_have_the_maximum_of_the_likelihood() {
    let sizes = Sizes {
        exposed: 20,
        alike: 500_000,
        apart: &[],
    };
    let units = units(sizes, false);
    let all: Vec<&Unit> = units.iter().collect();
    let found = estimate(
        columns(&all, false, true),
        Layout::Balanced,
        Method::InverseProbability,
    );
    let (mut a, mut b) = (-10.0_f64, 0.0_f64);
    for _ in 0..200 {
        let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
        for unit in &units {
            let p = 1.0 / (1.0 + (-(a + b * unit.z)).exp());
            let gap = f64::from(u8::from(unit.is_exposed)) - p;
            g[0] += gap;
            g[1] += gap * unit.z;
            let curve = p * (1.0 - p);
            h[0] += curve;
            h[1] += curve * unit.z;
            h[2] += curve * unit.z * unit.z;
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        a += ((h[2] * g[0] - h[1] * g[1]) / determinant).clamp(-1.0, 1.0);
        b += ((h[0] * g[1] - h[1] * g[0]) / determinant).clamp(-1.0, 1.0);
    }
    let mut means = [[0.0; 2]; 2];
    for unit in &units {
        let weight = if unit.is_exposed {
            1.0
        } else {
            (a + b * unit.z).exp()
        };
        let side = &mut means[usize::from(unit.is_exposed)];
        side[0] += weight * unit.change;
        side[1] += weight;
    }
    let expected = means[1][0] / means[1][1] - means[0][0] / means[0][1];
    assert!(
        (found.estimate / expected - 1.0).abs() < 1e-11,
        "{found:?} {expected}"
    );
}
