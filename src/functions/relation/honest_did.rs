//! `honest_did`: intervals for an effect that hold when trends differ.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::event_study_input::{
    COVARIANCE, ESTIMATE, EVENT_TIME, EventStudyColumns, EventStudyRows, REFERENCE, numbers_of,
};
use super::relation_error::RelationError;
use super::result::{numbers, texts};
use super::shared_arguments::{level, seed};
use korabo_estimators::sensitivity::{
    HonestDid, HonestOptions, Restriction, RobustInterval, Target, Test, honest_did,
};

pub(super) const HONEST_DID: RelationDefinition = RelationDefinition {
    name: "honest_did",
    usage: "honest_did(input, event_time => column, estimate => column, covariance => [column, …], \
            restriction => 'relative_magnitudes', bounds => '0.5, 1', target => 'first')",
    description: "Intervals for an effect that hold although trends differ, by as much as they did \
                  before exposure or by a bend of some size, and the breakdown value at which the \
                  effect is no longer seen (Rambachan and Roth).",
    example: "SELECT * FROM honest_did((SELECT * FROM (VALUES (-3, 0.01, 0.0009, 0.0003, 0.0002), \
              (-2, -0.02, 0.0003, 0.0008, 0.0002), (0, 0.15, 0.0002, 0.0002, 0.0011)) \
              AS estimates (event_time, estimate, c1, c2, c3)), event_time => event_time, \
              estimate => estimate, covariance => [c1, c2, c3], bounds => '0.5, 1')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| Ok(Arc::new(Honest::try_new(bound)?)),
};

static ARGUMENTS: [ArgumentDefinition; 10] = [
    EVENT_TIME,
    ESTIMATE,
    COVARIANCE,
    REFERENCE,
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

#[derive(Debug)]
struct Honest {
    columns: EventStudyColumns,
    options: HonestOptions,
}

impl Honest {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
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
        Ok(Self {
            columns: EventStudyColumns::try_new("honest_did", bound)?,
            options: HonestOptions {
                restriction,
                bounds,
                target: target(bound)?,
                level: level(bound)?,
                seed: seed(bound),
            },
        })
    }
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

impl PreparedRelation for Honest {
    fn input_columns(&self) -> Vec<usize> {
        self.columns.input_columns()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(HonestGather {
            rows: self.columns.gather(),
            options: self.options.clone(),
        })
    }
}

struct HonestGather {
    rows: EventStudyRows,
    options: HonestOptions,
}

impl Gather for HonestGather {
    // An event study has few rows, whatever the engine expects.
    fn reserve(&mut self, _n_rows: usize) {}

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.rows.push(batch)
    }

    fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let relation = "honest_did";
        let study = self.rows.into_study()?;
        let found = honest_did(&study, &self.options)
            .map_err(|source| RelationError::Refused { relation, source })?;
        batch(&found).map_err(|source| RelationError::Rows { relation, source })
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
