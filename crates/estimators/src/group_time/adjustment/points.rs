//! The observations of one side of a comparison, in the form estimators sum over them.
//!
//! A [`Segment`] is a run of consecutive observations in the panel. Sums over them run in fixed chunks whose partial results are
//! added in order, so that the number of threads changes nothing. Where many observations share their covariates they are
//! first summed into one point per combination ([`Points`]); that is exact, as every sum needed is linear in weight and
//! weighted outcome.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::linear_algebra::{lane_dot, lane_sum};
use crate::panel::covariate_table::{Covariates, RowSlice};

/// Points per partial sum.
// 32 KiB a column, so that the few columns a sum reads stay in the cache of a core.
const CHUNK: usize = 4_096;

/// What is subtracted from the values of observations.
#[derive(Clone)]
pub(crate) enum Before<'a> {
    /// The values of the same units in another period.
    Values(&'a [f64]),
    /// The same for all.
    Origin(f64),
}

/// Consecutive observations: changes of units, or values of rows.
#[derive(Clone)]
pub(crate) struct Segment<'a> {
    /// Units (rows for cross-sections) of the sample.
    pub(crate) units: Range<usize>,
    /// Values, NaN where not seen.
    pub(crate) now: &'a [f64],
    /// What is subtracted from them.
    pub(crate) before: Before<'a>,
    /// Weights; `None` = all one.
    pub(crate) weights: Option<&'a [f64]>,
    /// Rows in the table of covariates.
    pub(crate) rows: RowSlice<'a>,
    /// Whether all of them are seen.
    pub(crate) is_complete: bool,
}

impl<'a> Segment<'a> {
    /// Some observations of it, counted from its start.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        Self {
            units: self.units.start + range.start..self.units.start + range.end,
            now: &self.now[range.clone()],
            before: match self.before {
                Before::Values(values) => Before::Values(&values[range.clone()]),
                Before::Origin(origin) => Before::Origin(origin),
            },
            weights: self.weights.map(|weights| &weights[range.clone()]),
            rows: self.rows.part(range.start, range.len()),
            is_complete: self.is_complete,
        }
    }

    /// Outcome and weight of each observation, both zero where it is not seen.
    pub(crate) fn load(&self, outcome: &mut Vec<f64>, weight: &mut Vec<f64>) {
        outcome.clear();
        match self.before {
            Before::Values(before) => {
                outcome.extend(self.now.iter().zip(before).map(|(a, b)| a - b));
            }
            Before::Origin(origin) => outcome.extend(self.now.iter().map(|value| value - origin)),
        }
        weight.clear();
        match self.weights {
            Some(weights) => weight.extend_from_slice(weights),
            None => weight.resize(outcome.len(), 1.0),
        }
        if self.is_complete {
            return;
        }
        for (value, weight) in outcome.iter_mut().zip(weight) {
            if value.is_nan() {
                (*value, *weight) = (0.0, 0.0);
            }
        }
    }
}

/// The observations of one side of a comparison.
pub(crate) struct Points<'a> {
    covariates: &'a Covariates,
    segments: Vec<Segment<'a>>,
    bins: Option<Bins>,
    chunks: Vec<(usize, Range<usize>)>,
}

impl<'a> Points<'a> {
    pub(crate) fn new(covariates: &'a Covariates, segments: Vec<Segment<'a>>) -> Self {
        let bins = covariates
            .are_shared()
            .then(|| Bins::of(&segments, covariates.columns[0].len()));
        let split = |index: usize, len: usize| {
            (0..len)
                .step_by(CHUNK)
                .map(move |start| (index, start..(start + CHUNK).min(len)))
        };
        let chunks = match &bins {
            Some(bins) => split(0, bins.weights.len()).collect(),
            None => (0..segments.len())
                .flat_map(|index| split(index, segments[index].now.len()))
                .collect(),
        };
        Self {
            covariates,
            segments,
            bins,
            chunks,
        }
    }

    /// The same observations with other columns of covariates.
    pub(crate) fn on<'b>(&self, covariates: &'b Covariates) -> Points<'b>
    where
        'a: 'b,
    {
        Points {
            covariates,
            segments: self.segments.clone(),
            bins: self.bins.clone(),
            chunks: self.chunks.clone(),
        }
    }

    /// Whether observations with the same covariates were summed.
    pub(crate) fn are_summed(&self) -> bool {
        self.bins.is_some()
    }

    /// Chunks [`Points::map`] works on.
    pub(crate) fn n_chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Coefficients of a linear form: one more than covariates.
    pub(crate) fn n_coefficients(&self) -> usize {
        self.covariates.columns.len() + 1
    }

    /// Applies `f` to all points, chunk by chunk; the results come in the order of the points.
    pub(crate) fn map<T: Send>(&self, f: impl Fn(&LoadedPoints<'_>) -> T + Sync) -> Vec<T> {
        self.map_every(1, f)
    }

    /// Applies `f` to every `stride`th chunk.
    pub(crate) fn map_every<T: Send>(
        &self,
        stride: usize,
        f: impl Fn(&LoadedPoints<'_>) -> T + Sync,
    ) -> Vec<T> {
        self.chunks
            .par_iter()
            .step_by(stride)
            .map_init(Buffers::default, |buffers, (index, range)| {
                f(&self.loaded(*index, range, buffers))
            })
            .collect()
    }

    fn loaded<'b>(
        &'b self,
        index: usize,
        range: &Range<usize>,
        buffers: &'b mut Buffers,
    ) -> LoadedPoints<'b> {
        if let Some(bins) = &self.bins {
            return LoadedPoints {
                covariates: self.covariates,
                first_row: range.start,
                first_unit: 0,
                counts: &bins.counts[range.clone()],
                weights: &bins.weights[range.clone()],
                outcomes: &bins.outcomes[range.clone()],
            };
        }
        let segment = self.segments[index].part(range.clone());
        segment.load(&mut buffers.outcomes, &mut buffers.weights);
        // Otherwise weights are one, or zero where the outcome is zero already.
        if segment.weights.is_some() {
            for (outcome, weight) in buffers.outcomes.iter_mut().zip(&buffers.weights) {
                *outcome *= weight;
            }
        }
        let counts = if segment.weights.is_some() {
            let seen = buffers
                .weights
                .iter()
                // The unweighted logit counts observations; one of weight zero counts as absent.
                .map(|&w| f64::from(u8::from(w != 0.0)));
            buffers.counts.clear();
            buffers.counts.extend(seen);
            &buffers.counts
        } else {
            &buffers.weights
        };
        let RowSlice::From(first_row) = segment.rows else {
            unreachable!("observations that share covariates are summed first")
        };
        LoadedPoints {
            covariates: self.covariates,
            first_row,
            first_unit: segment.units.start,
            counts,
            weights: &buffers.weights,
            outcomes: &buffers.outcomes,
        }
    }

    /// Sums vectors of `len` numbers over the chunks.
    pub(crate) fn sum(
        &self,
        len: usize,
        add: impl Fn(&LoadedPoints<'_>, &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let parts = self.map(|loaded| {
            let mut sums = vec![0.0; len];
            add(loaded, &mut sums);
            sums
        });
        let mut total = vec![0.0; len];
        for part in parts {
            for (sum, own) in total.iter_mut().zip(part) {
                *sum += own;
            }
        }
        total
    }

    /// Sums of weights and covariates.
    pub(crate) fn weight_moments(&self) -> WeightMoments {
        let k = self.n_coefficients();
        let sums = self.sum(triangle(k), |loaded, sums| {
            loaded.add_products(loaded.weights, &mut Vec::new(), sums);
        });
        WeightMoments::of(symmetric(&sums, k))
    }

    /// Σ ω y X, intercept first.
    pub(crate) fn outcome_vector(&self) -> DVector<f64> {
        let sums = self.sum(self.n_coefficients(), |loaded, sums| {
            loaded.add_vector(loaded.outcomes, sums);
        });
        DVector::from_vec(sums)
    }
}

/// The two sides of a comparison.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) treated: &'a Points<'a>,
    pub(crate) control: &'a Points<'a>,
}

impl<'a> Sides<'a> {
    /// Treated, then comparison.
    pub(crate) fn of([treated, control]: &'a [Points<'a>; 2]) -> Self {
        Self { treated, control }
    }
}

/// Some points, loaded.
pub(crate) struct LoadedPoints<'b> {
    covariates: &'b Covariates,
    first_row: usize,
    /// First unit of the sample; only without bins.
    pub(crate) first_unit: usize,
    /// Observations with a weight per point.
    pub(crate) counts: &'b [f64],
    /// Weight per point.
    pub(crate) weights: &'b [f64],
    /// Weight times outcome per point.
    pub(crate) outcomes: &'b [f64],
}

impl LoadedPoints<'_> {
    pub(crate) fn len(&self) -> usize {
        self.weights.len()
    }

    /// Rows of the table of covariates.
    pub(crate) fn rows(&self) -> Range<usize> {
        self.first_row..self.first_row + self.len()
    }

    /// The values of a covariate.
    pub(crate) fn column(&self, index: usize) -> &[f64] {
        &self.covariates.columns[index][self.rows()]
    }

    /// β₀ + Σ β_j X_j for each point.
    pub(crate) fn linear(&self, coefficients: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.resize(self.len(), 0.0);
        linear_form(self.covariates, coefficients, self.first_row, out);
    }

    /// Adds Σ s X (intercept first) to the head of `sums`.
    pub(crate) fn add_vector(&self, scale: &[f64], sums: &mut [f64]) {
        sums[0] += lane_sum(scale);
        for (index, sum) in sums[1..].iter_mut().enumerate() {
            *sum += lane_dot(scale, self.column(index));
        }
    }

    /// Adds the lower triangle of Σ s X X' (intercept first), row by row.
    pub(crate) fn add_products(&self, scale: &[f64], buffer: &mut Vec<f64>, sums: &mut [f64]) {
        sums[0] += lane_sum(scale);
        let mut next = 1;
        // Half of the products, the matrix being symmetric; each column is scaled once for all products with earlier ones.
        for row in 0..self.covariates.columns.len() {
            buffer.clear();
            buffer.extend(self.column(row).iter().zip(scale).map(|(x, s)| x * s));
            sums[next] += lane_sum(buffer);
            next += 1;
            for column in 0..=row {
                sums[next] += lane_dot(buffer, self.column(column));
                next += 1;
            }
        }
    }
}

/// Buffers of one thread.
#[derive(Default)]
struct Buffers {
    counts: Vec<f64>,
    weights: Vec<f64>,
    outcomes: Vec<f64>,
}

/// Observations summed by their covariates.
#[derive(Clone)]
struct Bins {
    counts: Vec<f64>,
    weights: Vec<f64>,
    outcomes: Vec<f64>,
}

impl Bins {
    fn of(segments: &[Segment<'_>], n_rows: usize) -> Self {
        let mut bins = Self {
            counts: vec![0.0; n_rows],
            weights: vec![0.0; n_rows],
            outcomes: vec![0.0; n_rows],
        };
        // On one thread, in the order of the units: threads would each need bins of their own, added up in a fixed order.
        for segment in segments {
            let RowSlice::Codes(codes) = segment.rows else {
                unreachable!("observations that share covariates have codes")
            };
            for (unit, &code) in codes.iter().enumerate() {
                let before = match segment.before {
                    Before::Values(values) => values[unit],
                    Before::Origin(origin) => origin,
                };
                let outcome = segment.now[unit] - before;
                if !outcome.is_nan() {
                    let weight = segment.weights.map_or(1.0, |weights| weights[unit]);
                    bins.counts[code as usize] += f64::from(u8::from(weight != 0.0));
                    bins.weights[code as usize] += weight;
                    bins.outcomes[code as usize] += weight * outcome;
                }
            }
        }
        bins
    }
}

/// Sums of weights and covariates.
pub(crate) struct WeightMoments {
    /// Σ ω X, intercept first: its first entry is Σ ω.
    pub(crate) vector: DVector<f64>,
    /// Σ ω X X'.
    pub(crate) matrix: DMatrix<f64>,
}

impl WeightMoments {
    pub(crate) fn of(matrix: DMatrix<f64>) -> Self {
        Self {
            vector: matrix.column(0).into_owned(),
            matrix,
        }
    }
}

/// Coefficients, intercept first, on consecutive rows of the table; no coefficients = zero.
pub(crate) fn linear_form(
    covariates: &Covariates,
    coefficients: &[f64],
    first_row: usize,
    out: &mut [f64],
) {
    let Some((intercept, slopes)) = coefficients.split_first() else {
        out.fill(0.0);
        return;
    };
    out.fill(*intercept);
    let rows = first_row..first_row + out.len();
    let used = covariates.columns.iter().zip(slopes);
    let used: Vec<(&[f64], f64)> = used
        // Columns that were left out have a slope of zero.
        .filter(|(_, slope)| **slope != 0.0)
        .map(|(column, slope)| (&column[rows.clone()], *slope))
        .collect();
    // Three columns at a time: each pass over `out` costs as much as a column.
    for columns in used.chunks(3) {
        match *columns {
            [(a, at_a), (b, at_b), (c, at_c)] => {
                for (((slot, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
                    *slot += at_a * a + at_b * b + at_c * c;
                }
            }
            [(a, at_a), (b, at_b)] => {
                for ((slot, a), b) in out.iter_mut().zip(a).zip(b) {
                    *slot += at_a * a + at_b * b;
                }
            }
            _ => {
                for (a, at_a) in columns {
                    for (slot, a) in out.iter_mut().zip(*a) {
                        *slot += at_a * a;
                    }
                }
            }
        }
    }
}

/// Numbers in the lower triangle of a k × k matrix.
pub(crate) fn triangle(k: usize) -> usize {
    k * (k + 1) / 2
}

/// The symmetric matrix of a lower triangle, row by row.
pub(crate) fn symmetric(lower: &[f64], k: usize) -> DMatrix<f64> {
    DMatrix::from_fn(k, k, |a, b| {
        let (row, column) = (a.max(b), a.min(b));
        lower[triangle(row) + column]
    })
}
