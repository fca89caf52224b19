-- Question: how do the estimates of an event study move together?
-- Look at: covariance, one row per pair of event times. All effects are measured from event time -1, so that errors of that period
-- are in all of them; its own rows are zero. honest_did and pretrend_power take these rows (`with_event_time`), and make
-- them themselves when they are called over a panel.
-- In R, for unbalanced => 'drop', with `groups` from did::att_gt(..., base_period = "universal") (see att_gt.sql):
--   study <- did::aggte(groups, type = "dynamic", min_e = -2, max_e = 1, bstrap = FALSE, cband = FALSE)
--   psi <- study$inf.function$dynamic.inf.func.e; crossprod(rowsum(psi, cluster)) / nrow(psi)^2
select
    event_time,
    with_event_time,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(covariance * 1e6, 2) as covariance_in_millionths,
    status
from event_study_vcov(
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
    control => 'not_yet_treated',
    base_period => 'universal',
    unbalanced => 'pairs',
    min_e => -2,
    max_e => 1
)
where event_time <= with_event_time
order by event_time, with_event_time
