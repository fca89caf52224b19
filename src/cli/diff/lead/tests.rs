//! What comes first of changed estimates, and how it is rounded.

use crate::pipeline::TableDiff;

use super::*;

fn state(estimate: f64, half: f64, status: &str) -> EstimateState {
    EstimateState {
        estimate: Some(estimate),
        conf_low: Some(estimate - half),
        conf_high: Some(estimate + half),
        status: Some(status.to_owned()),
    }
}

fn change(key: &str, before: EstimateState, after: EstimateState, moved: f64) -> EstimateChange {
    EstimateChange {
        key: key.to_owned(),
        indicator: Some("x".to_owned()),
        before,
        after,
        std_errors: Some(moved),
    }
}

fn table(name: &str, estimates: Vec<EstimateChange>) -> TableDiff {
    TableDiff {
        name: name.to_owned(),
        before: Some(0),
        after: Some(1),
        causes: Vec::new(),
        roots: Vec::new(),
        rows: Ok(RowsDiff {
            n_changed: estimates.len() as u64,
            n_rounded: 3,
            estimates: Some(estimates),
            ..RowsDiff::default()
        }),
    }
}

fn shown(diff: &RunDiff, limit: usize) -> String {
    let vocabulary = Vocabulary::default();
    let mut out = String::new();
    let estimates = Estimates::of(diff, &vocabulary);
    text(&mut out, diff, &estimates, limit);
    out
}

#[test]
fn what_an_estimate_says_comes_before_how_much_it_moved() {
    let estimates = vec![
        change("far", state(2.0, 1.0, "ok"), state(5.0, 1.0, "ok"), 6.0),
        change(
            "status",
            state(2.0, 1.0, "ok"),
            state(2.0, 1.0, "few_clusters"),
            0.0,
        ),
        change("zero", state(1.5, 1.0, "ok"), state(0.5, 1.0, "ok"), -2.0),
        change(
            "unseen",
            state(2.501, 1.0, "ok"),
            state(2.502, 1.0, "ok"),
            0.1,
        ),
    ];
    let diff = RunDiff {
        tables: vec![table("effect_summary", estimates)],
    };
    let expected = "
3 estimates changed
  effect_summary  zero
    +1.50 (+0.500 … +2.50) → +0.500 (−0.500 … +1.50)
    the interval now includes 0
  effect_summary  status
    +2.00 (+1.00 … +3.00) → +2.00 (+1.00 … +3.00)
    status ok → few_clusters
  effect_summary  far
    +2.00 (+1.00 … +3.00) → +5.00 (+4.00 … +6.00)
  1 estimate changed by less than the report shows

1 table was built anew
  effect_summary  rows: 4 changed
  3 rows differ only beyond the ninth digit of a number
";
    assert_eq!(shown(&diff, 10), expected);
    let few = shown(&diff, 1);
    assert!(
        few.contains("  … and 2 more; --limit shows them\n"),
        "{few}"
    );
    assert!(!few.contains("few_clusters"), "{few}");
}

#[test]
fn an_estimate_of_several_tables_is_told_once_as_the_last_has_it() {
    let in_field = change("a", state(2.0, 1.0, "ok"), state(3.0, 1.0, "ok"), 1.0);
    let in_summary = change(
        "a",
        state(2.0, 1.0, "ok"),
        state(3.0, 1.0, "pre_trend"),
        1.0,
    );
    let diff = RunDiff {
        tables: vec![
            table("effect_activity", vec![in_field]),
            table("effect_summary", vec![in_summary]),
        ],
    };
    let text = shown(&diff, 10);
    assert!(
        text.starts_with("\n1 estimate changed\n  effect_summary  a\n"),
        "{text}"
    );
    assert!(text.contains("status ok → pre_trend"), "{text}");
}
