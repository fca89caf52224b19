//! Pages for boards, employers and municipalities of hand-made results: wording, refusals, what is hidden.

use super::*;
use crate::report::results::*;
use crate::report::{Document, Refusal, ReportKind, Subject, documents};

/// A level of a share that so many of `n` have.
fn share(n: u64, with: u64) -> Releasable<Level<f64>> {
    let value = f64::from(u32::try_from(with).expect("small"))
        / f64::from(u32::try_from(n).expect("small"));
    let row = LevelRow {
        n: Some(n),
        part: Some(with),
        numbers: Some(value),
    };
    release_levels(&[row], RULES).remove(0)
}

pub(super) fn group_level(n: u64, with: u64) -> GroupLevel {
    let years = vec![YearLevel {
        year: 2024,
        level: share(n, with),
    }];
    GroupLevel {
        indicators: [("exercise_habit".to_owned(), years)].into(),
    }
}

pub(super) fn employer(id: &str, n: u64) -> Employer {
    Employer {
        id: id.to_owned(),
        year: 2024,
        n_insured: release_count(n, RULES),
        size_band: "3".to_owned(),
        industry: "E".to_owned(),
    }
}

fn point(year: i64, series: i64, value: f64, national: Option<f64>) -> TrendPoint {
    let numbers = StandardisedLevel {
        value,
        std_error: Some(0.01),
        interval: Some(Interval {
            low: value - 0.02,
            high: value + 0.02,
        }),
    };
    let row = LevelRow {
        n: Some(1000),
        part: Some(250),
        numbers: Some(numbers),
    };
    TrendPoint {
        year,
        series,
        level: release_levels(&[row], RULES).remove(0),
        national,
        tokyo: None,
    }
}

fn judgement(verdict: &str) -> Judgement {
    Judgement {
        field: "activity".to_owned(),
        indicator: "exercise_habit".to_owned(),
        population: "employees".to_owned(),
        verdict: verdict.to_owned(),
        hidden_by: ("陰性対照".to_owned(), "negative controls".to_owned()),
        detectable: Some(0.031),
        is_locked: true,
    }
}

pub(super) fn results(verdict: &str) -> Results {
    let levels = [
        ("all", vec![("all", group_level(1000, 250))]),
        (
            "employer",
            vec![("1", group_level(100, 60)), ("2", group_level(40, 20))],
        ),
        ("size_band", vec![("3", group_level(600, 150))]),
        (
            "municipality",
            vec![
                ("13101", group_level(300, 80)),
                ("13102", group_level(5, 2)),
            ],
        ),
    ];
    let named = |groups: Vec<(&str, GroupLevel)>| {
        let groups = groups.into_iter();
        groups
            .map(|(level, group)| (level.to_owned(), group))
            .collect()
    };
    let levels = levels.map(|(by, groups)| (by.to_owned(), named(groups)));
    let trend = Trend {
        indicator: "exercise_habit".to_owned(),
        points: vec![point(2019, 3, 0.20, None), point(2024, 3, 0.25, Some(0.30))],
    };
    Results {
        subject: Some("試験組合".to_owned()),
        vocabulary: standard(),
        provenance: Provenance::default(),
        rules: RULES,
        effects: vec![group(
            "exercise_habit",
            estimate(0.0217, 0.012, 0.030, 500),
            0.068,
        )],
        judgements: vec![judgement(verdict)],
        event_studies: Vec::new(),
        primaries: vec!["exercise_habit".to_owned()],
        parts: Vec::new(),
        trends: vec![trend.clone()],
        wholes: vec![trend],
        place_trends: Vec::new(),
        ratings: Vec::new(),
        spending: Vec::new(),
        gains: Vec::new(),
        offers: Vec::new(),
        employers: vec![employer("1", 100), employer("2", 40)],
        levels: GroupLevels {
            groups: levels.into_iter().collect(),
        },
        guidance: Vec::new(),
        habits: Vec::new(),
        linkage: Vec::new(),
        places: Vec::new(),
    }
}

fn pages(results: &Results, kind: ReportKind, subject: &Subject, lang: Lang) -> Vec<Document> {
    documents(results, (kind, subject), lang).expect("pages")
}

/// All pages there are, in both languages.
fn all_pages(results: &Results) -> Vec<Document> {
    let asked = [
        (ReportKind::Board, Subject::All),
        (ReportKind::Employer, Subject::Each),
        (ReportKind::Municipality, Subject::All),
        (ReportKind::Municipality, Subject::Each),
    ];
    let both = |(kind, subject): &(ReportKind, Subject)| {
        let mut found = pages(results, *kind, subject, Lang::Ja);
        found.extend(pages(results, *kind, subject, Lang::En));
        found
    };
    asked.iter().flat_map(both).collect()
}

/// The text of a page without tags and without what is not shown.
fn text(html: &str) -> String {
    let body = html.split_once("<body>").map_or(html, |(_, body)| body);
    let parts = body.split('<');
    parts
        .map(|part| part.split('>').next_back().unwrap_or(""))
        .collect()
}

#[test]
fn an_employer_below_50_is_refused_and_has_no_page() {
    let results = results("better_size_open");
    let one = |id: &str| {
        documents(
            &results,
            (ReportKind::Employer, &Subject::One(id.to_owned())),
            Lang::Ja,
        )
    };
    assert_eq!(one("2"), Err(Refusal::FewInsured { id: "2".to_owned() }));
    assert!(one("2").unwrap_err().is_disclosure());
    let unknown = one("3").unwrap_err();
    assert!(unknown.is_usage());
    assert_eq!(
        unknown.to_string(),
        "the results know no employer `3`; there are 1"
    );
    let each = pages(&results, ReportKind::Employer, &Subject::Each, Lang::Ja);
    let names: Vec<&str> = each.iter().map(|page| page.name.as_str()).collect();
    assert_eq!(names, ["1.html", "index.html"]);
    let few = Results {
        employers: vec![employer("2", 40)],
        ..results
    };
    let each = documents(&few, (ReportKind::Employer, &Subject::Each), Lang::Ja);
    assert_eq!(each, Err(Refusal::NoEmployer));
}

#[test]
fn a_municipality_of_few_is_refused() {
    let results = results("cannot_tell");
    let one = |code: &str| {
        let subject = Subject::One(code.to_owned());
        documents(&results, (ReportKind::Municipality, &subject), Lang::Ja)
    };
    assert!(one("13102").unwrap_err().is_disclosure());
    assert!(one("13999").unwrap_err().is_usage());
    assert_eq!(one("13101").unwrap()[0].name, "13101.html");
}

#[test]
fn blinded_numbers_are_on_no_page() {
    // As if a table had kept what a gate hides.
    let pages = all_pages(&results("not_judged"));
    assert!(pages.len() > 8, "{}", pages.len());
    for page in &pages {
        for number in ["2.2", "1.2～", "3.0%", "+3.0", "3.1"] {
            assert!(
                !text(&page.html).contains(number),
                "{} shows {number}",
                page.name
            );
        }
    }
    let board = &pages[0].html;
    assert!(board.contains("判定しない") && board.contains("陰性対照"));
}

#[test]
fn no_relevant_effect_and_cannot_tell_share_no_word() {
    let board = |verdict: &str| {
        let results = results(verdict);
        text(&pages(&results, ReportKind::Board, &Subject::All, Lang::Ja)[0].html)
    };
    let (none, open) = (board("no_relevant_effect"), board("cannot_tell"));
    assert!(none.contains("意味のある効果がなかった") && none.contains("意味のある効果なし"));
    assert!(!none.contains("判定できない"));
    assert!(open.contains("判定できない") && !open.contains("意味のある効果な"));
    assert!(open.contains("（3.1ポイント）") && open.contains("この人数では見えない"));
}

#[test]
fn an_employer_reads_no_method_words_outside_the_notes() {
    for verdict in [
        "better",
        "cannot_tell",
        "not_judged",
        "no_relevant_effect",
        "worse",
    ] {
        let results = results(verdict);
        let page = &pages(
            &results,
            ReportKind::Employer,
            &Subject::One("1".to_owned()),
            Lang::Ja,
        )[0];
        let before_notes = page.html.split("id=\"notes\"").next().unwrap();
        let said = text(before_notes);
        for word in [
            "信頼区間",
            "推定",
            "差の差",
            "共変量",
            "有意",
            "標準誤差",
            "検定",
            "陰性対照",
        ] {
            assert!(!said.contains(word), "{verdict}: {word}");
        }
    }
}

#[test]
fn an_employer_is_compared_where_chance_does_not_explain() {
    let results = results("better");
    let page = &pages(
        &results,
        ReportKind::Employer,
        &Subject::One("1".to_owned()),
        Lang::Ja,
    )[0];
    let said = text(&page.html);
    assert!(said.contains("60.0%") && said.contains("▲ 良い"), "{said}");
    assert!(said.contains("運動習慣のある人の割合が2.2ポイント増えました"));
}

#[test]
fn withheld_numbers_are_dashes() {
    let withheld = LevelRow::<f64> {
        n: None,
        part: None,
        numbers: Some(0.4),
    };
    let level = release_levels(&[withheld], RULES).remove(0);
    assert_eq!(level.value().n, Count::Withheld);
    assert_eq!(level.value().numbers, None);
    let mut results = results("better");
    let years = vec![YearLevel { year: 2024, level }];
    let group = GroupLevel {
        indicators: [("exercise_habit".to_owned(), years)].into(),
    };
    let employers = results.levels.groups.get_mut("employer").unwrap();
    employers.insert("1".to_owned(), group);
    let page = &pages(
        &results,
        ReportKind::Employer,
        &Subject::One("1".to_owned()),
        Lang::Ja,
    )[0];
    assert!(!text(&page.html).contains("40.0%"));
    assert_eq!(*release_behind(Some(1), None, RULES).value(), None);
    assert_eq!(*release_behind(Some(1), Some(9), RULES).value(), None);
    assert_eq!(*release_behind(Some(1), Some(10), RULES).value(), Some(1));
}

#[test]
fn levels_of_few_or_nearly_all_are_hidden() {
    let known = |n, with| share(n, with).value().numbers.is_some();
    assert!(known(100, 50) && known(100, 0));
    assert!(!known(100, 9) && !known(100, 95) && !known(9, 5));
}

#[test]
fn an_insurer_alone_has_a_board_page_of_levels() {
    let blank = estimate(0.0, 0.0, 0.0, 0);
    let results = Results {
        effects: vec![EffectGroup {
            rows: vec![EffectRow {
                estimator: "callaway_santanna".to_owned(),
                estimate: blank,
            }],
            ..group("exercise_habit", estimate(0.0, 0.0, 0.0, 0), 0.0)
        }],
        employers: Vec::new(),
        ..results("cannot_tell")
    };
    let page = &pages(&results, ReportKind::Board, &Subject::All, Lang::Ja)[0];
    let said = text(&page.html);
    assert!(said.contains("施策の効果は評価していない"));
    assert!(!said.contains("推定できない") && !said.contains("判定できない"));
    assert!(said.contains("運動習慣のある人") && page.html.contains("class=\"chart levels\""));
}

#[test]
fn pages_load_and_run_nothing() {
    for page in all_pages(&results("better")) {
        for word in ["<script", "http://", "https://", "<img", "@import", "url(h"] {
            assert!(!page.html.contains(word), "{}: {word}", page.name);
        }
        let charts = page.html.matches("<svg").count();
        let described = page.html.matches("role=\"img\"").count()
            + page
                .html
                .matches("<svg class=\"chart forest\" aria-hidden")
                .count();
        assert_eq!(charts, described, "{}", page.name);
    }
}

#[test]
fn a_naive_number_the_other_way_is_called_so() {
    let mut results = results("better");
    results.effects = vec![group(
        "exercise_habit",
        estimate(0.0217, 0.012, 0.030, 500),
        -0.068,
    )];
    let board = text(&pages(&results, ReportKind::Board, &Subject::All, Lang::Ja)[0].html);
    assert!(
        board.contains("−6.8ポイントと見えるが、効果は+2.2ポイントで、向きが逆である"),
        "{board}"
    );
}
