-- One row per employer and employee: the person behind the employer's pseudonym, missing where no token says.
-- Participation and productivity name employees only by the employer's pseudonym.
-- key: employer_key, employee_key
-- materialize: table
-- join: many_to_one link_person_ids on (person_key)
-- join: many_to_one link_employer_ids on (employer_key)
-- sensitivity: person

with employee_tokens as (
    select
        employer_key,
        employee_key,
        -- A token missing in one spell is taken from another spell of the same employee.
        max(link_token) as link_token
    from clean_employees
    group by employer_key, employee_key
)

select
    employee_tokens.employer_key,
    employee_tokens.employee_key,
    cast(link_employer_ids.employer_id as int) as employer_id,
    link_person_ids.person_id
from employee_tokens
inner join link_employer_ids
    on employee_tokens.employer_key = link_employer_ids.employer_key
left join link_person_ids
    on employee_tokens.link_token = link_person_ids.person_key
