//! How far a finding depends on what cannot be tested: differences in trends, pre-tests, selection, sample size, many outcomes.
//!
//! # Differences in trends ([`honest_did()`])
//!
//! An event study gives β̂ ~ N(τ + δ, Σ): effects τ, zero before the reference, and a difference in trends δ, zero at the
//! reference. Parallel trends say δ = 0. Rambachan and Roth (2023), Review of Economic Studies 90:2555, let δ lie in a set and give
//! intervals for θ = l'τ that cover whatever δ in it is true:
//!
//! - relative magnitudes, Δ^RM(M̄): first differences after the reference are at most M̄ times as large as the largest before it, the
//!   one into the reference among them. A union of 2K sets, for K periods before: a value is accepted when one of them accepts it;
//! - smoothness, Δ^SD(M): second differences are at most M. M = 0 is a straight line.
//!
//! Only inequalities about the time after the reference are used, except under smoothness with a single period after it. Intervals are
//! what tests do not reject (`conditional_test`, `least_favourable`), or, under smoothness, the shortest of fixed length
//! (`fixed_length`). Ends are the outermost accepted values, from a grid and bisection. The breakdown value is the smallest bound at
//! which the interval holds zero. The same as `HonestDiD` 0.2.8 in R but for the latter's grid, and with critical values of the hybrid
//! test and of the fixed-length interval that are computed rather than simulated.
//!
//! Periods must follow each other without a gap. An estimate without a variance, or estimates before the reference that are combinations
//! of each other where this matters, leave no interval, which the status says.
//!
//! # Pre-tests ([`pretrend_power()`])
//!
//! How steep a difference in trends a test for pre-trends would see, and what is left of it among estimates that pass.
//!
//! # Size of effects, samples, selection, many outcomes
//!
//! [`equivalence()`] shows that an effect is too small to matter; [`power()`] and [`minimum_detectable_effect`] say what a comparison of
//! clusters can see, and [`two_group()`] makes that comparison; [`RolloutDesign`] is one whose clusters start at different times, and
//! [`variance_components()`] reads from earlier data what both need. [`lee_bounds()`] and [`grouped_lee_bounds`] bound an effect on outcomes that are seen
//! for some only; [`adjust_p()`] and [`westfall_young`] are for several tests together, [`cluster_trial()`] for several outcomes of a trial, [`joint_tests()`] for several effects on the same clusters.

pub(crate) mod root;

mod event_study;

mod restriction;

mod polytope;

mod conditional_test;

mod least_favourable;

mod fixed_length;

mod search;

mod honest_did;

mod box_probability;

mod pretrend_power;

mod equivalence;

mod power;

mod two_group;

mod two_group_randomisation;

mod lee_bounds;

mod lee_influence;

mod adjust_p;

mod assignment;

mod cluster_trial;

mod joint_tests;

mod rollout;

mod variance_components;

/// A covariance matrix of estimates.
pub type Covariance = nalgebra::DMatrix<f64>;

pub use adjust_p::{
    AdjustedP, Adjustment, WestfallYoung, adjust_p, adjust_p_primary_first, westfall_young,
};
pub use box_probability::TENSOR_DIMENSIONS;
pub use cluster_trial::{
    ClusterTrial, MOST_PERMUTATIONS, TrialColumns, TrialOptions, TrialOutcome, TrialStatistic,
    cluster_trial,
};
pub use equivalence::{Equivalence, EquivalenceOptions, equivalence};
pub use event_study::EventStudy;
pub use honest_did::{
    HonestDid, HonestOptions, Restriction, RobustInterval, Target, Test, honest_did,
};
pub use joint_tests::{JointOptions, JointlyTested, joint_tests};
pub use lee_bounds::{LeeBounds, Trim, lee_bounds};
pub use lee_influence::{LeeGroups, grouped_lee_bounds};
pub use power::{
    ClusteredDesign, PowerLaw, Precision, minimum_detectable_effect, power, power_of,
    smallest_effect,
};
pub use pretrend_power::{PretrendOptions, PretrendPower, Trend, TrendBias, pretrend_power};
pub use rollout::{Calendar, Correlation, RolloutDesign};
pub use two_group::two_group;
pub use two_group_randomisation::two_group_randomisation;
pub use variance_components::{ComponentColumns, VarianceComponents, variance_components};
