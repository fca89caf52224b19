//! What the report says of effects that a plan judges.

use super::*;

/// The page of one effect that a plan judges, in English.
fn judged(verdict: &str, causal: Releasable<ReleasedEstimate>, naive: f64) -> String {
    let judgement = Judgement {
        field: "activity".to_owned(),
        indicator: "exercise_habit".to_owned(),
        population: "employees".to_owned(),
        verdict: verdict.to_owned(),
        hidden_by: (
            "曝露前の動き".to_owned(),
            "Movement before exposure".to_owned(),
        ),
        detectable: Some(0.041),
        is_locked: true,
    };
    let page = Page {
        effects: vec![group("exercise_habit", causal, naive)],
        judgements: vec![judgement],
        ..empty_page()
    };
    breakable(&render(&page, Lang::En))
}

#[test]
fn each_verdict_has_words_of_its_own() {
    let found = || estimate(0.021, 0.012, 0.030, 500);
    let open = || estimate(0.021, -0.012, 0.054, 500);
    for (verdict, causal, badge, words) in [
        (
            "better",
            found(),
            "Improved",
            "rose by 2.1 percentage points (95% CI +1.2 to +3.0). Comparing",
        ),
        (
            "better_size_open",
            found(),
            "Improved, size open",
            "Whether that is enough to matter is open.",
        ),
        (
            "worse",
            estimate(-0.021, -0.03, -0.012, 500),
            "Worsened",
            "fell by 2.1 percentage points",
        ),
        (
            "no_relevant_effect",
            open(),
            "No relevant effect",
            "it is too small to matter (estimate +2.1",
        ),
        (
            "cannot_tell",
            open(),
            "Cannot tell",
            "An effect below 4.1 percentage points would not have been seen.",
        ),
        // The interval of several indicators together is wider than the one that is shown.
        (
            "cannot_tell",
            found(),
            "Cannot tell",
            "whether there is an effect cannot be told",
        ),
    ] {
        let html = judged(verdict, causal, 0.068);
        assert!(
            html.contains(&format!("\">{badge}</span></header>")),
            "{verdict}"
        );
        assert!(html.contains(words), "{verdict}: {words}");
    }
}

#[test]
fn what_a_gate_hides_has_a_reason_and_no_number() {
    let row = EstimateRow {
        n_treated: Some(500),
        n_control: Some(1000),
        status: "blinded".to_owned(),
        ..EstimateRow::default()
    };
    let html = judged("not_judged", release_estimate(row, RULES), 0.068);
    assert!(html.contains("\">Not judged</span></header>"));
    assert!(html.contains("not judged, and no number is shown (Movement before exposure)."));
    // What small cells withhold stays withheld, whatever the verdict.
    let html = judged("better", estimate(0.021, 0.012, 0.03, 3), 0.068);
    assert!(html.contains("\">Withheld</span></header>"));
}

#[test]
fn a_naive_number_is_called_different_only_beyond_chance() {
    let cases = [
        (
            estimate(0.021, 0.012, 0.030, 500),
            0.025,
            ", which lies within the interval of the effect.",
        ),
        (
            estimate(0.021, 0.012, 0.030, 500),
            -0.068,
            ", in the opposite direction: people who choose",
        ),
    ];
    for (causal, naive, expected) in cases {
        assert!(
            judged("better", causal, naive).contains(expected),
            "{naive}"
        );
    }
    // Neither is told from zero: there is nothing to compare.
    let mut noise = group("exercise_habit", estimate(0.021, -0.012, 0.054, 500), 0.0);
    noise.rows[0].estimate = estimate(-0.005, -0.02, 0.01, 500);
    let page = Page {
        effects: vec![noise],
        ..empty_page()
    };
    assert!(!render(&page, Lang::En).contains("Comparing participants"));
}
