//! Covariate balance: means, spreads and standardised differences of the treated and the others, one row per covariate.
//!
//! *Definitions* (those of R `cobalt`): with weights ω, m = Σωx/Σω in each group, smd = (m₁ − m₀)/sd. Variances:
//! v = Σω(x − m)²/(Σω − Σω²/Σω); for a covariate with only two values a < b, v = (m − a)(b − m), which is m(1 − m) for 0 and 1.
//! ks = max|F₁ − F₀| of the weighted distribution functions; for two values the difference of shares.
//! [`Spread`] names the sd; [`WeightRole`] says whether it sees the weights. Means, shown sds, variance ratio and ks always do.
//! *Missing*: a row without treatment, weight or the covariate is left out of that covariate's row and counted there.
//! A weight of zero keeps the row (an unmatched unit): it counts in the unweighted sd and in `n_treated`, `n_control`.
//! *Reference*: Austin (2009), Statistics in Medicine 28:3083; numbers from R `cobalt` 5.0.0 and an independent implementation.

mod table;

mod moments;

mod compare;

pub use compare::balance;
pub use table::{BalanceColumns, BalanceOptions, BalanceRow, Spread, WeightRole};
