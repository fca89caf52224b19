-- One row per person with an exposure or participation of their own or in the household: first fiscal years by field.
-- cohort_* is the person's own first exposure. household_cohort_* is that of the household's subscriber, for persons
-- who are dependents; across several households the earliest. participation_* is the first year of taking part.
-- Constant per person, as estimators require of a cohort.
-- key: person_id
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
    min(case when field = 'nutrition' then cohort end) as cohort_nutrition,
    min(case when field = 'activity' then cohort end) as cohort_activity,
    min(case when field = 'mind' then cohort end) as cohort_mind,
    min(case when field = 'rest' then cohort end) as cohort_rest,
    min(case when field = 'oral' then cohort end) as cohort_oral,
    min(case when field = 'frailty' then cohort end) as cohort_frailty,
    min(case when field = 'smoking' then cohort end) as cohort_smoking,
    min(case when field = 'alcohol' then cohort end) as cohort_alcohol,
    min(case when field = 'system' then cohort end) as cohort_system,
    min(case when field = 'nutrition' then household_cohort end) as household_cohort_nutrition,
    min(case when field = 'activity' then household_cohort end) as household_cohort_activity,
    min(case when field = 'mind' then household_cohort end) as household_cohort_mind,
    min(case when field = 'rest' then household_cohort end) as household_cohort_rest,
    min(case when field = 'oral' then household_cohort end) as household_cohort_oral,
    min(case when field = 'frailty' then household_cohort end) as household_cohort_frailty,
    min(case when field = 'smoking' then household_cohort end) as household_cohort_smoking,
    min(case when field = 'alcohol' then household_cohort end) as household_cohort_alcohol,
    min(case when field = 'system' then household_cohort end) as household_cohort_system,
    min(case when field = 'nutrition' then participation end) as participation_nutrition,
    min(case when field = 'activity' then participation end) as participation_activity,
    min(case when field = 'mind' then participation end) as participation_mind,
    min(case when field = 'rest' then participation end) as participation_rest,
    min(case when field = 'oral' then participation end) as participation_oral,
    min(case when field = 'frailty' then participation end) as participation_frailty,
    min(case when field = 'smoking' then participation end) as participation_smoking,
    min(case when field = 'alcohol' then participation end) as participation_alcohol,
    min(case when field = 'system' then participation end) as participation_system
from first_years
group by person_id
