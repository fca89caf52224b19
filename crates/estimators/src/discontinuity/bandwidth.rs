//! Bandwidths that make the mean squared error small, or the error in coverage.
//!
//! The bias of a fit of order o in the coefficient ν is B·h^(o+1−ν), its variance V/(n·h^(1+2ν)); the best h is the power 1/(2o + 3)
//! of their quotient. V comes from a fit with a pilot bandwidth, B needs the coefficient o + 1, from a fit of higher order whose
//! bandwidth is chosen the same way: d for the coefficient q + 1, with it b for the coefficient p + 1, with it h. A variance of
//! that coefficient in the denominator keeps a bias of about zero from making h endless. Calonico, Cattaneo and Titiunik (2014),
//! Econometrica 82:2295, and their supplement; with covariates and clusters Calonico, Cattaneo, Farrell and Titiunik (2019), Review of
//! Economics and Statistics 101:442; for coverage Calonico, Cattaneo and Farrell (2020), Econometrics Journal 23:192.

use crate::discontinuity::contrast::{Design, quotient};
use crate::discontinuity::local_fit::LocalFit;
use crate::discontinuity::nearest::EQUAL;
use crate::discontinuity::options::{
    BandwidthAim, BandwidthRule, BandwidthScope, MassPoints, RdOptions,
};
use crate::discontinuity::sample::Sample;
use crate::discontinuity::side::Side;
use crate::discontinuity::variance::Errors;
use crate::status::Status;

/// With at least this share of repeats on a side, windows hold [`FEWEST_VALUES`].
const MANY_REPEATS: f64 = 0.2;

/// Distinct values that pilot windows hold where values repeat.
const FEWEST_VALUES: usize = 10;

/// What rounding may leave of a variance of zero, as a share of the outcome.
const ROUNDING: f64 = 1_024.0 * f64::EPSILON;

/// Bandwidths left and right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BandwidthPair {
    pub(super) estimate: [f64; 2],
    pub(super) bias: [f64; 2],
}

/// What bandwidths are chosen from.
pub(super) struct Selection<'a> {
    pub(super) sample: &'a Sample,
    pub(super) errors: [&'a Errors<'a>; 2],
    pub(super) design: Design,
    pub(super) options: &'a RdOptions,
}

impl Selection<'_> {
    /// The bandwidths of a rule, or why there are none.
    pub(super) fn choose(&self, rule: BandwidthRule) -> Result<BandwidthPair, Status> {
        let limits = self.limits();
        let (left, right) =
            rayon::join(|| self.side(0, limits.pilot), || self.side(1, limits.pilot));
        let sides = [left?, right?];
        let of = |scope| self.cascade(&sides, &limits, scope);
        let mut chosen = match rule.scope {
            BandwidthScope::SmallerOfTwo => {
                let (a, b) = (of(BandwidthScope::Difference)?, of(BandwidthScope::Sum)?);
                let smaller = |a: [f64; 2], b: [f64; 2]| [a[0].min(b[0]), a[1].min(b[1])];
                BandwidthPair {
                    estimate: smaller(a.estimate, b.estimate),
                    bias: smaller(a.bias, b.bias),
                }
            }
            BandwidthScope::MedianOfThree => {
                let three = [
                    of(BandwidthScope::Difference)?,
                    of(BandwidthScope::Sum)?,
                    of(BandwidthScope::EachSide)?,
                ];
                let median = |get: &dyn Fn(&BandwidthPair) -> f64| {
                    let mut three = three.each_ref().map(get);
                    three.sort_unstable_by(f64::total_cmp);
                    three[1]
                };
                BandwidthPair {
                    estimate: [0, 1].map(|side| median(&|own: &BandwidthPair| own.estimate[side])),
                    bias: [0, 1].map(|side| median(&|own: &BandwidthPair| own.bias[side])),
                }
            }
            scope => of(scope)?,
        };
        if rule.aim == BandwidthAim::Cer {
            // Only h: b stays that of the mean squared error, as in `rdrobust`.
            let factor = self.coverage_factor();
            chosen.estimate = chosen.estimate.map(|h| h * factor);
        }
        Ok(chosen)
    }

    /// n^(−p/((3 + p)(3 + 2p))), with clusters for rows where there are clusters.
    fn coverage_factor(&self) -> f64 {
        let sides = &self.sample.sides;
        let n: usize = match sides[0].cluster {
            Some(_) => sides
                .iter()
                .map(|side| side.clusters(side.n_rows()).len())
                .sum(),
            None => self.sample.n_rows(),
        };
        let p = self.options.order as f64;
        (n as f64).powf(-p / ((3.0 + p) * (3.0 + 2.0 * p)))
    }

    fn limits(&self) -> Limits {
        let sides = &self.sample.sides;
        let adjusts = self.options.mass_points == MassPoints::Adjust;
        let n_values: usize = sides.iter().map(Side::n_values).sum();
        let n = if adjusts {
            n_values
        } else {
            self.sample.n_rows()
        };
        let repeats = |side: &Side| 1.0 - side.n_values() as f64 / side.n_rows() as f64;
        let most = sides.each_ref().map(Side::range);
        let widest = most[0].max(most[1]);
        let mut least = [0.0; 2];
        if adjusts && sides.iter().any(|side| repeats(side) >= MANY_REPEATS) {
            least = sides.each_ref().map(|side| {
                let last = FEWEST_VALUES.min(side.n_values()) - 1;
                // A little more, or the last of them would lie where the weight is zero.
                side.value(last) * (1.0 + EQUAL)
            });
        }
        let scale = spread(&self.sample.running);
        let pilot = self.options.kernel.pilot_constant() * scale * (n as f64).powf(-0.2);
        Limits {
            pilot: pilot.min(widest).max(least[0]).max(least[1]),
            least,
            most,
        }
    }

    /// The fits of one side that do not depend on what is chosen.
    fn side(&self, index: usize, pilot: f64) -> Result<SideFits<'_>, Status> {
        let (p, q) = (self.options.order, self.options.bias_order);
        let own = OneSide {
            selection: self,
            errors: self.errors[index],
        };
        // For d, b and h, in this order; d is chosen without the variance of its bias, as in `rdrobust`.
        let stages = [
            Stage {
                order: q + 1,
                power: q + 1,
                higher: q + 2,
                is_regularised: false,
            },
            Stage {
                order: q,
                power: p + 1,
                higher: q + 1,
                is_regularised: true,
            },
            Stage {
                order: p,
                power: 0,
                higher: q,
                is_regularised: true,
            },
        ];
        let [first, second, third] = stages.map(|stage| own.variance_fit(stage, pilot));
        let fits = [first?, second?, third?];
        // As far as there are rows, the last of them included.
        let range = self.errors[index].side.range() * (1.0 + EQUAL);
        let widest = own.constants(&fits[0], range)?;
        Ok(SideFits { own, fits, widest })
    }

    /// d, then b, then h.
    fn cascade(
        &self,
        sides: &[SideFits<'_>; 2],
        limits: &Limits,
        scope: BandwidthScope,
    ) -> Result<BandwidthPair, Status> {
        let constants = |stage: usize, bandwidths: [f64; 2]| {
            let (left, right) = rayon::join(
                || sides[0].own.constants(&sides[0].fits[stage], bandwidths[0]),
                || sides[1].own.constants(&sides[1].fits[stage], bandwidths[1]),
            );
            Ok::<_, Status>([left?, right?])
        };
        let best = |stage: usize, constants: [Constants; 2]| {
            let order = sides[0].fits[stage].stage.order as f64;
            limits.capped(
                scope,
                quotients(scope, constants)
                    .map(|quotient| quotient.powf(1.0 / (2.0 * order + 3.0))),
            )
        };
        let widest = best(0, [sides[0].widest, sides[1].widest])?;
        let widest = limits.floored(scope, widest);
        let bias = best(1, constants(1, widest)?)?;
        let estimate = best(2, constants(2, bias)?)?;
        Ok(BandwidthPair { estimate, bias })
    }
}

/// V/(B² + R), of each side or of both together.
fn quotients(scope: BandwidthScope, [left, right]: [Constants; 2]) -> [f64; 2] {
    let together = |bias: f64| {
        let regular = left.regularization + right.regularization;
        [(left.variance + right.variance) / (bias * bias + regular); 2]
    };
    match scope {
        BandwidthScope::EachSide => {
            [left, right].map(|own| own.variance / (own.bias * own.bias + own.regularization))
        }
        BandwidthScope::Sum => together(right.bias + left.bias),
        _ => together(right.bias - left.bias),
    }
}

/// Between what bandwidths lie.
struct Limits {
    pilot: f64,
    least: [f64; 2],
    most: [f64; 2],
}

impl Limits {
    fn capped(&self, scope: BandwidthScope, bandwidths: [f64; 2]) -> Result<[f64; 2], Status> {
        if bandwidths.iter().any(|h| h.is_nan()) {
            return Err(Status::NotIdentified);
        }
        let [left, right] = self.most;
        let most = match scope {
            BandwidthScope::EachSide => self.most,
            _ => [left.max(right); 2],
        };
        Ok([bandwidths[0].min(most[0]), bandwidths[1].min(most[1])])
    }

    fn floored(&self, scope: BandwidthScope, bandwidths: [f64; 2]) -> [f64; 2] {
        let [left, right] = self.least;
        let least = match scope {
            BandwidthScope::EachSide => self.least,
            _ => [left.max(right); 2],
        };
        [bandwidths[0].max(least[0]), bandwidths[1].max(least[1])]
    }
}

/// One step of the choice.
#[derive(Debug, Clone, Copy)]
struct Stage {
    /// o, the order of the fit a bandwidth is chosen for.
    order: usize,
    /// ν, the coefficient that is estimated.
    power: usize,
    /// The order of the fit that the bias is taken from.
    higher: usize,
    /// Whether the variance of the bias counts.
    is_regularised: bool,
}

/// A fit with the pilot bandwidth.
struct VarianceFit {
    stage: Stage,
    contrast: Vec<f64>,
    /// V without n.
    variance: f64,
    /// The coefficient ν in the fit of u^(o+1), for the distance.
    bias_constant: f64,
}

/// The constants of a bandwidth.
#[derive(Debug, Clone, Copy)]
struct Constants {
    variance: f64,
    bias: f64,
    regularization: f64,
}

struct SideFits<'a> {
    own: OneSide<'a>,
    fits: [VarianceFit; 3],
    /// The constants of the first stage, from all rows.
    widest: Constants,
}

#[derive(Clone, Copy)]
struct OneSide<'a> {
    selection: &'a Selection<'a>,
    errors: &'a Errors<'a>,
}

impl<'a> OneSide<'a> {
    fn fit(&self, bandwidth: f64, order: usize) -> Result<LocalFit<'a>, Status> {
        let kernel = self.selection.options.kernel;
        let n_covariates = self.selection.design.n_covariates;
        LocalFit::new(self.errors.side, kernel, bandwidth, order, n_covariates)
            .ok_or(Status::TooFewValues)
    }

    /// −1 to the power on the left.
    fn sign(&self, power: usize) -> f64 {
        self.errors.side.sign.powi(power as i32)
    }

    fn variance_fit(&self, stage: Stage, pilot: f64) -> Result<VarianceFit, Status> {
        let fit = self.fit(pilot, stage.order)?;
        let power = stage.power;
        let functional = fit.functional(power);
        let contrasts = self
            .selection
            .design
            .adjusted(&[&fit])
            .ok_or(Status::NotIdentified)?;
        let mut contrast = contrasts[0].clone();
        if let [outcome, treatment] = &contrasts[..] {
            let jump = |contrast| self.sign(power) * fit.coefficient(&functional, contrast);
            contrast = quotient(&contrasts, [jump(outcome), jump(treatment)]);
        }
        let n_rows = fit.window.n_rows;
        let scores = fit.scores(&functional, n_rows);
        let variance = self.errors.variance(fit.window, &contrast, &scores, &fit);
        // A coefficient of power ν times the bandwidth to that power is in units of the outcome.
        self.check_variance(variance * pilot.powi(2 * power as i32), &contrast)?;
        let distance = &self.errors.side.distance[..n_rows];
        let next = stage.order as i32 + 1;
        let bias_constant: f64 = scores
            .iter()
            .zip(distance)
            .map(|(score, distance)| score * (distance / pilot).powi(next))
            .sum();
        let own = 2 * power as i32 + 1;
        Ok(VarianceFit {
            stage,
            contrast,
            variance: f64::from(own) * pilot.powi(own) * variance,
            bias_constant: pilot.powi(power as i32) * bias_constant,
        })
    }

    /// Refuses variances that are rounding, in units of the outcome.
    fn check_variance(&self, variance: f64, contrast: &[f64]) -> Result<(), Status> {
        // Of a fuzzy design without treated rows in the window nothing is finite.
        if !variance.is_finite() {
            return Err(Status::NotIdentified);
        }
        let rounding = ROUNDING * self.selection.sample.largest[0] * contrast[0].abs();
        if variance.sqrt() <= rounding {
            return Err(Status::NoVariance);
        }
        Ok(())
    }

    fn constants(&self, own: &VarianceFit, bandwidth: f64) -> Result<Constants, Status> {
        let stage = own.stage;
        let fit = self.fit(bandwidth, stage.higher)?;
        let next = stage.order + 1;
        let functional = fit.functional(next);
        let coefficient = self.sign(next) * fit.coefficient(&functional, &own.contrast);
        // Of powers of the signed distance, as the bias is.
        let bias_constant = self.sign(next + stage.power) * own.bias_constant;
        let factor = 2.0 * (next - stage.power) as f64;
        let mut regularization = 0.0;
        if stage.is_regularised {
            let scores = fit.scores(&functional, fit.window.n_rows);
            let variance = self
                .errors
                .variance(fit.window, &own.contrast, &scores, &fit);
            // Three times the variance of the estimated bias, as in `rdrobust`.
            regularization = 3.0 * factor * bias_constant * bias_constant * variance;
        }
        Ok(Constants {
            variance: own.variance,
            bias: factor.sqrt() * bias_constant * coefficient,
            regularization,
        })
    }
}

/// The smaller of the standard deviation and the interquartile range over 1.349. Quartiles are averages of the two order statistics
/// beside them where n/4 is whole (type 2 of Hyndman and Fan).
fn spread(rising: &[f64]) -> f64 {
    let n = rising.len();
    if n < 2 {
        return 0.0;
    }
    let mean = rising.iter().sum::<f64>() / n as f64;
    let squares: f64 = rising.iter().map(|value| (value - mean).powi(2)).sum();
    let quartile = |quarters: usize| {
        let place = n * quarters / 4;
        if (n * quarters).is_multiple_of(4) {
            0.5 * (rising[place - 1] + rising[place])
        } else {
            rising[place]
        }
    };
    let between = quartile(3) - quartile(1);
    (squares / (n as f64 - 1.0)).sqrt().min(between / 1.349)
}
