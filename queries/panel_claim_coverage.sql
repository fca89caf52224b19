-- One row per insurer and fiscal year for which the insurer delivered claims.
-- A year counts as delivered with any of its months; n_months tells how complete it is.
-- key: insurer_id, fiscal_year
-- materialize: table
-- sensitivity: aggregate

select
    insurer_id,
    month_fiscal_year(care_month) as fiscal_year,
    count(*) as n_months,
    sum(n_claims) as n_claims
from clean_claim_coverage
group by insurer_id, month_fiscal_year(care_month)
