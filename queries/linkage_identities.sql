-- One row per table, holder and finding: keys that stand for several persons, and persons with several keys.
-- What no match rate shows: such keys are found, but not the right person's. Counted are persons, of rejected rows rows.
-- key: source, holder, cause
-- materialize: table
-- sensitivity: aggregate

with member_persons as (
    select
        insurer_id,
        person_id,
        count(*) as n_spells,
        max(coalesce(enrolled_to, date '2999-12-31')) as enrolled_to,
        min(sex) <> max(sex) or min(birth_year_month) <> max(birth_year_month) as is_shared
    from link_member_spells
    group by insurer_id, person_id
),

insurers_of_persons as (
    select
        person_id,
        count(*) as n_insurers
    from member_persons
    group by person_id
),

-- Where two spells overlap, two that follow each other by their first days do.
spell_ends as (
    select
        link_member_spells.insurer_id,
        link_member_spells.person_id,
        link_member_spells.enrolled_from,
        lag(coalesce(link_member_spells.enrolled_to, date '2999-12-31')) over (
            partition by link_member_spells.insurer_id, link_member_spells.person_id
            order by link_member_spells.enrolled_from, link_member_spells.spell_id
        ) as previous_to
    from member_persons
    inner join link_member_spells
        on member_persons.insurer_id = link_member_spells.insurer_id
        and member_persons.person_id = link_member_spells.person_id
    where member_persons.n_spells > 1
),

overlaps as (
    select
        insurer_id,
        count(distinct person_id) as n_affected
    from spell_ends
    where enrolled_from <= previous_to
    group by insurer_id
),

insurers as (
    select
        member_persons.insurer_id,
        count(*) as n_keys,
        count(*) filter (where member_persons.is_shared) as n_shared,
        count(*) filter (where insurers_of_persons.n_insurers > 1) as n_changed,
        count(*) filter (where member_persons.enrolled_to < date '2999-12-31') as n_left
    from member_persons
    inner join insurers_of_persons
        on member_persons.person_id = insurers_of_persons.person_id
    group by member_persons.insurer_id
),

totals as (
    select
        count(*) as n_insurers,
        sum(n_changed) as n_changed
    from insurers
),

-- Employees of one employer with one key: numbered anew, or another's key.
employee_persons as (
    select
        employer_key,
        person_id,
        count(*) as n_employees
    from link_employees
    where person_id is not null
    group by employer_key, person_id
),

employee_keys as (
    select
        employer_key,
        employee_key,
        min(link_token) <> max(link_token) as has_several
    from clean_employees
    where link_token is not null
    group by employer_key, employee_key
),

found as (
    select 'members' as source, insurer_id as holder, 'shared_key' as cause, n_keys, n_shared as n_affected
    from insurers
    union all
    select 'members' as source, overlaps.insurer_id as holder, 'overlapping_spells' as cause, insurers.n_keys, overlaps.n_affected
    from overlaps
    inner join insurers
        on overlaps.insurer_id = insurers.insurer_id
    union all
    select 'members' as source, insurer_id as holder, 'changed_insurer' as cause, n_keys, n_changed as n_affected
    from insurers
    union all
    select 'members' as source, insurers.insurer_id as holder, 'keys_by_insurer' as cause, insurers.n_keys, insurers.n_left as n_affected
    from insurers
    cross join totals
    where totals.n_insurers > 1 and totals.n_changed = 0
    union all
    select
        'employees' as source,
        employer_key as holder,
        'shared_key' as cause,
        count(*) as n_keys,
        count(*) filter (where n_employees > 1) as n_affected
    from employee_persons
    group by employer_key
    union all
    select
        'employees' as source,
        employer_key as holder,
        'several_keys' as cause,
        count(*) as n_keys,
        count(*) filter (where has_several) as n_affected
    from employee_keys
    group by employer_key
    union all
    -- The row as received names the insurer by the header of the file.
    select
        'members' as source,
        coalesce(nullif(split_part(split_part("row", '"insurer_id":"', 2), '"', 1), ''), '*') as holder,
        'repeated_rows' as cause,
        count(*) as n_keys,
        count(*) as n_affected
    from rejects_members
    where rule = 'duplicate_key'
    group by coalesce(nullif(split_part(split_part("row", '"insurer_id":"', 2), '"', 1), ''), '*')
)

select source, holder, cause, n_keys, n_affected
from found
where n_affected > 0
