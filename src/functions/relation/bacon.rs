//! `bacon`: the Goodman-Bacon decomposition of the two-way fixed-effects estimate.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::labels::LabelColumn;
use super::numbers::{push_numbers, push_times};
use super::relation_error::{ColumnName, RelationError};
use super::result::{counts, numbers, texts};
use super::shared_arguments::TIME;
use korabo_estimators::bacon::{BaconColumns, BaconRow, bacon};

pub(super) const BACON: RelationDefinition = RelationDefinition {
    name: "bacon",
    usage: "bacon(input, outcome => column, unit => column, time => column, treated => column)",
    description: "Goodman-Bacon decomposition: the comparisons a two-way fixed-effects estimate is \
                  made of, with their weights.",
    example: "SELECT * FROM bacon((SELECT person_id, fiscal_year, yen_total, \
              coalesce(fiscal_year >= cohort, false) AS exposed FROM panel_activity \
              QUALIFY count(yen_total) OVER (PARTITION BY person_id) = 9), outcome => yen_total, \
              unit => person_id, time => fiscal_year, treated => exposed)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| Ok(Arc::new(Bacon::try_new(bound)?)),
};

static ARGUMENTS: [ArgumentDefinition; 4] = [
    required(
        "outcome",
        ColumnRole::Number,
        "what is measured: a number or a yes/no",
    ),
    required(
        "unit",
        ColumnRole::Label,
        "the person; every unit must be seen in every period",
    ),
    TIME,
    required(
        "treated",
        ColumnRole::YesNo,
        "yes/no or 1 and 0: whether the unit is treated in the period; must not end",
    ),
];

#[derive(Debug)]
struct Bacon {
    inputs: [usize; 4],
    names: [ColumnName; 4],
}

impl Bacon {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let inputs = [
            bound.required_column("outcome")?,
            bound.required_column("unit")?,
            bound.required_column("time")?,
            bound.required_column("treated")?,
        ];
        let names = inputs.map(|index| ColumnName {
            relation: "bacon",
            column: bound.input().field(index).name().clone(),
        });
        Ok(Self { inputs, names })
    }
}

fn schema() -> SchemaRef {
    let count = |name| Field::new(name, DataType::Int64, true);
    Arc::new(Schema::new(vec![
        Field::new("comparison", DataType::Utf8, false),
        Field::new("cohort", DataType::Int32, true),
        Field::new("control_cohort", DataType::Int32, true),
        Field::new("estimate", DataType::Float64, true),
        Field::new("weight", DataType::Float64, true),
        count("n_treated"),
        count("n_control"),
        count("n_units"),
        Field::new("status", DataType::Utf8, false),
    ]))
}

impl PreparedRelation for Bacon {
    fn input_columns(&self) -> Vec<usize> {
        self.inputs.to_vec()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(BaconGather {
            names: self.names.clone(),
            outcome: Vec::new(),
            unit: LabelColumn::new(self.names[1].clone()),
            time: Vec::new(),
            treated: Vec::new(),
        })
    }
}

struct BaconGather {
    names: [ColumnName; 4],
    outcome: Vec<f64>,
    unit: LabelColumn,
    time: Vec<i32>,
    treated: Vec<f64>,
}

impl Gather for BaconGather {
    fn reserve(&mut self, n_rows: usize) {
        self.outcome.reserve(n_rows);
        self.unit.reserve(n_rows);
        self.time.reserve(n_rows);
        self.treated.reserve(n_rows);
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let columns = batch.columns();
        push_numbers(&self.names[0], &columns[0], &mut self.outcome)?;
        self.unit.push(&columns[1])?;
        push_times(
            &self.names[2],
            &columns[2],
            std::slice::from_mut(&mut self.outcome),
            &mut self.time,
        )?;
        push_numbers(&self.names[3], &columns[3], &mut self.treated)
    }

    fn bytes(&self) -> usize {
        (self.outcome.len() + self.treated.len()) * size_of::<f64>()
            + self.time.len() * size_of::<i32>()
            + self.unit.bytes()
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let mut outcome = self.outcome;
        let unit = self.unit.into_ids(std::slice::from_mut(&mut outcome));
        let columns = BaconColumns {
            unit,
            time: self.time,
            outcome,
            treated: self.treated,
        };
        let [_, _, _, treated] = &self.names;
        let rows = bacon(columns).map_err(|source| treated.refused_treatment(source))?;
        batch(&rows).map_err(|source| RelationError::Rows {
            relation: "bacon",
            source,
        })
    }
}

fn batch(rows: &[BaconRow]) -> Result<RecordBatch, ArrowError> {
    let periods = |get: fn(&BaconRow) -> Option<i32>| -> ArrayRef {
        Arc::new(rows.iter().map(get).collect::<Int32Array>())
    };
    let count = |get: fn(&BaconRow) -> u64| counts(rows.iter().map(get));
    let columns = vec![
        texts(rows.iter().map(|row| row.comparison.as_str())),
        periods(|row| row.cohort),
        periods(|row| row.control_cohort),
        numbers(rows.iter().map(|row| row.estimate)),
        numbers(rows.iter().map(|row| row.weight)),
        count(|row| row.n_treated),
        count(|row| row.n_control),
        count(|row| row.n_units),
        texts(rows.iter().map(|row| row.status.as_str())),
    ];
    RecordBatch::try_new(schema(), columns)
}
