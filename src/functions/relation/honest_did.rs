//! `honest_did`: intervals for an effect that hold when trends differ.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, joined, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{PreparedRelation, RelationDefinition};
use super::event_study_call::{PANEL_IN_PLACE, unusable};
use super::event_study_input::{OF_ESTIMATES, numbers_of};
use super::result::{numbers, texts};
use super::shared_arguments::{level, seed};
use super::study_relation::{self, StudyMethod};
use korabo_estimators::sensitivity::{
    EventStudy, HonestDid, HonestOptions, Restriction, RobustInterval, Target, Test, honest_did,
};
use korabo_estimators::{EstimatorError, Status};

pub(super) const HONEST_DID: RelationDefinition = RelationDefinition {
    name: "honest_did",
    usage: "honest_did(input, outcome => column, unit => column, time => column, cohort => column, …, \
            bounds => '0.5, 1', target => 'first') over a panel, or honest_did(input, event_time => column, \
            estimate => column, covariance => [column, …]) over estimates",
    description: "Intervals for an effect that hold although trends differ, by as much as they did \
                  before exposure or by a bend of some size, and the breakdown value at which the \
                  effect is no longer seen (Rambachan and Roth).",
    example: "SELECT * FROM honest_did(panel_activity, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort, cluster => cluster_worksite_id, \
              unbalanced => 'pairs', bounds => '0.5, 1')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: prepared,
};

static ARGUMENTS: [ArgumentDefinition; 28] =
    joined(&joined::<11>(&OF_ESTIMATES, &OWN), &PANEL_IN_PLACE);

const OWN: [ArgumentDefinition; 6] = [
    optional(
        "restriction",
        ArgumentKind::Choice(&["relative_magnitudes", "smoothness"]),
        "'relative_magnitudes' (default): trends differ from one period to the next at most `bounds` times as much as at most \
         before the reference; 'smoothness': along a straight line up to second differences of `bounds`",
    ),
    optional(
        "method",
        ArgumentKind::Choice(&["hybrid", "conditional", "fixed_length"]),
        "the test that is inverted, or the interval of fixed length, which is for smoothness; default 'hybrid' for relative \
         magnitudes and 'fixed_length' for smoothness",
    ),
    optional(
        "bounds",
        ArgumentKind::Text,
        "numbers like '0, 0.5, 1', one interval each; default '0.5, 1, 1.5, 2' for relative magnitudes and '0' for smoothness",
    ),
    optional(
        "target",
        ArgumentKind::Text,
        "'first' (default): the first effect after the reference; 'mean': of all; or weights of each, like '0.5, 0.5'",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the simulation that 'hybrid' needs for smoothness with a single period after the reference",
    ),
];

fn prepared(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    study_relation::prepared(bound, options(bound)?)
}

fn options(bound: &BoundArguments) -> Result<HonestOptions, ArgumentProblem> {
    let restriction = restriction(bound)?;
    let default = match restriction {
        Restriction::RelativeMagnitudes(_) => "0.5, 1, 1.5, 2",
        Restriction::Smoothness(_) | Restriction::SmoothnessFixedLength => "0",
    };
    let bounds = numbers_of("bounds", bound.text("bounds", default))?;
    if bounds.is_empty() || bounds.iter().any(|&number| number < 0.0) {
        return Err(ArgumentProblem::Invalid {
            name: "bounds",
            message: "must be numbers of zero or more, at least one".to_owned(),
        });
    }
    Ok(HonestOptions {
        restriction,
        bounds,
        target: target(bound)?,
        level: level(bound)?,
        seed: seed(bound),
    })
}

fn restriction(bound: &BoundArguments) -> Result<Restriction, ArgumentProblem> {
    let is_relative = bound.text("restriction", "relative_magnitudes") == "relative_magnitudes";
    let default = if is_relative {
        "hybrid"
    } else {
        "fixed_length"
    };
    let test = match bound.text("method", default) {
        "conditional" => Test::Conditional,
        "hybrid" => Test::Hybrid,
        _ if is_relative => {
            return Err(ArgumentProblem::Invalid {
                name: "method",
                message: "'fixed_length' is for restriction => 'smoothness'".to_owned(),
            });
        }
        _ => return Ok(Restriction::SmoothnessFixedLength),
    };
    Ok(if is_relative {
        Restriction::RelativeMagnitudes(test)
    } else {
        Restriction::Smoothness(test)
    })
}

fn target(bound: &BoundArguments) -> Result<Target, ArgumentProblem> {
    Ok(match bound.text("target", "first") {
        "first" => Target::First,
        "mean" => Target::Mean,
        weights => Target::Weights(numbers_of("target", weights)?),
    })
}

fn schema() -> SchemaRef {
    let number = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        number("bound"),
        number("estimate"),
        number("std_error"),
        number("conf_low"),
        number("conf_high"),
        number("worst_case_bias"),
        number("breakdown"),
        Field::new("status", DataType::Utf8, false),
    ]))
}

impl StudyMethod for HonestOptions {
    const RELATION: &'static str = "honest_did";

    type Found = HonestDid;

    fn schema() -> SchemaRef {
        schema()
    }

    fn found(&self, study: &EventStudy) -> Result<HonestDid, EstimatorError> {
        honest_did(study, self)
    }

    fn found_in_panel(&self, study: &EventStudy) -> Result<HonestDid, EstimatorError> {
        let found = honest_did(study, self);
        found.or_else(|error| unusable(error).map(Self::nothing))
    }

    fn nothing(status: Status) -> HonestDid {
        HonestDid::without_intervals(status)
    }

    fn batch(found: &HonestDid) -> Result<RecordBatch, ArrowError> {
        batch(found)
    }
}

/// The interval if trends are parallel, whose bound is NULL, and one row for each bound.
fn batch(found: &HonestDid) -> Result<RecordBatch, ArrowError> {
    let plain = RobustInterval {
        bound: f64::NAN,
        conf_low: found.conf_low,
        conf_high: found.conf_high,
        estimate: found.estimate,
        std_error: found.std_error,
        worst_case_bias: f64::NAN,
        status: found.status,
    };
    let rows: Vec<&RobustInterval> = std::iter::once(&plain).chain(&found.intervals).collect();
    let number = |get: fn(&RobustInterval) -> f64| numbers(rows.iter().map(|row| get(row)));
    let columns = vec![
        number(|row| row.bound),
        number(|row| row.estimate),
        number(|row| row.std_error),
        number(|row| row.conf_low),
        number(|row| row.conf_high),
        number(|row| row.worst_case_bias),
        numbers(rows.iter().map(|_| found.breakdown)),
        texts(rows.iter().map(|row| row.status.as_str())),
    ];
    RecordBatch::try_new(schema(), columns)
}
