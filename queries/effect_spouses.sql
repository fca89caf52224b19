-- One row per spouse and fiscal year in the analyses of spill-over into the family.
-- The cohort is that of the household's subscriber, and so is participation. Households
-- whose subscriber's worksite is unknown (no positive cluster) are left out for the reason given in effect_employees.
-- Adjusted for as there: the spouse's own sex and fiscal year of birth.
-- key: person_id, fiscal_year
-- materialize: view
-- sensitivity: person

with spouses as (
    select
        person_id,
        fiscal_year,
        household_id,
        cluster_worksite_id,
        sex,
        fiscal_year - age as birth_fiscal_year,
        late_dinner,
        skips_breakfast,
        household_cohort_nutrition
    from panel_person_year
    where
        relationship = 2
        and age between $min_age and $max_age
        and cluster_worksite_id > 0
),

subscriber_participation as (
    select
        household_id,
        fiscal_year,
        bool_or(participated_nutrition) as participated
    from panel_person_year
    where relationship = 1
    group by household_id, fiscal_year
),

spouse_years as (
    select
        spouses.person_id,
        spouses.fiscal_year,
        spouses.cluster_worksite_id,
        spouses.sex,
        spouses.birth_fiscal_year,
        spouses.late_dinner,
        spouses.skips_breakfast,
        spouses.household_cohort_nutrition,
        coalesce(subscriber_participation.participated, false) as subscriber_participates
    from spouses
    left join subscriber_participation
        on spouses.household_id = subscriber_participation.household_id
        and spouses.fiscal_year = subscriber_participation.fiscal_year
)

select
    person_id,
    fiscal_year,
    cluster_worksite_id,
    sex,
    birth_fiscal_year,
    late_dinner,
    skips_breakfast,
    household_cohort_nutrition as cohort_nutrition,
    subscriber_participates
from spouse_years
