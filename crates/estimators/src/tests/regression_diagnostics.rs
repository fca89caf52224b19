//! Diagnostics of least squares: counts of rows, degrees of freedom, dropped columns, strength of instruments.

use super::golden::close;
use super::regression_cases::{data, noise, rows, with_vcov};
use crate::regression::{OlsOptions, RegressionData, formula, ols_diagnostics};
use crate::{Diagnostic, Status};

fn diagnostic<'a>(rows: &'a [Diagnostic], name: &str, term: &str) -> &'a Diagnostic {
    let row = rows
        .iter()
        .find(|row| row.diagnostic == name && row.term == term);
    row.unwrap_or_else(|| panic!("no {name} {term} in {rows:?}"))
}

/// Persons by years, a strong and a weak instrument, a missing outcome, a weight of zero.
fn instrumented() -> RegressionData {
    let n = 240;
    let (z, u) = (noise(n, 31), noise(n, 32));
    let dose =
        |strength: f64| -> Vec<f64> { z.iter().zip(&u).map(|(z, u)| strength * z + u).collect() };
    let strong = dose(2.0);
    let mut y: Vec<f64> = strong
        .iter()
        .zip(&u)
        .zip(noise(n, 33))
        .map(|((d, u), e)| d + u + e)
        .collect();
    y[5] = f64::NAN;
    let mut data = data(&[
        ("y", y),
        ("strong", strong),
        ("weak", dose(0.05)),
        ("z", z),
        ("z2", noise(n, 34)),
        ("person", rows(n, |row| (row / 6) as f64)),
        ("year", rows(n, |row| (row % 6) as f64)),
        ("sex", rows(n, |row| (row / 6 % 2) as f64)),
    ]);
    let mut weight = vec![1.0; n];
    weight[7] = 0.0;
    data.weight = Some(weight);
    data
}

fn run(text: &str, options: &OlsOptions) -> Vec<Diagnostic> {
    let formula = formula::parse(text).unwrap();
    ols_diagnostics(&formula, &instrumented(), options).unwrap()
}

#[test]
fn diagnostics_tell_what_happened() {
    let rows = run(
        "y ~ sex | person + year | strong ~ z + z2",
        &with_vcov("cluster(person)"),
    );
    let number = |name: &str, term: &str| diagnostic(&rows, name, term).statistic;
    assert_eq!(number("n_rows_in", ""), 240.0);
    assert_eq!(number("n_missing_rows", ""), 1.0);
    assert_eq!(number("n_zero_weight_rows", ""), 1.0);
    assert_eq!(number("n_obs", ""), 238.0);
    assert_eq!(number("fixed_effect_levels", "person"), 40.0);
    assert_eq!(number("connected_components", "year"), 1.0);
    // One coefficient, five years, one for the nested persons.
    assert_eq!(number("n_coefficients", ""), 7.0);
    let sex = diagnostic(&rows, "dropped_column", "sex");
    assert_eq!(
        (sex.status, &*sex.detail),
        (Status::Absorbed, "person, year")
    );
    let wald = diagnostic(&rows, "first_stage_wald", "strong");
    assert_eq!((wald.df1, wald.df2, wald.status), (2.0, 39.0, Status::Ok));
    assert!(wald.p_value < 1e-10);
    assert_eq!(diagnostic(&rows, "wu_hausman", "").df1, 1.0);
    assert_eq!(diagnostic(&rows, "sargan", "").df1, 1.0);
}

#[test]
fn weak_instruments_are_called_weak() {
    let rows = run("y ~ 1 | weak ~ z", &with_vcov("hc1"));
    let effective = diagnostic(&rows, "effective_f", "weak");
    let critical = diagnostic(&rows, "effective_f_critical", "weak");
    assert_eq!(effective.status, Status::WeakInstruments);
    assert!((critical.statistic - 23.1085).abs() < 1e-3);
    // With one instrument the effective F is the robust F, with equal variances the plain F.
    let wald = diagnostic(&rows, "first_stage_wald", "weak");
    assert!(close(effective.statistic, wald.statistic, 1e-10));
    let rows = run("y ~ 1 | strong ~ z + z2", &with_vcov("iid"));
    let plain = diagnostic(&rows, "first_stage_f", "strong").statistic;
    assert!(close(
        diagnostic(&rows, "effective_f", "strong").statistic,
        plain,
        1e-10
    ));
    // Two endogenous columns: no effective F, the rule of ten instead.
    let rows = run("y ~ 1 | strong + weak ~ z + z2", &with_vcov("iid"));
    assert_eq!(
        diagnostic(&rows, "first_stage_f", "weak").status,
        Status::WeakInstruments
    );
    assert_eq!(
        diagnostic(&rows, "first_stage_f", "strong").status,
        Status::Ok
    );
    assert!(!rows.iter().any(|row| row.diagnostic == "effective_f"));
}
