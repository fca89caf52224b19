//! Arguments that relations at a cutoff share.

use datafusion::arrow::datatypes::{DataType, Field};

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use korabo_estimators::discontinuity::{Kernel, MassPoints};

pub(super) const RUNNING: ArgumentDefinition = required(
    "running",
    ColumnRole::Number,
    "the running variable, which decides about the treatment, such as a waist in cm",
);
pub(super) const CUTOFF: ArgumentDefinition = ArgumentDefinition {
    name: "cutoff",
    kind: ArgumentKind::Number,
    required: true,
    description: "where the treatment changes; rows at it belong to the right",
};
pub(super) const KERNEL: ArgumentDefinition = optional(
    "kernel",
    ArgumentKind::Choice(&["triangular", "epanechnikov", "uniform"]),
    "how the weight of rows falls with their distance from the cutoff; default 'triangular'",
);
pub(super) const MASS_POINTS: ArgumentDefinition = optional(
    "mass_points",
    ArgumentKind::Choice(&["adjust", "off"]),
    "values that rows share: 'adjust' (default) counts distinct values where bandwidths are chosen, 'off' rows",
);
pub(super) const BANDWIDTH: ArgumentDefinition = optional(
    "bandwidth",
    ArgumentKind::Number,
    "distance from the cutoff within which rows count; default: chosen by `bandwidth_rule`",
);
pub(super) const BANDWIDTH_RIGHT: ArgumentDefinition = optional(
    "bandwidth_right",
    ArgumentKind::Number,
    "the same on the right, where it differs from `bandwidth`",
);

pub(super) fn kernel(bound: &BoundArguments) -> Kernel {
    match bound.text("kernel", "triangular") {
        "epanechnikov" => Kernel::Epanechnikov,
        "uniform" => Kernel::Uniform,
        _ => Kernel::Triangular,
    }
}

pub(super) fn mass_points(bound: &BoundArguments) -> MassPoints {
    match bound.text("mass_points", "adjust") {
        "off" => MassPoints::Off,
        _ => MassPoints::Adjust,
    }
}

pub(super) fn cutoff(bound: &BoundArguments) -> Result<f64, ArgumentProblem> {
    let cutoff = bound.number("cutoff", f64::NAN);
    if cutoff.is_finite() {
        return Ok(cutoff);
    }
    Err(ArgumentProblem::Invalid {
        name: "cutoff",
        message: "must be a finite number".to_owned(),
    })
}

/// Two bandwidths from an argument and that for the right; `None` where neither is given.
pub(super) fn bandwidths(
    bound: &BoundArguments,
    both: &'static str,
    right: &'static str,
) -> Result<Option<[f64; 2]>, ArgumentProblem> {
    if !bound.has(both) {
        if bound.has(right) {
            return Err(ArgumentProblem::Invalid {
                name: right,
                message: format!("needs `{both}`"),
            });
        }
        return Ok(None);
    }
    let left = bound.number(both, f64::NAN);
    let two = [(both, left), (right, bound.number(right, left))];
    for (name, bandwidth) in two {
        if !(bandwidth.is_finite() && bandwidth > 0.0) {
            return Err(ArgumentProblem::Invalid {
                name,
                message: "must be above zero".to_owned(),
            });
        }
    }
    Ok(Some(two.map(|(_, bandwidth)| bandwidth)))
}

/// A whole number between two others.
pub(super) fn order(
    bound: &BoundArguments,
    name: &'static str,
    default: usize,
    (least, most): (usize, usize),
) -> Result<usize, ArgumentProblem> {
    let Some(given) = bound.integer(name) else {
        return Ok(default);
    };
    let given = usize::try_from(given).ok();
    given
        .filter(|order| (least..=most).contains(order))
        .ok_or_else(|| ArgumentProblem::Invalid {
            name,
            message: format!("must lie between {least} and {most}"),
        })
}

/// A column of numbers that may be NULL.
pub(super) fn number_field(name: &str) -> Field {
    Field::new(name, DataType::Float64, true)
}

/// A column of counts.
pub(super) fn count_field(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}
