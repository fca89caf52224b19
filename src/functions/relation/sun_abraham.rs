//! `sun_abraham`: the interaction-weighted event study; `sun_abraham_diagnostics`: what was done to get it.

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
use super::resampling_arguments::{DRAWS, INFERENCE, PERMUTATIONS, STRATA};
use super::result::{
    diagnostic_batch, diagnostic_schema, event_time_batch, event_time_schema, no_diagnostics,
    no_overall_estimate, with_permutation,
};
use super::shared_arguments::{BY, COHORT, OUTCOME, OUTCOMES, TIME, UNIT, window};
use super::tested::{Permutations, Tested};
use korabo_estimators::panel::Layout;
use korabo_estimators::sun_abraham::{
    SunAbrahamOptions, SunAbrahamResult, randomise_sun_abraham, sun_abraham_outcomes,
};
use korabo_estimators::{EstimatorError, Status};

pub(super) const SUN_ABRAHAM: RelationDefinition = RelationDefinition {
    name: "sun_abraham",
    usage: "sun_abraham(input, outcome => column, unit => column, time => column, \
            cohort => column, cluster => column, window => '-4..5')",
    description: "Interaction-weighted event study (Sun and Abraham 2021): an overall row \
                  (`event_time` NULL) and one row per time since first exposure, from one \
                  regression with unit and period effects.",
    example: "SELECT * FROM sun_abraham(panel_activity, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort, \
              cluster => cluster_worksite_id, window => '-3..3')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| SunAbraham::prepared("sun_abraham", ResultKind::Effects, bound),
};

pub(super) const SUN_ABRAHAM_DIAGNOSTICS: RelationDefinition = RelationDefinition {
    name: "sun_abraham_diagnostics",
    usage: "sun_abraham_diagnostics(input, outcome => column, unit => column, time => column, \
            cohort => column, cluster => column)",
    description: "What `sun_abraham` with the same arguments did: rows, units and periods left out, degrees of \
                  freedom, the band.",
    example: "SELECT * FROM sun_abraham_diagnostics(panel_activity, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort, \
              cluster => cluster_worksite_id)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| {
        SunAbraham::prepared("sun_abraham_diagnostics", ResultKind::Diagnostics, bound)
    },
};

static ARGUMENTS: [ArgumentDefinition; 15] = [
    OUTCOME,
    OUTCOMES,
    UNIT,
    TIME,
    COHORT,
    BY,
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
        "window",
        ArgumentKind::Text,
        "first and last event time returned, like '-4..5'; default: all. The fit uses all",
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
struct SunAbraham {
    shows: ResultKind,
    options: SunAbrahamOptions,
    permutations: Permutations,
}

impl SunAbraham {
    fn prepared(
        relation: &'static str,
        shows: ResultKind,
        bound: &BoundArguments,
    ) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
        let mut call = PanelCall::try_new(relation, bound)?;
        // Unit effects absorb missing periods: no unit has to be dropped.
        call.layout = Layout::Unbalanced;
        let (min_e, max_e) = window(bound)?;
        let options = SunAbrahamOptions {
            min_e,
            max_e,
            level: call.options.level,
            seed: call.options.seed,
            inference: call.options.inference,
        };
        let own = Self {
            shows,
            options,
            permutations: Permutations::of(&call, shows.is_effects()),
        };
        Ok(PanelRelation::prepared(call, own))
    }
}

impl PanelEstimator for SunAbraham {
    type Estimates = Tested<SunAbrahamResult>;

    fn schema(&self, _: bool) -> SchemaRef {
        match self.shows {
            ResultKind::Effects => {
                with_permutation(event_time_schema(), self.permutations.are_asked())
            }
            ResultKind::Diagnostics => diagnostic_schema(),
        }
    }

    fn estimate(&self, mut rows: PanelRows) -> Vec<Result<Self::Estimates, EstimatorError>> {
        let strata = rows.strata();
        rows.by_panel(&rows.all_outcomes(), |panel, others| {
            let results = sun_abraham_outcomes(&panel, &others, &self.options)?;
            self.permutations.beside(results, strata.clone(), |test| {
                randomise_sun_abraham(&panel, &others, &self.options, test)
            })
        })
    }

    fn batch(&self, found: &Self::Estimates, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let Tested { found, tests } = found;
        match self.shows {
            ResultKind::Effects => {
                let rows = std::iter::once(&found.overall).chain(&found.event_times);
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
