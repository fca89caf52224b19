-- One row per person and field with an exposure or participation of their own or in the household: first fiscal years.
-- cohort is the person's own first exposure. household_cohort is that of the household's subscriber, for persons
-- who are dependents; across several households the earliest. participation is the first year of taking part.
-- Constant per person, as estimators require of a cohort.
-- key: person_id, field
-- materialize: table
-- sensitivity: person

with household_exposure as (
    select
        link_member_spells.household_id,
        link_exposure.field,
        min(link_exposure.cohort) as cohort
    from link_member_spells
    inner join link_exposure
        on link_member_spells.person_id = link_exposure.person_id
    where link_member_spells.relationship = 1
    group by link_member_spells.household_id, link_exposure.field
),

first_years as (
    select
        person_id,
        field,
        cohort,
        cast(null as smallint) as household_cohort,
        cast(null as smallint) as participation
    from link_exposure
    union all
    select
        link_member_spells.person_id,
        household_exposure.field,
        cast(null as smallint) as cohort,
        household_exposure.cohort as household_cohort,
        cast(null as smallint) as participation
    from link_member_spells
    inner join household_exposure
        on link_member_spells.household_id = household_exposure.household_id
    where link_member_spells.relationship <> 1
    union all
    select
        person_id,
        field,
        cast(null as smallint) as cohort,
        cast(null as smallint) as household_cohort,
        fiscal_year(first_date) as participation
    from link_participation
)

select
    person_id,
    field,
    min(cohort) as cohort,
    min(household_cohort) as household_cohort,
    min(participation) as participation
from first_years
group by person_id, field
