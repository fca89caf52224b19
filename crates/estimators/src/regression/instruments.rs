//! Tests of instruments: strength of the first stage, endogeneity, over-identification.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

use crate::error::EstimatorError;
use crate::linear_algebra::{inverse, solve_correlation_checked};
use crate::regression::covariance::scores::Scores;
use crate::regression::covariance::small_sample::{ClusterCount, FixedEffectCount, SmallSample};
use crate::regression::covariance::vcov::Vcov;
use crate::regression::fit::Model;
use crate::regression::products::{Products, singular};

/// Relative bias, against its worst case, that the effective F is compared with.
const TOLERATED_BIAS: f64 = 0.1;

/// Size of that test.
const TEST_SIZE: f64 = 0.05;

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

/// How strong the instruments of one endogenous column are.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstStage {
    /// The endogenous column.
    pub term: String,
    /// F of the instruments, equal variances; df2 = n − K with all levels of fixed effects in K.
    pub f: FTest,
    /// The same as a Wald test with the covariance matrix asked for, over its df1; df2 is that of the t distribution: n − K, or with
    /// clusters G − 1.
    pub wald: FTest,
    /// Effective F of Montiel Olea and Pflueger (2013), J. Business & Economic Statistics 31:358: π'Qπ / tr(V Q) with π the
    /// instruments' coefficients, V their covariance matrix as asked for, Q their products given the exogenous columns.
    pub effective_f: f64,
    /// Effective degrees of freedom of its law.
    pub effective_df: f64,
    /// The value below which a bias of 10 % of the worst case cannot be rejected at 5 % (simplified test: the worst benchmark).
    /// With one instrument it is 23.1.
    pub effective_f_critical: f64,
}

/// Tests of the instruments.
#[derive(Debug, Clone, PartialEq)]
pub struct InstrumentTests {
    /// One per endogenous column.
    pub first_stages: Vec<FirstStage>,
    /// Are the endogenous columns exogenous? (Wu–Hausman, equal variances.)
    pub wu_hausman: Option<FTest>,
    /// Do the instruments contradict each other? (Sargan, n·R² with weights; only when over-identified.)
    pub sargan: Option<FTest>,
}

impl FTest {
    pub(crate) fn f(statistic: f64, df1: f64, df2: f64) -> Self {
        let law = FisherSnedecor::new(df1, df2);
        let p_value = match law {
            Ok(law) if statistic.is_finite() => law.sf(statistic.max(0.0)),
            _ => f64::NAN,
        };
        Self {
            statistic,
            df1,
            df2,
            p_value,
        }
    }
}

/// All tests of a fitted model; `scores` are those of its second stage.
pub(crate) fn tests(
    model: &Model,
    scores: &Scores<'_>,
    vcov: &Vcov,
    small: &SmallSample,
) -> Result<InstrumentTests, EstimatorError> {
    let stage = Stage::new(model)?;
    let mut first_stages = Vec::with_capacity(model.endogenous.len());
    // Terms of endogenous columns come first.
    for (index, (name, _)) in model
        .terms
        .iter()
        .filter(|(_, place)| place.is_some())
        .take(model.endogenous.len())
        .enumerate()
    {
        first_stages.push(stage.strength(name, index, scores, vcov, small)?);
    }
    Ok(InstrumentTests {
        wu_hausman: stage.wu_hausman(scores)?,
        sargan: stage.sargan(),
        first_stages,
    })
}

/// The regressions of the endogenous columns on exogenous columns and instruments.
struct Stage<'a> {
    model: &'a Model,
    products: &'a Products,
    /// Places of exogenous columns, then instruments.
    columns: Vec<usize>,
    inverse: DMatrix<f64>,
    /// One column per endogenous column.
    coefficients: DMatrix<f64>,
    /// Products of the instruments given the exogenous columns.
    strength: DMatrix<f64>,
}

impl<'a> Stage<'a> {
    fn new(model: &'a Model) -> Result<Self, EstimatorError> {
        let products = &model.products;
        let columns: Vec<usize> = model
            .exogenous
            .iter()
            .chain(&model.instruments)
            .copied()
            .collect();
        let own = inverse(&products.among(&columns, &columns)).ok_or_else(singular)?;
        let (from, q) = (model.exogenous.len(), model.instruments.len());
        let block = own.view((from, from), (q, q)).into_owned();
        Ok(Self {
            coefficients: &own * products.among(&columns, &model.endogenous),
            // The inverse of a block of the inverse: what is left of the instruments given the exogenous columns.
            strength: inverse(&block).ok_or_else(singular)?,
            inverse: own,
            model,
            products,
            columns,
        })
    }

    /// The combination of the remaining columns that an endogenous column's residual is.
    fn residual_combination(&self, index: usize) -> DVector<f64> {
        let mut combination = DVector::zeros(self.products.gram.nrows());
        combination[self.model.endogenous[index]] = 1.0;
        for (&place, value) in self
            .columns
            .iter()
            .zip(self.coefficients.column(index).iter())
        {
            combination[place] -= value;
        }
        combination
    }

    fn strength(
        &self,
        term: &str,
        index: usize,
        second: &Scores<'_>,
        vcov: &Vcov,
        small: &SmallSample,
    ) -> Result<FirstStage, EstimatorError> {
        let none = DVector::zeros(self.products.n_effects);
        // `residuals` subtracts from zero, hence the sign.
        let combination = self
            .products
            .spread(&-self.residual_combination(index), &none);
        let within = &self.products.within;
        let residuals = within.residuals(None, &combination);
        let mut columns = DMatrix::zeros(self.products.gram.nrows(), self.columns.len());
        for (column, &place) in self.columns.iter().enumerate() {
            columns[(place, column)] = 1.0;
        }
        let scores = Scores {
            residuals: &residuals,
            transformation: &self.products.in_all_columns(&columns),
            inverse: &self.inverse,
            ..*second
        };
        let (from, q) = (self.model.exogenous.len(), self.model.instruments.len());
        let own = self
            .coefficients
            .view((from, index), (q, 1))
            .column(0)
            .into_owned();
        let explained = own.dot(&(&self.strength * &own));
        let n_counted = scores.count(&Vcov::Iid, FixedEffectCount::Full) as f64;
        let df2 = residuals.len() as f64 - n_counted;
        let left = within.dot(&residuals, &residuals);
        let covariance = scores.covariance(vcov, small)?;
        let block = covariance.matrix.view((from, from), (q, q)).into_owned();
        let wald = solve_correlation_checked(&block, &own).map_or(f64::NAN, |x| own.dot(&x));
        let wald_df = match scores.clusters.iter().map(|groups| groups.n_groups).min() {
            Some(fewest) if small.t_count == ClusterCount::Smallest => fewest as f64 - 1.0,
            _ => residuals.len() as f64 - covariance.n_counted as f64,
        };
        let product = &self.strength * &block;
        let (effective_df, effective_f_critical) = weakness(&self.strength, &block);
        Ok(FirstStage {
            term: term.to_owned(),
            f: FTest::f(explained / q as f64 / (left / df2), q as f64, df2),
            wald: FTest::f(wald / q as f64, q as f64, wald_df),
            effective_f: explained / product.trace(),
            effective_df,
            effective_f_critical,
        })
    }

    /// F of the first-stage residuals added to the regression on the columns as they are.
    fn wu_hausman(&self, scores: &Scores<'_>) -> Result<Option<FTest>, EstimatorError> {
        let model = self.model;
        let r = self.products.gram.nrows();
        let q = model.endogenous.len();
        let regressors: Vec<usize> = model.regressors().collect();
        let mut columns = DMatrix::zeros(r, regressors.len() + q);
        for (column, &place) in regressors.iter().enumerate() {
            columns[(place, column)] = 1.0;
        }
        for index in 0..q {
            let at = regressors.len() + index;
            columns.set_column(at, &self.residual_combination(index));
        }
        let gram = columns.tr_mul(&self.products.gram) * &columns;
        // Singular where the instruments explain an endogenous column fully: there is no residual to add.
        let Some(large) = inverse(&gram) else {
            return Ok(None);
        };
        let (right, effects) = self.products.with(&model.outcome);
        let coefficients = &large * columns.tr_mul(&right);
        let own = coefficients.rows(regressors.len(), q).into_owned();
        let block = large
            .view((regressors.len(), regressors.len()), (q, q))
            .into_owned();
        let Some(precision) = inverse(&block) else {
            return Ok(None);
        };
        let fall = own.dot(&(precision * &own));
        let within = &self.products.within;
        let all = self.products.spread(&(&columns * coefficients), &effects);
        let left = within.residuals(Some(&model.outcome), &all);
        let n_counted = scores.count(&Vcov::Iid, FixedEffectCount::Full) as f64;
        let df2 = left.len() as f64 - n_counted - q as f64;
        let left = within.dot(&left, &left);
        Ok((df2 > 0.0).then(|| FTest::f(fall / q as f64 / (left / df2), q as f64, df2)))
    }

    /// n·R² of the residuals on all exogenous columns.
    fn sargan(&self) -> Option<FTest> {
        let model = self.model;
        let spare = model.instruments.len().checked_sub(model.endogenous.len());
        let df = spare.filter(|&df| df > 0)? as f64;
        let (right, _) = self.products.with(&model.residuals);
        let right = DVector::from_fn(self.columns.len(), |k, _| right[self.columns[k]]);
        let explained = right.dot(&(&self.inverse * &right));
        let total = self.products.within.dot(&model.residuals, &model.residuals);
        let statistic = model.residuals.len() as f64 * explained / total;
        let p_value = ChiSquared::new(df).map_or(f64::NAN, |law| law.sf(statistic));
        Some(FTest {
            statistic,
            df1: df,
            df2: f64::NAN,
            p_value,
        })
    }
}

/// Effective degrees of freedom K = tr(S)²(1 + 2x)/(tr(S²) + 2x·tr(S)·max eigenvalue of S) with S = Q½VQ½ and x = 1/τ, and the
/// critical value: the upper 5 % point of the noncentral χ² with K degrees of freedom and noncentrality x·K, over K (Patnaik's
/// approximation, Montiel Olea and Pflueger 2013, section 3).
fn weakness(strength: &DMatrix<f64>, covariance: &DMatrix<f64>) -> (f64, f64) {
    let Some(root) = strength.clone().cholesky() else {
        return (f64::NAN, f64::NAN);
    };
    if covariance.iter().any(|value| !value.is_finite()) {
        return (f64::NAN, f64::NAN);
    }
    let root = root.l();
    // L'VL has the eigenvalues of Q½VQ½, and only these matter.
    let standard = root.tr_mul(covariance) * &root;
    let x = 1.0 / TOLERATED_BIAS;
    let trace = standard.trace();
    let largest = SymmetricEigen::new(standard.clone()).eigenvalues.max();
    let squares = standard.norm_squared();
    let df = trace * trace * (1.0 + 2.0 * x) / (squares + 2.0 * x * trace * largest);
    if !df.is_finite() || df <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    (df, noncentral_quantile(1.0 - TEST_SIZE, df, x * df) / df)
}

/// Quantile of the noncentral chi-squared law, by bisection.
fn noncentral_quantile(p: f64, df: f64, noncentrality: f64) -> f64 {
    let (mean, spread) = (
        df + noncentrality,
        (2.0 * (df + 2.0 * noncentrality)).sqrt(),
    );
    // Ten standard deviations and room for small degrees of freedom, where the law is skewed.
    let (mut low, mut high) = (0.0, mean + 10.0 * spread + 50.0);
    // More halvings than a double has steps.
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if noncentral_cdf(middle, df, noncentrality) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The noncentral chi-squared law as a Poisson mixture of central ones.
fn noncentral_cdf(value: f64, df: f64, noncentrality: f64) -> f64 {
    let mean = noncentrality / 2.0;
    // Twelve standard deviations of the Poisson weights; what is beyond is below 1e-30.
    let last = (mean + 12.0 * mean.sqrt() + 40.0) as u32;
    let mut total = 0.0;
    // In logarithms: the first weights underflow where the noncentrality is large.
    let mut log_weight = -mean;
    for j in 0..=last {
        let law = ChiSquared::new(df + 2.0 * f64::from(j));
        total += log_weight.exp() * law.map_or(0.0, |law| law.cdf(value));
        log_weight += (mean / f64::from(j + 1)).ln();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::{noncentral_cdf, noncentral_quantile};

    #[test]
    fn critical_values_of_one_instrument_are_the_published_ones() {
        // Montiel Olea and Pflueger: a bias of 5, 10 and 20 % with one instrument, at 5 %.
        for (bias, published) in [(0.05, 37.418), (0.1, 23.109), (0.2, 15.062)] {
            let found = noncentral_quantile(0.95, 1.0, 1.0 / bias);
            assert!((found - published).abs() < 6e-4, "{bias}: {found}");
        }
        // With no noncentrality it is the central law.
        assert!((noncentral_cdf(3.841_458_820_694_124, 1.0, 0.0) - 0.95).abs() < 1e-9);
    }
}
