//! The analyst's page: plans and gates, what comes first, what is beside what.

use super::*;

fn gate(gate: &str, result: &str, statistic: Option<f64>, n: u64) -> GateResult {
    GateResult {
        gate: gate.to_owned(),
        title: (format!("{gate}の門"), format!("gate of {gate}")),
        result: result.to_owned(),
        statistic: release_behind(statistic, Some(n), RULES),
    }
}

fn plan(name: &str, verdict: &str, n: u64) -> Plan {
    let numbers = JudgedNumbers {
        estimate: 0.021,
        interval: Interval {
            low: 0.012,
            high: 0.030,
        },
    };
    Plan {
        name: name.to_owned(),
        question: (format!("{name}は効くか"), format!("does {name} help")),
        is_locked: true,
        deviations: String::new(),
        answers: vec![Answer {
            indicator: "exercise_habit".to_owned(),
            population: "employees".to_owned(),
            is_primary: true,
            verdict: verdict.to_owned(),
            numbers: release_behind(Some(numbers), Some(n), RULES),
            gates: vec![
                gate("balance", "pass", Some(0.04), n),
                gate("attrition", "warn", Some(0.0321), n),
                gate("pre_trend", "blind", Some(1.234), n),
                gate("run_out", "not_applicable", None, n),
            ],
        }],
    }
}

fn section<'page>(html: &'page str, id: &str) -> &'page str {
    let start = html.find(&format!("<section id=\"{id}\">"));
    let rest = &html[start.expect("the section")..];
    &rest[..rest.find("</section>").expect("its end")]
}

#[test]
fn plans_are_listed_with_the_most_telling_verdict_first() {
    let page = Page {
        plans: vec![plan("a", "cannot_tell", 500), plan("b", "better", 500)],
        ..empty_page()
    };
    let html = render(&page, Lang::En);
    assert_balanced(&html);
    let plans = breakable(section(&html, "plans"));
    let place = |text: &str| plans.find(text).expect("in the table");
    assert!(place("does b help") < place("does a help"));
    assert!(plans.contains("+2.1 (+1.2 to +3.0) pp"), "{plans}");
    assert!(plans.contains("Cannot tell") && plans.contains("Improved"));
}

#[test]
fn gates_say_what_warns_and_what_hides() {
    let page = Page {
        plans: vec![plan("a", "not_judged", 500)],
        ..empty_page()
    };
    for (lang, title) in [(Lang::Ja, "balanceの門"), (Lang::En, "gate of balance")] {
        let html = render(&page, lang);
        let gates = section(&html, "gates");
        assert!(gates.contains(title));
        for cell in [
            "<td class=\"num\">0.04</td>",
            "<td class=\"num warn\">！0.03</td>",
            "<td class=\"num blind\">✕1.23</td>",
            "<td class=\"num\">–</td>",
        ] {
            assert!(gates.contains(cell), "{cell} is not in {gates}");
        }
    }
}

#[test]
fn plans_on_few_people_show_neither_estimate_nor_statistic() {
    let page = Page {
        plans: vec![plan("a", "cannot_tell", 9)],
        ..empty_page()
    };
    let html = render(&page, Lang::En);
    for hidden in ["+2.1", "0.04", "0.03", "1.23"] {
        let body = &html[html.find("<main>").expect("a body")..];
        assert!(!body.contains(hidden), "{hidden} is shown");
    }
}

#[test]
fn fixed_effects_and_standardised_differences_are_in_the_details_only() {
    let page = Page {
        effects: vec![group("bmi", estimate(-0.3, -0.5, -0.1, 500), -0.4)],
        balance: vec![balance(vec![balance_row("age", "", true, 0.25, 500)])],
        ..empty_page()
    };
    let html = render(&page, Lang::En);
    let summary = section(&html, "summary");
    assert!(!summary.contains("Two-way") && !summary.contains("tandardised"));
    let effects = section(&html, "effects");
    let (shown, details) = effects
        .split_once("<div class=\"more\">")
        .expect("the details");
    assert!(!shown.contains("Two-way"));
    assert!(details.contains("Two-way fixed effects") && details.contains("+0.25"));
}

#[test]
fn fields_come_in_the_order_of_what_they_tell() {
    let of = |field: &str, causal| EffectGroup {
        field: field.to_owned(),
        ..group("exercise_habit", causal, 0.068)
    };
    let page = Page {
        effects: vec![
            of("nutrition", estimate(0.01, -0.02, 0.04, 500)),
            of("activity", estimate(0.021, 0.012, 0.030, 500)),
        ],
        ..empty_page()
    };
    let html = render(&page, Lang::En);
    for id in ["summary", "effects"] {
        let section = section(&html, id);
        let place = |text: &str| section.find(text).expect("a field");
        assert!(place("Physical activity") < place("Nutrition"));
    }
}

#[test]
fn noise_is_not_compared_with_noise() {
    let sentence = |naive: Releasable<ReleasedEstimate>| {
        let mut group = group("exercise_habit", estimate(0.01, -0.02, 0.04, 500), 0.0);
        group.rows[0].estimate = naive;
        let html = render(
            &Page {
                effects: vec![group],
                ..empty_page()
            },
            Lang::En,
        );
        let rest = html.split("<p class=\"sentence\">").nth(1);
        let text = rest.expect("a sentence").split("</p>").next();
        text.expect("its end").to_owned()
    };
    let noise = sentence(estimate(-0.01, -0.05, 0.03, 500));
    assert!(!noise.contains("Comparing participants"), "{noise}");
    let seen = sentence(estimate(0.09, 0.08, 0.10, 500));
    assert!(
        seen.contains("people who choose to take part differ"),
        "{seen}"
    );
}

#[test]
fn what_chance_explains_is_given_no_cause() {
    let mut group = group("exercise_habit", estimate(0.021, 0.012, 0.030, 500), 0.0);
    group.rows[0].estimate = estimate(0.05, -0.01, 0.11, 500);
    let page = Page {
        effects: vec![group],
        ..empty_page()
    };
    let html = render(&page, Lang::En);
    assert!(html.contains("which chance does not tell apart from the effect"));
    assert!(!html.contains("people who choose to take part differ"));
}

#[test]
fn no_range_breaks_in_the_middle() {
    let page = Page {
        effects: vec![group("bmi", estimate(-0.3, -0.5, -0.1, 500), -0.4)],
        event_studies: vec![event_study("bmi", 0.0, 500)],
        plans: vec![plan("a", "better", 500)],
        robustness: vec![robustness(0.02, 500)],
        ..empty_page()
    };
    let ja = render(&page, Lang::Ja);
    let body = &ja[ja.find("<main>").expect("a body")..];
    let mut n_ranges = 0;
    for (at, _) in body.match_indices('～') {
        let after = body[at..].trim_start_matches(['～', '\u{2060}']);
        if after.starts_with(['+', '−', '±']) {
            n_ranges += 1;
            assert!(body[..at].ends_with('\u{2060}'), "a range breaks");
        }
    }
    assert!(n_ranges >= 8, "{n_ranges}");
    assert!(!body.contains(" … "));
}
