//! The jump at the cutoff: conventional, corrected for its bias, and with the error of the correction.
//!
//! With r the powers of the distance up to p, W_h the kernel at bandwidth h and β_q the fit of order q at bandwidth b, the estimate of
//! a side is its weighted sum Σ s_i y_i, s' = e₀'(R'W_hR)⁻¹R'W_h, the correction Σ s_i d_i^(p+1) times the coefficient p + 1 of β_q, and
//! the weights of the corrected estimate are the difference.

use crate::discontinuity::bandwidth::{BandwidthPair, Selection};
use crate::discontinuity::contrast::{Design, quotient};
use crate::discontinuity::local_fit::{Functional, LocalFit};
use crate::discontinuity::nearest::neighbours;
use crate::discontinuity::options::{Bandwidths, RdOptions, RdVcov};
use crate::discontinuity::result::{Discontinuity, RdEstimate, RdMethod, RdPart, missing_rows};
use crate::discontinuity::sample::{RdColumns, Sample};
use crate::discontinuity::side::{Side, Window};
use crate::discontinuity::variance::Errors;
use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate};
use crate::inference::few_clusters::{self, Interval};
use crate::status::Status;

/// With fewer rows no bandwidth is chosen: the whole range is taken.
const FEWEST_ROWS: usize = 20;

/// With fewer rows within the bandwidth on a side the error is unreliable.
const FEWEST_EFFECTIVE: u64 = 10;

/// A first stage whose squared statistic is below this is weak.
const WEAK: f64 = 10.0;

/// What rounding may leave of a jump of zero, as a share of the numbers it is made from.
const ROUNDING: f64 = 1_024.0 * f64::EPSILON;

/// The jump of the outcome at the cutoff, or, with a treatment, over the jump of the treatment.
///
/// Too little data is no error: rows without numbers have a status (see [`Discontinuity::status`]).
///
/// # Errors
/// [`EstimatorError::BadOption`] for impossible options, [`EstimatorError::LengthMismatch`], [`EstimatorError::NegativeWeight`],
/// [`EstimatorError::TooMany`] for more rows than 32 bits count.
pub fn rd(columns: &RdColumns, options: &RdOptions) -> Result<Discontinuity, EstimatorError> {
    options.check()?;
    let sample = Sample::try_new(columns, options)?;
    // Counted from the sample, where categories have become indicators.
    let n_covariates = sample.sides[0].columns.len() - 1 - usize::from(columns.treated.is_some());
    let design = Design {
        is_fuzzy: columns.treated.is_some(),
        is_reduced: false,
        n_covariates,
    };
    let mut result = Discontinuity::empty(&sample);
    let outcome = estimate(&sample, design, options, &mut result);
    if let Err(status) = outcome {
        result.status = status;
        result.estimates = missing_rows(design.is_fuzzy, status);
    }
    Ok(result)
}

fn estimate(
    sample: &Sample,
    design: Design,
    options: &RdOptions,
    result: &mut Discontinuity,
) -> Result<(), Status> {
    let sides = sample.sides.each_ref();
    match sides.map(Side::n_rows) {
        [0, 0] => return Err(Status::NoRows),
        [_, 0] | [0, _] => return Err(Status::OneSided),
        _ => {}
    }
    // With clusters the errors are of residuals, whatever `vcov` says.
    let needs_neighbours = options.vcov == RdVcov::Nearest && sides[0].cluster.is_none();
    let errors = |side: usize| Errors {
        side: sides[side],
        vcov: options.vcov,
        neighbours: if needs_neighbours {
            neighbours(sides[side])
        } else {
            Vec::new()
        },
    };
    let (left, right) = rayon::join(|| errors(0), || errors(1));
    let errors = [&left, &right];
    let chosen = bandwidths(sample, errors, design, options)?;
    result.bandwidth = chosen.estimate;
    result.bias_bandwidth = chosen.bias;
    let fits = |side: usize| SideFit::new(errors[side], &chosen, side, design, options);
    let (left, right) = rayon::join(|| fits(0), || fits(1));
    let fits = [
        left.ok_or(Status::TooFewValues)?,
        right.ok_or(Status::TooFewValues)?,
    ];
    let within = fits.each_ref().map(|fit| fit.estimate.window.n_rows);
    result.n_effective = within.map(|n| n as u64);
    let jumps = Jumps::new(design, &fits).ok_or(Status::NotIdentified)?;
    let status = reliability(sides, within, sample.n_rows());
    result.estimates = estimates(sample, &jumps, options, status);
    let is_weak = is_weak(&result.estimates);
    for row in &mut result.estimates {
        if is_weak && row.part == RdPart::Effect && row.status == Status::Ok {
            row.status = Status::WeakInstruments;
        }
        // What is said of the whole is what is said of the effect's last row, the robust one.
        if row.part == RdPart::Effect {
            result.status = row.status;
        }
    }
    Ok(())
}

/// The bandwidths of the call.
fn bandwidths(
    sample: &Sample,
    errors: [&Errors<'_>; 2],
    design: Design,
    options: &RdOptions,
) -> Result<BandwidthPair, Status> {
    let rule = match options.bandwidths {
        Bandwidths::Given { estimate, bias } => {
            return Ok(BandwidthPair {
                estimate,
                bias: bias.unwrap_or(estimate),
            });
        }
        Bandwidths::Rule(rule) => rule,
    };
    if sample.n_rows() < FEWEST_ROWS {
        let [left, right] = sample.sides.each_ref().map(Side::range);
        let widest = [left.max(right); 2];
        return Ok(BandwidthPair {
            estimate: widest,
            bias: widest,
        });
    }
    let choose = |is_reduced: bool| {
        let selection = Selection {
            sample,
            errors,
            design: Design {
                is_reduced,
                ..design
            },
            options,
        };
        selection.choose(rule)
    };
    // Where the treatment does not vary on a side the bandwidth is that of the outcome's jump.
    let is_constant = |side: &Side| side.columns[1].windows(2).all(|pair| pair[0] == pair[1]);
    if design.is_fuzzy && sample.sides.iter().any(is_constant) {
        return choose(true);
    }
    match choose(false) {
        // Nor does it help where it does not vary on a side near the cutoff.
        Err(Status::NotIdentified) if design.is_fuzzy => choose(true),
        chosen => chosen,
    }
}

/// What is known of the errors before they are made.
fn reliability(sides: [&Side; 2], within: [usize; 2], n_rows: usize) -> Status {
    if n_rows < FEWEST_ROWS || within.iter().any(|&n| (n as u64) < FEWEST_EFFECTIVE) {
        return Status::TooFew;
    }
    if sides[0].cluster.is_none() {
        return Status::Ok;
    }
    let [left, right] = [0, 1].map(|side| {
        let mut clustered = few_clusters::Side::EMPTY;
        for size in sides[side].clusters(within[side]) {
            clustered.add_cluster(size);
        }
        clustered
    });
    if Interval::Normal.has_few(right, left) {
        return Status::FewClusters;
    }
    Status::Ok
}

/// Whether there is a first stage that says too little.
fn is_weak(estimates: &[RdEstimate]) -> bool {
    let is_first =
        |row: &&RdEstimate| row.part == RdPart::FirstStage && row.method == RdMethod::Conventional;
    // Without a variance the jump is certain.
    estimates.iter().find(is_first).is_some_and(|first| {
        first.status != Status::NoVariance && first.statistic * first.statistic < WEAK
    })
}

/// The fits of one side.
struct SideFit<'a> {
    errors: &'a Errors<'a>,
    estimate: LocalFit<'a>,
    bias: LocalFit<'a>,
    /// The wider of both windows: residuals are those of its rows.
    window: Window,
    /// Weights of the rows in the conventional and in the corrected estimate.
    scores: [Vec<f64>; 2],
    /// The same by Legendre polynomial, and Σ s d^(p+1).
    functionals: [Functional; 2],
    leading_bias: f64,
}

impl<'a> SideFit<'a> {
    fn new(
        errors: &'a Errors<'a>,
        chosen: &BandwidthPair,
        side: usize,
        design: Design,
        options: &RdOptions,
    ) -> Option<Self> {
        let (p, q) = (options.order, options.bias_order);
        let fit = |bandwidth: [f64; 2], order: usize| {
            let n_covariates = design.n_covariates;
            let (own, kernel) = (errors.side, options.kernel);
            LocalFit::new(own, kernel, bandwidth[side], order, n_covariates)
        };
        let (estimate, bias) = (fit(chosen.estimate, p)?, fit(chosen.bias, q)?);
        let window = if estimate.bandwidth > bias.bandwidth {
            estimate.window
        } else {
            bias.window
        };
        let functionals = [estimate.functional(0), bias.functional(p + 1)];
        let conventional = estimate.scores(&functionals[0], window.n_rows);
        let distance = &errors.side.distance;
        let powers = conventional.iter().zip(distance);
        let leading_bias: f64 = powers
            .map(|(score, distance)| score * distance.powi(p as i32 + 1))
            .sum();
        let mut corrected = bias.scores(&functionals[1], window.n_rows);
        for (own, score) in corrected.iter_mut().zip(&conventional) {
            *own = score - leading_bias * *own;
        }
        Some(Self {
            errors,
            estimate,
            bias,
            window,
            scores: [conventional, corrected],
            functionals,
            leading_bias,
        })
    }

    /// The conventional and the corrected value at the cutoff.
    fn values(&self, contrast: &[f64]) -> [f64; 2] {
        let conventional = self.estimate.coefficient(&self.functionals[0], contrast);
        let bias = self.leading_bias * self.bias.coefficient(&self.functionals[1], contrast);
        [conventional, conventional - bias]
    }

    /// Their variances.
    fn variances(&self, contrast: &[f64]) -> [f64; 2] {
        let own = |method: usize, fit| {
            let scores = &self.scores[method];
            self.errors.variance(self.window, contrast, scores, fit)
        };
        // Residuals are those of the fit that the estimate ends with.
        [own(0, &self.estimate), own(1, &self.bias)]
    }
}

/// Jumps at the cutoff.
struct Jumps<'a> {
    fits: &'a [SideFit<'a>; 2],
    /// Of the outcome, and of the treatment of a fuzzy design.
    contrasts: Vec<Vec<f64>>,
}

impl<'a> Jumps<'a> {
    fn new(design: Design, fits: &'a [SideFit<'a>; 2]) -> Option<Self> {
        // Slopes are common to both sides, and those of the fits that estimate.
        let contrasts = design.adjusted(&[&fits[0].estimate, &fits[1].estimate])?;
        Some(Self { fits, contrasts })
    }

    /// The conventional and the corrected jump.
    fn values(&self, contrast: &[f64]) -> [f64; 2] {
        let [left, right] = self.fits.each_ref().map(|fit| fit.values(contrast));
        [right[0] - left[0], right[1] - left[1]]
    }

    /// Their standard errors.
    fn errors(&self, contrast: &[f64]) -> [f64; 2] {
        let (left, right) = rayon::join(
            || self.fits[0].variances(contrast),
            || self.fits[1].variances(contrast),
        );
        [(left[0] + right[0]).sqrt(), (left[1] + right[1]).sqrt()]
    }
}

/// The rows of the effect, then, in a fuzzy design, of the first stage.
fn estimates(
    sample: &Sample,
    jumps: &Jumps<'_>,
    options: &RdOptions,
    status: Status,
) -> Vec<RdEstimate> {
    let outcome = jumps.values(&jumps.contrasts[0]);
    let [largest_outcome, largest_treatment] = sample.largest.map(|largest| ROUNDING * largest);
    let rows = |part, values, errors, rounding| {
        let rows = MethodRows {
            part,
            values,
            errors,
            rounding,
        };
        rows.estimates(options.level, status)
    };
    let Some(treated) = jumps.contrasts.get(1) else {
        let errors = jumps.errors(&jumps.contrasts[0]);
        return rows(RdPart::Effect, outcome, errors, largest_outcome);
    };
    let treatment = jumps.values(treated);
    let first_errors = jumps.errors(treated);
    let first = rows(
        RdPart::FirstStage,
        treatment,
        first_errors,
        largest_treatment,
    );
    let jump = treatment[0];
    // Where the treatment does not jump nothing follows from the outcome; the first stage is shown all the same.
    if jump.abs() <= largest_treatment {
        let mut all = missing_rows(false, Status::NotIdentified);
        all.extend(first);
        return all;
    }
    let contrast = quotient(&jumps.contrasts, [outcome[0], jump]);
    let linear = jumps.values(&contrast);
    let ratio = outcome[0] / jump;
    // The quotient less the linearised bias.
    let values = [ratio, ratio - (linear[0] - linear[1])];
    // In units of the quotient.
    let rounding = largest_outcome / jump.abs();
    let mut all = rows(RdPart::Effect, values, jumps.errors(&contrast), rounding);
    all.extend(first);
    all
}

/// The estimates of a part by method.
struct MethodRows {
    part: RdPart,
    values: [f64; 2],
    errors: [f64; 2],
    rounding: f64,
}

impl MethodRows {
    fn estimates(&self, level: f64, status: Status) -> Vec<RdEstimate> {
        let [conventional, corrected] = self.values;
        let [plain, robust] = self.errors;
        let rows = [
            (RdMethod::Conventional, conventional, plain),
            (RdMethod::BiasCorrected, corrected, plain),
            (RdMethod::Robust, corrected, robust),
        ];
        rows.map(|(method, value, error)| {
            let error = (error, self.rounding);
            let own = Estimate::normal(value, error, level, Counts::default(), status);
            RdEstimate::new(self.part, method, &own)
        })
        .into()
    }
}
