//! The report of the sample project: both languages, no small count, nothing from outside the page.

use fs_err as fs;

use crate::support::{Project, copy_folder, sample_project};

/// The page in `lang`.
fn page(lang: &str) -> String {
    let project = Project::empty();
    copy_folder(sample_project(), project.path());
    project
        .korabo(&["report", "-o", "page.html", "--lang", lang])
        .exits(0);
    fs::read_to_string(project.path().join("page.html")).unwrap()
}

/// The part of the page between the section with `id` and the next one.
fn section<'page>(page: &'page str, id: &str) -> &'page str {
    let start = page.find(&format!("id=\"{id}\"")).unwrap();
    page[start..].split("</section>").next().unwrap()
}

/// The text of every element whose start tag begins with `tag`, nested tags removed.
fn cells(html: &str, tag: &str, end: &str) -> Vec<String> {
    html.split(tag)
        .skip(1)
        .map(|rest| rest.split(end).next().unwrap().split_once('>').unwrap().1)
        .map(|cell| {
            cell.split('<')
                .map(|part| part.split('>').next_back().unwrap())
                .collect()
        })
        .collect()
}

/// Fails when a count in `cells` is from 1 to 9 and not marked as "below".
#[track_caller]
fn assert_no_small_count(cells: &[String]) {
    let mut n_counts = 0;
    for cell in cells {
        for part in cell.replace(',', "").split(['/', ' ']) {
            if let Ok(count) = part.trim().parse::<u64>() {
                n_counts += 1;
                assert!(
                    !(1..10).contains(&count),
                    "a count of {count} is shown in `{cell}`"
                );
            }
        }
    }
    assert!(n_counts >= 5, "only {n_counts} counts were found");
}

#[test]
fn report_is_written_in_both_languages() {
    let (ja, en) = (page("ja"), page("en"));
    assert!(ja.contains("lang=\"ja\"") && en.contains("lang=\"en\""));
    assert!(ja.contains("運動習慣") && !en.contains("運動習慣"));
    assert!(en.contains("Effects") && !ja.contains("Effects"));
    for id in [
        "summary",
        "effects",
        "event-studies",
        "flow",
        "linkage",
        "deliveries",
        "rejects",
    ] {
        assert!(!section(&ja, id).is_empty() && !section(&en, id).is_empty());
    }
}

#[test]
fn report_shows_no_count_from_1_to_9() {
    let page = page("en");
    assert_no_small_count(&cells(
        section(&page, "flow"),
        "<span class=\"n\"",
        "</span>",
    ));
    assert_no_small_count(&cells(
        section(&page, "linkage"),
        "<td class=\"num n\"",
        "</td>",
    ));
    assert_no_small_count(&cells(
        section(&page, "deliveries"),
        "<td class=\"num n\"",
        "</td>",
    ));
    assert_no_small_count(&cells(
        section(&page, "rejects"),
        "<td class=\"num n\"",
        "</td>",
    ));
}

#[test]
fn small_world_shows_no_small_count_either() {
    let project = Project::built();
    project
        .korabo(&["report", "-o", "page.html", "--lang", "en"])
        .exits(0);
    let page = fs::read_to_string(project.path().join("page.html")).unwrap();
    assert!(
        page.contains("&lt;10"),
        "a small world has small counts to hide"
    );
    assert_no_small_count(&cells(
        section(&page, "linkage"),
        "<td class=\"num n\"",
        "</td>",
    ));
}

#[test]
fn report_needs_nothing_from_outside_and_runs_nothing() {
    let page = page("ja");
    let page = page
        .to_lowercase()
        .replace("http://www.w3.org/2000/svg", "");
    for forbidden in [
        "http:", "https:", "//", "src=", "<script", "@import", "url(", "<link", "<iframe",
    ] {
        assert!(!page.contains(forbidden), "`{forbidden}` is in the page");
    }
    for handler in [" onclick", " onload", " onerror", "javascript:"] {
        assert!(!page.contains(handler), "`{handler}` is in the page");
    }
}

#[test]
fn report_holds_no_pseudonym() {
    let page = page("ja");
    let project = Project::empty();
    copy_folder(sample_project(), project.path());
    for row in project.rows("select distinct normalize_key(person_key) as k from members limit 200")
    {
        assert!(!page.contains(row["k"].as_str().unwrap()));
    }
}

#[test]
fn run_writes_the_report_only_when_its_tables_changed() {
    let project = Project::built();
    let path = project.path().join("reports/report.html");
    let first = fs::read(&path).unwrap();
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    project.korabo(&["run"]).exits(0);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    fs::remove_file(&path).unwrap();
    project.korabo(&["run"]).exits(0).says(&["report.html"]);
    assert!(fs::read(&path).unwrap().len() > first.len() / 2);
}

#[test]
fn the_report_names_the_run_that_made_it_as_the_history_does() {
    let project = Project::built();
    let path = project.path().join("reports/report.html");
    project
        .korabo(&["run", "summary_flow", "--full-refresh"])
        .exits(0);
    fs::remove_file(&path).unwrap();
    project.korabo(&["run", "--lang", "en"]).exits(0);
    let last = project.count("select max(run_id) from runs");
    assert!(last > 1);
    let named = format!("<span>Run {last}</span>");
    assert!(fs::read_to_string(&path).unwrap().contains(&named));
    project
        .korabo(&["report", "-o", "again.html", "--lang", "en"])
        .exits(0);
    let again = fs::read_to_string(project.path().join("again.html")).unwrap();
    assert!(again.contains(&named));
}
