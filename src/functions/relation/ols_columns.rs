//! The columns of a regression: which the formula and the clusters use, for what, and as what they are gathered.

use datafusion::arrow::datatypes::DataType;

use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::{ColumnRole, is_numeric, is_whole, value_type};
use korabo_estimators::regression::Vcov;
use korabo_estimators::regression::formula::{ColumnUse, Formula};

/// A column that a regression reads.
#[derive(Debug, Clone)]
pub(super) struct InputColumn {
    pub(super) name: String,
    pub(super) index: usize,
    /// Gathered as labels rather than numbers.
    pub(super) as_labels: bool,
}

/// The columns of the formula and of the clusters, after refusing those that cannot be what they are used as.
pub(super) fn input_columns(
    formula: &Formula,
    vcov: &Vcov,
    bound: &BoundArguments,
) -> Result<Vec<InputColumn>, ArgumentProblem> {
    refuse_repeated_outcome(formula, vcov)?;
    let mut uses: Vec<(ColumnUse, &'static str)> = Vec::new();
    for used in formula.columns() {
        uses.push((used, "formula"));
    }
    for name in vcov.columns() {
        match uses.iter_mut().find(|(used, _)| used.name == name) {
            Some((used, _)) => used.as_labels = true,
            None => uses.push((cluster(name), "vcov")),
        }
    }
    for used in formula.columns() {
        check_type(&used, "formula", bound)?;
    }
    for name in vcov.columns() {
        check_type(&cluster(name), "vcov", bound)?;
    }
    let mut inputs = Vec::with_capacity(uses.len());
    for (used, argument) in uses {
        let index = bound.find_column(argument, &used.name)?;
        inputs.push(InputColumn {
            as_labels: as_labels(&used, bound.input().field(index).data_type()),
            name: used.name,
            index,
        });
    }
    Ok(inputs)
}

fn cluster(name: &str) -> ColumnUse {
    ColumnUse {
        name: name.to_owned(),
        as_labels: true,
        as_numbers: false,
        as_term: false,
        offset: 0,
    }
}

fn refuse_repeated_outcome(formula: &Formula, vcov: &Vcov) -> Result<(), ArgumentProblem> {
    let outcome = formula.outcome();
    if let Some((offset, what)) = formula.outcome_again() {
        return Err(ArgumentProblem::Formula {
            message: format!(
                "formula, position {}: `{outcome}` is the outcome and {what}: it would explain itself",
                offset + 1
            ),
        });
    }
    if vcov.columns().contains(&outcome) {
        return Err(ArgumentProblem::Invalid {
            name: "vcov",
            message: format!(
                "`{outcome}` is the outcome in `formula` and a cluster: clusters cannot depend on what is measured"
            ),
        });
    }
    Ok(())
}

fn check_type(
    used: &ColumnUse,
    argument: &'static str,
    bound: &BoundArguments,
) -> Result<(), ArgumentProblem> {
    let index = bound.find_column(argument, &used.name)?;
    if used.as_numbers {
        bound.check_type(argument, ColumnRole::Number, index)?;
    }
    if used.as_term && !used.as_labels {
        bound.check_type(argument, ColumnRole::Covariate, index)?;
    }
    // Fractions group too: the levels of a rounded measurement.
    if used.as_labels && !is_numeric(bound.input().field(index).data_type()) {
        bound.check_type(argument, ColumnRole::Label, index)?;
    }
    Ok(())
}

/// Whatever is grouped somewhere is handed over as labels, so that whole numbers of any size stay what they are; fractions have to
/// be numbers, and so has what a float does not hold but a regressor is made of.
fn as_labels(used: &ColumnUse, data_type: &DataType) -> bool {
    let data_type = value_type(data_type);
    let is_grouped_only = used.as_labels && !used.as_term && !used.as_numbers;
    if data_type == &DataType::UInt64 || (data_type.is_decimal() && !is_whole(data_type)) {
        return is_grouped_only;
    }
    !is_numeric(data_type) || (used.as_labels && is_whole(data_type))
}
