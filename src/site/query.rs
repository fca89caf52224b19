//! The page of a table that a query makes: its comment, key, tests, columns with what they are made of, and its SQL.

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use maud::{Markup, html};

use super::layout::{PageFolder, beside, section, whole_page};
use super::source::Site;
use super::{graph, highlight};
use crate::pipeline::{Materialize, Query, Sensitivity, TableColumn};
use crate::report::Lang;

pub(super) fn page(site: &Site<'_>, query: &Query) -> Markup {
    let lang = site.lang;
    let lead = html! { p.lead { (query.header.grain) } };
    let body = html! {
        section #about {
            h2 { (lang.pick("説明", "About")) }
            @let prose = query.prose();
            @if prose.len() > 1 {
                p.prose { @for line in &prose[1..] { (line) " " } }
            }
            (facts(query, lang))
        }
        (section("lineage", lang.pick("系譜", "Lineage"), &graph::neighbours(site, &query.name)))
        @if let Some(made) = site.lineage.table(&query.name) {
            (section("columns", lang.pick("列", "Columns"), &columns(site, query, &made.schema)))
        }
        @if !query.header.tests.is_empty() {
            (section("tests", lang.pick("検査", "Tests"), &tests(query, lang)))
        }
        (section("sql", "SQL", &highlight::sql(query)))
    };
    whole_page(site, PageFolder::Table, &query.name, &lead, &body)
}

fn facts(query: &Query, lang: Lang) -> Markup {
    let header = &query.header;
    let listed = |columns: &[String]| html! { code { (columns.join(", ")) } };
    html! {
        dl.facts {
            @if !header.key.is_empty() { dt { (lang.pick("キー", "Key")) } dd { (listed(&header.key)) } }
            @if !header.not_null.is_empty() { dt { (lang.pick("必須", "Never missing")) } dd { (listed(&header.not_null)) } }
            @if !header.partition_by.is_empty() { dt { (lang.pick("分割", "Partitioned by")) } dd { (listed(&header.partition_by)) } }
            dt { (lang.pick("種類", "Kind")) }
            dd {
                @match (&header.identity, header.materialize) {
                    (Some(identity), _) => {
                        (lang.pick("番号表: ", "identity: ")) code { (identity.keys.join(", ")) " → " (identity.id) }
                    }
                    (None, Materialize::Table) => (lang.pick("表", "table")),
                    (None, Materialize::View) => (lang.pick("ビュー", "view")),
                }
                " · "
                @match header.sensitivity {
                    Sensitivity::Person => (lang.pick("個人に関する行", "rows about persons")),
                    Sensitivity::Aggregate => (lang.pick("集計", "aggregates")),
                }
            }
            @for join in &header.joins {
                dt { (lang.pick("結合", "Join")) }
                dd {
                    a href=(beside(&join.table)) { code { (join.table) } }
                    (lang.pick(" は次の列で一意: ", " is unique on ")) (listed(&join.columns))
                }
            }
            @if !header.tags.is_empty() { dt { (lang.pick("タグ", "Tags")) } dd { (header.tags.join(", ")) } }
            @if !query.parameters.is_empty() {
                dt { (lang.pick("パラメータ", "Parameters")) }
                dd { code { (query.parameters.iter().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ")) } }
            }
            dt { (lang.pick("ファイル", "File")) } dd { code { (query.file.display()) } }
        }
    }
}

fn columns(site: &Site<'_>, query: &Query, schema: &SchemaRef) -> Markup {
    let lang = site.lang;
    html! {
        div.scroll {
            table {
                thead { tr {
                    th { (lang.pick("列", "column")) }
                    th { (lang.pick("意味", "meaning")) }
                    th { (lang.pick("型", "type")) }
                    th { (lang.pick("元の列", "made of")) }
                } }
                tbody {
                    @for (idx, field) in schema.fields().iter().enumerate() {
                        tr id={"c" (idx)} {
                            td { code { (field.name()) } }
                            td { (site.meaning(&query.name, field.name())) }
                            td { code { (type_word(field.data_type())) } }
                            td { (sources(site, query, field.name())) }
                        }
                    }
                }
            }
        }
        p.muted { (lang.pick(
            "元の列は値についてのもの。行を選ぶだけの列（条件、結合のキー）は含まない。",
            "Made of: as far as values go. Columns that only decide which rows there are (filters, join keys) are not listed.",
        )) }
    }
}

fn sources(site: &Site<'_>, query: &Query, column: &str) -> Markup {
    let column = TableColumn {
        table: query.name.clone(),
        column: column.to_owned(),
    };
    let sources = site.lineage.sources(&column);
    html! {
        @for (idx, source) in sources.iter().enumerate() {
            @if idx > 0 { ", " }
            @let name = format!("{}.{}", source.table, source.column);
            @match site.anchor(&source.table, &source.column) {
                Some(anchor) => a href={(beside(&source.table)) "#" (anchor)} { code { (name) } },
                None => code { (name) },
            }
        }
    }
}

fn tests(query: &Query, lang: Lang) -> Markup {
    html! {
        table {
            thead { tr { th { (lang.pick("検査", "test")) } th { (lang.pick("重大度", "severity")) } } }
            tbody {
                @for test in &query.header.tests {
                    tr { td { code { (test.text) } } td { (test.severity.as_str()) } }
                }
            }
        }
    }
}

/// A type in a word or two.
pub(super) fn type_word(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Float32 | DataType::Float64 => "number".to_owned(),
        kind if kind.is_integer() => "integer".to_owned(),
        kind => kind.to_string(),
    }
}
