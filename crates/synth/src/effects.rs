//! What a planted effect is: what causes it, what it changes, for whom and for how long. Effects of
//! programs are intention to treat and count from the first fiscal year of exposure. Which effects a
//! world has is in `scenarios`.

use super::calibration::Question;

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

/// What brings an effect about, and what its curve runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Programs of a field; the curve runs over the years since the first exposure.
    Program(Field),
    /// The council of the municipality of residence; the curve runs over its stage of the year, 1–4.
    Council,
    /// What municipalities were like before their councils; the curve runs over the stage that the
    /// council has reached in the last year. No council causes this.
    CouncilToBe,
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
    /// Factor on the yen of all claims.
    CareYen,
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
    pub(crate) cause: Cause,
    /// Name of the panel's indicator or value.
    pub(crate) indicator: &'static str,
    pub(crate) population: Population,
    pub(crate) outcome: Outcome,
    pub(crate) curve: Curve,
}

/// An effect of a field's programs.
pub(crate) const fn effect(
    field: Field,
    indicator: &'static str,
    population: Population,
    outcome: Outcome,
    curve: Curve,
) -> Effect {
    Effect {
        cause: Cause::Program(field),
        indicator,
        population,
        outcome,
        curve,
    }
}

/// An indicator of employees that a field's programs do not change: a negative control.
pub(crate) const fn control(field: Field, indicator: &'static str) -> Effect {
    let population = Population::Employees;
    effect(field, indicator, population, Outcome::Nothing, Curve::Zero)
}

/// The BMI that follows from an effect on the weight of employees; stands right after it.
pub(crate) const fn bmi_of(field: Field) -> Effect {
    let population = Population::Employees;
    effect(field, "bmi", population, Outcome::Bmi, Curve::Zero)
}
