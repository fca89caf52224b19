//! Coefficients: which columns are kept and why the others are not, first stage, normal equations.
//!
//! Everything is worked out from the products of the columns: the indicators of further fixed effects are partialled out of
//! them, two-stage least squares combines them, and one step of refinement with the residuals of all rows recovers the digits
//! that products lose.

use nalgebra::{DMatrix, DVector};

use crate::error::EstimatorError;
use crate::linear_algebra::{dependencies, independent_columns, inverse};
use crate::regression::design::block::Effect;
use crate::regression::design::build::Design;
use crate::regression::design::rows::RowCounts;
use crate::regression::groups::Groups;
use crate::regression::products::{Products, singular};
use crate::regression::within::absorb::{ColumnNote, INTERCEPT, absorb};
use crate::status::Status;

/// A column of which less than this share of the squares is left after absorbing fixed effects is absorbed by them.
// Squares: a millionth of the column's length, above what demeaning leaves and below any regressor worth the name.
const ABSORBED: f64 = 1e-12;

/// A column that is not in the model, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedColumn {
    /// Its name.
    pub term: String,
    /// [`Status::Constant`], [`Status::Absorbed`] or [`Status::Collinear`].
    pub status: Status,
    /// The earlier columns, or the fixed effects, that it is a combination of.
    pub detail: String,
    /// It is an instrument, so it has no coefficient.
    pub is_instrument: bool,
}

/// A fitted regression.
pub(crate) struct Model {
    pub(crate) products: Products,
    pub(crate) outcome: Vec<f64>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) clusters: Vec<Groups>,
    pub(crate) counts: RowCounts,
    /// Independent columns that were absorbed; `None` when that was not worked out.
    pub(crate) rank: Option<usize>,
    /// Places of the kept columns: exogenous with the constant, instruments, endogenous.
    pub(crate) exogenous: Vec<usize>,
    pub(crate) instruments: Vec<usize>,
    pub(crate) endogenous: Vec<usize>,
    /// Endogenous columns, then constant and regressors: names, and the place among the coefficients.
    pub(crate) terms: Vec<(String, Option<usize>)>,
    pub(crate) dropped: Vec<DroppedColumn>,
    /// Kept endogenous columns, then exogenous ones, of the centred columns; see [`Model::back_transformation`].
    pub(crate) coefficients: DVector<f64>,
    pub(crate) residuals: Vec<f64>,
    pub(crate) inverse: DMatrix<f64>,
    /// The columns of the normal equations in terms of all columns.
    pub(crate) transformation: DMatrix<f64>,
    /// Σω(y − ȳ)² before demeaning.
    pub(crate) total_squares: f64,
    /// Σωy² after demeaning.
    pub(crate) within_squares: f64,
    notes: Vec<ColumnNote>,
    outcome_mean: f64,
    /// Residuals up to this size are rounding.
    pub(crate) rounding: f64,
}

impl Model {
    /// Fits the design; `intercept` only without fixed effects.
    pub(crate) fn fit(
        mut design: Design,
        intercept: bool,
        direct_levels: usize,
    ) -> Result<Self, EstimatorError> {
        let absorbed = absorb(&mut design, intercept, direct_levels)?;
        let products = Products::new(absorbed.within, absorbed.n_effects)?;
        let effects: Vec<&str> = design.effects.iter().map(|e| e.name.as_str()).collect();
        let selection = Selection::new(
            &products,
            &absorbed.notes,
            absorbed.n_columns,
            &effects.join(", "),
        )?;
        let combinations = selection.combinations(&products)?;
        let transformation = products.in_all_columns(&combinations);
        let fitted = combinations.tr_mul(&products.gram) * &combinations;
        let inverse = inverse(&fitted).ok_or_else(singular)?;
        // Residuals are taken with the columns as they are, the normal equations with the fitted ones.
        let actual: Vec<usize> = selection.regressors().collect();
        let place = |coefficients: &DVector<f64>| {
            let mut all = DVector::zeros(products.gram.nrows());
            for (&place, value) in actual.iter().zip(coefficients.iter()) {
                all[place] = *value;
            }
            all
        };
        let mut residuals = absorbed.outcome.clone();
        let mut coefficients = DVector::zeros(actual.len());
        // The second round refines the first with the residuals of the rows themselves.
        for _ in 0..2 {
            let (right, effects) = products.with(&residuals);
            let step = &inverse * combinations.tr_mul(&right);
            let all = products.spread(&place(&step), &effects);
            products.within.subtract(&mut residuals, &all);
            coefficients += step;
        }
        let within_squares = products.within.dot(&absorbed.outcome, &absorbed.outcome);
        Ok(Self {
            terms: selection.terms(&absorbed.notes, absorbed.n_columns),
            dropped: selection.dropped,
            exogenous: selection.exogenous,
            instruments: selection.instruments,
            endogenous: selection.endogenous,
            products,
            outcome: absorbed.outcome,
            effects: design.effects,
            clusters: design.clusters,
            counts: design.counts,
            rank: absorbed.rank,
            coefficients,
            residuals,
            inverse,
            transformation,
            total_squares: absorbed.total_squares,
            within_squares,
            notes: absorbed.notes,
            outcome_mean: absorbed.outcome_mean,
            rounding: absorbed.rounding,
        })
    }

    /// Places of the coefficients' columns.
    pub(crate) fn regressors(&self) -> impl Iterator<Item = usize> {
        self.endogenous.iter().chain(&self.exogenous).copied()
    }

    /// Place of the intercept among the coefficients.
    pub(crate) fn intercept(&self) -> Option<usize> {
        self.regressors()
            .position(|place| self.notes[place].name == INTERCEPT)
    }

    /// The map from coefficients of centred columns to those of the columns as given: the intercept absorbs the means.
    pub(crate) fn back_transformation(&self) -> DMatrix<f64> {
        let k = self.coefficients.len();
        let mut map = DMatrix::identity(k, k);
        if let Some(intercept) = self.intercept() {
            for (column, place) in self.regressors().enumerate() {
                map[(intercept, column)] -= self.notes[place].mean;
            }
        }
        map
    }

    /// The coefficients of the columns as given.
    pub(crate) fn estimates(&self) -> DVector<f64> {
        let mut estimates = self.back_transformation() * &self.coefficients;
        if let Some(intercept) = self.intercept() {
            estimates[intercept] += self.outcome_mean;
        }
        estimates
    }
}

/// Which columns are kept, by their places after the fixed effects' indicators.
struct Selection {
    exogenous: Vec<usize>,
    instruments: Vec<usize>,
    endogenous: Vec<usize>,
    dropped: Vec<DroppedColumn>,
}

impl Selection {
    fn new(
        products: &Products,
        notes: &[ColumnNote],
        n_columns: [usize; 3],
        effects: &str,
    ) -> Result<Self, EstimatorError> {
        let [n_exogenous, n_instruments, _] = n_columns;
        let mut selection = Self {
            exogenous: Vec::new(),
            instruments: Vec::new(),
            endogenous: Vec::new(),
            dropped: Vec::new(),
        };
        let mut live = Vec::new();
        for (place, note) in notes.iter().enumerate() {
            let left = products.gram[(place, place)];
            let is_absorbed = left <= ABSORBED * note.squares;
            // Without fixed effects nothing is absorbed; a column of which nothing is left is then collinear.
            if note.is_constant || (is_absorbed && !effects.is_empty()) {
                let (status, detail) = if note.is_constant {
                    (Status::Constant, String::new())
                } else {
                    (Status::Absorbed, effects.to_owned())
                };
                selection.dropped.push(DroppedColumn {
                    term: note.name.clone(),
                    status,
                    detail,
                    is_instrument: (n_exogenous..n_exogenous + n_instruments).contains(&place),
                });
            } else {
                live.push(place);
            }
        }
        let part = |from: usize, n: usize| {
            let inside = live.iter().filter(move |&&p| (from..from + n).contains(&p));
            inside.copied().collect::<Vec<_>>()
        };
        let from_endogenous = n_exogenous + n_instruments;
        let exogenous = part(0, n_exogenous);
        selection.exogenous = selection.independent(products, notes, &exogenous, &[]);
        let given = selection.exogenous.clone();
        let instruments = part(n_exogenous, n_instruments);
        let n_dropped = selection.dropped.len();
        selection.instruments = selection.independent(products, notes, &instruments, &given);
        for column in &mut selection.dropped[n_dropped..] {
            column.is_instrument = true;
        }
        // Given the exogenous columns only: the instruments are there to explain it.
        let endogenous = part(from_endogenous, notes.len() - from_endogenous);
        selection.endogenous = selection.independent(products, notes, &endogenous, &given);
        if notes.is_empty() {
            return Err(EstimatorError::NothingToEstimate {
                columns: "there is none".to_owned(),
            });
        }
        Ok(selection)
    }

    /// Which of `columns` are no combination of `given` and of earlier ones; notes the others as dropped.
    fn independent(
        &mut self,
        products: &Products,
        notes: &[ColumnNote],
        columns: &[usize],
        given: &[usize],
    ) -> Vec<usize> {
        let all: Vec<usize> = given.iter().chain(columns).copied().collect();
        let found = dependencies(&products.among(&all, &all));
        let mut kept = Vec::new();
        for (&place, dependency) in all.iter().zip(&found).skip(given.len()) {
            let Some(earlier) = dependency else {
                kept.push(place);
                continue;
            };
            let names = earlier.iter().map(|&index| notes[all[index]].name.as_str());
            self.dropped.push(DroppedColumn {
                term: notes[place].name.clone(),
                status: Status::Collinear,
                detail: names.collect::<Vec<_>>().join(", "),
                is_instrument: false,
            });
        }
        kept
    }

    /// Places of the coefficients' columns.
    fn regressors(&self) -> impl Iterator<Item = usize> {
        self.endogenous.iter().chain(&self.exogenous).copied()
    }

    /// The columns of the normal equations: fitted endogenous ones, then exogenous ones as they are.
    fn combinations(&self, products: &Products) -> Result<DMatrix<f64>, EstimatorError> {
        let n_endogenous = self.endogenous.len();
        let under_identified = |n_instruments| EstimatorError::UnderIdentified {
            n_endogenous,
            n_instruments,
        };
        if self.instruments.len() < n_endogenous {
            return Err(under_identified(self.instruments.len()));
        }
        let k = n_endogenous + self.exogenous.len();
        let mut combinations = DMatrix::zeros(products.gram.nrows(), k);
        for (column, &place) in self.exogenous.iter().enumerate() {
            combinations[(place, n_endogenous + column)] = 1.0;
        }
        if n_endogenous == 0 {
            return Ok(combinations);
        }
        let stage: Vec<usize> = self
            .exogenous
            .iter()
            .chain(&self.instruments)
            .copied()
            .collect();
        let own = inverse(&products.among(&stage, &stage)).ok_or_else(singular)?;
        let fitted = own * products.among(&stage, &self.endogenous);
        for (row, &place) in stage.iter().enumerate() {
            for column in 0..n_endogenous {
                combinations[(place, column)] = fitted[(row, column)];
            }
        }
        // The fitted columns must differ from each other and from the exogenous ones.
        let order: Vec<usize> = (n_endogenous..k).chain(0..n_endogenous).collect();
        let gram = combinations.tr_mul(&products.gram) * &combinations;
        let ordered = DMatrix::from_fn(k, k, |a, b| gram[(order[a], order[b])]);
        let is_kept = independent_columns(&ordered);
        let n_fitted = is_kept[self.exogenous.len()..]
            .iter()
            .filter(|&&k| k)
            .count();
        if n_fitted < n_endogenous {
            return Err(under_identified(n_fitted));
        }
        Ok(combinations)
    }

    /// All names in the order of the result, and the places of the coefficients.
    fn terms(&self, notes: &[ColumnNote], n_columns: [usize; 3]) -> Vec<(String, Option<usize>)> {
        let places: Vec<usize> = self.regressors().collect();
        let from_endogenous = n_columns[0] + n_columns[1];
        let order = (from_endogenous..notes.len()).chain(0..n_columns[0]);
        order
            .map(|place| {
                let coefficient = places.iter().position(|&known| known == place);
                (notes[place].name.clone(), coefficient)
            })
            .collect()
    }
}
