//! `did_imputation`: effects by imputation of untreated outcomes (Borusyak, Jaravel and Spiess).

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentKind, ArgumentProblem, BoundArguments};
use super::panel_call::{PanelCall, PanelGather, level, optional, required, seed};
use super::result::{estimate_batch, estimate_schema};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError};
use crate::estimators::imputation::{
    ImputationColumns, ImputationOptions, ImputationRow, did_imputation,
};
use crate::estimators::panel::CovariateValues;
use crate::estimators::regression_data::Column;

pub(super) const DID_IMPUTATION: RelationDefinition = RelationDefinition {
    name: "did_imputation",
    usage: "did_imputation(input, outcome => column, unit => column, time => column, \
            cohort => column, window => '-4..5', …)",
    description: "Effects by imputation (Borusyak, Jaravel and Spiess 2024): an overall row \
                  (`event_time` NULL) and one row per event time; with a window that begins before \
                  exposure also pre-trend coefficients.",
    example: "SELECT * FROM did_imputation(panel_person_year, outcome => exercise_habit, \
              unit => person_id, time => fiscal_year, cohort => cohort_activity, \
              cluster => cluster_worksite_id, window => '-3..3')",
    arguments: &[
        required("outcome", "what is measured: a number or a yes/no"),
        required("unit", "the person"),
        required("time", "the period, a whole number"),
        required("cohort", "period of first exposure; NULL = never exposed"),
        optional(
            "covariates",
            ArgumentKind::Columns,
            "columns of the model for untreated outcomes: numbers, yes/no or text; default []",
        ),
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
            "unit_effect",
            ArgumentKind::Column,
            "what the fixed effect is of; default: the unit",
        ),
        optional(
            "window",
            ArgumentKind::Text,
            "first and last event time returned, like '-4..5'; default: all from 0 on",
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
    ],
    positional: None,
    prepare: |bound| Ok(Arc::new(DidImputation::try_new(bound)?)),
};

const RELATION: &str = "did_imputation";

#[derive(Debug)]
struct DidImputation {
    call: PanelCall,
    options: ImputationOptions,
}

impl DidImputation {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        Ok(Self {
            call: PanelCall::try_new(RELATION, bound)?,
            options: ImputationOptions {
                window: window(bound.text("window", ""))?,
                level: level(bound)?,
                seed: seed(bound),
            },
        })
    }
}

/// `'-4..5'` as numbers; nothing when empty.
fn window(text: &str) -> Result<Option<(i32, i32)>, ArgumentProblem> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = |text: &str| text.trim().parse::<i32>().ok();
    text.split_once("..")
        .and_then(|(first, last)| Some((number(first)?, number(last)?)))
        .filter(|(first, last)| first <= last)
        .map(Some)
        .ok_or_else(|| ArgumentProblem::Invalid {
            name: "window",
            message: "must be two event times like '-4..5', the first not after the last"
                .to_owned(),
        })
}

fn schema() -> SchemaRef {
    estimate_schema(vec![Field::new("event_time", DataType::Int32, true)])
}

impl PreparedRelation for DidImputation {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(ImputationGather {
            panel: self.call.gather(),
            options: self.options,
        })
    }
}

struct ImputationGather {
    panel: PanelGather,
    options: ImputationOptions,
}

impl Gather for ImputationGather {
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
        let (mut panel, unit_effect) = self.panel.columns();
        let covariates = std::mem::take(&mut panel.covariates).into_iter();
        let covariates = covariates.map(|covariate| {
            let column = match covariate.values {
                CovariateValues::Numbers(values) => Column::Numeric(values),
                CovariateValues::Categories { codes, labels } => {
                    Column::Categorical { codes, labels }
                }
            };
            (covariate.name, column)
        });
        let columns = ImputationColumns {
            covariates: covariates.collect(),
            panel,
            unit_effect,
        };
        let result =
            did_imputation(columns, &self.options).map_err(|source| RelationError::Refused {
                relation: RELATION,
                source,
            })?;
        rows(&result.rows)
    }
}

fn rows(rows: &[ImputationRow]) -> Result<RecordBatch, RelationError> {
    let event_times: Int32Array = rows.iter().map(|row| row.event_time).collect();
    let identifying: Vec<ArrayRef> = vec![Arc::new(event_times)];
    let estimates: Vec<_> = rows.iter().map(|row| &row.estimate).collect();
    estimate_batch(schema(), identifying, &estimates).map_err(|source| RelationError::Rows {
        relation: RELATION,
        source,
    })
}
