//! `truth.json`: effects, stories and defects of a world, and in worlds that are made for it the right
//! answers of evaluations. What is counted for it is in `truth`.

mod billing;
mod expected;
mod guidance;
mod numbers;
mod programs;
mod question;

use std::path::Path;

use serde_json::{Value, json};

use super::effects::{Cause, Curve, FIELDS, Outcome};
use super::options::SynthError;
use super::periods::Periods;
use super::truth::Truth;
use super::world::{World, YEARS_BEFORE};

use numbers::rounded;

/// Writes `truth.json`; see [`document`].
pub(crate) fn write(
    path: &Path,
    truth: &Truth,
    world: &World,
    periods: &Periods,
) -> Result<(), SynthError> {
    let document = document(truth, world, periods);
    let mut text = serde_json::to_string_pretty(&document).expect("plain values serialize");
    text.push('\n');
    fs_err::write(path, text).map_err(|source| SynthError::Write {
        path: path.to_path_buf(),
        source,
    })
}

/// What `truth.json` says.
pub(crate) fn document(truth: &Truth, world: &World, periods: &Periods) -> Value {
    let years_after = world.years.end() - world.years.start() - YEARS_BEFORE;
    let last_event_time = years_after.max(0) as usize;
    let defects: Vec<Value> = truth
        .defects()
        .map(|(kind, table, count)| json!({"kind": kind, "table": table, "count": count}))
        .collect();
    let stories = world.setting.stories.iter();
    let scenarios: Vec<Value> = stories
        .map(|s| json!({"name": s.name, "field": s.field, "description": s.description}))
        .collect();
    let mut document = json!({
        "effects": effect_rows(truth, world, last_event_time),
        "defects": defects,
        "scenarios": scenarios,
    });
    if world.setting.is_asserted {
        document["expected"] = expected::expected(world, truth, last_event_time).into();
    }
    if let Some(completion) = billing::completion(world, truth, periods) {
        document["completion"] = completion;
    }
    document
}

/// Effects of programs by event time, over all exposed person-years.
fn effect_rows(truth: &Truth, world: &World, last_event_time: usize) -> Vec<Value> {
    let mut rows = Vec::new();
    for (effect_idx, effect) in world.setting.effects.iter().enumerate() {
        let Cause::Program(field) = effect.cause else {
            continue;
        };
        let counted = effect.curve != Curve::Zero || effect.outcome == Outcome::Bmi;
        let means = truth.effect(effect_idx).iter().enumerate();
        for (event_time, mean) in means.take(last_event_time + 1) {
            let size = if !counted || world.setting.strength == 0.0 {
                0.0
            } else if let Some(mean) = mean.mean() {
                mean
            } else {
                continue;
            };
            rows.push(json!({
                "field": FIELDS[field as usize],
                "indicator": effect.indicator,
                "population": effect.population.name(),
                "event_time": event_time,
                "effect": rounded(size),
            }));
        }
    }
    rows
}
