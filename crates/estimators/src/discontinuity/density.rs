//! Whether the density of the running variable jumps at the cutoff: a sign that rows were moved across it.
//!
//! The distribution function of the rows is fitted with polynomials on each side; the density is the slope at the cutoff. Fits of
//! order q test with bandwidths that suit order p < q, so that the bias does not matter. The jackknife's error of a weighted sum
//! Σ a_i F(x_i) is the root of Σ_i (Σ_{k after i} a_k)²/(n − 1)². Cattaneo, Jansson and Ma (2020), Journal of the American Statistical
//! Association 115:1449, for two-sided fits without restrictions.

use std::f64::consts::PI;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::discontinuity::kernel::Kernel;
use crate::discontinuity::local_fit::{Functional, LocalFit};
use crate::discontinuity::options::{MassPoints, check_bandwidths, check_cutoff};
use crate::discontinuity::sample::check_row_count;
use crate::discontinuity::side::{Side, starts};
use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate, check_level};
use crate::status::Status;

/// The highest order p.
pub const MAX_DENSITY_ORDER: usize = 4;

/// With fewer rows within the bandwidth on a side the error is unreliable.
const FEWEST_EFFECTIVE: u64 = 10;

/// Bandwidths hold at least this many rows and values on each side, plus the order and one.
const FEWEST_LOCAL: usize = 20;

/// How the bandwidths of a density test are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DensityRule {
    /// For the density of each side.
    Each,
    /// For the difference.
    Difference,
    /// For the sum.
    Sum,
    /// On each side the median of these three.
    Combined,
}

/// Bandwidths of a density test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DensityBandwidths {
    /// Chosen by a rule.
    Rule(DensityRule),
    /// Given, left and right.
    Given([f64; 2]),
}

/// Options of [`rd_density`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DensityOptions {
    /// Where the density may jump; rows at it belong to the right.
    pub cutoff: f64,
    /// Order p that bandwidths are chosen for, from 1 to [`MAX_DENSITY_ORDER`].
    pub order: usize,
    /// Order q of the fits that test, at least p and at most one above [`MAX_DENSITY_ORDER`].
    pub test_order: usize,
    /// Weights by distance.
    pub kernel: Kernel,
    /// How wide.
    pub bandwidths: DensityBandwidths,
    /// Whether the distribution function takes one step at a value that rows share.
    pub mass_points: MassPoints,
    /// Two-sided confidence level of the difference.
    pub level: f64,
}

/// A density test. Pairs are left and right of the cutoff; numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DensityTest {
    /// Densities at the cutoff, per unit of the running variable.
    pub density: [f64; 2],
    /// Their standard errors.
    pub density_error: [f64; 2],
    /// Right less left.
    pub difference: f64,
    /// Standard error of the difference.
    pub std_error: f64,
    /// Difference over error.
    pub statistic: f64,
    /// Two-sided, normal.
    pub p_value: f64,
    /// Lower end of the interval for the difference.
    pub conf_low: f64,
    /// Upper end.
    pub conf_high: f64,
    /// Bandwidths.
    pub bandwidth: [f64; 2],
    /// Rows.
    pub n_rows: [u64; 2],
    /// Rows within the bandwidth, its end included.
    pub n_effective: [u64; 2],
    /// Distinct values.
    pub n_values: [u64; 2],
    /// Rows without a value.
    pub n_missing: u64,
    /// [`Status::NoRows`], [`Status::OneSided`], [`Status::TooFewValues`], [`Status::NoVariance`]; with care [`Status::TooFew`].
    pub status: Status,
}

/// The test for a jump of the density of `running`. Values that are missing or not finite are left out.
///
/// # Errors
/// [`EstimatorError::BadOption`] for impossible options, [`EstimatorError::TooMany`] for more rows than 32 bits count.
pub fn rd_density(
    running: &[f64],
    options: &DensityOptions,
) -> Result<DensityTest, EstimatorError> {
    check(options)?;
    check_row_count(running.len())?;
    let mut rising: Vec<f64> = running
        .iter()
        .map(|value| value - options.cutoff)
        .filter(|value| value.is_finite())
        .collect();
    rising.par_sort_unstable_by(f64::total_cmp);
    let n_missing = (running.len() - rising.len()) as u64;
    let distribution = Distribution::new(&rising, options.mass_points);
    let mut test = DensityTest::empty(&distribution, n_missing);
    if let Err(status) = distribution.test(options, &mut test) {
        test.status = status;
    }
    Ok(test)
}

fn check(options: &DensityOptions) -> Result<(), EstimatorError> {
    check_level(options.level)?;
    check_cutoff(options.cutoff)?;
    let refuse = |option, expected| Err(EstimatorError::BadOption { option, expected });
    if !(1..=MAX_DENSITY_ORDER).contains(&options.order) {
        return refuse("p", "from 1 to 4");
    }
    if options.test_order < options.order || options.test_order > MAX_DENSITY_ORDER + 1 {
        return refuse("q", "at least p and at most 5");
    }
    if let DensityBandwidths::Given(bandwidth) = options.bandwidths {
        check_bandwidths("bandwidth", bandwidth)?;
    }
    Ok(())
}

impl DensityTest {
    fn empty(distribution: &Distribution, n_missing: u64) -> Self {
        let sides = distribution.sides.each_ref();
        Self {
            density: [f64::NAN; 2],
            density_error: [f64::NAN; 2],
            difference: f64::NAN,
            std_error: f64::NAN,
            statistic: f64::NAN,
            p_value: f64::NAN,
            conf_low: f64::NAN,
            conf_high: f64::NAN,
            bandwidth: [f64::NAN; 2],
            n_rows: sides.map(|side| side.n_rows() as u64),
            n_effective: [0; 2],
            n_values: sides.map(|side| side.n_values() as u64),
            n_missing,
            status: Status::Ok,
        }
    }
}

/// The distribution function of the rows, by side.
struct Distribution {
    /// The only column is the share of rows below.
    sides: [Side; 2],
    mass_points: MassPoints,
    /// Mean less the cutoff, and standard deviation.
    mean: f64,
    deviation: f64,
}

impl Distribution {
    /// From values less the cutoff, rising.
    fn new(rising: &[f64], mass_points: MassPoints) -> Self {
        let n = rising.len() as f64;
        let n_left = rising.partition_point(|value| *value < 0.0);
        let mean = rising.iter().sum::<f64>() / n;
        let squares: f64 = rising.iter().map(|value| (value - mean).powi(2)).sum();
        // From 0 to 1, as in `rddensity`.
        let share = |rank: usize| rank as f64 / (n - 1.0);
        let left: Vec<f64> = rising[..n_left].iter().rev().map(|value| -value).collect();
        let side = |sign: f64, distance: Vec<f64>| {
            let starts = starts(&distance);
            let mut shares = Vec::with_capacity(distance.len());
            for value in starts.windows(2) {
                let (first, last) = (value[0] as usize, value[1] as usize - 1);
                for row in first..=last {
                    let adjusts = mass_points == MassPoints::Adjust;
                    // Counted from the left end of all rows; a shared value counts to its last row.
                    shares.push(share(match (sign < 0.0, adjusts) {
                        (true, true) => n_left - 1 - first,
                        (true, false) => n_left - 1 - row,
                        (false, true) => n_left + last,
                        (false, false) => n_left + row,
                    }));
                }
            }
            Side {
                sign,
                distance,
                columns: vec![shares],
                weight: None,
                cluster: None,
                starts,
            }
        };
        Self {
            sides: [side(-1.0, left), side(1.0, rising[n_left..].to_vec())],
            mass_points,
            mean,
            deviation: (squares / (n - 1.0)).sqrt(),
        }
    }

    fn n_rows(&self) -> usize {
        self.sides[0].n_rows() + self.sides[1].n_rows()
    }

    fn test(&self, options: &DensityOptions, test: &mut DensityTest) -> Result<(), Status> {
        match self.sides.each_ref().map(Side::n_rows) {
            [0, 0] => return Err(Status::NoRows),
            [_, 0] | [0, _] => return Err(Status::OneSided),
            _ => {}
        }
        test.bandwidth = match options.bandwidths {
            DensityBandwidths::Given(bandwidth) => bandwidth,
            DensityBandwidths::Rule(rule) => self.bandwidths(rule, options),
        };
        let own = |side: usize| {
            let order = options.test_order;
            self.slope(side, options.kernel, test.bandwidth[side], order, 1)
        };
        let (left, right) = (own(0)?, own(1)?);
        test.density = [left.value, right.value];
        test.density_error = [left.variance.sqrt(), right.variance.sqrt()];
        test.n_effective = [0, 1].map(|side| {
            let is_within = |distance: &f64| *distance <= test.bandwidth[side];
            self.sides[side].distance.partition_point(is_within) as u64
        });
        let is_thin = test.n_effective.iter().any(|&n| n < FEWEST_EFFECTIVE);
        let status = if is_thin { Status::TooFew } else { Status::Ok };
        let error = (left.variance + right.variance).sqrt();
        let difference = right.value - left.value;
        let counts = Counts::default();
        let own = Estimate::normal(difference, (error, 0.0), options.level, counts, status);
        test.difference = own.estimate;
        test.std_error = own.std_error;
        test.statistic = own.statistic;
        test.p_value = own.p_value;
        test.conf_low = own.conf_low;
        test.conf_high = own.conf_high;
        test.status = own.status;
        Ok(())
    }

    /// A coefficient of a fit of one side, of powers of the signed distance, with its variance.
    fn slope(
        &self,
        side: usize,
        kernel: Kernel,
        bandwidth: f64,
        order: usize,
        power: usize,
    ) -> Result<Slope, Status> {
        let side = &self.sides[side];
        let fit = LocalFit::new(side, kernel, bandwidth, order, 0).ok_or(Status::TooFewValues)?;
        let functional = fit.functional(power);
        Ok(Slope {
            value: side.sign.powi(power as i32) * fit.coefficient(&functional, &[1.0]),
            variance: self.variance(side, &fit, &functional),
        })
    }

    /// Σ_i (Σ of the weights of later rows)²/(n − 1)². Beyond the fit's rows on either end the sums are zero, as weights of a slope are.
    fn variance(&self, side: &Side, fit: &LocalFit<'_>, functional: &Functional) -> f64 {
        let scores = fit.scores(functional, fit.window.n_rows);
        let total: f64 = scores.iter().sum();
        let adjusts = self.mass_points == MassPoints::Adjust;
        let (mut nearer, mut squares) = (0.0, 0.0);
        for value in side.starts[..=fit.window.n_values].windows(2) {
            let rows = value[0] as usize..value[1] as usize;
            let own: f64 = scores[rows.clone()].iter().sum();
            // From the left end: rows nearer to the cutoff come later on the left, farther ones on the right.
            let later = if side.sign < 0.0 {
                nearer
            } else {
                total - nearer - own
            };
            let n = rows.len();
            for place in 0..n {
                // Of rows that share a value all but the first come later.
                let after = if adjusts { n - 1 } else { place };
                let sum: f64 = later + own * after as f64 / n as f64;
                squares += sum * sum;
            }
            nearer += own;
        }
        let n = self.n_rows() as f64 - 1.0;
        squares / (n * n)
    }

    fn bandwidths(&self, rule: DensityRule, options: &DensityOptions) -> [f64; 2] {
        let [each_left, each_right, difference, sum] = self.optimal(options);
        let median = |mut three: [f64; 3]| {
            three.sort_unstable_by(f64::total_cmp);
            three[1]
        };
        match rule {
            DensityRule::Each => [each_left, each_right],
            DensityRule::Difference => [difference; 2],
            DensityRule::Sum => [sum; 2],
            DensityRule::Combined => [
                median([each_left, difference, sum]),
                median([each_right, difference, sum]),
            ],
        }
    }

    /// Bandwidths for left, right, difference and sum.
    fn optimal(&self, options: &DensityOptions) -> [f64; 4] {
        let (p, kernel) = (options.order, options.kernel);
        let n = self.n_rows() as f64;
        let ranges = self.sides.each_ref().map(Side::range);
        let widest = ranges[0].max(ranges[1]);
        let [for_curve, for_density] = self.pilots(p);
        let kept = |pilot: f64, extra: usize| {
            let least = self.least(FEWEST_LOCAL + p + extra);
            pilot.min(widest).max(least[0]).max(least[1])
        };
        // More than the coefficients: the curve is of order p + 2, the density of order p.
        let (for_curve, for_density) = (kept(for_curve, 3), kept(for_density, 1));
        let slope = |side, bandwidth, order, power| {
            self.slope(side, kernel, bandwidth, order, power)
                .ok()
                .unwrap_or(Slope::MISSING)
        };
        let constant = bias_constant(kernel, p);
        // A bias of u^(p+1) in a slope turns its sign p times with the direction of the distance.
        let sign = if p.is_multiple_of(2) { 1.0 } else { -1.0 };
        let curve = [0, 1].map(|side| slope(side, for_curve, p + 2, p + 1).value * constant);
        let bias = [sign * curve[0], curve[1]];
        let variance = [0, 1].map(|side| n * for_density * slope(side, for_density, p, 1).variance);
        let both = variance[0] + variance[1];
        let power = 1.0 / (2.0 * p as f64 + 1.0);
        let best = |variance: f64, bias: f64, most: f64, least: f64| {
            let own = (variance / (bias * bias) / n / (2.0 * p as f64)).powf(power);
            // Nothing to weigh against each other: the least bandwidth.
            let own = if own.is_nan() { 0.0 } else { own };
            own.min(most).max(least)
        };
        let least = self.least(FEWEST_LOCAL + p + 1);
        let common = least[0].max(least[1]);
        [
            best(variance[0], bias[0], ranges[0], least[0]),
            best(variance[1], bias[1], ranges[1], least[1]),
            best(both, bias[1] - bias[0], widest, common),
            best(both, bias[1] + bias[0], widest, common),
        ]
    }

    /// The distance within which each side has so many rows and so many distinct values, or all it has.
    fn least(&self, n: usize) -> [f64; 2] {
        self.sides.each_ref().map(|side| {
            let of_rows = side.distance[n.min(side.n_rows()) - 1];
            of_rows.max(side.value(n.min(side.n_values()) - 1))
        })
    }

    /// Pilot bandwidths for the coefficient p + 1 and for the density, as if the running variable were normal.
    fn pilots(&self, p: usize) -> [f64; 2] {
        let n = self.n_rows() as f64;
        let z = self.mean / self.deviation;
        let normal = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
        let inverse = |order: usize| 1.0 / (hermite(order, z).powi(2) * normal);
        let own = p as f64;
        let curve = (2.0 * own + 1.0) / 4.0 * inverse(p + 2) * pilot_constant(p + 2, p + 1) / n;
        let density = inverse(p) * pilot_constant(p, 1) / (2.0 * own) / n;
        [
            curve.powf(1.0 / (2.0 * own + 5.0)) * self.deviation,
            density.powf(1.0 / (2.0 * own + 1.0)) * self.deviation,
        ]
    }
}

struct Slope {
    value: f64,
    variance: f64,
}

impl Slope {
    const MISSING: Self = Self {
        value: f64::NAN,
        variance: f64::NAN,
    };
}

/// The Hermite polynomial of statistics.
fn hermite(order: usize, x: f64) -> f64 {
    let (mut before, mut own) = (0.0, 1.0);
    for k in 0..order {
        (before, own) = (own, x * own - k as f64 * before);
    }
    own
}

/// ∫ r r'K, with r the powers up to `order` on [0, 1], inverted. Small and positive definite.
fn inverse_moments(kernel: Kernel, order: usize) -> DMatrix<f64> {
    let k = order + 1;
    let moments = DMatrix::from_fn(k, k, |a, b| kernel.moment(a + b));
    moments
        .try_inverse()
        .unwrap_or_else(|| DMatrix::from_element(k, k, f64::NAN))
}

/// The coefficient 1 in the fit of x^(p+1) with order p at a boundary.
fn bias_constant(kernel: Kernel, order: usize) -> f64 {
    let next = DVector::from_fn(order + 1, |a, _| kernel.moment(a + order + 1));
    (inverse_moments(kernel, order) * next)[1]
}

/// (order + 1)!² V/B² of the coefficient `power` in a fit of `order` at a boundary with the uniform kernel.
fn pilot_constant(order: usize, power: usize) -> f64 {
    let kernel = Kernel::Uniform;
    let inverse = inverse_moments(kernel, order);
    let k = order + 1;
    // ∫∫ xᵃyᵇ min(x, y) K K.
    let meat = DMatrix::from_fn(k, k, |a, b| {
        let (a, b) = (a as f64, b as f64);
        let below = 1.0 / ((a + 2.0) * (a + b + 3.0));
        let above = (1.0 / (b + 2.0) - 1.0 / (a + b + 3.0)) / (a + 1.0);
        // A kernel of ½ for each of the two.
        0.25 * (below + above)
    });
    let variance = (&inverse * meat * &inverse)[(power, power)];
    let next = DVector::from_fn(k, |a, _| kernel.moment(a + order + 1));
    let bias = (inverse * next)[power];
    let factorial: f64 = (1..=k).map(|factor| factor as f64).product();
    factorial * factorial * variance / (bias * bias)
}
