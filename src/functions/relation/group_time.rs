//! `att_gt`: Callaway–Sant'Anna group-time effects; `att_gt_diagnostics`: what was done to get them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::panel_call::{PANEL_ARGUMENTS, PanelCall, PanelGather, Shows};
use super::result::{diagnostic_batch, diagnostic_schema, estimate_batch, estimate_schema};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError, Roles};
use crate::estimators::did::{AttGtResult, GroupTime};

pub(super) const ATT_GT: RelationDefinition = RelationDefinition {
    name: "att_gt",
    usage: "att_gt(input, outcome => column, unit => column, time => column, cohort => column, …)",
    description: "Group-time average treatment effects (Callaway and Sant'Anna 2021): the effect in \
                  each period on the units first exposed in each period.",
    example: "SELECT * FROM att_gt(panel_person_year, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort_activity, cluster => cluster_worksite_id, \
              unbalanced => 'pairs')",
    arguments: PANEL_ARGUMENTS,
    positional: None,
    prepare: |bound| {
        Ok(Arc::new(AttGt {
            call: PanelCall::try_new("att_gt", bound)?,
            shows: Shows::Effects,
        }))
    },
};

pub(super) const ATT_GT_DIAGNOSTICS: RelationDefinition = RelationDefinition {
    name: "att_gt_diagnostics",
    usage: "att_gt_diagnostics(input, outcome => column, unit => column, time => column, \
            cohort => column, …)",
    description: "What `att_gt` with the same arguments did: rows, units and periods left out, \
                  comparison units trimmed, the test of the effects before exposure, the band.",
    example: "SELECT * FROM att_gt_diagnostics(panel_person_year, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort_activity, \
              cluster => cluster_worksite_id, unbalanced => 'pairs')",
    arguments: PANEL_ARGUMENTS,
    positional: None,
    prepare: |bound| {
        Ok(Arc::new(AttGt {
            call: PanelCall::try_new("att_gt_diagnostics", bound)?,
            shows: Shows::Diagnostics,
        }))
    },
};

#[derive(Debug)]
struct AttGt {
    call: PanelCall,
    shows: Shows,
}

fn schema() -> SchemaRef {
    estimate_schema(vec![
        Field::new("cohort", DataType::Int32, false),
        Field::new("time", DataType::Int32, false),
        Field::new("event_time", DataType::Int32, false),
    ])
}

impl PreparedRelation for AttGt {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn roles(&self) -> Roles {
        self.call.roles()
    }

    fn schema(&self) -> SchemaRef {
        match self.shows {
            Shows::Effects => schema(),
            Shows::Diagnostics => diagnostic_schema(),
        }
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(AttGtGather {
            panel: self.call.gather(),
            shows: self.shows,
        })
    }
}

struct AttGtGather {
    panel: PanelGather,
    shows: Shows,
}

impl Gather for AttGtGather {
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
        let relation = self.panel.relation();
        let result = self.panel.att_gt()?.with_band();
        match self.shows {
            Shows::Effects => effects(&result),
            Shows::Diagnostics => diagnostic_batch(&result.diagnostics()),
        }
        .map_err(|source| RelationError::Rows { relation, source })
    }
}

fn effects(result: &AttGtResult) -> Result<RecordBatch, ArrowError> {
    let rows = &result.rows;
    let column = |get: fn(&GroupTime) -> i32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(rows.iter().map(get)))
    };
    let identifying = vec![
        column(|row| row.cohort),
        column(|row| row.time),
        column(|row| row.event_time),
    ];
    let estimates: Vec<_> = rows.iter().map(|row| &row.estimate).collect();
    estimate_batch(schema(), identifying, &estimates)
}
