-- One row per employee in the trial.
-- Employer outcomes; sick leave is weighted by the days a person was eligible for it.
-- No one in the control arm was offered the health risk assessment (HRA): missing = not completed.
-- key: row_number
-- materialize: table
-- sensitivity: person
select
    row_number,
    treat,
    male,
    age50,
    coalesce(hra_c_yr1, 0) as completed_hra,
    sickleave_0815_0716,
    sickleave_0816_0717,
    sickleave_0816_0119,
    sickdays_eligible_0815_0716,
    sickdays_eligible_0816_0717,
    sickdays_eligible_0816_0119,
    gym_0815_0716,
    gym_0816_0717,
    gym_0816_0119,
    promotion_0616_0717,
    promotion_0616_0119,
    terminated_0717,
    terminated_0119,
    prod_index_yr0,
    prod_index_yr1,
    prod_index_yr2
from firm_admin
