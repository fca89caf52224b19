-- One row per person and fiscal year, as in panel_person_year, with what programs of one field there were for the person.
-- cohort is the fiscal year of the first exposure, missing for the never exposed; household_cohort that of the household's
-- subscriber, for dependents. participated says whether the person has taken part by then: a choice, not an exposure.
-- for_each: field
-- key: person_id, fiscal_year
-- materialize: view
-- join: many_to_one panel_exposure on (person_id, field)
-- sensitivity: person

with exposures as (
    select person_id, cohort, household_cohort, participation
    from panel_exposure
    where field = $field
)

select
    panel_indicators.*,
    exposures.cohort,
    exposures.household_cohort,
    coalesce(exposures.participation <= panel_indicators.fiscal_year, false) as participated
from panel_indicators
left join exposures
    on panel_indicators.person_id = exposures.person_id
