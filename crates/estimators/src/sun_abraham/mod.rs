//! The interaction-weighted event study of Sun and Abraham: effects by cohort and event time from one regression, averaged
//! with the cohorts' shares of the sample.
//!
//! *Estimand*: the mean effect on the exposed at each time since first exposure; a cohort weighs with its rows there.
//! *Formula*: y = unit + period + Σ δ(g, e)·1{cohort g, e = period − g}, weighted least squares; reference are the never treated
//! and, in each cohort, its last observed period before exposure (e = −1 unless that period has no rows). With ω the weights,
//! the effect at e is Σ_g δ(g, e)Σω / Σ_g Σω over the rows of cell (g, e), the overall effect the same over all cells with e ≥ 0.
//! *Assumptions*: parallel trends of every cohort and the never treated, no anticipation, exposure never ends.
//! *Standard error*: c'Vc for fixed shares c; V is the clustered sandwich (default cluster: the unit) with the factors of
//! `fixest`, (n − 1)/(n − K)·G/(G − 1), K = coefficients + periods (unit effects are nested in clusters and not counted);
//! t with G − 1 degrees of freedom.
//! *Early and late cohorts*: units exposed by the first period, and cohorts without a row before exposure, have nothing to be
//! compared with: left out and counted. Cohorts after the last period count as never treated. Without any never-treated
//! unit the last cohort stands in, in the periods before it is exposed. Cohorts of a year without data keep their true
//! event times (`fixest::sunab` takes them for never treated, and leaves some always-treated rows in).
//! *Missing*: a row without outcome, weight or cluster, or of weight zero, is left out; units with holes stay.
//! *Not identified*: a cell whose period no unit of its cohort (or of the never treated) links with the reference gets
//! `not_identified`; so does an average that has to leave such a cell out. *One cluster*: the error is missing.
//! *Reference*: Sun and Abraham (2021), J. Econometrics 225:175; numbers from R `fixest` 0.12.2 and an independent implementation.
//!
//! The parts. Once for all outcomes: `profile.rs` has what cohorts identify, `clusters.rs` where they are, `design.rs` puts them together,
//! `averages.rs` says which averages there are. For each outcome: `scores.rs` and `fit.rs` have coefficients and covariance,
//! `inference.rs` the rows. `jackknife.rs` and `randomise.rs` estimate again, `left_out.rs` does without each cluster. `event_influence.rs` keeps what
//! clusters contribute to the rows, for comparisons with other estimates.

mod effects;

mod unit_rows;

mod profile;

mod clusters;

mod design;

mod averages;

mod scores;

mod fit;

mod inference;

mod jackknife;

mod diagnostics;

mod event_study;

mod randomise;

mod event_influence;

mod left_out;

pub use effects::{CohortEffect, SunAbrahamOptions, SunAbrahamResult};
pub use event_influence::{SunAbrahamInfluence, sun_abraham_influence_outcomes};
pub use event_study::{sun_abraham, sun_abraham_outcomes};
pub use left_out::sun_abraham_without_each;
pub use randomise::randomise_sun_abraham;
