-- One row per dependent other than spouse and child, and fiscal year: parents and other relatives insured through an employee.
-- Of any age: many are beyond working age. Households whose subscriber's worksite is unknown are left out, and council_stage is
-- that of the first year, for the reasons given in panel_employees.
-- key: person_id, fiscal_year
-- materialize: view
-- sensitivity: person

select
    * replace (
        first_value(council_stage) ignore nulls over (partition by person_id order by fiscal_year) as council_stage
    ),
    fiscal_year - age as birth_fiscal_year
from panel_indicators
where
    relationship = 4
    and cluster_worksite_id > 0
