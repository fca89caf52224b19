//! The wild cluster bootstrap: p-values and intervals of single coefficients. Symbols: see the module `clusters`.
//!
//! A draw multiplies the residuals of cluster g by v_g. Restricted residuals ũ(r) = e + (b − r)x̃ come from the fit with the
//! coefficient b held at r, x̃ = x/(c'Mc) being what is left of its column; unrestricted ones are e. The draw's coefficient differs
//! from the one it is drawn around by Σv_gn_g, n_g = x_g'Ωũ_g, and its residuals have scores v_gn_g − Σ_hJ_ghv_h with
//! J_gh = x_g'ΩZ_gMZ_h'Ωũ_h, so that t is worked out from G numbers and one G × G matrix. Both are linear in b − r: of each draw
//! five numbers are kept, from which t follows for every r, and an interval is the r whose p is above 1 − level.
//!
//! There are 2^G Rademacher draws (6^G of Webb's weights). When they are no more than the draws asked for, each is made once; their
//! mirrors have the same |t| and are left out. Ties count as at least as large, within 1e-9: under the restriction the sample
//! itself and its mirror always tie.

use nalgebra::{DMatrix, DVector};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::regression::clusters::clustered::ClusteredModel;
use crate::regression::options::{Wild, WildNull, WildWeights};

/// Most clusters: a coefficient has matrices of that size.
const MOST_CLUSTERS: usize = 2_000;

/// Most numbers held for all coefficients: columns times coefficients times clusters.
const MOST_NUMBERS: usize = 1 << 27;

/// Draws made at a time.
const BLOCK_DRAWS: usize = 512;

/// Statistics closer than this, relative to the larger of one and |t|, tie.
const TIE: f64 = 1e-9;

/// An end of an interval is looked for in steps of this many errors.
const STEP: f64 = 0.25;

/// As far as this many steps from the estimate.
const MOST_STEPS: u32 = 400;

/// Halvings of a step: more than an f64 has digits.
const HALVINGS: u32 = 60;

/// What the draws say about one coefficient. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WildTest {
    /// Share of draws at least as far out as the sample.
    pub p_value: f64,
    /// Lower end of the values that are not rejected; NaN when there is none.
    pub conf_low: f64,
    /// Upper end.
    pub conf_high: f64,
}

impl WildTest {
    pub(crate) const NOTHING: Self = Self {
        p_value: f64::NAN,
        conf_low: f64::NAN,
        conf_high: f64::NAN,
    };
}

/// The draws of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WildDraws {
    /// Draws, mirrors included.
    pub n_draws: u64,
    /// Each possible draw was made once.
    pub is_complete: bool,
}

/// The bootstrap of a regression.
pub(crate) struct WildBootstrap<'a> {
    fit: &'a ClusteredModel<'a>,
    options: Wild,
    seed: u64,
    parts: Vec<Part>,
    shared: Vec<SharedPart>,
}

/// Sums over one cluster.
struct Part {
    /// Z_g'Ωx_g, a column per coefficient.
    columns: DMatrix<f64>,
    /// s_g.
    score: DVector<f64>,
}

/// A cluster's part of a level of the largest fixed effect that it shares with others.
struct SharedPart {
    level: usize,
    cluster: usize,
    total: f64,
    /// Σωx, per coefficient.
    sums: DVector<f64>,
    score: f64,
}

impl<'a> WildBootstrap<'a> {
    /// # Errors
    /// Too many clusters, or too many columns for so many clusters.
    pub(crate) fn new(
        fit: &'a ClusteredModel<'a>,
        options: Wild,
        seed: u64,
    ) -> Result<Self, EstimatorError> {
        let n_numbers = (fit.n_columns() * fit.n_coefficients()).saturating_mul(fit.n_clusters());
        let too_many = |what, found: usize, limit: usize| EstimatorError::TooMany {
            what,
            found: found as u64,
            limit: limit as u64,
        };
        if fit.n_clusters() > MOST_CLUSTERS {
            let what = "clusters for wild, which is for few (errors by cluster serve so many)";
            return Err(too_many(what, fit.n_clusters(), MOST_CLUSTERS));
        }
        if n_numbers > MOST_NUMBERS {
            let what = "columns times coefficients times clusters for wild (leave columns out)";
            return Err(too_many(what, n_numbers, MOST_NUMBERS));
        }
        let part = |cluster: usize| {
            let summary = fit.summary(cluster);
            let shared = fit.shared_levels(cluster).into_iter();
            let shared: Vec<SharedPart> = shared
                .map(|level| SharedPart {
                    level: level.level,
                    cluster,
                    total: level.total,
                    sums: fit.combinations.tr_mul(&level.sums),
                    score: level.score,
                })
                .collect();
            let part = Part {
                columns: summary.gram * &fit.combinations,
                score: summary.score,
            };
            (part, shared)
        };
        let all: Vec<(Part, Vec<SharedPart>)> =
            (0..fit.n_clusters()).into_par_iter().map(part).collect();
        let (parts, shared): (Vec<Part>, Vec<Vec<SharedPart>>) = all.into_iter().unzip();
        let mut shared: Vec<SharedPart> = shared.into_iter().flatten().collect();
        // Stable: clusters stay in order.
        shared.sort_by_key(|part| part.level);
        Ok(Self {
            fit,
            options,
            seed,
            parts,
            shared,
        })
    }

    pub(crate) fn draws(&self) -> WildDraws {
        let is_complete = self.n_possible().is_some();
        WildDraws {
            n_draws: self.n_possible().unwrap_or(self.options.n_draws.into()),
            is_complete,
        }
    }

    /// Possible draws, where they are no more than asked for.
    fn n_possible(&self) -> Option<u64> {
        let base = self.values().len() as u64;
        let n_possible = base.checked_pow(u32::try_from(self.parts.len()).ok()?)?;
        (n_possible <= self.options.n_draws.into()).then_some(n_possible)
    }

    fn values(&self) -> &'static [f64] {
        match self.options.weights {
            WildWeights::Rademacher => &RADEMACHER,
            WildWeights::Webb => &WEBB,
        }
    }

    /// Tests the coefficient at place `j`, whose estimate is given.
    pub(crate) fn test(&self, j: usize, estimate: f64, level: f64) -> WildTest {
        let linear = Linear::new(self, j);
        if !(linear.std_error > 0.0 && linear.std_error.is_finite()) || self.parts.len() < 2 {
            return WildTest::NOTHING;
        }
        let drawn = CoefficientDraws {
            draws: self.drawn(&linear),
            n_samples: u64::from(self.n_possible().is_none()),
            std_error: linear.std_error,
        };
        let alpha = 1.0 - level;
        match self.options.null {
            WildNull::Imposed => WildTest {
                p_value: drawn.p_value(estimate, 0.0),
                conf_low: drawn.end(estimate, -1.0, alpha),
                conf_high: drawn.end(estimate, 1.0, alpha),
            },
            WildNull::NotImposed => {
                let half = drawn.half_width(alpha);
                WildTest {
                    p_value: drawn.share(estimate / linear.std_error, 0.0, -TIE),
                    conf_low: estimate - half,
                    conf_high: estimate + half,
                }
            }
        }
    }

    fn drawn(&self, linear: &Linear) -> Vec<Draw> {
        // Of complete draws those with a first weight above zero: the others are mirrors.
        let n = self
            .n_possible()
            .map_or(u64::from(self.options.n_draws), |n| n / 2);
        let starts: Vec<u64> = (0..n).step_by(BLOCK_DRAWS).collect();
        let blocks: Vec<Vec<Draw>> = starts
            .into_par_iter()
            .map(|start| {
                let len = (n - start).min(BLOCK_DRAWS as u64) as usize;
                let mut weights = DMatrix::zeros(self.parts.len(), len);
                for (place, mut column) in weights.column_iter_mut().enumerate() {
                    self.fill(start + place as u64, column.as_mut_slice());
                }
                linear.draws(&weights)
            })
            .collect();
        blocks.into_iter().flatten().collect()
    }

    /// The weights of one draw.
    fn fill(&self, draw: u64, weights: &mut [f64]) {
        let values = self.values();
        let base = values.len() as u64;
        if self.n_possible().is_some() {
            // The positive values come first.
            let mut rest = draw;
            for (place, weight) in weights.iter_mut().enumerate() {
                let choices = if place == 0 { base / 2 } else { base };
                *weight = values[(rest % choices) as usize];
                rest /= choices;
            }
            return;
        }
        // 2⁶⁴ over the golden ratio: neighbouring draws get seeds far apart.
        let stream = self.seed ^ draw.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(stream);
        for weight in weights {
            // The upper half of the bits: the shares are off by less than 2⁻³⁰.
            *weight = values[(((random.next_u64() >> 32) * base) >> 32) as usize];
        }
    }
}

/// Plus and minus one.
const RADEMACHER: [f64; 2] = [1.0, -1.0];

/// Roots of 1/2, 1 and 3/2 with both signs.
const WEBB: [f64; 6] = [
    std::f64::consts::FRAC_1_SQRT_2,
    1.0,
    1.224_744_871_391_589,
    -std::f64::consts::FRAC_1_SQRT_2,
    -1.0,
    -1.224_744_871_391_589,
];

/// What a draw's coefficient and residual scores are made of: a part from e and a part per unit of b − r.
struct Linear {
    /// x_g'Ωe_g and x_g'Ωx̃_g.
    numerators: [DVector<f64>; 2],
    /// J of both.
    spread: [DMatrix<f64>; 2],
    /// √(G/(G − 1)): the factor of CR1.
    factor: f64,
    /// CR1.
    std_error: f64,
}

impl Linear {
    fn new(bootstrap: &WildBootstrap<'_>, j: usize) -> Self {
        let fit = bootstrap.fit;
        let (n_clusters, k) = (bootstrap.parts.len(), fit.n_columns());
        let combination = fit.combinations.column(j);
        // c'Mc.
        let length = combination.dot(&fit.contrasts.column(j));
        let parts = &bootstrap.parts;
        let own = DMatrix::from_fn(k, n_clusters, |row, g| parts[g].columns[(row, j)]);
        let scores = DMatrix::from_fn(k, n_clusters, |row, g| parts[g].score[row]);
        let half = own.tr_mul(&fit.inverse);
        let mut spread = [&half * &scores, &half * &own / length];
        for level in bootstrap.shared.chunk_by(|a, b| a.level == b.level) {
            for a in level {
                for b in level {
                    let share = a.sums[j] / a.total;
                    spread[0][(a.cluster, b.cluster)] += share * b.score;
                    spread[1][(a.cluster, b.cluster)] += share * b.sums[j] / length;
                }
            }
        }
        let residual = scores.tr_mul(&combination);
        let column = own.tr_mul(&combination) / length;
        let n = n_clusters as f64;
        let factor = (n / (n - 1.0)).sqrt();
        Self {
            std_error: residual.norm() * factor,
            numerators: [residual, column],
            spread,
            factor,
        }
    }

    /// The draws with these weights, one per column.
    fn draws(&self, weights: &DMatrix<f64>) -> Vec<Draw> {
        let scores = [0, 1].map(|part| {
            let mut scores = &self.spread[part] * weights * -1.0;
            for (mut column, own) in scores.column_iter_mut().zip(weights.column_iter()) {
                column += own.component_mul(&self.numerators[part]);
            }
            scores
        });
        let dot =
            |a: usize, b: usize, draw: usize| scores[a].column(draw).dot(&scores[b].column(draw));
        let draw = |draw: usize| {
            let own = weights.column(draw);
            Draw {
                change: [0, 1].map(|part| own.dot(&self.numerators[part]) / self.factor),
                squares: [dot(0, 0, draw), 2.0 * dot(0, 1, draw), dot(1, 1, draw)],
            }
        };
        (0..weights.ncols()).map(draw).collect()
    }
}

/// A draw for every hypothesis: with d = b − r the coefficient's change over the factor of CR1 is linear in d, its variance
/// without that factor quadratic.
struct Draw {
    change: [f64; 2],
    squares: [f64; 3],
}

impl Draw {
    /// |t| at b − r = d.
    fn size(&self, d: f64) -> f64 {
        let [constant, linear, square] = self.squares;
        let variance = constant + d * (linear + d * square);
        (self.change[0] + d * self.change[1]).abs() / variance.sqrt()
    }
}

/// The draws of one coefficient.
struct CoefficientDraws {
    draws: Vec<Draw>,
    /// How often the sample itself counts as a draw: once where it is not one of them anyway.
    n_samples: u64,
    std_error: f64,
}

impl CoefficientDraws {
    fn n_draws(&self) -> f64 {
        self.draws.len() as f64 + self.n_samples as f64
    }

    /// The share of draws with |t*| at b − r = d above |t| plus `tie`, relative to the larger of one and |t|.
    fn share(&self, t: f64, d: f64, tie: f64) -> f64 {
        let bound = t.abs() + tie * t.abs().max(1.0);
        // A draw without a variance is no evidence against the hypothesis.
        let is_far = |draw: &&Draw| {
            let size = draw.size(d);
            size >= bound || size.is_nan()
        };
        let n_far = self.draws.iter().filter(is_far).count();
        (n_far as f64 + self.n_samples as f64) / self.n_draws()
    }

    /// Of the hypothesis that the coefficient is `null`, with that imposed.
    fn p_value(&self, estimate: f64, null: f64) -> f64 {
        let d = estimate - null;
        self.share(d / self.std_error, d, -TIE)
    }

    /// The nearest value on one side of the estimate from which on hypotheses are rejected; NaN when none is found.
    fn end(&self, estimate: f64, side: f64, alpha: f64) -> f64 {
        let is_kept = |distance: f64| {
            let d = -side * distance;
            self.share(d / self.std_error, d, -TIE) > alpha + TIE
        };
        let step = STEP * self.std_error;
        let outside = (1..=MOST_STEPS).find(|&n| !is_kept(f64::from(n) * step));
        let Some(outside) = outside else {
            return f64::NAN;
        };
        let (mut kept, mut rejected) = (f64::from(outside - 1) * step, f64::from(outside) * step);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (kept + rejected);
            if is_kept(middle) {
                kept = middle;
            } else {
                rejected = middle;
            }
        }
        estimate + side * kept
    }

    /// How far from the estimate values are not rejected by unrestricted draws; NaN when nothing is rejected.
    fn half_width(&self, alpha: f64) -> f64 {
        let mut sizes: Vec<f64> = self.draws.iter().map(|draw| draw.size(0.0)).collect();
        sizes.sort_unstable_by(|a, b| b.total_cmp(a));
        // The smallest number of draws at least as far out that is no rejection.
        let needed = (alpha * self.n_draws() + TIE).floor() as u64 + 1;
        match needed.checked_sub(self.n_samples + 1) {
            Some(place) => sizes
                .get(place as usize)
                .map_or(f64::NAN, |size| size * self.std_error),
            None => f64::NAN,
        }
    }
}
