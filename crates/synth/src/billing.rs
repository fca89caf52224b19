//! When claims reach the insurer, and in which delivery: nearly all a month after care, some late, some
//! returned and billed again; or run off over a year, as the scenario says.

use super::dirt::{Duplicate, draw_duplicate};
use super::household::Person;
use super::periods::Periods;
use super::random::Draws;
use super::rows::{BatchRows, ClaimRow, DiagnosisRow, DrugRow};
use super::scenarios::Billing;
use super::truth::Quantity;
use super::world::World;

/// Claims one person may have: their numbers start at `index × CLAIMS_PER_PERSON`.
const CLAIMS_PER_PERSON: u64 = 1024;

/// A diagnosis of a claim: code, whether it is only suspected.
pub(crate) type Diagnosis = (&'static str, bool);

/// A drug of a claim: class, days supplied.
pub(crate) type Drug = (&'static str, i16);

/// Numbers, bills and delivers one person's claims.
pub(crate) struct Biller<'a> {
    rows: &'a mut BatchRows,
    periods: &'a Periods,
    billing: Billing,
    next_claim: u64,
    last_claim: u64,
}

impl<'a> Biller<'a> {
    /// Prepares the claims of a person.
    pub(crate) fn new(
        world: &World,
        rows: &'a mut BatchRows,
        person: &Person,
        periods: &'a Periods,
    ) -> Self {
        let first = person.index * CLAIMS_PER_PERSON;
        Self {
            rows,
            periods,
            billing: world.setting.billing,
            next_claim: first,
            last_claim: first + CLAIMS_PER_PERSON - 1,
        }
    }

    /// Bills a claim: once, late, or returned and once more.
    pub(crate) fn bill(
        &mut self,
        draws: &mut Draws,
        insurer: usize,
        claim: &ClaimRow,
        diagnoses: &[Diagnosis],
        drugs: &[Drug],
    ) {
        // A number beyond these is another person's.
        if self.next_claim > self.last_claim {
            return;
        }
        let number = self.next_claim;
        self.next_claim += 1;
        let (once, twice);
        let versions: &[(i32, bool)] = match self.billing {
            Billing::Prompt => {
                let fate = draws.below(1000);
                let wait = match fate {
                    0..50 => 2,
                    50..90 => 3 + draws.below(4) as i32,
                    _ => 1,
                };
                once = [(wait, false)];
                match fate {
                    90..103 => &[(1, true), (4, false)],
                    103..105 => &[(1, true)],
                    _ => &once,
                }
            }
            Billing::RunOff(billed) => {
                let wait = run_off(draws, billed);
                self.count_run_off(claim, wait);
                twice = [(1, true), (wait, false)];
                // A third of the late ones came at once and were returned.
                let first = usize::from(wait < 4 || !draws.chance(0.33));
                &twice[first..]
            }
        };
        for (months, is_returned) in versions {
            let billed_month = plus_months(claim.care_month, *months);
            let version = ClaimRow {
                claim: number,
                billed_month,
                is_returned: *is_returned,
                ..claim.clone()
            };
            self.deliver(draws, version, insurer, (diagnoses, drugs));
        }
    }

    /// Adds the yen of a claim to the truth of its month of care.
    fn count_run_off(&mut self, claim: &ClaimRow, wait: i32) {
        let truth = &mut self.rows.truth;
        let yen = f64::from(claim.yen);
        truth.add(Quantity::YenCared, claim.care_month, yen);
        let billed_month = plus_months(claim.care_month, wait);
        if self
            .periods
            .last_billed_month
            .is_none_or(|last| billed_month <= last)
        {
            truth.add(Quantity::YenDelivered, claim.care_month, yen);
        }
    }

    fn deliver(
        &mut self,
        draws: &mut Draws,
        claim: ClaimRow,
        insurer: usize,
        (diagnoses, drugs): (&[Diagnosis], &[Drug]),
    ) {
        if self
            .periods
            .last_billed_month
            .is_some_and(|last| claim.billed_month > last)
        {
            return;
        }
        // Where claims run off, the yen of a month must add up.
        let duplicate = match self.billing {
            Billing::Prompt => draw_duplicate(draws),
            Billing::RunOff(_) => None,
        };
        if duplicate.is_some() {
            self.rows.truth.add_defects("duplicate_key", "claims", 1);
        }
        let billing = self.periods.of_billed_month(claim.billed_month);
        let rows = &mut self.rows.insurers[insurer].billings[billing];
        let (number, billed_month) = (claim.claim, claim.billed_month);
        for (idx, (icd10, is_suspected)) in diagnoses.iter().enumerate() {
            rows.diagnoses.push(DiagnosisRow {
                claim: number,
                billed_month,
                icd10,
                is_suspected: *is_suspected,
                is_main: idx == 0,
            });
        }
        for (drug_class, days_supplied) in drugs {
            rows.drugs.push(DrugRow {
                claim: number,
                billed_month,
                drug_class,
                days_supplied: *days_supplied,
            });
        }
        if let Some(duplicate) = duplicate {
            let mut again = claim.clone();
            if duplicate == Duplicate::SameKey {
                again.points += 12;
                again.yen += 120;
            }
            rows.claims.push(again);
        }
        rows.claims.push(claim);
    }
}

/// Months from care to billing, drawn from the shares billed within 0, 1, 2, … months.
fn run_off(draws: &mut Draws, billed: &[f32]) -> i32 {
    let at = draws.uniform();
    let months = billed.partition_point(|share| *share <= at);
    months.min(billed.len() - 1) as i32
}

fn plus_months(month: i32, months: i32) -> i32 {
    let index = month / 100 * 12 + month % 100 - 1 + months;
    index / 12 * 100 + index % 12 + 1
}
