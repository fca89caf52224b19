//! Effects by field, each with what it says. Sentences are in `sentence`; pages show them.

use super::names::Names;
use super::page::{EffectGroup, EventStudy, Judgement};
use super::sentence::{Finding, finding};

/// One effect with what it says.
pub(crate) struct EffectReading<'page> {
    pub(crate) group: &'page EffectGroup,
    pub(crate) finding: Finding,
    pub(crate) judgement: Option<&'page Judgement>,
}

/// The effects of one field.
pub(crate) struct FieldReadings<'page> {
    pub(crate) field: &'page str,
    pub(crate) readings: Vec<EffectReading<'page>>,
}

/// The effects by field, in the order in which they come.
pub(crate) fn readings<'page>(
    effects: &'page [EffectGroup],
    event_studies: &'page [EventStudy],
    judgements: &'page [Judgement],
    names: Names<'_>,
) -> Vec<FieldReadings<'page>> {
    let mut fields: Vec<FieldReadings<'page>> = Vec::new();
    for group in effects {
        let study = event_studies.iter().find(|study| {
            study.field == group.field
                && study.indicator == group.indicator
                && study.population == group.population
        });
        let judgement = judgements.iter().find(|judgement| {
            judgement.field == group.field
                && judgement.indicator == group.indicator
                && judgement.population == group.population
        });
        let reading = EffectReading {
            group,
            finding: finding(group, study, judgement, names),
            judgement,
        };
        match fields.iter_mut().find(|field| field.field == group.field) {
            Some(field) => field.readings.push(reading),
            None => fields.push(FieldReadings {
                field: &group.field,
                readings: vec![reading],
            }),
        }
    }
    fields
}
