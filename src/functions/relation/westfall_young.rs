//! `westfall_young`: several outcomes of a trial of clusters, with p-values for all of them together.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Field};

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::estimate_table::{count_field, number_field, status_field};
use super::result::{counts, numbers, texts};
use super::shared_arguments::seed;
use super::unit_rows::{UnitColumns, UnitEstimator, UnitRelation, UnitRows};
use korabo_estimators::EstimatorError;
use korabo_estimators::sensitivity::{
    MOST_PERMUTATIONS, TrialColumns, TrialOptions, TrialOutcome, TrialStatistic, WestfallYoung,
    cluster_trial,
};

pub(super) const WESTFALL_YOUNG: RelationDefinition = RelationDefinition {
    name: "westfall_young",
    usage: "westfall_young(input, outcomes => [column, …], treated => column, cluster => column, strata => [column, …], \
            primary => [column, …], permutations => 9999)",
    description: "Several outcomes of a trial that assigned worksites as a whole: differences of means, p-values from the assignments \
                  that could have been, and the same for all outcomes together (Westfall and Young), primary ones first.",
    example: "SELECT * FROM westfall_young((SELECT cluster_worksite_id, cluster_worksite_id % 2 = 0 AS treated, bmi, sbp_mmhg \
              FROM panel_activity WHERE fiscal_year = 2017), outcomes => [bmi, sbp_mmhg], treated => treated, \
              cluster => cluster_worksite_id, permutations => 999)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: westfall_young_of,
};

static ARGUMENTS: [ArgumentDefinition; 9] = [
    ArgumentDefinition {
        name: "outcomes",
        kind: ArgumentKind::Columns(ColumnRole::Number),
        required: true,
        description: "what is measured: numbers or yes/no, one test each",
    },
    required(
        "treated",
        ColumnRole::YesNo,
        "yes/no or 1 and 0: whether the cluster was assigned to treatment; the same for all of a cluster",
    ),
    required(
        "cluster",
        ColumnRole::Label,
        "what was assigned as a whole, such as the worksite; the person where persons were",
    ),
    optional(
        "strata",
        ArgumentKind::Columns(ColumnRole::Label),
        "columns of the strata within which clusters were assigned; NULL is a value like others",
    ),
    optional(
        "primary",
        ArgumentKind::Columns(ColumnRole::Number),
        "those of `outcomes` that are primary: adjusted among themselves, and the others count only when all of them are significant",
    ),
    optional(
        "method",
        ArgumentKind::Choice(&["step_down_max_t", "single_step_max_t", "step_down_min_p"]),
        "'step_down_max_t' (default), 'single_step_max_t', or 'step_down_min_p', which is fair to outcomes with different laws",
    ),
    optional(
        "statistic",
        ArgumentKind::Choice(&["t", "difference"]),
        "'t' (default): the difference of means over its clustered error; 'difference': as it is",
    ),
    optional(
        "permutations",
        ArgumentKind::Integer,
        "assignments to draw; all are gone through where there are no more. Default 9,999, at most 1,000,000",
    ),
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the draws; default 20160401",
    ),
];

#[derive(Debug, Clone)]
struct Trial {
    outcomes: Vec<String>,
    options: TrialOptions,
}

fn westfall_young_of(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    let mut columns = UnitColumns::try_new("westfall_young", bound)?;
    columns.number(bound, "treated");
    columns.label(bound, "cluster");
    columns.strata(bound, bound.columns("strata"));
    let (outcomes, primary) = (bound.columns("outcomes"), bound.columns("primary"));
    if let Some(&other) = primary.iter().find(|index| !outcomes.contains(index)) {
        return Err(ArgumentProblem::Invalid {
            name: "primary",
            message: format!(
                "`{}` is none of `outcomes`",
                bound.input().field(other).name()
            ),
        });
    }
    let permutations = bound.integer("permutations").unwrap_or(9_999);
    let permutations = u64::try_from(permutations)
        .ok()
        .filter(|n| (1..=MOST_PERMUTATIONS).contains(n))
        .ok_or_else(|| ArgumentProblem::Invalid {
            name: "permutations",
            message: "must be between 1 and 1,000,000".to_owned(),
        })?;
    let trial = Trial {
        outcomes: columns.outcome_names(),
        options: TrialOptions {
            is_primary: outcomes
                .iter()
                .map(|index| primary.contains(index))
                .collect(),
            statistic: match bound.text("statistic", "t") {
                "difference" => TrialStatistic::Difference,
                _ => TrialStatistic::StudentT,
            },
            method: match bound.text("method", "step_down_max_t") {
                "single_step_max_t" => WestfallYoung::SingleStepMax,
                "step_down_min_p" => WestfallYoung::StepDownMinP,
                _ => WestfallYoung::StepDownMax,
            },
            permutations,
            seed: seed(bound),
        },
    };
    Ok(UnitRelation::prepared(columns, trial))
}

impl UnitEstimator for Trial {
    fn results(&self) -> Vec<Field> {
        let numbers = [
            "estimate",
            "std_error",
            "statistic",
            "p_value",
            "p_adjusted",
        ];
        let counts = [
            "n_tests",
            "n_treated",
            "n_control",
            "n_units",
            "n_clusters",
            "n_permutations",
        ];
        let names = [
            Field::new("outcome", DataType::Utf8, false),
            Field::new("is_primary", DataType::Boolean, false),
        ];
        let fields = names
            .into_iter()
            .chain(numbers.into_iter().map(number_field));
        let fields = fields.chain(counts.into_iter().map(count_field));
        fields.chain([status_field()]).collect()
    }

    /// The statistics of every assignment, and copies of them that are sorted.
    fn extra_bytes(&self) -> usize {
        let permutations = usize::try_from(self.options.permutations).unwrap_or(usize::MAX);
        let of_one = 3 * (size_of::<Vec<f64>>() + self.outcomes.len() * size_of::<f64>());
        permutations.saturating_mul(of_one)
    }

    fn estimate(&self, rows: UnitRows) -> Result<Vec<ArrayRef>, EstimatorError> {
        let stratum = rows.stratum();
        let UnitRows {
            outcomes,
            mut numbers,
            mut labels,
            ..
        } = rows;
        let columns = TrialColumns {
            outcomes,
            treated: numbers.swap_remove(0),
            cluster: labels.swap_remove(0),
            stratum,
        };
        let found = cluster_trial(&columns, &self.options)?;
        let all = &found.outcomes;
        let number = |get: fn(&TrialOutcome) -> f64| self::numbers(all.iter().map(get));
        let count = |get: fn(&TrialOutcome) -> u64| counts(all.iter().map(get));
        let is_primary: BooleanArray = self
            .options
            .is_primary
            .iter()
            .map(|own| Some(*own))
            .collect();
        Ok(vec![
            texts(self.outcomes.iter().map(String::as_str)),
            Arc::new(is_primary),
            number(|own| own.difference),
            number(|own| own.std_error),
            number(|own| own.t),
            number(|own| own.p_value),
            number(|own| own.adjusted.p_value),
            count(|own| own.adjusted.n_tests),
            count(|own| own.counts.n_treated),
            count(|own| own.counts.n_control),
            count(|own| own.counts.n_units),
            count(|own| own.counts.n_clusters),
            counts(all.iter().map(|_| found.n_permutations)),
            texts(all.iter().map(|own| own.status.as_str())),
        ])
    }
}
