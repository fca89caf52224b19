//! From effects and their covariance to rows with intervals, bands and statuses.

use nalgebra::{DMatrix, DVector};

use crate::estimate::{Counts, Estimate};
use crate::imputation::counts::{Compared, Composition};
use crate::imputation::design::Design;
use crate::imputation::effects::Effects;
use crate::imputation::result::{ImputationCounts, ImputationResult, ImputationRow};
use crate::imputation::untreated_model::{Fit, NO_COMPONENT, NormalEquations};
use crate::inference::few_clusters::{FEW_CLUSTERS, Interval};
use crate::inference::sup_t;
use crate::status::{Status, TOO_FEW_UNITS};

/// All that the rows of the result are made from. Estimates: the leads, then the event times.
pub(super) struct Summary<'a> {
    pub(super) design: &'a Design<'a>,
    pub(super) equations: &'a NormalEquations,
    pub(super) effects: &'a Effects,
    pub(super) lead_fit: Option<&'a Fit>,
    pub(super) composition: &'a Composition,
    /// Errors up to this size are rounding.
    pub(super) rounding: f64,
    pub(super) level: f64,
}

impl Summary<'_> {
    fn n_leads(&self) -> usize {
        self.design.leads.len()
    }

    /// The covariance with the factor of the pre-trend regression; missing where one cluster is all there is.
    pub(super) fn finished(&self, covariance: DMatrix<f64>) -> DMatrix<f64> {
        let lead_factor = self.lead_factor().sqrt();
        let several = if self.composition.n_clusters > 1 {
            1.0
        } else {
            f64::NAN
        };
        let factor = |k: usize| {
            if k < self.n_leads() {
                lead_factor
            } else {
                several
            }
        };
        let (n, m) = covariance.shape();
        DMatrix::from_fn(n, m, |a, b| covariance[(a, b)] * factor(a) * factor(b))
    }

    /// The small-sample factor (n − 1)/(n − K)·G/(G − 1) of a clustered regression, as in `regression/covariance/`: K counts the
    /// coefficients and the levels of those fixed effects that are not nested in the clusters.
    fn lead_factor(&self) -> f64 {
        let Some(fit) = self.lead_fit else {
            return f64::NAN;
        };
        let composition = self.composition;
        let components = &self.equations.components;
        let with_rows = components.iter().filter(|&&c| c != NO_COMPONENT);
        let n_periods = with_rows.count() as f64;
        // `columns` holds the free periods too.
        let is_period = |column: &&usize| **column < self.design.n_periods();
        let n_free = fit.columns.iter().filter(is_period).count();
        let mut counted = (fit.columns.len() - n_free) as f64 + 1.0;
        if !composition.groups_in_clusters {
            counted += self.equations.n_groups as f64 - 1.0;
        }
        if !composition.periods_in_clusters {
            counted += n_periods - 1.0;
        }
        let (n, clusters) = (
            self.equations.n_rows as f64,
            composition.untreated_clusters as f64,
        );
        if n <= counted || clusters < 2.0 {
            return f64::NAN;
        }
        (n - 1.0) / (n - counted) * clusters / (clusters - 1.0)
    }

    pub(super) fn result(
        &self,
        covariance: &DMatrix<f64>,
        sample: ImputationCounts,
        window: (i32, i32),
        seed: u64,
    ) -> ImputationResult {
        let means = self.effects.means(self.design);
        let event_times = || self.design.leads.iter().chain(&self.design.events);
        let shown: Vec<usize> = event_times()
            .enumerate()
            .filter(|(_, event_time)| (window.0..=window.1).contains(event_time))
            .map(|(index, _)| index)
            .collect();
        let mut rows = vec![self.overall(&means, covariance)];
        for &index in &shown {
            let std_error = covariance[(index, index)].sqrt();
            let estimate = if index < self.n_leads() {
                self.lead(index, std_error)
            } else {
                self.event(index, means[index - self.n_leads()].1, std_error)
            };
            let event_time = event_times().nth(index).copied();
            rows.push(ImputationRow {
                event_time,
                estimate,
            });
        }
        let own = DMatrix::from_fn(shown.len(), shown.len(), |a, b| {
            let has_error = |k: usize| rows[k + 1].estimate.std_error.is_finite();
            let both = has_error(a) && has_error(b);
            if both {
                covariance[(shown[a], shown[b])]
            } else {
                0.0
            }
        });
        let band = sup_t::critical_value(&own, self.level, seed);
        if let Some(band) = band {
            for row in &mut rows[1..] {
                row.estimate.set_band(band.critical_value);
            }
        }
        ImputationResult { rows, sample, band }
    }

    fn counts(&self, compared: &Compared) -> Counts {
        Counts {
            n_treated: compared.treated.n_units,
            n_control: compared.control.n_units,
            n_units: self.composition.n_units,
            n_clusters: self.composition.n_clusters,
        }
    }

    /// Mean of the event times by the weight of their rows: the mean of all imputed rows.
    fn overall(&self, means: &[(f64, f64)], covariance: &DMatrix<f64>) -> ImputationRow {
        let total: f64 = means.iter().map(|(weight, _)| weight).sum();
        let compared = &self.composition.overall;
        let counts = self.counts(compared);
        if total <= 0.0 {
            let estimate = Estimate::missing(counts, Status::NotIdentified);
            return ImputationRow {
                event_time: None,
                estimate,
            };
        }
        let mut shares = DVector::zeros(covariance.nrows());
        let mut mean = 0.0;
        for (event, (weight, own)) in means.iter().enumerate().filter(|(_, (w, _))| *w > 0.0) {
            shares[self.n_leads() + event] = weight / total;
            mean += weight / total * own;
        }
        // The leads have no share, but may have a missing error.
        let events = self.n_leads()..covariance.nrows();
        let own = covariance.view_range(events.clone(), events.clone());
        let shares = shares.rows_range(events);
        let variance = shares.dot(&(own * shares));
        let status = self.care(compared, |_| true);
        let std_error = (variance.max(0.0).sqrt(), self.rounding);
        let estimate = Estimate::normal(mean, std_error, self.level, counts, status);
        ImputationRow {
            event_time: None,
            estimate,
        }
    }

    fn event(&self, index: usize, mean: f64, std_error: f64) -> Estimate {
        let compared = &self.composition.estimates[index];
        let counts = self.counts(compared);
        if compared.treated.n_units == 0 {
            return Estimate::missing(counts, Status::NotIdentified);
        }
        let status = self.care(compared, |estimate| estimate == index);
        Estimate::normal(mean, (std_error, self.rounding), self.level, counts, status)
    }

    fn lead(&self, index: usize, std_error: f64) -> Estimate {
        let compared = &self.composition.estimates[index];
        let counts = self.counts(compared);
        let column = self.design.lead_columns().start + index;
        match self.lead_fit {
            Some(fit) if self.equations.is_identified(fit, column) => {
                let status = self.care(compared, |_| false);
                Estimate::normal(
                    fit.coefficients[column],
                    (std_error, self.rounding),
                    self.level,
                    counts,
                    status,
                )
            }
            _ => Estimate::missing(counts, Status::Collinear),
        }
    }

    /// Whether the row, made from the cells of the estimates that `uses` names, is to be read with care.
    fn care(&self, compared: &Compared, uses: impl Fn(usize) -> bool) -> Status {
        let is_clustered = self.composition.n_clusters < self.composition.n_units;
        let is_understated = self.lost_share(uses) > 1.0 / FEW_CLUSTERS as f64;
        if compared.treated.n_units < TOO_FEW_UNITS as u64 || (is_understated && !is_clustered) {
            return Status::TooFew;
        }
        let is_few = Interval::Normal.has_few(compared.treated, compared.control);
        if is_clustered && (is_few || is_understated) {
            return Status::FewClusters;
        }
        Status::Ok
    }

    /// The share of its own variance that a mean of effects loses because they are centred at the mean of their cell.
    ///
    /// A cell in G clusters of equal size loses 1/G of its variance, in one cluster all of it. With s the cells' shares of
    /// the weight, that is Σ(s²/G)(1/G) / Σs²/G. For a single cell it is above 1/5 exactly when it has fewer than five
    /// clusters.
    fn lost_share(&self, uses: impl Fn(usize) -> bool) -> f64 {
        let (mut lost, mut all) = (0.0, 0.0);
        for (index, sums) in self.effects.cells.iter().enumerate() {
            let is_used = self.design.estimate_of_cell(index).is_some_and(&uses);
            if is_used && sums.weight > 0.0 {
                let n_clusters = self.composition.cell_clusters[index] as f64;
                let variance = sums.weight * sums.weight / n_clusters;
                all += variance;
                lost += variance / n_clusters;
            }
        }
        if all > 0.0 { lost / all } else { 0.0 }
    }
}
