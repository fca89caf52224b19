//! `power` and `minimum_detectable_effect`: what a design can see, before it is carried out.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Field;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::estimate_table::{
    Amount, KEEP, TableColumns, TableEstimator, TableRelation, TableRows, count_field,
    number_field, status_field,
};
use super::power_design::{
    CALENDAR, CLUSTER_AUTOCORRELATION, CLUSTER_SIZE, CLUSTERS_CONTROL, CLUSTERS_TREATED,
    CORRELATION, CV_CLUSTER_SIZE, Designs, ICC, INDIVIDUAL_AUTOCORRELATION, LAW, Outlook, SD,
};
use super::result::{numbers, texts};
use super::shared_arguments::level;
use korabo_estimators::sensitivity::{power_of, smallest_effect};
use korabo_estimators::{EstimatorError, Status};

pub(super) const POWER: RelationDefinition = RelationDefinition {
    name: "power",
    usage: "power(input, effect => 0.1, clusters_treated => 10, clusters_control => 10, cluster_size => 50, icc => 0.02, sd => 1, \
            calendar => '0, 5, 5', keep => [column, …])",
    description: "The probability that a comparison of worksites finds an effect of a given size: two groups once, or a roll-out \
                  whose worksites start at different times. One row per design.",
    example: "SELECT * FROM power((SELECT * FROM (VALUES (6), (12), (24)) AS designs (n)), effect => 0.3, clusters_treated => n, \
              clusters_control => n, cluster_size => 50, icc => 0.05, sd => 1, keep => [n])",
    arguments: &ARGUMENTS_OF_POWER,
    positional: None,
    prepare: |bound| prepared::<true>("power", "effect", None, bound),
};

pub(super) const MINIMUM_DETECTABLE_EFFECT: RelationDefinition = RelationDefinition {
    name: "minimum_detectable_effect",
    usage: "minimum_detectable_effect(input, power => 0.8, clusters_treated => 10, clusters_control => 10, cluster_size => 50, \
            icc => 0.02, sd => 1, calendar => '0, 5, 5', keep => [column, …])",
    description: "The smallest effect that a comparison of worksites finds with a given probability: two groups once, or a roll-out \
                  whose worksites start at different times. One row per design.",
    example: "SELECT * FROM minimum_detectable_effect((SELECT 0.05 AS icc), clusters_treated => 12, clusters_control => 12, \
              cluster_size => 50, icc => icc, sd => 1)",
    arguments: &ARGUMENTS_OF_EFFECT,
    positional: None,
    prepare: |bound| prepared::<false>("minimum_detectable_effect", "power", Some(0.8), bound),
};

const LEVEL: ArgumentDefinition = optional(
    "level",
    ArgumentKind::Number,
    "1 − the size of the two-sided test; default 0.95",
);

static ARGUMENTS_OF_POWER: [ArgumentDefinition; 14] = [
    ArgumentDefinition {
        name: "effect",
        kind: ArgumentKind::Amount(ColumnRole::Number),
        required: true,
        description: "the effect to find, in units of the outcome",
    },
    CLUSTERS_TREATED,
    CLUSTERS_CONTROL,
    CALENDAR,
    CLUSTER_SIZE,
    CV_CLUSTER_SIZE,
    ICC,
    SD,
    CLUSTER_AUTOCORRELATION,
    INDIVIDUAL_AUTOCORRELATION,
    CORRELATION,
    LAW,
    LEVEL,
    KEEP,
];

static ARGUMENTS_OF_EFFECT: [ArgumentDefinition; 14] = [
    optional(
        "power",
        ArgumentKind::Amount(ColumnRole::Number),
        "the probability to find it with; default 0.8",
    ),
    CLUSTERS_TREATED,
    CLUSTERS_CONTROL,
    CALENDAR,
    CLUSTER_SIZE,
    CV_CLUSTER_SIZE,
    ICC,
    SD,
    CLUSTER_AUTOCORRELATION,
    INDIVIDUAL_AUTOCORRELATION,
    CORRELATION,
    LAW,
    LEVEL,
    KEEP,
];

/// Designs whose power for an effect is asked for, or else the smallest effect for a power.
#[derive(Debug, Clone)]
struct Question<const IS_POWER: bool> {
    given: Amount,
    designs: Designs,
    level: f64,
}

fn prepared<const IS_POWER: bool>(
    relation: &'static str,
    asked: &'static str,
    default: Option<f64>,
    bound: &BoundArguments,
) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    let mut columns = TableColumns::try_new::<Question<IS_POWER>>(relation, bound)?;
    let given = columns.amount(bound, asked).or(default.map(Amount::Number));
    let given = given.ok_or(ArgumentProblem::Missing {
        name: asked,
        hint: "",
    })?;
    let level = level(bound)?;
    if let Amount::Number(power) = given
        && !IS_POWER
        && !(power > 1.0 - level && power < 1.0)
    {
        return Err(ArgumentProblem::Invalid {
            name: "power",
            message: "must lie between 1 − `level` and 1".to_owned(),
        });
    }
    let question = Question::<IS_POWER> {
        given,
        designs: Designs::try_new(&mut columns, bound)?,
        level,
    };
    Ok(TableRelation::prepared(columns, question))
}

/// A row of the result.
struct Row {
    effect: f64,
    power: f64,
    outlook: Option<Outlook>,
    status: Status,
}

impl<const IS_POWER: bool> Question<IS_POWER> {
    fn row(&self, rows: &TableRows, row: usize) -> Result<Row, EstimatorError> {
        let given = rows.amount(self.given, row);
        let found = self.designs.outlook(rows, row)?;
        let (outlook, mut status) = match found {
            Ok(outlook) => (Some(outlook), Status::Ok),
            Err(status) => (None, status),
        };
        let mut answer = f64::NAN;
        match (given, &outlook) {
            (Some(given), Some(outlook)) => {
                let (precision, law) = (outlook.precision, self.designs.law);
                answer = match IS_POWER {
                    true => power_of(precision, given, self.level, law)?,
                    false => smallest_effect(precision, given, self.level, law)?,
                };
            }
            (None, _) => status = Status::Missing,
            _ => {}
        }
        let given = given.unwrap_or(f64::NAN);
        let (effect, power) = if IS_POWER {
            (given, answer)
        } else {
            (answer, given)
        };
        Ok(Row {
            effect,
            power,
            outlook,
            status,
        })
    }
}

impl<const IS_POWER: bool> TableEstimator for Question<IS_POWER> {
    fn results() -> Vec<Field> {
        let numbers = ["effect", "power", "design_effect", "std_error", "df"];
        let fields = numbers.into_iter().map(number_field);
        fields
            .chain([count_field("n_clusters"), status_field()])
            .collect()
    }

    fn estimate(&self, rows: &TableRows) -> Result<Vec<ArrayRef>, EstimatorError> {
        let all = (0..rows.len()).map(|row| self.row(rows, row));
        let all = all.collect::<Result<Vec<Row>, _>>()?;
        let of = |get: fn(&Outlook) -> f64| {
            numbers(
                all.iter()
                    .map(|row| row.outlook.as_ref().map_or(f64::NAN, get)),
            )
        };
        let n_clusters = all.iter().map(|row| {
            let outlook = row.outlook.as_ref()?;
            i64::try_from(outlook.n_clusters).ok()
        });
        let n_clusters: datafusion::arrow::array::Int64Array = n_clusters.collect();
        Ok(vec![
            numbers(all.iter().map(|row| row.effect)),
            numbers(all.iter().map(|row| row.power)),
            of(|own| own.design_effect),
            of(|own| own.precision.std_error),
            of(|own| own.precision.df),
            Arc::new(n_clusters),
            texts(all.iter().map(|row| row.status.as_str())),
        ])
    }
}
