-- One row per employer, field and fiscal year with a program: who was offered one, who took part, and what it took.
-- n_offered counts the employer's people of the year at whose worksite a program of the field ran in it, n_participated those
-- of them who took part in one of these programs by the end of the year. n_programs are those that ran in the year; hours
-- and cost are those of the programs that began in it, for their whole time, so that years add up; missing where that of
-- one of them is.
-- key: employer_id, field, fiscal_year
-- materialize: table
-- sensitivity: person

with employee_years as (
    select person_id, fiscal_year, worksite_id, employer_id
    from link_employee_years
    where employer_id is not null
),

running as (
    select
        employee_years.employer_id,
        employee_years.fiscal_year,
        employee_years.person_id,
        link_programs.field,
        link_programs.program_id
    from employee_years
    inner join link_programs
        on employee_years.worksite_id = link_programs.worksite_id
    where
        fiscal_year(link_programs.start_date) <= employee_years.fiscal_year
        and fiscal_year(link_programs.end_date) >= employee_years.fiscal_year
),

persons as (
    select
        running.employer_id,
        running.field,
        running.fiscal_year,
        running.person_id,
        bool_or(fiscal_year(link_participation.first_date) <= running.fiscal_year) as has_participated
    from running
    left join link_participation
        on running.person_id = link_participation.person_id
        and running.program_id = link_participation.program_id
    group by running.employer_id, running.field, running.fiscal_year, running.person_id
),

reached as (
    select
        employer_id,
        field,
        fiscal_year,
        count(*) as n_offered,
        count(case when has_participated then 1 end) as n_participated
    from persons
    group by employer_id, field, fiscal_year
),

programs as (
    select employer_id, field, fiscal_year, count(distinct program_id) as n_programs
    from running
    group by employer_id, field, fiscal_year
),

begun as (
    select
        employer_id,
        field,
        fiscal_year(start_date) as fiscal_year,
        case when count(staff_hours) = count(*) then sum(staff_hours) end as hours,
        case when count(cost_yen) = count(*) then sum(cost_yen) end as cost
    from link_program_resources
    group by employer_id, field, fiscal_year(start_date)
)

select
    reached.employer_id,
    reached.field,
    cast(reached.fiscal_year as smallint) as fiscal_year,
    programs.n_programs,
    reached.n_offered,
    reached.n_participated,
    begun.hours,
    begun.cost
from reached
inner join programs
    on reached.employer_id = programs.employer_id
    and reached.field = programs.field
    and reached.fiscal_year = programs.fiscal_year
left join begun
    on reached.employer_id = begun.employer_id
    and reached.field = begun.field
    and reached.fiscal_year = begun.fiscal_year
