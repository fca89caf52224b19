-- One row per employer, employee and start of employment: the spell as last delivered.
-- As in clean_members, an open spell is delivered again once it has ended.
-- Only tokens are normalised: employers' own short keys could collide without their hyphens.
-- key: employer_key, employee_key, employed_from
-- materialize: table
-- sensitivity: person

with raw_employees as (
    select
        employer_key,
        normalize_key(employee_key) as employee_key,
        normalize_key(link_token) as link_token,
        worksite_key,
        employment_type,
        employed_from,
        employed_to,
        delivery_id
    from employees
),

redelivered as (
    select
        employer_key,
        employee_key,
        employed_from,
        max(delivery_id) as latest_delivery_id
    from raw_employees
    group by employer_key, employee_key, employed_from
    having count(*) > 1
)

select
    raw_employees.employer_key,
    raw_employees.employee_key,
    raw_employees.link_token,
    raw_employees.worksite_key,
    raw_employees.employment_type,
    raw_employees.employed_from,
    raw_employees.employed_to
-- The small side stands first: the engine builds its hash table from it.
from redelivered
right join raw_employees
    on raw_employees.employer_key = redelivered.employer_key
    and raw_employees.employee_key = redelivered.employee_key
    and raw_employees.employed_from = redelivered.employed_from
where
    redelivered.latest_delivery_id is null
    or raw_employees.delivery_id = redelivered.latest_delivery_id
