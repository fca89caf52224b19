-- One row per side, dimension and level: how many persons were looked for on the other side and how many were found.
-- A match rate that differs between groups biases every effect below it. Insurers' side: subscribers, described by
-- their latest year; size and coverage come from the workplace symbol, so they are known for the unlinked too.
-- Employers' side: employees, with or without a link token; sex and age are not theirs to know.
-- key: side, dimension, level
-- materialize: table
-- join: many_to_one link_persons on (person_id)
-- join: many_to_one link_member_years on (person_id, fiscal_year)
-- join: many_to_one link_employees on (employer_key, employee_key)
-- join: many_to_one link_worksite_ids on (employer_key, worksite_key)
-- join: many_to_one link_worksites on (worksite_id, used_from)
-- test: no_rows select side from linkage_quality where match_rate < 0 or match_rate > 1
-- sensitivity: aggregate

with size_bands as (
    select size_band, label
    from (values (1, '1-9'), (2, '10-49'), (3, '50-299'), (4, '300-999'), (5, '1000+')) as bands (size_band, label)
),

covered_worksites as (
    select distinct worksite_id
    from link_programs
),

latest_subscriber_years as (
    select
        person_id,
        max(fiscal_year) as fiscal_year
    from link_member_years
    where relationship = 1
    group by person_id
),

subscribers as (
    select
        link_member_years.insurer_id,
        link_member_years.workplace_size_band as size_band,
        link_member_years.is_workplace_covered as is_covered,
        link_persons.sex,
        -- Age at the end of the fiscal year.
        link_member_years.fiscal_year + 1 - link_persons.birth_year_month / 100
        - case when link_persons.birth_year_month % 100 > 3 then 1 else 0 end as age,
        link_persons.is_employee as is_linked
    from latest_subscriber_years
    inner join link_member_years
        on latest_subscriber_years.person_id = link_member_years.person_id
        and latest_subscriber_years.fiscal_year = link_member_years.fiscal_year
    inner join link_persons
        on latest_subscriber_years.person_id = link_persons.person_id
),

subscriber_groups as (
    select
        insurer_id,
        size_band,
        is_covered,
        sex,
        least(age / 5, 17) * 5 as age_from,
        count(*) as n_persons,
        count(case when is_linked then 1 end) as n_linked
    from subscribers
    group by insurer_id, size_band, is_covered, sex, least(age / 5, 17) * 5
),

subscriber_levels as (
    select
        unnest(make_array('all', 'insurer', 'size_band', 'sex', 'age_band', 'exposure')) as dimension,
        unnest(make_array(
            'all',
            subscriber_groups.insurer_id,
            coalesce(size_bands.label, 'unknown'),
            case subscriber_groups.sex when 1 then 'male' else 'female' end,
            case
                when subscriber_groups.age_from >= 85 then '85+'
                else concat(subscriber_groups.age_from, '-', subscriber_groups.age_from + 4)
            end,
            case
                when subscriber_groups.is_covered then 'covered'
                when subscriber_groups.is_covered is null then 'unknown'
                else 'not_covered'
            end
        )) as level,
        subscriber_groups.n_persons,
        subscriber_groups.n_linked
    from subscriber_groups
    left join size_bands
        on subscriber_groups.size_band = size_bands.size_band
),

subscriber_years as (
    select
        cast(fiscal_year as varchar) as level,
        sum(n_persons) as n_persons,
        sum(n_linked) as n_linked
    from linkage_cells
    group by fiscal_year
),

employment as (
    select
        link_employees.employer_id,
        link_employees.employee_key,
        cast(link_worksite_ids.worksite_id as int) as worksite_id,
        clean_employees.employed_from,
        least(
            clean_employees.employed_to, make_date(cast($last_fiscal_year as int) + 1, 3, 31)
        ) as employed_to,
        coalesce(link_persons.is_member, false) as is_linked
    from clean_employees
    inner join link_employees
        on clean_employees.employer_key = link_employees.employer_key
        and clean_employees.employee_key = link_employees.employee_key
    inner join link_worksite_ids
        on clean_employees.employer_key = link_worksite_ids.employer_key
        and clean_employees.worksite_key = link_worksite_ids.worksite_key
    left join link_persons
        on link_employees.person_id = link_persons.person_id
),

described_employment as (
    select
        employment.employer_id,
        employment.employee_key,
        link_worksites.size_band,
        covered_worksites.worksite_id is not null as is_covered,
        employment.employed_from,
        employment.is_linked
    from employment
    left join link_worksites
        on employment.worksite_id = link_worksites.worksite_id
        and employment.employed_to >= link_worksites.used_from
        and employment.employed_to <= link_worksites.used_to
    left join covered_worksites
        on employment.worksite_id = covered_worksites.worksite_id
),

latest_employees as (
    select
        employer_id,
        employee_key,
        first_value(size_band order by employed_from desc) as size_band,
        bool_or(is_covered) as is_covered,
        bool_or(is_linked) as is_linked
    from described_employment
    group by employer_id, employee_key
),

employee_groups as (
    select
        size_band,
        is_covered,
        count(*) as n_persons,
        count(case when is_linked then 1 end) as n_linked
    from latest_employees
    group by size_band, is_covered
),

employee_levels as (
    select
        unnest(make_array('all', 'size_band', 'exposure')) as dimension,
        unnest(make_array(
            'all',
            coalesce(size_bands.label, 'unknown'),
            case when employee_groups.is_covered then 'covered' else 'not_covered' end
        )) as level,
        employee_groups.n_persons,
        employee_groups.n_linked
    from employee_groups
    left join size_bands
        on employee_groups.size_band = size_bands.size_band
),

employment_years as (
    select
        employer_id,
        employee_key,
        is_linked,
        unnest(generate_series(
            greatest(cast(fiscal_year(employed_from) as bigint), cast($first_fiscal_year as bigint)),
            cast(fiscal_year(employed_to) as bigint)
        )) as fiscal_year
    from employment
    where
        employed_from <= employed_to
        and employed_to >= make_date(cast($first_fiscal_year as int), 4, 1)
),

employee_year_pairs as (
    select
        employer_id,
        employee_key,
        fiscal_year,
        bool_or(is_linked) as is_linked
    from employment_years
    group by employer_id, employee_key, fiscal_year
),

employee_years as (
    select
        cast(fiscal_year as varchar) as level,
        count(*) as n_persons,
        count(case when is_linked then 1 end) as n_linked
    from employee_year_pairs
    group by fiscal_year
),

combined as (
    select 'insurer' as side, dimension, level, n_persons, n_linked
    from subscriber_levels
    union all
    select 'insurer' as side, 'fiscal_year' as dimension, level, n_persons, n_linked
    from subscriber_years
    union all
    select 'employer' as side, dimension, level, n_persons, n_linked
    from employee_levels
    union all
    select 'employer' as side, 'fiscal_year' as dimension, level, n_persons, n_linked
    from employee_years
)

select
    side,
    dimension,
    level,
    sum(n_persons) as n_persons,
    sum(n_linked) as n_linked,
    cast(sum(n_linked) as double) / sum(n_persons) as match_rate
from combined
group by side, dimension, level
