//! What evaluations should find: for each question one entry that says `effect` (with its size), `null`
//! (there is none), `refused` (it cannot be answered) or `blinded` (by which gate).

use serde_json::{Value, json};

use super::super::effects::Cause;
use super::super::truth::Truth;
use super::super::world::World;
use super::numbers::mean_of;
use super::question::Question;
use super::{guidance, programs};

/// No council, and stages 1 to 4.
const N_STAGES: usize = 5;

/// All entries of a world.
pub(super) fn expected(world: &World, truth: &Truth, last_event_time: usize) -> Vec<Value> {
    let mut entries = programs::entries(world, truth, last_event_time);
    entries.extend(councils(world, truth));
    entries.extend(guidance::entries(world, truth));
    entries
}

/// Gradients over the stages of councils.
fn councils(world: &World, truth: &Truth) -> Vec<Value> {
    let mut entries = Vec::new();
    for (effect_idx, effect) in world.setting.effects.iter().enumerate() {
        let entry = |estimand: &str, kind: &str, more: Value| {
            let question = Question {
                field: "council",
                indicator: effect.indicator,
                population: effect.population.name(),
                estimand,
            };
            question.answer(kind, more)
        };
        let by_stage = by_stage(effect_idx, truth);
        entries.push(match effect.cause {
            Cause::Program(_) => continue,
            Cause::Council => entry("stage", "effect", json!({"by_stage": by_stage})),
            Cause::CouncilToBe => entry("stage", "null", json!({"level_by_last_stage": by_stage})),
        });
    }
    entries
}

fn by_stage(effect_idx: usize, truth: &Truth) -> Vec<Value> {
    let stages = truth.effect(effect_idx).iter().enumerate().take(N_STAGES);
    stages
        .map(|(stage, mean)| json!({"stage": stage, "effect": mean_of(*mean), "n": mean.n()}))
        .collect()
}
