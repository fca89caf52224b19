//! The page of a table that korabo writes about its own work.

use datafusion::arrow::datatypes::SchemaRef;
use maud::{Markup, html};

use super::graph;
use super::layout::{PageFolder, beside, section, whole_page};
use super::query::type_word;
use super::source::Site;
use crate::report::Lang;

pub(super) fn page(site: &Site<'_>, name: &str, schema: &SchemaRef) -> Markup {
    let lang = site.lang;
    let lead = html! { p.lead { (meaning(name, lang)) } };
    let columns = html! {
        table {
            thead { tr {
                th { (lang.pick("列", "column")) }
                th { (lang.pick("意味", "meaning")) }
                th { (lang.pick("型", "type")) }
            } }
            tbody {
                @for (idx, field) in schema.fields().iter().enumerate() {
                    tr id={"c" (idx)} {
                        td { code { (field.name()) } }
                        td { (site.meaning(name, field.name())) }
                        td { code { (type_word(field.data_type())) } }
                    }
                }
            }
        }
    };
    let body = html! {
        @if let Some(raw) = name.strip_prefix("rejects_") {
            p.prose { (lang.pick("元の表: ", "Of table ")) a href=(beside(raw)) { code { (raw) } } }
        }
        (section("columns", lang.pick("列", "Columns"), &columns))
        (section("lineage", lang.pick("系譜", "Lineage"), &graph::neighbours(site, name)))
    };
    whole_page(site, PageFolder::Table, name, &lead, &body)
}

/// What a table of korabo's own is.
pub(super) fn meaning(name: &str, lang: Lang) -> &'static str {
    match name {
        "deliveries" => lang.pick(
            "納品1件につき1行：受領・採用・不受理の行数",
            "One row per delivery: rows received, accepted, rejected.",
        ),
        "runs" => lang.pick("実行1回につき1行", "One row per run."),
        "run_steps" => lang.pick("実行の段階1つにつき1行", "One row per step of a run."),
        "test_results" => lang.pick(
            "SQL のテスト1つ・実行1回につき1行",
            "One row per test of a query's header and run.",
        ),
        "check_results" => lang.pick(
            "契約からの検査1つ、納品または表につき1行",
            "One row per check, delivery or whole table, and evaluation.",
        ),
        _ if name.starts_with("rejects_") => lang.pick(
            "受け取らなかった行と理由",
            "Rows that were not accepted, and why.",
        ),
        _ => "",
    }
}
