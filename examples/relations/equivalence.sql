-- Question: effects before exposure that are not significant may be large all the same. Are they shown to be within five percentage
-- points, too small to explain the effects after it?
-- Look at: verdict, and smallest_margin, the smallest δ that the estimate keeps: what the reader would have to call small.
-- In R, with the rows of event_study as `e`:
--   p <- pmax(pnorm(-(e$estimate + 0.05) / e$std_error), pnorm((e$estimate - 0.05) / e$std_error))
select
    event_time,
    round(estimate, 3) as estimate,
    round(conf_low, 3) as conf_low,
    round(conf_high, 3) as conf_high,
    round(p_value, 4) as p_value,
    round(smallest_margin, 3) as smallest_margin,
    verdict,
    status
from equivalence(
    (
        select *
        from event_study(
            (select * from panel_activity where relationship = 1 and cluster_worksite_id > 0 and fiscal_year <= 2021),
            outcome => exercise_habit,
            unit => person_id,
            time => fiscal_year,
            cohort => cohort,
            cluster => cluster_worksite_id,
            unbalanced => 'pairs'
        )
        where event_time < 0
    ),
    estimate => estimate,
    std_error => std_error,
    margin => 0.05,
    keep => [event_time]
)
order by event_time
