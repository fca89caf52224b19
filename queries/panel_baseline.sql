-- One row per person in the analyses of employees: what they were in their first year there.
-- The first year is the same clock for all persons; a year before exposure is something the never exposed do not have.
-- key: person_id
-- materialize: table
-- sensitivity: person

select
    person_id,
    fiscal_year,
    sex = 2 as female,
    age,
    cast(size_band as varchar) as size_band,
    industry_code,
    bmi,
    current_smoker,
    yen_total
from panel_employees
qualify row_number() over (partition by person_id order by fiscal_year) = 1
