//! The test of one value of the target against one set of inequalities: Andrews, Roth and Pakes (2023), Review of Economic Studies
//! 90:2763, as Rambachan and Roth use it.
//!
//! With y = Aβ̂ − d − a₁θ, X the columns of A that belong to other effects, and inequalities in units of their own standard
//! deviations, the statistic is η = min over effects of the largest entry of y − Xτ, by duality the largest γ'y over the vertices of
//! {γ ≥ 0, X'γ = 0, Σγ = 1}. It is compared with its law given that the vertex γ* it was found at is the largest one: a normal
//! law with variance v² = γ*'Σγ*, cut off at `low` and `high`.
//!
//! Let y(t) be y with γ*'y moved to t along Σγ*/v², which is what is independent of γ*'y staying the same. Then [low, high] is the
//! range of t in which γ* remains a largest vertex. The largest γ'y(t) − t is convex in t and zero just there, so that Newton's
//! method from outside finds each end in a few linear programs, whether the vertex is degenerate or not, and no list of
//! vertices is needed.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::inference::normal;
use crate::sensitivity::event_study::EventStudy;
use crate::sensitivity::polytope::{Polytope, Vertex};
use crate::sensitivity::restriction::Inequalities;

/// One set of inequalities, in units of their standard deviations.
#[derive(Debug, Clone)]
pub(super) struct ConditionalTest {
    polytope: Polytope,
    /// (Aβ̂ − d)/sd.
    at_zero: DVector<f64>,
    /// a₁/sd: what a unit of the target takes away.
    slope: DVector<f64>,
    /// Rows whose products are covariances of inequalities.
    noise: DMatrix<f64>,
    /// X/sd, transposed.
    nuisance: DMatrix<f64>,
}

/// When a value is rejected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// Size of the conditional test.
    pub(super) alpha: f64,
    /// Statistics above this are rejected at once; infinite for the conditional test alone.
    pub(super) critical: f64,
    /// Where the law of the statistic is cut off at the latest.
    pub(super) cap: f64,
}

impl Rule {
    pub(super) fn conditional(alpha: f64) -> Self {
        Self {
            alpha,
            critical: f64::INFINITY,
            cap: f64::INFINITY,
        }
    }

    /// The hybrid with a first stage of `share` of the size and its critical value.
    pub(super) fn hybrid(alpha: f64, share: f64, critical: f64, n_post: usize) -> Self {
        let first = share * alpha;
        Self {
            // Both stages together then have the size `alpha`.
            alpha: (alpha - first) / (1.0 - first),
            critical,
            // With a single period after the reference, R's HonestDiD does not cut the law off there: wider, never too short.
            cap: if n_post == 1 { f64::INFINITY } else { critical },
        }
    }
}

/// A statistic at one value of the target.
struct Statistic {
    vertex: Vertex,
    value: f64,
    y: DVector<f64>,
}

/// Standard deviations of combinations up to this, in units of the inequalities' own, are rounding.
const NO_VARIANCE: f64 = 1e-10;

/// Statistics, and gains in the search for ends, up to this share of the largest entry are rounding.
const ROUNDING: f64 = 1e-11;

/// Newton's method ends after as many steps as there are vertices in its way; few.
const NEWTON_STEPS: usize = 200;

impl ConditionalTest {
    /// `None` when an inequality has no variance, or inequalities do not bound the target.
    pub(super) fn try_new(
        study: &EventStudy,
        target: &[f64],
        inequalities: &Inequalities,
    ) -> Option<Self> {
        let n_pre = study.n_pre();
        let Inequalities { matrix, bounds } = inequalities;
        let noise = matrix * factor(study.covariance());
        let scale: Vec<f64> = noise.row_iter().map(|row| row.norm()).collect();
        let largest = study.covariance().diagonal().max().sqrt();
        if scale.iter().any(|&sd| sd <= NO_VARIANCE * largest) {
            return None;
        }
        // Effects are θ·l/l'l and something orthogonal to l, so that l'τ = θ; the latter is the nuisance.
        let post = matrix.columns(n_pre, study.n_post());
        let target = DVector::from_column_slice(target);
        let slope = post * &target / target.norm_squared();
        let mut nuisance = (post * orthogonal_complement(&target)).transpose();
        let scaled = |values: &DVector<f64>| {
            DVector::from_fn(scale.len(), |row, _| values[row] / scale[row])
        };
        for (row, sd) in scale.iter().enumerate() {
            nuisance.column_mut(row).scale_mut(1.0 / sd);
        }
        // Equations may be scaled at will, and the tolerances of pivots are for entries about one.
        for mut row in nuisance.row_iter_mut() {
            let largest = row.amax();
            if largest > 0.0 {
                row.scale_mut(1.0 / largest);
            }
        }
        let estimates = DVector::from_column_slice(study.estimates());
        Some(Self {
            polytope: Polytope::try_new(&nuisance)?,
            at_zero: scaled(&(matrix * estimates - bounds)),
            slope: scaled(&slope),
            noise: DMatrix::from_fn(noise.nrows(), noise.ncols(), |row, column| {
                noise[(row, column)] / scale[row]
            }),
            nuisance,
        })
    }

    pub(super) fn polytope(&self) -> &Polytope {
        &self.polytope
    }

    pub(super) fn noise(&self) -> &DMatrix<f64> {
        &self.noise
    }

    pub(super) fn nuisance(&self) -> &DMatrix<f64> {
        &self.nuisance
    }

    /// Whether `theta` is not rejected. `from` is where the search starts, and takes the vertex found.
    pub(super) fn accepts(&self, theta: f64, rule: Rule, from: &mut Vertex) -> bool {
        let found = self.statistic(theta, from);
        *from = found.vertex.clone();
        let rounding = ROUNDING * (1.0 + found.y.amax());
        // Up to zero, all inequalities can be met with this value.
        if found.value <= rounding {
            return true;
        }
        if found.value > rule.critical {
            return false;
        }
        let own = self.noise.tr_mul(&found.vertex.weights);
        let deviation = own.norm();
        // Above zero without a variance is not chance.
        if deviation <= NO_VARIANCE {
            return false;
        }
        // Covariances of all inequalities with the statistic, over its variance.
        let direction = &self.noise * own / (deviation * deviation);
        let low = self.end(&found, &direction, Side::Low);
        let high = self.end(&found, &direction, Side::High).min(rule.cap);
        let tail = truncated_tail(found.value / deviation, low / deviation, high / deviation);
        tail >= rule.alpha
    }

    /// The value at which the statistic is smallest: never rejected where the estimates fulfil the inequalities for some value.
    pub(super) fn least_rejected(&self) -> Option<f64> {
        let from = self.polytope.vertex();
        let line = |vertex: &Vertex| {
            let weights = &vertex.weights;
            (weights.dot(&self.at_zero), weights.dot(&self.slope))
        };
        // The statistic is the largest of lines in θ: it falls from the left and rises to the right.
        let mut falling = line(&self.polytope.maximise(&self.slope, &from));
        let mut rising = line(&self.polytope.maximise(&-&self.slope, &from));
        if falling.1 <= ROUNDING || rising.1 >= -ROUNDING {
            return None;
        }
        let mut theta = f64::NAN;
        for _ in 0..NEWTON_STEPS {
            theta = (falling.0 - rising.0) / (falling.1 - rising.1);
            let found = self.statistic(theta, &from);
            let crossing = falling.0 - theta * falling.1;
            if found.value <= crossing + ROUNDING * (1.0 + found.y.amax()) {
                break;
            }
            let own = line(&found.vertex);
            if own.1 > 0.0 {
                falling = own;
            } else {
                rising = own;
            }
        }
        Some(theta)
    }

    fn statistic(&self, theta: f64, from: &Vertex) -> Statistic {
        let y = &self.at_zero - theta * &self.slope;
        let vertex = self.polytope.maximise(&y, from);
        Statistic {
            value: vertex.weights.dot(&y),
            vertex,
            y,
        }
    }

    /// An end of the range in which the vertex found remains the largest.
    fn end(&self, found: &Statistic, direction: &DVector<f64>, side: Side) -> f64 {
        let sign = side.sign();
        // y(t) = base + t · direction.
        let base = &found.y - found.value * direction;
        let mut vertex = self.polytope.maximise(&(sign * direction), &found.vertex);
        let mut end = sign * f64::INFINITY;
        for _ in 0..NEWTON_STEPS {
            // How much more slowly than the statistic itself this vertex changes with t, seen from this side.
            let lag = 1.0 - vertex.weights.dot(direction);
            if -sign * lag <= ROUNDING {
                return end;
            }
            end = vertex.weights.dot(&base) / lag;
            let y = &base + end * direction;
            let next = self.polytope.maximise(&y, &vertex);
            let gain = next.weights.dot(&y) - end;
            if gain <= ROUNDING * (1.0 + y.amax()) {
                return end;
            }
            vertex = next;
        }
        end
    }
}

/// The ends of a range.
#[derive(Clone, Copy)]
enum Side {
    Low,
    High,
}

impl Side {
    fn sign(self) -> f64 {
        match self {
            Self::Low => -1.0,
            Self::High => 1.0,
        }
    }
}

/// A matrix C with CC' = the covariance matrix, singular or not.
fn factor(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let n = covariance.nrows();
    // On a unit diagonal, so that small variances keep their digits beside large ones.
    let scale: Vec<f64> = (0..n).map(|k| covariance[(k, k)].sqrt()).collect();
    let eigen = SymmetricEigen::new(DMatrix::from_fn(n, n, |a, b| {
        0.5 * (covariance[(a, b)] + covariance[(b, a)]) / (scale[a] * scale[b])
    }));
    DMatrix::from_fn(n, n, |row, column| {
        scale[row] * eigen.eigenvectors[(row, column)] * eigen.eigenvalues[column].max(0.0).sqrt()
    })
}

/// Orthonormal columns that span what is orthogonal to `target`: a Householder reflection without the column that maps to it.
fn orthogonal_complement(target: &DVector<f64>) -> DMatrix<f64> {
    let n = target.len();
    let mut axis = target / target.norm();
    // Away from cancellation.
    axis[0] += if axis[0] < 0.0 { -1.0 } else { 1.0 };
    let length = axis.norm_squared();
    DMatrix::from_fn(n, n - 1, |row, column| {
        let unit = if row == column + 1 { 1.0 } else { 0.0 };
        unit - 2.0 * axis[row] * axis[column + 1] / length
    })
}

/// P(Z > x) for a standard normal Z known to lie between `low` and `high`, also far out.
fn truncated_tail(x: f64, low: f64, high: f64) -> f64 {
    if x >= high {
        return 0.0;
    }
    let (at_x, at_high) = (ln_tail(x), ln_tail(high));
    // Shares of the tail above x, and above `low`, that lie below `high`.
    let above_x = -(at_high - at_x).exp_m1();
    // With `low` below zero the whole is not small and needs no logarithm.
    if low <= 0.0 {
        let all = 1.0 - normal::cdf(low) - at_high.exp();
        return (at_x.exp() * above_x / all).min(1.0);
    }
    let at_low = ln_tail(low);
    let above_low = -(at_high - at_low).exp_m1();
    ((at_x - at_low).exp() * above_x / above_low).min(1.0)
}

/// ln P(Z > x).
fn ln_tail(x: f64) -> f64 {
    if x < 25.0 {
        return normal::cdf(-x).ln();
    }
    // The continued fraction of Mills' ratio, beyond where the tail itself has digits.
    let mut fraction = x;
    for term in (1..=20).rev() {
        fraction = x + f64::from(term) / fraction;
    }
    -0.5 * x * x - 0.5 * std::f64::consts::TAU.ln() - fraction.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_between_bounds_keep_their_digits() {
        let plain = |x: f64, low: f64, high: f64| {
            let tail = |x: f64| normal::cdf(-x);
            (tail(x) - tail(high)) / (tail(low) - tail(high))
        };
        for (x, low, high) in [(1.0, -2.0, 3.0), (2.0, 1.0, 4.0), (0.5, -9.0, 0.7)] {
            let found = truncated_tail(x, low, high);
            assert!((found / plain(x, low, high) - 1.0).abs() < 1e-12);
        }
        // Far out the law falls by exp(−low·distance).
        let far = truncated_tail(1000.001, 1000.0, f64::INFINITY);
        assert!((far - (-1.0_f64).exp()).abs() < 1e-5);
        assert!((ln_tail(25.0 - 1e-9) - ln_tail(25.0)).abs() < 1e-7);
        assert_eq!(truncated_tail(2.0, 0.0, 2.0), 0.0);
        assert_eq!(truncated_tail(2.0, 2.0, 5.0), 1.0);
    }

    #[test]
    fn complements_are_orthonormal() {
        for target in [vec![1.0], vec![0.0, 0.0, 1.0], vec![-0.3, 0.2, 0.5, 0.1]] {
            let target = DVector::from_vec(target);
            let complement = orthogonal_complement(&target);
            assert!(complement.tr_mul(&target).amax() < 1e-15 || target.len() == 1);
            let products = complement.tr_mul(&complement);
            let identity = DMatrix::identity(target.len() - 1, target.len() - 1);
            assert!((products - identity).norm() < 1e-14);
        }
    }
}
