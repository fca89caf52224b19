//! `att` and `event_study`: aggregations of group-time effects.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentDefinition, ArgumentKind, ArgumentProblem, BoundArguments};
use super::panel_call::{PANEL_ARGUMENTS, PanelCall, PanelGather, optional};
use super::result::{estimate_batch, estimate_schema, no_estimate, texts};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError, Roles};
use crate::estimators::aggregate::{Aggregate, AggregateOptions, AggregateRow, aggregate};
use crate::estimators::estimate::Status;

pub(super) const ATT: RelationDefinition = RelationDefinition {
    name: "att",
    usage: "att(input, outcome => column, unit => column, time => column, cohort => column, \
            aggregate => 'simple', …)",
    description: "Aggregated group-time effects: an overall row (`at` NULL) and one row per group, \
                  event time or calendar time.",
    example: "SELECT * FROM att(panel_person_year, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort_activity, cluster => cluster_worksite_id, \
              unbalanced => 'pairs', aggregate => 'dynamic')",
    arguments: &ATT_ARGUMENTS,
    positional: None,
    prepare: |bound| {
        let kind = match bound.text("aggregate", "simple") {
            "group" => Aggregate::Group,
            "dynamic" => Aggregate::Dynamic,
            "calendar" => Aggregate::Calendar,
            _ => Aggregate::Simple,
        };
        Ok(Arc::new(Att::try_new("att", kind, bound)?))
    },
};

pub(super) const EVENT_STUDY: RelationDefinition = RelationDefinition {
    name: "event_study",
    usage: "event_study(input, outcome => column, unit => column, time => column, \
            cohort => column, …)",
    description: "Effects by time since first exposure: the dynamic aggregation of `att` without \
                  its overall row.",
    example: "SELECT * FROM event_study(panel_person_year, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort_activity, \
              cluster => cluster_worksite_id, unbalanced => 'pairs', base_period => 'universal')",
    arguments: &EVENT_STUDY_ARGUMENTS,
    positional: None,
    prepare: |bound| {
        Ok(Arc::new(Att::try_new(
            "event_study",
            Aggregate::Dynamic,
            bound,
        )?))
    },
};

const WINDOW_ARGUMENTS: [ArgumentDefinition; 3] = [
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
        all[idx] = copy(&PANEL_ARGUMENTS[idx]);
        idx += 1;
    }
    while idx < N_PANEL + WINDOW_ARGUMENTS.len() {
        all[idx] = copy(&WINDOW_ARGUMENTS[idx - N_PANEL]);
        idx += 1;
    }
    all
}

const fn copy(argument: &ArgumentDefinition) -> ArgumentDefinition {
    ArgumentDefinition {
        name: argument.name,
        kind: argument.kind,
        required: argument.required,
        description: argument.description,
    }
}

#[derive(Debug)]
struct Att {
    call: PanelCall,
    options: AggregateOptions,
}

impl Att {
    fn try_new(
        relation: &'static str,
        kind: Aggregate,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let call = PanelCall::try_new(relation, bound)?;
        let event_time = |name: &'static str| {
            let wide = bound.integer(name);
            wide.map(i32::try_from)
                .transpose()
                .map_err(|_| ArgumentProblem::Invalid {
                    name,
                    message: "is too large".to_owned(),
                })
        };
        let options = AggregateOptions {
            kind,
            min_e: event_time("min_e")?,
            max_e: event_time("max_e")?,
            balance_e: event_time("balance_e")?,
            level: call.options.level,
            seed: call.options.seed,
        };
        Ok(Self { call, options })
    }

    fn is_event_study(&self) -> bool {
        self.call.relation == "event_study"
    }
}

impl PreparedRelation for Att {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn roles(&self) -> Roles {
        self.call.roles()
    }

    fn schema(&self) -> SchemaRef {
        if self.is_event_study() {
            return estimate_schema(vec![Field::new("event_time", DataType::Int32, false)]);
        }
        estimate_schema(vec![
            Field::new("aggregate", DataType::Utf8, false),
            Field::new("at", DataType::Int32, true),
        ])
    }

    fn nothing(&self, status: Status) -> Option<Result<RecordBatch, RelationError>> {
        // An event study has no row without an event time.
        let (at, kind) = if self.is_event_study() {
            (Some(0), None)
        } else {
            (None, Some(texts([word(self.options.kind)].into_iter())))
        };
        let at: ArrayRef = Arc::new(Int32Array::from(vec![at]));
        let identifying = kind.into_iter().chain([at]).collect();
        let relation = self.call.relation;
        Some(no_estimate(relation, self.schema(), identifying, status))
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(AttGather {
            panel: self.call.gather(),
            options: self.options,
            schema: self.schema(),
            relation: self.call.relation,
            is_event_study: self.is_event_study(),
        })
    }
}

/// The word for an aggregation in the column `aggregate`.
fn word(kind: Aggregate) -> &'static str {
    match kind {
        Aggregate::Simple => "simple",
        Aggregate::Group => "group",
        Aggregate::Dynamic => "dynamic",
        Aggregate::Calendar => "calendar",
    }
}

struct AttGather {
    panel: PanelGather,
    options: AggregateOptions,
    schema: SchemaRef,
    relation: &'static str,
    is_event_study: bool,
}

impl Gather for AttGather {
    fn reserve(&mut self, n_rows: usize) {
        self.panel.reserve(n_rows);
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.panel.push(batch)
    }

    fn bytes(&self) -> usize {
        self.panel.bytes()
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let relation = self.relation;
        let groups = self.panel.att_gt()?;
        let result = aggregate(&groups, &self.options)
            .map_err(|source| RelationError::Refused { relation, source })?;
        let mut rows: Vec<&AggregateRow> = Vec::with_capacity(result.rows.len() + 1);
        if !self.is_event_study {
            rows.push(&result.overall);
        }
        rows.extend(&result.rows);
        let at: ArrayRef = Arc::new(rows.iter().map(|row| row.at).collect::<Int32Array>());
        let identifying = if self.is_event_study {
            vec![at]
        } else {
            vec![texts(rows.iter().map(|_| word(self.options.kind))), at]
        };
        let estimates: Vec<_> = rows.iter().map(|row| &row.estimate).collect();
        estimate_batch(self.schema, identifying, &estimates)
            .map_err(|source| RelationError::Rows { relation, source })
    }
}
