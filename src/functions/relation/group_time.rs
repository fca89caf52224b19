//! `att_gt`: Callaway–Sant'Anna group-time effects; `att_gt_diagnostics`: what was done to get them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{PreparedRelation, RelationDefinition};
use super::panel_call::{PANEL_ARGUMENTS, PanelCall, ResultKind};
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::resampling_arguments::randomisation;
use super::result::{
    diagnostic_batch, diagnostic_schema, estimate_schema, no_diagnostics, no_estimate,
    tested_estimate_batch, with_permutation,
};
use korabo_estimators::group_time::{
    AttGtOptions, AttGtResult, GroupTime, att_gt_outcomes, randomise,
};
use korabo_estimators::inference::{Inference, RandomisationTest};
use korabo_estimators::{EstimatorError, Status};

pub(super) const ATT_GT: RelationDefinition = RelationDefinition {
    name: "att_gt",
    usage: "att_gt(input, outcome => column, unit => column, time => column, cohort => column, …)",
    description: "Group-time average treatment effects (Callaway and Sant'Anna 2021): the effect in \
                  each period on the units first exposed in each period.",
    example: "SELECT * FROM att_gt(panel_activity, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort, cluster => cluster_worksite_id, \
              unbalanced => 'pairs')",
    arguments: PANEL_ARGUMENTS,
    positional: None,
    prepare: |bound| GroupTimes::prepared("att_gt", ResultKind::Effects, bound),
};

pub(super) const ATT_GT_DIAGNOSTICS: RelationDefinition = RelationDefinition {
    name: "att_gt_diagnostics",
    usage: "att_gt_diagnostics(input, outcome => column, unit => column, time => column, \
            cohort => column, …)",
    description: "What `att_gt` with the same arguments did: rows, units and periods left out, \
                  comparison units trimmed, the test of the effects before exposure, the band.",
    example: "SELECT * FROM att_gt_diagnostics(panel_activity, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort, \
              cluster => cluster_worksite_id, unbalanced => 'pairs')",
    arguments: PANEL_ARGUMENTS,
    positional: None,
    prepare: |bound| GroupTimes::prepared("att_gt_diagnostics", ResultKind::Diagnostics, bound),
};

#[derive(Debug, Clone)]
struct GroupTimes {
    options: AttGtOptions,
    permutations: Option<u32>,
    shows: ResultKind,
}

/// Effects of one outcome, and the tests of their rows where these are asked for.
struct Found {
    effects: AttGtResult,
    tests: Option<Vec<RandomisationTest>>,
}

impl GroupTimes {
    fn prepared(
        relation: &'static str,
        shows: ResultKind,
        bound: &BoundArguments,
    ) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
        let call = PanelCall::try_new(relation, bound)?;
        let own = Self {
            options: call.options,
            // What was done to get the effects does not depend on how they are tested.
            permutations: call.permutations.filter(|_| shows.is_effects()),
            shows,
        };
        Ok(PanelRelation::prepared(call, own))
    }
}

impl PanelEstimator for GroupTimes {
    type Estimates = Found;

    fn schema(&self, in_parts: bool) -> SchemaRef {
        let period = |name| Field::new(name, DataType::Int32, in_parts);
        match self.shows {
            ResultKind::Effects => {
                let identifying = vec![period("cohort"), period("time"), period("event_time")];
                with_permutation(estimate_schema(identifying), self.permutations.is_some())
            }
            ResultKind::Diagnostics => diagnostic_schema(),
        }
    }

    fn estimate(&self, mut rows: PanelRows) -> Vec<Result<Found, EstimatorError>> {
        let strata = rows.strata();
        rows.by_panel(&rows.all_outcomes(), |panel, others| {
            let results = att_gt_outcomes(&panel, &others, &self.options)?;
            let mut found: Vec<Found> = results
                .into_iter()
                .map(|effects| Found {
                    effects: effects.with_band(),
                    tests: None,
                })
                .collect();
            if let Some(n_draws) = self.permutations {
                let randomisation = randomisation(n_draws, self.options.seed, strata.clone()?);
                let tests = randomise(&panel, &others, &self.options, &randomisation)?;
                for (found, tests) in found.iter_mut().zip(tests) {
                    found.tests = Some(tests);
                }
            }
            Ok(found)
        })
    }

    fn batch(&self, found: &Found, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        match self.shows {
            ResultKind::Effects => effects(found, schema),
            ResultKind::Diagnostics => diagnostic_batch(&found.effects.diagnostics()),
        }
    }

    fn nothing(&self, status: Status, in_parts: bool) -> Option<Result<RecordBatch, ArrowError>> {
        let unknown = || -> ArrayRef { Arc::new(Int32Array::from(vec![None])) };
        let identifying = || vec![unknown(), unknown(), unknown()];
        in_parts.then(|| match self.shows {
            ResultKind::Effects => no_estimate(self.schema(true), identifying(), status),
            ResultKind::Diagnostics => no_diagnostics(status),
        })
    }

    /// Estimating without a cluster copies the rows of the others.
    fn memory(&self) -> usize {
        match self.options.inference {
            Inference::Analytic => 3,
            _ => 5,
        }
    }
}

fn effects(found: &Found, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
    let rows = &found.effects.rows;
    let column = |get: fn(&GroupTime) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(rows.iter().map(get)))
    };
    let identifying = vec![
        column(|row| row.cohort),
        column(|row| row.time),
        column(|row| row.event_time),
    ];
    let estimates: Vec<_> = rows.iter().map(|row| &row.estimate).collect();
    tested_estimate_batch(schema, identifying, &estimates, found.tests.as_deref())
}
