//! `did_imputation`: effects by imputation of untreated outcomes (Borusyak, Jaravel and Spiess);
//! `did_imputation_diagnostics`: what was done to get them.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::panel_call::{PanelCall, ResultKind};
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::resampling_arguments::{DRAWS, INFERENCE, PERMUTATIONS, STRATA, inference};
use super::result::{
    diagnostic_batch, diagnostic_schema, event_time_batch, event_time_schema, no_diagnostics,
    no_overall_estimate, with_permutation,
};
use super::shared_arguments::{BY, COHORT, OUTCOME, OUTCOMES, TIME, UNIT, level, seed, window};
use super::tested::{Permutations, Tested};
use korabo_estimators::imputation::{
    ImputationColumns, ImputationOptions, ImputationResult, did_imputation_outcomes,
    randomise_imputation,
};
use korabo_estimators::panel::{CovariateValues, PanelColumns};
use korabo_estimators::regression::Column;
use korabo_estimators::{EstimatorError, Status};

pub(super) const DID_IMPUTATION: RelationDefinition = RelationDefinition {
    name: "did_imputation",
    usage: "did_imputation(input, outcome => column, unit => column, time => column, \
            cohort => column, window => '-4..5', …)",
    description: "Effects by imputation (Borusyak, Jaravel and Spiess 2024): an overall row \
                  (`event_time` NULL) and one row per event time; with a window that begins before \
                  exposure also pre-trend coefficients.",
    example: "SELECT * FROM did_imputation(panel_activity, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort, \
              cluster => cluster_worksite_id, window => '-3..3')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| DidImputation::prepared("did_imputation", ResultKind::Effects, bound),
};

pub(super) const DID_IMPUTATION_DIAGNOSTICS: RelationDefinition = RelationDefinition {
    name: "did_imputation_diagnostics",
    usage: "did_imputation_diagnostics(input, outcome => column, unit => column, time => column, \
            cohort => column, …)",
    description: "What `did_imputation` with the same arguments did: rows left out and not imputed with the reason, \
                  covariates passed over, the band.",
    example: "SELECT * FROM did_imputation_diagnostics(panel_activity, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort, \
              cluster => cluster_worksite_id)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| {
        DidImputation::prepared("did_imputation_diagnostics", ResultKind::Diagnostics, bound)
    },
};

static ARGUMENTS: [ArgumentDefinition; 17] = [
    OUTCOME,
    OUTCOMES,
    UNIT,
    TIME,
    COHORT,
    BY,
    optional(
        "covariates",
        ArgumentKind::Columns(ColumnRole::Covariate),
        "columns of the model for untreated outcomes: numbers, yes/no or text; default []",
    ),
    optional(
        "weight",
        ArgumentKind::Column(ColumnRole::Number),
        "analytic weight of the row; default 1",
    ),
    optional(
        "cluster",
        ArgumentKind::Column(ColumnRole::Label),
        "level of assignment, constant within the unit; default: the unit",
    ),
    optional(
        "unit_effect",
        ArgumentKind::Column(ColumnRole::Label),
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
    INFERENCE,
    DRAWS,
    PERMUTATIONS,
    STRATA,
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the simultaneous band, the bootstrap and the permutations; default 20160401",
    ),
];

#[derive(Debug, Clone)]
struct DidImputation {
    shows: ResultKind,
    options: ImputationOptions,
    permutations: Permutations,
}

impl DidImputation {
    fn prepared(
        relation: &'static str,
        shows: ResultKind,
        bound: &BoundArguments,
    ) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
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
        let call = PanelCall::try_new(relation, bound)?;
        let own = Self {
            shows,
            permutations: Permutations::of(&call, shows.is_effects()),
            options: ImputationOptions {
                window,
                level: level(bound)?,
                seed: seed(bound),
                inference: inference(bound)?,
            },
        };
        Ok(PanelRelation::prepared(call, own))
    }
}

impl PanelEstimator for DidImputation {
    type Estimates = Tested<ImputationResult>;

    fn schema(&self, _: bool) -> SchemaRef {
        match self.shows {
            ResultKind::Effects => {
                with_permutation(event_time_schema(), self.permutations.are_asked())
            }
            ResultKind::Diagnostics => diagnostic_schema(),
        }
    }

    fn estimate(&self, rows: PanelRows) -> Vec<Result<Self::Estimates, EstimatorError>> {
        let (outcomes, strata) = (rows.all_outcomes(), rows.strata());
        rows.by_columns(&outcomes, |panel, unit_effect, others| {
            let columns = imputation_columns(panel, unit_effect);
            // Cohorts are handed out in the columns as they came.
            let given = self.permutations.are_asked().then(|| columns.clone());
            let results = did_imputation_outcomes(columns, others, &self.options)?;
            self.permutations.beside(results, strata.clone(), |test| {
                let columns = given.unwrap_or_default();
                randomise_imputation(&columns, others, &self.options, test)
            })
        })
    }

    fn batch(&self, found: &Self::Estimates, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let Tested { found, tests } = found;
        match self.shows {
            ResultKind::Effects => {
                let rows = found.rows.iter();
                let rows = rows.map(|row| (row.event_time, &row.estimate));
                event_time_batch(schema, rows, tests.as_deref())
            }
            ResultKind::Diagnostics => diagnostic_batch(&found.diagnostics()),
        }
    }

    fn nothing(&self, status: Status, in_parts: bool) -> Option<Result<RecordBatch, ArrowError>> {
        match self.shows {
            ResultKind::Effects => Some(no_overall_estimate(self.schema(in_parts), status)),
            ResultKind::Diagnostics => in_parts.then(|| no_diagnostics(status)),
        }
    }

    fn memory(&self) -> usize {
        self.permutations.memory(self.options.inference)
    }
}

pub(super) fn imputation_columns(
    mut panel: PanelColumns,
    unit_effect: Option<Vec<u32>>,
) -> ImputationColumns {
    let covariates = std::mem::take(&mut panel.covariates).into_iter();
    let covariates = covariates.map(|covariate| {
        let column = match covariate.values {
            CovariateValues::Numbers(values) => Column::Numeric(values),
            CovariateValues::Categories { codes, labels } => Column::Categorical { codes, labels },
        };
        (covariate.name, column)
    });
    ImputationColumns {
        covariates: covariates.collect(),
        panel,
        unit_effect,
    }
}
