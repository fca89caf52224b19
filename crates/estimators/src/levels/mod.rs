//! Levels of outcomes by group: what they are, what they would be in a standard population, and how well that is known.
//!
//! # Direct standardisation ([`levels`])
//!
//! Within a group, n_a rows of stratum a (sex and age, say) have the outcome, with mean ȳ_a. The crude level is the mean of all rows;
//! the standardised one is Σ w_a ȳ_a, where w are the shares of the standard population: the standard's weights among strata in which
//! the group has rows. The share of the standard that these strata make up is reported; below a bound nothing is standardised.
//! A column whose levels follow from the strata, as sex and groups of ages do, has for each level the standard of that level's strata.
//! Strata in which no person of any group has the outcome are no part of its standard: a question that is asked from 40 on is
//! standardised to those of 40 and over.
//!
//! # Errors
//!
//! A row moves the standardised level by z = w_a r/n_a, r its distance from its stratum's mean times √(n_a/(n_a − 1)), without which a
//! stratum of few rows would look surer than it is. A stratum with one row has no spread of its own: its row is compared with the
//! level of the group, which counts the difference between strata as chance and is too wide rather than too narrow. With u_c the sum of z
//! in cluster c, V = G/(G − 1) Σu_c² over G clusters, and intervals are of the t distribution with G − 1 degrees of freedom. Without
//! strata this is the cluster-robust variance of a mean. Breslow and Day (1987), *Statistical Methods in Cancer Research II*, chapter 2,
//! for the estimator; Binder (1983), International Statistical Review 51:279, for the variance by clusters.
//!
//! # Missing values
//!
//! A row without group, stratum, cluster or a weight of the standard is left out, as is one without the outcome.

mod design;
mod level;

pub use design::{By, LevelDesign, LevelGroups, LevelOutcome};
pub use level::{Level, LevelOptions, levels};
