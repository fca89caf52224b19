-- One row per employer, program and employee: first participation and number of sessions, as last delivered.
-- Participation is what people chose; it never defines exposure, only the naive comparison shown beside the effect.
-- key: employer_key, program_key, employee_key
-- materialize: view
-- sensitivity: person

with raw_participation as (
    select
        employer_key,
        program_key,
        normalize_key(employee_key) as employee_key,
        first_date,
        sessions,
        delivery_id,
        row_number
    from participation
),

ranked as (
    select
        employer_key,
        program_key,
        employee_key,
        first_date,
        sessions,
        row_number() over (
            partition by employer_key, program_key, employee_key
            order by delivery_id desc, row_number desc
        ) as recency
    from raw_participation
)

select
    employer_key,
    program_key,
    employee_key,
    first_date,
    sessions
from ranked
where recency = 1
