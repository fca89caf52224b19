-- Question: on each group of employees first offered an exercise program in the same year, what is its effect on taking
-- exercise in each year, compared with employees of the same sex and age who were never offered one?
-- Look at: rows with event_time below 0 are placebos and should lie around zero; rows from 0 on are effects. Read the band
-- (band_low, band_high) rather than the interval when picking out the largest row, and the status before the number.
-- In R, with the input below as `panel` (cohort NA as 0):
--   did::att_gt(yname = "exercise_habit", tname = "fiscal_year", idname = "person_id", gname = "cohort",
--               xformla = ~ sex + age, data = panel, est_method = "dr", control_group = "nevertreated",
--               clustervars = "cluster_worksite_id", bstrap = FALSE, cband = FALSE)
select
    cohort,
    time,
    event_time,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(band_low, 3) as band_low,
    round(band_high, 3) as band_high,
    n_treated,
    n_control,
    status
from att_gt(
    (
        select person_id, fiscal_year, exercise_habit, cohort, sex, age, cluster_worksite_id
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0 and fiscal_year <= 2021
    ),
    outcome => exercise_habit,
    unit => person_id,
    time => fiscal_year,
    cohort => cohort,
    covariates => [sex, age],
    cluster => cluster_worksite_id
)
order by cohort, time
