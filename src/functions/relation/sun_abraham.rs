//! `sun_abraham`: the interaction-weighted event study; `sun_abraham_diagnostics`: what was done to get it.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentDefinition, ArgumentKind, ArgumentProblem, BoundArguments};
use super::panel_call::{PanelCall, PanelGather, Shows, optional, required, window};
use super::result::{
    diagnostic_batch, diagnostic_schema, event_time_batch, event_time_schema, no_overall_estimate,
};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError, Roles};
use crate::estimators::estimate::Status;
use crate::estimators::panel::Layout;
use crate::estimators::sun_abraham::{SunAbrahamOptions, sun_abraham};

pub(super) const SUN_ABRAHAM: RelationDefinition = RelationDefinition {
    name: "sun_abraham",
    usage: "sun_abraham(input, outcome => column, unit => column, time => column, \
            cohort => column, cluster => column, window => '-4..5')",
    description: "Interaction-weighted event study (Sun and Abraham 2021): an overall row \
                  (`event_time` NULL) and one row per time since first exposure, from one \
                  regression with unit and period effects.",
    example: "SELECT * FROM sun_abraham(panel_person_year, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort_activity, \
              cluster => cluster_worksite_id, window => '-3..3')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| {
        let call = SunAbraham::try_new("sun_abraham", Shows::Effects, bound);
        Ok(Arc::new(call?))
    },
};

pub(super) const SUN_ABRAHAM_DIAGNOSTICS: RelationDefinition = RelationDefinition {
    name: "sun_abraham_diagnostics",
    usage: "sun_abraham_diagnostics(input, outcome => column, unit => column, time => column, \
            cohort => column, cluster => column)",
    description: "What `sun_abraham` with the same arguments did: rows, units and periods left out, degrees of \
                  freedom, the band.",
    example: "SELECT * FROM sun_abraham_diagnostics(panel_person_year, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort_activity, \
              cluster => cluster_worksite_id)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| {
        let call = SunAbraham::try_new("sun_abraham_diagnostics", Shows::Diagnostics, bound);
        Ok(Arc::new(call?))
    },
};

static ARGUMENTS: [ArgumentDefinition; 9] = [
    required("outcome", "what is measured: a number or a yes/no"),
    required("unit", "the person"),
    required("time", "the period, a whole number"),
    required("cohort", "period of first exposure; NULL = never exposed"),
    optional(
        "weight",
        ArgumentKind::Column,
        "analytic weight of the row; default 1",
    ),
    optional(
        "cluster",
        ArgumentKind::Column,
        "level of assignment, constant within the unit; default: the unit",
    ),
    optional(
        "window",
        ArgumentKind::Text,
        "first and last event time returned, like '-4..5'; default: all. The fit uses all",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the simultaneous band; default 20160401",
    ),
];

#[derive(Debug)]
struct SunAbraham {
    call: PanelCall,
    shows: Shows,
    options: SunAbrahamOptions,
}

impl SunAbraham {
    fn try_new(
        relation: &'static str,
        shows: Shows,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let mut call = PanelCall::try_new(relation, bound)?;
        // Unit effects take care of holes: no unit has to be dropped.
        call.layout = Layout::Unbalanced;
        let (min_e, max_e) = window(bound)?;
        let options = SunAbrahamOptions {
            min_e,
            max_e,
            level: call.options.level,
            seed: call.options.seed,
        };
        Ok(Self {
            call,
            shows,
            options,
        })
    }
}

impl PreparedRelation for SunAbraham {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn roles(&self) -> Roles {
        self.call.roles()
    }

    fn schema(&self) -> SchemaRef {
        match self.shows {
            Shows::Effects => event_time_schema(),
            Shows::Diagnostics => diagnostic_schema(),
        }
    }

    fn nothing(&self, status: Status) -> Option<Result<RecordBatch, RelationError>> {
        match self.shows {
            Shows::Effects => Some(no_overall_estimate(self.call.relation, status)),
            Shows::Diagnostics => None,
        }
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(SunAbrahamGather {
            panel: self.call.gather(),
            options: self.options,
            shows: self.shows,
        })
    }
}

struct SunAbrahamGather {
    panel: PanelGather,
    options: SunAbrahamOptions,
    shows: Shows,
}

impl Gather for SunAbrahamGather {
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
        let panel = self.panel.panel()?;
        let result = sun_abraham(&panel, &self.options)
            .map_err(|source| RelationError::Refused { relation, source })?;
        let rows = std::iter::once(&result.overall).chain(&result.event_times);
        let rows = rows.map(|row| (row.event_time, &row.estimate));
        match self.shows {
            Shows::Effects => event_time_batch(rows),
            Shows::Diagnostics => diagnostic_batch(&result.diagnostics()),
        }
        .map_err(|source| RelationError::Rows { relation, source })
    }
}
