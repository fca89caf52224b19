-- One row per person and fiscal year with at least one employed day: the worksite of the longest spell of the year.
-- key: person_id, fiscal_year
-- materialize: table
-- partition_by: fiscal_year
-- join: many_to_one link_employee_spells on (spell_id)
-- sensitivity: person

with spells as (
    select
        spell_id,
        person_id,
        greatest(employed_from, make_date(cast($first_fiscal_year as int), 4, 1)) as from_date,
        least(employed_to, make_date(cast($last_fiscal_year as int) + 1, 3, 31)) as to_date
    from link_employee_spells
),

spell_years as (
    select
        spell_id,
        person_id,
        from_date,
        to_date,
        unnest(
            generate_series(cast(fiscal_year(from_date) as bigint), cast(fiscal_year(to_date) as bigint))
        ) as fiscal_year
    from spells
    where from_date <= to_date
),

spell_days as (
    select
        spell_id,
        person_id,
        fiscal_year,
        least(to_date, make_date(cast(fiscal_year + 1 as int), 3, 31))
        - greatest(from_date, make_date(cast(fiscal_year as int), 4, 1)) + 1 as days
    from spell_years
),

person_years as (
    select
        person_id,
        fiscal_year,
        least(sum(days), make_date(cast(fiscal_year + 1 as int), 4, 1) - make_date(cast(fiscal_year as int), 4, 1))
            as employed_days,
        max(days * 1000000000000 + spell_id) as longest_spell
    from spell_days
    group by person_id, fiscal_year
)

select
    person_years.person_id,
    cast(person_years.fiscal_year as smallint) as fiscal_year,
    cast(person_years.employed_days as smallint) as employed_days,
    link_employee_spells.worksite_id,
    link_employee_spells.employer_id,
    link_employee_spells.employment_type,
    link_employee_spells.size_band,
    link_employee_spells.industry_code
from person_years
inner join link_employee_spells
    on person_years.longest_spell % 1000000000000 = link_employee_spells.spell_id
