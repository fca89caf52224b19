-- One row per person and fiscal year with more than one checkup record.
-- They are few; link_checkups merges only these and passes all other records through.
-- key: person_id, fiscal_year
-- materialize: table
-- sensitivity: person

select
    person_id,
    fiscal_year,
    count(*) as n_records
from link_checkup_records
group by person_id, fiscal_year
having count(*) > 1
