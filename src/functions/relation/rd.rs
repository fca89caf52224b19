//! `rd`: the effect of a treatment at a cutoff.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::cutoff_arguments::{
    BANDWIDTH, BANDWIDTH_RIGHT, CUTOFF, KERNEL, MASS_POINTS, RUNNING, bandwidths, count_field,
    cutoff, kernel, mass_points, number_field, order,
};
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::rd_rows::{RdCall, RdGathered};
use super::relation_error::RelationError;
use super::result::{counts, numbers, texts};
use super::shared_arguments::{BY, OUTCOME, OUTCOMES, level};
use korabo_estimators::discontinuity::{
    BandwidthRule, Bandwidths, Discontinuity, MAX_ORDER, RdEstimate, RdOptions, RdVcov, rd,
};

pub(super) const RD: RelationDefinition = RelationDefinition {
    name: "rd",
    usage: "rd(input, outcome => column, running => column, cutoff => 85, treated => column, \
            covariates => [column, …], cluster => column, bandwidth_rule => 'mserd')",
    description: "Effect of a treatment that depends on whether a running variable reaches a \
                  cutoff: local polynomials, robust to their bias (Calonico, Cattaneo and \
                  Titiunik), sharp or fuzzy.",
    example: "SELECT * FROM rd((SELECT bmi, waist_cm FROM panel_person_year), outcome => bmi, \
              running => waist_cm, cutoff => 85)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| Ok(Arc::new(Rd::try_new(bound)?)),
};

static ARGUMENTS: [ArgumentDefinition; 21] = [
    OUTCOME,
    OUTCOMES,
    RUNNING,
    CUTOFF,
    optional(
        "treated",
        ArgumentKind::Column(ColumnRole::Number),
        "what was received, for a fuzzy design: yes/no, or an amount; default: all from the cutoff on, and none before",
    ),
    BY,
    optional(
        "covariates",
        ArgumentKind::Columns(ColumnRole::Covariate),
        "what the estimate is adjusted for, with the same slopes on both sides; default none",
    ),
    optional(
        "weight",
        ArgumentKind::Column(ColumnRole::Number),
        "weight of the row, times the kernel's; default 1",
    ),
    optional(
        "cluster",
        ArgumentKind::Column(ColumnRole::Label),
        "rows whose errors may move together; default: each row alone",
    ),
    optional(
        "vcov",
        ArgumentKind::Choice(&["nn", "hc0", "hc1", "hc2", "hc3", "cluster"]),
        "standard errors: 'nn' (default) from the three nearest rows, 'hc0' to 'hc3' from residuals, 'cluster' with `cluster`, where it is the default",
    ),
    optional(
        "p",
        ArgumentKind::Integer,
        "order of the polynomial that estimates, 0 to 5; default 1",
    ),
    optional(
        "q",
        ArgumentKind::Integer,
        "order of the polynomial that estimates the bias, above p; default p + 1",
    ),
    KERNEL,
    optional(
        "bandwidth_rule",
        ArgumentKind::Choice(&[
            "mserd", "msetwo", "msesum", "msecomb1", "msecomb2", "cerrd", "certwo", "cersum",
            "cercomb1", "cercomb2",
        ]),
        "what the bandwidth makes small: 'mse…' the error of the estimate, 'cer…' that of the interval's coverage; '…rd' (default 'mserd') of the \
         difference, '…two' of each side, '…sum' of their sum, '…comb1' and '…comb2' the smaller of two and the median of three",
    ),
    BANDWIDTH,
    BANDWIDTH_RIGHT,
    optional(
        "bias_bandwidth",
        ArgumentKind::Number,
        "bandwidth of the polynomial that estimates the bias; with `bandwidth`, whose value is the default",
    ),
    optional(
        "bias_bandwidth_right",
        ArgumentKind::Number,
        "the same on the right, where it differs",
    ),
    MASS_POINTS,
    optional(
        "donut",
        ArgumentKind::Number,
        "rows nearer to the cutoff than this are left out; default 0",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
];

#[derive(Debug)]
struct Rd {
    call: RdCall,
    options: RdOptions,
}

impl Rd {
    fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let (order, bias_order) = orders(bound)?;
        let donut = bound.number("donut", 0.0);
        if !(donut.is_finite() && donut >= 0.0) {
            return Err(ArgumentProblem::Invalid {
                name: "donut",
                message: "must be zero or more".to_owned(),
            });
        }
        Ok(Self {
            call: RdCall::try_new(bound)?,
            options: RdOptions {
                cutoff: cutoff(bound)?,
                order,
                bias_order,
                kernel: kernel(bound),
                bandwidths: chosen(bound)?,
                vcov: vcov(bound)?,
                mass_points: mass_points(bound),
                donut,
                level: level(bound)?,
            },
        })
    }
}

fn orders(bound: &BoundArguments) -> Result<(usize, usize), ArgumentProblem> {
    let p = order(bound, "p", 1, (0, MAX_ORDER))?;
    let q = order(bound, "q", p + 1, (p + 1, MAX_ORDER + 1))?;
    Ok((p, q))
}

fn vcov(bound: &BoundArguments) -> Result<RdVcov, ArgumentProblem> {
    let is_clustered = bound.has("cluster");
    let default = if is_clustered { "cluster" } else { "nn" };
    let invalid = |message: &str| {
        Err(ArgumentProblem::Invalid {
            name: "vcov",
            message: message.to_owned(),
        })
    };
    match (bound.text("vcov", default), is_clustered) {
        ("cluster", false) => invalid("'cluster' needs the argument `cluster`"),
        ("cluster", true) | ("nn", false) => Ok(RdVcov::Nearest),
        (_, true) => invalid("with `cluster` errors are clustered; leave `vcov` out"),
        ("hc0", false) => Ok(RdVcov::Hc0),
        ("hc1", false) => Ok(RdVcov::Hc1),
        ("hc2", false) => Ok(RdVcov::Hc2),
        (_, false) => Ok(RdVcov::Hc3),
    }
}

fn chosen(bound: &BoundArguments) -> Result<Bandwidths, ArgumentProblem> {
    let estimate = bandwidths(bound, "bandwidth", "bandwidth_right")?;
    let bias = bandwidths(bound, "bias_bandwidth", "bias_bandwidth_right")?;
    let invalid = |name, message: &str| {
        Err(ArgumentProblem::Invalid {
            name,
            message: message.to_owned(),
        })
    };
    match estimate {
        Some(_) if bound.has("bandwidth_rule") => invalid(
            "bandwidth_rule",
            "chooses what `bandwidth` gives; leave one out",
        ),
        Some(estimate) => Ok(Bandwidths::Given { estimate, bias }),
        None if bias.is_some() => invalid("bias_bandwidth", "needs `bandwidth`"),
        None => {
            let rule = BandwidthRule::parse(bound.text("bandwidth_rule", "mserd"));
            Ok(Bandwidths::Rule(rule.unwrap_or_default()))
        }
    }
}

fn schema(call: &RdCall) -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let mut fields = call.naming_fields();
    fields.extend([text("part"), text("method")]);
    fields.extend(
        [
            "estimate",
            "std_error",
            "statistic",
            "p_value",
            "conf_low",
            "conf_high",
            "bandwidth_left",
            "bandwidth_right",
            "bias_bandwidth_left",
            "bias_bandwidth_right",
        ]
        .map(number_field),
    );
    fields.extend(
        [
            "n_left",
            "n_right",
            "n_effective_left",
            "n_effective_right",
            "n_values_left",
            "n_values_right",
            "n_clusters",
            "n_missing",
            "n_donut",
        ]
        .map(count_field),
    );
    fields.push(text("status"));
    Arc::new(Schema::new(fields))
}

impl PreparedRelation for Rd {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn schema(&self) -> SchemaRef {
        schema(&self.call)
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(RdGather {
            rows: RdGathered::new(&self.call),
            call: self.call.clone(),
            options: self.options,
        })
    }
}

struct RdGather {
    call: RdCall,
    rows: RdGathered,
    options: RdOptions,
}

impl Gather for RdGather {
    fn reserve(&mut self, n_rows: usize) {
        self.rows.reserve(n_rows);
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.rows.push(batch)
    }

    fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    /// Rows are put into order and by side, and every fit has weights and residuals of its rows.
    fn needed(&self) -> usize {
        self.bytes().saturating_mul(8)
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let relation = "rd";
        let Self {
            call,
            rows,
            options,
        } = *self;
        let mut parts = Vec::new();
        rows.each_part(|named, columns| {
            let found = rd(columns, &options)
                .map_err(|source| RelationError::Refused { relation, source })?;
            parts.push((named, found));
            Ok(())
        })?;
        batch(&call, &parts).map_err(|source| RelationError::Rows { relation, source })
    }
}

/// The rows of all outcomes and levels.
fn batch(
    call: &RdCall,
    parts: &[([Option<String>; 3], Discontinuity)],
) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<_> = parts
        .iter()
        .flat_map(|(named, found)| found.estimates.iter().map(move |row| (named, found, row)))
        .collect();
    let number = |get: fn(&RdEstimate) -> f64| numbers(rows.iter().map(|(_, _, row)| get(row)));
    let both = |get: fn(&Discontinuity) -> f64| numbers(rows.iter().map(|(_, all, _)| get(all)));
    let count = |get: fn(&Discontinuity) -> u64| counts(rows.iter().map(|(_, all, _)| get(all)));
    let mut columns: Vec<ArrayRef> = call
        .naming()
        .into_iter()
        .map(|place| {
            let texts = rows.iter().map(|(named, _, _)| named[place].as_deref());
            Arc::new(texts.collect::<StringArray>()) as ArrayRef
        })
        .collect();
    columns.extend([
        texts(rows.iter().map(|(_, _, row)| row.part.as_str())),
        texts(rows.iter().map(|(_, _, row)| row.method.as_str())),
        number(|row| row.estimate),
        number(|row| row.std_error),
        number(|row| row.statistic),
        number(|row| row.p_value),
        number(|row| row.conf_low),
        number(|row| row.conf_high),
        both(|all| all.bandwidth[0]),
        both(|all| all.bandwidth[1]),
        both(|all| all.bias_bandwidth[0]),
        both(|all| all.bias_bandwidth[1]),
        count(|all| all.n_rows[0]),
        count(|all| all.n_rows[1]),
        count(|all| all.n_effective[0]),
        count(|all| all.n_effective[1]),
        count(|all| all.n_values[0]),
        count(|all| all.n_values[1]),
        count(|all| all.n_clusters),
        count(|all| all.n_missing),
        count(|all| all.n_donut),
        texts(rows.iter().map(|(_, _, row)| row.status.as_str())),
    ]);
    RecordBatch::try_new(schema(call), columns)
}
