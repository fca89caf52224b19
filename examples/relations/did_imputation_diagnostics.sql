-- Question: on which rows does did_imputation.sql rest, and which exposed person-years could not be imputed, and why?
-- Look at: n_rows_without_untreated, exposed rows of persons (or in years) without an unexposed row: they are in no estimate.
-- In R: nothing of the kind; didimputation drops such rows without counting them.
select
    diagnostic,
    round(statistic, 3) as statistic,
    status,
    detail
from did_imputation_diagnostics(
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
