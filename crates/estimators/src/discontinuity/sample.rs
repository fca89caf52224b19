//! From rows as they are handed over to the two sides of the cutoff, in an order that does not depend on how they came.

use rayon::prelude::*;

use crate::discontinuity::options::RdOptions;
use crate::discontinuity::side::{Side, starts};
use crate::error::EstimatorError;
use crate::panel::{Covariate, CovariateValues, MISSING_CODE};

/// Rows around a cutoff, by column. NaN and infinite numbers are missing.
#[derive(Default, Clone)]
pub struct RdColumns {
    /// What is measured.
    pub outcome: Vec<f64>,
    /// What decides about the treatment, such as a waist in cm.
    pub running: Vec<f64>,
    /// What was received, for a fuzzy design: 0 and 1, or an amount.
    pub treated: Option<Vec<f64>>,
    /// What the estimate is adjusted for, with common slopes on both sides.
    pub covariates: Vec<Covariate>,
    /// Weights; rows with weight zero are left out.
    pub weight: Option<Vec<f64>>,
    /// Dense codes of clusters; [`MISSING_CODE`] = missing.
    pub cluster: Option<Vec<u32>>,
}

impl RdColumns {
    /// Some of the rows.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let pick =
            |own: &Vec<f64>| -> Vec<f64> { rows.iter().map(|&row| own[row as usize]).collect() };
        let cluster = self.cluster.as_ref();
        let covariates = self.covariates.iter();
        Self {
            outcome: pick(&self.outcome),
            running: pick(&self.running),
            treated: self.treated.as_ref().map(pick),
            covariates: covariates.map(|own| own.select(rows)).collect(),
            weight: self.weight.as_ref().map(pick),
            cluster: cluster.map(|own| rows.iter().map(|&row| own[row as usize]).collect()),
        }
    }
}

/// The complete rows.
pub(super) struct Sample {
    /// Left and right of the cutoff.
    pub(super) sides: [Side; 2],
    /// Values of the running variable, rising.
    pub(super) running: Vec<f64>,
    /// Rows with a missing value or without weight.
    pub(super) n_missing: u64,
    /// The largest outcome in size, and the largest treatment.
    pub(super) largest: [f64; 2],
    /// Complete rows left out for lying too near to the cutoff.
    pub(super) n_donut: u64,
}

impl Sample {
    pub(super) fn try_new(
        columns: &RdColumns,
        options: &RdOptions,
    ) -> Result<Self, EstimatorError> {
        check_lengths(columns)?;
        check_weights(columns)?;
        let numbers = numbers(columns);
        let n_rows = columns.outcome.len();
        let is_complete = |row: usize| {
            (columns.running[row] - options.cutoff).is_finite()
                && numbers.iter().all(|numbers| numbers[row].is_finite())
                && columns
                    .weight
                    .as_ref()
                    .is_none_or(|weight| weight[row].is_finite() && weight[row] > 0.0)
                && columns
                    .cluster
                    .as_ref()
                    .is_none_or(|cluster| cluster[row] != MISSING_CODE)
        };
        let complete: Vec<u32> = (0..n_rows)
            .filter(|&row| is_complete(row))
            .map(|row| row as u32)
            .collect();
        let n_missing = (n_rows - complete.len()) as u64;
        let is_far = |row: &u32| {
            let running = columns.running[*row as usize];
            !is_nearer(running, options.cutoff, options.donut)
        };
        let kept: Vec<u32> = complete.iter().copied().filter(is_far).collect();
        let n_donut = (complete.len() - kept.len()) as u64;
        let order = ordered(columns, &numbers, kept);
        let running: Vec<f64> = order
            .iter()
            .map(|&row| columns.running[row as usize])
            .collect();
        let first_right = running.partition_point(|&running| running < options.cutoff);
        // From the cutoff outwards.
        let left: Vec<u32> = order[..first_right].iter().rev().copied().collect();
        let source = Source {
            columns,
            numbers: &numbers,
            cluster: columns.cluster.as_ref().map(|own| dense(own)),
            cutoff: options.cutoff,
        };
        let (left, right) = rayon::join(
            || source.side(&left, -1.0),
            || source.side(&order[first_right..], 1.0),
        );
        let sides = [left, right];
        let largest = |column: usize| {
            let both = sides
                .iter()
                .filter_map(|side| side.columns.get(column))
                .flatten();
            both.fold(0.0_f64, |most, value| most.max(value.abs()))
        };
        let largest = [largest(0), largest(1)];
        Ok(Self {
            sides,
            running,
            n_missing,
            largest,
            n_donut,
        })
    }

    pub(super) fn n_rows(&self) -> usize {
        self.running.len()
    }
}

/// Whether a value lies nearer to the cutoff than `donut`. What lies at the distance but for the rounding of decimals does not.
fn is_nearer(running: f64, cutoff: f64, donut: f64) -> bool {
    let rounding = 8.0 * f64::EPSILON * running.abs().max(cutoff.abs());
    (running - cutoff).abs() < donut - rounding
}

fn check_lengths(columns: &RdColumns) -> Result<(), EstimatorError> {
    let expected = columns.outcome.len();
    let mut lengths = vec![("running", columns.running.len())];
    lengths.extend(columns.treated.iter().map(|own| ("treated", own.len())));
    lengths.extend(columns.weight.iter().map(|own| ("weight", own.len())));
    lengths.extend(columns.cluster.iter().map(|own| ("cluster", own.len())));
    for covariate in &columns.covariates {
        let found = match &covariate.values {
            CovariateValues::Numbers(values) => values.len(),
            CovariateValues::Categories { codes, .. } => codes.len(),
        };
        lengths.push((&covariate.name, found));
    }
    if let Some((column, found)) = lengths.iter().find(|(_, found)| *found != expected) {
        return Err(EstimatorError::LengthMismatch {
            column: (*column).to_owned(),
            found: *found,
            expected,
        });
    }
    check_row_count(expected)
}

/// Refuses more rows than 32 bits count.
pub(super) fn check_row_count(n_rows: usize) -> Result<(), EstimatorError> {
    let limit = u64::from(u32::MAX) - 1;
    if n_rows as u64 <= limit {
        return Ok(());
    }
    Err(EstimatorError::TooMany {
        what: "rows",
        found: n_rows as u64,
        limit,
    })
}

fn check_weights(columns: &RdColumns) -> Result<(), EstimatorError> {
    let negative = columns.weight.iter().flatten().filter(|own| **own < 0.0);
    match negative.count() as u64 {
        0 => Ok(()),
        n_rows => Err(EstimatorError::NegativeWeight { n_rows }),
    }
}

/// The outcome, the treatment, and covariates with one indicator for each label but the first.
fn numbers(columns: &RdColumns) -> Vec<Vec<f64>> {
    let mut numbers = vec![columns.outcome.clone()];
    numbers.extend(columns.treated.clone());
    for covariate in &columns.covariates {
        match &covariate.values {
            CovariateValues::Numbers(values) => numbers.push(values.clone()),
            CovariateValues::Categories { codes, labels } => {
                let indicator = |label: usize| {
                    let is_label = |&code: &u32| match code {
                        MISSING_CODE => f64::NAN,
                        code => f64::from(u8::from(code as usize == label)),
                    };
                    codes.iter().map(is_label).collect::<Vec<f64>>()
                };
                // One label alone explains nothing, but may be missing.
                let first = 1.min(labels.len().saturating_sub(1));
                numbers.extend((first..labels.len()).map(indicator));
            }
        }
    }
    numbers
}

/// Rows by running variable, then by everything else, so that sums do not depend on how they came.
fn ordered(columns: &RdColumns, numbers: &[Vec<f64>], rows: Vec<u32>) -> Vec<u32> {
    // The two numbers that decide nearly all comparisons are at hand; the others are looked up where these tie.
    let mut keyed: Vec<(u64, u64, u32)> = rows
        .into_par_iter()
        .map(|row| {
            let index = row as usize;
            (
                rank(columns.running[index]),
                rank(columns.outcome[index]),
                row,
            )
        })
        .collect();
    let others = |a: u32, b: u32| {
        let (a, b) = (a as usize, b as usize);
        let others = numbers[1..].iter().chain(&columns.weight);
        let mut unequal = others.map(|own| own[a].total_cmp(&own[b]));
        let cluster = columns.cluster.iter().map(|own| own[a].cmp(&own[b]));
        unequal
            .find(|order| order.is_ne())
            .or_else(|| cluster.into_iter().next())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    keyed.par_sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| others(a.2, b.2)));
    keyed.into_iter().map(|(_, _, row)| row).collect()
}

/// A number whose order as an integer is that of `value`; the two zeros are one.
fn rank(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    // Negative numbers are the smaller the larger their bits: all are turned over, and the others go above them.
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// What a side is picked from.
struct Source<'a> {
    columns: &'a RdColumns,
    numbers: &'a [Vec<f64>],
    cluster: Option<Vec<u32>>,
    cutoff: f64,
}

impl Source<'_> {
    fn side(&self, rows: &[u32], sign: f64) -> Side {
        let pick =
            |own: &Vec<f64>| -> Vec<f64> { rows.iter().map(|&row| own[row as usize]).collect() };
        let mut distance = pick(&self.columns.running);
        for own in &mut distance {
            *own = (*own - self.cutoff).abs();
        }
        let cluster = self.cluster.as_ref();
        Side {
            sign,
            starts: starts(&distance),
            distance,
            columns: self.numbers.iter().map(pick).collect(),
            weight: self.columns.weight.as_ref().map(pick),
            cluster: cluster.map(|own| rows.iter().map(|&row| own[row as usize]).collect()),
        }
    }
}

/// Codes below the number of rows, in the order of those given; missing ones stay missing.
fn dense(codes: &[u32]) -> Vec<u32> {
    // Codes up to the number of rows already make tables no larger than the rows.
    let is_small = |code: u32| code == MISSING_CODE || (code as usize) < codes.len();
    if codes.iter().all(|&code| is_small(code)) {
        return codes.to_vec();
    }
    let mut known = codes.to_vec();
    known.par_sort_unstable();
    known.dedup();
    let place = |&code: &u32| match code {
        MISSING_CODE => MISSING_CODE,
        code => known.partition_point(|&other| other < code) as u32,
    };
    codes.iter().map(place).collect()
}
