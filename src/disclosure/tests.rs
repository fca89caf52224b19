//! Small-cell control against cells worked out by hand, and an attack that adds and subtracts.

use super::*;

const RULES: DisclosureRules = DisclosureRules::GUIDELINE;
const LT: Count = Count::Suppressed;
const HID: Count = Count::Withheld;

fn shown(n: u64) -> Count {
    Count::Shown(n)
}

#[track_caller]
fn check_marginal(counts: &[u64], expected: &[Count]) {
    let cells: Vec<Count> = release_counts(counts, RULES)
        .iter()
        .map(|cell| *cell.value())
        .collect();
    assert_eq!(cells, expected, "cells {counts:?}");
}

#[test]
fn one_count_is_hidden_from_one_to_nine_only() {
    for (n, expected) in [(0, shown(0)), (1, LT), (9, LT), (10, shown(10))] {
        assert_eq!(*release_count(n, RULES).value(), expected, "count {n}");
    }
}

#[test]
fn a_single_hidden_cell_takes_the_next_smallest_with_it() {
    check_marginal(&[100, 3, 50, 0], &[shown(100), LT, HID, shown(0)]);
    check_marginal(&[100, 8, 9], &[shown(100), LT, LT]);
    check_marginal(&[20, 10, 0], &[shown(20), shown(10), shown(0)]);
}

#[test]
fn hidden_cells_that_add_up_to_a_small_count_take_another_with_them() {
    check_marginal(&[100, 3, 4], &[HID, LT, LT]);
}

#[test]
fn a_total_that_pins_the_small_cell_removes_its_label() {
    // 11 = 1 + 10: with the labels `<10` and `at least 10` only this split is possible.
    check_marginal(&[10, 1], &[HID, HID]);
    // 19 = 9 + 10 … 1 + 18: the whole range is left.
    check_marginal(&[18, 1], &[HID, LT]);
}

#[test]
fn a_share_is_hidden_when_its_complement_is_small() {
    let rows = [
        PartOfWhole {
            part: 995,
            whole: 1000,
        },
        PartOfWhole {
            part: 400,
            whole: 800,
        },
        PartOfWhole {
            part: 300,
            whole: 600,
        },
    ];
    let shares = release_shares(&rows, RULES);
    assert_eq!(shares[0].value().part, HID);
    assert_eq!(shares[0].value().share, None);
    assert_eq!(
        shares[2].value().part,
        HID,
        "the next smallest goes with it"
    );
    assert_eq!(shares[1].value().share, Some(0.5));
}

#[test]
fn a_flow_never_lets_a_small_loss_be_subtracted() {
    let flow = release_flow(&[1000, 995, 800, 700], RULES);
    let rows: Vec<FlowCounts> = flow.iter().map(|step| *step.value()).collect();
    let row = |remaining, excluded| FlowCounts {
        remaining,
        excluded,
    };
    // The loss of 5 and the loss beside it are hidden; only 995 lies between the two.
    let expected = [
        row(shown(1000), None),
        row(HID, Some(LT)),
        row(shown(800), Some(HID)),
        row(shown(700), Some(shown(100))),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn an_estimate_on_few_units_loses_its_numbers_and_its_counts() {
    let row = EstimateRow {
        estimate: Some(1.5),
        n_treated: Some(9),
        n_control: Some(500),
        status: "ok".to_owned(),
        ..EstimateRow::default()
    };
    let estimate = release_estimate(row.clone(), RULES);
    let estimate = estimate.value();
    assert_eq!(estimate.numbers, None);
    assert_eq!(estimate.status, STATUS_WITHHELD);
    assert_eq!(
        (estimate.n_treated, estimate.n_control),
        (Some(LT), Some(HID))
    );

    let enough = release_estimate(
        EstimateRow {
            n_treated: Some(10),
            ..row.clone()
        },
        RULES,
    );
    assert_eq!(
        enough.value().numbers.map(|numbers| numbers.estimate),
        Some(1.5)
    );
    assert_eq!(enough.value().status, "ok");

    let uncounted = release_estimate(
        EstimateRow {
            n_treated: None,
            n_control: None,
            ..row
        },
        RULES,
    );
    assert_eq!(
        uncounted.value().numbers,
        None,
        "unknown counts are refused"
    );
}

/// Every split of a hidden total that the labels allow; the small cell must not be pinned.
#[test]
fn no_two_cell_marginal_with_a_known_total_pins_its_small_cell() {
    for small in 1..10 {
        for other in 10..60 {
            let cells = release_counts(&[small, other], RULES);
            let labels = [*cells[0].value(), *cells[1].value()];
            let total = small + other;
            let fits = |label: Count, n: u64| match label {
                Count::Shown(shown) => shown == n,
                Count::Suppressed => (1..10).contains(&n),
                Count::Withheld if labels.contains(&LT) => n >= 10,
                Count::Withheld => n > 0,
            };
            let n_splits = (1..total)
                .filter(|n| fits(labels[0], *n) && fits(labels[1], total - n))
                .count();
            assert!(n_splits >= 9, "{small} + {other} leaves {n_splits} splits");
        }
    }
}

/// Which of the covariate's rows keep their numbers.
fn kept(rows: &[(f64, f64)], is_share: bool, n_treated: u64) -> Vec<bool> {
    let row = |&(mean_treated, mean_control): &(f64, f64)| BalanceRow {
        numbers: BalanceNumbers {
            mean_treated,
            mean_control,
            smd: Some(0.1),
        },
        is_share,
        n_treated,
        n_control: 1000,
    };
    let rows: Vec<BalanceRow> = rows.iter().map(row).collect();
    let released = release_balance(&rows, RULES);
    released.iter().map(|row| row.value().is_some()).collect()
}

#[test]
fn a_mean_is_kept_back_only_when_few_people_stand_behind_it() {
    assert_eq!(kept(&[(45.2, 44.1)], false, 10), [true]);
    assert_eq!(kept(&[(45.2, 44.1)], false, 9), [false]);
}

#[test]
fn a_share_that_stands_for_a_small_count_is_kept_back() {
    assert_eq!(kept(&[(0.5, 0.5)], true, 100), [true]);
    assert_eq!(kept(&[(0.09, 0.5)], true, 100), [false]);
    assert_eq!(kept(&[(0.91, 0.5)], true, 100), [false], "the complement");
    assert_eq!(kept(&[(0.5, 0.009)], true, 100), [false], "the other side");
    assert_eq!(
        kept(&[(0.0, 0.5)], true, 100),
        [true],
        "zero persons is not a small cell"
    );
}

#[test]
fn a_level_that_is_kept_back_takes_the_next_smallest_with_it() {
    let levels = [(0.7, 0.5), (0.25, 0.3), (0.05, 0.2)];
    assert_eq!(kept(&levels, true, 100), [true, false, false]);
    assert_eq!(kept(&levels, true, 1000), [true, true, true]);
}
