//! How errors and intervals of panel estimators are made, and what randomisation tests are made of.

use crate::error::EstimatorError;
use crate::panel::codes::MISSING_CODE;

/// How standard errors and intervals of an estimate by cluster are made. Formulas: see the module `inference`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Inference {
    /// From influence functions or scores, as the estimator documents; right where clusters are many.
    #[default]
    Analytic,
    /// The cluster jackknife, and the t distribution with degrees of freedom of its own for each estimate.
    Cr3,
    /// The bootstrap of the t statistic that multiplies what clusters contribute with six-point weights (Webb).
    Bootstrap {
        /// Draws, 100 or more.
        n_draws: u32,
    },
}

/// What a randomisation test compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TestStatistic {
    /// The estimate over its analytic error by cluster.
    #[default]
    Studentised,
    /// The estimate.
    Estimate,
}

/// How a randomisation test hands out first exposures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Randomisation {
    /// Assignments drawn beside the observed one; where no more are possible, each possible one is made once.
    pub n_draws: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// By the caller's code of a cluster: its stratum, within which first exposures are handed out. `None`: all clusters are one.
    pub strata: Option<Vec<u32>>,
    /// What is compared.
    pub statistic: TestStatistic,
}

/// The stratum of each cluster, by code, from the codes of rows; rows without a cluster or a stratum are passed over, and a cluster
/// without any gets [`MISSING_CODE`].
///
/// # Errors
/// [`EstimatorError::StrataVary`], and [`EstimatorError::LengthMismatch`].
pub fn strata_of_clusters(clusters: &[u32], strata: &[u32]) -> Result<Vec<u32>, EstimatorError> {
    if clusters.len() != strata.len() {
        return Err(EstimatorError::LengthMismatch {
            column: "strata".to_owned(),
            found: strata.len(),
            expected: clusters.len(),
        });
    }
    let rows = || {
        let rows = clusters.iter().zip(strata);
        rows.filter(|(cluster, stratum)| **cluster != MISSING_CODE && **stratum != MISSING_CODE)
    };
    let n_clusters = rows().map(|(cluster, _)| *cluster as usize + 1).max();
    let mut known = vec![MISSING_CODE; n_clusters.unwrap_or(0)];
    let mut varies = vec![false; known.len()];
    for (&cluster, &stratum) in rows() {
        let cluster = cluster as usize;
        if known[cluster] == MISSING_CODE {
            known[cluster] = stratum;
        }
        varies[cluster] |= known[cluster] != stratum;
    }
    match varies.iter().filter(|varies| **varies).count() as u64 {
        0 => Ok(known),
        n_clusters => Err(EstimatorError::StrataVary { n_clusters }),
    }
}
