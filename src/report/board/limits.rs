//! What cannot be said and why: effects that are open or hidden, questions that changed, persons that the results do not speak for.

use maud::{Markup, html};

use crate::report::names::{LabelKind, Names, label};
use crate::report::paper::hidden_note;
use crate::report::reading::{EffectReading, FieldReadings};
use crate::report::results::Results;
use crate::report::sentence::{Finding, causal_row};
use crate::report::text::{Lang, fiscal_year, list, magnitude, percent, unit_name};

/// The list.
pub(super) fn limits(results: &Results, fields: &[FieldReadings<'_>], names: Names<'_>) -> Markup {
    let lang = names.lang;
    let mut open: Vec<(String, Vec<String>)> = Vec::new();
    for field in fields {
        let Some(reading) = field.readings.first() else {
            continue;
        };
        let Some(reason) = reason(reading, names) else {
            continue;
        };
        let name = format!("{}{}", names.field(field.field), unseen(reading, names));
        match open.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, fields)) => fields.push(name),
            None => open.push((reason, vec![name])),
        }
    }
    let line = |(reason, fields): (String, Vec<String>)| match lang {
        Lang::Ja => format!("{}：{reason}。", list(&fields, lang)),
        Lang::En => format!("{}: {reason}.", list(&fields, lang)),
    };
    let mut lines: Vec<String> = open.into_iter().map(line).collect();
    lines.extend(series(results, names));
    lines.extend(linkage(results, lang));
    html! { ul.limits { @for line in lines { li { (line) } } } }
}

/// How to read the page.
pub(super) fn notes(results: &Results, fields: &[FieldReadings<'_>], names: Names<'_>) -> Markup {
    let lang = names.lang;
    let reading = match fields.is_empty() {
        true => lang.pick(
            "水準と推移は、施策の効果ではない。加入者の入れ替わりや世の中の変化でも動く。",
            "Levels and trends are no effects: they also move with who is insured and with the times.",
        ),
        false => lang.pick(
            "効果は提供したことの効果で、参加した人だけの効果ではない。評定は推移で、効果ではない。費用は改善の価値ではない。",
            "Effects are those of offering a program, not of taking part. Ratings are trends, not effects. What a change costs is not what it is worth.",
        ),
    };
    html! { p.remarks { (reading) (hidden_note(results, lang)) } }
}

/// Behind a field's name, the smallest effect that would have been seen.
fn unseen(reading: &EffectReading<'_>, names: Names<'_>) -> String {
    let detectable = reading.judgement.and_then(|own| own.detectable);
    let Some(size) = detectable.filter(|_| reading.finding == Finding::CannotTell) else {
        return String::new();
    };
    let unit = names.unit(&reading.group.indicator);
    let size = magnitude(size, unit);
    let unit = unit_name(unit, names.lang);
    match names.lang {
        Lang::Ja => format!("（{size}{unit}）"),
        Lang::En => format!(" ({size}{unit})"),
    }
}

/// Why an effect cannot be told, or is not.
pub(crate) fn reason(reading: &EffectReading<'_>, names: Names<'_>) -> Option<String> {
    let lang = names.lang;
    Some(match reading.finding {
        Finding::CannotTell => match reading.judgement.and_then(|own| own.detectable) {
            Some(_) => lang.pick(
                "判定できない。かっこ内より小さい効果は、この人数では見えない",
                "cannot tell; effects smaller than those in brackets would not have been seen",
            ),
            None => lang.pick(
                "判定できない。効果の範囲が広い",
                "cannot tell; the range is wide",
            ),
        }
        .to_owned(),
        Finding::NotJudged => {
            let (ja, en) = reading.judgement.map(|own| own.hidden_by.clone())?;
            match lang {
                Lang::Ja => format!("判定しない。数値は示さない（{ja}）"),
                Lang::En => format!("not judged, and no number is shown ({en})"),
            }
        }
        Finding::PreTrend => lang
            .pick(
                "施策の前から比較した人と動きが違い、効果とは読めない",
                "moved differently from the others before the start: not an effect",
            )
            .to_owned(),
        Finding::Withheld => lang
            .pick("人数が少なく公表しない", "too few people to show")
            .to_owned(),
        Finding::Unavailable => {
            let row = causal_row(reading.group)?;
            let status = label(LabelKind::Status, &row.estimate.value().status, lang);
            match lang {
                Lang::Ja => format!("推定できない（{status}）"),
                Lang::En => format!("no estimate ({status})"),
            }
        }
        Finding::SizeOpen => lang
            .pick(
                "改善は確かだが、意味のある大きさかは言えない",
                "better, but whether by enough to matter is open",
            )
            .to_owned(),
        _ => return None,
    })
}

/// Indicators whose question changed within the years shown.
fn series(results: &Results, names: Names<'_>) -> Option<String> {
    let lang = names.lang;
    let mut changed = Vec::new();
    let mut years = Vec::new();
    for name in results.main_indicators() {
        let Some(trend) = results.trend(name) else {
            continue;
        };
        let breaks = trend
            .points
            .windows(2)
            .filter(|pair| pair[0].series != pair[1].series);
        let breaks: Vec<i64> = breaks.map(|pair| pair[1].year).collect();
        if !breaks.is_empty() {
            changed.push(names.indicator_heading(name));
            years.extend(breaks);
        }
    }
    years.sort_unstable();
    years.dedup();
    let years: Vec<String> = years.iter().map(|year| fiscal_year(*year, lang)).collect();
    let (changed, years) = (list(&changed, lang), list(&years, lang));
    (!changed.is_empty()).then(|| match lang {
        Lang::Ja => format!("{changed}は{years}に質問が変わり、前後の年を比べられない。"),
        Lang::En => format!(
            "{changed}: the question changed in {years}; years before and after cannot be compared."
        ),
    })
}

/// For whom results do not speak.
fn linkage(results: &Results, lang: Lang) -> Option<String> {
    if !results.has_programs() {
        return None;
    }
    let overall = results.linkage.iter().find(|row| {
        matches!(row.dimension.as_str(), "all" | "overall")
            && matches!(row.side.as_str(), "" | "insurer")
    })?;
    let share = overall.matched.value().share?;
    Some(match lang {
        Lang::Ja => format!(
            "効果は、事業主のデータと突合できた加入者（{}）についてのものである。",
            percent(share)
        ),
        Lang::En => format!(
            "Effects speak for the insured who could be linked to an employer’s data ({}).",
            percent(share)
        ),
    })
}
