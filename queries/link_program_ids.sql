-- One row per employer and program, whatever number of worksites it covers.
-- identity: employer_key, program_key -> program_id
-- key: employer_key, program_key
-- materialize: table
-- sensitivity: person

select distinct employer_key, program_key
from clean_programs
