//! From a design to columns with the fixed effects, or the overall mean, taken out.
//!
//! The fixed effect with the most levels is subtracted exactly, group by group. The others become indicators in front of the
//! regressors when they have few levels, so that least squares solves for them directly; when they have many, every column is
//! written out and they are absorbed as `demean.rs` says.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::estimate::rounding_error;
use crate::linear_algebra::{dot, independent_columns, inverse};
use crate::regression::design::block::{Block, NO_COLUMN, Values};
use crate::regression::design::build::Design;
use crate::regression::groups::Groups;
use crate::regression::within::columns::{Centre, DenseColumn, IndicatorBlock, Within, split};
use crate::regression::within::demean::{Partition, absorb_further};

/// A column whose centred squares are below this share of its squares is constant.
// Squares: 1e-12 of the values, some thousand roundings, which sums over many rows add up.
const CONSTANT: f64 = 1e-24;

/// Name of the constant.
pub(crate) const INTERCEPT: &str = "(Intercept)";

/// What a column was before anything was taken out.
#[derive(Debug, Clone)]
pub(crate) struct ColumnNote {
    pub(crate) name: String,
    /// Overall mean that was taken out.
    pub(crate) mean: f64,
    /// Σω(x − mean)².
    pub(crate) squares: f64,
    /// The same value in all rows, where the model has a constant; else zero in all rows.
    pub(crate) is_constant: bool,
}

/// A design with the fixed effects taken out.
pub(crate) struct AbsorbedDesign {
    /// Indicators of further fixed effects, then constant and regressors, instruments, endogenous columns.
    pub(crate) within: Within,
    pub(crate) outcome: Vec<f64>,
    pub(crate) outcome_mean: f64,
    /// What rounding does to an outcome of this size.
    pub(crate) rounding: f64,
    /// Σω(y − ȳ)².
    pub(crate) total_squares: f64,
    /// Indicators of further fixed effects among the columns.
    pub(crate) n_effects: usize,
    /// One per other column.
    pub(crate) notes: Vec<ColumnNote>,
    /// Constant and regressors, instruments, endogenous columns.
    pub(crate) n_columns: [usize; 3],
    /// Independent columns absorbed; `None` when that was not worked out.
    pub(crate) rank: Option<usize>,
}

/// Takes fixed effects out of a design; those after the largest directly when they have at most `direct_levels` levels.
///
/// # Errors
/// [`EstimatorError::NotConverged`].
pub(crate) fn absorb(
    design: &mut Design,
    intercept: bool,
    direct_levels: usize,
) -> Result<AbsorbedDesign, EstimatorError> {
    let weights = design.weights.take();
    let has_constant = intercept || !design.effects.is_empty();
    // The codes are moved, not copied; later counts need the numbers of levels alone.
    let mut groups = design.effects.iter_mut().map(|effect| Groups {
        codes: std::mem::take(&mut effect.groups.codes),
        n_groups: effect.groups.n_groups,
    });
    let first = groups
        .next()
        .map(|groups| Partition::new(&groups, weights.as_deref()));
    let further: Vec<Groups> = groups.collect();
    let n_further: usize = further.iter().map(|groups| groups.n_groups).sum();
    let is_direct = n_further <= direct_levels;
    let rank_first = first.as_ref().map_or(0, Partition::n_groups);
    let mut within = Within {
        n_rows: design.outcome.len(),
        n_columns: 0,
        weights,
        centre: first.map_or(Centre::Zero, Centre::Groups),
        dense: Vec::new(),
        indicators: Vec::new(),
    };
    let mut outcome = std::mem::take(&mut design.outcome);
    let rounding = rounding_error(&outcome);
    let (outcome_mean, _) = within.take_mean(&mut outcome, has_constant);
    // The total sum of squares is about the mean whatever the model holds, as in `fixest`.
    let total_squares = centred_squares(&within, &outcome);
    let inverse = if is_direct {
        within.push_effects(&further)?
    } else {
        DMatrix::zeros(0, 0)
    };
    let n_effects = within.n_columns;
    let parts = [
        std::mem::take(&mut design.exogenous),
        std::mem::take(&mut design.instruments),
        std::mem::take(&mut design.endogenous),
    ];
    let form = Form {
        intercept,
        has_constant,
        written_out: !is_direct,
    };
    let (notes, n_columns) = within.push_parts(parts, form);
    let further = if is_direct { Vec::new() } else { further };
    within.take_out(&mut outcome, &inverse, &further)?;
    Ok(AbsorbedDesign {
        rank: is_direct.then_some(rank_first + n_effects),
        within,
        outcome,
        outcome_mean,
        rounding,
        total_squares,
        n_effects,
        notes,
        n_columns,
    })
}

impl Within {
    /// Takes the effects out of the dense columns and the outcome: directly by `inverse`, the `further` ones by iteration.
    fn take_out(
        &mut self,
        outcome: &mut Vec<f64>,
        inverse: &DMatrix<f64>,
        further: &[Groups],
    ) -> Result<(), EstimatorError> {
        let mut dense = std::mem::take(&mut self.dense);
        let mut columns: Vec<&mut Vec<f64>> = dense.iter_mut().map(|c| &mut c.values).collect();
        columns.push(outcome);
        for column in &mut columns {
            // Means first: `residualize` expects them to be gone.
            self.subtract_centre(column);
            self.residualize(column, inverse);
        }
        if !further.is_empty()
            && let Centre::Groups(partition) = &self.centre
        {
            let others: Vec<&Groups> = further.iter().collect();
            absorb_further(&mut columns, partition, &others, self.weights.as_deref())?;
        }
        self.dense = dense;
        Ok(())
    }
}

/// What columns become.
#[derive(Clone, Copy)]
struct Form {
    /// A constant is one of them.
    intercept: bool,
    /// Overall means are taken out.
    has_constant: bool,
    /// Indicators become numbers.
    written_out: bool,
}

/// One dense column per indicator.
fn written_out(block: Block) -> Vec<Block> {
    let Values::Indicators(codes) = &block.values else {
        return vec![block];
    };
    let column = |(code, name): (usize, &String)| Block {
        names: vec![name.clone()],
        values: Values::Dense(
            codes
                .iter()
                .map(|&own| f64::from(u8::from(own as usize == code)))
                .collect(),
        ),
    };
    block.names.iter().enumerate().map(column).collect()
}

fn centred_squares(within: &Within, outcome: &[f64]) -> f64 {
    let weights = within.weights.as_deref();
    let sum: f64 = match weights {
        Some(weights) => outcome.iter().zip(weights).map(|(y, w)| y * w).sum(),
        None => outcome.iter().sum(),
    };
    let mean = sum / within.total_weight();
    let square = |(row, y): (usize, &f64)| within.weight(row) * (y - mean) * (y - mean);
    outcome.iter().enumerate().map(square).sum()
}

impl Within {
    /// Takes the overall mean out when asked to; the mean and the squares before.
    fn take_mean(&self, values: &mut [f64], has_constant: bool) -> (f64, f64) {
        let weights = self.weights.as_deref();
        let squares = dot(values, values, weights);
        if !has_constant {
            return (0.0, squares);
        }
        // Sums of differences from one value lose no digits to a large mean, and nothing at all when all are equal.
        let base = values.first().copied().unwrap_or(0.0);
        let sum: f64 = match weights {
            Some(weights) => values
                .iter()
                .zip(weights)
                .map(|(x, w)| (x - base) * w)
                .sum(),
            None => values.iter().map(|x| x - base).sum(),
        };
        let mean = base + sum / self.total_weight();
        values.iter_mut().for_each(|value| *value -= mean);
        (mean, squares)
    }

    /// Adds the indicators of further fixed effects that are independent, and returns the inverse of their products.
    fn push_effects(&mut self, effects: &[Groups]) -> Result<DMatrix<f64>, EstimatorError> {
        for groups in effects {
            self.indicators.push(IndicatorBlock {
                codes: groups.codes.clone(),
                first: self.n_columns,
            });
            self.n_columns += groups.n_groups;
        }
        let gram = self.gram();
        // Levels that follow from the first effect and earlier ones would make the products singular.
        let kept = independent_columns(&gram);
        let places: Vec<usize> = (0..kept.len()).filter(|&place| kept[place]).collect();
        let mut next = 0;
        for (block, groups) in self.indicators.iter_mut().zip(effects) {
            let own = &kept[block.first..block.first + groups.n_groups];
            let mut code = 0;
            let code_of: Vec<u32> = own
                .iter()
                .map(|&is_kept| {
                    let own = if is_kept { code } else { NO_COLUMN };
                    code += u32::from(is_kept);
                    own
                })
                .collect();
            for code in &mut block.codes {
                *code = code_of[*code as usize];
            }
            block.first = next;
            next += code as usize;
        }
        self.n_columns = next;
        if next == 0 {
            return Ok(DMatrix::zeros(0, 0));
        }
        let own = DMatrix::from_fn(next, next, |a, b| gram[(places[a], places[b])]);
        inverse(&own).ok_or_else(|| EstimatorError::NothingToEstimate {
            columns: "fixed effects".to_owned(),
        })
    }

    /// Adds constant and regressors, instruments, endogenous columns; notes what they were, and counts them.
    fn push_parts(&mut self, parts: [Vec<Block>; 3], form: Form) -> (Vec<ColumnNote>, [usize; 3]) {
        let mut notes = Vec::new();
        let mut n_columns = [0; 3];
        let mut means = vec![0.0; self.n_columns];
        if form.intercept {
            notes.push(self.push_constant());
            n_columns[0] = 1;
            means.push(0.0);
        }
        for (part, count) in parts.into_iter().zip(&mut n_columns) {
            for block in part {
                *count += block.names.len();
                let blocks = if form.written_out {
                    written_out(block)
                } else {
                    vec![block]
                };
                for block in blocks {
                    self.push(block, form.has_constant, &mut notes, &mut means);
                }
            }
        }
        if form.intercept {
            self.centre = Centre::Constant(means);
        }
        (notes, n_columns)
    }

    /// Adds the constant: an indicator that is always one and keeps its mean.
    fn push_constant(&mut self) -> ColumnNote {
        self.indicators.push(IndicatorBlock {
            codes: vec![0; self.n_rows],
            first: self.n_columns,
        });
        self.n_columns += 1;
        ColumnNote {
            name: INTERCEPT.to_owned(),
            mean: 0.0,
            squares: self.total_weight(),
            is_constant: false,
        }
    }

    /// Adds a block, its overall means taken out where it holds numbers, and notes what its columns were.
    fn push(
        &mut self,
        block: Block,
        has_constant: bool,
        notes: &mut Vec<ColumnNote>,
        means: &mut Vec<f64>,
    ) {
        let first = self.n_columns;
        self.n_columns += block.names.len();
        match block.values {
            Values::Dense(mut values) => {
                let (mean, squares) = self.take_mean(&mut values, has_constant);
                let centred = dot(&values, &values, self.weights.as_deref());
                notes.extend(block.names.into_iter().map(|name| ColumnNote {
                    name,
                    mean,
                    squares: centred,
                    is_constant: centred <= CONSTANT * squares,
                }));
                means.push(0.0);
                self.dense.push(DenseColumn {
                    values,
                    index: first,
                });
            }
            Values::Indicators(codes) => {
                let mut totals = vec![(0_usize, 0.0); block.names.len()];
                for (row, &code) in codes.iter().enumerate() {
                    if code != NO_COLUMN {
                        let (n_rows, total) = &mut totals[code as usize];
                        *n_rows += 1;
                        *total += self.weight(row);
                    }
                }
                let all = self.total_weight();
                for (name, (n_rows, total)) in block.names.into_iter().zip(totals) {
                    let mean = if has_constant { total / all } else { 0.0 };
                    notes.push(ColumnNote {
                        name,
                        mean,
                        // Σω(x − mean)² of an indicator.
                        squares: total * (1.0 - mean),
                        is_constant: n_rows == 0 || (has_constant && n_rows == self.n_rows),
                    });
                    means.push(mean);
                }
                self.indicators.push(IndicatorBlock { codes, first });
            }
        }
    }

    /// Takes the means out of a column of numbers; twice, because the second pass removes the rounding of the first.
    fn subtract_centre(&self, values: &mut [f64]) {
        match &self.centre {
            Centre::Zero => {}
            Centre::Constant(_) => {
                self.take_mean(values, true);
            }
            Centre::Groups(partition) => {
                let ranges = self.ranges();
                let parts = split(values, &ranges);
                let weights = self.weights.as_deref();
                ranges.par_iter().zip(parts).for_each(|(range, part)| {
                    partition.subtract_means(range.first_group, part, weights);
                    partition.subtract_means(range.first_group, part, weights);
                });
            }
        }
    }

    /// Takes further fixed effects out of a column of numbers; again twice.
    fn residualize(&self, values: &mut [f64], inverse: &DMatrix<f64>) {
        let n_effects = inverse.nrows();
        if n_effects == 0 {
            return;
        }
        for _ in 0..2 {
            let products = self.products(values);
            let effects = inverse * products.rows(0, n_effects);
            let mut coefficients = vec![0.0; self.n_columns];
            coefficients[..n_effects].copy_from_slice(effects.as_slice());
            self.subtract(values, &coefficients);
        }
    }
}
