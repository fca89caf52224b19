//! `variance_components`: what a design needs to know of an outcome, from rows before any treatment.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Field;

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::result::{counts, numbers, texts};
use super::shared_arguments::{BY, OUTCOME, OUTCOMES};
use super::unit_rows::{UnitColumns, UnitEstimator, UnitRelation, UnitRows, outcome_fields};
use korabo_estimators::EstimatorError;
use korabo_estimators::sensitivity::{
    ComponentColumns, Correlation, VarianceComponents, variance_components,
};

pub(super) const VARIANCE_COMPONENTS: RelationDefinition = RelationDefinition {
    name: "variance_components",
    usage: "variance_components(input, outcome => column, cluster => column, unit => column, time => column)",
    description: "How an outcome varies between worksites, between persons and over time, from data before a program: what `power` and \
                  `minimum_detectable_effect` need to know. One row per outcome.",
    example: "SELECT * FROM variance_components((SELECT person_id, fiscal_year, cluster_worksite_id, bmi FROM panel_activity \
              WHERE fiscal_year <= 2016), outcome => bmi, cluster => cluster_worksite_id, unit => person_id, time => fiscal_year)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: variance_components_of,
};

static ARGUMENTS: [ArgumentDefinition; 7] = [
    OUTCOME,
    OUTCOMES,
    required(
        "cluster",
        ColumnRole::Label,
        "the worksite, or whatever will be treated as a whole",
    ),
    optional(
        "unit",
        ArgumentKind::Column(ColumnRole::Label),
        "the person, once in a period; without it, rows of different periods are of different persons",
    ),
    optional(
        "time",
        ArgumentKind::Column(ColumnRole::Period),
        "the period, a whole number; without it, there is one",
    ),
    optional(
        "correlation",
        ArgumentKind::Choice(&["constant", "decay"]),
        "autocorrelations are those of all pairs of periods: 'constant' (default), or of neighbouring ones: 'decay'",
    ),
    BY,
];

#[derive(Debug, Clone)]
struct Components {
    outcomes: Vec<String>,
    names_outcome: bool,
    unit: Option<usize>,
    correlation: Correlation,
}

fn variance_components_of(
    bound: &BoundArguments,
) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    let mut columns = UnitColumns::try_new("variance_components", bound)?;
    columns.label(bound, "cluster");
    let unit = columns.label(bound, "unit");
    columns.time(bound);
    let components = Components {
        outcomes: columns.outcome_names(),
        names_outcome: bound.has("outcomes"),
        unit,
        correlation: match bound.text("correlation", "constant") {
            "decay" => Correlation::Decay,
            _ => Correlation::Constant,
        },
    };
    Ok(UnitRelation::prepared(columns, components))
}

impl UnitEstimator for Components {
    fn results(&self) -> Vec<Field> {
        let numbers = [
            "sd",
            "icc",
            "cluster_size",
            "cv_cluster_size",
            "cluster_autocorrelation",
            "individual_autocorrelation",
        ];
        let counts = ["n_obs", "n_units", "n_clusters", "n_periods"];
        outcome_fields(self.names_outcome, &numbers, &counts)
    }

    fn estimate(&self, rows: UnitRows) -> Result<Vec<ArrayRef>, EstimatorError> {
        let mut columns = ComponentColumns {
            outcome: Vec::new(),
            cluster: rows.labels[0].clone(),
            unit: self.unit.map(|place| rows.labels[place].clone()),
            time: (!rows.time.is_empty()).then_some(rows.time),
        };
        let mut found: Vec<VarianceComponents> = Vec::with_capacity(rows.outcomes.len());
        for outcome in rows.outcomes {
            // A level, or the whole, without rows has no periods either.
            columns.outcome = outcome;
            found.push(variance_components(&columns, self.correlation)?);
        }
        let number = |get: fn(&VarianceComponents) -> f64| numbers(found.iter().map(get));
        let count = |get: fn(&VarianceComponents) -> u64| counts(found.iter().map(get));
        let outcome = self
            .names_outcome
            .then(|| texts(self.outcomes.iter().map(String::as_str)));
        let own = [
            number(|own| own.sd),
            number(|own| own.icc),
            number(|own| own.cluster_size),
            number(|own| own.cv_cluster_size),
            number(|own| own.cluster_autocorrelation),
            number(|own| own.individual_autocorrelation),
            count(|own| own.n_rows),
            count(|own| own.n_units),
            count(|own| own.n_clusters),
            count(|own| own.n_periods),
            texts(found.iter().map(|own| own.status.as_str())),
        ];
        Ok(outcome.into_iter().chain(own).collect())
    }
}
