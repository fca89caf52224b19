-- One row per insurer and claim: its latest valid version.
-- A returned claim disappears and comes back months later under another billing month; counting every version would
-- count the same care twice. Telling versions apart by claim number is the dearest step of the whole pipeline, so it
-- is done only where there can be several: where a claim was billed in another month than the one after the care, or
-- where the insurer delivered a billing month more than once. Small sides of joins stand first: the engine builds
-- its hash tables from them.
-- key: insurer_id, claim_id
-- materialize: view
-- sensitivity: person

with shared_months as (
    select
        insurer_id,
        billed_month as shared_month
    from claims
    group by insurer_id, billed_month
    having min(delivery_id) < max(delivery_id)
),

-- Of two versions of one claim at least one was not billed in the month after the care, or was delivered again.
repeatable_claims as (
    select distinct
        claims.insurer_id,
        claims.claim_id
    from shared_months
    right join claims
        on shared_months.insurer_id = claims.insurer_id
        and shared_months.shared_month = claims.billed_month
    where
        shared_months.shared_month is not null
        or claims.billed_month <> case
            when claims.care_month % 100 = 12 then claims.care_month + 89
            else claims.care_month + 1
        end
),

-- The last delivery of a version says whether it was returned: an odd state means valid.
versions as (
    select
        claims.insurer_id,
        claims.claim_id,
        claims.billed_month,
        max(cast(claims.delivery_id as bigint) * 2 + case when claims.is_returned then 0 else 1 end) as state
    from repeatable_claims
    inner join claims
        on repeatable_claims.insurer_id = claims.insurer_id
        and repeatable_claims.claim_id = claims.claim_id
    group by claims.insurer_id, claims.claim_id, claims.billed_month
),

-- Billing month and delivery of the version to keep; missing where every version was returned.
kept_versions as (
    select
        insurer_id,
        claim_id,
        max(case when state % 2 = 1 then cast(billed_month as bigint) * 1000000 + state / 2 end) as version
    from versions
    group by insurer_id, claim_id
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
    and (
        kept_versions.claim_id is null
        or kept_versions.version = cast(claims.billed_month as bigint) * 1000000 + claims.delivery_id
    )
