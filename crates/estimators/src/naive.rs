//! Comparisons that programs are often judged by, to be shown beside a causal estimate, which says what is wrong with them.
//!
//! *Before and after*: y on 1(exposed by now) and unit effects, among units that are exposed at some time, in the periods around
//! their first exposure. Whatever would have changed anyhow counts as an effect.
//! *Participants against others*: y on 1(participates) and period effects, among exposed units from their exposure on. Whatever
//! distinguishes those who take part counts as an effect.
//! *Two-way fixed effects*: y on 1(exposed by now), unit and period effects, among all. Units exposed earlier serve as comparisons
//! for later ones, so that effects that grow are subtracted (Goodman-Bacon 2021, J. Econometrics 225:254).
//!
//! Errors are clustered, with the factors of `fixest` and t(G − 1). Rows without an outcome or cluster are left out.

use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate};
use crate::panel::codes::{MISSING_CODE, NEVER, rank_i64};
use crate::panel::columns::PanelColumns;
use crate::regression::{
    Coefficient, Column, OlsOptions, Reference, RegressionData, Singletons, SmallSample, Vcov,
    formula, ols,
};
use crate::status::Status;

/// One of the comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naive {
    /// After exposure against before it, from event time `first` (below 0) to `last` (0 or more).
    BeforeAfter {
        /// First event time.
        first: i32,
        /// Last event time.
        last: i32,
    },
    /// Participants against other exposed units.
    ParticipantsVsNon,
    /// Two-way fixed effects.
    TwoWayFixedEffects,
}

impl Naive {
    fn formula(self) -> &'static str {
        match self {
            Self::BeforeAfter { .. } => "y ~ x | unit",
            Self::ParticipantsVsNon => "y ~ x | time",
            Self::TwoWayFixedEffects => "y ~ x | unit + time",
        }
    }

    /// The regressor of a row; NaN where the row does not take part. `event_time` is `None` for units that are never exposed.
    fn regressor(self, event_time: Option<i64>, participates: bool) -> f64 {
        let indicator = |yes: bool| if yes { 1.0 } else { 0.0 };
        match (self, event_time) {
            (Self::TwoWayFixedEffects, event_time) => indicator(event_time.is_some_and(|e| e >= 0)),
            (Self::BeforeAfter { first, last }, Some(e))
                if (i64::from(first)..=i64::from(last)).contains(&e) =>
            {
                indicator(e >= 0)
            }
            (Self::ParticipantsVsNon, Some(e)) if e >= 0 => indicator(participates),
            _ => f64::NAN,
        }
    }
}

/// Intervals of the comparisons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NaiveOptions {
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the bands' simulation.
    pub seed: u64,
}

/// The comparisons of one panel, whatever the outcome.
pub struct NaiveComparisons {
    /// `unit`, `time` and `cluster` as codes; for each comparison `y` and `x` come on top.
    data: RegressionData,
    /// Periods since exposure, per row.
    event_times: Vec<Option<i64>>,
    /// Codes of units and clusters, per row.
    unit: Vec<u32>,
    cluster: Vec<u32>,
    n_units: usize,
    n_clusters: usize,
    options: NaiveOptions,
}

/// Shows the size only.
impl std::fmt::Debug for NaiveComparisons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NaiveComparisons")
            .field("n_rows", &self.event_times.len())
            .finish_non_exhaustive()
    }
}

impl NaiveComparisons {
    /// Numbers units, periods and clusters of `columns`. Weights and covariates have no place in these comparisons.
    pub fn new(columns: &PanelColumns, options: NaiveOptions) -> Self {
        let (unit, n_units) = rank_i64(&columns.unit);
        let times: Vec<i64> = columns.time.iter().map(|&time| time.into()).collect();
        let (time, n_times) = rank_i64(&times);
        let cluster = columns.cluster.clone().unwrap_or_else(|| unit.clone());
        let known = cluster.iter().filter(|&&code| code != MISSING_CODE);
        let n_clusters = known.max().map_or(0, |&last| last as usize + 1);
        let numbered = |codes: &[u32], n: usize| Column::Integer {
            codes: codes.to_vec(),
            values: (0..n as i64).collect(),
        };
        let mut data = RegressionData::default();
        for (name, column) in [
            ("unit", numbered(&unit, n_units)),
            ("time", numbered(&time, n_times)),
            ("cluster", numbered(&cluster, n_clusters)),
        ] {
            data.columns.insert(name.to_owned(), column);
        }
        let event_time = |(&time, &cohort): (&i32, &i32)| {
            (cohort != NEVER).then(|| i64::from(time) - i64::from(cohort))
        };
        Self {
            data,
            event_times: columns
                .time
                .iter()
                .zip(&columns.cohort)
                .map(event_time)
                .collect(),
            unit,
            cluster,
            n_units,
            n_clusters,
            options,
        }
    }

    /// One comparison. `participates` says per row whether the unit takes part in a program then; only
    /// [`Naive::ParticipantsVsNon`] looks at it. Counts are of units and clusters with an outcome: treated are units with a row
    /// whose regressor is one, the others are comparison units.
    ///
    /// A comparison without rows, or without anything to compare, is an estimate with that status.
    ///
    /// # Errors
    /// [`EstimatorError`] for an impossible level, or columns of different lengths.
    pub fn estimate(
        &mut self,
        naive: Naive,
        outcome: &[f64],
        participates: &[bool],
    ) -> Result<Estimate, EstimatorError> {
        let mut participates = participates.iter().copied().chain(std::iter::repeat(false));
        let event_times = self.event_times.iter();
        let regressor: Vec<f64> = event_times
            .map(|&event_time| naive.regressor(event_time, participates.next() == Some(true)))
            .collect();
        let counts = self.counts(outcome, &regressor);
        let formula = formula::parse(naive.formula()).expect("the formulas above are valid");
        let options = OlsOptions {
            vcov: Vcov::Cluster("cluster".to_owned()),
            small_sample: SmallSample::FIXEST,
            singletons: Singletons::Keep,
            reference: Reference::StudentT,
            level: self.options.level,
            seed: self.options.seed,
            wild: None,
        };
        for (name, values) in [("y", outcome.to_vec()), ("x", regressor)] {
            self.data
                .columns
                .insert(name.to_owned(), Column::Numeric(values));
        }
        match ols(&formula, &self.data, &options) {
            Ok(result) => {
                let coefficient = result.rows.iter().find(|row| row.term == "x");
                Ok(coefficient.map_or_else(
                    || Estimate::missing(counts, Status::Collinear),
                    |coefficient| of_coefficient(coefficient, counts),
                ))
            }
            Err(error) => match error.nothing_to_estimate() {
                Some(status) => Ok(Estimate::missing(counts, status)),
                None => Err(error),
            },
        }
    }

    fn counts(&self, outcome: &[f64], regressor: &[f64]) -> Counts {
        // Whether a unit is seen, and whether it is treated in one of its rows.
        let (mut is_seen, mut is_treated) = (vec![false; self.n_units], vec![false; self.n_units]);
        let mut is_cluster = vec![false; self.n_clusters];
        let rows = outcome
            .iter()
            .zip(regressor)
            .zip(self.unit.iter().zip(&self.cluster));
        for ((y, x), (&unit, &cluster)) in rows {
            // The rows the regression leaves out, so that counts and coefficient speak of the same ones.
            if !y.is_finite() || x.is_nan() || cluster == MISSING_CODE {
                continue;
            }
            is_seen[unit as usize] = true;
            is_treated[unit as usize] |= *x > 0.0;
            is_cluster[cluster as usize] = true;
        }
        let count = |flags: &[bool]| flags.iter().filter(|flag| **flag).count() as u64;
        let (n_units, n_treated) = (count(&is_seen), count(&is_treated));
        Counts {
            n_treated,
            n_control: n_units - n_treated,
            n_units,
            n_clusters: count(&is_cluster),
        }
    }
}

fn of_coefficient(coefficient: &Coefficient, counts: Counts) -> Estimate {
    Estimate {
        estimate: coefficient.estimate,
        std_error: coefficient.std_error,
        statistic: coefficient.statistic,
        p_value: coefficient.p_value,
        conf_low: coefficient.conf_low,
        conf_high: coefficient.conf_high,
        band_low: coefficient.band_low,
        band_high: coefficient.band_high,
        n_treated: counts.n_treated,
        n_control: counts.n_control,
        n_units: counts.n_units,
        n_clusters: counts.n_clusters,
        status: coefficient.status,
    }
}
