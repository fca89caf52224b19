-- One row per insurer and claim of a known person: the latest valid version, under integer identities.
-- Care belongs to the fiscal year of the month of care, whenever it was billed.
-- key: insurer_id, claim_id
-- materialize: view
-- join: many_to_one link_person_ids on (person_key)
-- sensitivity: person

select
    clean_claims.insurer_id,
    clean_claims.claim_id,
    clean_claims.billed_month,
    link_person_ids.person_id,
    clean_claims.care_month,
    month_fiscal_year(clean_claims.care_month) as fiscal_year,
    clean_claims.claim_kind,
    clean_claims.is_inpatient,
    clean_claims.care_days,
    clean_claims.points,
    clean_claims.yen
from link_person_ids
inner join clean_claims
    on link_person_ids.person_key = clean_claims.person_key
