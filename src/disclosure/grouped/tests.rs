//! Small cells of grouped results, with what protects them.

use proptest::prelude::*;

use super::*;

const RULES: DisclosureRules = DisclosureRules::GUIDELINE;

fn part(contributors: u64, others: u64) -> CellCounts {
    CellCounts {
        contributors,
        others: Some(others),
        is_part: true,
    }
}

fn one_column(units: &[u64]) -> GroupedCounts {
    GroupedCounts {
        keys: vec![(0..units.len()).collect()],
        units: units.to_vec(),
        columns: vec![],
    }
}

#[test]
fn small_group_takes_the_next_smallest_with_it() {
    let hidden = protect_groups(&one_column(&[120, 4, 30, 80]), RULES);
    assert_eq!(hidden.groups, [false, true, true, false]);
    let hidden = protect_groups(&one_column(&[120, 30, 80]), RULES);
    assert_eq!(hidden.groups, [false; 3]);
}

#[test]
fn two_small_groups_that_are_few_together_take_a_third_with_them() {
    let hidden = protect_groups(&one_column(&[120, 4, 5, 80]), RULES);
    assert_eq!(hidden.groups, [false, true, true, true]);
    let hidden = protect_groups(&one_column(&[120, 6, 5, 80]), RULES);
    assert_eq!(hidden.groups, [false, true, true, false]);
}

#[test]
fn each_line_of_a_table_is_protected() {
    // Sex by age: one small cell needs another in its row and in its column, and these need each other.
    let counts = GroupedCounts {
        keys: vec![vec![0, 0, 0, 1, 1, 1], vec![0, 1, 2, 0, 1, 2]],
        units: vec![5, 40, 60, 50, 45, 70],
        columns: vec![],
    };
    let hidden = protect_groups(&counts, RULES).groups;
    assert_eq!(hidden, [true, true, false, true, true, false]);
}

#[test]
fn few_who_have_a_property_and_few_who_have_not_are_both_hidden() {
    let mut counts = one_column(&[100, 100, 100, 100]);
    counts.columns = vec![vec![part(3, 97), part(96, 4), part(50, 50), part(40, 60)]];
    let hidden = protect_groups(&counts, RULES);
    assert_eq!(hidden.groups, [false; 4]);
    // Three and four are fewer than ten together: a third is withheld with them.
    assert_eq!(hidden.cells, [[true, true, false, true]]);
}

#[test]
fn other_parts_of_a_group_go_with_a_hidden_part_and_means_stay() {
    let mut counts = one_column(&[100, 100, 100]);
    let mean = CellCounts {
        contributors: 100,
        ..CellCounts::default()
    };
    counts.columns = vec![
        vec![part(3, 97), part(20, 80), part(30, 70)],
        vec![part(60, 40), part(50, 50), part(45, 55)],
        vec![mean; 3],
    ];
    let hidden = protect_groups(&counts, RULES).cells;
    assert!(hidden[0][0] && hidden[1][0]);
    assert!(hidden[0][1], "the smallest beside it");
    assert_eq!(hidden[2], [false; 3]);
}

#[test]
fn zero_persons_is_a_number_that_may_be_shown() {
    let mut counts = one_column(&[100, 0]);
    counts.columns = vec![vec![part(0, 100), part(0, 0)]];
    let hidden = protect_groups(&counts, RULES);
    assert_eq!(hidden.groups, [false, false]);
    assert_eq!(hidden.cells, [[false, false]]);
}

proptest! {
    #[test]
    fn no_line_gives_a_hidden_cell_away(
        units in proptest::collection::vec(0_u64..60, 12),
    ) {
        let counts = GroupedCounts {
            keys: vec![(0..12).map(|i| i / 4).collect(), (0..12).map(|i| i % 4).collect()],
            units: units.clone(),
            columns: vec![],
        };
        let hidden = protect_groups(&counts, RULES).groups;
        for (n, hidden) in units.iter().zip(&hidden) {
            prop_assert!(*hidden || *n == 0 || *n >= 10);
        }
        for line in lines(&counts.keys, 12) {
            let kept_back: Vec<u64> = line
                .iter()
                .filter(|&&group| hidden[group] && units[group] > 0)
                .map(|&group| units[group])
                .collect();
            let is_whole = line.iter().all(|&group| hidden[group] || units[group] == 0);
            let is_protected = kept_back.len() > 1 && kept_back.iter().sum::<u64>() >= 10;
            prop_assert!(kept_back.is_empty() || is_protected || is_whole);
        }
    }
}
