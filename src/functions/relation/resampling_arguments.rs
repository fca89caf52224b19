//! Arguments of relations over a panel that say how errors and p-values are made where clusters are few.

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use korabo_estimators::inference::{Inference, Randomisation, TestStatistic};

pub(super) const INFERENCE: ArgumentDefinition = optional(
    "inference",
    ArgumentKind::Choice(&["analytic", "cr3", "bootstrap"]),
    "how errors and intervals are made: 'analytic' (default), or for few clusters 'cr3' (jackknife by cluster, t with \
     degrees of freedom of its own for each row) or 'bootstrap' (of t by cluster, Webb weights)",
);
pub(super) const DRAWS: ArgumentDefinition = optional(
    "draws",
    ArgumentKind::Integer,
    "draws of `inference => 'bootstrap'`, 100 to 100000; default 9999",
);
pub(super) const PERMUTATIONS: ArgumentDefinition = optional(
    "permutations",
    ArgumentKind::Integer,
    "randomisation test: the cohorts are handed out anew to the clusters this many times, or in all ways where these are \
     fewer, 1 to 100000, like 9999; rows get the column `p_value_permutation`. But in group-time effects without covariates \
     everything is estimated again each time: begin with 999",
);
pub(super) const STRATA: ArgumentDefinition = optional(
    "strata",
    ArgumentKind::Columns(ColumnRole::Label),
    "columns within whose combinations `permutations` hands out the cohorts, like [prefecture]; constant within clusters",
);

/// Draws of the bootstrap where a call gives none.
const DEFAULT_DRAWS: u32 = 9_999;

/// How errors and intervals are made.
pub(super) fn inference(bound: &BoundArguments) -> Result<Inference, ArgumentProblem> {
    let method = bound.text("inference", "analytic");
    let invalid = |name: &'static str, message: &str| {
        Err(ArgumentProblem::Invalid {
            name,
            message: message.to_owned(),
        })
    };
    if method != "bootstrap" && bound.has("draws") {
        return invalid("draws", "goes with `inference => 'bootstrap'`");
    }
    if method != "analytic" && bound.has("bootstrap") {
        return invalid(
            "bootstrap",
            "is another way to make errors than `inference`; give one of them",
        );
    }
    match (method, bound.integer("draws")) {
        ("cr3", _) => Ok(Inference::Cr3),
        ("bootstrap", None) => Ok(Inference::Bootstrap {
            n_draws: DEFAULT_DRAWS,
        }),
        ("bootstrap", Some(n_draws)) => match u32::try_from(n_draws) {
            Ok(n_draws @ 100..=100_000) => Ok(Inference::Bootstrap { n_draws }),
            _ => invalid("draws", "must lie between 100 and 100000 draws"),
        },
        _ => Ok(Inference::Analytic),
    }
}

/// Permutations of the randomisation test, where it is asked for.
pub(super) fn permutations(bound: &BoundArguments) -> Result<Option<u32>, ArgumentProblem> {
    let invalid = |name: &'static str, message: &str| {
        Err(ArgumentProblem::Invalid {
            name,
            message: message.to_owned(),
        })
    };
    let Some(n_draws) = bound.integer("permutations") else {
        return match bound.columns("strata") {
            [] => Ok(None),
            _ => invalid("strata", "goes with `permutations => 9999`"),
        };
    };
    let cluster = bound.optional_column("cluster");
    let is_clustered = cluster.is_some() && cluster != bound.optional_column("unit");
    if !bound.columns("strata").is_empty() && !is_clustered {
        return invalid(
            "strata",
            "needs `cluster`, the level at which exposure was assigned",
        );
    }
    match u32::try_from(n_draws) {
        Ok(n_draws @ 1..=100_000) => Ok(Some(n_draws)),
        _ => invalid("permutations", "must lie between 1 and 100000"),
    }
}

/// A randomisation test of a call's statistics.
pub(super) fn randomisation(n_draws: u32, seed: u64, strata: Option<Vec<u32>>) -> Randomisation {
    Randomisation {
        n_draws,
        seed,
        strata,
        statistic: TestStatistic::Studentised,
    }
}
