//! Calls of estimators over rows.

use crate::bacon::{BaconColumns, bacon};
use crate::balance::{BalanceColumns, BalanceOptions, Spread, WeightRole, balance};
use crate::discontinuity::{RdColumns, RdOptions, rd};
use crate::identities::identities;
use crate::levels::{LevelDesign, LevelOptions, LevelOutcome, levels};
use crate::pooling::{Best, PoolColumns, PoolOptions, PoolWeights, pool};
use crate::regression::{
    Column, OlsOptions, RegressionData, Wild, WildNull, WildWeights, formula, ols,
};
use crate::sensitivity::{
    ComponentColumns, Correlation, LeeGroups, TrialColumns, TrialOptions, TrialStatistic, Trim,
    WestfallYoung, cluster_trial, grouped_lee_bounds, two_group, variance_components,
};
use crate::tests::discontinuity_properties::RULE;

use super::input::{CallResult, Input, clusters, codes, covariate, print, treated};

pub(super) const WILD: Wild = Wild {
    n_draws: 200,
    weights: WildWeights::Webb,
    null: WildNull::Imposed,
};

pub(super) fn bacon_of(input: &Input) -> CallResult {
    print(bacon(BaconColumns {
        unit: input.panel.unit.clone(),
        time: input.panel.time.clone(),
        outcome: input.panel.outcome.clone(),
        treated: treated(input),
    }))
}

pub(super) fn balance_of(input: &Input) -> CallResult {
    let columns = BalanceColumns {
        treated: treated(input),
        covariates: vec![covariate(input)],
        weight: None,
    };
    let options = BalanceOptions {
        spread: Spread::Pooled,
        weight_role: WeightRole::Sampling,
    };
    print(balance(&columns, &options))
}

pub(super) fn regression_data(input: &Input) -> RegressionData {
    let numbers = |values: Vec<f64>| Column::Numeric(values);
    let columns = [
        ("y", input.panel.outcome.clone()),
        ("covariate", input.covariate.clone()),
        ("running", input.running.clone()),
        ("treated", treated(input)),
        (
            "unit",
            input.panel.unit.iter().map(|&own| own as f64).collect(),
        ),
        (
            "time",
            input.panel.time.iter().map(|&own| own.into()).collect(),
        ),
        ("cluster", codes(input).into_iter().map(f64::from).collect()),
    ];
    RegressionData {
        columns: columns
            .into_iter()
            .map(|(name, values)| (name.to_owned(), numbers(values)))
            .collect(),
        weight: None,
    }
}

pub(super) fn ols_of(input: &Input, options: &OlsOptions) -> CallResult {
    let formula = formula::parse("y ~ treated + covariate | time").unwrap();
    print(ols(&formula, &regression_data(input), options))
}

pub(super) fn rd_of(input: &Input) -> CallResult {
    let columns = RdColumns {
        outcome: input.panel.outcome.clone(),
        running: input.running.clone(),
        treated: None,
        covariates: vec![covariate(input)],
        weight: None,
        cluster: Some(codes(input)),
    };
    let options = RdOptions {
        cutoff: 0.0,
        ..RULE
    };
    print(rd(&columns, &options))
}

pub(super) fn levels_of(input: &Input) -> CallResult {
    let times: Vec<u32> = input.panel.time.iter().map(|&time| time as u32).collect();
    let strata = input.covariate.iter().map(|value| u32::from(*value > 0.0));
    let design = LevelDesign::try_new(strata.collect(), codes(input), None)?;
    let groups = design.grouped(None, &times, 5);
    let outcome = LevelOutcome::Numbers(input.panel.outcome.clone());
    let options = LevelOptions {
        level: 0.95,
        least_share: 0.8,
    };
    Ok(format!("{:?}", levels(&design, &groups, &outcome, options)))
}

/// Clusters with an even number are treated.
pub(super) fn trials_of(input: &Input) -> CallResult {
    let (outcome, cluster) = (input.panel.outcome.clone(), clusters(input));
    let treated: Vec<f64> = cluster.iter().map(|own| (own % 2) as f64).collect();
    let groups = LeeGroups {
        stratum: None,
        cluster: Some(&cluster),
    };
    let bounds = grouped_lee_bounds(&outcome, &treated, groups, Trim::Whole, 0.95)?;
    let groups = two_group(&outcome, &treated, &cluster, 0.95)?;
    let columns = TrialColumns {
        outcomes: vec![outcome, input.covariate.clone()],
        treated,
        cluster,
        stratum: None,
    };
    let options = TrialOptions {
        is_primary: Vec::new(),
        statistic: TrialStatistic::StudentT,
        method: WestfallYoung::StepDownMax,
        permutations: 50,
        seed: 1,
    };
    let trial = cluster_trial(&columns, &options)?;
    Ok(format!("{bounds:?} {groups:?} {trial:?}"))
}

/// Outcomes as estimates with an error of one each; where they come from; sums among the numbers.
pub(super) fn pool_of(input: &Input) -> CallResult {
    let estimates: Vec<f64> = input.panel.outcome.iter().copied().take(200).collect();
    let columns = PoolColumns {
        std_errors: vec![1.0; estimates.len()],
        estimates,
        covariates: Vec::new(),
    };
    let options = PoolOptions {
        weights: PoolWeights::Precision,
        level: 0.95,
        direction: Best::Highest,
        best: Some(3),
    };
    let pooled = pool(&columns, &options)?;
    let columns = ComponentColumns {
        outcome: input.panel.outcome.clone(),
        cluster: clusters(input),
        unit: Some(input.panel.unit.clone()),
        time: Some(input.panel.time.clone()),
    };
    let components = variance_components(&columns, Correlation::Constant)?;
    let numbers = [input.covariate.clone(), input.running.clone()];
    Ok(format!(
        "{pooled:?} {components:?} {:?}",
        identities(&numbers, &[])
    ))
}
