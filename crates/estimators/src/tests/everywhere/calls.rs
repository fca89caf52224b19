//! A call of every estimator over one input; what it returns is printed, with every digit.

use crate::discontinuity::{DensityOptions, rd_bins, rd_density};
use crate::group_time::{Aggregate, AttGtOptions, Method, leave_one_out};
use crate::imputation::{
    ImputationOptions, did_imputation, imputation_without_each, randomise_imputation,
    randomise_two_stage, two_stage,
};
use crate::inference::Inference;
use crate::naive::Naive;
use crate::panel::Layout;
use crate::regression::{OlsOptions, formula, ols_diagnostics};
use crate::sensitivity::{PretrendOptions, honest_did, pretrend_power};
use crate::tests::discontinuity_properties::{BINS, DENSITY};
use crate::tests::regression_cases::with_vcov;
use crate::tests::resampling::{OPTIONS, averages, panel};

use super::input::{CallResult, Input, print};
use super::panel_calls::{
    HANDED_OUT, IMPUTED, att_gt_of, averages_of, differences_of, event_study, honest_options,
    imputation_columns, naive_of, randomise_of, randomise_sun_abraham_of, sun_abraham_of,
    sun_abraham_without_each_of,
};
use super::row_calls::{
    WILD, bacon_of, balance_of, levels_of, ols_of, pool_of, rd_of, regression_data, trials_of,
};

/// An estimator's name and a call of it.
type Call = (&'static str, fn(&Input) -> CallResult);

/// Estimators by name.
pub(super) const CALLS: [Call; 42] = [
    ("att_gt", |input| att_gt_of(input, OPTIONS, false)),
    ("att_gt, covariate", |input| att_gt_of(input, OPTIONS, true)),
    ("att_gt, ipw", |input| {
        let method = Method::InverseProbability;
        att_gt_of(input, AttGtOptions { method, ..OPTIONS }, true)
    }),
    ("averages", |input| averages_of(input, Inference::Analytic)),
    ("averages, cr3", |input| averages_of(input, Inference::Cr3)),
    ("averages, bootstrap", |input| {
        averages_of(input, Inference::Bootstrap { n_draws: 100 })
    }),
    ("randomise", |input| randomise_of(input, false)),
    ("randomise, covariate", |input| randomise_of(input, true)),
    ("leave_one_out", |input| {
        let panel = panel(&input.panel, Layout::Balanced)?;
        print(leave_one_out(
            &panel,
            &[],
            &OPTIONS,
            &averages(Aggregate::Dynamic),
        ))
    }),
    ("imputation without each", |input| {
        print(imputation_without_each(
            &imputation_columns(input),
            &[],
            &IMPUTED,
        ))
    }),
    ("sun_abraham without each", sun_abraham_without_each_of),
    ("did_imputation", |input| {
        print(did_imputation(imputation_columns(input), &IMPUTED))
    }),
    ("did_imputation, cr3", |input| {
        let inference = Inference::Cr3;
        let options = ImputationOptions {
            inference,
            ..IMPUTED
        };
        print(did_imputation(imputation_columns(input), &options))
    }),
    ("two_stage", |input| {
        print(two_stage(imputation_columns(input), &IMPUTED))
    }),
    ("two_stage, cr3", |input| {
        let options = ImputationOptions {
            inference: Inference::Cr3,
            ..IMPUTED
        };
        print(two_stage(imputation_columns(input), &options))
    }),
    ("did_imputation, bootstrap", |input| {
        let options = ImputationOptions {
            inference: Inference::Bootstrap { n_draws: 100 },
            ..IMPUTED
        };
        print(did_imputation(imputation_columns(input), &options))
    }),
    ("randomise_imputation", |input| {
        let columns = imputation_columns(input);
        print(randomise_imputation(&columns, &[], &IMPUTED, &HANDED_OUT))
    }),
    ("randomise_two_stage", |input| {
        let columns = imputation_columns(input);
        print(randomise_two_stage(&columns, &[], &IMPUTED, &HANDED_OUT))
    }),
    ("sun_abraham, bootstrap", |input| {
        sun_abraham_of(input, Inference::Bootstrap { n_draws: 100 })
    }),
    ("randomise_sun_abraham", randomise_sun_abraham_of),
    ("sun_abraham", |input| {
        sun_abraham_of(input, Inference::Analytic)
    }),
    ("sun_abraham, cr3", |input| {
        sun_abraham_of(input, Inference::Cr3)
    }),
    ("before and after", |input| {
        naive_of(input, Naive::BeforeAfter { first: -2, last: 1 })
    }),
    ("participants", |input| {
        naive_of(input, Naive::ParticipantsVsNon)
    }),
    ("two-way", |input| {
        naive_of(input, Naive::TwoWayFixedEffects)
    }),
    ("bacon", bacon_of),
    ("balance", balance_of),
    ("ols, hc3", |input| ols_of(input, &with_vcov("hc3"))),
    ("ols, cluster", |input| {
        ols_of(input, &with_vcov("cluster(cluster)"))
    }),
    ("ols, cr2", |input| {
        ols_of(input, &with_vcov("cr2(cluster)"))
    }),
    ("ols, cr3", |input| {
        ols_of(input, &with_vcov("cr3(cluster)"))
    }),
    ("ols, wild", |input| {
        let wild = Some(WILD);
        let options = OlsOptions {
            wild,
            ..with_vcov("cluster(cluster)")
        };
        ols_of(input, &options)
    }),
    ("ols_diagnostics", |input| {
        let formula = formula::parse("y ~ covariate | unit | treated ~ running").unwrap();
        let options = with_vcov("cluster(cluster)");
        print(ols_diagnostics(
            &formula,
            &regression_data(input),
            &options,
            &[],
        ))
    }),
    ("differences", differences_of),
    ("honest_did", |input| {
        let study = event_study(input)?;
        print(honest_did(&study, &honest_options()))
    }),
    ("pretrend_power", |input| {
        let options = PretrendOptions {
            powers: vec![0.5],
            ..crate::tests::sensitivity::pretrend_options()
        };
        print(pretrend_power(&event_study(input)?, &options))
    }),
    ("rd", rd_of),
    ("rd_density", |input| {
        print(rd_density(
            &input.running,
            &DensityOptions {
                cutoff: 0.0,
                ..DENSITY
            },
        ))
    }),
    ("rd_bins", |input| {
        print(rd_bins(&input.panel.outcome, &input.running, &BINS))
    }),
    ("levels", levels_of),
    ("tests of trials", trials_of),
    ("pool and components", pool_of),
];
