//! Panels with holes compared unit by unit: worked out by hand, and equal to the balanced estimator where
//! there are no holes.

use super::properties::small;
use crate::group_time::{AttGtOptions, BasePeriod, Control, Method, att_gt};
use crate::inference::Inference;
use crate::panel::{Layout, Panel, PanelOptions};

const OPTIONS: AttGtOptions = AttGtOptions {
    method: Method::DoublyRobust,
    control: Control::NeverTreated,
    base_period: BasePeriod::Varying,
    anticipation: 0,
    level: 0.95,
    seed: 1,
    bootstrap: None,
    inference: Inference::Analytic,
};

/// Unit, period, cohort, outcome.
type Row = (i64, i32, Option<i32>, f64);

fn estimate(rows: &[Row], layout: Layout) -> (f64, f64, u64, u64) {
    let panel = Panel::try_new(&small(rows), PanelOptions { layout }).unwrap();
    let result = att_gt(&panel, &OPTIONS).unwrap();
    let row = &result.rows[0].estimate;
    (row.estimate, row.std_error, row.n_treated, row.n_control)
}

#[test]
fn a_unit_seen_once_does_not_move_the_estimate() {
    let rows = [
        (1, 0, Some(1), 1.0),
        (1, 1, Some(1), 4.0),
        (2, 0, Some(1), 2.0),
        (2, 1, Some(1), 7.0),
        (3, 1, Some(1), 900.0),
        (4, 0, None, 0.0),
        (4, 1, None, 1.0),
        (5, 0, None, 5.0),
        (5, 1, None, 8.0),
        (6, 0, None, -500.0),
    ];
    // Treated changes 3 and 5, control changes 1 and 3: 4 − 2.
    let (estimate, std_error, n_treated, n_control) = estimate(&rows, Layout::Pairs);
    assert_eq!((estimate, n_treated, n_control), (2.0, 2, 2));
    // ψ/N: ±1/2 for each of the four units, nothing for the two seen once.
    assert!((std_error - 1.0).abs() < 1e-12, "{std_error}");
}

#[test]
fn without_holes_it_is_the_balanced_estimator() {
    let rows: Vec<Row> = (0..40)
        .flat_map(|unit| {
            let cohort = (unit % 2 == 0).then_some(2);
            (0..4).map(move |time| {
                let noise =
                    f64::from(u32::try_from((unit * 7 + i64::from(time) * 13) % 11).unwrap());
                (unit, time, cohort, noise)
            })
        })
        .collect();
    assert_eq!(
        estimate(&rows, Layout::Pairs),
        estimate(&rows, Layout::Balanced)
    );
}
