//! The list of all relations.

use super::definition::RelationDefinition;
use super::{
    adjust_p, att, bacon, balance, cluster_parts, did_imputation, difference, effects, equivalence,
    event_study_vcov, group_time, honest_did, leave_one_out, lee_bounds, levels, ols,
    ols_diagnostics, pool, power, pretrend_power, rd, rd_bins, rd_density, sun_abraham, two_stage,
    variance_components, westfall_young,
};

/// Every relation SQL can call.
pub const RELATIONS: &[RelationDefinition] = &[
    group_time::ATT_GT,
    att::ATT,
    att::EVENT_STUDY,
    effects::EFFECTS,
    ols::OLS,
    sun_abraham::SUN_ABRAHAM,
    bacon::BACON,
    balance::BALANCE,
    ols_diagnostics::OLS_DIAGNOSTICS,
    group_time::ATT_GT_DIAGNOSTICS,
    did_imputation::DID_IMPUTATION,
    did_imputation::DID_IMPUTATION_DIAGNOSTICS,
    sun_abraham::SUN_ABRAHAM_DIAGNOSTICS,
    honest_did::HONEST_DID,
    pretrend_power::PRETREND_POWER,
    equivalence::EQUIVALENCE,
    adjust_p::ADJUST_P,
    westfall_young::WESTFALL_YOUNG,
    variance_components::VARIANCE_COMPONENTS,
    power::POWER,
    power::MINIMUM_DETECTABLE_EFFECT,
    lee_bounds::LEE_BOUNDS,
    pool::POOL,
    rd::RD,
    rd_density::RD_DENSITY,
    rd_bins::RD_BINS,
    leave_one_out::LEAVE_ONE_OUT,
    cluster_parts::CLUSTER_PARTS,
    two_stage::TWO_STAGE,
    event_study_vcov::EVENT_STUDY_VCOV,
    difference::DIFFERENCE,
    levels::LEVELS,
];

/// The relation called `name`, in upper or lower case.
pub(crate) fn find(name: &str) -> Option<&'static RelationDefinition> {
    RELATIONS
        .iter()
        .find(|relation| relation.name.eq_ignore_ascii_case(name))
}
