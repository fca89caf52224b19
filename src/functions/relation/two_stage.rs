//! `two_stage`: effects in two stages (Gardner): untreated outcomes first, then means of what is beyond them.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::did_imputation::imputation_columns;
use super::panel_call::PanelCall;
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::resampling_arguments::{DRAWS, INFERENCE, PERMUTATIONS, STRATA, inference};
use super::result::{event_time_batch, event_time_schema, no_overall_estimate, with_permutation};
use super::shared_arguments::{BY, COHORT, OUTCOME, OUTCOMES, TIME, UNIT, level, seed, window};
use super::tested::{Permutations, Tested};
use korabo_estimators::imputation::{
    ImputationOptions, ImputationResult, randomise_two_stage, two_stage_outcomes,
};
use korabo_estimators::{EstimatorError, Status};

pub(super) const TWO_STAGE: RelationDefinition = RelationDefinition {
    name: "two_stage",
    usage: "two_stage(input, outcome => column, unit => column, time => column, cohort => column, \
            window => '-4..5', …)",
    description: "Effects in two stages (Gardner 2021, `did2s` in R): unit and period effects from untreated \
                  rows, then the mean of what exposed rows have beyond them; an overall row (`event_time` \
                  NULL) and one row per event time, with errors that count both stages.",
    example: "SELECT * FROM two_stage(panel_activity, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort, cluster => cluster_worksite_id, window => '-3..3')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: TwoStage::prepared,
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
        "columns of the first stage: numbers, yes/no or text; default []",
    ),
    optional(
        "weight",
        ArgumentKind::Column(ColumnRole::Number),
        "analytic weight of the row in both stages; default 1",
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
        "first and last event time returned, like '-4..5'; default: all. Both stages use all",
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
struct TwoStage {
    options: ImputationOptions,
    permutations: Permutations,
}

impl TwoStage {
    fn prepared(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
        let (first, last) = window(bound)?;
        let window = (first.unwrap_or(i32::MIN), last.unwrap_or(i32::MAX));
        let options = ImputationOptions {
            window: Some(window),
            level: level(bound)?,
            seed: seed(bound),
            inference: inference(bound)?,
        };
        let call = PanelCall::try_new("two_stage", bound)?;
        let permutations = Permutations::of(&call, true);
        let own = Self {
            options,
            permutations,
        };
        Ok(PanelRelation::prepared(call, own))
    }
}

impl PanelEstimator for TwoStage {
    type Estimates = Tested<ImputationResult>;

    fn schema(&self, _: bool) -> SchemaRef {
        with_permutation(event_time_schema(), self.permutations.are_asked())
    }

    fn estimate(&self, rows: PanelRows) -> Vec<Result<Self::Estimates, EstimatorError>> {
        let (outcomes, strata) = (rows.all_outcomes(), rows.strata());
        rows.by_columns(&outcomes, |panel, unit_effect, others| {
            let columns = imputation_columns(panel, unit_effect);
            // Cohorts are handed out in the columns as they came.
            let given = self.permutations.are_asked().then(|| columns.clone());
            let results = two_stage_outcomes(columns, others, &self.options)?;
            self.permutations.beside(results, strata.clone(), |test| {
                let columns = given.unwrap_or_default();
                randomise_two_stage(&columns, others, &self.options, test)
            })
        })
    }

    fn batch(&self, found: &Self::Estimates, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let rows = found.found.rows.iter();
        let rows = rows.map(|row| (row.event_time, &row.estimate));
        event_time_batch(schema, rows, found.tests.as_deref())
    }

    fn nothing(&self, status: Status, in_parts: bool) -> Option<Result<RecordBatch, ArrowError>> {
        Some(no_overall_estimate(self.schema(in_parts), status))
    }

    fn memory(&self) -> usize {
        self.permutations.memory(self.options.inference)
    }
}
