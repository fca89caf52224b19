//! How the checks ended: counts by table, and a list for each table. Never a number of rows.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::layout::{PageFolder, encoded, section, whole_page};
use super::source::Site;
use crate::checks::{Check, Status};
use crate::report::Lang;

pub(super) fn page(site: &Site<'_>) -> Markup {
    let lang = site.lang;
    let n = site.project.checks.len();
    let lead = html! {
        p.lead {
            (lang.pick("契約から作られる検査 ", "Checks that follow from the contracts: ")) (n) (lang.pick(" 件", "."))
            @if site.results.is_empty() { " " (lang.pick("まだ数えていません。", "None has been counted yet.")) }
        }
    };
    let statuses = worst(site);
    let count = |table: &str, status: Status| {
        let own = site
            .project
            .checks
            .iter()
            .filter(|check| check.table == table);
        own.filter(|check| statuses.get(check.name.as_str()) == Some(&status))
            .count()
    };
    let columns = [
        Status::Pass,
        Status::Warn,
        Status::Fail,
        Status::NotApplicable,
    ];
    let table = html! {
        div.scroll { table {
            thead { tr {
                th { (lang.pick("表", "table")) }
                th.num { (lang.pick("検査", "checks")) }
                @for status in columns { th.num { (word(status, lang)) } }
            } }
            tbody {
                @for contract in &site.project.contracts {
                    @let name = contract.name.as_str();
                    tr {
                        td { a href={"tables/" (encoded(name)) ".html#checks"} { code { (name) } } }
                        td.num { (site.project.checks.iter().filter(|check| check.table == name).count()) }
                        @for status in columns { td.num { (count(name, status)) } }
                    }
                }
            }
        } }
        p.prose { (lang.pick(
            "「非該当」は、空の列、届いていない項目、その期の行がない質問などで、合格には数えない。",
            "Not applicable: an empty column, an item that was not delivered, a question of a term without rows. It does not count as a pass.",
        )) }
    };
    let body = section("tables", lang.pick("表ごとの結果", "By table"), &table);
    whole_page(
        site,
        PageFolder::Top,
        lang.pick("品質検査", "Checks"),
        &lead,
        &body,
    )
}

/// The checks of one table; those that do not pass come first.
pub(super) fn of_table(site: &Site<'_>, table: &str) -> Markup {
    let lang = site.lang;
    let statuses = worst(site);
    let status = |check: &Check| statuses.get(check.name.as_str()).copied();
    let own: Vec<&Check> = site
        .project
        .checks
        .iter()
        .filter(|check| check.table == table)
        .collect();
    let is_open = |check: &&Check| status(check).is_some_and(|status| status >= Status::Warn);
    let (open, rest): (Vec<&Check>, Vec<&Check>) = own.into_iter().partition(is_open);
    let listed = |checks: &[&Check]| {
        html! {
            div.scroll { table.wide {
                thead { tr {
                    th { (lang.pick("結果", "status")) }
                    th { (lang.pick("検査", "check")) }
                    th { (lang.pick("内容", "what must hold")) }
                    th.num { (lang.pick("しきい値", "threshold")) }
                    th { (lang.pick("重大度", "severity")) }
                } }
                tbody {
                    @for check in checks {
                        tr {
                            td { (status(check).map_or(html! { "–" }, |status| shown(status, lang))) }
                            td { code { (check.name.strip_prefix(table).unwrap_or_default().trim_start_matches('.')) } }
                            td { (check.description) }
                            td.num { (check.threshold.map_or_else(|| "–".to_owned(), |value| value.to_string())) }
                            td { (check.severity.as_str()) }
                        }
                    }
                }
            } }
        }
    };
    html! {
        @if !open.is_empty() { (listed(&open)) }
        details.fold {
            summary { (rest.len()) (lang.pick(" 件の検査", if open.is_empty() { " checks" } else { " other checks" })) }
            (listed(&rest))
        }
    }
}

/// The worst status of every check that was counted.
fn worst<'s>(site: &'s Site<'_>) -> BTreeMap<&'s str, Status> {
    let mut worst = BTreeMap::new();
    for result in site.results {
        let known = worst
            .entry(result.check.name.as_str())
            .or_insert(Status::NotApplicable);
        *known = result.status().max(*known);
    }
    worst
}

fn word(status: Status, lang: Lang) -> &'static str {
    match status {
        Status::Pass => lang.pick("合格", "pass"),
        Status::Warn => lang.pick("注意", "warn"),
        Status::Fail => lang.pick("不合格", "fail"),
        Status::NotApplicable => lang.pick("非該当", "not applicable"),
    }
}

fn shown(status: Status, lang: Lang) -> Markup {
    html! { span class={"s-" (status.as_str())} { (word(status, lang)) } }
}
