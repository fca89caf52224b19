//! Pages as they are printed and seen: HTML through headless Chromium to PDF and to measures in windows of several widths, and
//! what is wrong with them. Which pages are looked at is in `print`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use fs_err as fs;
use tempfile::TempDir;

/// Points per millimetre.
const MM: f64 = 72.0 / 25.4;
/// Margins of printed pages: above, below and beside.
const MARGINS: (f64, f64, f64) = (16.0 * MM, 15.0 * MM, 14.0 * MM);
/// Windows in which pages are measured: a phone and a screen.
const WIDTHS: [u32; 2] = [390, 1280];

/// Why there is nothing to print with; `None` where there is.
pub(crate) fn missing() -> Option<String> {
    let programs = [("chromium", "--version"), ("pdftotext", "-v")];
    let absent = programs.iter().find(|(program, argument)| {
        let found = Command::new(program).arg(argument).output();
        !found.is_ok_and(|output| output.status.success())
    });
    if let Some((program, _)) = absent {
        return Some(format!("`{program}` cannot be started"));
    }
    let fonts = Command::new("fc-list")
        .args([":lang=ja", "family"])
        .output();
    let has_font = fonts.is_ok_and(|output| !output.stdout.is_empty());
    (!has_font).then(|| "there is no Japanese font".to_owned())
}

/// Chromium on a file, with a profile of its own.
fn chromium(arguments: &[&str], file: &Path) -> Output {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new("chromium");
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
    ]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command
        .args(arguments)
        .arg(format!("file://{}", file.display()));
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A line of text on a sheet, in points from the upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    text: String,
    words: Vec<Word>,
    area: Area,
}

#[derive(Debug, Clone, PartialEq)]
struct Word {
    text: String,
    area: Area,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn height(self) -> f64 {
        self.bottom - self.top
    }

    /// Without the ascenders and descenders by which lines that follow each other overlap.
    fn middle(self) -> Self {
        let trim = self.height() * 0.28;
        Self {
            top: self.top + trim,
            bottom: self.bottom - trim,
            ..self
        }
    }

    /// A letter of turned text, which is set from bottom to top, in a box as wide as the line is high: without what is empty beside it.
    fn upright(self, text: &str) -> Self {
        let width = self.right - self.left;
        let is_turned = text.chars().count() == 1 && width > 2.0 * self.height();
        let trim = if is_turned { width * 0.28 } else { 0.0 };
        Self {
            left: self.left + trim,
            right: self.right - trim,
            ..self
        }
    }

    /// Whether one is printed over the other. Japanese punctuation is set in half of the width that its box has.
    fn covers(self, other: Self) -> bool {
        let across = self.right.min(other.right) - self.left.max(other.left);
        let half = self.height().min(other.height()) * 0.5;
        let (one, two) = (self.middle(), other.middle());
        let is_level = one.bottom.min(two.bottom) - one.top.max(two.top) > 1.0;
        across > half && is_level
    }

    fn is_beside(self, other: Self) -> bool {
        self.right.min(other.right) - self.left.max(other.left) > 1.0
    }
}

/// A printed page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sheet {
    width: f64,
    height: f64,
    lines: Vec<Line>,
}

impl Sheet {
    /// Lines between the margins above and below.
    fn body(&self) -> impl Iterator<Item = &Line> {
        let (above, below, _) = MARGINS;
        let (first, last) = (above - 1.0, self.height - below + 1.0);
        self.lines
            .iter()
            .filter(move |line| line.area.top >= first && line.area.bottom <= last)
    }
}

/// Prints a page of HTML.
pub(crate) fn print(html: &str) -> Vec<Sheet> {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let (page, pdf) = (
        folder.path().join("page.html"),
        folder.path().join("page.pdf"),
    );
    fs::write(&page, html).unwrap();
    let to = format!("--print-to-pdf={}", pdf.display());
    chromium(&["--no-pdf-header-footer", &to], &page);
    let mut reader = Command::new("pdftotext");
    reader.arg("-bbox-layout").arg(&pdf).arg("-");
    let output = reader.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    sheets(&String::from_utf8(output.stdout).unwrap())
}

/// What `pdftotext -bbox-layout` says.
fn sheets(layout: &str) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for tag in layout.split('<') {
        let (head, text) = tag.split_once('>').unwrap_or((tag, ""));
        let (name, attributes) = head.split_once(' ').unwrap_or((head, ""));
        if name == "page" {
            sheets.push(Sheet {
                width: attribute(attributes, "width"),
                height: attribute(attributes, "height"),
                lines: Vec::new(),
            });
        }
        let Some(sheet) = sheets.last_mut() else {
            continue;
        };
        if name == "line" {
            sheet.lines.push(Line {
                text: String::new(),
                words: Vec::new(),
                area: area(attributes),
            });
        } else if name == "word" {
            let line = sheet.lines.last_mut().unwrap();
            line.text.push_str(text);
            line.words.push(Word {
                text: text.to_owned(),
                area: area(attributes).upright(text),
            });
        }
    }
    sheets
}

fn area(attributes: &str) -> Area {
    Area {
        left: attribute(attributes, "xMin"),
        top: attribute(attributes, "yMin"),
        right: attribute(attributes, "xMax"),
        bottom: attribute(attributes, "yMax"),
    }
}

fn attribute(attributes: &str, name: &str) -> f64 {
    let value = attributes.split(&format!("{name}=\"")).nth(1).unwrap();
    value.split('"').next().unwrap().parse().unwrap()
}

/// What is wrong with printed pages of which there may be `most`.
pub(crate) fn faults(sheets: &[Sheet], html: &str, most: usize) -> Vec<String> {
    let mut faults = Vec::new();
    if sheets.len() > most {
        faults.push(format!("{} pages, of at most {most}", sheets.len()));
    }
    let headings = headings(html);
    for (idx, sheet) in sheets.iter().enumerate() {
        let mut found = off_the_sheet(sheet);
        found.extend(overprinted(sheet));
        found.extend(blank(sheet));
        found.extend(orphaned(sheet, &headings));
        found.extend(unnumbered(sheet, idx + 1, sheets.len()));
        let found = found.into_iter();
        faults.extend(found.map(|fault| format!("page {}: {fault}", idx + 1)));
    }
    faults
}

fn off_the_sheet(sheet: &Sheet) -> Vec<String> {
    let mut found = Vec::new();
    let is_a4 = (sheet.width - 210.0 * MM).abs() < 2.0 && (sheet.height - 297.0 * MM).abs() < 2.0;
    if !is_a4 {
        found.push(format!(
            "{} by {} points are not A4",
            sheet.width, sheet.height
        ));
    }
    let side = MARGINS.2 - 2.0;
    for word in sheet.lines.iter().flat_map(|line| &line.words) {
        let Area {
            left,
            top,
            right,
            bottom,
        } = word.area;
        if left < side || right > sheet.width - side || top < 0.0 || bottom > sheet.height {
            found.push(format!("`{}` reaches into the margin", word.text));
        }
    }
    found
}

fn overprinted(sheet: &Sheet) -> Vec<String> {
    let words: Vec<&Word> = sheet.lines.iter().flat_map(|line| &line.words).collect();
    let mut found = Vec::new();
    for (idx, one) in words.iter().enumerate() {
        for other in &words[idx + 1..] {
            if one.area.covers(other.area) {
                found.push(format!(
                    "`{}` and `{}` are printed over each other",
                    one.text, other.text
                ));
            }
        }
    }
    found
}

/// Two thirds of the sheet's height without text.
fn blank(sheet: &Sheet) -> Option<String> {
    let (above, below, _) = MARGINS;
    let room = sheet.height - above - below;
    let last = sheet
        .body()
        .map(|line| line.area.bottom)
        .fold(above, f64::max);
    let used = (last - above) / room;
    (used < 1.0 / 3.0).then(|| format!("only {:.0} % of the height is used", used * 100.0))
}

/// A heading with nothing below it.
fn orphaned(sheet: &Sheet, headings: &[String]) -> Option<String> {
    let is_heading = |line: &&Line| headings.contains(&squeezed(&line.text));
    let is_followed = |heading: &Line| {
        sheet.body().any(|line| {
            // A heading of one character is narrower than the mark of the list below it.
            let column = Area {
                right: heading.area.right.max(heading.area.left + 60.0),
                ..heading.area
            };
            line.area.top > heading.area.middle().bottom && line.area.is_beside(column)
        })
    };
    // A line of a table may say the same as a heading.
    let followed: Vec<String> = sheet
        .body()
        .filter(is_heading)
        .filter(|line| is_followed(line))
        .map(|line| squeezed(&line.text))
        .collect();
    let mut alone = sheet.body().filter(is_heading);
    alone
        .find(|line| !followed.contains(&squeezed(&line.text)))
        .map(|line| format!("nothing stands below the heading `{}`", line.text))
}

fn unnumbered(sheet: &Sheet, number: usize, n: usize) -> Option<String> {
    let expected = format!("{number}/{n}");
    let below = sheet.height - MARGINS.1;
    let mut lines = sheet.lines.iter().filter(|line| line.area.top > below);
    let is_there = lines.any(|line| squeezed(&line.text).ends_with(&expected));
    (!is_there).then(|| format!("there is no page number {number} / {n}"))
}

/// The texts of headings of the document, each as a line of `pdftotext` has it.
fn headings(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tag in ["h1", "h2", "h3", "caption"] {
        for rest in html.split(&format!("<{tag}>")).skip(1) {
            let inside = rest.split(&format!("</{tag}>")).next().unwrap();
            let texts = inside
                .split('<')
                .map(|part| part.split('>').next_back().unwrap());
            found.push(squeezed(&texts.collect::<String>()));
        }
    }
    found
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What is wrong with a page in windows of [`WIDTHS`], with every fold open.
pub(crate) fn seen_faults(html: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let frame = folder.path().join("frame.html");
    let quoted = serde_json::to_string(html).unwrap().replace('<', "\\u003c");
    let script = include_str!("measure.js");
    fs::write(
        &frame,
        format!(
            "<!DOCTYPE html><html><body><script>const WIDTHS = {WIDTHS:?};\nconst HTML = {quoted};\n{script}</script></body></html>"
        ),
    )
    .unwrap();
    let arguments = [
        "--window-size=1400,4000",
        "--virtual-time-budget=20000",
        "--dump-dom",
    ];
    let output = chromium(&arguments, &frame);
    let dom = String::from_utf8(output.stdout).unwrap();
    let found = dom
        .split("<pre id=\"found\">")
        .nth(1)
        .expect("the script has run");
    let found = found.split("</pre>").next().unwrap();
    let found = found
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let found: BTreeMap<String, Vec<String>> = serde_json::from_str(&found).unwrap();
    let named = |(width, faults): (String, Vec<String>)| {
        faults
            .into_iter()
            .map(move |fault| format!("at {width} px: {fault}"))
    };
    found.into_iter().flat_map(named).collect()
}
