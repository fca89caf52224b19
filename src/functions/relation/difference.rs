//! `difference`: whether effects differ between levels, outcomes or estimators.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, joined, optional, picked};
use super::argument_error::ArgumentProblem;
use super::att::{WINDOW_ARGUMENTS, aggregate_options};
use super::bound_arguments::BoundArguments;
use super::compared_parts::{ComparedParts, Estimator, Part, PartEstimator};
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::panel_call::{PANEL_ARGUMENTS, PanelCall};
use super::panel_rows::PanelGather;
use super::relation_error::RelationError;
use super::result::{counts, numbers, texts};
use super::roles::Roles;
use korabo_estimators::difference::{
    ComparedEstimates, Contrast, DifferenceRow, Differences, JointTest, differences,
};
use korabo_estimators::group_time::Aggregate;
use korabo_estimators::{Estimate, Status};

pub(super) const DIFFERENCE: RelationDefinition = RelationDefinition {
    name: "difference",
    usage: "difference(input, outcome => column, unit => column, time => column, cohort => column, \
            by => [column, …], between => 'levels', …)",
    description: "Whether effects differ: between levels of a column (women and men, two programs), outcomes, or \
                  estimators. One row per difference with its error, which counts what both estimates share, and \
                  a band over all; the last row tests that all are zero.",
    example: "SELECT * FROM difference(panel_activity, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort, cluster => cluster_worksite_id, \
              unbalanced => 'pairs', by => [sex])",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| Ok(Arc::new(Difference::try_new(bound)?)),
};

static ARGUMENTS: [ArgumentDefinition; 21] = joined(
    &joined::<19>(
        &picked::<16>(
            PANEL_ARGUMENTS,
            [
                "outcome",
                "outcomes",
                "unit",
                "time",
                "cohort",
                "by",
                "covariates",
                "weight",
                "cluster",
                "control",
                "method",
                "base_period",
                "anticipation",
                "unbalanced",
                "level",
                "seed",
            ],
        ),
        &OWN,
    ),
    &picked::<2>(&WINDOW_ARGUMENTS, ["min_e", "max_e"]),
);

const OWN: [ArgumentDefinition; 3] = [
    optional(
        "between",
        ArgumentKind::Choice(&["levels", "outcomes", "estimators"]),
        "what is compared: the 'levels' of `by` (default where it is given), the 'outcomes', or the 'estimators' (default \
         where there are several); the others are gone through one by one",
    ),
    optional(
        "estimators",
        ArgumentKind::Text,
        "names like 'att, did_imputation, sun_abraham'; default 'att'",
    ),
    optional(
        "aggregate",
        ArgumentKind::Choice(&["simple", "dynamic"]),
        "'simple' (default): the overall effect; 'dynamic': effects by event time, from 0 on unless `min_e` says otherwise",
    ),
];

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Levels,
    Outcomes,
    Estimators,
}

#[derive(Debug, Clone)]
struct Difference {
    call: PanelCall,
    between: Between,
    estimator: PartEstimator,
}

impl Difference {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let call = PanelCall::try_new("difference", bound)?;
        let kind = match bound.text("aggregate", "simple") {
            "dynamic" => Aggregate::Dynamic,
            _ => Aggregate::Simple,
        };
        let mut averages = aggregate_options(kind, bound, &call.options)?;
        averages.min_e = averages.min_e.or(Some(0));
        if averages
            .min_e
            .zip(averages.max_e)
            .is_some_and(|(min, max)| min > max)
        {
            return Err(ArgumentProblem::Invalid {
                name: "max_e",
                message: "must not be below `min_e`, which is 0 by default".to_owned(),
            });
        }
        let estimators = Estimator::list(bound.text("estimators", "att"))?;
        if estimators.contains(&Estimator::SunAbraham) && !call.covariates.is_empty() {
            return Err(ArgumentProblem::Invalid {
                name: "covariates",
                message: "cannot be used with 'sun_abraham', which has none".to_owned(),
            });
        }
        Ok(Self {
            between: between(bound, &call, estimators.len())?,
            estimator: PartEstimator {
                estimators,
                layout: call.layout,
                options: call.options,
                averages,
            },
            call,
        })
    }
}

/// What is compared, and whether there are two of it.
fn between(
    bound: &BoundArguments,
    call: &PanelCall,
    n_estimators: usize,
) -> Result<Between, ArgumentProblem> {
    let default = match (call.names_level, n_estimators) {
        (true, _) => "levels",
        (false, 2..) => "estimators",
        (false, _) => "outcomes",
    };
    let invalid = |message: &str| {
        Err(ArgumentProblem::Invalid {
            name: "between",
            message: message.to_owned(),
        })
    };
    match bound.text("between", default) {
        "levels" if !call.names_level => invalid("'levels' needs `by`"),
        "estimators" if n_estimators < 2 => {
            invalid("'estimators' needs two of them, like `estimators => 'att, did_imputation'`")
        }
        "outcomes" if call.n_outcomes() < 2 => {
            invalid("nothing to compare: give `by`, two `outcomes` or two `estimators`")
        }
        "levels" => Ok(Between::Levels),
        "estimators" => Ok(Between::Estimators),
        _ => Ok(Between::Outcomes),
    }
}

impl PreparedRelation for Difference {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn roles(&self) -> Roles {
        self.call.roles()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(DifferenceGather {
            rows: PanelGather::new(&self.call),
            relation: self.clone(),
        })
    }
}

struct DifferenceGather {
    rows: PanelGather,
    relation: Difference,
}

impl Gather for DifferenceGather {
    fn reserve(&mut self, n_rows: usize) {
        self.rows.reserve(n_rows);
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.rows.push(batch)
    }

    fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    // Beside what the estimates take, the influence of every cluster on each of them is held: where units are clusters about as
    // many numbers as the outcomes have.
    fn needed(&self) -> usize {
        let n_estimators = self.relation.estimator.estimators.len();
        self.bytes().saturating_mul(4 + 2 * n_estimators)
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let Difference {
            call,
            between,
            estimator,
        } = self.relation;
        let relation = call.relation;
        let mut rows = self.rows.finish()?;
        let by = rows.take_levels();
        let mut parts = ComparedParts::default();
        for by in by {
            for (level, own) in by.levels {
                let level = Some((by.column.clone(), level));
                parts.add(&estimator, rows.select(&own), level, relation)?;
            }
        }
        // The levels together may not even be a panel, as those of two programs are none.
        if between != Between::Levels {
            parts.add(&estimator, rows, None, relation)?;
        }
        let contrasts = contrasts(&parts.parts, &parts.estimates, between);
        let options = &call.options;
        let found = differences(&parts.estimates, &contrasts, options.level, options.seed)
            .map_err(|source| RelationError::Refused { relation, source })?;
        let outcomes: Vec<&str> = call.outcome_names().collect();
        let rows = Rows {
            parts: &parts.parts,
            contrasts: &contrasts,
            outcomes: &outcomes,
            between,
        };
        rows.batch(&found)
            .map_err(|source| RelationError::Rows { relation, source })
    }
}

/// Every part against those before it that differ from it in what is compared alone.
fn contrasts(
    parts: &[Part],
    estimates: &[Result<ComparedEstimates, Status>],
    between: Between,
) -> Vec<Contrast> {
    let mut all = Vec::new();
    for (what, part) in parts.iter().enumerate() {
        let alike: Vec<usize> = (0..what)
            .filter(|&earlier| between.compares(&parts[earlier], part))
            .collect();
        // The differences from one part imply all others: from the first that has estimates.
        let base = alike
            .iter()
            .copied()
            .find(|&place| estimates[place].is_ok());
        all.extend(alike.into_iter().map(|against| Contrast {
            what,
            against,
            is_implied: base.is_some_and(|base| base != against),
        }));
    }
    all
}

impl Between {
    /// Whether two parts are compared: the same but for what is compared.
    fn compares(self, one: &Part, other: &Part) -> bool {
        let (same_level, same_outcome) = (one.level == other.level, one.outcome == other.outcome);
        let same_estimator = one.estimator == other.estimator;
        match self {
            Self::Levels => one.column() == other.column() && same_outcome && same_estimator,
            Self::Outcomes => same_level && same_estimator,
            Self::Estimators => same_level && same_outcome,
        }
    }
}

fn schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let number = |name| Field::new(name, DataType::Float64, true);
    let count = |name| Field::new(name, DataType::Int64, true);
    Arc::new(Schema::new(vec![
        Field::new("test", DataType::Utf8, false),
        text("outcome"),
        text("by"),
        text("level"),
        text("estimator"),
        text("what"),
        text("against"),
        Field::new("event_time", DataType::Int32, true),
        number("estimate"),
        number("std_error"),
        number("statistic"),
        count("df"),
        number("p_value"),
        number("conf_low"),
        number("conf_high"),
        number("band_low"),
        number("band_high"),
        count("n_clusters"),
        count("n_shared_clusters"),
        Field::new("status", DataType::Utf8, false),
    ]))
}

/// Rows of differences, and what they are about.
struct Rows<'a> {
    parts: &'a [Part],
    contrasts: &'a [Contrast],
    outcomes: &'a [&'a str],
    between: Between,
}

impl Rows<'_> {
    fn batch(&self, found: &Differences) -> Result<RecordBatch, ArrowError> {
        let joint = &found.joint;
        let rows = &found.rows;
        let number = |of_joint: f64, get: fn(&Estimate) -> f64| {
            let values = rows.iter().map(|row| get(&row.estimate));
            numbers(values.chain([of_joint]))
        };
        let of_part = |row: &DifferenceRow| &self.parts[self.contrasts[row.contrast].what];
        let against = |row: &DifferenceRow| &self.parts[self.contrasts[row.contrast].against];
        let is_common = |what: Between| self.between != what;
        let event_times = rows.iter().map(|row| row.event_time).chain([None]);
        let event_times: ArrayRef = Arc::new(event_times.collect::<Int32Array>());
        let tests = rows.iter().map(|_| "difference").chain(["joint"]);
        let statuses = rows.iter().map(|row| row.estimate.status.as_str());
        let columns = vec![
            texts(tests),
            words(rows.iter().map(|row| {
                let outcome = self.outcomes[of_part(row).outcome];
                is_common(Between::Outcomes).then_some(outcome)
            })),
            words(rows.iter().map(|row| of_part(row).column())),
            words(
                rows.iter()
                    .map(|row| of_part(row).label().filter(|_| is_common(Between::Levels))),
            ),
            words(rows.iter().map(|row| {
                let estimator = of_part(row).estimator.name();
                is_common(Between::Estimators).then_some(estimator)
            })),
            words(rows.iter().map(|row| Some(self.side(of_part(row))))),
            words(rows.iter().map(|row| Some(self.side(against(row))))),
            event_times,
            number(f64::NAN, |own| own.estimate),
            number(f64::NAN, |own| own.std_error),
            number(joint.statistic, |own| own.statistic),
            degrees(rows.len(), joint),
            number(joint.p_value, |own| own.p_value),
            number(f64::NAN, |own| own.conf_low),
            number(f64::NAN, |own| own.conf_high),
            number(f64::NAN, |own| own.band_low),
            number(f64::NAN, |own| own.band_high),
            clusters(rows, |row| row.estimate.n_clusters),
            clusters(rows, |row| row.n_shared_clusters),
            texts(statuses.chain([joint.status.as_str()])),
        ];
        RecordBatch::try_new(schema(), columns)
    }

    /// What of a part is compared.
    fn side<'b>(&'b self, part: &'b Part) -> &'b str {
        match self.between {
            Between::Levels => part.label().unwrap_or_default(),
            Between::Outcomes => self.outcomes[part.outcome],
            Between::Estimators => part.estimator.name(),
        }
    }
}

// What is too large for a count is NULL.
const NO_COUNT: u64 = u64::MAX;

/// Differences are normal; the joint test has degrees of freedom.
fn degrees(n_rows: usize, joint: &JointTest) -> ArrayRef {
    counts(std::iter::repeat_n(NO_COUNT, n_rows).chain([u64::from(joint.df)]))
}

fn clusters(rows: &[DifferenceRow], get: fn(&DifferenceRow) -> u64) -> ArrayRef {
    counts(rows.iter().map(get).chain([NO_COUNT]))
}

/// A column of words, and nothing in the row of the joint test.
fn words<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.chain([None]).collect::<StringArray>())
}
