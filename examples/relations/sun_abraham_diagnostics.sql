-- Question: on which rows does sun_abraham.sql rest, and what was left out?
-- Look at: n_missing_rows and n_always_treated, rows and persons that are in no estimate; df, clusters less one, behind the
-- intervals.
-- In R, with `fit` from fixest::feols (see sun_abraham.sql):
--   c(nobs(fit), fixest::degrees_freedom(fit, "k"), fixest::degrees_freedom(fit, "t"))
select
    diagnostic,
    round(statistic, 3) as statistic,
    status,
    detail
from sun_abraham_diagnostics(
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
