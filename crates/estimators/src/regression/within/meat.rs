//! Sums of scores over clusters, and leverages.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::regression::design::block::NO_COLUMN;
use crate::regression::groups::{Groups, counting_sort};
use crate::regression::within::columns::{
    Centre, MAX_RANGES, RANGE_ROWS, RowRange, SparseSums, WAVE_NUMBERS, Within, split,
};
use crate::regression::within::demean::Partition;

/// Numbers in a table of cluster sums that every range of rows may have for itself.
const TABLE_NUMBERS: usize = 1 << 18;

/// Groups with more rows than this have their means written out.
const LARGE_GROUP: usize = 256;

/// 1 − h below this is leverage one.
const LEVERAGE_ONE: f64 = 1e-10;

/// Rows that nothing but themselves determines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeverageOne {
    pub(crate) n_rows: u64,
}

impl Within {
    /// Σ over clusters of outer products of the sums of ωx̃e; e has its means taken out.
    pub(crate) fn cluster_meat(&self, e: &[f64], clusters: &Groups) -> DMatrix<f64> {
        // Each row is its own cluster: products of rows, without a table of sums.
        if clusters.n_groups == self.n_rows {
            let q: Vec<f64> = (0..self.n_rows)
                .map(|row| (self.weight(row) * e[row]).powi(2))
                .collect();
            return self.weighted_gram(Some(&q));
        }
        let k = self.n_columns;
        let means = GroupMeans::new(self, clusters);
        if let Centre::Constant(constant) = &self.centre {
            // Sums of the columns as they are, and of ωe; the means come in afterwards.
            let joint = self.scores(e, clusters, &means);
            let mut meat = joint.view((0, 0), (k, k)).into_owned();
            let (cross, all) = (joint.view((k, 0), (1, k)), joint[(k, k)]);
            for a in 0..k {
                for b in 0..k {
                    meat[(a, b)] += all * constant[a] * constant[b]
                        - cross[a] * constant[b]
                        - constant[a] * cross[b];
                }
            }
            return meat;
        }
        let joint = self.scores(e, clusters, &means);
        joint.view((0, 0), (k, k)).into_owned()
    }

    /// Outer products of cluster sums, with Σωe as a last column.
    fn scores(&self, e: &[f64], clusters: &Groups, means: &GroupMeans<'_>) -> DMatrix<f64> {
        let k = self.n_columns + 1;
        if clusters.n_groups * k <= TABLE_NUMBERS {
            let table = self.sum_ranges(clusters.n_groups * k, |range, table| {
                self.add_scores(e, clusters, means, range, table);
            });
            let table = DMatrix::from_column_slice(k, clusters.n_groups, &table);
            return &table * table.transpose();
        }
        let is_sorted = clusters.codes.is_sorted();
        let rows: Vec<u32> = (0..self.n_rows as u32).collect();
        let rows = if is_sorted {
            rows
        } else {
            counting_sort(&rows, clusters)
        };
        let mut bounds = vec![0_usize];
        let target = (self.n_rows / MAX_RANGES).max(RANGE_ROWS);
        for at in 1..rows.len() {
            let starts = clusters.codes[rows[at] as usize] != clusters.codes[rows[at - 1] as usize];
            if starts && at - bounds[bounds.len() - 1] >= target {
                bounds.push(at);
            }
        }
        bounds.push(rows.len());
        let wave = (WAVE_NUMBERS / (k * k)).clamp(2, MAX_RANGES);
        let mut meat = DMatrix::zeros(k, k);
        let pairs: Vec<&[usize]> = bounds.windows(2).collect();
        for some in pairs.chunks(wave) {
            let parts: Vec<DMatrix<f64>> = some
                .par_iter()
                .map(|pair| self.streamed(e, clusters, means, &rows[pair[0]..pair[1]]))
                .collect();
            for part in parts {
                meat += part;
            }
        }
        meat.fill_upper_triangle_with_lower_triangle();
        meat
    }

    /// Adds scores of a range of rows to a table with a row of k + 1 numbers per cluster.
    fn add_scores(
        &self,
        e: &[f64],
        clusters: &Groups,
        means: &GroupMeans<'_>,
        range: &RowRange,
        table: &mut [f64],
    ) {
        let k = self.n_columns + 1;
        for row in range.rows.clone() {
            let own = &mut table[clusters.codes[row] as usize * k..][..k];
            let score = self.weight(row) * e[row];
            for column in &self.dense {
                own[column.index] += score * column.values[row];
            }
            for block in &self.indicators {
                if block.codes[row] != NO_COLUMN {
                    own[block.first + block.codes[row] as usize] += score;
                }
            }
            own[k - 1] += score;
        }
        if let Some(partition) = means.partition {
            for group in range.first_group..range.end_group {
                let rows = partition.rows(group);
                let code = clusters.codes[rows.start];
                // Within one cluster the group's ωe add up to zero, and what the means would take off with them.
                if clusters.codes[rows.clone()].iter().all(|&c| c == code) {
                    continue;
                }
                for row in rows {
                    let own = &mut table[clusters.codes[row] as usize * k..][..k];
                    let score = self.weight(row) * e[row];
                    means.visit(group, |column, mean| own[column] -= score * mean);
                }
            }
        }
    }

    /// The lower triangle of the outer products of the clusters among `rows`, which are sorted by cluster.
    fn streamed(
        &self,
        e: &[f64],
        clusters: &Groups,
        means: &GroupMeans<'_>,
        rows: &[u32],
    ) -> DMatrix<f64> {
        let k = self.n_columns + 1;
        let mut meat = DMatrix::zeros(k, k);
        let mut touched = SparseSums::new(k);
        for own in rows.chunk_by(|&a, &b| clusters.codes[a as usize] == clusters.codes[b as usize])
        {
            touched.clear();
            for &row in own {
                let row = row as usize;
                let score = self.weight(row) * e[row];
                for column in &self.dense {
                    touched.add(column.index, score * column.values[row]);
                }
                for block in &self.indicators {
                    if block.codes[row] != NO_COLUMN {
                        touched.add(block.first + block.codes[row] as usize, score);
                    }
                }
                touched.add(k - 1, score);
            }
            means.subtract(self, e, own, &mut touched);
            for (place, &a) in touched.columns.iter().enumerate() {
                let sum = touched.sums[a as usize];
                for &b in &touched.columns[..=place] {
                    let at = (a.max(b) as usize, a.min(b) as usize);
                    meat[at] += sum * touched.sums[b as usize];
                }
            }
        }
        meat
    }

    /// 1 − h per row: h = ω(1/W + x̃'A x̃), W the weight of the row's group where groups are absorbed.
    pub(crate) fn one_minus_leverage(
        &self,
        inverse: &DMatrix<f64>,
    ) -> Result<Vec<f64>, LeverageOne> {
        let ranges = self.ranges();
        let mut free = vec![0.0; self.n_rows];
        let parts = split(&mut free, &ranges);
        ranges.par_iter().zip(parts).for_each(|(range, part)| {
            let mut work = Leverage::new(self, inverse);
            match &self.centre {
                Centre::Zero => work.rows(range, 0.0, part),
                Centre::Constant(means) => {
                    work.set_mean(means.iter().copied().enumerate());
                    work.rows(range, 0.0, part);
                }
                Centre::Groups(partition) => {
                    for group in range.first_group..range.end_group {
                        let rows = partition.rows(group);
                        work.group(rows.clone(), partition.totals[group]);
                        let from = rows.start - range.rows.start;
                        let end = rows.end - range.rows.start;
                        let own = RowRange {
                            rows,
                            first_group: group,
                            end_group: group + 1,
                        };
                        let base = 1.0 / partition.totals[group];
                        work.rows(&own, base, &mut part[from..end]);
                    }
                }
            }
        });
        match free.iter().filter(|&&value| value < LEVERAGE_ONE).count() {
            0 => Ok(free),
            n => Err(LeverageOne { n_rows: n as u64 }),
        }
    }
}

/// Means of indicators in the groups of the absorbed partition, where a cluster may cut a group.
struct GroupMeans<'a> {
    within: &'a Within,
    /// `None` when no cluster cuts a group: scores then sum to what they are without means.
    partition: Option<&'a Partition>,
    /// The written-out means of large groups.
    large: Vec<Option<Vec<f64>>>,
}

impl<'a> GroupMeans<'a> {
    fn new(within: &'a Within, clusters: &Groups) -> Self {
        let mut means = Self {
            within,
            partition: None,
            large: Vec::new(),
        };
        let Centre::Groups(partition) = &within.centre else {
            return means;
        };
        let is_cut = |group: usize| {
            let codes = &clusters.codes[partition.rows(group)];
            codes.iter().any(|code| *code != codes[0])
        };
        if within.indicators.is_empty() || !(0..partition.n_groups()).any(is_cut) {
            return means;
        }
        let written_out = |group: usize| {
            let rows = partition.rows(group);
            (rows.len() > LARGE_GROUP).then(|| {
                let mut touched = SparseSums::new(within.n_columns);
                within.add_indicators(rows, &mut touched, |row| within.weight(row));
                let sums = touched.sums.iter();
                sums.map(|sum| sum / partition.totals[group]).collect()
            })
        };
        means.partition = Some(partition);
        means.large = (0..partition.n_groups()).map(written_out).collect();
        means
    }

    /// Hands over parts of the group's means; the parts of a column add up to its mean.
    fn visit(&self, group: usize, mut part: impl FnMut(usize, f64)) {
        let Some(partition) = self.partition else {
            return;
        };
        if let Some(means) = &self.large[group] {
            means
                .iter()
                .enumerate()
                .for_each(|(k, &mean)| part(k, mean));
            return;
        }
        for block in &self.within.indicators {
            for row in partition.rows(group) {
                if block.codes[row] != NO_COLUMN {
                    let share = self.within.weight(row) / partition.totals[group];
                    part(block.first + block.codes[row] as usize, share);
                }
            }
        }
    }

    /// Subtracts the means of the groups that the rows of one cluster lie in.
    fn subtract(&self, within: &Within, e: &[f64], rows: &[u32], touched: &mut SparseSums) {
        let Some(partition) = self.partition else {
            return;
        };
        // The rows of a cluster ascend, so that those of one group follow each other.
        let mut at = 0;
        while at < rows.len() {
            let group = partition.group_of(rows[at]);
            let (mut score, end) = (0.0, partition.rows(group).end);
            while at < rows.len() && (rows[at] as usize) < end {
                let row = rows[at] as usize;
                score += within.weight(row) * e[row];
                at += 1;
            }
            self.visit(group, |column, mean| touched.add(column, -score * mean));
        }
    }
}

/// Quadratic forms of rows, group by group.
struct Leverage<'a> {
    within: &'a Within,
    inverse: &'a DMatrix<f64>,
    touched: SparseSums,
    /// A x̄.
    image: DVector<f64>,
    /// x̄'A x̄.
    square: f64,
}

impl<'a> Leverage<'a> {
    fn new(within: &'a Within, inverse: &'a DMatrix<f64>) -> Self {
        Self {
            within,
            inverse,
            touched: SparseSums::new(within.n_columns),
            image: DVector::zeros(within.n_columns),
            square: 0.0,
        }
    }

    /// The means of the group with these rows.
    fn group(&mut self, rows: std::ops::Range<usize>, total: f64) {
        // Taken out of `self`, all of which `set_mean` borrows.
        let mut touched = std::mem::replace(&mut self.touched, SparseSums::new(0));
        touched.clear();
        let within = self.within;
        within.add_indicators(rows, &mut touched, |row| within.weight(row) / total);
        self.set_mean(
            touched
                .columns
                .iter()
                .map(|&k| (k as usize, touched.sums[k as usize])),
        );
        self.touched = touched;
    }

    fn set_mean(&mut self, mean: impl Iterator<Item = (usize, f64)> + Clone) {
        self.image.fill(0.0);
        for (k, value) in mean.clone() {
            self.image.axpy(value, &self.inverse.column(k), 1.0);
        }
        self.square = mean.map(|(k, value)| value * self.image[k]).sum();
    }

    /// 1 − h of rows that share the mean and the leverage `base` of their absorbed group.
    fn rows(&self, range: &RowRange, base: f64, free: &mut [f64]) {
        let mut entries: Vec<(usize, f64)> = Vec::new();
        for (row, free) in range.rows.clone().zip(free) {
            entries.clear();
            for block in &self.within.indicators {
                if block.codes[row] != NO_COLUMN {
                    entries.push((block.first + block.codes[row] as usize, 1.0));
                }
            }
            for column in &self.within.dense {
                entries.push((column.index, column.values[row]));
            }
            // x̃'Ax̃ = x'Ax − 2x'Ax̄ + x̄'Ax̄, with x̄ worked out once for the group.
            let mut form = self.square;
            for &(a, x) in &entries {
                form -= 2.0 * x * self.image[a];
                for &(b, z) in &entries {
                    form += x * z * self.inverse[(b, a)];
                }
            }
            *free = 1.0 - self.within.weight(row) * (base + form);
        }
    }
}
