//! The page of a raw table: its contract in full, who reads it, how its checks ended.

use maud::{Markup, html};

use super::layout::{PageFolder, beside, section, whole_page};
use super::source::Site;
use super::{checks, graph};
use crate::contract::{ColumnContract, Holder, Privacy, RowRule, TableContract};
use crate::report::Lang;

pub(super) fn page(site: &Site<'_>, contract: &TableContract) -> Markup {
    let lang = site.lang;
    let lead = html! {
        p.lead {
            @if lang == Lang::Ja { (contract.description_ja) " — " }
            (contract.description)
        }
    };
    let body = html! {
        (section("facts", lang.pick("契約", "Contract"), &facts(site, contract)))
        (section("columns", lang.pick("列", "Columns"), &columns(site, contract)))
        (section("lineage", lang.pick("系譜", "Lineage"), &graph::neighbours(site, &contract.name)))
        (section("checks", lang.pick("品質検査", "Checks"), &checks::of_table(site, &contract.name)))
    };
    whole_page(site, PageFolder::Table, &contract.name, &lead, &body)
}

pub(super) fn holder(holder: Holder, lang: Lang) -> &'static str {
    match holder {
        Holder::Insurer => lang.pick("保険者", "insurer"),
        Holder::Employer => lang.pick("事業主", "employer"),
        Holder::Municipality => lang.pick("自治体", "municipality"),
        Holder::Public => lang.pick("公表値", "public"),
    }
}

fn names(columns: &[String]) -> Markup {
    html! {
        @for (idx, column) in columns.iter().enumerate() {
            @if idx > 0 { ", " }
            code { (column) }
        }
    }
}

fn facts(site: &Site<'_>, contract: &TableContract) -> Markup {
    let lang = site.lang;
    html! {
        dl.facts {
            dt { (lang.pick("1行が表すもの", "One row")) } dd { (contract.grain) }
            dt { (lang.pick("保有者", "Holder")) } dd { (holder(contract.holder, lang)) }
            dt { (lang.pick("キー", "Key")) } dd { (names(&contract.key)) }
            @if !contract.partition_by.is_empty() {
                dt { (lang.pick("分割", "Partitioned by")) } dd { (names(&contract.partition_by)) }
            }
            @for reference in &contract.references {
                dt { (lang.pick("参照", "Refers to")) }
                dd {
                    (names(&reference.columns)) " → "
                    a href=(beside(&reference.table)) { code { (reference.table) } }
                    " (" (names(&reference.table_columns)) ")"
                }
            }
            @for rule in &contract.row_rules {
                dt { (lang.pick("行の規則", "Row rule")) } dd { (row_rule(rule, lang)) }
            }
            dt { (lang.pick("ファイル", "File")) } dd { code { "schemas/" (contract.name) ".toml" } }
        }
    }
}

fn row_rule(rule: &RowRule, lang: Lang) -> Markup {
    match rule {
        RowRule::NotAfter { first, second } => html! {
            code { (first) } " ≤ " code { (second) }
        },
        RowRule::FiscalYearOf { fiscal_year, date } => html! {
            code { (fiscal_year) } (lang.pick(" は ", " is the fiscal year of ")) code { (date) }
            (lang.pick(" の年度", ""))
        },
    }
}

fn columns(site: &Site<'_>, contract: &TableContract) -> Markup {
    let lang = site.lang;
    html! {
        div.scroll {
            table.wide {
                thead { tr {
                    th { (lang.pick("列", "column")) }
                    th { (lang.pick("意味", "meaning")) }
                    th { (lang.pick("型", "type")) }
                    th { (lang.pick("範囲・単位・コード", "range, unit, codes")) }
                    th { (lang.pick("区分", "privacy")) }
                } }
                tbody {
                    @for (idx, column) in contract.columns.iter().enumerate() {
                        tr id={"c" (idx)} {
                            td {
                                code { (column.name) }
                                @if lang == Lang::En { br; span.muted { (column.name_ja) } }
                            }
                            td {
                                (site.meaning(&contract.name, &column.name))
                                @if lang == Lang::Ja { br; span.muted { (column.description) } }
                            }
                            td {
                                code { (column.data_type.word()) }
                                @if column.nullable { br; span.muted { (lang.pick("欠測可", "may be missing")) } }
                            }
                            td { (values(column, lang)) }
                            td { (privacy(column.privacy, lang)) }
                        }
                    }
                }
            }
        }
    }
}

fn privacy(privacy: Privacy, lang: Lang) -> &'static str {
    match privacy {
        Privacy::Pseudonym => lang.pick("仮名キー", "pseudonym"),
        Privacy::Sensitive => lang.pick("要配慮", "sensitive"),
        Privacy::Open => lang.pick("公開可", "open"),
    }
}

fn values(column: &ColumnContract, lang: Lang) -> Markup {
    let codes = &column.codes;
    html! {
        @if column.min.or(column.max).is_some() {
            (column.min.map_or(String::new(), |min| min.to_string()))
            " … "
            (column.max.map_or(String::new(), |max| max.to_string()))
        }
        @if let Some(unit) = &column.unit { " " (unit) }
        @if let Some(n) = column.pattern_digits { (n) (lang.pick(" 桁の数字", " digits")) }
        @if !codes.always.is_empty() { (code_list(&codes.always)) }
        @for (term, codes) in &codes.by_term {
            p.term { (lang.pick("第", "term ")) (term) (lang.pick("期", "")) }
            (code_list(codes))
        }
        @if !column.item_codes.is_empty() {
            details {
                summary { (lang.pick("項目コード", "item codes")) }
                @for (idx, code) in column.item_codes.iter().enumerate() {
                    @if idx > 0 { br; }
                    code { (code) }
                }
            }
        }
    }
}

fn code_list(codes: &std::collections::BTreeMap<String, String>) -> Markup {
    html! {
        ul.codes { @for (code, label) in codes { li { code { (code) } " " (label) } } }
    }
}
