//! `att` and `event_study`: aggregations of group-time effects.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{PreparedRelation, RelationDefinition};
use super::panel_call::{PANEL_ARGUMENTS, PanelCall};
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::resampling_arguments::randomisation;
use super::result::{estimate_schema, no_estimate, tested_estimate_batch, texts, with_permutation};
use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AggregateResult, AggregateRow, AttGtOptions, aggregate,
    att_gt_outcomes, randomise_averages,
};
use korabo_estimators::inference::{Inference, RandomisationTest};
use korabo_estimators::{EstimatorError, Status};

pub(super) const ATT: RelationDefinition = RelationDefinition {
    name: "att",
    usage: "att(input, outcome => column, unit => column, time => column, cohort => column, \
            aggregate => 'simple', …)",
    description: "Aggregated group-time effects: an overall row (`at` NULL) and one row per group, \
                  event time or calendar time.",
    example: "SELECT * FROM att(panel_activity, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort, cluster => cluster_worksite_id, \
              unbalanced => 'pairs', aggregate => 'dynamic')",
    arguments: &ATT_ARGUMENTS,
    positional: None,
    prepare: |bound| Att::prepared("att", kind(bound), bound),
};

pub(super) const EVENT_STUDY: RelationDefinition = RelationDefinition {
    name: "event_study",
    usage: "event_study(input, outcome => column, unit => column, time => column, \
            cohort => column, …)",
    description: "Effects by time since first exposure: the dynamic aggregation of `att` without \
                  its overall row.",
    example: "SELECT * FROM event_study(panel_activity, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort, \
              cluster => cluster_worksite_id, unbalanced => 'pairs', base_period => 'universal')",
    arguments: &EVENT_STUDY_ARGUMENTS,
    positional: None,
    prepare: |bound| Att::prepared("event_study", Aggregate::Dynamic, bound),
};

pub(super) const WINDOW_ARGUMENTS: [ArgumentDefinition; 3] = [
    optional("min_e", ArgumentKind::Integer, "first event time shown"),
    optional("max_e", ArgumentKind::Integer, "last event time shown"),
    optional(
        "balance_e",
        ArgumentKind::Integer,
        "only cohorts seen this long after exposure",
    ),
];

const N_PANEL: usize = PANEL_ARGUMENTS.len();
static ATT_ARGUMENTS: [ArgumentDefinition; N_PANEL + 4] = with_window::<{ N_PANEL + 4 }>();
static EVENT_STUDY_ARGUMENTS: [ArgumentDefinition; N_PANEL + 3] = with_window::<{ N_PANEL + 3 }>();

/// The group-time arguments, then the window, then (when there is room) the aggregation.
const fn with_window<const N: usize>() -> [ArgumentDefinition; N] {
    let mut all = [const {
        optional(
            "aggregate",
            ArgumentKind::Choice(&["simple", "group", "dynamic", "calendar"]),
            "how group-time effects are averaged; default 'simple'",
        )
    }; N];
    let mut idx = 0;
    while idx < N_PANEL {
        all[idx] = PANEL_ARGUMENTS[idx].copy();
        idx += 1;
    }
    while idx < N_PANEL + WINDOW_ARGUMENTS.len() {
        all[idx] = WINDOW_ARGUMENTS[idx - N_PANEL].copy();
        idx += 1;
    }
    all
}

#[derive(Debug, Clone)]
struct Att {
    options: AttGtOptions,
    aggregate: AggregateOptions,
    permutations: Option<u32>,
    is_event_study: bool,
}

/// Averages of one outcome, and the tests of the overall one and of the others where these are asked for.
struct Found {
    averages: AggregateResult,
    tests: Option<Vec<RandomisationTest>>,
}

impl Att {
    fn prepared(
        relation: &'static str,
        kind: Aggregate,
        bound: &BoundArguments,
    ) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
        let call = PanelCall::try_new(relation, bound)?;
        let own = Self {
            options: call.options,
            aggregate: aggregate_options(kind, bound, &call.options)?,
            permutations: call.permutations,
            is_event_study: relation == "event_study",
        };
        Ok(PanelRelation::prepared(call, own))
    }
}

/// What is averaged over, and which event times are shown.
pub(super) fn aggregate_options(
    kind: Aggregate,
    bound: &BoundArguments,
    options: &AttGtOptions,
) -> Result<AggregateOptions, ArgumentProblem> {
    let event_time = |name: &'static str| {
        let wide = bound.integer(name);
        wide.map(i32::try_from)
            .transpose()
            .map_err(|_| ArgumentProblem::Invalid {
                name,
                message: "is too large".to_owned(),
            })
    };
    Ok(AggregateOptions {
        kind,
        min_e: event_time("min_e")?,
        max_e: event_time("max_e")?,
        balance_e: event_time("balance_e")?,
        level: options.level,
        seed: options.seed,
    })
}

impl PanelEstimator for Att {
    type Estimates = Found;

    fn schema(&self, _: bool) -> SchemaRef {
        let identifying = if self.is_event_study {
            vec![Field::new("event_time", DataType::Int32, false)]
        } else {
            vec![
                Field::new("aggregate", DataType::Utf8, false),
                Field::new("at", DataType::Int32, true),
            ]
        };
        with_permutation(estimate_schema(identifying), self.permutations.is_some())
    }

    fn estimate(&self, mut rows: PanelRows) -> Vec<Result<Found, EstimatorError>> {
        let strata = rows.strata();
        rows.by_panel(&rows.all_outcomes(), |panel, others| {
            let groups = att_gt_outcomes(&panel, &others, &self.options)?;
            let averages = groups.iter().map(|own| aggregate(own, &self.aggregate));
            let averages = averages.collect::<Result<Vec<_>, _>>()?.into_iter();
            let Some(n_draws) = self.permutations else {
                let untested = averages.map(|averages| Found {
                    averages,
                    tests: None,
                });
                return Ok(untested.collect());
            };
            let randomisation = randomisation(n_draws, self.options.seed, strata.clone()?);
            let tests = randomise_averages(
                &panel,
                &others,
                &self.options,
                &self.aggregate,
                &randomisation,
            )?;
            let both = averages.zip(tests);
            Ok(both
                .map(|(averages, tests)| Found {
                    averages,
                    tests: Some(tests),
                })
                .collect())
        })
    }

    fn batch(&self, found: &Found, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let averages = &found.averages;
        let mut rows: Vec<&AggregateRow> = vec![&averages.overall];
        rows.extend(&averages.rows);
        let mut tests = found.tests.as_deref();
        if self.is_event_study {
            rows.remove(0);
            tests = tests.and_then(|tests| tests.get(1..));
        }
        let at: ArrayRef = Arc::new(rows.iter().map(|row| row.at).collect::<Int32Array>());
        let identifying = if self.is_event_study {
            vec![at]
        } else {
            vec![texts(rows.iter().map(|_| word(self.aggregate.kind))), at]
        };
        let estimates: Vec<_> = rows.iter().map(|row| &row.estimate).collect();
        tested_estimate_batch(schema, identifying, &estimates, tests)
    }

    fn nothing(&self, status: Status, _: bool) -> Option<Result<RecordBatch, ArrowError>> {
        // An event study has no row without an event time.
        let (at, kind) = if self.is_event_study {
            (Some(0), None)
        } else {
            (None, Some(texts([word(self.aggregate.kind)].into_iter())))
        };
        let at: ArrayRef = Arc::new(Int32Array::from(vec![at]));
        let identifying = kind.into_iter().chain([at]).collect();
        Some(no_estimate(self.schema(false), identifying, status))
    }

    /// Estimating without a cluster copies the rows of the others.
    fn memory(&self) -> usize {
        match self.options.inference {
            Inference::Analytic => 3,
            _ => 5,
        }
    }
}

/// The aggregation that a call asks for.
pub(super) fn kind(bound: &BoundArguments) -> Aggregate {
    match bound.text("aggregate", "simple") {
        "group" => Aggregate::Group,
        "dynamic" => Aggregate::Dynamic,
        "calendar" => Aggregate::Calendar,
        _ => Aggregate::Simple,
    }
}

/// The word for an aggregation in the column `aggregate`.
pub(super) fn word(kind: Aggregate) -> &'static str {
    match kind {
        Aggregate::Simple => "simple",
        Aggregate::Group => "group",
        Aggregate::Dynamic => "dynamic",
        Aggregate::Calendar => "calendar",
    }
}
