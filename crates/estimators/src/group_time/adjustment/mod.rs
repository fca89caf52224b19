//! Adjusting one comparison for covariates. Which comparisons there are is decided outside; here are observations of two sides.

pub(super) mod points;

pub(super) mod basis;

mod logit;

pub(super) mod propensity;

pub(super) mod terms;

pub(super) mod adjusted;
