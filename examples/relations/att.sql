-- Question: what is the effect of being offered an exercise program on taking exercise, in one number and by cohort?
-- Look at: the row with at = NULL is the overall effect, a mean of the cohorts' effects weighted by their size. Where cohorts
-- differ much, no single number says what the program does.
-- In R, with `groups` from did::att_gt (see att_gt.sql):
--   did::aggte(groups, type = "group", bstrap = FALSE, cband = FALSE)
select
    aggregate,
    at,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(conf_low, 3) as conf_low,
    round(conf_high, 3) as conf_high,
    n_treated,
    n_control,
    n_units,
    n_clusters,
    status
from att(
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
    cluster => cluster_worksite_id,
    aggregate => 'group'
)
order by at nulls first
