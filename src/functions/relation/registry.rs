//! The list of all relations.

use super::definition::RelationDefinition;
use super::{
    att, bacon, balance, did_imputation, difference, effects, event_study_vcov, group_time,
    honest_did, ols, ols_diagnostics, pretrend_power, sun_abraham, two_stage,
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
    two_stage::TWO_STAGE,
    event_study_vcov::EVENT_STUDY_VCOV,
    difference::DIFFERENCE,
];

/// The relation called `name`, in upper or lower case.
pub(crate) fn find(name: &str) -> Option<&'static RelationDefinition> {
    RELATIONS
        .iter()
        .find(|relation| relation.name.eq_ignore_ascii_case(name))
}
