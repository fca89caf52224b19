-- One row per employee in the trial.
-- Strata variables of the random assignment, used to check balance.
-- No one in the control arm was offered the health risk assessment (HRA): missing = not completed.
-- key: row_number
-- materialize: table
-- sensitivity: person
select
    row_number,
    treat,
    coalesce(hra_c_yr1, 0) as completed_hra,
    male,
    age50,
    age37_49,
    white,
    "salaryQ1" as salary_q1,
    "salaryQ2" as salary_q2,
    "salaryQ3" as salary_q3,
    faculty,
    "AP" as academic_professional
from participation
