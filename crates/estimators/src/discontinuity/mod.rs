//! Regression discontinuity: the effect of a treatment that depends on whether a running variable reaches a cutoff.
//!
//! # Effect ([`rd()`])
//!
//! Sharp: all from the cutoff on are treated. The estimand is the mean effect on those at the cutoff, lim E[Y | x ↓ c] − lim
//! E[Y | x ↑ c], if E[Y(0) | x] and E[Y(1) | x] are continuous there: no one can choose their side of the cutoff, and
//! nothing else changes at it. Fuzzy: the share treated jumps; the jump of the outcome over the jump of the treatment is the mean
//! effect on those at the cutoff whom it moves, if it moves none the other way.
//!
//! Local polynomials of order p on each side with kernel weights (`local_fit`), less their estimated bias, with errors that count the
//! correction (`estimate`); errors from nearest neighbours, residuals or clusters (`nearest`, `variance`); covariates with common
//! slopes (`contrast`); bandwidths (`bandwidth`). Calonico, Cattaneo and Titiunik (2014), Econometrica 82:2295; Calonico, Cattaneo,
//! Farrell and Titiunik (2019), Review of Economics and Statistics 101:442. The numbers of `rdrobust` 2.1.1 for Python, whose neighbours
//! at equal distance are equal up to the rounding of decimals. Where q is not p + 1 the bias of the estimate is taken from the
//! coefficient p + 1 of the fit of order q, as it is in R.
//!
//! # Density ([`rd_density`])
//!
//! Whether the density of the running variable jumps. The numbers of `rddensity` 3.0.
//!
//! # Chart ([`rd_bins`])
//!
//! Binned means with intervals, and a polynomial per side.
//!
//! # What holds for the three
//!
//! Rows at the cutoff belong to the right. Rows in which something that is used is missing or not finite are left out and counted.
//! Too little data is a status. Rows are put into an order of their own first and sums run in fixed chunks, so that neither the order
//! of rows nor the number of threads changes a bit.

mod kernel;

mod options;

mod side;

mod sample;

mod local_fit;

mod nearest;

mod variance;

mod contrast;

mod bandwidth;

mod result;

mod estimate;

mod density;

mod bins;

pub use bins::{Bin, BinOptions, BinSpacing, MAX_BINS, rd_bins};
pub use density::{
    DensityBandwidths, DensityOptions, DensityRule, DensityTest, MAX_DENSITY_ORDER, rd_density,
};
pub use estimate::rd;
pub use kernel::Kernel;
pub use options::{
    BandwidthAim, BandwidthRule, BandwidthScope, Bandwidths, MAX_ORDER, MassPoints, RdOptions,
    RdVcov,
};
pub use result::{Discontinuity, RdEstimate, RdMethod, RdPart};
pub use sample::RdColumns;
