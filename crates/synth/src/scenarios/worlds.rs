//! The scenarios' settings. Each says only what differs from a plain world.

use super::super::calibration::Question;
use super::super::effects::{
    Cause, Curve, Effect, Field, Outcome, Population, bmi_of, control, effect,
};
use super::default_world::{EFFECTS, STORIES};
use super::setting::{
    Billing, Guidance, GuidanceEffects, Intensity, Launch, Participation, Rollout, Setting,
    StayingAway, Uptake, Workplaces, story,
};

use Curve::Steps;
use Outcome::{AbsenceDays, Answer, CareYen, PresenteeismLoss, Weight};
use Population::{Employees, Spouses};

/// Employers of similar size among which starts are drawn.
const BLOCK: usize = 14;

/// A third of the employees, in as many yearly cohorts as the default scenario has.
const LAUNCH: Launch = Launch {
    fields: &[],
    slots: 5,
    cohorts: 5,
    delay: 0.0,
    lasts: None,
    intensity: Intensity::Same,
};

/// Starts of one launch.
const fn rollout(launches: &'static [Launch]) -> Rollout {
    Rollout::Launches {
        block: BLOCK,
        launches,
    }
}

/// What activity programs do to the exercise habit of employees, by years since they started.
const fn exercise_habit(by_year: &'static [f64]) -> Effect {
    let outcome = Answer(Question::Exercise30min);
    let curve = Steps(by_year);
    effect(Field::Activity, "exercise_habit", Employees, outcome, curve)
}

/// What programs do to the weight of employees.
const fn weight(field: Field, by_year: &'static [f64]) -> Effect {
    effect(field, "weight_kg", Employees, Weight, Steps(by_year))
}

/// A program that does nothing, where a world is about something else.
const ORAL: [Launch; 1] = [Launch {
    fields: &[Field::Oral],
    ..LAUNCH
}];

/// A world of one program that does nothing.
const PLAIN: Setting = Setting {
    stories: &[],
    effects: &[],
    strength: 1.0,
    effects_end: false,
    pre_trend: 0.0,
    workplaces: Workplaces::OfAllSizes,
    takes_new_jobs: true,
    yearly_shock: 0.0,
    rollout: rollout(&ORAL),
    participation: Participation::Chosen,
    staying_away: None,
    billing: Billing::Prompt,
    guidance: Guidance {
        uptake: Uptake::Random,
        effects: GuidanceEffects {
            weight_kg: 0.0,
            waist_cm: 0.0,
            sbp_mmhg: 0.0,
            triglycerides_mgdl: 0.0,
        },
        ratio: 0.0,
    },
    is_asserted: true,
};

pub(super) const DEFAULT: Setting = Setting {
    stories: &STORIES,
    effects: &EFFECTS,
    pre_trend: 1.0,
    rollout: Rollout::FieldByField,
    is_asserted: false,
    ..PLAIN
};

pub(super) const NULL: Setting = Setting {
    stories: &[story("null", "", "No program changes anything.")],
    strength: 0.0,
    pre_trend: 0.0,
    is_asserted: true,
    ..DEFAULT
};

/// A delay of 0.26 for one year or two makes the starts of two fields correlate by 0.8.
pub(super) const BUNDLE: Setting = Setting {
    stories: &[
        story(
            "bundled_starts",
            "",
            "Nutrition, activity, smoking and system programs start at the same worksites, mostly \
             in the same year: what one of them does cannot be told, what they do together can.",
        ),
        story(
            "apart_from_the_bundle",
            "frailty",
            "Frailty programs start at other employers; their effect can be told.",
        ),
    ],
    effects: &[
        weight(Field::Nutrition, &[-0.3]),
        bmi_of(Field::Nutrition),
        weight(Field::Activity, &[-0.3]),
        bmi_of(Field::Activity),
        exercise_habit(&[0.03, 0.05]),
        effect(
            Field::Nutrition,
            "skips_breakfast",
            Employees,
            Answer(Question::SkipBreakfast),
            Steps(&[-0.03]),
        ),
        effect(
            Field::Smoking,
            "current_smoker",
            Employees,
            Answer(Question::Smoking),
            Steps(&[-0.01, -0.02]),
        ),
        effect(
            Field::System,
            "absence_days",
            Employees,
            AbsenceDays,
            Steps(&[-0.06]),
        ),
        control(Field::System, "eats_fast"),
        effect(
            Field::Frailty,
            "walk_fast",
            Employees,
            Answer(Question::WalkFast),
            Steps(&[0.04]),
        ),
        control(Field::Frailty, "eats_fast"),
    ],
    rollout: rollout(&[
        Launch {
            fields: &[
                Field::System,
                Field::Activity,
                Field::Nutrition,
                Field::Smoking,
            ],
            delay: 0.26,
            ..LAUNCH
        },
        Launch {
            fields: &[Field::Frailty],
            slots: 4,
            cohorts: 4,
            ..LAUNCH
        },
    ]),
    ..PLAIN
};

pub(super) const ENDS: Setting = Setting {
    stories: &[
        story(
            "effect_ends_with_program",
            "activity",
            "Programs run for three years. While they run, more people exercise and weight is \
             lower; in the first year without them nothing of it is left.",
        ),
        story(
            "lasting_effect",
            "nutrition",
            "Programs go on, and so does their effect.",
        ),
    ],
    effects: &[
        exercise_habit(&[0.06]),
        weight(Field::Activity, &[-0.5]),
        bmi_of(Field::Activity),
        control(Field::Activity, "eats_fast"),
        effect(
            Field::Nutrition,
            "skips_breakfast",
            Employees,
            Answer(Question::SkipBreakfast),
            Steps(&[-0.05]),
        ),
        control(Field::Nutrition, "eats_fast"),
    ],
    effects_end: true,
    takes_new_jobs: false,
    rollout: rollout(&[
        Launch {
            fields: &[Field::Activity],
            cohorts: 3,
            lasts: Some(3),
            ..LAUNCH
        },
        Launch {
            fields: &[Field::Nutrition],
            slots: 4,
            cohorts: 4,
            ..LAUNCH
        },
    ]),
    ..PLAIN
};

pub(super) const DOSE: Setting = Setting {
    stories: &[story(
        "dose",
        "activity",
        "Worksites hold from one to eight sessions, and everyone attends. Each session adds a point \
         to the share with an exercise habit and takes 0.1 kg off.",
    )],
    effects: &[
        exercise_habit(&[0.01]),
        weight(Field::Activity, &[-0.1]),
        bmi_of(Field::Activity),
        control(Field::Activity, "eats_fast"),
    ],
    takes_new_jobs: false,
    rollout: rollout(&[Launch {
        fields: &[Field::Activity],
        slots: 7,
        intensity: Intensity::Sessions(&[1, 2, 3, 4, 6, 8]),
        ..LAUNCH
    }]),
    participation: Participation::Everyone,
    ..PLAIN
};

pub(super) const FEW_CLUSTERS: Setting = Setting {
    stories: &[
        story(
            "few_clusters",
            "activity",
            "6 of 40 worksites have the program. People of a worksite share good and bad years, so \
             that errors which ignore worksites are far too small.",
        ),
        story(
            "too_few_clusters",
            "mind",
            "2 of 40 worksites have the program: too few to say anything.",
        ),
    ],
    effects: &[
        exercise_habit(&[0.06]),
        weight(Field::Activity, &[-0.5]),
        bmi_of(Field::Activity),
        control(Field::Activity, "eats_fast"),
        effect(
            Field::Mind,
            "presenteeism_loss",
            Employees,
            PresenteeismLoss,
            Steps(&[-0.15]),
        ),
        control(Field::Mind, "sleep_rest"),
    ],
    workplaces: Workplaces::Alike(40),
    takes_new_jobs: false,
    yearly_shock: 0.12,
    rollout: Rollout::Launches {
        block: 40,
        launches: &[
            Launch {
                fields: &[Field::Activity],
                slots: 6,
                cohorts: 1,
                ..LAUNCH
            },
            Launch {
                fields: &[Field::Mind],
                slots: 2,
                cohorts: 1,
                ..LAUNCH
            },
        ],
    },
    ..PLAIN
};

pub(super) const DROPOUT: Setting = Setting {
    stories: &[story(
        "staying_away",
        "activity",
        "Where the program runs, half of those who are heavier than usual stay away from the \
         checkup. Those examined have lost far more weight than the program takes off.",
    )],
    effects: &[
        weight(Field::Activity, &[-0.2]),
        bmi_of(Field::Activity),
        control(Field::Activity, "exercise_habit"),
    ],
    takes_new_jobs: false,
    rollout: rollout(&[Launch {
        fields: &[Field::Activity],
        slots: 7,
        cohorts: 4,
        ..LAUNCH
    }]),
    staying_away: Some(StayingAway {
        field: Field::Activity,
        above: 0.5,
        chance: 0.5,
    }),
    ..PLAIN
};

pub(super) const IMMATURE: Setting = Setting {
    stories: &[
        story(
            "run_off",
            "",
            "60 % of a month's claims are billed in the next month, the rest within a year. The \
             deliveries end with the last fiscal year: its last months are incomplete.",
        ),
        story(
            "cheaper_care",
            "system",
            "Care costs a tenth less after the start.",
        ),
    ],
    effects: &[
        effect(
            Field::System,
            "yen_total",
            Employees,
            CareYen,
            Steps(&[-0.1]),
        ),
        control(Field::System, "dental_visit"),
    ],
    rollout: rollout(&[Launch {
        fields: &[Field::System],
        ..LAUNCH
    }]),
    billing: Billing::RunOff(&[
        0.0, 0.60, 0.80, 0.89, 0.935, 0.96, 0.975, 0.985, 0.99, 0.994, 0.997, 0.999, 1.0,
    ]),
    ..PLAIN
};

/// −1.5 kg among those treated is near −1.56 kg, which a discontinuity of men at 85 cm has found.
pub(super) const GUIDANCE: Setting = Setting {
    stories: &[
        story(
            "threshold",
            "",
            "Guidance is offered at the thresholds of waist and BMI; 35 % take it up, rather the \
             motivated and those heavier than usual. A year later they weigh 1.5 kg less than \
             without, two years later 0.75 kg.",
        ),
        story(
            "regression_to_the_mean",
            "",
            "Values combine a person effect with yearly noise, so high values fall without any \
             program.",
        ),
    ],
    effects: &[control(Field::Oral, "chews_anything")],
    guidance: Guidance {
        uptake: Uptake::Chosen,
        effects: GuidanceEffects {
            weight_kg: -1.5,
            waist_cm: -1.6,
            sbp_mmhg: -2.0,
            triglycerides_mgdl: -6.0,
        },
        ratio: 0.5,
    },
    ..PLAIN
};

pub(super) const COUNCILS: Setting = Setting {
    stories: &[
        story(
            "council_gradient",
            "",
            "Every stage of the council of the municipality of residence adds 1.5 points to the \
             share with an exercise habit.",
        ),
        story(
            "healthy_municipalities",
            "",
            "Municipalities whose councils come far had fewer smokers before; councils do not \
             change smoking.",
        ),
    ],
    effects: &[
        council(
            Cause::Council,
            "exercise_habit",
            Employees,
            Question::Exercise30min,
            EXERCISE,
        ),
        council(
            Cause::Council,
            "exercise_habit",
            Spouses,
            Question::Exercise30min,
            EXERCISE,
        ),
        council(
            Cause::CouncilToBe,
            "current_smoker",
            Employees,
            Question::Smoking,
            SMOKING,
        ),
        council(
            Cause::CouncilToBe,
            "current_smoker",
            Spouses,
            Question::Smoking,
            SMOKING,
        ),
        control(Field::Oral, "chews_anything"),
    ],
    ..PLAIN
};

/// By stage 0 (no council) to 4.
const EXERCISE: &[f64] = &[0.0, 0.015, 0.03, 0.045, 0.06];
const SMOKING: &[f64] = &[0.0, -0.01, -0.02, -0.03, -0.04];

const fn council(
    cause: Cause,
    indicator: &'static str,
    population: Population,
    question: Question,
    by_stage: &'static [f64],
) -> Effect {
    Effect {
        cause,
        indicator,
        population,
        outcome: Answer(question),
        curve: Steps(by_stage),
    }
}

pub(super) const GOOD_PRACTICE: Setting = Setting {
    stories: &[story(
        "good_practice",
        "activity",
        "300 of 400 worksites have the program. At five of them it does eight times as much, which \
         nothing but the outcomes shows.",
    )],
    effects: &[
        exercise_habit(&[0.03]),
        weight(Field::Activity, &[-0.3]),
        bmi_of(Field::Activity),
        control(Field::Activity, "eats_fast"),
    ],
    workplaces: Workplaces::Alike(400),
    takes_new_jobs: false,
    rollout: Rollout::Launches {
        block: 4,
        launches: &[Launch {
            fields: &[Field::Activity],
            slots: 3,
            cohorts: 3,
            intensity: Intensity::Hidden {
                worksites: 5,
                factor: 8.0,
            },
            ..LAUNCH
        }],
    },
    ..PLAIN
};
