//! `adjust_p`: p-values of several tests together.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Field;

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::estimate_table::{
    FAMILY, KEEP, TableColumns, TableEstimator, TableRelation, TableRows, count_field,
    number_field, status_field,
};
use super::result::{counts, numbers, texts};
use korabo_estimators::EstimatorError;
use korabo_estimators::sensitivity::{AdjustedP, Adjustment, adjust_p_primary_first};

pub(super) const ADJUST_P: RelationDefinition = RelationDefinition {
    name: "adjust_p",
    usage: "adjust_p(input, p_value => column, method => 'holm', family => [column, …], primary => column, keep => [column, …])",
    description: "p-values after adjustment for how many tests were made, by family of tests, with primary tests first: Holm, \
                  Hochberg and Bonferroni bound the probability of any false finding, Benjamini-Hochberg and \
                  Benjamini-Yekutieli the share of false findings.",
    example: "SELECT * FROM adjust_p((SELECT * FROM (VALUES ('bmi', 0.01), ('sbp', 0.04), ('ldl', 0.03)) AS tests (outcome, p)), \
              p_value => p, keep => [outcome])",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: adjust_p_of,
};

static ARGUMENTS: [ArgumentDefinition; 5] = [
    required(
        "p_value",
        ColumnRole::Number,
        "the p-values; a row without one is no test",
    ),
    optional(
        "method",
        ArgumentKind::Choice(&["holm", "hochberg", "bonferroni", "bh", "by"]),
        "'holm' (default), 'hochberg', 'bonferroni': the probability of any false finding; 'bh' (Benjamini and Hochberg), 'by' (Benjamini and \
         Yekutieli: however tests depend on each other): the expected share of false findings. For 'westfall_young' see that relation",
    ),
    FAMILY,
    optional(
        "primary",
        ArgumentKind::Column(ColumnRole::YesNo),
        "whether the test is of a primary outcome: those are adjusted among themselves, and the others count only when all of them are \
         significant",
    ),
    KEEP,
];

#[derive(Debug, Clone)]
struct Adjustments {
    p_value: usize,
    primary: Option<usize>,
    method: Adjustment,
}

fn adjust_p_of(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    let mut columns = TableColumns::try_new::<Adjustments>("adjust_p", bound)?;
    let p_value = columns.required(bound, "p_value")?;
    let primary = bound.optional_column("primary");
    let adjustments = Adjustments {
        p_value,
        primary: primary.map(|index| columns.number(bound, index)),
        method: match bound.text("method", "holm") {
            "hochberg" => Adjustment::Hochberg,
            "bonferroni" => Adjustment::Bonferroni,
            "bh" => Adjustment::BenjaminiHochberg,
            "by" => Adjustment::BenjaminiYekutieli,
            _ => Adjustment::Holm,
        },
    };
    Ok(TableRelation::prepared(columns, adjustments))
}

impl TableEstimator for Adjustments {
    fn results() -> Vec<Field> {
        vec![
            number_field("p_value"),
            number_field("p_adjusted"),
            count_field("n_tests"),
            status_field(),
        ]
    }

    fn estimate(&self, rows: &TableRows) -> Result<Vec<ArrayRef>, EstimatorError> {
        let p_values = rows.number(self.p_value);
        let mut is_primary = vec![false; p_values.len()];
        if let Some(place) = self.primary {
            let given = rows.number(place);
            let other = |value: &&f64| !(value.is_nan() || **value == 0.0 || **value == 1.0);
            let n_rows = given.iter().filter(other).count() as u64;
            if n_rows > 0 {
                return Err(EstimatorError::NotBinary {
                    column: "primary",
                    n_rows,
                });
            }
            // What is not said to be primary is not.
            is_primary = given.iter().map(|&value| value == 1.0).collect();
        }
        let mut found: Vec<AdjustedP> = Vec::with_capacity(p_values.len());
        for family in rows.families() {
            let (own, first) = (&p_values[family.clone()], &is_primary[family.clone()]);
            found.extend(adjust_p_primary_first(own, first, self.method)?);
        }
        Ok(vec![
            numbers(p_values.iter().copied()),
            numbers(found.iter().map(|own| own.p_value)),
            counts(found.iter().map(|own| own.n_tests)),
            texts(found.iter().map(|own| own.status.as_str())),
        ])
    }
}
