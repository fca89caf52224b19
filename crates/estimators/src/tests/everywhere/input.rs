//! What estimators are called with, and how their results are printed.

use std::fmt::Debug;

use crate::EstimatorError;
use crate::panel::{Covariate, CovariateValues, PanelColumns};

/// A panel, and two numbers of each of its rows.
pub(super) struct Input {
    pub(super) panel: PanelColumns,
    pub(super) covariate: Vec<f64>,
    /// Crosses zero.
    pub(super) running: Vec<f64>,
}

pub(super) type CallResult = Result<String, EstimatorError>;

pub(super) fn print<T: Debug>(result: Result<T, EstimatorError>) -> CallResult {
    result.map(|result| format!("{result:?}"))
}

/// 1 from the first exposure on.
pub(super) fn treated(input: &Input) -> Vec<f64> {
    let rows = input.panel.time.iter().zip(&input.panel.cohort);
    rows.map(|(time, cohort)| f64::from(time >= cohort))
        .collect()
}

pub(super) fn codes(input: &Input) -> Vec<u32> {
    input.panel.cluster.clone().unwrap_or_default()
}

pub(super) fn clusters(input: &Input) -> Vec<i64> {
    codes(input).into_iter().map(i64::from).collect()
}

pub(super) fn covariate(input: &Input) -> Covariate {
    Covariate {
        name: "covariate".to_owned(),
        values: CovariateValues::Numbers(input.covariate.clone()),
    }
}
