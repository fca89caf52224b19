//! One comparison adjusted for covariates: doubly robust, inverse probability weighting or outcome regression.
//!
//! Formulas: Sant'Anna and Zhao (2020), J. Econometrics 219:101, in the "traditional" form of R `DRDID` (maximum likelihood and
//! least squares). With repeated cross-sections (and panels with holes whose rows are kept) the doubly robust estimator is
//! the locally efficient one. `DRDID` 1.2.3 adds a term of its influence function that must be subtracted; here it is subtracted.
//!
//! With ω the weight, D the treated, r = p/(1 − p) the odds and ε the residual of the comparison units' regression, every
//! influence function has the form ψ/ω = u·(a + X'c + a_r r) + b + X'v + b_r r − (D − p) X'h with u = y − X'β: what is kept of a
//! comparison are the coefficients of that form for each group of observations ([`Terms`]).

use std::sync::Arc;

use nalgebra::DVector;

use crate::group_time::adjustment::basis::Basis;
use crate::group_time::adjustment::points::{Points, Sides, WeightMoments};
use crate::group_time::adjustment::propensity::{Keep, Propensity};
use crate::group_time::adjustment::terms::Terms;
use crate::group_time::options::Method;
use crate::linear_algebra::{embedded_inverse, independent_columns};
use crate::panel::covariate_table::Covariates;
use crate::status::Status;

/// What the comparisons of one cohort with the same units, covariates and weights share.
pub(crate) struct Adjustment {
    basis: Basis,
    treated: WeightMoments,
    inverse_control: Option<nalgebra::DMatrix<f64>>,
    pub(crate) propensity: Option<Arc<Propensity>>,
}

/// An adjusted comparison.
pub(crate) struct AdjustedComparison {
    pub(crate) estimate: f64,
    /// One for each group of observations: treated, comparison; with rows each at the current and the reference period.
    pub(crate) groups: Vec<Terms>,
}

impl Adjustment {
    /// Fits what does not depend on the outcome.
    ///
    /// # Errors
    /// The status of a comparison that cannot be adjusted.
    pub(crate) fn fit(
        covariates: &Covariates,
        sides: Sides<'_>,
        method: Method,
        is_weighted: bool,
        keep: Keep,
    ) -> Result<Self, Status> {
        let (treated, control) = (
            sides.treated.weight_moments(),
            sides.control.weight_moments(),
        );
        // The first entry of the vector is Σω.
        if treated.vector[0] <= 0.0 {
            return Err(Status::NoTreated);
        }
        if control.vector[0] <= 0.0 {
            return Err(Status::NoControls);
        }
        let basis = Basis::of(covariates, sides, &(&treated.matrix + &control.matrix));
        let rebased = basis.rebased(sides);
        let (sides, treated, control) = match &rebased {
            None => (sides, treated, control),
            Some(own) => (
                Sides::of(own),
                own[0].weight_moments(),
                own[1].weight_moments(),
            ),
        };
        let inverse_control = match method {
            Method::InverseProbability => None,
            _ => Some(determined_inverse(&control, &basis.kept)?),
        };
        let mut propensity = match method {
            Method::OutcomeRegression => None,
            _ => Some(Propensity::fit(sides, &basis, is_weighted, keep)?),
        };
        // One probability for each combination of covariates serves all observations that share it.
        if let Some(propensity) = &mut propensity
            && covariates.are_shared()
        {
            propensity.store_rows(basis.covariates(covariates));
        }
        // It borrows the basis, which is moved below.
        drop(rebased);
        Ok(Self {
            basis,
            treated,
            inverse_control,
            propensity: propensity.map(Arc::new),
        })
    }

    /// Compares changes of units.
    ///
    /// # Errors
    /// The status of a comparison without an estimate.
    pub(crate) fn compare_changes(
        &self,
        covariates: &Covariates,
        sides: Sides<'_>,
    ) -> Result<AdjustedComparison, Status> {
        let rebased = self.basis.rebased(sides);
        let sides = rebased.as_ref().map_or(sides, Sides::of);
        let outcome = sides.treated.outcome_vector();
        let k = self.basis.kept.len();
        let (plain, weighted) = match &self.propensity {
            Some(propensity) => propensity.outcome_vectors(sides.control),
            None => (sides.control.outcome_vector(), DVector::zeros(k)),
        };
        let beta = match &self.inverse_control {
            Some(inverse) => inverse * plain,
            None => DVector::zeros(k),
        };
        let total = self.treated.vector[0];
        let mean_treated = (outcome[0] - beta.dot(&self.treated.vector)) / total;
        let mut treated = Terms {
            is_treated: true,
            a: 1.0 / total,
            b: -mean_treated / total,
            ..Terms::default()
        };
        let mut control = Terms::default();
        // The derivative of the estimate by β. With weights it vanishes where the comparison units have the mean covariates of
        // the treated.
        let mut direction = -&self.treated.vector / total;
        let mut mean_control = 0.0;
        if let Some(propensity) = &self.propensity {
            let odds = &propensity.odds;
            let total = odds.vector[0];
            // Zero where all comparison units are trimmed.
            if total <= 0.0 {
                return Err(Status::NoOverlap);
            }
            let residual = weighted - &odds.matrix * &beta;
            mean_control = residual[0] / total;
            direction += &odds.vector / total;
            let score = (residual - &odds.vector * mean_control) / total;
            // The derivative of the estimate by the logit's coefficients, times the inverse of the logit's Hessian.
            let h = (&propensity.inverse_hessian * score).as_slice().to_vec();
            control.a_odds = -1.0 / total;
            control.b_odds = mean_control / total;
            treated.h.clone_from(&h);
            control.h = h;
        }
        if let Some(inverse) = &self.inverse_control {
            control.c = (inverse * direction).as_slice().to_vec();
            treated.beta = beta.as_slice().to_vec();
            control.beta.clone_from(&treated.beta);
        }
        let mut groups = vec![treated, control];
        for group in &mut groups {
            group.finish(covariates, &self.basis, self.propensity.as_deref());
        }
        Ok(AdjustedComparison {
            estimate: mean_treated - mean_control,
            groups,
        })
    }
}

/// The inverse of ΣωXX' on the kept columns.
///
/// # Errors
/// [`Status::Singular`] when these observations do not determine a regression on them.
fn determined_inverse(
    moments: &WeightMoments,
    kept: &[bool],
) -> Result<nalgebra::DMatrix<f64>, Status> {
    // Of these observations alone: the coefficient of a column that varies among the treated only would be arbitrary, and is
    // needed to predict for them.
    let own = independent_columns(&moments.matrix);
    if kept.iter().zip(&own).any(|(kept, own)| *kept && !own) {
        return Err(Status::Singular);
    }
    // Normal equations rather than QR: sums over observations take one pass and add up over chunks, and columns that are
    // orthonormal over the panel lose few digits by squaring.
    embedded_inverse(&moments.matrix, kept).ok_or(Status::Singular)
}

/// One of the four groups of a comparison of rows.
struct RowGroup {
    moments: WeightMoments,
    outcome: DVector<f64>,
}

impl RowGroup {
    fn of(points: &Points<'_>, moments: WeightMoments) -> Self {
        Self {
            moments,
            outcome: points.outcome_vector(),
        }
    }

    fn total(&self) -> f64 {
        self.moments.vector[0]
    }

    /// Least squares on these rows, and the inverse it used.
    fn regression(&self, kept: &[bool]) -> Result<(DVector<f64>, nalgebra::DMatrix<f64>), Status> {
        let inverse = determined_inverse(&self.moments, kept)?;
        Ok((&inverse * &self.outcome, inverse))
    }

    /// Σω(y − X'β)/Σω.
    fn mean(&self, beta: &DVector<f64>) -> f64 {
        (self.outcome[0] - beta.dot(&self.moments.vector)) / self.total()
    }
}

/// The rows of a comparison, at the current and at the reference period.
#[derive(Clone, Copy)]
pub(crate) struct RowSides<'a> {
    pub(crate) both: Sides<'a>,
    pub(crate) current: Sides<'a>,
    pub(crate) reference: Sides<'a>,
}

/// Compares rows with rows; the propensity uses those of both periods.
///
/// # Errors
/// The status of a comparison without an estimate.
pub(crate) fn compare_rows(
    covariates: &Covariates,
    sides: RowSides<'_>,
    method: Method,
    is_weighted: bool,
) -> Result<(AdjustedComparison, Option<Propensity>), Status> {
    let groups = row_groups(sides.current, sides.reference);
    if groups.iter().any(|[treated, _]| treated.total() <= 0.0) {
        return Err(Status::NoTreated);
    }
    if groups.iter().any(|[_, control]| control.total() <= 0.0) {
        return Err(Status::NoControls);
    }
    let all = groups.iter().flatten().map(|group| &group.moments.matrix);
    let pooled = all.fold(None, |sum: Option<nalgebra::DMatrix<f64>>, own| {
        Some(sum.map_or_else(|| own.clone(), |sum| sum + own))
    });
    let pooled = pooled.unwrap_or_else(|| nalgebra::DMatrix::zeros(0, 0));
    let basis = Basis::of(covariates, sides.both, &pooled);
    let rebased = [sides.both, sides.current, sides.reference].map(|own| basis.rebased(own));
    let (sides, groups) = match &rebased {
        [Some(both), Some(current), Some(reference)] => {
            let [both, current, reference] = [both, current, reference].map(Sides::of);
            let sides = RowSides {
                both,
                current,
                reference,
            };
            (sides, row_groups(current, reference))
        }
        _ => (sides, groups),
    };
    let comparison = RowComparison {
        groups,
        kept: &basis.kept,
    };
    if method != Method::InverseProbability {
        comparison.check_regressions()?;
    }
    let mut propensity = match method {
        Method::OutcomeRegression => None,
        _ => Some(Propensity::fit(sides.both, &basis, is_weighted, Keep::No)?),
    };
    if let Some(propensity) = &mut propensity
        && covariates.are_shared()
    {
        propensity.store_rows(basis.covariates(covariates));
    }
    let mut adjusted = match &propensity {
        None => comparison.outcome_regression()?,
        Some(fit) => comparison.weighted(fit, sides, method == Method::DoublyRobust)?,
    };
    for group in &mut adjusted.groups {
        group.finish(covariates, &basis, propensity.as_ref());
    }
    Ok((adjusted, propensity))
}

/// The groups (current, reference) × (treated, comparison).
struct RowComparison<'a> {
    groups: [[RowGroup; 2]; 2],
    kept: &'a [bool],
}

fn row_groups(current: Sides<'_>, reference: Sides<'_>) -> [[RowGroup; 2]; 2] {
    [current, reference].map(|period| {
        [period.treated, period.control].map(|points| RowGroup::of(points, points.weight_moments()))
    })
}

/// + for the current, − for the reference period.
const SIGNS: [f64; 2] = [1.0, -1.0];

impl RowComparison<'_> {
    /// Refuses comparison rows that determine no regression, before other reasons are looked for.
    fn check_regressions(&self) -> Result<(), Status> {
        for [_, control] in &self.groups {
            determined_inverse(&control.moments, self.kept)?;
        }
        Ok(())
    }

    fn outcome_regression(&self) -> Result<AdjustedComparison, Status> {
        let none = DVector::zeros(self.kept.len());
        // Over the treated of both periods, as in `DRDID`: repeated cross-sections are taken to be alike in their
        // covariates.
        let treated_vector = &self.groups[0][0].moments.vector + &self.groups[1][0].moments.vector;
        let total = treated_vector[0];
        let mut estimate = 0.0;
        let mut fits = Vec::new();
        for (period, sign) in SIGNS.into_iter().enumerate() {
            let (beta, inverse) = self.groups[period][1].regression(self.kept)?;
            estimate += sign * self.groups[period][0].mean(&none);
            fits.push((beta, inverse));
        }
        let change = &fits[0].0 - &fits[1].0;
        let mean_change = change.dot(&treated_vector) / total;
        estimate -= mean_change;
        let mut groups = Vec::new();
        for (period, sign) in SIGNS.into_iter().enumerate() {
            let group = &self.groups[period][0];
            groups.push(Terms {
                is_treated: true,
                a: sign / group.total(),
                b: -sign * group.mean(&none) / group.total() + mean_change / total,
                v: (-&change / total).as_slice().to_vec(),
                ..Terms::default()
            });
            let (beta, inverse) = &fits[period];
            groups.push(Terms {
                beta: beta.as_slice().to_vec(),
                c: (inverse * &treated_vector * (-sign / total))
                    .as_slice()
                    .to_vec(),
                ..Terms::default()
            });
        }
        Ok(AdjustedComparison { estimate, groups })
    }

    /// Inverse probability weighting, doubly robust with `regressions`.
    fn weighted(
        &self,
        propensity: &Propensity,
        sides: RowSides<'_>,
        regressions: bool,
    ) -> Result<AdjustedComparison, Status> {
        let k = self.kept.len();
        let periods = [sides.current, sides.reference];
        let treated_vector = &self.groups[0][0].moments.vector + &self.groups[1][0].moments.vector;
        let total = treated_vector[0];
        let (mut estimate, mut score) = (0.0, DVector::zeros(k));
        let mut groups = Vec::new();
        let mut efficient: DVector<f64> = DVector::zeros(k);
        for (period, sign) in SIGNS.into_iter().enumerate() {
            let [treated, control] = &self.groups[period];
            let odds = propensity.odds_moments(periods[period].control);
            let odds_total = odds.vector[0];
            if odds_total <= 0.0 {
                return Err(Status::NoOverlap);
            }
            let mut own = Terms {
                is_treated: true,
                a: sign / treated.total(),
                ..Terms::default()
            };
            let mut other = Terms {
                a_odds: -sign / odds_total,
                ..Terms::default()
            };
            let mut beta = DVector::zeros(k);
            if regressions {
                let (control_beta, control_inverse) = control.regression(self.kept)?;
                let (treated_beta, treated_inverse) = treated.regression(self.kept)?;
                // Zero where the treated of this period have the mean covariates of all treated.
                let share = &treated.moments.vector / treated.total();
                let moment = &treated_vector / total - &share;
                // What the estimate changes with the comparison units' coefficients, and with those of the treated.
                let direction = (&odds.vector / odds_total - share - &moment) * sign;
                other.c = (control_inverse * direction).as_slice().to_vec();
                own.c = (treated_inverse * &moment * sign).as_slice().to_vec();
                let gap = &treated_beta - &control_beta;
                estimate += sign * moment.dot(&gap);
                efficient += gap * sign;
                own.beta = treated_beta.as_slice().to_vec();
                other.beta = control_beta.as_slice().to_vec();
                beta = control_beta;
            }
            let mean_treated = treated.mean(&beta);
            let weighted = propensity.outcome_vectors(periods[period].control).1;
            let residual = weighted - &odds.matrix * &beta;
            let mean_control = residual[0] / odds_total;
            estimate += sign * (mean_treated - mean_control);
            score += (residual - &odds.vector * mean_control) * (sign / odds_total);
            own.b = -sign * mean_treated / treated.total();
            other.b_odds = sign * mean_control / odds_total;
            groups.push(own);
            groups.push(other);
        }
        let h = (&propensity.inverse_hessian * score).as_slice().to_vec();
        if regressions {
            self.add_efficiency(&mut groups, &efficient, (&treated_vector, total));
        }
        for group in &mut groups {
            group.h.clone_from(&h);
        }
        Ok(AdjustedComparison { estimate, groups })
    }

    /// The part of the influence of treated rows that comes from averaging the regressions' gap over all treated rows.
    fn add_efficiency(
        &self,
        groups: &mut [Terms],
        efficient: &DVector<f64>,
        (treated_vector, total): (&DVector<f64>, f64),
    ) {
        let mean = efficient.dot(treated_vector) / total;
        for (period, sign) in SIGNS.into_iter().enumerate() {
            let treated = &self.groups[period][0];
            let own_beta = DVector::from_column_slice(&groups[2 * period].beta);
            let other_beta = DVector::from_column_slice(&groups[2 * period + 1].beta);
            let gap_here = (own_beta - other_beta).dot(&treated.moments.vector) / treated.total();
            let own = &mut groups[2 * period];
            own.v = (efficient / total).as_slice().to_vec();
            own.b += sign * gap_here / treated.total() - mean / total;
        }
    }
}
