//! `korabo docs`: every table has a page, every link leads somewhere, nothing runs and nothing is loaded, no cell of data is shown, and the
//! same project gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fs_err as fs;

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

#[test]
fn nothing_runs_nothing_is_loaded_and_no_person_is_shown() {
    let folder = Project::empty();
    let sql = "select person_key as a, household_key as b from members limit 50";
    let members = crate::support::rows_in(sample_project(), sql);
    for page in site("ja", folder.path()).values() {
        for text in ["<script", "http://", "https://", " src=", "@import", "url("] {
            assert!(!page.contains(text), "`{text}`");
        }
        assert!(page.contains("default-src 'none'"));
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
        !page.contains("<script") && page.contains("a&lt;b"),
        "{page}"
    );
    let index = fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(index.contains("tables/clean_odd%20name%231.html"));
}
