-- One row per primary indicator, event time and cluster of an evaluation: what the cluster is of the estimate. event_time is
-- missing for the overall effect; the others are measured from the year before exposure. Parts add up to the estimate, influences
-- to zero, and squared to the variance. The bundle of a release is made of it.
-- for_each: evaluation
-- key: evaluation, indicator, population, event_time, cluster_id
-- materialize: view
-- sensitivity: person

with overall as (
    select outcome, at, cluster_id, n_units, part, influence, largest_share, status
    from cluster_parts(
        panel_evaluation_name,
        outcomes => $primary,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort,
        cluster => cluster_id,
        covariates => $covariates,
        method => $method,
        control => $comparison,
        unbalanced => 'pairs',
        aggregate => 'dynamic',
        min_e => 0,
        max_e => $last_event
    )
    where at is null
),

by_event_time as (
    select outcome, at, cluster_id, n_units, part, influence, largest_share, status
    from cluster_parts(
        panel_evaluation_name,
        outcomes => $primary,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort,
        cluster => cluster_id,
        covariates => $covariates,
        method => $method,
        control => $comparison,
        unbalanced => 'pairs',
        base_period => 'universal',
        aggregate => 'dynamic',
        min_e => $first_event,
        max_e => $last_event
    )
    where at is not null
)

select
    plans.evaluation,
    parts.outcome as indicator,
    plans.population,
    cast(parts.at as bigint) as event_time,
    parts.cluster_id,
    parts.n_units,
    parts.part,
    parts.influence,
    parts.largest_share,
    parts.status
from (
    select * from overall
    union all
    select * from by_event_time
) as parts
cross join evaluation_plan_name as plans
