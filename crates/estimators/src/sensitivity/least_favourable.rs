//! The critical value of the first stage of the hybrid test: the quantile of the largest γ'ξ, ξ ~ N(0, Σ), over the vertices.
//!
//! Because X'γ = 0, only the part of ξ matters that X does not span. It has one dimension for each estimate before exposure, or
//! difference of two, that inequalities about the time after it mention, and one for the target: two in all but one case. In two
//! dimensions the vertices' shadows are a polygon, and P(max > c) is an integral over directions, (2π)⁻¹ ∫ exp(−c²/2h²) with h the
//! polygon's width to that side: no simulation. The remaining case, smoothness with a single period after exposure, has more
//! dimensions; there directions are drawn from the seed, with the distribution of the length integrated out.

use nalgebra::{DMatrix, DVector, SVD};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use statrs::function::gamma;

use crate::inference::normal;
use crate::sensitivity::conditional_test::ConditionalTest;
use crate::sensitivity::polytope::Vertex;
use crate::sensitivity::root::{gauss_legendre, root};

/// The c with P(max γ'ξ > c) = `kappa`.
pub(super) fn critical_value(test: &ConditionalTest, kappa: f64, seed: u64) -> f64 {
    let shadow = shadow(test);
    let widths = match shadow.ncols() {
        0 => return 0.0,
        1 => in_one_dimension(test, &shadow),
        2 => in_two_dimensions(test, &shadow),
        _ => in_more_dimensions(test, &shadow, seed),
    };
    let dimension = shadow.ncols() as f64;
    let exceedance = |c: f64| -> f64 {
        let parts = widths.iter().filter(|part| part.width > 0.0);
        parts
            .map(|part| part.share * length_tail(c / part.width, dimension))
            .sum()
    };
    // No combination is wider than one standard deviation of the inequalities it is made of.
    if exceedance(SMALLEST) <= kappa {
        return 0.0;
    }
    let gap = |c: f64| exceedance(c).max(f64::MIN_POSITIVE).ln() - kappa.ln();
    root(gap, SMALLEST, LARGEST, 1e-12)
}

/// Bounds on critical values.
const SMALLEST: f64 = 1e-9;
const LARGEST: f64 = 30.0;

/// How far the vertices' shadows reach in some directions, which have this share of all.
struct Width {
    width: f64,
    share: f64,
}

/// P(length of a standard normal vector > x); in one dimension the directions are two.
fn length_tail(x: f64, dimension: f64) -> f64 {
    if dimension == 1.0 {
        return 2.0 * normal::cdf(-x);
    }
    if dimension == 2.0 {
        return (-0.5 * x * x).exp();
    }
    gamma::gamma_ur(0.5 * dimension, 0.5 * x * x)
}

/// Shares of the largest singular value that are rounding.
const RANK: f64 = 1e-10;

/// Rows whose weighted sums are what γ'ξ is made of: the noise without what the nuisance columns span, in as few dimensions as
/// there are.
fn shadow(test: &ConditionalTest) -> DMatrix<f64> {
    let mut rest = test.noise().clone();
    if test.nuisance().nrows() > 0 {
        let basis = test.nuisance().transpose().qr().q();
        rest -= &basis * basis.tr_mul(&rest);
    }
    let svd = SVD::new(rest, false, true);
    let largest = svd.singular_values.max();
    let rank = svd
        .singular_values
        .iter()
        .filter(|&&value| value > RANK * largest)
        .count();
    // Singular values come in falling order.
    svd.v_t.map_or_else(
        || DMatrix::zeros(test.noise().nrows(), 0),
        |axes| test.noise() * axes.rows(0, rank).transpose(),
    )
}

fn in_one_dimension(test: &ConditionalTest, shadow: &DMatrix<f64>) -> Vec<Width> {
    let mut search = Search::new(test, shadow);
    let ends = [1.0, -1.0];
    let widths = ends.map(|sign| search.farthest(&DVector::from_element(1, sign))[0] * sign);
    let widths = widths.into_iter();
    widths.map(|width| Width { width, share: 0.5 }).collect()
}

/// Nodes on the directions of one corner of a polygon; its width is smooth there.
const NODES: usize = 48;

fn in_two_dimensions(test: &ConditionalTest, shadow: &DMatrix<f64>) -> Vec<Width> {
    let corners = corners(test, shadow);
    let n = corners.len();
    let rule = gauss_legendre(NODES);
    let mut widths = Vec::with_capacity(n * NODES);
    let outward = |a: usize, b: usize| {
        let edge = &corners[b] - &corners[a];
        // Anticlockwise, the normal of an edge e that points outwards is (e₁, −e₀).
        (-edge[0]).atan2(edge[1])
    };
    for (own, corner) in corners.iter().enumerate() {
        let from = outward((own + n - 1) % n, own);
        let mut to = outward(own, (own + 1) % n);
        // Once on the way round the angle jumps back by a turn.
        if to < from {
            to += std::f64::consts::TAU;
        }
        // Directions in which the corner lies on the other side of the origin add nothing.
        let (length, angle) = (corner.norm(), corner[1].atan2(corner[0]));
        let turns = ((0.5 * (from + to) - angle) / std::f64::consts::TAU).round();
        let angle = angle + turns * std::f64::consts::TAU;
        let from = from.max(angle - std::f64::consts::FRAC_PI_2);
        let to = to.min(angle + std::f64::consts::FRAC_PI_2);
        if to <= from {
            continue;
        }
        let half = 0.5 * (to - from);
        widths.extend(rule.iter().map(|node| Width {
            width: length * (from + half * (1.0 + node.x) - angle).cos(),
            share: half * node.weight / std::f64::consts::TAU,
        }));
    }
    widths
}

/// The corners of the polygon, anticlockwise: between two neighbours, the farthest point beyond the line through them is another.
fn corners(test: &ConditionalTest, shadow: &DMatrix<f64>) -> Vec<DVector<f64>> {
    let mut search = Search::new(test, shadow);
    let mut corners: Vec<DVector<f64>> = Vec::new();
    for (x, y) in [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)] {
        let corner = search.farthest(&DVector::from_vec(vec![x, y]));
        if corners.iter().all(|known| (known - &corner).norm() > SAME) {
            corners.push(corner);
        }
    }
    let mut own = 0;
    while corners.len() > 1 && own < corners.len() && corners.len() < MOST_CORNERS {
        let edge = &corners[(own + 1) % corners.len()] - &corners[own];
        let normal = DVector::from_vec(vec![edge[1], -edge[0]]) / edge.norm();
        let farthest = search.farthest(&normal);
        if normal.dot(&(&farthest - &corners[own])) > SAME {
            corners.insert(own + 1, farthest);
        } else {
            own += 1;
        }
    }
    corners
}

/// Corners closer than this are one, in standard deviations of inequalities.
const SAME: f64 = 1e-9;

/// More corners than polygons of such dimensions have.
const MOST_CORNERS: usize = 2_000;

/// Directions drawn, each together with its opposite.
const DIRECTIONS: usize = 8_000;

fn in_more_dimensions(test: &ConditionalTest, shadow: &DMatrix<f64>, seed: u64) -> Vec<Width> {
    let mut search = Search::new(test, shadow);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut uniform = move || ((rng.next_u64() >> 11) as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64);
    let mut widths = Vec::with_capacity(2 * DIRECTIONS);
    for _ in 0..DIRECTIONS {
        let draw = DVector::from_fn(shadow.ncols(), |_, _| normal::quantile(uniform()));
        let direction = &draw / draw.norm();
        for direction in [-&direction, direction] {
            widths.push(Width {
                width: search.farthest(&direction).dot(&direction),
                share: 0.5 / DIRECTIONS as f64,
            });
        }
    }
    widths
}

/// Farthest points of the shadow, each search starting from the vertex before.
struct Search<'a> {
    test: &'a ConditionalTest,
    shadow: &'a DMatrix<f64>,
    from: Vertex,
}

impl<'a> Search<'a> {
    fn new(test: &'a ConditionalTest, shadow: &'a DMatrix<f64>) -> Self {
        Self {
            test,
            shadow,
            from: test.polytope().vertex(),
        }
    }

    fn farthest(&mut self, direction: &DVector<f64>) -> DVector<f64> {
        let objective = self.shadow * direction;
        self.from = self.test.polytope().maximise(&objective, &self.from);
        self.shadow.tr_mul(&self.from.weights)
    }
}
