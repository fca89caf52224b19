//! A fitted regression by clusters: which rows are whose, and sums over the rows of one. Symbols: see the module `clusters`.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::regression::fit::Model;
use crate::regression::groups::{Groups, counting_sort};
use crate::regression::within::columns::{Centre, Within};
use crate::regression::within::demean::Partition;
use crate::regression::within::rows::RowWriter;

/// Rows whose sums are joined in order, so that a large cluster occupies all threads.
const RANGE_ROWS: usize = 1 << 14;

/// Rows written out at a time.
const BLOCK_ROWS: usize = 256;

/// Multiplications that solving for all clusters may take.
const MOST_MULTIPLICATIONS: u64 = 1 << 38;

/// A regression without instruments and its clusters.
pub(crate) struct ClusteredModel<'a> {
    pub(super) within: &'a Within,
    pub(super) residuals: &'a [f64],
    pub(super) clusters: &'a Groups,
    writer: RowWriter<'a>,
    /// The rows by cluster.
    order: Vec<u32>,
    /// Where each cluster's rows start in `order`, and their end.
    bounds: Vec<usize>,
    /// The largest fixed effect where clusters cut some of its levels.
    pub(super) cut: Option<&'a Partition>,
    /// S.
    pub(super) gram: DMatrix<f64>,
    /// M.
    pub(super) inverse: DMatrix<f64>,
    /// One column c per coefficient.
    pub(super) contrasts: DMatrix<f64>,
    /// Mc.
    pub(super) combinations: DMatrix<f64>,
}

/// Sums over the rows of a cluster.
pub(super) struct Summary {
    /// S_g.
    pub(super) gram: DMatrix<f64>,
    /// s_g.
    pub(super) score: DVector<f64>,
}

/// A cluster's part of a level that it shares with others.
pub(super) struct SharedLevel {
    pub(super) level: usize,
    /// Weight of all its rows.
    pub(super) total: f64,
    /// Weight of the level's rows in other clusters.
    pub(super) rest: f64,
    /// Σωz over the level's rows in the cluster.
    pub(super) sums: DVector<f64>,
    /// Σωe over them.
    pub(super) score: f64,
}

impl<'a> ClusteredModel<'a> {
    /// By the first column of clusters; `back` maps the coefficients of the centred columns to those asked for.
    ///
    /// # Errors
    /// Columns times clusters beyond what can be solved for.
    pub(crate) fn new(model: &'a Model, back: &DMatrix<f64>) -> Result<Self, EstimatorError> {
        let (products, clusters) = (&model.products, &model.clusters[0]);
        let within = &products.within;
        let n_effects = products.n_effects;
        let regressors: Vec<usize> = model.regressors().map(|place| n_effects + place).collect();
        let columns: Vec<usize> = (0..n_effects).chain(regressors).collect();
        check_work(columns.len(), clusters.n_groups)?;
        let mut all = &model.transformation * &model.inverse * model.transformation.transpose();
        let mut own = all.view_mut((0, 0), (n_effects, n_effects));
        own += &products.effects_inverse;
        let gram = within.gram();
        let among = |matrix: &DMatrix<f64>| {
            DMatrix::from_fn(columns.len(), columns.len(), |a, b| {
                matrix[(columns[a], columns[b])]
            })
        };
        let inverse = among(&all);
        let mut contrasts = DMatrix::zeros(columns.len(), back.nrows());
        contrasts
            .rows_mut(n_effects, back.ncols())
            .copy_from(&back.transpose());
        let is_cut = model
            .effects
            .first()
            .is_some_and(|first| !first.is_nested());
        let cut = match &within.centre {
            Centre::Groups(partition) if is_cut => Some(partition),
            _ => None,
        };
        let rows: Vec<u32> = (0..within.n_rows as u32).collect();
        let mut bounds = vec![0];
        bounds.extend(clusters.sizes().iter().scan(0, |end, &size| {
            *end += size as usize;
            Some(*end)
        }));
        Ok(Self {
            within,
            residuals: &model.residuals,
            clusters,
            writer: RowWriter::new(within, &columns),
            order: if clusters.codes.is_sorted() {
                rows
            } else {
                counting_sort(&rows, clusters)
            },
            bounds,
            cut,
            gram: among(&gram),
            combinations: &inverse * &contrasts,
            inverse,
            contrasts,
        })
    }

    pub(crate) fn n_clusters(&self) -> usize {
        self.clusters.n_groups
    }

    pub(super) fn n_columns(&self) -> usize {
        self.gram.nrows()
    }

    pub(super) fn n_coefficients(&self) -> usize {
        self.contrasts.ncols()
    }

    /// The rows of a cluster, ascending.
    pub(super) fn rows(&self, cluster: usize) -> &[u32] {
        &self.order[self.bounds[cluster]..self.bounds[cluster + 1]]
    }

    /// The rows as the columns of a matrix.
    pub(super) fn columns_of(&self, rows: &[u32]) -> DMatrix<f64> {
        self.writer.write(rows)
    }

    pub(super) fn weights_of(&self, rows: &[u32]) -> Vec<f64> {
        let weights = rows.iter().map(|&row| self.within.weight(row as usize));
        weights.collect()
    }

    pub(super) fn residuals_of(&self, rows: &[u32]) -> DVector<f64> {
        DVector::from_iterator(
            rows.len(),
            rows.iter().map(|&row| self.residuals[row as usize]),
        )
    }

    pub(super) fn summary(&self, cluster: usize) -> Summary {
        let k = self.n_columns();
        let joint = sum_blocks(self.rows(cluster), (k, k + 1), |rows| {
            let columns = self.columns_of(rows);
            let mut weighted = columns.clone();
            scale_columns(&mut weighted, &self.weights_of(rows));
            let mut right = columns.transpose();
            right = right.insert_column(k, 0.0);
            right.set_column(k, &self.residuals_of(rows));
            weighted * right
        });
        Summary {
            gram: joint.columns(0, k).into_owned(),
            score: joint.column(k).into_owned(),
        }
    }

    /// The levels of the largest fixed effect that the cluster shares with others.
    pub(super) fn shared_levels(&self, cluster: usize) -> Vec<SharedLevel> {
        let Some(partition) = self.cut else {
            return Vec::new();
        };
        let runs = self
            .rows(cluster)
            .chunk_by(|&a, &b| partition.group_of(a) == partition.group_of(b));
        let shared = runs.filter_map(|rows| {
            let level = partition.group_of(rows[0]);
            (rows.len() < partition.rows(level).len()).then_some((level, rows))
        });
        let level = |(level, rows): (usize, &[u32])| {
            let weights = DVector::from_vec(self.weights_of(rows));
            let sums = sum_blocks(rows, (self.n_columns(), 1), |some| {
                self.columns_of(some)
                    * DMatrix::from_column_slice(some.len(), 1, &self.weights_of(some))
            });
            SharedLevel {
                level,
                total: partition.totals[level],
                rest: partition.totals[level] - weights.sum(),
                sums: sums.column(0).into_owned(),
                score: weights.dot(&self.residuals_of(rows)),
            }
        };
        shared.map(level).collect()
    }
}

fn check_work(n_columns: usize, n_clusters: usize) -> Result<(), EstimatorError> {
    let work = (n_columns as u64).pow(3).saturating_mul(n_clusters as u64);
    if work <= MOST_MULTIPLICATIONS {
        return Ok(());
    }
    Err(EstimatorError::TooMany {
        what: "columns for so many clusters with cr2, cr3 or wild (leave columns out, or use cluster(…) alone)",
        found: n_columns as u64,
        limit: ((MOST_MULTIPLICATIONS / n_clusters.max(1) as u64) as f64).cbrt() as u64,
    })
}

/// The sum of what `of` makes of blocks of the rows, in an order that does not depend on the number of threads.
pub(super) fn sum_blocks(
    rows: &[u32],
    (n_rows, n_columns): (usize, usize),
    of: impl Fn(&[u32]) -> DMatrix<f64> + Sync,
) -> DMatrix<f64> {
    let range = |some: &[u32]| {
        let mut sum = DMatrix::zeros(n_rows, n_columns);
        some.chunks(BLOCK_ROWS).for_each(|block| sum += of(block));
        sum
    };
    if rows.len() <= RANGE_ROWS {
        return range(rows);
    }
    let parts: Vec<DMatrix<f64>> = rows.par_chunks(RANGE_ROWS).map(range).collect();
    let mut sum = DMatrix::zeros(n_rows, n_columns);
    parts.iter().for_each(|part| sum += part);
    sum
}

/// Multiplies each column by its factor.
pub(super) fn scale_columns(matrix: &mut DMatrix<f64>, factors: &[f64]) {
    for (mut column, &factor) in matrix.column_iter_mut().zip(factors) {
        column *= factor;
    }
}
