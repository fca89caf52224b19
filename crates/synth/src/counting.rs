//! What of the planted effects one observed checkup adds to the truth.

use super::checkup::{Cells, NULL, Visit, answer_column};
use super::effects::Outcome;
use super::health::ActiveEffect;
use super::scenarios::Setting;
use super::truth::{Quantity, Truth};

/// Adds the effects on an observed checkup: the change of each answer's probability, the change of
/// weight and of the BMI that follows.
pub(crate) fn count_effects(truth: &mut Truth, cells: &Cells, visit: &Visit<'_>) {
    for active in visit.effects {
        let mut add = |effect_idx: usize, size: f64| {
            truth.add_effect(effect_idx, active.event_time, size, active.was_here_before);
        };
        match active.outcome {
            Outcome::Answer(question) => {
                if cells[answer_column(question)] == NULL {
                    continue;
                }
            }
            // The BMI stands after the weight that it follows.
            Outcome::Weight => add(active.effect_idx + 1, bmi_of(active.size, cells)),
            _ => continue,
        }
        add(active.effect_idx, active.size);
    }
}

/// The change of BMI that goes with a change of weight.
fn bmi_of(weight: f64, cells: &Cells) -> f64 {
    // From tenths of a centimetre to metres.
    let height = f64::from(cells[2]) / 1000.0;
    weight / (height * height)
}

/// Adds what all programs of a bundle together do to each of their outcomes in an observed checkup.
pub(crate) fn count_bundle(
    truth: &mut Truth,
    setting: &Setting,
    cells: &Cells,
    effects: &[ActiveEffect],
    event_time: i16,
) {
    for (effect_idx, outcome) in setting.bundled_outcomes() {
        let size = match outcome {
            Outcome::Answer(question) if cells[answer_column(question)] == NULL => continue,
            Outcome::Answer(_) | Outcome::Weight => sum_of(effects, outcome),
            Outcome::Bmi => bmi_of(sum_of(effects, Outcome::Weight), cells),
            _ => continue,
        };
        truth.add(Quantity::Bundle(effect_idx), i32::from(event_time), size);
    }
}

/// The sum of all effects on an outcome.
pub(crate) fn sum_of(effects: &[ActiveEffect], outcome: Outcome) -> f64 {
    let acting = effects.iter().filter(|active| active.outcome == outcome);
    acting.map(|active| active.size).sum()
}
