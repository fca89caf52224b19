-- One row per dependent other than spouse and child, and fiscal year: parents and other relatives insured through an employee.
-- Of any age: many are beyond working age. Households whose subscriber's worksite is unknown are left out, and council_stage is
-- that of the first year, for the reasons given in panel_employees.
-- key: person_id, fiscal_year
-- materialize: view
-- sensitivity: person

select
    -- A year enrolled in part would look cheap and healthy: what claims tell counts in full years only.
    * replace (
        case when enrolled_share >= 0.99 then yen_total end as yen_total,
        case when enrolled_share >= 0.99 then yen_dental end as yen_dental,
        case when enrolled_share >= 0.99 then care_days end as care_days,
        case when enrolled_share >= 0.99 then n_claims end as n_claims,
        case when enrolled_share >= 0.99 then dental_visit end as dental_visit,
        first_value(council_stage) ignore nulls over (partition by person_id order by fiscal_year) as council_stage
    ),
    fiscal_year - age as birth_fiscal_year
from panel_indicators
where
    relationship = 4
    and cluster_worksite_id > 0
