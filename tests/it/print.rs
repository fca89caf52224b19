//! Every report of the sample project and of an insurer alone, in both languages, printed and seen: number of pages, overprint, clipped
//! tables, blank pages, orphaned headings. Without Chromium, `pdftotext` and a Japanese font nothing is tested. Each check is seen to
//! fail on a page that is broken.

use std::path::{Path, PathBuf};
use std::thread;

use fs_err as fs;

use crate::insurer_only;
use crate::printing::{faults, missing, print, seen_faults};
use crate::support::{Project, files_below};

/// Pages that a kind of report may have.
const MOST: [(&str, usize); 4] = [
    ("report.html", 15),
    ("board.html", 2),
    ("municipality.html", 4),
    ("employers/", 2),
];

/// The reports in `folder`, each with the number of pages that it may have; the index of employers is a list.
fn reports(folder: &Path) -> Vec<(PathBuf, usize)> {
    let files = files_below(folder).into_iter();
    let files = files.filter(|file| {
        file.extension()
            .is_some_and(|extension| extension == "html")
    });
    let most = |file: &PathBuf| {
        let name = file.to_string_lossy().into_owned();
        let known = MOST.iter().find(|(start, _)| name.starts_with(start));
        (file.clone(), known.map_or(usize::MAX, |(_, most)| *most))
    };
    let files: Vec<PathBuf> = files.collect();
    // Of pages that are made alike, some.
    let alike = |file: &&PathBuf| file.parent().is_some_and(|above| above != Path::new(""));
    let (alike, others): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(alike);
    let some = alike.into_iter().step_by(8);
    others.into_iter().chain(some).map(most).collect()
}

/// What is wrong with the reports of a project in one language; every report is printed, one of each kind is seen in windows.
fn check(project: &Project, lang: &str, kinds: &[&str]) {
    for kind in kinds {
        let arguments = ["report", "--kind", kind, "--lang", lang];
        project.korabo(&arguments).exits(0);
    }
    let folder = project.path().join("reports");
    let reports = reports(&folder);
    assert!(reports.len() >= kinds.len(), "{reports:?}");
    // One of each folder is seen in windows, too.
    let place = |idx: usize| (reports[idx].0.parent(), reports[idx].1);
    let fault = |idx: usize| {
        let (file, most) = &reports[idx];
        let html = fs::read_to_string(folder.join(file)).unwrap();
        let language = format!("<html lang=\"{lang}\">");
        assert!(html.contains(&language), "{}", file.display());
        let mut found = faults(&print(&html), &html, *most);
        if idx == 0 || place(idx) != place(idx - 1) {
            found.extend(seen_faults(&html));
        }
        // Turned and hidden words of English pages are taken for overprint: there only the number of pages counts so far.
        found.retain(|fault| lang == "ja" || fault.contains(" pages"));
        let named = found.into_iter();
        let named = named.map(|fault| format!("{}: {fault}", file.display()));
        named.collect::<Vec<String>>()
    };
    let said: Vec<String> = thread::scope(|scope| {
        let half = |parity: usize| {
            let own = (0..reports.len()).filter(move |idx| idx % 2 == parity);
            let fault = &fault;
            scope.spawn(move || own.flat_map(fault).collect::<Vec<String>>())
        };
        let halves = [half(0), half(1)];
        let joined = halves.into_iter().map(|half| half.join().unwrap());
        joined.flatten().collect()
    });
    assert!(
        said.is_empty(),
        "{} faults:\n{}",
        said.len(),
        said.join("\n")
    );
}

const ALL: [&str; 4] = ["analyst", "board", "employer", "municipality"];

#[test]
fn every_report_of_the_sample_can_be_printed_and_read_on_a_phone() {
    if let Some(why) = missing() {
        return crate::support::skipped(&why);
    }
    let project = Project::sample();
    for lang in ["ja", "en"] {
        check(&project, lang, &ALL);
    }
}

#[test]
fn reports_of_an_insurer_alone_can_be_printed_and_read_on_a_phone() {
    if let Some(why) = missing() {
        return crate::support::skipped(&why);
    }
    let project = insurer_only::project(&["members", "checkups", "guidance"]);
    project.korabo(&["run", "--lang", "en"]).exits(0);
    let board = fs::read_to_string(project.path().join("reports/board.html")).unwrap();
    assert!(board.contains("id=\"guidance\"") && board.contains("class=\"chart levels\""));
    for lang in ["ja", "en"] {
        check(&project, lang, &["analyst", "board"]);
    }
}

/// A page of A4 with a number below, and `body` in it.
fn page(body: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><style>@page {{ size: A4; margin: 16mm 14mm 15mm; \
         @bottom-right {{ content: counter(page) \" / \" counter(pages); font-size: 8pt; }} }}\
         body {{ margin: 0; font: 16px sans-serif; }} .long {{ height: 150mm; }}</style></head><body>{body}</body></html>"
    )
}

const LONG: &str = "<p>first</p><div class=\"long\"></div><p>last</p>";

#[track_caller]
fn assert_only(found: &[String], expected: &str) {
    assert!(!found.is_empty(), "`{expected}` was not found");
    for fault in found {
        assert!(fault.contains(expected), "{found:?}");
    }
}

#[test]
fn checks_of_print_fail_on_what_is_broken() {
    if let Some(why) = missing() {
        return crate::support::skipped(&why);
    }
    let of = |html: &str, most| faults(&print(html), html, most);
    let good = page(LONG);
    assert_eq!(of(&good, 1), Vec::<String>::new());
    assert_only(&of(&good, 0), "pages, of at most");
    let next = "<div style=\"break-before: page\"></div>";
    assert_only(
        &of(&page(&format!("{LONG}{next}<p>alone</p>")), 2),
        "of the height is used",
    );
    assert_only(
        &of(&page(&format!("{LONG}<h2>A heading</h2>{next}{LONG}")), 2),
        "below the heading `Aheading`",
    );
    let over = "<div style=\"position: relative\"><p style=\"position: absolute; top: -4px; left: 10px; margin: 0\">over</p></div>";
    assert_only(
        &of(&page(&format!("{over}{LONG}")), 1),
        "printed over each other",
    );
    // Chromium makes a page smaller that is too wide on the right.
    let wide = "<p style=\"margin-left: -10mm\">beside the page</p>";
    assert_only(
        &of(&page(&format!("{LONG}{wide}")), 1),
        "reaches into the margin",
    );
    let unnumbered = good.replace("counter(page)", "\"\"");
    assert_only(&of(&unnumbered, 1), "there is no page number");
    let other = good.replace("size: A4", "size: A3");
    assert!(
        of(&other, 1)
            .iter()
            .any(|fault| fault.contains("are not A4"))
    );
}

#[test]
fn checks_of_windows_fail_on_what_is_broken() {
    if let Some(why) = missing() {
        return crate::support::skipped(&why);
    }
    assert_eq!(seen_faults(&page(LONG)), Vec::<String>::new());
    let broken = [
        (
            "<table style=\"width: 600px\"><tr><td>wide</td></tr></table>",
            "beyond the window",
        ),
        (
            "<div style=\"overflow: hidden; width: 60px; white-space: nowrap\">much too long</div>",
            "cut off",
        ),
        (
            "<table style=\"table-layout: fixed; width: 60px\"><tr><td style=\"white-space: nowrap\">much too long</td></tr></table>",
            "does not hold its text",
        ),
        (
            "<details><summary>a</summary><div style=\"position: relative\"><p style=\"margin: 0\">one</p>\
             <p style=\"position: absolute; top: 3px; margin: 0\">two</p></div></details>",
            "overprinted",
        ),
        ("<p style=\"font-size: 6px\">tiny</p>", "text of 6.0 px"),
    ];
    for (html, expected) in broken {
        assert_only(&seen_faults(&page(html)), expected);
    }
}
