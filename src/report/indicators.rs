//! The indicators of the standard panel with their wording, unit and direction. Finding one by name
//! is in `names`.

use super::names::Direction::{HigherIsBetter as Up, LowerIsBetter as Down, Neutral as NoSide};
use super::names::{Direction, Indicator, Unit};

const fn yes_no(
    name: &'static str,
    ja: &'static str,
    en: &'static str,
    direction: Direction,
) -> Indicator {
    Indicator {
        name,
        ja,
        en,
        unit: Unit::Share,
        direction,
    }
}

const fn lower(name: &'static str, ja: &'static str, en: &'static str, unit: Unit) -> Indicator {
    Indicator {
        name,
        ja,
        en,
        unit,
        direction: Down,
    }
}

pub(super) const INDICATORS: &[Indicator] = &[
    yes_no("current_smoker", "たばこを吸う人", "smoke", Down),
    yes_no(
        "exercise_habit",
        "運動習慣のある人",
        "exercise regularly",
        Up,
    ),
    yes_no("walking_1h", "1日1時間以上歩く人", "walk an hour a day", Up),
    yes_no("walk_fast", "歩く速度が速い人", "walk fast", Up),
    yes_no(
        "exercise_proper",
        "運動の習慣が適切な人",
        "have proper exercise habits",
        Up,
    ),
    yes_no(
        "chews_anything",
        "何でもかんで食べられる人",
        "can chew anything",
        Up,
    ),
    yes_no("eats_fast", "食べる速度が速い人", "eat fast", Down),
    yes_no(
        "late_dinner",
        "就寝前2時間以内に夕食をとる人",
        "dine late",
        Down,
    ),
    yes_no("snacks_daily", "毎日間食する人", "snack daily", Down),
    yes_no("skips_breakfast", "朝食を抜く人", "skip breakfast", Down),
    yes_no(
        "diet_proper",
        "食習慣が適切な人",
        "have proper eating habits",
        Up,
    ),
    yes_no("drinks_daily", "毎日飲酒する人", "drink daily", Down),
    yes_no("heavy_drinking", "多量に飲酒する人", "drink heavily", Down),
    yes_no(
        "sleep_rest",
        "睡眠で休養がとれている人",
        "feel rested by sleep",
        Up,
    ),
    yes_no(
        "wants_to_change",
        "生活習慣を改善する意欲のある人",
        "intend to change their habits",
        Up,
    ),
    yes_no(
        "weight_gain_10kg",
        "20歳から10kg以上増えた人",
        "gained 10 kg since age 20",
        Down,
    ),
    yes_no(
        "bp_drug",
        "血圧の薬を飲む人",
        "take blood-pressure drugs",
        NoSide,
    ),
    yes_no(
        "glucose_drug",
        "血糖の薬を使う人",
        "take glucose-lowering drugs",
        NoSide,
    ),
    yes_no(
        "lipid_drug",
        "脂質の薬を飲む人",
        "take lipid-lowering drugs",
        NoSide,
    ),
    yes_no(
        "risk_obesity",
        "肥満リスクのある人",
        "are at risk: obesity",
        Down,
    ),
    yes_no(
        "risk_blood_pressure",
        "血圧リスクのある人",
        "are at risk: blood pressure",
        Down,
    ),
    yes_no(
        "risk_lipid",
        "脂質リスクのある人",
        "are at risk: lipids",
        Down,
    ),
    yes_no(
        "risk_glucose",
        "血糖リスクのある人",
        "are at risk: glucose",
        Down,
    ),
    yes_no(
        "risk_liver",
        "肝機能リスクのある人",
        "are at risk: liver",
        Down,
    ),
    yes_no(
        "metabolic_syndrome",
        "メタボリックシンドローム該当者",
        "have metabolic syndrome",
        Down,
    ),
    yes_no("dental_visit", "歯科を受診した人", "visited a dentist", Up),
    yes_no("has_checkup", "健診を受けた人", "had a checkup", Up),
    lower("bmi", "BMI", "BMI", Unit::KilogramPerSquareMetre),
    lower("weight_kg", "体重", "body weight", Unit::Kilogram),
    lower("waist_cm", "腹囲", "waist circumference", Unit::Centimetre),
    lower(
        "sbp_mmhg",
        "収縮期血圧",
        "systolic blood pressure",
        Unit::MillimetreOfMercury,
    ),
    lower(
        "dbp_mmhg",
        "拡張期血圧",
        "diastolic blood pressure",
        Unit::MillimetreOfMercury,
    ),
    lower(
        "triglycerides_mgdl",
        "中性脂肪",
        "triglycerides",
        Unit::MilligramPerDecilitre,
    ),
    Indicator {
        name: "hdl_mgdl",
        ja: "HDLコレステロール",
        en: "HDL cholesterol",
        unit: Unit::MilligramPerDecilitre,
        direction: Up,
    },
    lower(
        "ldl_mgdl",
        "LDLコレステロール",
        "LDL cholesterol",
        Unit::MilligramPerDecilitre,
    ),
    lower(
        "fasting_glucose_mgdl",
        "空腹時血糖",
        "fasting glucose",
        Unit::MilligramPerDecilitre,
    ),
    lower("hba1c_pct", "HbA1c", "HbA1c", Unit::Percent),
    lower(
        "yen_total",
        "年間医療費",
        "health-care cost per year",
        Unit::Yen,
    ),
    lower(
        "yen_inpatient",
        "年間入院医療費",
        "inpatient cost per year",
        Unit::Yen,
    ),
    lower(
        "yen_outpatient",
        "年間外来医療費",
        "outpatient cost per year",
        Unit::Yen,
    ),
    Indicator {
        name: "yen_dental",
        ja: "年間歯科医療費",
        en: "dental cost per year",
        unit: Unit::Yen,
        direction: NoSide,
    },
    lower(
        "yen_pharmacy",
        "年間調剤費",
        "pharmacy cost per year",
        Unit::Yen,
    ),
    lower("care_days", "年間受診日数", "care days per year", Unit::Day),
    lower(
        "n_claims",
        "年間レセプト件数",
        "claims per year",
        Unit::Claim,
    ),
    lower(
        "absence_days",
        "年間病欠日数",
        "sick-leave days per year",
        Unit::Day,
    ),
    lower(
        "presenteeism_loss",
        "プレゼンティーイズム損失",
        "presenteeism loss",
        Unit::Score,
    ),
    Indicator {
        name: "engagement",
        ja: "ワーク・エンゲイジメント",
        en: "work engagement",
        unit: Unit::SmallScore,
        direction: Up,
    },
];
