//! `korabo docs`: every table has a page, every link leads somewhere, nothing runs but the search, nothing is loaded from elsewhere, no cell
//! of data is shown, and the same project gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde_json::Value;

use crate::support::{Project, files_below, run_in, sample_project};

/// The site of the sample project in a language.
fn site(lang: &str, folder: &Path) -> BTreeMap<PathBuf, String> {
    let arguments = ["docs", "--lang", lang, "-o", folder.to_str().unwrap()];
    run_in(sample_project(), &arguments)
        .exits(0)
        .says(&["index.html"]);
    let files = files_below(folder).into_iter();
    files
        .map(|file| (file.clone(), fs::read_to_string(folder.join(file)).unwrap()))
        .collect()
}

/// Values of an attribute.
fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let start = format!(" {name}=\"");
    page.split(&start)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn every_link_of_every_page_leads_somewhere() {
    for lang in ["ja", "en"] {
        let folder = Project::empty();
        let pages = site(lang, folder.path());
        let ids: BTreeMap<&PathBuf, BTreeSet<&str>> = pages
            .iter()
            .map(|(file, page)| (file, attributes(page, "id").into_iter().collect()))
            .collect();
        let mut n_links = 0;
        for (file, page) in &pages {
            let own: Vec<&str> = attributes(page, "id");
            assert_eq!(
                own.len(),
                ids[file].len(),
                "{}: an id twice",
                file.display()
            );
            for link in attributes(page, "href") {
                n_links += 1;
                let (path, id) = link
                    .split_once('#')
                    .map_or((link, None), |(path, id)| (path, Some(id)));
                let mut target = file.parent().unwrap().to_path_buf();
                match path.strip_prefix("../") {
                    _ if path.is_empty() => target.clone_from(file),
                    Some(rest) => target = PathBuf::from(rest),
                    None => target.push(path),
                }
                let ids = ids.get(&target);
                assert!(ids.is_some(), "{}: {link} leads nowhere", file.display());
                let is_there = id.is_none_or(|id| ids.unwrap().contains(id));
                assert!(is_there, "{}: {link} has no such place", file.display());
            }
        }
        assert!(n_links > 3_000, "{n_links} links");
    }
}

#[test]
fn every_table_has_a_page_with_what_the_project_says_of_it() {
    let folder = Project::empty();
    let pages = site("en", folder.path());
    let queries = sample_project().join("queries");
    let is_template = |file: &PathBuf| {
        let text = fs::read_to_string(queries.join(file)).unwrap();
        text.contains("-- for_each: ")
    };
    let mut files = files_below(&queries);
    files.retain(|file| !is_template(file));
    let tables = files_below(&sample_project().join("schemas"))
        .into_iter()
        .chain(files)
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned());
    let without_file = [
        "panel_activity",
        "panel_indicators",
        "evaluation_verdicts_activity",
        "panel_evaluation_nutrition_spouses",
        "evaluation_plans",
        "deliveries",
        "runs",
        "run_steps",
        "test_results",
        "check_results",
        "rejects_claims",
    ];
    let index = &pages[Path::new("index.html")];
    for table in tables.chain(without_file.map(str::to_owned)) {
        let page = pages.contains_key(Path::new(&format!("tables/{table}.html")));
        assert!(page, "{table} has no page");
        assert!(
            index.contains(&format!("tables/{table}.html")),
            "{table} is not in the index"
        );
    }
    assert_pages_say_what_tables_are(&pages);
}

fn assert_pages_say_what_tables_are(pages: &BTreeMap<PathBuf, String>) {
    let raw = &pages[Path::new("tables/checkups.html")];
    for text in [
        "特定健診の期",
        "血圧",
        "item codes",
        "term 4",
        "members.html",
        "clean_checkups.html",
        "q_smoking.code_for_term.term_4",
    ] {
        assert!(raw.contains(text), "checkups: no `{text}`");
    }
    let made = &pages[Path::new("tables/evaluation_estimates_smoking.html")];
    for text in [
        "the causal estimate beside naive ones",
        "evaluation, indicator, population, by, level, estimator, event_time",
        "<span class=\"s-k\">select</span>",
        "<a href=\"panel_evaluation_smoking.html\">panel_evaluation_smoking</a>",
        "evaluation_estimates.html",
        "<svg",
    ] {
        assert!(
            made.contains(text),
            "evaluation_estimates_smoking: no `{text}`"
        );
    }
    let panel = &pages[Path::new("tables/panel_person_year.html")];
    assert!(
        panel.contains("<a href=\"panel_checkups.html#c"),
        "no lineage of columns"
    );
    assert!(pages[Path::new("relations.html")].contains("did_imputation"));
    assert!(pages[Path::new("glossary.html")].contains("抽出データ"));
    let checks = &pages[Path::new("checks.html")];
    assert!(
        !checks.contains("None has been counted yet"),
        "the sample's checks are counted"
    );
}

/// The entries of the search's index.
fn entries(script: &str) -> Vec<Value> {
    let json = script.strip_prefix("window.korabo_index = ").unwrap();
    serde_json::from_str(json.trim_end().strip_suffix(';').unwrap()).unwrap()
}

fn named<'e>(entries: &'e [Value], kind: &str, name: &str) -> &'e Value {
    let found = entries
        .iter()
        .find(|entry| entry["kind"] == kind && entry["name"] == name);
    assert!(found.is_some(), "no {kind} `{name}`");
    found.unwrap()
}

#[test]
fn the_search_knows_tables_columns_meanings_relations_and_words() {
    let folder = Project::empty();
    let pages = site("ja", folder.path());
    let index = entries(&pages[Path::new("search-index.js")]);
    for (kind, name, ja, en) in [
        ("table", "checkups", "健診", "One row per"),
        ("table", "panel_person_year", "", "One row per"),
        ("table", "runs", "実行1回", "One row per run"),
        (
            "column",
            "person_id",
            "個人の識別番号",
            "Number of the natural person",
        ),
        ("column", "sbp_mmhg", "血圧", "mmHg"),
        ("relation", "att_gt", "群・時点別効果", "Group-time average"),
        ("word", "extract", "抽出データ", "file"),
    ] {
        let entry = named(&index, kind, name);
        let text = |lang: &str| entry[lang].as_str().unwrap().to_owned();
        assert!(text("ja").contains(ja), "{entry}");
        assert!(text("en").contains(en), "{entry}");
    }
    // A column that many tables take over stands once, with all of them.
    let person = named(&index, "column", "person_id")["places"]
        .as_array()
        .unwrap();
    assert!(person.len() > 20, "{}", person.len());
    let tables = index
        .iter()
        .filter(|entry| entry["kind"] == "table")
        .count();
    let n_pages = pages
        .keys()
        .filter(|file| file.starts_with("tables"))
        .count();
    assert_eq!(tables, n_pages);
    for place in index
        .iter()
        .flat_map(|entry| entry["places"].as_array().unwrap())
    {
        let (path, id) = place[1]
            .as_str()
            .map(|link| link.split_once('#').unwrap_or((link, "")))
            .unwrap();
        let page = pages.get(Path::new(path));
        let is_there =
            page.is_some_and(|page| id.is_empty() || page.contains(&format!(" id=\"{id}\"")));
        assert!(is_there, "{place} leads nowhere");
    }
}

#[test]
fn both_languages_say_what_columns_and_relations_mean() {
    let folders = [Project::empty(), Project::empty()];
    let pages = ["ja", "en"].map(|lang| {
        let folder = &folders[usize::from(lang == "en")];
        site(lang, folder.path())
    });
    for (file, ja, en) in [
        (
            "tables/panel_person_year.html",
            "個人の識別番号（保険者・事業主に共通）",
            "Number of the natural person, the same",
        ),
        ("tables/checkups.html", "収縮期血圧", "Systolic"),
        ("tables/runs.html", "意味", "meaning"),
        (
            "relations.html",
            "最初に曝露した時点。NULL = 未曝露",
            "period of first exposure; NULL = never exposed",
        ),
    ] {
        assert!(pages[0][Path::new(file)].contains(ja), "{file}: no `{ja}`");
        assert!(pages[1][Path::new(file)].contains(en), "{file}: no `{en}`");
    }
    // No argument of a relation is told in English on the Japanese page.
    let relations = &pages[0][Path::new("relations.html")];
    for english in [
        "the person",
        "confidence level",
        "a column of the input",
        "Effects by",
    ] {
        assert!(!relations.contains(english), "`{english}`");
    }
}

#[test]
fn nothing_runs_but_the_search_nothing_is_loaded_and_no_person_is_shown() {
    let folder = Project::empty();
    let sql = "select person_key as a, household_key as b from members limit 50";
    let members = crate::support::rows_in(sample_project(), sql);
    for (file, page) in &site("ja", folder.path()) {
        for text in [
            "http://",
            "https://",
            "@import",
            "url(",
            "fetch(",
            "XMLHttp",
            "eval(",
            "innerHTML",
        ] {
            assert!(!page.contains(text), "{}: `{text}`", file.display());
        }
        let is_page = file.extension().is_some_and(|own| own == "html");
        let up = "../".repeat(file.components().count() - 1);
        let script = format!("<script src=\"{up}search.js\" defer></script>");
        let n_scripts = usize::from(is_page);
        assert_eq!(
            page.matches(&script).count(),
            n_scripts,
            "{}",
            file.display()
        );
        assert_eq!(
            page.matches("<script").count(),
            n_scripts,
            "{}",
            file.display()
        );
        assert_eq!(
            page.matches(" src=").count(),
            n_scripts,
            "{}",
            file.display()
        );
        assert_eq!(page.contains("default-src 'none'"), is_page);
        assert!(!page.contains("script-src 'unsafe"));
        for row in &members {
            assert!(
                row.values()
                    .all(|key| !page.contains(key.as_str().unwrap())),
                "a person's key"
            );
        }
    }
}

#[test]
fn the_same_project_gives_the_same_bytes_also_without_a_lake() {
    let (a, b) = (Project::empty(), Project::empty());
    assert_eq!(site("ja", a.path()), site("ja", b.path()));
    let project = Project::standard();
    project.korabo(&["docs", "--lang", "en"]).exits(0);
    assert!(!project.path().join("lake").exists(), "no lake is made");
    let checks = fs::read_to_string(project.path().join("reports/docs/checks.html")).unwrap();
    assert!(checks.contains("None has been counted yet"));
}

#[test]
fn names_and_comments_of_a_project_cannot_break_a_page() {
    let project = Project::empty();
    project.write("korabo.toml", "[project]\nname = \"a <b> & c\"\n");
    fs::create_dir(project.path().join("schemas")).unwrap();
    let text = "-- One row per <script>alert(1)</script> & \"x\".\n\nselect 1 as \"a<b\", '</pre><script>' as c\n";
    project.write("queries/clean_odd name#1.sql", text);
    project.korabo(&["docs", "--lang", "en"]).exits(0);
    let folder = project.path().join("reports/docs");
    let page = fs::read_to_string(folder.join("tables/clean_odd name#1.html")).unwrap();
    assert!(
        page.matches("<script").count() == 1 && page.contains("a&lt;b"),
        "{page}"
    );
    let index = entries(&fs::read_to_string(folder.join("search-index.js")).unwrap());
    let odd = named(&index, "column", "a<b");
    assert_eq!(odd["places"][0][1], "tables/clean_odd%20name%231.html#c0");
    let index = fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(index.contains("tables/clean_odd%20name%231.html"));
}
