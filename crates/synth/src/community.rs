//! The public side of the world: the councils of the municipalities over the years, and published reference figures.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int8Array, Int16Array, StringArray};

use super::calibration::{CUT_OF, Question, Value};
use super::municipalities::MUNICIPALITIES;
use super::published::{CUTS, TOKYO_SHARES, VALUES};
use super::world::World;

/// Columns of `municipalities`, one row per municipality and fiscal year.
pub(crate) fn municipality_columns(world: &World) -> Vec<ArrayRef> {
    let (mut code, mut year, mut name, mut area) = (vec![], vec![], vec![], vec![]);
    let (mut has_council, mut stage, mut projects) = (vec![], vec![], vec![]);
    for (place, council) in MUNICIPALITIES.iter().zip(&world.councils) {
        for (fiscal_year, of_year) in council.years() {
            code.push(place.code);
            year.push(fiscal_year);
            name.push(place.name);
            area.push(place.area);
            has_council.push(of_year.stage.is_some());
            stage.push(of_year.stage);
            projects.push(of_year.joint_projects);
        }
    }
    vec![
        Arc::new(StringArray::from(code)),
        Arc::new(Int16Array::from(year)),
        Arc::new(StringArray::from(name)),
        Arc::new(StringArray::from(area)),
        Arc::new(BooleanArray::from(has_council)),
        Arc::new(Int8Array::from(stage)),
        Arc::new(Int16Array::from(projects)),
    ]
}

/// Shares published for Japan: indicator, first cut of which question, and whether its complement.
const SHARES: [(&str, Question, bool); 16] = [
    ("bp_drug", Question::BpDrug, false),
    ("glucose_drug", Question::GlucoseDrug, false),
    ("lipid_drug", Question::LipidDrug, false),
    ("current_smoker", Question::Smoking, false),
    ("weight_gain_10kg", Question::WeightGain10kg, false),
    ("exercise_habit", Question::Exercise30min, false),
    ("walking_1h", Question::Walking1h, false),
    ("walk_fast", Question::WalkFast, false),
    ("chews_anything", Question::Chewing, false),
    ("eats_fast", Question::EatingSpeed, false),
    ("late_dinner", Question::LateDinner, false),
    ("snacks_daily", Question::Snacking, false),
    ("skips_breakfast", Question::SkipBreakfast, false),
    ("drinks_daily", Question::DrinkingFrequency, false),
    ("sleep_rest", Question::SleepRest, false),
    ("wants_to_change", Question::StageOfChange, true),
];

/// Means published for Japan.
const MEANS: [(&str, Value, &str); 9] = [
    ("bmi", Value::Bmi, "kg/m2"),
    ("waist_cm", Value::Waist, "cm"),
    ("sbp_mmhg", Value::Sbp, "mmHg"),
    ("dbp_mmhg", Value::Dbp, "mmHg"),
    ("triglycerides_mgdl", Value::Triglycerides, "mg/dl"),
    ("hdl_mgdl", Value::Hdl, "mg/dl"),
    ("ldl_mgdl", Value::Ldl, "mg/dl"),
    ("fasting_glucose_mgdl", Value::FastingGlucose, "mg/dl"),
    ("hba1c_pct", Value::Hba1c, "%"),
];

const BANDS: [&str; 7] = [
    "40-44", "45-49", "50-54", "55-59", "60-64", "65-69", "70-74",
];

const ROUND_9: &str = "NDB Open Data round 9";
const ROUNDS: &str = "NDB Open Data rounds 2-9";

#[derive(Default)]
struct ReferenceRows {
    region: Vec<&'static str>,
    indicator: Vec<&'static str>,
    fiscal_year: Vec<i16>,
    sex: Vec<i8>,
    age_band: Vec<&'static str>,
    value: Vec<f64>,
    unit: Vec<&'static str>,
    source: Vec<&'static str>,
}

/// A figure's place in the reference table.
#[derive(Clone, Copy)]
struct FigureKey {
    region: &'static str,
    indicator: &'static str,
    unit: &'static str,
    sex: i8,
}

impl ReferenceRows {
    fn push(&mut self, place: FigureKey, fiscal_year: i16, age_band: &'static str, value: f64) {
        self.region.push(place.region);
        self.indicator.push(place.indicator);
        self.fiscal_year.push(fiscal_year);
        self.sex.push(place.sex);
        self.age_band.push(age_band);
        self.value.push((value * 1e5).round() / 1e5);
        self.unit.push(place.unit);
        self.source
            .push(if fiscal_year == 2021 { ROUND_9 } else { ROUNDS });
    }
}

/// Columns of `reference_values`: Japan by age FY2021 and by year, Tokyo FY2021.
pub(crate) fn reference_columns() -> Vec<ArrayRef> {
    let mut rows = ReferenceRows::default();
    for (indicator, question, is_complement) in SHARES {
        let cut = &CUTS[CUT_OF[question as usize]];
        let share = |percent: f32| {
            let share = f64::from(percent) / 100.0;
            if is_complement { 1.0 - share } else { share }
        };
        for sex in 0..2 {
            let place = FigureKey {
                region: "JP",
                indicator,
                unit: "share",
                sex: sex as i8 + 1,
            };
            for (band, percent) in BANDS.iter().zip(cut.by_age[sex]) {
                rows.push(place, 2021, band, share(percent));
            }
            // Questions 13 and 16 are asked since FY2018.
            let asked_later = matches!(question, Question::Chewing | Question::Snacking);
            for (year, percent) in (2014..).zip(cut.by_year[sex]) {
                if year >= 2018 || !asked_later {
                    rows.push(place, year, "all", share(percent));
                }
            }
        }
    }
    for (indicator, value, unit) in MEANS {
        let published = &VALUES[value as usize];
        for sex in 0..2 {
            let place = FigureKey {
                region: "JP",
                indicator,
                unit,
                sex: sex as i8 + 1,
            };
            for (band, mean) in BANDS.iter().zip(published.by_age[sex]) {
                rows.push(place, 2021, band, f64::from(mean));
            }
        }
    }
    for (indicator, shares) in TOKYO_SHARES {
        for (sex, percent) in (1..).zip(shares) {
            let place = FigureKey {
                region: "TOKYO",
                indicator,
                unit: "share",
                sex,
            };
            rows.push(place, 2021, "all", f64::from(percent) / 100.0);
        }
    }
    vec![
        Arc::new(StringArray::from(rows.region)),
        Arc::new(StringArray::from(rows.indicator)),
        Arc::new(Int16Array::from(rows.fiscal_year)),
        Arc::new(Int8Array::from(rows.sex)),
        Arc::new(StringArray::from(rows.age_band)),
        Arc::new(Float64Array::from(rows.value)),
        Arc::new(StringArray::from(rows.unit)),
        Arc::new(StringArray::from(rows.source)),
    ]
}
