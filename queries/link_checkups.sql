-- One row per person and fiscal year with a checkup record: results of the preferred record, answers from any.
-- Some insurers deliver one year as two records: the questionnaire dated 1 April and the results without it. People
-- who change jobs are examined twice. The earliest record with results is preferred, its missing answers are filled
-- from the others in that order, measured values are never mixed. Only years with several records pay for this.
-- key: person_id, fiscal_year
-- materialize: view
-- join: many_to_one link_checkup_counts on (person_id, fiscal_year)
-- sensitivity: person

with single_records as (
    select
        link_checkup_records.person_id,
        link_checkup_records.fiscal_year,
        cast(1 as bigint) as n_records,
        link_checkup_records.insurer_id,
        link_checkup_records.checkup_date,
        link_checkup_records.term,
        link_checkup_records.record_kind <> 3 as has_results,
        link_checkup_records.height_cm,
        link_checkup_records.weight_kg,
        link_checkup_records.bmi,
        link_checkup_records.waist_cm,
        link_checkup_records.sbp_mmhg,
        link_checkup_records.dbp_mmhg,
        link_checkup_records.fasting_code,
        link_checkup_records.triglycerides_mgdl,
        link_checkup_records.hdl_mgdl,
        link_checkup_records.ldl_mgdl,
        link_checkup_records.ast_ul,
        link_checkup_records.alt_ul,
        link_checkup_records.ggt_ul,
        link_checkup_records.fasting_glucose_mgdl,
        link_checkup_records.casual_glucose_mgdl,
        link_checkup_records.hba1c_pct,
        link_checkup_records.urine_sugar,
        link_checkup_records.urine_protein,
        link_checkup_records.creatinine_mgdl,
        link_checkup_records.hemoglobin_gdl,
        link_checkup_records.metabolic_code,
        link_checkup_records.guidance_level_code,
        link_checkup_records.q_bp_drug,
        link_checkup_records.q_glucose_drug,
        link_checkup_records.q_lipid_drug,
        link_checkup_records.q_stroke,
        link_checkup_records.q_heart,
        link_checkup_records.q_kidney_failure,
        link_checkup_records.q_anemia,
        link_checkup_records.q_smoking,
        link_checkup_records.q_weight_gain_10kg,
        link_checkup_records.q_exercise_30min,
        link_checkup_records.q_walking_1h,
        link_checkup_records.q_walk_fast,
        link_checkup_records.q_chewing,
        link_checkup_records.q_weight_change_3kg,
        link_checkup_records.q_eating_speed,
        link_checkup_records.q_late_dinner,
        link_checkup_records.q_snacking,
        link_checkup_records.q_late_snack,
        link_checkup_records.q_skip_breakfast,
        link_checkup_records.q_drinking_frequency,
        link_checkup_records.q_drinking_amount,
        link_checkup_records.q_sleep_rest,
        link_checkup_records.q_stage_of_change,
        link_checkup_records.q_wants_guidance,
        link_checkup_records.q_received_guidance
    from link_checkup_counts
    right join link_checkup_records
        on link_checkup_counts.person_id = link_checkup_records.person_id
        and link_checkup_counts.fiscal_year = link_checkup_records.fiscal_year
    where link_checkup_counts.n_records is null
),

ranked_records as (
    select
        link_checkup_records.person_id,
        link_checkup_records.fiscal_year,
        link_checkup_records.insurer_id,
        link_checkup_records.checkup_date,
        link_checkup_records.term,
        link_checkup_records.record_kind,
        link_checkup_records.height_cm,
        link_checkup_records.weight_kg,
        link_checkup_records.bmi,
        link_checkup_records.waist_cm,
        link_checkup_records.sbp_mmhg,
        link_checkup_records.dbp_mmhg,
        link_checkup_records.fasting_code,
        link_checkup_records.triglycerides_mgdl,
        link_checkup_records.hdl_mgdl,
        link_checkup_records.ldl_mgdl,
        link_checkup_records.ast_ul,
        link_checkup_records.alt_ul,
        link_checkup_records.ggt_ul,
        link_checkup_records.fasting_glucose_mgdl,
        link_checkup_records.casual_glucose_mgdl,
        link_checkup_records.hba1c_pct,
        link_checkup_records.urine_sugar,
        link_checkup_records.urine_protein,
        link_checkup_records.creatinine_mgdl,
        link_checkup_records.hemoglobin_gdl,
        link_checkup_records.metabolic_code,
        link_checkup_records.guidance_level_code,
        link_checkup_records.q_bp_drug,
        link_checkup_records.q_glucose_drug,
        link_checkup_records.q_lipid_drug,
        link_checkup_records.q_stroke,
        link_checkup_records.q_heart,
        link_checkup_records.q_kidney_failure,
        link_checkup_records.q_anemia,
        link_checkup_records.q_smoking,
        link_checkup_records.q_weight_gain_10kg,
        link_checkup_records.q_exercise_30min,
        link_checkup_records.q_walking_1h,
        link_checkup_records.q_walk_fast,
        link_checkup_records.q_chewing,
        link_checkup_records.q_weight_change_3kg,
        link_checkup_records.q_eating_speed,
        link_checkup_records.q_late_dinner,
        link_checkup_records.q_snacking,
        link_checkup_records.q_late_snack,
        link_checkup_records.q_skip_breakfast,
        link_checkup_records.q_drinking_frequency,
        link_checkup_records.q_drinking_amount,
        link_checkup_records.q_sleep_rest,
        link_checkup_records.q_stage_of_change,
        link_checkup_records.q_wants_guidance,
        link_checkup_records.q_received_guidance,
        row_number() over (
            partition by link_checkup_records.person_id, link_checkup_records.fiscal_year
            order by
                link_checkup_records.record_kind = 3,
                link_checkup_records.checkup_date,
                link_checkup_records.record_kind,
                link_checkup_records.delivery_id desc,
                link_checkup_records.row_number desc
        ) as preference
    from link_checkup_counts
    inner join link_checkup_records
        on link_checkup_counts.person_id = link_checkup_records.person_id
        and link_checkup_counts.fiscal_year = link_checkup_records.fiscal_year
),

merged_records as (
    select
        person_id,
        fiscal_year,
        count(*) as n_records,
        first_value(insurer_id order by preference) as insurer_id,
        first_value(checkup_date order by preference) as checkup_date,
        first_value(term order by preference) as term,
        bool_or(record_kind <> 3) as has_results,
        first_value(height_cm order by preference) as height_cm,
        first_value(weight_kg order by preference) as weight_kg,
        first_value(bmi order by preference) as bmi,
        first_value(waist_cm order by preference) as waist_cm,
        first_value(sbp_mmhg order by preference) as sbp_mmhg,
        first_value(dbp_mmhg order by preference) as dbp_mmhg,
        first_value(fasting_code order by preference) as fasting_code,
        first_value(triglycerides_mgdl order by preference) as triglycerides_mgdl,
        first_value(hdl_mgdl order by preference) as hdl_mgdl,
        first_value(ldl_mgdl order by preference) as ldl_mgdl,
        first_value(ast_ul order by preference) as ast_ul,
        first_value(alt_ul order by preference) as alt_ul,
        first_value(ggt_ul order by preference) as ggt_ul,
        first_value(fasting_glucose_mgdl order by preference) as fasting_glucose_mgdl,
        first_value(casual_glucose_mgdl order by preference) as casual_glucose_mgdl,
        first_value(hba1c_pct order by preference) as hba1c_pct,
        first_value(urine_sugar order by preference) as urine_sugar,
        first_value(urine_protein order by preference) as urine_protein,
        first_value(creatinine_mgdl order by preference) as creatinine_mgdl,
        first_value(hemoglobin_gdl order by preference) as hemoglobin_gdl,
        first_value(metabolic_code order by preference) as metabolic_code,
        first_value(guidance_level_code order by preference) as guidance_level_code,
        first_value(q_bp_drug order by preference)
            filter (where q_bp_drug is not null) as q_bp_drug,
        first_value(q_glucose_drug order by preference)
            filter (where q_glucose_drug is not null) as q_glucose_drug,
        first_value(q_lipid_drug order by preference)
            filter (where q_lipid_drug is not null) as q_lipid_drug,
        first_value(q_stroke order by preference)
            filter (where q_stroke is not null) as q_stroke,
        first_value(q_heart order by preference)
            filter (where q_heart is not null) as q_heart,
        first_value(q_kidney_failure order by preference)
            filter (where q_kidney_failure is not null) as q_kidney_failure,
        first_value(q_anemia order by preference)
            filter (where q_anemia is not null) as q_anemia,
        first_value(q_smoking order by preference)
            filter (where q_smoking is not null) as q_smoking,
        first_value(q_weight_gain_10kg order by preference)
            filter (where q_weight_gain_10kg is not null) as q_weight_gain_10kg,
        first_value(q_exercise_30min order by preference)
            filter (where q_exercise_30min is not null) as q_exercise_30min,
        first_value(q_walking_1h order by preference)
            filter (where q_walking_1h is not null) as q_walking_1h,
        first_value(q_walk_fast order by preference)
            filter (where q_walk_fast is not null) as q_walk_fast,
        first_value(q_chewing order by preference)
            filter (where q_chewing is not null) as q_chewing,
        first_value(q_weight_change_3kg order by preference)
            filter (where q_weight_change_3kg is not null) as q_weight_change_3kg,
        first_value(q_eating_speed order by preference)
            filter (where q_eating_speed is not null) as q_eating_speed,
        first_value(q_late_dinner order by preference)
            filter (where q_late_dinner is not null) as q_late_dinner,
        first_value(q_snacking order by preference)
            filter (where q_snacking is not null) as q_snacking,
        first_value(q_late_snack order by preference)
            filter (where q_late_snack is not null) as q_late_snack,
        first_value(q_skip_breakfast order by preference)
            filter (where q_skip_breakfast is not null) as q_skip_breakfast,
        first_value(q_drinking_frequency order by preference)
            filter (where q_drinking_frequency is not null) as q_drinking_frequency,
        first_value(q_drinking_amount order by preference)
            filter (where q_drinking_amount is not null) as q_drinking_amount,
        first_value(q_sleep_rest order by preference)
            filter (where q_sleep_rest is not null) as q_sleep_rest,
        first_value(q_stage_of_change order by preference)
            filter (where q_stage_of_change is not null) as q_stage_of_change,
        first_value(q_wants_guidance order by preference)
            filter (where q_wants_guidance is not null) as q_wants_guidance,
        first_value(q_received_guidance order by preference)
            filter (where q_received_guidance is not null) as q_received_guidance
    from ranked_records
    group by person_id, fiscal_year
)

select
    person_id,
    fiscal_year,
    n_records,
    insurer_id,
    checkup_date,
    term,
    has_results,
    height_cm,
    weight_kg,
    bmi,
    waist_cm,
    sbp_mmhg,
    dbp_mmhg,
    fasting_code,
    triglycerides_mgdl,
    hdl_mgdl,
    ldl_mgdl,
    ast_ul,
    alt_ul,
    ggt_ul,
    fasting_glucose_mgdl,
    casual_glucose_mgdl,
    hba1c_pct,
    urine_sugar,
    urine_protein,
    creatinine_mgdl,
    hemoglobin_gdl,
    metabolic_code,
    guidance_level_code,
    q_bp_drug,
    q_glucose_drug,
    q_lipid_drug,
    q_stroke,
    q_heart,
    q_kidney_failure,
    q_anemia,
    q_smoking,
    q_weight_gain_10kg,
    q_exercise_30min,
    q_walking_1h,
    q_walk_fast,
    q_chewing,
    q_weight_change_3kg,
    q_eating_speed,
    q_late_dinner,
    q_snacking,
    q_late_snack,
    q_skip_breakfast,
    q_drinking_frequency,
    q_drinking_amount,
    q_sleep_rest,
    q_stage_of_change,
    q_wants_guidance,
    q_received_guidance
from single_records
union all
select
    person_id,
    fiscal_year,
    n_records,
    insurer_id,
    checkup_date,
    term,
    has_results,
    height_cm,
    weight_kg,
    bmi,
    waist_cm,
    sbp_mmhg,
    dbp_mmhg,
    fasting_code,
    triglycerides_mgdl,
    hdl_mgdl,
    ldl_mgdl,
    ast_ul,
    alt_ul,
    ggt_ul,
    fasting_glucose_mgdl,
    casual_glucose_mgdl,
    hba1c_pct,
    urine_sugar,
    urine_protein,
    creatinine_mgdl,
    hemoglobin_gdl,
    metabolic_code,
    guidance_level_code,
    q_bp_drug,
    q_glucose_drug,
    q_lipid_drug,
    q_stroke,
    q_heart,
    q_kidney_failure,
    q_anemia,
    q_smoking,
    q_weight_gain_10kg,
    q_exercise_30min,
    q_walking_1h,
    q_walk_fast,
    q_chewing,
    q_weight_change_3kg,
    q_eating_speed,
    q_late_dinner,
    q_snacking,
    q_late_snack,
    q_skip_breakfast,
    q_drinking_frequency,
    q_drinking_amount,
    q_sleep_rest,
    q_stage_of_change,
    q_wants_guidance,
    q_received_guidance
from merged_records
