//! Coefficients: centring, collinear columns, first stage, normal equations.

use nalgebra::{DMatrix, DVector};

use crate::estimators::demean::demean;
use crate::estimators::design::{Design, DesignColumn};
use crate::estimators::estimate::EstimatorError;
use crate::estimators::linear_algebra::{dot, gram, independent_columns, inverse};

/// Name of the constant.
pub(crate) const INTERCEPT: &str = "(Intercept)";
/// A column of which less than this share of the squares is left after absorbing fixed effects is collinear with them.
const ABSORBED: f64 = 1e-12;
/// A column whose centred squares are below this share of its squares is constant.
const CONSTANT: f64 = 1e-24;

/// A fitted regression.
pub(crate) struct Model {
    /// Demeaned (with fixed effects) or centred (with an intercept).
    pub(crate) design: Design,
    /// Kept columns as used in the normal equations: fitted endogenous ones, constant, exogenous.
    pub(crate) columns: Vec<Vec<f64>>,
    pub(crate) names: Vec<String>,
    /// All names in order, and whether they were kept.
    pub(crate) all_names: Vec<(String, bool)>,
    /// Of the centred columns; see [`Model::back_transformation`].
    pub(crate) coefficients: DVector<f64>,
    pub(crate) residuals: Vec<f64>,
    pub(crate) inverse: DMatrix<f64>,
    pub(crate) n_collinear: u64,
    /// Σω(y − ȳ)² before demeaning.
    pub(crate) total_squares: f64,
    /// Constant and exogenous columns kept.
    pub(crate) exogenous: Vec<Vec<f64>>,
    /// Instruments kept.
    pub(crate) instruments: Vec<Vec<f64>>,
    /// Endogenous columns kept, as they are.
    pub(crate) endogenous: Vec<Vec<f64>>,
    /// Means taken out of the kept columns.
    means: Vec<f64>,
    intercept: bool,
}

/// A column with what was taken out of it.
struct Prepared {
    name: String,
    values: Vec<f64>,
    mean: f64,
    is_absorbed: bool,
}

impl Model {
    /// Fits the design; `intercept` only without fixed effects.
    pub(crate) fn fit(mut design: Design, intercept: bool) -> Result<Self, EstimatorError> {
        let total_squares = centred_squares(&design.outcome, design.weights.as_deref());
        let parts = prepare(&mut design, intercept)?;
        let stage = FirstStage::fit(parts, intercept, &design)?;
        let weights = design.weights.as_deref();
        let n_endogenous = stage.endogenous.len();
        let used: Vec<&Prepared> = stage.fitted.iter().chain(&stage.regressors).collect();
        let kept = kept_after(&[], &used, weights);
        let all_names: Vec<(String, bool)> = used
            .iter()
            .zip(&kept)
            .map(|(column, &kept)| (column.name.clone(), kept))
            .collect();
        let columns = select(&used, &kept);
        if columns.is_empty() {
            let names: Vec<String> = all_names.into_iter().map(|(name, _)| name).collect();
            return Err(EstimatorError::NothingToEstimate {
                columns: names.join(", "),
            });
        }
        let endogenous = select(
            &stage.endogenous.iter().collect::<Vec<_>>(),
            &kept[..n_endogenous],
        );
        // Residuals are taken with the columns as they are, the normal equations with the fitted ones.
        let actual: Vec<&[f64]> = endogenous
            .iter()
            .chain(&columns[endogenous.len()..])
            .map(Vec::as_slice)
            .collect();
        let references: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let projection = Projection::new(&references, weights)?;
        let coefficients = projection.coefficients(&design.outcome, &actual);
        let residuals = residuals(&design.outcome, &actual, &coefficients);
        let inverse = projection.inverse;
        let kept_columns = || {
            used.iter()
                .zip(&kept)
                .filter(|(_, kept)| **kept)
                .map(|(c, _)| c)
        };
        let n_dropped = kept.iter().filter(|kept| !**kept).count() as u64;
        Ok(Self {
            names: kept_columns().map(|column| column.name.clone()).collect(),
            means: kept_columns().map(|column| column.mean).collect(),
            n_collinear: n_dropped + stage.n_dropped_instruments,
            columns,
            all_names,
            coefficients,
            residuals,
            inverse,
            total_squares,
            exogenous: stage.exogenous,
            instruments: stage.instruments,
            endogenous,
            intercept,
            design,
        })
    }

    /// The map from coefficients of centred columns to those of the columns as given: the intercept absorbs the means.
    pub(crate) fn back_transformation(&self) -> DMatrix<f64> {
        let k = self.names.len();
        let mut map = DMatrix::identity(k, k);
        if self.intercept
            && let Some(constant) = self.names.iter().position(|name| name == INTERCEPT)
        {
            for (column, mean) in self.means.iter().enumerate() {
                map[(constant, column)] -= mean;
            }
        }
        map
    }
}

/// The constant and exogenous columns, and the endogenous ones as the instruments see them.
struct FirstStage {
    regressors: Vec<Prepared>,
    endogenous: Vec<Prepared>,
    fitted: Vec<Prepared>,
    /// Kept constant and exogenous columns.
    exogenous: Vec<Vec<f64>>,
    /// Kept instruments.
    instruments: Vec<Vec<f64>>,
    n_dropped_instruments: u64,
}

impl FirstStage {
    fn fit(
        parts: [Vec<Prepared>; 3],
        intercept: bool,
        design: &Design,
    ) -> Result<Self, EstimatorError> {
        let [exogenous, endogenous, instruments] = parts;
        let weights = design.weights.as_deref();
        let mut regressors = Vec::new();
        if intercept {
            let (name, values) = (INTERCEPT.to_owned(), vec![1.0; design.n_obs()]);
            regressors.push(Prepared {
                name,
                values,
                mean: 0.0,
                is_absorbed: false,
            });
        }
        regressors.extend(exogenous);
        let candidates: Vec<&Prepared> = regressors.iter().collect();
        let exogenous = select(&candidates, &kept_after(&[], &candidates, weights));
        let candidates: Vec<&Prepared> = instruments.iter().collect();
        let kept = select(&candidates, &kept_after(&exogenous, &candidates, weights));
        if kept.len() < endogenous.len() {
            let (n_endogenous, n_instruments) = (endogenous.len(), kept.len());
            return Err(EstimatorError::UnderIdentified {
                n_endogenous,
                n_instruments,
            });
        }
        let columns: Vec<&[f64]> = exogenous.iter().chain(&kept).map(Vec::as_slice).collect();
        let mut fitted = Vec::with_capacity(endogenous.len());
        if !endogenous.is_empty() {
            let stage = Projection::new(&columns, weights)?;
            fitted.extend(endogenous.iter().map(|column| Prepared {
                name: column.name.clone(),
                values: stage.fitted(&column.values),
                mean: column.mean,
                is_absorbed: column.is_absorbed,
            }));
        }
        let n_dropped_instruments = (instruments.len() - kept.len()) as u64;
        Ok(Self {
            regressors,
            endogenous,
            fitted,
            exogenous,
            instruments: kept,
            n_dropped_instruments,
        })
    }
}

/// Centres or demeans outcome and columns, and marks the columns of which nothing is left.
fn prepare(design: &mut Design, intercept: bool) -> Result<[Vec<Prepared>; 3], EstimatorError> {
    let parts = [
        &mut design.exogenous,
        &mut design.endogenous,
        &mut design.instruments,
    ];
    let mut parts = parts.map(std::mem::take);
    let weights = design.weights.as_deref();
    let has_constant = intercept || !design.fixed_effects.is_empty();
    let total: f64 = weights.map_or(design.outcome.len() as f64, |w| w.iter().sum());
    let mut notes: Vec<(f64, f64, bool)> = Vec::new();
    for column in parts.iter_mut().flatten() {
        let squares = dot(&column.values, &column.values, weights);
        let mut mean = 0.0;
        if has_constant {
            mean = dot(&column.values, &vec![1.0; column.values.len()], weights) / total;
            column.values.iter_mut().for_each(|value| *value -= mean);
        }
        let centred = dot(&column.values, &column.values, weights);
        notes.push((mean, centred, centred <= CONSTANT * squares));
    }
    {
        let columns = parts.iter_mut().flatten().map(|column| &mut column.values);
        let mut all: Vec<&mut Vec<f64>> = columns.chain([&mut design.outcome]).collect();
        demean(&mut all, &design.fixed_effects, weights)?;
    }
    let mut notes = notes.into_iter();
    let finish = |column: DesignColumn| {
        let (mean, centred, is_constant) = notes.next().unwrap_or((0.0, 0.0, true));
        let left = dot(&column.values, &column.values, weights);
        Prepared {
            name: column.name,
            is_absorbed: is_constant || left <= ABSORBED * centred,
            values: column.values,
            mean,
        }
    };
    let [exogenous, endogenous, instruments] = parts;
    let mut all = exogenous.into_iter().map(Some).collect::<Vec<_>>();
    let counts = (all.len(), endogenous.len());
    all.extend(endogenous.into_iter().chain(instruments).map(Some));
    let mut prepared: Vec<Prepared> = all.into_iter().flatten().map(finish).collect();
    let instruments = prepared.split_off(counts.0 + counts.1);
    let endogenous = prepared.split_off(counts.0);
    Ok([prepared, endogenous, instruments])
}

/// Which of `columns` are no combination of `given` and of earlier ones.
fn kept_after(given: &[Vec<f64>], columns: &[&Prepared], weights: Option<&[f64]>) -> Vec<bool> {
    let live: Vec<usize> = (0..columns.len())
        .filter(|&k| !columns[k].is_absorbed)
        .collect();
    let values = live.iter().map(|&k| columns[k].values.as_slice());
    let all: Vec<&[f64]> = given.iter().map(Vec::as_slice).chain(values).collect();
    let independent = independent_columns(&gram(&all, weights));
    let mut kept = vec![false; columns.len()];
    for (&k, &is_independent) in live.iter().zip(&independent[given.len()..]) {
        kept[k] = is_independent;
    }
    kept
}

fn select(columns: &[&Prepared], kept: &[bool]) -> Vec<Vec<f64>> {
    let pairs = columns.iter().zip(kept).filter(|(_, kept)| **kept);
    pairs.map(|(column, _)| column.values.clone()).collect()
}

fn centred_squares(values: &[f64], weights: Option<&[f64]>) -> f64 {
    let ones = vec![1.0; values.len()];
    let mean = dot(values, &ones, weights) / dot(&ones, &ones, weights);
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    dot(&centred, &centred, weights)
}

pub(crate) fn residuals(
    outcome: &[f64],
    columns: &[&[f64]],
    coefficients: &DVector<f64>,
) -> Vec<f64> {
    let mut residuals = outcome.to_vec();
    for (column, coefficient) in columns.iter().zip(coefficients.iter()) {
        for (residual, value) in residuals.iter_mut().zip(*column) {
            *residual -= coefficient * value;
        }
    }
    residuals
}

/// Weighted projection on independent columns.
pub(crate) struct Projection<'a> {
    columns: &'a [&'a [f64]],
    weights: Option<&'a [f64]>,
    pub(crate) inverse: DMatrix<f64>,
}

impl<'a> Projection<'a> {
    pub(crate) fn new(
        columns: &'a [&'a [f64]],
        weights: Option<&'a [f64]>,
    ) -> Result<Self, EstimatorError> {
        let inverse = inverse(&gram(columns, weights)).ok_or_else(|| {
            let columns = format!("{} columns", columns.len());
            EstimatorError::NothingToEstimate { columns }
        })?;
        Ok(Self {
            columns,
            weights,
            inverse,
        })
    }

    /// Coefficients for an outcome; `actual` are the columns residuals are taken with.
    pub(crate) fn coefficients(&self, outcome: &[f64], actual: &[&[f64]]) -> DVector<f64> {
        let products = |values: &[f64]| {
            DVector::from_fn(self.columns.len(), |k, _| {
                dot(self.columns[k], values, self.weights)
            })
        };
        let mut coefficients = &self.inverse * products(outcome);
        // One step of refinement gives back the digits lost in the inverse.
        let left = residuals(outcome, actual, &coefficients);
        coefficients += &self.inverse * products(&left);
        coefficients
    }

    pub(crate) fn fitted(&self, outcome: &[f64]) -> Vec<f64> {
        let left = self.residuals(outcome);
        outcome
            .iter()
            .zip(left)
            .map(|(value, left)| value - left)
            .collect()
    }

    pub(crate) fn residuals(&self, outcome: &[f64]) -> Vec<f64> {
        residuals(
            outcome,
            self.columns,
            &self.coefficients(outcome, self.columns),
        )
    }
}
