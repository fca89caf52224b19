//! The next step: what follows from levels, offers and effects by rules that a reader can check.

use maud::{Markup, html};

use super::offers::{OfferedField, offered_fields, overall};
use super::own::Own;
use super::own_levels::own_levels;
use crate::report::sentence::Finding;
use crate::report::standing::Standing;
use crate::report::text::{Lang, list, percent};

/// Steps that one page recommends at most.
const MOST: usize = 3;

/// The recommendations.
pub(super) fn advice(own: &Own<'_>) -> Markup {
    let mut steps = worse(own);
    steps.extend(participation(own));
    steps.extend(effective(own));
    steps.truncate(MOST);
    steps.push(own.lang().pick(
        "来年度も同じ指標で確かめます。従業員の健診の受診と問診への回答をお願いします。",
        "We look at the same indicators next year: please have everybody take the checkup and answer its questions.",
    ).to_owned());
    html! { div.next { ol { @for step in steps { li { (step) } } } } }
}

/// The field that judges by an indicator.
fn field_of<'own>(own: &'own Own<'_>, indicator: &str) -> Option<&'own str> {
    let has =
        |reading: &crate::report::reading::EffectReading<'_>| reading.group.indicator == indicator;
    let found = own
        .fields
        .iter()
        .find(|field| field.readings.iter().any(has));
    found.map(|field| field.field)
}

/// Where people are worse than at worksites of the same size: begin there.
fn worse(own: &Own<'_>) -> Vec<String> {
    let lang = own.lang();
    let offered = offered_fields(own);
    let rows = own_levels(own);
    let worse = rows.iter().filter(|row| row.standing == Standing::Worse);
    let step = |row: &super::own_levels::OwnLevel<'_>| {
        let field = field_of(own, row.indicator)?;
        let subject = own.names.indicator_subject(row.indicator);
        let is_offered = offered.iter().any(|own| own.field == field);
        let field = own.names.field(field);
        Some(match (is_offered, lang) {
            (false, Lang::Ja) => format!(
                "{subject}が同じ規模の事業所より悪く、{field}の取り組みはまだありません。まずここから始めることを勧めます。"
            ),
            (false, Lang::En) => format!(
                "Begin with {field}: {subject} is worse than at worksites of the same size, and nothing is offered yet."
            ),
            (true, Lang::Ja) => format!(
                "{subject}が同じ規模の事業所より悪いままです。{field}の取り組みの内容と届け方を見直すことを勧めます。"
            ),
            (true, Lang::En) => format!(
                "Look again at how {field} is done: {subject} is worse than at worksites of the same size."
            ),
        })
    };
    worse.filter_map(step).take(1).collect()
}

/// Where fewer take part than elsewhere.
fn participation(own: &Own<'_>) -> Option<String> {
    let lang = own.lang();
    let lag = |field: &OfferedField<'_>| {
        let (share, all) = (field.share()?, overall(own, field.field)?);
        Some((all - share, share, field.field.to_owned()))
    };
    let lags: Vec<_> = offered_fields(own).iter().filter_map(lag).collect();
    let (lag, share, field) = lags.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let field = own.names.field(&field);
    // A tenth of those offered is more than chance makes of some dozens of people.
    (lag > 0.1).then(|| match lang {
        Lang::Ja => format!("{field}の参加は{}で、ほかの事業主より少なめです。就業時間内に行う、上司から声をかけるなど、参加しやすくする工夫を勧めます。", percent(share)),
        Lang::En => format!("Make it easier to take part in {field}: {} do, fewer than elsewhere. Offer it in working hours, and have managers invite people.", percent(share)),
    })
}

/// Fields that help elsewhere and are not offered.
fn effective(own: &Own<'_>) -> Option<String> {
    let lang = own.lang();
    let offered = offered_fields(own);
    let found = own.fields.iter().filter(|field| {
        let is_found = |finding| matches!(finding, Finding::Better | Finding::SizeOpen);
        let is_new = !offered.iter().any(|own| own.field == field.field);
        is_new
            && field
                .readings
                .first()
                .is_some_and(|reading| is_found(reading.finding))
    });
    let found: Vec<String> = found.map(|field| own.names.field(field.field)).collect();
    let words = list(&found, lang);
    (!found.is_empty()).then(|| match lang {
        Lang::Ja => format!("{words}は、全事業所をまとめた結果で改善が確かめられており、貴社ではまだ行っていません。次の候補です。"),
        Lang::En => format!("Consider {words}: they are seen to help elsewhere, and you do not offer them yet."),
    })
}
