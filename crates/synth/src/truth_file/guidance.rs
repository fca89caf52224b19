//! Right answers about 特定保健指導: of the offer and of taking it up at the thresholds, and what of the
//! goal is met by luck.

use serde_json::{Value, json};

use super::super::scenarios::{Guidance, GuidanceEffects, Uptake};
use super::super::truth::{Quantity, Threshold, Truth};
use super::super::world::World;
use super::numbers::{mean_of, rounded};
use super::question::Question;

/// Entries about guidance: the offer and its uptake where it does something, luck everywhere.
pub(super) fn entries(world: &World, truth: &Truth) -> Vec<Value> {
    let guidance = &world.setting.guidance;
    let mut entries = Vec::new();
    for (indicator, size) in sizes(guidance.effects) {
        let question = |estimand| Question {
            field: "guidance",
            indicator,
            population: "offered",
            estimand,
        };
        if size == 0.0 {
            entries.push(question("offer").null());
            entries.push(question("uptake").null());
            continue;
        }
        let at = |threshold: Threshold| {
            let uptake = truth.quantity(Quantity::Uptake, threshold as i32);
            let offer = uptake.mean().map(|share| rounded(share * size));
            json!({"uptake": mean_of(uptake), "effect": offer, "n": uptake.n()})
        };
        let offer = json!({
            "years_later": 1,
            "at_waist_threshold": at(Threshold::Waist),
            "at_bmi_threshold": at(Threshold::Bmi),
            "all_offered": at(Threshold::Any),
        });
        entries.push(question("offer").answer("effect", offer));
        let uptake = json!({
            "years_later": 1,
            "effect": rounded(size),
            "left_each_further_year": guidance.ratio,
        });
        entries.push(question("uptake").answer("effect", uptake));
    }
    entries.push(luck(truth, guidance));
    entries
}

/// The goal met a year later, beside what would have been met without guidance.
fn luck(truth: &Truth, guidance: &Guidance) -> Value {
    let question = Question {
        field: "guidance",
        indicator: "goal_2cm_2kg",
        population: "guided",
        estimand: "achieved_minus_expected",
    };
    let (met, by_luck) = (
        truth.quantity(Quantity::GoalMet, 0),
        truth.quantity(Quantity::GoalByLuck, 0),
    );
    let effect = met.mean().zip(by_luck.mean());
    let unguided = truth.quantity(Quantity::GoalUnguided, 0);
    let mut more = json!({
        "achieved": mean_of(met),
        "by_luck": mean_of(by_luck),
        "effect": effect.map(|(met, by_luck)| rounded(met - by_luck)),
        "n": met.n(),
        "met_unguided": mean_of(unguided),
    });
    // Those heavier than usual take it up, and would have lost more than the others without it.
    if let (Uptake::Chosen, Some(by_luck), Some(others)) =
        (guidance.uptake, by_luck.mean(), unguided.mean())
    {
        more["naive_bias"] = json!(rounded(by_luck - others));
    }
    let has_effect = guidance.effects != GuidanceEffects::default();
    question.answer(if has_effect { "effect" } else { "null" }, more)
}

fn sizes(effects: GuidanceEffects) -> [(&'static str, f64); 4] {
    // The effects are written with one decimal.
    let decimal = |size: f32| f64::from((size * 10.0).round()) / 10.0;
    [
        ("weight_kg", decimal(effects.weight_kg)),
        ("waist_cm", decimal(effects.waist_cm)),
        ("sbp_mmhg", decimal(effects.sbp_mmhg)),
        ("triglycerides_mgdl", decimal(effects.triglycerides_mgdl)),
    ]
}
