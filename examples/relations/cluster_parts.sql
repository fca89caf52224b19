-- Question: which worksites is the estimate of an exercise program made of?
-- Look at: part, in the unit of the outcome, and share, its part of the estimate. Influences squared and added up are the variance.
-- In R: groups <- did::att_gt(…); psi <- did::aggte(groups, type = "simple")$inf.function$simple.att;
--   rowsum(psi, cluster) / nrow(psi) are the influences.
select
    cluster_id,
    n_units,
    round(part, 5) as part,
    round(part / sum(part) over (), 3) as share,
    round(influence, 5) as influence,
    round(sqrt(sum(influence * influence) over ()), 4) as std_error,
    status
from cluster_parts(
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
    unbalanced => 'pairs'
)
where at is null
order by abs(influence) desc, cluster_id
limit 5
