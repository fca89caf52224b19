-- One row per employee in the trial.
-- Running events stand for visible health effort outside the program.
-- No one in the control arm was offered the health risk assessment (HRA): missing = not completed.
-- key: row_number
-- materialize: table
-- sensitivity: person
select
    row_number,
    treat,
    coalesce(hra_c_yr1, 0) as completed_hra,
    marathon_2014_2016,
    marathon_2017,
    marathon_2018
from marathon
