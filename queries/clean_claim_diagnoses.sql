-- One row per insurer, claim and ICD-10 code of the claim's latest valid version.
-- Diagnoses of a returned version are no care that happened. Suspected ones are kept and flagged.
-- key: insurer_id, claim_id, icd10
-- materialize: view
-- join: many_to_one clean_claims on (insurer_id, claim_id)
-- sensitivity: person

select
    claim_diagnoses.insurer_id,
    claim_diagnoses.claim_id,
    claim_diagnoses.icd10,
    -- Redelivered rows: a diagnosis is confirmed when any of them says so.
    bool_and(claim_diagnoses.is_suspected) as is_suspected,
    bool_or(claim_diagnoses.is_main) as is_main
from clean_claims
inner join claim_diagnoses
    on clean_claims.insurer_id = claim_diagnoses.insurer_id
    and clean_claims.claim_id = claim_diagnoses.claim_id
    and clean_claims.billed_month = claim_diagnoses.billed_month
group by
    claim_diagnoses.insurer_id,
    claim_diagnoses.claim_id,
    claim_diagnoses.icd10
