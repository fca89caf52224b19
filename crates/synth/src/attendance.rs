//! People whom a program keeps away from checkups, and what a comparison of those examined then shows.

use super::checkup::{Cells, column};
use super::effects::Field;
use super::health::Health;
use super::household::Household;
use super::random::Draws;
use super::scenarios::StayingAway;
use super::truth::{Quantity, Truth};

/// One person's checkups, seen from the program that keeps people away.
#[derive(Default)]
pub(crate) struct Attendance {
    /// Weight in the year before exposure, kg.
    weight_before: Option<f64>,
}

impl Attendance {
    /// Whether an employee stays away from a checkup that would have shown these cells. Adds to the
    /// truth what is seen and what is not.
    pub(crate) fn stays_away(
        &mut self,
        setting: &StayingAway,
        draws: &mut Draws,
        health: &Health,
        seen: &CheckupOutcome<'_>,
        truth: &mut Truth,
    ) -> bool {
        let weight = f64::from(seen.cells[column::WEIGHT]) / 10.0;
        let Some(exposure) = seen.household.exposures[setting.field as usize] else {
            return false;
        };
        if seen.fiscal_year < exposure.cohort {
            if seen.fiscal_year + 1 == exposure.cohort {
                self.weight_before = Some(weight);
            }
            return false;
        }
        let stays_away = health.strain() > setting.above && draws.chance(setting.chance);
        if seen.household.is_linked && exposure.was_here_before {
            let at = i32::from(seen.fiscal_year - exposure.cohort);
            let mut add = |all: Quantity, examined: Quantity, size: f64| {
                truth.add(all, at, size);
                if !stays_away {
                    truth.add(examined, at, size);
                }
            };
            add(Quantity::WeightOfAll, Quantity::WeightOfExamined, weight);
            if let Some(before) = self.weight_before {
                let change = weight - before;
                add(Quantity::ChangeOfAll, Quantity::ChangeOfExamined, change);
            }
        }
        stays_away
    }
}

/// What a checkup would show, and whose.
pub(crate) struct CheckupOutcome<'a> {
    pub(crate) household: &'a Household,
    pub(crate) fiscal_year: i16,
    pub(crate) cells: &'a Cells,
}

/// Adds one exposed person-year to the truth: whether the person stayed away because of the program.
pub(crate) fn count_attendance(
    truth: &mut Truth,
    household: &Household,
    field: Field,
    fiscal_year: i16,
    stayed_away: bool,
) {
    let Some(exposure) = household.exposures[field as usize] else {
        return;
    };
    let event_time = i32::from(fiscal_year - exposure.cohort);
    if event_time >= 0 && household.is_linked && exposure.was_here_before {
        let size = if stayed_away { -1.0 } else { 0.0 };
        truth.add(Quantity::Attendance, event_time, size);
    }
}
