-- One row per spouse and fiscal year that evaluations of spill-over into the family look at.
-- Households whose subscriber's worksite is unknown (no positive cluster) are left out for the reason given in
-- panel_employees. Adjusted for as there: the spouse's own sex and fiscal year of birth.
-- council_stage is that of the first year, as there.
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
    relationship = 2
    and age between $min_age and $max_age
    and cluster_worksite_id > 0
