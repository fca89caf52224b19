//! `balance`: standardised mean differences between the treated and the others, covariate by covariate.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::labels::LabelColumn;
use super::numbers::push_numbers;
use super::panel_rows::Levels;
use super::relation_error::{ColumnName, RelationError};
use super::result::{counts, numbers, texts};
use super::value_column::ValueColumn;
use korabo_estimators::balance::{
    BalanceColumns, BalanceOptions, BalanceRow, Spread, WeightRole, balance,
};

pub(super) const BALANCE: RelationDefinition = RelationDefinition {
    name: "balance",
    usage: "balance(input, treated => column, covariates => [column, …], weight => column, \
            weight_role => 'sampling', sd => 'pooled')",
    description: "Covariate balance: means, standardised mean difference, variance ratio and \
                  Kolmogorov–Smirnov distance of the treated and the others, one row per covariate \
                  and one per level of a text covariate.",
    example: "SELECT * FROM balance((SELECT cohort IS NOT NULL AS exposed, age, sex, \
              industry_code FROM panel_activity WHERE fiscal_year = 2017), treated => exposed, \
              covariates => [age, sex, industry_code])",
    arguments: &[
        ArgumentDefinition {
            name: "treated",
            kind: ArgumentKind::Column(ColumnRole::YesNo),
            required: true,
            description: "yes/no, or 1 and 0",
        },
        ArgumentDefinition {
            name: "covariates",
            kind: ArgumentKind::Columns(ColumnRole::Covariate),
            required: true,
            description: "what is compared: numbers, yes/no, or text (one row per level)",
        },
        optional(
            "strata",
            ArgumentKind::Column(ColumnRole::Label),
            "compare within each value of this column; rows get the column `stratum` in front",
        ),
        optional(
            "weight",
            ArgumentKind::Column(ColumnRole::Number),
            "weight of the row; default 1",
        ),
        optional(
            "weight_role",
            ArgumentKind::Choice(&["sampling", "balancing"]),
            "'sampling' (default): the sd is that of the weighted sample; 'balancing': of the \
             unweighted one",
        ),
        optional(
            "sd",
            ArgumentKind::Choice(&["pooled", "treated", "control", "all", "weighted", "hedges"]),
            "what the difference is divided by; default 'pooled'",
        ),
    ],
    positional: None,
    prepare: |bound| Ok(Arc::new(Balance::try_new(bound)?)),
};

#[derive(Debug)]
struct Balance {
    options: BalanceOptions,
    treated: InputColumn,
    covariates: Vec<InputColumn>,
    weight: Option<InputColumn>,
    strata: Option<InputColumn>,
}

#[derive(Debug, Clone)]
struct InputColumn {
    name: ColumnName,
    index: usize,
    data_type: DataType,
}

impl Balance {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let input = |index: usize| {
            let field = bound.input().field(index);
            InputColumn {
                name: ColumnName {
                    relation: "balance",
                    column: field.name().clone(),
                },
                index,
                data_type: field.data_type().clone(),
            }
        };
        let covariates: Vec<InputColumn> = bound
            .columns("covariates")
            .iter()
            .copied()
            .map(input)
            .collect();
        if covariates.is_empty() {
            return Err(ArgumentProblem::Invalid {
                name: "covariates",
                message: "must name at least one column".to_owned(),
            });
        }
        Ok(Self {
            options: options(bound),
            treated: input(bound.required_column("treated")?),
            covariates,
            weight: bound.optional_column("weight").map(input),
            strata: bound.optional_column("strata").map(input),
        })
    }
}

fn options(bound: &BoundArguments) -> BalanceOptions {
    BalanceOptions {
        spread: match bound.text("sd", "pooled") {
            "treated" => Spread::Treated,
            "control" => Spread::Control,
            "all" => Spread::All,
            "weighted" => Spread::Weighted,
            "hedges" => Spread::Hedges,
            _ => Spread::Pooled,
        },
        weight_role: match bound.text("weight_role", "sampling") {
            "balancing" => WeightRole::Balancing,
            _ => WeightRole::Sampling,
        },
    }
}

fn schema(has_strata: bool) -> SchemaRef {
    let number = |name| Field::new(name, DataType::Float64, true);
    let count = |name| Field::new(name, DataType::Int64, true);
    let stratum = has_strata.then(|| Field::new("stratum", DataType::Utf8, false));
    let columns = vec![
        Field::new("covariate", DataType::Utf8, false),
        Field::new("level", DataType::Utf8, true),
        number("mean_treated"),
        number("mean_control"),
        number("sd_treated"),
        number("sd_control"),
        number("difference"),
        number("smd"),
        number("variance_ratio"),
        number("ks"),
        count("n_treated"),
        count("n_control"),
        count("n_missing"),
        Field::new("status", DataType::Utf8, false),
    ];
    let fields: Vec<Field> = stratum.into_iter().chain(columns).collect();
    Arc::new(Schema::new(fields))
}

impl PreparedRelation for Balance {
    fn input_columns(&self) -> Vec<usize> {
        let covariates = self.covariates.iter();
        [&self.treated]
            .into_iter()
            .chain(covariates)
            .chain(&self.weight)
            .chain(&self.strata)
            .map(|column| column.index)
            .collect()
    }

    fn schema(&self) -> SchemaRef {
        schema(self.strata.is_some())
    }

    fn gather(&self) -> Box<dyn Gather> {
        let covariates = self.covariates.iter();
        let covariates =
            covariates.map(|column| ValueColumn::new(column.name.clone(), &column.data_type));
        Box::new(BalanceGather {
            options: self.options,
            treated_name: self.treated.name.clone(),
            treated: Vec::new(),
            covariates: covariates.collect(),
            weight: self
                .weight
                .as_ref()
                .map(|column| (column.name.clone(), Vec::new())),
            strata: self
                .strata
                .as_ref()
                .map(|column| LabelColumn::new(column.name.clone())),
        })
    }
}

struct BalanceGather {
    options: BalanceOptions,
    treated_name: ColumnName,
    treated: Vec<f64>,
    covariates: Vec<ValueColumn>,
    weight: Option<(ColumnName, Vec<f64>)>,
    strata: Option<LabelColumn>,
}

impl Gather for BalanceGather {
    fn reserve(&mut self, n_rows: usize) {
        self.treated.reserve(n_rows);
        for covariate in &mut self.covariates {
            covariate.reserve(n_rows);
        }
        if let Some((_, weight)) = &mut self.weight {
            weight.reserve(n_rows);
        }
        if let Some(strata) = &mut self.strata {
            strata.reserve(n_rows);
        }
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let mut columns = batch.columns().iter();
        let numbers = [(&self.treated_name, &mut self.treated)];
        for ((name, numbers), array) in numbers.into_iter().zip(&mut columns) {
            push_numbers(name, array, numbers)?;
        }
        for (covariate, array) in self.covariates.iter_mut().zip(&mut columns) {
            covariate.push(array)?;
        }
        for ((name, weight), array) in self.weight.iter_mut().zip(&mut columns) {
            push_numbers(name, array, weight)?;
        }
        for (strata, array) in self.strata.iter_mut().zip(&mut columns) {
            strata.push(array)?;
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let covariates = self.covariates.iter().map(ValueColumn::bytes);
        let weight = self.weight.as_ref().map_or(0, |(_, weight)| weight.len());
        let strata = self.strata.as_ref().map_or(0, LabelColumn::bytes);
        (self.treated.len() + weight) * size_of::<f64>() + covariates.sum::<usize>() + strata
    }

    /// Measured with two million rows: up to 4 times what was gathered, for a covariate's values sorted with their weights.
    fn needed(&self) -> usize {
        self.bytes().saturating_mul(4)
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let covariates = self.covariates.into_iter();
        let columns = BalanceColumns {
            treated: self.treated,
            covariates: covariates.map(ValueColumn::into_covariate).collect(),
            weight: self.weight.map(|(_, weight)| weight),
        };
        let of = |columns: &BalanceColumns| {
            let rows = balance(columns, &self.options);
            rows.map_err(|source| self.treated_name.refused_treatment(source))
        };
        let rows_error = |source| RelationError::Rows {
            relation: "balance",
            source,
        };
        let Some(strata) = self.strata else {
            return batch(&of(&columns)?, None).map_err(rows_error);
        };
        let mut batches = Vec::new();
        for (stratum, rows) in Levels::of("balance", "strata", strata)?.levels {
            let found = of(&columns.select(&rows))?;
            batches.push(batch(&found, Some(&stratum)).map_err(rows_error)?);
        }
        concat_batches(&schema(true), &batches).map_err(rows_error)
    }
}

/// Rows for what was found, of a stratum where there are strata.
fn batch(
    rows: &[BalanceRow],
    stratum: Option<&str>,
) -> Result<RecordBatch, datafusion::arrow::error::ArrowError> {
    let number = |get: fn(&BalanceRow) -> f64| numbers(rows.iter().map(get));
    let count = |get: fn(&BalanceRow) -> u64| counts(rows.iter().map(get));
    let levels: StringArray = rows.iter().map(|row| row.level.as_deref()).collect();
    let levels: ArrayRef = Arc::new(levels);
    let stratum = stratum.map(|stratum| texts(rows.iter().map(|_| stratum)));
    let own = vec![
        texts(rows.iter().map(|row| row.covariate.as_str())),
        levels,
        number(|row| row.mean_treated),
        number(|row| row.mean_control),
        number(|row| row.sd_treated),
        number(|row| row.sd_control),
        number(|row| row.difference),
        number(|row| row.smd),
        number(|row| row.variance_ratio),
        number(|row| row.ks),
        count(|row| row.n_treated),
        count(|row| row.n_control),
        count(|row| row.n_missing),
        texts(rows.iter().map(|row| row.status.as_str())),
    ];
    let columns = stratum.iter().cloned().chain(own).collect();
    RecordBatch::try_new(schema(stratum.is_some()), columns)
}
