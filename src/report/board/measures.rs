//! One row per field: what its programs did, how large that is, and what it cost.

use maud::{Markup, html};

use crate::disclosure::EstimateNumbers;
use crate::report::forest::{self, ForestMark, ForestScale};
use crate::report::names::{LabelKind, Names, label};
use crate::report::reading::{EffectReading, FieldReadings};
use crate::report::results::{Money, Results};
use crate::report::sentence::{Finding, causal_row, opposite_naive};
use crate::report::text::{Lang, count, joined, range, signed, unit_heading, unit_name, yen};
use crate::vocabulary::Unit;

/// The table, and beneath it where naive numbers point the other way.
pub(super) fn measures(
    results: &Results,
    fields: &[FieldReadings<'_>],
    names: Names<'_>,
) -> Markup {
    let lang = names.lang;
    let shown = fields
        .iter()
        .filter_map(|field| Some((field, field.readings.first()?)));
    let shares = shown
        .clone()
        .filter(|(_, reading)| is_share(reading, names));
    let scale = ForestScale::over(
        shares.filter_map(|(_, reading)| numbers(reading)),
        &Unit::Share,
    );
    html! {
        p.lead { (lang.pick(
            "効果は、施策の対象となった人（参加したかどうかを問わない）の変化から、対象になっていない人の同じ時期の変化を引いたもの。\
             （　）は95%の範囲。",
            "An effect is the change among those who were offered a program, whether or not they took part, less the change of others \
             over the same years; in brackets the 95% range.",
        )) }
        table.measures.stack {
            (head(lang))
            tbody { @for (field, reading) in shown.clone() { (row(results, field, reading, (scale.as_ref(), names))) } }
            @if let Some(scale) = &scale {
                tfoot { tr {
                    td.axis-name colspan="3" { (lang.pick("図の目盛り（ポイント）", "Scale of the chart (percentage points)")) }
                    td.plot { (forest::axis(scale)) }
                    td colspan="3" {}
                } }
            }
        }
        (opposites(shown.map(|(_, reading)| reading), names))
    }
}

fn head(lang: Lang) -> Markup {
    html! {
        thead { tr {
            th { (lang.pick("分野と主な指標", "Field and main indicator")) }
            th { (lang.pick("判定", "Verdict")) }
            th.num { (lang.pick("効果（95%の範囲）", "Effect (95% range)")) }
            th.plot { (lang.pick("図", "Chart")) }
            th.num { (lang.pick("計算に使った対象者", "Offered, in the estimate")) }
            th.num { (lang.pick("対象者1人あたりの費用", "Cost per person offered")) }
            th.num { (lang.pick("改善1人（1単位）あたりの費用", "Cost per change of one person (or unit)")) }
        } }
    }
}

fn is_share(reading: &EffectReading<'_>, names: Names<'_>) -> bool {
    *names.unit(&reading.group.indicator) == Unit::Share
}

/// The numbers of an effect that may be read as one.
pub(crate) fn numbers(reading: &EffectReading<'_>) -> Option<EstimateNumbers> {
    let is_told = !matches!(
        reading.finding,
        Finding::NotJudged | Finding::PreTrend | Finding::Withheld
    );
    let row = causal_row(reading.group)?;
    row.estimate.value().numbers.filter(|_| is_told)
}

fn row(
    results: &Results,
    field: &FieldReadings<'_>,
    reading: &EffectReading<'_>,
    (scale, names): (Option<&ForestScale>, Names<'_>),
) -> Markup {
    let lang = names.lang;
    let spending = results.spending.iter().find(|own| own.field == field.field);
    let money = spending.and_then(|own| *own.money.value());
    let n = causal_row(reading.group).and_then(|row| row.estimate.value().n_treated);
    html! {
        tr {
            th scope="row" {
                b { (names.field(field.field)) }
                span.sub { (names.indicator_heading(&reading.group.indicator)) (population(reading, names)) }
            }
            td data-label=(lang.pick("判定", "Verdict")) { (verdict(reading.finding, lang)) }
            td.num data-label=(lang.pick("効果", "Effect")) { (size(reading, names)) }
            td.plot { (plot(reading, scale, names)) }
            td.num data-label=(lang.pick("対象者", "Offered")) { (n.map_or("－".to_owned(), |n| count(n, results.rules))) }
            td.num data-label=(lang.pick("1人あたり費用", "Cost per person")) {
                (money.and_then(|money| money.per_exposed).map_or("－".to_owned(), |per| yen(per, lang)))
            }
            td.num data-label=(lang.pick("改善あたり費用", "Cost per change")) { (per_change(reading, money, lang)) }
        }
    }
}

fn population(reading: &EffectReading<'_>, names: Names<'_>) -> String {
    match reading.group.population.as_str() {
        "employees" => String::new(),
        other => {
            let name = label(LabelKind::Population, other, names.lang);
            match names.lang {
                Lang::Ja => format!("（{name}）"),
                Lang::En => format!(" ({name})"),
            }
        }
    }
}

/// Sign and word of a finding.
pub(super) fn verdict(finding: Finding, lang: Lang) -> Markup {
    html! {
        span class={"verdict " (finding.class())} {
            span.sign aria-hidden="true" { (finding.sign()) }
            (finding.label(lang))
        }
    }
}

fn size(reading: &EffectReading<'_>, names: Names<'_>) -> Markup {
    let lang = names.lang;
    let unit = names.unit(&reading.group.indicator);
    let Some(numbers) = numbers(reading) else {
        return html! { "－" };
    };
    html! {
        b { (signed(numbers.estimate, unit)) } span.unit { (unit_heading(unit, lang)) }
        @if let Some(own) = numbers.interval {
            span.sub { span.nb { (bracketed(&range(own.low, own.high, unit, lang), lang)) } }
        }
    }
}

/// Something in brackets.
fn bracketed(text: &str, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("（{text}）"),
        Lang::En => format!("({text})"),
    }
}

fn plot(reading: &EffectReading<'_>, scale: Option<&ForestScale>, names: Names<'_>) -> Markup {
    let unit = names.unit(&reading.group.indicator);
    let (Some(scale), Some(numbers), true) = (scale, numbers(reading), is_share(reading, names))
    else {
        return html! {};
    };
    let mark = match reading.finding {
        Finding::Better | Finding::SizeOpen | Finding::Worse | Finding::Changed => {
            ForestMark::Found
        }
        _ => ForestMark::Open,
    };
    let title = names.indicator_heading(&reading.group.indicator);
    let value = signed(numbers.estimate, unit);
    let ends = numbers
        .interval
        .map(|own| range(own.low, own.high, unit, names.lang));
    let unit_name = unit_name(unit, names.lang);
    let text = format!("{value}{unit_name} ({})", ends.unwrap_or_default());
    forest::row(numbers, (scale, unit), mark, (&title, &text))
}

/// What a change costs; only where there is one for the better.
fn per_change(reading: &EffectReading<'_>, money: Option<Money>, lang: Lang) -> Markup {
    let is_better = matches!(reading.finding, Finding::Better | Finding::SizeOpen);
    let Some(per) = money
        .and_then(|money| money.per_change)
        .filter(|_| is_better)
    else {
        return html! { "－" };
    };
    let ends = money.and_then(|money| money.per_change_range);
    html! {
        (yen(per, lang))
        @if let Some(ends) = ends {
            span.sub { span.nb { (bracketed(&joined(&yen(ends.low, lang), &yen(ends.high, lang), lang), lang)) } }
        }
    }
}

/// Where a naive number points the other way, with both and the direction in words.
fn opposites<'page>(
    shown: impl Iterator<Item = &'page EffectReading<'page>>,
    names: Names<'_>,
) -> Markup {
    let lang = names.lang;
    let found = shown.filter(|reading| numbers(reading).is_some());
    let found = found.filter_map(|reading| {
        let naive = opposite_naive(reading.group, reading.finding)?;
        let causal = numbers(reading)?;
        let unit = names.unit(&reading.group.indicator);
        let subject = names.indicator_subject(&reading.group.indicator);
        let (naive_value, value) = (signed(naive.numbers.estimate, unit), signed(causal.estimate, unit));
        let unit = unit_name(unit, lang);
        let how = match naive.estimator {
            "participants_vs_non" => lang.pick("参加者と非参加者を比べるだけ", "participants against others"),
            _ => lang.pick("前後を比べるだけ", "before against after"),
        };
        Some(match lang {
            Lang::Ja => format!(
                "{subject}：{how}だと{naive_value}{unit}と見えるが、効果は{value}{unit}で、向きが逆である。"
            ),
            Lang::En => format!(
                "{subject}: {how} alone would show {naive_value}{unit}; the effect is {value}{unit}, in the opposite direction."
            ),
        })
    });
    let found: Vec<String> = found.collect();
    html! {
        @if !found.is_empty() { ul.remarks { @for remark in found { li { (remark) } } } }
    }
}
