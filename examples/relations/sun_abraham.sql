-- Question: the event study of an exercise program from one regression with person and year effects, free of the mixing of
-- cohorts that a plain two-way event study does.
-- Look at: the row with event_time = NULL is the mean over all rows from the first exposure on. Event time -1 is the
-- reference. Compare with event_study.sql and did_imputation.sql: three estimators, the same question.
-- In R, with the input below as `panel` (cohort NA as 10000):
--   fit <- fixest::feols(exercise_habit ~ sunab(cohort, fiscal_year) | person_id + fiscal_year, panel,
--                        cluster = ~ cluster_worksite_id)
--   summary(fit); summary(fit, agg = "att")
select
    event_time,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(band_low, 3) as band_low,
    round(band_high, 3) as band_high,
    n_treated,
    n_control,
    status
from sun_abraham(
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
