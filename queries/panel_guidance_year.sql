-- One row per person and fiscal year with a checkup then and in the year after, for questions about 特定保健指導.
-- From 40 to 74, none who takes a drug, and with at least one risk: of these the waist decides who is a target, 85 cm for men and
-- 90 cm for women, as long as the BMI is below 25. waist_above is the distance to that cutoff; changes are those to the
-- checkup a year later, below 0 where there is less of it. has_reached says whether the goal of guidance is met a year later: 2 cm
-- and 2 kg less, or 2.4 % of the weight in kg and as many cm (4th term).
-- key: person_id, fiscal_year
-- materialize: table
-- sensitivity: person

with candidates as (
    select
        person_id,
        fiscal_year,
        sex,
        age,
        relationship,
        municipality_code,
        cluster_worksite_id,
        guidance_level,
        waist_cm,
        weight_kg,
        sbp_mmhg,
        hba1c_pct,
        bmi,
        waist_cm - case sex when 1 then 85 else 90 end as waist_above,
        -- Known of targets in years of which the insurer reports guidance.
        guidance_started is not null as is_offered,
        coalesce(guidance_started, false) as has_started,
        coalesce(guidance_finished, false) as has_finished
    from panel_indicators
    where
        age between 40 and 74
        and waist_cm is not null
        and weight_kg is not null
        and bp_drug is false
        and glucose_drug is false
        and lipid_drug is false
        and (
            sbp_mmhg >= 130 or dbp_mmhg >= 85
            or triglycerides_mgdl >= 150 or hdl_mgdl < 40
            or coalesce(fasting_glucose_mgdl >= 100, hba1c_pct >= 5.6)
        )
)

select
    candidates.person_id,
    candidates.fiscal_year,
    candidates.sex,
    candidates.age,
    candidates.relationship,
    candidates.municipality_code,
    candidates.cluster_worksite_id,
    candidates.guidance_level,
    candidates.bmi,
    candidates.waist_cm,
    candidates.waist_above,
    candidates.is_offered,
    candidates.has_started,
    candidates.has_finished,
    later.weight_kg - candidates.weight_kg as weight_change_kg,
    later.waist_cm - candidates.waist_cm as waist_change_cm,
    later.sbp_mmhg - candidates.sbp_mmhg as sbp_change_mmhg,
    later.hba1c_pct - candidates.hba1c_pct as hba1c_change_pct,
    -- Tenths of cm and kg are written in decimals: their differences miss a goal by less than a millionth.
    (candidates.weight_kg - later.weight_kg >= 2 - 1e-6 and candidates.waist_cm - later.waist_cm >= 2 - 1e-6)
    or (
        candidates.weight_kg - later.weight_kg >= 0.024 * candidates.weight_kg - 1e-6
        and candidates.waist_cm - later.waist_cm >= 0.024 * candidates.weight_kg - 1e-6
    ) as has_reached
from candidates
inner join panel_person_year as later
    on candidates.person_id = later.person_id
    and candidates.fiscal_year + 1 = later.fiscal_year
where later.waist_cm is not null and later.weight_kg is not null
