//! From the effects of one outcome and their covariance to rows with intervals and a band.

use nalgebra::{DMatrix, DVector};

use crate::imputation::frame::Frame;
use crate::imputation::options::ImputationOptions;
use crate::imputation::result::{ImputationResult, ImputationRow};
use crate::inference::sup_t;

/// Whether a result has a band; of results that only their rows are taken from it would be the most expensive part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bands {
    Drawn,
    LeftOut,
}

/// The numbers of a result. Estimates: the leads, then the event times.
pub(super) struct Numbers<'a> {
    /// By lead: its coefficient.
    pub(super) leads: &'a [f64],
    /// By event time: the mean effect, and Σω of its rows.
    pub(super) means: &'a [f64],
    pub(super) event_weights: &'a [f64],
    /// As summed over clusters, without factors.
    pub(super) covariance: DMatrix<f64>,
    /// Errors up to this size are rounding.
    pub(super) rounding: f64,
}

impl Numbers<'_> {
    /// The rows of the frame whose event times are in the window.
    pub(super) fn result(
        &self,
        frame: &Frame,
        window: (i32, i32),
        (options, bands): (&ImputationOptions, Bands),
    ) -> ImputationResult {
        let covariance = self.scaled_covariance(frame);
        let estimates: Vec<f64> = [self.leads, self.means].concat();
        let shown: Vec<usize> = (0..estimates.len())
            .filter(|&index| (window.0..=window.1).contains(&frame.event_times[index]))
            .collect();
        let mut rows = vec![self.overall(frame, &covariance, options.level)];
        rows.extend(shown.iter().map(|&index| {
            let error = (covariance[(index, index)].sqrt(), self.rounding);
            ImputationRow {
                event_time: Some(frame.event_times[index]),
                estimate: frame.rows[index].filled(estimates[index], error, options.level),
            }
        }));
        let own = DMatrix::from_fn(shown.len(), shown.len(), |a, b| {
            let has_error = |k: usize| rows[k + 1].estimate.std_error.is_finite();
            let both = has_error(a) && has_error(b);
            if both {
                covariance[(shown[a], shown[b])]
            } else {
                0.0
            }
        });
        let band = match bands {
            Bands::Drawn => sup_t::critical_value(&own, options.level, options.seed),
            Bands::LeftOut => None,
        };
        if let Some(band) = band {
            for row in &mut rows[1..] {
                row.estimate.set_band(band.critical_value);
            }
        }
        ImputationResult {
            rows,
            sample: frame.sample.clone(),
            band,
        }
    }

    fn scaled_covariance(&self, frame: &Frame) -> DMatrix<f64> {
        let (n, m) = self.covariance.shape();
        DMatrix::from_fn(n, m, |a, b| {
            self.covariance[(a, b)] * frame.factors[a] * frame.factors[b]
        })
    }

    /// Mean of the event times by the weight of their rows: the mean of all imputed rows.
    fn overall(&self, frame: &Frame, covariance: &DMatrix<f64>, level: f64) -> ImputationRow {
        let total: f64 = self.event_weights.iter().sum();
        let mut shares = DVector::zeros(self.means.len());
        let mut mean = 0.0;
        let weights = self.event_weights.iter().enumerate();
        for (event, weight) in weights.filter(|(_, weight)| **weight > 0.0) {
            shares[event] = weight / total;
            mean += weight / total * self.means[event];
        }
        // The leads have no share, but may have a missing error.
        let events = frame.n_leads..covariance.nrows();
        let own = covariance.view_range(events.clone(), events);
        let variance = shares.dot(&(own * &shares));
        let error = (variance.max(0.0).sqrt(), self.rounding);
        ImputationRow {
            event_time: None,
            estimate: frame.overall.filled(mean, error, level),
        }
    }
}
