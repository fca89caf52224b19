//! `event_study_vcov`: the covariance matrix of the estimates of an event study.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::ArgumentDefinition;
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{PreparedRelation, RelationDefinition};
use super::event_study_call::{EventStudyCall, STUDY_ARGUMENTS, StudyEstimates};
use super::panel_call::PanelCall;
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::result::{numbers, texts};
use korabo_estimators::group_time::AggregateRow;
use korabo_estimators::{EstimatorError, Status};

pub(super) const EVENT_STUDY_VCOV: RelationDefinition = RelationDefinition {
    name: "event_study_vcov",
    usage: "event_study_vcov(input, outcome => column, unit => column, time => column, \
            cohort => column, …)",
    description: "The covariance matrix of the effects that `event_study` with the same arguments returns: one \
                  row per pair of event times, as `honest_did` and `pretrend_power` take it.",
    example: "SELECT * FROM event_study_vcov(panel_activity, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort, \
              cluster => cluster_worksite_id, unbalanced => 'pairs', base_period => 'universal')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: prepared,
};

static ARGUMENTS: [ArgumentDefinition; STUDY_ARGUMENTS.len()] = STUDY_ARGUMENTS;

fn prepared(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    let call = PanelCall::try_new("event_study_vcov", bound)?;
    let study = EventStudyCall::try_new(bound, &call)?;
    Ok(PanelRelation::prepared(call, EventStudyVcov { study }))
}

#[derive(Debug, Clone)]
struct EventStudyVcov {
    study: EventStudyCall,
}

/// A pair of event times.
struct Pair<'a> {
    row: &'a AggregateRow,
    with: Option<i32>,
    covariance: f64,
}

impl PanelEstimator for EventStudyVcov {
    type Estimates = StudyEstimates;

    fn schema(&self, _: bool) -> SchemaRef {
        let number = |name| Field::new(name, DataType::Float64, true);
        let event_time = |name| Field::new(name, DataType::Int32, true);
        Arc::new(Schema::new(vec![
            event_time("event_time"),
            event_time("with_event_time"),
            number("estimate"),
            number("std_error"),
            number("covariance"),
            Field::new("status", DataType::Utf8, false),
        ]))
    }

    fn estimate(&self, rows: PanelRows) -> Vec<Result<StudyEstimates, EstimatorError>> {
        self.study.estimate(rows)
    }

    fn batch(&self, found: &StudyEstimates, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let pairs = found.rows.iter().enumerate().flat_map(|(a, row)| {
            found.rows.iter().enumerate().map(move |(b, other)| Pair {
                row,
                with: other.at,
                covariance: found.covariance[(a, b)],
            })
        });
        let pairs: Vec<Pair<'_>> = pairs.collect();
        let event_times = |get: fn(&Pair<'_>) -> Option<i32>| -> ArrayRef {
            Arc::new(pairs.iter().map(get).collect::<Int32Array>())
        };
        let columns = vec![
            event_times(|pair| pair.row.at),
            event_times(|pair| pair.with),
            numbers(pairs.iter().map(|pair| pair.row.estimate.estimate)),
            numbers(pairs.iter().map(|pair| pair.row.estimate.std_error)),
            numbers(pairs.iter().map(|pair| pair.covariance)),
            texts(pairs.iter().map(|pair| pair.row.estimate.status.as_str())),
        ];
        RecordBatch::try_new(schema, columns)
    }

    fn nothing(&self, status: Status, _: bool) -> Option<Result<RecordBatch, ArrowError>> {
        let unknown = || -> ArrayRef { Arc::new(Int32Array::from(vec![None])) };
        let number = || numbers([f64::NAN].into_iter());
        let columns = vec![
            unknown(),
            unknown(),
            number(),
            number(),
            number(),
            texts([status.as_str()].into_iter()),
        ];
        Some(RecordBatch::try_new(self.schema(true), columns))
    }
}
