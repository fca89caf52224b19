//! The estimates of an event study with their joint covariance: what the analyses of pre-trends start from.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::error::EstimatorError;

/// Estimates by event time with their covariance matrix, in order of time, without the reference period.
///
/// Estimates of event times before the reference are *pre*, those after it *post*. There is at least one of either.
#[derive(Clone)]
pub struct EventStudy {
    event_times: Vec<i32>,
    estimates: Vec<f64>,
    covariance: DMatrix<f64>,
    reference: i32,
    n_pre: usize,
}

/// Shows the size only.
impl std::fmt::Debug for EventStudy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStudy")
            .field("n_pre", &self.n_pre)
            .field("n_post", &self.n_post())
            .finish_non_exhaustive()
    }
}

impl EventStudy {
    /// Puts estimates in units of the outcome, and their covariance, in order of time. Rows come in any order; those of the
    /// reference period, which is zero by construction, are left out.
    ///
    /// # Errors
    /// [`EstimatorError::LengthMismatch`], [`EstimatorError::CovarianceSize`], [`EstimatorError::RepeatedEventTime`], [`EstimatorError::OneSidedEventStudy`] without
    /// an estimate before or after the reference, [`EstimatorError::ReferenceNotZero`] where estimates are not measured from it, [`EstimatorError::NotACovariance`] for a matrix that is not symmetric and
    /// positive semi-definite, [`EstimatorError::MissingEstimate`] for numbers that are missing.
    pub fn try_new(
        event_times: &[i32],
        estimates: &[f64],
        covariance: &DMatrix<f64>,
        reference: i32,
    ) -> Result<Self, EstimatorError> {
        let n = event_times.len();
        if estimates.len() != n {
            return Err(EstimatorError::LengthMismatch {
                column: "estimate".to_owned(),
                found: estimates.len(),
                expected: n,
            });
        }
        let wrong = [covariance.ncols(), covariance.nrows()];
        if let Some(&n_columns) = wrong.iter().find(|&&size| size != n) {
            return Err(EstimatorError::CovarianceSize {
                n_columns,
                n_estimates: n,
            });
        }
        check_reference(event_times, estimates, reference)?;
        let mut kept: Vec<usize> = (0..n)
            .filter(|&row| event_times[row] != reference)
            .collect();
        kept.sort_by_key(|&row| event_times[row]);
        let study = Self {
            event_times: kept.iter().map(|&row| event_times[row]).collect(),
            estimates: kept.iter().map(|&row| estimates[row]).collect(),
            covariance: DMatrix::from_fn(kept.len(), kept.len(), |a, b| {
                covariance[(kept[a], kept[b])]
            }),
            reference,
            n_pre: kept
                .iter()
                .filter(|&&row| event_times[row] < reference)
                .count(),
        };
        // Only now: repeated event times lie next to each other in order of time.
        study.check()?;
        Ok(study)
    }

    fn check(&self) -> Result<(), EstimatorError> {
        let times = &self.event_times;
        if let Some(pair) = times.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(EstimatorError::RepeatedEventTime {
                event_time: pair[0],
            });
        }
        for (side, n) in [("before", self.n_pre), ("after", self.n_post())] {
            if n == 0 {
                return Err(EstimatorError::OneSidedEventStudy {
                    side,
                    reference: self.reference,
                });
            }
        }
        let numbers = |row: usize| {
            self.estimates[row].is_finite()
                && self
                    .covariance
                    .row(row)
                    .iter()
                    .all(|value| value.is_finite())
        };
        if let Some(row) = (0..times.len()).find(|&row| !numbers(row)) {
            return Err(EstimatorError::MissingEstimate {
                event_time: times[row],
            });
        }
        let problem = not_a_covariance(&self.covariance);
        problem.map_or(Ok(()), |problem| {
            Err(EstimatorError::NotACovariance { problem })
        })
    }

    /// Event times of the estimates, rising.
    pub fn event_times(&self) -> &[i32] {
        &self.event_times
    }

    /// The event time whose effect is zero by construction.
    pub fn reference(&self) -> i32 {
        self.reference
    }

    /// Estimates before the reference.
    pub fn n_pre(&self) -> usize {
        self.n_pre
    }

    /// Estimates after the reference.
    pub fn n_post(&self) -> usize {
        self.event_times.len() - self.n_pre
    }

    pub(super) fn estimates(&self) -> &[f64] {
        &self.estimates
    }

    pub(super) fn covariance(&self) -> &DMatrix<f64> {
        &self.covariance
    }

    /// Whether an estimate has no variance.
    pub(super) fn lacks_variance(&self) -> bool {
        self.covariance.diagonal().iter().any(|&value| value <= 0.0)
    }

    /// Differences between neighbouring periods are what restrictions speak of: no period between the first and the last may lack.
    pub(super) fn check_no_gap(&self) -> Result<(), EstimatorError> {
        let mut expected = self.event_times[0];
        for &event_time in &self.event_times {
            if expected == self.reference {
                expected += 1;
            }
            if event_time != expected {
                return Err(EstimatorError::EventTimeGap {
                    event_time: expected,
                });
            }
            // The last event time may be the largest number there is.
            expected = expected.saturating_add(1);
        }
        Ok(())
    }
}

/// Refuses an estimate at the reference that is not zero: the others are not measured from it.
fn check_reference(
    event_times: &[i32],
    estimates: &[f64],
    reference: i32,
) -> Result<(), EstimatorError> {
    let (own, others): (Vec<_>, Vec<_>) = event_times
        .iter()
        .zip(estimates)
        .partition(|(event_time, _)| **event_time == reference);
    let size = |all: &[(&i32, &f64)]| {
        let finite = all.iter().map(|(_, estimate)| estimate.abs());
        finite.filter(|size| size.is_finite()).fold(0.0, f64::max)
    };
    if size(&own) > COVARIANCE_TOLERANCE * size(&others) {
        return Err(EstimatorError::ReferenceNotZero { reference });
    }
    Ok(())
}

/// Asymmetry and negative eigenvalues up to this share are roundings, also of matrices that were written down in text.
const COVARIANCE_TOLERANCE: f64 = 1e-8;

fn not_a_covariance(matrix: &DMatrix<f64>) -> Option<&'static str> {
    let n = matrix.nrows();
    if (0..n).any(|k| matrix[(k, k)] < 0.0) {
        return Some("has a negative variance");
    }
    let scale: Vec<f64> = (0..n).map(|k| matrix[(k, k)].sqrt()).collect();
    let pairs = (0..n).flat_map(|a| (0..a).map(move |b| (a, b)));
    for (a, b) in pairs {
        let bound = scale[a] * scale[b];
        if (matrix[(a, b)] - matrix[(b, a)]).abs() > COVARIANCE_TOLERANCE * bound {
            return Some("is not symmetric");
        }
    }
    // A covariance with an estimate that has no variance is zero; the root of such a diagonal is left at one.
    let scale = |k: usize| if scale[k] > 0.0 { scale[k] } else { 1.0 };
    let correlation = DMatrix::from_fn(n, n, |a, b| {
        0.5 * (matrix[(a, b)] + matrix[(b, a)]) / (scale(a) * scale(b))
    });
    let smallest = SymmetricEigen::new(correlation).eigenvalues.min();
    (smallest < -COVARIANCE_TOLERANCE).then_some("is not positive semi-definite")
}
