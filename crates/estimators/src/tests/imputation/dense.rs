//! The same formulas with dense matrices and every indicator written out, on many small random panels: holes, weights,
//! fixed effects across clusters, covariates that say nothing, periods that nothing links.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::{DMatrix, DVector};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{at, window};
use crate::Status;
use crate::imputation::{ImputationColumns, ImputationResult, did_imputation};
use crate::panel::{NEVER, PanelColumns};
use crate::regression::Column;
use crate::tests::golden::close;

/// A random panel and what the dense computation needs of it.
pub(super) struct Case {
    pub(super) columns: ImputationColumns,
    clusters: Vec<u32>,
    effects: Vec<u32>,
}

struct Dice(Xoshiro256PlusPlus);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Every seed chooses another combination of what a panel can have.
pub(super) fn case(seed: u64) -> Case {
    let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
    let (n_units, n_periods) = (8 + dice.below(25), 3 + dice.below(5));
    let seen = [1.0, 0.8, 0.45][dice.below(3) as usize];
    let has_never = dice.below(3) > 0;
    let (mut panel, mut effects, mut clusters) = (PanelColumns::default(), Vec::new(), Vec::new());
    let (mut constants, mut levels) = (Vec::new(), Vec::new());
    let (effect_kind, cluster_kind) = (dice.below(4), dice.below(3));
    for unit in 0..n_units {
        let cohort = (!has_never || dice.below(4) > 0)
            .then(|| dice.below(n_periods + 3) as i32 - 1)
            .map(|cohort| 2010 + cohort);
        let cluster = [unit, unit / 3, dice.below(5)][cluster_kind as usize] as u32;
        let level = dice.below(3) as u32;
        for time in 0..n_periods {
            if dice.uniform() > seen {
                continue;
            }
            panel.unit.push(unit as i64 * 7 - 20);
            panel.time.push(2010 + time as i32);
            panel.cohort.push(cohort.unwrap_or(NEVER));
            panel
                .outcome
                .push(5.0 + dice.uniform() * 3.0 + (unit % 5) as f64 + 0.4 * time as f64);
            clusters.push(cluster);
            effects.push(match effect_kind {
                0 | 1 => unit as u32,
                2 => (unit / 4) as u32,
                _ => dice.below(4) as u32,
            });
            constants.push((unit % 3) as f64);
            levels.push(if dice.below(4) == 0 {
                dice.below(4) as u32
            } else {
                level
            });
        }
    }
    if dice.below(2) == 0 {
        panel.weight = Some(
            (0..panel.unit.len())
                .map(|_| 0.2 + dice.uniform())
                .collect(),
        );
    }
    if cluster_kind > 0 {
        panel.cluster = Some(clusters.clone());
    }
    let covariates = covariates(&mut dice, constants, levels);
    let unit_effect = (effect_kind > 1).then(|| effects.clone());
    Case {
        columns: ImputationColumns {
            panel,
            covariates,
            unit_effect,
        },
        clusters,
        effects,
    }
}

/// Some of three: numbers, what is constant within units, and text.
fn covariates(dice: &mut Dice, constants: Vec<f64>, codes: Vec<u32>) -> Vec<(String, Column)> {
    let labels = ["d", "a", "c", "b"].map(str::to_owned).to_vec();
    let numbers = codes
        .iter()
        .map(|_| dice.uniform() * 100.0 + 1.0e4)
        .collect();
    let all = [
        ("number", Column::Numeric(numbers)),
        ("constant", Column::Numeric(constants)),
        ("level", Column::Categorical { codes, labels }),
    ];
    let chosen = all.into_iter().filter(|_| dice.below(2) == 0);
    chosen
        .map(|(name, column)| (name.to_owned(), column))
        .collect()
}

/// Indicators of all values of a column.
fn indicators(values: &[i64]) -> Vec<DVector<f64>> {
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let indicator = |known: &i64| {
        DVector::from_iterator(
            values.len(),
            values.iter().map(|v| f64::from(u8::from(v == known))),
        )
    };
    distinct.iter().map(indicator).collect()
}

/// Inverse of a positive semidefinite matrix on its range, and the projection onto that range.
pub(super) fn on_range(matrix: &DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
    let eigen = matrix.clone().symmetric_eigen();
    let largest = eigen.eigenvalues.max();
    let on = |value: f64| value > 1e-11 * largest;
    let inverse = eigen
        .eigenvalues
        .map(|value| if on(value) { 1.0 / value } else { 0.0 });
    let share = eigen
        .eigenvalues
        .map(|value| if on(value) { 1.0 } else { 0.0 });
    let vectors = &eigen.eigenvectors;
    let with =
        |values: &DVector<f64>| vectors * DMatrix::from_diagonal(values) * vectors.transpose();
    (with(&inverse), with(&share))
}

/// The dense computation.
pub(super) struct Dense {
    pub(super) design: DMatrix<f64>,
    pub(super) weights: DVector<f64>,
    outcome: DVector<f64>,
    /// Period − first exposure.
    pub(super) event_times: Vec<Option<i32>>,
    pub(super) untreated: Vec<usize>,
    clusters: Vec<u32>,
}

impl Dense {
    pub(super) fn new(case: &Case) -> Self {
        let panel = &case.columns.panel;
        let n = panel.unit.len();
        let mut columns = indicators(
            &case
                .effects
                .iter()
                .map(|&e| i64::from(e))
                .collect::<Vec<_>>(),
        );
        columns.extend(indicators(
            &panel.time.iter().map(|&t| i64::from(t)).collect::<Vec<_>>(),
        ));
        for (_, covariate) in &case.columns.covariates {
            match covariate {
                Column::Numeric(values) => {
                    let column = DVector::from_vec(values.clone());
                    let centred = column.add_scalar(-column.mean());
                    columns.push(&centred / centred.amax().max(1e-9));
                }
                Column::Integer { codes, .. } | Column::Categorical { codes, .. } => {
                    columns.extend(indicators(
                        &codes.iter().map(|&c| i64::from(c)).collect::<Vec<_>>(),
                    ));
                }
            }
        }
        let event_times: Vec<Option<i32>> = panel
            .time
            .iter()
            .zip(&panel.cohort)
            .map(|(time, &cohort)| (cohort != NEVER).then(|| time - cohort))
            .collect();
        let is_untreated = |&row: &usize| event_times[row].is_none_or(|e| e < 0);
        Self {
            design: DMatrix::from_columns(&columns),
            weights: panel
                .weight
                .clone()
                .map_or(DVector::repeat(n, 1.0), DVector::from_vec),
            outcome: DVector::from_vec(panel.outcome.clone()),
            untreated: (0..n).filter(is_untreated).collect(),
            clusters: case.clusters.clone(),
            event_times,
        }
    }

    pub(super) fn treated(&self) -> impl Iterator<Item = usize> + '_ {
        let n = self.outcome.len();
        (0..n).filter(|row| self.event_times[*row].is_some_and(|e| e >= 0))
    }

    pub(super) fn gram(&self, design: &DMatrix<f64>) -> DMatrix<f64> {
        let own = design.select_rows(&self.untreated);
        let mut weighted = own.clone();
        for (index, &row) in self.untreated.iter().enumerate() {
            weighted.row_mut(index).scale_mut(self.weights[row]);
        }
        own.tr_mul(&weighted)
    }

    /// Coefficients and residuals of the untreated rows.
    pub(super) fn fit(
        &self,
        design: &DMatrix<f64>,
        inverse: &DMatrix<f64>,
    ) -> (DVector<f64>, DVector<f64>) {
        let mut right = DVector::zeros(design.ncols());
        for &row in &self.untreated {
            right += design.row(row).transpose() * (self.weights[row] * self.outcome[row]);
        }
        let coefficients = inverse * right;
        let residuals = &self.outcome - design * &coefficients;
        (coefficients, residuals)
    }

    /// Units of the rows, and other units untreated in a period of the rows.
    fn counts(&self, case: &Case, rows: &[usize]) -> (u64, u64) {
        let panel = &case.columns.panel;
        let treated: BTreeSet<i64> = rows.iter().map(|&row| panel.unit[row]).collect();
        let periods: BTreeSet<i32> = rows.iter().map(|&row| panel.time[row]).collect();
        let compared = self
            .untreated
            .iter()
            .filter(|&&row| periods.contains(&panel.time[row]));
        let control: BTreeSet<i64> = compared.map(|&row| panel.unit[row]).collect();
        (
            treated.len() as u64,
            control.difference(&treated).count() as u64,
        )
    }

    /// The mean effect on the rows `own` and its error; effects are centred in their cell of the rows `used`.
    fn effect(
        &self,
        case: &Case,
        used: &[usize],
        own: &[usize],
        inverse: &DMatrix<f64>,
        deviations: &DVector<f64>,
    ) -> (f64, f64) {
        let cohorts = &case.columns.panel.cohort;
        let centre = |row: usize| {
            let is_same = |other: &&usize| {
                cohorts[**other] == cohorts[row]
                    && self.event_times[**other] == self.event_times[row]
            };
            let (mut sum, mut total) = (0.0, 0.0);
            for &other in used.iter().filter(is_same) {
                let square = self.weights[other] * self.weights[other];
                sum += square * deviations[other];
                total += square;
            }
            sum / total
        };
        let total: f64 = own.iter().map(|&row| self.weights[row]).sum();
        let share = |row: usize| self.weights[row] / total;
        let mean = own.iter().map(|&row| share(row) * deviations[row]).sum();
        let mut loading = DVector::zeros(self.design.ncols());
        for &row in own {
            loading += self.design.row(row).transpose() * share(row);
        }
        let solved = inverse * loading;
        let untreated = self.untreated.iter().map(|&row| {
            let v = -self.weights[row] * self.design.row(row).transpose().dot(&solved);
            (row, v * deviations[row])
        });
        let treated = own
            .iter()
            .map(|&row| (row, share(row) * (deviations[row] - centre(row))));
        let contributions: Vec<_> = untreated.chain(treated).collect();
        (mean, self.clustered(&contributions).sqrt())
    }

    pub(super) fn clustered(&self, contributions: &[(usize, f64)]) -> f64 {
        let mut sums = BTreeMap::new();
        for &(row, contribution) in contributions {
            *sums.entry(self.clusters[row]).or_insert(0.0) += contribution;
        }
        sums.values().map(|sum| sum * sum).sum()
    }
}

/// Compares all rows; returns how many estimates, leads and unpredictable rows there were.
fn compare(seed: u64, case: &Case, result: &ImputationResult) -> (usize, usize, u64) {
    let dense = Dense::new(case);
    let (inverse, range) = on_range(&dense.gram(&dense.design));
    let (_, deviations) = dense.fit(&dense.design, &inverse);
    let identified = |row: &usize| {
        let own = dense.design.row(*row).transpose();
        (&own - &range * &own).amax() < 1e-6
    };
    let used: Vec<usize> = dense.treated().filter(identified).collect();
    let sample = &result.sample;
    let n_left_out = sample.n_rows_without_untreated
        + sample.n_rows_not_connected
        + sample.n_rows_with_unseen_covariates;
    let expected = (dense.treated().count() - used.len()) as u64;
    assert_eq!(n_left_out, expected, "seed {seed}");
    let mut n_estimates = 0;
    let effects = result
        .rows
        .iter()
        .filter(|row| row.event_time.is_none_or(|e| e >= 0));
    for row in effects {
        let label = format!("seed {seed}, event time {:?}", row.event_time);
        let is_own = |other: &&usize| {
            row.event_time
                .is_none_or(|e| dense.event_times[**other] == Some(e))
        };
        let own: Vec<usize> = used.iter().filter(is_own).copied().collect();
        let found = &row.estimate;
        let counts = (found.n_treated, found.n_control);
        assert_eq!(counts, dense.counts(case, &own), "{label}");
        if own.is_empty() {
            assert_eq!(found.status, Status::NotIdentified, "{label}");
            assert!(found.estimate.is_nan(), "{label}");
            continue;
        }
        let (mean, error) = dense.effect(case, &used, &own, &inverse, &deviations);
        assert!(close(found.estimate, mean, 1e-8), "{label}: {mean}");
        let error_matches =
            close(found.std_error, error, 1e-7) || (found.std_error.is_nan() && error < 1.5e-7);
        assert!(error_matches, "{label}: {found:?} {error}");
        n_estimates += 1;
    }
    let n_leads = compare_leads(seed, case, &dense, result);
    (n_estimates, n_leads, n_left_out)
}

/// The pre-trend regression without its small-sample factor, which is the same for all of its coefficients.
fn compare_leads(seed: u64, case: &Case, dense: &Dense, result: &ImputationResult) -> usize {
    let mut leads: Vec<i32> = dense
        .untreated
        .iter()
        .filter_map(|&row| dense.event_times[row])
        .collect();
    leads.retain(|&lead| lead >= FIRST_LEAD);
    leads.sort_unstable();
    leads.dedup();
    if leads.is_empty() {
        return 0;
    }
    let lead_column = |&lead: &i32| {
        let values = dense
            .event_times
            .iter()
            .map(|&e| f64::from(u8::from(e == Some(lead))));
        DVector::from_iterator(dense.outcome.len(), values)
    };
    let own: Vec<DVector<f64>> = leads.iter().map(lead_column).collect();
    let others = dense.design.column_iter().map(|column| column.into_owned());
    let design = DMatrix::from_columns(&own.into_iter().chain(others).collect::<Vec<_>>());
    let (inverse, range) = on_range(&dense.gram(&design));
    let (coefficients, residuals) = dense.fit(&design, &inverse);
    let (mut n_leads, mut factor) = (0, None);
    for (index, &lead) in leads.iter().enumerate() {
        let found = at(result, Some(lead)).unwrap();
        let label = format!("seed {seed}, lead {lead}");
        let is_own = |row: &usize| dense.event_times[*row] == Some(lead);
        let rows: Vec<usize> = dense.untreated.iter().copied().filter(is_own).collect();
        let counts = (found.n_treated, found.n_control);
        assert_eq!(counts, dense.counts(case, &rows), "{label}");
        if (1.0 - range[(index, index)]).abs() > 1e-6 {
            assert_eq!(found.status, Status::Collinear, "{label}");
            assert!(found.estimate.is_nan(), "{label}");
            continue;
        }
        assert!(
            close(found.estimate, coefficients[index], 1e-8),
            "{label}: {found:?}"
        );
        let contributions: Vec<(usize, f64)> = dense
            .untreated
            .iter()
            .map(|&row| {
                let influence = inverse
                    .row(index)
                    .transpose()
                    .dot(&design.row(row).transpose());
                (row, dense.weights[row] * residuals[row] * influence)
            })
            .collect();
        let error = dense.clustered(&contributions).sqrt();
        if found.std_error.is_finite() {
            let own = found.std_error / error;
            assert!(
                close(*factor.get_or_insert(own), own, 1e-6),
                "{label}: {factor:?} {own}"
            );
        }
        n_leads += 1;
    }
    if let Some(found) = factor {
        let n_coefficients = range.trace() - effects_rank(case, dense);
        let expected = small_sample_factor(case, dense, n_coefficients.round()).sqrt();
        assert!(
            close(found, expected, 1e-6),
            "seed {seed}: factor {found}, not {expected}"
        );
    }
    n_leads
}

/// The rank of the indicators of both effects on the untreated rows.
fn effects_rank(case: &Case, dense: &Dense) -> f64 {
    let wide =
        |values: &[u32]| indicators(&values.iter().map(|&v| i64::from(v)).collect::<Vec<_>>());
    let times: Vec<u32> = case
        .columns
        .panel
        .time
        .iter()
        .map(|&time| time as u32)
        .collect();
    let columns = [wide(&case.effects), wide(&times)].concat();
    on_range(&dense.gram(&DMatrix::from_columns(&columns)))
        .1
        .trace()
}

/// (n − 1)/(n − K)·G/(G − 1): K counts coefficients, one, and levels less one of effects not nested in clusters.
fn small_sample_factor(case: &Case, dense: &Dense, n_coefficients: f64) -> f64 {
    let times: Vec<u32> = case
        .columns
        .panel
        .time
        .iter()
        .map(|&time| time as u32)
        .collect();
    let clusters = |level: Option<(&[u32], u32)>| -> BTreeSet<u32> {
        let own = |row: &&usize| level.is_none_or(|(levels, level)| levels[**row] == level);
        dense
            .untreated
            .iter()
            .filter(own)
            .map(|&row| dense.clusters[row])
            .collect()
    };
    let mut counted = n_coefficients + 1.0;
    for effect in [&case.effects, &times] {
        let levels: BTreeSet<u32> = dense.untreated.iter().map(|&row| effect[row]).collect();
        if levels
            .iter()
            .any(|&level| clusters(Some((effect, level))).len() > 1)
        {
            counted += levels.len() as f64 - 1.0;
        }
    }
    let (n, n_clusters) = (dense.untreated.len() as f64, clusters(None).len() as f64);
    (n - 1.0) / (n - counted) * n_clusters / (n_clusters - 1.0)
}

const FIRST_LEAD: i32 = -3;

#[test]
fn dense_matrices_give_the_same() {
    let (mut n_estimates, mut n_leads, mut n_left_out, mut n_refused) = (0, 0, 0, 0);
    for seed in 0..120 {
        let case = case(seed);
        let Ok(result) = did_imputation(case.columns.clone(), &window(FIRST_LEAD, 20)) else {
            n_refused += 1;
            continue;
        };
        let (estimates, leads, left_out) = compare(seed, &case, &result);
        n_estimates += estimates;
        n_leads += leads;
        n_left_out += left_out;
    }
    assert!(
        n_estimates > 400 && n_leads > 100,
        "{n_estimates} estimates, {n_leads} leads"
    );
    assert!(
        n_left_out > 200 && n_refused < 5,
        "{n_left_out} rows left out, {n_refused} refused"
    );
}
