-- One row per insurer and claim: its latest valid version.
-- A returned claim disappears and comes back months later under another billing month; counting every version would
-- count the same care twice. A version is one billing month of a claim, and ingest accepts each only once. Which version
-- to keep is looked up only for claims that can have several (clean_claim_revisions). Small sides of joins stand first,
-- because the engine builds its hash tables from them.
-- key: insurer_id, claim_id
-- materialize: view
-- join: many_to_one clean_claim_revisions on (insurer_id, claim_id)
-- sensitivity: person

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
from clean_claim_revisions
right join claims
    on clean_claim_revisions.insurer_id = claims.insurer_id
    and clean_claim_revisions.claim_id = claims.claim_id
where
    not claims.is_returned
    and (clean_claim_revisions.claim_id is null or clean_claim_revisions.kept_month = claims.billed_month)
