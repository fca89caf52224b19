//! `effects`: causal estimates of many outcomes beside the naive comparisons that programs are often judged by.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::did_imputation::imputation_columns;
use super::panel_call::{PanelCall, panel_argument};
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::result::{estimate_batch, estimate_schema, texts};
use super::shared_arguments::{BY, COHORT, OUTCOMES, TIME, UNIT, window, window_of};
use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AggregateResult, AttGtOptions, BasePeriod, Method, aggregate,
    att_gt_outcomes,
};
use korabo_estimators::imputation::{ImputationOptions, did_imputation_outcomes};
use korabo_estimators::naive::{Naive, NaiveComparisons, NaiveOptions};
use korabo_estimators::panel::Layout;
use korabo_estimators::sun_abraham::{SunAbrahamOptions, sun_abraham_outcomes};
use korabo_estimators::{Counts, Estimate, EstimatorError, Status};

pub(super) const EFFECTS: RelationDefinition = RelationDefinition {
    name: "effects",
    usage: "effects(input, outcomes => [column, …], unit => column, time => column, cohort => column, \
            participated => column, cluster => column, …)",
    description: "Effects on many outcomes from one reading of the input: for each the overall group-time effect and those by \
                  time since first exposure, beside what naive comparisons would have claimed.",
    example: "SELECT * FROM effects(panel_activity, outcomes => [exercise_habit, walking_1h], unit => person_id, \
              time => fiscal_year, cohort => cohort, participated => participated, \
              cluster => cluster_worksite_id, control => 'not_yet_treated', unbalanced => 'pairs', window => '-5..5')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: Effects::prepared,
};

static ARGUMENTS: [ArgumentDefinition; 20] = [
    ArgumentDefinition {
        required: true,
        description: "what is measured: numbers or yes/no, e.g. [bmi, exercise_habit]",
        ..OUTCOMES
    },
    UNIT,
    TIME,
    COHORT,
    ArgumentDefinition {
        name: "participated",
        kind: ArgumentKind::Column(ColumnRole::YesNo),
        required: false,
        description: "whether the unit took part in the period, yes/no or 1 and 0 (NULL is no); without it participants are not \
                      compared with others",
    },
    BY,
    panel_argument("covariates"),
    panel_argument("cluster"),
    panel_argument("control"),
    panel_argument("method"),
    ArgumentDefinition {
        description: "what a period is compared with; default 'universal'",
        ..panel_argument("base_period")
    },
    panel_argument("anticipation"),
    panel_argument("unbalanced"),
    ArgumentDefinition {
        name: "window",
        kind: ArgumentKind::Text,
        required: false,
        description: "first and last event time of the causal estimates, like '-5..5': the overall effect is the mean from 0 to \
                      the last; default: all",
    },
    ArgumentDefinition {
        name: "naive_window",
        kind: ArgumentKind::Text,
        required: false,
        description: "first and last event time compared before and after exposure; default '-3..3'",
    },
    ArgumentDefinition {
        name: "robustness",
        kind: ArgumentKind::Columns(ColumnRole::Number),
        required: false,
        description: "those of the outcomes whose mean effect over all exposed unit-periods is shown by other estimators, too: \
                      `mean_callaway_santanna`, `mean_doubly_robust`, `mean_unadjusted`, `mean_did_imputation`, `mean_sun_abraham`",
    },
    panel_argument("level"),
    ArgumentDefinition {
        description: "how errors and intervals of causal estimates are made: 'analytic' (default), 'cr3' or 'bootstrap' (which imputation and \
                      `sun_abraham` among `robustness` do not have: their errors stay analytic)",
        ..panel_argument("inference")
    },
    panel_argument("draws"),
    panel_argument("seed"),
];

#[derive(Debug, Clone)]
struct Effects {
    options: AttGtOptions,
    aggregate: AggregateOptions,
    naive: Vec<Naive>,
    /// Places of the outcomes with rows of other estimators.
    robustness: Vec<usize>,
}

/// One row: the estimator, and the time since exposure where it is that of an event study.
struct EffectRow {
    estimator: &'static str,
    event_time: Option<i32>,
    estimate: Estimate,
}

impl EffectRow {
    fn overall(estimator: &'static str, estimate: Estimate) -> Self {
        Self {
            estimator,
            event_time: None,
            estimate,
        }
    }
}

const CAUSAL: &str = "callaway_santanna";

fn name(naive: Naive) -> &'static str {
    match naive {
        Naive::BeforeAfter { .. } => "before_after",
        Naive::ParticipantsVsNon => "participants_vs_non",
        Naive::TwoWayFixedEffects => "twfe",
    }
}

impl Effects {
    fn prepared(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
        let mut call = PanelCall::try_new("effects", bound)?;
        call.names_level = true;
        if bound.text("base_period", "universal") == "universal" {
            call.options.base_period = BasePeriod::Universal;
        }
        let (min_e, max_e) = window(bound)?;
        let mut naive = vec![before_after(bound)?];
        if call.has_participation() {
            naive.push(Naive::ParticipantsVsNon);
        }
        naive.push(Naive::TwoWayFixedEffects);
        let own = Self {
            options: call.options,
            aggregate: AggregateOptions {
                kind: Aggregate::Dynamic,
                min_e,
                max_e,
                balance_e: None,
                level: call.options.level,
                seed: call.options.seed,
            },
            naive,
            robustness: robustness(bound)?,
        };
        Ok(PanelRelation::prepared(call, own))
    }

    /// The mean over all exposed unit-periods.
    fn simple(&self) -> AggregateOptions {
        AggregateOptions {
            kind: Aggregate::Simple,
            min_e: None,
            max_e: None,
            ..self.aggregate
        }
    }

    /// The mean effect over all exposed unit-periods by several estimators, for the outcomes of `robustness`: first that of the
    /// call's own, which `means` holds of every outcome. The last three are not adjusted for covariates.
    fn other_estimators(
        &self,
        mut rows: PanelRows,
        means: &[Result<Estimate, EstimatorError>],
    ) -> Vec<(&'static str, Vec<Result<Estimate, EstimatorError>>)> {
        let outcomes = &self.robustness;
        let own: Vec<_> = outcomes.iter().map(|&k| means[k].clone()).collect();
        let simple = self.simple();
        let by_groups = |rows: &mut PanelRows, method| {
            let options = AttGtOptions {
                method,
                ..self.options
            };
            rows.by_panel(outcomes, |panel, others| {
                let groups = att_gt_outcomes(&panel, &others, &options)?;
                let mean = |own| Ok(aggregate(own, &simple)?.overall.estimate);
                groups.iter().map(mean).collect()
            })
        };
        let doubly_robust = match self.options.method {
            Method::DoublyRobust => own.clone(),
            _ => by_groups(&mut rows, Method::DoublyRobust),
        };
        rows.drop_covariates();
        let unadjusted = by_groups(&mut rows, self.options.method);
        // As in `sun_abraham`: unit effects absorb missing periods.
        rows.layout = Layout::Unbalanced;
        let inference = self.options.inference;
        let weighted = SunAbrahamOptions {
            min_e: None,
            max_e: None,
            level: self.options.level,
            seed: self.options.seed,
            inference,
        };
        let interaction_weighted = rows.by_panel(outcomes, |panel, others| {
            let found = sun_abraham_outcomes(&panel, &others, &weighted)?;
            Ok(found.into_iter().map(|own| own.overall.estimate).collect())
        });
        let imputation = ImputationOptions {
            window: None,
            level: self.options.level,
            seed: self.options.seed,
            inference,
        };
        let imputed = rows.by_columns(outcomes, |panel, unit_effect, others| {
            let columns = imputation_columns(panel, unit_effect);
            let found = did_imputation_outcomes(columns, others, &imputation)?;
            let overall = found.iter().map(|own| {
                let overall = own.rows.iter().find(|row| row.event_time.is_none());
                overall
                    .map(|row| row.estimate)
                    .ok_or(EstimatorError::NoCohort)
            });
            overall.collect()
        });
        vec![
            ("mean_callaway_santanna", own),
            ("mean_doubly_robust", doubly_robust),
            ("mean_unadjusted", unadjusted),
            ("mean_did_imputation", imputed),
            ("mean_sun_abraham", interaction_weighted),
        ]
    }

    fn naive(&self, rows: &PanelRows) -> Vec<Result<Vec<EffectRow>, EstimatorError>> {
        let (columns, outcomes, participates) = rows.parts();
        let options = NaiveOptions {
            level: self.options.level,
            seed: self.options.seed,
        };
        let mut comparisons = NaiveComparisons::new(columns, options);
        let of_outcome = |outcome: &Vec<f64>| {
            let rows = self.naive.iter().map(|&naive| {
                let estimate = comparisons.estimate(naive, outcome, participates)?;
                Ok(EffectRow::overall(name(naive), estimate))
            });
            rows.collect()
        };
        outcomes.iter().map(of_outcome).collect()
    }
}

/// Places among the outcomes of those named by `robustness`.
fn robustness(bound: &BoundArguments) -> Result<Vec<usize>, ArgumentProblem> {
    let outcomes = bound.columns("outcomes");
    let place = |column: &usize| {
        let place = outcomes.iter().position(|outcome| outcome == column);
        place.ok_or_else(|| ArgumentProblem::Invalid {
            name: "robustness",
            message: format!(
                "`{}` is not one of the outcomes",
                bound.input().field(*column).name()
            ),
        })
    };
    let mut places: Vec<usize> = bound
        .columns("robustness")
        .iter()
        .map(place)
        .collect::<Result<_, _>>()?;
    places.sort_unstable();
    Ok(places)
}

fn before_after(bound: &BoundArguments) -> Result<Naive, ArgumentProblem> {
    match window_of("naive_window", bound.text("naive_window", "-3..3"))? {
        (Some(first @ ..0), Some(last @ 0..)) => Ok(Naive::BeforeAfter { first, last }),
        _ => Err(ArgumentProblem::Invalid {
            name: "naive_window",
            message: "must begin before the exposure (below 0) and end after it (0 or more), like '-3..3'".to_owned(),
        }),
    }
}

/// An estimate without numbers where there is nothing to work on.
fn or_missing(found: Result<Estimate, EstimatorError>) -> Result<Estimate, EstimatorError> {
    found.or_else(|error| match error.nothing_to_estimate() {
        Some(status) => Ok(Estimate::missing(Counts::default(), status)),
        None => Err(error),
    })
}

/// The overall effect and the event study.
fn causal(
    found: Result<AggregateResult, EstimatorError>,
) -> Result<Vec<EffectRow>, EstimatorError> {
    let found = match found {
        Ok(found) => found,
        Err(error) => return Ok(vec![EffectRow::overall(CAUSAL, or_missing(Err(error))?)]),
    };
    let event_study = found.rows.into_iter().map(|row| EffectRow {
        estimator: "event_study",
        event_time: row.at,
        estimate: row.estimate,
    });
    let overall = EffectRow::overall(CAUSAL, found.overall.estimate);
    Ok(std::iter::once(overall).chain(event_study).collect())
}

impl PanelEstimator for Effects {
    type Estimates = Vec<EffectRow>;

    fn schema(&self, _: bool) -> SchemaRef {
        estimate_schema(vec![
            Field::new("estimator", DataType::Utf8, false),
            Field::new("event_time", DataType::Int32, true),
        ])
    }

    fn estimate(&self, mut rows: PanelRows) -> Vec<Result<Vec<EffectRow>, EstimatorError>> {
        let naive = self.naive(&rows);
        let simple = self.simple();
        let found = rows.by_panel(&rows.all_outcomes(), |panel, others| {
            let groups = att_gt_outcomes(&panel, &others, &self.options)?;
            let both = |own| Ok((aggregate(own, &self.aggregate)?, aggregate(own, &simple)?));
            groups.iter().map(both).collect()
        });
        let mut together: Vec<Result<Vec<EffectRow>, EstimatorError>> = Vec::new();
        let mut means = Vec::new();
        for (found, naive) in found.into_iter().zip(naive) {
            let (found, mean) = match found {
                Ok((found, mean)) => (Ok(found), Ok(mean.overall.estimate)),
                Err(error) => (Err(error.clone()), Err(error)),
            };
            means.push(mean);
            together.push(causal(found).and_then(|mut rows| {
                rows.extend(naive?);
                Ok(rows)
            }));
        }
        if !self.robustness.is_empty() {
            for (estimator, estimates) in self.other_estimators(rows, &means) {
                for (&k, estimate) in self.robustness.iter().zip(estimates) {
                    let row = or_missing(estimate).map(|own| EffectRow::overall(estimator, own));
                    match (&mut together[k], row) {
                        (Ok(rows), Ok(row)) => rows.push(row),
                        (rows @ Ok(_), Err(error)) => *rows = Err(error),
                        (Err(_), _) => {}
                    }
                }
            }
        }
        together
    }

    fn batch(&self, found: &Vec<EffectRow>, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let event_times = found.iter().map(|row| row.event_time);
        let event_times: ArrayRef = Arc::new(event_times.collect::<Int32Array>());
        let identifying = vec![texts(found.iter().map(|row| row.estimator)), event_times];
        let estimates: Vec<_> = found.iter().map(|row| &row.estimate).collect();
        estimate_batch(schema, identifying, &estimates)
    }

    fn nothing(&self, status: Status, in_parts: bool) -> Option<Result<RecordBatch, ArrowError>> {
        let missing = Estimate::missing(Counts::default(), status);
        let rows = vec![EffectRow::overall(CAUSAL, missing)];
        Some(self.batch(&rows, self.schema(in_parts)))
    }

    /// Regressions copy what their formula uses, residuals and the order of rows.
    fn memory(&self) -> usize {
        4
    }
}
