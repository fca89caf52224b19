//! The columns of the model for untreated outcomes, and the sums of indicators within a group of the unit effect.
//!
//! Column order: periods, indicators of event times before exposure (for the pre-trend regression), numeric covariates,
//! levels of text covariates. Indicator columns are never stored: a row knows which of them are one.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::error::EstimatorError;
use crate::imputation::rows::{Covariate, Rows};

/// Stands for "no column".
const NONE: u32 = u32::MAX;

/// Columns (and event times) the dense matrices can have.
const MOST_COLUMNS: usize = 1_000;

/// The rows and what each of them has in which column.
pub(super) struct Design<'a> {
    pub(super) rows: &'a Rows,
    /// Event times of treated rows, ascending.
    pub(super) events: Vec<i32>,
    /// Event times before exposure asked for and seen, ascending.
    pub(super) leads: Vec<i32>,
    /// By cell: index among `events`.
    event_of_cell: Vec<u32>,
    /// By cell: column of the lead.
    lead_of_cell: Vec<u32>,
    numeric: Vec<&'a [f64]>,
    /// Of each numeric covariate: Σω(z − z̄)² over the untreated rows.
    pub(super) numeric_squares: Vec<f64>,
    /// Codes with the column of level 0, were it not the reference.
    levels: Vec<(&'a [u32], usize)>,
    pub(super) n_columns: usize,
    /// By column from the first covariate on: index of the covariate, and root mean square over all rows.
    covariate_columns: Vec<(usize, f64)>,
}

impl<'a> Design<'a> {
    pub(super) fn try_new(rows: &'a Rows, leads: Range<i32>) -> Result<Self, EstimatorError> {
        let seen = || {
            let cells = rows.cells.iter().filter(|cell| cell.n_rows > 0);
            cells.filter_map(|cell| cell.event_time)
        };
        let distinct = |keep: &dyn Fn(i32) -> bool| -> Vec<i32> {
            seen()
                .filter(|&e| keep(e))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        };
        let events = distinct(&|event_time| event_time >= 0);
        let leads = distinct(&|event_time| leads.contains(&event_time));
        let n_periods = rows.periods.len();
        let index = |known: &[i32], event_time: Option<i32>, offset: usize| {
            let found = event_time.and_then(|e| known.binary_search(&e).ok());
            found.map_or(NONE, |index| (index + offset) as u32)
        };
        let by_cell = |known: &[i32], offset: usize| -> Vec<u32> {
            let cells = rows.cells.iter();
            cells
                .map(|cell| index(known, cell.event_time, offset))
                .collect()
        };
        let mut design = Self {
            event_of_cell: by_cell(&events, 0),
            lead_of_cell: by_cell(&leads, n_periods),
            n_columns: n_periods + leads.len(),
            rows,
            events,
            leads,
            numeric: Vec::new(),
            numeric_squares: Vec::new(),
            levels: Vec::new(),
            covariate_columns: Vec::new(),
        };
        design.add_covariates();
        let (what, found) = if design.events.len() > MOST_COLUMNS {
            ("event times", design.events.len())
        } else {
            (
                "periods and covariates (levels of text included)",
                design.n_columns,
            )
        };
        if found > MOST_COLUMNS {
            let (found, limit) = (found as u64, MOST_COLUMNS as u64);
            return Err(EstimatorError::TooMany { what, found, limit });
        }
        Ok(design)
    }

    fn add_covariates(&mut self) {
        for (index, (_, covariate)) in self.rows.covariates.iter().enumerate() {
            if let Covariate::Numeric(numbers) = covariate {
                self.numeric.push(&numbers.values);
                self.numeric_squares.push(numbers.untreated_squares);
                self.covariate_columns.push((index, numbers.spread));
                self.n_columns += 1;
            }
        }
        for (index, (_, covariate)) in self.rows.covariates.iter().enumerate() {
            if let Covariate::Levels { codes, n_levels } = covariate {
                let mut sizes = vec![0.0; *n_levels];
                codes.iter().for_each(|&code| sizes[code as usize] += 1.0);
                let spread = |size: &f64| (size / codes.len() as f64).sqrt();
                self.levels.push((codes, self.n_columns - 1));
                self.covariate_columns
                    .extend(sizes[1..].iter().map(|size| (index, spread(size))));
                self.n_columns += n_levels - 1;
            }
        }
    }

    pub(super) fn n_periods(&self) -> usize {
        self.rows.periods.len()
    }

    /// The columns of the leads.
    pub(super) fn lead_columns(&self) -> Range<usize> {
        self.n_periods()..self.n_periods() + self.leads.len()
    }

    /// The columns of the covariates.
    pub(super) fn covariate_columns(&self) -> Range<usize> {
        self.n_periods() + self.leads.len()..self.n_columns
    }

    pub(super) fn numeric_columns(&self) -> Range<usize> {
        let start = self.covariate_columns().start;
        start..start + self.numeric.len()
    }

    /// The covariate behind a column and its root mean square.
    pub(super) fn covariate_of(&self, column: usize) -> (&'a str, f64) {
        let (index, spread) = self.covariate_columns[column - self.covariate_columns().start];
        (&self.rows.covariates[index].0, spread)
    }

    /// Index of a row's event time among `events`; `None` for untreated rows.
    pub(super) fn event(&self, row: usize) -> Option<usize> {
        self.event_of_cell(self.rows.row_cells[row] as usize)
    }

    /// Index of a cell's event time among `events`; `None` before exposure.
    pub(super) fn event_of_cell(&self, cell: usize) -> Option<usize> {
        let event = self.event_of_cell[cell];
        (event != NONE).then_some(event as usize)
    }

    /// The estimate that the rows of a cell belong to: the leads come first, then the event times.
    pub(super) fn estimate_of_cell(&self, cell: usize) -> Option<usize> {
        let (lead, event) = (self.lead_of_cell[cell], self.event_of_cell[cell]);
        if lead != NONE {
            return Some(lead as usize - self.n_periods());
        }
        (event != NONE).then(|| self.leads.len() + event as usize)
    }

    /// Calls `body` with the indicator columns that are one in a row.
    pub(super) fn each_indicator(&self, row: usize, mut body: impl FnMut(usize)) {
        let cell = self.rows.row_cells[row] as usize;
        body(self.rows.cells[cell].period);
        let lead = self.lead_of_cell[cell];
        if lead != NONE {
            body(lead as usize);
        }
        for (codes, before) in &self.levels {
            let code = codes[row] as usize;
            if code > 0 {
                body(before + code);
            }
        }
    }

    /// Calls `body` with every column that is not zero in a row, and its value; numeric ones are relative to their mean over the
    /// untreated rows of the group.
    pub(super) fn each_column(&self, row: usize, mut body: impl FnMut(usize, f64)) {
        self.each_indicator(row, |column| body(column, 1.0));
        for (column, values) in self.numeric_columns().zip(&self.numeric) {
            body(column, values[row]);
        }
    }

    /// z'c for the columns z of a row.
    pub(super) fn combine(&self, row: usize, coefficients: &[f64]) -> f64 {
        let mut sum = 0.0;
        self.each_column(row, |column, value| sum += value * coefficients[column]);
        sum
    }

    /// The untreated rows of a group.
    pub(super) fn untreated(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        self.rows
            .group(group)
            .filter(|&row| self.event(row).is_none())
    }
}

/// Weighted sums over the untreated rows of one group; made once and filled again for each group.
pub(super) struct GroupSums {
    pub(super) n_rows: u64,
    pub(super) weight: f64,
    /// Indicator columns that are one somewhere in the group, and in `sums` the weight of those rows. Numeric columns sum to zero.
    pub(super) touched: Vec<usize>,
    pub(super) sums: Vec<f64>,
}

impl GroupSums {
    pub(super) fn new(design: &Design<'_>) -> Self {
        Self {
            n_rows: 0,
            weight: 0.0,
            touched: Vec::new(),
            sums: vec![0.0; design.n_columns],
        }
    }

    pub(super) fn fill(&mut self, design: &Design<'_>, group: usize) {
        for column in self.touched.drain(..) {
            self.sums[column] = 0.0;
        }
        (self.n_rows, self.weight) = (0, 0.0);
        for row in design.untreated(group) {
            let weight = design.rows.weight(row);
            self.n_rows += 1;
            self.weight += weight;
            let (sums, touched) = (&mut self.sums, &mut self.touched);
            design.each_indicator(row, |column| {
                if sums[column] == 0.0 {
                    touched.push(column);
                }
                sums[column] += weight;
            });
        }
    }

    /// z̄'c for the mean z̄ of the columns.
    pub(super) fn combine_means(&self, coefficients: &[f64]) -> f64 {
        let indicators = self.touched.iter();
        indicators
            .map(|&column| self.sums[column] / self.weight * coefficients[column])
            .sum()
    }
}
