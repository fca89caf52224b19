-- One row per household, fiscal year and field: whether a subscriber of the household has taken part in a program by then.
-- key: household_id, fiscal_year, field
-- materialize: table
-- sensitivity: person

select
    panel_person_year.household_id,
    panel_person_year.fiscal_year,
    panel_exposure.field,
    bool_or(panel_exposure.participation <= panel_person_year.fiscal_year) as participated
from panel_person_year
inner join panel_exposure
    on panel_person_year.person_id = panel_exposure.person_id
where panel_person_year.relationship = 1 and panel_exposure.participation is not null
group by panel_person_year.household_id, panel_person_year.fiscal_year, panel_exposure.field
