//! The first page: every table with what one row of it stands for, stage by stage.

use maud::{Markup, html};

use super::layout::{PageFolder, encoded, section, whole_page};
use super::raw::holder;
use super::source::Site;
use crate::pipeline::Stage;
use crate::report::Lang;

pub(super) fn page(site: &Site<'_>) -> Markup {
    let lang = site.lang;
    let lead = html! {
        p.lead {
            (lang.pick(
                "このプロジェクトの表、検査、用語。契約（schemas/）とSQL（queries/）の注釈から作られています。",
                "Tables, checks and words of this project, made from its contracts (schemas/) and the comments of its queries (queries/).",
            ))
        }
    };
    let body = html! {
        (section("raw", lang.pick("受け取った表", "Raw tables"), &raw(site)))
        @for (stage, id, title) in stages(lang) {
            @if site.project.dag.queries().iter().any(|query| query.stage == stage) {
                (section(id, title, &made(site, stage)))
            }
        }
        (section("own", lang.pick("korabo の記録", "korabo's own tables"), &own(site)))
    };
    whole_page(
        site,
        PageFolder::Top,
        lang.pick("データの説明書", "Data documentation"),
        &lead,
        &body,
    )
}

/// Stages in their order, with anchor and name.
fn stages(lang: Lang) -> [(Stage, &'static str, &'static str); 7] {
    [
        (
            Stage::Clean,
            "clean",
            lang.pick("整えた表（clean）", "Clean tables"),
        ),
        (
            Stage::Link,
            "link",
            lang.pick("個人の突合（link）", "Linked tables"),
        ),
        (Stage::Panel, "panel", lang.pick("パネル（panel）", "Panel")),
        (
            Stage::Indicator,
            "indicator",
            lang.pick("指標（indicator）", "Indicators"),
        ),
        (
            Stage::Evaluation,
            "evaluation",
            lang.pick("評価（evaluation）", "Evaluations"),
        ),
        (
            Stage::Effect,
            "effect",
            lang.pick("効果（effect）", "Effects"),
        ),
        (
            Stage::Summary,
            "summary",
            lang.pick("要約（summary）", "Summaries"),
        ),
    ]
}

fn link(table: &str) -> Markup {
    html! { a href={"tables/" (encoded(table)) ".html"} { code { (table) } } }
}

fn raw(site: &Site<'_>) -> Markup {
    let lang = site.lang;
    html! {
        table.stack {
            thead { tr {
                th { (lang.pick("表", "table")) }
                th { (lang.pick("内容", "content")) }
                th { (lang.pick("保有者", "holder")) }
                th { (lang.pick("1行が表すもの", "one row")) }
            } }
            tbody {
                @for contract in &site.project.contracts {
                    tr {
                        td { (link(&contract.name)) }
                        td { (lang.pick(&contract.description_ja, &contract.description)) }
                        td { (holder(contract.holder, lang)) }
                        td { (contract.grain) }
                    }
                }
            }
        }
    }
}

fn made(site: &Site<'_>, stage: Stage) -> Markup {
    let lang = site.lang;
    html! {
        table.stack {
            thead { tr {
                th { (lang.pick("表", "table")) }
                th { (lang.pick("1行が表すもの", "one row")) }
            } }
            tbody {
                @for query in site.project.dag.queries().iter().filter(|query| query.stage == stage) {
                    tr { td { (link(&query.name)) } td { (query.header.grain) } }
                }
            }
        }
    }
}

fn own(site: &Site<'_>) -> Markup {
    html! {
        p.prose {
            @for (idx, name) in site.own_tables.keys().enumerate() {
                @if idx > 0 { " · " }
                (link(name))
            }
        }
    }
}
