//! The relations that SQL can call: usage, arguments, columns of the result, an example.

use maud::{Markup, html};

use super::glossary::inline;
use super::layout::{PageFolder, section, whole_page};
use super::source::Site;
use crate::functions::{RELATIONS, result_columns};
use crate::report::Lang;
use crate::words::japanese;

fn said(text: &str, lang: Lang) -> String {
    match lang {
        Lang::Ja => japanese().say(text),
        Lang::En => text.to_owned(),
    }
}

pub(super) fn page(site: &Site<'_>) -> Markup {
    let lang = site.lang;
    let lead = html! {
        p.lead { (lang.pick(
            "SQL から表のように呼べる推定関数。",
            "Estimators that SQL calls like tables.",
        )) }
    };
    let body = html! {
        @for relation in RELATIONS {
            (section(relation.name, relation.name, &html! {
                p.prose { (inline(&said(relation.description, lang))) }
                pre.wrap { code { (relation.usage) } }
                @if !relation.arguments.is_empty() {
                    table.stack {
                        thead { tr {
                            th { (lang.pick("引数", "argument")) }
                            th { (lang.pick("種類", "kind")) }
                            th { (lang.pick("意味", "meaning")) }
                        } }
                        tbody {
                            @for argument in relation.arguments {
                                tr {
                                    td {
                                        code { (argument.name) }
                                        @if argument.required { " " span.muted { (lang.pick("必須", "required")) } }
                                    }
                                    td { (inline(&said(&argument.kind.to_string(), lang))) }
                                    td { (inline(&said(argument.description, lang))) }
                                }
                            }
                        }
                    }
                }
                table.stack {
                    thead { tr {
                        th { (lang.pick("結果の列", "result column")) }
                        th { (lang.pick("意味", "meaning")) }
                    } }
                    tbody {
                        @for column in result_columns(relation.name) {
                            tr {
                                td { code { (column.name) } }
                                td { (lang.pick(column.ja, column.en)) }
                            }
                        }
                    }
                }
                p.muted { (lang.pick("例", "Example")) }
                pre.wrap { code { (relation.example) } }
            }))
        }
    };
    whole_page(
        site,
        PageFolder::Top,
        lang.pick("推定の関数", "Relations"),
        &lead,
        &body,
    )
}
