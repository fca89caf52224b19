//! From the published figures to what the simulation needs: for every fiscal year, sex and five-year
//! age band the probit threshold of every answer and the shape of every value. Below 40 and after
//! FY2021 nothing is published: thresholds are extrapolated with half the last slope.

use super::published::{CUTS, PublishedCut, PublishedValue, VALUES};
use super::random::{normal_cdf, normal_quantile};

/// The questions of a checkup, in column order (question 13 and 16 changed in FY2018).
#[expect(
    dead_code,
    reason = "the list is complete so that positions match the columns"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    BpDrug,
    GlucoseDrug,
    LipidDrug,
    Stroke,
    Heart,
    KidneyFailure,
    Anemia,
    Smoking,
    WeightGain10kg,
    Exercise30min,
    Walking1h,
    WalkFast,
    Chewing,
    WeightChange3kg,
    EatingSpeed,
    LateDinner,
    Snacking,
    LateSnack,
    SkipBreakfast,
    DrinkingFrequency,
    DrinkingAmount,
    SleepRest,
    StageOfChange,
    WantsGuidance,
}

/// Number of questions.
pub(crate) const N_QUESTIONS: usize = 24;

/// First cut of every question in [`CUTS`]; the last entry closes the list.
pub(crate) const CUT_OF: [usize; N_QUESTIONS + 1] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17, 18, 20, 21, 22, 24, 27, 28, 32, 33,
];

/// The measured values, in the order of [`VALUES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Bmi,
    Waist,
    Sbp,
    Dbp,
    Triglycerides,
    Hdl,
    Ldl,
    Ast,
    Alt,
    Ggt,
    FastingGlucose,
    Hba1c,
    Creatinine,
    Hemoglobin,
}

/// Number of measured values.
pub(crate) const N_VALUES: usize = 14;

/// Number of five-year age bands 20-24 … 70-74.
pub(crate) const N_BANDS: usize = 11;

/// First published band (40-44) among the simulated ones.
const FIRST_PUBLISHED: usize = 4;

/// What one sex, age band and fiscal year look like.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// Standard normal thresholds: the answer is at or before the cut when the latent is below.
    pub(crate) thresholds: [f32; 33],
    /// Lower end of each value's shifted lognormal.
    pub(crate) origin: [f32; N_VALUES],
    /// Median above the lower end.
    pub(crate) median: [f32; N_VALUES],
    /// Log-scale standard deviation.
    pub(crate) spread: [f32; N_VALUES],
}

/// All cells of the simulated years.
#[derive(Debug, Clone)]
pub(crate) struct Calibration {
    first_year: i16,
    cells: Vec<Cell>,
}

impl Calibration {
    /// Cells for every year from `first_year` to `last_year`.
    pub(crate) fn new(first_year: i16, last_year: i16) -> Self {
        let mut cells = Vec::new();
        for year in first_year..=last_year {
            for sex in 0..2 {
                for band in 0..N_BANDS {
                    cells.push(cell(year, sex, band));
                }
            }
        }
        Self { first_year, cells }
    }

    /// The cell of a fiscal year, sex (1 male, 2 female) and age (ages outside 20-74 take the
    /// nearest band).
    pub(crate) fn cell(&self, year: i16, sex: i8, age: i32) -> &Cell {
        let band = band_of(age);
        let year = usize::try_from(year - self.first_year).expect("years start at the first");
        let sex = usize::from(sex == 2);
        &self.cells[(year * 2 + sex) * N_BANDS + band]
    }
}

/// Index of the five-year band of an age among 20-24 … 70-74.
pub(crate) fn band_of(age: i32) -> usize {
    usize::try_from((age.clamp(20, 74) - 20) / 5).expect("clamped to at least 20")
}

/// Published share or mean by band, extended below 40 with half the slope of the first two bands.
fn extended(by_age: &[f64], band: usize) -> f64 {
    if band >= FIRST_PUBLISHED {
        by_age[band - FIRST_PUBLISHED]
    } else {
        let bands_below = (FIRST_PUBLISHED - band) as f64;
        by_age[0] - 0.5 * bands_below * (by_age[1] - by_age[0])
    }
}

/// Difference of a year to FY2021: published to FY2021, then half the mean slope of FY2018-2021.
fn since_2021(by_year: &[f64; 8], year: i16) -> f64 {
    let last = by_year[7];
    if year <= 2021 {
        by_year[usize::try_from(year.max(2014) - 2014).expect("at least 2014")] - last
    } else {
        0.5 * (last - by_year[4]) / 3.0 * f64::from(year - 2021)
    }
}

fn probit(percent: f32) -> f64 {
    // Shares of 0 and 100 percent have no quantile.
    normal_quantile((f64::from(percent) / 100.0).clamp(0.0005, 0.9995))
}

fn cell(year: i16, sex: usize, band: usize) -> Cell {
    let threshold = |cut: &PublishedCut| {
        let by_age = cut.by_age[sex].map(probit);
        let by_year = cut.by_year[sex].map(probit);
        (extended(&by_age, band) + since_2021(&by_year, year)) as f32
    };
    let median = |value: &PublishedValue| {
        let by_age = value.by_age[sex].map(f64::from);
        let by_year = value.by_year[sex].map(f64::from);
        let mean = extended(&by_age, band) + since_2021(&by_year, year);
        let (origin, spread) = (f64::from(value.origin[sex]), f64::from(value.spread[sex]));
        // The mean of a lognormal is its median times exp(σ²/2).
        ((mean - origin).max(0.02) * (-0.5 * spread * spread).exp()) as f32
    };
    let mut thresholds = std::array::from_fn(|idx| threshold(&CUTS[idx]));
    keep_cuts_ordered(&mut thresholds);
    Cell {
        thresholds,
        origin: std::array::from_fn(|idx| VALUES[idx].origin[sex]),
        median: std::array::from_fn(|idx| median(&VALUES[idx])),
        spread: std::array::from_fn(|idx| VALUES[idx].spread[sex]),
    }
}

/// Extrapolation must not let the cuts of one question cross.
fn keep_cuts_ordered(thresholds: &mut [f32; 33]) {
    for question in 0..N_QUESTIONS {
        for cut in CUT_OF[question] + 1..CUT_OF[question + 1] {
            thresholds[cut] = thresholds[cut].max(thresholds[cut - 1]);
        }
    }
}

/// The threshold after adding `effect` to the probability that the latent is below it. The
/// probability stays within 0.5 and 99.5 percent; the second result is what was really added.
pub(crate) fn shifted_threshold(threshold: f32, effect: f64) -> (f32, f64) {
    let before = normal_cdf(f64::from(threshold));
    // A share that lies outside already stays where it is.
    let after = (before + effect).clamp(before.min(0.005), before.max(0.995));
    (normal_quantile(after) as f32, after - before)
}
