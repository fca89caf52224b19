//! Effects and stories of the default scenario.

use super::super::calibration::Question;
use super::super::effects::{Curve, Effect, Field, Outcome, Population, bmi_of, control, effect};
use super::setting::{Story, story};

use Curve::{Fading, Steps};
use Outcome::{AbsenceDays, Answer, PresenteeismLoss, Weight};
use Population::{Employees, Spouses};

/// Every effect of the default scenario. Sizes follow the quasi-experiments on 特定保健指導 (weight
/// −0.2 to −0.3 kg, fading) and are a few points elsewhere.
pub(super) const EFFECTS: [Effect; 24] = [
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
    bmi_of(Field::Nutrition),
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

/// Stories of the default scenario, in the order of [`FIELDS`].
pub(super) const STORIES: [Story; 11] = [
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
