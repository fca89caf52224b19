-- Question: what did att_gt.sql do with rows, persons and years, and do the effects before exposure differ from zero together?
-- Look at: n_incomplete_units, the price of unbalanced => 'drop'; n_late_units, exposed after the last year and so counted as
-- never exposed; pretest_wald, whose p-value should not be small.
-- In R, with `groups` from did::att_gt (see att_gt.sql):
--   c(W = groups$W, p = groups$Wpval, n = groups$n)
select
    diagnostic,
    term,
    round(statistic, 3) as statistic,
    df1,
    round(p_value, 3) as p_value,
    status,
    detail
from att_gt_diagnostics(
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
