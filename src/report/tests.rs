//! What the report says about hand-made results: wording, escaping, suppression, well-formedness.

use std::collections::BTreeMap;

use super::html::render;
use super::page::*;
use super::text::{Lang, grouped, magnitude, short_count, signed};
use crate::disclosure::*;
use crate::vocabulary::{Unit, Vocabulary};

mod analyst;
mod judged;
mod kinds;
mod many;
mod standings;

const RULES: DisclosureRules = DisclosureRules::GUIDELINE;

fn estimate(value: f64, low: f64, high: f64, n: u64) -> Releasable<ReleasedEstimate> {
    let row = EstimateRow {
        estimate: Some(value),
        conf_low: Some(low),
        conf_high: Some(high),
        band_low: Some(low - (high - low) / 4.0),
        band_high: Some(high + (high - low) / 4.0),
        n_treated: Some(n),
        n_control: Some(1000),
        status: "ok".to_owned(),
        ..EstimateRow::default()
    };
    release_estimate(row, RULES)
}

fn group(indicator: &str, causal: Releasable<ReleasedEstimate>, naive: f64) -> EffectGroup {
    let row = |estimator: &str, estimate| EffectRow {
        estimator: estimator.to_owned(),
        estimate,
    };
    EffectGroup {
        field: "activity".to_owned(),
        indicator: indicator.to_owned(),
        population: "employees".to_owned(),
        rows: vec![
            row(
                "participants_vs_non",
                estimate(naive, naive - 0.01, naive + 0.01, 500),
            ),
            row("twfe", estimate(0.5, 0.4, 0.6, 500)),
            row("callaway_santanna", causal),
        ],
    }
}

/// The vocabulary of the sample project.
fn standard() -> Vocabulary {
    Vocabulary::load(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the sample's files")
}

fn empty_page() -> Page {
    Page {
        title: None,
        subject: None,
        vocabulary: standard(),
        provenance: Provenance::default(),
        rules: RULES,
        plans: Vec::new(),
        deliveries: Vec::new(),
        rejects: Vec::new(),
        linkage: Vec::new(),
        flow: Vec::new(),
        flow_groups: Vec::new(),
        flow_effects: Vec::new(),
        effects: Vec::new(),
        judgements: Vec::new(),
        event_studies: Vec::new(),
        balance: Vec::new(),
        robustness: Vec::new(),
    }
}

fn event_study(indicator: &str, before: f64, n: u64) -> EventStudy {
    let point = |event_time, value: f64| EventPoint {
        event_time,
        estimate: estimate(value, value - 0.005, value + 0.005, n),
    };
    EventStudy {
        field: "activity".to_owned(),
        indicator: indicator.to_owned(),
        population: "employees".to_owned(),
        points: vec![
            point(-2, before),
            point(-1, 0.0),
            point(0, 0.02),
            point(1, 0.03),
        ],
    }
}

/// A text without what keeps a range on one line.
fn breakable(text: &str) -> String {
    text.replace('\u{2060}', "").replace('\u{a0}', " ")
}

#[track_caller]
fn check_sentence(group: EffectGroup, expected_ja: &str, expected_en: &str) {
    let page = Page {
        effects: vec![group],
        ..empty_page()
    };
    for (lang, expected) in [(Lang::Ja, expected_ja), (Lang::En, expected_en)] {
        let html = render(&page, lang);
        let start = html
            .find("<p class=\"sentence\">")
            .expect("a summary sentence");
        let text = &html[start + 20..];
        let text = &text[..text.find("</p>").expect("an end")];
        assert_eq!(breakable(text), expected);
    }
}

#[test]
fn an_increase_is_said_in_points_with_the_naive_number_beside_it() {
    check_sentence(
        group("exercise_habit", estimate(0.021, 0.012, 0.030, 500), 0.068),
        "身体活動・運動の施策の対象となった従業員では、運動習慣のある人の割合が2.1ポイント増えた\
         （95%信頼区間 +1.2～+3.0）。意味のある大きさかどうかは、まだ言えない。参加者と非参加者を比べるだけだと\
         +6.8ポイントと見えるが、参加を選ぶ人がもともと違うためで、施策の効果ではない。",
        "Physical activity: among employees who were offered a program, the share who exercise \
         regularly rose by 2.1 percentage points (95% CI +1.2 to +3.0). Whether that is enough to \
         matter is open. Comparing participants with others would have shown +6.8 percentage points: people who choose to \
         take part differ to begin with, and that is no effect of the program.",
    );
}

#[test]
fn an_interval_around_zero_cannot_tell() {
    check_sentence(
        group(
            "yen_total",
            estimate(-1234.4, -5566.0, 3098.0, 500),
            -23344.0,
        ),
        "身体活動・運動の施策の対象となった従業員では、年間医療費への効果があるともないとも言えない\
         （推定 −1,234円、95%信頼区間 −5,566～+3,098）。参加者と非参加者を比べるだけだと\
         −23,344円と見えるが、参加を選ぶ人がもともと違うためで、施策の効果ではない。",
        "Physical activity: among employees who were offered a program, health-care cost per year: \
         whether there is an effect cannot be told (estimate −1,234 yen; 95% CI −5,566 to +3,098). Comparing participants with \
         others would have shown −23,344 yen: people who choose to take part differ to begin with, and that is no effect of the \
         program.",
    );
}

#[test]
fn the_good_side_of_zero_depends_on_the_indicator() {
    let badge = |indicator: &str| {
        let effects = vec![group(indicator, estimate(0.03, 0.02, 0.04, 500), 0.05)];
        let html = render(
            &Page {
                effects,
                ..empty_page()
            },
            Lang::Ja,
        );
        ["改善（大きさ未確定）", "悪化", "変化あり"]
            .into_iter()
            .find(|word| html.contains(&format!("\">{word}</span></header>")))
    };
    assert_eq!(badge("exercise_habit"), Some("改善（大きさ未確定）"));
    assert_eq!(badge("current_smoker"), Some("悪化"));
    assert_eq!(badge("score_of_our_own"), Some("変化あり"));
}

#[test]
fn a_difference_before_the_start_forbids_reading_an_effect() {
    let page = |before| Page {
        effects: vec![group(
            "exercise_habit",
            estimate(0.021, 0.012, 0.030, 500),
            0.068,
        )],
        event_studies: vec![event_study("exercise_habit", before, 500)],
        ..empty_page()
    };
    let html = render(&page(-0.03), Lang::Ja);
    assert!(html.contains("効果と読むことはできない"));
    assert!(!html.contains("増えた"));
    let html = render(&page(0.005), Lang::Ja);
    assert!(html.contains("2.1ポイント増えた"));
}

#[test]
fn numbers_are_printed_with_sign_unit_and_separators() {
    assert_eq!(grouped(1_234_567), "1,234,567");
    assert_eq!(grouped(999), "999");
    assert_eq!(signed(-0.0213, &Unit::Share), "−2.1");
    assert_eq!(signed(12_345.6, &Unit::Yen), "+12,346");
    assert_eq!(signed(-0.001, &Unit::Kilogram), "±0.00");
    assert_eq!(magnitude(-1.256, &Unit::Kilogram), "1.26");
    let n = Count::Shown(12_999);
    assert_eq!(short_count(n, RULES, Lang::Ja), "1.2万");
    assert_eq!(short_count(n, RULES, Lang::En), "12k");
}

fn balance_row(covariate: &str, level: &str, is_adjusted: bool, smd: f64, n: u64) -> CovariateRow {
    let is_share = !level.is_empty() || covariate == "female";
    let cell = BalanceRow {
        numbers: BalanceNumbers {
            mean_treated: if is_share { 0.5 } else { 45.0 },
            mean_control: if is_share { 0.4 } else { 44.0 },
            smd: Some(smd),
        },
        is_share,
        n_treated: n,
        n_control: 1000,
    };
    CovariateRow {
        covariate: covariate.to_owned(),
        level: level.to_owned(),
        is_adjusted,
        is_share,
        numbers: release_balance(&[cell], RULES).remove(0),
    }
}

fn balance(rows: Vec<CovariateRow>) -> Balance {
    Balance {
        field: "activity".to_owned(),
        population: "employees".to_owned(),
        rows,
    }
}

/// The group's causal estimate (0.021, from 0.012 to 0.030) beside `other` by imputation.
fn robustness(other: f64, n: u64) -> EffectGroup {
    let row = |estimator: &str, estimate| EffectRow {
        estimator: estimator.to_owned(),
        estimate,
    };
    EffectGroup {
        rows: vec![
            row("callaway_santanna", estimate(0.021, 0.012, 0.030, n)),
            row("did_imputation", estimate(other, 0.0, 0.1, n)),
        ],
        ..group("exercise_habit", estimate(0.0, 0.0, 0.0, n), 0.0)
    }
}

/// The lines under the card of a page with this balance and these other estimates.
fn lines(balance: Balance, robustness: EffectGroup, lang: Lang) -> String {
    let effects = vec![group(
        "exercise_habit",
        estimate(0.021, 0.012, 0.030, 500),
        0.068,
    )];
    let page = Page {
        effects,
        balance: vec![balance],
        robustness: vec![robustness],
        ..empty_page()
    };
    let html = render(&page, lang);
    assert_balanced(&html);
    let start = html
        .find("<dl class=\"checks\">")
        .expect("lines under the card");
    let text = &html[start..];
    text[..text.find("</dl>").expect("an end")].to_owned()
}

#[test]
fn groups_that_differ_are_called_out_with_what_it_means() {
    let alike = || balance_row("female", "", true, -0.03, 500);
    let check = |rows, lang, expected: &[&str]| {
        let text = lines(balance(rows), robustness(0.02, 500), lang);
        for part in expected {
            assert!(text.contains(part), "`{part}` is not in {text}");
        }
    };
    check(
        vec![alike(), balance_row("age", "", true, 0.1, 500)],
        Lang::En,
        &["None of 2 characteristics differs", "largest: Age, +0.10"],
    );
    check(
        vec![alike(), balance_row("age", "", true, 0.11, 500)],
        Lang::En,
        &[
            "1 of 2 characteristics differ",
            "The estimate is adjusted for this.",
        ],
    );
    check(
        vec![alike(), balance_row("size_band", "2", false, -0.25, 500)],
        Lang::Ja,
        &[
            "2項目のうち1項目で標準化差が0.1を超える",
            "事業所規模：10–49人の−0.25",
            "推定を偏らせる",
        ],
    );
}

#[test]
fn other_estimators_are_said_to_agree_only_within_the_interval() {
    let text = |other| {
        let rows = vec![balance_row("female", "", true, -0.03, 500)];
        lines(balance(rows), robustness(other, 500), Lang::En)
    };
    assert!(text(0.029).contains("All lie within the causal estimate’s interval"));
    assert!(text(0.031).contains("depends on the estimator"));
}

#[test]
fn diagnostics_of_few_people_are_kept_back() {
    let rows = vec![
        balance_row("age", "", true, 0.77, 9),
        balance_row("size_band", "2", false, 0.66, 12),
        balance_row("bmi", "", false, 0.05, 500),
    ];
    let page = Page {
        effects: vec![group(
            "exercise_habit",
            estimate(0.021, 0.012, 0.030, 500),
            0.068,
        )],
        balance: vec![balance(rows)],
        robustness: vec![robustness(0.088, 9)],
        ..empty_page()
    };
    for lang in [Lang::Ja, Lang::En] {
        let html = render(&page, lang);
        assert!(html.contains("+0.05"));
        for hidden in ["+0.77", "+0.66", "+8.8"] {
            assert!(!html.contains(hidden), "{hidden} is shown");
        }
    }
}

/// A page in which every count of people is from 1 to 9, in every section.
fn small_page() -> Page {
    let counts = release_counts(&[7, 3], RULES);
    let one = |n| release_count(n, RULES);
    let linked = release_shares(&[PartOfWhole { part: 5, whole: 8 }], RULES);
    Page {
        deliveries: vec![DeliveryRow {
            table: "members".to_owned(),
            holder: "h".to_owned(),
            n_files: 20,
            rows_in: one(9),
            rows_accepted: counts[0].clone(),
            rows_rejected: counts[1].clone(),
        }],
        rejects: vec![RejectRow {
            table: "members".to_owned(),
            column: "sex".to_owned(),
            rule: "code".to_owned(),
            n_rows: one(4),
        }],
        linkage: vec![LinkageRow {
            side: "insurer".to_owned(),
            dimension: "sex".to_owned(),
            level: "male".to_owned(),
            matched: linked[0].clone(),
        }],
        flow: release_flow(&[8, 6, 2], RULES)
            .into_iter()
            .map(|counts| FlowStep {
                step: "members".to_owned(),
                counts,
            })
            .collect(),
        flow_groups: vec![FlowGroup {
            group: "exposed".to_owned(),
            n: one(2),
        }],
        flow_effects: vec![FlowGroup {
            group: "effect_employees".to_owned(),
            n: one(3),
        }],
        effects: vec![group("exercise_habit", estimate(0.77, 0.7, 0.8, 6), 0.068)],
        event_studies: vec![event_study("exercise_habit", 0.77, 6)],
        balance: vec![balance(vec![
            balance_row("age", "", true, 0.77, 6),
            balance_row("industry_code", "E", false, 0.77, 6),
        ])],
        robustness: vec![robustness(0.77, 6)],
        ..empty_page()
    }
}

#[test]
fn no_small_count_and_no_estimate_on_few_people_appears() {
    for lang in [Lang::Ja, Lang::En] {
        let html = render(&small_page(), lang);
        let mut n_cells = 0;
        for cell in cells_of_class_n(&html) {
            n_cells += 1;
            for number in cell.split(|c: char| !c.is_ascii_digit() && c != '<') {
                let number = number.trim_start_matches(|c: char| c != '<' && !c.is_ascii_digit());
                let is_small = number.len() == 1 && number != "0";
                assert!(!is_small, "a small count in `{cell}`");
            }
        }
        assert!(n_cells >= 14, "only {n_cells} cells with counts were found");
        assert!(!html.contains("+77.0"), "an estimate on 6 people is shown");
        assert!(html.contains("&lt;10"));
    }
}

/// The texts of all elements whose class list holds `n`.
fn cells_of_class_n(html: &str) -> Vec<String> {
    let mut cells = Vec::new();
    for (at, _) in html.match_indices("class=\"") {
        let classes = &html[at + 7..];
        let classes = &classes[..classes.find('"').expect("a closing quote")];
        if !classes.split(' ').any(|class| class == "n") {
            continue;
        }
        let text = &html[at..];
        let from = text.find('>').expect("an end of the tag") + 1;
        let to = text.find("</").expect("a closing tag");
        cells.push(text[from..to].replace("&lt;", "<"));
    }
    cells
}

#[test]
fn every_name_is_escaped() {
    let attack = "<script>alert('x')</script>\"&";
    let mut page = small_page();
    page.title = Some(attack.to_owned());
    page.subject = Some(attack.to_owned());
    page.deliveries[0].holder = attack.to_owned();
    page.rejects[0].rule = attack.to_owned();
    page.linkage[0].level = attack.to_owned();
    page.flow[0].step = attack.to_owned();
    page.effects[0].field = attack.to_owned();
    page.effects[0].indicator = attack.to_owned();
    page.event_studies[0].indicator = attack.to_owned();
    page.balance[0].field = attack.to_owned();
    page.balance[0].population = attack.to_owned();
    page.balance[0].rows[0].covariate = attack.to_owned();
    page.balance[0].rows[1].level = attack.to_owned();
    page.robustness[0].field = attack.to_owned();
    page.robustness[0].rows[0].estimator = attack.to_owned();
    let html = render(&page, Lang::Ja);
    assert!(!html.contains("<script"));
    assert!(html.matches("&lt;script&gt;").count() >= 13);
    assert_balanced(&html);
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_nothing_runs() {
    let html = render(&small_page(), Lang::Ja);
    for forbidden in [
        "http://", "https://", "src=", "@import", "url(", "<script", "onclick",
    ] {
        assert!(!html.contains(forbidden), "`{forbidden}` in the page");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn sections_without_data_are_left_out() {
    let html = render(&empty_page(), Lang::Ja);
    assert!(html.contains("表示できる結果はまだない"));
    assert!(!html.contains("id=\"flow\"") && !html.contains("id=\"summary\""));
    let effects = vec![group(
        "exercise_habit",
        estimate(0.02, 0.01, 0.03, 500),
        0.05,
    )];
    let html = render(
        &Page {
            effects,
            ..empty_page()
        },
        Lang::En,
    );
    assert!(html.contains("id=\"summary\"") && html.contains("id=\"effects\""));
    assert!(!html.contains("id=\"linkage\"") && !html.contains("id=\"event-studies\""));
    assert!(html.contains("<html lang=\"en\">"));
}

#[test]
fn html_and_svg_are_well_formed() {
    for page in [empty_page(), small_page()] {
        for lang in [Lang::Ja, Lang::En] {
            assert_balanced(&render(&page, lang));
        }
    }
    let page = Page {
        event_studies: vec![event_study("bmi", 0.1, 50_000)],
        ..empty_page()
    };
    let html = render(&page, Lang::Ja);
    assert_balanced(&html);
    assert!(html.contains("role=\"img\"") && html.contains("<desc>"));
    assert!(!html.contains("NaN") && !html.contains("inf"));
}

#[test]
fn one_point_at_zero_still_draws_finite_coordinates() {
    let mut study = event_study("bmi", 0.0, 500);
    study.points.truncate(1);
    study.points[0].estimate = estimate(0.0, 0.0, 0.0, 500);
    let html = render(
        &Page {
            event_studies: vec![study],
            ..empty_page()
        },
        Lang::En,
    );
    assert!(html.contains("<svg") && !html.contains("NaN"));
}

/// Every element is closed in order; void elements are those of HTML.
#[track_caller]
fn assert_balanced(html: &str) {
    let voids = ["meta", "br", "hr", "img", "input", "link"];
    let body = &html[html.find("<html").expect("an html element")..];
    let mut open: Vec<&str> = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for part in body.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("every tag ends");
        let name = tag.split([' ', '>']).next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "closing `{closed}`"),
            None if voids.contains(&name) => {}
            None => {
                *seen.entry(name).or_default() += 1;
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "still open: {open:?}");
    assert!(seen.contains_key("body"));
}
