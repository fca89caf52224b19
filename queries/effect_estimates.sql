-- One row per field, indicator, population, estimator and event time: evaluation_estimates of the plans that are about one field and
-- everybody in a population. Of two such plans of the same field and population the first by name counts.
-- key: field, indicator, population, estimator, event_time
-- materialize: view
-- sensitivity: aggregate

select estimates.*
from evaluation_estimates as estimates
inner join evaluation_plans as plans
    on estimates.evaluation = plans.evaluation
where
    plans.exposure = 'field'
    and plans.exposed <> 'participated'
    and plans.is_whole_population
    and estimates."by" is null
    and estimates.role <> 'attendance'
qualify
    row_number() over (
        partition by
            estimates.field, estimates.indicator, estimates.population, estimates.estimator, estimates.event_time
        order by estimates.evaluation
    ) = 1
