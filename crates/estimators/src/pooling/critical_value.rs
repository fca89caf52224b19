//! The critical value of robust empirical Bayes intervals.
//!
//! With t = b², r(t) = P(|N(√t, 1)| > χ) is first convex, then concave. The largest mean of r(T) over laws of T ≥ 0 with E T = m and
//! E T² = κm² (Armstrong, Kolesár and Plagborg-Møller 2022, Proposition 3.1 and Appendix B):
//!
//! - E T = m alone: r(m) where r touches its concave hull, else the chord from 0 to the tangent point t₀;
//! - with κ: two points a < m < c, c = m + (κ − 1)m²/(m − a), searched for a. A parabola that touches r at c and lies above it everywhere
//!   bounds the mean from above. Where that bound is not reached, the lowest of such parabolas is taken: the result is never too
//!   small.

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::inference::normal;
use crate::sensitivity::root::root;

/// The smallest χ with P(|N(b, 1)| > χ) ≤ 1 − `level` for every law of b with E b² = `second_moment` and E b⁴ at most `kurtosis` times its
/// square; a kurtosis of infinity leaves the fourth moment free.
///
/// # Errors
/// [`EstimatorError::BadOption`] for a second moment that is negative or not a number, a kurtosis below one, or an impossible level.
pub fn robust_critical_value(
    second_moment: f64,
    kurtosis: f64,
    level: f64,
) -> Result<f64, EstimatorError> {
    check_level(level)?;
    let bad = |option, expected| Err(EstimatorError::BadOption { option, expected });
    if !(second_moment >= 0.0 && second_moment.is_finite()) {
        return bad("second_moment", "zero or more");
    }
    if kurtosis.is_nan() || kurtosis < 1.0 {
        return bad("kurtosis", "one or more");
    }
    let alpha = 1.0 - level;
    let low = normal::two_sided_quantile(level);
    // Chebyshev's inequality.
    let high = ((1.0 + second_moment) / alpha).sqrt().max(low);
    let worst = |chi: f64, is_exact| Rejection { chi }.worst(second_moment, kurtosis, is_exact);
    let tolerance = 1e-11 * high;
    // Two points never reject more often than the worst law, and mostly as often: the bound above them is asked for at the end only.
    let two_points = root(|chi| worst(chi, false) - alpha, low, high, tolerance);
    if worst(two_points, true) <= alpha * (1.0 + GAP) {
        return Ok(two_points);
    }
    Ok(root(
        |chi| worst(chi, true) - alpha,
        two_points,
        high,
        tolerance,
    ))
}

/// P(|N(√t, 1)| > χ) as a function of t.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rejection {
    pub(super) chi: f64,
}

impl Rejection {
    pub(super) fn at(self, t: f64) -> f64 {
        let b = t.sqrt();
        normal::cdf(-self.chi - b) + normal::cdf(b - self.chi)
    }

    fn slope(self, t: f64) -> f64 {
        let (b, chi) = (t.sqrt(), self.chi);
        if b < NEAR_ZERO {
            return density(chi) * chi * (1.0 + t * (chi * chi - 3.0) / 6.0);
        }
        (density(chi - b) - density(chi + b)) / (2.0 * b)
    }

    /// Half of the second derivative.
    fn bend(self, t: f64) -> f64 {
        let (b, chi) = (t.sqrt(), self.chi);
        if b < NEAR_ZERO {
            return density(chi) * chi * (chi * chi - 3.0) / 12.0;
        }
        let (near, far) = (density(chi - b), density(chi + b));
        let first = ((chi - b) * near + (chi + b) * far) / (4.0 * t);
        0.5 * (first - (near - far) / (4.0 * t * b))
    }

    /// The largest mean of r(T); that of one or two points where it need not be exact.
    pub(super) fn worst(self, m: f64, kurtosis: f64, is_exact: bool) -> f64 {
        let own = self.at(m);
        // Concave throughout.
        if self.chi * self.chi <= 3.0 || m == 0.0 {
            return own;
        }
        let start = self.at(0.0);
        // Beyond χ + 6 there is no rejection left to gain.
        let end = self.chi + 6.0;
        let chord = |b: f64| (self.at(b * b) - start) / (b * b);
        // Convex, then concave: the chord rises, then falls.
        let tangent = highest(chord, (NEAR_ZERO, end), 16);
        let t0 = tangent * tangent;
        if m >= t0 {
            return own;
        }
        // Mass at 0 and t₀ with mean m has E T² = m·t₀, which κm² allows: the chord is reached.
        if kurtosis * m >= t0 {
            return start + m * chord(tangent);
        }
        self.worst_of_two(m, (kurtosis - 1.0) * m * m, t0, is_exact)
            .max(own)
    }

    /// The largest mean with variance `variance` of T: that of two points, or the lowest parabola where two points do not reach it.
    fn worst_of_two(self, m: f64, variance: f64, t0: f64, is_exact: bool) -> f64 {
        let above = |a: f64| m + variance / (m - a);
        let mean = |share: f64| {
            let a = share * m;
            let c = above(a);
            let p = (m - a) / (c - a);
            (1.0 - p) * self.at(a) + p * self.at(c)
        };
        // Short of m, at which the other point is infinitely far.
        let best = highest(mean, (0.0, 1.0 - 1e-9), 60);
        let found = mean(best);
        let bound = |x: f64| self.parabola(x, m, variance);
        if !is_exact || bound(above(best * m)) - found <= GAP * found {
            return found;
        }
        let lowest = highest(|b: f64| -bound(b * b), (NEAR_ZERO, t0.sqrt()), 100);
        bound(lowest * lowest).max(found)
    }

    /// The mean of the lowest parabola above r that touches it at `x0`.
    pub(super) fn parabola(self, x0: f64, m: f64, variance: f64) -> f64 {
        let (value, slope) = (self.at(x0), self.slope(x0));
        let steepness = |b: f64| {
            let distance = b * b - x0;
            // Too near for a difference of values; the second derivative halfway is its limit.
            if distance.abs() < 1e-4 * x0 {
                return self.bend(x0 + 0.5 * distance);
            }
            (self.at(b * b) - value - distance * slope) / (distance * distance)
        };
        let end = (self.chi + 8.0).max(1.5 * x0.sqrt());
        let most = steepness(highest(steepness, (0.0, end), 300));
        value + (m - x0) * slope + most * (variance + (m - x0).powi(2))
    }
}

/// Below this b, functions of b² go by their first terms.
const NEAR_ZERO: f64 = 1e-3;
/// What two points may lack of the bound, as a share of it.
const GAP: f64 = 1e-8;

fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Where `f` is highest between `low` and `high`: the best of `n` + 1 equal steps, then a golden section around it.
fn highest(f: impl Fn(f64) -> f64, (low, high): (f64, f64), n: usize) -> f64 {
    let step = (high - low) / n as f64;
    let place = |index: usize| low + step * index as f64;
    let mut best = (low, f(low));
    for index in 1..=n {
        let (x, value) = (place(index), f(place(index)));
        if value > best.1 {
            best = (x, value);
        }
    }
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut a, mut b) = ((best.0 - step).max(low), (best.0 + step).min(high));
    let (mut left, mut right) = (b - golden * (b - a), a + golden * (b - a));
    let (mut at_left, mut at_right) = (f(left), f(right));
    for _ in 0..GOLDEN_STEPS {
        if at_left >= at_right {
            (b, right, at_right) = (right, left, at_left);
            left = b - golden * (b - a);
            at_left = f(left);
        } else {
            (a, left, at_left) = (left, right, at_right);
            right = a + golden * (b - a);
            at_right = f(right);
        }
    }
    let middle = 0.5 * (a + b);
    // At an end of the range the section does not arrive.
    if f(middle) >= best.1 { middle } else { best.0 }
}

/// The square root of the precision of a double, from a step of a hundredth.
const GOLDEN_STEPS: usize = 40;
