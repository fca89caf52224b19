//! Claims of one person: chronic visits that agree with the checkup answers, acute illness, dental
//! care, hospital stays, and the pharmacy claims that follow. Rates per head follow the national
//! statistics. When they are billed is decided in `billing`.

use std::sync::OnceLock;

use super::billing::Biller;
use super::calendar::{day_of, month_after_april};
use super::calibration::Question;
use super::health::Health;
use super::household::Person;
use super::periods::Periods;
use super::random::{Draws, Stream};
use super::rows::{BatchRows, ClaimRow};
use super::world::World;

/// A diagnosis that may go with a kind of visit: code, chance, chance that it is only suspected.
type Possible = (&'static str, f32, f32);

const ACUTE: [&str; 6] = ["J069", "J00", "J209", "A099", "L309", "M545"];
const ACUTE_EXTRA: [Possible; 4] = [
    ("J101", 0.12, 0.8),
    ("J189", 0.06, 0.9),
    ("K295", 0.18, 0.1),
    ("J304", 0.12, 0.0),
];
const CHRONIC_EXTRA: [Possible; 4] = [
    ("K295", 0.15, 0.1),
    ("K760", 0.10, 0.2),
    ("N189", 0.05, 0.6),
    ("I259", 0.05, 0.7),
];
const STAY: [&str; 6] = ["K802", "S720", "C189", "I639", "J189", "D259"];

/// Logarithm of the ratio of two neighbouring amounts.
const STEP: f32 = 0.06;

/// Number of amounts: the last is beyond any fee.
const N_STEPS: usize = 320;

/// The amounts on the grid.
fn amounts() -> &'static [i32; N_STEPS] {
    static AMOUNTS: OnceLock<[i32; N_STEPS]> = OnceLock::new();
    AMOUNTS.get_or_init(|| {
        std::array::from_fn(|step| (step as f32 * STEP).exp().round().max(42.0) as i32)
    })
}

/// What brings a person to a doctor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    Chronic,
    Acute,
    Mind,
    Allergy,
    Dental,
    Stay,
}

/// Persistent conditions in one year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    hypertension: bool,
    diabetes: bool,
    dyslipidemia: bool,
}

impl Conditions {
    /// Conditions that the drug questions of the same year would show; children have none.
    pub(crate) fn of(world: &World, health: &Health, person: &Person, year: i16) -> Self {
        let age = person.age(year);
        if age < 20 {
            return Self::default();
        }
        let cell = world.calibration.cell(year, person.sex, age);
        Self {
            hypertension: health.has_condition(cell, Question::BpDrug),
            diabetes: health.has_condition(cell, Question::GlucoseDrug),
            dyslipidemia: health.has_condition(cell, Question::LipidDrug),
        }
    }

    fn any(self) -> bool {
        self.hypertension || self.diabetes || self.dyslipidemia
    }
}

/// Makes one person's claims.
pub(crate) struct ClaimMaker<'a> {
    draws: Draws,
    amounts: &'static [i32; N_STEPS],
    biller: Biller<'a>,
    /// Factor on the points of this year's claims.
    factor: f64,
    /// Yen that the factor has added this year.
    yen_added: i64,
    position: u32,
    has_mind: bool,
    has_allergy: bool,
}

impl<'a> ClaimMaker<'a> {
    /// Prepares the claims of a person.
    pub(crate) fn new(
        world: &World,
        rows: &'a mut BatchRows,
        person: &Person,
        periods: &'a Periods,
    ) -> Self {
        let mut draws = Draws::new(world.seed, Stream::Claims, person.index);
        let position = rows.position(person.index);
        Self {
            has_mind: draws.chance(0.05),
            has_allergy: draws.chance(0.16),
            draws,
            amounts: amounts(),
            biller: Biller::new(world, rows, person, periods),
            factor: 1.0,
            yen_added: 0,
            position,
        }
    }

    /// Claims of one fiscal year, with a factor on their points; `insurer_on` returns who insures on a
    /// day. Returns the yen that the factor adds.
    pub(crate) fn year(
        &mut self,
        year: i16,
        age: i32,
        conditions: Conditions,
        insurer_on: &dyn Fn(i32) -> Option<usize>,
        factor: f64,
    ) -> i64 {
        (self.factor, self.yen_added) = (factor, 0);
        let acute = match age {
            ..15 => 0.30,
            15..40 => 0.155,
            40..60 => 0.18,
            _ => 0.21,
        };
        let is_adult = age >= 18;
        let sees_dentist = self.draws.chance(0.52);
        let stay_rate = 0.0035 + 0.00016 * (age.max(20) - 20) as f32;
        let chronic = if conditions.any() { 0.66 } else { 0.0 };
        for month in 0..12 {
            let care_month = month_after_april(year, month);
            let Some(insurer) = insurer_on(day_of(care_month / 100, care_month % 100, 15)) else {
                continue;
            };
            // In February and March.
            let pollen = if month >= 10 { 0.5 } else { 0.04 };
            let visits = [
                (Visit::Chronic, chronic),
                (Visit::Acute, acute),
                (
                    Visit::Mind,
                    if self.has_mind && is_adult { 0.6 } else { 0.0 },
                ),
                (Visit::Allergy, if self.has_allergy { pollen } else { 0.0 }),
                (Visit::Dental, if sees_dentist { 0.20 } else { 0.0 }),
                (Visit::Stay, stay_rate),
            ];
            for (visit, chance) in visits {
                if chance > 0.0 && self.draws.chance(chance) {
                    self.visit(insurer, care_month, visit, conditions);
                }
            }
        }
        self.yen_added
    }

    fn visit(&mut self, insurer: usize, care_month: i32, visit: Visit, conditions: Conditions) {
        let (median, spread, days) = match visit {
            Visit::Chronic => (900.0, 0.45, 1),
            Visit::Acute => (720.0, 0.65, 1 + self.draws.count(0.4)),
            Visit::Mind => (640.0, 0.35, 1 + self.draws.count(0.6)),
            Visit::Allergy => (480.0, 0.40, 1),
            Visit::Dental => (1_000.0, 0.55, 1 + self.draws.count(0.9)),
            Visit::Stay => (36_000.0, 0.85, 2 + self.draws.count(7.0)),
        };
        let points = self.amount(median, spread);
        let is_inpatient = visit == Visit::Stay;
        let dpc = is_inpatient && self.draws.chance(0.6);
        let kind = match visit {
            Visit::Dental => 3,
            _ if dpc => 2,
            _ => 1,
        };
        // Meals of a stay are paid beside the points.
        let meals = if is_inpatient {
            days as i32 * 3 * 460
        } else {
            0
        };
        let claim = ClaimRow {
            person: self.position,
            claim: 0,
            care_month,
            billed_month: 0,
            kind,
            is_inpatient,
            care_days: days as i16,
            points,
            yen: points * 10 + meals,
            is_returned: false,
        };
        let diagnoses = self.diagnoses(visit, conditions);
        self.biller
            .bill(&mut self.draws, insurer, &claim, &diagnoses, &[]);
        let prescribes = match visit {
            Visit::Dental => 0.06,
            Visit::Stay => 0.0,
            _ => 0.75,
        };
        if self.draws.chance(prescribes) {
            let drugs = self.drugs(visit, conditions);
            let points = self.amount(300.0 + 260.0 * drugs.len() as f32, 0.5);
            let pharmacy = ClaimRow {
                kind: 4,
                care_days: 1,
                points,
                yen: points * 10,
                ..claim
            };
            self.biller
                .bill(&mut self.draws, insurer, &pharmacy, &[], &drugs);
        }
    }

    /// A right-skewed number of points on a grid of 6 % steps: fees come in fixed combinations. The
    /// year's factor is applied.
    fn amount(&mut self, median: f32, spread: f32) -> i32 {
        let log = median.ln() + spread * (self.draws.normal() + 0.25 * self.draws.normal().abs());
        // Logs are far above zero, so this rounds to the nearest step.
        let step = (log / STEP + 0.5) as usize;
        let points = self.amounts[step.min(N_STEPS - 1)];
        let charged = (f64::from(points) * self.factor).round() as i32;
        // A point is ten yen.
        self.yen_added += i64::from(charged - points) * 10;
        charged
    }

    /// Diagnoses of a visit: code, suspected; the first is the main one.
    fn diagnoses(&mut self, visit: Visit, conditions: Conditions) -> Vec<(&'static str, bool)> {
        let mut codes = Vec::with_capacity(4);
        let mut extra: &[Possible] = &[];
        match visit {
            Visit::Chronic => {
                let known = [
                    (conditions.hypertension, "I10"),
                    (conditions.diabetes, "E119"),
                    (conditions.dyslipidemia, "E785"),
                ];
                codes.extend(
                    known
                        .into_iter()
                        .filter(|(has, _)| *has)
                        .map(|(_, code)| (code, false)),
                );
                extra = &CHRONIC_EXTRA;
            }
            Visit::Acute => {
                codes.push((ACUTE[self.draws.below(6) as usize], false));
                if !conditions.diabetes && self.draws.chance(0.04) {
                    codes.push(("E119", true));
                }
                extra = &ACUTE_EXTRA;
            }
            Visit::Mind => {
                codes.push((
                    if self.draws.chance(0.5) {
                        "F329"
                    } else {
                        "F432"
                    },
                    false,
                ));
                if self.draws.chance(0.5) {
                    codes.push(("G470", false));
                }
            }
            Visit::Allergy => codes.push(("J304", false)),
            Visit::Dental => {
                codes.push((
                    if self.draws.chance(0.45) {
                        "K021"
                    } else {
                        "K053"
                    },
                    false,
                ));
            }
            Visit::Stay => codes.push((STAY[self.draws.below(6) as usize], false)),
        }
        for (code, chance, suspected) in extra {
            if self.draws.chance(*chance) {
                codes.push((code, self.draws.chance(*suspected)));
            }
        }
        codes
    }

    fn drugs(&mut self, visit: Visit, conditions: Conditions) -> Vec<(&'static str, i16)> {
        let weeks = [28, 28, 30, 56][self.draws.below(4) as usize];
        let mut classes = Vec::with_capacity(4);
        match visit {
            Visit::Chronic => {
                if conditions.hypertension {
                    classes.push(if self.draws.chance(0.5) {
                        ("214", weeks)
                    } else {
                        ("217", weeks)
                    });
                }
                if conditions.diabetes {
                    classes.push(("396", weeks));
                    if self.draws.chance(0.08) {
                        classes.push(("249", weeks));
                    }
                }
                if conditions.dyslipidemia {
                    classes.push(("218", weeks));
                }
            }
            Visit::Mind => {
                classes.push(("117", 28));
                if self.draws.chance(0.5) {
                    classes.push(("112", 28));
                }
            }
            Visit::Allergy => classes.push(("449", weeks)),
            _ => {
                classes.push(("114", 5));
                if self.draws.chance(0.3) {
                    classes.push(("232", 7));
                }
            }
        }
        classes
    }
}
