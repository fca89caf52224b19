//! The ways in which least squares can be worked out agree: absorbed or written out as indicators, directly or by conjugate gradients,
//! clusters in a table or one after the other, any order of rows and any number of threads.

use super::golden::close;
use super::regression_cases::{data, estimate, fit, noise, rows, std_error, with_vcov};
use crate::EstimatorError;
use crate::regression::least_squares::{Effort, fit_with};
use crate::regression::{Column, OlsOptions, OlsResult, RegressionData, formula, ols};

/// Persons who change employer, in years they may miss; weights vary.
fn movers(n_persons: usize, n_employers: usize) -> RegressionData {
    let n = n_persons * 6;
    let luck = noise(n, 41);
    let present: Vec<usize> = (0..n).filter(|&row| luck[row] > -0.8).collect();
    let of =
        |value: &dyn Fn(usize) -> f64| present.iter().map(|&row| value(row)).collect::<Vec<f64>>();
    let effort = noise(n, 42);
    let moves = noise(n, 43);
    let x = noise(n, 44);
    let e = noise(n, 45);
    let employer = |row: usize| {
        let own = row / 6 * 7 + usize::from(moves[row] > 0.5) * 3;
        (own % n_employers) as f64
    };
    let outcome = |row: usize| {
        2.0 * x[row] + (row / 6 % 11) as f64 + employer(row).sqrt() + e[row] * (1.0 + x[row])
    };
    let mut data = data(&[
        ("person", of(&|row| (row / 6) as f64)),
        ("year", of(&|row| (row % 6) as f64)),
        ("employer", of(&employer)),
        ("sector", of(&|row| employer(row) % 5.0)),
        ("dose", of(&|row| (effort[row] * 4.0).round())),
        ("x", of(&|row| x[row])),
        ("y", of(&outcome)),
    ]);
    data.weight = Some(of(&|row| 1.0 + (row % 3) as f64 / 2.0));
    data
}

fn compare(a: &OlsResult, b: &OlsResult, terms: &[&str], label: &str) {
    for term in terms {
        let (left, right) = (estimate(a, term), estimate(b, term));
        assert!(close(left, right, 1e-9), "{label} {term}: {left} {right}");
        let (left, right) = (std_error(a, term), std_error(b, term));
        assert!(close(left, right, 1e-9), "{label} {term}: {left} {right}");
        let (left, right) = (effective(a, term), effective(b, term));
        let are_equal = close(left, right, 1e-7) || (left.is_nan() && right.is_nan());
        assert!(are_equal, "{label} {term}: clusters {left} {right}");
    }
}

/// Effective clusters of a coefficient.
fn effective(result: &OlsResult, term: &str) -> f64 {
    let row = result.rows.iter().find(|row| row.term == term);
    row.unwrap().effective_clusters
}

const TERMS: [&str; 4] = ["x", "dose::-2", "dose::1", "dose::3"];

#[test]
fn absorbed_fixed_effects_equal_indicators() {
    let data = movers(60, 12);
    for vcov in [
        "iid",
        "hc1",
        "hc2",
        "hc4",
        "cluster(person)",
        "cluster(sector)",
        "cluster(year)",
        "cluster(employer, year)",
        "cluster(person, year)",
    ] {
        let mut options = with_vcov(vcov);
        // Levels nested in clusters count less; here the dummies must count the same.
        options.small_sample.adjust = false;
        let dummies = fit(
            "y ~ x + i(dose, 0) + factor(person) + factor(year) + factor(employer)",
            &data,
            &options,
        );
        for text in [
            "y ~ x + i(dose, 0) | person + year + employer",
            "y ~ x + i(dose, 0) + factor(employer) | year + person",
            "y ~ x + i(dose, 0) + factor(person) | year + employer",
        ] {
            for direct_levels in [500, 0] {
                let effort = Effort {
                    direct_levels,
                    ..Effort::COEFFICIENTS
                };
                let absorbed = fit_with(&formula::parse(text).unwrap(), &data, &options, effort);
                compare(
                    &absorbed.unwrap(),
                    &dummies,
                    &TERMS,
                    &format!("{vcov} {text}"),
                );
            }
        }
    }
}

#[test]
fn instruments_with_absorbed_fixed_effects_equal_indicators() {
    let data = movers(60, 12);
    for vcov in ["hc1", "cluster(sector)"] {
        let mut options = with_vcov(vcov);
        options.small_sample.adjust = false;
        let dummies = fit(
            "y ~ factor(person) + factor(year) | x ~ i(dose, 0)",
            &data,
            &options,
        );
        let absorbed = fit("y ~ 1 | person + year | x ~ i(dose, 0)", &data, &options);
        compare(&absorbed, &dummies, &["x"], vcov);
    }
}

#[test]
fn clusters_one_after_the_other_equal_a_table() {
    // So many clusters times columns that no table is kept, cutting absorbed groups that are large.
    let n = 3_000;
    let mut data = data(&[
        ("y", noise(n, 51)),
        ("x", noise(n, 52)),
        ("region", rows(n, |row| (row % 3) as f64)),
        ("level", rows(n, |row| (row * 7 % 211) as f64)),
        ("cluster", rows(n, |row| (row % 1_501) as f64)),
    ]);
    for weight in [None, Some(rows(n, |row| 1.0 + (row % 5) as f64))] {
        data.weight = weight;
        let mut options = with_vcov("cluster(cluster)");
        options.small_sample.adjust = false;
        let absorbed = fit("y ~ x + i(level, 0) | region", &data, &options);
        let dummies = fit("y ~ x + i(level, 0) + factor(region)", &data, &options);
        compare(
            &absorbed,
            &dummies,
            &["x", "level::5", "level::210"],
            "streamed",
        );
        // Few columns: the table.
        let table = fit("y ~ x | level + region", &data, &options);
        compare(&table, &dummies, &["x"], "table");
    }
}

#[test]
fn poorly_connected_fixed_effects_converge() {
    // A chain: worker w is seen in firms w and w + 1 only.
    let n = 4_000;
    let mut data = data(&[
        ("y", noise(n, 61)),
        ("x", noise(n, 62)),
        ("worker", rows(n, |row| (row / 4) as f64)),
        ("firm", rows(n, |row| (row / 4 + row % 2) as f64)),
    ]);
    data.weight = Some(rows(n, |row| 1.0 + (row % 3) as f64));
    let effort = |direct_levels| Effort {
        direct_levels,
        ..Effort::COEFFICIENTS
    };
    let formula = formula::parse("y ~ x | worker + firm").unwrap();
    let [direct, iterated] = [2_000, 0]
        .map(|levels| fit_with(&formula, &data, &with_vcov("hc1"), effort(levels)).unwrap());
    compare(&iterated, &direct, &["x"], "chain");
}

#[test]
fn too_many_levels_for_leverages_are_refused() {
    let data = movers(4_000, 2_400);
    let formula = formula::parse("y ~ x | person + employer").unwrap();
    let refused = ols(&formula, &data, &with_vcov("hc3")).unwrap_err();
    assert!(matches!(
        refused,
        EstimatorError::LeverageWithFixedEffects {
            vcov: "hc3",
            limit: 2_000,
            ..
        }
    ));
    assert!(ols(&formula, &data, &with_vcov("hc1")).is_ok());
}

fn shuffled(data: &RegressionData) -> RegressionData {
    let n = data.columns["y"].len();
    let keys = noise(n, 71);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
    let mut other = data.clone();
    for column in other.columns.values_mut() {
        if let Column::Numeric(values) = column {
            *values = order.iter().map(|&row| values[row]).collect();
        }
    }
    let pick = |w: &Vec<f64>| order.iter().map(|&row| w[row]).collect();
    other.weight = other.weight.as_ref().map(pick);
    other
}

fn bits(result: &OlsResult) -> Vec<u64> {
    let numbers = result
        .rows
        .iter()
        .flat_map(|r| [r.estimate, r.std_error, r.band_low]);
    numbers
        .chain([result.r2, result.rmse])
        .map(f64::to_bits)
        .collect()
}

#[test]
fn no_path_depends_on_row_order_or_threads() {
    // Enough rows for several ranges of work.
    let data = movers(16_000, 900);
    let other = shuffled(&data);
    let run = |data: &RegressionData, text: &str, options: &OlsOptions, threads: usize| {
        let formula = formula::parse(text).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap()
            .install(|| ols(&formula, data, options))
            .unwrap()
    };
    for (text, vcov) in [
        ("y ~ x + i(dose, 0) | person + year", "cluster(employer)"),
        (
            "y ~ x + i(dose, 0) | person + year",
            "cluster(person, year)",
        ),
        ("y ~ x | person + employer + year", "cluster(person)"),
        ("y ~ x + i(dose, 0) | year", "hc3"),
        ("y ~ x*year + poly(dose, 3)", "cluster(employer)"),
        ("y ~ 1 | year | x ~ i(dose, 0)", "hc1"),
    ] {
        let options = with_vcov(vcov);
        let expected = bits(&run(&data, text, &options, 1));
        assert_eq!(
            expected,
            bits(&run(&other, text, &options, 3)),
            "{text} {vcov}"
        );
    }
}
