//! `did_imputation`: effects by imputation of untreated outcomes (Borusyak, Jaravel and Spiess).

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentKind, ArgumentProblem, BoundArguments};
use super::gather::{ColumnName, LabelColumn, is_numeric, push_numbers, push_periods};
use super::group_time::{level, optional, required, seed};
use super::result::{estimate_batch, estimate_schema};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError};
use crate::estimators::imputation::{
    ImputationColumns, ImputationOptions, ImputationRow, did_imputation,
};
use crate::estimators::panel::PanelColumns;
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

/// What an input column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Outcome,
    Unit,
    Time,
    Cohort,
    Weight,
    Cluster,
    UnitEffect,
    NumericCovariate,
    TextCovariate,
}

#[derive(Debug, Clone)]
struct Input {
    role: Role,
    index: usize,
    name: ColumnName,
}

#[derive(Debug)]
struct DidImputation {
    inputs: Vec<Input>,
    options: ImputationOptions,
}

impl DidImputation {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let unit = bound.required_column("unit")?;
        let given = |role, name| bound.optional_column(name).map(|index| (role, index));
        let mut columns = vec![
            (Role::Outcome, bound.required_column("outcome")?),
            (Role::Unit, unit),
            (Role::Time, bound.required_column("time")?),
            (Role::Cohort, bound.required_column("cohort")?),
        ];
        columns.extend(given(Role::Weight, "weight"));
        columns.extend(given(Role::Cluster, "cluster"));
        columns.extend(given(Role::UnitEffect, "unit_effect").filter(|(_, index)| *index != unit));
        columns.extend(bound.columns("covariates").iter().map(|&index| {
            let is_number = is_numeric(bound.input().field(index).data_type());
            let role = if is_number {
                Role::NumericCovariate
            } else {
                Role::TextCovariate
            };
            (role, index)
        }));
        let input = |(role, index): (Role, usize)| Input {
            role,
            index,
            name: ColumnName {
                relation: RELATION,
                column: bound.input().field(index).name().clone(),
            },
        };
        Ok(Self {
            inputs: columns.into_iter().map(input).collect(),
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
        self.inputs.iter().map(|input| input.index).collect()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        let columns = self.inputs.iter().map(|input| {
            let name = input.name.clone();
            let column = match input.role {
                Role::Outcome | Role::Weight | Role::NumericCovariate => {
                    Gathered::Numbers(name, Vec::new())
                }
                Role::Time | Role::Cohort => Gathered::Periods(name, Vec::new()),
                Role::Unit | Role::Cluster | Role::UnitEffect | Role::TextCovariate => {
                    Gathered::Labels(LabelColumn::new(name))
                }
            };
            (input.role, column)
        });
        Box::new(ImputationGather {
            columns: columns.collect(),
            options: self.options,
        })
    }
}

/// One column while it comes in.
enum Gathered {
    Numbers(ColumnName, Vec<f64>),
    Periods(ColumnName, Vec<Option<i32>>),
    Labels(LabelColumn),
}

struct ImputationGather {
    columns: Vec<(Role, Gathered)>,
    options: ImputationOptions,
}

impl Gather for ImputationGather {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        for ((_, column), array) in self.columns.iter_mut().zip(batch.columns()) {
            match column {
                Gathered::Numbers(name, values) => push_numbers(name, array, values)?,
                Gathered::Periods(name, values) => push_periods(name, array, values)?,
                Gathered::Labels(labels) => labels.push(array)?,
            }
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let columns = self.columns.iter().map(|(_, column)| match column {
            Gathered::Numbers(_, values) => values.len() * size_of::<f64>(),
            Gathered::Periods(_, values) => values.len() * size_of::<Option<i32>>(),
            Gathered::Labels(labels) => labels.bytes(),
        });
        columns.sum()
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let result = did_imputation(columns(self.columns), &self.options).map_err(|source| {
            RelationError::Refused {
                relation: RELATION,
                source,
            }
        })?;
        rows(&result.rows)
    }
}

/// The gathered columns as the estimator takes them.
fn columns(gathered: Vec<(Role, Gathered)>) -> ImputationColumns {
    let mut columns = ImputationColumns::default();
    let (mut units, mut times) = (Vec::new(), Vec::new());
    let panel: &mut PanelColumns = &mut columns.panel;
    for (role, column) in gathered {
        match (role, column) {
            (Role::Outcome, Gathered::Numbers(_, values)) => panel.outcome = values,
            (Role::Weight, Gathered::Numbers(_, values)) => panel.weight = Some(values),
            (Role::Cohort, Gathered::Periods(_, values)) => panel.cohort = values,
            (_, Gathered::Periods(_, values)) => times = values,
            (Role::Unit, Gathered::Labels(labels)) => units = labels.into_integers(),
            (Role::Cluster, Gathered::Labels(labels)) => {
                panel.cluster = Some(labels.into_codes().0)
            }
            (Role::UnitEffect, Gathered::Labels(labels)) => {
                columns.unit_effect = Some(labels.into_codes().0);
            }
            (_, Gathered::Numbers(name, values)) => {
                columns
                    .covariates
                    .push((name.column, Column::Numeric(values)));
            }
            (_, Gathered::Labels(labels)) => {
                let name = labels.column_name().to_owned();
                let (codes, labels) = labels.into_codes();
                columns
                    .covariates
                    .push((name, Column::Categorical { codes, labels }));
            }
        }
    }
    // A row without unit or period cannot be placed: it counts as a row with a missing value.
    for ((value, unit), time) in panel.outcome.iter_mut().zip(&units).zip(&times) {
        if unit.is_none() || time.is_none() {
            *value = f64::NAN;
        }
    }
    panel.unit = units.into_iter().map(Option::unwrap_or_default).collect();
    panel.time = times.into_iter().map(Option::unwrap_or_default).collect();
    columns
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
