//! `leave_one_out`: effects without each cluster in turn.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, required};
use super::argument_error::ArgumentProblem;
use super::att::{WINDOW_ARGUMENTS, aggregate_options, kind, word};
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::did_imputation::imputation_columns;
use super::panel_call::{PanelCall, panel_argument};
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::result::{counts, numbers, texts};
use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AttGtOptions, LeftOut, LeftOutRow, leave_one_out,
};
use korabo_estimators::imputation::{ImputationOptions, imputation_without_each};
use korabo_estimators::inference::Inference;
use korabo_estimators::panel::{Layout, OutcomeTable, Panel, PanelColumns};
use korabo_estimators::sun_abraham::{SunAbrahamOptions, sun_abraham_without_each};
use korabo_estimators::{EstimatorError, Status};

pub(super) const LEAVE_ONE_OUT: RelationDefinition = RelationDefinition {
    name: "leave_one_out",
    usage: "leave_one_out(input, outcome => column, unit => column, time => column, cohort => column, \
            over => column, aggregate => 'simple', estimator => 'att', …)",
    description: "The averages of `att`, or the effects of `did_imputation` or `sun_abraham`, without each cluster in turn: whether a \
                  single worksite makes the result.",
    example: "SELECT * FROM leave_one_out(panel_activity, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort, over => cluster_worksite_id, unbalanced => 'pairs')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: LeaveOneOut::prepared,
};

/// Arguments of group-time effects that change estimates.
const TAKEN: [&str; 14] = [
    "outcome",
    "outcomes",
    "unit",
    "time",
    "cohort",
    "by",
    "covariates",
    "weight",
    "control",
    "method",
    "base_period",
    "anticipation",
    "panel",
    "unbalanced",
];

static ARGUMENTS: [ArgumentDefinition; TAKEN.len() + 6] = arguments();

const fn arguments() -> [ArgumentDefinition; TAKEN.len() + 6] {
    let mut all = [const {
        required(
            "over",
            ColumnRole::Label,
            "what is left out, one value after the other, like the worksite; errors are by it",
        )
    }; TAKEN.len() + 6];
    let mut idx = 0;
    while idx < TAKEN.len() {
        all[idx] = panel_argument(TAKEN[idx]);
        idx += 1;
    }
    let mut window = 0;
    while window < WINDOW_ARGUMENTS.len() {
        all[idx] = WINDOW_ARGUMENTS[window].copy();
        idx += 1;
        window += 1;
    }
    all[idx] = ArgumentDefinition {
        name: "aggregate",
        kind: ArgumentKind::Choice(&["simple", "group", "dynamic", "calendar"]),
        required: false,
        description: "how group-time effects are averaged; default 'simple'",
    };
    all[idx + 1] = ArgumentDefinition {
        name: "estimator",
        kind: ArgumentKind::Choice(&["att", "did_imputation", "sun_abraham"]),
        required: false,
        description: "whose effects: 'att' (default), from what clusters contribute; 'did_imputation' or 'sun_abraham', estimated anew \
                      without each cluster",
    };
    all
}

/// Whose effects are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Estimator {
    Att,
    DidImputation,
    SunAbraham,
}

/// What only averages of group-time effects know.
const OF_ATT: [&str; 7] = [
    "control",
    "method",
    "base_period",
    "anticipation",
    "panel",
    "unbalanced",
    "balance_e",
];

impl Estimator {
    fn of(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let estimator = match bound.text("estimator", "att") {
            "did_imputation" => Self::DidImputation,
            "sun_abraham" => Self::SunAbraham,
            _ => return Ok(Self::Att),
        };
        let invalid = |name, message: &str| {
            Err(ArgumentProblem::Invalid {
                name,
                message: message.to_owned(),
            })
        };
        if let Some(name) = OF_ATT.into_iter().find(|name| bound.has(name)) {
            return invalid(name, "goes with `estimator => 'att'`");
        }
        if matches!(kind(bound), Aggregate::Group | Aggregate::Calendar) {
            return invalid(
                "aggregate",
                "must be 'simple' or 'dynamic' unless `estimator => 'att'`",
            );
        }
        if estimator == Self::SunAbraham && !bound.columns("covariates").is_empty() {
            return invalid(
                "covariates",
                "cannot be used with 'sun_abraham', which has none",
            );
        }
        Ok(estimator)
    }
}

#[derive(Debug, Clone)]
struct LeaveOneOut {
    estimator: Estimator,
    options: AttGtOptions,
    averages: AggregateOptions,
}

impl LeaveOneOut {
    fn prepared(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
        let mut call = PanelCall::clustered_by("over", "leave_one_out", bound)?;
        call.names_clusters = true;
        let estimator = Estimator::of(bound)?;
        if estimator != Estimator::Att {
            // Unit effects absorb missing periods: no unit has to be dropped.
            call.layout = Layout::Unbalanced;
        }
        let own = Self {
            estimator,
            options: call.options,
            averages: aggregate_options(kind(bound), bound, &call.options)?,
        };
        Ok(PanelRelation::prepared(call, own))
    }

    /// First and last event time asked for. The overall effect alone needs none: a band over them would take longer than all else.
    fn window(&self) -> (i32, i32) {
        match self.averages.kind {
            Aggregate::Dynamic => {
                let AggregateOptions { min_e, max_e, .. } = self.averages;
                (min_e.unwrap_or(i32::MIN), max_e.unwrap_or(i32::MAX))
            }
            _ => (i32::MAX, i32::MAX),
        }
    }

    /// By imputation, of outcomes that are missing in the same rows. Unless `min_e` says otherwise event times begin with 0.
    fn imputed(
        &self,
        columns: PanelColumns,
        others: &[Vec<f64>],
    ) -> Result<Vec<Vec<LeftOut>>, EstimatorError> {
        let (first, last) = self.window();
        let first = if first == i32::MIN { 0 } else { first };
        let options = ImputationOptions {
            window: Some((first, last)),
            level: self.options.level,
            seed: self.options.seed,
            inference: Inference::Analytic,
        };
        imputation_without_each(&imputation_columns(columns, None), others, &options)
    }

    /// By the interacted regression.
    fn interacted(
        &self,
        panel: &Panel,
        others: &[OutcomeTable],
    ) -> Result<Vec<Vec<LeftOut>>, EstimatorError> {
        let (first, last) = self.window();
        let options = SunAbrahamOptions {
            min_e: Some(first),
            max_e: Some(last),
            level: self.options.level,
            seed: self.options.seed,
            inference: Inference::Analytic,
        };
        sun_abraham_without_each(panel, others, &options)
    }

    /// A batch from (cluster, units in it, row).
    fn rows(
        &self,
        schema: SchemaRef,
        rows: &[(Option<&str>, Option<u64>, LeftOutRow)],
    ) -> Result<RecordBatch, ArrowError> {
        let number = |get: fn(&LeftOutRow) -> f64| numbers(rows.iter().map(|row| get(&row.2)));
        let left_out: StringArray = rows.iter().map(|row| row.0).collect();
        let at: Int32Array = rows.iter().map(|row| row.2.at).collect();
        // What does not exist is beyond what the column holds, and NULL.
        let n_units = rows.iter().map(|row| row.1.unwrap_or(u64::MAX));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(left_out),
            texts(rows.iter().map(|_| word(self.averages.kind))),
            Arc::new(at),
            number(|row| row.estimate),
            number(|row| row.change),
            number(|row| row.std_error),
            counts(n_units),
            texts(rows.iter().map(|row| row.2.status.as_str())),
        ];
        RecordBatch::try_new(schema, columns)
    }
}

/// What is found for one outcome: by cluster its name and the estimates without it.
type Found = Vec<(Option<String>, LeftOut)>;

impl PanelEstimator for LeaveOneOut {
    type Estimates = Found;

    fn schema(&self, _: bool) -> SchemaRef {
        let number = |name| Field::new(name, DataType::Float64, true);
        Arc::new(Schema::new(vec![
            Field::new("left_out", DataType::Utf8, true),
            Field::new("aggregate", DataType::Utf8, false),
            Field::new("at", DataType::Int32, true),
            number("estimate"),
            number("change"),
            number("std_error"),
            Field::new("n_left_out", DataType::Int64, true),
            Field::new("status", DataType::Utf8, false),
        ]))
    }

    fn estimate(&self, mut rows: PanelRows) -> Vec<Result<Found, EstimatorError>> {
        let (names, outcomes) = (rows.cluster_names(), rows.all_outcomes());
        let named = |all: Vec<Vec<LeftOut>>| -> Vec<Found> {
            let name = |own: LeftOut| (names.get(own.cluster as usize).cloned(), own);
            let all = all.into_iter().map(|own| {
                let mut named: Found = own.into_iter().map(name).collect();
                // In the order of the labels, which is that of their codes.
                named.sort_by_key(|(_, own)| own.cluster);
                named
            });
            all.collect()
        };
        match self.estimator {
            Estimator::Att => rows.by_panel(&outcomes, |panel, others| {
                leave_one_out(&panel, &others, &self.options, &self.averages).map(named)
            }),
            Estimator::SunAbraham => rows.by_panel(&outcomes, |panel, others| {
                self.interacted(&panel, &others).map(named)
            }),
            Estimator::DidImputation => rows.by_columns(&outcomes, |columns, _, others| {
                self.imputed(columns, others).map(named)
            }),
        }
    }

    fn batch(&self, found: &Found, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let rows = found.iter().flat_map(|(name, own)| {
            let rows = own.rows.iter();
            rows.map(|row| (name.as_deref(), Some(own.n_units), *row))
        });
        self.rows(schema, &rows.collect::<Vec<_>>())
    }

    fn nothing(&self, status: Status, in_parts: bool) -> Option<Result<RecordBatch, ArrowError>> {
        let row = LeftOutRow {
            at: None,
            estimate: f64::NAN,
            change: f64::NAN,
            std_error: f64::NAN,
            status,
        };
        Some(self.rows(self.schema(in_parts), &[(None, None, row)]))
    }

    /// Estimating anew without a cluster copies the rows of the others.
    fn memory(&self) -> usize {
        5
    }
}
