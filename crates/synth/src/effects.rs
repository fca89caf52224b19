//! The planted truth: which program changes what, for whom and for how long, and the stories told
//! beside it. Effects are intention to treat and count from the first fiscal year of exposure.

use super::calibration::Question;
use super::options::Scenario;

use Curve::{Fading, Steps};
use Outcome::{AbsenceDays, Answer, Bmi, PresenteeismLoss, Weight};
use Population::{Employees, Spouses};

/// The nine program fields, in the order of every per-field array.
pub(crate) const FIELDS: [&str; 9] = [
    "nutrition",
    "activity",
    "mind",
    "rest",
    "oral",
    "frailty",
    "smoking",
    "alcohol",
    "system",
];

/// Index of a field in [`FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Nutrition,
    Activity,
    Mind,
    Rest,
    Oral,
    Frailty,
    Smoking,
    Alcohol,
    System,
}

/// Who is affected: the employees covered, or their insured spouses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Population {
    Employees,
    Spouses,
}

impl Population {
    /// The name in `truth.json` and in the effect tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Employees => "employees",
            Self::Spouses => "spouses",
        }
    }
}

/// What an effect acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Probability of the first answer of a question.
    Answer(Question),
    /// Body weight, kilograms.
    Weight,
    /// Body mass index; follows from weight and is only counted.
    Bmi,
    /// Factor on presenteeism loss.
    PresenteeismLoss,
    /// Factor on absence days.
    AbsenceDays,
    /// Nothing: a negative control.
    Nothing,
}

/// How an effect develops over event time 0, 1, 2, …
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Curve {
    /// The listed values, then the last one for ever.
    Steps(&'static [f64]),
    /// `start × ratio^e`.
    Fading { start: f64, ratio: f64 },
    /// Exactly zero.
    Zero,
}

impl Curve {
    /// Size at an event time ≥ 0.
    pub(crate) fn at(self, event_time: i16) -> f64 {
        match self {
            Self::Steps(steps) => {
                let idx = usize::try_from(event_time)
                    .unwrap_or(0)
                    .min(steps.len() - 1);
                steps[idx]
            }
            Self::Fading { start, ratio } => start * ratio.powi(i32::from(event_time)),
            Self::Zero => 0.0,
        }
    }
}

/// One planted effect (or planted absence of one).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Effect {
    pub(crate) field: Field,
    /// Name of the panel's indicator or value.
    pub(crate) indicator: &'static str,
    pub(crate) population: Population,
    pub(crate) outcome: Outcome,
    pub(crate) curve: Curve,
}

const fn effect(
    field: Field,
    indicator: &'static str,
    population: Population,
    outcome: Outcome,
    curve: Curve,
) -> Effect {
    Effect {
        field,
        indicator,
        population,
        outcome,
        curve,
    }
}

const fn control(field: Field, indicator: &'static str) -> Effect {
    effect(field, indicator, Employees, Outcome::Nothing, Curve::Zero)
}

/// Every effect of the default scenario. Sizes follow the quasi-experiments on 特定保健指導 (weight
/// −0.2 to −0.3 kg, fading) and are a few points elsewhere.
pub(crate) const EFFECTS: [Effect; 24] = [
    effect(
        Field::Activity,
        "exercise_habit",
        Employees,
        Answer(Question::Exercise30min),
        Steps(&[0.02, 0.035, 0.045, 0.05]),
    ),
    effect(
        Field::Nutrition,
        "weight_kg",
        Employees,
        Weight,
        Fading {
            start: -0.3,
            ratio: 0.5,
        },
    ),
    effect(Field::Nutrition, "bmi", Employees, Bmi, Curve::Zero),
    effect(
        Field::Nutrition,
        "skips_breakfast",
        Employees,
        Answer(Question::SkipBreakfast),
        Fading {
            start: -0.03,
            ratio: 0.6,
        },
    ),
    effect(
        Field::Nutrition,
        "late_dinner",
        Employees,
        Answer(Question::LateDinner),
        Fading {
            start: -0.03,
            ratio: 0.7,
        },
    ),
    effect(
        Field::Nutrition,
        "skips_breakfast",
        Spouses,
        Answer(Question::SkipBreakfast),
        Fading {
            start: -0.04,
            ratio: 0.7,
        },
    ),
    effect(
        Field::Nutrition,
        "late_dinner",
        Spouses,
        Answer(Question::LateDinner),
        Fading {
            start: -0.06,
            ratio: 0.75,
        },
    ),
    effect(
        Field::Smoking,
        "current_smoker",
        Employees,
        Answer(Question::Smoking),
        Steps(&[-0.006, -0.01]),
    ),
    effect(
        Field::Mind,
        "presenteeism_loss",
        Employees,
        PresenteeismLoss,
        Steps(&[-0.12, -0.16, -0.18]),
    ),
    effect(
        Field::Alcohol,
        "drinks_daily",
        Employees,
        Answer(Question::DrinkingFrequency),
        Steps(&[-0.01, -0.015]),
    ),
    effect(
        Field::Frailty,
        "walk_fast",
        Employees,
        Answer(Question::WalkFast),
        Steps(&[0.01, 0.02]),
    ),
    effect(
        Field::System,
        "absence_days",
        Employees,
        AbsenceDays,
        Steps(&[-0.04, -0.06]),
    ),
    control(Field::Oral, "chews_anything"),
    control(Field::Oral, "dental_visit"),
    control(Field::Rest, "sleep_rest"),
    control(Field::Rest, "eats_fast"),
    control(Field::Activity, "eats_fast"),
    control(Field::Smoking, "snacks_daily"),
    control(Field::Mind, "sbp_mmhg"),
    control(Field::Mind, "weight_kg"),
    control(Field::Alcohol, "walking_1h"),
    control(Field::Frailty, "eats_fast"),
    control(Field::System, "snacks_daily"),
    control(Field::Nutrition, "walking_1h"),
];

/// The strength of the planted stories in one scenario.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Strength {
    /// Factor on every effect.
    pub(crate) effects: f64,
    /// Factor on the improvement of `sleep_rest` before rest programs start.
    pub(crate) pre_trend: f64,
}

impl Strength {
    /// Strengths of a scenario.
    pub(crate) fn of(scenario: Scenario) -> Self {
        match scenario {
            Scenario::Default => Self {
                effects: 1.0,
                pre_trend: 1.0,
            },
            Scenario::Null => Self {
                effects: 0.0,
                pre_trend: 0.0,
            },
        }
    }
}

/// A planted story, for `truth.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) field: &'static str,
    pub(crate) description: &'static str,
}

const fn story(name: &'static str, field: &'static str, description: &'static str) -> Story {
    Story {
        name,
        field,
        description,
    }
}

/// Stories of the default scenario, in the order of [`FIELDS`].
pub(crate) const STORIES: [Story; 11] = [
    story(
        "fading_effect",
        "nutrition",
        "Weight falls by 0.3 kg in the first year and the effect halves every year; skipping \
         breakfast and late dinner fade more slowly.",
    ),
    story(
        "household_spillover",
        "nutrition",
        "Insured spouses of exposed employees change their dinner and breakfast habits too.",
    ),
    story(
        "growing_effect",
        "activity",
        "The share with an exercise habit grows over three years.",
    ),
    story(
        "outcome_outside_checkup",
        "mind",
        "Presenteeism loss (SPQ) falls; no checkup value changes.",
    ),
    story(
        "pre_trend",
        "rest",
        "Worksites that adopted early were already improving in sleep before the program; the \
         program itself does nothing.",
    ),
    story("null_program", "oral", "The program changes nothing."),
    story("small_effect", "frailty", "A few more people walk fast."),
    story(
        "self_selection",
        "smoking",
        "Inside covered worksites mostly people who do not smoke take part; the offer itself \
         changes little.",
    ),
    story(
        "small_effect",
        "alcohol",
        "Daily drinking falls by about a point.",
    ),
    story(
        "small_effect",
        "system",
        "Absence falls by a few percent of its mean.",
    ),
    story(
        "regression_to_the_mean",
        "",
        "Values combine a person effect with yearly noise, so high values fall without any program.",
    ),
];

/// The stories of a scenario.
pub(crate) fn stories(scenario: Scenario) -> Vec<Story> {
    match scenario {
        Scenario::Default => STORIES.to_vec(),
        Scenario::Null => vec![story("null", "", "No program changes anything.")],
    }
}
