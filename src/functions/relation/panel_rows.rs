//! The rows of a relation over a panel: gathered column by column, then estimated from as a whole and by level.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;

use super::labels::{LabelColumn, MISSING_CODE};
use super::numbers::{push_cohorts, push_numbers, push_times, refuse_cohorts_of_zero};
use super::panel_call::PanelCall;
use super::relation_error::RelationError;
use super::value_column::ValueColumn;
use korabo_estimators::EstimatorError;
use korabo_estimators::inference::strata_of_clusters;
use korabo_estimators::panel::{
    Layout, OutcomeTable, Panel, PanelColumns, PanelOptions, same_rows_missing,
};

/// Most levels of a column of `by`: each is an estimate of its own.
pub(super) const MOST_LEVELS: usize = 1_000;

/// The flat columns of a panel while they are gathered.
pub(super) struct PanelGather {
    call: PanelCall,
    outcomes: Vec<Vec<f64>>,
    unit: Option<LabelColumn>,
    time: Vec<i32>,
    cohort: Vec<i32>,
    weight: Option<Vec<f64>>,
    cluster: Option<LabelColumn>,
    unit_effect: Option<LabelColumn>,
    participated: Option<Vec<f64>>,
    strata: Vec<LabelColumn>,
    by: Vec<LabelColumn>,
    covariates: Vec<ValueColumn>,
}

impl PanelGather {
    pub(super) fn new(call: &PanelCall) -> Self {
        let labels = |column: usize| LabelColumn::new(call.name(column));
        let covariates = call
            .covariates
            .clone()
            .map(|column| ValueColumn::new(call.name(column), &call.columns[column].data_type));
        Self {
            outcomes: vec![Vec::new(); call.n_outcomes()],
            unit: call.unit.map(labels),
            time: Vec::new(),
            cohort: Vec::new(),
            weight: call.weight.map(|_| Vec::new()),
            cluster: call.cluster.map(labels),
            unit_effect: call.unit_effect.map(labels),
            participated: call.participated.map(|_| Vec::new()),
            strata: call.strata.clone().map(labels).collect(),
            by: call.by.clone().map(labels).collect(),
            covariates: covariates.collect(),
            call: call.clone(),
        }
    }

    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let call = &self.call;
        let array = |column: usize| batch.column(column);
        for (column, outcome) in self.outcomes.iter_mut().enumerate() {
            push_numbers(&call.name(column), array(column), outcome)?;
        }
        let (time, cohort) = (call.time(), call.cohort());
        push_times(
            &call.name(time),
            array(time),
            &mut self.outcomes,
            &mut self.time,
        )?;
        push_cohorts(&call.name(cohort), array(cohort), &mut self.cohort)?;
        for (numbers, column) in [
            (&mut self.weight, call.weight),
            (&mut self.participated, call.participated),
        ] {
            if let (Some(numbers), Some(column)) = (numbers, column) {
                push_numbers(&call.name(column), array(column), numbers)?;
            }
        }
        for (labels, column) in [
            (&mut self.unit, call.unit),
            (&mut self.cluster, call.cluster),
            (&mut self.unit_effect, call.unit_effect),
        ] {
            if let (Some(labels), Some(column)) = (labels, column) {
                labels.push(array(column))?;
            }
        }
        let by = self.by.iter_mut().zip(call.by.clone());
        let strata = self.strata.iter_mut().zip(call.strata.clone());
        for (labels, column) in by.chain(strata) {
            labels.push(array(column))?;
        }
        for (covariate, column) in self.covariates.iter_mut().zip(call.covariates.clone()) {
            covariate.push(array(column))?;
        }
        Ok(())
    }

    pub(super) fn reserve(&mut self, n_rows: usize) {
        let numbers = self.outcomes.iter_mut().chain(&mut self.weight);
        for numbers in numbers.chain(&mut self.participated) {
            numbers.reserve(n_rows);
        }
        self.time.reserve(n_rows);
        self.cohort.reserve(n_rows);
        let labels = self.unit.iter_mut().chain(&mut self.cluster);
        let labels = labels.chain(&mut self.unit_effect).chain(&mut self.by);
        for labels in labels.chain(&mut self.strata) {
            labels.reserve(n_rows);
        }
        for covariate in &mut self.covariates {
            covariate.reserve(n_rows);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let numbers = self.outcomes.iter().chain(&self.weight);
        let numbers = numbers.chain(&self.participated).map(Vec::len);
        let labels = self.unit.iter().chain(&self.cluster);
        let labels = labels.chain(&self.unit_effect).chain(&self.by);
        let labels = labels.chain(&self.strata);
        let covariates = self.covariates.iter().map(ValueColumn::bytes);
        numbers.sum::<usize>() * size_of::<f64>()
            + (self.time.len() + self.cohort.len()) * size_of::<i32>()
            + labels.map(LabelColumn::bytes).sum::<usize>()
            + covariates.sum::<usize>()
    }

    /// The gathered rows.
    pub(super) fn finish(self) -> Result<PanelRows, RelationError> {
        let call = self.call;
        let mut outcomes = self.outcomes;
        let (unit, covariates) = (self.unit, self.covariates);
        let codes = |labels: LabelColumn, never_is_known: bool| {
            let mut codes = labels.into_codes().0;
            if never_is_known {
                code_missing(&mut codes);
            }
            codes
        };
        let [never_is_a_cluster, never_is_an_effect] = call.never_is_known;
        let ((cluster, cluster_names), (unit, covariates)) = rayon::join(
            || match self.cluster {
                // The labels are kept only where rows of the result name clusters.
                Some(labels) if call.names_clusters => {
                    let (mut codes, names) = labels.into_words();
                    if never_is_a_cluster {
                        code_missing(&mut codes);
                    }
                    (Some(codes), names)
                }
                labels => {
                    let codes = labels.map(|labels| codes(labels, never_is_a_cluster));
                    (codes, Vec::new())
                }
            },
            || {
                let covariates = covariates.into_iter().map(ValueColumn::into_covariate);
                let unit = match unit {
                    Some(unit) => unit.into_ids(&mut outcomes),
                    // Cross-sections: every row is a unit of its own, whatever it is called.
                    None => vec![0; self.time.len()],
                };
                (unit, covariates.collect())
            },
        );
        debug_assert_eq!(MISSING_CODE, korabo_estimators::panel::MISSING_CODE);
        let cohorts = call.name(call.cohort());
        refuse_cohorts_of_zero(&cohorts, (&self.time, &self.cohort), &outcomes)?;
        let by = self.by.into_iter();
        let by = by.map(|labels| Levels::of(call.relation, "by", labels));
        let unit_effect = self.unit_effect;
        let strata = self.strata.into_iter();
        let strata = strata.map(|labels| codes(labels, true)).collect();
        Ok(PanelRows {
            layout: call.layout,
            outcomes,
            cluster_names: Arc::new(cluster_names),
            strata: combined(strata),
            unit_effect: unit_effect.map(|labels| codes(labels, never_is_an_effect)),
            participates: participates(&call, self.participated)?,
            by: by.collect::<Result<_, _>>()?,
            columns: PanelColumns {
                unit,
                time: self.time,
                cohort: self.cohort,
                outcome: Vec::new(),
                weight: self.weight,
                cluster,
                covariates,
            },
        })
    }
}

/// A code for each combination of codes, in their order; `None` without any.
fn combined(columns: Vec<Vec<u32>>) -> Option<Vec<u32>> {
    let mut columns = columns.into_iter();
    let first = columns.next()?;
    Some(columns.fold(first, |one, other| {
        let pairs = || one.iter().copied().zip(other.iter().copied());
        let mut distinct: Vec<(u32, u32)> = pairs().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let place = |pair| distinct.partition_point(|known| *known < pair) as u32;
        pairs().map(place).collect()
    }))
}

/// Whether the unit participates in the row's period; NULL counts as no. Empty without that column.
fn participates(
    call: &PanelCall,
    participated: Option<Vec<f64>>,
) -> Result<Vec<bool>, RelationError> {
    let (Some(column), Some(participated)) = (call.participated, participated) else {
        return Ok(Vec::new());
    };
    let is_other = |value: &&f64| !(value.is_nan() || **value == 0.0 || **value == 1.0);
    let n_rows = participated.iter().filter(is_other).count() as u64;
    if n_rows > 0 {
        return Err(RelationError::NotYesNo {
            relation: call.relation,
            argument: "participated",
            column: call.name(column).column,
            n_rows,
        });
    }
    Ok(participated.iter().map(|&value| value == 1.0).collect())
}

/// Gives missing values a code of their own, after all others.
fn code_missing(codes: &mut [u32]) {
    let known = codes.iter().filter(|&&code| code != MISSING_CODE).max();
    let next = known.map_or(0, |&last| last + 1);
    for code in codes.iter_mut().filter(|code| **code == MISSING_CODE) {
        *code = next;
    }
}

/// A column of `by`: its name, and per level the label and the rows. Rows without a level are in none.
pub(super) struct Levels {
    pub(super) column: String,
    pub(super) levels: Vec<(String, Vec<u32>)>,
}

impl Levels {
    /// The levels of a column that argument `argument` of `relation` names.
    pub(super) fn of(
        relation: &'static str,
        argument: &'static str,
        labels: LabelColumn,
    ) -> Result<Self, RelationError> {
        let column = labels.column_name().to_owned();
        let (codes, labels) = labels.into_words();
        if labels.len() > MOST_LEVELS {
            return Err(RelationError::TooManyLevels {
                relation,
                argument,
                column,
                n_levels: labels.len(),
                limit: MOST_LEVELS,
            });
        }
        let mut rows = vec![Vec::new(); labels.len()];
        for (row, &code) in (0_u32..).zip(&codes) {
            if code != MISSING_CODE {
                rows[code as usize].push(row);
            }
        }
        let levels = labels.into_iter().zip(rows).collect();
        Ok(Self { column, levels })
    }
}

/// Rows to estimate from.
pub(super) struct PanelRows {
    pub(super) layout: Layout,
    /// Everything but the outcome.
    columns: PanelColumns,
    outcomes: Vec<Vec<f64>>,
    unit_effect: Option<Vec<u32>>,
    /// Per row; empty where nothing is known of participation.
    participates: Vec<bool>,
    /// By code, where they are needed.
    cluster_names: Arc<Vec<String>>,
    /// Codes of the strata of a randomisation test.
    strata: Option<Vec<u32>>,
    by: Vec<Levels>,
}

impl PanelRows {
    /// The columns whose levels are estimated apart.
    pub(super) fn take_levels(&mut self) -> Vec<Levels> {
        std::mem::take(&mut self.by)
    }

    /// Some of the rows, without covariates that are the same in all of them, as the column that chose the rows is.
    pub(super) fn select(&self, rows: &[u32]) -> Self {
        fn pick<T: Copy>(from: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|&row| from[row as usize]).collect()
        }
        let columns = &self.columns;
        let covariates = columns.covariates.iter().map(|own| own.select(rows));
        let picked = |codes: &Option<Vec<u32>>| codes.as_ref().map(|codes| pick(codes, rows));
        let participates = match self.participates.as_slice() {
            [] => Vec::new(),
            all => pick(all, rows),
        };
        Self {
            layout: self.layout,
            columns: PanelColumns {
                unit: pick(&columns.unit, rows),
                time: pick(&columns.time, rows),
                cohort: pick(&columns.cohort, rows),
                outcome: Vec::new(),
                weight: columns.weight.as_ref().map(|weight| pick(weight, rows)),
                cluster: picked(&columns.cluster),
                covariates: covariates.filter(|own| !own.is_constant()).collect(),
            },
            outcomes: self.outcomes.iter().map(|own| pick(own, rows)).collect(),
            unit_effect: picked(&self.unit_effect),
            participates,
            cluster_names: Arc::clone(&self.cluster_names),
            strata: picked(&self.strata),
            by: Vec::new(),
        }
    }

    /// The labels of the clusters by code, where the call names them.
    pub(super) fn cluster_names(&self) -> Arc<Vec<String>> {
        Arc::clone(&self.cluster_names)
    }

    /// By code of a cluster: the code of its stratum, where a call has strata.
    pub(super) fn strata(&self) -> Result<Option<Vec<u32>>, EstimatorError> {
        match (&self.columns.cluster, &self.strata) {
            (Some(clusters), Some(strata)) => strata_of_clusters(clusters, strata).map(Some),
            _ => Ok(None),
        }
    }

    /// All outcomes, by place in the call.
    pub(super) fn all_outcomes(&self) -> Vec<usize> {
        (0..self.outcomes.len()).collect()
    }

    /// The rows as they are without an adjustment.
    pub(super) fn drop_covariates(&mut self) {
        self.columns.covariates.clear();
    }

    /// What `estimate` finds for each of some outcomes. It gets a panel and the tables of further outcomes of the same rows, and
    /// returns one result for each: outcomes that are missing in the same rows share a panel.
    pub(super) fn by_panel<T>(
        &mut self,
        outcomes: &[usize],
        mut estimate: impl FnMut(Panel, Vec<OutcomeTable>) -> Result<Vec<T>, EstimatorError>,
    ) -> Vec<Result<T, EstimatorError>> {
        let options = PanelOptions {
            layout: self.layout,
        };
        let mut found: BTreeMap<usize, Result<T, EstimatorError>> = BTreeMap::new();
        for group in self.patterns(outcomes) {
            let mut own = group.iter().map(|&k| std::mem::take(&mut self.outcomes[k]));
            self.columns.outcome = own.next().unwrap_or_default();
            let others: Vec<Vec<f64>> = own.collect();
            let panel = Panel::with_outcomes(&self.columns, &others, options);
            let first = std::mem::take(&mut self.columns.outcome);
            for (&k, outcome) in group.iter().zip(std::iter::once(first).chain(others)) {
                self.outcomes[k] = outcome;
            }
            let estimates = panel.and_then(|(panel, tables)| estimate(panel, tables));
            found.extend(by_place(group, estimates));
        }
        found.into_values().collect()
    }

    /// What `estimate` finds for each of some outcomes. It gets columns of its own with the unit effects, and further outcomes of
    /// the same rows, and returns one result for each: outcomes that are missing in the same rows share their columns.
    pub(super) fn by_columns<T>(
        self,
        outcomes: &[usize],
        mut estimate: impl FnMut(
            PanelColumns,
            Option<Vec<u32>>,
            &[Vec<f64>],
        ) -> Result<Vec<T>, EstimatorError>,
    ) -> Vec<Result<T, EstimatorError>> {
        let mut groups = self.patterns(outcomes).into_iter().peekable();
        let mut all = self.outcomes;
        let mut shared = Some((self.columns, self.unit_effect));
        let mut found = BTreeMap::new();
        while let Some(group) = groups.next() {
            // The last pattern needs no copy.
            let columns = match groups.peek() {
                Some(_) => shared.clone(),
                None => shared.take(),
            };
            let mut own = group.iter().map(|&k| std::mem::take(&mut all[k]));
            let outcome = own.next().unwrap_or_default();
            let others: Vec<Vec<f64>> = own.collect();
            if let Some((columns, unit_effect)) = columns {
                let columns = PanelColumns { outcome, ..columns };
                found.extend(by_place(group, estimate(columns, unit_effect, &others)));
            }
        }
        found.into_values().collect()
    }

    /// Columns without an outcome, the outcomes, and who participates (empty where nothing is known of it).
    pub(super) fn parts(&self) -> (&PanelColumns, &[Vec<f64>], &[bool]) {
        (&self.columns, &self.outcomes, &self.participates)
    }

    /// Groups of outcomes that are missing in the same rows.
    fn patterns(&self, outcomes: &[usize]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for &k in outcomes {
            let alike = |group: &&mut Vec<usize>| {
                same_rows_missing(&self.outcomes[group[0]], &self.outcomes[k])
            };
            match groups.iter_mut().find(alike) {
                Some(group) => group.push(k),
                None => groups.push(vec![k]),
            }
        }
        groups
    }
}

/// The results of a group of outcomes with their places in the call; an error is that of each.
fn by_place<T>(
    group: Vec<usize>,
    estimates: Result<Vec<T>, EstimatorError>,
) -> Vec<(usize, Result<T, EstimatorError>)> {
    match estimates {
        Ok(estimates) => group
            .into_iter()
            .zip(estimates.into_iter().map(Ok))
            .collect(),
        Err(error) => group.into_iter().map(|k| (k, Err(error.clone()))).collect(),
    }
}
