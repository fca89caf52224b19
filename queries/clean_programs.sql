-- One row per employer, program and covered worksite; a missing worksite means every worksite of the employer.
-- The latest delivery holds: programs get their end date, cost and hours long after they were announced.
-- key: employer_key, program_key, worksite_key
-- materialize: view
-- sensitivity: person

with ranked as (
    select
        employer_key,
        program_key,
        worksite_key,
        field,
        start_date,
        end_date,
        cost_yen,
        staff_hours,
        row_number() over (
            partition by employer_key, program_key, worksite_key
            order by delivery_id desc, row_number desc
        ) as recency
    from programs
)

select
    employer_key,
    program_key,
    worksite_key,
    field,
    start_date,
    end_date,
    cost_yen,
    staff_hours
from ranked
where recency = 1
