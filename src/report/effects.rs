//! The sections on effects: the summary by field, the table of estimates, the event studies. The
//! page around them and the sections on the data are in `html`.

use maud::{Markup, html};

use super::chart::{self, ChartText, ComparisonRow, MarkStyle};
use super::diagnostics;
use super::estimate_cell::{estimate_cell, heading};
use super::names::{LabelKind, Names, label};
use super::page::{EffectGroup, EffectRow, EventStudy, Page};
use super::reading::{EffectReading, FieldReadings, readings};
use super::sentence::{Finding, causal_row, has_pre_trend, is_fixed_effects, is_naive, sentence};
use super::text::{Lang, count, range, signed};
use super::wording::words;
use crate::disclosure::{Count, EstimateNumbers};

/// The summary: one card per field, its main indicator first, the others folded.
pub(crate) fn summary(page: &Page, lang: Lang) -> Markup {
    let names = Names::new(&page.vocabulary, lang);
    let fields = by_field(page, names);
    html! {
        (tally(&fields, lang))
        p.lead { (words(names.lang).summary_lead) }
        @for field in &fields {
            (card(field, names))
        }
    }
}

/// Whether anything is known of an effect: a page of effects that do not exist would say nothing. Without the tables of holders of
/// programs there are none.
pub(crate) fn is_any_known(page: &Page) -> bool {
    let names = Names::new(&page.vocabulary, Lang::En);
    let fields = by_field(page, names);
    let mut found = fields.iter().flat_map(|field| &field.readings);
    found.any(|reading| reading.finding != Finding::Unavailable)
}

/// What stands in place of the summary where nothing is known of effects.
pub(crate) fn none(_: &Page, lang: Lang) -> Markup {
    html! { p.lead { (words(lang).summary_none) } }
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
                @if let Some(main) = field.readings.first() {
                    (diagnostics::lines(page, main.group, names))
                }
                div.more { (diagnostics::tables(page, field.field, names)) }
            }
        }
    }
}

/// The event studies, one fold per field.
pub(crate) fn event_studies(page: &Page, lang: Lang) -> Markup {
    let names = Names::new(&page.vocabulary, lang);
    let words = words(names.lang);
    let mut fields: Vec<&str> = by_field(page, names).iter().map(|own| own.field).collect();
    let without_effects = page.event_studies.iter().map(|study| study.field.as_str());
    for field in without_effects {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields.retain(|field| page.event_studies.iter().any(|study| study.field == *field));
    html! {
        p.lead { (words.event_lead) }
        p.legend {
            span { i.key.k-point {} (words.legend_point) }
            span { i.key.k-pre {} (words.legend_pre) }
            span { i.key.k-interval {} (words.legend_interval) }
            span { i.key.k-band {} (words.legend_band) }
        }
        div.studies {
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
}

/// The effects by field, those first whose main indicator tells most; so are the others of a field.
fn by_field<'page>(page: &'page Page, names: Names<'_>) -> Vec<FieldReadings<'page>> {
    let mut fields = readings(&page.effects, &page.event_studies, &page.judgements, names);
    for field in &mut fields {
        if let Some((_, others)) = field.readings.split_first_mut() {
            others.sort_by_key(|other| other.finding.rank());
        }
    }
    fields.sort_by_key(|field| field.readings.first().map(|main| main.finding.rank()));
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

fn card(field: &FieldReadings<'_>, names: Names<'_>) -> Markup {
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
            @if !others.is_empty() {
                details.screen {
                    summary {
                        (names.lang.pick("ほかの結果", "Other results"))
                        span.muted { " " (indicator_count(others.len(), names.lang)) }
                        span.signs {
                            @for other in others { (other.finding.sign()) }
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

/// What an effect says, in a word.
pub(super) fn badge(finding: Finding, lang: Lang) -> Markup {
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
    let shown = reading.group.rows.iter();
    let shown = shown.filter(|row| !is_fixed_effects(&row.estimator));
    shown.map(row).collect()
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
        if !names.contains(&row.estimator.as_str()) && !is_fixed_effects(&row.estimator) {
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
    let figcaption = html! {
        figcaption {
            span.of-field { (names.field(&study.field)) (names.lang.pick("：", ": ")) }
            (title)
            @if is_doubtful { " " (badge(Finding::PreTrend, names.lang)) }
        }
    };
    if study
        .points
        .iter()
        .all(|point| point.estimate.value().numbers.is_none())
    {
        return html! { figure.event { (figcaption) p.muted { (missing_study(study, names)) } } };
    }
    html! {
        figure.event {
            (figcaption)
            (chart::event_study(&study.points, unit, &text, page.rules, names.lang))
            details {
                summary { (words(names.lang).numbers) }
                div.scroll { (event_table(page, study, names)) }
            }
        }
    }
}

/// Why there is no event study to draw.
fn missing_study(study: &EventStudy, names: Names<'_>) -> String {
    let mut statuses = study
        .points
        .iter()
        .map(|point| point.estimate.value().status.as_str());
    let status = statuses.find(|status| *status != "base_period");
    label(LabelKind::Status, status.unwrap_or("no_rows"), names.lang)
}

fn event_table(page: &Page, study: &EventStudy, names: Names<'_>) -> Markup {
    let words = words(names.lang);
    let unit = names.unit(&study.indicator);
    let range = |low: f64, high: f64| range(low, high, unit, names.lang);
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
