//! 特定保健指導 over one person's years: who takes up an offer, what it does to the values of later
//! checkups, and whether the goal is met, by guidance or by luck.

use super::checkup::{Cells, column};
use super::health::Health;
use super::random::Draws;
use super::scenarios::{Guidance, GuidanceEffects, Uptake};
use super::truth::{Quantity, Threshold, Truth};

/// Share of those offered guidance who take it up.
const UPTAKE: f32 = 0.35;

/// Weight and waist must fall by this much, in tenths of kg and cm (2 cm and 2 kg, the goal in force
/// since FY2024), or by [`GOAL_SHARE`].
const GOAL: i16 = 20;

/// As many kg and cm as this share of the weight in kg, in thousandths.
const GOAL_SHARE: i32 = 24;

/// Offers and uptakes of one person.
#[derive(Default)]
pub(crate) struct GuidanceLife {
    /// Fiscal years in which guidance was taken up.
    uptakes: Vec<i16>,
    last: Option<Offer>,
}

/// The last offer, and the values it was made for.
struct Offer {
    fiscal_year: i16,
    is_taken_up: bool,
    weight: i16,
    waist: i16,
}

impl GuidanceLife {
    /// What the guidance of earlier years has done to the values of a fiscal year.
    pub(crate) fn effects(&self, guidance: &Guidance, fiscal_year: i16) -> GuidanceEffects {
        let mut left = 0.0;
        for year in &self.uptakes {
            // Nothing can be seen before the next year's checkup.
            let since = i32::from(fiscal_year - year - 1);
            if since >= 0 {
                left += guidance.ratio.powi(since) as f32;
            }
        }
        let effects = guidance.effects;
        GuidanceEffects {
            weight_kg: effects.weight_kg * left,
            waist_cm: effects.waist_cm * left,
            sbp_mmhg: effects.sbp_mmhg * left,
            triglycerides_mgdl: effects.triglycerides_mgdl * left,
        }
    }

    /// Whether a person takes up an offer; remembers it.
    pub(crate) fn offer(
        &mut self,
        draws: &mut Draws,
        guidance: &Guidance,
        health: &Health,
        fiscal_year: i16,
        cells: &Cells,
    ) -> bool {
        let is_taken_up = match guidance.uptake {
            Uptake::Random => draws.chance(UPTAKE),
            Uptake::Chosen => {
                // With the noise below the squares of the weights add up to one.
                let wish = 0.5 * health.motivation + 0.4 * health.bmi_state();
                // The quantile of 1 − UPTAKE.
                wish + 0.768 * draws.normal() > 0.385
            }
        };
        if is_taken_up {
            self.uptakes.push(fiscal_year);
        }
        self.last = Some(Offer {
            fiscal_year,
            is_taken_up,
            weight: cells[column::WEIGHT],
            waist: cells[column::WAIST],
        });
        is_taken_up
    }

    /// Adds to the truth whether the goal of last year's offer is met at this checkup.
    pub(crate) fn count_goal(
        &self,
        truth: &mut Truth,
        guidance: &Guidance,
        fiscal_year: i16,
        cells: &Cells,
    ) {
        let Some(offer) = &self.last else {
            return;
        };
        if offer.fiscal_year + 1 != fiscal_year {
            return;
        }
        let (weight, waist) = (cells[column::WEIGHT], cells[column::WAIST]);
        let is_met = |weight: i16, waist: i16| f64::from(u8::from(offer.is_met(weight, waist)));
        if !offer.is_taken_up {
            truth.add(Quantity::GoalUnguided, 0, is_met(weight, waist));
            return;
        }
        truth.add(Quantity::GoalMet, 0, is_met(weight, waist));
        let tenths = |change: f32| (change * 10.0).round() as i16;
        let effects = guidance.effects;
        let by_luck = is_met(
            weight - tenths(effects.weight_kg),
            waist - tenths(effects.waist_cm),
        );
        truth.add(Quantity::GoalByLuck, 0, by_luck);
    }
}

impl Offer {
    /// Whether the goal is met with these values a year later.
    fn is_met(&self, weight: i16, waist: i16) -> bool {
        let lost = (self.weight - weight).min(self.waist - waist);
        lost >= GOAL || 1_000 * i32::from(lost) >= GOAL_SHARE * i32::from(self.weight)
    }
}

/// Adds to the truth whether an offer was taken up, by the threshold it was made at.
pub(crate) fn count_uptake(truth: &mut Truth, cells: &Cells, sex: i8, is_taken_up: bool) {
    let (waist, bmi) = (cells[column::WAIST], cells[column::BMI]);
    let least = if sex == 1 { 850 } else { 900 };
    let mut add = |threshold: Threshold| {
        let size = f64::from(u8::from(is_taken_up));
        truth.add(Quantity::Uptake, threshold as i32, size);
    };
    add(Threshold::Any);
    if bmi < 250 && (least..least + 20).contains(&waist) {
        add(Threshold::Waist);
    }
    if waist < least && (250..260).contains(&bmi) {
        add(Threshold::Bmi);
    }
}
