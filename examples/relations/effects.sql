-- Question: what would common comparisons have claimed about exercise programs, and what remains against a comparison group?
-- Look at: before_after takes drift for an effect, participants_vs_non takes what distinguishes those who take part for one, and
-- twfe compares later cohorts with earlier ones. callaway_santanna is the mean of event times 0 to 3.
-- In R each is a call of its own: did::aggte(did::att_gt(…), type = "dynamic"), and three of fixest::feols (see effects.md).
select
    outcome,
    estimator,
    round(estimate, 4) as estimate,
    round(std_error, 4) as std_error,
    round(conf_low, 3) as conf_low,
    round(conf_high, 3) as conf_high,
    n_treated,
    n_control,
    status
from effects(
    (
        select
            person_id, fiscal_year, exercise_habit, walking_1h, cohort, participated, sex, age,
            cluster_worksite_id
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0
    ),
    outcomes => [exercise_habit, walking_1h],
    unit => person_id,
    time => fiscal_year,
    cohort => cohort,
    participated => participated,
    covariates => [sex, age],
    cluster => cluster_worksite_id,
    control => 'not_yet_treated',
    unbalanced => 'pairs',
    window => '-3..3'
)
where estimator <> 'event_study'
order by outcome, estimator
