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
//!
//! # The cluster jackknife ([`Inference::Cr3`])
//!
//! V = (G − 1)/G Σ_g(θ₋g − θ)², θ₋g the estimate without cluster g; MacKinnon, Nielsen and Webb (2023), Journal of Applied Econometrics
//! 38:671. It is not smaller than what it estimates, on average (Hansen 2025, Journal of Applied Econometrics 40:291), and larger where the
//! clusters of a side are few or unequal.
//!
//! Degrees of freedom follow Bell and McCaffrey (2002), Survey Methodology 28:169, who match mean and variance of an error to those of a
//! multiple of χ² under a working model (Satterthwaite). Here the working model is that clusters have independent means of equal
//! variance, whatever their size: clusters are named because their units move together. Of a group of clusters with shares w, a cohort
//! or the never exposed, the mean moves by −r_g(x_g − x̄), r = w/(1 − w), when a cluster is left out. With B the matrix of the sum
//! of squares, the group has e = tr(B) and s = tr(B²), and an estimate that weighs the mean of group j in period t with a_jt has, with
//! α_j = Σ_t a_jt², df = (Σα_je_j)²/Σα_j²s_j: Welch's where the sides are two and clusters of equal size. The variance is too large by
//! the factor f = (G − 1)/G Σα_je_j/Σα_jΣw², so that a 95 % interval covers P(|T| ≤ q√f), T and q of the t distribution. Below 94 %
//! the row says `few_clusters`, above 96 % `conservative`.
//!
//! # The bootstrap by cluster ([`Inference::Bootstrap`])
//!
//! What cluster g contributes to an estimate, ψ_g, is multiplied by a random weight v_g with the values ±√½, ±1, ±√1½ (Webb 2023, Canadian
//! Journal of Economics 56:839), and t* = Σvψ/√(Σv²ψ² − (Σvψ)²/G) compared with t = θ/√Σψ² (the score bootstrap of Kline and
//! Santos 2012, Journal of Econometric Methods 1:23). The interval is ± the quantile of |t*|, the p-value the share of |t*| at least as
//! large as |t|, the sample's own counted; the band takes the largest |t*| of its rows.
//!
//! # Randomisation ([`RandomisationTest`])
//!
//! First exposures are handed out anew to the clusters, within strata if there are any, and the statistic is worked out again. Under the
//! hypothesis that exposure changes no unit's outcome the observed statistic is one of these like any other (Fisher 1935; Young 2019,
//! Quarterly Journal of Economics 134:557): the share of them at least as far from zero is a p-value, whatever the number of clusters, if
//! exposure was assigned at random within the strata. Values within 1e-9 of the observed one tie with it and count. The t statistic
//! keeps its meaning where effects differ between units; the estimate itself has a p-value for the sharp hypothesis only.

pub(crate) mod normal;

pub(crate) mod student;

pub mod sup_t;

pub(crate) mod cluster_influence;

pub(crate) mod bootstrap;

pub(crate) mod few_clusters;

mod method;

pub(crate) mod jackknife;

pub(crate) mod multiplier;

pub(crate) mod randomisation;

pub use cluster_influence::ClusterInfluence;
pub use few_clusters::{FEW_CLUSTERS, FEW_CLUSTERS_IN_ALL};
pub use method::{Inference, Randomisation, TestStatistic, strata_of_clusters};
pub use normal::{cdf as normal_cdf, quantile as normal_quantile};
pub use randomisation::RandomisationTest;
pub use sup_t::SupT;
