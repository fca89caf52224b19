-- One row per insurer and claim: its latest valid version.
-- A returned claim disappears and comes back months later under another billing month; counting every version would
-- count the same care twice. Telling versions apart by claim number is the dearest step of the whole pipeline, so it
-- is done only where there can be several: where a claim was billed in another month than the one after the care, or
-- where the insurer delivered a billing month more than once.
-- key: insurer_id, claim_id
-- materialize: view
-- sensitivity: person

with shared_months as (
    select
        insurer_id,
        billed_month
    from claims
    group by insurer_id, billed_month
    having min(delivery_id) < max(delivery_id)
),

-- The last delivery of a version says whether it was returned.
redelivered as (
    select
        claims.insurer_id,
        claims.claim_id,
        claims.billed_month,
        max(claims.delivery_id) as latest_delivery_id
    from claims
    inner join shared_months
        on claims.insurer_id = shared_months.insurer_id
        and claims.billed_month = shared_months.billed_month
    group by claims.insurer_id, claims.claim_id, claims.billed_month
    having count(*) > 1
),

valid_claims as (
    select
        claims.insurer_id,
        claims.claim_id,
        claims.person_key,
        claims.care_month,
        claims.billed_month,
        claims.claim_kind,
        claims.is_inpatient,
        claims.care_days,
        claims.points,
        claims.yen
    from claims
    left join redelivered
        on claims.insurer_id = redelivered.insurer_id
        and claims.claim_id = redelivered.claim_id
        and claims.billed_month = redelivered.billed_month
    where
        not claims.is_returned
        and (redelivered.latest_delivery_id is null or claims.delivery_id = redelivered.latest_delivery_id)
),

-- Of two versions of one claim at least one was not billed in the month after the care.
late_claims as (
    select distinct
        insurer_id,
        claim_id
    from valid_claims
    where billed_month <> case when care_month % 100 = 12 then care_month + 89 else care_month + 1 end
),

latest_versions as (
    select
        valid_claims.insurer_id,
        valid_claims.claim_id,
        max(valid_claims.billed_month) as latest_month
    from valid_claims
    inner join late_claims
        on valid_claims.insurer_id = late_claims.insurer_id
        and valid_claims.claim_id = late_claims.claim_id
    group by valid_claims.insurer_id, valid_claims.claim_id
)

select
    valid_claims.insurer_id,
    valid_claims.claim_id,
    normalize_key(valid_claims.person_key) as person_key,
    valid_claims.care_month,
    valid_claims.billed_month,
    valid_claims.claim_kind,
    valid_claims.is_inpatient,
    valid_claims.care_days,
    valid_claims.points,
    valid_claims.yen
from valid_claims
left join latest_versions
    on valid_claims.insurer_id = latest_versions.insurer_id
    and valid_claims.claim_id = latest_versions.claim_id
where
    latest_versions.latest_month is null
    or valid_claims.billed_month = latest_versions.latest_month
