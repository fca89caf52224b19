//! A checked call of `levels`: which columns it reads for what, and the columns of its result.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::value_type;
use super::estimate_table::{count_field, number_field, status_field};
use super::relation_error::ColumnName;
use super::shared_arguments::level;
use korabo_estimators::levels::LevelOptions;

pub(super) const NAME: &str = "levels";

/// A checked call. Columns of the input stand in the order outcomes, standard, time, cluster, strata, by.
#[derive(Debug, Clone)]
pub(super) struct LevelsCall {
    pub(super) inputs: Vec<usize>,
    pub(super) names: Vec<ColumnName>,
    pub(super) is_yes_no: Vec<bool>,
    pub(super) names_outcome: bool,
    pub(super) has_standard: bool,
    pub(super) has_time: bool,
    pub(super) has_cluster: bool,
    pub(super) n_strata: usize,
    pub(super) n_by: usize,
    pub(super) options: LevelOptions,
}

impl LevelsCall {
    pub(super) fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let outcomes = match (bound.has("outcome"), bound.has("outcomes")) {
            (true, true) => {
                return Err(ArgumentProblem::Invalid {
                    name: "outcomes",
                    message: "takes the place of `outcome`; give one of them".to_owned(),
                });
            }
            (true, false) => bound.columns("outcome"),
            (false, _) => bound.columns("outcomes"),
        };
        if outcomes.is_empty() {
            let name = match bound.has("outcomes") {
                true => "outcomes",
                false => "outcome",
            };
            return Err(ArgumentProblem::Missing { name, hint: "" });
        }
        let least_share = bound.number("least_share", 0.8);
        if !(0.0..=1.0).contains(&least_share) {
            return Err(ArgumentProblem::Invalid {
                name: "least_share",
                message: "must lie between 0 and 1".to_owned(),
            });
        }
        let input = bound.input();
        let is_yes_no =
            |&index: &usize| value_type(input.field(index).data_type()) == &DataType::Boolean;
        let mut inputs = outcomes.to_vec();
        for name in ["standard", "time", "cluster", "strata", "by"] {
            inputs.extend(bound.columns(name));
        }
        let name = |&index: &usize| ColumnName {
            relation: NAME,
            column: input.field(index).name().clone(),
        };
        Ok(Self {
            names: inputs.iter().map(name).collect(),
            is_yes_no: outcomes.iter().map(is_yes_no).collect(),
            names_outcome: bound.has("outcomes"),
            has_standard: bound.has("standard"),
            has_time: bound.has("time"),
            has_cluster: bound.has("cluster"),
            n_strata: bound.columns("strata").len(),
            n_by: bound.columns("by").len(),
            options: LevelOptions {
                level: level(bound)?,
                least_share,
            },
            inputs,
        })
    }

    /// How many outcomes there are.
    pub(super) fn n_outcomes(&self) -> usize {
        self.is_yes_no.len()
    }

    /// The columns of the result.
    pub(super) fn result_schema(&self) -> SchemaRef {
        let mut fields = Vec::new();
        if self.n_by > 0 {
            fields.extend(["by", "level"].map(|name| Field::new(name, DataType::Utf8, true)));
        }
        if self.names_outcome {
            fields.push(Field::new("outcome", DataType::Utf8, false));
        }
        if self.has_time {
            fields.push(Field::new("time", DataType::Int64, false));
        }
        let numbers = [
            "value",
            "standardised",
            "std_error",
            "conf_low",
            "conf_high",
            "standard_share",
        ];
        fields.extend(numbers.map(number_field));
        fields.extend(["n_units", "n_clusters"].map(count_field));
        fields.push(status_field());
        Arc::new(Schema::new(fields))
    }
}
