-- One row per insurer, person and fiscal year: specific health guidance as last delivered.
-- An interview that took place later turns a row without a date into one with a date.
-- key: insurer_id, person_key, fiscal_year
-- materialize: view
-- sensitivity: person

with raw_guidance as (
    select
        insurer_id,
        normalize_key(person_key) as person_key,
        fiscal_year,
        level_code,
        first_interview_date,
        is_completed,
        delivery_id,
        row_number
    from guidance
),

ranked as (
    select
        insurer_id,
        person_key,
        fiscal_year,
        level_code,
        first_interview_date,
        is_completed,
        row_number() over (
            partition by insurer_id, person_key, fiscal_year
            order by delivery_id desc, row_number desc
        ) as recency
    from raw_guidance
)

select
    insurer_id,
    person_key,
    fiscal_year,
    level_code,
    first_interview_date,
    is_completed
from ranked
where recency = 1
