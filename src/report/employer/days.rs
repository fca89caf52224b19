//! Absence and presenteeism: the employer's levels, and what the effect of all employers comes to with its number of people.

use maud::{Markup, html};

use super::own::Own;
use crate::report::results::{Gain, GainedDays, GainedYen, ValueWithRange};
use crate::report::text::{Lang, count, joined, level, magnitude, percent, yen};
use crate::vocabulary::Unit;

/// Indicators of work: days absent, and what is lost while at work.
const OF_WORK: [&str; 2] = ["absence_days", "presenteeism_loss"];

/// The section.
pub(super) fn days(own: &Own<'_>) -> Markup {
    let lang = own.lang();
    let lines: Vec<String> = OF_WORK
        .iter()
        .filter_map(|name| level_line(own, name))
        .collect();
    let gain = own.results.gains.iter();
    let mut gain = gain.filter(|gain| gain.employer.as_deref() == Some(own.employer.id.as_str()));
    html! {
        @if lines.is_empty() {
            p { (lang.pick(
                "欠勤や働きづらさのデータは届いていないか、人数が少なく示せません。",
                "Absence and work while unwell are not known, or rest on too few people.",
            )) }
        } @else { ul { @for line in lines { li { (line) } } } }
        @match gain.next() {
            Some(gain) => (gained(own, gain)),
            None => p { (lang.pick(
                "健康経営の取り組みで減った日数は、貴社については計算していません（対象になった人がいないため）。",
                "No days gained are worked out for you: no employee has been offered several programs yet.",
            )) },
        }
    }
}

/// A level of the employer beside that of all.
fn level_line(own: &Own<'_>, indicator: &str) -> Option<String> {
    let lang = own.lang();
    let unit = own.names.unit(indicator);
    let year = own.employer.year;
    let value = |by: &str, of: &str| {
        let group = own.results.levels.group(by, of)?;
        group.in_year(indicator, year)?.numbers
    };
    let own_value = level(value("employer", &own.employer.id)?, unit, lang);
    let all = value("all", "all").map(|all| level(all, unit, lang));
    let name = own.names.indicator_heading(indicator);
    let all = all.map(|all| match lang {
        Lang::Ja => format!("（加入者全体 {all}）"),
        Lang::En => format!(" (all insured {all})"),
    });
    Some(format!(
        "{name}{}{own_value}{}",
        lang.pick("：1人あたり ", ": "),
        all.unwrap_or_default()
    ))
}

fn gained(own: &Own<'_>, gain: &Gain) -> Markup {
    let lang = own.lang();
    let n = count(*gain.n_person_years.value(), own.results.rules);
    let Some(days) = *gain.days.value() else {
        return html! { p { (lang.pick("人数が少ないため、日数は示しません。", "Days are not shown: too few people.")) } };
    };
    let lines = day_lines(&days, lang);
    if lines.is_empty() {
        return html! { p { (lang.pick(
            "取り組みで減った日数は、公平に比べる条件がそろわないため示しません。",
            "Days gained are not shown, because a fair comparison was not possible.",
        )) } };
    }
    html! {
        p {
            (match lang {
                Lang::Ja => format!("全事業所をまとめた効果を、貴社で対象になった延べ{n}人年に当てはめた目安です。"),
                Lang::En => format!("What the effect of all employers comes to with your {n} person-years since programs began:"),
            })
        }
        ul {
            @for line in lines { li { (line) } }
            @if let Some(yen) = *gain.yen.value() { li { (yen_line(yen, lang)) } }
        }
        @if days.both.is_none() {
            p.sub { (lang.pick(
                "示していない日数は、公平に比べる条件がそろわなかったものです。",
                "What is not shown could not be compared fairly.",
            )) }
        }
    }
}

fn day_lines(days: &GainedDays, lang: Lang) -> Vec<String> {
    let named = [
        (lang.pick("休んだ日", "Days of absence"), days.absence),
        (
            lang.pick(
                "体調がすぐれないまま働いて失われた分（日数に換算）",
                "Work lost while unwell, in days",
            ),
            days.presenteeism,
        ),
        (lang.pick("二つを合わせた日数", "Together"), days.both),
    ];
    let known = named
        .into_iter()
        .filter_map(|(name, gained)| Some((name, gained?)));
    let known: Vec<(&str, ValueWithRange)> = known.collect();
    let is_told =
        |(_, gained): &(&str, ValueWithRange)| gained.range.low > 0.0 || gained.range.high < 0.0;
    if !known.is_empty() && !known.iter().any(is_told) {
        let all = lang.pick(
            "休んだ日も、体調がすぐれないまま働いて失われた分も、減ったとも増えたとも、まだ判断できません。",
            "Whether there is less absence, or less work lost while unwell, cannot be told yet.",
        );
        return vec![all.to_owned()];
    }
    known
        .into_iter()
        .map(|(name, gained)| day_line(name, gained, lang))
        .collect()
}

/// Less is said only where the range is on one side of zero.
fn day_line(name: &str, gained: ValueWithRange, lang: Lang) -> String {
    let days = |value: f64| magnitude(value, &Unit::Yen);
    let ValueWithRange { value, range } = gained;
    match (range.low > 0.0, range.high < 0.0, lang) {
        (true, _, Lang::Ja) => format!(
            "{name}は計{}日少なくなった計算です（確からしい範囲 {}日）。",
            days(value),
            joined(&days(range.low), &days(range.high), lang)
        ),
        (true, _, Lang::En) => format!(
            "{name}: {} fewer (likely range {}).",
            days(value),
            joined(&days(range.low), &days(range.high), lang)
        ),
        (_, true, Lang::Ja) => format!(
            "{name}は計{}日多くなった計算です（確からしい範囲 {}日）。",
            days(value),
            joined(&days(range.high), &days(range.low), lang)
        ),
        (_, true, Lang::En) => format!(
            "{name}: {} more (likely range {}).",
            days(value),
            joined(&days(range.high), &days(range.low), lang)
        ),
        (_, _, Lang::Ja) => format!("{name}は、減ったとも増えたとも、まだ判断できません。"),
        (_, _, Lang::En) => format!("{name}: whether fewer or more cannot be told yet."),
    }
}

fn yen_line(gained: GainedYen, lang: Lang) -> String {
    let ValueWithRange { range, .. } = gained.gained;
    let is_told = range.low > 0.0 || range.high < 0.0;
    let ends = joined(&yen(range.low, lang), &yen(range.high, lang), lang);
    let cost = gained.cost.map(|cost| yen(cost, lang));
    let cost = cost.map(|cost| match lang {
        Lang::Ja => format!("かけた費用は{cost}です。"),
        Lang::En => format!(" Programs cost {cost}."),
    });
    let chance = gained.probability.map(|p| match lang {
        Lang::Ja => format!("費用を上回る見込みは{}です。", percent(p)),
        Lang::En => format!(" The chance that it is more than that is {}.", percent(p)),
    });
    let (cost, chance) = (cost.unwrap_or_default(), chance.unwrap_or_default());
    match (is_told, lang) {
        (true, Lang::Ja) => format!("賃金に換算すると{ends}です。{cost}{chance}"),
        (true, Lang::En) => format!("In wages: {ends}.{cost}{chance}"),
        (false, Lang::Ja) => format!("賃金に換算した得失は、まだ判断できません。{cost}"),
        (false, Lang::En) => format!("Gain or loss in wages cannot be told yet.{cost}"),
    }
}
