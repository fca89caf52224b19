-- One row per employer.
-- identity: employer_key -> employer_id
-- key: employer_key
-- materialize: table
-- sensitivity: person

with keys as (
    select employer_key
    from clean_worksites
    union all
    select employer_key
    from clean_employees
    union all
    select employer_key
    from clean_programs
)

select distinct employer_key
from keys
