//! Tables of the results: the same rows as text for the terminal and as Markdown for the document.

use korabo_estimators::group_time::Aggregate;

use crate::design::{Design, Promise};
use crate::estimator::{Quantity, Target};
use crate::judged::Judged;
use crate::judgement::{Judgement, Measure, Standard};
use crate::study::Summary;

/// The part of the document between these lines is generated.
pub(crate) const BEGIN: &str = "<!-- generated: cargo bench --bench validity -->";
pub(crate) const END: &str = "<!-- /generated -->";

const HEADER: [&str; 10] = [
    "estimator",
    "figure",
    "truth",
    "bias (±)",
    "SE / SD",
    "coverage % (±)",
    "rejects 0, % (±)",
    "few_clusters %",
    "conservative %",
    "reading",
];

/// The place of what is left out where no row has it.
const CONSERVATIVE: usize = 8;

const JUDGED_HEADER: [&str; 5] = ["relation", "figure", "promised", "found (±)", "reading"];

/// Draws of a design that does not say otherwise.
pub(crate) const DRAWS: u64 = 2_000;

/// A design that was run, as a table.
pub(crate) struct Run {
    pub(crate) name: &'static str,
    description: &'static str,
    n_draws: u64,
    header: Vec<&'static str>,
    lines: Vec<Vec<String>>,
    /// What is not as promised, with the line it is about.
    pub(crate) complaints: Vec<String>,
}

impl Run {
    /// Of a design of estimators.
    pub(crate) fn of_design(design: &Design, summaries: &[Summary], n_draws: u64) -> Self {
        let complaint = |summary: &Summary| {
            let about = format!("{}, {}", design.name, summary.analysis);
            summary.complaint().map(|text| format!("{about}: {text}"))
        };
        let mut run = Self {
            name: design.name,
            description: design.description,
            n_draws,
            header: HEADER.to_vec(),
            lines: summaries.iter().map(|own| cells(own).to_vec()).collect(),
            complaints: summaries.iter().filter_map(complaint).collect(),
        };
        if summaries.iter().all(|summary| summary.conservative == 0.0) {
            run.header.remove(CONSERVATIVE);
            run.lines.iter_mut().for_each(|line| {
                line.remove(CONSERVATIVE);
            });
        }
        run
    }

    /// Of a design of what judges estimates.
    pub(crate) fn of_judgement(judgement: &Judgement, judged: &[Judged], n_draws: u64) -> Self {
        let complaint = |own: &Judged| {
            let about = format!("{}, {}", judgement.name, own.check.relation);
            own.complaint().map(|text| format!("{about}: {text}"))
        };
        Self {
            name: judgement.name,
            description: judgement.description,
            n_draws,
            header: JUDGED_HEADER.to_vec(),
            lines: judged
                .iter()
                .map(|own| judged_cells(own).to_vec())
                .collect(),
            complaints: judged.iter().filter_map(complaint).collect(),
        }
    }

    /// The table for the terminal.
    pub(crate) fn text(&self) -> String {
        let header = self.header.iter().map(|&cell| cell.to_owned()).collect();
        let mut lines: Vec<Vec<String>> = vec![header];
        lines.extend(self.lines.iter().cloned());
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| width(column).unwrap_or(0))
            .collect();
        let mut text = format!("\n{}: {}\n", self.name, self.description);
        for line in &lines {
            for (cell, width) in line.iter().zip(&widths) {
                text.push_str(&format!("  {cell:<width$}"));
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    /// The design's section of the document.
    fn markdown(&self) -> String {
        let mut text = format!("### `{}`\n\n{}", self.name, self.description);
        if self.n_draws != DRAWS {
            text.push_str(&format!(" {} draws.", thousands(self.n_draws)));
        }
        text.push_str(&format!("\n\n| {} |\n", self.header.join(" | ")));
        text.push_str(&format!("|{}\n", "---|".repeat(self.header.len())));
        for line in &self.lines {
            text.push_str(&format!("| {} |\n", line.join(" | ")));
        }
        text
    }
}

/// The document with the sections of the designs that were run in place of their former ones, in the order of all designs. Other sections
/// stay; those of designs that are no more go.
pub(crate) fn refresh(document: &str, runs: &[Run], order: &[&str]) -> String {
    let parts = document.split_once(BEGIN).and_then(|(before, rest)| {
        rest.split_once(END)
            .map(|(old, after)| (before, old, after))
    });
    let (before, old, after) = parts.unwrap_or((document, "\n", "\n"));
    let mut old_sections = old.split(SECTION);
    let preamble = old_sections.next().unwrap_or_default().trim_end();
    let old_sections: Vec<&str> = old_sections.collect();
    let mut text = format!("{before}{BEGIN}{preamble}\n");
    for &name in order {
        let heading = format!("{name}`");
        let old = old_sections.iter().find(|own| own.starts_with(&heading));
        let new = runs.iter().find(|run| run.name == name).map(Run::markdown);
        if let Some(section) = new.or_else(|| old.map(|own| format!("{SECTION}{own}"))) {
            text.push('\n');
            text.push_str(section.trim_end());
            text.push('\n');
        }
    }
    format!("{text}{END}{after}")
}

/// What a section begins with.
const SECTION: &str = "### `";

fn cells(summary: &Summary) -> [String; HEADER.len()] {
    let share = |share: f64| {
        let (percent, error) = (100.0 * share, 100.0 * summary.binomial_error(share));
        if share.is_nan() {
            String::new()
        } else {
            format!("{percent:.1} ({error:.1})")
        }
    };
    let mut cells = [
        summary.analysis.to_owned(),
        figure(summary.figure.target),
        number(summary.truth, 3),
        String::new(),
        number(summary.mean_std_error / summary.spread, 3),
        share(summary.coverage),
        share(summary.rejection),
        format!("{:.0}", 100.0 * summary.few_clusters),
        format!("{:.0}", 100.0 * summary.conservative),
        reading(summary),
    ];
    if summary.bias.is_finite() {
        // As many digits as the spread needs: two behind its first.
        let digits = (1.0 - summary.bias_error().log10().floor()).clamp(0.0, 6.0) as usize;
        cells[3] = format!(
            "{} ({})",
            number(summary.bias, digits),
            number(summary.bias_error(), digits)
        );
    }
    cells
}

fn reading(summary: &Summary) -> String {
    if let Some(complaint) = summary.complaint() {
        return format!("**{complaint}**");
    }
    let reading = match summary.figure.promise {
        Promise::Nominal => "as promised",
        Promise::AtLeast => "at least, as promised",
        Promise::Fails => "fails, as it must",
        Promise::Warned => "warned",
        Promise::Nothing => "no promise, no warning",
    };
    reading.to_owned()
}

fn judged_cells(judged: &Judged) -> [String; JUDGED_HEADER.len()] {
    let value = |value: f64| match judged.check.measure {
        Measure::Share => format!("{} %", number(100.0 * value, 1)),
        Measure::Number => number(value, 3),
    };
    let found = match judged.check.measure {
        Measure::Share => {
            let [mean, error] = [judged.mean, judged.error()].map(|own| number(100.0 * own, 1));
            format!("{mean} % ({error})")
        }
        Measure::Number => format!("{} ({})", number(judged.mean, 3), number(judged.error(), 3)),
    };
    let (promised, reading) = match judged.check.promise {
        Standard::Exactly(own) => (value(own), "as promised"),
        Standard::AtLeast(own) => (format!("at least {}", value(own)), "as promised"),
        Standard::AtMost(own) => (format!("at most {}", value(own)), "as promised"),
        Standard::FailsBelow(own) => (format!("fails: below {}", value(own)), "fails, as it must"),
        Standard::FailsAbove(own) => (format!("fails: above {}", value(own)), "fails, as it must"),
        Standard::Nothing => (String::new(), "no promise"),
    };
    let complaint = judged.complaint().map(|text| format!("**{text}**"));
    [
        judged.check.relation.to_owned(),
        judged.check.figure.to_owned(),
        promised,
        found,
        complaint.unwrap_or_else(|| reading.to_owned()),
    ]
}

fn figure(target: Target) -> String {
    match target {
        Target::One(Quantity::Overall(kind)) => format!("overall, {}", name(kind)),
        Target::One(Quantity::EventTime(event_time)) => {
            format!("event time {}", signed(event_time))
        }
        Target::One(Quantity::Cell { cohort, time }) => format!("ATT({cohort}, {time})"),
        Target::One(Quantity::Term(term)) => format!("`{term}`"),
        Target::EventBand => "band, event times".to_owned(),
        Target::EventIntervals => "all intervals, event times".to_owned(),
        Target::CellBand => "band, cohorts × periods".to_owned(),
        Target::Pretest => "pre-test".to_owned(),
        Target::Randomisation => "test, overall".to_owned(),
    }
}

fn name(kind: Aggregate) -> &'static str {
    match kind {
        Aggregate::Simple => "simple",
        Aggregate::Group => "group",
        Aggregate::Dynamic => "dynamic",
        Aggregate::Calendar => "calendar",
    }
}

fn signed(value: i32) -> String {
    value.to_string().replace('-', "−")
}

/// Fixed digits, a proper minus sign, nothing for what does not exist.
fn number(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return String::new();
    }
    let text = format!("{value:.digits$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    if is_zero {
        text.replace('-', "")
    } else {
        text.replace('-', "−")
    }
}

fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for start in (first..digits.len()).step_by(3) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&digits[start..start + 3]);
    }
    text
}
