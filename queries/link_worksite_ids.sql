-- One row per employer and worksite, also of worksites that only employees or programs name.
-- identity: employer_key, worksite_key -> worksite_id
-- key: employer_key, worksite_key
-- materialize: table
-- sensitivity: person

with keys as (
    select employer_key, worksite_key
    from clean_worksites
    union all
    select employer_key, worksite_key
    from clean_employees
    union all
    select employer_key, worksite_key
    from clean_programs
    where worksite_key is not null
)

select distinct employer_key, worksite_key
from keys
