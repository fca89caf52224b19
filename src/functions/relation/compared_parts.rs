//! The parts of a panel whose estimates are compared: by level, outcome and estimator.

use super::argument_error::ArgumentProblem;
use super::did_imputation::imputation_columns;
use super::panel_rows::PanelRows;
use super::relation_error::RelationError;
use korabo_estimators::difference::{ComparedEstimates, ComparedRow};
use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AttGtOptions, aggregate_influence_outcomes,
};
use korabo_estimators::imputation::{ImputationOptions, imputation_influence_outcomes};
use korabo_estimators::inference::Inference;
use korabo_estimators::panel::{Layout, Panel, PanelColumns, PanelOptions, unit_keys};
use korabo_estimators::sun_abraham::{SunAbrahamOptions, sun_abraham_influence_outcomes};
use korabo_estimators::{Estimate, EstimatorError, Status};

/// An estimator whose effects can be compared with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Estimator {
    Att,
    DidImputation,
    SunAbraham,
}

impl Estimator {
    const ALL: [Self; 3] = [Self::Att, Self::DidImputation, Self::SunAbraham];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Att => "att",
            Self::DidImputation => "did_imputation",
            Self::SunAbraham => "sun_abraham",
        }
    }

    /// The estimators of a text like 'att, did_imputation'.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, ArgumentProblem> {
        let named = |name: &str| Self::ALL.into_iter().find(|own| own.name() == name.trim());
        let listed: Option<Vec<Self>> = text.split(',').map(named).collect();
        let listed = listed.unwrap_or_default();
        let is_repeated = (1..listed.len()).any(|k| listed[..k].contains(&listed[k]));
        if listed.is_empty() || is_repeated {
            return Err(ArgumentProblem::Invalid {
                name: "estimators",
                message:
                    "must be of 'att', 'did_imputation' and 'sun_abraham', each once, with commas between them"
                        .to_owned(),
            });
        }
        Ok(listed)
    }
}

/// What a part is: of which level, outcome (by place in the call) and estimator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The column and its level; `None` = the whole input.
    pub(super) level: Option<(String, String)>,
    pub(super) outcome: usize,
    pub(super) estimator: Estimator,
}

impl Part {
    /// The column whose level it is of.
    pub(super) fn column(&self) -> Option<&str> {
        self.level.as_ref().map(|(column, _)| column.as_str())
    }

    /// That level.
    pub(super) fn label(&self) -> Option<&str> {
        self.level.as_ref().map(|(_, level)| level.as_str())
    }
}

/// Parts with their estimates, in the same order.
#[derive(Default)]
pub(super) struct ComparedParts {
    pub(super) parts: Vec<Part>,
    pub(super) estimates: Vec<Result<ComparedEstimates, Status>>,
}

/// How the parts are estimated.
#[derive(Debug, Clone)]
pub(super) struct PartEstimator {
    pub(super) estimators: Vec<Estimator>,
    pub(super) layout: Layout,
    pub(super) options: AttGtOptions,
    pub(super) averages: AggregateOptions,
}

/// What an estimator finds for each outcome.
type OfOutcomes = Result<Vec<ComparedEstimates>, EstimatorError>;

impl ComparedParts {
    /// Adds the estimates from the rows of a level, or from the whole input.
    pub(super) fn add(
        &mut self,
        estimator: &PartEstimator,
        rows: PanelRows,
        level: Option<(String, String)>,
        relation: &'static str,
    ) -> Result<(), RelationError> {
        let outcomes = rows.all_outcomes();
        let found = rows.by_columns(&outcomes, |columns, _, others| {
            estimator.of_columns(columns, others)
        });
        for (outcome, found) in found.into_iter().enumerate() {
            let by_estimator = match found {
                Ok(by_estimator) => by_estimator,
                Err(error) => vec![Err(error); estimator.estimators.len()],
            };
            for (&estimator, own) in estimator.estimators.iter().zip(by_estimator) {
                let estimates = own.map_or_else(
                    |source| {
                        let status = match &level {
                            Some(_) => source.nothing_in_level(),
                            None => source.nothing_to_estimate(),
                        };
                        let refused = RelationError::Refused { relation, source };
                        status.map(Err).ok_or(refused)
                    },
                    |own| Ok(Ok(own)),
                )?;
                self.estimates.push(estimates);
                self.parts.push(Part {
                    level: level.clone(),
                    outcome,
                    estimator,
                });
            }
        }
        Ok(())
    }
}

impl PartEstimator {
    /// For each outcome what each estimator finds.
    fn of_columns(
        &self,
        columns: PanelColumns,
        others: &[Vec<f64>],
    ) -> Result<Vec<Vec<Result<ComparedEstimates, EstimatorError>>>, EstimatorError> {
        let mut all = vec![Vec::new(); 1 + others.len()];
        for estimator in &self.estimators {
            let found = match estimator {
                Estimator::Att => self.att(&columns, others),
                Estimator::DidImputation => self.did_imputation(columns.clone(), others),
                Estimator::SunAbraham => self.sun_abraham(&columns, others),
            };
            match found {
                Ok(found) => {
                    for (own, found) in all.iter_mut().zip(found) {
                        own.push(Ok(found));
                    }
                }
                Err(error) => all.iter_mut().for_each(|own| own.push(Err(error.clone()))),
            }
        }
        Ok(all)
    }

    fn att(&self, columns: &PanelColumns, others: &[Vec<f64>]) -> OfOutcomes {
        let options = PanelOptions {
            layout: self.layout,
        };
        let (panel, tables) = Panel::with_outcomes(columns, others, options)?;
        let keys = unit_keys(columns)?;
        let found =
            aggregate_influence_outcomes(&panel, &keys, &tables, &self.options, &self.averages)?;
        let compared = found.into_iter().map(|own| {
            let rows = std::iter::once(&own.result.overall).chain(&own.result.rows);
            ComparedEstimates {
                rows: self.shown(rows.map(|row| (row.at, row.estimate))),
                influence: own.influence,
                rounding: own.rounding,
            }
        });
        Ok(compared.collect())
    }

    fn did_imputation(&self, columns: PanelColumns, others: &[Vec<f64>]) -> OfOutcomes {
        let AggregateOptions { min_e, max_e, .. } = self.averages;
        let options = ImputationOptions {
            window: Some((min_e.unwrap_or(0), max_e.unwrap_or(i32::MAX))),
            level: self.options.level,
            seed: self.options.seed,
            inference: Inference::Analytic,
        };
        let columns = imputation_columns(columns, None);
        let found = imputation_influence_outcomes(columns, others, &options)?;
        let compared = found.into_iter().map(|own| {
            let rows = own.result.rows.iter();
            ComparedEstimates {
                rows: self.shown(rows.map(|row| (row.event_time, row.estimate))),
                influence: own.influence,
                rounding: own.rounding,
            }
        });
        Ok(compared.collect())
    }

    fn sun_abraham(&self, columns: &PanelColumns, others: &[Vec<f64>]) -> OfOutcomes {
        let AggregateOptions { min_e, max_e, .. } = self.averages;
        let options = SunAbrahamOptions {
            min_e,
            max_e,
            level: self.options.level,
            seed: self.options.seed,
            inference: Inference::Analytic,
        };
        // Unit effects absorb missing periods: no unit has to be dropped.
        let layout = Layout::Unbalanced;
        let (panel, tables) = Panel::with_outcomes(columns, others, PanelOptions { layout })?;
        let keys = unit_keys(columns)?;
        let found = sun_abraham_influence_outcomes(&panel, &keys, &tables, &options)?;
        let compared = found.into_iter().map(|own| {
            let rows = std::iter::once(&own.result.overall).chain(&own.result.event_times);
            ComparedEstimates {
                rows: self.shown(rows.map(|row| (row.event_time, row.estimate))),
                influence: own.influence,
                rounding: own.rounding,
            }
        });
        Ok(compared.collect())
    }

    /// The overall estimate, or those by event time: overall estimates of several estimators are means of other kinds.
    fn shown(&self, rows: impl Iterator<Item = (Option<i32>, Estimate)>) -> Vec<ComparedRow> {
        let is_simple = self.averages.kind == Aggregate::Simple;
        let rows = rows.enumerate();
        rows.filter(|(_, (event_time, _))| event_time.is_none() == is_simple)
            .map(|(place, (event_time, estimate))| ComparedRow {
                event_time,
                estimate,
                place,
            })
            .collect()
    }
}
