-- One row per insurer and month of care for which the insurer delivered claims.
-- A person without claims has cost zero only where claims were delivered; elsewhere the cost is unknown.
-- key: insurer_id, care_month
-- materialize: table
-- sensitivity: aggregate

select
    insurer_id,
    care_month,
    sum(n_claims) as n_claims
from clean_claim_months
group by insurer_id, care_month
