-- One row per person and fiscal year with care for mental health: a visit with a confirmed diagnosis, or a drug.
-- Diagnoses are ICD-10 F00 to F99, suspected ones left out; drugs are the classes 112 (hypnotics, anxiolytics) and 117
-- (psychotropics), whose meanings are unverified. Only claims in the version that counts, by month of care.
-- key: person_id, fiscal_year
-- materialize: table
-- partition_by: fiscal_year
-- sensitivity: person

with codes as (
    select insurer_id, claim_id, billed_month, true as is_visit
    from clean_claim_diagnoses
    where icd10 like 'F%' and not is_suspected
    union all
    select insurer_id, claim_id, billed_month, false as is_visit
    from clean_claim_drugs
    where drug_class in ('112', '117')
),

claims_with_codes as (
    select
        insurer_id,
        claim_id,
        billed_month,
        bool_or(is_visit) as is_visit,
        bool_or(not is_visit) as is_drug
    from codes
    group by insurer_id, claim_id, billed_month
)

-- The small side stands first: the engine builds its hash table from it.
select
    link_claims.person_id,
    link_claims.fiscal_year,
    bool_or(claims_with_codes.is_visit) as mental_visit,
    bool_or(claims_with_codes.is_drug) as mental_drug
from claims_with_codes
inner join link_claims
    on claims_with_codes.insurer_id = link_claims.insurer_id
    and claims_with_codes.claim_id = link_claims.claim_id
    and claims_with_codes.billed_month = link_claims.billed_month
group by link_claims.person_id, link_claims.fiscal_year
