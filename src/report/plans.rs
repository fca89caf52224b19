//! The sections on plans: what each asks and what it found, and the gates that its estimates were measured by.

use maud::{Markup, html};

use super::effects::badge;
use super::names::{LabelKind, Names, label};
use super::page::{Answer, GateResult, Page, Plan};
use super::sentence::Finding;
use super::text::{Lang, range, signed, unit_heading};
use super::wording::words;

/// One row per plan, the most telling first.
pub(super) fn plans(page: &Page, lang: Lang) -> Markup {
    let names = Names::new(&page.vocabulary, lang);
    let words = words(lang);
    html! {
        p.lead { (words.plans_lead) }
        div.scroll {
            table.plans {
                thead { tr {
                    th { (words.question) }
                    th { (words.primary) }
                    th { (words.secondary) }
                    th { (words.locked) }
                } }
                tbody { @for plan in sorted(&page.plans) { (plan_row(plan, names)) } }
            }
        }
    }
}

/// Plans by what their first indicator says.
fn sorted(plans: &[Plan]) -> Vec<&Plan> {
    let rank = |plan: &&Plan| {
        let first = plan.answers.first();
        first.map(|answer| Finding::of_verdict(&answer.verdict).rank())
    };
    let mut sorted: Vec<&Plan> = plans.iter().collect();
    sorted.sort_by_key(rank);
    sorted
}

fn plan_row(plan: &Plan, names: Names<'_>) -> Markup {
    let lang = names.lang;
    let (ja, en) = &plan.question;
    let (primary, secondary): (Vec<&Answer>, Vec<&Answer>) =
        plan.answers.iter().partition(|answer| answer.is_primary);
    html! {
        tr {
            th scope="row" { (lang.pick(ja, en)) " " code.muted { (plan.name) } }
            td { @for answer in primary { (primary_answer(answer, names)) } }
            td {
                @for answer in secondary {
                    @let finding = Finding::of_verdict(&answer.verdict);
                    div.answer title=(finding.label(lang)) {
                        span.sign { (finding.sign()) } (names.indicator_heading(&answer.indicator))
                    }
                }
            }
            td {
                @if plan.is_locked { (lang.pick("はい", "yes")) } @else { "–" }
                @if !plan.deviations.is_empty() { div.muted { (plan.deviations) } }
            }
        }
    }
}

fn primary_answer(answer: &Answer, names: Names<'_>) -> Markup {
    let unit = names.unit(&answer.indicator);
    html! {
        div.answer {
            (badge(Finding::of_verdict(&answer.verdict), names.lang))
            " " (names.indicator_heading(&answer.indicator))
            @if let Some(numbers) = answer.numbers.value() {
                span.range {
                    (signed(numbers.estimate, unit)) " ("
                    (range(numbers.interval.low, numbers.interval.high, unit, names.lang)) ") "
                    (unit_heading(unit, names.lang))
                }
            }
        }
    }
}

/// One row per plan and indicator, one column per gate.
pub(super) fn gates(page: &Page, lang: Lang) -> Markup {
    let names = Names::new(&page.vocabulary, lang);
    let words = words(lang);
    let columns = columns(page);
    html! {
        p.lead { (words.gates_lead) }
        div.scroll {
            table.gates {
                thead { tr {
                    th { (words.plan) }
                    th { (words.indicator) }
                    @for gate in &columns {
                        @let (ja, en) = &gate.title;
                        th.gate { span { (lang.pick(ja, en)) } }
                    }
                } }
                tbody {
                    @for plan in sorted(&page.plans) {
                        @for answer in &plan.answers { (gate_row(plan, answer, &columns, names)) }
                    }
                }
            }
        }
    }
}

/// The gates of all plans in order of first appearance.
fn columns(page: &Page) -> Vec<&GateResult> {
    let mut found: Vec<&GateResult> = Vec::new();
    let answers = page.plans.iter().flat_map(|plan| &plan.answers);
    for gate in answers.flat_map(|answer| &answer.gates) {
        if !found.iter().any(|known| known.gate == gate.gate) {
            found.push(gate);
        }
    }
    found
}

fn gate_row(plan: &Plan, answer: &Answer, columns: &[&GateResult], names: Names<'_>) -> Markup {
    html! {
        tr {
            th scope="row" { code { (plan.name) } }
            td {
                (names.indicator_heading(&answer.indicator))
                @if answer.population != "employees" {
                    span.muted { " " (label(LabelKind::Population, &answer.population, names.lang)) }
                }
            }
            @for column in columns {
                (gate_cell(answer.gates.iter().find(|gate| gate.gate == column.gate)))
            }
        }
    }
}

/// What was measured, with a sign where it warns or hides.
fn gate_cell(gate: Option<&GateResult>) -> Markup {
    let result = gate.map_or("", |gate| gate.result.as_str());
    let (class, sign) = match result {
        "warn" => ("num warn", "！"),
        "blind" => ("num blind", "✕"),
        _ => ("num", ""),
    };
    let statistic = gate.and_then(|gate| *gate.statistic.value());
    html! { td class=(class) { (sign) (statistic.map_or("–".to_owned(), short)) } }
}

/// A statistic with about three digits.
fn short(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let text = format!("{:.decimals$}", value.abs());
    let is_zero = text.chars().all(|digit| matches!(digit, '0' | '.'));
    match value < 0.0 && !is_zero {
        true => format!("−{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn statistics_are_short() {
        assert_eq!(short(0.1234), "0.12");
        assert_eq!(short(-12.34), "−12.3");
        assert_eq!(short(1234.5), "1234");
        assert_eq!(short(-0.001), "0.00");
    }
}
