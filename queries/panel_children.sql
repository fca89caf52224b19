-- One row per child below 20 and fiscal year that evaluations of spill-over into the family look at.
-- Children of all ages, because the span of working age (min_age) is that of employees. They have no checkup and no worksite of
-- their own: what is known of them is age, sex, place and claims. Households whose subscriber's worksite is unknown are left
-- out, and council_stage is that of the first year, for the reasons given in panel_employees.
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
    relationship = 3
    and age < 20
    and cluster_worksite_id > 0
