//! Tests of the scenarios: each reads the rows that its world is made of, estimates with plain
//! differences, and compares with what `truth.json` says, over several seeds.

mod billing;
mod councils;
mod differences;
mod dropout;
mod guidance;
mod memory_world;
mod null;
mod programs;
mod unchanged;
mod worksites;

use differences::Estimate;

/// Seeds that every scenario is tried with.
const SEEDS: [u64; 3] = [1, 2, 3];

/// An estimate lies within four standard errors of the truth.
#[track_caller]
fn assert_near(estimate: Estimate, truth: f64, what: &str) {
    assert!(
        (estimate.size - truth).abs() < 4.0 * estimate.error,
        "{what}: {} ± {} for {truth}",
        estimate.size,
        estimate.error
    );
}

/// An estimate is far from a number, so that the test could have failed.
#[track_caller]
fn assert_far(estimate: Estimate, other: f64, what: &str) {
    assert!(
        (estimate.size - other).abs() > 3.0 * estimate.error,
        "{what}: {} ± {} is not far from {other}",
        estimate.size,
        estimate.error
    );
}
