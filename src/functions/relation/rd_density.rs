//! `rd_density`: whether the density of a running variable jumps at the cutoff.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::cutoff_arguments::{
    BANDWIDTH, BANDWIDTH_RIGHT, CUTOFF, KERNEL, MASS_POINTS, RUNNING, bandwidths, count_field,
    cutoff, kernel, mass_points, number_field, order,
};
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::numbers::push_numbers;
use super::relation_error::{ColumnName, RelationError};
use super::result::{counts, numbers, texts};
use super::shared_arguments::level;
use korabo_estimators::discontinuity::{
    DensityBandwidths, DensityOptions, DensityRule, DensityTest, MAX_DENSITY_ORDER, rd_density,
};

pub(super) const RD_DENSITY: RelationDefinition = RelationDefinition {
    name: "rd_density",
    usage: "rd_density(input, running => column, cutoff => 85, bandwidth_rule => 'comb')",
    description: "Whether rows were moved across a cutoff: test for a jump of the running \
                  variable's density (Cattaneo, Jansson and Ma).",
    example: "SELECT * FROM rd_density((SELECT waist_cm FROM panel_person_year), running => waist_cm, \
              cutoff => 85)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| Ok(Arc::new(Density::try_new(bound)?)),
};

static ARGUMENTS: [ArgumentDefinition; 10] = [
    RUNNING,
    CUTOFF,
    optional(
        "p",
        ArgumentKind::Integer,
        "order of the polynomials that bandwidths are chosen for, 1 to 4; default 2",
    ),
    optional(
        "q",
        ArgumentKind::Integer,
        "order of the polynomials that test, at least p; default p + 1",
    ),
    KERNEL,
    optional(
        "bandwidth_rule",
        ArgumentKind::Choice(&["comb", "each", "diff", "sum"]),
        "what bandwidths suit: 'each' side, the 'diff'erence, the 'sum', or 'comb' (default), on each side the median of the three",
    ),
    BANDWIDTH,
    BANDWIDTH_RIGHT,
    MASS_POINTS,
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
];

#[derive(Debug)]
struct Density {
    index: usize,
    name: ColumnName,
    options: DensityOptions,
}

impl Density {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let index = bound.required_column("running")?;
        let p = order(bound, "p", 2, (1, MAX_DENSITY_ORDER))?;
        let q = order(bound, "q", p + 1, (p, MAX_DENSITY_ORDER + 1))?;
        let bandwidths = match bandwidths(bound, "bandwidth", "bandwidth_right")? {
            Some(_) if bound.has("bandwidth_rule") => {
                return Err(ArgumentProblem::Invalid {
                    name: "bandwidth_rule",
                    message: "chooses what `bandwidth` gives; leave one out".to_owned(),
                });
            }
            Some(given) => DensityBandwidths::Given(given),
            None => DensityBandwidths::Rule(match bound.text("bandwidth_rule", "comb") {
                "each" => DensityRule::Each,
                "diff" => DensityRule::Difference,
                "sum" => DensityRule::Sum,
                _ => DensityRule::Combined,
            }),
        };
        Ok(Self {
            index,
            name: ColumnName {
                relation: "rd_density",
                column: bound.input().field(index).name().clone(),
            },
            options: DensityOptions {
                cutoff: cutoff(bound)?,
                order: p,
                test_order: q,
                kernel: kernel(bound),
                bandwidths,
                mass_points: mass_points(bound),
                level: level(bound)?,
            },
        })
    }
}

fn schema() -> SchemaRef {
    let mut fields: Vec<Field> = [
        "density_left",
        "density_right",
        "difference",
        "std_error",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
        "bandwidth_left",
        "bandwidth_right",
    ]
    .map(number_field)
    .into();
    fields.extend(
        [
            "n_left",
            "n_right",
            "n_effective_left",
            "n_effective_right",
            "n_values_left",
            "n_values_right",
            "n_missing",
        ]
        .map(count_field),
    );
    fields.push(Field::new("status", DataType::Utf8, false));
    Arc::new(Schema::new(fields))
}

impl PreparedRelation for Density {
    fn input_columns(&self) -> Vec<usize> {
        vec![self.index]
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(DensityGather {
            name: self.name.clone(),
            running: Vec::new(),
            options: self.options,
        })
    }
}

struct DensityGather {
    name: ColumnName,
    running: Vec<f64>,
    options: DensityOptions,
}

impl Gather for DensityGather {
    fn reserve(&mut self, n_rows: usize) {
        self.running.reserve(n_rows);
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        push_numbers(&self.name, batch.column(0), &mut self.running)
    }

    fn bytes(&self) -> usize {
        self.running.len() * size_of::<f64>()
    }

    /// Values in order, their distribution, and the weights of a fit.
    fn needed(&self) -> usize {
        self.bytes().saturating_mul(6)
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let relation = "rd_density";
        let found = rd_density(&self.running, &self.options)
            .map_err(|source| RelationError::Refused { relation, source })?;
        batch(&found).map_err(|source| RelationError::Rows { relation, source })
    }
}

fn batch(found: &DensityTest) -> Result<RecordBatch, ArrowError> {
    let number = |value: f64| numbers(std::iter::once(value));
    let count = |value: u64| counts(std::iter::once(value));
    let columns = vec![
        number(found.density[0]),
        number(found.density[1]),
        number(found.difference),
        number(found.std_error),
        number(found.statistic),
        number(found.p_value),
        number(found.conf_low),
        number(found.conf_high),
        number(found.bandwidth[0]),
        number(found.bandwidth[1]),
        count(found.n_rows[0]),
        count(found.n_rows[1]),
        count(found.n_effective[0]),
        count(found.n_effective[1]),
        count(found.n_values[0]),
        count(found.n_values[1]),
        count(found.n_missing),
        texts(std::iter::once(found.status.as_str())),
    ];
    RecordBatch::try_new(schema(), columns)
}
