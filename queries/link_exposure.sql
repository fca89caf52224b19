-- One row per person and field with an exposure: the first day a program of the field was offered to the person.
-- Intention to treat: being at a covered worksite while the program runs is exposure, whether or not the person takes
-- part. Someone hired after the start is exposed on the first day there.
-- key: person_id, field
-- materialize: table
-- sensitivity: person

with offers as (
    select
        link_employee_spells.person_id,
        link_programs.field,
        greatest(link_employee_spells.employed_from, link_programs.start_date) as exposure_date,
        link_programs.worksite_id,
        link_programs.program_id
    from link_employee_spells
    inner join link_programs
        on link_employee_spells.worksite_id = link_programs.worksite_id
        and link_employee_spells.employed_from <= link_programs.end_date
        and link_employee_spells.employed_to >= link_programs.start_date
),

first_offers as (
    select
        person_id,
        field,
        min(exposure_date) as exposure_date,
        first_value(worksite_id order by exposure_date, program_id, worksite_id) as worksite_id,
        first_value(program_id order by exposure_date, program_id, worksite_id) as program_id
    from offers
    group by person_id, field
)

select
    person_id,
    field,
    exposure_date,
    fiscal_year(exposure_date) as cohort,
    worksite_id,
    program_id
from first_offers
