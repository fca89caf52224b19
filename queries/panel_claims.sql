-- One row per person and fiscal year with care: cost, days and number of claims by month of care.
-- Summed before it is joined: ten claims per person and year become one row.
-- key: person_id, fiscal_year
-- materialize: table
-- partition_by: fiscal_year
-- sensitivity: person

select
    person_id,
    fiscal_year,
    sum(yen) as yen_total,
    sum(case when claim_kind <= 2 and is_inpatient then yen else 0 end) as yen_inpatient,
    sum(case when claim_kind <= 2 and not is_inpatient then yen else 0 end) as yen_outpatient,
    sum(case when claim_kind = 3 then yen else 0 end) as yen_dental,
    sum(case when claim_kind = 4 then yen else 0 end) as yen_pharmacy,
    -- Pharmacy claims count prescriptions, not days of care.
    cast(sum(case when claim_kind <> 4 then care_days else 0 end) as int) as care_days,
    cast(count(*) as int) as n_claims,
    bool_or(claim_kind = 3) as dental_visit
from link_claims
group by person_id, fiscal_year
