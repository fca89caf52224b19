//! `lee_bounds`: bounds on an effect when the treatment changes whose outcome is seen.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Field;

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::result::{counts, numbers, texts};
use super::shared_arguments::{BY, OUTCOME, OUTCOMES, level};
use super::unit_rows::{UnitColumns, UnitEstimator, UnitRelation, UnitRows, outcome_fields};
use korabo_estimators::EstimatorError;
use korabo_estimators::sensitivity::{LeeBounds, LeeGroups, Trim, grouped_lee_bounds};

pub(super) const LEE_BOUNDS: RelationDefinition = RelationDefinition {
    name: "lee_bounds",
    usage: "lee_bounds(input, outcome => column, treated => column, selected => column, strata => [column, …], cluster => column)",
    description: "Bounds on an effect when outcomes are seen for some only, and the treatment changes for whom, as where people \
                  leave or do not answer (Lee). One row per outcome.",
    example: "SELECT * FROM lee_bounds((SELECT cohort IS NOT NULL AS exposed, presenteeism_loss, sex FROM panel_activity \
              WHERE fiscal_year = 2021), outcome => presenteeism_loss, treated => exposed, strata => [sex])",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: lee_bounds_of,
};

static ARGUMENTS: [ArgumentDefinition; 9] = [
    OUTCOME,
    OUTCOMES,
    required(
        "treated",
        ColumnRole::YesNo,
        "yes/no or 1 and 0: whether the person is treated, as good as by chance",
    ),
    optional(
        "selected",
        ArgumentKind::Column(ColumnRole::YesNo),
        "yes/no: whether the outcome counts, as a wage counts for the employed. Default: whether it is there",
    ),
    optional(
        "strata",
        ArgumentKind::Columns(ColumnRole::Label),
        "columns like [sex, age_band], known before the treatment: bounds are worked out within each combination, which makes them narrower",
    ),
    optional(
        "cluster",
        ArgumentKind::Column(ColumnRole::Label),
        "clusters whose persons' outcomes may move together; default: each person alone",
    ),
    optional(
        "trim",
        ArgumentKind::Choice(&["fractional", "whole"]),
        "'fractional' (default): exactly the share goes, of outcomes that are equal to the one at the cut a part; 'whole': these stay, \
         which is wrong for yes and no",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    BY,
];

#[derive(Debug, Clone)]
struct Bounds {
    outcomes: Vec<String>,
    names_outcome: bool,
    has_selected: bool,
    cluster: Option<usize>,
    trim: Trim,
    level: f64,
}

fn lee_bounds_of(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    let mut columns = UnitColumns::try_new("lee_bounds", bound)?;
    // A missing outcome is one that is not seen: without a cluster it is the treatment that a row loses.
    columns.loses_numbers = true;
    columns.number(bound, "treated");
    let has_selected = columns.number(bound, "selected").is_some();
    let cluster = columns.label(bound, "cluster");
    columns.strata(bound, bound.columns("strata"));
    let bounds = Bounds {
        outcomes: columns.outcome_names(),
        names_outcome: bound.has("outcomes"),
        has_selected,
        cluster,
        trim: match bound.text("trim", "fractional") {
            "whole" => Trim::Whole,
            _ => Trim::Fractional,
        },
        level: level(bound)?,
    };
    Ok(UnitRelation::prepared(columns, bounds))
}

impl Bounds {
    /// Outcomes that count, and who is treated; NaN where a row is left out.
    fn select(&self, outcome: &[f64], rows: &UnitRows) -> (Vec<f64>, Vec<f64>) {
        let treated = &rows.numbers[0];
        if !self.has_selected {
            return (outcome.to_vec(), treated.clone());
        }
        let selected = &rows.numbers[1];
        let seen = outcome.iter().zip(selected).map(|(y, own)| match own {
            1.0 => *y,
            _ => f64::NAN,
        });
        let there = treated
            .iter()
            .zip(selected)
            .map(|(arm, own)| match own.is_nan() {
                true => f64::NAN,
                false => *arm,
            });
        (seen.collect(), there.collect())
    }
}

impl UnitEstimator for Bounds {
    fn results(&self) -> Vec<Field> {
        let numbers = [
            "lower",
            "upper",
            "std_error_lower",
            "std_error_upper",
            "conf_low",
            "conf_high",
            "critical_value",
            "trimming_share",
            "seen_treated",
            "seen_control",
        ];
        let counts = ["n_treated", "n_control", "n_units", "n_clusters"];
        outcome_fields(self.names_outcome, &numbers, &counts)
    }

    fn estimate(&self, rows: UnitRows) -> Result<Vec<ArrayRef>, EstimatorError> {
        if self.has_selected {
            let other = |value: &&f64| !(value.is_nan() || **value == 0.0 || **value == 1.0);
            let n_rows = rows.numbers[1].iter().filter(other).count() as u64;
            if n_rows > 0 {
                return Err(EstimatorError::NotBinary {
                    column: "selected",
                    n_rows,
                });
            }
        }
        let strata = rows.stratum();
        let groups = LeeGroups {
            stratum: strata.as_deref(),
            cluster: self.cluster.map(|place| rows.labels[place].as_slice()),
        };
        let mut found: Vec<LeeBounds> = Vec::with_capacity(rows.outcomes.len());
        for outcome in &rows.outcomes {
            let (outcome, treated) = self.select(outcome, &rows);
            found.push(grouped_lee_bounds(
                &outcome, &treated, groups, self.trim, self.level,
            )?);
        }
        let number = |get: fn(&LeeBounds) -> f64| numbers(found.iter().map(get));
        let count = |get: fn(&LeeBounds) -> u64| counts(found.iter().map(get));
        let outcome = self
            .names_outcome
            .then(|| texts(self.outcomes.iter().map(String::as_str)));
        let own = [
            number(|own| own.lower),
            number(|own| own.upper),
            number(|own| own.std_error_lower),
            number(|own| own.std_error_upper),
            number(|own| own.conf_low),
            number(|own| own.conf_high),
            number(|own| own.critical_value),
            number(|own| own.trimming_share),
            number(|own| own.seen_treated),
            number(|own| own.seen_control),
            count(|own| own.n_treated),
            count(|own| own.n_control),
            count(|own| own.n_units),
            count(|own| own.n_clusters),
            texts(found.iter().map(|own| own.status.as_str())),
        ];
        Ok(outcome.into_iter().chain(own).collect())
    }
}
