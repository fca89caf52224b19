-- One row per person and fiscal year with a checkup: indicators that mean the same in every questionnaire term.
-- Answers are read by meaning, never by question number, and an indicator is missing where the term did not ask:
--   term 2 (until FY2017) has no question on chewing or snacks: chews_anything, snacks_daily and diet_proper (which
--   needs snacks) are missing; its questions on weight change and late snacks have no successor.
--   term 4 (from FY2024) splits non-smokers and has eight classes of drinking frequency and five of amount.
-- Risks are by measured value at the guidance thresholds, with or without medication (bp_drug and others tell).
-- A value missing and not decisive stays missing: false needs everything measured, true only the deciding part.
-- key: person_id, fiscal_year
-- materialize: table
-- partition_by: fiscal_year
-- join: many_to_one link_persons on (person_id)
-- sensitivity: person

with answers as (
    select
        link_checkups.person_id,
        link_checkups.fiscal_year,
        link_checkups.checkup_date,
        link_checkups.term,
        link_persons.sex,
        -- Age at the end of the fiscal year, 31 March, as the guidance counts it.
        link_checkups.fiscal_year + 1 - link_persons.birth_year_month / 100
        - case when link_persons.birth_year_month % 100 > 3 then 1 else 0 end as age,
        link_checkups.bmi,
        link_checkups.weight_kg,
        link_checkups.waist_cm,
        link_checkups.sbp_mmhg,
        link_checkups.dbp_mmhg,
        link_checkups.triglycerides_mgdl,
        link_checkups.hdl_mgdl,
        link_checkups.ldl_mgdl,
        link_checkups.ast_ul,
        link_checkups.alt_ul,
        link_checkups.ggt_ul,
        link_checkups.fasting_glucose_mgdl,
        link_checkups.casual_glucose_mgdl,
        link_checkups.hba1c_pct,
        link_checkups.fasting_code,
        link_checkups.metabolic_code,
        link_checkups.q_smoking = 1 as current_smoker,
        link_checkups.q_exercise_30min = 1 as exercise_habit,
        link_checkups.q_walking_1h = 1 as walking_1h,
        link_checkups.q_walk_fast = 1 as walk_fast,
        link_checkups.q_chewing = 1 as chews_anything,
        link_checkups.q_eating_speed = 1 as eats_fast,
        link_checkups.q_late_dinner = 1 as late_dinner,
        link_checkups.q_snacking = 1 as snacks_daily,
        link_checkups.q_skip_breakfast = 1 as skips_breakfast,
        link_checkups.q_drinking_frequency as drinking_frequency,
        link_checkups.q_drinking_amount as drinking_amount,
        link_checkups.q_sleep_rest = 1 as sleep_rest,
        link_checkups.q_stage_of_change >= 2 as wants_to_change,
        link_checkups.q_weight_gain_10kg = 1 as weight_gain_10kg,
        link_checkups.q_bp_drug = 1 as bp_drug,
        link_checkups.q_glucose_drug = 1 as glucose_drug,
        link_checkups.q_lipid_drug = 1 as lipid_drug
    from link_persons
    inner join link_checkups
        on link_persons.person_id = link_checkups.person_id
),

-- The steps of 保健指導の階層化 (標準的な健診・保健指導プログラム, 4th term): what is big, and which risks there are.
guidance_risks as (
    select
        *,
        waist_cm >= case when sex = 1 then 85 else 90 end as is_waist_large,
        bmi >= 25 as is_bmi_large,
        sbp_mmhg >= 130 or dbp_mmhg >= 85 as has_pressure_risk,
        -- Casual triglycerides exist from term 4 on and have their own threshold.
        triglycerides_mgdl >= case when term = 4 and fasting_code in (3, 4) then 175 else 150 end
        or hdl_mgdl < 40 as has_lipid_risk,
        -- Fasting glucose decides where there is one, else HbA1c, else casual glucose.
        case
            when fasting_glucose_mgdl is not null then fasting_glucose_mgdl >= 100
            when hba1c_pct is not null then hba1c_pct >= 5.6
            else casual_glucose_mgdl >= 100
        end as has_glucose_risk
    from answers
),

-- Risks counted as if all that is unknown were no, and as if it were yes.
measured_risks as (
    select
        *,
        case when has_pressure_risk then 1 else 0 end
        + case when has_lipid_risk then 1 else 0 end
        + case when has_glucose_risk then 1 else 0 end as n_measured_at_least,
        case when has_pressure_risk is not false then 1 else 0 end
        + case when has_lipid_risk is not false then 1 else 0 end
        + case when has_glucose_risk is not false then 1 else 0 end as n_measured_at_most
    from guidance_risks
),

-- Smoking counts beside another risk only.
counted_risks as (
    select
        *,
        n_measured_at_least
        + case when n_measured_at_least >= 1 and current_smoker then 1 else 0 end as n_risks_at_least,
        n_measured_at_most
        + case when n_measured_at_most >= 1 and current_smoker is not false then 1 else 0 end as n_risks_at_most
    from measured_risks
),

-- By waist two risks make intensive support (2) and one motivational support (1); by BMI alone three and one.
guidance_bounds as (
    select
        *,
        case
            when is_waist_large then least(n_risks_at_least, 2)
            when is_bmi_large and n_risks_at_least >= 3 then 2
            when is_bmi_large then least(n_risks_at_least, 1)
            else 0
        end as support_at_least,
        case
            when is_waist_large is not false then least(n_risks_at_most, 2)
            when is_bmi_large is not false and n_risks_at_most >= 3 then 2
            when is_bmi_large is not false then least(n_risks_at_most, 1)
            else 0
        end as support_at_most
    from counted_risks
)

select
    person_id,
    fiscal_year,
    checkup_date,
    term,
    current_smoker,
    exercise_habit,
    walking_1h,
    walk_fast,
    -- Two of the three questions on activity; all three must be answered.
    cast(exercise_habit as int) + cast(walking_1h as int) + cast(walk_fast as int) >= 2 as exercise_proper,
    chews_anything,
    eats_fast,
    late_dinner,
    snacks_daily,
    skips_breakfast,
    -- Three of the four questions on meals answered healthily; all four must be answered.
    cast(not eats_fast as int) + cast(not late_dinner as int)
    + cast(not snacks_daily as int) + cast(not skips_breakfast as int) >= 3 as diet_proper,
    drinking_frequency = 1 as drinks_daily,
    -- Terms 2 and 3: daily and 2 go or more, or sometimes and 3 go or more.
    -- Term 4: five days a week or more and 2 go or more, or one to four days a week and 3 go or more.
    -- Persons who drink more rarely, or not at all, are not asked for an amount.
    case
        when term <= 3 and drinking_frequency = 3 then false
        when term <= 3 and drinking_frequency = 1 then drinking_amount >= 3
        when term <= 3 and drinking_frequency = 2 then drinking_amount >= 4
        when term = 4 and drinking_frequency >= 5 then false
        when term = 4 and drinking_frequency <= 2 then drinking_amount >= 3
        when term = 4 and drinking_frequency <= 4 then drinking_amount >= 4
    end as heavy_drinking,
    sleep_rest,
    wants_to_change,
    weight_gain_10kg,
    bp_drug,
    glucose_drug,
    lipid_drug,
    bmi >= 25 or waist_cm >= case when sex = 1 then 85 else 90 end as risk_obesity,
    sbp_mmhg >= 130 or dbp_mmhg >= 85 as risk_blood_pressure,
    -- Casual triglycerides exist from term 4 on and have their own threshold.
    triglycerides_mgdl >= case when term = 4 and fasting_code in (3, 4) then 175 else 150 end
    or hdl_mgdl < 40
    or ldl_mgdl >= 120 as risk_lipid,
    -- Either of the two tests is enough: most people have only one of them done.
    case
        when fasting_glucose_mgdl >= 100 or hba1c_pct >= 5.6 then true
        when fasting_glucose_mgdl is not null or hba1c_pct is not null then false
    end as risk_glucose,
    ast_ul >= 31 or alt_ul >= 31 or ggt_ul >= 51 as risk_liver,
    case when metabolic_code <= 3 then metabolic_code = 1 end as metabolic_syndrome,
    -- 1 intensive, 2 motivational, 3 none, as insurers code it; missing where what is unknown decides. For those from 40 to
    -- 74; from 65 on intensive becomes motivational, and who takes a drug for any of the three is no target.
    cast(
        case
            when age not between 40 and 74 then null
            when bp_drug or glucose_drug or lipid_drug then 3
            when support_at_most = 0 then 3
            when (bp_drug or glucose_drug or lipid_drug) is null then null
            when support_at_least >= 1 and age >= 65 then 2
            when support_at_least = support_at_most then 3 - support_at_least
        end as smallint
    ) as guidance_level,
    bmi,
    weight_kg,
    waist_cm,
    sbp_mmhg,
    dbp_mmhg,
    triglycerides_mgdl,
    hdl_mgdl,
    ldl_mgdl,
    fasting_glucose_mgdl,
    hba1c_pct
from guidance_bounds
