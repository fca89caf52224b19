-- Question: does an exercise program work better for women than for men?
-- Look at: the row `difference`: the effect on level 2 (women) less that on level 1 (men). Worksites employ both, so that its error is not
-- the root of the two squared errors. The row `joint` tests that all differences are zero; with one difference it is that
-- difference, squared.
-- In R, for unbalanced => 'drop': did::att_gt on each sex, did::aggte(type = "simple"), and the influence functions of both summed by
-- worksite before they are subtracted; with two periods it is the interaction of a regression.
select
    test,
    "by",
    what,
    against,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(statistic, 3) as statistic,
    df,
    round(p_value, 3) as p_value,
    n_clusters,
    n_shared_clusters as shared,
    status
from difference(
    (
        select person_id, fiscal_year, exercise_habit, cohort, cluster_worksite_id, sex
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0
    ),
    outcome => exercise_habit,
    unit => person_id,
    time => fiscal_year,
    cohort => cohort,
    by => [sex],
    cluster => cluster_worksite_id,
    control => 'not_yet_treated',
    unbalanced => 'pairs'
)
