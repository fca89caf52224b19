//! `leave_one_out`: averages of group-time effects without each cluster in turn.

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
use super::panel_call::{PanelCall, panel_argument};
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::result::{counts, numbers, texts};
use korabo_estimators::group_time::{
    AggregateOptions, AttGtOptions, LeftOut, LeftOutRow, leave_one_out,
};
use korabo_estimators::{EstimatorError, Status};

pub(super) const LEAVE_ONE_OUT: RelationDefinition = RelationDefinition {
    name: "leave_one_out",
    usage: "leave_one_out(input, outcome => column, unit => column, time => column, cohort => column, \
            over => column, aggregate => 'simple', …)",
    description: "The averages of `att` without each cluster in turn: whether a single worksite makes the result.",
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

static ARGUMENTS: [ArgumentDefinition; TAKEN.len() + 5] = arguments();

const fn arguments() -> [ArgumentDefinition; TAKEN.len() + 5] {
    let mut all = [const {
        required(
            "over",
            ColumnRole::Label,
            "what is left out, one value after the other, like the worksite; errors are by it",
        )
    }; TAKEN.len() + 5];
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
    all
}

#[derive(Debug, Clone)]
struct LeaveOneOut {
    options: AttGtOptions,
    averages: AggregateOptions,
}

impl LeaveOneOut {
    fn prepared(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
        let mut call = PanelCall::clustered_by("over", "leave_one_out", bound)?;
        call.names_clusters = true;
        let own = Self {
            options: call.options,
            averages: aggregate_options(kind(bound), bound, &call.options)?,
        };
        Ok(PanelRelation::prepared(call, own))
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
        let names = rows.cluster_names();
        rows.by_panel(&rows.all_outcomes(), |panel, others| {
            let all = leave_one_out(&panel, &others, &self.options, &self.averages)?.into_iter();
            let named = |own: LeftOut| (names.get(own.cluster as usize).cloned(), own);
            let all = all.map(|own| {
                let mut named: Found = own.into_iter().map(named).collect();
                // In the order of the labels, which is that of their codes.
                named.sort_by_key(|(_, own)| own.cluster);
                named
            });
            Ok(all.collect())
        })
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

    /// With covariates, estimating without a cluster copies the rows of the others.
    fn memory(&self) -> usize {
        5
    }
}
