//! Columns of a regression after absorbing what is absorbed, without writing them out: indicators stay codes.
//!
//! A column x̃ is the column less its (weighted) mean in each group of the largest fixed effect, or less its overall mean.
//! Columns of numbers are stored with the means taken out; of indicators only the codes are kept, and every sum is corrected for
//! the means of each group: Σq(x − x̄)(z − z̄)' = Σqxz' − u z̄' − x̄ v' + Q x̄z̄' with u = Σqx, v = Σqz, Q = Σq. Sums run over
//! fixed ranges of rows, joined in order, so that the number of threads does not matter.
//!
//! Making it is in `absorb.rs`; sums over clusters and leverages are in `meat.rs`.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::regression::design::block::NO_COLUMN;
use crate::regression::within::demean::Partition;

/// Rows in a range of work, at least.
pub(super) const RANGE_ROWS: usize = 1 << 15;

/// Ranges of work, at most.
pub(super) const MAX_RANGES: usize = 64;

/// Numbers held by the accumulators of ranges worked on at the same time.
pub(super) const WAVE_NUMBERS: usize = 1 << 24;

/// What is subtracted from the columns.
pub(crate) enum Centre {
    /// Nothing: no intercept, or everything is absorbed already.
    Zero,
    /// Overall means, of every column (zero where it is taken out already).
    Constant(Vec<f64>),
    /// Means in contiguous groups.
    Groups(Partition),
}

/// One column of numbers, its means taken out.
pub(crate) struct DenseColumn {
    pub(crate) values: Vec<f64>,
    /// Its place among all columns.
    pub(crate) index: usize,
}

/// Indicators that exclude each other.
pub(crate) struct IndicatorBlock {
    /// Per row, the place among the block's columns, or [`NO_COLUMN`].
    pub(crate) codes: Vec<u32>,
    /// Place of the block's first column among all columns.
    pub(crate) first: usize,
}

/// The columns.
pub(crate) struct Within {
    pub(crate) n_rows: usize,
    pub(crate) n_columns: usize,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) centre: Centre,
    pub(crate) dense: Vec<DenseColumn>,
    pub(crate) indicators: Vec<IndicatorBlock>,
}

impl Within {
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights.as_deref().map_or(1.0, |w| w[row])
    }

    pub(crate) fn total_weight(&self) -> f64 {
        match &self.weights {
            Some(weights) => weights.iter().sum(),
            None => self.n_rows as f64,
        }
    }

    /// Σωab over the rows, one of them with its means taken out.
    pub(crate) fn dot(&self, a: &[f64], b: &[f64]) -> f64 {
        let ranges = self.ranges();
        let parts: Vec<f64> = ranges
            .par_iter()
            .map(|range| {
                let rows = range.rows.clone();
                let weights = self.weights.as_deref().map(|w| &w[rows.clone()]);
                crate::linear_algebra::dot(&a[rows.clone()], &b[rows], weights)
            })
            .collect();
        parts.iter().sum()
    }

    /// All Σω x̃z̃.
    pub(crate) fn gram(&self) -> DMatrix<f64> {
        self.weighted_gram(None)
    }

    /// All Σq x̃z̃, for row weights q in place of ω.
    pub(crate) fn weighted_gram(&self, q: Option<&[f64]>) -> DMatrix<f64> {
        let k = self.n_columns;
        let total = self.sum_ranges(k * k + k + 1, |range, sums| {
            self.gram_of(range, q, sums);
        });
        let mut gram = DMatrix::from_column_slice(k, k, &total[..k * k]);
        if let Centre::Constant(means) = &self.centre {
            let (sums, all) = (&total[k * k..k * k + k], total[k * k + k]);
            for a in 0..k {
                for b in 0..=a {
                    gram[(a, b)] +=
                        all * means[a] * means[b] - sums[a] * means[b] - means[a] * sums[b];
                }
            }
        }
        gram.fill_upper_triangle_with_lower_triangle();
        gram
    }

    /// Σω x̃e per column, for e with its means taken out.
    pub(crate) fn products(&self, e: &[f64]) -> DVector<f64> {
        let sums = self.sum_ranges(self.n_columns, |range, sums| {
            for column in &self.dense {
                sums[column.index] += self.range_dot(range, &column.values, e);
            }
            for block in &self.indicators {
                for row in range.rows.clone() {
                    if block.codes[row] != NO_COLUMN {
                        let column = block.first + block.codes[row] as usize;
                        sums[column] += self.weight(row) * e[row];
                    }
                }
            }
        });
        DVector::from_vec(sums)
    }

    /// `from` (zero when absent) less the columns times the coefficients, with the means taken out again.
    pub(crate) fn residuals(&self, from: Option<&[f64]>, coefficients: &[f64]) -> Vec<f64> {
        let mut residuals = match from {
            Some(values) => values.to_vec(),
            None => vec![0.0; self.n_rows],
        };
        self.subtract(&mut residuals, coefficients);
        residuals
    }

    /// Subtracts the columns times the coefficients, and the means again.
    pub(crate) fn subtract(&self, values: &mut [f64], coefficients: &[f64]) {
        let ranges = self.ranges();
        let constant: f64 = match &self.centre {
            Centre::Constant(means) => means.iter().zip(coefficients).map(|(m, b)| m * b).sum(),
            _ => 0.0,
        };
        let parts = split(values, &ranges);
        ranges.par_iter().zip(parts).for_each(|(range, part)| {
            for column in &self.dense {
                let coefficient = coefficients[column.index];
                if coefficient != 0.0 {
                    for (value, x) in part.iter_mut().zip(&column.values[range.rows.clone()]) {
                        *value -= coefficient * x;
                    }
                }
            }
            for block in &self.indicators {
                let own = &coefficients[block.first..];
                for (value, &code) in part.iter_mut().zip(&block.codes[range.rows.clone()]) {
                    if code != NO_COLUMN {
                        *value -= own[code as usize];
                    }
                }
            }
            match &self.centre {
                Centre::Groups(partition) => {
                    partition.subtract_means(range.first_group, part, self.weights.as_deref());
                }
                // A column less its mean: the means of all columns come back as one number.
                _ => part.iter_mut().for_each(|value| *value += constant),
            }
        });
    }

    fn range_dot(&self, range: &RowRange, a: &[f64], b: &[f64]) -> f64 {
        let rows = range.rows.clone();
        let weights = self.weights.as_deref().map(|w| &w[rows.clone()]);
        crate::linear_algebra::dot(&a[rows.clone()], &b[rows], weights)
    }

    /// Ranges of rows that no group crosses; they depend on the data only.
    pub(super) fn ranges(&self) -> Vec<RowRange> {
        let target = (self.n_rows / MAX_RANGES).max(RANGE_ROWS);
        let mut ranges = Vec::new();
        match &self.centre {
            Centre::Groups(partition) => {
                let mut first = 0;
                for group in 0..partition.n_groups() {
                    let (from, end) = (partition.rows(first).start, partition.rows(group).end);
                    if end - from >= target || group + 1 == partition.n_groups() {
                        ranges.push(RowRange {
                            first_group: first,
                            end_group: group + 1,
                            rows: from..end,
                        });
                        first = group + 1;
                    }
                }
            }
            _ => {
                for from in (0..self.n_rows).step_by(target) {
                    ranges.push(RowRange {
                        first_group: 0,
                        end_group: 0,
                        rows: from..(from + target).min(self.n_rows),
                    });
                }
            }
        }
        ranges
    }

    /// The sum over all ranges of what `add` puts into an accumulator of `length` zeros.
    pub(super) fn sum_ranges(
        &self,
        length: usize,
        add: impl Fn(&RowRange, &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let ranges = self.ranges();
        // No more ranges at a time than their accumulators, of k² numbers for products, may take.
        let wave = (WAVE_NUMBERS / length.max(1)).clamp(2, MAX_RANGES);
        let mut total = vec![0.0; length];
        for some in ranges.chunks(wave) {
            let parts: Vec<Vec<f64>> = some
                .par_iter()
                .map(|range| {
                    let mut sums = vec![0.0; length];
                    add(range, &mut sums);
                    sums
                })
                .collect();
            for part in parts {
                for (total, value) in total.iter_mut().zip(part) {
                    *total += value;
                }
            }
        }
        total
    }

    /// Adds the lower triangle of Σq x̃z̃' (of Σqxz' for a constant centre, followed by Σqx and Σq).
    fn gram_of(&self, range: &RowRange, q: Option<&[f64]>, sums: &mut [f64]) {
        let k = self.n_columns;
        let weights = q.or(self.weights.as_deref());
        let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
        for (place, a) in self.dense.iter().enumerate() {
            for b in &self.dense[..=place] {
                let rows = range.rows.clone();
                let own = weights.map(|w| &w[rows.clone()]);
                let (x, z) = (&a.values[rows.clone()], &b.values[rows]);
                sums[lower(k, a.index, b.index)] += crate::linear_algebra::dot(x, z, own);
            }
        }
        for (place, block) in self.indicators.iter().enumerate() {
            for column in &self.dense {
                for row in range.rows.clone() {
                    if block.codes[row] != NO_COLUMN {
                        let own = block.first + block.codes[row] as usize;
                        sums[lower(k, own, column.index)] += weight(row) * column.values[row];
                    }
                }
            }
            for row in range.rows.clone() {
                if block.codes[row] != NO_COLUMN {
                    let own = block.first + block.codes[row] as usize;
                    sums[own * k + own] += weight(row);
                }
            }
            for other in &self.indicators[..place] {
                for row in range.rows.clone() {
                    if block.codes[row] != NO_COLUMN && other.codes[row] != NO_COLUMN {
                        let own = block.first + block.codes[row] as usize;
                        let their = other.first + other.codes[row] as usize;
                        sums[lower(k, own, their)] += weight(row);
                    }
                }
            }
        }
        match &self.centre {
            Centre::Groups(partition) if !self.indicators.is_empty() => {
                self.correct_groups(range, partition, q, sums);
            }
            Centre::Constant(_) => self.add_sums(range, weights, &mut sums[k * k..]),
            _ => {}
        }
    }

    /// Adds Σqx per column, and Σq after them.
    fn add_sums(&self, range: &RowRange, weights: Option<&[f64]>, sums: &mut [f64]) {
        let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
        for column in &self.dense {
            let own = range
                .rows
                .clone()
                .map(|row| weight(row) * column.values[row]);
            sums[column.index] += own.sum::<f64>();
        }
        for block in &self.indicators {
            for row in range.rows.clone() {
                if block.codes[row] != NO_COLUMN {
                    sums[block.first + block.codes[row] as usize] += weight(row);
                }
            }
        }
        sums[self.n_columns] += range.rows.clone().map(weight).sum::<f64>();
    }

    /// Subtracts what the means of the groups contribute to indicators.
    fn correct_groups(
        &self,
        range: &RowRange,
        partition: &Partition,
        q: Option<&[f64]>,
        sums: &mut [f64],
    ) {
        let k = self.n_columns;
        let mut touched = SparseSums::new(k);
        let mut own = vec![0.0; k];
        for group in range.first_group..range.end_group {
            let rows = partition.rows(group);
            let total = partition.totals[group];
            touched.clear();
            self.add_indicators(rows.clone(), &mut touched, |row| self.weight(row));
            // With q = ω the corrections for the means fall together into one.
            let Some(q) = q else {
                for (place, &a) in touched.columns.iter().enumerate() {
                    let mean = touched.sums[a as usize] / total;
                    for &b in &touched.columns[..=place] {
                        sums[lower(k, a as usize, b as usize)] -= mean * touched.sums[b as usize];
                    }
                }
                continue;
            };
            touched.columns.iter().for_each(|&a| own[a as usize] = 0.0);
            for block in &self.indicators {
                for row in rows.clone() {
                    if block.codes[row] != NO_COLUMN {
                        own[block.first + block.codes[row] as usize] += q[row];
                    }
                }
            }
            let all: f64 = q[rows.clone()].iter().sum();
            for (place, &a) in touched.columns.iter().enumerate() {
                let a = a as usize;
                let mean = touched.sums[a] / total;
                for &b in &touched.columns[..=place] {
                    let b = b as usize;
                    let other = touched.sums[b] / total;
                    sums[lower(k, a, b)] += all * mean * other - own[a] * other - mean * own[b];
                }
                // Numbers have means of zero under ω, not under q.
                for column in &self.dense {
                    let pairs = rows.clone().map(|row| q[row] * column.values[row]);
                    sums[lower(k, a, column.index)] -= mean * pairs.sum::<f64>();
                }
            }
        }
    }

    /// Adds a value per row to the indicators that are one in it.
    pub(super) fn add_indicators(
        &self,
        rows: Range<usize>,
        touched: &mut SparseSums,
        value: impl Fn(usize) -> f64,
    ) {
        for block in &self.indicators {
            for row in rows.clone() {
                if block.codes[row] != NO_COLUMN {
                    touched.add(block.first + block.codes[row] as usize, value(row));
                }
            }
        }
    }
}

/// Rows worked on together.
pub(super) struct RowRange {
    pub(super) rows: Range<usize>,
    pub(super) first_group: usize,
    pub(super) end_group: usize,
}

/// The parts of a column that belong to the ranges.
pub(super) fn split<'a>(mut values: &'a mut [f64], ranges: &[RowRange]) -> Vec<&'a mut [f64]> {
    let mut parts = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (part, rest) = values.split_at_mut(range.rows.len());
        parts.push(part);
        values = rest;
    }
    parts
}

/// Place in a square matrix, by columns, of the element below the diagonal.
fn lower(k: usize, a: usize, b: usize) -> usize {
    a.max(b) + k * a.min(b)
}

/// Sums of few columns out of many.
pub(super) struct SparseSums {
    pub(super) columns: Vec<u32>,
    pub(super) sums: Vec<f64>,
    pub(super) is_touched: Vec<bool>,
}

impl SparseSums {
    pub(super) fn new(n_columns: usize) -> Self {
        Self {
            columns: Vec::new(),
            sums: vec![0.0; n_columns],
            is_touched: vec![false; n_columns],
        }
    }

    pub(super) fn clear(&mut self) {
        // A group touches few of the columns: zeroing only these keeps the work in proportion to the rows.
        for column in self.columns.drain(..) {
            self.sums[column as usize] = 0.0;
            self.is_touched[column as usize] = false;
        }
    }

    pub(super) fn add(&mut self, column: usize, value: f64) {
        if !self.is_touched[column] {
            self.is_touched[column] = true;
            self.columns.push(column as u32);
        }
        self.sums[column] += value;
    }
}
