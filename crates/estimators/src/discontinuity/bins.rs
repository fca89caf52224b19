//! What a chart of a discontinuity shows: means of the outcome within bins of the running variable, and a polynomial per side.
//!
//! The number of bins on a side makes the integrated mean squared error of the step function small: ⌈(2·B·n/V)^(1/3)⌉, with bias and
//! variance from polynomials of order four for the outcome and its square. Calonico, Cattaneo and Titiunik (2015), Journal of the
//! American Statistical Association 110:1753.

use crate::discontinuity::kernel::Kernel;
use crate::discontinuity::local_fit::LocalFit;
use crate::discontinuity::nearest::EQUAL;
use crate::discontinuity::options::{
    BandwidthRule, Bandwidths, MassPoints, RdOptions, RdVcov, check_cutoff,
};
use crate::discontinuity::sample::{RdColumns, Sample};
use crate::discontinuity::side::Side;
use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::inference::student::student_quantile;
use crate::status::{Status, TOO_FEW_UNITS};

/// The most bins on a side.
pub const MAX_BINS: usize = 10_000;

/// Order of the polynomials.
const ORDER: usize = 4;

/// Values this share of a bin's width before an edge lie at it: decimals are rounded.
const AT_EDGE: f64 = 1e-9;

/// Where bins begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinSpacing {
    /// All as wide.
    Even,
    /// With about as many rows each; rows with the same value stay together.
    Quantile,
}

/// Options of [`rd_bins`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinOptions {
    /// Where sides meet; rows at it belong to the right.
    pub cutoff: f64,
    /// Where bins begin and end.
    pub spacing: BinSpacing,
    /// Bins left and right, at most [`MAX_BINS`]; `None`: by the rule.
    pub n_bins: Option<[usize; 2]>,
    /// Two-sided confidence level of a bin's mean.
    pub level: f64,
}

/// A bin with rows. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Whether it lies right of the cutoff.
    pub is_right: bool,
    /// Number on its side, from the cutoff outwards and from 1.
    pub number: u64,
    /// Where it begins, in units of the running variable.
    pub low: f64,
    /// Where it ends; the value itself belongs to the next bin.
    pub high: f64,
    /// Mean of the running variable.
    pub mean_running: f64,
    /// Mean of the outcome.
    pub mean: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Lower end of the interval, by the t distribution.
    pub conf_low: f64,
    /// Upper end.
    pub conf_high: f64,
    /// The polynomial of its side at the mean of the running variable.
    pub fitted: f64,
    /// Rows.
    pub n_rows: u64,
    /// [`Status::TooFew`] with fewer than five rows, [`Status::NoVariance`] where all outcomes are equal.
    pub status: Status,
}

/// The bins from left to right. Rows in which a number is missing or not finite are left out; without rows there is no bin.
///
/// # Errors
/// [`EstimatorError::BadOption`] for impossible options, [`EstimatorError::LengthMismatch`], [`EstimatorError::TooMany`].
pub fn rd_bins(
    outcome: &[f64],
    running: &[f64],
    options: &BinOptions,
) -> Result<Vec<Bin>, EstimatorError> {
    check_level(options.level)?;
    check_cutoff(options.cutoff)?;
    let mut given = options.n_bins.iter().flatten();
    if !given.all(|n| (1..=MAX_BINS).contains(n)) {
        return Err(EstimatorError::BadOption {
            option: "n_bins",
            expected: "from 1 to 10000",
        });
    }
    let columns = RdColumns {
        outcome: outcome.to_vec(),
        running: running.to_vec(),
        // A second column for the squares.
        treated: Some(outcome.iter().map(|value| value * value).collect()),
        ..RdColumns::default()
    };
    let sample = Sample::try_new(&columns, &rows_as_they_are(options.cutoff))?;
    let [left, right] = sample.sides.each_ref();
    let n_rows = sample.n_rows() as f64;
    let bins = |side: &Side, index: usize| {
        let curve = Curve::of(side);
        let n = match options.n_bins {
            Some(n) => n[index],
            None => curve.n_bins(side, options.spacing, n_rows),
        };
        side_bins(side, &curve, n, options)
    };
    let mut all = bins(left, 0);
    all.reverse();
    all.extend(bins(right, 1));
    Ok(all)
}

fn rows_as_they_are(cutoff: f64) -> RdOptions {
    RdOptions {
        cutoff,
        order: 1,
        bias_order: 2,
        kernel: Kernel::Uniform,
        bandwidths: Bandwidths::Rule(BandwidthRule::default()),
        vcov: RdVcov::Nearest,
        mass_points: MassPoints::Adjust,
        donut: 0.0,
        level: 0.95,
    }
}

/// The polynomials of a side, in distance over range: of the outcome and of its square.
struct Curve {
    range: f64,
    outcome: Vec<f64>,
    square: Vec<f64>,
}

impl Curve {
    fn of(side: &Side) -> Self {
        // All rows, the farthest included.
        let range = side.range() * (1.0 + EQUAL);
        // A side of few values determines a lower order only.
        let order = ORDER.min(side.n_values().saturating_sub(1));
        let fit = LocalFit::new(side, Kernel::Uniform, range, order, 0);
        let powers = |column: usize| {
            // What is made of NaN is NaN, and chooses one bin.
            fit.as_ref()
                .map_or(vec![f64::NAN], |fit| fit.powers(column))
        };
        Self {
            range,
            outcome: powers(0),
            square: powers(1),
        }
    }

    fn value(&self, powers: &[f64], distance: f64) -> f64 {
        let u = distance / self.range;
        powers.iter().rev().fold(0.0, |value, own| value * u + own)
    }

    fn slope(&self, distance: f64) -> f64 {
        let u = distance / self.range;
        let powers = self.outcome.iter().enumerate().skip(1).rev();
        powers.fold(0.0, |value, (power, own)| value * u + power as f64 * own) / self.range
    }

    /// The variance of the outcome at a distance; that of the whole side where the polynomials say less than nothing.
    fn variance(&self, distance: f64, overall: f64) -> f64 {
        let mean = self.value(&self.outcome, distance);
        match self.value(&self.square, distance) - mean * mean {
            variance if variance < 0.0 => overall,
            variance => variance,
        }
    }

    fn n_bins(&self, side: &Side, spacing: BinSpacing, n_rows: f64) -> usize {
        let n = side.n_rows() as f64;
        let outcome = &side.columns[0];
        let mean = outcome.iter().sum::<f64>() / n;
        let squares: f64 = outcome.iter().map(|value| (value - mean).powi(2)).sum();
        let overall = squares / (n - 1.0);
        // Rows with the same value leave no gap.
        let gaps = (1..side.n_values()).map(|value| {
            let (before, own) = (side.value(value - 1), side.value(value));
            (own - before, 0.5 * (own + before))
        });
        let (bias, variance) = match spacing {
            BinSpacing::Even => {
                let slopes: f64 = side.distance.iter().map(|&d| self.slope(d).powi(2)).sum();
                let variances: f64 = gaps
                    .map(|(gap, middle)| gap * self.variance(middle, overall))
                    .sum();
                let range = side.range();
                (range * range / (12.0 * n_rows) * slopes, variances / range)
            }
            BinSpacing::Quantile => {
                let slopes: f64 = gaps
                    .map(|(gap, middle)| (gap * self.slope(middle)).powi(2))
                    .sum();
                let distances = side.distance.iter();
                let variances: f64 = distances.map(|&d| self.variance(d, overall)).sum();
                (n * n / (24.0 * n_rows) * slopes, variances / n)
            }
        };
        let best = (2.0 * bias * n_rows / variance).cbrt().ceil();
        // What is no number, as without any gap, becomes zero.
        (best as usize).clamp(1, MAX_BINS.min(side.n_values().max(1)))
    }
}

/// The bins of a side that have rows, from the cutoff outwards.
fn side_bins(side: &Side, curve: &Curve, n: usize, options: &BinOptions) -> Vec<Bin> {
    let width = side.range() / n as f64;
    let bin_of = |value: usize| -> usize {
        let bin = match options.spacing {
            BinSpacing::Quantile => side.starts[value] as usize * n / side.n_rows(),
            // A bin holds its lower end, which on the left is the farther one.
            BinSpacing::Even if side.sign < 0.0 => {
                ((side.value(value) / width - AT_EDGE).ceil() as usize).saturating_sub(1)
            }
            BinSpacing::Even => (side.value(value) / width + AT_EDGE).floor() as usize,
        };
        bin.min(n - 1)
    };
    let values: Vec<usize> = (0..side.n_values()).collect();
    let mut bins = Vec::new();
    for own in values.chunk_by(|&a, &b| bin_of(a) == bin_of(b)) {
        let (first, last) = (own[0], own[own.len() - 1]);
        let edges = match options.spacing {
            BinSpacing::Even => {
                let bin = bin_of(first) as f64;
                [bin * width, (bin + 1.0) * width]
            }
            BinSpacing::Quantile => [side.value(first), side.value(last)],
        };
        let rows = side.starts[first] as usize..side.starts[last + 1] as usize;
        let number = bins.len() as u64 + 1;
        bins.push(bin(side, curve, rows, edges, number, options));
    }
    bins
}

fn bin(
    side: &Side,
    curve: &Curve,
    rows: std::ops::Range<usize>,
    edges: [f64; 2],
    number: u64,
    options: &BinOptions,
) -> Bin {
    let n = rows.len() as f64;
    let outcome = &side.columns[0][rows.clone()];
    let mean = outcome.iter().sum::<f64>() / n;
    let squares: f64 = outcome.iter().map(|value| (value - mean).powi(2)).sum();
    let distance = side.distance[rows].iter().sum::<f64>() / n;
    let at = |distance: f64| options.cutoff + side.sign * distance;
    let [near, far] = edges.map(at);
    // Asked of the outcomes: the rounding of their mean leaves squares above zero.
    let is_equal = outcome.windows(2).all(|pair| pair[0] == pair[1]);
    let std_error = if is_equal {
        f64::NAN
    } else {
        (squares / (n - 1.0) / n).sqrt()
    };
    let status = match n as usize {
        n if n < TOO_FEW_UNITS => Status::TooFew,
        _ if is_equal => Status::NoVariance,
        _ => Status::Ok,
    };
    let half = student_quantile(n - 1.0, options.level) * std_error;
    Bin {
        is_right: side.sign > 0.0,
        number,
        low: near.min(far),
        high: near.max(far),
        mean_running: at(distance),
        mean,
        std_error,
        conf_low: mean - half,
        conf_high: mean + half,
        fitted: curve.value(&curve.outcome, distance),
        n_rows: n as u64,
        status,
    }
}
