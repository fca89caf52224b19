-- One row per person to whom, or to whose household's subscriber, programs of two or more fields were offered within twelve months.
-- Health management rarely starts as one program: a bundle starts with the first of two fields that start within twelve
-- months of each other, and what follows cannot be told apart by field. Columns as in panel_exposure.
-- key: person_id
-- materialize: table
-- sensitivity: person

with starts as (
    select
        person_id,
        exposure_date,
        lead(exposure_date) over (partition by person_id order by exposure_date, field) as next_date
    from link_exposure
),

bundles as (
    select
        person_id,
        fiscal_year(min(exposure_date)) as cohort
    from starts
    where next_date <= exposure_date + interval '12 months'
    group by person_id
),

household_bundles as (
    select
        link_member_spells.household_id,
        min(bundles.cohort) as cohort
    from link_member_spells
    inner join bundles
        on link_member_spells.person_id = bundles.person_id
    where link_member_spells.relationship = 1
    group by link_member_spells.household_id
),

first_years as (
    select
        person_id,
        cohort,
        cast(null as smallint) as household_cohort,
        cast(null as smallint) as participation
    from bundles
    union all
    select
        link_member_spells.person_id,
        cast(null as smallint) as cohort,
        household_bundles.cohort as household_cohort,
        cast(null as smallint) as participation
    from link_member_spells
    inner join household_bundles
        on link_member_spells.household_id = household_bundles.household_id
    where link_member_spells.relationship <> 1
    union all
    select
        person_id,
        cast(null as smallint) as cohort,
        cast(null as smallint) as household_cohort,
        fiscal_year(min(first_date)) as participation
    from link_participation
    group by person_id
)

select
    person_id,
    min(cohort) as cohort,
    min(household_cohort) as household_cohort,
    min(participation) as participation
from first_years
group by person_id
