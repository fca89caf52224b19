//! What is really so: effects averaged over the exposed person-years with an observed outcome, and
//! the count of every planted defect. Sums are fixed-point integers, so that the order in which
//! batches finish cannot change a digit. `truth.json` is written by [`write`].

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::effects::{Curve, EFFECTS, FIELDS, Outcome, Strength, stories};
use super::options::{Scenario, SynthError};

/// Event times that are counted: 0 to this, exclusive.
pub(crate) const N_EVENT_TIMES: usize = 16;

/// One unit in the fixed-point sums.
const SCALE: f64 = 4_294_967_296.0;

/// Sum and number of individual effects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Mean {
    sum: i64,
    n: i64,
}

/// Truth of one batch or of the whole world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    effects: Vec<[Mean; N_EVENT_TIMES]>,
    defects: BTreeMap<(&'static str, &'static str), u64>,
}

impl Truth {
    /// Nothing counted yet.
    pub(crate) fn new() -> Self {
        Self {
            effects: vec![[Mean::default(); N_EVENT_TIMES]; EFFECTS.len()],
            defects: BTreeMap::new(),
        }
    }

    /// Adds the effect on one observed person-year.
    pub(crate) fn add_effect(&mut self, effect_idx: usize, event_time: i16, size: f64) {
        let Ok(at) = usize::try_from(event_time) else {
            return;
        };
        if at < N_EVENT_TIMES {
            let mean = &mut self.effects[effect_idx][at];
            mean.sum += (size * SCALE).round() as i64;
            mean.n += 1;
        }
    }

    /// Adds planted defects.
    pub(crate) fn add_defects(&mut self, kind: &'static str, table: &'static str, count: u64) {
        *self.defects.entry((kind, table)).or_insert(0) += count;
    }

    /// Adds another batch's truth.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.effects.iter_mut().zip(&other.effects) {
            for (mean, more) in mine.iter_mut().zip(theirs) {
                mean.sum += more.sum;
                mean.n += more.n;
            }
        }
        for ((kind, table), count) in &other.defects {
            self.add_defects(kind, table, *count);
        }
    }

    fn effect_rows(&self, strength: Strength, last_event_time: usize) -> Vec<Value> {
        let mut rows = Vec::new();
        for (effect, means) in EFFECTS.iter().zip(&self.effects) {
            let counted = effect.curve != Curve::Zero || effect.outcome == Outcome::Bmi;
            for (event_time, mean) in means.iter().enumerate().take(last_event_time + 1) {
                let size = if !counted || strength.effects == 0.0 {
                    0.0
                } else if mean.n > 0 {
                    mean.sum as f64 / SCALE / mean.n as f64
                } else {
                    continue;
                };
                rows.push(json!({
                    "field": FIELDS[effect.field as usize],
                    "indicator": effect.indicator,
                    "population": effect.population.name(),
                    "event_time": event_time,
                    "effect": (size * 1e9).round() / 1e9,
                }));
            }
        }
        rows
    }
}

/// Writes `truth.json`; `last_event_time` is that of the first cohort in the last year.
pub(crate) fn write(
    path: &Path,
    truth: &Truth,
    scenario: Scenario,
    last_event_time: usize,
) -> Result<(), SynthError> {
    let defects: Vec<Value> = truth
        .defects
        .iter()
        .map(|((kind, table), count)| json!({"kind": kind, "table": table, "count": count}))
        .collect();
    let scenarios: Vec<Value> = stories(scenario)
        .iter()
        .map(|s| json!({"name": s.name, "field": s.field, "description": s.description}))
        .collect();
    let document = json!({
        "effects": truth.effect_rows(Strength::of(scenario), last_event_time),
        "defects": defects,
        "scenarios": scenarios,
    });
    let mut text = serde_json::to_string_pretty(&document).expect("plain values serialize");
    text.push('\n');
    fs_err::write(path, text).map_err(|source| SynthError::Write {
        path: path.to_path_buf(),
        source,
    })
}
