-- One row per insurer and claim that can have several versions: the billing month of the one to keep.
-- Of two versions of a claim at least one was not billed in the month after the care, so that only such claims are looked
-- at. kept_month is missing where every version was returned. A table of its own because clean_claims is read several
-- times, and telling versions apart by claim number is the dearest part of it.
-- key: insurer_id, claim_id
-- materialize: table
-- sensitivity: person

with irregular_claims as (
    select distinct
        insurer_id,
        claim_id
    from claims
    where billed_month <> case
        when care_month % 100 = 12 then care_month + 89
        else care_month + 1
    end
)

select
    claims.insurer_id,
    claims.claim_id,
    max(case when not claims.is_returned then claims.billed_month end) as kept_month
-- The small side stands first: the engine builds its hash table from it.
from irregular_claims
inner join claims
    on irregular_claims.insurer_id = claims.insurer_id
    and irregular_claims.claim_id = claims.claim_id
group by claims.insurer_id, claims.claim_id
