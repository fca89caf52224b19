-- One row per person and fiscal year with a referral value (受診勧奨判定値) at the checkup and no drug for it yet.
-- Referral values: blood pressure 140/90 mmHg; LDL 140, triglycerides 300, HDL below 35 mg/dL; fasting glucose
-- 126 mg/dL, HbA1c 6.5 %. visit_*: whether a medical claim of the six months after the month of the checkup has a
-- confirmed diagnosis of that disease (ICD-10 I10 to I15, E78, E10 to E14). The month of the checkup does not count: a
-- claim does not say on which of its days care was given. Missing where there was no such value, where the person takes
-- the drug already or did not say, and where the six months cannot be seen: insurance under the same insurer ends
-- earlier, claims or diagnoses of the last month were not delivered, or the month is immature.
-- key: person_id, fiscal_year
-- materialize: table
-- partition_by: fiscal_year
-- join: many_to_one panel_claim_coverage on (insurer_id, fiscal_year)
-- sensitivity: person

with referrals as (
    select
        person_id,
        fiscal_year,
        checkup_date,
        (sbp_mmhg >= 140 or dbp_mmhg >= 90) and not bp_drug as blood_pressure,
        (ldl_mgdl >= 140 or triglycerides_mgdl >= 300 or hdl_mgdl < 35) and not lipid_drug as lipid,
        (fasting_glucose_mgdl >= 126 or hba1c_pct >= 6.5) and not glucose_drug as glucose
    from panel_checkups
),

-- The month of the checkup, counted from the year 0, and the day by which six months are over.
referred as (
    select
        *,
        cast(extract(year from checkup_date) as int) * 12 + cast(extract(month from checkup_date) as int) - 1
            as checkup_index
    from referrals
    where blood_pressure or lipid or glucose
),

mature_months as (
    select
        insurer_id,
        care_month / 100 * 12 + care_month % 100 - 1 as care_index
    from panel_claim_completion
    group by insurer_id, care_month
    having
        bool_and(status = 'unknown')
        or (bool_and(completion > 0) and sum(yen) >= $run_out_warn_at * sum(completed_yen))
),

followed as (
    select
        referred.person_id,
        referred.fiscal_year,
        referred.checkup_index,
        link_member_spells.insurer_id,
        bool_or(referred.blood_pressure) as blood_pressure,
        bool_or(referred.lipid) as lipid,
        bool_or(referred.glucose) as glucose
    from referred
    inner join link_member_spells
        on referred.person_id = link_member_spells.person_id
        and referred.checkup_date >= link_member_spells.enrolled_from
        and make_date(
            cast((referred.checkup_index + 7) / 12 as int), cast((referred.checkup_index + 7) % 12 + 1 as int), 1
        ) - 1 <= coalesce(link_member_spells.enrolled_to, date '2999-12-31')
    inner join mature_months
        on link_member_spells.insurer_id = mature_months.insurer_id
        and referred.checkup_index + 6 = mature_months.care_index
    inner join panel_claim_coverage
        on link_member_spells.insurer_id = panel_claim_coverage.insurer_id
        and referred.fiscal_year = panel_claim_coverage.fiscal_year
    where panel_claim_coverage.n_diagnoses > 0
    group by referred.person_id, referred.fiscal_year, referred.checkup_index, link_member_spells.insurer_id
),

follow_up_claims as (
    select
        followed.person_id,
        followed.fiscal_year,
        link_claims.insurer_id,
        link_claims.claim_id,
        link_claims.billed_month
    from followed
    inner join link_claims
        on followed.person_id = link_claims.person_id
        and followed.insurer_id = link_claims.insurer_id
        and link_claims.care_month / 100 * 12 + link_claims.care_month % 100 - 1
        between followed.checkup_index + 1 and followed.checkup_index + 6
    where link_claims.claim_kind <= 2
),

diseases as (
    select
        insurer_id,
        claim_id,
        billed_month,
        substr(icd10, 1, 2) = 'I1' as is_blood_pressure,
        substr(icd10, 1, 3) = 'E78' as is_lipid,
        substr(icd10, 1, 2) = 'E1' as is_glucose
    from clean_claim_diagnoses
    where
        not is_suspected
        and (
            substr(icd10, 1, 3) in ('I10', 'I11', 'I12', 'I13', 'I14', 'I15', 'E78')
            or substr(icd10, 1, 3) in ('E10', 'E11', 'E12', 'E13', 'E14')
        )
),

visits as (
    select
        follow_up_claims.person_id,
        follow_up_claims.fiscal_year,
        bool_or(diseases.is_blood_pressure) as blood_pressure,
        bool_or(diseases.is_lipid) as lipid,
        bool_or(diseases.is_glucose) as glucose
    from follow_up_claims
    inner join diseases
        on follow_up_claims.insurer_id = diseases.insurer_id
        and follow_up_claims.claim_id = diseases.claim_id
        and follow_up_claims.billed_month = diseases.billed_month
    group by follow_up_claims.person_id, follow_up_claims.fiscal_year
)

select
    followed.person_id,
    followed.fiscal_year,
    bool_or(case when followed.blood_pressure then coalesce(visits.blood_pressure, false) end) as visit_blood_pressure,
    bool_or(case when followed.lipid then coalesce(visits.lipid, false) end) as visit_lipid,
    bool_or(case when followed.glucose then coalesce(visits.glucose, false) end) as visit_glucose
from followed
left join visits
    on followed.person_id = visits.person_id
    and followed.fiscal_year = visits.fiscal_year
-- One row, even where a person was insured twice at a time.
group by followed.person_id, followed.fiscal_year
