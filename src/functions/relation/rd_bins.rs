//! `rd_bins`: what a chart of a discontinuity shows.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::cutoff_arguments::{CUTOFF, RUNNING, count_field, cutoff, number_field, order};
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::numbers::push_numbers;
use super::relation_error::{ColumnName, RelationError};
use super::result::{counts, numbers, texts};
use super::shared_arguments::level;
use korabo_estimators::discontinuity::{Bin, BinOptions, BinSpacing, MAX_BINS, rd_bins};

pub(super) const RD_BINS: RelationDefinition = RelationDefinition {
    name: "rd_bins",
    usage: "rd_bins(input, outcome => column, running => column, cutoff => 85, spacing => 'even', \
            n_bins => 20)",
    description: "The rows of a chart at a cutoff: means of the outcome within bins of the running \
                  variable, with intervals and a polynomial on each side.",
    example: "SELECT * FROM rd_bins((SELECT bmi, waist_cm FROM panel_person_year), outcome => bmi, \
              running => waist_cm, cutoff => 85)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| Ok(Arc::new(Bins::try_new(bound)?)),
};

static ARGUMENTS: [ArgumentDefinition; 7] = [
    required(
        "outcome",
        ColumnRole::Number,
        "what is measured: a number or a yes/no",
    ),
    RUNNING,
    CUTOFF,
    optional(
        "spacing",
        ArgumentKind::Choice(&["even", "quantile"]),
        "'even' (default): bins of one width on each side; 'quantile': with about as many rows each",
    ),
    optional(
        "n_bins",
        ArgumentKind::Integer,
        "bins on each side; default: the number whose steps are nearest to the curve",
    ),
    optional(
        "n_bins_right",
        ArgumentKind::Integer,
        "bins on the right, where their number differs from `n_bins`",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level of a bin's mean; default 0.95",
    ),
];

#[derive(Debug)]
struct Bins {
    inputs: [usize; 2],
    names: [ColumnName; 2],
    options: BinOptions,
}

impl Bins {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let inputs = [
            bound.required_column("outcome")?,
            bound.required_column("running")?,
        ];
        let n_bins = if bound.has("n_bins") {
            let left = order(bound, "n_bins", 1, (1, MAX_BINS))?;
            let right = order(bound, "n_bins_right", left, (1, MAX_BINS))?;
            Some([left, right])
        } else if bound.has("n_bins_right") {
            return Err(ArgumentProblem::Invalid {
                name: "n_bins_right",
                message: "needs `n_bins`".to_owned(),
            });
        } else {
            None
        };
        Ok(Self {
            inputs,
            names: inputs.map(|index| ColumnName {
                relation: "rd_bins",
                column: bound.input().field(index).name().clone(),
            }),
            options: BinOptions {
                cutoff: cutoff(bound)?,
                spacing: match bound.text("spacing", "even") {
                    "quantile" => BinSpacing::Quantile,
                    _ => BinSpacing::Even,
                },
                n_bins,
                level: level(bound)?,
            },
        })
    }
}

fn schema() -> SchemaRef {
    let mut fields = vec![
        Field::new("side", DataType::Utf8, false),
        count_field("bin"),
    ];
    fields.extend(
        [
            "bin_low",
            "bin_high",
            "running",
            "estimate",
            "std_error",
            "conf_low",
            "conf_high",
            "fitted",
        ]
        .map(number_field),
    );
    fields.push(count_field("n_rows"));
    fields.push(Field::new("status", DataType::Utf8, false));
    Arc::new(Schema::new(fields))
}

impl PreparedRelation for Bins {
    fn input_columns(&self) -> Vec<usize> {
        self.inputs.to_vec()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(BinsGather {
            names: self.names.clone(),
            columns: [Vec::new(), Vec::new()],
            options: self.options,
        })
    }
}

struct BinsGather {
    names: [ColumnName; 2],
    /// Outcome and running variable.
    columns: [Vec<f64>; 2],
    options: BinOptions,
}

impl Gather for BinsGather {
    fn reserve(&mut self, n_rows: usize) {
        for column in &mut self.columns {
            column.reserve(n_rows);
        }
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let columns = self.names.iter().zip(&mut self.columns);
        for ((name, column), array) in columns.zip(batch.columns()) {
            push_numbers(name, array, column)?;
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        (self.columns[0].len() + self.columns[1].len()) * size_of::<f64>()
    }

    /// Rows with a square of the outcome, as they came, in order and by side.
    fn needed(&self) -> usize {
        self.bytes().saturating_mul(6)
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let relation = "rd_bins";
        let [outcome, running] = &self.columns;
        let found = rd_bins(outcome, running, &self.options)
            .map_err(|source| RelationError::Refused { relation, source })?;
        batch(&found).map_err(|source| RelationError::Rows { relation, source })
    }
}

fn batch(bins: &[Bin]) -> Result<RecordBatch, ArrowError> {
    let number = |get: fn(&Bin) -> f64| numbers(bins.iter().map(get));
    let side = |bin: &Bin| if bin.is_right { "right" } else { "left" };
    let columns = vec![
        texts(bins.iter().map(side)),
        counts(bins.iter().map(|bin| bin.number)),
        number(|bin| bin.low),
        number(|bin| bin.high),
        number(|bin| bin.mean_running),
        number(|bin| bin.mean),
        number(|bin| bin.std_error),
        number(|bin| bin.conf_low),
        number(|bin| bin.conf_high),
        number(|bin| bin.fitted),
        counts(bins.iter().map(|bin| bin.n_rows)),
        texts(bins.iter().map(|bin| bin.status.as_str())),
    ];
    RecordBatch::try_new(schema(), columns)
}
