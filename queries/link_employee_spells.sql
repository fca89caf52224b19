-- One row per person, worksite and unbroken time there under one description of the worksite.
-- Who worked where, by day: employment spells cut at the days on which the worksite's description changes.
-- Employees without a link token have no person and are counted in linkage_quality.
-- key: spell_id
-- materialize: table
-- join: many_to_one link_employees on (employer_key, employee_key)
-- join: many_to_one link_worksite_ids on (employer_key, worksite_key)
-- sensitivity: person

with employment as (
    select
        link_employees.person_id,
        cast(link_worksite_ids.worksite_id as int) as worksite_id,
        link_employees.employer_id,
        clean_employees.employment_type,
        clean_employees.employed_from,
        coalesce(clean_employees.employed_to, date '2999-12-31') as employed_to
    from clean_employees
    inner join link_employees
        on clean_employees.employer_key = link_employees.employer_key
        and clean_employees.employee_key = link_employees.employee_key
    inner join link_worksite_ids
        on clean_employees.employer_key = link_worksite_ids.employer_key
        and clean_employees.worksite_key = link_worksite_ids.worksite_key
    where link_employees.person_id is not null
),

pieces as (
    select
        employment.person_id,
        employment.worksite_id,
        employment.employer_id,
        employment.employment_type,
        link_worksites.size_band,
        link_worksites.industry_code,
        link_worksites.municipality_code,
        -- greatest and least ignore a missing description: the spell is then kept whole.
        greatest(employment.employed_from, link_worksites.used_from) as employed_from,
        least(employment.employed_to, link_worksites.used_to) as employed_to
    from employment
    left join link_worksites
        on employment.worksite_id = link_worksites.worksite_id
        and employment.employed_from <= link_worksites.used_to
        and employment.employed_to >= link_worksites.used_from
)

select
    row_number() over (order by person_id, employed_from, worksite_id, employed_to) as spell_id,
    person_id,
    worksite_id,
    employer_id,
    employment_type,
    size_band,
    industry_code,
    municipality_code,
    employed_from,
    employed_to
from pieces
