//! What the results of all outcomes have in common: event times, counts, statuses, small-sample factors.

use crate::estimate::{Counts, Estimate};
use crate::imputation::counts::{ComparisonCounts, Composition};
use crate::imputation::design::Design;
use crate::imputation::predictable::Predictable;
use crate::imputation::result::ImputationCounts;
use crate::imputation::rows::Covariate;
use crate::imputation::untreated_model::{Model, NO_COMPONENT, NormalEquations};
use crate::inference::few_clusters::{FEW_CLUSTERS, Interval};
use crate::status::{Status, TOO_FEW_UNITS};

/// A result without its numbers. Estimates: the leads, then the event times.
pub(super) struct Frame {
    /// By estimate.
    pub(super) event_times: Vec<i32>,
    pub(super) n_leads: usize,
    pub(super) rows: Vec<FrameRow>,
    pub(super) overall: FrameRow,
    /// By estimate: what its standard error is multiplied with.
    pub(super) factors: Vec<f64>,
    pub(super) sample: ImputationCounts,
}

/// Counts and status of an estimate.
#[derive(Clone, Copy)]
pub(super) struct FrameRow {
    counts: Counts,
    status: Status,
}

impl Frame {
    /// The place of an event time among the estimates.
    pub(super) fn place(&self, event_time: i32) -> Option<usize> {
        self.event_times.iter().position(|&own| own == event_time)
    }

    /// What the standard error of a row is multiplied with; one in the overall row.
    pub(super) fn factor(&self, event_time: Option<i32>) -> f64 {
        let place = event_time.map(|event_time| self.place(event_time));
        place.map_or(1.0, |place| place.map_or(0.0, |place| self.factors[place]))
    }
}

impl FrameRow {
    /// The row with its numbers, where it has any. Errors up to `rounding` are rounding.
    pub(super) fn filled(
        &self,
        estimate: f64,
        (std_error, rounding): (f64, f64),
        level: f64,
    ) -> Estimate {
        match self.status {
            Status::NotIdentified | Status::Collinear => {
                Estimate::missing(self.counts, self.status)
            }
            status => Estimate::normal(estimate, (std_error, rounding), level, self.counts, status),
        }
    }
}

/// What a frame is made from.
pub(super) struct Parts<'a> {
    pub(super) design: &'a Design<'a>,
    pub(super) equations: &'a NormalEquations,
    pub(super) model: &'a Model,
    pub(super) lead_model: Option<&'a Model>,
    pub(super) predictable: &'a Predictable,
    pub(super) composition: &'a Composition,
}

impl Parts<'_> {
    pub(super) fn frame(&self, n_rows_in: u64) -> Frame {
        let design = self.design;
        let n_leads = design.leads.len();
        let (lead_factor, several) = (self.lead_factor().sqrt(), self.error_factor());
        let n_estimates = n_leads + design.events.len();
        let factor = |k: usize| if k < n_leads { lead_factor } else { several };
        Frame {
            event_times: [design.leads.as_slice(), &design.events].concat(),
            n_leads,
            rows: (0..n_estimates).map(|index| self.row(index)).collect(),
            overall: self.overall(),
            factors: (0..n_estimates).map(factor).collect(),
            sample: self.sample(n_rows_in),
        }
    }

    /// The same where leads are means over their rows, as event times are.
    pub(super) fn frame_of_stages(&self, n_rows_in: u64) -> Frame {
        let mut frame = self.frame(n_rows_in);
        for index in 0..frame.n_leads {
            let compared = &self.composition.estimates[index];
            frame.rows[index] = self.with_counts(compared, self.care(compared, |_| false));
            frame.factors[index] = self.error_factor();
        }
        frame
    }

    /// What errors without a small-sample factor are multiplied with: where one cluster is all there is, there is none.
    fn error_factor(&self) -> f64 {
        if self.composition.n_clusters > 1 {
            1.0
        } else {
            f64::NAN
        }
    }

    fn row(&self, index: usize) -> FrameRow {
        let compared = &self.composition.estimates[index];
        let status = if index < self.design.leads.len() {
            let column = self.design.lead_columns().start + index;
            match self.lead_model {
                Some(model) if self.equations.is_identified(model, column) => {
                    self.care(compared, |_| false)
                }
                _ => Status::Collinear,
            }
        } else if compared.treated.n_units == 0 {
            Status::NotIdentified
        } else {
            self.care(compared, |estimate| estimate == index)
        };
        self.with_counts(compared, status)
    }

    fn overall(&self) -> FrameRow {
        let compared = &self.composition.overall;
        let status = if self.predictable.event_weights.iter().sum::<f64>() > 0.0 {
            self.care(compared, |_| true)
        } else {
            Status::NotIdentified
        };
        self.with_counts(compared, status)
    }

    fn with_counts(&self, compared: &ComparisonCounts, status: Status) -> FrameRow {
        let counts = Counts {
            n_treated: compared.treated.n_units,
            n_control: compared.control.n_units,
            n_units: self.composition.n_units,
            n_clusters: self.composition.n_clusters,
        };
        FrameRow { counts, status }
    }

    /// The small-sample factor (n − 1)/(n − K)·G/(G − 1) of a clustered regression, as in `regression/covariance/`: K counts the
    /// coefficients and the levels of those fixed effects that are not nested in the clusters.
    fn lead_factor(&self) -> f64 {
        let Some(model) = self.lead_model else {
            return f64::NAN;
        };
        let composition = self.composition;
        let components = &self.equations.components;
        let with_rows = components.iter().filter(|&&c| c != NO_COMPONENT);
        let n_periods = with_rows.count() as f64;
        // `columns` holds the free periods too.
        let is_period = |column: &&usize| **column < self.design.n_periods();
        let n_free = model.columns.iter().filter(is_period).count();
        let mut counted = (model.columns.len() - n_free) as f64 + 1.0;
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

    /// Whether the row, made from the cells of the estimates that `uses` names, is to be read with care.
    fn care(&self, compared: &ComparisonCounts, uses: impl Fn(usize) -> bool) -> Status {
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
        for (index, weights) in self.predictable.cells.iter().enumerate() {
            let is_used = self.design.estimate_of_cell(index).is_some_and(&uses);
            if is_used && weights.total > 0.0 {
                let n_clusters = self.composition.cell_clusters[index] as f64;
                let variance = weights.total * weights.total / n_clusters;
                all += variance;
                lost += variance / n_clusters;
            }
        }
        if all > 0.0 { lost / all } else { 0.0 }
    }
    fn sample(&self, n_rows_in: u64) -> ImputationCounts {
        let rows = self.design.rows;
        // A text with one label has no column in the first place.
        let is_passed_over = |name: &str, covariate: &Covariate| {
            let mut null = self.model.null_vectors.iter();
            matches!(covariate, Covariate::Levels { n_levels: 1, .. })
                || null.any(|null| self.design.covariate_of(null.column).0 == name)
        };
        let covariates = rows.covariates.iter();
        let passed_over = covariates.filter(|(name, covariate)| is_passed_over(name, covariate));
        let collinear: Vec<String> = passed_over.map(|(name, _)| name.clone()).collect();
        let reasons = self.predictable.not_predicted;
        ImputationCounts {
            n_rows_in,
            n_missing_rows: rows.n_missing,
            n_zero_weight_rows: rows.n_zero_weight,
            n_untreated_rows: self.equations.n_rows,
            n_treated_rows: rows.n_rows() as u64 - self.equations.n_rows,
            n_rows_without_untreated: reasons.no_untreated_rows,
            n_rows_not_connected: reasons.not_connected,
            n_rows_with_unseen_covariates: reasons.covariates,
            collinear,
            n_units: self.composition.n_units,
            n_clusters: self.composition.n_clusters,
        }
    }
}
