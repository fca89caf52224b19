//! Covariates as columns that are uncorrelated over the panel.
//!
//! Fitted values depend only on the space the columns span, so the columns are centred and made orthonormal once (modified
//! Gram–Schmidt, done twice). That keeps every later system well conditioned, however the covariates are scaled or correlated,
//! and it is where a column that repeats others is found and named. Where the covariates take few distinct values, one row per
//! combination is kept and units refer to it.

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::linear_algebra::lane_dot;
use crate::panel::columns::Places;
use crate::panel::covariate::{Covariate, CovariateValues};

/// The covariates of a panel, ready for use; the intercept is not among the columns.
#[derive(Clone)]
pub(crate) struct Covariates {
    /// Orthonormal columns (mean square one) by table row.
    pub(crate) columns: Vec<Vec<f64>>,
    /// Which table row an observation has.
    pub(crate) rows: TableRows,
}

/// From observations to rows of the table of covariates.
#[derive(Clone)]
pub(crate) enum TableRows {
    /// A row per unit: the covariates do not change over time. For cross-sections every row is a unit.
    Units,
    /// A row per period and unit, period by period.
    Observations,
    /// A row per combination of values, by unit.
    UnitCodes(Vec<u32>),
    /// A row per combination of values, by period and unit.
    ObservationCodes(Vec<u32>),
}

/// The table rows of consecutive observations.
#[derive(Clone, Copy)]
pub(crate) enum RowSlice<'a> {
    /// Consecutive rows from this one on.
    From(usize),
    /// One code per observation.
    Codes(&'a [u32]),
}

impl<'a> RowSlice<'a> {
    /// The rows from the `start`th observation of this slice on, `len` of them.
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        match self {
            Self::From(first) => Self::From(first + start),
            Self::Codes(codes) => Self::Codes(&codes[start..start + len]),
        }
    }
}

/// Most combinations of values for which a table of combinations is kept.
const MOST_COMBINATIONS: usize = 1 << 16;

impl Covariates {
    pub(super) fn try_new(
        covariates: &[Covariate],
        places: &Places<'_>,
    ) -> Result<Option<Self>, EstimatorError> {
        if covariates.is_empty() {
            return Ok(None);
        }
        let laid: Vec<CovariateLayout> = covariates
            .par_iter()
            .map(|covariate| CovariateLayout::out(&covariate.values, places))
            .collect();
        // A row of the table holds all covariates: one that changes over time puts all of them by period.
        let per_unit = laid.iter().all(|one| one.per_unit);
        let observed = ObservationCounts::of(places, per_unit);
        let levels: Vec<Option<Vec<f64>>> = laid
            .par_iter()
            .map(|one| one.levels(&observed.counts, places.n_units))
            .collect();
        let combined = combine(&laid, &levels, &observed, places.n_units);
        let (table, counts, rows) = match combined {
            Some(Combinations {
                table,
                counts,
                codes,
            }) => {
                let rows = if per_unit {
                    TableRows::UnitCodes(codes)
                } else {
                    TableRows::ObservationCodes(codes)
                };
                (table, counts, rows)
            }
            None => {
                let table = laid
                    .into_iter()
                    .map(|one| one.over(observed.counts.len(), places.n_units))
                    .collect();
                let rows = if per_unit {
                    TableRows::Units
                } else {
                    TableRows::Observations
                };
                (table, observed.counts, rows)
            }
        };
        let columns = orthonormal(expand(covariates, table, &counts)?, &counts)?;
        Ok(Some(Self { columns, rows }))
    }

    /// The rows of all units (from `offset` on, of `stride` in all) in a period.
    pub(crate) fn rows_at(&self, period: usize, stride: usize, offset: usize) -> RowSlice<'_> {
        let start = period * stride + offset;
        match &self.rows {
            TableRows::Units => RowSlice::From(offset),
            TableRows::Observations => RowSlice::From(start),
            TableRows::UnitCodes(codes) => RowSlice::Codes(&codes[offset..stride]),
            TableRows::ObservationCodes(codes) => {
                RowSlice::Codes(&codes[start..(period + 1) * stride])
            }
        }
    }

    /// Whether they are the same in all periods.
    pub(crate) fn are_constant(&self) -> bool {
        matches!(self.rows, TableRows::Units | TableRows::UnitCodes(_))
    }

    /// Whether many observations share a row.
    pub(crate) fn are_shared(&self) -> bool {
        matches!(
            self.rows,
            TableRows::UnitCodes(_) | TableRows::ObservationCodes(_)
        )
    }

    /// The covariates of some units, `n_units` of them being in the panel.
    pub(crate) fn keep(&self, kept: &[u32], n_units: usize, n_periods: usize) -> Self {
        let pick_periods = |codes: &[u32]| {
            let blocks = codes.chunks_exact(n_units).take(n_periods);
            blocks
                .flat_map(|block| kept.iter().map(|&unit| block[unit as usize]))
                .collect::<Vec<u32>>()
        };
        let pick = |column: &Vec<f64>| -> Vec<f64> {
            let blocks = column.chunks_exact(n_units).take(n_periods);
            blocks
                .flat_map(|block| kept.iter().map(|&unit| block[unit as usize]))
                .collect()
        };
        match &self.rows {
            TableRows::Units | TableRows::Observations => Self {
                columns: self.columns.par_iter().map(pick).collect(),
                rows: self.rows.clone(),
            },
            TableRows::UnitCodes(codes) => Self {
                columns: self.columns.clone(),
                rows: TableRows::UnitCodes(kept.iter().map(|&unit| codes[unit as usize]).collect()),
            },
            TableRows::ObservationCodes(codes) => Self {
                columns: self.columns.clone(),
                rows: TableRows::ObservationCodes(pick_periods(codes)),
            },
        }
    }
}

/// How often a unit (or unit and period) is observed.
struct ObservationCounts {
    counts: Vec<f64>,
}

impl ObservationCounts {
    fn of(places: &Places<'_>, per_unit: bool) -> Self {
        let len = if per_unit {
            places.n_units
        } else {
            places.n_units * places.n_periods
        };
        let mut counts = vec![0.0; len];
        for (&unit, &period) in places.units.iter().zip(places.periods) {
            let period = if per_unit { 0 } else { usize::from(period) };
            counts[period * places.n_units + unit as usize] += 1.0;
        }
        Self { counts }
    }
}

/// A covariate laid out by unit, or by period and unit; what is not observed is zero.
struct CovariateLayout {
    per_unit: bool,
    values: Vec<f64>,
}

impl CovariateLayout {
    fn out(values: &CovariateValues, places: &Places<'_>) -> Self {
        let mut by_unit = vec![f64::NAN; places.n_units];
        let mut varies = false;
        let mut next = 0;
        places.rows.for_each(|row| {
            let known = &mut by_unit[places.units[next] as usize];
            next += 1;
            let value = values.number(row);
            if known.is_nan() {
                *known = value;
            }
            varies |= *known != value;
        });
        if !varies {
            return Self {
                per_unit: true,
                values: by_unit,
            };
        }
        // Freed before the larger table is made.
        drop(by_unit);
        let mut all = vec![0.0; places.n_units * places.n_periods];
        let mut next = 0;
        places.rows.for_each(|row| {
            let period = usize::from(places.periods[next]);
            all[period * places.n_units + places.units[next] as usize] = values.number(row);
            next += 1;
        });
        Self {
            per_unit: false,
            values: all,
        }
    }

    /// The distinct observed values, ascending, when there are few.
    fn levels(&self, counts: &[f64], n_units: usize) -> Option<Vec<f64>> {
        let mut levels: Vec<f64> = Vec::new();
        let mut last = f64::NAN;
        for (place, &count) in counts.iter().enumerate() {
            let value = self.at(place, n_units);
            // Equal neighbours need no search; the first is compared with NaN, which equals nothing.
            if count == 0.0 || value == last {
                continue;
            }
            last = value;
            let rank = levels.partition_point(|&known| known < value);
            if levels.get(rank) != Some(&value) {
                if levels.len() == MOST_LEVELS {
                    return None;
                }
                levels.insert(rank, value);
            }
        }
        Some(levels)
    }

    fn at(&self, place: usize, n_units: usize) -> f64 {
        // Places run period by period, so that the remainder is the unit.
        self.values[if self.per_unit {
            place % n_units
        } else {
            place
        }]
    }

    /// One value per place, of which there are `len`.
    fn over(self, len: usize, n_units: usize) -> Vec<f64> {
        if self.values.len() == len {
            return self.values;
        }
        (0..len).map(|place| self.at(place, n_units)).collect()
    }
}

/// Most distinct values of one covariate in a table of combinations.
const MOST_LEVELS: usize = 1_024;

/// A table of the combinations that occur.
struct Combinations {
    table: Vec<Vec<f64>>,
    counts: Vec<f64>,
    codes: Vec<u32>,
}

/// The combinations of values, when they are few compared with the places.
fn combine(
    laid: &[CovariateLayout],
    levels: &[Option<Vec<f64>>],
    observed: &ObservationCounts,
    n_units: usize,
) -> Option<Combinations> {
    let levels: Vec<&Vec<f64>> = levels.iter().map(Option::as_ref).collect::<Option<_>>()?;
    let n_combinations = levels
        .iter()
        .try_fold(1_usize, |product, own| {
            product.checked_mul(own.len().max(1))
        })
        .filter(|&product| product <= MOST_COMBINATIONS)?;
    let mut codes = vec![0_u32; observed.counts.len()];
    for (one, own) in laid.iter().zip(&levels) {
        codes.par_iter_mut().enumerate().for_each(|(place, code)| {
            let value = one.at(place, n_units);
            // A place without observation holds 0, which may lie above all levels.
            let rank = own
                .partition_point(|&known| known < value)
                .min(own.len() - 1);
            // A number with one digit per covariate, in the base of its levels; below `MOST_COMBINATIONS`, so that it
            // fits.
            *code = *code * own.len() as u32 + rank as u32;
        });
    }
    let mut seen = vec![0.0; n_combinations];
    for (&code, &count) in codes.iter().zip(&observed.counts) {
        seen[code as usize] += count;
    }
    let used: Vec<usize> = (0..n_combinations)
        .filter(|&code| seen[code] > 0.0)
        .collect();
    // With fewer than four observations to a row the codes cost more than they spare.
    if used.len() * 4 > codes.len() {
        return None;
    }
    let mut place_of = vec![0_u32; n_combinations];
    for (place, &code) in used.iter().enumerate() {
        place_of[code] = place as u32;
    }
    // Places without an observation may point anywhere: nothing is ever read there.
    codes
        .par_iter_mut()
        .for_each(|code| *code = place_of[*code as usize]);
    // The first covariate is the leading digit.
    let mut stride = n_combinations;
    let table = levels
        .iter()
        .map(|own| {
            stride /= own.len();
            used.iter()
                .map(|code| own[code / stride % own.len()])
                .collect()
        })
        .collect();
    let counts = used.iter().map(|&code| seen[code]).collect();
    Some(Combinations {
        table,
        counts,
        codes,
    })
}

/// Categories become indicators of all labels but the first that occurs; one label alone is a constant, and refused like one.
fn expand(
    covariates: &[Covariate],
    table: Vec<Vec<f64>>,
    counts: &[f64],
) -> Result<Vec<(String, Vec<f64>)>, EstimatorError> {
    let mut columns = Vec::new();
    for (covariate, values) in covariates.iter().zip(table) {
        let CovariateValues::Categories { labels, .. } = &covariate.values else {
            columns.push((covariate.name.clone(), values));
            continue;
        };
        let mut occurs = vec![false; labels.len()];
        for (&value, &count) in values.iter().zip(counts) {
            if count > 0.0 {
                occurs[value as usize] = true;
            }
        }
        let used: Vec<usize> = (0..labels.len()).filter(|&label| occurs[label]).collect();
        if used.len() < 2 {
            return Err(EstimatorError::DependentCovariate {
                column: covariate.name.clone(),
            });
        }
        for label in used.into_iter().skip(1) {
            let indicator = values
                .iter()
                .map(|&value| f64::from(u8::from(value as usize == label)));
            let name = format!("{} = {}", covariate.name, labels[label]);
            columns.push((name, indicator.collect()));
        }
    }
    Ok(columns)
}

/// Columns shorter than this share of their length after taking out the earlier ones are combinations of them.
// Lengths here, not squares, and measured after taking out twice: far fewer digits are lost than in products.
const DEPENDENT: f64 = 1e-8;

/// Centres the columns and makes them orthonormal under the counts.
fn orthonormal(
    named: Vec<(String, Vec<f64>)>,
    counts: &[f64],
) -> Result<Vec<Vec<f64>>, EstimatorError> {
    let n: f64 = counts.iter().sum();
    let dot = |a: &[f64], b: &[f64]| weighted_dot(a, b, counts) / n;
    let mut done: Vec<Vec<f64>> = Vec::with_capacity(named.len());
    for (name, mut column) in named {
        let largest = column
            .iter()
            .fold(0.0_f64, |most, value| most.max(value.abs()));
        if largest > 0.0 {
            // A power of two: it rounds nothing, and what is small beside the mean keeps its digits.
            let scale = 2.0_f64.powi(-(largest.log2() as i32).clamp(-1_000, 1_000));
            column.iter_mut().for_each(|value| *value *= scale);
        }
        for _ in 0..2 {
            // Twice: the second mean is what rounding left of the first, for columns whose mean is large beside their spread.
            let mean = lane_dot(&column, counts) / n;
            column.iter_mut().for_each(|value| *value -= mean);
        }
        let length = (dot(&column, &column)).sqrt();
        let mut left = length;
        // The largest number is about one by now, so a length of 1.5e-14 is what rounding leaves of a constant.
        if length > f64::EPSILON.sqrt() * 1e-6 {
            // The second pass takes out what rounding in the first left along the earlier columns.
            for _ in 0..2 {
                for earlier in &done {
                    let share = dot(&column, earlier);
                    for (value, other) in column.iter_mut().zip(earlier) {
                        *value -= share * other;
                    }
                }
            }
            left = (dot(&column, &column)).sqrt();
        }
        if left <= DEPENDENT * length || left <= f64::EPSILON.sqrt() * 1e-6 {
            return Err(EstimatorError::DependentCovariate { column: name });
        }
        column
            .iter_mut()
            .zip(counts)
            .for_each(|(value, &count)| *value = if count > 0.0 { *value / left } else { 0.0 });
        done.push(column);
    }
    Ok(done)
}

/// Σ of products under the counts.
fn weighted_dot(a: &[f64], b: &[f64], counts: &[f64]) -> f64 {
    let terms: Vec<f64> = a
        .par_chunks(CHUNK)
        .zip(b.par_chunks(CHUNK))
        .zip(counts.par_chunks(CHUNK))
        .map(|((a, b), counts)| {
            let weighted: Vec<f64> = a.iter().zip(counts).map(|(a, n)| a * n).collect();
            lane_dot(&weighted, b)
        })
        .collect();
    terms.iter().sum()
}

/// Rows per partial sum; they, not the threads, fix the order of summation.
const CHUNK: usize = 8_192;
