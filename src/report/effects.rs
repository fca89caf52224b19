//! The sections on effects: the summary by field, the table of estimates, the event studies. The
//! page around them and the sections on the data are in `html`.

use maud::{Markup, html};

use super::chart::{self, ChartText, ComparisonRow, MarkStyle};
use super::diagnostics;
use super::estimate_cell::{estimate_cell, heading};
use super::names::{LabelKind, Names, label};
use super::page::{EffectGroup, EffectRow, EventStudy, Judgement, Page};
use super::sentence::{Finding, causal_row, finding, has_pre_trend, is_naive, sentence};
use super::text::{Lang, count, signed};
use super::wording::words;
use crate::disclosure::{Count, EstimateNumbers};

/// One effect with what it says.
struct EffectReading<'page> {
    group: &'page EffectGroup,
    finding: Finding,
    judgement: Option<&'page Judgement>,
}

/// The effects of one field.
struct FieldReadings<'page> {
    field: &'page str,
    readings: Vec<EffectReading<'page>>,
}

/// The summary: one card per field, its main indicator first, the others folded.
pub(crate) fn summary(page: &Page, lang: Lang) -> Markup {
    let names = Names::new(&page.vocabulary, lang);
    let fields = by_field(page, names);
    html! {
        (tally(&fields, lang))
        p.lead { (words(names.lang).summary_lead) }
        @for field in &fields {
            (card(page, field, names))
        }
    }
}

/// The table of estimates, one fold per field.
pub(crate) fn effects_table(page: &Page, lang: Lang) -> Markup {
    let names = Names::new(&page.vocabulary, lang);
    html! {
        p.lead { (words(names.lang).effects_lead) }
        @for field in by_field(page, names) {
            details.fold {
                summary {
                    (names.field(field.field))
                    span.muted { " " (indicator_count(field.readings.len(), names.lang)) }
                }
                div.scroll { (field_table(page, &field, names)) }
                (diagnostics::tables(page, field.field, names))
            }
        }
    }
}

/// The event studies, one fold per field.
pub(crate) fn event_studies(page: &Page, lang: Lang) -> Markup {
    let names = Names::new(&page.vocabulary, lang);
    let words = words(names.lang);
    let mut fields: Vec<&str> = Vec::new();
    for study in &page.event_studies {
        if !fields.contains(&study.field.as_str()) {
            fields.push(&study.field);
        }
    }
    html! {
        p.lead { (words.event_lead) }
        p.legend {
            span { i.key.k-point {} (words.legend_point) }
            span { i.key.k-pre {} (words.legend_pre) }
            span { i.key.k-interval {} (words.legend_interval) }
            span { i.key.k-band {} (words.legend_band) }
        }
        @for (idx, field) in fields.iter().enumerate() {
            details.fold open[idx == 0] {
                summary { (names.field(field)) }
                div.figures {
                    @for study in page.event_studies.iter().filter(|study| study.field == *field) {
                        (event_figure(page, study, names))
                    }
                }
            }
        }
    }
}

fn by_field<'page>(page: &'page Page, names: Names<'_>) -> Vec<FieldReadings<'page>> {
    let mut fields: Vec<FieldReadings<'page>> = Vec::new();
    for group in &page.effects {
        let study = page.event_studies.iter().find(|study| {
            study.field == group.field
                && study.indicator == group.indicator
                && study.population == group.population
        });
        let judgement = page.judgements.iter().find(|judgement| {
            judgement.field == group.field
                && judgement.indicator == group.indicator
                && judgement.population == group.population
        });
        let reading = EffectReading {
            group,
            finding: finding(group, study, judgement, names),
            judgement,
        };
        match fields.iter_mut().find(|field| field.field == group.field) {
            Some(field) => field.readings.push(reading),
            None => fields.push(FieldReadings {
                field: &group.field,
                readings: vec![reading],
            }),
        }
    }
    fields
}

fn tally(fields: &[FieldReadings<'_>], lang: Lang) -> Markup {
    let findings: Vec<Finding> = fields
        .iter()
        .flat_map(|field| &field.readings)
        .map(|reading| reading.finding)
        .collect();
    html! {
        ul.tally {
            @for kind in Finding::ALL {
                @let n = findings.iter().filter(|finding| **finding == kind).count();
                @if n > 0 {
                    li class=(kind.class()) { b { (n) } span { (kind.label(lang)) } }
                }
            }
        }
    }
}

fn indicator_count(n: usize, lang: Lang) -> String {
    match (lang, n) {
        (Lang::Ja, _) => format!("{n}件"),
        (Lang::En, 1) => "1 indicator".to_owned(),
        (Lang::En, _) => format!("{n} indicators"),
    }
}

fn card(page: &Page, field: &FieldReadings<'_>, names: Names<'_>) -> Markup {
    let Some((main, others)) = field.readings.split_first() else {
        return html! {};
    };
    html! {
        article.card {
            header {
                h3 { (names.field(field.field)) }
                (badge(main.finding, names.lang))
            }
            div.split {
                p.sentence { (sentence(main.group, main.finding, main.judgement, names)) }
                figure { (comparison_chart(main, names)) }
            }
            (diagnostics::lines(page, main.group, names))
            @if !others.is_empty() {
                details {
                    summary {
                        (names.lang.pick("ほかの結果", "Other results"))
                        span.muted { " " (indicator_count(others.len(), names.lang)) }
                        span.dots {
                            @for other in others {
                                i class=(other.finding.class()) {}
                            }
                        }
                    }
                    ul.sentences {
                        @for other in others {
                            li {
                                (badge(other.finding, names.lang))
                                p { (sentence(other.group, other.finding, other.judgement, names)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn badge(finding: Finding, lang: Lang) -> Markup {
    html! { span class={"badge " (finding.class())} { (finding.label(lang)) } }
}

fn comparison_rows(reading: &EffectReading<'_>, names: Names<'_>) -> Vec<ComparisonRow> {
    let causal = causal_row(reading.group).map(|row| row.estimator.as_str());
    let row = |row: &EffectRow| ComparisonRow {
        label: label(LabelKind::Estimator, &row.estimator, names.lang),
        numbers: row.estimate.value().numbers,
        style: match (
            is_naive(&row.estimator),
            causal == Some(row.estimator.as_str()),
        ) {
            (true, _) => MarkStyle::Naive,
            (false, false) => MarkStyle::Plain,
            (false, true) if reading.finding == Finding::PreTrend => MarkStyle::Doubtful,
            (false, true) => MarkStyle::Causal,
        },
    };
    reading.group.rows.iter().map(row).collect()
}

fn comparison_chart(reading: &EffectReading<'_>, names: Names<'_>) -> Markup {
    let rows = comparison_rows(reading, names);
    if rows.iter().all(|row| row.numbers.is_none()) {
        return html! {};
    }
    let unit = names.unit(&reading.group.indicator);
    let title = chart_title(reading.group, names);
    let text = ChartText {
        title: &title,
        description: &describe(&rows, reading.group, names),
    };
    html! {
        (chart::comparison(&rows, unit, &text))
        figcaption { (title) }
    }
}

fn chart_title(group: &EffectGroup, names: Names<'_>) -> String {
    heading(&group.indicator, &group.population, names)
}

fn describe(rows: &[ComparisonRow], group: &EffectGroup, names: Names<'_>) -> String {
    let unit = names.unit(&group.indicator);
    let part = |row: &ComparisonRow| {
        let value = row
            .numbers
            .map_or("—".to_owned(), |numbers| signed(numbers.estimate, unit));
        format!("{} {value}", row.label)
    };
    rows.iter().map(part).collect::<Vec<_>>().join("; ")
}

fn field_table(page: &Page, field: &FieldReadings<'_>, names: Names<'_>) -> Markup {
    let words = words(names.lang);
    let estimators = estimators(field);
    html! {
        table.effects {
            thead {
                tr {
                    th.name { (words.indicator) }
                    @for estimator in &estimators {
                        th.num { (label(LabelKind::Estimator, estimator, names.lang)) }
                    }
                    th.plot { (words.comparison) }
                    th.num.count { (words.n_treated) }
                    th.num.count { (words.n_control) }
                    th.status { (words.status) }
                }
            }
            tbody {
                @for reading in &field.readings {
                    (table_row(page, reading, &estimators, names))
                }
            }
        }
    }
}

/// The estimators of a field, naive ones first, then by first appearance.
fn estimators<'page>(field: &FieldReadings<'page>) -> Vec<&'page str> {
    let mut names: Vec<&str> = Vec::new();
    for row in field
        .readings
        .iter()
        .flat_map(|reading| &reading.group.rows)
    {
        if !names.contains(&row.estimator.as_str()) {
            names.push(&row.estimator);
        }
    }
    names.sort_by_key(|name| !is_naive(name));
    names
}

fn table_row(
    page: &Page,
    reading: &EffectReading<'_>,
    estimators: &[&str],
    names: Names<'_>,
) -> Markup {
    let group = reading.group;
    let rows = comparison_rows(reading, names);
    let title = chart_title(group, names);
    let text = ChartText {
        title: &title,
        description: &describe(&rows, group, names),
    };
    let causal = causal_row(group);
    let shown = |n: Option<Count>| n.map_or("–".to_owned(), |n| count(n, page.rules));
    let status = causal.map_or("", |row| row.estimate.value().status.as_str());
    let is_plain = matches!(status, "ok" | "");
    html! {
        tr {
            th scope="row" { (title) }
            @for estimator in estimators {
                @let row = group.rows.iter().find(|row| row.estimator == *estimator);
                @let is_causal = causal.is_some_and(|causal| causal.estimator == *estimator);
                td.num.causal[is_causal && reading.finding != Finding::PreTrend] { (estimate_cell(row, group, names)) }
            }
            td { (chart::strip(&rows, names.unit(&group.indicator), &text)) }
            @let counts = causal.map(|row| row.estimate.value());
            td.num.n { (shown(counts.and_then(|counts| counts.n_treated))) }
            td.num.n { (shown(counts.and_then(|counts| counts.n_control))) }
            td {
                (badge(reading.finding, names.lang))
                @if !is_plain {
                    div.muted { (label(LabelKind::Status, status, names.lang)) }
                }
            }
        }
    }
}

fn event_figure(page: &Page, study: &EventStudy, names: Names<'_>) -> Markup {
    let title = heading(&study.indicator, &study.population, names);
    let text = ChartText {
        title: &title,
        description: words(names.lang).event_lead,
    };
    let unit = names.unit(&study.indicator);
    let is_doubtful = has_pre_trend(study);
    html! {
        figure.event {
            figcaption {
                (title)
                @if is_doubtful { " " (badge(Finding::PreTrend, names.lang)) }
            }
            (chart::event_study(&study.points, unit, &text, page.rules, names.lang))
            details {
                summary { (words(names.lang).numbers) }
                div.scroll { (event_table(page, study, names)) }
            }
        }
    }
}

fn event_table(page: &Page, study: &EventStudy, names: Names<'_>) -> Markup {
    let words = words(names.lang);
    let unit = names.unit(&study.indicator);
    let range = |low: f64, high: f64| format!("{} … {}", signed(low, unit), signed(high, unit));
    let point = |numbers: Option<EstimateNumbers>| {
        numbers.map_or("—".to_owned(), |numbers| signed(numbers.estimate, unit))
    };
    let shown = |n: Option<Count>| n.map_or("–".to_owned(), |n| count(n, page.rules));
    html! {
        table {
            thead {
                tr {
                    th.num { (words.event_time) }
                    th.num { (words.estimate) }
                    th.num { (words.interval) }
                    th.num { (words.band) }
                    th.num { (words.n_treated) }
                    th.num { (words.n_control) }
                }
            }
            tbody {
                @for row in &study.points {
                    @let estimate = row.estimate.value();
                    @let interval = estimate.numbers.and_then(|numbers| numbers.interval);
                    @let band = estimate.numbers.and_then(|numbers| numbers.band);
                    tr {
                        td.num { (chart::event_time_label(row.event_time)) }
                        td.num { (point(estimate.numbers)) }
                        td.num { @if let Some(r) = interval { (range(r.low, r.high)) } }
                        td.num { @if let Some(r) = band { (range(r.low, r.high)) } }
                        td.num.n { (shown(estimate.n_treated)) }
                        td.num.n { (shown(estimate.n_control)) }
                    }
                }
            }
        }
    }
}
