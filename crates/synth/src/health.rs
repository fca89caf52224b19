//! A person's health over the years: latent traits that stay, states that drift, noise that goes.
//! High values therefore fall back on their own (regression to the mean). The row of a checkup is
//! put together in `checkup`; thresholds and shapes come from `calibration`.

use super::calibration::{CUT_OF, Cell, N_QUESTIONS, N_VALUES, Question, Value, shifted_threshold};
use super::effects::Outcome;
use super::random::Draws;
use super::world::{WORKSITE_VARIANCE, WorksiteEffect};

/// Share of each value's variance that is the person's own, in the order of [`Value`].
const VALUE_PERSISTENCE: [f32; N_VALUES] = [
    0.94, 0.90, 0.56, 0.56, 0.60, 0.80, 0.66, 0.60, 0.66, 0.80, 0.70, 0.85, 0.85, 0.75,
];

/// Share of each answer's latent variance that is the person's own, in the order of [`Question`].
const ANSWER_PERSISTENCE: [f32; N_QUESTIONS] = [
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.60, 0.95, 0.90, 0.62, 0.50, 0.58, 0.62, 0.20, 0.75, 0.58, 0.62,
    0.50, 0.72, 0.86, 0.70, 0.52, 0.50, 0.50,
];

/// Weight of motivation in each answer's person effect; positive: the motivated answer "no" more.
const MOTIVATION: [f32; N_QUESTIONS] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.40, 0.15, -0.50, -0.25, -0.30, -0.10, 0.0, 0.10, 0.30,
    0.20, 0.25, 0.35, 0.10, -0.20, -0.20, 0.25, -0.25,
];

/// Correlation of the yearly state from one checkup to the next.
const STATE_CORRELATION: f32 = 0.4;

/// What stays with a person, and the state at the last checkup.
pub(crate) struct Health {
    /// Height at age 45, cm.
    pub(crate) height: f32,
    pub(crate) motivation: f32,
    values: [f32; N_VALUES],
    answers: [f32; N_QUESTIONS],
    value_state: [f32; N_VALUES],
    answer_state: [f32; N_QUESTIONS],
}

/// An effect that is active for one person in one year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ActiveEffect {
    /// Position in the setting's effects.
    pub(crate) effect_idx: usize,
    pub(crate) outcome: Outcome,
    /// Years since the first exposure, or the stage of the council.
    pub(crate) event_time: i16,
    /// The person was enrolled before the year of the first exposure, so that a change can be seen.
    pub(crate) was_here_before: bool,
    /// What it adds; on a probability, what it really adds after [`apply_to_cuts`].
    pub(crate) size: f64,
    /// First cut of the question after this effect and those before it.
    pub(crate) cut: f32,
}

/// Latent measurements of one checkup.
pub(crate) struct Measurements {
    /// In the units of the table, order of [`Value`].
    pub(crate) values: [f32; N_VALUES],
    /// Standard normal latents, order of [`Question`].
    pub(crate) latents: [f32; N_QUESTIONS],
}

impl Health {
    /// Draws a person's traits; `sex` is 1 male, 2 female.
    pub(crate) fn new(draws: &mut Draws, sex: i8) -> Self {
        let motivation = draws.normal();
        let values = value_traits(draws);
        let mut answers = [0.0; N_QUESTIONS];
        for (answer, weight) in answers.iter_mut().zip(MOTIVATION) {
            *answer = weight * motivation + (1.0 - weight * weight).sqrt() * draws.normal();
        }
        let mut tie = |question: Question, value: Value, weight: f32| {
            let own = draws.normal();
            answers[question as usize] =
                // Yes lies below the cut: who has a high value has a low latent.
                -weight * values[value as usize] + (1.0 - weight * weight).sqrt() * own;
        };
        tie(Question::BpDrug, Value::Sbp, 0.65);
        tie(Question::GlucoseDrug, Value::Hba1c, 0.80);
        tie(Question::LipidDrug, Value::Ldl, 0.55);
        tie(Question::Anemia, Value::Hemoglobin, -0.60);
        tie(Question::WeightGain10kg, Value::Bmi, 0.75);
        let (mean, spread) = if sex == 1 { (170.6, 5.8) } else { (157.9, 5.4) };
        Self {
            height: mean + spread * draws.normal(),
            motivation,
            values,
            answers,
            value_state: draws.normals(),
            answer_state: draws.normals(),
        }
    }

    /// The person's own part of the latent behind an answer.
    pub(crate) fn answer_trait(&self, question: Question) -> f32 {
        self.answers[question as usize]
    }

    /// How much heavier than others the person was at the last checkup, in standard deviations of this
    /// year's part and of the person's own: the first weighs 0.8, the second 0.6.
    pub(crate) fn strain(&self) -> f32 {
        0.8 * self.value_state[Value::Bmi as usize] + 0.6 * self.values[Value::Bmi as usize]
    }

    /// This year's part of the BMI at the last checkup, in its standard deviations.
    pub(crate) fn bmi_state(&self) -> f32 {
        self.value_state[Value::Bmi as usize]
    }

    /// Whether a persistent condition behind one of the drug questions is present in this cell.
    pub(crate) fn has_condition(&self, cell: &Cell, question: Question) -> bool {
        self.answers[question as usize] < cell.thresholds[CUT_OF[question as usize]]
    }

    /// The next checkup: moves the states on and returns latents and values.
    pub(crate) fn measure(
        &mut self,
        draws: &mut Draws,
        cell: &Cell,
        worksite: Option<&WorksiteEffect>,
    ) -> Measurements {
        // So that the variance of the states stays one.
        let innovation = (1.0 - STATE_CORRELATION * STATE_CORRELATION).sqrt();
        for state in self.value_state.iter_mut().chain(&mut self.answer_state) {
            *state = STATE_CORRELATION * *state + innovation * draws.normal();
        }
        // On a copy, or the mixing would build up from year to year.
        let mut states = self.value_state;
        mix(&mut states, Value::Waist, Value::Bmi, 0.6);
        mix(&mut states, Value::Dbp, Value::Sbp, 0.6);
        mix(&mut states, Value::Hba1c, Value::FastingGlucose, 0.4);
        mix(&mut states, Value::Alt, Value::Ast, 0.5);
        let tables = tables();
        let mut values: [f32; N_VALUES] = std::array::from_fn(|idx| {
            tables.value_own[idx] * self.values[idx] + tables.value_state[idx] * states[idx]
        });
        let mut latents: [f32; N_QUESTIONS] = std::array::from_fn(|idx| {
            tables.answer_own[idx] * self.answers[idx]
                + tables.answer_state[idx] * self.answer_state[idx]
        });
        if let Some(effect) = worksite {
            // The two shares add up to a variance of one, which the thresholds assume.
            let (own, shared) = ((1.0 - WORKSITE_VARIANCE).sqrt(), WORKSITE_VARIANCE.sqrt());
            for (value, shift) in values.iter_mut().zip(&effect.values) {
                *value = own * *value + shared * shift;
            }
            // Drugs and past diseases are the person's own: they must not come and go with jobs.
            let first = Question::Anemia as usize;
            for (latent, shift) in latents.iter_mut().zip(&effect.answers).skip(first) {
                *latent = own * *latent + shared * shift;
            }
        }
        for (idx, value) in values.iter_mut().enumerate() {
            let z = cell.spread[idx] * value.clamp(-3.8, 3.8);
            *value = cell.origin[idx] + cell.median[idx] * z.exp();
        }
        Measurements { values, latents }
    }
}

/// The square roots of the persistences and of what they leave.
struct PersistenceRoots {
    value_own: [f32; N_VALUES],
    value_state: [f32; N_VALUES],
    answer_own: [f32; N_QUESTIONS],
    answer_state: [f32; N_QUESTIONS],
}

fn tables() -> &'static PersistenceRoots {
    static TABLES: std::sync::OnceLock<PersistenceRoots> = std::sync::OnceLock::new();
    TABLES.get_or_init(|| PersistenceRoots {
        value_own: VALUE_PERSISTENCE.map(f32::sqrt),
        value_state: VALUE_PERSISTENCE.map(|share| (1.0 - share).sqrt()),
        answer_own: ANSWER_PERSISTENCE.map(f32::sqrt),
        answer_state: ANSWER_PERSISTENCE.map(|share| (1.0 - share).sqrt()),
    })
}

fn mix(states: &mut [f32; N_VALUES], target: Value, source: Value, weight: f32) {
    let own = (1.0 - weight * weight).sqrt();
    states[target as usize] = weight * states[source as usize] + own * states[target as usize];
}

/// Person effects of the values: adiposity, blood pressure, glucose and liver tie them together.
fn value_traits(draws: &mut Draws) -> [f32; N_VALUES] {
    let [adiposity, glucose, liver] = draws.normals();
    let own: [f32; N_VALUES] = draws.normals();
    let mut z = own;
    let mut set = |value: Value, common: f32, share_of_own: f32| {
        z[value as usize] = common + share_of_own * own[value as usize];
    };
    set(Value::Bmi, adiposity, 0.0);
    set(Value::Waist, 0.88 * adiposity, 0.475);
    set(Value::Sbp, 0.34 * adiposity, 0.94);
    let sbp = 0.34 * adiposity + 0.94 * own[Value::Sbp as usize];
    set(Value::Dbp, 0.75 * sbp, 0.661);
    set(Value::Triglycerides, 0.44 * adiposity, 0.898);
    let triglycerides = 0.44 * adiposity + 0.898 * own[Value::Triglycerides as usize];
    set(Value::Hdl, -0.25 * adiposity - 0.35 * triglycerides, 0.858);
    set(Value::Ldl, 0.15 * adiposity, 0.989);
    set(Value::Ast, 0.2 * adiposity + 0.72 * liver, 0.664);
    set(Value::Alt, 0.4 * adiposity + 0.62 * liver, 0.675);
    set(Value::Ggt, 0.2 * adiposity + 0.55 * liver, 0.811);
    set(
        Value::FastingGlucose,
        0.36 * adiposity + 0.76 * glucose,
        0.541,
    );
    set(Value::Hba1c, 0.25 * adiposity + 0.82 * glucose, 0.515);
    z
}

/// The answer code (1, 2, …) of a latent: how many cuts lie at or below it.
pub(crate) fn answer_code(latent: f32, cuts: &[f32]) -> i16 {
    1 + cuts.iter().filter(|cut| latent >= **cut).count() as i16
}

/// Finds the cut of every question that effects act on, and what each of them really adds to the
/// probability of the first answer.
pub(crate) fn apply_to_cuts(effects: &mut [ActiveEffect], cell: &Cell) {
    for at in 0..effects.len() {
        let (before, rest) = effects.split_at_mut(at);
        let active = &mut rest[0];
        let outcome = active.outcome;
        let Outcome::Answer(question) = outcome else {
            continue;
        };
        let earlier = before.iter().rfind(|other| other.outcome == outcome);
        let cut = earlier.map_or(cell.thresholds[CUT_OF[question as usize]], |e| e.cut);
        (active.cut, active.size) = shifted_threshold(cut, active.size);
    }
}
