-- One row per insurer, kind of claim, month of care and month of billing: claims delivered, and yen of versions not returned.
-- The claims counted once, as small as a table can be: what was delivered for a month, and how long after it.
-- key: insurer_id, claim_kind, care_month, billed_month
-- materialize: table
-- sensitivity: aggregate

select
    insurer_id,
    claim_kind,
    care_month,
    billed_month,
    count(*) as n_claims,
    sum(case when is_returned then 0 else yen end) as yen
from claims
group by insurer_id, claim_kind, care_month, billed_month
