-- Question: does the effect of an exercise program rest on a single worksite?
-- Look at: change, in the unit of the outcome (here shares of persons). A worksite without which the effect is gone, or much
-- larger, deserves a closer look; std_error says how far the estimate would move by chance anyway.
-- In R, for each worksite: did::aggte(did::att_gt(…, data = subset(panel, cluster_worksite_id != site)), type = "simple")
select
    left_out,
    round(estimate, 4) as estimate,
    round(change, 4) as change,
    round(std_error, 4) as std_error,
    n_left_out,
    status
from leave_one_out(
    (
        select person_id, fiscal_year, exercise_habit, cohort, cluster_worksite_id
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0
    ),
    outcome => exercise_habit,
    unit => person_id,
    time => fiscal_year,
    cohort => cohort,
    over => cluster_worksite_id,
    control => 'not_yet_treated',
    unbalanced => 'pairs'
)
order by abs(change) desc, left_out
limit 8
