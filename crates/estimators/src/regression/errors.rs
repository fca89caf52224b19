//! Errors of the coefficients as given: covariance matrix, degrees of freedom, and the wild cluster bootstrap beside them.

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::inference::jackknife::JackknifeLaw;
use crate::regression::clusters::bell_mccaffrey::BellMcCaffrey;
use crate::regression::clusters::clustered::ClusteredModel;
use crate::regression::clusters::wild::{WildBootstrap, WildDraws, WildTest};
use crate::regression::clusters::{jackknife, jackknife_law};
use crate::regression::covariance::scores::Scores;
use crate::regression::covariance::vcov::Vcov;
use crate::regression::fit::Model;
use crate::regression::options::{OlsOptions, Reference};

/// What is known of the errors of a regression.
pub(crate) struct Errors {
    /// The covariance matrix; NaN where there is none.
    pub(crate) matrix: DMatrix<f64>,
    /// Coefficients counted in the small-sample factor.
    pub(crate) n_counted: u64,
    /// Degrees of freedom of the t distribution, and of a coefficient's own where each has its own.
    pub(crate) df: f64,
    pub(crate) own_df: Option<Vec<f64>>,
    /// The laws of the jackknife's variances, where that was asked.
    pub(crate) laws: Option<Vec<JackknifeLaw>>,
    /// Coefficients that some cluster alone determines, where that was asked.
    pub(crate) hangs_on_one: Vec<bool>,
    pub(crate) wild: Option<(WildDraws, Vec<WildTest>)>,
}

impl Errors {
    /// `back` maps the coefficients of the centred columns to those as given.
    pub(crate) fn new(
        model: &Model,
        scores: &Scores<'_>,
        back: &DMatrix<f64>,
        options: &OlsOptions,
    ) -> Result<Self, EstimatorError> {
        let covariance = scores.covariance(&options.vcov, &options.small_sample)?;
        let mut errors = Self {
            matrix: back * &covariance.matrix * back.transpose(),
            n_counted: covariance.n_counted,
            df: covariance.df,
            own_df: None,
            laws: None,
            hangs_on_one: vec![false; back.nrows()],
            wild: None,
        };
        if !options.vcov.is_for_few() && options.wild.is_none() {
            return Ok(errors);
        }
        let clustered = ClusteredModel::new(model, back)?;
        if options.vcov.is_for_few() {
            errors.correct(&clustered, options)?;
        }
        if let Some(wild) = options.wild {
            let bootstrap = WildBootstrap::new(&clustered, wild, options.seed)?;
            let estimates = model.estimates();
            let tests = estimates.iter().enumerate();
            let tests = tests.map(|(j, &estimate)| bootstrap.test(j, estimate, options.level));
            errors.wild = Some((bootstrap.draws(), tests.collect()));
        }
        Ok(errors)
    }

    /// Puts CR2 or CR3 in the place of the plain clustered matrix.
    fn correct(
        &mut self,
        clustered: &ClusteredModel<'_>,
        options: &OlsOptions,
    ) -> Result<(), EstimatorError> {
        let n_clusters = clustered.n_clusters();
        self.df = n_clusters as f64 - 1.0;
        if n_clusters < 2 {
            // The plain matrix says already that there is no error.
            return Ok(());
        }
        let changes = clustered.changes();
        let rows = changes.row_iter();
        // Without such a cluster the coefficient does not exist, and neither does its change.
        self.hangs_on_one = rows.map(|row| row.iter().any(|c| c.is_nan())).collect();
        if matches!(options.vcov, Vcov::Cr3(_)) {
            self.matrix = jackknife::covariance(&changes);
            if options.reference == Reference::Satterthwaite {
                let laws = jackknife_law::laws(clustered)?;
                self.own_df = Some(laws.iter().map(|law| law.df).collect());
                self.laws = Some(laws);
            }
            return Ok(());
        }
        let corrected = BellMcCaffrey::new(clustered)?;
        self.matrix = corrected.covariance;
        self.own_df = Some(corrected.df);
        // What only one cluster determines has no residuals there to correct: its error would miss that cluster.
        for (j, _) in self
            .hangs_on_one
            .iter()
            .enumerate()
            .filter(|(_, one)| **one)
        {
            self.matrix.row_mut(j).fill(f64::NAN);
            self.matrix.column_mut(j).fill(f64::NAN);
        }
        Ok(())
    }
}
