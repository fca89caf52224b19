//! The law of the cluster jackknife under the working model. Formulas: see the module `clusters`.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::inference::jackknife::JackknifeLaw;
use crate::regression::clusters::clustered::{ClusteredModel, scale_columns, sum_blocks};
use crate::regression::clusters::jackknife::Rest;
use crate::regression::clusters::working_model::{Part, Sums, WorkingModel};

/// Clusters whose parts are held at the same time.
const WAVE: usize = 256;

/// What there are too many of.
const TOO_MANY: &str = "columns for degrees of freedom of cr3 (with fixed effects after the largest, those of its levels that lie in \
                        several clusters, and twice over with weights; use reference => 't')";

/// By coefficient: degrees of freedom of its jackknife variance, and how much too large that is on average.
///
/// # Errors
/// Too many columns, counting the levels of the largest fixed effect that clusters cut.
pub(crate) fn laws(fit: &ClusteredModel<'_>) -> Result<Vec<JackknifeLaw>, EstimatorError> {
    let model = WorkingModel::new(fit, false, TOO_MANY)?;
    let mut sums = Sums::new(&model);
    let clusters: Vec<usize> = (0..fit.n_clusters()).collect();
    for wave in clusters.chunks(WAVE) {
        let parts: Vec<Part> = wave
            .par_iter()
            .map(|&cluster| part(&model, cluster))
            .collect();
        parts.iter().for_each(|part| sums.add(&model, part));
    }
    let df = sums.degrees_of_freedom(&model);
    let own = df
        .iter()
        .zip(sums.traces())
        .zip(fit.contrasts.column_iter());
    let n_clusters = fit.n_clusters() as f64;
    let from = model.n_written();
    let middle = model.middle.view_range(from.., from..);
    let laws = own.map(|((&df, trace), contrast)| {
        let variance = contrast.dot(&(middle * contrast));
        JackknifeLaw::with(df, (n_clusters - 1.0) / n_clusters * trace / variance)
    });
    Ok(laws.collect())
}

/// The change without a cluster is d_g'e_g with d_g = −Ω_gZ_gu: u solves the equations of the others for the contrast, and of a level
/// shared with others it is t'u/W.
fn part(model: &WorkingModel<'_>, cluster: usize) -> Part {
    let fit = model.fit;
    let rows = fit.rows(cluster);
    let places = model.places(cluster);
    let (m, n_levels) = (places.len(), places.len() - fit.n_columns());
    let rest = Rest::new(fit, cluster);
    let mut combinations = DMatrix::zeros(m, fit.n_coefficients());
    for (mut column, contrast) in combinations
        .column_iter_mut()
        .zip(fit.contrasts.column_iter())
    {
        let own = rest.solve(contrast);
        for (level, shared) in rest.shared.iter().enumerate().take(n_levels) {
            column[level] = shared.sums.dot(&own) / shared.rest;
        }
        column.rows_mut(n_levels, fit.n_columns()).copy_from(&own);
    }
    // Z'ΩZ and Z'Ω²Z of the cluster side by side.
    let products = sum_blocks(rows, (m, 2 * m), |some| {
        let columns = model.columns_of(some, &places);
        let mut weighted = columns.clone();
        scale_columns(&mut weighted, &fit.weights_of(some));
        let mut right = DMatrix::zeros(some.len(), 2 * m);
        right.columns_mut(0, m).tr_copy_from(&columns);
        right.columns_mut(m, m).tr_copy_from(&weighted);
        weighted * right
    });
    let squared = products.columns(m, m) * &combinations;
    let lengths = combinations.column_iter().zip(squared.column_iter());
    let lengths: Vec<f64> = lengths.map(|(own, squared)| own.dot(&squared)).collect();
    let own = products.columns(0, m) * &combinations;
    let (vectors, places) = model.vectors(own, || squared, places);
    let vector = |j: usize| DVector::from_column_slice(vectors.column(j).as_slice());
    let squares = lengths.iter().enumerate();
    let squares = squares.map(|(j, length)| (length + model.form_of(&vector(j), &places)).max(0.0));
    Part {
        squares: squares.collect(),
        vectors,
        places,
    }
}
