//! The shortest interval of fixed length under smoothness: Armstrong and Kolesár (2018), Econometrica 86:655, as Rambachan and Roth
//! (2023) use it.
//!
//! Estimators are l'β̂_post + w'β̂_pre. Seen from the reference, a difference in trends that is linear up to second differences e has
//! δ_k = kg + Σ_{i<k} (k − i)e_i after, and the mirror image before, so that an estimator's largest bias is finite only when
//! Σ k w_k = Σ k l_k (with w_k for k periods before), and is then M Σ|B_i|, B_i = Σ_{k>i} (k − i)a_k on either side. The part after the
//! reference is fixed by l. Before it the B_i are free and w is their second difference: the search runs over them. With standard
//! error h and largest bias b per unit of M, the half-length is h·cv(Mb/h), cv(t) the 1 − α quantile of |N(t, 1)|: convex and rising in both.
//! Where it is smallest, variance/2 + λΣ|B_i| is smallest for some λ (a lasso), and λ solves one equation.

use nalgebra::{DMatrix, DVector};

use crate::inference::normal;
use crate::sensitivity::event_study::EventStudy;
use crate::sensitivity::root::root;

/// An interval of fixed length.
#[derive(Debug, Clone, Copy)]
pub(super) struct FixedLength {
    pub(super) estimate: f64,
    pub(super) half_length: f64,
    pub(super) worst_case_bias: f64,
    pub(super) std_error: f64,
}

/// The variance of all estimators, as a function of the B_i before the reference: constant + 2·linear'u + u'curvature u.
pub(super) struct Estimators {
    curvature: DMatrix<f64>,
    linear: DVector<f64>,
    constant: f64,
    /// The largest terms that `constant` is made of.
    scale: f64,
    /// w = weights·u + first.
    weights: DMatrix<f64>,
    first: DVector<f64>,
    /// Σ|B_i| after the reference.
    bias_after: f64,
    /// Estimates before the reference, the latest first.
    before: DVector<f64>,
    /// l'β̂_post.
    after: f64,
}

/// The curvature's smallest pivot, in units of its diagonal, below which estimates before the reference are combinations of each
/// other.
const SINGULAR: f64 = 1e-12;

impl Estimators {
    /// `None` when estimates before the reference are combinations of each other.
    pub(super) fn try_new(study: &EventStudy, target: &[f64]) -> Option<Self> {
        let (n_pre, n_post) = (study.n_pre(), study.n_post());
        let covariance = study.covariance();
        let target = DVector::from_column_slice(target);
        let distance = |k: usize| (k + 1) as f64;
        let total: f64 = (0..n_post).map(|k| distance(k) * target[k]).sum();
        let remaining = |i: usize| -> f64 {
            (i..n_post)
                .map(|k| (distance(k) - i as f64) * target[k])
                .sum()
        };
        let bias_after = (0..n_post).map(|i| remaining(i).abs()).sum();
        // w_k = B_{k−1} − 2B_k + B_{k+1}, with B_0 = Σ k l_k and no B from n_pre on.
        let weights = DMatrix::from_fn(n_pre, n_pre - 1, |k, i| match (i + 1).abs_diff(k + 1) {
            0 => -2.0,
            1 => 1.0,
            _ => 0.0,
        });
        let mut first = DVector::zeros(n_pre);
        first[0] = total;
        // The latest estimate before the reference first.
        let own = DMatrix::from_fn(n_pre, n_pre, |a, b| {
            covariance[(n_pre - 1 - a, n_pre - 1 - b)]
        });
        let after = covariance.view((n_pre, n_pre), (n_post, n_post));
        let across = DVector::from_fn(n_pre, |a, _| {
            (0..n_post)
                .map(|k| covariance[(n_pre - 1 - a, n_pre + k)] * target[k])
                .sum()
        });
        let curvature = weights.tr_mul(&(&own * &weights));
        if !is_definite(&curvature) {
            return None;
        }
        let before_first = first.dot(&(&own * &first));
        let after_target = target.dot(&(after * &target));
        let estimates = study.estimates();
        Some(Self {
            curvature,
            linear: weights.tr_mul(&(&own * &first + &across)),
            constant: before_first + 2.0 * first.dot(&across) + after_target,
            scale: before_first + after_target,
            weights,
            first,
            bias_after,
            before: DVector::from_fn(n_pre, |k, _| estimates[n_pre - 1 - k]),
            after: (0..n_post).map(|k| target[k] * estimates[n_pre + k]).sum(),
        })
    }

    /// The shortest interval; `None` when its estimator has no variance.
    pub(super) fn shortest(&self, bound: f64, alpha: f64) -> Option<FixedLength> {
        let mut lasso = Lasso::new(&self.curvature, &self.linear);
        if bound > 0.0 {
            let largest = self.linear.amax();
            // The penalty at which the half-length would not change, for the bias and error that a penalty leads to.
            let gap = |penalty: f64| {
                // From the same start for every penalty, so that the root does not depend on the way to it.
                let mut lasso = lasso.clone();
                lasso.solve(penalty);
                let (bias, error) = (self.bias(&lasso.solution), self.error(&lasso.solution));
                let ratio = bound * bias / error;
                let (quantile, slope) = folded_quantile(ratio, alpha);
                // h·cv(Mb/h) changes by M·cv' with b and by cv − t·cv' with h, what is penalised by λ and by h.
                penalty - bound * slope * error / (quantile - ratio * slope)
            };
            // At a penalty as large as the largest slope all u are zero.
            let penalty = if largest > 0.0 && gap(largest) > 0.0 {
                root(gap, 0.0, largest, 1e-14 * largest)
            } else {
                largest
            };
            lasso.solve(penalty);
        } else {
            lasso.solve(0.0);
        }
        let std_error = self.error(&lasso.solution);
        let worst_case_bias = bound * self.bias(&lasso.solution);
        let half_length = std_error * folded_quantile(worst_case_bias / std_error, alpha).0;
        let weights = &self.weights * &lasso.solution + &self.first;
        half_length.is_finite().then(|| FixedLength {
            estimate: self.after + weights.dot(&self.before),
            half_length,
            worst_case_bias,
            std_error,
        })
    }

    fn bias(&self, before: &DVector<f64>) -> f64 {
        self.bias_after + before.lp_norm(1)
    }

    /// The standard error; zero when what is left of the variances of its parts is rounding.
    fn error(&self, before: &DVector<f64>) -> f64 {
        let own = before.dot(&(&self.curvature * before));
        let variance = self.constant + own + 2.0 * before.dot(&self.linear);
        if variance > NO_VARIANCE * (self.scale + own) {
            variance.sqrt()
        } else {
            0.0
        }
    }
}

/// What rounding leaves of a variance of zero, as a share of what it is the difference of.
const NO_VARIANCE: f64 = 1e-13;

fn is_definite(matrix: &DMatrix<f64>) -> bool {
    let n = matrix.nrows();
    let scale: Vec<f64> = (0..n).map(|k| matrix[(k, k)].sqrt()).collect();
    let scaled = DMatrix::from_fn(n, n, |a, b| matrix[(a, b)] / (scale[a] * scale[b]));
    let pivots = scaled.cholesky().map(|factor| factor.l_dirty().diagonal());
    pivots.is_some_and(|pivots| pivots.iter().all(|pivot| pivot * pivot > SINGULAR))
}

/// The 1 − `alpha` quantile of |N(t, 1)|, and its slope in t ≥ 0.
fn folded_quantile(t: f64, alpha: f64) -> (f64, f64) {
    let excess = |c: f64| normal::cdf(t - c) + normal::cdf(-c - t) - alpha;
    // Between the quantiles of a law without a lower tail and of one with two equal tails.
    let low = t + normal::quantile(1.0 - alpha);
    let high = t + normal::two_sided_quantile(1.0 - alpha);
    let quantile = root(excess, low, high, 1e-14 * (1.0 + t));
    // Densities at the quantile and at its mirror image, relative to the first.
    let mirrored = (-2.0 * t * quantile).exp();
    (quantile, (1.0 - mirrored) / (1.0 + mirrored))
}

/// min ½u'Hu + g'u + λ Σ|u|, by the search over signs of Lee, Battle, Raina and Ng (2007), Advances in Neural Information Processing
/// Systems 19: each step solves the problem for known signs and goes as far as signs stay, or to the best change of a sign.
#[derive(Clone)]
struct Lasso<'a> {
    curvature: &'a DMatrix<f64>,
    linear: &'a DVector<f64>,
    solution: DVector<f64>,
}

/// More steps than there are sets of signs in the way.
const LASSO_STEPS: usize = 2_000;

impl<'a> Lasso<'a> {
    fn new(curvature: &'a DMatrix<f64>, linear: &'a DVector<f64>) -> Self {
        Self {
            curvature,
            linear,
            solution: DVector::zeros(linear.len()),
        }
    }

    fn solve(&mut self, penalty: f64) {
        let tolerance = 1e-13 * self.linear.amax().max(f64::MIN_POSITIVE);
        let mut signs = self
            .solution
            .map(|value| if value == 0.0 { 0.0 } else { value.signum() });
        // Set when a step gained nothing but rounding: then the solution for these signs is found.
        let mut stuck = false;
        for _ in 0..LASSO_STEPS {
            let gradient = self.curvature * &self.solution + self.linear;
            let is_settled =
                |k: usize| (gradient[k] + penalty * signs[k]).abs() <= tolerance * 10.0;
            let active: Vec<usize> = (0..signs.len()).filter(|&k| signs[k] != 0.0).collect();
            if stuck || active.iter().all(|&k| is_settled(k)) {
                let idle = (0..signs.len()).filter(|&k| signs[k] == 0.0);
                let entering = idle
                    .max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs()))
                    .filter(|&k| gradient[k].abs() > penalty + tolerance);
                let Some(entering) = entering else {
                    return;
                };
                signs[entering] = -gradient[entering].signum();
            }
            let gains = self.step(&mut signs, penalty);
            if stuck && !gains {
                return;
            }
            stuck = !gains;
        }
    }

    /// Moves towards the solution for the signs given; `false` when nothing is gained.
    fn step(&mut self, signs: &mut DVector<f64>, penalty: f64) -> bool {
        let active: Vec<usize> = (0..signs.len()).filter(|&k| signs[k] != 0.0).collect();
        let own = self.curvature.select_rows(&active).select_columns(&active);
        let right = DVector::from_iterator(
            active.len(),
            active.iter().map(|&k| -self.linear[k] - penalty * signs[k]),
        );
        let Some(solved) = own.cholesky().map(|factor| factor.solve(&right)) else {
            return false;
        };
        let mut best: Option<(f64, DVector<f64>)> = None;
        let mut consider = |candidate: DVector<f64>| {
            let objective = self.objective(&candidate, penalty);
            if best.as_ref().is_none_or(|(least, _)| objective < *least) {
                best = Some((objective, candidate));
            }
        };
        let mut whole = self.solution.clone();
        for (place, &k) in active.iter().enumerate() {
            whole[k] = solved[place];
        }
        for &k in &active {
            let (from, to) = (self.solution[k], whole[k]);
            if from != 0.0 && from * to < 0.0 {
                let mut crossing =
                    &self.solution + (&whole - &self.solution) * (from / (from - to));
                crossing[k] = 0.0;
                consider(crossing);
            }
        }
        consider(whole);
        let Some((objective, candidate)) = best else {
            return false;
        };
        let gains = objective < self.objective(&self.solution, penalty);
        let moves = candidate != self.solution;
        self.solution = candidate;
        *signs = self
            .solution
            .map(|value| if value == 0.0 { 0.0 } else { value.signum() });
        gains && moves
    }

    fn objective(&self, point: &DVector<f64>, penalty: f64) -> f64 {
        let smooth = 0.5 * point.dot(&(self.curvature * point)) + self.linear.dot(point);
        smooth + penalty * point.lp_norm(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_quantiles_go_from_two_tails_to_one() {
        // Probabilities are good to a few parts in 10¹¹.
        let (at_zero, slope) = folded_quantile(0.0, 0.05);
        assert!((at_zero - normal::two_sided_quantile(0.95)).abs() < 1e-10 && slope == 0.0);
        let (far, slope) = folded_quantile(9.0, 0.05);
        assert!((far - 9.0 - normal::quantile(0.95)).abs() < 1e-10);
        assert!((slope - 1.0).abs() < 1e-12);
        let step = 1e-3;
        let ends = [0.7 - step, 0.7 + step].map(|t| folded_quantile(t, 0.05).0);
        let slope = folded_quantile(0.7, 0.05).1;
        assert!(((ends[1] - ends[0]) / (2.0 * step) - slope).abs() < 1e-6);
    }

    #[test]
    fn penalised_solutions_fulfil_their_conditions() {
        let n = 6;
        // A second-difference matrix's square: as ill-conditioned as those of long pre-trends.
        let difference = DMatrix::from_fn(n, n, |a, b| match a.abs_diff(b) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let curvature = &difference * &difference + DMatrix::identity(n, n) * 0.1;
        let linear = DVector::from_vec(vec![3.0, -1.0, 0.5, 2.0, -0.1, 0.7]);
        let mut lasso = Lasso::new(&curvature, &linear);
        for penalty in [5.0, 2.5, 1.0, 0.3, 0.01, 0.0, 0.5, 2.9] {
            lasso.solve(penalty);
            let gradient = &curvature * &lasso.solution + &linear;
            for (slope, value) in gradient.iter().zip(lasso.solution.iter()) {
                if *value == 0.0 {
                    assert!(slope.abs() <= penalty + 1e-11);
                } else {
                    assert!((slope + penalty * value.signum()).abs() < 1e-11);
                }
            }
        }
    }
}
