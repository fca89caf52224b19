//! One checkup: from latent measurements to the coded row of its term (FY2018 and FY2024 changed the
//! questions), with what was not measured or not answered, and the judgements that follow from the
//! values. Whether and when a person comes is decided in `person_years`.

use super::calibration::{CUT_OF, Cell, N_QUESTIONS, Question, Value, shifted_threshold};
use super::effects::Outcome;
use super::health::{ActiveEffect, Health, Measurements, answer_code};
use super::random::Draws;
use super::scenarios::GuidanceEffects;
use super::world::WorksiteEffect;

/// How a checkup column is stored here and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// Small code.
    Code,
    /// Answer of the questionnaire.
    Answer,
    /// Whole number of 16 bits.
    Short,
    /// Whole number of 32 bits.
    Long,
    /// Tenths of the unit.
    Tenths,
    /// Hundredths of the unit.
    Hundredths,
}

/// Missing value of a stored cell.
pub(crate) const NULL: i16 = i16::MIN;

/// Number of columns after the date.
pub(crate) const N_COLUMNS: usize = 49;

/// First answer column: the question's index is added to it.
pub(crate) const FIRST_ANSWER: usize = 24;

/// Columns of `checkups` after `checkup_date`, in order.
#[rustfmt::skip]
pub(crate) const COLUMNS: [(&str, Storage); N_COLUMNS] = [
    ("term", Storage::Code), ("record_kind", Storage::Code), ("height_cm", Storage::Tenths),
    ("weight_kg", Storage::Tenths), ("bmi", Storage::Tenths), ("waist_cm", Storage::Tenths),
    ("sbp_mmhg", Storage::Short), ("dbp_mmhg", Storage::Short), ("fasting_code", Storage::Code),
    ("triglycerides_mgdl", Storage::Long), ("hdl_mgdl", Storage::Short),
    ("ldl_mgdl", Storage::Short), ("ast_ul", Storage::Short), ("alt_ul", Storage::Short),
    ("ggt_ul", Storage::Short), ("fasting_glucose_mgdl", Storage::Short),
    ("casual_glucose_mgdl", Storage::Short), ("hba1c_pct", Storage::Tenths),
    ("urine_sugar", Storage::Code), ("urine_protein", Storage::Code),
    ("creatinine_mgdl", Storage::Hundredths), ("hemoglobin_gdl", Storage::Tenths),
    ("metabolic_code", Storage::Code), ("guidance_level_code", Storage::Code),
    ("q_bp_drug", Storage::Answer), ("q_glucose_drug", Storage::Answer),
    ("q_lipid_drug", Storage::Answer), ("q_stroke", Storage::Answer), ("q_heart", Storage::Answer),
    ("q_kidney_failure", Storage::Answer), ("q_anemia", Storage::Answer),
    ("q_smoking", Storage::Answer), ("q_weight_gain_10kg", Storage::Answer),
    ("q_exercise_30min", Storage::Answer), ("q_walking_1h", Storage::Answer),
    ("q_walk_fast", Storage::Answer), ("q_chewing", Storage::Answer),
    ("q_weight_change_3kg", Storage::Answer), ("q_eating_speed", Storage::Answer),
    ("q_late_dinner", Storage::Answer), ("q_snacking", Storage::Answer),
    ("q_late_snack", Storage::Answer), ("q_skip_breakfast", Storage::Answer),
    ("q_drinking_frequency", Storage::Answer), ("q_drinking_amount", Storage::Answer),
    ("q_sleep_rest", Storage::Answer), ("q_stage_of_change", Storage::Answer),
    ("q_wants_guidance", Storage::Answer), ("q_received_guidance", Storage::Answer),
];

/// Positions in [`COLUMNS`] that other parts of the simulation read or damage.
pub(crate) mod column {
    pub(crate) const RECORD_KIND: usize = 1;
    pub(crate) const WEIGHT: usize = 3;
    pub(crate) const BMI: usize = 4;
    pub(crate) const WAIST: usize = 5;
    pub(crate) const SBP: usize = 6;
    pub(crate) const DBP: usize = 7;
    pub(crate) const FASTING: usize = 8;
    pub(crate) const TRIGLYCERIDES: usize = 9;
    pub(crate) const HDL: usize = 10;
    pub(crate) const LDL: usize = 11;
    pub(crate) const FASTING_GLUCOSE: usize = 15;
    pub(crate) const CASUAL_GLUCOSE: usize = 16;
    pub(crate) const HBA1C: usize = 17;
    pub(crate) const URINE_SUGAR: usize = 18;
    pub(crate) const URINE_PROTEIN: usize = 19;
    pub(crate) const CREATININE: usize = 20;
    pub(crate) const HEMOGLOBIN: usize = 21;
    pub(crate) const METABOLIC: usize = 22;
    pub(crate) const GUIDANCE_LEVEL: usize = 23;
    pub(crate) const RECEIVED_GUIDANCE: usize = 48;
}

/// Stored cells of one checkup, without key and date.
pub(crate) type Cells = [i16; N_COLUMNS];

/// Who comes to a checkup, and when.
pub(crate) struct Visit<'a> {
    pub(crate) cell: &'a Cell,
    pub(crate) worksite: Option<&'a WorksiteEffect>,
    pub(crate) term: i16,
    pub(crate) sex: i8,
    pub(crate) age: i32,
    /// Rise of the probability of `sleep_rest` that no program causes.
    pub(crate) sleep_trend: f64,
    pub(crate) effects: &'a [ActiveEffect],
    /// What guidance of earlier years has done to the values.
    pub(crate) guided: GuidanceEffects,
}

/// Position of an answer among the columns.
pub(crate) fn answer_column(question: Question) -> usize {
    FIRST_ANSWER + question as usize
}

/// Simulates one checkup.
pub(crate) fn simulate(health: &mut Health, draws: &mut Draws, visit: &Visit<'_>) -> Cells {
    let mut measured = health.measure(draws, visit.cell, visit.worksite);
    let mut add = |value: Value, change: f32| measured.values[value as usize] += change;
    add(Value::Waist, visit.guided.waist_cm);
    add(Value::Sbp, visit.guided.sbp_mmhg);
    add(Value::Triglycerides, visit.guided.triglycerides_mgdl);
    let mut cells = [NULL; N_COLUMNS];
    cells[0] = visit.term;
    cells[column::RECORD_KIND] = 1;
    fill_values(&mut cells, health, draws, &measured, visit);
    fill_answers(&mut cells, draws, &measured, visit);
    judge(&mut cells, visit.sex, visit.age);
    cells
}

fn fill_values(
    cells: &mut Cells,
    health: &Health,
    draws: &mut Draws,
    measured: &Measurements,
    visit: &Visit<'_>,
) {
    let value = |value: Value| measured.values[value as usize];
    // People become shorter by 0.6 mm a year.
    let height = health.height - 0.06 * (visit.age - 45) as f32;
    // The BMI must follow from the height as it is written.
    let height = f32::from(rounded(height * 10.0)) / 10.0;
    let square = height * height / 10_000.0;
    let mut weight = value(Value::Bmi) * square;
    for active in visit.effects {
        if active.outcome == Outcome::Weight {
            weight += active.size as f32;
        }
    }
    weight += visit.guided.weight_kg;
    let tenths = |x: f32| rounded(x * 10.0);
    cells[2] = tenths(height);
    cells[column::WEIGHT] = tenths(weight.clamp(25.0, 240.0));
    cells[column::BMI] = tenths((weight / square).clamp(11.0, 90.0));
    cells[column::WAIST] = tenths(value(Value::Waist).clamp(45.0, 200.0));
    let whole = |v: Value, low: f32, high: f32| rounded(value(v).clamp(low, high));
    cells[column::SBP] = whole(Value::Sbp, 72.0, 260.0);
    cells[column::DBP] = whole(Value::Dbp, 36.0, 145.0).min(cells[column::SBP] - 8);
    cells[column::TRIGLYCERIDES] = whole(Value::Triglycerides, 15.0, 1900.0);
    cells[column::HDL] = whole(Value::Hdl, 16.0, 180.0);
    cells[column::LDL] = whole(Value::Ldl, 25.0, 350.0);
    cells[12] = whole(Value::Ast, 6.0, 900.0);
    cells[13] = whole(Value::Alt, 4.0, 900.0);
    cells[14] = whole(Value::Ggt, 5.0, 950.0);
    // One draw for all that follows, ten bits at a time.
    let bits = draws.bits();
    let percent = |shift: u32| ((bits >> shift) & 0x3FF) as f32 / 10.24;
    let glucose = whole(Value::FastingGlucose, 55.0, 550.0);
    if percent(0) < 83.0 {
        cells[column::FASTING] = 2;
        cells[column::FASTING_GLUCOSE] = glucose;
    } else {
        let late = if percent(30) < 70.0 { 3 } else { 4 };
        cells[column::FASTING] = if visit.term < 4 && percent(20) < 50.0 {
            1
        } else {
            late
        };
        if percent(0) < 91.0 {
            cells[column::CASUAL_GLUCOSE] = glucose + (percent(20) * 0.1) as i16;
        }
    }
    if percent(10) < 78.5 {
        cells[column::HBA1C] = tenths(value(Value::Hba1c).clamp(4.0, 17.0));
    }
    cells[column::URINE_SUGAR] = match percent(40) {
        p if glucose >= 160 && p < 70.0 => 5,
        ..94.5 => 1,
        ..95.5 => 2,
        ..97.0 => 3,
        ..98.5 => 4,
        _ => 5,
    };
    cells[column::URINE_PROTEIN] = match percent(50) {
        ..87.4 => 1,
        ..95.8 => 2,
        ..98.8 => 3,
        ..99.7 => 4,
        _ => 5,
    };
    if percent(20) < 62.0 {
        cells[column::CREATININE] = rounded(value(Value::Creatinine).clamp(0.3, 9.0) * 100.0);
    }
    if percent(30) < 70.0 {
        cells[column::HEMOGLOBIN] = tenths(value(Value::Hemoglobin).clamp(6.0, 21.0));
    }
}

/// Rounds a number from 0 to 32,767, halves upwards.
#[inline]
fn rounded(x: f32) -> i16 {
    let whole = x as i16;
    whole + i16::from(x - f32::from(whole) >= 0.5)
}

fn fill_answers(cells: &mut Cells, draws: &mut Draws, measured: &Measurements, visit: &Visit<'_>) {
    let mut cuts = visit.cell.thresholds;
    for active in visit.effects {
        if let Outcome::Answer(question) = active.outcome {
            cuts[CUT_OF[question as usize]] = active.cut;
        }
    }
    if visit.sleep_trend != 0.0 {
        let cut = &mut cuts[CUT_OF[Question::SleepRest as usize]];
        (*cut, _) = shifted_threshold(*cut, visit.sleep_trend);
    }
    for idx in 0..N_QUESTIONS {
        cells[FIRST_ANSWER + idx] =
            answer_code(measured.latents[idx], &cuts[CUT_OF[idx]..CUT_OF[idx + 1]]);
    }
    let bits = draws.bits();
    leave_unanswered(cells, bits);
    let blank = |cells: &mut Cells, question| cells[answer_column(question)] = NULL;
    // Who hardly drinks is not asked how much.
    if cells[answer_column(Question::DrinkingFrequency)] == 3 {
        blank(cells, Question::DrinkingAmount);
    }
    if visit.term == 2 {
        blank(cells, Question::Chewing);
        blank(cells, Question::Snacking);
    } else {
        blank(cells, Question::WeightChange3kg);
        blank(cells, Question::LateSnack);
    }
    if visit.term == 4 {
        blank(cells, Question::WantsGuidance);
        recode_fourth_term(cells, measured, &cuts, bits >> 40);
    }
}

/// Six to ten percent leave an optional question open: some the whole sheet, most one or two
/// questions. Questions 1-3 and 8 are always answered.
fn leave_unanswered(cells: &mut Cells, bits: u64) {
    let optional = |pick: u64| {
        let at = 3 + (pick % 20) as usize;
        FIRST_ANSWER
            + if at >= Question::Smoking as usize {
                at + 1
            } else {
                at
            }
    };
    if bits & 0xFF < 12 {
        for pick in 0..20 {
            cells[optional(pick)] = NULL;
        }
        return;
    }
    if (bits >> 8) & 0xFF < 90 {
        cells[optional((bits >> 16) & 0xFFF)] = NULL;
    }
    if (bits >> 8) & 0xFF < 50 {
        cells[optional((bits >> 28) & 0xFFF)] = NULL;
    }
}

/// Smoking, drinking and question 22 as asked since FY2024.
fn recode_fourth_term(cells: &mut Cells, measured: &Measurements, cuts: &[f32; 33], bits: u64) {
    let smoking = answer_column(Question::Smoking);
    if cells[smoking] == 2 {
        // Those nearest to smoking are taken to have stopped.
        let beyond =
            measured.latents[Question::Smoking as usize] - cuts[CUT_OF[Question::Smoking as usize]];
        cells[smoking] = if beyond < 0.75 { 2 } else { 3 };
    }
    let frequency = answer_column(Question::DrinkingFrequency);
    let pick = (bits & 0xFF) as i16;
    cells[frequency] = match cells[frequency] {
        2 => 2 + pick % 4,
        3 => 6 + pick % 3,
        other => other,
    };
    let amount = answer_column(Question::DrinkingAmount);
    if cells[amount] == 4 && pick < 50 {
        cells[amount] = 5;
    }
    if cells[answer_column(Question::SleepRest)] != NULL {
        cells[column::RECEIVED_GUIDANCE] = if (bits >> 8) & 0xFF < 18 { 1 } else { 2 };
    }
}

/// Metabolic syndrome and guidance level from the values (checkup judgement rules in force since
/// FY2018: waist 85/90 cm, BMI 25, and the counts of risks).
fn judge(cells: &mut Cells, sex: i8, age: i32) {
    let yes = |question: Question| cells[answer_column(question)] == 1;
    let wide = cells[column::WAIST] >= if sex == 1 { 850 } else { 900 };
    let pressure = cells[column::SBP] >= 130 || cells[column::DBP] >= 85;
    let lipid = cells[column::TRIGLYCERIDES] >= 150 || cells[column::HDL] < 40;
    // `NULL` is below every number, so that this is the one that was measured.
    let measured = cells[column::FASTING_GLUCOSE].max(cells[column::CASUAL_GLUCOSE]);
    let above = |glucose: i16, hba1c: i16| {
        if measured == NULL {
            cells[column::HBA1C] >= hba1c
        } else {
            measured >= glucose
        }
    };
    let unknown = measured == NULL && cells[column::HBA1C] == NULL;
    let (bp_drug, glucose_drug, lipid_drug) = (
        yes(Question::BpDrug),
        yes(Question::GlucoseDrug),
        yes(Question::LipidDrug),
    );
    let without_glucose = u8::from(pressure || bp_drug) + u8::from(lipid || lipid_drug);
    let glucose = above(110, 60) || glucose_drug;
    let metabolic = if !wide {
        3
    } else if unknown && !glucose_drug && without_glucose < 2 {
        4
    } else {
        match without_glucose + u8::from(glucose) {
            0 => 3,
            1 => 2,
            _ => 1,
        }
    };
    let mut risks = u8::from(pressure) + u8::from(lipid) + u8::from(above(100, 56));
    risks += u8::from(risks > 0 && yes(Question::Smoking));
    let heavy = cells[column::BMI] >= 250;
    let level = match (wide, heavy) {
        _ if bp_drug || glucose_drug || lipid_drug || age < 40 => 3,
        (true, _) if risks >= 2 => 1,
        (true, _) if risks == 1 => 2,
        (false, true) if risks >= 3 => 1,
        (false, true) if risks >= 1 => 2,
        _ => 3,
    };
    cells[column::METABOLIC] = metabolic;
    // From 65 on there is no intensive guidance.
    cells[column::GUIDANCE_LEVEL] = if level == 1 && age >= 65 { 2 } else { level };
}
