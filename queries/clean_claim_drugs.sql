-- One row per insurer, claim, billed month and drug class: drugs of every version, as delivered.
-- Drugs of a returned version were not paid for: join clean_claims or link_claims on all three columns.
-- key: insurer_id, claim_id, billed_month, drug_class
-- materialize: view
-- sensitivity: person

select
    insurer_id,
    claim_id,
    billed_month,
    drug_class,
    days_supplied
from claim_drugs
