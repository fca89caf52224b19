//! What programs change at all employers together, a plain sentence for each field that the employer offers.

use maud::{Markup, html};

use super::offers::offered_fields;
use super::own::Own;
use crate::disclosure::EstimateNumbers;
use crate::report::reading::{EffectReading, FieldReadings};
use crate::report::sentence::{Finding, causal_row};
use crate::report::text::{Lang, list, magnitude, range, unit_name};

/// Fields whose effects the page tells: those that the employer offers, or all where it offers none.
fn shown<'own>(own: &'own Own<'_>) -> Vec<(&'own FieldReadings<'own>, &'own EffectReading<'own>)> {
    let offered = offered_fields(own);
    let is_offered = |field: &&FieldReadings<'_>| {
        offered.is_empty() || offered.iter().any(|own| own.field == field.field)
    };
    let fields = own.fields.iter().filter(is_offered);
    fields
        .filter_map(|field| Some((field, field.readings.first()?)))
        .collect()
}

/// The sentences.
pub(super) fn sentences(own: &Own<'_>) -> Markup {
    let lang = own.lang();
    let shown = shown(own);
    if shown.is_empty() {
        return html! { p { (lang.pick("まとめた結果はまだありません。", "There are no results of all employers yet.")) } };
    }
    html! {
        p.lead { (lang.pick(
            "一つの会社だけでは人数が少なく、効果を偶然と区別できません。同じ分野に取り組んだすべての事業所の結果をまとめて示します。",
            "One employer alone is too small to tell an effect from chance. These are the results of all worksites with programs of the same field.",
        )) }
        table.stack {
            tbody {
                @for (field, reading) in shown {
                    tr {
                        th scope="row" { b { (own.names.field(field.field)) } }
                        td { span class={"standing " (reading.finding.class())} { (reading.finding.sign()) } }
                        td { (sentence(own, reading)) }
                    }
                }
            }
        }
    }
}

fn sentence(own: &Own<'_>, reading: &EffectReading<'_>) -> String {
    let lang = own.lang();
    let subject = own.names.indicator_subject(&reading.group.indicator);
    let numbers = causal_row(reading.group).and_then(|row| row.estimate.value().numbers);
    let is_told = matches!(
        reading.finding,
        Finding::Better | Finding::SizeOpen | Finding::Worse | Finding::Changed
    );
    if let (true, Some(numbers)) = (is_told, numbers) {
        return told(own, reading, numbers);
    }
    match (reading.finding, lang) {
        (Finding::NoRelevantEffect, Lang::Ja) => {
            format!("{subject}には、意味のある大きさの効果はありませんでした。")
        }
        (Finding::NoRelevantEffect, Lang::En) => {
            format!("{subject}: no effect of a size that matters.")
        }
        (Finding::CannotTell, Lang::Ja) => {
            format!("{subject}への効果は、あるともないとも、まだ判断できません。")
        }
        (Finding::CannotTell, Lang::En) => {
            format!("{subject}: whether there is an effect cannot be told yet.")
        }
        (Finding::Withheld, Lang::Ja) => {
            format!("{subject}への効果は、人数が少ないため示しません。")
        }
        (Finding::Withheld, Lang::En) => {
            format!("{subject}: not shown, because it rests on too few people.")
        }
        (Finding::Unavailable, Lang::Ja) => format!("{subject}への効果は、計算できませんでした。"),
        (Finding::Unavailable, Lang::En) => format!("{subject}: no effect could be worked out."),
        (_, Lang::Ja) => format!(
            "{subject}への効果は、公平に比べる条件がそろわないため判断しません。数字も示しません。"
        ),
        (_, Lang::En) => format!(
            "{subject}: not judged, because a fair comparison was not possible; no number is shown."
        ),
    }
}

/// The sentence of an effect that was found.
fn told(own: &Own<'_>, reading: &EffectReading<'_>, numbers: EstimateNumbers) -> String {
    let lang = own.lang();
    let indicator = &reading.group.indicator;
    let (unit, subject) = (
        own.names.unit(indicator),
        own.names.indicator_subject(indicator),
    );
    let (size, name) = (magnitude(numbers.estimate, unit), unit_name(unit, lang));
    let ends = numbers
        .interval
        .map(|ends| range(ends.low, ends.high, unit, lang));
    let ends = ends.unwrap_or_default();
    let is_up = numbers.estimate > 0.0;
    let judged = match reading.finding {
        Finding::Better => lang.pick(
            "意味のある大きさの改善です。",
            "A change for the better that matters.",
        ),
        Finding::SizeOpen => lang.pick(
            "良い方向ですが、意味のある大きさかどうかはまだ言えません。",
            "For the better, but whether by enough to matter is open.",
        ),
        Finding::Worse => lang.pick(
            "悪い方向です。やり方の見直しが要ります。",
            "For the worse: the way it is done needs another look.",
        ),
        _ => "",
    };
    match lang {
        Lang::Ja => format!(
            "{subject}が{size}{name}{}（確からしい範囲 {ends}）。{judged}",
            if is_up {
                "増えました"
            } else {
                "減りました"
            }
        ),
        Lang::En => format!(
            "{subject} {} by {size}{name} (likely range {ends}). {judged}",
            if is_up { "rose" } else { "fell" }
        ),
    }
}

/// What the programs do, in a sentence.
pub(super) fn in_short(own: &Own<'_>) -> String {
    let lang = own.lang();
    let shown = shown(own);
    let of = |findings: &[Finding]| -> Vec<String> {
        let found = shown
            .iter()
            .filter(|(_, reading)| findings.contains(&reading.finding));
        found
            .map(|(field, _)| own.names.field(field.field))
            .collect()
    };
    let found = of(&[Finding::Better, Finding::SizeOpen]);
    let worse = of(&[Finding::Worse]);
    let (found_words, worse_words) = (list(&found, lang), list(&worse, lang));
    let mut said = match (shown.is_empty(), found.is_empty(), lang) {
        (true, _, Lang::Ja) => "効果をまとめた結果はまだありません。".to_owned(),
        (true, _, Lang::En) => "There are no results on effects yet.".to_owned(),
        (false, true, Lang::Ja) => {
            "全事業所をまとめても、効果がはっきり確かめられた分野はまだありません。".to_owned()
        }
        (false, true, Lang::En) => {
            "Even with all employers together, no field has a clear effect for the better yet."
                .to_owned()
        }
        (false, false, Lang::Ja) => {
            format!("全事業所をまとめると、{found_words}の取り組みで改善が確かめられています。")
        }
        (false, false, Lang::En) => {
            format!("With all employers together, programs are seen to help in: {found_words}.")
        }
    };
    if !worse.is_empty() {
        said.push_str(&match lang {
            Lang::Ja => format!("{worse_words}では悪化が見られます。"),
            Lang::En => format!(" Things became worse in: {worse_words}."),
        });
    }
    said
}

/// Why numbers are not shown, for the notes.
pub(super) fn hidden_reasons(own: &Own<'_>) -> Vec<String> {
    let lang = own.lang();
    let shown = shown(own);
    let hidden = shown
        .iter()
        .filter(|(_, reading)| reading.finding == Finding::NotJudged);
    let reason = |(field, reading): &(&FieldReadings<'_>, &EffectReading<'_>)| {
        let (ja, en) = &reading.judgement?.hidden_by;
        let field = own.names.field(field.field);
        Some(match lang {
            Lang::Ja => format!("{field}の効果を判断しない理由：{ja}。"),
            Lang::En => format!("Why {field} is not judged: {en}."),
        })
    };
    hidden.filter_map(reason).collect()
}
