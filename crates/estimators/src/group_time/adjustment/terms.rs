//! The influence function of an adjusted comparison: coefficients of one form for each group of observations.

use crate::group_time::adjustment::basis::Basis;
use crate::group_time::adjustment::points::{Segment, linear_form};
use crate::group_time::adjustment::propensity::Propensity;
use crate::panel::covariate_table::{Covariates, RowSlice};

/// Influence of the observations of one group: ψ/ω = u·(a + X'c + a_r r) + b + X'v + b_r r − (D − p) X'h, u = y − X'β.
#[derive(Clone, Default)]
pub(crate) struct Terms {
    pub(crate) is_treated: bool,
    /// β; like the other vectors empty where it is zero.
    pub(crate) beta: Vec<f64>,
    pub(crate) c: Vec<f64>,
    pub(crate) v: Vec<f64>,
    pub(crate) h: Vec<f64>,
    pub(crate) a: f64,
    pub(crate) a_odds: f64,
    pub(crate) b: f64,
    pub(crate) b_odds: f64,
    /// Where observations share covariates: slope and intercept in y by row of the table.
    pub(super) by_row: Option<(Vec<f64>, Vec<f64>)>,
}

/// Buffers for evaluating influence functions.
#[derive(Default)]
pub(crate) struct InfluenceBuffers {
    outcome: Vec<f64>,
    weight: Vec<f64>,
    probability: Vec<f64>,
    form: Vec<f64>,
    slope: Vec<f64>,
    other: Vec<f64>,
}

impl Terms {
    /// Coefficients on the panel's columns in place of those of a comparison's own, and the form for every row of the table.
    pub(super) fn finish(
        &mut self,
        covariates: &Covariates,
        basis: &Basis,
        propensity: Option<&Propensity>,
    ) {
        for own in [&mut self.beta, &mut self.c, &mut self.v, &mut self.h] {
            *own = basis.on_panel(std::mem::take(own));
        }
        self.tabulate(covariates, propensity);
    }

    /// Slope and intercept in y of ψ/ω for consecutive rows of the table.
    fn line(
        &self,
        covariates: &Covariates,
        first_row: usize,
        probability: &[f64],
        line: (&mut Vec<f64>, &mut Vec<f64>),
        form: &mut Vec<f64>,
    ) {
        let len = probability.len();
        let (slope, intercept) = line;
        form.resize(len, 0.0);
        slope.resize(len, 0.0);
        intercept.resize(len, 0.0);
        let odds = |p: f64| {
            let mut one = [p];
            Propensity::odds_in_place(&mut one);
            one[0]
        };
        let needs_odds = self.a_odds != 0.0 || self.b_odds != 0.0;
        linear_form(covariates, &self.c, first_row, slope);
        linear_form(covariates, &self.v, first_row, intercept);
        for index in 0..len {
            let r = if needs_odds {
                odds(probability[index])
            } else {
                0.0
            };
            slope[index] += self.a + self.a_odds * r;
            intercept[index] += self.b + self.b_odds * r;
        }
        if !self.beta.is_empty() {
            linear_form(covariates, &self.beta, first_row, form);
            for index in 0..len {
                // With u = y − X'β the slope multiplies X'β as well, which is not of y.
                intercept[index] -= slope[index] * form[index];
            }
        }
        if !self.h.is_empty() {
            linear_form(covariates, &self.h, first_row, form);
            let treated = f64::from(u8::from(self.is_treated));
            for index in 0..len {
                intercept[index] -= (treated - probability[index]) * form[index];
            }
        }
    }

    /// Evaluates the form for every row of the table, where observations share rows.
    fn tabulate(&mut self, covariates: &Covariates, propensity: Option<&Propensity>) {
        if !covariates.are_shared() {
            return;
        }
        let n_rows = covariates.columns[0].len();
        let none = vec![0.0; n_rows];
        let probability = propensity.and_then(Propensity::rows).unwrap_or(&none);
        let (mut slope, mut intercept) = (Vec::new(), Vec::new());
        let line = (&mut slope, &mut intercept);
        self.line(covariates, 0, probability, line, &mut Vec::new());
        self.by_row = Some((slope, intercept));
    }

    /// Adds ψ/N of the observations of a segment to `out`.
    pub(crate) fn add(
        &self,
        covariates: &Covariates,
        propensity: Option<&Propensity>,
        segment: &Segment<'_>,
        buffers: &mut InfluenceBuffers,
        out: &mut [f64],
    ) {
        segment.load(&mut buffers.outcome, &mut buffers.weight);
        let observations = buffers.outcome.iter().zip(&buffers.weight);
        match (segment.rows, &self.by_row) {
            (RowSlice::Codes(codes), Some((slope, intercept))) => {
                for ((slot, (y, w)), &code) in out.iter_mut().zip(observations).zip(codes) {
                    *slot += w * (slope[code as usize] * y + intercept[code as usize]);
                }
            }
            (RowSlice::From(first_row), _) => {
                buffers.probability.clear();
                buffers.probability.resize(out.len(), 0.0);
                if let Some(propensity) = propensity {
                    let first_unit = segment.units.start;
                    let probability = &mut buffers.probability;
                    propensity.probabilities(covariates, first_unit, first_row, probability);
                }
                let line = (&mut buffers.slope, &mut buffers.other);
                let probability = &buffers.probability;
                self.line(covariates, first_row, probability, line, &mut buffers.form);
                let line = buffers.slope.iter().zip(&buffers.other);
                for ((slot, (y, w)), (slope, intercept)) in
                    out.iter_mut().zip(observations).zip(line)
                {
                    *slot += w * (slope * y + intercept);
                }
            }
            // Does not occur: `finish` makes the table where observations share covariates.
            (RowSlice::Codes(_), None) => {}
        }
    }
}
