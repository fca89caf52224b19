-- One row per checkup record of a known person, under integer identities.
-- A table of its own because it is read three times while records are merged, and its tokens are looked up once.
-- Records whose person no insurer enrolled and no employer named have no identity and are left out.
-- materialize: table
-- partition_by: fiscal_year
-- join: many_to_one link_person_ids on (person_key)
-- sensitivity: person

select
    link_person_ids.person_id,
    clean_checkups.insurer_id,
    clean_checkups.fiscal_year,
    clean_checkups.checkup_date,
    clean_checkups.term,
    clean_checkups.record_kind,
    clean_checkups.height_cm,
    clean_checkups.weight_kg,
    clean_checkups.bmi,
    clean_checkups.waist_cm,
    clean_checkups.sbp_mmhg,
    clean_checkups.dbp_mmhg,
    clean_checkups.fasting_code,
    clean_checkups.triglycerides_mgdl,
    clean_checkups.hdl_mgdl,
    clean_checkups.ldl_mgdl,
    clean_checkups.ast_ul,
    clean_checkups.alt_ul,
    clean_checkups.ggt_ul,
    clean_checkups.fasting_glucose_mgdl,
    clean_checkups.casual_glucose_mgdl,
    clean_checkups.hba1c_pct,
    clean_checkups.urine_sugar,
    clean_checkups.urine_protein,
    clean_checkups.creatinine_mgdl,
    clean_checkups.hemoglobin_gdl,
    clean_checkups.metabolic_code,
    clean_checkups.guidance_level_code,
    clean_checkups.q_bp_drug,
    clean_checkups.q_glucose_drug,
    clean_checkups.q_lipid_drug,
    clean_checkups.q_stroke,
    clean_checkups.q_heart,
    clean_checkups.q_kidney_failure,
    clean_checkups.q_anemia,
    clean_checkups.q_smoking,
    clean_checkups.q_weight_gain_10kg,
    clean_checkups.q_exercise_30min,
    clean_checkups.q_walking_1h,
    clean_checkups.q_walk_fast,
    clean_checkups.q_chewing,
    clean_checkups.q_weight_change_3kg,
    clean_checkups.q_eating_speed,
    clean_checkups.q_late_dinner,
    clean_checkups.q_snacking,
    clean_checkups.q_late_snack,
    clean_checkups.q_skip_breakfast,
    clean_checkups.q_drinking_frequency,
    clean_checkups.q_drinking_amount,
    clean_checkups.q_sleep_rest,
    clean_checkups.q_stage_of_change,
    clean_checkups.q_wants_guidance,
    clean_checkups.q_received_guidance,
    clean_checkups.delivery_id,
    clean_checkups.row_number
from link_person_ids
inner join clean_checkups
    on link_person_ids.person_key = clean_checkups.person_key
