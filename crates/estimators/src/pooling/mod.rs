//! Many estimates of one kind, as of worksites: what each is worth beside the others.
//!
//! Estimates Y_i ~ N(θ_i, σ_i²) with known σ_i. Small worksites have the most extreme Y_i whatever their θ_i. Shrinkage towards a mean,
//! or towards a regression X_i'δ, has the smallest mean squared error among linear rules:
//!
//! θ̂_i = X_i'δ + w_i(Y_i − X_i'δ), w_i = μ₂/(μ₂ + σ_i²), with μ₂ = E(θ_i − X_i'δ)².
//!
//! # Intervals
//!
//! Armstrong, Kolesár and Plagborg-Møller (2022), Econometrica 90:2567. θ̂_i ± cva(σ_i²/μ₂, κ)·w_i·σ_i, where κ = E(θ_i − X_i'δ)⁴/μ₂² and
//! cva(m, κ) is the smallest χ for which no law of a bias b with E b² = m and E b⁴ = κm² has P(|N(b, 1)| > χ) above α (`critical_value`).
//! They cover at least a share `level` of the θ_i, on average over them, whatever their law; the usual empirical Bayes interval
//! ± z·√w_i·σ_i does so for a normal law only.
//!
//! Moments (`moments`): weighted means of ε̂² − σ² and ε̂⁴ − 6σ²ε̂² + 3σ⁴, kept above the bounds of the same paper (Section 3.2), so that
//! nothing is shrunk all the way.
//!
//! # Ranks
//!
//! For θ_i ~ N(X_i'δ, μ₂), given the data θ_i ~ N(θ̂_i, w_iσ_i²), independent of each other (`ranks`): the mean rank and the probability of
//! being among the k best. The moments are taken as known. These rest on the normal law; the intervals do not.

mod critical_value;
mod moments;
mod pool;
mod ranks;

pub use critical_value::robust_critical_value;
pub use pool::{FEW_POOLED, Pool, PoolColumns, PoolOptions, PoolWeights, PooledEstimate, pool};
pub use ranks::{Best, MOST_RANKED};

#[cfg(test)]
mod tests;
