-- Question: what is the effect of an exercise program by years since it was first offered, if each person's untreated habit is
-- a person's level plus a year's level, and the rows used to learn those levels may be looked at as well?
-- Look at: the effects are those of did_imputation.sql to the last digit, with other errors. Rows before 0 are the mean residuals of
-- the first stage, small because the rows helped to fit it: they are no measure of pre-trends.
-- In R, with the input below as `panel` (cohort NA as 0, treat = 1 from the cohort's year on, rel_year = Inf for cohort 0):
--   did2s::did2s(panel, yname = "exercise_habit", first_stage = ~ 0 | person_id + fiscal_year,
--                second_stage = ~ i(rel_year, ref = c(-1, Inf)), treatment = "treat", cluster_var = "cluster_worksite_id")
-- and with second_stage = ~ i(treat, ref = 0) for the overall row.
select
    event_time,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(band_low, 3) as band_low,
    round(band_high, 3) as band_high,
    n_treated,
    n_control,
    status
from two_stage(
    (
        select person_id, fiscal_year, exercise_habit, cohort, cluster_worksite_id
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0
    ),
    outcome => exercise_habit,
    unit => person_id,
    time => fiscal_year,
    cohort => cohort,
    cluster => cluster_worksite_id,
    window => '-3..3'
)
order by event_time nulls first
