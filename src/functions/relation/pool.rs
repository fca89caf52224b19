//! `pool`: what each of many estimates is worth beside the others.

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
use super::shared_arguments::level;
use korabo_estimators::EstimatorError;
use korabo_estimators::pooling::{
    Best, Pool, PoolColumns, PoolOptions, PoolWeights, PooledEstimate, pool,
};

pub(super) const POOL: RelationDefinition = RelationDefinition {
    name: "pool",
    usage: "pool(input, estimate => column, std_error => column, keep => [column, …], family => [column, …], \
            covariates => [column, …], best => 3)",
    description: "Empirical Bayes for many estimates of one kind, as of worksites: shrunken estimates with intervals that hold \
                  whatever the law of true effects (Armstrong, Kolesár and Plagborg-Møller), mean ranks, the probability of being \
                  among the best, and limits of a funnel plot.",
    example: "SELECT * FROM pool((SELECT * FROM (VALUES ('a', 0.5, 0.4), ('b', -0.1, 0.1), ('c', 0.2, 0.2), ('d', 0.9, 0.5)) \
              AS worksites (worksite, estimate, std_error)), estimate => estimate, std_error => std_error, keep => [worksite])",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: pool_of,
};

static ARGUMENTS: [ArgumentDefinition; 9] = [
    required(
        "estimate",
        ColumnRole::Number,
        "the estimates, independent of each other",
    ),
    required("std_error", ColumnRole::Number, "their standard errors"),
    optional(
        "covariates",
        ArgumentKind::Columns(ColumnRole::Number),
        "columns like [log_size]: estimates are shrunk towards a regression on them in place of a mean",
    ),
    FAMILY,
    optional(
        "weights",
        ArgumentKind::Choice(&["precision", "equal"]),
        "of estimates in the mean, the regression and the spread: 'precision' (default), 1/σ², or 'equal'",
    ),
    optional(
        "best",
        ArgumentKind::Integer,
        "how many are best, for the column `p_best`; default none",
    ),
    optional(
        "direction",
        ArgumentKind::Choice(&["highest", "lowest"]),
        "which estimates are best: 'highest' (default) or 'lowest'",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    KEEP,
];

#[derive(Debug, Clone)]
struct Pools {
    estimate: usize,
    std_error: usize,
    covariates: Vec<usize>,
    options: PoolOptions,
}

fn pool_of(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    let mut columns = TableColumns::try_new::<Pools>("pool", bound)?;
    let estimate = columns.required(bound, "estimate")?;
    let std_error = columns.required(bound, "std_error")?;
    let covariates = bound.columns("covariates").iter();
    let covariates = covariates
        .map(|&index| columns.number(bound, index))
        .collect();
    let best = match bound.integer("best").map(usize::try_from) {
        Some(Err(_) | Ok(0)) => {
            return Err(ArgumentProblem::Invalid {
                name: "best",
                message: "must be one or more".to_owned(),
            });
        }
        Some(Ok(best)) => Some(best),
        None => None,
    };
    let pools = Pools {
        estimate,
        std_error,
        covariates,
        options: PoolOptions {
            weights: match bound.text("weights", "precision") {
                "equal" => PoolWeights::Equal,
                _ => PoolWeights::Precision,
            },
            level: level(bound)?,
            direction: match bound.text("direction", "highest") {
                "lowest" => Best::Lowest,
                _ => Best::Highest,
            },
            best,
        },
    };
    Ok(TableRelation::prepared(columns, pools))
}

/// Standard errors to the limits of a funnel plot: 95 % and 99.8 % of estimates whose true effects are the target lie within.
const FUNNEL: [f64; 2] = [1.959_963_984_540_054, 3.090_232_306_167_813];

impl Pools {
    fn family(
        &self,
        rows: &TableRows,
        own: std::ops::Range<usize>,
    ) -> Result<Pool, EstimatorError> {
        let pick = |place: usize| rows.number(place)[own.clone()].to_vec();
        let columns = PoolColumns {
            estimates: pick(self.estimate),
            std_errors: pick(self.std_error),
            covariates: self.covariates.iter().map(|&place| pick(place)).collect(),
        };
        pool(&columns, &self.options)
    }
}

/// A row of the result.
struct Row {
    estimate: f64,
    std_error: f64,
    own: PooledEstimate,
    spread: f64,
    kurtosis: f64,
    n_pooled: u64,
}

impl TableEstimator for Pools {
    fn results() -> Vec<Field> {
        let numbers = [
            "estimate",
            "std_error",
            "target",
            "shrinkage",
            "pooled",
            "conf_low",
            "conf_high",
            "conf_low_normal",
            "conf_high_normal",
            "mean_rank",
            "p_best",
            "funnel_low_95",
            "funnel_high_95",
            "funnel_low_998",
            "funnel_high_998",
            "spread",
            "kurtosis",
        ];
        let fields = numbers.into_iter().map(number_field);
        fields
            .chain([count_field("n_pooled"), status_field()])
            .collect()
    }

    fn estimate(&self, rows: &TableRows) -> Result<Vec<ArrayRef>, EstimatorError> {
        let (estimates, errors) = (rows.number(self.estimate), rows.number(self.std_error));
        let mut all: Vec<Row> = Vec::with_capacity(rows.len());
        for family in rows.families() {
            let found = self.family(rows, family.clone())?;
            let own = family.clone().zip(found.rows);
            all.extend(own.map(|(row, own)| Row {
                estimate: estimates[row],
                std_error: errors[row],
                own,
                spread: found.spread,
                kurtosis: found.kurtosis,
                n_pooled: found.n_pooled,
            }));
        }
        let number = |get: &dyn Fn(&Row) -> f64| numbers(all.iter().map(get));
        let funnel = |side: f64, limit: f64| {
            number(&|row: &Row| row.own.target + side * limit * row.std_error)
        };
        Ok(vec![
            number(&|row| row.estimate),
            number(&|row| row.std_error),
            number(&|row| row.own.target),
            number(&|row| row.own.shrinkage),
            number(&|row| row.own.pooled),
            number(&|row| row.own.conf_low),
            number(&|row| row.own.conf_high),
            number(&|row| row.own.pooled - row.own.normal_half_length),
            number(&|row| row.own.pooled + row.own.normal_half_length),
            number(&|row| row.own.mean_rank),
            number(&|row| row.own.among_best),
            funnel(-1.0, FUNNEL[0]),
            funnel(1.0, FUNNEL[0]),
            funnel(-1.0, FUNNEL[1]),
            funnel(1.0, FUNNEL[1]),
            number(&|row| row.spread),
            number(&|row| row.kurtosis),
            counts(all.iter().map(|row| row.n_pooled)),
            texts(all.iter().map(|row| row.own.status.as_str())),
        ])
    }
}
