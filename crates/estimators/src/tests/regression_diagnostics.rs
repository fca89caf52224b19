//! Diagnostics of least squares: counts of rows, degrees of freedom, dropped columns, strength of instruments.

use super::golden::close;
use super::regression_cases::{data, noise, rows, with_vcov};
use crate::regression::{
    JointHypothesis, OlsOptions, RegressionData, formula, ols, ols_diagnostics,
};
use crate::{Diagnostic, EstimatorError, Status};

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
    ols_diagnostics(&formula, &instrumented(), options, &[]).unwrap()
}

fn joint(text: &str, vcov: &str, hypotheses: &str) -> Result<Vec<Diagnostic>, EstimatorError> {
    let hypotheses = JointHypothesis::parse_all(hypotheses).unwrap();
    let formula = formula::parse(text).unwrap();
    let rows = ols_diagnostics(&formula, &instrumented(), &with_vcov(vcov), &hypotheses)?;
    let is_joint = |row: &Diagnostic| row.diagnostic == "joint_test";
    Ok(rows.into_iter().filter(is_joint).collect())
}

/// Σωe² of a fit.
fn squares(text: &str) -> (f64, f64) {
    let formula = formula::parse(text).unwrap();
    let fit = ols(&formula, &instrumented(), &with_vcov("iid")).unwrap();
    (fit.rmse.powi(2) * fit.n_obs as f64, fit.df)
}

#[test]
fn joint_test_with_equal_variances_compares_residuals_of_two_fits() {
    let row = &joint("y ~ strong + z + z2 + sex", "iid", "z, z2").unwrap()[0];
    let ((with, df), (without, _)) = (
        squares("y ~ strong + z + z2 + sex"),
        squares("y ~ strong + sex"),
    );
    assert!(close(
        row.statistic,
        (without - with) / 2.0 / (with / df),
        1e-9,
    ));
    assert_eq!((row.df1, row.df2, row.term.as_str()), (2.0, df, "z, z2"));
}

#[test]
fn joint_test_of_one_coefficient_is_the_square_of_its_t() {
    for vcov in ["iid", "hc1", "cluster(person)"] {
        let formula = formula::parse("y ~ strong + z + factor(year)").unwrap();
        let fit = ols(&formula, &instrumented(), &with_vcov(vcov)).unwrap();
        let own = fit.rows.iter().find(|row| row.term == "z").unwrap();
        let row = &joint("y ~ strong + z + factor(year)", vcov, "z").unwrap()[0];
        assert!(close(row.statistic, own.statistic.powi(2), 1e-10));
        assert!(close(row.p_value, own.p_value, 1e-10));
    }
}

#[test]
fn joint_tests_find_their_terms_or_say_which_there_are() {
    let text = "y ~ strong + z + sex + factor(year) | person";
    let rows = joint(text, "cluster(person)", "factor(year)*; sex; sex, z").unwrap();
    assert_eq!((rows[0].df1, rows[0].df2), (5.0, 39.0));
    assert_eq!(
        (rows[1].status, rows[1].statistic.is_nan()),
        (Status::Absorbed, true)
    );
    assert_eq!((rows[2].status, rows[2].df1), (Status::Ok, 1.0));
    assert_eq!(rows[2].detail, "without a coefficient: sex");
    let error = joint(text, "hc1", "z; none").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the regression has no term \"none\"; it has strong, z")
    );
}

#[test]
fn joint_test_of_as_many_coefficients_as_clusters_says_so() {
    let row = &joint("y ~ strong + z + z2", "cluster(sex)", "strong, z, z2").unwrap()[0];
    assert_eq!((row.status, row.p_value.is_nan()), (Status::Singular, true));
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
