-- Question: does the effect of an exercise program grow with the years since it was first offered, and did those who were
-- offered it differ before?
-- Look at: the bands before event time -1 should hold zero; if one does not, the groups were moving apart anyway. Event time
-- -1 is the base of all rows: zero by construction. Every person seen in both years of a comparison takes part ('keep' or
-- 'drop' would be the choices of R).
-- In R, for unbalanced => 'drop', with `groups` from did::att_gt(..., base_period = "universal") (see att_gt.sql):
--   did::aggte(groups, type = "dynamic", min_e = -3, max_e = 3, bstrap = FALSE, cband = FALSE)
select
    event_time,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(band_low, 3) as band_low,
    round(band_high, 3) as band_high,
    n_treated,
    n_control,
    status
from event_study(
    (
        select person_id, fiscal_year, exercise_habit, cohort, sex, age, cluster_worksite_id
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0
    ),
    outcome => exercise_habit,
    unit => person_id,
    time => fiscal_year,
    cohort => cohort,
    covariates => [sex, age],
    cluster => cluster_worksite_id,
    control => 'not_yet_treated',
    base_period => 'universal',
    unbalanced => 'pairs',
    min_e => -3,
    max_e => 3
)
order by event_time
