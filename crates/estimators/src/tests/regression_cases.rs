//! Least squares on small hand-made data: what formulas mean, what is dropped and why, degrees of freedom, hard numbers.

use std::collections::BTreeMap;

use super::golden::close;
use crate::regression::least_squares::{Effort, fit_with};
use crate::regression::{
    Column, FixedEffectCount, OlsOptions, OlsResult, Reference, RegressionData, Singletons,
    SmallSample, Vcov, formula, ols, ols_diagnostics,
};
use crate::{EstimatorError, Status};

pub(super) const OPTIONS: OlsOptions = OlsOptions {
    vcov: Vcov::Hc1,
    small_sample: SmallSample::FIXEST,
    singletons: Singletons::Keep,
    reference: Reference::StudentT,
    level: 0.95,
    seed: 1,
    wild: None,
};

pub(super) fn with_vcov(text: &str) -> OlsOptions {
    OlsOptions {
        vcov: Vcov::parse(text).unwrap(),
        ..OPTIONS
    }
}

pub(super) fn data(columns: &[(&str, Vec<f64>)]) -> RegressionData {
    let column =
        |(name, values): &(&str, Vec<f64>)| ((*name).to_owned(), Column::Numeric(values.clone()));
    RegressionData {
        columns: columns.iter().map(column).collect(),
        weight: None,
    }
}

pub(super) fn fit(text: &str, data: &RegressionData, options: &OlsOptions) -> OlsResult {
    ols(&formula::parse(text).unwrap(), data, options).unwrap()
}

fn refusal(text: &str, data: &RegressionData, options: &OlsOptions) -> EstimatorError {
    ols(&formula::parse(text).unwrap(), data, options).unwrap_err()
}

pub(super) fn estimate(result: &OlsResult, term: &str) -> f64 {
    let row = result.rows.iter().find(|row| row.term == term);
    row.unwrap_or_else(|| panic!("no {term} in {:?}", result.rows))
        .estimate
}

pub(super) fn std_error(result: &OlsResult, term: &str) -> f64 {
    let row = result.rows.iter().find(|row| row.term == term);
    row.unwrap_or_else(|| panic!("no {term}")).std_error
}

/// Numbers between −1 and 1 that look random.
pub(super) fn noise(n: usize, mut state: u64) -> Vec<f64> {
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// Row numbers through a function.
pub(super) fn rows(n: usize, value: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..n).map(value).collect()
}

#[test]
fn polynomials_and_powers_are_those_of_r() {
    let x = vec![1.0, 2.0, 3.0, 4.0, 5.0];
    // poly(1:5, 2) in R.
    let second = [
        0.534_522_483_824_849,
        -0.267_261_241_912_424,
        -0.534_522_483_824_849,
    ];
    let second = [second[0], second[1], second[2], second[1], second[0]];
    let first = x.iter().map(|x| (x - 3.0) / 10.0_f64.sqrt());
    let y = first
        .zip(second)
        .map(|(a, b)| 7.0 + 2.0 * a - 3.0 * b)
        .collect();
    let squares = x.iter().map(|x| 1.0 + 2.0 * x + 3.0 * x * x).collect();
    let data = data(&[("x", x), ("y", y), ("squares", squares)]);
    let result = fit("y ~ poly(x, 2)", &data, &OPTIONS);
    assert!(close(estimate(&result, "(Intercept)"), 7.0, 1e-12));
    assert!(close(estimate(&result, "poly(x, 2)1"), 2.0, 1e-12));
    assert!(close(estimate(&result, "poly(x, 2)2"), -3.0, 1e-12));
    for (text, linear, square) in [
        (
            "squares ~ poly(x, 2, raw)",
            "poly(x, 2, raw)1",
            "poly(x, 2, raw)2",
        ),
        (
            "squares ~ poly(x, 2, raw = TRUE)",
            "poly(x, 2, raw)1",
            "poly(x, 2, raw)2",
        ),
        ("squares ~ x + x^2", "x", "I(x^2)"),
        ("squares ~ x + I(x^2)", "x", "I(x^2)"),
    ] {
        let result = fit(text, &data, &OPTIONS);
        assert!(close(estimate(&result, linear), 2.0, 1e-10), "{text}");
        assert!(close(estimate(&result, square), 3.0, 1e-10), "{text}");
    }
    assert_eq!(
        refusal("y ~ poly(x, 5)", &data, &OPTIONS),
        EstimatorError::TooFewValues {
            column: "x".to_owned(),
            n_values: 5,
            degree: 5
        }
    );
    for text in [
        "y ~ poly(x)",
        "y ~ poly(x, 0)",
        "y ~ I(x)",
        "y ~ x^a",
        "y ~ poly(x, 2, row)",
    ] {
        assert!(formula::parse(text).is_err(), "{text}");
    }
}

#[test]
fn rows_where_a_function_is_not_finite_are_counted() {
    let data = data(&[
        ("x", vec![1.0, 0.0, -1.0, 4.0, 5.0, f64::NAN, 2.0]),
        ("y", vec![1.0, 3.0, 2.0, 5.0, 4.0, 1.0, 1.5]),
    ]);
    let counts = fit("y ~ log(x)", &data, &OPTIONS).counts;
    assert_eq!((counts.n_rows_in, counts.n_missing_rows), (7, 1));
    assert_eq!((counts.n_undefined_rows, counts.n_obs), (2, 4));
    assert_eq!(fit("y ~ x^-1", &data, &OPTIONS).counts.n_undefined_rows, 1);
    assert_eq!(
        fit("log(x) ~ y", &data, &OPTIONS).counts.n_undefined_rows,
        2
    );
}

#[test]
fn whole_numbers_beyond_floats_stay_apart() {
    let large = 1_i64 << 60;
    let columns = BTreeMap::from([
        (
            "id".to_owned(),
            Column::Integer {
                codes: vec![0, 0, 1, 1, 2, 2],
                values: vec![large, large + 1, large + 2],
            },
        ),
        (
            "x".to_owned(),
            Column::Numeric(vec![1.0, 2.0, 1.0, 3.0, 2.0, 5.0]),
        ),
        (
            "y".to_owned(),
            Column::Numeric(vec![1.0, 2.5, 4.0, 5.0, 0.0, 2.0]),
        ),
    ]);
    let data = RegressionData {
        columns,
        weight: None,
    };
    let result = fit("y ~ x | id", &data, &OPTIONS);
    assert_eq!(result.fixed_effects, [("id".to_owned(), 3)]);
    let names: Vec<String> = fit("y ~ 0 + factor(id) + x", &data, &OPTIONS)
        .rows
        .into_iter()
        .map(|row| row.term)
        .collect();
    assert_eq!(names[1], format!("factor(id){}", large + 1));
    // As a number it is a column like any other.
    assert_eq!(fit("y ~ x + id", &data, &OPTIONS).rows.len(), 3);
}

#[test]
fn dropped_columns_say_why() {
    let n = 40;
    let x = noise(n, 1);
    let z = noise(n, 2);
    let data = data(&[
        ("y", noise(n, 3)),
        ("one", vec![1.0; n]),
        ("person", rows(n, |row| (row / 4) as f64)),
        ("year", rows(n, |row| (row % 4) as f64)),
        ("age", rows(n, |row| (row / 4 * 3 + row % 4) as f64)),
        ("sum", x.iter().zip(&z).map(|(a, b)| a - 2.0 * b).collect()),
        ("x", x),
        ("z", z),
    ]);
    let dropped = |text: &str| -> Vec<(String, Status, String)> {
        let result = fit(text, &data, &OPTIONS);
        let rows = result.dropped.into_iter();
        for row in result.rows.iter().filter(|row| row.estimate.is_nan()) {
            assert!(row.std_error.is_nan() && row.conf_low.is_nan() && row.p_value.is_nan());
            assert_ne!(row.status, Status::Ok);
        }
        rows.map(|column| (column.term, column.status, column.detail))
            .collect()
    };
    let named =
        |term: &str, status, detail: &str| vec![(term.to_owned(), status, detail.to_owned())];
    assert_eq!(dropped("y ~ x + one"), named("one", Status::Constant, ""));
    assert_eq!(
        dropped("y ~ x + one | person"),
        named("one", Status::Constant, "")
    );
    assert_eq!(dropped("y ~ x + one - 1"), []);
    assert_eq!(
        dropped("y ~ x + z + sum"),
        named("sum", Status::Collinear, "x, z")
    );
    assert_eq!(
        dropped("y ~ x + age | person + year"),
        named("age", Status::Absorbed, "person, year")
    );
    // One indicator too many: the last is the constant less the others. The constant itself is not named.
    assert_eq!(
        dropped("y ~ i(year)"),
        named("year::3", Status::Collinear, "year::0, year::1, year::2")
    );
    assert_eq!(
        dropped("y ~ i(year) | person"),
        named("year::3", Status::Collinear, "year::0, year::1, year::2")
    );
    let result = fit("y ~ x + i(year) | year + person", &data, &OPTIONS);
    assert!(
        result
            .dropped
            .iter()
            .all(|column| column.status == Status::Absorbed)
    );
    assert_eq!(result.dropped.len(), 4);
    // An instrument that is a regressor says nothing about the endogenous column.
    let result = fit("y ~ x | z ~ x + age", &data, &OPTIONS);
    assert!(result.dropped[0].is_instrument);
    assert_eq!(
        (&*result.dropped[0].term, &*result.dropped[0].detail),
        ("x", "x")
    );
}

#[test]
fn connected_components_count_as_degrees_of_freedom() {
    // Two workers and two firms that never meet the other two and two.
    let n = 48;
    let data = data(&[
        ("worker", rows(n, |row| (row % 4) as f64)),
        (
            "firm",
            rows(n, |row| (row % 4 / 2 * 2 + row / 4 % 2) as f64),
        ),
        ("x", noise(n, 5)),
        ("y", noise(n, 6)),
    ]);
    let k = |rule| {
        let small_sample = SmallSample {
            fixed_effects: rule,
            ..SmallSample::FIXEST
        };
        let options = OlsOptions {
            small_sample,
            ..OPTIONS
        };
        fit("y ~ x | worker + firm", &data, &options).n_counted
    };
    // 1 + 4 + 4, less one, or less one per component; factor() finds the true rank.
    assert_eq!(k(FixedEffectCount::Nested), 8);
    assert_eq!(k(FixedEffectCount::Components), 7);
    let dummies = fit("y ~ x + factor(worker) + factor(firm)", &data, &OPTIONS);
    assert_eq!(dummies.n_counted, 7);
    let mut options = with_vcov("hc3");
    options.small_sample = SmallSample::parse("fixef_k=components").unwrap();
    let absorbed = fit("y ~ x | worker + firm", &data, &options);
    let dummies = fit(
        "y ~ x + factor(worker) + factor(firm)",
        &data,
        &with_vcov("hc3"),
    );
    assert!(close(
        std_error(&absorbed, "x"),
        std_error(&dummies, "x"),
        1e-10
    ));
    assert_eq!(absorbed.df, dummies.df);
}

#[test]
fn small_sample_factors_are_read_or_refused() {
    let read = SmallSample::parse(" ADJ = false,fixef_k=Components , t_df=conventional").unwrap();
    assert!(!read.adjust && read.cluster_adjust);
    assert_eq!(read.fixed_effects, FixedEffectCount::Components);
    assert_eq!(SmallSample::parse("").unwrap(), SmallSample::FIXEST);
    for (text, found) in [
        ("adj", "adj"),
        ("adj=maybe", "adj=maybe"),
        ("adj=true, fixef_k=all", "fixef_k=all"),
        ("adj=true, adj=false", "adj=false"),
        ("K.adj=true", "K.adj=true"),
    ] {
        assert_eq!(SmallSample::parse(text).unwrap_err().found, found);
    }
}

#[test]
fn singletons_are_kept_and_counted_or_dropped() {
    // Row 0 is alone in its group; without it row 1 is alone in its year.
    let data = data(&[
        ("g", vec![0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]),
        ("year", vec![0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 1.0]),
        ("x", noise(7, 7)),
        ("y", noise(7, 8)),
    ]);
    let mut options = OPTIONS;
    let text = "y ~ x | g";
    let kept = fit(text, &data, &options);
    assert_eq!((kept.n_obs, kept.counts.n_singleton_rows), (7, 1));
    options.singletons = Singletons::DropAll;
    let dropped = fit(text, &data, &options);
    assert_eq!((dropped.n_obs, dropped.counts.n_singleton_rows), (6, 1));
    assert!(close(estimate(&kept, "x"), estimate(&dropped, "x"), 1e-12));
    assert_eq!((kept.n_counted, dropped.n_counted), (5, 4));
}

#[test]
fn nearly_collinear_columns_are_told_apart_or_named() {
    let n = 200;
    let (x, z) = (noise(n, 11), noise(n, 12));
    let near = |size: f64| x.iter().zip(&z).map(|(x, z)| x + size * z).collect();
    let y = x.iter().zip(&z).map(|(x, z)| 1.0 + x + 2.0 * z).collect();
    let data = data(&[
        ("near", near(1e-4)),
        ("same", near(1e-7)),
        ("x", x),
        ("z", z),
        ("y", y),
    ]);
    // y = 1 − 19,999 x + 20,000 (x + z / 10,000).
    let result = fit("y ~ x + near", &data, &with_vcov("iid"));
    assert!(close(estimate(&result, "near"), 20_000.0, 1e-7));
    assert!(close(estimate(&result, "x"), -19_999.0, 1e-7));
    let result = fit("y ~ x + same", &data, &OPTIONS);
    assert_eq!(result.rows[2].status, Status::Collinear);
    assert_eq!(result.dropped[0].detail, "x");
}

#[test]
fn large_outcomes_cost_no_digits() {
    let n = 600;
    let grid = |values: Vec<f64>| -> Vec<f64> {
        values
            .iter()
            .map(|v| (v * 4096.0).round() / 4096.0)
            .collect()
    };
    let y = grid(noise(n, 21));
    let columns = |shift: f64| {
        data(&[
            ("y", y.iter().map(|y| y + shift).collect()),
            ("x", noise(n, 22)),
            ("g", rows(n, |row| (row / 3) as f64)),
            ("t", rows(n, |row| (row % 3) as f64)),
            ("c", rows(n, |row| (row % 7) as f64)),
        ])
    };
    for text in [
        "y ~ x",
        "y ~ x | g",
        "y ~ x + i(t, 0) | g",
        "y ~ x | g + t",
        "y ~ x + factor(c) | g + t",
    ] {
        for direct_levels in [500, 0] {
            let effort = Effort {
                direct_levels,
                ..Effort::COEFFICIENTS
            };
            let formula = formula::parse(text).unwrap();
            let [small, large] = [0.0, 1.0e9].map(|shift| {
                fit_with(&formula, &columns(shift), &with_vcov("cluster(c)"), effort).unwrap()
            });
            assert!(
                close(estimate(&small, "x"), estimate(&large, "x"), 1e-10),
                "{text}"
            );
            assert!(
                close(std_error(&small, "x"), std_error(&large, "x"), 1e-9),
                "{text}"
            );
        }
    }
}

#[test]
fn as_many_coefficients_as_rows_are_refused() {
    let data = data(&[
        ("x", vec![1.0, 2.0, 4.0]),
        ("z", vec![1.0, 0.0, 3.0]),
        ("y", vec![2.0, 1.0, 5.0]),
        ("c", vec![1.0, 1.0, 1.0]),
    ]);
    assert_eq!(
        refusal("y ~ x + z", &data, &OPTIONS),
        EstimatorError::NoDegreesOfFreedom {
            n_coefficients: 3,
            n_obs: 3
        }
    );
    let years = rows(5_000, |row| row as f64);
    let data = self::data(&[("y", noise(5_000, 1)), ("x", years)]);
    assert!(matches!(
        refusal("y ~ factor(x)", &data, &OPTIONS),
        EstimatorError::TooMany { found: 4_999, .. }
    ));
}

#[test]
fn one_cluster_has_estimates_without_errors() {
    let data = data(&[
        ("x", noise(60, 1)),
        ("y", noise(60, 2)),
        ("c", vec![1.0; 60]),
        ("d", rows(60, |row| (row % 12) as f64)),
        ("z", noise(60, 3)),
    ]);
    for vcov in ["cluster(c)", "cluster(c, d)"] {
        let result = fit("y ~ x", &data, &with_vcov(vcov));
        let unclustered = fit("y ~ x", &data, &with_vcov("hc1"));
        for (row, other) in result.rows.iter().zip(&unclustered.rows) {
            assert!(close(row.estimate, other.estimate, 1e-12));
            assert_eq!(row.status, Status::NoVariance);
            assert!(row.std_error.is_nan() && row.p_value.is_nan());
            assert!(row.conf_low.is_nan() && row.band_high.is_nan());
        }
        assert_eq!((result.n_clusters, result.band), (Some(1), None));
        let formula = formula::parse("y ~ 1 | x ~ z").unwrap();
        let rows = ols_diagnostics(&formula, &data, &with_vcov(vcov), &[]).unwrap();
        let wald = rows.iter().find(|row| row.diagnostic == "first_stage_wald");
        assert!(wald.unwrap().statistic.is_nan());
    }
}

/// Rounding is not an error: an outcome that its columns or fixed effects give exactly has none.
#[test]
fn a_perfect_fit_has_no_variance() {
    let x = noise(60, 1);
    for scale in [1e-12, 1.0, 1e12] {
        let data = data(&[
            ("x", x.clone()),
            ("z", noise(60, 2)),
            ("y", x.iter().map(|x| scale * (3.0 * x + 1.0)).collect()),
            ("g", rows(60, |row| (row % 10) as f64)),
            ("of_g", rows(60, |row| scale * (row % 10) as f64)),
        ]);
        for text in ["y ~ x", "y ~ y", "y ~ x + z", "y ~ x | g", "of_g ~ x | g"] {
            for vcov in ["iid", "hc1", "hc3", "cluster(g)"] {
                let result = fit(text, &data, &with_vcov(vcov));
                for row in &result.rows {
                    assert_eq!(row.status, Status::NoVariance, "{text} {vcov} {scale}");
                    assert!(row.std_error.is_nan() && row.estimate.is_finite());
                }
                assert_eq!(result.band, None);
            }
        }
    }
}

#[test]
fn nothing_to_estimate_is_refused() {
    let n = 100_000;
    let data = data(&[
        ("y", noise(n, 1)),
        ("tenth", vec![0.1; n]),
        ("g", rows(n, |row| (row % 10) as f64)),
    ]);
    for text in [
        "y ~ 0",
        "y ~ 1 | g",
        "y ~ i(g, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) | g",
    ] {
        let refused = refusal(text, &data, &OPTIONS);
        assert!(
            matches!(refused, EstimatorError::NothingToEstimate { .. }),
            "{text}: {refused}"
        );
    }
    // Columns of which nothing is left are rows that say so, with the rows used.
    for (text, n_terms, status) in [
        ("y ~ tenth | g", 1, Status::Constant),
        ("y ~ g | g", 1, Status::Absorbed),
        ("y ~ factor(g) | g", 9, Status::Absorbed),
    ] {
        for vcov in ["iid", "hc0", "hc1", "hc3", "cluster(g)"] {
            let result = fit(text, &data, &with_vcov(vcov));
            assert_eq!(
                (result.n_obs, result.rows.len()),
                (n as u64, n_terms),
                "{text} {vcov}"
            );
            for row in &result.rows {
                assert_eq!(row.status, status, "{text} {vcov}");
                assert!(row.estimate.is_nan() && row.std_error.is_nan());
            }
            assert!(result.within_r2.abs() < 1e-12, "{text} {vcov}");
        }
    }
    let result = fit("y ~ tenth", &data, &OPTIONS);
    assert_eq!(result.rows[1].status, Status::Constant);
    let alone = fit("y ~ 1", &data, &OPTIONS);
    assert!(close(
        estimate(&alone, "(Intercept)"),
        estimate(&result, "(Intercept)"),
        1e-12
    ));
}
