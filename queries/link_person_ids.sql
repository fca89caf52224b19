-- One row per natural person known to an insurer or, by a link token, to an employer.
-- From here on persons are joined, grouped and stored by a dense integer; tokens stay in the clean tables.
-- identity: person_key -> person_id
-- key: person_key
-- materialize: table
-- sensitivity: person

with keys as (
    select person_key
    from clean_members
    union all
    select link_token as person_key
    from clean_employees
    where link_token is not null
)

select distinct person_key
from keys
