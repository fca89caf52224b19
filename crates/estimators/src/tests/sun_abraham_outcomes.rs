//! Several outcomes of one panel in one call are the calls for each, to the last bit.

use super::golden::Data;
use super::group_time::columns;
use super::sun_abraham::ALL;
use crate::panel::{Layout, NEVER, Panel, PanelColumns, PanelOptions};
use crate::sun_abraham::{SunAbrahamOptions, SunAbrahamResult, sun_abraham, sun_abraham_outcomes};

const SPECS: [(&str, &str); 5] = [
    ("s1_staggered", "outcome=cost"),
    (
        "s1_staggered",
        "outcome=cost;weight=w_tv;cluster=worksite_id",
    ),
    ("s2_unbalanced", "outcome=cost;weight=w_tv"),
    ("s2_unbalanced", "outcome=cost;cluster=worksite_id"),
    ("s4_edges", "outcome=cost;cluster=worksite_id"),
];

/// Everything a result has; numbers in full.
fn text(result: &SunAbrahamResult) -> String {
    format!("{result:?}")
}

#[track_caller]
fn check(name: &str, columns: &PanelColumns, layout: Layout, options: &SunAbrahamOptions) {
    let shapes: [fn(f64) -> f64; 4] = [
        |y| (12.9898 * y).sin(),
        |y| 1.0e-3 * y * y,
        |y| 1.0e6 - y,
        |y| 0.0 * y,
    ];
    let shaped = |shape: &fn(f64) -> f64| columns.outcome.iter().map(|&y| shape(y)).collect();
    let others: Vec<Vec<f64>> = shapes.iter().map(shaped).collect();
    let layout = PanelOptions { layout };
    let (panel, tables) = Panel::with_outcomes(columns, &others, layout).unwrap();
    let together = sun_abraham_outcomes(&panel, &tables, options).unwrap();
    assert_eq!(together.len(), 5);
    let all = [std::slice::from_ref(&columns.outcome), &others].concat();
    for (index, (outcome, found)) in all.into_iter().zip(&together).enumerate() {
        let alone = PanelColumns {
            outcome,
            ..columns.clone()
        };
        let alone = sun_abraham(&Panel::try_new(&alone, layout).unwrap(), options).unwrap();
        assert_eq!(text(found), text(&alone), "{name}, outcome {index}");
    }
    assert_ne!(text(&together[0]), text(&together[1]), "{name}");
}

#[test]
fn outcomes_in_one_call_are_the_calls_for_each() {
    let window = SunAbrahamOptions {
        min_e: Some(-2),
        max_e: Some(2),
        ..ALL
    };
    for (name, spec) in SPECS {
        let mut columns = columns(&Data::sim(name), spec);
        check(spec, &columns, Layout::Unbalanced, &ALL);
        check(spec, &columns, Layout::Balanced, &window);
        // Holes of another pattern.
        for value in columns.outcome.iter_mut().skip(3).step_by(7) {
            *value = f64::NAN;
        }
        check(spec, &columns, Layout::Unbalanced, &window);
    }
}

#[test]
fn units_and_periods_left_out_are_left_out_of_every_outcome() {
    let (name, spec) = SPECS[1];
    let all = columns(&Data::sim(name), spec);
    // Without never treated units the last cohort stands in for them, in fewer periods.
    let mut columns = PanelColumns {
        weight: Some(Vec::new()),
        cluster: Some(Vec::new()),
        ..PanelColumns::default()
    };
    let (weights, clusters) = (all.weight.unwrap(), all.cluster.unwrap());
    let last = *all.time.iter().max().unwrap();
    for row in 0..all.unit.len() {
        // Some units are seen in the last period only, which is one of those left out.
        let is_late = all.unit[row] % 5 == 0 && all.time[row] < last;
        if all.cohort[row] != NEVER && !is_late {
            columns.unit.push(all.unit[row]);
            columns.time.push(all.time[row]);
            columns.cohort.push(all.cohort[row]);
            columns.outcome.push(all.outcome[row]);
            columns.weight.as_mut().unwrap().push(weights[row]);
            columns.cluster.as_mut().unwrap().push(clusters[row]);
        }
    }
    check("no never treated", &columns, Layout::Unbalanced, &ALL);
    // Rows without weight are left out too.
    columns.weight.as_mut().unwrap()[..40].fill(0.0);
    check("no weight", &columns, Layout::Unbalanced, &ALL);
}
