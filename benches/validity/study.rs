//! Runs the draws of a design: what each estimator answers and how often its intervals hold.

use korabo_estimators::Status;
use rayon::prelude::*;

use crate::design::{Analysis, Design, Figure};
use crate::estimator::{Answer, Interval, LEVEL, Quantity, Row, Target};
use crate::random::Random;

/// What all draws say about one figure. Shares are of the draws with an answer.
pub(crate) struct Summary {
    pub(crate) analysis: &'static str,
    pub(crate) figure: Figure,
    /// NaN for bands and tests, as are the next three.
    pub(crate) truth: f64,
    /// Mean of estimate less truth.
    pub(crate) bias: f64,
    /// Standard deviation of the estimates over the draws.
    pub(crate) spread: f64,
    pub(crate) mean_std_error: f64,
    /// Share in which the truth lies inside; NaN for tests.
    pub(crate) coverage: f64,
    /// Share in which zero lies outside (of a band: anywhere), or p is below 5 %.
    pub(crate) rejection: f64,
    /// Share with the status `few_clusters`.
    pub(crate) few_clusters: f64,
    /// Share with the status `conservative`.
    pub(crate) conservative: f64,
    pub(crate) n_draws: usize,
    /// Draws without an answer.
    pub(crate) n_missing: usize,
}

/// What one draw says about one figure.
#[derive(Clone, Copy)]
struct Reading {
    error: f64,
    std_error: f64,
    is_covered: bool,
    is_rejected: bool,
    has_few_clusters: bool,
    is_conservative: bool,
}

/// Runs a design; one summary per figure, in the order of the design.
pub(crate) fn run(design: &Design, n_draws: u64) -> Vec<Summary> {
    // Collected in the order of the draws and summed in that order: the same bits with any number of threads.
    let draws: Vec<Vec<Option<Reading>>> = (0..n_draws)
        .into_par_iter()
        .map(|draw| {
            let rows = (design.simulate)(&mut Random::new(design.name, draw));
            let analyses = design.analyses.iter();
            analyses
                .flat_map(|analysis| readings(design, analysis, &rows))
                .collect()
        })
        .collect();
    let figures = design.analyses.iter().flat_map(|analysis| {
        let figures = analysis.figures.iter();
        figures.map(|figure| (analysis.label, *figure))
    });
    let summaries = figures.enumerate().map(|(index, (analysis, figure))| {
        let readings = draws.iter().filter_map(|draw| draw[index]).collect();
        summarise(design, analysis, figure, n_draws as usize, readings)
    });
    summaries.collect()
}

/// One sample, one estimator: a reading per figure.
fn readings(design: &Design, analysis: &Analysis, rows: &[Row]) -> Vec<Option<Reading>> {
    let targets = analysis.targets();
    // A refused sample counts as a draw without an answer, which no promise allows.
    let Ok(answer) = analysis.estimator.estimate(rows, &targets) else {
        return vec![None; targets.len()];
    };
    targets
        .into_iter()
        .map(|target| answer.read(design, target))
        .collect()
}

impl Answer {
    fn read(&self, design: &Design, target: Target) -> Option<Reading> {
        let is_event_time =
            |interval: &Interval| matches!(interval.quantity, Quantity::EventTime(_));
        let is_cell = |interval: &Interval| matches!(interval.quantity, Quantity::Cell { .. });
        match target {
            Target::One(quantity) => {
                let mut found = self.intervals.iter();
                let interval = found.find(|interval| interval.quantity == quantity)?;
                let reading = interval.read(interval.interval, design.truth(quantity));
                interval.std_error.is_finite().then_some(reading)
            }
            Target::EventBand => self.read_all(design, is_event_time, |row| row.band),
            Target::EventIntervals => self.read_all(design, is_event_time, |row| row.interval),
            Target::CellBand => self.read_all(design, is_cell, |row| row.band),
            Target::Pretest => self.pretest.map(|p_value| Reading {
                error: f64::NAN,
                std_error: f64::NAN,
                is_covered: false,
                is_rejected: p_value < 1.0 - LEVEL,
                has_few_clusters: false,
                is_conservative: false,
            }),
            Target::Randomisation => self.randomisation.map(|[of_truth, of_zero]| Reading {
                error: f64::NAN,
                std_error: f64::NAN,
                is_covered: of_truth > 1.0 - LEVEL,
                is_rejected: of_zero <= 1.0 - LEVEL,
                has_few_clusters: false,
                is_conservative: false,
            }),
        }
    }

    /// Several ranges at once: all of them must hold.
    fn read_all(
        &self,
        design: &Design,
        is_meant: impl Fn(&Interval) -> bool,
        range: impl Fn(&Interval) -> [f64; 2],
    ) -> Option<Reading> {
        let rows = || self.intervals.iter().filter(|row| is_meant(row));
        let is_known = |row: &Interval| range(row).iter().all(|end| end.is_finite());
        if rows().count() == 0 || !rows().all(is_known) {
            return None;
        }
        let readings = || rows().map(|row| row.read(range(row), design.truth(row.quantity)));
        Some(Reading {
            error: f64::NAN,
            std_error: f64::NAN,
            is_covered: readings().all(|reading| reading.is_covered),
            is_rejected: readings().any(|reading| reading.is_rejected),
            has_few_clusters: readings().any(|reading| reading.has_few_clusters),
            is_conservative: readings().any(|reading| reading.is_conservative),
        })
    }
}

impl Interval {
    fn read(&self, [low, high]: [f64; 2], truth: f64) -> Reading {
        let contains = |value: f64| low <= value && value <= high;
        Reading {
            error: self.estimate - truth,
            std_error: self.std_error,
            is_covered: contains(truth),
            is_rejected: !contains(0.0),
            has_few_clusters: self.status == Status::FewClusters,
            is_conservative: self.status == Status::Conservative,
        }
    }
}

fn summarise(
    design: &Design,
    analysis: &'static str,
    figure: Figure,
    n_draws: usize,
    readings: Vec<Reading>,
) -> Summary {
    let n = readings.len() as f64;
    let mean = |value: &dyn Fn(&Reading) -> f64| readings.iter().map(value).sum::<f64>() / n;
    let share = |holds: &dyn Fn(&Reading) -> bool| mean(&|r| f64::from(u8::from(holds(r))));
    let bias = mean(&|r| r.error);
    let spread = (mean(&|r| (r.error - bias).powi(2)) * n / (n - 1.0)).sqrt();
    let is_test = figure.target == Target::Pretest;
    Summary {
        analysis,
        figure,
        truth: match figure.target {
            Target::One(quantity) => design.truth(quantity),
            _ => f64::NAN,
        },
        bias,
        spread,
        mean_std_error: mean(&|r| r.std_error),
        coverage: if is_test {
            f64::NAN
        } else {
            share(&|r| r.is_covered)
        },
        rejection: share(&|r| r.is_rejected),
        few_clusters: share(&|r| r.has_few_clusters),
        conservative: share(&|r| r.is_conservative),
        n_draws,
        n_missing: n_draws - readings.len(),
    }
}
