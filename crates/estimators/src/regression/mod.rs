//! (Weighted) least squares with absorbed fixed effects and instruments ([`formula::parse`], [`ols`]).
//!
//! Columns are centred (or demeaned by the fixed effects) before the normal equations are formed, so that large means cost no
//! digits; the intercept is put back by a linear map afterwards.
//!
//! *Estimand*: the (weighted) linear projection, with absorbed fixed effects and two-stage least squares.
//! *Errors*: iid, HC0–HC4, one- and two-way clustered, with the small-sample factors of `fixest`
//! ([`SmallSample`]); for few clusters CR2, the cluster jackknife and the wild cluster bootstrap. *Columns without a coefficient* are named with the reason: constant, absorbed by the fixed
//! effects, or a combination of earlier columns ([`DroppedColumn`]). *Singletons*: kept and counted, as in
//! `fixest` 0.12, unless asked otherwise: coefficients stay, and nothing is dropped unasked. *Missing*: any used column missing or not
//! finite, a function of it not finite, or a weight of zero, drops the row and counts it. *One cluster*: no error, status `no_variance`.
//! *Fixed effects*: the largest exactly, others directly or by conjugate gradients, until no level has a mean above 1e-12 of the
//! column's standard deviation. *Instruments*: tests in [`InstrumentTests`].
//! *Reference*: Cameron, Gelbach and Miller (2011), J. Business & Economic Statistics 29:238; numbers from R `fixest`
//! 0.12.2, `sandwich` 3.0-2 and `clubSandwich` 0.5.8.

pub mod formula;

pub(crate) mod groups;

pub(crate) mod data;

mod products;

mod covariance;

mod options;

mod design;

mod within;

mod fit;

mod clusters;

mod errors;

mod instruments;

pub(crate) mod least_squares;

mod joint;

mod diagnostics;

pub use clusters::wild::{WildDraws, WildTest};
pub use covariance::{
    ClusterCount, FixedEffectCount, SmallSample, SmallSampleError, Vcov, VcovError,
};
pub use data::{Column, RegressionData};
pub use design::RowCounts;
pub use diagnostics::ols_diagnostics;
pub use fit::DroppedColumn;
pub use instruments::{FTest, FirstStage, InstrumentTests};
pub use joint::JointHypothesis;
pub use least_squares::{Coefficient, OlsResult, ols};
pub use options::{OlsOptions, Reference, Singletons, Wild, WildNull, WildWeights};
