//! Tests of instruments: strength of the first stage, endogeneity, over-identification.

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

use crate::estimators::covariance::{FixedEffectCount, Scores, SmallSample, Vcov};
use crate::estimators::estimate::EstimatorError;
use crate::estimators::least_squares::fit::{Model, Projection};
use crate::estimators::linear_algebra::{dot, solve_correlation_checked};

/// A statistic with its degrees of freedom and p-value; `df2` is NaN for a chi-squared one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FTest {
    /// The statistic.
    pub statistic: f64,
    /// First degrees of freedom.
    pub df1: f64,
    /// Second degrees of freedom.
    pub df2: f64,
    /// P(larger statistic).
    pub p_value: f64,
}

/// Tests of the instruments.
#[derive(Debug, Clone, PartialEq)]
pub struct InstrumentTests {
    /// Per endogenous column: F of the instruments in the first stage, equal variances.
    pub first_stage_f: Vec<FTest>,
    /// The same as a Wald test with the covariance matrix asked for.
    pub first_stage_wald: Vec<FTest>,
    /// Are the endogenous columns exogenous? (Wu–Hausman.)
    pub wu_hausman: Option<FTest>,
    /// Do the instruments contradict each other? (Sargan, n·R² with weights; only when over-identified.)
    pub sargan: Option<FTest>,
}

impl FTest {
    fn f(statistic: f64, df1: f64, df2: f64) -> Self {
        let p_value = FisherSnedecor::new(df1, df2).map_or(f64::NAN, |law| law.sf(statistic));
        Self {
            statistic,
            df1,
            df2,
            p_value,
        }
    }
}

/// All tests of a fitted model.
pub(crate) fn tests(
    model: &Model,
    vcov: &Vcov,
    small: &SmallSample,
) -> Result<InstrumentTests, EstimatorError> {
    let weights = model.design.weights.as_deref();
    let endogenous = &model.endogenous;
    let exogenous: Vec<&[f64]> = model.exogenous.iter().map(Vec::as_slice).collect();
    let full: Vec<&[f64]> = exogenous
        .iter()
        .copied()
        .chain(model.instruments.iter().map(Vec::as_slice))
        .collect();
    let stage = Projection::new(&full, weights)?;
    let mut tests = InstrumentTests {
        first_stage_f: Vec::new(),
        first_stage_wald: Vec::new(),
        wu_hausman: None,
        sargan: None,
    };
    let mut stage_residuals: Vec<Vec<f64>> = Vec::new();
    for column in endogenous {
        let residuals = stage.residuals(column);
        let scores = Scores {
            columns: &full,
            residuals: &residuals,
            weights,
            inverse: &stage.inverse,
            fixed_effects: &model.design.fixed_effects,
            clusters: &model.design.clusters,
        };
        tests
            .first_stage_f
            .push(strength(column, &exogenous, &scores)?);
        let coefficients = stage.coefficients(column, &full);
        tests
            .first_stage_wald
            .push(wald(&coefficients, exogenous.len(), &scores, vcov, small)?);
        stage_residuals.push(residuals);
    }
    tests.wu_hausman = wu_hausman(model, &exogenous, &stage_residuals)?;
    tests.sargan = sargan(model, &stage, endogenous.len());
    Ok(tests)
}

/// F of the instruments: how much the residual squares fall.
fn strength(
    column: &[f64],
    exogenous: &[&[f64]],
    scores: &Scores<'_>,
) -> Result<FTest, EstimatorError> {
    let restricted = if exogenous.is_empty() {
        column.to_vec()
    } else {
        Projection::new(exogenous, scores.weights)?.residuals(column)
    };
    let q = (scores.columns.len() - exogenous.len()) as f64;
    let n_counted = scores.count(&Vcov::Iid, FixedEffectCount::Full) as f64;
    let df2 = scores.residuals.len() as f64 - n_counted;
    let left = dot(scores.residuals, scores.residuals, scores.weights);
    let fall = dot(&restricted, &restricted, scores.weights) - left;
    Ok(FTest::f(fall / q / (left / df2), q, df2))
}

/// Wald test of the instruments' coefficients.
fn wald(
    coefficients: &DVector<f64>,
    n_exogenous: usize,
    scores: &Scores<'_>,
    vcov: &Vcov,
    small: &SmallSample,
) -> Result<FTest, EstimatorError> {
    let covariance = scores.covariance(vcov, small)?;
    let q = coefficients.len() - n_exogenous;
    let own = DVector::from_fn(q, |k, _| coefficients[n_exogenous + k]);
    let block = DMatrix::from_fn(q, q, |a, b| {
        covariance.matrix[(n_exogenous + a, n_exogenous + b)]
    });
    let statistic = solve_correlation_checked(&block, &own).map_or(f64::NAN, |x| own.dot(&x));
    let df2 = scores.residuals.len() as f64 - covariance.n_counted as f64;
    Ok(FTest::f(statistic / q as f64, q as f64, df2))
}

/// F of the first-stage residuals added to the regression on the columns as they are.
fn wu_hausman(
    model: &Model,
    exogenous: &[&[f64]],
    stage_residuals: &[Vec<f64>],
) -> Result<Option<FTest>, EstimatorError> {
    let weights = model.design.weights.as_deref();
    let small: Vec<&[f64]> = model
        .endogenous
        .iter()
        .map(Vec::as_slice)
        .chain(exogenous.iter().copied())
        .collect();
    let large: Vec<&[f64]> = small
        .iter()
        .copied()
        .chain(stage_residuals.iter().map(Vec::as_slice))
        .collect();
    let squares = |columns: &[&[f64]]| -> Result<f64, EstimatorError> {
        let left = Projection::new(columns, weights)?.residuals(&model.design.outcome);
        Ok(dot(&left, &left, weights))
    };
    let (without, with) = (squares(&small)?, squares(&large)?);
    let levels: usize = model
        .design
        .fixed_effects
        .iter()
        .map(|groups| groups.n_groups)
        .sum();
    let absorbed = (levels + 1).saturating_sub(model.design.fixed_effects.len().max(1));
    let q = model.endogenous.len() as f64;
    let df2 = model.design.n_obs() as f64 - (large.len() + absorbed) as f64;
    Ok((df2 > 0.0).then(|| FTest::f((without - with) / q / (with / df2), q, df2)))
}

/// n·R² of the residuals on all exogenous columns.
fn sargan(model: &Model, stage: &Projection<'_>, n_endogenous: usize) -> Option<FTest> {
    let df = model
        .instruments
        .len()
        .checked_sub(n_endogenous)
        .filter(|&df| df > 0)? as f64;
    let weights = model.design.weights.as_deref();
    let left = stage.residuals(&model.residuals);
    let total = dot(&model.residuals, &model.residuals, weights);
    let share = 1.0 - dot(&left, &left, weights) / total;
    let statistic = model.design.n_obs() as f64 * share;
    let p_value = ChiSquared::new(df).map_or(f64::NAN, |law| law.sf(statistic));
    Some(FTest {
        statistic,
        df1: df,
        df2: f64::NAN,
        p_value,
    })
}
