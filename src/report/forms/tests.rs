//! Forms of hand-made results: what the file may say, what cells hold, what is hidden, and the sheets of the workbook.

use super::cell::Cell;
use super::data::FormData;
use super::definition::Forms;
use super::sheet::{Sheet, SheetTable};
use super::workbook::workbook;
use crate::disclosure::*;
use crate::report::page::*;
use crate::report::results::*;
use crate::vocabulary::Vocabulary;

mod files;
mod workbooks;

const RULES: DisclosureRules = DisclosureRules::GUIDELINE;

/// The vocabulary of the sample project.
fn standard() -> Vocabulary {
    Vocabulary::load(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the sample's files")
}

fn forms(text: &str) -> Forms {
    Forms::parse(text, &standard()).expect("forms")
}

/// The forms that come with korabo.
fn shipped() -> Forms {
    forms(include_str!("../../../rules/forms.toml"))
}

fn effect(n: u64) -> EffectGroup {
    let row = EstimateRow {
        estimate: Some(0.02173),
        conf_low: Some(0.0121),
        conf_high: Some(0.0304),
        n_treated: Some(n),
        n_control: Some(1000),
        status: "ok".to_owned(),
        ..EstimateRow::default()
    };
    EffectGroup {
        field: "activity".to_owned(),
        indicator: "exercise_habit".to_owned(),
        population: "employees".to_owned(),
        rows: vec![EffectRow {
            estimator: "callaway_santanna".to_owned(),
            estimate: release_estimate(row, RULES),
        }],
    }
}

fn point(year: i64, series: i64, value: f64, n: u64) -> TrendPoint {
    let numbers = StandardisedLevel {
        value,
        std_error: Some(0.01),
        interval: None,
    };
    let row = LevelRow {
        n: Some(n),
        part: Some(n / 4),
        numbers: Some(numbers),
    };
    TrendPoint {
        year,
        series,
        level: release_levels(&[row], RULES).remove(0),
        national: None,
        tokyo: None,
    }
}

fn spending(n: u64) -> Spending {
    let money = Money {
        cost: Some(1_234_567.4),
        hours: None,
        per_exposed: Some(2469.1),
        per_change: Some(113_620.0),
        per_change_range: None,
    };
    let part = PartOfWhole {
        part: n / 2,
        whole: n,
    };
    Spending {
        field: "activity".to_owned(),
        indicator: "exercise_habit".to_owned(),
        n_programs: 12,
        n_without_cost: 7,
        reached: release_shares(&[part], RULES).remove(0),
        money: release_behind(Some(money), Some(n), RULES),
    }
}

fn results(verdict: &str, n: u64) -> Results {
    let trend = Trend {
        indicator: "exercise_habit".to_owned(),
        points: vec![
            point(2019, 2, 0.2, 1000),
            point(2023, 3, 0.2345, 12),
            point(2024, 3, 0.25049, 1000),
        ],
    };
    Results {
        subject: Some("試験組合".to_owned()),
        vocabulary: standard(),
        provenance: Provenance::default(),
        rules: RULES,
        effects: vec![effect(n)],
        judgements: vec![Judgement {
            field: "activity".to_owned(),
            indicator: "exercise_habit".to_owned(),
            population: "employees".to_owned(),
            verdict: verdict.to_owned(),
            hidden_by: ("陰性対照".to_owned(), "negative controls".to_owned()),
            detectable: Some(0.031),
            is_locked: true,
        }],
        event_studies: Vec::new(),
        primaries: vec!["exercise_habit".to_owned()],
        parts: Vec::new(),
        trends: vec![trend],
        wholes: Vec::new(),
        place_trends: Vec::new(),
        ratings: vec![Rating {
            indicator: "exercise_habit".to_owned(),
            population: "members".to_owned(),
            baseline_year: 2019,
            target_year: 2032,
            target: 0.3,
            latest_year: Some(2024),
            rating: "B*".to_owned(),
        }],
        spending: vec![spending(n)],
        gains: Vec::new(),
        offers: Vec::new(),
        employers: Vec::new(),
        levels: GroupLevels::default(),
        guidance: Vec::new(),
        habits: Vec::new(),
        linkage: Vec::new(),
        places: Vec::new(),
    }
}

/// The one table of a form with these columns.
fn table(results: &Results, rows: &str, fills: &[&str]) -> SheetTable {
    let column = |fill: &&str| match fill.split_once('@') {
        Some((fill, year)) => format!("{{ heading = \"h\", fill = \"{fill}\", year = {year} }}"),
        None => format!("{{ heading = \"h\", fill = \"{fill}\" }}"),
    };
    let columns: Vec<String> = fills.iter().map(column).collect();
    let text = format!(
        "[a]\nsheet = \"a\"\ntitle = \"t\"\nsource = \"s\"\n[[a.blocks]]\nheading = \"b\"\n{rows}\ncolumns = [{}]\n",
        columns.join(", ")
    );
    let forms = forms(&text);
    let sheet = Sheet::of(&forms.forms[0], &FormData::of(results));
    sheet.tables.into_iter().next().expect("a table")
}

/// The cells of the first row.
fn cells(results: &Results, rows: &str, fills: &[&str]) -> Vec<Cell> {
    table(results, rows, fills).rows.remove(0)
}

fn number(value: f64, format: &str) -> Cell {
    Cell::Number {
        value,
        format: format.to_owned(),
    }
}

const FIELDS: &str = "rows = \"fields\"";

const SPENT: [&str; 7] = [
    "summary_program_value.n_programs",
    "summary_program_value.n_exposed",
    "summary_program_value.participation",
    "summary_program_value.cost_yen",
    "summary_program_value.staff_hours",
    "summary_program_value.cost_per_exposed",
    "summary_program_value.cost_per_change",
];

const EFFECT: [&str; 5] = [
    "effect_summary.estimate",
    "effect_summary.conf_low",
    "effect_summary.n_treated",
    "effect_verdicts.verdict",
    "effect_verdicts.detectable",
];

#[test]
fn numbers_have_the_format_of_their_unit_and_the_digits_that_are_shown() {
    let results = results("better", 500);
    let expected = vec![
        number(12.0, "#,##0\"件\""),
        number(500.0, "#,##0\"人\""),
        number(0.5, "0.0%"),
        number(1_234_567.0, "#,##0\"円\""),
        Cell::dash("届いていない"),
        number(2469.0, "#,##0\"円\""),
        number(113_620.0, "#,##0\"円\""),
    ];
    assert_eq!(cells(&results, FIELDS, &SPENT), expected);
    let points = "+#,##0.0\"ポイント\";-#,##0.0\"ポイント\";\"±\"#,##0.0\"ポイント\"";
    let expected = vec![
        number(2.2, points),
        number(1.2, points),
        number(500.0, "#,##0\"人\""),
        Cell::text("意味のある改善"),
        Cell::dash("判定できないときだけ示す"),
    ];
    assert_eq!(cells(&results, FIELDS, &EFFECT), expected);
}

#[test]
fn what_a_gate_hides_is_a_dash_with_its_reason() {
    // As if a table had kept what a gate hides.
    let cells = cells(&results("not_judged", 500), FIELDS, &EFFECT);
    for cell in &cells[..2] {
        assert!(
            matches!(cell, Cell::Dash(why) if why.contains("陰性対照")),
            "{cell:?}"
        );
    }
    assert_eq!(cells[3], Cell::text("判定しない"));
    assert!(matches!(cells[4], Cell::Dash(_)), "{:?}", cells[4]);
}

#[test]
fn few_persons_are_dashes_and_so_is_what_stands_on_them() {
    let results = results("better", 9);
    for (idx, cell) in cells(&results, FIELDS, &SPENT).iter().enumerate().skip(1) {
        assert!(
            matches!(cell, Cell::Dash(why) if why.contains("10人未満")),
            "{idx}: {cell:?}"
        );
    }
    let effect = cells(&results, FIELDS, &EFFECT);
    for cell in &effect[..3] {
        assert!(matches!(cell, Cell::Dash(_)), "{cell:?}");
    }
    assert_eq!(effect[3], Cell::text("非公表"));
}

#[test]
fn a_cost_per_change_needs_a_change_for_the_better() {
    for (verdict, is_shown) in [
        ("better", true),
        ("better_size_open", true),
        ("cannot_tell", false),
        ("no_relevant_effect", false),
        ("worse", false),
        ("not_judged", false),
    ] {
        let cell = cells(&results(verdict, 500), FIELDS, &SPENT[6..]).remove(0);
        assert_eq!(
            matches!(cell, Cell::Number { .. }),
            is_shown,
            "{verdict}: {cell:?}"
        );
    }
    let cell = cells(&results("cannot_tell", 500), FIELDS, &EFFECT[4..]).remove(0);
    assert_eq!(cell, number(3.1, "#,##0.0\"ポイント\""));
}

#[test]
fn levels_are_of_the_column_s_year_where_that_may_be_compared() {
    let levels = cells(
        &results("better", 500),
        "rows = \"indicators\"\nindicators = [\"exercise_habit\"]",
        &[
            "indicators.name",
            "indicator_levels.standardised@0",
            "indicator_levels.standardised@-1",
            "indicator_levels.standardised@2022",
            "indicator_levels.standardised@\"baseline\"",
            "evaluation_ratings.target",
            "evaluation_ratings.rating",
            "summary_program_value.cost_yen",
        ],
    );
    let expected = vec![
        Cell::text("運動習慣のある人の割合"),
        number(0.25, "0.0%"),
        Cell::dash("少人数（10人未満）か、少人数がわかってしまうため示さない"),
        Cell::dash("この年度の値がない"),
        Cell::dash("質問が変わり、最新の年度と比べられない"),
        number(0.3, "0.0%"),
        Cell::text("B*"),
        number(1_234_567.0, "#,##0\"円\""),
    ];
    assert_eq!(levels, expected);
}

#[test]
fn effects_on_others_than_employees_say_so_and_need_an_interval() {
    let mut results = results("better", 500);
    results.effects[0].population = "spouses".to_owned();
    let name = [
        "indicators.name",
        "effect_verdicts.verdict",
        "effect_summary.estimate",
    ];
    let expected = "運動習慣のある人の割合（従業員の配偶者）";
    assert_eq!(cells(&results, FIELDS, &name)[0], Cell::text(expected));
    let row = EstimateRow {
        estimate: Some(0.5),
        n_treated: Some(500),
        status: "ok".to_owned(),
        ..EstimateRow::default()
    };
    results.effects[0].rows[0].estimate = release_estimate(row, RULES);
    let cells = cells(&results, FIELDS, &name);
    assert_eq!(cells[1], Cell::text("推定なし"));
    assert!(matches!(cells[2], Cell::Dash(_)), "{:?}", cells[2]);
}

#[test]
fn rows_are_in_the_order_of_the_file() {
    let rows = "rows = \"indicators\"\nindicators = [\"bmi\", \"has_checkup\", \"exercise_habit\"]";
    let table = table(&results("better", 500), rows, &["indicators.name"]);
    let expected = ["BMI", "健診を受けた人の割合", "運動習慣のある人の割合"];
    let names: Vec<Cell> = table.rows.into_iter().flatten().collect();
    assert_eq!(names, expected.map(Cell::text));
}

#[test]
fn without_programs_there_are_no_rows_of_fields() {
    let insurer = Results {
        effects: Vec::new(),
        spending: Vec::new(),
        ..results("better", 500)
    };
    assert!(table(&insurer, FIELDS, &EFFECT).rows.is_empty());
    let facts = "rows = \"facts\"\nfacts = { programs = \"施策\", linked = \"突合\" }";
    let cells = table(&insurer, facts, &["fact.name", "fact.value"])
        .rows
        .concat();
    assert_eq!(cells[0], Cell::text("施策"));
    assert_eq!(cells[1], Cell::dash("データがない"));
    assert!(workbook(&shipped(), &insurer).expect("a workbook").len() > 5000);
}
