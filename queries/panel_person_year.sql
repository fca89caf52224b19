-- One row per person and fiscal year with at least one enrolled or employed day.
-- The table every effect is estimated from: who the person was that year, what was measured, answered, paid and
-- reported. Years without a checkup keep their row with missing values, so that dropping out of checkups can be seen.
-- council_stage is that of the year: it rises as councils work, so that estimates by stage need one level per person, which
-- the populations (panel_employees and the like) give them.
-- Since when programs of a field were offered to the person is in panel_exposure; panel_FIELD has both.
-- key: person_id, fiscal_year
-- materialize: table
-- partition_by: fiscal_year
-- not_null: person_id, fiscal_year, cluster_worksite_id, is_linked, has_checkup
-- test: relationships person_id in link_persons.person_id
-- test: no_rows select reason from linkage_keys where is_below_gate
-- join: many_to_one link_persons on (person_id)
-- join: many_to_one link_member_years on (person_id, fiscal_year)
-- join: many_to_one link_employee_years on (person_id, fiscal_year)
-- join: many_to_one clean_municipalities on (municipality_code, fiscal_year)
-- join: many_to_one panel_checkups on (person_id, fiscal_year)
-- join: many_to_one panel_claims on (person_id, fiscal_year)
-- join: many_to_one panel_claim_coverage on (insurer_id, fiscal_year)
-- join: many_to_one link_productivity on (person_id, fiscal_year)
-- join: many_to_one link_guidance on (person_id, fiscal_year)
-- join: many_to_one panel_mental_care on (person_id, fiscal_year)
-- join: many_to_one panel_referral_visits on (person_id, fiscal_year)
-- sensitivity: person

with person_years as (
    select
        coalesce(link_member_years.person_id, link_employee_years.person_id) as person_id,
        coalesce(link_member_years.fiscal_year, link_employee_years.fiscal_year) as fiscal_year,
        link_member_years.household_id,
        link_member_years.relationship,
        link_member_years.insurer_id,
        link_member_years.municipality_code,
        link_employee_years.worksite_id,
        link_employee_years.employer_id,
        link_employee_years.size_band,
        link_employee_years.industry_code,
        link_employee_years.employment_type,
        coalesce(link_member_years.enrolled_days, 0) as enrolled_days
    from link_member_years
    full outer join link_employee_years
        on link_member_years.person_id = link_employee_years.person_id
        and link_member_years.fiscal_year = link_employee_years.fiscal_year
),

described_years as (
    select
        person_years.person_id,
        person_years.fiscal_year,
        person_years.household_id,
        link_persons.sex,
        -- Age at the end of the fiscal year, 31 March; the day of birth is not delivered.
        cast(
            person_years.fiscal_year + 1 - link_persons.birth_year_month / 100
            - case when link_persons.birth_year_month % 100 > 3 then 1 else 0 end as smallint
        ) as age,
        person_years.relationship,
        person_years.insurer_id,
        person_years.municipality_code,
        person_years.worksite_id,
        person_years.employer_id,
        person_years.size_band,
        person_years.industry_code,
        person_years.employment_type,
        link_persons.cluster_worksite_id,
        cast(person_years.enrolled_days as smallint) as enrolled_days,
        cast(person_years.enrolled_days as double) / (
            make_date(cast(person_years.fiscal_year as int) + 1, 4, 1)
            - make_date(cast(person_years.fiscal_year as int), 4, 1)
        ) as enrolled_share,
        link_persons.is_member and link_persons.is_employee as is_linked
    from person_years
    inner join link_persons
        on person_years.person_id = link_persons.person_id
),

claim_years as (
    select
        insurer_id,
        fiscal_year,
        n_claims > 0 and n_immature_months = 0 as is_known,
        n_claims > 0 and n_immature_months = 0 and n_diagnoses > 0 as has_diagnoses,
        n_claims > 0 and n_immature_months = 0 and n_drugs > 0 as has_drugs
    from panel_claim_coverage
),

-- Years of which the insurer reports guidance at all.
guidance_years as (
    select distinct insurer_id, fiscal_year
    from clean_guidance
)

select
    described_years.person_id,
    described_years.fiscal_year,
    described_years.household_id,
    described_years.sex,
    described_years.age,
    case
        when described_years.age >= 85 then '85+'
        else concat(described_years.age / 5 * 5, '-', described_years.age / 5 * 5 + 4)
    end as age_band,
    described_years.relationship,
    described_years.insurer_id,
    described_years.municipality_code,
    case
        when clean_municipalities.municipality_code is null then null
        when clean_municipalities.has_council then cast(clean_municipalities.council_stage as varchar)
        else 'none'
    end as council_stage,
    described_years.worksite_id,
    described_years.employer_id,
    described_years.size_band,
    described_years.industry_code,
    described_years.employment_type,
    described_years.cluster_worksite_id,
    described_years.enrolled_days,
    described_years.enrolled_share,
    described_years.is_linked,
    panel_checkups.person_id is not null as has_checkup,
    panel_checkups.term,
    panel_checkups.checkup_date,
    panel_checkups.current_smoker,
    panel_checkups.exercise_habit,
    panel_checkups.walking_1h,
    panel_checkups.walk_fast,
    panel_checkups.exercise_proper,
    panel_checkups.chews_anything,
    panel_checkups.eats_fast,
    panel_checkups.late_dinner,
    panel_checkups.snacks_daily,
    panel_checkups.skips_breakfast,
    panel_checkups.diet_proper,
    panel_checkups.drinks_daily,
    panel_checkups.heavy_drinking,
    panel_checkups.sleep_rest,
    panel_checkups.wants_to_change,
    panel_checkups.weight_gain_10kg,
    panel_checkups.bp_drug,
    panel_checkups.glucose_drug,
    panel_checkups.lipid_drug,
    panel_checkups.risk_obesity,
    panel_checkups.risk_blood_pressure,
    panel_checkups.risk_lipid,
    panel_checkups.risk_glucose,
    panel_checkups.risk_liver,
    panel_checkups.metabolic_syndrome,
    panel_checkups.guidance_level,
    panel_checkups.bmi,
    panel_checkups.weight_kg,
    panel_checkups.waist_cm,
    panel_checkups.sbp_mmhg,
    panel_checkups.dbp_mmhg,
    panel_checkups.triglycerides_mgdl,
    panel_checkups.hdl_mgdl,
    panel_checkups.ldl_mgdl,
    panel_checkups.fasting_glucose_mgdl,
    panel_checkups.hba1c_pct,
    -- 特定保健指導 of those whom the checkup makes a target: false where the insurer reports nothing for them.
    case
        when panel_checkups.guidance_level <= 2 and guidance_years.insurer_id is not null
            then link_guidance.first_interview_date is not null
    end as guidance_started,
    case
        when panel_checkups.guidance_level <= 2 and guidance_years.insurer_id is not null
            then coalesce(link_guidance.is_completed, false)
    end as guidance_finished,
    -- Zero where the insurer delivered claims for the whole year, as far as they are known by now, and the person has
    -- none; unknown elsewhere, and while months of the year are immature (panel_claim_completion).
    case when claim_years.is_known then coalesce(panel_claims.yen_total, 0) end as yen_total,
    case when claim_years.is_known then coalesce(panel_claims.yen_inpatient, 0) end as yen_inpatient,
    case when claim_years.is_known then coalesce(panel_claims.yen_outpatient, 0) end as yen_outpatient,
    case when claim_years.is_known then coalesce(panel_claims.yen_dental, 0) end as yen_dental,
    case when claim_years.is_known then coalesce(panel_claims.yen_pharmacy, 0) end as yen_pharmacy,
    case when claim_years.is_known then coalesce(panel_claims.care_days, 0) end as care_days,
    case when claim_years.is_known then coalesce(panel_claims.n_claims, 0) end as n_claims,
    case when claim_years.is_known then coalesce(panel_claims.dental_visit, false) end as dental_visit,
    case when claim_years.has_diagnoses then coalesce(panel_mental_care.mental_visit, false) end as mental_visit,
    case when claim_years.has_drugs then coalesce(panel_mental_care.mental_drug, false) end as mental_drug,
    panel_referral_visits.visit_blood_pressure,
    panel_referral_visits.visit_lipid,
    panel_referral_visits.visit_glucose,
    link_productivity.absence_days,
    link_productivity.presenteeism_loss,
    link_productivity.presenteeism_hpq,
    link_productivity.presenteeism_wfun,
    link_productivity.presenteeism_wlq,
    link_productivity.presenteeism_qq,
    link_productivity.engagement,
    link_productivity.daily_wage_yen
from described_years
left join clean_municipalities
    on described_years.municipality_code = clean_municipalities.municipality_code
    and described_years.fiscal_year = clean_municipalities.fiscal_year
left join panel_checkups
    on described_years.person_id = panel_checkups.person_id
    and described_years.fiscal_year = panel_checkups.fiscal_year
left join panel_claims
    on described_years.person_id = panel_claims.person_id
    and described_years.fiscal_year = panel_claims.fiscal_year
left join claim_years
    on described_years.insurer_id = claim_years.insurer_id
    and described_years.fiscal_year = claim_years.fiscal_year
left join guidance_years
    on described_years.insurer_id = guidance_years.insurer_id
    and described_years.fiscal_year = guidance_years.fiscal_year
left join link_guidance
    on described_years.person_id = link_guidance.person_id
    and described_years.fiscal_year = link_guidance.fiscal_year
left join panel_mental_care
    on described_years.person_id = panel_mental_care.person_id
    and described_years.fiscal_year = panel_mental_care.fiscal_year
left join panel_referral_visits
    on described_years.person_id = panel_referral_visits.person_id
    and described_years.fiscal_year = panel_referral_visits.fiscal_year
left join link_productivity
    on described_years.person_id = link_productivity.person_id
    and described_years.fiscal_year = link_productivity.fiscal_year
