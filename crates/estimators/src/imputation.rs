//! Effects by imputation: what treated rows have beyond the untreated outcome that units and periods predict.
//!
//! Formulas and assumptions: see the module documentation above. The parts: `rows.rs` and `order.rs` check and sort, `design.rs` knows
//! the columns, `untreated_model.rs` fits, `effects.rs` predicts and averages, `scores.rs` has the errors, `counts.rs` the
//! units behind each estimate.

mod counts;
mod design;
mod diagnostics;
mod effects;
mod order;
mod rows;
mod scores;
mod untreated_model;

use nalgebra::{DMatrix, DVector};

use crate::did::{TOO_FEW_UNITS, check_level};
use crate::estimate::{Counts, Estimate, EstimatorError, Status, rounding_error};
use crate::few_clusters::{FEW_CLUSTERS, Interval};
use crate::panel::PanelColumns;
use crate::regression_data::Column;
use crate::sup_t::{self, SupT};

use counts::{Compared, Composition};
use design::Design;
use effects::Effects;
use rows::{Covariate, Rows};
use scores::Scores;
use untreated_model::{Fit, NormalEquations};

/// Flat rows as they come from a query; all vectors have the same length.
#[derive(Clone, Default)]
pub struct ImputationColumns {
    /// Outcome, unit, period, first exposure; weight and cluster. A weight of zero leaves the row out.
    pub panel: PanelColumns,
    /// Covariates by name. Of a text column the first label in sort order is the reference.
    pub covariates: Vec<(String, Column)>,
    /// What the fixed effect is of, as codes ([`crate::panel::MISSING_CODE`] = missing); `None`: the unit.
    pub unit_effect: Option<Vec<u32>>,
}

/// Shows sizes only: the columns hold person-level values.
impl std::fmt::Debug for ImputationColumns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImputationColumns")
            .field("panel", &self.panel)
            .field("n_covariates", &self.covariates.len())
            .finish_non_exhaustive()
    }
}

/// Options of [`did_imputation`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImputationOptions {
    /// First and last event time returned. Those before exposure are coefficients of the pre-trend regression and exist
    /// only with a window; the overall effect is of all event times, whatever the window.
    pub window: Option<(i32, i32)>,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation.
    pub seed: u64,
}

/// The effect at one event time, or overall.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputationRow {
    /// Period − first exposure; `None` = overall.
    pub event_time: Option<i32>,
    /// The estimate; `n_treated` and `n_control` count units.
    pub estimate: Estimate,
}

/// What was used and what was left out; nothing is dropped without appearing here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImputationCounts {
    /// Rows handed over.
    pub n_rows_in: u64,
    /// Rows with something missing, left out.
    pub n_missing_rows: u64,
    /// Complete rows with a weight of zero, left out.
    pub n_zero_weight_rows: u64,
    /// Untreated rows: the model is fitted to them.
    pub n_untreated_rows: u64,
    /// Treated rows, imputed or not.
    pub n_treated_rows: u64,
    /// Treated rows not imputed: their unit effect or their period has no untreated row.
    pub n_rows_without_untreated: u64,
    /// Treated rows not imputed: no chain of untreated rows links their unit effect and their period.
    pub n_rows_not_connected: u64,
    /// Treated rows not imputed: the untreated rows say nothing about their covariates.
    pub n_rows_with_unseen_covariates: u64,
    /// Covariates (or levels of them) that the effects and other covariates explain on the untreated rows.
    pub collinear: Vec<String>,
    /// Units used.
    pub n_units: u64,
    /// Clusters used (equal to `n_units` without clustering).
    pub n_clusters: u64,
}

/// What [`did_imputation`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputationResult {
    /// The overall effect, then event times, ascending.
    pub rows: Vec<ImputationRow>,
    /// What was used and left out.
    pub sample: ImputationCounts,
    /// The simultaneous band over the event times; the overall effect carries none.
    pub band: Option<SupT>,
}

/// Imputation estimates of Borusyak, Jaravel and Spiess.
///
/// # Errors
/// [`EstimatorError`] when the rows are no panel or nobody is treated; an event time that cannot be estimated is a row with
/// that status.
pub fn did_imputation(
    columns: ImputationColumns,
    options: &ImputationOptions,
) -> Result<ImputationResult, EstimatorError> {
    check_level(options.level)?;
    let (first, last) = options.window.unwrap_or((0, i32::MAX));
    if first > last {
        return Err(EstimatorError::BadOption {
            option: "window",
            expected: "first..last with first not after last",
        });
    }
    let n_rows_in = columns.panel.unit.len() as u64;
    let rows = Rows::try_new(columns)?;
    // The leads asked for, whatever part of the window lies after exposure.
    let leads = first.min(0)..last.saturating_add(1).min(0);
    let design = Design::try_new(&rows, leads)?;
    if design.events.is_empty() {
        return Err(EstimatorError::NoCohort);
    }
    let equations = NormalEquations::of(&design);
    let covariates: Vec<usize> = design.covariate_columns().collect();
    let fit = equations.fit(&covariates)?;
    let effects = Effects::of(&design, &equations, &fit);
    let lead_fit = if design.leads.is_empty() {
        None
    } else {
        let candidates: Vec<usize> = design.lead_columns().chain(covariates).collect();
        Some(equations.fit(&candidates)?)
    };
    let covariance = Scores::new(&design, &effects, &fit, lead_fit.as_ref()).covariance();
    let composition = Composition::of(&design, &effects);
    let sample = sample_counts(n_rows_in, &design, &equations, &effects, &fit, &composition);
    let summary = Summary {
        design: &design,
        equations: &equations,
        effects: &effects,
        lead_fit: lead_fit.as_ref(),
        composition: &composition,
        rounding: rounding_error(&rows.outcome),
        level: options.level,
    };
    let covariance = summary.finished(covariance);
    Ok(summary.result(&covariance, sample, (first, last), options.seed))
}

fn sample_counts(
    n_rows_in: u64,
    design: &Design<'_>,
    equations: &NormalEquations,
    effects: &Effects,
    fit: &Fit,
    composition: &Composition,
) -> ImputationCounts {
    let rows = design.rows;
    // A text with one label has no column in the first place.
    let is_passed_over = |name: &str, covariate: &Covariate| {
        let mut null = fit.null_vectors.iter();
        matches!(covariate, Covariate::Levels { n_levels: 1, .. })
            || null.any(|null| design.covariate_of(null.column).0 == name)
    };
    let covariates = rows.covariates.iter();
    let passed_over = covariates.filter(|(name, covariate)| is_passed_over(name, covariate));
    let collinear: Vec<String> = passed_over.map(|(name, _)| name.clone()).collect();
    let reasons = effects.not_predicted;
    ImputationCounts {
        n_rows_in,
        n_missing_rows: rows.n_missing,
        n_zero_weight_rows: rows.n_zero_weight,
        n_untreated_rows: equations.n_rows,
        n_treated_rows: rows.outcome.len() as u64 - equations.n_rows,
        n_rows_without_untreated: reasons.no_untreated_rows,
        n_rows_not_connected: reasons.not_connected,
        n_rows_with_unseen_covariates: reasons.covariates,
        collinear,
        n_units: composition.n_units,
        n_clusters: composition.n_clusters,
    }
}

/// All that the rows of the result are made from. Estimates: the leads, then the event times.
struct Summary<'a> {
    design: &'a Design<'a>,
    equations: &'a NormalEquations,
    effects: &'a Effects,
    lead_fit: Option<&'a Fit>,
    composition: &'a Composition,
    /// Errors up to this size are rounding.
    rounding: f64,
    level: f64,
}

impl Summary<'_> {
    fn n_leads(&self) -> usize {
        self.design.leads.len()
    }

    /// The covariance with the factor of the pre-trend regression; missing where one cluster is all there is.
    fn finished(&self, covariance: DMatrix<f64>) -> DMatrix<f64> {
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

    /// The small-sample factor (n − 1)/(n − K)·G/(G − 1) of a clustered regression, as in `covariance.rs`: K counts the
    /// coefficients and the levels of those fixed effects that are not nested in the clusters.
    fn lead_factor(&self) -> f64 {
        let Some(fit) = self.lead_fit else {
            return f64::NAN;
        };
        let composition = self.composition;
        let components = &self.equations.components;
        let with_rows = components
            .iter()
            .filter(|&&c| c != untreated_model::NO_COMPONENT);
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

    fn result(
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
