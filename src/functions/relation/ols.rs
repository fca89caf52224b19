//! `ols`: (weighted) least squares with absorbed fixed effects and instruments, from a formula.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentDefinition, ArgumentKind, ArgumentProblem, BoundArguments};
use super::gather::{ColumnName, LabelColumn, is_numeric, push_numbers};
use super::group_time::{level, optional, seed};
use super::result::{counts, numbers, texts};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError};
use crate::estimators::covariance::{SmallSample, Vcov};
use crate::estimators::formula::{self, ColumnRole, Formula};
use crate::estimators::least_squares::{OlsOptions, Reference, Singletons, ols};
use crate::estimators::regression_data::{Column, RegressionData};

pub(super) const OLS: RelationDefinition = RelationDefinition {
    name: "ols",
    usage: "ols(input, 'y ~ x1 + i(f, ref) | fixed_effect | endogenous ~ instrument', \
            weight => column, vcov => 'hc1')",
    description: "Linear regression with weights, absorbed fixed effects, instruments and robust or \
                  clustered errors.",
    example: "SELECT * FROM ols(panel_person_year, 'yen_total ~ age + sex | fiscal_year', \
              vcov => 'cluster(cluster_worksite_id)')",
    arguments: &[
        ArgumentDefinition {
            name: "formula",
            kind: ArgumentKind::Text,
            required: true,
            description: "outcome ~ regressors | fixed effects | endogenous ~ instruments",
        },
        optional(
            "weight",
            ArgumentKind::Column,
            "analytic weight of the row; default 1",
        ),
        optional(
            "vcov",
            ArgumentKind::Text,
            "'iid', 'hc0', 'hc1' (default), 'hc2', 'hc3', 'cluster(a)', 'cluster(a, b)'",
        ),
        optional(
            "reference",
            ArgumentKind::Choice(&["t", "normal"]),
            "distribution of p-values and intervals; default 't'",
        ),
        optional(
            "level",
            ArgumentKind::Number,
            "confidence level; default 0.95",
        ),
        optional(
            "seed",
            ArgumentKind::Integer,
            "seed of the simultaneous band",
        ),
    ],
    positional: Some("formula"),
    prepare: |bound| Ok(Arc::new(Ols::try_new(bound)?)),
};

#[derive(Debug)]
struct Ols {
    formula: Formula,
    options: OlsOptions,
    inputs: Vec<InputColumn>,
    weight: Option<usize>,
}

#[derive(Debug, Clone)]
struct InputColumn {
    name: String,
    index: usize,
    as_labels: bool,
}

impl Ols {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let formula = formula::parse(bound.text("formula", "")).map_err(|error| {
            ArgumentProblem::Formula {
                message: error.to_string(),
            }
        })?;
        let vcov =
            Vcov::parse(bound.text("vcov", "hc1")).map_err(|error| ArgumentProblem::Invalid {
                name: "vcov",
                message: error.to_string(),
            })?;
        let mut inputs: Vec<InputColumn> = Vec::new();
        let uses = formula.columns();
        let clusters = vcov.columns();
        let wanted = uses
            .iter()
            .map(|used| {
                (
                    used.name.clone(),
                    matches!(used.role, ColumnRole::Any),
                    "formula",
                )
            })
            .chain(
                clusters
                    .iter()
                    .map(|name| ((*name).to_owned(), true, "vcov")),
            );
        for (name, labels_do, argument) in wanted {
            let index = bound.find_column(argument, &name)?;
            let data_type = bound.input().field(index).data_type();
            let as_labels = labels_do && !is_numeric(data_type);
            match inputs.iter_mut().find(|input| input.name == name) {
                // A column used both as a number and as labels is handed over as a number.
                Some(input) => input.as_labels &= as_labels,
                None => inputs.push(InputColumn {
                    name,
                    index,
                    as_labels,
                }),
            }
        }
        let reference = match bound.text("reference", "t") {
            "normal" => Reference::Normal,
            _ => Reference::StudentT,
        };
        let options = OlsOptions {
            vcov,
            small_sample: SmallSample::FIXEST,
            singletons: Singletons::Keep,
            reference,
            level: level(bound)?,
            seed: seed(bound),
        };
        Ok(Self {
            formula,
            options,
            inputs,
            weight: bound.optional_column("weight"),
        })
    }
}

fn schema() -> SchemaRef {
    let number = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        Field::new("term", DataType::Utf8, false),
        number("estimate"),
        number("std_error"),
        number("statistic"),
        number("p_value"),
        number("conf_low"),
        number("conf_high"),
        number("band_low"),
        number("band_high"),
        Field::new("n_obs", DataType::Int64, true),
        number("df"),
        Field::new("status", DataType::Utf8, false),
    ]))
}

impl PreparedRelation for Ols {
    fn input_columns(&self) -> Vec<usize> {
        self.inputs
            .iter()
            .map(|input| input.index)
            .chain(self.weight)
            .collect()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        let columns = self
            .inputs
            .iter()
            .map(|input| {
                let name = ColumnName {
                    relation: "ols",
                    column: input.name.clone(),
                };
                if input.as_labels {
                    GatheredColumn::Labels(LabelColumn::new(name))
                } else {
                    GatheredColumn::Numbers(name, Vec::new())
                }
            })
            .collect();
        Box::new(OlsGather {
            formula: self.formula.clone(),
            options: self.options.clone(),
            columns,
            weight: self.weight.map(|_| Vec::new()),
        })
    }
}

enum GatheredColumn {
    Numbers(ColumnName, Vec<f64>),
    Labels(LabelColumn),
}

struct OlsGather {
    formula: Formula,
    options: OlsOptions,
    columns: Vec<GatheredColumn>,
    weight: Option<Vec<f64>>,
}

impl Gather for OlsGather {
    fn reserve(&mut self, n_rows: usize) {
        for column in &mut self.columns {
            match column {
                GatheredColumn::Numbers(_, values) => values.reserve(n_rows),
                GatheredColumn::Labels(labels) => labels.reserve(n_rows),
            }
        }
        if let Some(weight) = &mut self.weight {
            weight.reserve(n_rows);
        }
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            match column {
                GatheredColumn::Numbers(name, values) => push_numbers(name, array, values)?,
                GatheredColumn::Labels(labels) => labels.push(array)?,
            }
        }
        if let Some(weight) = &mut self.weight {
            let name = ColumnName {
                relation: "ols",
                column: "weight".to_owned(),
            };
            push_numbers(&name, &batch.columns()[self.columns.len()], weight)?;
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let columns: usize = self
            .columns
            .iter()
            .map(|column| match column {
                GatheredColumn::Numbers(_, values) => values.len() * size_of::<f64>(),
                GatheredColumn::Labels(labels) => labels.bytes(),
            })
            .sum();
        columns
            + self
                .weight
                .as_ref()
                .map_or(0, |weight| weight.len() * size_of::<f64>())
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let mut columns = BTreeMap::new();
        for column in self.columns {
            let (name, column) = match column {
                GatheredColumn::Numbers(name, values) => (name.column, Column::Numeric(values)),
                GatheredColumn::Labels(labels) => {
                    let name = labels.column_name().to_owned();
                    let (codes, labels) = labels.into_codes();
                    (name, Column::Categorical { codes, labels })
                }
            };
            columns.insert(name, column);
        }
        let data = RegressionData {
            columns,
            weight: self.weight,
        };
        let result =
            ols(&self.formula, &data, &self.options).map_err(|source| RelationError::Refused {
                relation: "ols",
                source,
            })?;
        let rows = &result.rows;
        RecordBatch::try_new(
            schema(),
            vec![
                texts(rows.iter().map(|row| row.term.as_str())),
                numbers(rows.iter().map(|row| row.estimate)),
                numbers(rows.iter().map(|row| row.std_error)),
                numbers(rows.iter().map(|row| row.statistic)),
                numbers(rows.iter().map(|row| row.p_value)),
                numbers(rows.iter().map(|row| row.conf_low)),
                numbers(rows.iter().map(|row| row.conf_high)),
                numbers(rows.iter().map(|row| row.band_low)),
                numbers(rows.iter().map(|row| row.band_high)),
                counts(rows.iter().map(|_| result.n_obs)),
                numbers(rows.iter().map(|_| result.df)),
                texts(rows.iter().map(|row| row.status.as_str())),
            ],
        )
        .map_err(|source| RelationError::Rows {
            relation: "ols",
            source,
        })
    }
}
