-- One row per person and program in which the person took part.
-- The comparison of participants with others is the naive estimate that is shown beside the effect.
-- key: person_id, program_id
-- materialize: table
-- join: many_to_one link_employees on (employer_key, employee_key)
-- join: many_to_one link_program_ids on (employer_key, program_key)
-- sensitivity: person

with program_fields as (
    select
        program_id,
        min(field) as field
    from link_programs
    group by program_id
)

select
    link_employees.person_id,
    link_program_ids.program_id,
    program_fields.field,
    min(clean_participation.first_date) as first_date,
    sum(clean_participation.sessions) as sessions
from clean_participation
inner join link_employees
    on clean_participation.employer_key = link_employees.employer_key
    and clean_participation.employee_key = link_employees.employee_key
inner join link_program_ids
    on clean_participation.employer_key = link_program_ids.employer_key
    and clean_participation.program_key = link_program_ids.program_key
inner join program_fields
    on link_program_ids.program_id = program_fields.program_id
where link_employees.person_id is not null
group by
    link_employees.person_id,
    link_program_ids.program_id,
    program_fields.field
