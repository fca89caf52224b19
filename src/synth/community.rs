//! The public side of the world: the 62 municipalities of Tokyo with their councils, and published
//! reference figures. Population and workers are rounded and serve as weights only.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int8Array, Int16Array, StringArray,
};

use super::calibration::{Question, Value};
use super::published::{CUTS, TOKYO_SHARES, VALUES};
use super::random::{Draws, Stream};
use super::world::World;

/// One municipality.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Municipality {
    /// JIS code, 5 digits.
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    /// Medical area (二次医療圏).
    pub(crate) area: &'static str,
    /// Inhabitants, thousands.
    pub(crate) inhabitants: f32,
    /// People working there, thousands.
    pub(crate) workers: f32,
}

const fn place(
    code: &'static str,
    name: &'static str,
    area: &'static str,
    inhabitants: f32,
    workers: f32,
) -> Municipality {
    Municipality {
        code,
        name,
        area,
        inhabitants,
        workers,
    }
}

/// Wards, cities, towns and villages of Tokyo.
#[rustfmt::skip]
pub(crate) const MUNICIPALITIES: [Municipality; 62] = [
    place("13101", "千代田区", "区中央部", 68.0, 900.0),
    place("13102", "中央区", "区中央部", 175.0, 700.0),
    place("13103", "港区", "区中央部", 265.0, 950.0),
    place("13104", "新宿区", "区西部", 350.0, 620.0),
    place("13105", "文京区", "区中央部", 240.0, 220.0),
    place("13106", "台東区", "区中央部", 215.0, 230.0),
    place("13107", "墨田区", "区東部", 275.0, 150.0),
    place("13108", "江東区", "区東部", 530.0, 340.0),
    place("13109", "品川区", "区南部", 425.0, 350.0),
    place("13110", "目黒区", "区西南部", 285.0, 120.0),
    place("13111", "大田区", "区南部", 740.0, 320.0),
    place("13112", "世田谷区", "区西南部", 940.0, 240.0),
    place("13113", "渋谷区", "区西南部", 240.0, 500.0),
    place("13114", "中野区", "区西部", 345.0, 110.0),
    place("13115", "杉並区", "区西部", 590.0, 150.0),
    place("13116", "豊島区", "区西北部", 300.0, 250.0),
    place("13117", "北区", "区西北部", 355.0, 110.0),
    place("13118", "荒川区", "区東北部", 217.0, 70.0),
    place("13119", "板橋区", "区西北部", 585.0, 180.0),
    place("13120", "練馬区", "区西北部", 750.0, 170.0),
    place("13121", "足立区", "区東北部", 695.0, 200.0),
    place("13122", "葛飾区", "区東北部", 453.0, 120.0),
    place("13123", "江戸川区", "区東部", 695.0, 180.0),
    place("13201", "八王子市", "南多摩", 580.0, 200.0),
    place("13202", "立川市", "北多摩西部", 184.0, 120.0),
    place("13203", "武蔵野市", "北多摩南部", 150.0, 80.0),
    place("13204", "三鷹市", "北多摩南部", 195.0, 60.0),
    place("13205", "青梅市", "西多摩", 132.0, 50.0),
    place("13206", "府中市", "北多摩南部", 263.0, 110.0),
    place("13207", "昭島市", "北多摩西部", 113.0, 45.0),
    place("13208", "調布市", "北多摩南部", 242.0, 75.0),
    place("13209", "町田市", "南多摩", 431.0, 130.0),
    place("13210", "小金井市", "北多摩南部", 126.0, 25.0),
    place("13211", "小平市", "北多摩北部", 198.0, 55.0),
    place("13212", "日野市", "南多摩", 190.0, 60.0),
    place("13213", "東村山市", "北多摩北部", 151.0, 40.0),
    place("13214", "国分寺市", "北多摩西部", 129.0, 30.0),
    place("13215", "国立市", "北多摩西部", 77.0, 25.0),
    place("13218", "福生市", "西多摩", 57.0, 20.0),
    place("13219", "狛江市", "北多摩南部", 84.0, 15.0),
    place("13220", "東大和市", "北多摩西部", 84.0, 22.0),
    place("13221", "清瀬市", "北多摩北部", 76.0, 20.0),
    place("13222", "東久留米市", "北多摩北部", 115.0, 30.0),
    place("13223", "武蔵村山市", "北多摩西部", 71.0, 28.0),
    place("13224", "多摩市", "南多摩", 147.0, 70.0),
    place("13225", "稲城市", "南多摩", 93.0, 25.0),
    place("13227", "羽村市", "西多摩", 55.0, 25.0),
    place("13228", "あきる野市", "西多摩", 80.0, 22.0),
    place("13229", "西東京市", "北多摩北部", 207.0, 45.0),
    place("13303", "瑞穂町", "西多摩", 32.0, 22.0),
    place("13305", "日の出町", "西多摩", 17.0, 7.0),
    place("13307", "檜原村", "西多摩", 2.0, 1.0),
    place("13308", "奥多摩町", "西多摩", 5.0, 2.0),
    place("13361", "大島町", "島しょ", 7.0, 3.0),
    place("13362", "利島村", "島しょ", 0.3, 0.2),
    place("13363", "新島村", "島しょ", 2.5, 1.0),
    place("13364", "神津島村", "島しょ", 1.9, 1.0),
    place("13381", "三宅村", "島しょ", 2.3, 1.0),
    place("13382", "御蔵島村", "島しょ", 0.3, 0.2),
    place("13401", "八丈町", "島しょ", 7.0, 3.0),
    place("13402", "青ヶ島村", "島しょ", 0.2, 0.1),
    place("13421", "小笠原村", "島しょ", 2.9, 1.5),
];

/// Columns of `municipalities`, one row per municipality and fiscal year: councils spread and grow.
pub(crate) fn municipality_columns(world: &World) -> Vec<ArrayRef> {
    let mut draws = Draws::new(world.seed, Stream::World, 1);
    let (mut code, mut year, mut name, mut area) = (vec![], vec![], vec![], vec![]);
    let (mut has_council, mut stage, mut projects) = (vec![], vec![], vec![]);
    for place in MUNICIPALITIES {
        let mut founded = draws.below(14) as i16 + world.years.start() - 4;
        if place.inhabitants < 10.0 {
            founded += 8;
        }
        let pace = 2 + draws.below(3) as i16;
        for fiscal_year in world.years.clone() {
            let age = fiscal_year - founded;
            code.push(place.code);
            year.push(fiscal_year);
            name.push(place.name);
            area.push(place.area);
            has_council.push(age >= 0);
            let reached = (1 + age / pace).min(4);
            stage.push((age >= 0).then_some(reached as i8));
            projects.push(if age >= 0 && reached >= 3 {
                1 + draws.below(4) as i16
            } else {
                0
            });
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
struct Place {
    region: &'static str,
    indicator: &'static str,
    unit: &'static str,
    sex: i8,
}

impl ReferenceRows {
    fn push(&mut self, place: Place, fiscal_year: i16, age_band: &'static str, value: f64) {
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
        let cut = &CUTS[super::calibration::CUT_OF[question as usize]];
        let share = |percent: f32| {
            let share = f64::from(percent) / 100.0;
            if is_complement { 1.0 - share } else { share }
        };
        for sex in 0..2 {
            let place = Place {
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
            let place = Place {
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
            let place = Place {
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
