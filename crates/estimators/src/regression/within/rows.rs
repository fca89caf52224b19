//! Rows of the columns of a regression, written out.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::regression::design::block::NO_COLUMN;
use crate::regression::within::columns::{Centre, SparseSums, Within};

/// Groups with more rows than this have their means written out once.
const LARGE_GROUP: usize = 256;

/// Writes out some of the columns, their means taken out.
pub(crate) struct RowWriter<'a> {
    within: &'a Within,
    /// Of each column, the place where it is written, or [`NO_COLUMN`].
    places: Vec<u32>,
    n_written: usize,
    /// Means of the columns written, in large groups.
    large: Vec<Option<Vec<f64>>>,
}

impl<'a> RowWriter<'a> {
    /// Writes `columns`, in that order.
    pub(crate) fn new(within: &'a Within, columns: &[usize]) -> Self {
        let mut places = vec![NO_COLUMN; within.n_columns];
        for (place, &column) in columns.iter().enumerate() {
            places[column] = place as u32;
        }
        let mut writer = Self {
            within,
            places,
            n_written: columns.len(),
            large: Vec::new(),
        };
        if let Centre::Groups(partition) = &within.centre
            && !within.indicators.is_empty()
        {
            let means = |group: usize| {
                (partition.rows(group).len() > LARGE_GROUP).then(|| writer.means(group))
            };
            let large = (0..partition.n_groups()).into_par_iter().map(means);
            writer.large = large.collect();
        }
        writer
    }

    /// The means of the columns written in a group of the absorbed partition; those of numbers are zero.
    fn means(&self, group: usize) -> Vec<f64> {
        let mut means = vec![0.0; self.n_written];
        let Centre::Groups(partition) = &self.within.centre else {
            return means;
        };
        let mut touched = SparseSums::new(self.within.n_columns);
        let weight = |row| self.within.weight(row);
        self.within
            .add_indicators(partition.rows(group), &mut touched, weight);
        for &column in &touched.columns {
            let place = self.places[column as usize];
            if place != NO_COLUMN {
                means[place as usize] = touched.sums[column as usize] / partition.totals[group];
            }
        }
        means
    }

    /// The rows as the columns of a matrix.
    pub(crate) fn write(&self, rows: &[u32]) -> DMatrix<f64> {
        let mut block = DMatrix::zeros(self.n_written, rows.len());
        self.subtract_means(rows, &mut block);
        for (&row, mut out) in rows.iter().zip(block.column_iter_mut()) {
            let row = row as usize;
            for column in &self.within.dense {
                let place = self.places[column.index];
                if place != NO_COLUMN {
                    out[place as usize] += column.values[row];
                }
            }
            for indicators in &self.within.indicators {
                let code = indicators.codes[row];
                if code != NO_COLUMN {
                    let place = self.places[indicators.first + code as usize];
                    if place != NO_COLUMN {
                        out[place as usize] += 1.0;
                    }
                }
            }
        }
        block
    }

    fn subtract_means(&self, rows: &[u32], block: &mut DMatrix<f64>) {
        match &self.within.centre {
            Centre::Zero => {}
            Centre::Constant(means) => {
                for (&place, mean) in self.places.iter().zip(means) {
                    if place != NO_COLUMN {
                        block.row_mut(place as usize).fill(-mean);
                    }
                }
            }
            Centre::Groups(_) if self.within.indicators.is_empty() => {}
            Centre::Groups(partition) => {
                let (mut known, mut own) = (usize::MAX, Vec::new());
                for (&row, mut out) in rows.iter().zip(block.column_iter_mut()) {
                    let group = partition.group_of(row);
                    // Kept while the rows stay in one small group.
                    if group != known && self.large[group].is_none() {
                        own = self.means(group);
                    }
                    known = group;
                    let means = self.large[group].as_ref().unwrap_or(&own);
                    for (value, mean) in out.iter_mut().zip(means) {
                        *value -= mean;
                    }
                }
            }
        }
    }
}
