-- One row per person: what does not change over the years.
-- Estimators need a cluster that is constant per person: the worksite of the first exposure, or else the first
-- worksite. Dependents take that of their household's subscriber. Persons without any worksite get a cluster of their
-- own household, told apart by its negative sign: a positive cluster also says that the exposure of a person is known.
-- key: person_id
-- materialize: table
-- test: accepted_values sex in (1, 2)
-- test(warn): row_count_change 20%
-- sensitivity: person

with member_persons as (
    select
        person_id,
        min(sex) as sex,
        min(birth_year_month) as birth_year_month,
        min(household_id) as household_id,
        bool_or(relationship = 1) as is_subscriber,
        bool_or(relationship <> 1) as is_dependent
    from link_member_spells
    group by person_id
),

first_worksites as (
    select
        person_id,
        first_value(worksite_id order by spell_id) as worksite_id
    from link_employee_spells
    group by person_id
),

exposure_worksites as (
    select
        person_id,
        first_value(worksite_id order by exposure_date, worksite_id) as worksite_id
    from link_exposure
    group by person_id
),

own_clusters as (
    select
        first_worksites.person_id,
        cast(
            coalesce(exposure_worksites.worksite_id, first_worksites.worksite_id) as bigint
        ) as cluster_worksite_id
    from first_worksites
    left join exposure_worksites
        on first_worksites.person_id = exposure_worksites.person_id
),

household_clusters as (
    select
        link_member_spells.household_id,
        first_value(own_clusters.cluster_worksite_id order by link_member_spells.spell_id) as cluster_worksite_id
    from link_member_spells
    inner join own_clusters
        on link_member_spells.person_id = own_clusters.person_id
    where link_member_spells.relationship = 1
    group by link_member_spells.household_id
),

dependent_clusters as (
    select
        link_member_spells.person_id,
        first_value(household_clusters.cluster_worksite_id order by link_member_spells.spell_id) as cluster_worksite_id
    from link_member_spells
    inner join household_clusters
        on link_member_spells.household_id = household_clusters.household_id
    where link_member_spells.relationship <> 1
    group by link_member_spells.person_id
)

select
    link_person_ids.person_id,
    member_persons.sex,
    member_persons.birth_year_month,
    coalesce(member_persons.is_subscriber, false) as is_subscriber,
    coalesce(member_persons.is_dependent, false) as is_dependent,
    member_persons.person_id is not null as is_member,
    own_clusters.person_id is not null as is_employee,
    coalesce(
        own_clusters.cluster_worksite_id,
        dependent_clusters.cluster_worksite_id,
        - member_persons.household_id
    ) as cluster_worksite_id
from link_person_ids
left join member_persons
    on link_person_ids.person_id = member_persons.person_id
left join own_clusters
    on link_person_ids.person_id = own_clusters.person_id
left join dependent_clusters
    on link_person_ids.person_id = dependent_clusters.person_id
