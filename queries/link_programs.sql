-- One row per program and worksite covered by it; a program for every worksite is spread over them.
-- Exposure is assigned by worksite, so this is the level at which it is recorded and errors are clustered.
-- key: program_id, worksite_id
-- materialize: table
-- join: many_to_one link_program_ids on (employer_key, program_key)
-- join: many_to_one link_worksite_ids on (employer_key, worksite_key)
-- sensitivity: person

with worksite_programs as (
    select
        clean_programs.employer_key,
        clean_programs.program_key,
        link_worksite_ids.worksite_id,
        clean_programs.field,
        clean_programs.start_date,
        clean_programs.end_date
    from clean_programs
    inner join link_worksite_ids
        on clean_programs.employer_key = link_worksite_ids.employer_key
        and clean_programs.worksite_key = link_worksite_ids.worksite_key
),

employer_programs as (
    select
        clean_programs.employer_key,
        clean_programs.program_key,
        link_worksite_ids.worksite_id,
        clean_programs.field,
        clean_programs.start_date,
        clean_programs.end_date
    from clean_programs
    inner join link_worksite_ids
        on clean_programs.employer_key = link_worksite_ids.employer_key
    where clean_programs.worksite_key is null
),

covered_worksites as (
    select employer_key, program_key, worksite_id, field, start_date, end_date
    from worksite_programs
    union all
    select employer_key, program_key, worksite_id, field, start_date, end_date
    from employer_programs
)

select
    link_program_ids.program_id,
    cast(covered_worksites.worksite_id as int) as worksite_id,
    min(covered_worksites.field) as field,
    min(covered_worksites.start_date) as start_date,
    max(coalesce(covered_worksites.end_date, date '2999-12-31')) as end_date
from covered_worksites
inner join link_program_ids
    on covered_worksites.employer_key = link_program_ids.employer_key
    and covered_worksites.program_key = link_program_ids.program_key
group by link_program_ids.program_id, covered_worksites.worksite_id
