//! `pretrend_power`: what a test for pre-trends would see, and the bias of estimates that pass it.

use std::sync::Arc;

use datafusion::arrow::array::Int32Array;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, joined, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{PreparedRelation, RelationDefinition};
use super::event_study_call::PANEL_IN_PLACE;
use super::event_study_input::{OF_ESTIMATES, numbers_of};
use super::result::{numbers, texts};
use super::shared_arguments::seed;
use super::study_relation::{self, StudyMethod};
use korabo_estimators::sensitivity::{
    EventStudy, PretrendOptions, PretrendPower, Trend, TrendBias, pretrend_power,
};
use korabo_estimators::{EstimatorError, Status};

pub(super) const PRETREND_POWER: RelationDefinition = RelationDefinition {
    name: "pretrend_power",
    usage: "pretrend_power(input, outcome => column, unit => column, time => column, cohort => column, …, \
            powers => '0.5, 0.8') over a panel, or pretrend_power(input, event_time => column, \
            estimate => column, covariance => [column, …]) over estimates",
    description: "Power of a test for pre-trends: how steep a difference in trends it sees with a given \
                  probability, and the bias that trend has on each effect, also among estimates that pass \
                  (Roth).",
    example: "SELECT * FROM pretrend_power(panel_activity, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort, cluster => cluster_worksite_id, \
              unbalanced => 'pairs')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: prepared,
};

static ARGUMENTS: [ArgumentDefinition; 26] =
    joined(&joined::<9>(&OF_ESTIMATES, &OWN), &PANEL_IN_PLACE);

const OWN: [ArgumentDefinition; 4] = [
    optional(
        "powers",
        ArgumentKind::Text,
        "probabilities like '0.5, 0.8' (the default), one trend each: the slope that is seen with that probability",
    ),
    optional(
        "slopes",
        ArgumentKind::Text,
        "slopes like '0.1, 0.2', in units of the outcome per period, one trend each; default none",
    ),
    optional(
        "threshold",
        ArgumentKind::Number,
        "an estimate of more standard errors than this fails the test; default 1.96",
    ),
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the quasi-random points that more than five estimates before the reference need",
    ),
];

fn prepared(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    study_relation::prepared(bound, options(bound)?)
}

fn options(bound: &BoundArguments) -> Result<PretrendOptions, ArgumentProblem> {
    let invalid = |name, message: &str| {
        Err(ArgumentProblem::Invalid {
            name,
            message: message.to_owned(),
        })
    };
    let options = PretrendOptions {
        threshold: bound.number("threshold", 1.96),
        powers: numbers_of("powers", bound.text("powers", "0.5, 0.8"))?,
        slopes: numbers_of("slopes", bound.text("slopes", ""))?,
        seed: seed(bound),
    };
    if !(options.threshold > 0.0 && options.threshold.is_finite()) {
        return invalid("threshold", "must be above zero");
    }
    if options
        .powers
        .iter()
        .any(|&power| power <= 0.0 || power >= 1.0)
    {
        return invalid("powers", "must lie between 0 and 1");
    }
    if options.powers.is_empty() && options.slopes.is_empty() {
        return invalid("powers", "must be numbers where there are no `slopes`");
    }
    Ok(options)
}

fn schema() -> SchemaRef {
    let number = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        number("power"),
        number("slope"),
        Field::new("event_time", DataType::Int32, true),
        number("bias"),
        number("bias_if_passed"),
        number("bayes_factor"),
        number("likelihood_ratio"),
        number("false_alarm"),
        Field::new("status", DataType::Utf8, false),
    ]))
}

impl StudyMethod for PretrendOptions {
    const RELATION: &'static str = "pretrend_power";

    type Found = PretrendPower;

    fn schema() -> SchemaRef {
        schema()
    }

    fn found(&self, study: &EventStudy) -> Result<PretrendPower, EstimatorError> {
        pretrend_power(study, self)
    }

    fn nothing(status: Status) -> PretrendPower {
        PretrendPower::without_trends(status)
    }

    fn batch(found: &PretrendPower) -> Result<RecordBatch, ArrowError> {
        batch(found)
    }
}

/// One row per trend and effect; without trends one that says why.
fn batch(found: &PretrendPower) -> Result<RecordBatch, ArrowError> {
    let trends = found.trends.iter();
    let rows: Vec<Option<(&Trend, &TrendBias)>> = if found.trends.is_empty() {
        vec![None]
    } else {
        trends
            .flat_map(|trend| trend.biases.iter().map(move |bias| Some((trend, bias))))
            .collect()
    };
    let of_trend = |get: fn(&Trend) -> f64| {
        numbers(
            rows.iter()
                .map(|row| row.map_or(f64::NAN, |(trend, _)| get(trend))),
        )
    };
    let of_bias = |get: fn(&TrendBias) -> f64| {
        numbers(
            rows.iter()
                .map(|row| row.map_or(f64::NAN, |(_, bias)| get(bias))),
        )
    };
    let event_times: Int32Array = rows
        .iter()
        .map(|row| row.map(|(_, bias)| bias.event_time))
        .collect();
    let columns = vec![
        of_trend(|trend| trend.power),
        of_trend(|trend| trend.slope),
        Arc::new(event_times),
        of_bias(|bias| bias.unconditional),
        of_bias(|bias| bias.conditional),
        of_trend(|trend| trend.bayes_factor),
        of_trend(|trend| trend.likelihood_ratio),
        numbers(rows.iter().map(|_| found.false_alarm)),
        texts(rows.iter().map(|_| found.status.as_str())),
    ];
    RecordBatch::try_new(schema(), columns)
}
