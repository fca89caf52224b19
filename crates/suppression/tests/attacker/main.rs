//! An attacker against `protect`. He shares nothing with it but its input and its answer.
//!
//! `ATTACK_CAMPAIGNS` says how many campaigns of each kind are run, `ATTACK_SEED` from which seed on, and `ATTACK_SECONDS` after which time
//! no other is begun.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod world;

mod changes;

mod history;

mod campaign;

mod tally;

mod reader;

mod attack;

mod propagation;

mod twins;

mod programs;

mod random;

mod draws;

mod itself;

use campaign::{Defence, Kind, campaign};
use tally::Tally;

/// A number from the environment.
fn wanted(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .and_then(|number| number.parse().ok())
}

fn fought(kind: Kind, defence: Defence, n: u64) -> Tally {
    let first = wanted("ATTACK_SEED").unwrap_or(0);
    let begin = std::time::Instant::now();
    let mut tally = Tally::default();
    for seed in first..first + n {
        if wanted("ATTACK_SECONDS").is_some_and(|most| begin.elapsed().as_secs() >= most) {
            eprintln!("stopped before seed {seed}");
            break;
        }
        tally.add(campaign(seed, kind, defence));
    }
    eprintln!("{kind:?} {defence:?}: {tally:?}");
    tally
}

#[track_caller]
fn check(kind: Kind, default: u64) {
    let tally = fought(
        kind,
        Defence::Full,
        wanted("ATTACK_CAMPAIGNS").unwrap_or(default),
    );
    assert_eq!(tally.recovered, 0, "{tally:?}");
    assert!(tally.unsolved * 1_000 <= tally.goals, "{tally:?}");
}

#[test]
fn nothing_is_recovered_from_single_tables() {
    check(Kind::Single, 10);
}

#[test]
fn nothing_is_recovered_from_linked_tables() {
    check(Kind::Linked, 4);
}

#[test]
fn nothing_is_recovered_from_sequences_of_releases() {
    check(Kind::Sequence, 4);
}

#[test]
fn nothing_is_recovered_from_rounded_tables() {
    check(Kind::Rounded, 4);
}

#[test]
fn nothing_is_recovered_where_zeros_are_sensitive() {
    check(Kind::ZerosSensitive, 10);
}

#[test]
fn nothing_is_recovered_where_counts_are_protected_one_by_one() {
    check(Kind::Local, 8);
}

#[test]
fn nothing_is_recovered_from_hierarchies() {
    check(Kind::Hierarchy, 8);
}

#[test]
fn nothing_is_recovered_from_three_dimensions() {
    check(Kind::Cube, 8);
}

#[test]
fn nothing_is_recovered_by_one_person_who_comes_or_leaves() {
    check(Kind::OnePerson, 8);
}

#[test]
fn nothing_is_recovered_by_one_month_more() {
    check(Kind::Month, 8);
}

#[test]
fn nothing_is_recovered_by_a_merger_of_worksites() {
    check(Kind::Merger, 8);
}

#[test]
fn nothing_is_recovered_from_growing_data() {
    check(Kind::Growth, 4);
}

#[test]
fn recovers_much_where_only_small_cells_are_withheld() {
    let tally = fought(Kind::Single, Defence::PrimaryOnly, 40);
    assert!(tally.recovered * 4 > tally.goals, "{tally:?}");
}

#[test]
fn recovers_differences_where_earlier_releases_are_forgotten() {
    let tally = fought(Kind::Sequence, Defence::ForgetsReleases, 10);
    assert!(tally.recovered > 0, "{tally:?}");
}
