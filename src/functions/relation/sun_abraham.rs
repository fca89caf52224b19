//! `sun_abraham`: the interaction-weighted event study.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentDefinition, ArgumentKind, ArgumentProblem, BoundArguments};
use super::panel_call::{PanelCall, PanelGather, optional, required};
use super::result::{estimate_batch, estimate_schema};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError};
use crate::estimators::panel::Layout;
use crate::estimators::sun_abraham::{CohortEffect, SunAbrahamOptions, sun_abraham};

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
    prepare: |bound| Ok(Arc::new(SunAbraham::try_new(bound)?)),
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
    options: SunAbrahamOptions,
}

impl SunAbraham {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let mut call = PanelCall::try_new("sun_abraham", bound)?;
        // Unit effects take care of holes: no unit has to be dropped.
        call.layout = Layout::Unbalanced;
        let (min_e, max_e) = window(bound.text("window", ".."))?;
        let options = SunAbrahamOptions {
            min_e,
            max_e,
            level: call.options.level,
            seed: call.options.seed,
        };
        Ok(Self { call, options })
    }
}

/// The ends of `'-4..5'`; either may be left out.
fn window(text: &str) -> Result<(Option<i32>, Option<i32>), ArgumentProblem> {
    let wrong = || ArgumentProblem::Invalid {
        name: "window",
        message: "must be two event times like '-4..5', the first not after the last".to_owned(),
    };
    let end = |text: &str| match text.trim() {
        "" => Ok(None),
        number => number.parse::<i32>().map(Some).map_err(|_| wrong()),
    };
    let (first, last) = text.split_once("..").ok_or_else(wrong)?;
    match (end(first)?, end(last)?) {
        (Some(first), Some(last)) if first > last => Err(wrong()),
        ends => Ok(ends),
    }
}

fn schema() -> SchemaRef {
    estimate_schema(vec![Field::new("event_time", DataType::Int32, true)])
}

impl PreparedRelation for SunAbraham {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(SunAbrahamGather {
            panel: self.call.gather(),
            options: self.options,
        })
    }
}

struct SunAbrahamGather {
    panel: PanelGather,
    options: SunAbrahamOptions,
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
        let relation = "sun_abraham";
        let panel = self.panel.panel()?;
        let result = sun_abraham(&panel, &self.options)
            .map_err(|source| RelationError::Refused { relation, source })?;
        let rows: Vec<&CohortEffect> = [&result.overall]
            .into_iter()
            .chain(&result.event_times)
            .collect();
        let event_times: Int32Array = rows.iter().map(|row| row.event_time).collect();
        let event_times: ArrayRef = Arc::new(event_times);
        let estimates: Vec<_> = rows.iter().map(|row| &row.estimate).collect();
        estimate_batch(schema(), vec![event_times], &estimates)
            .map_err(|source| RelationError::Rows { relation, source })
    }
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn windows_are_read_or_refused() {
        for (text, ends) in [
            ("-4..5", (Some(-4), Some(5))),
            (" -3 .. -3 ", (Some(-3), Some(-3))),
            ("..2", (None, Some(2))),
            ("0..", (Some(0), None)),
            ("..", (None, None)),
        ] {
            assert_eq!(window(text), Ok(ends), "{text}");
        }
        for text in ["", "3", "5..4", "a..b", "1..2..3", "0.5..2"] {
            assert!(window(text).is_err(), "{text}");
        }
    }
}
