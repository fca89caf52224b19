//! Covariance matrices of regression coefficients: iid, heteroskedasticity-robust and clustered, with the small-sample
//! factors of `fixest`.
//!
//! V = q·A M A with A = (X'ΩX)⁻¹ and scores s = ωex. iid: σ²A, σ² = Σωe²/(n − K). HC1: q = n/(n − K). HC2, HC3, HC4: residuals
//! e/√(1 − h), e/(1 − h), e/(1 − h)^(δ/2) with δ = min(4, nh/p), p the number of independent columns (Cribari-Neto 2004,
//! Computational Statistics & Data Analysis 45:215). Clustered: scores summed within clusters,
//! q = (n − 1)/(n − K)·G/(G − 1); two-way: V₁ + V₂ − V₁₂ with the smaller G. K counts coefficients and levels of fixed effects as
//! [`FixedEffectCount`] says. CR2 and CR3 are in `clusters/`.

pub(super) mod vcov;

pub(super) mod small_sample;

pub(super) mod scores;

mod effective;

pub use small_sample::{ClusterCount, FixedEffectCount, SmallSample, SmallSampleError};
pub use vcov::{Vcov, VcovError};
