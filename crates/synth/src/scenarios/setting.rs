//! The settings of a world: independent of each other, and of the names of scenarios.

use super::super::effects::{Cause, Effect, Field, Outcome};

/// A planted story, for `truth.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) name: &'static str,
    /// The field it is told with; empty where it is not about one.
    pub(crate) field: &'static str,
    pub(crate) description: &'static str,
}

pub(super) const fn story(
    name: &'static str,
    field: &'static str,
    description: &'static str,
) -> Story {
    Story {
        name,
        field,
        description,
    }
}

/// The settings of a world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    pub(crate) stories: &'static [Story],
    pub(crate) effects: &'static [Effect],
    /// Factor on every effect of [`Setting::effects`].
    pub(crate) strength: f64,
    /// Effects of programs end with the program; otherwise they outlast it.
    pub(crate) effects_end: bool,
    /// Factor on the improvement of `sleep_rest` before rest programs start.
    pub(crate) pre_trend: f64,
    pub(crate) workplaces: Workplaces,
    /// People take other jobs in this world after one has ended; otherwise they leave the insurers.
    pub(crate) takes_new_jobs: bool,
    /// Standard deviation of what a worksite's people share in one year only, in standard deviations
    /// of the value or of the latent behind the answer.
    pub(crate) yearly_shock: f32,
    pub(crate) rollout: Rollout,
    pub(crate) participation: Participation,
    pub(crate) staying_away: Option<StayingAway>,
    pub(crate) billing: Billing,
    pub(crate) guidance: Guidance,
    /// `truth.json` says what evaluations should find (`expected`).
    pub(crate) is_asserted: bool,
}

impl Setting {
    /// Whether any effect acts on an outcome.
    pub(crate) fn acts_on(&self, outcome: Outcome) -> bool {
        self.effects.iter().any(|effect| effect.outcome == outcome)
    }

    /// The outcomes of bundled fields, each with the position of the first effect on it.
    pub(crate) fn bundled_outcomes(&self) -> impl Iterator<Item = (usize, Outcome)> {
        let bundled = |effect: &Effect| match effect.cause {
            Cause::Program(field) => self.launch_of(field).is_some_and(Launch::is_bundle),
            Cause::Council | Cause::CouncilToBe => false,
        };
        let effects = self.effects;
        let rows = effects.iter().enumerate();
        rows.filter(move |(at, effect)| {
            let is_first = !effects[..*at]
                .iter()
                .any(|other| other.outcome == effect.outcome && bundled(other));
            effect.outcome != Outcome::Nothing && bundled(effect) && is_first
        })
        .map(|(at, effect)| (at, effect.outcome))
    }

    /// The launch a field is started by, if the roll-out lists launches.
    pub(crate) fn launch_of(&self, field: Field) -> Option<&'static Launch> {
        let launches = self.rollout.launches();
        launches
            .iter()
            .find(|launch| launch.fields.contains(&field))
    }
}

/// How people are spread over worksites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workplaces {
    /// Employers of one or several worksites, of all sizes as in Japan.
    OfAllSizes,
    /// So many employers of one worksite each, of similar size.
    Alike(u32),
}

/// Who adopts programs, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rollout {
    /// Every field draws its employers on its own, in five yearly cohorts; some programs end.
    FieldByField,
    /// Launches draw employers from blocks of `block` employers of similar size; no employer has
    /// two launches.
    Launches {
        block: usize,
        launches: &'static [Launch],
    },
}

impl Rollout {
    /// The launches, if they are listed.
    pub(crate) fn launches(self) -> &'static [Launch] {
        match self {
            Self::FieldByField => &[],
            Self::Launches { launches, .. } => launches,
        }
    }
}

/// Programs that an employer starts together, at every worksite, on 1 April.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Launch {
    pub(crate) fields: &'static [Field],
    /// Employers per block that start it.
    pub(crate) slots: usize,
    /// Yearly cohorts of starts.
    pub(crate) cohorts: i16,
    /// Chance that a field starts one or two years after the others; two always start at once.
    pub(crate) delay: f32,
    /// Fiscal years it lasts; `None` is for ever.
    pub(crate) lasts: Option<i16>,
    pub(crate) intensity: Intensity,
}

impl Launch {
    /// Several fields start together.
    pub(crate) const fn is_bundle(&self) -> bool {
        self.fields.len() > 1
    }
}

/// How strong a launch's programs are at a worksite: a factor on their effects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Intensity {
    /// The same everywhere.
    Same,
    /// Sessions per person, drawn from this list; effects are per session.
    Sessions(&'static [u8]),
    /// One, but `factor` at `worksites` of them, which nothing in the extracts tells apart.
    Hidden { worksites: usize, factor: f32 },
}

/// Who of the people covered takes part in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Participation {
    /// Motivated people, and to smoking programs those who do not smoke.
    Chosen,
    /// Everyone, at every session of the worksite; hours and cost of a program follow from the
    /// sessions.
    Everyone,
}

/// Employees exposed to a field stay away from checkups when they are heavier than usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StayingAway {
    pub(crate) field: Field,
    /// Weight, in standard deviations of this year's and of the person's own part, above which
    /// people hesitate.
    pub(crate) above: f32,
    /// Chance that those who hesitate stay away.
    pub(crate) chance: f32,
}

/// When claims reach the insurer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Billing {
    /// Nearly all in the month after care; the whole history is delivered, one file for the first
    /// years and one for each of the last two.
    Prompt,
    /// Shares of claims billed at most 0, 1, 2, … months after care. Only what was billed until the
    /// end of the last fiscal year is delivered; the last year in quarters by billed month.
    RunOff(&'static [f32]),
}

/// 特定保健指導: who takes it up, and what it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Guidance {
    pub(crate) uptake: Uptake,
    /// Change of the values of the next year's checkup among those who took it up.
    pub(crate) effects: GuidanceEffects,
    /// What is left of the change after each further year.
    pub(crate) ratio: f64,
}

/// Who of those offered guidance takes it up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Uptake {
    /// 35 %, whatever their habits are.
    Random,
    /// 35 %: the motivated, and those heavier than usual, who lose weight anyway.
    Chosen,
}

/// Changes of measured values.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct GuidanceEffects {
    pub(crate) weight_kg: f32,
    pub(crate) waist_cm: f32,
    pub(crate) sbp_mmhg: f32,
    pub(crate) triglycerides_mgdl: f32,
}
