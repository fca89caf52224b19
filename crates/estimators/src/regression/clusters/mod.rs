//! Errors of clustered regressions when clusters are few: CR2 with its own degrees of freedom, the cluster jackknife, and the wild
//! cluster bootstrap. Nothing here holds a matrix with as many rows and columns as there are rows of data: clusters are read a
//! block at a time and reduced to sums over the columns.
//!
//! Z are all columns with the largest fixed effect taken out, indicators of further fixed effects included, S = Z'ΩZ, M = S⁻¹; the
//! cluster g has S_g = Z_g'Ω_gZ_g and the score s_g = Z_g'Ω_ge_g. A coefficient is c'β, and x = ZMc what is left of its column,
//! scaled so that the estimate is x'Ωy.
//!
//! # CR2 ([`bell_mccaffrey`])
//!
//! Residuals of each cluster are multiplied by A_g = (R_gR_g')^{+1/2}, R = I − HΩ the map from outcome to residuals, so that the
//! variance is unbiased when errors are independent and of equal variance (also with weights). Degrees of freedom by
//! Satterthwaite: tr(Q)²/ΣQ², Q_gh = a_g'R_gR_h'a_h with a_g = A_gΩ_gx_g. R_gR_g' is the identity but on the span of the columns and
//! the weighted columns of the cluster, and so is A_g: only there it is worked out. Eigenvalues below 1e-10 of the largest count as
//! zero. Bell and McCaffrey (2002), Survey Methodology 28:169; Pustejovsky and Tipton (2018), Journal of Business & Economic
//! Statistics 36:672; Imbens and Kolesár (2016), Review of Economics and Statistics 98:701. Numbers as of R `clubSandwich`.
//!
//! The largest fixed effect drops out of R_gR_g' where each of its levels lies in one cluster and has one weight. Other levels are
//! written out as columns.
//!
//! # CR3 ([`jackknife`])
//!
//! (G − 1)/G Σ(β₋g − β)(β₋g − β)', β₋g the coefficients without cluster g: β₋g − β = −(S − S_g)⁻¹s_g. A level of the largest fixed
//! effect that the cluster shares with others loses its rows there, and with them its mean: with t = Σωz and u = Σωe over those
//! rows and W the weight of its other rows, S − S_g loses tt'/W and s_g gains tu/W. MacKinnon, Nielsen and Webb (2023), Journal of
//! Applied Econometrics 38:671 (their CV3).
//!
//! Degrees of freedom of its own, on request ([`jackknife_law`]): under the working model of CR2 the changes β₋g − β have the covariance
//! (G − 1)/G·Q, Q_gh = d_g'R_gR_h'd_h with d_g = −Ω_gZ_g(S − S_g)⁻¹c, tt'/W and the like included; tr(Q)²/ΣQ² as with CR2. The variance
//! is (G − 1)/G·tr(Q)/c'M Z'Ω²Z Mc times what it estimates. Pustejovsky and Tipton (2018); numbers as of `clubSandwich`, which has no (G − 1)/G.
//!
//! # Wild cluster bootstrap ([`wild`])
//!
//! MacKinnon (2023), Econometrics and Statistics 26:52; Cameron, Gelbach and Miller (2008), Review of Economics and Statistics
//! 90:414; six-point weights by Webb (2023), Canadian Journal of Economics 56:839.

pub(super) mod clustered;

mod working_model;

pub(super) mod bell_mccaffrey;

pub(super) mod jackknife;

pub(super) mod jackknife_law;

pub(super) mod wild;
