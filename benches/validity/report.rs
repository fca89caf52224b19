//! Tables of the results: the same rows as text for the terminal and as Markdown for the document.

use korabo_estimators::group_time::Aggregate;

use crate::design::{Design, Promise};
use crate::estimator::{Quantity, Target};
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

/// A design that was run.
pub(crate) struct Run {
    pub(crate) design: Design,
    pub(crate) summaries: Vec<Summary>,
}

/// The table of one design for the terminal.
pub(crate) fn text(run: &Run) -> String {
    let mut lines = vec![HEADER.map(str::to_owned)];
    lines.extend(run.summaries.iter().map(cells));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..HEADER.len()).map(|c| width(c).unwrap_or(0)).collect();
    let mut text = format!("\n{}: {}\n", run.design.name, run.design.description);
    for line in &lines {
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(&format!("  {cell:<width$}"));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// The generated part of the document: designs, then results.
pub(crate) fn markdown(runs: &[Run], n_draws: u64) -> String {
    let mut text =
        format!("{BEGIN}\n## Designs\n\n| design | what is drawn | truth |\n|---|---|---|\n");
    for Run { design, .. } in runs {
        let truths = truths(design).join("; ");
        text.push_str(&format!(
            "| `{}` | {} | {truths} |\n",
            design.name, design.description
        ));
    }
    text.push_str(&format!(
        "\n## Results\n\n{} draws per design.\n",
        thousands(n_draws)
    ));
    for run in runs {
        text.push_str(&format!("\n### `{}`\n\n", run.design.name));
        text.push_str(&format!("| {} |\n", HEADER.join(" | ")));
        text.push_str("|---|---|--:|--:|--:|--:|--:|--:|---|\n");
        for summary in &run.summaries {
            text.push_str(&format!("| {} |\n", cells(summary).join(" | ")));
        }
    }
    text.push_str(END);
    text
}

/// The document with its generated part replaced, or the generated part alone where there is none.
pub(crate) fn refresh(document: &str, generated: &str) -> String {
    let parts = document
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    match parts {
        Some((before, after)) => format!("{before}{generated}{after}"),
        None => format!("{generated}\n"),
    }
}

/// The true value of every single figure of a design, each once.
fn truths(design: &Design) -> Vec<String> {
    let mut truths: Vec<String> = Vec::new();
    for target in design.analyses.iter().flat_map(|a| a.targets()) {
        if let Target::One(quantity) = target {
            let truth = format!("{} {}", figure(target), number(design.truth(quantity), 3));
            if !truths.contains(&truth) {
                truths.push(truth);
            }
        }
    }
    truths
}

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
