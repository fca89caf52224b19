-- One row per program: what it cost, the staff hours it took, and whom it reached.
-- A program that covers several worksites is reported with its cost at each, and these add up. Cost and hours are for the
-- whole time of the program as last delivered, so that those of one that still runs may grow; a missing figure of one
-- worksite makes the sum missing. n_exposed counts persons whose first exposure in the field the program was, at one of
-- its worksites; cost and hours per exposed person are over these, whether or not they took part.
-- key: program_id
-- materialize: table
-- join: many_to_one link_program_ids on (employer_key, program_key)
-- join: many_to_one link_employer_ids on (employer_key)
-- sensitivity: person

with programs as (
    select
        cast(link_program_ids.program_id as bigint) as program_id,
        cast(min(link_employer_ids.employer_id) as int) as employer_id,
        min(clean_programs.field) as field,
        min(clean_programs.start_date) as start_date,
        max(coalesce(clean_programs.end_date, date '2999-12-31')) as end_date,
        case when count(clean_programs.cost_yen) = count(*) then sum(clean_programs.cost_yen) end as cost_yen,
        case when count(clean_programs.staff_hours) = count(*) then sum(clean_programs.staff_hours) end as staff_hours
    from clean_programs
    inner join link_program_ids
        on clean_programs.employer_key = link_program_ids.employer_key
        and clean_programs.program_key = link_program_ids.program_key
    inner join link_employer_ids
        on clean_programs.employer_key = link_employer_ids.employer_key
    group by link_program_ids.program_id
),

worksites as (
    select program_id, count(*) as n_worksites
    from link_programs
    group by program_id
),

exposed as (
    select program_id, count(*) as n_exposed
    from link_exposure
    group by program_id
),

participants as (
    select program_id, count(distinct person_id) as n_participants
    from link_participation
    group by program_id
)

select
    programs.program_id,
    programs.employer_id,
    programs.field,
    programs.start_date,
    programs.end_date,
    programs.cost_yen,
    programs.staff_hours,
    coalesce(worksites.n_worksites, 0) as n_worksites,
    coalesce(exposed.n_exposed, 0) as n_exposed,
    coalesce(participants.n_participants, 0) as n_participants,
    case when exposed.n_exposed > 0 then cast(programs.cost_yen as double) / exposed.n_exposed end as cost_per_exposed,
    case when exposed.n_exposed > 0 then programs.staff_hours / exposed.n_exposed end as hours_per_exposed
from programs
left join worksites
    on programs.program_id = worksites.program_id
left join exposed
    on programs.program_id = exposed.program_id
left join participants
    on programs.program_id = participants.program_id
