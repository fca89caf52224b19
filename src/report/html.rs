//! The page as one HTML document: head, summary, contents, the sections on the data, notes. The
//! sections on effects are in `effects`. Every text is escaped by maud; only the style sheet, which
//! is part of the program, is not.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::disclosure::{Count, Releasable};

use super::effects;
use super::names::{LabelKind, label, level_label};
use super::page::{DeliveryRow, FlowGroup, FlowStep, LinkageRow, Page, RejectRow};
use super::paper::page_boxes;
use super::plans;
use super::text::{Lang, count, grouped, percent};
use super::wording::{Words, words};

/// The look of everything korabo draws.
pub(crate) const STYLE: &str = include_str!("style.css");
/// Nothing may be loaded and nothing may run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// Draws the page as a self-contained HTML document in UTF-8.
#[must_use]
pub fn render(page: &Page, lang: Lang) -> String {
    let title = page.title.as_deref().unwrap_or(words(lang).title);
    let sections = sections(page, lang);
    let subject = page.subject.as_deref().unwrap_or("korabo");
    let boxes = page_boxes(
        &format!("{subject} ― {title}"),
        &made(page, lang).join("　"),
    );
    let document = html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(boxes)) }
            }
            body {
                (masthead(page, title, lang))
                main {
                    @if sections.is_empty() { p.lead { (words(lang).nothing) } }
                    @for section in &sections {
                        section id=(section.id) {
                            h2 { (section.title) }
                            (section.body)
                        }
                    }
                    section #notes {
                        h2 { (words(lang).notes) }
                        (notes(page, lang))
                    }
                }
            }
        }
    };
    document.into_string()
}

struct Section {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

/// The sections that have something to show, summary first.
fn sections(page: &Page, lang: Lang) -> Vec<Section> {
    let words = words(lang);
    let has_effects = effects::is_any_known(page);
    let mut sections = Vec::new();
    let mut add = |is_there: bool, id, title, body: fn(&Page, Lang) -> Markup| {
        if is_there {
            sections.push(Section {
                id,
                title,
                body: body(page, lang),
            });
        }
    };
    match has_effects {
        true => add(true, "summary", words.summary, effects::summary),
        false => add(
            !page.effects.is_empty(),
            "summary",
            words.summary,
            effects::none,
        ),
    }
    let is_told = has_effects || page.effects.is_empty();
    let has_plans = is_told && !page.plans.is_empty();
    add(has_plans, "plans", words.plans, plans::plans);
    let mut answers = page.plans.iter().flat_map(|plan| &plan.answers);
    let has_gates = answers.any(|answer| !answer.gates.is_empty());
    add(is_told && has_gates, "gates", words.gates, plans::gates);
    let has_studies = is_told && !page.event_studies.is_empty();
    add(
        has_effects,
        "effects",
        words.effects,
        effects::effects_table,
    );
    add(
        has_studies,
        "event-studies",
        words.event_studies,
        effects::event_studies,
    );
    add(!page.flow.is_empty(), "flow", words.flow, flow);
    add(!page.linkage.is_empty(), "linkage", words.linkage, linkage);
    add(
        !page.deliveries.is_empty(),
        "deliveries",
        words.deliveries,
        deliveries,
    );
    add(!page.rejects.is_empty(), "rejects", words.rejects, rejects);
    sections
}

fn masthead(page: &Page, title: &str, lang: Lang) -> Markup {
    let words = words(lang);
    html! {
        header.masthead {
            div {
                @if let Some(subject) = &page.subject { p.subject { (subject) } }
                h1 { (title) }
                p.made { @for part in made(page, lang) { span { (part) } } }
                nav aria-label=(words.contents) {
                    @for section in sections(page, lang) {
                        a href={"#" (section.id)} { (section.title) }
                    }
                    a href="#notes" { (words.notes) }
                }
            }
        }
    }
}

/// When, by which run and by which version the page was made.
fn made(page: &Page, lang: Lang) -> Vec<String> {
    let words = words(lang);
    let made = &page.provenance;
    let parts = [
        (words.generated, &made.generated_at),
        (words.run, &made.run_id),
        ("korabo", &made.korabo_version),
    ];
    let known = parts.iter().filter(|(_, value)| !value.is_empty());
    known
        .map(|(name, value)| format!("{name} {value}"))
        .collect()
}

fn shown(n: &Releasable<Count>, page: &Page) -> String {
    count(*n.value(), page.rules)
}

fn flow(page: &Page, lang: Lang) -> Markup {
    html! {
        p.lead { (words(lang).flow_lead) }
        ol.flow {
            @for step in &page.flow { (flow_step(page, step, lang)) }
        }
        (flow_groups(page, &page.flow_groups, lang))
        @if !page.flow_effects.is_empty() {
            p.lead { (words(lang).flow_effects) }
            (flow_groups(page, &page.flow_effects, lang))
        }
    }
}

fn flow_groups(page: &Page, groups: &[FlowGroup], lang: Lang) -> Markup {
    html! {
        @if !groups.is_empty() {
            ul.flow-groups {
                @for group in groups {
                    li.box {
                        span { (label(LabelKind::FlowStep, &group.group, lang)) }
                        b { (people(*group.n.value(), page, lang)) }
                    }
                }
            }
        }
    }
}

/// A number of persons with its counter word, which a dash does not take.
fn people(n: Count, page: &Page, lang: Lang) -> Markup {
    html! {
        span.n { (count(n, page.rules)) }
        @if n != Count::Withheld { (words(lang).persons) }
    }
}

fn flow_step(page: &Page, step: &FlowStep, lang: Lang) -> Markup {
    let words = words(lang);
    let counts = step.counts.value();
    html! {
        li {
            @if let Some(excluded) = counts.excluded && excluded != Count::Shown(0) {
                p.excluded {
                    (words.excluded) " " (people(excluded, page, lang))
                }
            }
            div.box {
                span { (label(LabelKind::FlowStep, &step.step, lang)) }
                b { (people(counts.remaining, page, lang)) }
            }
        }
    }
}

fn linkage(page: &Page, lang: Lang) -> Markup {
    html! {
        p.lead { (words(lang).linkage_lead) }
        @for side in distinct(page.linkage.iter().map(|row| row.side.as_str())) {
            @let of_side = || page.linkage.iter().filter(move |row| row.side == side);
            @if !side.is_empty() { h3 { (label(LabelKind::Side, side, lang)) } }
            div.columns {
                @for dimension in distinct(of_side().map(|row| row.dimension.as_str())) {
                    @let rows = of_side().filter(|row| row.dimension == dimension);
                    (linkage_table(page, dimension, &rows.collect::<Vec<_>>(), lang))
                }
            }
        }
    }
}

/// The names in order of first appearance.
fn distinct<'page>(names: impl Iterator<Item = &'page str>) -> Vec<&'page str> {
    let mut found: Vec<&str> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

fn linkage_table(page: &Page, dimension: &str, rows: &[&LinkageRow], lang: Lang) -> Markup {
    let words = words(lang);
    html! {
        table.linkage {
            caption { (label(LabelKind::Dimension, dimension, lang)) }
            thead {
                tr {
                    th { (words.level) }
                    th.num { (words.linked) " / " (words.population) }
                    th { (words.match_rate) }
                }
            }
            tbody {
                @for row in rows {
                    @let share = row.matched.value();
                    tr {
                        th scope="row" { (level_label(dimension, &row.level, lang)) }
                        td.num.n {
                            (count(share.part, page.rules)) " / " (count(share.whole, page.rules))
                        }
                        td.rate {
                            @if let Some(share) = share.share {
                                span.bar { i style={"width:" (percent(share))} {} }
                                (percent(share))
                            } @else { "—" }
                        }
                    }
                }
            }
        }
    }
}

fn deliveries(page: &Page, lang: Lang) -> Markup {
    let words = words(lang);
    let row = |row: &DeliveryRow| {
        html! {
            tr {
                th scope="row" { (table_label(&row.table, lang)) }
                td { (row.holder) }
                td.num { (grouped(row.n_files)) }
                td.num.n { (shown(&row.rows_in, page)) }
                td.num.n { (shown(&row.rows_accepted, page)) }
                td.num.n { (shown(&row.rows_rejected, page)) }
            }
        }
    };
    html! {
        p.lead { (words.deliveries_lead) }
        details.fold {
            summary {
                (words.table) "・" (words.holder)
                span.muted { " " (page.deliveries.len()) (lang.pick("件", " rows")) }
            }
            div.scroll {
                table {
                    thead {
                        tr {
                            th { (words.table) }
                            th { (words.holder) }
                            th.num { (words.files) }
                            th.num { (words.rows_in) }
                            th.num { (words.rows_accepted) }
                            th.num { (words.rows_rejected) }
                        }
                    }
                    tbody { @for delivery in &page.deliveries { (row(delivery)) } }
                }
            }
        }
    }
}

fn rejects(page: &Page, lang: Lang) -> Markup {
    let words = words(lang);
    let row = |row: &RejectRow| {
        html! {
            tr {
                th scope="row" { (table_label(&row.table, lang)) }
                td {
                    @if row.column.is_empty() { (words.whole_row) } @else { code { (row.column) } }
                }
                td { (row.rule) }
                td.num.n { (shown(&row.n_rows, page)) }
            }
        }
    };
    html! {
        p.lead { (words.rejects_lead) }
        details.fold {
            summary {
                (words.table) "・" (words.column) "・" (words.rule)
                span.muted { " " (page.rejects.len()) (lang.pick("件", " rows")) }
            }
            div.scroll {
                table {
                    thead {
                        tr {
                            th { (words.table) }
                            th { (words.column) }
                            th { (words.rule) }
                            th.num { (words.rows) }
                        }
                    }
                    tbody { @for reject in &page.rejects { (row(reject)) } }
                }
            }
        }
    }
}

fn table_label(table: &str, lang: Lang) -> Markup {
    let name = label(LabelKind::Table, table, lang);
    html! {
        (name)
        @if name != table { " " code.muted { (table) } }
    }
}

fn notes(page: &Page, lang: Lang) -> Markup {
    let words = words(lang);
    html! {
        ul.notes {
            @if !page.effects.is_empty() { (effect_notes(words)) }
            li { (suppression_note(page, lang)) }
        }
        @if !page.provenance.lake_versions.is_empty() {
            details.fold {
                summary { (lang.pick("使った表と版", "Tables and versions used")) }
                ul.versions {
                    @for table in &page.provenance.lake_versions {
                        li { code { (table.table) } " " (words.version) " " (table.version) }
                    }
                }
            }
        }
    }
}

fn effect_notes(words: &Words) -> Markup {
    html! {
        li { (words.note_causal) }
        li { (words.note_adjusted) }
        li { (words.note_naive) }
        li { (words.note_pre_trend) }
        li { (words.note_many) }
    }
}

fn suppression_note(page: &Page, lang: Lang) -> String {
    let n = page.rules.min_count;
    match lang {
        Lang::Ja => format!(
            "{n}未満の人数・行数は「<{n}」と示す。「—」は、ほかの数から逆算されないよう伏せた数である。\
             {n}人未満に基づく推定は公表しない。"
        ),
        Lang::En => format!(
            "Counts below {n} are shown as “<{n}”. A dash (—) hides a number that would let another \
             be worked out. Estimates resting on fewer than {n} people are withheld."
        ),
    }
}
