-- One row per insurer, claim, billed month and ICD-10 code: diagnoses of every version, as delivered.
-- Diagnoses of a returned version are no care that happened: join clean_claims or link_claims on all three columns, which
-- keep one version of each claim. Suspected ones are kept and flagged. No join here: millions of claims by text on both
-- sides are the dearest thing there is, so that a query first takes the codes that it asks for.
-- key: insurer_id, claim_id, billed_month, icd10
-- materialize: view
-- sensitivity: person

select
    insurer_id,
    claim_id,
    billed_month,
    icd10,
    is_suspected,
    is_main
from claim_diagnoses
