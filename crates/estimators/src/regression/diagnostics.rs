//! What a regression did with rows and columns, how well it fits, and whether its instruments can be trusted, as rows.

use crate::diagnostic::Diagnostic;
use crate::error::EstimatorError;
use crate::inference::few_clusters::FEW_CLUSTERS_IN_ALL;
use crate::regression::covariance::vcov::Vcov;
use crate::regression::data::RegressionData;
use crate::regression::formula::syntax::Formula;
use crate::regression::instruments::FTest;
use crate::regression::joint::JointHypothesis;
use crate::regression::least_squares::{Coefficient, Effort, OlsResult, fit_with};
use crate::regression::options::{OlsOptions, Singletons};
use crate::status::Status;

/// First-stage F below which the instruments of one of several endogenous columns count as weak; Staiger and Stock (1997),
/// Econometrica 65:557.
const WEAK_F: f64 = 10.0;

impl Diagnostic {
    pub(crate) fn test(diagnostic: &'static str, term: &str, test: FTest) -> Self {
        Self {
            df1: test.df1,
            df2: test.df2,
            p_value: test.p_value,
            ..Self::number(diagnostic, term, test.statistic)
        }
    }
}

/// Fits a formula and returns its diagnostics: counts of rows, degrees of freedom, fixed effects and their connected components,
/// fit, dropped columns with the reason, tests of instruments and of `hypotheses`.
///
/// An endogenous column counts as weakly instrumented when its effective F is below its critical value (one endogenous column) or
/// its first-stage F below 10 (several).
///
/// # Errors
/// As [`super::ols`], and [`EstimatorError::UnknownTerm`] for a hypothesis about a term that the regression does not have.
pub fn ols_diagnostics(
    formula: &Formula,
    data: &RegressionData,
    options: &OlsOptions,
    hypotheses: &[JointHypothesis],
) -> Result<Vec<Diagnostic>, EstimatorError> {
    let effort = Effort {
        components: true,
        tests: true,
        ..Effort::COEFFICIENTS
    };
    let result = fit_with(formula, data, options, effort)?;
    let mut rows = sample(&result, options);
    rows.extend(fixed_effects(&result));
    rows.extend(
        [
            ("r2", result.r2),
            ("adjusted_r2", result.adjusted_r2),
            ("within_r2", result.within_r2),
            ("rmse", result.rmse),
        ]
        .map(|(diagnostic, value)| Diagnostic::number(diagnostic, "", value)),
    );
    rows.extend(result.dropped.iter().map(|column| {
        let mut row = Diagnostic::number("dropped_column", &column.term, f64::NAN);
        row.status = column.status;
        row.with_detail(&column.detail)
    }));
    rows.extend(instruments(&result));
    for hypothesis in hypotheses {
        rows.push(hypothesis.test(&result)?);
    }
    Ok(rows)
}

fn sample(result: &OlsResult, options: &OlsOptions) -> Vec<Diagnostic> {
    let counts = &result.counts;
    let number = |diagnostic, value: u64| Diagnostic::number(diagnostic, "", value as f64);
    let fate = match options.singletons {
        Singletons::Keep => "kept",
        Singletons::DropOnce | Singletons::DropAll => "dropped",
    };
    let mut rows = vec![
        number("n_rows_in", counts.n_rows_in),
        number("n_missing_rows", counts.n_missing_rows),
        number("n_undefined_rows", counts.n_undefined_rows),
        number("n_zero_weight_rows", counts.n_zero_weight_rows),
        number("n_singleton_rows", counts.n_singleton_rows).with_detail(fate),
        number("n_obs", counts.n_obs),
        number("n_coefficients", result.n_counted)
            .with_detail("K of the small-sample factor, fixed effects as counted"),
    ];
    rows.extend(degrees_of_freedom(result, options));
    if let Some(n_clusters) = result.n_clusters {
        let mut row = number("n_clusters", n_clusters);
        if n_clusters < FEW_CLUSTERS_IN_ALL as u64 {
            row.status = Status::FewClusters;
        }
        rows.push(row);
    }
    let counted = result
        .rows
        .iter()
        .filter(|row| row.effective_clusters.is_finite());
    rows.extend(counted.map(|coefficient| {
        let number = coefficient.effective_clusters;
        let mut row = Diagnostic::number("effective_clusters", &coefficient.term, number);
        row.status = coefficient.status;
        row
    }));
    rows.extend(result.wild.map(|draws| {
        let detail = if draws.is_complete {
            "all there are"
        } else {
            "random"
        };
        number("wild_draws", draws.n_draws).with_detail(detail)
    }));
    rows
}

/// One row, or one per coefficient where each has its own.
fn degrees_of_freedom(result: &OlsResult, options: &OlsOptions) -> Vec<Diagnostic> {
    if !matches!(options.vcov, Vcov::Cr2(_)) {
        return vec![Diagnostic::number("df", "", result.df)];
    }
    let own = |coefficient: &Coefficient| {
        let mut row = Diagnostic::number("df", &coefficient.term, coefficient.df);
        row.status = coefficient.status;
        row
    };
    let estimated = result.rows.iter().filter(|row| row.estimate.is_finite());
    estimated.map(own).collect()
}

fn fixed_effects(result: &OlsResult) -> Vec<Diagnostic> {
    let mut rows = Vec::new();
    for (name, levels) in &result.fixed_effects {
        rows.push(Diagnostic::number(
            "fixed_effect_levels",
            name,
            *levels as f64,
        ));
    }
    let later = result.fixed_effects.iter().skip(1);
    for ((name, _), &components) in later.zip(&result.components) {
        rows.push(Diagnostic::number(
            "connected_components",
            name,
            components as f64,
        ));
    }
    rows
}

fn instruments(result: &OlsResult) -> Vec<Diagnostic> {
    let Some(tests) = &result.instruments else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    let is_single = tests.first_stages.len() == 1;
    for stage in &tests.first_stages {
        let is_weak = if is_single {
            stage.effective_f < stage.effective_f_critical
        } else {
            stage.f.statistic < WEAK_F
        };
        let (status, detail) = if is_weak && is_single {
            let detail = "effective F below its critical value (10 % of the worst bias, 5 %)";
            (Status::WeakInstruments, detail)
        } else if is_weak {
            (Status::WeakInstruments, "first-stage F below 10")
        } else {
            (Status::Ok, "")
        };
        let mut own = vec![
            Diagnostic::test("first_stage_f", &stage.term, stage.f),
            Diagnostic::test("first_stage_wald", &stage.term, stage.wald),
        ];
        if is_single {
            let mut effective = Diagnostic::number("effective_f", &stage.term, stage.effective_f);
            effective.df1 = stage.effective_df;
            let critical = stage.effective_f_critical;
            own.push(effective);
            own.push(Diagnostic::number(
                "effective_f_critical",
                &stage.term,
                critical,
            ));
        }
        for mut row in own {
            row.status = status;
            rows.push(row.with_detail(detail));
        }
    }
    rows.extend(
        tests
            .wu_hausman
            .map(|t| Diagnostic::test("wu_hausman", "", t)),
    );
    rows.extend(tests.sargan.map(|t| Diagnostic::test("sargan", "", t)));
    rows
}
