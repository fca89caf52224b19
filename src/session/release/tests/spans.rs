//! What can be taken from sums over parts of a group.

use crate::session::release::span::{Atom, is_safe};

fn atoms(of: &[(&[u8], u64)]) -> Vec<Atom> {
    let atom = |(meets, persons): &(&[u8], u64)| Atom {
        meets: meets.iter().map(|is_met| *is_met == 1).collect(),
        persons: *persons,
    };
    of.iter().map(atom).collect()
}

#[test]
fn a_part_and_its_rest_are_told_with_the_whole_only() {
    let part = atoms(&[(&[1], 97), (&[0], 3)]);
    assert!(!is_safe(&part, true, 10));
    assert!(is_safe(&part, false, 10));
    assert!(is_safe(&atoms(&[(&[1], 97), (&[0], 10)]), true, 10));
}

#[test]
fn parts_that_differ_by_few_are_told() {
    let nested = atoms(&[(&[1, 1], 50), (&[1, 0], 2), (&[0, 0], 60)]);
    assert!(!is_safe(&nested, false, 10));
    let crossed = atoms(&[(&[1, 1], 50), (&[1, 0], 40), (&[0, 1], 2), (&[0, 0], 60)]);
    assert!(
        is_safe(&crossed, true, 10),
        "two of four sums leave no cell alone"
    );
}

#[test]
fn several_sums_together_tell_what_no_two_of_them_do() {
    // A, B, C and their union but for two persons: A + B + C − union.
    let all = atoms(&[
        (&[1, 0, 0, 1], 30),
        (&[0, 1, 0, 1], 30),
        (&[0, 0, 1, 1], 30),
        (&[0, 0, 1, 0], 2),
    ]);
    assert!(!is_safe(&all, false, 10));
    let without = atoms(&[(&[1, 0, 0], 30), (&[0, 1, 0], 30), (&[0, 0, 1], 32)]);
    assert!(is_safe(&without, false, 10));
}

#[test]
fn several_small_parts_are_told_together_only_when_they_are_few_in_all() {
    let told = |persons: u64| {
        // The two small parts are always summed together.
        let all = atoms(&[(&[1, 1], 50), (&[1, 0], 4), (&[1, 0], persons)]);
        is_safe(&all, false, 10)
    };
    assert!(!told(5));
    assert!(told(6));
}
