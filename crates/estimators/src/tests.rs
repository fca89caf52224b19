//! Estimators against golden numbers (`tests/golden/sim`, see `HOW.md` there) and against properties they must have.

pub(crate) mod golden;

mod group_time;

mod covariates;

mod few_clusters;
mod few_clusters_degrees;
mod few_clusters_golden;
mod few_clusters_properties;

mod imputation;

mod regression;

mod balance;

mod bacon;

mod difference;
mod everywhere;

mod regression_cases;
mod sun_abraham;
mod sun_abraham_influence;
mod sun_abraham_outcomes;
mod sun_abraham_properties;

mod regression_diagnostics;

mod regression_paths;

mod pairs;
mod properties;

mod left_out;
mod resampling;

mod public;

mod public_regression;

mod joint_tests;
mod lee_bounds;
mod levels;
mod multiplicity;
mod power;
mod sensitivity;

mod discontinuity;
mod discontinuity_density;
mod discontinuity_properties;
pub(crate) mod simulated;
