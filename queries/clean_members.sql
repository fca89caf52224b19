-- One row per insurer, person and start of enrollment: the spell as last delivered.
-- Insurers deliver an open spell again once it has ended, so the latest delivery is the one that holds.
-- Tokens are normalised here and nowhere else: width and blanks once cost the national database most of its links.
-- key: insurer_id, person_key, enrolled_from
-- materialize: table
-- sensitivity: person

with raw_members as (
    select
        insurer_id,
        normalize_key(person_key) as person_key,
        normalize_key(household_key) as household_key,
        relationship,
        sex,
        birth_year_month,
        municipality_code,
        normalize_key(workplace_key) as workplace_key,
        enrolled_from,
        enrolled_to,
        delivery_id
    from members
),

-- Only repeated spells are looked up: sorting all of them by token would take longer than everything after it.
redelivered as (
    select
        insurer_id,
        person_key,
        enrolled_from,
        max(delivery_id) as latest_delivery_id
    from raw_members
    group by insurer_id, person_key, enrolled_from
    having count(*) > 1
)

select
    raw_members.insurer_id,
    raw_members.person_key,
    raw_members.household_key,
    raw_members.relationship,
    raw_members.sex,
    raw_members.birth_year_month,
    raw_members.municipality_code,
    raw_members.workplace_key,
    raw_members.enrolled_from,
    raw_members.enrolled_to
-- The small side stands first: the engine builds its hash table from it.
from redelivered
right join raw_members
    on raw_members.insurer_id = redelivered.insurer_id
    and raw_members.person_key = redelivered.person_key
    and raw_members.enrolled_from = redelivered.enrolled_from
where
    redelivered.latest_delivery_id is null
    or raw_members.delivery_id = redelivered.latest_delivery_id
