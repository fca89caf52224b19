//! Calls the estimators: a sample and the choice of an estimator in, intervals and tests out. Those that do not take a panel are in
//! `regression_call` and `cutoff_call`.
//!
//! A further estimator is one more variant of [`Estimator`] and one function that fills an [`Answer`].

use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AttGtOptions, BasePeriod, Control, Method, Pretest, aggregate,
    att_gt, randomise_averages,
};
use korabo_estimators::imputation::{
    ImputationColumns, ImputationOptions, ImputationResult, did_imputation, two_stage,
};
use korabo_estimators::inference::{Inference, Randomisation, TestStatistic};
use korabo_estimators::panel::{
    Covariate, CovariateValues, Layout, NEVER, Panel, PanelColumns, PanelOptions,
};
use korabo_estimators::regression::Coefficient;
use korabo_estimators::sun_abraham::{SunAbrahamOptions, sun_abraham};
use korabo_estimators::{Estimate, EstimatorError, Status};

use crate::{cutoff_call, regression_call};

/// Level of all intervals and bands.
pub(crate) const LEVEL: f64 = 0.95;
/// Seed of the bands, the default of the relations.
pub(crate) const SEED: u64 = 20_160_401;

/// One row of a simulated sample.
#[derive(Clone, Default)]
pub(crate) struct Row {
    pub(crate) unit: i64,
    pub(crate) time: i32,
    /// First exposure; `None` = never.
    pub(crate) cohort: Option<i32>,
    pub(crate) outcome: f64,
    /// What exposure adds to the outcome; only where randomisation is tested.
    pub(crate) effect: f64,
    pub(crate) cluster: u32,
    pub(crate) weight: f64,
    /// A covariate.
    pub(crate) x: f64,
    /// An exposure and its instrument, for regressions.
    pub(crate) exposure: f64,
    pub(crate) instrument: f64,
}

/// An estimator with its options.
#[derive(Clone)]
pub(crate) enum Estimator {
    /// `att_gt` and the aggregates made from it.
    GroupTime(PanelChoices),
    /// `att` with `permutations`: p-values instead of intervals.
    Randomisation(PanelChoices),
    /// `did_imputation`.
    Imputation(PanelChoices),
    /// `two_stage`.
    TwoStage(PanelChoices),
    /// `sun_abraham`.
    SunAbraham(PanelChoices),
    /// `ols` with a formula over `y`, `unit`, `time`, `cluster`, `x`, `exposure`, `instrument`, `treated` (1 from the
    /// first exposure on) and `event_time` (−1 for the never exposed).
    Regression {
        formula: &'static str,
        vcov: &'static str,
        /// Intervals of the wild cluster bootstrap instead of those of the errors.
        is_wild: bool,
    },
    /// `rd` of the outcome along `x`, with `exposure` as what was received in a fuzzy design.
    Cutoff { is_fuzzy: bool, is_clustered: bool },
}

/// Options of the panel estimators, as far as each has them.
#[derive(Clone, Copy)]
pub(crate) struct PanelChoices {
    pub(crate) control: Control,
    pub(crate) layout: Layout,
    pub(crate) anticipation: u32,
    pub(crate) is_clustered: bool,
    pub(crate) is_weighted: bool,
    /// Event times before exposure in `did_imputation`.
    pub(crate) leads: i32,
    /// How to adjust for `x`, if at all.
    pub(crate) adjustment: Option<Method>,
    /// How errors are made.
    pub(crate) inference: Inference,
}

/// The defaults of `att_gt`.
pub(crate) const DEFAULT: PanelChoices = PanelChoices {
    control: Control::NeverTreated,
    layout: Layout::Balanced,
    anticipation: 0,
    is_clustered: false,
    is_weighted: false,
    leads: 2,
    adjustment: None,
    inference: Inference::Analytic,
};

/// What an interval is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    Cell { cohort: i32, time: i32 },
    EventTime(i32),
    Overall(Aggregate),
    Term(&'static str),
}

/// What a figure of the study looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// One interval.
    One(Quantity),
    /// The band over all event times.
    EventBand,
    /// The pointwise intervals of all event times taken together: what the band is for.
    EventIntervals,
    /// The band over all cohorts and periods.
    CellBand,
    /// The test that nothing happens before exposure.
    Pretest,
    /// The randomisation test of the overall effect: of the truth, and of zero.
    Randomisation,
}

/// One estimate with its interval and its part of a band.
pub(crate) struct Interval {
    pub(crate) quantity: Quantity,
    pub(crate) estimate: f64,
    pub(crate) std_error: f64,
    pub(crate) interval: [f64; 2],
    pub(crate) band: [f64; 2],
    pub(crate) status: Status,
}

/// What an estimator says about one sample.
pub(crate) struct Answer {
    pub(crate) intervals: Vec<Interval>,
    /// p-value of the test that nothing happens before exposure.
    pub(crate) pretest: Option<f64>,
    /// p-values of the randomisation test of the truth, and of no effect.
    pub(crate) randomisation: Option<[f64; 2]>,
}

impl Estimator {
    /// Estimates at least what the targets need.
    pub(crate) fn estimate(
        &self,
        rows: &[Row],
        targets: &[Target],
    ) -> Result<Answer, EstimatorError> {
        match self {
            Self::GroupTime(options) => group_time(rows, *options, targets),
            Self::Randomisation(options) => randomisation(rows, *options),
            Self::Imputation(options) => imputation(rows, *options, did_imputation),
            Self::TwoStage(options) => imputation(rows, *options, two_stage),
            Self::SunAbraham(options) => interaction_weighted(rows, *options),
            Self::Regression {
                formula,
                vcov,
                is_wild,
            } => regression_call::regression(rows, (formula, vcov), *is_wild, targets),
            Self::Cutoff {
                is_fuzzy,
                is_clustered,
            } => cutoff_call::cutoff(rows, *is_fuzzy, *is_clustered),
        }
    }
}

impl PanelChoices {
    fn of_group_time(self) -> AttGtOptions {
        AttGtOptions {
            method: self.adjustment.unwrap_or(Method::DoublyRobust),
            control: self.control,
            base_period: BasePeriod::Varying,
            anticipation: self.anticipation,
            level: LEVEL,
            seed: SEED,
            bootstrap: None,
            inference: self.inference,
        }
    }
}

fn averages_of(kind: Aggregate) -> AggregateOptions {
    AggregateOptions {
        kind,
        min_e: None,
        max_e: None,
        balance_e: None,
        level: LEVEL,
        seed: SEED,
    }
}

/// The columns of a panel.
fn panel_columns(rows: &[Row], options: PanelChoices) -> PanelColumns {
    let weight = || rows.iter().map(|row| row.weight).collect();
    let cluster = || rows.iter().map(|row| row.cluster).collect();
    let x = |_: Method| Covariate {
        name: "x".to_owned(),
        values: CovariateValues::Numbers(rows.iter().map(|row| row.x).collect()),
    };
    PanelColumns {
        unit: rows.iter().map(|row| row.unit).collect(),
        time: rows.iter().map(|row| row.time).collect(),
        cohort: rows.iter().map(|row| row.cohort.unwrap_or(NEVER)).collect(),
        outcome: rows.iter().map(|row| row.outcome).collect(),
        weight: options.is_weighted.then(weight),
        cluster: options.is_clustered.then(cluster),
        covariates: options.adjustment.map(x).into_iter().collect(),
    }
}

fn panel(rows: &[Row], options: PanelChoices) -> Result<Panel, EstimatorError> {
    let layout = options.layout;
    Panel::try_new(&panel_columns(rows, options), PanelOptions { layout })
}

impl Target {
    /// Whether it needs this aggregation.
    fn needs(self, kind: Aggregate) -> bool {
        match self {
            Self::One(Quantity::Overall(own)) => own == kind,
            Self::One(Quantity::EventTime(_)) | Self::EventBand | Self::EventIntervals => {
                kind == Aggregate::Dynamic
            }
            _ => false,
        }
    }
}

fn group_time(
    rows: &[Row],
    options: PanelChoices,
    targets: &[Target],
) -> Result<Answer, EstimatorError> {
    let mut effects = att_gt(&panel(rows, options)?, &options.of_group_time())?;
    if targets.contains(&Target::CellBand) {
        effects = effects.with_band();
    }
    let cell = |row: &korabo_estimators::group_time::GroupTime| {
        let (cohort, time) = (row.cohort, row.time);
        Interval::new(Quantity::Cell { cohort, time }, &row.estimate)
    };
    let mut intervals: Vec<Interval> = effects.rows.iter().map(cell).collect();
    let kinds = [
        Aggregate::Simple,
        Aggregate::Group,
        Aggregate::Calendar,
        Aggregate::Dynamic,
    ];
    let is_needed = |kind: &Aggregate| targets.iter().any(|target| target.needs(*kind));
    for kind in kinds.into_iter().filter(is_needed) {
        let averages = aggregate(&effects, &averages_of(kind))?;
        intervals.push(Interval::new(
            Quantity::Overall(kind),
            &averages.overall.estimate,
        ));
        if kind == Aggregate::Dynamic {
            intervals.extend(averages.rows.iter().filter_map(|row| {
                let quantity = Quantity::EventTime(row.at?);
                Some(Interval::new(quantity, &row.estimate))
            }));
        }
    }
    let pretest = match effects.pretest {
        Pretest::Wald { p_value, .. } => Some(p_value),
        Pretest::NoPreCells | Pretest::Singular => None,
    };
    Ok(Answer {
        intervals,
        pretest,
        randomisation: None,
    })
}

/// Assignments beside the observed one, where more are possible.
const PERMUTATIONS: u32 = 999;

fn randomisation(rows: &[Row], options: PanelChoices) -> Result<Answer, EstimatorError> {
    let test = Randomisation {
        n_draws: PERMUTATIONS,
        seed: SEED,
        strata: None,
        statistic: TestStatistic::Studentised,
    };
    let p_value = |rows: &[Row]| {
        let panel = panel(rows, options)?;
        let averages = averages_of(Aggregate::Simple);
        let tests = randomise_averages(&panel, &[], &options.of_group_time(), &averages, &test)?;
        Ok(tests[0][0].p_value)
    };
    // The truth is no effect on outcomes without it.
    let without_effect = rows.iter().map(|row| Row {
        outcome: row.outcome - row.effect,
        ..row.clone()
    });
    let without_effect: Vec<Row> = without_effect.collect();
    Ok(Answer {
        intervals: Vec::new(),
        pretest: None,
        randomisation: Some([p_value(&without_effect)?, p_value(rows)?]),
    })
}

/// The overall effect of both estimators below is the mean over all rows after exposure, as in `simple`.
const OVERALL: Quantity = Quantity::Overall(Aggregate::Simple);

/// `did_imputation` or `two_stage`.
type OfUntreated =
    fn(ImputationColumns, &ImputationOptions) -> Result<ImputationResult, EstimatorError>;

fn imputation(
    rows: &[Row],
    options: PanelChoices,
    estimate: OfUntreated,
) -> Result<Answer, EstimatorError> {
    let leads = options.leads;
    let columns = ImputationColumns {
        panel: panel_columns(rows, options),
        covariates: Vec::new(),
        unit_effect: None,
    };
    let options = ImputationOptions {
        window: Some((-leads, i32::MAX)),
        level: LEVEL,
        seed: SEED,
        inference: options.inference,
    };
    let result = estimate(columns, &options)?;
    let interval = |row: &korabo_estimators::imputation::ImputationRow| {
        let quantity = row.event_time.map_or(OVERALL, Quantity::EventTime);
        Interval::new(quantity, &row.estimate)
    };
    Ok(Answer {
        intervals: result.rows.iter().map(interval).collect(),
        pretest: None,
        randomisation: None,
    })
}

fn interaction_weighted(rows: &[Row], options: PanelChoices) -> Result<Answer, EstimatorError> {
    let result = sun_abraham(
        &panel(rows, options)?,
        &SunAbrahamOptions {
            min_e: None,
            max_e: None,
            level: LEVEL,
            seed: SEED,
            inference: options.inference,
        },
    )?;
    let event_times = result.event_times.iter().filter_map(|row| {
        let is_base = row.estimate.status == Status::BasePeriod;
        let quantity = Quantity::EventTime(row.event_time?);
        (!is_base).then(|| Interval::new(quantity, &row.estimate))
    });
    let overall = Interval::new(OVERALL, &result.overall.estimate);
    Ok(Answer {
        intervals: std::iter::once(overall).chain(event_times).collect(),
        pretest: None,
        randomisation: None,
    })
}

impl Interval {
    fn new(quantity: Quantity, estimate: &Estimate) -> Self {
        Self {
            quantity,
            estimate: estimate.estimate,
            std_error: estimate.std_error,
            interval: [estimate.conf_low, estimate.conf_high],
            band: [estimate.band_low, estimate.band_high],
            status: estimate.status,
        }
    }

    pub(crate) fn of_coefficient(quantity: Quantity, row: &Coefficient) -> Self {
        Self {
            quantity,
            estimate: row.estimate,
            std_error: row.std_error,
            interval: row.wild.map_or([row.conf_low, row.conf_high], |wild| {
                [wild.conf_low, wild.conf_high]
            }),
            band: [row.band_low, row.band_high],
            status: row.status,
        }
    }

    /// Without a band.
    pub(crate) fn of_range(
        quantity: Quantity,
        (estimate, std_error): (f64, f64),
        interval: [f64; 2],
        status: Status,
    ) -> Self {
        Self {
            quantity,
            estimate,
            std_error,
            interval,
            band: [f64::NAN; 2],
            status,
        }
    }
}
