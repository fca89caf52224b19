//! What holds for every estimator: input with nothing in it, nothing that varies, one cluster or everybody exposed ends in rows with a
//! status or in a refusal, never in a panic.

mod input;

mod panel_calls;

mod row_calls;

mod calls;

use super::resampling::{Dice, filter, world};
use crate::panel::{NEVER, PanelColumns};
use calls::CALLS;
use input::Input;

/// What makes an input of the ordinary one.
type Change = fn(Input) -> Input;

/// Clusters of five to eight persons, every third of which is exposed in the third, every third in the fourth of five periods.
fn input(n_clusters: usize) -> Input {
    let clusters: Vec<(i32, usize)> = (0..n_clusters)
        .map(|cluster| ([2, 3, NEVER][cluster % 3], 5 + cluster % 4))
        .collect();
    let panel = world(&clusters, 5, &mut Dice::new(11));
    let mut dice = Dice::new(12);
    let mut numbers = || panel.unit.iter().map(|_| dice.normal()).collect();
    Input {
        covariate: numbers(),
        running: numbers(),
        panel,
    }
}

/// The first rows.
fn first(input: Input, n: usize) -> Input {
    Input {
        covariate: input.covariate[..n].to_vec(),
        running: input.running[..n].to_vec(),
        panel: filter(&input.panel, |row| row < n),
    }
}

fn with_panel(mut input: Input, change: impl FnOnce(&mut PanelColumns)) -> Input {
    change(&mut input.panel);
    input
}

const THIN: [(&str, Change); 10] = [
    ("no row", |input| first(input, 0)),
    ("one row", |input| first(input, 1)),
    ("one unit", |input| first(input, 5)),
    ("no outcome", |input| {
        with_panel(input, |panel| panel.outcome.fill(f64::NAN))
    }),
    ("a constant outcome", |input| {
        with_panel(input, |panel| panel.outcome.fill(7.0))
    }),
    ("nothing that varies", |mut input| {
        input.covariate.fill(3.0);
        input.running.fill(1.0);
        with_panel(input, |panel| panel.outcome.fill(7.0))
    }),
    ("one cluster", |input| {
        with_panel(input, |panel| {
            panel.cluster.iter_mut().for_each(|own| own.fill(0));
        })
    }),
    ("everybody exposed", |input| {
        with_panel(input, |panel| panel.cohort.fill(2))
    }),
    ("everybody exposed throughout", |input| {
        with_panel(input, |panel| panel.cohort.fill(0))
    }),
    ("nobody exposed", |input| {
        with_panel(input, |panel| panel.cohort.fill(NEVER))
    }),
];

/// Fields of a printed result by name, in its order.
fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = text.split([',', '{', '}', '(', ')', '[', ']']);
    parts.filter_map(|part| part.trim().split_once(": "))
}

/// The first estimate of a printed result that is missing, or has no error, though its status is `Ok`.
fn silent(text: &str) -> Option<&'static str> {
    let mut lacks = None;
    for (name, value) in fields(text) {
        match (name, value) {
            ("estimate", "NaN") => lacks = Some("estimate"),
            ("std_error", "NaN") => lacks = lacks.or(Some("std_error")),
            ("status", "Ok") if lacks.is_some() => return lacks,
            ("status", _) => lacks = None,
            _ => (),
        }
    }
    None
}

#[test]
fn input_with_nothing_in_it_has_a_status_or_a_refusal() {
    let mut silences = Vec::new();
    for (what, change) in THIN {
        for (name, call) in CALLS {
            let Ok(text) = call(&change(input(12))) else {
                continue;
            };
            if let Some(lacks) = silent(&text) {
                silences.push(format!("{name}, {what}: no {lacks} and the status ok"));
            }
        }
    }
    assert!(silences.is_empty(), "{silences:#?}");
}

#[test]
fn silence_is_seen() {
    assert_eq!(
        silent("{ estimate: 1.0, std_error: NaN, status: NoVariance }"),
        None
    );
    assert_eq!(
        silent(
            "[{ estimate: NaN, status: NoRows }, { estimate: 1.0, std_error: NaN, status: Ok }]"
        ),
        Some("std_error")
    );
}

#[test]
fn ordinary_input_is_refused_by_none() {
    for (name, call) in CALLS {
        let text = call(&input(60)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.contains("0."), "{name}");
        assert_eq!(silent(&text), None, "{name}");
    }
}
