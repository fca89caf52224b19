-- One row per employee in the trial.
-- Baseline answers of 2016 and the later answers that the paper reports.
-- No one in the control arm was offered the health risk assessment (HRA): missing = not completed.
-- key: row_number
-- materialize: table
-- sensitivity: person
select
    row_number,
    treat,
    coalesce(hra_c_yr1, 0) as completed_hra,
    everscreen_0716,
    everscreen_0717,
    everscreen_0718,
    active_0716,
    active_try_0716,
    cursmk_0716,
    othersmk_0716,
    formsmk_0716,
    drink_0716,
    drinkhvy_0716,
    chronic_0716,
    health1_0716,
    health2_0716,
    problems_0716,
    energy_0716,
    ehealth_0716,
    overweight_0716,
    badhealth_0716,
    sedentary_0716,
    druguse_0716,
    physician_0716,
    hospital_0716,
    sickdays_0716,
    hrsworked50_0716,
    jobsatisf1_0716,
    jobsatisf2_0716,
    mgmtsafety_0716,
    mgmtsafety_0717,
    mgmtsafety_0718
from online_surveys
