-- One row per insurer and month of billing: diagnoses and drug classes delivered.
-- That a person has no diagnosis says something only where diagnoses were delivered.
-- key: insurer_id, billed_month
-- materialize: table
-- sensitivity: aggregate

with codes as (
    select insurer_id, billed_month, count(*) as n_diagnoses, 0 as n_drugs
    from claim_diagnoses
    group by insurer_id, billed_month
    union all
    select insurer_id, billed_month, 0 as n_diagnoses, count(*) as n_drugs
    from claim_drugs
    group by insurer_id, billed_month
)

select
    insurer_id,
    billed_month,
    sum(n_diagnoses) as n_diagnoses,
    sum(n_drugs) as n_drugs
from codes
group by insurer_id, billed_month
