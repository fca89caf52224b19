-- One row per insurer and claim: its latest valid version.
-- A returned claim disappears and comes back months later under another billing month; counting every version would
-- count the same care twice. A version is one billing month of a claim, and ingest accepts each only once. Telling
-- versions apart by claim number is the dearest step of the whole pipeline, so it is done only where there can be
-- several (of two versions at least one was not billed in the month after the care). Small sides of joins stand first,
-- because the engine builds its hash tables from them.
-- key: insurer_id, claim_id
-- materialize: view
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
),

-- The billing month of the version to keep; missing where every version was returned.
kept_versions as (
    select
        claims.insurer_id,
        claims.claim_id,
        max(case when not claims.is_returned then claims.billed_month end) as kept_month
    from irregular_claims
    inner join claims
        on irregular_claims.insurer_id = claims.insurer_id
        and irregular_claims.claim_id = claims.claim_id
    group by claims.insurer_id, claims.claim_id
)

select
    claims.insurer_id,
    claims.claim_id,
    normalize_key(claims.person_key) as person_key,
    claims.care_month,
    claims.billed_month,
    claims.claim_kind,
    claims.is_inpatient,
    claims.care_days,
    claims.points,
    claims.yen
from kept_versions
right join claims
    on kept_versions.insurer_id = claims.insurer_id
    and kept_versions.claim_id = claims.claim_id
where
    not claims.is_returned
    and (kept_versions.claim_id is null or kept_versions.kept_month = claims.billed_month)
