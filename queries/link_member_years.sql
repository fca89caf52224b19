-- One row per person and fiscal year with at least one enrolled day: the longest spell of the year.
-- Everything that is known by year starts here. Spells are spread over their years by arithmetic, not by days.
-- key: person_id, fiscal_year
-- materialize: table
-- partition_by: fiscal_year
-- join: many_to_one link_member_spells on (spell_id)
-- sensitivity: person

with spells as (
    select
        spell_id,
        person_id,
        greatest(enrolled_from, make_date(cast($first_fiscal_year as int), 4, 1)) as from_date,
        least(enrolled_to, make_date(cast($last_fiscal_year as int) + 1, 3, 31)) as to_date
    from link_member_spells
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
        -- Overlapping spells of two insurers do not make a year longer.
        least(sum(days), make_date(cast(fiscal_year + 1 as int), 4, 1) - make_date(cast(fiscal_year as int), 4, 1))
            as enrolled_days,
        -- Days in front, spell behind: one number finds the longest spell and, among equals, the latest.
        max(days * 1000000000000 + spell_id) as longest_spell
    from spell_days
    group by person_id, fiscal_year
)

select
    person_years.person_id,
    cast(person_years.fiscal_year as smallint) as fiscal_year,
    cast(person_years.enrolled_days as smallint) as enrolled_days,
    link_member_spells.household_id,
    link_member_spells.insurer_id,
    link_member_spells.relationship,
    link_member_spells.municipality_code,
    link_member_spells.workplace_size_band,
    link_member_spells.is_workplace_covered
from person_years
inner join link_member_spells
    on person_years.longest_spell % 1000000000000 = link_member_spells.spell_id
