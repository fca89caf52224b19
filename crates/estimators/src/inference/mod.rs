//! Inference that does not depend on the estimator: normal and t quantiles, simultaneous bands, the multiplier bootstrap, and when
//! a clustered error can be relied on.
//!
//! # Simultaneous bands ([`sup_t::critical_value`])
//!
//! The exact quantile of max |Z| for the estimated joint normal law, with its simulation error; Montiel Olea and
//! Plagborg-Møller (2019), J. Applied Econometrics 34:1.
//!
//! # Few clusters
//!
//! G clusters of equal size leave G − 1 degrees of freedom for the variance between them; clusters of unequal size leave fewer,
//! and so does a comparison one side of which lies in few clusters. The effective number of clusters is what equal clusters
//! would have to number: G* = 1/ΣL² with L the clusters' shares of the partial leverage of the coefficient (MacKinnon, Nielsen
//! and Webb 2023, Journal of Econometrics 232:272; Carter, Schnepel and Steigerwald 2017, Review of Economics and Statistics
//! 99:698). For a difference of two means L is n_c/n within a side, and the sides have shares 1/n of the sum over both.
//!
//! The variance is then about χ² with G* − 1 degrees of freedom and too small by 1/G*, so that an interval of ±q errors covers
//! P(|T| ≤ q√(1 − 1/G*)), T of the t distribution. When that is below 94 % the row says `few_clusters`: for normal intervals
//! below 41 effective clusters, for those of the t distribution when G* is a good deal smaller than the number of clusters.

pub(crate) mod normal;

pub(crate) mod student;

pub mod sup_t;

pub(crate) mod cluster_influence;

pub(crate) mod bootstrap;

pub(crate) mod few_clusters;

pub use cluster_influence::ClusterInfluence;
pub use few_clusters::{FEW_CLUSTERS, FEW_CLUSTERS_IN_ALL};
pub use sup_t::SupT;
