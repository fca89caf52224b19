//! The list of all relations.

use super::definition::RelationDefinition;
use super::{
    att, bacon, balance, did_imputation, effects, group_time, honest_did, leave_one_out, ols,
    ols_diagnostics, pretrend_power, sun_abraham,
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
    leave_one_out::LEAVE_ONE_OUT,
];

/// The relation called `name`, in upper or lower case.
pub(crate) fn find(name: &str) -> Option<&'static RelationDefinition> {
    RELATIONS
        .iter()
        .find(|relation| relation.name.eq_ignore_ascii_case(name))
}
