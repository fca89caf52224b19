-- One row per insurer, claim and drug class of the claim's latest valid version.
-- Drugs of a returned version were not paid for.
-- key: insurer_id, claim_id, drug_class
-- materialize: view
-- join: many_to_one clean_claims on (insurer_id, claim_id)
-- sensitivity: person

select
    claim_drugs.insurer_id,
    claim_drugs.claim_id,
    claim_drugs.drug_class,
    max(claim_drugs.days_supplied) as days_supplied
from clean_claims
inner join claim_drugs
    on clean_claims.insurer_id = claim_drugs.insurer_id
    and clean_claims.claim_id = claim_drugs.claim_id
    and clean_claims.billed_month = claim_drugs.billed_month
group by
    claim_drugs.insurer_id,
    claim_drugs.claim_id,
    claim_drugs.drug_class
