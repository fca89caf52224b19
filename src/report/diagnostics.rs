//! What an analyst asks of an effect: were the groups alike, and do other estimators say the same. Two
//! lines beside each main effect and the numbers behind them, by field.

use maud::{Markup, html};

use super::estimate_cell::{estimate_cell, heading};
use super::names::{LabelKind, Names, label, level_label};
use super::page::{Balance, CovariateRow, EffectGroup, EffectRow, Page};
use super::sentence::{causal_row, is_fixed_effects};
use super::text::{Lang, magnitude, percent, range, signed, unit_heading, unit_name};
use super::wording::words;
use crate::disclosure::{BalanceNumbers, Interval};

/// Standardised differences above this in size are called out: the usual convention (Austin 2009).
const NOTABLE: f64 = 0.1;

/// What diagnostics say of a field's main effect, in words.
pub(super) fn lines(page: &Page, main: &EffectGroup, names: Names<'_>) -> Markup {
    let words = words(names.lang);
    let balance = page
        .balance
        .iter()
        .find(|balance| balance.field == main.field && balance.population == main.population)
        .and_then(|balance| balance_line(balance, names));
    let others = page
        .robustness
        .iter()
        .find(|group| {
            (&group.field, &group.indicator, &group.population)
                == (&main.field, &main.indicator, &main.population)
        })
        .and_then(|group| robustness_line(group, names));
    html! {
        @if balance.is_some() || others.is_some() {
            dl.checks {
                @if let Some(text) = balance {
                    dt { (words.balance) }
                    dd { (text) }
                }
                @if let Some(text) = others {
                    dt { (words.robustness) }
                    dd { (text) }
                }
            }
        }
    }
}

/// The numbers behind the lines: one fold each per population of a field.
pub(super) fn tables(page: &Page, field: &str, names: Names<'_>) -> Markup {
    let words = words(names.lang);
    let balances = page.balance.iter().filter(|balance| balance.field == field);
    html! {
        (fixed_effects(page, field, names))
        @for group in page.robustness.iter().filter(|group| group.field == field) {
            details {
                summary {
                    (words.robustness)
                    span.muted { " " (heading(&group.indicator, &group.population, names)) }
                }
                p.muted { (words.robustness_lead) }
                div.scroll { (robustness_table(group, names)) }
            }
        }
        @for (idx, balance) in balances.enumerate() {
            details {
                summary {
                    (words.balance)
                    span.muted { " " (label(LabelKind::Population, &balance.population, names.lang)) }
                }
                @if idx == 0 { p.muted { (words.balance_lead) } }
                div.scroll { (balance_table(balance, names)) }
            }
        }
    }
}

/// Two-way fixed effects, which are no effect under staggered starts, beside the causal estimate.
fn fixed_effects(page: &Page, field: &str, names: Names<'_>) -> Markup {
    let words = words(names.lang);
    let of_field = page.effects.iter().filter(|group| group.field == field);
    let rows = of_field.filter_map(|group| {
        let own = group
            .rows
            .iter()
            .find(|row| is_fixed_effects(&row.estimator))?;
        Some((group, own))
    });
    let rows: Vec<(&EffectGroup, &EffectRow)> = rows.collect();
    let Some((_, first)) = rows.first() else {
        return html! {};
    };
    let name = label(LabelKind::Estimator, &first.estimator, names.lang);
    let causal = label(LabelKind::Estimator, "callaway_santanna", names.lang);
    html! {
        details {
            summary { (name) }
            p.muted { (words.fixed_effects_lead) }
            div.scroll {
                table.narrow {
                    thead { tr { th { (words.indicator) } th.num { (name) } th.num { (causal) } } }
                    tbody {
                        @for (group, own) in &rows {
                            tr {
                                th scope="row" { (heading(&group.indicator, &group.population, names)) }
                                td.num { (estimate_cell(Some(own), group, names)) }
                                td.num { (estimate_cell(causal_row(group), group, names)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A row that may be shown, with its standardised difference.
struct Difference<'page> {
    row: &'page CovariateRow,
    smd: f64,
}

fn differences(balance: &Balance) -> Vec<Difference<'_>> {
    let shown = |row| {
        let smd = shown_smd(row)?;
        Some(Difference { row, smd })
    };
    balance.rows.iter().filter_map(shown).collect()
}

fn shown_smd(row: &CovariateRow) -> Option<f64> {
    row.numbers.value().and_then(|numbers| numbers.smd)
}

fn is_notable(smd: f64) -> bool {
    smd.abs() > NOTABLE
}

/// Whether the groups were alike and, where not, what that means for the effect.
fn balance_line(balance: &Balance, names: Names<'_>) -> Option<String> {
    let all = differences(balance);
    let largest = all
        .iter()
        .max_by(|a, b| a.smd.abs().total_cmp(&b.smd.abs()))?;
    let notable: Vec<&Difference<'_>> = all.iter().filter(|d| is_notable(d.smd)).collect();
    let (n, n_notable) = (all.len(), notable.len());
    let name = row_label(largest.row, names);
    let smd = signed_smd(largest.smd);
    if notable.is_empty() {
        return Some(match names.lang {
            Lang::Ja => {
                format!("{n}項目のどれにも標準化差が0.1を超える違いはない（最大は{name}の{smd}）。")
            }
            Lang::En => format!(
                "None of {n} characteristics differs by more than 0.1 standard deviations \
                 (largest: {name}, {smd})."
            ),
        });
    }
    let opening = match names.lang {
        Lang::Ja => {
            format!("{n}項目のうち{n_notable}項目で標準化差が0.1を超える（最大は{name}の{smd}）。")
        }
        Lang::En => format!(
            "{n_notable} of {n} characteristics differ by more than 0.1 standard deviations (largest: \
             {name}, {smd}). "
        ),
    };
    let meaning = if notable.iter().all(|d| d.row.is_adjusted) {
        names.lang.pick(
            "推定ではこの違いを調整してある。",
            "The estimate is adjusted for this.",
        )
    } else {
        names.lang.pick(
            "調整していない項目の違いは、そうした人の変化の仕方も違えば、推定を偏らせる。",
            "Those not adjusted for bias the estimate if such people change differently.",
        )
    };
    Some(opening + meaning)
}

/// What the estimators found, and whether the others lie within the interval of the causal one.
fn robustness_line(group: &EffectGroup, names: Names<'_>) -> Option<String> {
    let causal = causal_row(group)?;
    let interval = causal.estimate.value().numbers?.interval?;
    let unit = names.unit(&group.indicator);
    let (mut parts, mut outside) = (Vec::new(), Vec::new());
    for row in &group.rows {
        let Some(numbers) = row.estimate.value().numbers else {
            continue;
        };
        let name = label(LabelKind::Estimator, &row.estimator, names.lang);
        let estimate = signed(numbers.estimate, unit);
        if row.estimator == causal.estimator {
            let ends = range(interval.low, interval.high, unit, names.lang);
            parts.push(match names.lang {
                Lang::Ja => format!("{name} {estimate}（{ends}）"),
                Lang::En => format!("{name} {estimate} ({ends})"),
            });
        } else {
            if !holds(interval, numbers.estimate) {
                outside.push(name.clone());
            }
            parts.push(format!("{name} {estimate}"));
        }
    }
    if parts.len() < 2 {
        return None;
    }
    let name = unit_name(unit, names.lang);
    Some(match (names.lang, outside.is_empty()) {
        (Lang::Ja, true) => format!(
            "曝露後の全人年の平均で{}{name}。ほかもすべて因果推定の区間の中にある。",
            parts.join("、")
        ),
        (Lang::Ja, false) => format!(
            "曝露後の全人年の平均で{}{name}。{}は区間の外にあり、結果は推定法の選び方で変わる。",
            parts.join("、"),
            outside.join("、")
        ),
        (Lang::En, true) => format!(
            "Mean over all exposed person-years: {}{name}. All lie within the causal estimate’s interval.",
            parts.join("; ")
        ),
        (Lang::En, false) => format!(
            "Mean over all exposed person-years: {}{name}. Outside the interval: {}. The result depends \
             on the estimator.",
            parts.join("; "),
            outside.join(", ")
        ),
    })
}

fn holds(interval: Interval, value: f64) -> bool {
    interval.low <= value && value <= interval.high
}

fn robustness_table(group: &EffectGroup, names: Names<'_>) -> Markup {
    let words = words(names.lang);
    let row = |row: &EffectRow| {
        let status = row.estimate.value().status.as_str();
        html! {
            tr {
                th scope="row" { (label(LabelKind::Estimator, &row.estimator, names.lang)) }
                td.num { (estimate_cell(Some(row), group, names)) }
                td {
                    @if status != "ok" { span.muted { (label(LabelKind::Status, status, names.lang)) } }
                }
            }
        }
    };
    html! {
        table.narrow {
            thead {
                tr {
                    th { (words.estimator) }
                    th.num { (words.estimate) }
                    th { (words.status) }
                }
            }
            tbody { @for estimator in &group.rows { (row(estimator)) } }
        }
    }
}

fn balance_table(balance: &Balance, names: Names<'_>) -> Markup {
    let words = words(names.lang);
    html! {
        table.narrow {
            thead {
                tr {
                    th { (words.covariate) }
                    th.num { (words.mean_treated) }
                    th.num { (words.mean_control) }
                    th.num { (words.smd) }
                    th { (words.is_adjusted) }
                }
            }
            tbody { @for row in &balance.rows { (balance_row(row, names)) } }
        }
    }
}

fn balance_row(row: &CovariateRow, names: Names<'_>) -> Markup {
    let numbers = *row.numbers.value();
    let mean = |mean: fn(&BalanceNumbers) -> f64| {
        numbers.as_ref().map_or("—".to_owned(), |numbers| {
            shown_mean(row, mean(numbers), names)
        })
    };
    let smd = shown_smd(row);
    html! {
        tr {
            th scope="row" {
                (row_label(row, names))
                @if !row.is_share {
                    span.muted { " " (unit_heading(names.unit(&row.covariate), names.lang)) }
                }
            }
            td.num { (mean(|numbers| numbers.mean_treated)) }
            td.num { (mean(|numbers| numbers.mean_control)) }
            td.num {
                @match smd {
                    Some(smd) if is_notable(smd) => b { (signed_smd(smd)) },
                    Some(smd) => (signed_smd(smd)),
                    None => "—",
                }
            }
            td { @if row.is_adjusted { (words(names.lang).adjusted) } }
        }
    }
}

fn shown_mean(row: &CovariateRow, mean: f64, names: Names<'_>) -> String {
    if row.is_share {
        percent(mean)
    } else {
        magnitude(mean, names.unit(&row.covariate))
    }
}

/// `Worksite size: 10–49 employees`, or the covariate alone.
fn row_label(row: &CovariateRow, names: Names<'_>) -> String {
    let name = names.covariate(&row.covariate);
    if row.level.is_empty() {
        return name;
    }
    let level = level_label(&row.covariate, &row.level, names.lang);
    match names.lang {
        Lang::Ja => format!("{name}：{level}"),
        Lang::En => format!("{name}: {level}"),
    }
}

fn signed_smd(smd: f64) -> String {
    let text = format!("{:.2}", smd.abs());
    match (text.as_str(), smd < 0.0) {
        ("0.00", _) => "±0.00".to_owned(),
        (_, true) => format!("−{text}"),
        (_, false) => format!("+{text}"),
    }
}
