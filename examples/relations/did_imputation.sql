-- Question: what is the effect of an exercise program by years since it was first offered, if each person's untreated habit is
-- a person's level plus a year's level?
-- Look at: the row with event_time = NULL is the mean over all imputed rows. Rows before 0 are coefficients of another
-- regression, on untreated rows only: they test parallel trends and are measured from all event times before -3.
-- In R, with the input below as `panel` (cohort NA as 0):
--   didimputation::did_imputation(panel, yname = "exercise_habit", gname = "cohort", tname = "fiscal_year",
--                                 idname = "person_id", cluster_var = "cluster_worksite_id", horizon = TRUE, pretrends = -3:-1)
-- and once more without horizon and pretrends for the overall row.
select
    event_time,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(band_low, 3) as band_low,
    round(band_high, 3) as band_high,
    n_treated,
    n_control,
    status
from did_imputation(
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
