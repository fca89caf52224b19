//! `did_imputation`: effects by imputation of untreated outcomes (Borusyak, Jaravel and Spiess);
//! `did_imputation_diagnostics`: what was done to get them.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentDefinition, ArgumentKind, ArgumentProblem, BoundArguments};
use super::panel_call::{PanelCall, PanelGather, Shows, level, optional, required, seed, window};
use super::result::{
    diagnostic_batch, diagnostic_schema, event_time_batch, event_time_schema, no_overall_estimate,
};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError, Roles};
use crate::estimators::estimate::Status;
use crate::estimators::imputation::{ImputationColumns, ImputationOptions, did_imputation};
use crate::estimators::panel::CovariateValues;
use crate::estimators::regression_data::Column;

pub(super) const DID_IMPUTATION: RelationDefinition = RelationDefinition {
    name: "did_imputation",
    usage: "did_imputation(input, outcome => column, unit => column, time => column, \
            cohort => column, window => '-4..5', …)",
    description: "Effects by imputation (Borusyak, Jaravel and Spiess 2024): an overall row \
                  (`event_time` NULL) and one row per event time; with a window that begins before \
                  exposure also pre-trend coefficients.",
    example: "SELECT * FROM did_imputation(panel_person_year, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort_activity, \
              cluster => cluster_worksite_id, window => '-3..3')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| {
        let call = DidImputation::try_new("did_imputation", Shows::Effects, bound);
        Ok(Arc::new(call?))
    },
};

pub(super) const DID_IMPUTATION_DIAGNOSTICS: RelationDefinition = RelationDefinition {
    name: "did_imputation_diagnostics",
    usage: "did_imputation_diagnostics(input, outcome => column, unit => column, time => column, \
            cohort => column, …)",
    description: "What `did_imputation` with the same arguments did: rows left out and not imputed with the reason, \
                  covariates passed over, the band.",
    example: "SELECT * FROM did_imputation_diagnostics(panel_person_year, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort_activity, \
              cluster => cluster_worksite_id)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| {
        let call = DidImputation::try_new("did_imputation_diagnostics", Shows::Diagnostics, bound);
        Ok(Arc::new(call?))
    },
};

static ARGUMENTS: [ArgumentDefinition; 11] = [
    required("outcome", "what is measured: a number or a yes/no"),
    required("unit", "the person"),
    required("time", "the period, a whole number"),
    required("cohort", "period of first exposure; NULL = never exposed"),
    optional(
        "covariates",
        ArgumentKind::Columns,
        "columns of the model for untreated outcomes: numbers, yes/no or text; default []",
    ),
    optional(
        "weight",
        ArgumentKind::Column,
        "analytic weight of the row; default 1",
    ),
    optional(
        "cluster",
        ArgumentKind::Column,
        "level of assignment, constant within the unit; default: the unit",
    ),
    optional(
        "unit_effect",
        ArgumentKind::Column,
        "what the fixed effect is of; default: the unit",
    ),
    optional(
        "window",
        ArgumentKind::Text,
        "first and last event time returned, like '-4..5'; default: all from 0 on",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the simultaneous band; default 20160401",
    ),
];

#[derive(Debug)]
struct DidImputation {
    call: PanelCall,
    shows: Shows,
    options: ImputationOptions,
}

impl DidImputation {
    fn try_new(
        relation: &'static str,
        shows: Shows,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let window = match window(bound)? {
            (Some(first), Some(last)) => Some((first, last)),
            (None, None) => None,
            _ => {
                return Err(ArgumentProblem::Invalid {
                    name: "window",
                    message: "needs both ends here, like '-4..5'".to_owned(),
                });
            }
        };
        Ok(Self {
            call: PanelCall::try_new(relation, bound)?,
            shows,
            options: ImputationOptions {
                window,
                level: level(bound)?,
                seed: seed(bound),
            },
        })
    }
}

impl PreparedRelation for DidImputation {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn roles(&self) -> Roles {
        self.call.roles()
    }

    fn schema(&self) -> SchemaRef {
        match self.shows {
            Shows::Effects => event_time_schema(),
            Shows::Diagnostics => diagnostic_schema(),
        }
    }

    fn nothing(&self, status: Status) -> Option<Result<RecordBatch, RelationError>> {
        match self.shows {
            Shows::Effects => Some(no_overall_estimate(self.call.relation, status)),
            Shows::Diagnostics => None,
        }
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(ImputationGather {
            panel: self.call.gather(),
            options: self.options,
            shows: self.shows,
        })
    }
}

struct ImputationGather {
    panel: PanelGather,
    options: ImputationOptions,
    shows: Shows,
}

impl Gather for ImputationGather {
    fn reserve(&mut self, n_rows: usize) {
        self.panel.reserve(n_rows);
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.panel.push(batch)
    }

    fn bytes(&self) -> usize {
        self.panel.bytes()
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let relation = self.panel.relation();
        let (mut panel, unit_effect) = self.panel.columns();
        let covariates = std::mem::take(&mut panel.covariates).into_iter();
        let covariates = covariates.map(|covariate| {
            let column = match covariate.values {
                CovariateValues::Numbers(values) => Column::Numeric(values),
                CovariateValues::Categories { codes, labels } => {
                    Column::Categorical { codes, labels }
                }
            };
            (covariate.name, column)
        });
        let columns = ImputationColumns {
            covariates: covariates.collect(),
            panel,
            unit_effect,
        };
        let result = did_imputation(columns, &self.options)
            .map_err(|source| RelationError::Refused { relation, source })?;
        let rows = result
            .rows
            .iter()
            .map(|row| (row.event_time, &row.estimate));
        match self.shows {
            Shows::Effects => event_time_batch(rows),
            Shows::Diagnostics => diagnostic_batch(&result.diagnostics()),
        }
        .map_err(|source| RelationError::Rows { relation, source })
    }
}
